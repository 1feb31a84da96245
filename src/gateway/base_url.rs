//! The gateway's address: which base URLs are valid, and the URL of each call (contract,
//! "Configuration"; gateway page, "Calls").

use super::client_error::ClientError;
use crate::domain::address::{self, Refused};
use crate::domain::text;
use url::Url;

/// The path of a query, below the base URL.
pub(super) const ORDER_GET: &str = "/octopus/api/order/get";
/// The path that creates an order, below the base URL.
pub(super) const ORDER_NEW: &str = "/octopus/api/order/new";

/// Parses a base URL: `https`, or `http` to a loopback host (contract, "Configuration").
///
/// # Errors
/// [`ClientError::BaseUrl`]: it is empty or no URL, has no host, another scheme, a user name, a
/// password, a query or a fragment.
pub(crate) fn base_url(text: &str) -> Result<Url, ClientError> {
    let refused = |why: &str| ClientError::BaseUrl { url: text::clean(text), why: why.to_owned() };
    if text.is_empty() {
        return Err(refused("it is not set"));
    }
    let url = address::parse(text).map_err(|why| match why {
        Refused::UserInfo => {
            let host = Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_owned));
            ClientError::BaseUrl { url: host.unwrap_or_default(), why: why.to_string() }
        }
        why => refused(&why.to_string()),
    })?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("it must not contain a query or a fragment"));
    }
    Ok(url)
}

/// The URL of one call.
pub(super) fn endpoint(base: &Url, path: &str) -> Result<Url, ClientError> {
    base_url(&format!("{}{path}", base.as_str().trim_end_matches('/')))
}

/// Refuses a base URL whose path ends in a part of the documented path, which is added to it for
/// each call (contract, "Mismatches", last paragraph). A part is the beginning (`/octopus`,
/// `/octopus/api` …), or at least two segments (`/api/order`). A single later segment, such as
/// `/api`, can be the merchant's own.
///
/// # Errors
/// [`ClientError::BaseUrl`] that names the part.
pub(crate) fn check_path(base: &Url) -> Result<(), ClientError> {
    let Some(part) = documented_part(base.path()) else { return Ok(()) };
    Err(ClientError::BaseUrl {
        url: text::clean(base.as_str()),
        why: format!("its path ends in {part}, which the program appends itself"),
    })
}

/// The longest part of a documented path that this path ends in.
fn documented_part(path: &str) -> Option<String> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let documented = [ORDER_GET, ORDER_NEW].map(|path| path.split('/').skip(1).collect::<Vec<_>>());
    let ends_so = |part: &[&str]| {
        let end = segments.len().checked_sub(part.len()).and_then(|start| segments.get(start..));
        end.is_some_and(|end| {
            end.iter().zip(part).all(|(one, other)| one.eq_ignore_ascii_case(other))
        })
    };
    let parts = documented.iter().flat_map(|all| {
        (0..all.len()).flat_map(move |start| {
            let shortest = if start == 0 { 1 } else { 2 };
            (start + shortest..=all.len()).filter_map(move |end| all.get(start..end))
        })
    });
    let longest = parts.filter(|part| ends_so(part)).max_by_key(|part| part.len())?;
    Some(format!("/{}", longest.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_documented_path_is_found_at_the_end_only() {
        for (path, part) in [
            ("/octopus", Some("/octopus")),
            ("/octopus/", Some("/octopus")),
            ("/Octopus/API", Some("/octopus/api")),
            ("/octopus/api/order", Some("/octopus/api/order")),
            ("/octopus/api/order/get/", Some("/octopus/api/order/get")),
            ("/octopus/api/order/new", Some("/octopus/api/order/new")),
            ("/pay/octopus", Some("/octopus")),
            ("/api/order", Some("/api/order")),
            ("/order/get", Some("/order/get")),
            ("/", None),
            ("/pay", None),
            ("/api", None),
            ("/order", None),
            ("/octopus/pay", None),
            ("/octopus-2", None),
            ("/my-octopus", None),
        ] {
            assert_eq!(documented_part(path).as_deref(), part, "{path}");
        }
    }

    #[test]
    fn a_base_url_is_https_or_this_machine_and_nothing_but_an_address() {
        let plain = "only https is allowed, except to localhost";
        let user = "it must not contain a user name or a password";
        let query = "it must not contain a query or a fragment";
        for (url, why) in [
            ("https://pay.example.com/v1", None),
            ("http://localhost:8080", None),
            ("http://127.0.0.2", None),
            ("http://[::1]:8080", None),
            ("", Some("it is not set")),
            ("pay.example.com", Some("relative URL without a base")),
            ("data:text", Some("it names no host")),
            ("http://pay.example.com", Some(plain)),
            ("http://localhost.example.com", Some(plain)),
            ("http://10.0.0.1", Some(plain)),
            ("http://[2001:db8::1]", Some(plain)),
            ("ftp://localhost", Some(plain)),
            ("https://me@pay.example.com", Some(user)),
            ("https://:word@pay.example.com", Some(user)),
            ("https://pay.example.com?a=b", Some(query)),
            ("https://pay.example.com#a", Some(query)),
        ] {
            let found = match base_url(url) {
                Err(ClientError::BaseUrl { why, .. }) => Some(why),
                _ => None,
            };
            assert_eq!(found.as_deref(), why, "{url}");
        }
        let of_path = |url: &str| base_url(url).and_then(|url| check_path(&url)).is_ok();
        assert!(
            of_path("https://pay.example.com/v1") && !of_path("https://pay.example.com/octopus")
        );
    }
}
