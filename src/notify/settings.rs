//! The configuration's `[notify]` (contract, "Configuration").

use crate::domain::address;
use crate::domain::run::WITH_REPORT;
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;
use url::Url;

/// The `[notify]` table. By default nobody is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotifySettings {
    /// Where a monitor waits for the start and the end of each night.
    pub ping_url: Option<PingUrl>,
    /// The exit codes of which the monitor hears as a success.
    pub success_codes: SuccessCodes,
    /// The URL of a proxy for pings.
    pub proxy: Option<String>,
    /// The file for Prometheus.
    pub metrics_file: Option<PathBuf>,
}

/// A monitor's address. Its path is a secret: the person who knows it can say that all is well.
/// `Debug` shows the host alone.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PingUrl(Url);

impl PingUrl {
    /// The whole address.
    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// Scheme, host and port, for people.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}://{}", self.0.scheme(), address::host_and_port(&self.0))
    }
}

impl fmt::Debug for PingUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PingUrl({}/…)", self.host())
    }
}

impl TryFrom<String> for PingUrl {
    type Error = String;

    /// The message repeats nothing of the address.
    fn try_from(text: String) -> Result<PingUrl, String> {
        let mut url = address::parse(&text).map_err(|why| format!("ping_url: {why}"))?;
        url.set_fragment(None);
        Ok(PingUrl(url))
    }
}

/// Exit codes that a monitor hears of as a success: those of a written report unless some of them
/// are named (contract, "Exit codes"). 0 is always one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<u8>")]
pub struct SuccessCodes(Vec<u8>);

impl SuccessCodes {
    /// Whether a run that ended with this code counts as a success.
    #[must_use]
    pub fn contains(&self, code: u8) -> bool {
        code == 0 || self.0.contains(&code)
    }
}

impl Default for SuccessCodes {
    fn default() -> SuccessCodes {
        SuccessCodes(WITH_REPORT.to_vec())
    }
}

impl TryFrom<Vec<u8>> for SuccessCodes {
    type Error = &'static str;

    fn try_from(codes: Vec<u8>) -> Result<SuccessCodes, &'static str> {
        if codes.iter().any(|code| !WITH_REPORT.contains(code)) {
            return Err("success_codes: expected some of 0, 1, 3 and 4; a run that ends with \
                        another code has no report");
        }
        Ok(SuccessCodes(codes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_url_is_https_or_this_machine_and_no_message_repeats_it() {
        for (url, refused) in [
            ("https://hc-ping.com/planted-1", None),
            ("https://hc-ping.com/planted-2/slug?create=1#x", None),
            ("http://localhost:8000/ping/planted-3", None),
            ("http://[::1]:3001/api/push/planted-4?status=up", None),
            ("http://kuma.lan:3001/api/push/planted-5", Some("only https is allowed")),
            ("https://planted-6:planted@hc-ping.com/x", Some("a user name or a password")),
            ("hc-ping.com/planted-7", Some("relative URL without a base")),
            ("data:planted-8", Some("names no host")),
            ("", Some("relative URL without a base")),
        ] {
            let parsed = PingUrl::try_from(url.to_owned());
            let shown = format!("{parsed:?}");
            assert!(!shown.contains("planted"), "{shown}");
            match refused {
                None => assert!(parsed.is_ok(), "{shown}"),
                Some(why) => assert!(parsed.is_err() && shown.contains(why), "{url}: {shown}"),
            }
        }
    }

    #[test]
    fn only_a_run_with_a_report_can_be_a_success() {
        let all = SuccessCodes::default();
        let strict = SuccessCodes::try_from(vec![1]);
        for code in 0..=u8::MAX {
            assert_eq!(all.contains(code), matches!(code, 0 | 1 | 3 | 4), "{code}");
            let is_strict = strict.as_ref().is_ok_and(|codes| codes.contains(code));
            assert_eq!(is_strict, matches!(code, 0 | 1), "{code}");
            let alone = SuccessCodes::try_from(vec![code]);
            assert_eq!(alone.is_ok(), matches!(code, 0 | 1 | 3 | 4), "{code}");
        }
    }
}
