//! One signed call over HTTP (gateway page, "Calls"), with its limits: no redirect, one deadline
//! for the whole call, a body of at most 1 MiB.

use super::ask::Transport;
use super::base_url::{ORDER_GET, ORDER_NEW, base_url, endpoint};
use super::call_failure::{CallFailure, Cause};
use super::client_error::ClientError;
use super::connection::Peer;
use super::http::{Connections, http, innermost, seconds};
use super::new_order::NewOrder;
use super::new_order_response::{CreatedOrder, SendFailure};
use super::response::Reader;
use super::retry::RetryAfter;
use super::settings::{Credentials, GatewaySettings};
use super::signature::Signer;
use crate::domain::order::OrderKey;
use crate::domain::payment::{Answered, PersonalData};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue,
    RETRY_AFTER,
};
use reqwest::{Method, Request};
use secrecy::ExposeSecret;
use serde::ser::{Serialize, Serializer};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = 1 << 20;
/// The bytes that are reserved for a body at most: what a gateway announces is not believed.
const USUAL_BODY: u64 = 2048;
const OC_SIGNATURE: HeaderName = HeaderName::from_static("oc-signature");

/// A response, before validation.
struct Response {
    status: u16,
    retry_after: Option<RetryAfter>,
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
    /// For [`Connections::New`]; made when it is needed first.
    http_without_pool: OnceLock<reqwest::Client>,
    settings: GatewaySettings,
    scheme: String,
    peer: Peer,
    /// Requests without signature and body.
    order_get: Request,
    order_new: Request,
    signer: Signer,
    reader: Reader,
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
            http: http(settings, base.scheme(), Connections::Kept)?,
            http_without_pool: OnceLock::new(),
            settings: settings.clone(),
            scheme: base.scheme().to_owned(),
            peer: Peer::new(&base, settings),
            signer,
            reader: Reader::new(
                settings.not_found_pattern.clone(),
                personal_data,
                credentials.clone(),
            ),
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
        match self.signed(Connections::Kept, &self.order_new, &parameters).await {
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
        connections: Connections,
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
        let sent = self.http(connections).execute(request).await;
        let response = sent.map_err(|error| self.failure(error))?;
        let status = response.status().as_u16();
        let date = response.headers().get(DATE);
        if let Some(date) = date {
            self.note_date(date);
        }
        let retry_after = response.headers().get(RETRY_AFTER).map(|header| RetryAfter {
            header: String::from_utf8_lossy(header.as_bytes()).into_owned(),
            sent: date.and_then(read_date),
        });
        let mut body = Vec::new();
        let broken = self.read_body(response, &mut body).await.err();
        Ok(Response { status, retry_after, body, broken })
    }

    /// The HTTP client for a call. If a second one cannot be made, the first has to do.
    fn http(&self, connections: Connections) -> &reqwest::Client {
        if connections == Connections::Kept {
            return &self.http;
        }
        self.http_without_pool.get_or_init(|| {
            http(&self.settings, &self.scheme, connections).unwrap_or_else(|_| self.http.clone())
        })
    }

    fn note_date(&self, date: &HeaderValue) {
        let mut clock = self.gateway_clock.lock().unwrap_or_else(PoisonError::into_inner);
        // It changes once a second.
        if clock.date.as_ref() == Some(date) {
            return;
        }
        if let Some(read) = read_date(date) {
            let skew = read - (self.now)();
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
        let seconds = seconds(self.settings.call_timeout_seconds).as_secs();
        CallFailure::retried(Cause::Timeout, format!("no whole answer within {seconds} s"))
    }

    fn failure(&self, error: reqwest::Error) -> CallFailure {
        let error = error.without_url();
        if error.is_connect() {
            return self.peer.failure(&error);
        }
        if error.is_timeout() {
            return self.timeout();
        }
        let why = format!("the connection broke ({})", innermost(&error));
        CallFailure::retried(Cause::Broken, why)
    }
}

impl Transport for Client {
    async fn order_get(
        &self,
        order: &OrderKey,
        connections: Connections,
    ) -> Result<Answered, CallFailure> {
        let parameters = [("merchant_order_id", order.merchant_order_id.as_str())];
        let response = self.signed(connections, &self.order_get, &parameters).await?;
        self.reader
            .read(order, response.status, response.body())
            .map_err(|failure| CallFailure { retry_after: response.retry_after, ..failure })
    }

    /// From the last `Date` header.
    fn clock_skew(&self) -> Option<TimeDelta> {
        self.gateway_clock.lock().unwrap_or_else(PoisonError::into_inner).skew
    }
}

fn read_date(date: &HeaderValue) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(date.to_str().ok()?).ok().map(DateTime::from)
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
