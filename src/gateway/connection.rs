//! Why no connection was made, for people: to which host and port, what failed, and who can do
//! something about it. Nothing else of an address is shown: no user name, path or query.

use super::call_failure::{CallFailure, Cause};
use super::http::{innermost, is_tls};
use super::settings::GatewaySettings;
use crate::domain::{address, text};
use chrono::{DateTime, Utc};
use rustls::CertificateError;
use rustls::pki_types::UnixTime;
use std::error::Error;
use std::io::{self, ErrorKind};
use url::Url;

/// Names of a certificate that are shown.
const MOST_NAMES: usize = 3;

/// Where calls go.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// Host and port of the gateway.
    gateway: String,
    /// The gateway's host, as a certificate has to name it.
    host: String,
    /// Host and port of the proxy, if there is one.
    proxy: Option<String>,
    has_ca_file: bool,
}

impl Peer {
    pub(super) fn new(base: &Url, settings: &GatewaySettings) -> Peer {
        let proxy = settings.proxy.as_deref().and_then(|proxy| Url::parse(proxy).ok());
        Peer {
            gateway: address::host_and_port(base),
            host: base.host_str().unwrap_or_default().to_owned(),
            proxy: proxy.map(|proxy| address::host_and_port(&proxy)),
            has_ca_file: settings.ca_file.is_some(),
        }
    }

    /// The failure of a connection that was not made.
    pub(super) fn failure(&self, error: &reqwest::Error) -> CallFailure {
        let through = self.proxy.as_ref().map(|proxy| format!(" through the proxy {proxy}"));
        let at = format!("the gateway at {}{}", self.gateway, through.unwrap_or_default());
        if let Some(problem) = certificate_error(error) {
            let (what, hint) = self.certificate(problem);
            let why = format!("no trusted connection to {at}: its certificate {what}");
            return CallFailure::is_final(Cause::Unreachable, why).with_hint(hint);
        }
        let detail = innermost(error);
        if is_tls(error) {
            let why = format!("no trusted connection to {at} ({detail})");
            let hint = "does a server with TLS (https) answer at that host and port? Check \
                        [gateway] base_url, and whether a firewall or a proxy answers instead";
            return CallFailure::is_final(Cause::Unreachable, why).with_hint(hint);
        }
        let why = format!("no connection to {at} ({detail})");
        CallFailure::retried(Cause::Unreachable, why).with_hint(self.unreachable(error))
    }

    /// What to do about a connection that was not made.
    fn unreachable(&self, error: &reqwest::Error) -> String {
        let (key, place) = match &self.proxy {
            Some(proxy) => ("proxy", proxy),
            None => ("base_url", &self.gateway),
        };
        match kind(error) {
            Kind::Name => {
                let host = place.rsplit_once(':').map_or(place.as_str(), |(host, _)| host);
                format!(
                    "is {host} the right host name ([gateway] {key})? If it is, ask the person who \
                     runs the network why this machine's DNS does not know it (getent hosts {host})"
                )
            }
            Kind::Refused => format!(
                "{place} answers, but no program listens there, or a firewall refuses this \
                 machine: check host and port of [gateway] {key}, then the firewall, or wait until \
                 the gateway is back"
            ),
            Kind::Other => format!(
                "nothing at {place} can be reached from here: check host and port of [gateway] \
                 {key}, this machine's network, and whether a firewall drops its connections, or \
                 wait until the gateway is back"
            ),
        }
    }

    /// What is wrong with a certificate, behind "its certificate", and what to do about it.
    fn certificate(&self, problem: &CertificateError) -> (String, String) {
        const RENEW: &str = "the gateway has to renew it: tell its support";
        match problem {
            CertificateError::Expired => ("has expired".to_owned(), RENEW.to_owned()),
            CertificateError::ExpiredContext { time, not_after } => {
                let (now, end) = (moment(*time), moment(*not_after));
                let hint = format!("{RENEW}. Is this machine's clock right? It says {now}");
                (format!("expired on {end}"), hint)
            }
            CertificateError::NotValidYet => (
                "is not valid yet".to_owned(),
                "is this machine's clock right? If it is, tell the gateway's support".to_owned(),
            ),
            CertificateError::NotValidYetContext { time, not_before } => (
                format!("is not valid before {}", moment(*not_before)),
                format!(
                    "is this machine's clock right? It says {}. If it is, tell the gateway's \
                     support",
                    moment(*time)
                ),
            ),
            CertificateError::UnknownIssuer => self.unknown_issuer(),
            CertificateError::NotValidForName => {
                (format!("is not for {}", self.host), self.other_name())
            }
            CertificateError::NotValidForNameContext { presented, .. } => {
                (format!("is for {}, not for {}", names(presented), self.host), self.other_name())
            }
            CertificateError::Revoked => {
                ("was revoked".to_owned(), "do not trust it: tell the gateway's support".to_owned())
            }
            other => (
                format!("is not accepted ({})", text::clean(&other.to_string())),
                "tell the gateway's support. If a proxy or a firewall of your own stands between, \
                 set [gateway] ca_file to the PEM file of its CA"
                    .to_owned(),
            ),
        }
    }

    fn unknown_issuer(&self) -> (String, String) {
        if self.has_ca_file {
            return (
                "is not signed by a CA of [gateway] ca_file".to_owned(),
                "ca_file replaces this machine's CA certificates: put the CA that signs the \
                 gateway's certificate into it (PEM; ask the gateway's support), or remove ca_file \
                 if a public CA signs it now"
                    .to_owned(),
            );
        }
        (
            "is signed by a CA that this machine does not trust".to_owned(),
            "if it is a private CA, of the gateway or of a proxy of your own, set [gateway] \
             ca_file to its PEM file. Otherwise update this machine's CA certificates (Debian: \
             ca-certificates). If neither is the reason, somebody else may answer there: tell the \
             gateway's support"
                .to_owned(),
        )
    }

    fn other_name(&self) -> String {
        let at = &self.gateway;
        format!(
            "set the host of [gateway] base_url to the name that the certificate has, if that is \
             the gateway's; otherwise somebody else answers at {at}: tell the gateway's support"
        )
    }
}

/// Why a connection was not made.
enum Kind {
    /// The host's name has no address.
    Name,
    /// The host refuses.
    Refused,
    /// No answer, no way there, anything else.
    Other,
}

fn kind(error: &reqwest::Error) -> Kind {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(error) = cause {
        if error.to_string().starts_with("dns error") {
            return Kind::Name;
        }
        let io = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if io == Some(ErrorKind::ConnectionRefused) {
            return Kind::Refused;
        }
        cause = error.source();
    }
    Kind::Other
}

/// The refusal of a certificate among the causes of an error. The system's errors hold it without
/// naming it as their source.
fn certificate_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CertificateError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(rustls::Error::InvalidCertificate(problem)) = error.downcast_ref() {
            return Some(problem);
        }
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(problem) = held.and_then(|held| certificate_error(held)) {
            return Some(problem);
        }
        cause = error.source();
    }
    None
}

/// A day and time of a certificate.
fn moment(time: UnixTime) -> String {
    let at = i64::try_from(time.as_secs()).ok();
    let at = at.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
    at.map_or("a time that cannot be shown".to_owned(), |at| {
        at.format("%Y-%m-%d %H:%M UTC").to_string()
    })
}

/// The names of a certificate. The library writes each with its type: `DnsName("a.example")`.
fn names(presented: &[String]) -> String {
    let name = |name: &String| {
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        text::printable(inner.unwrap_or(name).trim_matches('"'))
    };
    let mut names: Vec<String> = presented.iter().take(MOST_NAMES).map(name).collect();
    if presented.len() > MOST_NAMES {
        names.push("…".to_owned());
    }
    if names.is_empty() { "no name".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn peer(change: impl FnOnce(&mut GatewaySettings)) -> Peer {
        let mut settings = GatewaySettings::default();
        change(&mut settings);
        let base = Url::parse("https://pay.example.com/sub").ok();
        Peer::new(&base.unwrap_or_else(|| unreachable!()), &settings)
    }

    #[test]
    fn each_certificate_says_what_is_wrong_and_who_can_help() {
        let at = |days: u64| UnixTime::since_unix_epoch(Duration::from_hours(24 * days));
        let names = |names: &[&str]| names.iter().map(|it| format!("DnsName({it:?})")).collect();
        let expected = rustls::pki_types::ServerName::try_from("pay.example.com");
        let expected = expected.unwrap_or_else(|_| unreachable!());
        let for_names = |presented: &[&str]| CertificateError::NotValidForNameContext {
            expected: expected.clone(),
            presented: names(presented),
        };
        for (problem, what, hint) in [
            (CertificateError::Expired, "has expired", "renew"),
            (
                CertificateError::ExpiredContext { time: at(20_000), not_after: at(19_000) },
                "expired on 2022-01-08 00:00 UTC",
                "clock right? It says 2024-10-04 00:00 UTC",
            ),
            (CertificateError::NotValidYet, "is not valid yet", "clock"),
            (
                CertificateError::NotValidYetContext { time: at(1), not_before: at(2) },
                "is not valid before 1970-01-03 00:00 UTC",
                "clock right? It says 1970-01-02",
            ),
            (CertificateError::UnknownIssuer, "does not trust", "set [gateway] ca_file"),
            (CertificateError::NotValidForName, "is not for pay.example.com", "base_url"),
            (
                for_names(&["a.example", "b.example", "c.example", "d.example"]),
                "is for a.example, b.example, c.example, …, not for pay.example.com",
                "base_url",
            ),
            (for_names(&[]), "is for no name, not for pay.example.com", "base_url"),
            (CertificateError::Revoked, "was revoked", "support"),
            (CertificateError::BadSignature, "is not accepted (", "support"),
        ] {
            let (said, advised) = peer(|_| {}).certificate(&problem);
            assert!(said.contains(what), "{problem:?}: {said}");
            assert!(advised.contains(hint), "{problem:?}: {advised}");
            assert!(!advised.contains("wait"), "{problem:?}: {advised}");
        }
        let own = peer(|settings| settings.ca_file = Some("own.pem".into()));
        let (said, advised) = own.certificate(&CertificateError::UnknownIssuer);
        assert!(said.contains("of [gateway] ca_file"), "{said}");
        assert!(advised.contains("remove ca_file"), "{advised}");
    }

    #[test]
    fn only_host_and_port_are_shown() {
        let shown = peer(|it| it.proxy = Some("http://me:planted@proxy.lan/planted?k=1".into()));
        assert_eq!(shown.gateway, "pay.example.com:443");
        assert_eq!(shown.proxy.as_deref(), Some("proxy.lan:80"));
    }
}
