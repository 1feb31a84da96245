//! The HTTP client below [`Client`](super::Client): its limits, its certificates, its errors.

use super::client_error::ClientError;
use super::settings::GatewaySettings;
use crate::domain::{bounded, text};
use std::error::Error as _;
use std::fs::File;
use std::num::NonZeroU32;
use std::time::Duration;

/// The largest `ca_file`, in bytes. All CA certificates of a machine are about 250 KiB.
const LARGEST_CA_FILE: u64 = 1024 * 1024;

/// What a call is sent over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// A connection that is kept from call to call.
    Kept,
    /// A connection of its own. The gateway may have closed all the kept ones.
    New,
}

pub(super) fn seconds(seconds: NonZeroU32) -> Duration {
    Duration::from_secs(seconds.get().into())
}

/// The HTTP client: it follows, repeats and unpacks nothing by itself.
pub(super) fn http(
    settings: &GatewaySettings,
    scheme: &str,
    connections: Connections,
) -> Result<reqwest::Client, ClientError> {
    let most_idle = match connections {
        Connections::Kept => usize::try_from(settings.max_in_flight.get()).unwrap_or(usize::MAX),
        Connections::New => 0,
    };
    let mut http = reqwest::Client::builder()
        .user_agent(concat!("octopus-recon/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        // Without a limit of zero, each request is copied for a retry that never comes.
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .no_proxy()
        .connect_timeout(seconds(settings.connect_timeout_seconds))
        // The deadline covers connection, headers and body together.
        .timeout(seconds(settings.call_timeout_seconds))
        .pool_max_idle_per_host(most_idle);
    if let Some(proxy) = &settings.proxy {
        let proxy = reqwest::Proxy::all(proxy)
            .map_err(|error| ClientError::Proxy(innermost(&error.without_url())))?;
        http = http.proxy(proxy);
    }
    http = trust(http, settings, scheme)?;
    http.build().map_err(|error| ClientError::Tls(innermost(&error)))
}

/// Sets the trusted certificates. Plain http to a loopback host needs none, so a machine without CA
/// certificates can call its own sandbox.
fn trust(
    http: reqwest::ClientBuilder,
    settings: &GatewaySettings,
    scheme: &str,
) -> Result<reqwest::ClientBuilder, ClientError> {
    let Some(path) = &settings.ca_file else {
        return Ok(if scheme == "http" { http.tls_certs_only([]) } else { http });
    };
    let refused = |why: String| ClientError::CaFile { path: path.clone(), why };
    let pem = File::open(path).and_then(|file| bounded::read(file, LARGEST_CA_FILE));
    let pem = pem.map_err(|error| refused(error.to_string()))?;
    let certificates =
        reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| refused(innermost(&error)))?;
    if certificates.is_empty() {
        return Err(refused("it contains no PEM certificate".to_owned()));
    }
    Ok(http.tls_certs_only(certificates))
}

/// Whether TLS failed: a certificate that is not trusted stays so, and the call is not retried.
pub(super) fn is_tls(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        let invalid_data = error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::InvalidData);
        if invalid_data || error.to_string().contains("certificate") {
            return true;
        }
        source = error.source();
    }
    false
}

/// The root cause of an error.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    text::clean(&innermost.to_string())
}
