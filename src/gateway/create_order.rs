//! Places a new order, once (gateway page, "Basic parameters"; contract, "Commands").
//!
//! A call that brought no usable answer may have moved money all the same. So an order id is never
//! sent a second time unless `order/get` has said, trustworthily, that the gateway has no such
//! order; nor after an answer that takes the order or declines it. What `order/get` says decides
//! what is reported: a decline only if nothing speaks against it.

use super::ask::Asker;
use super::new_order::NewOrder;
use super::new_order_response::{CreatedOrder, SendFailure};
use super::response::{CallFailure, Cause};
use super::retry::{self, Next};
use crate::domain::payment::{Answer, Answered, Payment};
use std::sync::atomic::{AtomicBool, Ordering};

/// The gateway has the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// The gateway has taken it and said so.
    Confirmed(CreatedOrder),
    /// The answer to `order/new` was not usable, but `order/get` has this very order.
    Found {
        /// What `order/get` said.
        answered: Answered,
        /// What `order/new` brought, as a clause.
        new: String,
    },
}

/// Why it cannot be said that the gateway has the order. All texts are fit for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotCreated {
    /// The credentials are refused, and nothing is in doubt.
    Refused(CallFailure),
    /// The gateway declined it, as this clause says, and has no such order; nothing is in doubt.
    Declined(String),
    /// The gateway has an order of this id, and it cannot be said that this command made it so.
    Exists {
        /// What `order/new` brought.
        new: String,
        /// Whether this command sent anything.
        sent: bool,
        /// What the gateway has.
        payment: Box<Payment>,
        /// On what that differs from what was to be sent, as a clause.
        differences: Option<String>,
    },
    /// No `order/new` brought a usable answer, and the gateway has no such order.
    Absent {
        /// What `order/new` brought.
        new: String,
        /// Whether all of it was outages.
        only_outages: bool,
    },
    /// Nobody knows whether the gateway has the order.
    Unknown {
        /// What `order/new` brought.
        new: String,
        /// What `order/get` brought, as a clause.
        get: String,
    },
    /// No connection was ever made: nothing was sent, and nothing is known.
    Unreachable(CallFailure),
}

/// Whether an order may have left for the gateway: for whoever ends early.
#[derive(Debug, Default)]
pub struct SendState(AtomicBool);

impl SendState {
    /// Whether it may.
    #[must_use]
    pub fn may_have_been_sent(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Asker {
    /// Sends a new order, and asks `order/get` what became of it wherever the answer does not say.
    /// Only where the gateway has no such order, and has neither declined nor taken it, is it sent
    /// again, as often as the policy lets it. Each send takes a permit; `Retry-After` is honoured.
    /// The client is to be one that hides this order: see
    /// [`Client::redacting`](super::Client::redacting).
    ///
    /// # Errors
    /// See [`NotCreated`].
    pub async fn create_order(
        &self,
        order: &NewOrder,
        sends: &SendState,
    ) -> Result<Creation, NotCreated> {
        let (mut attempts, mut failures) = (0, Vec::new());
        loop {
            self.pace.permit().await;
            attempts += 1;
            let left_before = sends.0.swap(true, Ordering::SeqCst);
            let failure = match self.client.order_new(order).await {
                Ok(placed) => return Ok(Creation::Confirmed(placed)),
                Err(failure) => failure,
            };
            match &failure {
                SendFailure::Failed(CallFailure { cause: Cause::Unreachable, .. }) => {
                    sends.0.store(left_before, Ordering::SeqCst);
                }
                SendFailure::Failed(CallFailure {
                    cause: Cause::Overload, retry_after, ..
                }) => {
                    self.apply_retry_after(retry_after.as_deref());
                }
                _ => {}
            }
            // The whole back-off, without jitter: the gateway may still be at work on it, and
            // nobody else comes back at the same time.
            let roll = u32::MAX;
            tracing::debug!(why = failure.why(), attempts, "asking what became of the order");
            failures.push(failure);
            tokio::time::sleep(retry::backoff(&self.limits, attempts, roll)).await;
            let said = self.ask(order.key(), None).await.result;
            let may_repeat = retry::next(&self.limits, attempts, roll) != Next::Stop;
            match decide(order, &failures, said) {
                Err(NotCreated::Absent { new, .. }) if may_repeat && self.use_retry() => {
                    tracing::debug!(why = new, attempts, "sending again");
                }
                end => return end,
            }
        }
    }
}

/// What `order/get` makes of sends that did not do. Pure. Only after [`NotCreated::Absent`] may the
/// order be sent again.
fn decide(
    order: &NewOrder,
    failures: &[SendFailure],
    said: Result<Answered, CallFailure>,
) -> Result<Creation, NotCreated> {
    let new = told(failures);
    let in_doubt = failures.iter().any(SendFailure::is_in_doubt);
    let is = |kind: fn(&SendFailure) -> bool| failures.last().is_some_and(kind);
    let has_failed = is(|last| matches!(last, SendFailure::Failed(_)));
    let sent = in_doubt || !has_failed;
    let answered = match said {
        Ok(answered) => answered,
        Err(get) => {
            let refused = !sent
                || is(|last| {
                    matches!(last, SendFailure::Declined { refuses_credentials: true, .. })
                });
            return Err(match get.cause {
                Cause::Refused if refused && !in_doubt => NotCreated::Refused(get),
                cause if cause.is_outage() && !sent => NotCreated::Unreachable(get),
                _ => NotCreated::Unknown { new, get: get.why },
            });
        }
    };
    let Answer::Payment(payment) = &answered.answer else {
        let is_clear = is(|last| matches!(last, SendFailure::Declined { may_exist: false, .. }));
        return Err(if has_failed {
            NotCreated::Absent { new, only_outages: failures.iter().all(is_outage) }
        } else if is_clear && !in_doubt {
            NotCreated::Declined(new)
        } else {
            // One of the two is wrong, or late.
            let get = "the gateway says that it has no such order".to_owned();
            NotCreated::Unknown { new, get }
        });
    };
    match order.differs_from(&answered) {
        None if in_doubt => Ok(Creation::Found { answered, new }),
        differences => Err(NotCreated::Exists { new, sent, payment: payment.clone(), differences }),
    }
}

/// What the sends brought, as a clause: an early doubt is not hidden by what came last.
fn told(failures: &[SendFailure]) -> String {
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
