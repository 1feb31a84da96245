//! The checkout page (gateway page, `payment_url`): here a tester plays the payer and the bank. It
//! settles an order in full, short or over, fails or rejects it, or lets it lapse; a completed one
//! can be refunded, or fail to be accounted.

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

/// More would be no page for people.
const MOST_LISTED: usize = 200;

/// The newest orders.
pub async fn list(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    if !is_called_here(&gateway, &headers) {
        return elsewhere();
    }
    let views = gateway.orders.read_newest(MOST_LISTED, View::of);
    respond(StatusCode::OK, page::list(&views, gateway.orders.len()))
}

/// An order's page. Its payer has come: a pending deposit is preparing from now on.
pub async fn show(
    State(gateway): State<Arc<Gateway>>,
    Path(payment_uid): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !is_called_here(&gateway, &headers) {
        return elsewhere();
    }
    if gateway.orders.read_by_payment_uid(&payment_uid, Order::is_deposit) == Some(true) {
        // Of what is no longer pending, nothing becomes by looking at it.
        let _ = gateway.orders.apply(&payment_uid, &Action::Open);
    }
    checkout(&gateway, &payment_uid, StatusCode::OK, None)
}

/// What a button of the page sends: `act`, and its `amount` or `reason`.
pub async fn act(
    State(gateway): State<Arc<Gateway>>,
    Path(payment_uid): Path<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    if !is_called_here(&gateway, &head.headers) || !is_of_own_page(&head.headers) {
        return elsewhere();
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

/// Whether the page is called by a name of this machine: another name that leads here is how a
/// site elsewhere gets at it through the tester's own browser.
fn is_called_here(gateway: &Gateway, headers: &HeaderMap) -> bool {
    let host = only(headers, &HOST).map(String::from_utf8_lossy);
    let url = host.and_then(|host| Url::parse(&format!("http://{host}/")).ok());
    gateway.allow_remote || url.is_some_and(|url| is_loopback(&url))
}

/// Whether a form is sent by a page of the sandbox, as far as the browser says.
fn is_of_own_page(headers: &HeaderMap) -> bool {
    let text = |name| only(headers, name).map(String::from_utf8_lossy);
    match (text(&ORIGIN), text(&HOST)) {
        (Some(origin), Some(host)) => origin == format!("http://{host}"),
        _ => !headers.contains_key(ORIGIN),
    }
}

fn elsewhere() -> Response {
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

/// Back to the page, so that reloading it does nothing twice.
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
        // With `no-referrer` a browser would not say either that a form comes from here.
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
