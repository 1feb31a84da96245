//! What the replies so far say about the gateway (contract, "Exit codes": 12 and 13 in detail).

use crate::gateway::{Cause, Reply};
use crate::store::Pending;

/// Orders refused before the first answer, or in a row, that end a run.
pub(super) const REFUSALS: u32 = 3;
/// Orders that may fail by 429, 5xx, silence or a broken connection before the first answer: each
/// can be about that one order. One without any connection is enough: it is about the gateway, and
/// its calls alone take up to half a minute.
pub(super) const OUTAGES: u32 = 10;
/// The last of them are asked from the other end of the run.
const ELSEWHERE: u32 = 3;

/// What the replies so far say about the gateway.
#[derive(Default)]
pub(super) struct Course {
    /// The gateway has given a trustworthy answer to this process.
    pub(super) is_answered: bool,
    /// The order that was answered last, by this process or an earlier one of the same run.
    pub(super) last_answered: Option<Pending>,
    pub(super) asked: u32,
    pub(super) refused: u32,
    pub(super) refused_in_a_row: u32,
    pub(super) outages: u32,
    /// A call ended in something else than an outage.
    pub(super) is_reached: bool,
    pub(super) last_failure: String,
}

impl Course {
    pub(super) fn note(&mut self, order: &Pending, reply: &Reply) {
        if reply.is_cut {
            return;
        }
        self.asked = self.asked.saturating_add(1);
        self.is_reached |= !reply.only_outages;
        let Err(failure) = &reply.result else {
            self.is_answered = true;
            self.last_answered = Some(order.clone());
            self.refused_in_a_row = 0;
            return;
        };
        self.last_failure.clone_from(&failure.why);
        if failure.cause == Cause::Refused {
            self.refused = self.refused.saturating_add(1);
            self.refused_in_a_row += 1;
        } else {
            self.refused_in_a_row = 0;
            let weight = if failure.cause == Cause::Unreachable { OUTAGES } else { 1 };
            self.outages = self.outages.saturating_add(weight);
        }
    }

    /// Before the run is given up, a few orders from the other end: it may be only the first that
    /// the gateway cannot answer.
    pub(super) fn looks_elsewhere(&self) -> bool {
        !self.is_answered && self.outages >= OUTAGES - ELSEWHERE
    }
}

pub(super) fn is_refused(reply: &Reply) -> bool {
    reply.result.as_ref().is_err_and(|failure| failure.cause == Cause::Refused)
}
