//! What the gateway answers: the page's forms of success and error, as bytes (gateway page,
//! "Errors", "Payment Object").

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::Value;
use std::time::Duration;

/// An answer, before it is sent.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status. The page gives none: these are the sandbox's own choice.
    pub status: StatusCode,
    /// The Retry-After header.
    pub retry_after: Option<HeaderValue>,
    /// How long to wait first.
    pub delay: Duration,
    /// The body.
    pub content: Content,
}

/// An answer's body.
#[derive(Debug, Clone)]
pub enum Content {
    /// This text; JSON unless a book scripts something else.
    Text(String),
    /// None: the connection is cut.
    Cut,
}

impl Reply {
    /// An answer with this body.
    pub fn text(status: StatusCode, text: String) -> Reply {
        Reply { status, retry_after: None, delay: Duration::ZERO, content: Content::Text(text) }
    }

    /// The page's error with details: `{"result":"error","data":{"error":…,"details":…}}`.
    pub fn error(status: StatusCode, error: &str, details: &str) -> Reply {
        Reply::text(status, error_with_details(error, details))
    }

    /// The answer as the server sends it.
    pub fn into_response(self) -> Response {
        let body = match self.content {
            Content::Text(text) => Body::from(text),
            Content::Cut => Body::empty(),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(retry_after) = self.retry_after {
            headers.insert(RETRY_AFTER, retry_after);
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
