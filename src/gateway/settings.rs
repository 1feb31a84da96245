//! The configuration's `[gateway]` (contract, "Configuration").

use super::wording::NotFoundPattern;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de::Error};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// The `[gateway]` table with the contract's defaults.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewaySettings {
    /// The gateway's address, e.g. `https://pay.example.com`.
    pub base_url: Option<String>,
    /// The merchant whose orders are queried.
    pub merchant_uid: Option<String>,
    /// Sent as `OC-Key`.
    pub api_key: Option<String>,
    /// A file with the secret; it must not be readable by other users.
    pub api_secret_file: Option<PathBuf>,
    /// Calls a second, retries included.
    pub requests_per_second: NonZeroU32,
    /// Most calls in flight at the same time.
    pub max_in_flight: NonZeroU32,
    /// Most calls for one order; once more as many at the end of a run, after an outage. A call
    /// that was one too many does not count.
    pub max_attempts: NonZeroU32,
    /// Limit for connecting.
    pub connect_timeout_seconds: NonZeroU32,
    /// Limit for a whole call: connection, headers and body.
    pub call_timeout_seconds: NonZeroU32,
    /// Longest wait before the second call, in milliseconds. It doubles with each further call.
    pub backoff_first_ms: u32,
    /// Longest wait before any call, in milliseconds.
    pub backoff_max_ms: u32,
    /// Longest `Retry-After` that is followed.
    pub retry_after_max_seconds: u32,
    /// A PEM file of CA certificates. It replaces the system's.
    pub ca_file: Option<PathBuf>,
    /// The URL of a proxy. Proxy variables of the environment are ignored.
    pub proxy: Option<String>,
    /// A regular expression that recognises "no such order".
    #[serde(deserialize_with = "pattern")]
    pub not_found_pattern: NotFoundPattern,
}

/// For the constants below, none of which is zero.
const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

impl Default for GatewaySettings {
    fn default() -> GatewaySettings {
        GatewaySettings {
            base_url: None,
            merchant_uid: None,
            api_key: None,
            api_secret_file: None,
            requests_per_second: at_least_one(10),
            max_in_flight: at_least_one(16),
            max_attempts: at_least_one(4),
            connect_timeout_seconds: at_least_one(5),
            call_timeout_seconds: at_least_one(20),
            backoff_first_ms: 500,
            backoff_max_ms: 30_000,
            retry_after_max_seconds: 300,
            ca_file: None,
            proxy: None,
            not_found_pattern: NotFoundPattern::default(),
        }
    }
}

impl GatewaySettings {
    /// The limits on the calls of one run.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            requests_per_second: self.requests_per_second,
            max_attempts: self.max_attempts.get(),
            backoff_first: Duration::from_millis(u64::from(self.backoff_first_ms)),
            backoff_max: Duration::from_millis(u64::from(self.backoff_max_ms)),
            retry_after_max: Duration::from_secs(u64::from(self.retry_after_max_seconds)),
        }
    }
}

/// The limits on the calls of one run.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Calls a second, retries included.
    pub requests_per_second: NonZeroU32,
    /// Most calls for one order.
    pub max_attempts: u32,
    /// Longest wait before the second call. It doubles with each further call.
    pub backoff_first: Duration,
    /// Longest wait before any call.
    pub backoff_max: Duration,
    /// Longest `Retry-After` that is followed.
    pub retry_after_max: Duration,
}

/// The credentials. `Debug` prints neither of them.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `OC-Key`.
    pub api_key: SecretString,
    /// The key of the signature's HMAC.
    pub api_secret: SecretString,
}

impl Credentials {
    /// What is strange about the key or the secret, as a clause: something
    /// that a copy or an editor adds. It shows neither.
    #[must_use]
    pub(crate) fn doubt(&self) -> Option<String> {
        let key = || doubt_of("API key", &self.api_key);
        doubt_of("API secret", &self.api_secret).or_else(key)
    }
}

/// As [`Credentials::doubt`], of one of the two.
#[must_use]
pub(crate) fn doubt_of(name: &str, value: &SecretString) -> Option<String> {
    let what = strange(value.expose_secret())?;
    Some(format!("the {name} {what}, which a copy may have added"))
}

fn strange(value: &str) -> Option<&'static str> {
    const QUOTES: [char; 7] = ['"', '\'', '`', '“', '”', '‘', '’'];
    let is_mark = |character: char| matches!(character, '\u{feff}' | '\u{200b}');
    if value.contains(['\n', '\r']) {
        Some("has a line break")
    } else if value.contains(is_mark) {
        Some("has a byte order mark or another invisible character")
    } else if value.trim() != value {
        Some("begins or ends with white space")
    } else if value.starts_with(QUOTES) || value.ends_with(QUOTES) {
        Some("begins or ends with a quotation mark")
    } else {
        value.chars().any(char::is_control).then_some("has a control character")
    }
}

fn pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NotFoundPattern, D::Error> {
    let pattern = String::deserialize(deserializer)?;
    NotFoundPattern::custom(&pattern)
        .map_err(|error| D::Error::custom(format!("not a regular expression: {error}")))
}
