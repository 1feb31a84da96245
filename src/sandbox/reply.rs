//! Responses: the documented forms of success and error (gateway page, "Errors", "Payment
//! Object").

use super::connection::Delivery;
use super::payment::Payment;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// The answer of an operation.
pub(super) enum Answer {
    /// An order's payment.
    Payment(Payment),
    /// Any other response.
    Other(Reply),
}

/// A response, before it is sent.
#[derive(Clone)]
pub(super) struct Reply {
    /// The HTTP status. The page gives none, so these are the sandbox's choice.
    pub status: StatusCode,
    /// Headers that are added to the usual ones, or replace them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; JSON unless a script says otherwise.
    pub body: Bytes,
    /// The delay before it is sent.
    pub delay: Duration,
    /// How it is delivered.
    pub delivery: Delivery,
}

impl fmt::Debug for Reply {
    /// Prints no body: it can contain accounts and names.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answer {
    /// The response that the page documents.
    pub(super) fn into_reply(self) -> Reply {
        match self {
            Answer::Payment(payment) => payment.reply(),
            Answer::Other(reply) => reply,
        }
    }
}

impl Reply {
    /// A response with this body.
    pub(super) fn text(status: StatusCode, text: impl Into<Bytes>) -> Reply {
        Reply {
            status,
            headers: Vec::new(),
            body: text.into(),
            delay: Duration::ZERO,
            delivery: Delivery::Whole,
        }
    }

    /// The page's error with details: `{"result":"error","data":{"error":…,"details":…}}`.
    pub(super) fn error(status: StatusCode, error: &str, details: &str) -> Reply {
        Reply::text(status, error_with_details(error, details))
    }

    /// The value of an added header.
    #[cfg(test)]
    pub fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The response with this header added.
    #[must_use]
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Reply {
        self.headers.push((name, value));
        self
    }

    /// The HTTP response.
    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// An error in its short form.
pub(super) fn error_text(error: &str) -> String {
    format!(r#"{{"result":"error","data":{}}}"#, Value::from(error))
}

/// An error in its long form.
pub(super) fn error_with_details(error: &str, details: &str) -> String {
    let (error, details) = (Value::from(error), Value::from(details));
    format!(r#"{{"result":"error","data":{{"error":{error},"details":{details}}}}}"#)
}

/// A success with this JSON as `data`.
pub(super) fn success(data: &str) -> String {
    format!(r#"{{"result":"success","data":{data}}}"#)
}

/// The error for an unknown order. The page does not give the text.
pub(super) fn order_not_found() -> String {
    error_with_details("Order not found", "No order with this merchant_order_id exists.")
}
