//! Creates an order, once (gateway page, "Basic parameters"; contract, "Commands").
//!
//! A call without a usable response can have moved money. So an order is sent again only after a
//! trustworthy answer to `order/get` that the gateway has no such order, and never after a response
//! to `order/new` that accepts or declines it. `order/get` decides the result: an order counts as
//! declined only if no answer contradicts that.

use super::ask::Asker;
use super::call_failure::{CallFailure, Cause};
use super::new_order::NewOrder;
use super::new_order_response::{CreatedOrder, SendFailure};
use super::retry::{self, Next};
use crate::domain::payment::{Answer, Answered, Payment};
use std::sync::atomic::{AtomicBool, Ordering};

/// The gateway has the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// The gateway accepted the order, and its response says so.
    Confirmed(CreatedOrder),
    /// The response to `order/new` was not usable, but `order/get` has an order with the same
    /// values.
    Found {
        /// The answer to `order/get`.
        answered: Answered,
        /// The failure of `order/new`, as a clause.
        new: String,
    },
}

/// Why the order does not count as created. All texts are clean and for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotCreated {
    /// The gateway refuses the credentials, and has not created the order.
    Refused(CallFailure),
    /// The gateway declined the order, with this clause, and has no such order.
    Declined(String),
    /// The gateway has an order with this id, and it is not known that this command created it.
    Exists {
        /// The failure of `order/new`, as a clause.
        new: String,
        /// Whether this command can have sent the order.
        sent: bool,
        /// The gateway's order.
        payment: Box<Payment>,
        /// How that differs from the order to create, as a clause.
        differences: Option<String>,
    },
    /// No `order/new` had a usable response, and the gateway has no such order.
    Absent {
        /// The failure of `order/new`, as a clause.
        new: String,
        /// Whether every `order/new` ended in an outage.
        only_outages: bool,
    },
    /// It is not known whether the gateway has the order.
    Unknown {
        /// The failure of `order/new`, as a clause.
        new: String,
        /// The failure or the answer of `order/get`, as a clause.
        get: String,
    },
    /// There was no connection: nothing was sent. Whether the gateway has the order is not known.
    Unreachable(CallFailure),
}

/// Whether an order can have been sent. Read when a signal ends the command early.
#[derive(Debug, Default)]
pub struct SendState(AtomicBool);

impl SendState {
    /// Whether the order can have been sent.
    #[must_use]
    pub(crate) fn may_have_been_sent(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Asker {
    /// Sends a new order, and queries it with `order/get` if the response is not a clear success.
    /// The order is sent again only if the gateway has no such order and has neither accepted nor
    /// declined it, within the retry policy. Each send needs a permit, and `Retry-After` is
    /// followed. The client must redact this order:
    /// `Client::redacting`.
    ///
    /// # Errors
    /// [`NotCreated`]: the order does not count as created.
    pub async fn create_order(
        &self,
        order: &NewOrder,
        sends: &SendState,
    ) -> Result<Creation, NotCreated> {
        let (mut attempts, mut failures) = (0, Vec::new());
        loop {
            let begun = self.allowance.pace.permit().await;
            attempts += 1;
            let sent_before = sends.0.swap(true, Ordering::SeqCst);
            let failure = match self.client.order_new(order).await {
                Ok(created) => {
                    self.allowance.note_passed(begun);
                    return Ok(Creation::Confirmed(created));
                }
                Err(failure) => failure,
            };
            match &failure {
                SendFailure::Failed(failure) => {
                    if failure.cause == Cause::Unreachable {
                        sends.0.store(sent_before, Ordering::SeqCst);
                    }
                    self.allowance.note_failure(failure, begun, (self.now)());
                }
                _ => self.allowance.note_passed(begun),
            }
            // The full back-off, without jitter: the gateway can still be creating the order, and
            // no other order is retried at the same time.
            let roll = u32::MAX;
            tracing::debug!(
                why = failure.why(),
                attempts,
                "querying the order after a failed order/new"
            );
            failures.push(failure);
            tokio::time::sleep(retry::backoff(&self.allowance.limits, attempts, roll)).await;
            let answer = self.ask(order.key(), None).await.result;
            let may_send_again = retry::next(&self.allowance.limits, attempts, roll) != Next::Stop;
            match decide(order, &failures, answer) {
                Err(NotCreated::Absent { new, .. })
                    if may_send_again && self.allowance.use_retry() =>
                {
                    tracing::debug!(why = new, attempts, "sending again");
                }
                end => return end,
            }
        }
    }
}

/// The result of failed sends and the answer to `order/get` after them. Pure. Only after
/// [`NotCreated::Absent`] may the order be sent again.
fn decide(
    order: &NewOrder,
    failures: &[SendFailure],
    answer: Result<Answered, CallFailure>,
) -> Result<Creation, NotCreated> {
    let new = describe(failures);
    let in_doubt = failures.iter().any(SendFailure::is_in_doubt);
    let last_is = |kind: fn(&SendFailure) -> bool| failures.last().is_some_and(kind);
    let has_failed = last_is(|last| matches!(last, SendFailure::Failed(_)));
    let sent = in_doubt || !has_failed;
    let answered = match answer {
        Ok(answered) => answered,
        Err(get) => {
            let refused = !sent
                || last_is(|last| {
                    matches!(last, SendFailure::Declined { refuses_credentials: true, .. })
                });
            return Err(match get.cause {
                cause if cause.is_refusal() && refused && !in_doubt => NotCreated::Refused(get),
                cause if cause.is_outage() && !sent => NotCreated::Unreachable(get),
                _ => NotCreated::Unknown { new, get: get.why },
            });
        }
    };
    let Answer::Payment(payment) = &answered.answer else {
        let is_clear =
            last_is(|last| matches!(last, SendFailure::Declined { may_exist: false, .. }));
        return Err(if has_failed {
            NotCreated::Absent { new, only_outages: failures.iter().all(is_outage) }
        } else if is_clear && !in_doubt {
            NotCreated::Declined(new)
        } else {
            // One of the two responses is wrong, or outdated.
            let get = "the gateway says that it has no such order".to_owned();
            NotCreated::Unknown { new, get }
        });
    };
    match order.differs_from(&answered) {
        None if in_doubt => Ok(Creation::Found { answered, new }),
        differences => Err(NotCreated::Exists { new, sent, payment: payment.clone(), differences }),
    }
}

/// The failures of the sends, as a clause. Every different failure is named: an earlier one can be
/// the reason for the doubt.
fn describe(failures: &[SendFailure]) -> String {
    let mut whys: Vec<&str> = failures.iter().map(SendFailure::why).collect();
    whys.dedup();
    let first = if whys.len() > 1 { "first " } else { "" };
    format!("{first}{}", whys.join(", then "))
}

fn is_outage(failure: &SendFailure) -> bool {
    matches!(failure, SendFailure::Failed(failure) if failure.cause.is_outage())
}

#[cfg(test)]
#[path = "create_order_tests.rs"]
mod tests;
