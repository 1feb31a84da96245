//! From an HTTP status and a body to what the gateway made of a new order (gateway page,
//! "Response"; contract, "Mismatches", last paragraph). Pure.

use super::new_order::NewOrder;
use super::response::{
    Body, CallFailure, Cause, Reader, StatusClass, failed_by_status, optional_text, payment_fields,
    status_class, untrustworthy,
};
use super::wording::{refuses_credentials, speaks_of_existing_order};
use regex::bytes::Regex;
use std::sync::LazyLock;

/// What says "success", in a body that may be no JSON at all.
static SUCCESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)"result"\s*:\s*"success""#).ok());

/// What the gateway says of an order that it has just taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedOrder {
    /// The payment object as JSON, as [`Answered`](crate::domain::payment::Answered) keeps it.
    pub evidence: String,
    /// Where the payer pays, if it is given; a payout has none.
    pub payment_url: Option<String>,
}

/// Why one `order/new` did not do. All texts are fit for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SendFailure {
    /// The gateway says that it has not made it.
    Declined {
        /// How, as a clause.
        why: String,
        /// Whether it is the credentials that it does not take.
        refuses_credentials: bool,
        /// Whether its words speak of an order that is there.
        may_exist: bool,
    },
    /// It says, or may have meant to say, that it has made it, but what it says cannot be trusted.
    Claimed(String),
    /// Neither: what became of the order is not known, unless no connection was made.
    Failed(CallFailure),
}

impl SendFailure {
    /// What came, as a clause.
    pub(super) fn why(&self) -> &str {
        match self {
            SendFailure::Declined { why, .. } | SendFailure::Claimed(why) => why,
            SendFailure::Failed(failure) => &failure.why,
        }
    }

    /// Whether the order may have been made all the same.
    pub(super) fn is_in_doubt(&self) -> bool {
        match self {
            SendFailure::Declined { .. } => false,
            SendFailure::Claimed(_) => true,
            SendFailure::Failed(failure) => failure.cause != Cause::Unreachable,
        }
    }
}

impl Reader {
    /// Reads the answer to `order/new`. `body` is whole, or says why it is not; `came` is what came
    /// of it.
    pub(super) fn read_new(
        &self,
        order: &NewOrder,
        status: u16,
        body: Result<&[u8], CallFailure>,
        came: &[u8],
    ) -> Result<CreatedOrder, SendFailure> {
        match (status_class(status), failed_by_status(status)) {
            // The gateway's other answer to an order that it takes is a redirect.
            (StatusClass::Redirect, Some(failure)) => {
                return Err(SendFailure::Claimed(failure.why));
            }
            (StatusClass::Overload, Some(failure)) => return Err(SendFailure::Failed(failure)),
            _ => {}
        }
        let is_success = status_class(status) == StatusClass::Success;
        let read = body.and_then(|body| Body::read(body, &self.secrets).map_err(untrustworthy));
        let claims = matches!(read, Ok(Body::Success(_))) || claims_success(came);
        let answered = format!("the gateway answered {status}");
        let failure = match read {
            Ok(Body::Error(error)) if matches!(status, 200..=299 | 400..=499) => {
                return Err(self.declined(status, &error));
            }
            Ok(Body::Success(data)) if is_success => match self.placed(order, data) {
                Ok(placed) => return Ok(placed),
                Err(why) => untrustworthy(why),
            },
            Err(failure) if is_success => failure,
            _ if status_class(status) == StatusClass::Refused && !claims => {
                return Err(refused(&answered, false));
            }
            // A success counts only under 2xx; and a page that says 404 is no documented error.
            _ => CallFailure::is_final(Cause::Untrustworthy, answered),
        };
        Err(if claims { SendFailure::Claimed(failure.why) } else { SendFailure::Failed(failure) })
    }

    /// A documented error.
    fn declined(&self, status: u16, error: &str) -> SendFailure {
        let may_exist = speaks_of_existing_order(error);
        if status_class(status) == StatusClass::Refused || refuses_credentials(error) {
            return refused(&self.refused(error).why, may_exist);
        }
        let words = self.shown(error);
        let why = match words.as_str() {
            "" => "the gateway declined it without a word".to_owned(),
            words => format!("the gateway declined it with \"{words}\""),
        };
        SendFailure::Declined { why, refuses_credentials: false, may_exist }
    }

    /// A success that is about this order, and with its values. Of another amount nobody knows
    /// what the gateway will move.
    fn placed(&self, order: &NewOrder, data: super::wire::Json) -> Result<CreatedOrder, String> {
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

/// Whether the body says "success", however little of the rest can be read.
fn claims_success(body: &[u8]) -> bool {
    SUCCESS.as_ref().is_none_or(|success| success.is_match(body))
}

#[cfg(test)]
#[path = "new_order_response_tests.rs"]
mod tests;
