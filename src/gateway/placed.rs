//! From an HTTP status and a body to what the gateway made of a new order (gateway page,
//! "Response"; contract, "Mismatches", last paragraph). Pure.

use super::new_order::NewOrder;
use super::reading::{
    Body, Cause, Failure, Reader, failed_by_status, given_text, payment_fields, untrustworthy,
};
use super::wording::refuses_credentials;
use crate::domain::payment::Answer;

/// What the gateway says of an order that it has just taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The payment object as JSON, as [`Answered`](super::Answered) keeps it.
    pub evidence: String,
    /// Where the payer pays, if it is given; a payout has none.
    pub payment_url: Option<String>,
}

/// What one `order/new` brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// A trustworthy success about this very order.
    Placed(Placed),
    /// A documented error under 2xx or 4xx, in these words, fit for people.
    Declined(String),
    /// Neither: what became of the order is not known, unless no connection was made or the
    /// credentials are refused.
    Failed(Failure),
}

impl Reader {
    /// Reads the answer to `order/new`. `body` is whole, or says why it is not.
    pub(super) fn read_new(
        &self,
        order: &NewOrder,
        status: u16,
        body: Result<&[u8], Failure>,
    ) -> Said {
        if let Some(failure) = failed_by_status(status) {
            return Said::Failed(failure);
        }
        let is_success = matches!(status, 200..=299);
        let body = body.and_then(|body| Body::read(body, &self.secrets).map_err(untrustworthy));
        match body {
            Ok(Body::Error(error)) if refuses_credentials(&error) => {
                Said::Failed(self.refused(&error))
            }
            Ok(Body::Error(error)) if is_success || matches!(status, 400..=499) => {
                Said::Declined(self.shown(&error))
            }
            Ok(Body::Success(data)) if is_success => match self.placed(order, &data) {
                Ok(placed) => Said::Placed(placed),
                Err(why) => Said::Failed(untrustworthy(why)),
            },
            Err(failure) if is_success => Said::Failed(failure),
            // A success counts only under 2xx; and a page that says 404 is no documented error.
            _ => Said::Failed(Failure::is_final(
                Cause::Untrustworthy,
                format!("the gateway answered {status}"),
            )),
        }
    }

    /// A success that is about this order, and with its values. Of another amount nobody knows
    /// what the gateway will move.
    fn placed(&self, order: &NewOrder, data: &super::wire::Json) -> Result<Placed, String> {
        let answered = self.payment(order.key(), payment_fields(data))?;
        if let Answer::Payment(payment) = &answered.answer
            && let Some(differences) = order.differs_from(payment)
        {
            return Err(format!("the answer has other values: {differences}"));
        }
        let payment_url = given_text(data, "payment_url")?;
        Ok(Placed { evidence: answered.evidence, payment_url })
    }
}

#[cfg(test)]
#[path = "placed_tests.rs"]
mod tests;
