//! The checkout page (gateway page, `payment_url`), where a tester acts as payer and bank: settle
//! an order with any amount, fail it, reject it or let it lapse; refund a completed order, or fail
//! its accounting.

use super::gateway::{Gateway, LONGEST_BODY, only};
use super::lifecycle::Action;
use super::loopback::is_loopback;
use super::order::Order;
use super::orders::ActionError;
use super::page::{self, View};
use crate::domain::amount::Amount;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, LOCATION, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use maud::Markup;
use std::collections::HashMap;
use std::sync::Arc;
use url::{Url, form_urlencoded};

/// A longer list would not be readable.
const MOST_LISTED: usize = 200;

/// The page with the newest orders.
pub(super) async fn list(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    if !is_local_host(&gateway, &headers) {
        return forbidden();
    }
    let views = gateway.orders.read_newest(MOST_LISTED, View::of);
    respond(StatusCode::OK, page::list(&views, gateway.orders.len()))
}

/// An order's page. Opening it changes a pending deposit to preparing.
pub(super) async fn show(
    State(gateway): State<Arc<Gateway>>,
    Path(payment_uid): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !is_local_host(&gateway, &headers) {
        return forbidden();
    }
    if gateway.orders.read_by_payment_uid(&payment_uid, Order::is_deposit) == Some(true) {
        // Without effect, and without error, on an order that is no longer pending.
        let _ = gateway.orders.apply(&payment_uid, &Action::Open);
    }
    checkout(&gateway, &payment_uid, StatusCode::OK, None)
}

/// The form of a button: `act`, and its `amount` or `reason`.
pub(super) async fn act(
    State(gateway): State<Arc<Gateway>>,
    Path(payment_uid): Path<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    if !is_local_host(&gateway, &head.headers) || !is_same_origin(&head.headers) {
        return forbidden();
    }
    let refused = |status, why: &str| checkout(&gateway, &payment_uid, status, Some(why));
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "The form is too long.");
    };
    let form: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let action = match read_action(&form) {
        Ok(action) => action,
        Err(why) => return refused(StatusCode::BAD_REQUEST, &why),
    };
    match gateway.orders.apply(&payment_uid, &action) {
        Ok(()) => see(head.uri.path()),
        Err(ActionError::NotFound) => unknown(),
        Err(ActionError::WrongStatus(why)) => refused(StatusCode::CONFLICT, &why),
    }
}

/// Whether the `Host` header is a loopback name. With another name that resolves to this machine, a
/// foreign site could use the page through the tester's browser (DNS rebinding).
fn is_local_host(gateway: &Gateway, headers: &HeaderMap) -> bool {
    let host = only(headers, &HOST).map(String::from_utf8_lossy);
    let url = host.and_then(|host| Url::parse(&format!("http://{host}/")).ok());
    gateway.allow_remote || url.is_some_and(|url| is_loopback(&url))
}

/// Whether a form comes from a page of the sandbox, by the browser's `Origin` header.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| only(headers, name).map(String::from_utf8_lossy);
    match (text(&ORIGIN), text(&HOST)) {
        (Some(origin), Some(host)) => origin == format!("http://{host}"),
        _ => !headers.contains_key(ORIGIN),
    }
}

fn forbidden() -> Response {
    let why = "This page is for this machine: open it as http://127.0.0.1 or http://localhost.";
    respond(StatusCode::FORBIDDEN, maud::html! { p { (why) } })
}

fn read_action(form: &HashMap<String, String>) -> Result<Action, String> {
    let text = |name: &str| form.get(name).map(|text| text.trim()).unwrap_or_default();
    let reason = || text("reason").to_owned();
    match text("act") {
        "settle" => {
            let amount = text("amount");
            Amount::parse(amount).map_err(|error| format!("The amount is not usable: {error}."))?;
            Ok(Action::Settle(amount.to_owned()))
        }
        "fail" => Ok(Action::Fail(reason())),
        "reject" => Ok(Action::Reject(reason())),
        "lapse" => Ok(Action::Lapse),
        "refund" => Ok(Action::Refund),
        "fail_accounting" => Ok(Action::FailAccounting(reason())),
        _ => Err("The act must be settle, fail, reject, lapse, refund or fail_accounting.".into()),
    }
}

fn checkout(
    gateway: &Gateway,
    payment_uid: &str,
    status: StatusCode,
    error: Option<&str>,
) -> Response {
    match gateway.orders.read_by_payment_uid(payment_uid, View::of) {
        Some(view) => respond(status, page::checkout(&view, error)),
        None => unknown(),
    }
}

fn unknown() -> Response {
    respond(StatusCode::NOT_FOUND, maud::html! { p { "There is no such payment here." } })
}

/// A redirect to the page, so that a reload does not send the form again.
fn see(path: &str) -> Response {
    let mut response = respond(StatusCode::SEE_OTHER, maud::html! {});
    if let Ok(location) = HeaderValue::try_from(path) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

fn respond(status: StatusCode, page: Markup) -> Response {
    let mut response = Response::new(Body::from(page.into_string()));
    *response.status_mut() = status;
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                  frame-ancestors 'none'; base-uri 'none'";
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With `no-referrer` a browser would also send no `Origin` with a form.
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
