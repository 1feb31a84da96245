//! The lifecycle of a mismatch. Input: what was known before a run, and what the run found.
//! Output: the event to record and the state to report (contract, "The report": `state`;
//! "Decisions": events). Pure: no store, no clock.

mod decisions;
#[cfg(test)]
mod tests;

pub use decisions::{Limits, Now, lapse, taken_over};

use crate::domain::amount::Amount;
use crate::domain::decision::{Basis, Decision, DecisionEventKind, Taken};
use crate::domain::mismatch::{Event, EventKind, Kind, State};
use chrono::NaiveDate;

/// What is known about a mismatch from its events and from the decisions about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The day of the run that saw the mismatch first.
    pub first_seen: NaiveDate,
    /// The day from which the age of its order counts.
    pub since: NaiveDate,
    /// The variance when the mismatch was last seen.
    pub variance: Option<Amount>,
    /// Whether the mismatch is unresolved.
    pub is_open: bool,
    /// What finance says about it. Of a resolved one only the last note is left.
    pub decision: Decision,
    /// What the mismatch showed when it was accepted or proposed.
    pub basis: Option<Basis>,
    /// The money at risk up to which a second person has confirmed the acceptance.
    pub confirmed: Option<Amount>,
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

/// What is known about the mismatch of this kind after these events and decisions of one order.
/// Both are sorted. A decision comes after the event that it rests on. `None`: the mismatch was
/// never seen.
#[must_use]
pub fn known(events: &[Event], decisions: &[Taken], kind: Kind) -> Option<Known> {
    let mut known: Option<Known> = None;
    let mut decisions = decisions.iter().filter(|taken| taken.kind == kind).peekable();
    for event in events.iter().filter(|event| event.kind == kind) {
        let is_before = |taken: &&Taken| (taken.at, taken.run_id) < (event.at, event.run_id);
        while let Some(taken) = decisions.next_if(is_before) {
            decide(known.as_mut(), taken);
        }
        change(&mut known, event);
    }
    for taken in decisions {
        decide(known.as_mut(), taken);
    }
    known
}

fn change(known: &mut Option<Known>, event: &Event) {
    let latest = known.get_or_insert_with(|| Known {
        first_seen: event.day,
        since: event.since.unwrap_or(event.day),
        variance: event.variance,
        is_open: false,
        decision: Decision::default(),
        basis: None,
        confirmed: None,
    });
    latest.is_open = event.event != EventKind::Resolved;
    if latest.is_open {
        latest.variance = event.variance;
    }
    match event.event {
        EventKind::Opened | EventKind::Reopened => {
            latest.decision = event.decision.clone().unwrap_or_default();
        }
        EventKind::Resolved => {
            latest.decision =
                Decision { note: latest.decision.note.clone(), ..Decision::default() };
        }
        EventKind::Lapsed => {
            latest.decision.verdict = None;
            latest.decision.until = None;
        }
        EventKind::Changed => return,
    }
    (latest.basis, latest.confirmed) = (None, None);
}

/// A decision is about a mismatch that is open. It ends with the mismatch.
fn decide(known: Option<&mut Known>, taken: &Taken) {
    let Some(known) = known.filter(|known| known.is_open) else { return };
    known.decision = taken.decision.clone();
    known.confirmed = match taken.event {
        DecisionEventKind::Confirmed => taken.at_risk,
        DecisionEventKind::Decided => known.confirmed,
        _ => None,
    };
    known.basis = match taken.event {
        // Another owner or note is no new look at the figures.
        DecisionEventKind::Decided => known.basis.take().filter(|_| taken.decision.can_lapse()),
        _ => Some(taken.basis.clone()),
    };
}

/// The event that a judgement adds, if anything has changed. Only a trustworthy answer resolves a
/// mismatch. An order that was not queried, or not answered, resolves nothing. `lapses` says
/// whether an acceptance ends.
#[must_use]
pub fn event(before: Option<&Known>, seen: Seen, lapses: bool) -> Option<EventKind> {
    match (before, seen) {
        (None, Seen::Found(_)) => Some(EventKind::Opened),
        (Some(before), Seen::Found(_)) if !before.is_open => Some(EventKind::Reopened),
        (Some(before), Seen::NotFound) if before.is_open => Some(EventKind::Resolved),
        (Some(before), Seen::Found(_) | Seen::Unknown) if before.is_open && lapses => {
            Some(EventKind::Lapsed)
        }
        (Some(before), Seen::Found(variance)) if before.variance != variance => {
            Some(EventKind::Changed)
        }
        _ => None,
    }
}

/// The state that a run reports for a mismatch that it found. The state is `new` during the whole
/// day on which the mismatch was first seen.
#[must_use]
pub fn state(
    before: Option<&Known>,
    variance: Option<Amount>,
    lapses: bool,
    day: NaiveDate,
) -> State {
    match before {
        None => State::New,
        Some(before) if before.first_seen == day => State::New,
        Some(before) if !before.is_open => State::Reopened,
        Some(before) if lapses || before.variance != variance => State::Changed,
        Some(_) => State::Open,
    }
}
