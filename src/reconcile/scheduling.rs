//! Which orders a scheduled night asks for (contract, "`run`": `--scheduled`). The others keep
//! their last answer. Nothing but an answer of this night opens or ends a mismatch, so an order
//! that would be judged otherwise than by the run before is asked.

use super::{Context, judging};
use crate::domain::mismatch::Kind;
use crate::domain::payment::Asked;
use crate::failure::Failure;
use crate::rules::Policy;
use crate::rules::schedule::{LastAnswer, Schedule, is_settled};
use crate::settings::Settings;
use crate::store::{Answered, Figures, JudgedRow, Judging, RunRow, Scheduling, THOUSAND};
use std::collections::BTreeMap;

/// What decides which orders are due.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    policy: &'a Policy,
    schedule: &'a Schedule,
}

impl<'a> Terms<'a> {
    pub(super) fn of(settings: &'a Settings) -> Terms<'a> {
        Terms { policy: &settings.policy, schedule: &settings.schedule }
    }
}

/// Takes their answers from the orders of a run that are due. Gives how many orders are to be asked
/// that were not asked yet.
pub(super) fn schedule(
    scheduling: &Scheduling,
    terms: Terms,
    context: &Context,
) -> Result<u64, Failure> {
    let Some(run) = scheduling.run()? else {
        return Err(Failure::bug("the run to schedule is not in the database"));
    };
    let mut after = 0;
    while let Some((last, orders)) = scheduling.answered(after, THOUSAND)? {
        after = last;
        if let Some(signal) = context.interrupt.signal() {
            let what = " while it was decided which orders are due";
            return Err(Failure::signal(signal, what));
        }
        let mut due = Vec::new();
        for order in orders {
            let order_id = order.case.order_id;
            if is_due(&scheduling.judging, order, &run, terms, context)? {
                due.push(order_id);
            }
        }
        scheduling.ask(&due)?;
    }
    scheduling.ask_at_least_one()?;
    Ok(scheduling.to_ask()?)
}

fn is_due(
    judging: &Judging,
    order: Answered,
    run: &RunRow,
    terms: Terms,
    context: &Context,
) -> Result<bool, Failure> {
    let Answered { case, at, times_same, before } = order;
    let judged = judging::as_if_fresh(judging, case, run, terms.policy, context)?;
    let is_seen_otherwise = !judged.events.is_empty()
        || before.is_none_or(|before| {
            (before.outcome, before.findings) != (judged.outcome, findings(&judged.rows))
        });
    let is_settled = match &judged.case.asked {
        Asked::Answered(answer) => is_settled(judged.case.entry.as_ref(), answer, judged.outcome),
        Asked::Unverified { .. } => false,
    };
    let asked_on = at.with_timezone(&terms.policy.zone).date_naive();
    let days_ago = (run.summary.day - asked_on).num_days();
    let last = LastAnswer { days_ago, times_same, is_settled, is_seen_otherwise };
    Ok(terms.schedule.is_due(last))
}

fn findings(rows: &[JudgedRow]) -> BTreeMap<Kind, Figures> {
    let figures = |row: &JudgedRow| {
        let it = &row.mismatch;
        (it.kind, (it.severity, it.variance, it.at_risk, it.currency.clone()))
    };
    rows.iter().map(figures).collect()
}
