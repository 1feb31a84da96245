//! The checkout page (gateway page, `payment_url`): here a tester plays the payer and the bank. It
//! settles an order in full, short or over, fails or rejects it, or lets it lapse; a completed one
//! can be refunded, or fail to be accounted.

use super::gateway::{Gateway, LONGEST_BODY, only};
use super::life::Act;
use super::orders::Refused;
use super::page::{self, View};
use crate::domain::amount::Amount;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, LOCATION, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use maud::Markup;
use std::collections::HashMap;
use std::sync::Arc;
use url::form_urlencoded;

/// More would be no page for people.
const MOST_LISTED: usize = 200;

/// The newest orders.
pub async fn list(State(gateway): State<Arc<Gateway>>) -> Response {
    let views = gateway.orders.look_at_newest(MOST_LISTED, View::of);
    respond(StatusCode::OK, page::list(&views, gateway.orders.len()))
}

/// An order's page. Its payer has come: a pending deposit is preparing from now on.
pub async fn show(
    State(gateway): State<Arc<Gateway>>,
    Path(payment_uid): Path<String>,
) -> Response {
    let opened = match gateway.orders.look_at_payment(&payment_uid, super::order::Order::is_deposit)
    {
        Some(true) => gateway.orders.act(&payment_uid, &Act::Open),
        Some(false) => Ok(()),
        None => Err(Refused::Unknown),
    };
    match opened {
        Ok(()) => checkout(&gateway, &payment_uid, StatusCode::OK, None),
        Err(_) => unknown(),
    }
}

/// What a button of the page sends: `act`, and its `amount` or `reason`.
pub async fn act(
    State(gateway): State<Arc<Gateway>>,
    Path(payment_uid): Path<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let text = |name| only(&head.headers, name).map(String::from_utf8_lossy);
    // A page from elsewhere in the same browser must not act here.
    if let (Some(origin), Some(host)) = (text(&ORIGIN), text(&HOST))
        && origin != format!("http://{host}")
    {
        return refused(&gateway, &payment_uid, StatusCode::FORBIDDEN, "It comes from elsewhere.");
    }
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return refused(&gateway, &payment_uid, StatusCode::PAYLOAD_TOO_LARGE, "It is too long.");
    };
    let form: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let act = match read_act(&form) {
        Ok(act) => act,
        Err(why) => return refused(&gateway, &payment_uid, StatusCode::BAD_REQUEST, &why),
    };
    match gateway.orders.act(&payment_uid, &act) {
        Ok(()) => see(&payment_uid),
        Err(Refused::Unknown) => unknown(),
        Err(Refused::TooLate(why)) => refused(&gateway, &payment_uid, StatusCode::CONFLICT, &why),
    }
}

fn read_act(form: &HashMap<String, String>) -> Result<Act, String> {
    let text = |name: &str| form.get(name).map(|text| text.trim()).unwrap_or_default();
    let reason = || text("reason").to_owned();
    match text("act") {
        "settle" => {
            let amount = text("amount");
            Amount::parse(amount).map_err(|error| format!("The amount is not usable: {error}."))?;
            Ok(Act::Settle(amount.to_owned()))
        }
        "fail" => Ok(Act::Fail(reason())),
        "reject" => Ok(Act::Reject(reason())),
        "lapse" => Ok(Act::Lapse),
        "refund" => Ok(Act::Refund),
        "fail_accounting" => Ok(Act::FailAccounting(reason())),
        _ => Err("The act must be settle, fail, reject, lapse, refund or fail_accounting.".into()),
    }
}

fn refused(gateway: &Gateway, payment_uid: &str, status: StatusCode, why: &str) -> Response {
    checkout(gateway, payment_uid, status, Some(why))
}

fn checkout(
    gateway: &Gateway,
    payment_uid: &str,
    status: StatusCode,
    error: Option<&str>,
) -> Response {
    match gateway.orders.look_at_payment(payment_uid, View::of) {
        Some(view) => respond(status, page::checkout(&view, error)),
        None => unknown(),
    }
}

fn unknown() -> Response {
    respond(StatusCode::NOT_FOUND, maud::html! { p { "There is no such payment here." } })
}

/// Back to the page, so that reloading it does nothing twice.
fn see(payment_uid: &str) -> Response {
    let mut response = Response::new(Body::empty());
    // The order was found by this uid: it came in an address, and can go into one.
    match HeaderValue::try_from(format!("/checkout/{payment_uid}")) {
        Ok(location) => {
            *response.status_mut() = StatusCode::SEE_OTHER;
            response.headers_mut().insert(LOCATION, location);
        }
        Err(_) => *response.status_mut() = StatusCode::NO_CONTENT,
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
