//! Judging every order of a run, and counting (contract, "Words" and "`run`": totals).

use super::Context;
use crate::domain::amount::Amount;
use crate::domain::mismatch::{Event, Kind, Mismatch};
use crate::domain::order::direction;
use crate::domain::payment::{Answer, Asked, OTHER_ORDER};
use crate::domain::run::{Figures, MoneyFigures, Warning};
use crate::domain::text::printable;
use crate::failure::Failure;
use crate::rules::lifecycle::{self, Known, Seen};
use crate::rules::{self, Case, Judgement, Policy};
use crate::store::{Judged, JudgedRow, Judging, RunRow, Shown, Store, StoredCase};
use std::collections::{BTreeMap, BTreeSet};

/// Cases that are in memory at a time.
const PAGE: u32 = 1_000;

/// Judges a run whole: what earlier judgements of it said is forgotten. Gives what all orders
/// together show.
pub(super) fn judge(
    store: &mut Store,
    run: &RunRow,
    policy: &Policy,
    context: &Context,
) -> Result<Vec<Warning>, Failure> {
    let begun = &run.summary;
    let mut judging = store.begin_judging(begun.run_id)?;
    let mut figures = Figures { ledger: begun.figures.ledger, ..Figures::default() };
    figures.orders.selected = begun.figures.orders.selected;
    let mut units = Units::default();
    let mut other_ids = OtherIds::default();
    let mut after = 0;
    loop {
        if let Some(signal) = context.interrupt.signal() {
            let message = format!(
                "ended by signal {signal} while the answers were judged; resume with --resume {}",
                begun.run_id
            );
            return Err(Failure::signal(signal, message));
        }
        let cases = judging.cases(after, PAGE)?;
        let Some(last) = cases.last() else { break };
        after = last.order_id;
        let mut page = Vec::with_capacity(cases.len());
        for case in cases {
            units.compare(&case);
            other_ids.count(&case);
            page.push(judge_order(&judging, case, run, policy, &mut figures)?);
        }
        judging.keep(&page)?;
    }
    figures.open_elsewhere = judging.open_elsewhere()?;
    figures
        .check(&judging.selected_amounts()?)
        .map_err(|imbalance| Failure::bug(imbalance.to_string()))?;
    judging.commit(&figures, (context.now)())?;
    Ok(units.warning().into_iter().chain(other_ids.warning()).collect())
}

/// Whether the ledger has its amounts in minor units (paise) where the gateway has major ones.
#[derive(Default)]
struct Units {
    compared: u64,
    hundredths: u64,
}

impl Units {
    fn compare(&mut self, case: &StoredCase) {
        let (Some(entry), Asked::Answered(Answer::Payment(payment))) = (&case.entry, &case.asked)
        else {
            return;
        };
        if !entry.amount.is_zero() {
            let is_hundredth = payment.amount.micros().checked_mul(100);
            self.compared += 1;
            self.hundredths += u64::from(is_hundredth == Some(entry.amount.micros()));
        }
    }

    /// One order alone may be a wrong amount.
    fn warning(&self) -> Option<Warning> {
        const LEAST: u64 = 2;
        let text = format!(
            "each of the {} answered amounts is a hundredth of the ledger's: does the ledger have \
             minor units, such as paise? Then set [ledger] amount_unit = \"minor\"",
            self.compared
        );
        let is_minor = self.compared >= LEAST && self.hundredths == self.compared;
        is_minor.then(|| Warning::new("minor_units", text))
    }
}

/// Whether the gateway answers about other ids than it was asked for.
#[derive(Default)]
struct OtherIds {
    orders: u64,
    others: u64,
    first: Option<String>,
}

impl OtherIds {
    fn count(&mut self, case: &StoredCase) {
        self.orders += 1;
        if let Asked::Unverified { why, .. } = &case.asked
            && why.starts_with(OTHER_ORDER)
        {
            self.others += 1;
            let id = case.key.merchant_order_id.as_str();
            self.first.get_or_insert_with(|| format!("asked for \"{}\", {why}", printable(id)));
        }
    }

    fn warning(self) -> Option<Warning> {
        let text = format!(
            "the gateway answered about other ids for all {} orders: {}. Write the ids in the \
             ledger as the gateway has them",
            self.orders, self.first?
        );
        (self.others == self.orders).then(|| Warning::new("other_ids", text))
    }
}

/// Judges one order: by the rules, then by what was known of its mismatches before.
fn judge_order(
    judging: &Judging,
    stored: StoredCase,
    run: &RunRow,
    policy: &Policy,
    figures: &mut Figures,
) -> Result<Judged, Failure> {
    let known = known_mismatches(&stored.events);
    let mut shown = Vec::new();
    if matches!(stored.asked, Asked::Unverified { .. }) {
        for kind in known.iter().filter(|(_, it)| it.is_open).map(|(kind, _)| *kind) {
            shown.extend(judging.last_shown(&stored, kind)?);
        }
    }
    let still_open: Vec<Mismatch> = shown.iter().map(|it| it.mismatch.clone()).collect();
    let judgement = rules::judge(
        &Case {
            entry: stored.entry.as_ref(),
            asked: &stored.asked,
            shared_with: &stored.shared_with,
            still_open: &still_open,
            is_new_status: stored.is_new_status,
            ledger_status_since: stored.ledger_status_since,
            now: run.started_at,
        },
        policy,
    );
    count(figures, &stored, &judgement, &shown);
    let Judgement { outcome, mismatches, kept, ignored, .. } = judgement;
    let (run_id, day) = (run.summary.run_id, run.summary.day);
    let mut events = Vec::new();
    let mut record = |kind, seen| {
        let event = lifecycle::event(known.get(&kind), seen).filter(|_| stored.is_latest);
        let variance = if let Seen::Found(variance) = seen { variance } else { None };
        events.extend(event.map(|event| Event {
            kind,
            event,
            at: stored.at,
            run_id,
            day,
            variance,
        }));
    };
    for found in &mismatches {
        record(found.kind, Seen::Found(found.variance));
    }
    let is_answered = matches!(stored.asked, Asked::Answered(_));
    for kind in known.keys().filter(|kind| mismatches.iter().all(|it| it.kind != **kind)) {
        let is_resolved = is_answered && !ignored.contains(kind);
        record(*kind, if is_resolved { Seen::NotFound } else { Seen::Unknown });
    }
    let row = |mismatch: Mismatch, shown: Option<Shown>| {
        let before = known.get(&mismatch.kind);
        let first_seen = before.map_or(day, |before| before.first_seen);
        // What was shown before is no change.
        let variance =
            before.filter(|_| shown.is_some()).map_or(mismatch.variance, |it| it.variance);
        JudgedRow {
            state: lifecycle::state(before, variance, day),
            mismatch,
            first_seen,
            // A run that was resumed late may be of an earlier day than what was seen since.
            open_days: (day - first_seen).num_days().max(0),
            shown,
        }
    };
    let mut rows: Vec<JudgedRow> = mismatches.into_iter().map(|it| row(it, None)).collect();
    for mismatch in kept {
        let shown = shown.iter().find(|shown| shown.mismatch.kind == mismatch.kind).cloned();
        rows.push(row(mismatch, shown));
    }
    Ok(Judged { case: stored, outcome, rows, events })
}

/// What is known of each mismatch after these events.
fn known_mismatches(events: &[Event]) -> BTreeMap<Kind, Known> {
    let kinds: BTreeSet<Kind> = events.iter().map(|event| event.kind).collect();
    let known = |kind| lifecycle::known(events, kind).map(|known| (kind, known));
    kinds.into_iter().filter_map(known).collect()
}

fn count(figures: &mut Figures, stored: &StoredCase, judgement: &Judgement, shown: &[Shown]) {
    figures.orders.count(judgement.outcome);
    let reported = || judgement.mismatches.iter().chain(&judgement.kept);
    for mismatch in reported() {
        *figures.mismatches.entry(mismatch.kind).or_default() += 1;
    }
    let payment = match &stored.asked {
        Asked::Answered(Answer::Payment(payment)) => Some(payment.as_ref()),
        _ => None,
    };
    let entry = stored.entry.as_ref();
    // The money of an unanswered order stays where the answer that showed it had put it.
    let gateway = match payment {
        Some(payment) => payment.transaction_type.as_ref(),
        None => shown.iter().find_map(|shown| shown.transaction_type.as_ref()),
    };
    let direction = direction(entry, gateway).to_string();
    if let Some(entry) = entry {
        *figures.days.entry(entry.created_at.date).or_default() += 1;
    }
    let mut money = |currency: &str, add: &dyn Fn(&mut MoneyFigures)| {
        let key = (currency.to_owned(), direction.clone());
        add(figures.totals.entry(key).or_default());
    };
    if let Some(entry) = entry {
        money(&entry.currency, &|ledger| {
            ledger.orders += 1;
            ledger.ledger_amount.add(entry.amount);
        });
    }
    if let Some(payment) = payment {
        money(&rules::gateway_currency(entry, Some(payment)), &|gateway| {
            gateway.gateway_amount.add(payment.amount);
            if let Some(final_amount) = payment.final_amount {
                gateway.final_amount.add(final_amount);
            }
            if let Some(variance) = judgement.variance {
                gateway.variance.add(variance);
            }
        });
    }
    // An order is at risk once, however many mismatches it has: the largest counts.
    let mut at_risk: BTreeMap<&str, Amount> = BTreeMap::new();
    // An open mismatch of an earlier answer keeps its figure: that the order is unverified tonight
    // puts no more at risk.
    let has_figure = |it: &&Mismatch| it.kind != Kind::Unverified || judgement.kept.is_empty();
    for mismatch in reported().filter(has_figure) {
        let largest = at_risk.entry(&mismatch.currency).or_default();
        *largest = mismatch.at_risk.max(*largest);
    }
    for (currency, amount) in at_risk {
        money(currency, &|money| money.at_risk.add(amount));
    }
}

#[cfg(test)]
#[path = "judging_tests.rs"]
mod tests;
