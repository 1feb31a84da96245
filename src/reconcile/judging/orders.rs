//! The order as a whole: where its money counts, how urgent it is, who acts (contract, "`run`":
//! `totals`; "The report": Work).

use super::since;
use crate::domain::mismatch::{Kind, State, next_step};
use crate::domain::money::Moved;
use crate::domain::order::direction;
use crate::domain::payment::{Answer, Asked};
use crate::rules::lifecycle::Known;
use crate::rules::{self, Policy};
use crate::store::{JudgedOrder, JudgedRow, RunRow, Shown, StoredCase};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Judges the order as a whole. `None`: it has no finding.
pub(super) fn judged(
    stored: &StoredCase,
    rows: &[JudgedRow],
    moved: Moved,
    known: &BTreeMap<Kind, Known>,
    shown: &[Shown],
    run: &RunRow,
    policy: &Policy,
) -> Option<JudgedOrder> {
    // The money of an unanswered order stays where the answer that showed it had put it.
    let is_answered = matches!(stored.asked, Asked::Answered(_));
    let kept = shown.iter().find(|shown| {
        rows.iter().any(|row| row.shown.is_some() && row.mismatch.kind == shown.mismatch.kind)
    });
    let is_verified = is_answered || kept.is_some();
    let moved = match kept {
        Some(kept) => kept.moved.clone().unwrap_or(moved),
        None => moved,
    };
    let findings = || {
        rows.iter().filter(|row| {
            // That the order is unverified tonight puts no more at risk.
            kept.is_none() || row.mismatch.kind != Kind::Unverified
        })
    };
    let finding =
        |row: &JudgedRow| (row.mismatch.kind, row.mismatch.severity, row.decision.is_accepted());
    let place = rules::place(&moved, is_verified, findings().map(finding));
    let mut open: Vec<&JudgedRow> = rows.iter().filter(|row| !row.decision.is_accepted()).collect();
    open.sort_by_key(|row| row.mismatch.severity);
    let mut all: Vec<&JudgedRow> = rows.iter().collect();
    all.sort_by_key(|row| row.mismatch.severity);
    let most_severe = open.first().or(all.first())?;
    let payment = match &stored.asked {
        Asked::Answered(Answer::Payment(payment)) => Some(payment.as_ref()),
        _ => None,
    };
    let entry = stored.entry.as_ref();
    let gateway = match payment {
        Some(payment) => payment.transaction_type.as_ref(),
        None => shown.iter().find_map(|shown| shown.transaction_type.as_ref()),
    };
    let states = if open.is_empty() { &all } else { &open };
    let state = STATES.into_iter().find(|state| states.iter().any(|row| row.state == *state));
    let first_seen = rows.iter().map(|row| row.first_seen).min();
    let since = first_seen.into_iter().fold(since(known, run.summary.day), NaiveDate::min);
    let severity = open.first().map(|row| row.mismatch.severity);
    Some(JudgedOrder {
        place,
        moved,
        is_verified,
        transaction_type: direction(entry, gateway).to_string(),
        severity,
        state: state.unwrap_or(State::Open),
        next_step: next_step(most_severe.mismatch.kind, entry, payment),
        since,
        open_days: (run.summary.day - since).num_days().max(0),
        due: severity.and_then(|severity| policy.due.day(severity, since)),
    })
}

/// What is worth the most attention first.
const STATES: [State; 4] = [State::New, State::Reopened, State::Changed, State::Open];
