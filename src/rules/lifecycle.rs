//! The life of a mismatch: what was known of it before a run's answer, and what the answer shows,
//! to the event that is recorded and the state that is reported (contract, "The report": `state`;
//! "Decisions": events). Pure: no store, no clock.

use crate::domain::amount::Amount;
use crate::domain::mismatch::{Event, EventKind, Kind, State};
use chrono::NaiveDate;

/// How a mismatch stood at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The day of the run that saw it first.
    pub first_seen: NaiveDate,
    /// Its variance when it was seen last.
    pub variance: Option<Amount>,
    /// Whether it was not resolved.
    pub is_open: bool,
}

/// What a run's judgement shows of a mismatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It was found, with this variance.
    Found(Option<Amount>),
    /// A trustworthy answer no longer shows it.
    NotFound,
    /// There was no trustworthy answer, and the ledger alone does not show it.
    Unknown,
}

/// How a mismatch of this kind stands after these events of one order, which are in their order.
/// `None`: it was never seen.
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
/// mismatch: not being asked or not being answered ends nothing.
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

/// The state that a run reports of a mismatch that it found: `new` for all of the day on which it
/// was first seen.
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

    fn variance(units: i64) -> Option<Amount> {
        Some(Amount::from_micros(units * 1_000_000))
    }

    #[test]
    fn the_table_of_events_and_states() {
        let open = Known { first_seen: day(1), variance: variance(-10), is_open: true };
        let resolved = Known { is_open: false, ..open };
        let (same, other) = (Seen::Found(variance(-10)), Seen::Found(variance(-20)));
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
        let mut add = |event, number, units: Option<i64>| {
            let at = DateTime::UNIX_EPOCH + Days::new(number);
            let variance = units.and_then(variance);
            let day = day(number);
            events.push(Event { kind, event, at, run_id: 1, day, variance });
            events.push(Event { kind: Kind::Overdue, event: Opened, at, run_id: 1, day, variance });
            known(&events, kind)
        };
        let first_seen = day(1);
        let after = |units, is_open| Some(Known { first_seen, variance: variance(units), is_open });
        assert_eq!(add(Opened, 1, Some(-10)), after(-10, true));
        assert_eq!(add(Changed, 2, Some(-20)), after(-20, true));
        assert_eq!(add(Resolved, 3, None), after(-20, false));
        assert_eq!(add(Reopened, 4, Some(-5)), after(-5, true));
        assert_eq!(known(&events, Kind::NotifyFailed), None);
    }
}
