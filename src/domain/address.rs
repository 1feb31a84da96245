//! Which addresses may be called: `https`, and `http` on this machine (contract,
//! "Configuration").

use url::{Host, ParseError, Url};

/// Why an address is refused, as a clause. It repeats nothing of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// It is no URL.
    #[error(transparent)]
    NotUrl(#[from] ParseError),
    /// It has no host.
    #[error("it names no host")]
    NoHost,
    /// Others could read along.
    #[error("only https is allowed, except to localhost")]
    NotSecure,
    /// It has a user name or a password, which logs would show.
    #[error("it must not contain a user name or a password")]
    UserInfo,
}

/// Parses an address that may be called.
///
/// # Errors
/// See [`Refused`].
pub(crate) fn parse(text: &str) -> Result<Url, Refused> {
    let url = Url::parse(text)?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(Refused::NoHost),
    };
    if !(url.scheme() == "https" || (url.scheme() == "http" && loopback)) {
        return Err(Refused::NotSecure);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::UserInfo);
    }
    Ok(url)
}

/// Host and port of an address, for people: nothing else of it is shown.
pub(crate) fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or(host.to_owned(), |port| format!("{host}:{port}"))
}
