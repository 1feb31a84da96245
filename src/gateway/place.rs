//! Places a new order, once (gateway page, "Basic parameters"; contract, "Commands").
//!
//! A call that brought no usable answer may have moved money all the same. So an order id is never
//! sent a second time unless `order/get` has said, trustworthily, that the gateway has no such
//! order; and what `order/get` says decides what is reported.

use super::ask::{Asker, Reply};
use super::new_order::NewOrder;
use super::placed::{Placed, Said};
use super::reading::{Answered, Cause, Failure};
use super::retry::{self, Next};
use crate::domain::payment::{Answer, Payment};
use std::sync::atomic::{AtomicBool, Ordering};

/// The gateway has the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// The gateway has taken it and said so.
    Placed(Placed),
    /// The answer to `order/new` was not usable, but `order/get` has this very order.
    Found {
        /// What `order/get` said.
        answered: Answered,
        /// What was wrong with the answer to `order/new`.
        why: String,
    },
}

/// Why it cannot be said that the gateway has the order. All texts are fit for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotPlaced {
    /// The credentials are refused.
    Refused(Failure),
    /// The gateway declined it in these words, and has no such order.
    Declined(String),
    /// The gateway has an order of this id and with these values, which this command has not made.
    Exists {
        /// Why this command's is not it.
        unmade: Unmade,
        /// What the gateway has.
        payment: Box<Payment>,
    },
    /// The gateway has an order of this id with other values.
    Differs {
        /// Which, as a clause.
        differences: String,
        /// `None`: it may be what the gateway has made of this command's order.
        unmade: Option<Unmade>,
    },
    /// No `order/new` brought a usable answer, and the gateway has no such order.
    Absent(Failure),
    /// Nobody knows whether the gateway has the order.
    Unknown {
        /// What `order/new` brought, as a clause.
        new: String,
        /// What `order/get` brought, as a clause.
        get: String,
    },
    /// No connection was ever made: nothing was sent, and nothing is known.
    Unreachable(Failure),
}

/// Why an order that the gateway has is not this command's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmade {
    /// The gateway declined what was sent, in these words.
    Declined(String),
    /// Nothing was sent: no connection was made.
    NotSent(String),
}

/// Whether an order may have left for the gateway: for whoever ends early.
#[derive(Debug, Default)]
pub struct Sends(AtomicBool);

impl Sends {
    /// Whether it may.
    #[must_use]
    pub fn may_have_left(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Why the last send did not do.
#[derive(Debug, Clone)]
enum Setback {
    Declined(String),
    Failed(Failure),
}

impl Setback {
    fn why(&self) -> String {
        match self {
            Setback::Declined(words) => format!("the gateway declined it with \"{words}\""),
            Setback::Failed(failure) => failure.why.clone(),
        }
    }

    /// Whether the order may have been made all the same.
    fn is_ambiguous(&self) -> bool {
        matches!(self, Setback::Failed(failure) if failure.cause != Cause::Unreachable)
    }
}

/// What is known after a send that did not do.
#[derive(Debug, Clone)]
struct Course {
    last: Setback,
    /// What was wrong with the last answer to a send that may have made the order, if one may.
    doubt: Option<String>,
    /// Whether no send found a connection, and no `order/get` came to more than an outage.
    unreachable: bool,
}

impl Asker {
    /// Sends a new order, and asks `order/get` what became of it wherever the answer does not say.
    /// Only where the gateway has no such order, and has not declined it, is it sent again, as
    /// often as the policy lets it. Each send takes a permit; `Retry-After` is honoured. The client
    /// is to be one that hides this order: see [`Client::hiding`](super::Client::hiding).
    ///
    /// # Errors
    /// See [`NotPlaced`].
    pub async fn place(&self, order: &NewOrder, sends: &Sends) -> Result<Placement, NotPlaced> {
        let (mut attempts, mut doubt, mut unreachable) = (0, None, true);
        loop {
            self.pace.permit().await;
            attempts += 1;
            let left_before = sends.0.swap(true, Ordering::SeqCst);
            let last = match self.client.order_new(order).await {
                Said::Placed(placed) => return Ok(Placement::Placed(placed)),
                Said::Failed(failure) if failure.cause == Cause::Refused => {
                    return Err(NotPlaced::Refused(failure));
                }
                Said::Declined(words) => Setback::Declined(words),
                Said::Failed(failure) => Setback::Failed(failure),
            };
            let not_sent = matches!(&last, Setback::Failed(it) if it.cause == Cause::Unreachable);
            if not_sent {
                sends.0.store(left_before, Ordering::SeqCst);
            }
            if let Setback::Failed(Failure { cause: Cause::Overload, retry_after, .. }) = &last {
                self.honour(retry_after.as_deref());
            }
            if last.is_ambiguous() {
                doubt = Some(last.why());
            }
            unreachable &= not_sent;
            // The whole back-off, without jitter: the gateway may still be at work on it, and
            // nobody else comes back at the same time.
            let roll = u32::MAX;
            tracing::debug!(why = last.why(), attempts, "asking what became of the order");
            tokio::time::sleep(retry::backoff(&self.limits, attempts, roll)).await;
            let reply = self.ask(order.key(), None).await;
            unreachable &= reply.only_outages;
            let course = Course { last, doubt: doubt.clone(), unreachable };
            let may_repeat = retry::next(&self.limits, attempts, roll) != Next::Stop;
            match decide(order, course, reply) {
                Err(NotPlaced::Absent(failure)) if may_repeat && self.take_retry() => {
                    tracing::debug!(why = failure.why, attempts, "sending again");
                }
                end => return end,
            }
        }
    }
}

/// What the answer of `order/get` makes of a send that did not do. Pure. Only after
/// [`NotPlaced::Absent`] may the order be sent again.
fn decide(order: &NewOrder, course: Course, reply: Reply) -> Result<Placement, NotPlaced> {
    let Course { last, doubt, unreachable } = course;
    let answered = match reply.result {
        Ok(answered) => answered,
        Err(get) => {
            return Err(match last {
                Setback::Failed(failure) if unreachable => NotPlaced::Unreachable(failure),
                last => NotPlaced::Unknown { new: last.why(), get: get.why },
            });
        }
    };
    let payment = match &answered.answer {
        Answer::Payment(payment) => payment.clone(),
        Answer::Missing(_) => {
            return Err(match last {
                Setback::Declined(words) => NotPlaced::Declined(words),
                Setback::Failed(failure) => NotPlaced::Absent(failure),
            });
        }
    };
    let unmade = match last {
        _ if doubt.is_some() => None,
        Setback::Declined(words) => Some(Unmade::Declined(words)),
        Setback::Failed(failure) => Some(Unmade::NotSent(failure.why)),
    };
    if let Some(differences) = order.differs_from(&payment) {
        return Err(NotPlaced::Differs { differences, unmade });
    }
    match unmade {
        Some(unmade) => Err(NotPlaced::Exists { unmade, payment }),
        None => Ok(Placement::Found { answered, why: doubt.unwrap_or_default() }),
    }
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
