//! What the gateway answers: the page's forms of success and error, as bytes (gateway page,
//! "Errors", "Payment Object").

use super::connection::Delivery;
use super::payment::Payment;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// What an operation comes to.
pub enum Answer {
    /// An order's payment.
    Payment(Payment),
    /// Anything else.
    Other(Reply),
}

/// An answer, before it is sent.
#[derive(Clone)]
pub struct Reply {
    /// HTTP status. The page gives none: these are the sandbox's own choice.
    pub status: StatusCode,
    /// Headers beside those that every answer has, or instead of them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; JSON unless something else is scripted.
    pub body: Bytes,
    /// How long to wait first.
    pub delay: Duration,
    /// How it reaches the caller.
    pub delivery: Delivery,
}

impl fmt::Debug for Reply {
    /// Shows no body: accounts and names are nobody's business.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answer {
    /// The answer, as the page documents it.
    pub fn into_reply(self) -> Reply {
        match self {
            Answer::Payment(payment) => payment.reply(),
            Answer::Other(reply) => reply,
        }
    }
}

impl Reply {
    /// An answer with this body.
    pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Reply {
        Reply {
            status,
            headers: Vec::new(),
            body: text.into(),
            delay: Duration::ZERO,
            delivery: Delivery::Whole,
        }
    }

    /// The page's error with details: `{"result":"error","data":{"error":…,"details":…}}`.
    pub fn error(status: StatusCode, error: &str, details: &str) -> Reply {
        Reply::text(status, error_with_details(error, details))
    }

    /// The value of a header that is not every answer's.
    #[cfg(test)]
    pub fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The same with this header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Reply {
        self.headers.push((name, value));
        self
    }

    /// The answer as the server sends it.
    pub fn into_response(self) -> Response {
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

/// The page's short form of an error.
pub fn error_text(error: &str) -> String {
    format!(r#"{{"result":"error","data":{}}}"#, Value::from(error))
}

/// The page's long form of an error.
pub fn error_with_details(error: &str, details: &str) -> String {
    let (error, details) = (Value::from(error), Value::from(details));
    format!(r#"{{"result":"error","data":{{"error":{error},"details":{details}}}}}"#)
}

/// The page's success around the JSON text of `data`.
pub fn success(data: &str) -> String {
    format!(r#"{{"result":"success","data":{data}}}"#)
}

/// What the sandbox says of an order that it does not know. The page does not give the wording.
pub fn order_not_found() -> String {
    error_with_details("Order not found", "No order with this merchant_order_id exists.")
}
