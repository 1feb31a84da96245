//! Validates a response to `order/new`: from an HTTP status and a body to the created order, or to
//! the reason why there is none (gateway page, "Response"; contract, "Mismatches", last paragraph).
//! Pure.

use super::call_failure::{CallFailure, Cause};
use super::new_order::NewOrder;
use super::response::{
    Body, Reader, StatusClass, failure_by_status, optional_text, payment_fields, status_class,
    untrustworthy,
};
use super::wording::{refuses_credentials, speaks_of_existing_order};
use regex::bytes::Regex;
use std::sync::LazyLock;

/// A success, in a body that may not be valid JSON.
static SUCCESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)"result"\s*:\s*"success""#).ok());

/// An order that the gateway has accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedOrder {
    /// The payment object as JSON, as in [`Answered`](crate::domain::payment::Answered).
    pub evidence: String,
    /// The URL where the payer pays, if the gateway gives one; a payout has none.
    pub payment_url: Option<String>,
}

/// Why one `order/new` has no usable success. All texts are clean and for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SendFailure {
    /// The gateway says that it has not created the order.
    Declined {
        /// The reason, as a clause.
        why: String,
        /// Whether the reason is the credentials.
        refuses_credentials: bool,
        /// Whether its text speaks of an existing order.
        may_exist: bool,
    },
    /// The response says, or can mean, that the order was created, but is not trustworthy.
    Unclear(String),
    /// Neither. Unless there was no connection, it is not known whether the order was created.
    Failed(CallFailure),
}

impl SendFailure {
    /// The reason, as a clause.
    pub(super) fn why(&self) -> &str {
        match self {
            SendFailure::Declined { why, .. } | SendFailure::Unclear(why) => why,
            SendFailure::Failed(failure) => &failure.why,
        }
    }

    /// Whether the order can have been created.
    pub(super) fn is_in_doubt(&self) -> bool {
        match self {
            SendFailure::Declined { .. } => false,
            SendFailure::Unclear(_) => true,
            SendFailure::Failed(failure) => failure.cause != Cause::Unreachable,
        }
    }
}

impl Reader {
    /// Validates the response to `order/new`. `body` is the complete body, or why it is not
    /// complete; `received` is the received part of it.
    pub(super) fn read_new(
        &self,
        order: &NewOrder,
        status: u16,
        body: Result<&[u8], CallFailure>,
        received: &[u8],
    ) -> Result<CreatedOrder, SendFailure> {
        match (status_class(status), failure_by_status(status)) {
            // A redirect is the gateway's other response to an order that it accepts.
            (StatusClass::Redirect, Some(failure)) => {
                return Err(SendFailure::Unclear(failure.why));
            }
            (StatusClass::Overload | StatusClass::TooManyRequests, Some(failure)) => {
                return Err(SendFailure::Failed(failure));
            }
            _ => {}
        }
        let is_success = status_class(status) == StatusClass::Success;
        let read = body.and_then(|body| self.body(body));
        let may_be_created = matches!(read, Ok(Body::Success(_))) || mentions_success(received);
        let answered = format!("the gateway answered {status}");
        let failure = match read {
            Ok(Body::Error(error)) if matches!(status, 200..=299 | 400..=499) => {
                return Err(self.declined(status, &error));
            }
            Ok(Body::Success(data)) if is_success => match self.created(order, data) {
                Ok(created) => return Ok(created),
                Err(why) => untrustworthy(why),
            },
            Err(failure) if is_success => failure,
            _ if status_class(status) == StatusClass::Refused && !may_be_created => {
                return Err(refused(&answered, false));
            }
            // A success counts only under 2xx, and an HTML page under 404 is no documented error.
            _ => CallFailure::is_final(Cause::Untrustworthy, answered),
        };
        Err(if may_be_created {
            SendFailure::Unclear(failure.why)
        } else {
            SendFailure::Failed(failure)
        })
    }

    /// The failure of a documented error.
    fn declined(&self, status: u16, error: &str) -> SendFailure {
        let may_exist = speaks_of_existing_order(error);
        if status_class(status) == StatusClass::Refused || refuses_credentials(error) {
            return refused(&self.refused(error).why, may_exist);
        }
        let text = self.shown(error);
        let why = match text.as_str() {
            "" => "the gateway declined it without a reason".to_owned(),
            text => format!("the gateway declined it with \"{text}\""),
        };
        SendFailure::Declined { why, refuses_credentials: false, may_exist }
    }

    /// The created order of a success, which must have this order's id and values. With another
    /// amount it is not known how much the gateway will move.
    fn created(&self, order: &NewOrder, data: super::wire::Json) -> Result<CreatedOrder, String> {
        let payment_url = optional_text(&data, "payment_url");
        let answered =
            self.payment(order.key(), payment_fields(data)).map_err(|failure| failure.why)?;
        if let Some(differences) = order.differs_from(&answered) {
            return Err(format!("the answer has other values: {differences}"));
        }
        Ok(CreatedOrder { evidence: answered.evidence, payment_url: payment_url? })
    }
}

fn refused(why: &str, may_exist: bool) -> SendFailure {
    let why = format!("the gateway refuses the credentials ({why})");
    SendFailure::Declined { why, refuses_credentials: true, may_exist }
}

/// Whether the body contains a success, even if the rest of it is damaged.
fn mentions_success(body: &[u8]) -> bool {
    SUCCESS.as_ref().is_none_or(|success| success.is_match(body))
}

#[cfg(test)]
#[path = "new_order_response_tests.rs"]
mod tests;
