//! Scripts: how the sandbox changes the response to a call. In a book, a script is an order's
//! `"sandbox"` object; in a file of faults, it is what a fault `does`.
//!
//! | key | |
//! |---|---|
//! | `status = 503` | this HTTP status; from 400 on with the page's error as body |
//! | `retry_after = "2"` | with this Retry-After header; 429, unless `status` says otherwise |
//! | `location = "http://…"` | a redirect there; 302, unless `status` says otherwise |
//! | `error = "…"`, `details = "…"` | the page's error, in its short form without `details` |
//! | `unknown = true` | no such order, in the sandbox's words, or in those of `error` |
//! | `body = "…"` | this body |
//! | `answer = "html"` | a bad response, one of those in `tamper.rs` |
//! | `fields = '{"amount":1e2}'` | these fields are changed in the answer: a JSON object as text |
//! | `delay_ms = 50` | a delay before the response |
//! | `slow_bytes_per_second = 20` | a slow response, including its head |
//! | `silent = true` | no response, and the connection stays open |
//! | `close = true` | the connection is closed without a response |
//! | `reset = "before"` | the connection is reset: `before`, in the `head`, in the `body` |
//! | `cut_body = true` | the connection is closed in the middle of the body |
//! | `times = 2` | only for the first 2 calls for an order |
//! | `performed = true` | whether the call is carried out |
//!
//! By default a call is carried out if the script uses its answer, even if the answer is changed or
//! lost, and not if the script replaces it. `performed` sets this: for example, an order is created
//! although the response is a 504, or is not created and the connection is lost.

use super::connection::{CutPoint, Delivery};
use super::payment::{Field, Payment, read_fields, set_fields};
use super::reply::{Answer, Reply, error_text, error_with_details, order_not_found};
use super::tamper::Tampering;
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use serde::Deserialize;
use std::num::NonZeroU32;
use std::time::Duration;

/// The longest scripted delay: a longer one is probably a typing error.
const LONGEST_DELAY_MS: u64 = 3_600_000;
/// The page's example of an error without details.
const PAGE_ERROR: &str = "An error occurred processing your request";

/// A script in a file: see the table above.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "the independent keys of a file")]
struct WrittenScript {
    status: Option<u16>,
    retry_after: Option<String>,
    location: Option<String>,
    error: Option<String>,
    details: Option<String>,
    unknown: bool,
    body: Option<String>,
    answer: Option<Tampering>,
    fields: Option<String>,
    delay_ms: Option<u64>,
    slow_bytes_per_second: Option<NonZeroU32>,
    silent: bool,
    close: bool,
    reset: Option<CutPoint>,
    cut_body: bool,
    times: Option<u32>,
    performed: Option<bool>,
}

/// A validated script.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "WrittenScript")]
pub(super) struct Script {
    times: Option<u32>,
    performed: bool,
    delay: Duration,
    delivery: Delivery,
    action: Action,
}

#[derive(Debug, Clone)]
enum Action {
    /// The call's answer, with this status if there is one.
    Own(Option<StatusCode>),
    /// The call's answer, except for these fields.
    With(Vec<Field>),
    /// A bad response, made from the call's answer.
    Tampered(Tampering),
    /// This response.
    Instead(Reply),
}

impl Script {
    /// Parses a `"sandbox"` object. An error says what is wrong and how to fix it.
    pub(super) fn parse(json: &str) -> Result<Script, String> {
        serde_json::from_str(json)
            .map_err(|error| format!("`sandbox` cannot be read: {error}; see the book's format"))
    }

    /// Whether the script still applies after `calls` earlier calls for its order.
    pub(super) fn applies_after(&self, calls: u32) -> bool {
        self.times.is_none_or(|times| calls < times)
    }

    /// Whether it applies to a limited number of calls.
    pub(super) fn is_limited(&self) -> bool {
        self.times.is_some()
    }

    /// Whether the call is carried out.
    pub(super) fn is_performed(&self) -> bool {
        self.performed
    }

    /// Whether the call's answer arrives complete and unchanged.
    pub(super) fn delivers_own_answer(&self) -> bool {
        let arrives = matches!(self.delivery, Delivery::Whole | Delivery::Slow(_));
        self.performed && arrives && matches!(self.action, Action::Own(None))
    }

    /// The scripted response. `own` is the call's answer, if it was carried out; `another` is the
    /// payment of another order, if there is one.
    pub(super) fn reply(
        &self,
        own: Option<Answer>,
        another: impl FnOnce() -> Option<Payment>,
    ) -> Reply {
        let own = own.unwrap_or_else(|| {
            let error = error_text(PAGE_ERROR);
            Answer::Other(Reply::text(StatusCode::INTERNAL_SERVER_ERROR, error))
        });
        let mut reply = match (&self.action, own) {
            (Action::Instead(reply), _) => reply.clone(),
            (Action::Tampered(tampering), own) => tampering.reply(own, another()),
            (Action::With(fields), Answer::Payment(mut payment)) => {
                set_fields(&mut payment.fields, fields);
                payment.reply()
            }
            (Action::Own(status), own) => {
                let mut reply = own.into_reply();
                reply.status = status.unwrap_or(reply.status);
                reply
            }
            (Action::With(_), own) => own.into_reply(),
        };
        reply.delay = self.delay;
        reply.delivery = self.delivery;
        reply
    }
}

impl TryFrom<WrittenScript> for Script {
    type Error = String;

    fn try_from(written: WrittenScript) -> Result<Script, String> {
        written.check()?;
        let delay = Duration::from_millis(written.delay_ms.unwrap_or(0));
        let (times, performed) = (written.times, written.performed);
        let delivery = written.delivery();
        let action = written.action()?;
        let performed = performed.unwrap_or(!matches!(action, Action::Instead(_)));
        Ok(Script { times, performed, delay, delivery, action })
    }
}

impl WrittenScript {
    fn check(&self) -> Result<(), String> {
        let errors = self.unknown || self.error.is_some();
        let contents = [errors, self.body.is_some(), self.answer.is_some(), self.fields.is_some()];
        let deliveries = [
            self.slow_bytes_per_second.is_some(),
            self.silent,
            self.close,
            self.reset.is_some(),
            self.cut_body,
        ];
        let count = |them: &[bool]| them.iter().filter(|it| **it).count();
        let heads = self.status.is_some() || self.retry_after.is_some() || self.location.is_some();
        let answers = count(&contents) > 0 || heads;
        let wrong = if !answers && count(&deliveries) == 0 && self.delay_ms.is_none() {
            "it has no effect: set `status`, `retry_after`, `body`, `delay_ms`, `close`, \
             `unknown`, `error` or another key, or remove it"
        } else if (self.close || self.silent) && (answers || self.details.is_some()) {
            "`close` and `silent` send no response: remove `status`, `retry_after`, `location`, \
             `body`, `answer`, `fields`, `unknown`, `error` and `details`"
        } else if count(&contents) > 1 {
            "`body`, `answer`, `fields` and `error` (or `unknown`) each set the whole body: use \
             only one of them"
        } else if count(&deliveries) > 1 {
            "`slow_bytes_per_second`, `silent`, `close`, `reset` and `cut_body` each set how the \
             response arrives: use only one of them"
        } else if heads && (self.answer.is_some() || self.fields.is_some()) {
            "`answer` and `fields` change the call's answer: remove `status`, `retry_after` and \
             `location`"
        } else if self.details.is_some() && self.error.is_none() {
            "`details` needs `error`: set both"
        } else if self.times == Some(0) {
            "`times` is 0, so the script has no effect: set 1 or more, or remove it"
        } else if self.performed == Some(false) && (self.answer.is_some() || self.fields.is_some())
        {
            "`answer` and `fields` change the call's answer: `performed` cannot be false"
        } else if self.delay_ms.is_some_and(|delay_ms| delay_ms > LONGEST_DELAY_MS) {
            "`delay_ms` is more than an hour (3600000)"
        } else {
            return Ok(());
        };
        Err(wrong.to_owned())
    }

    fn delivery(&self) -> Delivery {
        let cut = |at, reset| Delivery::Cut { at, reset };
        match (self.slow_bytes_per_second, self.reset) {
            (Some(rate), _) => Delivery::Slow(rate),
            (_, Some(at)) => cut(at, true),
            _ if self.silent => Delivery::Silent,
            _ if self.close => cut(CutPoint::Before, false),
            _ if self.cut_body => cut(CutPoint::Body, false),
            _ => Delivery::Whole,
        }
    }

    fn action(self) -> Result<Action, String> {
        if let Some(fields) = self.fields {
            return read_fields(&fields).map(Action::With);
        }
        if let Some(tampering) = self.answer {
            return Ok(Action::Tampered(tampering));
        }
        let retry_after = self.retry_after.map(|it| header("retry_after", it)).transpose()?;
        let location = self.location.map(|it| header("location", it)).transpose()?;
        let status = match self.status {
            Some(status) => Some(status_code(status)?),
            None if retry_after.is_some() => Some(StatusCode::TOO_MANY_REQUESTS),
            None if location.is_some() => Some(StatusCode::FOUND),
            None => None,
        };
        let is_error = status.is_some_and(|status| status.as_u16() >= 400);
        let text = match (self.body, self.error, self.details) {
            (Some(body), _, _) => body,
            (None, Some(error), Some(details)) => error_with_details(&error, &details),
            (None, Some(error), None) => error_text(&error),
            (None, None, _) if self.unknown => order_not_found(),
            (None, None, _) if location.is_some() => String::new(),
            (None, None, _) if retry_after.is_some() || is_error => error_text(PAGE_ERROR),
            (None, None, _) => return Ok(Action::Own(status)),
        };
        let mut reply = Reply::text(status.unwrap_or(StatusCode::OK), text);
        for (name, value) in [(RETRY_AFTER, retry_after), (LOCATION, location)] {
            if let Some(value) = value {
                reply = reply.with(name, value);
            }
        }
        Ok(Action::Instead(reply))
    }
}

/// A status from 200 to 599: a 1xx cannot end a call.
fn status_code(status: u16) -> Result<StatusCode, String> {
    StatusCode::from_u16(status)
        .ok()
        .filter(|_| (200..600).contains(&status))
        .ok_or_else(|| format!("`status` {status} is no HTTP status: use one from 200 to 599"))
}

fn header(key: &str, text: String) -> Result<HeaderValue, String> {
    HeaderValue::try_from(text)
        .map_err(|_| format!("`{key}` contains characters that a header cannot contain"))
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
