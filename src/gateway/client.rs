//! One signed call over HTTP (gateway page, "Calls"), with its limits: no redirect, one deadline
//! for the whole call, a body of at most 1 MiB.

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
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::error::Error as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use url::Url;

/// The largest body that is read, in bytes after decompression.
const LARGEST_BODY: usize = 1 << 20;
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

/// Makes signed calls to one gateway.
pub struct Client {
    http: reqwest::Client,
    order_get: Url,
    order_new: Url,
    signer: Signer,
    reader: Reader,
    call_timeout: Duration,
    now: fn() -> DateTime<Utc>,
    /// The gateway's clock minus this machine's, from the last `Date` header.
    skew: Mutex<Option<TimeDelta>>,
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
        let order_get = endpoint(&base, ORDER_GET)?;
        let order_new = endpoint(&base, ORDER_NEW)?;
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
        let seconds = |seconds: std::num::NonZeroU32| Duration::from_secs(seconds.get().into());
        let mut http = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("octopus-recon/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(seconds(settings.connect_timeout_seconds))
            .pool_max_idle_per_host(
                usize::try_from(settings.max_in_flight.get()).unwrap_or(usize::MAX),
            );
        if let Some(proxy) = &settings.proxy {
            let proxy = reqwest::Proxy::all(proxy)
                .map_err(|error| ClientError::Proxy(innermost(&error.without_url())))?;
            http = http.proxy(proxy);
        }
        http = trust(http, settings, base.scheme())?;
        let http = http.build().map_err(|error| ClientError::Tls(innermost(&error)))?;
        Ok(Client {
            http,
            order_get,
            order_new,
            signer,
            reader: Reader::new(
                settings.not_found_pattern.clone(),
                personal_data,
                credentials.clone(),
            ),
            call_timeout: seconds(settings.call_timeout_seconds),
            now,
            skew: Mutex::new(None),
        })
    }

    /// The client that creates this order. It redacts the payer's and payee's data of the order in
    /// every response.
    #[must_use]
    pub(crate) fn redacting(mut self, order: &NewOrder) -> Client {
        self.reader.personal = order.personal().clone();
        self
    }

    /// Queries an order once.
    ///
    /// # Errors
    /// [`CallFailure`]: the call failed, or its response is not trustworthy.
    pub(crate) async fn order_get(&self, order: &OrderKey) -> Result<Answered, CallFailure> {
        let parameters = [("merchant_order_id", order.merchant_order_id.as_str())];
        let response = self.signed(&self.order_get, &parameters).await?;
        self.reader
            .read(order, response.status, response.body())
            .map_err(|failure| CallFailure { retry_after: response.retry_after, ..failure })
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
        url: &Url,
        parameters: &[(&str, &str)],
    ) -> Result<Response, CallFailure> {
        let signature = self.signer.sign(parameters);
        let sent: BTreeMap<&str, &str> =
            parameters.iter().copied().filter(|(_, value)| !value.is_empty()).collect();
        let call = self
            .http
            .post(url.clone())
            .header(OC_SIGNATURE, signature)
            .body(serde_json::json!(sent).to_string())
            // The deadline covers connection, headers and body together.
            .timeout(self.call_timeout)
            .send();
        let response = call.await.map_err(|error| self.failure(error))?;
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let retry_after = header(RETRY_AFTER);
        if let Some(date) = header(DATE).and_then(|date| httpdate::parse_http_date(&date).ok()) {
            let skew = DateTime::<Utc>::from(date) - (self.now)();
            *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(skew);
        }
        let mut body = Vec::new();
        let broken = self.read_body(response, &mut body).await.err();
        Ok(Response { status, retry_after, body, broken })
    }

    async fn read_body(
        &self,
        mut response: reqwest::Response,
        body: &mut Vec<u8>,
    ) -> Result<(), CallFailure> {
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

    /// The gateway's clock minus this machine's, from the last `Date` header.
    #[must_use]
    pub(crate) fn clock_skew(&self) -> Option<TimeDelta> {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner)
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
