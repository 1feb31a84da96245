//! The configuration's `[gateway]` (contract, "Configuration").

use super::wording::NotFoundPattern;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// The `[gateway]` table with the contract's defaults.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewaySettings {
    /// Where the gateway is, e.g. `https://pay.example.com`.
    pub base_url: Option<String>,
    /// The merchant whose orders are asked.
    pub merchant_uid: Option<String>,
    /// Sent as `OC-Key`.
    pub api_key: Option<String>,
    /// A file that holds the secret and that others cannot read.
    pub api_secret_file: Option<PathBuf>,
    /// Calls a second, retries included.
    pub requests_per_second: NonZeroU32,
    /// Calls under way at once.
    pub max_in_flight: NonZeroU32,
    /// Calls for one order.
    pub max_attempts: NonZeroU32,
    /// Time for a connection.
    pub connect_timeout_seconds: NonZeroU32,
    /// Time for a whole call.
    pub call_timeout_seconds: NonZeroU32,
    /// The most that is waited before a second call, in milliseconds; doubles with each further
    /// one.
    pub backoff_first_ms: u32,
    /// The most that is waited before any call.
    pub backoff_max_ms: u32,
    /// The longest `Retry-After` that is honoured.
    pub retry_after_max_seconds: u32,
    /// A PEM file of the only authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// A proxy's URL; those of the environment are not used.
    pub proxy: Option<String>,
    /// What "no such order" looks like, as a regular expression.
    #[serde(deserialize_with = "pattern")]
    pub not_found_pattern: NotFoundPattern,
}

/// `number` is not zero: the defaults below are written out.
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
    /// The bounds on one run's calls.
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

/// How fast and how often the gateway may be asked.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Calls a second, retries included.
    pub requests_per_second: NonZeroU32,
    /// Calls for one order.
    pub max_attempts: u32,
    /// The most that is waited before the second call; doubles with each further one.
    pub backoff_first: Duration,
    /// The most that is waited by the back-off.
    pub backoff_max: Duration,
    /// The longest `Retry-After` that is honoured.
    pub retry_after_max: Duration,
}

/// What authorises a call. The secret does not print.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `OC-Key`.
    pub api_key: SecretString,
    /// Keys the signature.
    pub api_secret: SecretString,
}

fn pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NotFoundPattern, D::Error> {
    let pattern = String::deserialize(deserializer)?;
    NotFoundPattern::custom(&pattern)
        .map_err(|error| D::Error::custom(format!("not a regular expression: {error}")))
}
