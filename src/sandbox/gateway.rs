//! A call from its arrival to its answer: what every operation has in common. An operation is a
//! function from verified parameters to a [`Reply`], in a file of its own.

use super::connection::Connection;
use super::journal::Journal;
use super::orders::Orders;
use super::reply::{Content, Reply};
use super::signature::{Params, Verifier};
use super::{Shape, order_get};
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use axum::routing::post;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The longest body that is read. An order's parameters take far less.
const LONGEST_BODY: usize = 64 * 1024;

/// Everything that the operations know.
pub struct Gateway {
    pub api_key: String,
    pub verifier: Verifier,
    pub merchant: Option<String>,
    pub orders: Orders,
    pub shape: Shape,
    pub latency: Duration,
    pub journal: Arc<Journal>,
    /// Becomes true, or loses its sender, when the sandbox stops.
    pub stopping: watch::Receiver<bool>,
}

/// Answers a call whose signature is verified.
type Operation = fn(&Gateway, &Params) -> Reply;

/// The documented paths.
pub fn routes(gateway: Arc<Gateway>) -> Router {
    let order_get = |state, connection, request| call(state, connection, request, order_get::reply);
    Router::new()
        .route("/octopus/api/order/get", post(order_get))
        .fallback(undocumented)
        .method_not_allowed_fallback(undocumented)
        .with_state(gateway)
}

async fn call(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    operation: Operation,
) -> Response {
    let journaled = gateway.journal.open(request.uri().path());
    let (head, body) = request.into_parts();
    let reply = match read_params(&head.headers, to_bytes(body, LONGEST_BODY).await) {
        Err(refusal) => refusal,
        Ok(params) => {
            if let Some(order_id) = params.get("merchant_order_id") {
                journaled.asks_for(order_id);
            }
            match verify(&gateway, &head.headers, &params) {
                Err(refusal) => refusal,
                Ok(()) => operation(&gateway, &params),
            }
        }
    };
    wait(gateway.latency + reply.delay, gateway.stopping.clone()).await;
    match reply.content {
        Content::Text(_) => journaled.answered(reply.status),
        Content::Cut => {
            connection.cut();
            journaled.cut();
        }
    }
    reply.into_response()
}

/// A path or method that the page does not document.
async fn undocumented(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let journaled = gateway.journal.open(request.uri().path());
    let reply = Reply::error(
        StatusCode::NOT_FOUND,
        "Unknown request",
        "The interface documents POST /octopus/api/order/get.",
    );
    journaled.answered(reply.status);
    reply.into_response()
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

/// Key first, then signature (gateway page, "Signature parameters in headers").
fn verify(gateway: &Gateway, headers: &HeaderMap, params: &Params) -> Result<(), Reply> {
    let refused = |error, details| Err(Reply::error(StatusCode::UNAUTHORIZED, error, details));
    let key = only(headers, &HeaderName::from_static("oc-key"));
    if key != Some(gateway.api_key.as_bytes()) {
        return refused("Invalid key", "The OC-Key header does not name a known API key.");
    }
    let signature = only(headers, &HeaderName::from_static("oc-signature"));
    if !signature.is_some_and(|signature| gateway.verifier.accepts(params, signature)) {
        return refused("Invalid signature", "The OC-Signature header does not match the body.");
    }
    Ok(())
}

/// A header's value, if it is given once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first.as_bytes())
}

/// Waits, but not longer than the sandbox runs.
async fn wait(duration: Duration, mut stopping: watch::Receiver<bool>) {
    if duration.is_zero() {
        return;
    }
    // Both ends of this wait mean the same: time to answer.
    let _ = tokio::time::timeout(duration, stopping.wait_for(|stopping| *stopping)).await;
}
