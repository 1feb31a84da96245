//! One signed call over HTTP (gateway page, "Calls"), with its limits: no redirect, one deadline
//! for the whole call, a body of at most 1 MiB.

use super::ask::Transport;
use super::base_url::{ORDER_GET, ORDER_NEW, base_url, endpoint};
use super::new_order::NewOrder;
use super::new_order_response::{CreatedOrder, SendFailure};
use super::response::{CallFailure, Cause, Reader};
use super::settings::{Credentials, GatewaySettings};
use super::signature::Signer;
use crate::domain::order::OrderKey;
use crate::domain::payment::{Answered, PersonalData};
use crate::domain::text;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue,
    RETRY_AFTER,
};
use reqwest::{Method, Request};
use secrecy::ExposeSecret;
use serde::ser::{Serialize, Serializer};
use std::error::Error as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = 1 << 20;
/// The bytes that are reserved for a body at most: what a gateway announces is not believed.
const USUAL_BODY: u64 = 2048;
const OC_SIGNATURE: HeaderName = HeaderName::from_static("oc-signature");

/// Why the client cannot be created. Every case is a configuration error.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `base_url` is not usable.
    #[error("the gateway's address {url:?} is not usable: {why}")]
    BaseUrl {
        /// As configured.
        url: String,
        /// A clause that says why.
        why: String,
    },
    /// The key is not a valid header value, or the secret is empty.
    #[error("the gateway's {0} is empty or holds characters that a header cannot carry")]
    Credentials(&'static str),
    /// `ca_file` is not usable.
    #[error("the CA file {path} cannot be used: {why}")]
    CaFile {
        /// As configured.
        path: PathBuf,
        /// A clause that says why.
        why: String,
    },
    /// `proxy` is not usable.
    #[error("the configured proxy cannot be used: {0}")]
    Proxy(String),
    /// The TLS library failed, or this machine has no CA certificates.
    #[error("the HTTPS client cannot be created ({0}); does this machine have CA certificates?")]
    Tls(String),
}

impl ClientError {
    /// How to fix it, for the `hint:` line.
    #[must_use]
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            ClientError::BaseUrl { .. } => {
                "set [gateway] base_url, OCTOPUS_RECON_BASE_URL or --base-url to the gateway's \
                 address, e.g. https://pay.example.com"
            }
            ClientError::Credentials(_) => {
                "set OCTOPUS_RECON_API_KEY, and OCTOPUS_RECON_API_SECRET or \
                 OCTOPUS_RECON_API_SECRET_FILE, to the values from the gateway's support"
            }
            ClientError::CaFile { .. } => "set [gateway] ca_file to a PEM file of certificates",
            ClientError::Proxy(_) => "set [gateway] proxy to a URL such as http://proxy:3128",
            ClientError::Tls(_) => {
                "install the system's certificates (Debian: ca-certificates), or set [gateway] \
                 ca_file"
            }
        }
    }
}

/// A response, before validation.
struct Response {
    status: u16,
    retry_after: Option<String>,
    /// The received part of the body.
    body: Vec<u8>,
    /// Why the body is not complete.
    broken: Option<CallFailure>,
}

impl Response {
    fn body(&self) -> Result<&[u8], CallFailure> {
        self.broken.clone().map_or(Ok(&*self.body), Err)
    }
}

/// Makes signed calls to one gateway, over connections of its own. Each worker of a run has one, so
/// that a call and its connection stay on one thread.
pub struct Client {
    http: reqwest::Client,
    /// Requests without signature and body.
    order_get: Request,
    order_new: Request,
    signer: Signer,
    reader: Reader,
    call_timeout: Duration,
    now: fn() -> DateTime<Utc>,
    gateway_clock: Mutex<GatewayClock>,
}

/// The gateway's clock, from the last `Date` header.
#[derive(Default)]
struct GatewayClock {
    date: Option<HeaderValue>,
    /// The gateway's clock minus this machine's.
    skew: Option<TimeDelta>,
}

impl Client {
    /// Creates a client. `now` is the clock to compare with the gateway's `Date` header.
    ///
    /// # Errors
    /// [`ClientError`]: the base URL, the credentials, `ca_file` or `proxy` is not usable, or the
    /// machine has no CA certificates.
    pub fn new(
        settings: &GatewaySettings,
        credentials: &Credentials,
        personal_data: PersonalData,
        now: fn() -> DateTime<Utc>,
    ) -> Result<Client, ClientError> {
        let base = base_url(settings.base_url.as_deref().unwrap_or_default())?;
        let mut key = HeaderValue::from_str(credentials.api_key.expose_secret())
            .ok()
            .filter(|key| !key.is_empty())
            .ok_or(ClientError::Credentials("API key"))?;
        key.set_sensitive(true);
        let signer =
            Signer::new(&credentials.api_secret).ok_or(ClientError::Credentials("API secret"))?;
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("oc-key"), key);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let request = |path| -> Result<Request, ClientError> {
            let mut request = Request::new(Method::POST, endpoint(&base, path)?);
            request.headers_mut().clone_from(&headers);
            Ok(request)
        };
        Ok(Client {
            order_get: request(ORDER_GET)?,
            order_new: request(ORDER_NEW)?,
            http: http(settings, base.scheme())?,
            signer,
            reader: Reader::new(
                settings.not_found_pattern.clone(),
                personal_data,
                credentials.clone(),
            ),
            call_timeout: seconds(settings.call_timeout_seconds),
            now,
            gateway_clock: Mutex::default(),
        })
    }

    /// The client that creates this order. It redacts the payer's and payee's data of the order in
    /// every response.
    #[must_use]
    pub(crate) fn redacting(mut self, order: &NewOrder) -> Client {
        self.reader.personal = order.personal().clone();
        self
    }

    /// Sends a new order once. Only [`super::create_order`] decides whether to send it again.
    pub(super) async fn order_new(&self, order: &NewOrder) -> Result<CreatedOrder, SendFailure> {
        let parameters = order.parameters();
        let parameters: Vec<(&str, &str)> =
            parameters.iter().map(|(key, value)| (*key, value.as_str())).collect();
        match self.signed(&self.order_new, &parameters).await {
            Ok(response) => {
                match self.reader.read_new(order, response.status, response.body(), &response.body)
                {
                    Err(SendFailure::Failed(failure)) => Err(SendFailure::Failed(CallFailure {
                        retry_after: response.retry_after,
                        ..failure
                    })),
                    result => result,
                }
            }
            Err(failure) => Err(SendFailure::Failed(failure)),
        }
    }

    /// One signed call (gateway page, "Signature parameters in headers"). The body has exactly the
    /// signed parameters; parameters with an empty value are left out of both.
    async fn signed(
        &self,
        request: &Request,
        parameters: &[(&str, &str)],
    ) -> Result<Response, CallFailure> {
        let signature = self.signer.sign(parameters);
        let (Some(mut request), Ok(signature), Ok(body)) = (
            request.try_clone(),
            HeaderValue::try_from(signature),
            serde_json::to_vec(&Sent(parameters)),
        ) else {
            // None of the three can fail: the request has no body yet, a signature is hex, and a
            // body is texts.
            return Err(CallFailure::is_final(Cause::Broken, "the request cannot be written"));
        };
        request.headers_mut().insert(OC_SIGNATURE, signature);
        *request.body_mut() = Some(body.into());
        let response = self.http.execute(request).await.map_err(|error| self.failure(error))?;
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let retry_after = header(RETRY_AFTER);
        if let Some(date) = response.headers().get(DATE) {
            self.note_date(date);
        }
        let mut body = Vec::new();
        let broken = self.read_body(response, &mut body).await.err();
        Ok(Response { status, retry_after, body, broken })
    }

    fn note_date(&self, date: &HeaderValue) {
        let mut clock = self.gateway_clock.lock().unwrap_or_else(PoisonError::into_inner);
        // It changes once a second.
        if clock.date.as_ref() == Some(date) {
            return;
        }
        let read = date.to_str().ok().and_then(|date| httpdate::parse_http_date(date).ok());
        if let Some(read) = read {
            let skew = DateTime::<Utc>::from(read) - (self.now)();
            *clock = GatewayClock { date: Some(date.clone()), skew: Some(skew) };
        }
    }

    async fn read_body(
        &self,
        mut response: reqwest::Response,
        body: &mut Vec<u8>,
    ) -> Result<(), CallFailure> {
        if response.headers().get(CONTENT_ENCODING).is_some_and(is_compressed) {
            let why = "the answer is compressed, though the request did not allow it";
            return Err(CallFailure::is_final(Cause::Untrustworthy, why));
        }
        let announced = response.content_length().unwrap_or(0).min(USUAL_BODY);
        body.reserve(usize::try_from(announced).unwrap_or(0));
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > LARGEST_BODY => {
                    let why = "the answer is larger than 1 MiB";
                    return Err(CallFailure::retried(Cause::Untrustworthy, why));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(()),
                Err(error) if error.is_timeout() => return Err(self.timeout()),
                Err(error) => {
                    let why = format!("the answer broke off ({})", innermost(&error.without_url()));
                    return Err(CallFailure::retried(Cause::Broken, why));
                }
            }
        }
    }

    fn timeout(&self) -> CallFailure {
        let seconds = self.call_timeout.as_secs();
        CallFailure::retried(Cause::Timeout, format!("no whole answer within {seconds} s"))
    }

    fn failure(&self, error: reqwest::Error) -> CallFailure {
        let error = error.without_url();
        let detail = innermost(&error);
        if error.is_connect() && is_tls(&error) {
            let why = format!("no trusted connection to the gateway ({detail})");
            return CallFailure::is_final(Cause::Unreachable, why);
        }
        if error.is_connect() {
            let why = format!("no connection to the gateway ({detail})");
            return CallFailure::retried(Cause::Unreachable, why);
        }
        if error.is_timeout() {
            return self.timeout();
        }
        CallFailure::retried(Cause::Broken, format!("the connection broke ({detail})"))
    }
}

impl Transport for Client {
    async fn order_get(&self, order: &OrderKey) -> Result<Answered, CallFailure> {
        let parameters = [("merchant_order_id", order.merchant_order_id.as_str())];
        let response = self.signed(&self.order_get, &parameters).await?;
        self.reader
            .read(order, response.status, response.body())
            .map_err(|failure| CallFailure { retry_after: response.retry_after, ..failure })
    }

    /// From the last `Date` header.
    fn clock_skew(&self) -> Option<TimeDelta> {
        self.gateway_clock.lock().unwrap_or_else(PoisonError::into_inner).skew
    }
}

/// A request's body: a JSON object of the signed parameters.
struct Sent<'a>(&'a [(&'a str, &'a str)]);

impl Serialize for Sent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied().filter(|(_, value)| !value.is_empty()))
    }
}

/// Whether a `Content-Encoding` is one of HTTP's codings.
fn is_compressed(encoding: &HeaderValue) -> bool {
    const CODINGS: [&str; 7] =
        ["gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"];
    let is_coding = |name: &str| CODINGS.iter().any(|coding| coding.eq_ignore_ascii_case(name));
    encoding.to_str().is_ok_and(|encoding| encoding.split(',').map(str::trim).any(is_coding))
}

fn seconds(seconds: std::num::NonZeroU32) -> Duration {
    Duration::from_secs(seconds.get().into())
}

/// The HTTP client: it follows, repeats and unpacks nothing by itself.
fn http(settings: &GatewaySettings, scheme: &str) -> Result<reqwest::Client, ClientError> {
    let mut http = reqwest::Client::builder()
        .user_agent(concat!("octopus-recon/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        // Without a limit of zero, each request is copied for a retry that never comes.
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .no_proxy()
        .connect_timeout(seconds(settings.connect_timeout_seconds))
        // The deadline covers connection, headers and body together.
        .timeout(seconds(settings.call_timeout_seconds))
        .pool_max_idle_per_host(
            usize::try_from(settings.max_in_flight.get()).unwrap_or(usize::MAX),
        );
    if scheme == "http" {
        http = http.http1_only();
    }
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
    let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    let certificates =
        reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| refused(innermost(&error)))?;
    if certificates.is_empty() {
        return Err(refused("it contains no PEM certificate".to_owned()));
    }
    Ok(http.tls_certs_only(certificates))
}

/// Whether TLS failed: a certificate that is not trusted stays so, and the call is not retried.
fn is_tls(error: &reqwest::Error) -> bool {
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
fn innermost(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    text::clean(&innermost.to_string())
}
