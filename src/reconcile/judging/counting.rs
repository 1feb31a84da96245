//! What all orders of a run show together: figures, and warnings about the whole.

use crate::domain::decision::Decision;
use crate::domain::mismatch::{Event, EventKind, Kind, Mismatch, Severity, State};
use crate::domain::money::Bucket;
use crate::domain::order::direction;
use crate::domain::payment::{Answer, Asked, OTHER_ORDER};
use crate::domain::run::{Figures, Lives, MoneyFigures, Warning};
use crate::domain::text::printable;
use crate::rules::lifecycle::Known;
use crate::rules::{self, Judgement, Policy};
use crate::store::{JudgedOrder, Shown, StoredCase};
use std::collections::BTreeMap;

/// Whether the ledger has its amounts in minor units (paise) where the gateway has major ones.
#[derive(Default)]
pub(super) struct Units {
    compared: u64,
    hundredths: u64,
}

impl Units {
    pub(super) fn compare(&mut self, case: &StoredCase) {
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
    pub(super) fn warning(&self) -> Option<Warning> {
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
pub(super) struct OtherIds {
    orders: u64,
    others: u64,
    first: Option<String>,
}

impl OtherIds {
    pub(super) fn count(&mut self, case: &StoredCase) {
        self.orders += 1;
        if let Asked::Unverified { why, .. } = &case.asked
            && why.starts_with(OTHER_ORDER)
        {
            self.others += 1;
            let id = case.key.merchant_order_id.as_str();
            self.first.get_or_insert_with(|| format!("asked for \"{}\", {why}", printable(id)));
        }
    }

    pub(super) fn warning(self) -> Option<Warning> {
        let text = format!(
            "the gateway answered about other ids for all {} orders: {}. Write the ids in the \
             ledger as the gateway has them",
            self.orders, self.first?
        );
        (self.others == self.orders).then(|| Warning::new("other_ids", text))
    }
}

/// Counts an order.
pub(super) fn count(
    figures: &mut Figures,
    stored: &StoredCase,
    judgement: &Judgement,
    shown: &[Shown],
) {
    figures.orders.count(judgement.outcome);
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
}

/// Counts the findings of an order, and its money once.
pub(crate) fn count_findings<'a>(
    figures: &mut Figures,
    findings: impl Iterator<Item = (&'a Mismatch, State, &'a Decision)>,
    order: &JudgedOrder,
    policy: &Policy,
) {
    let least = policy.exit_from.unwrap_or(Severity::Low);
    for (mismatch, state, decision) in findings {
        let is_accepted = decision.is_accepted();
        let counted = if is_accepted { &mut figures.accepted } else { &mut figures.mismatches };
        *counted.entry(mismatch.kind).or_default() += 1;
        let is_believed = !is_accepted && state != State::Suspect;
        let counts = is_believed && mismatch.severity <= least;
        figures.findings_for_exit += u64::from(counts);
    }
    figures.accepted_orders += u64::from(order.severity.is_none());
    let key = (order.place.currency.clone(), order.transaction_type.clone());
    if order.place.bucket != Bucket::Information {
        figures.totals.entry(key).or_default().count(order.place.bucket, order.place.amount);
    }
}

/// Counts what ended and what came back.
pub(super) fn count_lives(lives: &mut Lives, events: &[Event], known: &BTreeMap<Kind, Known>) {
    for event in events {
        let Some(before) = known.get(&event.kind) else { continue };
        match event.event {
            EventKind::Resolved => {
                let days = (event.day - before.first_seen).num_days();
                let days = u64::try_from(days).unwrap_or(0);
                *lives.resolved.entry(days).or_default() += 1;
                lives.without_decision += u64::from(before.decision.verdict.is_none());
            }
            EventKind::Reopened => lives.reopened += 1,
            _ => {}
        }
    }
}
