//! Judging every order of a run, and counting (contract, "Words" and "`run`": totals).

use super::Surroundings;
use crate::domain::mismatch::Mismatch;
use crate::domain::order::Entry;
use crate::domain::payment::{Answer, Asked, Payment, direction};
use crate::domain::run::{Figures, MoneyFigures};
use crate::failure::Failure;
use crate::rules::{self, Case, Judgement, Policy};
use crate::store::{Judged, RunRow, Store, StoredCase};

/// Cases that are in memory at a time.
const PAGE: u32 = 1_000;

/// Judges a run whole: what earlier judgements of it said is forgotten.
pub(super) fn judge(
    store: &mut Store,
    run: &RunRow,
    policy: &Policy,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    let begun = &run.summary;
    let mut judging = store.begin_judging(begun.run_id, begun.day)?;
    let mut figures = Figures { ledger: begun.figures.ledger, ..Figures::default() };
    figures.orders.selected = begun.figures.orders.selected;
    let mut after = 0;
    loop {
        if let Some(signal) = surroundings.interrupt.signal() {
            let message = format!(
                "ended by signal {signal} while the answers were judged; go on with --resume {}",
                begun.run_id
            );
            return Err(Failure::signal(signal, message));
        }
        let cases = judging.cases(after, PAGE)?;
        let Some(last) = cases.last() else { break };
        after = last.order_id;
        let mut page = Vec::with_capacity(cases.len());
        for stored in cases {
            let case = Case {
                entry: Some(&stored.entry),
                asked: &stored.asked,
                shared_with: &stored.shared_with,
                still_open: &[],
                now: run.started_at,
            };
            let judgement = rules::judge(&case, policy);
            count(&mut figures, &stored, &judgement);
            let Judgement { outcome, mismatches, .. } = judgement;
            page.push(Judged { case: stored, outcome, mismatches });
        }
        judging.keep(&page)?;
    }
    figures.open_elsewhere = judging.open_elsewhere()?;
    figures
        .check(&judging.selected_amounts()?)
        .map_err(|imbalance| Failure::bug(imbalance.to_string()))?;
    judging.commit(&figures, (surroundings.now)())?;
    Ok(())
}

fn count(figures: &mut Figures, stored: &StoredCase, judgement: &Judgement) {
    figures.orders.count(judgement.outcome);
    for mismatch in &judgement.mismatches {
        *figures.mismatches.entry(mismatch.kind).or_default() += 1;
    }
    let payment = match &stored.asked {
        Asked::Answered(Answer::Payment(payment)) => Some(payment.as_ref()),
        _ => None,
    };
    let ledger = money(figures, &stored.entry, payment, &stored.entry.currency);
    ledger.orders += 1;
    ledger.ledger_amount.add(stored.entry.amount);
    if let Some(payment) = payment {
        let currency = rules::gateway_currency(Some(&stored.entry), Some(payment));
        let gateway = money(figures, &stored.entry, Some(payment), &currency);
        gateway.gateway_amount.add(payment.amount);
        if let Some(final_amount) = payment.final_amount {
            gateway.final_amount.add(final_amount);
        }
        if let Some(variance) = judgement.variance {
            gateway.variance.add(variance);
        }
    }
    for worst in worst_by_currency(&judgement.mismatches) {
        money(figures, &stored.entry, payment, &worst.currency).at_risk.add(worst.at_risk);
    }
}

fn money<'a>(
    figures: &'a mut Figures,
    entry: &Entry,
    payment: Option<&Payment>,
    currency: &str,
) -> &'a mut MoneyFigures {
    let direction = direction(Some(entry), payment).to_string();
    figures.totals.entry((currency.to_owned(), direction)).or_default()
}

/// An order is at risk once, however many mismatches it has: the largest counts.
fn worst_by_currency(mismatches: &[Mismatch]) -> impl Iterator<Item = &Mismatch> {
    mismatches.iter().enumerate().filter_map(|(index, mismatch)| {
        let same = |other: &Mismatch| other.currency == mismatch.currency;
        let beaten = mismatches.iter().enumerate().any(|(other_index, other)| {
            same(other)
                && (other.at_risk > mismatch.at_risk
                    || (other.at_risk == mismatch.at_risk && other_index < index))
        });
        (!beaten).then_some(mismatch)
    })
}
