//! When a run stops asking because of what the gateway replies (contract, "Exit codes": 12 and 13
//! in detail). Pure: a tally of the replies, and what follows from it.

use crate::gateway::Cause;

/// Orders refused before the first answer, or in a row, that stop the run.
const REFUSALS: u32 = 3;
/// Orders that may fail by 429, 5xx, silence or a broken connection before the first answer: each
/// can be about that one order. One order without any connection is enough: it is about the
/// gateway, and its calls alone take up to half a minute.
const FAILURES: u32 = 10;
/// The last of these are asked from the other end of the run.
const FROM_THE_END: u32 = 3;

/// What one order's calls came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// A trustworthy answer.
    Answered,
    /// None, for this cause. `only_outages`: every call ended in a connection error, a timeout, 429
    /// or 5xx.
    Failed { cause: Cause, only_outages: bool },
}

/// What the replies to this process say about the gateway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Orders that an earlier process of the same run has answers for.
    answered_before: u64,
    answered: u32,
    asked: u32,
    refused: u32,
    refused_in_a_row: u32,
    failures: u32,
    /// A call ended in something else than an outage.
    is_reached: bool,
}

/// What follows from the tally.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Ask the next order.
    Continue,
    /// Ask again for the order that was answered last: are the credentials at fault, or only the
    /// orders that were refused?
    Probe,
    /// Stop: the gateway refuses the credentials.
    Refused,
    /// Stop: nothing usable came from the gateway, in no process of this run.
    Outage,
    /// Stop: earlier answers are there, but now the gateway cannot be reached.
    Unreachable,
}

impl Tally {
    /// For a run that has so many answers of earlier processes.
    pub(super) fn new(answered_before: u64) -> Tally {
        Tally { answered_before, ..Tally::default() }
    }

    /// Counts one order's reply.
    pub(super) fn add(&mut self, reply: Reply) {
        self.asked = self.asked.saturating_add(1);
        match reply {
            Reply::Answered => {
                self.answered = self.answered.saturating_add(1);
                self.refused_in_a_row = 0;
                self.is_reached = true;
            }
            Reply::Failed { cause, .. } if cause.is_refusal() => {
                self.refused = self.refused.saturating_add(1);
                self.refused_in_a_row = self.refused_in_a_row.saturating_add(1);
                self.is_reached = true;
            }
            Reply::Failed { cause, only_outages } => {
                let weight = if cause == Cause::Unreachable { FAILURES } else { 1 };
                self.failures = self.failures.saturating_add(weight);
                self.refused_in_a_row = 0;
                self.is_reached |= !only_outages;
            }
        }
    }

    /// A probe begins: the refusals so far are explained by its answer.
    pub(super) fn probe_begins(&mut self) {
        self.refused_in_a_row = 0;
    }

    /// Whether this process has had a trustworthy answer. Until then one call is in flight.
    pub(super) fn has_answers(&self) -> bool {
        self.answered > 0
    }

    /// Whether the run has a trustworthy answer, of this process or of an earlier one.
    fn is_answered(&self) -> bool {
        self.answered > 0 || self.answered_before > 0
    }

    /// Whether to ask from the other end of the run: the gateway may fail only for the first
    /// orders.
    pub(super) fn asks_from_the_end(&self) -> bool {
        !self.has_answers() && self.failures >= FAILURES - FROM_THE_END
    }

    /// What follows after each reply.
    pub(super) fn next(&self) -> Next {
        if self.refused_in_a_row >= REFUSALS {
            return self.credentials();
        }
        if !self.is_answered() && self.refused >= REFUSALS {
            return Next::Refused;
        }
        if !self.has_answers() && !self.is_reached && self.failures >= FAILURES {
            return self.outage();
        }
        Next::Continue
    }

    /// What follows once every order was asked, or the deadline came.
    pub(super) fn last(&self) -> Next {
        if self.asked > 0 && self.refused == self.asked {
            self.credentials()
        } else if self.asked == 0 || self.is_answered() || self.is_reached {
            Next::Continue
        } else {
            self.outage()
        }
    }

    /// What follows once calls were too many for so long that it is not waited for any more.
    pub(super) fn quota_used_up(&self) -> Next {
        if self.is_answered() || self.is_reached { Next::Unreachable } else { Next::Outage }
    }

    fn credentials(&self) -> Next {
        if self.is_answered() { Next::Probe } else { Next::Refused }
    }

    fn outage(&self) -> Next {
        if self.answered_before > 0 { Next::Unreachable } else { Next::Outage }
    }
}

#[cfg(test)]
mod tests {
    use super::Next::{Continue, Outage, Probe, Refused, Unreachable};
    use super::*;
    use Reply::{Answered, Failed};

    const REFUSED: Reply = Failed { cause: Cause::Refused, only_outages: false };
    const OVERLOAD: Reply = Failed { cause: Cause::Overload, only_outages: true };
    const UNREACHABLE: Reply = Failed { cause: Cause::Unreachable, only_outages: true };
    /// 503, then an answer that cannot be trusted.
    const MIXED: Reply = Failed { cause: Cause::Overload, only_outages: false };
    const UNTRUSTWORTHY: Reply = Failed { cause: Cause::Untrustworthy, only_outages: false };

    fn tally(answered_before: u64, replies: &[Reply]) -> Tally {
        let mut tally = Tally::new(answered_before);
        for reply in replies {
            tally.add(*reply);
        }
        tally
    }

    fn repeated(reply: Reply, times: usize) -> Vec<Reply> {
        vec![reply; times]
    }

    #[test]
    fn the_table_of_replies() {
        let ten = |reply| repeated(reply, 10);
        let late = |replies: &[Reply]| [&[Answered], replies].concat();
        for (answered_before, replies, next, last) in [
            (0, vec![], Continue, Continue),
            (0, vec![Answered], Continue, Continue),
            // 12: three orders refused before the first answer, or all there are.
            (0, repeated(REFUSED, 1), Continue, Refused),
            (0, repeated(REFUSED, 2), Continue, Refused),
            (0, repeated(REFUSED, 3), Refused, Refused),
            (0, vec![REFUSED, OVERLOAD, REFUSED, OVERLOAD, REFUSED], Refused, Continue),
            (0, vec![REFUSED, UNTRUSTWORTHY], Continue, Continue),
            // Later: three in a row, and then the order that was answered last.
            (0, late(&[REFUSED, REFUSED]), Continue, Continue),
            (0, late(&[REFUSED, REFUSED, REFUSED]), Probe, Continue),
            (0, late(&[REFUSED, REFUSED, OVERLOAD, REFUSED]), Continue, Continue),
            (5, repeated(REFUSED, 2), Continue, Probe),
            (5, repeated(REFUSED, 3), Probe, Probe),
            // 13: every call of every order ended in an outage.
            (0, repeated(OVERLOAD, 9), Continue, Outage),
            (0, ten(OVERLOAD), Outage, Outage),
            (0, vec![UNREACHABLE], Outage, Outage),
            (5, ten(OVERLOAD), Unreachable, Continue),
            (5, vec![UNREACHABLE], Unreachable, Continue),
            (0, ten(MIXED), Continue, Continue),
            (0, ten(UNTRUSTWORTHY), Continue, Continue),
            (0, [repeated(OVERLOAD, 9), vec![UNTRUSTWORTHY]].concat(), Continue, Continue),
            (0, late(&ten(OVERLOAD)), Continue, Continue),
            (0, late(&[UNREACHABLE]), Continue, Continue),
        ] {
            let tally = tally(answered_before, &replies);
            assert_eq!(tally.next(), next, "{answered_before} {replies:?}");
            assert_eq!(tally.last(), last, "{answered_before} {replies:?}");
        }
    }

    #[test]
    fn a_quota_that_is_used_up_ends_the_asking() {
        for (answered_before, replies, next) in [
            (0, vec![], Outage),
            (0, vec![OVERLOAD], Outage),
            (0, vec![UNTRUSTWORTHY], Unreachable),
            (0, vec![Answered], Unreachable),
            (5, vec![], Unreachable),
        ] {
            assert_eq!(tally(answered_before, &replies).quota_used_up(), next, "{replies:?}");
        }
    }

    #[test]
    fn a_probe_starts_the_row_anew() {
        let mut tally = tally(0, &[Answered, REFUSED, REFUSED, REFUSED]);
        tally.probe_begins();
        assert_eq!(tally.next(), Continue);
        tally.add(REFUSED);
        assert_eq!(tally.next(), Continue);
    }

    #[test]
    fn the_last_failures_before_an_outage_come_from_the_other_end() {
        for (failures, from_the_end) in [(0, false), (6, false), (7, true), (9, true)] {
            assert_eq!(tally(0, &repeated(OVERLOAD, failures)).asks_from_the_end(), from_the_end);
        }
        assert!(!tally(0, &[vec![Answered], repeated(OVERLOAD, 9)].concat()).asks_from_the_end());
    }
}
