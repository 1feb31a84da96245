//! The order as a whole: where its money counts, how urgent it is, who acts (contract, "`run`":
//! `totals`; "The report": Work).

use super::since;
use crate::domain::mismatch::{Kind, NextStep, ReportRow, Severity, State, next_step};
use crate::domain::money::Moved;
use crate::domain::order::direction;
use crate::domain::payment::{Answer, Asked, Payment};
use crate::rules::lifecycle::Known;
use crate::rules::{self, Case, Counted, Policy};
use crate::store::{JudgedOrder, JudgedRow, Kept, RunRow, Shown, StoredCase};
use chrono::{DateTime, NaiveDate};
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
    let payment = match &stored.asked {
        Asked::Answered(Answer::Payment(payment)) => Some(payment.as_ref()),
        _ => None,
    };
    let entry = stored.entry.as_ref();
    let gateway = match payment {
        Some(payment) => payment.transaction_type.as_ref(),
        None => shown.iter().find_map(|shown| shown.transaction_type.as_ref()),
    };
    let first_seen = rows.iter().map(|row| row.first_seen).min();
    let whole = Whole {
        moved,
        is_verified,
        is_kept: kept.is_some(),
        transaction_type: direction(entry, gateway).to_string(),
        since: first_seen.into_iter().fold(since(known, run.summary.day), NaiveDate::min),
        day: run.summary.day,
    };
    let seen = rows.iter().map(|row| Seen {
        kind: row.mismatch.kind,
        severity: row.mismatch.severity,
        state: row.state,
        is_accepted: row.decision.is_accepted(),
    });
    whole.judged(seen.collect(), |kind| next_step(kind, entry, payment), policy)
}

/// Judges an order as a whole again, from what a run reported of it. `kept` is what the run kept of
/// the order; a run that an earlier release judged kept nothing. The day is the one up to which the
/// order's age counts. `None`: it has no finding.
pub(crate) fn judged_again(
    findings: &[ReportRow],
    kept: Option<&Kept>,
    day: NaiveDate,
    policy: &Policy,
) -> Option<JudgedOrder> {
    let first = findings.first()?;
    let entry = first.entry.as_ref();
    let is_unverified = findings.iter().any(|row| row.mismatch.kind == Kind::Unverified);
    let payment = findings.iter().find_map(|row| row.payment.as_ref());
    // An earlier answer shows the other findings of an order without an answer.
    let is_kept = is_unverified
        && findings.iter().any(|row| {
            row.mismatch.kind != Kind::Unverified
                && (row.last_verified.is_some() || row.payment.is_some())
        });
    let first_seen = findings.iter().map(|row| row.first_seen).min()?;
    let whole = match kept.cloned() {
        Some(Kept { moved, is_verified, transaction_type, since }) => Whole {
            moved,
            is_verified,
            is_kept: is_kept && is_verified,
            transaction_type,
            since: since.min(first_seen),
            day,
        },
        None => Whole {
            moved: moved_again(findings, payment, is_unverified && !is_kept, policy),
            is_verified: is_kept || !is_unverified,
            is_kept,
            transaction_type: {
                let gateway = payment.and_then(|payment| payment.transaction_type.as_ref());
                direction(entry, gateway).to_string()
            },
            since: first_seen,
            day,
        },
    };
    let seen = findings.iter().map(|row| Seen {
        kind: row.mismatch.kind,
        severity: row.mismatch.severity,
        state: row.state,
        is_accepted: row.decision.is_accepted(),
    });
    let answered = payment.filter(|_| !is_unverified);
    whole.judged(seen.collect(), |kind| next_step(kind, entry, answered), policy)
}

/// What moved, from the entry and the payment that a run reported.
fn moved_again(
    findings: &[ReportRow],
    payment: Option<&Payment>,
    is_unanswered: bool,
    policy: &Policy,
) -> Moved {
    let asked = match payment {
        Some(payment) => Asked::Answered(Answer::Payment(Box::new(payment.clone()))),
        None if is_unanswered => Asked::Unverified { why: String::new(), tries: 0 },
        None => Asked::Answered(Answer::Missing(String::new())),
    };
    let case = Case {
        entry: findings.iter().find_map(|row| row.entry.as_ref()),
        asked: &asked,
        shared_with: &[],
        // Which of the orders came first was not kept: none of them, so that no money is left out.
        is_first_of_payment: false,
        still_open: &[],
        is_new_status: false,
        ledger_status_since: None,
        // The place does not depend on the age.
        now: DateTime::UNIX_EPOCH,
    };
    rules::moved(&case, policy)
}

/// A finding, as far as the order as a whole depends on it.
struct Seen {
    kind: Kind,
    severity: Severity,
    state: State,
    is_accepted: bool,
}

/// What the order as a whole depends on beside its findings.
struct Whole {
    moved: Moved,
    is_verified: bool,
    /// Whether an earlier answer shows the findings of an order that has no answer now.
    is_kept: bool,
    transaction_type: String,
    since: NaiveDate,
    day: NaiveDate,
}

impl Whole {
    fn judged(
        self,
        mut seen: Vec<Seen>,
        next_step: impl Fn(Kind) -> NextStep,
        policy: &Policy,
    ) -> Option<JudgedOrder> {
        let Whole { moved, is_verified, is_kept, transaction_type, since, day } = self;
        // That the order is unverified tonight puts no more at risk.
        let counted = seen.iter().filter(|it| !is_kept || it.kind != Kind::Unverified);
        let counted = counted.map(|it| Counted {
            kind: it.kind,
            severity: it.severity,
            is_accepted: it.is_accepted,
            is_suspect: it.state == State::Suspect,
        });
        let place = rules::place(&moved, is_verified, counted);
        seen.sort_by_key(|it| it.severity);
        let open: Vec<&Seen> = seen.iter().filter(|it| !it.is_accepted).collect();
        let most_severe = open.first().copied().or(seen.first())?;
        let has = |state| {
            if open.is_empty() {
                seen.iter().any(|it| it.state == state)
            } else {
                open.iter().any(|it| it.state == state)
            }
        };
        let severity = open.first().map(|it| it.severity);
        Some(JudgedOrder {
            place,
            moved,
            is_verified,
            transaction_type,
            severity,
            state: STATES.into_iter().find(|state| has(*state)).unwrap_or(State::Open),
            next_step: match most_severe.state {
                State::Suspect => NextStep::Operator,
                _ => next_step(most_severe.kind),
            },
            since,
            open_days: (day - since).num_days().max(0),
            due: severity.and_then(|severity| policy.due.day(severity, since)),
        })
    }
}

/// What is worth the most attention first.
const STATES: [State; 5] =
    [State::New, State::Reopened, State::Changed, State::Open, State::Suspect];
