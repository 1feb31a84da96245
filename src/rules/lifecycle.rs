//! The lifecycle of a mismatch. Input: what was known before a run, and what the run found.
//! Output: the event to record and the state to report (contract, "The report": `state`;
//! "Decisions": events). Pure: no store, no clock.

use crate::domain::amount::Amount;
use crate::domain::mismatch::{Event, EventKind, Kind, State};
use chrono::NaiveDate;

/// What is known about a mismatch from its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The day of the run that saw the mismatch first.
    pub first_seen: NaiveDate,
    /// The variance when the mismatch was last seen.
    pub variance: Option<Amount>,
    /// Whether the mismatch is unresolved.
    pub is_open: bool,
}

/// What the judgement of a run shows about a mismatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The mismatch was found, with this variance.
    Found(Option<Amount>),
    /// A trustworthy answer does not show the mismatch.
    NotFound,
    /// There is no trustworthy answer, and the ledger alone does not show the mismatch.
    Unknown,
}

/// What is known about the mismatch of this kind after these events of one order. The events are
/// sorted. `None`: the mismatch was never seen.
#[must_use]
pub fn known(events: &[Event], kind: Kind) -> Option<Known> {
    let mut known: Option<Known> = None;
    for event in events.iter().filter(|event| event.kind == kind) {
        let latest = known.get_or_insert(Known {
            first_seen: event.day,
            variance: event.variance,
            is_open: false,
        });
        latest.is_open = event.event != EventKind::Resolved;
        if latest.is_open {
            latest.variance = event.variance;
        }
    }
    known
}

/// The event that a judgement adds, if anything has changed. Only a trustworthy answer resolves a
/// mismatch. An order that was not queried, or not answered, resolves nothing.
#[must_use]
pub fn event(before: Option<&Known>, seen: Seen) -> Option<EventKind> {
    match (before, seen) {
        (None, Seen::Found(_)) => Some(EventKind::Opened),
        (Some(before), Seen::Found(_)) if !before.is_open => Some(EventKind::Reopened),
        (Some(before), Seen::Found(variance)) if before.variance != variance => {
            Some(EventKind::Changed)
        }
        (Some(before), Seen::NotFound) if before.is_open => Some(EventKind::Resolved),
        _ => None,
    }
}

/// The state that a run reports for a mismatch that it found. The state is `new` during the whole
/// day on which the mismatch was first seen.
#[must_use]
pub fn state(before: Option<&Known>, variance: Option<Amount>, day: NaiveDate) -> State {
    match before {
        None => State::New,
        Some(before) if before.first_seen == day => State::New,
        Some(before) if !before.is_open => State::Reopened,
        Some(before) if before.variance != variance => State::Changed,
        Some(_) => State::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mismatch::EventKind::{Changed, Opened, Reopened, Resolved};
    use chrono::{DateTime, Days};

    fn day(number: u64) -> NaiveDate {
        NaiveDate::default() + Days::new(number)
    }

    fn units(units: i64) -> Amount {
        Amount::from_micros(units * 1_000_000)
    }

    #[test]
    fn the_table_of_events_and_states() {
        let open = Known { first_seen: day(1), variance: Some(units(-10)), is_open: true };
        let resolved = Known { is_open: false, ..open };
        let (same, other) = (Seen::Found(Some(units(-10))), Seen::Found(Some(units(-20))));
        let found_none = Seen::Found(None);
        for (before, seen, recorded, reported) in [
            (None, same, Some(Opened), Some(State::New)),
            (None, Seen::NotFound, None, None),
            (None, Seen::Unknown, None, None),
            (Some(open), same, None, Some(State::Open)),
            (Some(open), other, Some(Changed), Some(State::Changed)),
            (Some(open), found_none, Some(Changed), Some(State::Changed)),
            (Some(open), Seen::NotFound, Some(Resolved), None),
            (Some(open), Seen::Unknown, None, None),
            (Some(resolved), same, Some(Reopened), Some(State::Reopened)),
            (Some(resolved), other, Some(Reopened), Some(State::Reopened)),
            (Some(resolved), Seen::NotFound, None, None),
            (Some(resolved), Seen::Unknown, None, None),
        ] {
            assert_eq!(event(before.as_ref(), seen), recorded, "{before:?} {seen:?}");
            if let (Seen::Found(variance), Some(reported)) = (seen, reported) {
                assert_eq!(state(before.as_ref(), variance, day(2)), reported, "{before:?}");
                assert_eq!(state(before.as_ref(), variance, day(1)), State::New, "{before:?}");
            }
        }
    }

    #[test]
    fn known_state_follows_from_the_events() {
        let kind = Kind::FinalAmountDifference;
        let mut events = Vec::new();
        let mut add = |event, number, variance: Option<i64>| {
            let at = DateTime::UNIX_EPOCH + Days::new(number);
            let variance = variance.map(units);
            let day = day(number);
            events.push(Event { kind, event, at, run_id: 1, day, variance });
            events.push(Event { kind: Kind::Overdue, event: Opened, at, run_id: 1, day, variance });
            known(&events, kind)
        };
        let first_seen = day(1);
        let after = |variance, is_open| {
            Some(Known { first_seen, variance: Some(units(variance)), is_open })
        };
        assert_eq!(add(Opened, 1, Some(-10)), after(-10, true));
        assert_eq!(add(Changed, 2, Some(-20)), after(-20, true));
        assert_eq!(add(Resolved, 3, None), after(-20, false));
        assert_eq!(add(Reopened, 4, Some(-5)), after(-5, true));
        assert_eq!(known(&events, Kind::NotifyFailed), None);
    }
}
