//! A call from the request to the response: the steps that all operations share. An operation is a
//! function from verified parameters to an [`Answer`], in its own file.

use super::connection::{Connection, Delivery};
use super::faults::{ActiveFaults, Operation};
use super::journal::{Journal, OpenCall};
use super::orders::Orders;
use super::reply::{Answer, Reply};
use super::signature::{Params, Verifier};
use super::{Shape, checkout, order_get, order_new};
use crate::domain::text::printable;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{CONTENT_TYPE, DATE, HOST, USER_AGENT};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::Response;
use axum::routing::{get, post};
use secrecy::{ExposeSecret, SecretString};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};
use subtle::ConstantTimeEq;
use tokio::sync::watch;

/// The longest body that is read, in bytes. An order's parameters are far shorter.
pub(super) const LONGEST_BODY: usize = 64 * 1024;

/// The state that all operations share.
pub(super) struct Gateway {
    pub address: SocketAddr,
    pub allow_remote: bool,
    pub api_key: SecretString,
    pub verifier: Verifier,
    pub merchant: Option<String>,
    pub orders: Arc<Orders>,
    pub faults: ActiveFaults,
    pub shape: Shape,
    pub latency: Duration,
    pub journal: Arc<Journal>,
    /// Becomes true, or loses its sender, when the sandbox stops.
    pub stopping: watch::Receiver<bool>,
}

/// A call whose signature is verified.
pub(super) struct Call {
    pub params: Params,
    /// Host and port in the caller's URL.
    pub authority: String,
    pub user_agent: String,
    pub ip: IpAddr,
}

impl Call {
    fn new(
        gateway: &Gateway,
        headers: &HeaderMap,
        params: Params,
        connection: &Connection,
    ) -> Call {
        let text = |name| {
            let value = only(headers, name)?;
            Some(String::from_utf8_lossy(value).into_owned()).filter(|text| !text.is_empty())
        };
        Call {
            params,
            authority: text(&HOST).unwrap_or_else(|| gateway.address.to_string()),
            user_agent: text(&USER_AGENT).unwrap_or_default(),
            ip: connection.peer().ip(),
        }
    }
}

/// The documented paths, and the checkout page.
pub(super) fn routes(gateway: Arc<Gateway>) -> Router {
    let order_get =
        |state, connection, request| answer_call(state, connection, request, Operation::OrderGet);
    let order_new =
        |state, connection, request| answer_call(state, connection, request, Operation::OrderNew);
    Router::new()
        .route("/octopus/api/order/get", post(order_get))
        .route("/octopus/api/order/new", post(order_new))
        .route("/", get(checkout::list))
        .route("/checkout/{payment_uid}", get(checkout::show).post(checkout::act))
        .fallback(undocumented)
        .layer(from_fn(reset_delivery))
        .method_not_allowed_fallback(undocumented)
        .with_state(gateway)
}

/// The same routes, with this `Date` in each response.
pub(super) fn with_date(routes: Router, seconds: Option<u64>) -> Router {
    let date = seconds.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
    let date = date.and_then(|date| HeaderValue::try_from(httpdate::fmt_http_date(date)).ok());
    match date {
        Some(date) => routes.layer(map_response(move |mut response: Response| {
            response.headers_mut().insert(DATE, date.clone());
            std::future::ready(response)
        })),
        None => routes,
    }
}

/// Resets the delivery that was scripted for an earlier call over the same connection.
async fn reset_delivery(
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    connection.deliver(Delivery::Whole, 0);
    next.run(request).await
}

async fn answer_call(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    operation: Operation,
) -> Response {
    let journaled = gateway.journal.open(request.uri().path());
    let (head, body) = request.into_parts();
    let mut order_id = None;
    let reply = match read_params(&head.headers, to_bytes(body, LONGEST_BODY).await) {
        Err(refusal) => refusal,
        Ok(params) => {
            order_id = params.get("merchant_order_id").map(str::to_owned);
            if let Some(order_id) = &order_id {
                journaled.set_order_id(order_id);
            }
            refusal(&gateway, &head.headers, &params).unwrap_or_else(|| {
                let call = Call::new(&gateway, &head.headers, params, &connection);
                carry_out(&gateway, operation, &call, &journaled)
            })
        }
    };
    wait(gateway.latency + reply.delay, gateway.stopping.clone()).await;
    connection.deliver(reply.delivery, reply.body.len());
    tracing::debug!(
        call = ?operation,
        order = order_id.map(|id| printable(&id)),
        answer = reply.status.as_u16(),
        delivery = ?reply.delivery,
        "call answered"
    );
    match reply.delivery {
        Delivery::Whole | Delivery::Slow(_) => journaled.answered(reply.status),
        Delivery::Cut { .. } => journaled.cut(),
        Delivery::Silent => {
            wait(Duration::MAX, gateway.stopping.clone()).await;
            journaled.cut();
        }
    }
    reply.into_response()
}

/// The response to a verified call: the correct one, unless a script or a fault changes it.
fn carry_out(gateway: &Gateway, operation: Operation, call: &Call, journaled: &OpenCall) -> Reply {
    if let Some(refusal) = gateway.faults.refusal(Instant::now()) {
        journaled.mark_scripted();
        return refusal;
    }
    let own = || match operation {
        Operation::OrderGet => order_get::answer(gateway, &call.params),
        Operation::OrderNew => order_new::answer(gateway, call),
    };
    let Some(order_id) = call.params.get("merchant_order_id") else { return own().into_reply() };
    let orders = &gateway.orders;
    let earlier = gateway.faults.count_call(operation, order_id);
    let order_script = match operation {
        Operation::OrderGet => orders.read(order_id, |order| order.script.clone()).flatten(),
        // A script in the book is for queries of its order.
        Operation::OrderNew => None,
    };
    let order_script = order_script.filter(|script| script.applies_after(earlier));
    let fault_script =
        || gateway.faults.script(operation, order_id, earlier, orders.elapsed()).cloned();
    let Some(script) = order_script.or_else(fault_script) else { return own().into_reply() };
    if !script.delivers_own_answer() {
        journaled.mark_scripted();
    }
    let own = script.is_performed().then(own);
    script.reply(own, || {
        orders.read_another(order_id, |order| {
            order.payment(gateway.shape, gateway.merchant.as_deref())
        })
    })
}

/// The response to a path or method that the page does not document.
async fn undocumented(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let journaled = gateway.journal.open(request.uri().path());
    let reply = Reply::error(
        StatusCode::NOT_FOUND,
        "Unknown request",
        "The interface documents POST /octopus/api/order/new and POST /octopus/api/order/get.",
    );
    journaled.answered(reply.status);
    reply.into_response()
}

/// The documented error about parameters.
pub(super) fn invalid(details: &str) -> Answer {
    Answer::Other(Reply::error(StatusCode::BAD_REQUEST, "Invalid parameters", details))
}

fn read_params<E>(headers: &HeaderMap, body: Result<impl AsRef<[u8]>, E>) -> Result<Params, Reply> {
    let invalid = |status, details: &str| Reply::error(status, "Invalid parameters", details);
    let content_type = only(headers, &CONTENT_TYPE).unwrap_or_default();
    let media_type = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    if !media_type.trim_ascii().eq_ignore_ascii_case(b"application/json") {
        let details = "The Content-Type header must be application/json.";
        return Err(invalid(StatusCode::UNSUPPORTED_MEDIA_TYPE, details));
    }
    let Ok(body) = body else {
        return Err(invalid(StatusCode::PAYLOAD_TOO_LARGE, "The body is longer than 64 KiB."));
    };
    Params::read(body.as_ref()).map_err(|error| {
        let details = format!("The body must be one JSON object of texts: {error}.");
        invalid(StatusCode::BAD_REQUEST, &details)
    })
}

/// The error of a call with a wrong key or signature, checked in this order (gateway page,
/// "Signature parameters in headers").
fn refusal(gateway: &Gateway, headers: &HeaderMap, params: &Params) -> Option<Reply> {
    let refused = |error, details| Some(Reply::error(StatusCode::UNAUTHORIZED, error, details));
    let key = only(headers, &HeaderName::from_static("oc-key")).unwrap_or_default();
    if !bool::from(key.ct_eq(gateway.api_key.expose_secret().as_bytes())) {
        return refused("Invalid key", "The OC-Key header does not name a known API key.");
    }
    let signature = only(headers, &HeaderName::from_static("oc-signature"));
    if !signature.is_some_and(|signature| gateway.verifier.accepts(params, signature)) {
        return refused("Invalid signature", "The OC-Signature header does not match the body.");
    }
    None
}

/// A header's value, if it occurs exactly once.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first.as_bytes())
}

/// Waits for this time, or until the sandbox stops.
async fn wait(duration: Duration, mut stopping: watch::Receiver<bool>) {
    if duration.is_zero() {
        return;
    }
    // After either, it is time to answer.
    let _ = tokio::time::timeout(duration, stopping.wait_for(|stopping| *stopping)).await;
}
