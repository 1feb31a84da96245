//! Scripted behaviour: what the sandbox does instead of answering an order's payment. Written in
//! a book as the order's `"sandbox"` object.

use super::reply::{Content, Reply, error_text, error_with_details, order_not_found};
use axum::http::{HeaderValue, StatusCode};
use serde::Deserialize;
use std::time::Duration;

/// The longest scripted delay: more is a slip of the pen, not a slow gateway.
const LONGEST_DELAY_MS: u64 = 3_600_000;
/// The page's own example of an error without details.
const PAGE_ERROR: &str = "An error occurred processing your request";

/// The `"sandbox"` object as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    /// HTTP status.
    status: Option<u16>,
    /// For the first so many calls only; then the order's payment is answered.
    times: Option<u32>,
    /// The Retry-After header.
    retry_after: Option<String>,
    /// This body, whatever it is.
    body: Option<String>,
    /// Wait first.
    delay_ms: Option<u64>,
    /// Cut the connection without an answer.
    close: bool,
    /// Answer "no such order".
    unknown: bool,
    /// Answer the page's error with this text …
    error: Option<String>,
    /// … and these details.
    details: Option<String>,
}

/// A validated script.
#[derive(Debug, Clone)]
pub struct Script {
    times: Option<u32>,
    delay: Duration,
    act: Act,
}

#[derive(Debug, Clone)]
enum Act {
    /// The order's payment, under this status.
    Payment(StatusCode),
    /// Something else.
    Reply(Reply),
}

impl Script {
    /// Reads and checks a `"sandbox"` object.
    ///
    /// # Errors
    /// What is wrong with it and what to do, for people.
    pub fn parse(json: &str) -> Result<Script, String> {
        let written: Written = serde_json::from_str(json)
            .map_err(|error| format!("`sandbox` cannot be read: {error}; see the book's format"))?;
        written.check()?;
        let delay_ms = written.delay_ms.unwrap_or(0);
        Ok(Script {
            times: written.times,
            delay: Duration::from_millis(delay_ms),
            act: written.act()?,
        })
    }

    /// Whether the script still holds after so many earlier calls about its order.
    pub fn holds_after(&self, calls: u32) -> bool {
        self.times.is_none_or(|times| calls < times)
    }

    /// The scripted answer; `payment` makes the body of the order's own answer.
    pub fn reply(&self, payment: impl FnOnce() -> String) -> Reply {
        let mut reply = match &self.act {
            Act::Payment(status) => Reply::text(*status, payment()),
            Act::Reply(reply) => reply.clone(),
        };
        reply.delay = self.delay;
        reply
    }
}

impl Written {
    fn check(&self) -> Result<(), String> {
        let says_body = self.body.is_some() || self.unknown || self.error.is_some();
        let answers = says_body || self.status.is_some() || self.retry_after.is_some();
        let wrong = if !answers && !self.close && self.delay_ms.is_none() {
            "`sandbox` scripts nothing: give `status`, `retry_after`, `body`, `delay_ms`, `close`, \
             `unknown` or `error`, or leave `sandbox` out"
        } else if self.close && (answers || self.details.is_some()) {
            "`close` cuts the connection without an answer: leave out `status`, `retry_after`, \
             `body`, `unknown`, `error` and `details`"
        } else if self.body.is_some() && (self.unknown || self.error.is_some()) {
            "`body` is the whole body: leave out `unknown` and `error`"
        } else if self.details.is_some() && self.error.is_none() {
            "`details` goes with `error`: give both"
        } else if self.times == Some(0) {
            "`times` is 0, so that nothing would happen: give 1 or more, or leave `sandbox` out"
        } else if self.delay_ms.is_some_and(|delay_ms| delay_ms > LONGEST_DELAY_MS) {
            "`delay_ms` is more than an hour (3600000)"
        } else {
            return Ok(());
        };
        Err(wrong.to_owned())
    }

    fn act(self) -> Result<Act, String> {
        if self.close {
            let mut reply = Reply::text(StatusCode::OK, String::new());
            reply.content = Content::Cut;
            return Ok(Act::Reply(reply));
        }
        let retry_after = self.retry_after.map(header_value).transpose()?;
        let status = match self.status {
            Some(status) => status_code(status)?,
            None if retry_after.is_some() => StatusCode::TOO_MANY_REQUESTS,
            None => StatusCode::OK,
        };
        let text = match (self.body, self.error, self.details) {
            (Some(body), _, _) => body,
            (None, Some(error), Some(details)) => error_with_details(&error, &details),
            (None, Some(error), None) => error_text(&error),
            (None, None, _) if self.unknown => order_not_found(),
            (None, None, _) if retry_after.is_some() || status.as_u16() >= 400 => {
                error_text(PAGE_ERROR)
            }
            (None, None, _) => return Ok(Act::Payment(status)),
        };
        let mut reply = Reply::text(status, text);
        reply.retry_after = retry_after;
        Ok(Act::Reply(reply))
    }
}

/// 1xx cannot end a call, and a server cannot make up a status.
fn status_code(status: u16) -> Result<StatusCode, String> {
    StatusCode::from_u16(status)
        .ok()
        .filter(|_| (200..600).contains(&status))
        .ok_or_else(|| format!("`status` {status} is no HTTP status: give one from 200 to 599"))
}

fn header_value(text: String) -> Result<HeaderValue, String> {
    HeaderValue::try_from(text).map_err(|_| {
        "`retry_after` holds characters that a header cannot carry: give seconds or an HTTP date"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripted(json: &str) -> Result<(u16, Option<String>, String), String> {
        let reply = Script::parse(json)?.reply(|| "payment".to_owned());
        let retry_after = reply.retry_after.and_then(|it| it.to_str().ok().map(str::to_owned));
        let text = match reply.content {
            Content::Text(text) => text,
            Content::Cut => "cut".to_owned(),
        };
        Ok((reply.status.as_u16(), retry_after, text))
    }

    #[test]
    fn each_script_has_its_answer() {
        let failure = error_text(PAGE_ERROR);
        let gone = error_with_details("Merchant not found", "Ask.");
        for (json, status, retry_after, text) in [
            (r#"{"status":503}"#, 503, None, &*failure),
            (r#"{"status":202}"#, 202, None, "payment"),
            (r#"{"delay_ms":50}"#, 200, None, "payment"),
            (r#"{"retry_after":"2"}"#, 429, Some("2"), &failure),
            (r#"{"retry_after":"2","status":503}"#, 503, Some("2"), &failure),
            (r#"{"body":"<html>"}"#, 200, None, "<html>"),
            (r#"{"body":"","status":404}"#, 404, None, ""),
            (r#"{"close":true}"#, 200, None, "cut"),
            (r#"{"unknown":true}"#, 200, None, &order_not_found()),
            (r#"{"unknown":true,"status":404}"#, 404, None, &order_not_found()),
            (
                r#"{"unknown":true,"error":"No such order"}"#,
                200,
                None,
                &error_text("No such order"),
            ),
            (r#"{"error":"Merchant not found","details":"Ask."}"#, 200, None, &gone),
        ] {
            let expected = (status, retry_after.map(str::to_owned), text.to_owned());
            assert_eq!(scripted(json), Ok(expected), "{json}");
        }
    }

    #[test]
    fn a_script_that_cannot_be_meant_is_refused() {
        for (json, word) in [
            ("{}", "scripts nothing"),
            (r#"{"times":2}"#, "scripts nothing"),
            (r#"{"status":503,"times":0}"#, "`times`"),
            (r#"{"status":99}"#, "from 200 to 599"),
            (r#"{"status":100}"#, "from 200 to 599"),
            (r#"{"status":600}"#, "from 200 to 599"),
            (r#"{"status":503,"status":200}"#, "cannot be read"),
            (r#"{"statsu":503}"#, "cannot be read"),
            (r#"{"close":true,"status":503}"#, "`close`"),
            (r#"{"body":"x","unknown":true}"#, "`body`"),
            (r#"{"details":"x","status":400}"#, "`details`"),
            (r#"{"retry_after":"a\nb"}"#, "`retry_after`"),
            (r#"{"delay_ms":3600001}"#, "`delay_ms`"),
            (r#""x""#, "cannot be read"),
        ] {
            let refusal = scripted(json).err().unwrap_or_default();
            assert!(refusal.contains(word), "{json}: {refusal}");
        }
    }

    #[test]
    fn times_limits_a_script() {
        let holds = |json, calls| Script::parse(json).map(|script| script.holds_after(calls));
        assert_eq!(holds(r#"{"status":503,"times":2}"#, 1), Ok(true));
        assert_eq!(holds(r#"{"status":503,"times":2}"#, 2), Ok(false));
        assert_eq!(holds(r#"{"status":503}"#, u32::MAX), Ok(true));
    }
}
