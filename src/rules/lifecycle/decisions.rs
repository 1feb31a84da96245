//! What a run does to decisions: an acceptance lapses, and a new finding takes over what was said
//! about the order (contract, "Decisions").

use super::Known;
use crate::domain::amount::Amount;
use crate::domain::decision::{Basis, Decision, Verdict};
use crate::domain::mismatch::Kind;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// `[policy.accept] up_to`: the money at risk up to which one person accepts, by currency. A
/// currency without an entry has no limit.
pub type Limits = BTreeMap<String, Amount>;

/// What a run shows of a mismatch that is open.
#[derive(Debug, Clone, Copy)]
pub struct Now<'a> {
    /// The run's day.
    pub day: NaiveDate,
    /// What the mismatch shows now. `None`: without a trustworthy answer, that is not known.
    pub basis: Option<&'a Basis>,
    /// The money at risk, and its currency.
    pub at_risk: (Amount, &'a str),
}

/// Whether the acceptance of a mismatch ends, and why, as a sentence.
#[must_use]
pub fn lapse(kind: Kind, before: &Known, now: Now, limits: &Limits) -> Option<String> {
    let is_accepted = before.decision.is_accepted();
    if !before.is_open || !before.decision.can_lapse() {
        return None;
    }
    let what = if is_accepted { "acceptance" } else { "proposal to accept it" };
    let why = expired(before, now.day)
        .or_else(|| {
            before.basis.as_ref().zip(now.basis).and_then(|(then, now)| changed(kind, then, now))
        })
        .or_else(|| {
            let (amount, currency) = now.at_risk;
            let limit = limits.get(currency).filter(|limit| is_accepted && amount > **limit)?;
            match before.confirmed {
                Some(confirmed) if amount <= confirmed => None,
                Some(confirmed) => Some(format!(
                    "{amount} {currency} is more than the {confirmed} that were confirmed"
                )),
                None => Some(format!("{amount} {currency} is above the limit of {limit}")),
            }
        })?;
    Some(format!("The {what} lapsed: {why}."))
}

fn expired(before: &Known, day: NaiveDate) -> Option<String> {
    let until = before.decision.until.filter(|until| day > *until)?;
    Some(format!("it was until {until}"))
}

/// What has changed since it was accepted. Of an order without an answer only the ledger says
/// anything.
fn changed(kind: Kind, then: &Basis, now: &Basis) -> Option<String> {
    let word = |word: &str| if word.is_empty() { "none".to_owned() } else { word.to_owned() };
    let differs = |what: &str, then: &str, now: &str| {
        (then != now).then(|| format!("the {what} was {}, it is {}", word(then), word(now)))
    };
    let ledgers = || {
        differs("currency", &then.currency, &now.currency)
            .or_else(|| differs("ledger's status", &then.ledger_status, &now.ledger_status))
    };
    if kind == Kind::Unverified {
        return ledgers();
    }
    let accounting = match kind {
        Kind::AccountingFailed | Kind::AccountingPending | Kind::UnknownStatus => true,
        _ => now.accounting_status == "failed",
    };
    let notify = matches!(kind, Kind::NotifyFailed | Kind::UnknownStatus);
    let accounting = accounting
        .then(|| differs("accounting status", &then.accounting_status, &now.accounting_status));
    let notify = notify.then(|| differs("notify status", &then.notify_status, &now.notify_status));
    ledgers()
        .or_else(|| {
            let amount = |it: Option<Amount>| it.map(|it| it.to_string()).unwrap_or_default();
            let (was, is) = (then.variance, now.variance);
            (!is_nearer(was, is)).then(|| differs("variance", &amount(was), &amount(is)))?
        })
        .or_else(|| differs("payment status", &then.payment_status, &now.payment_status))
        .or_else(|| accounting.flatten())
        .or_else(|| notify.flatten())
}

/// Whether the variance came nearer to zero with the same sign: less than what was accepted.
fn is_nearer(then: Option<Amount>, now: Option<Amount>) -> bool {
    match (then, now) {
        (Some(then), Some(now)) => {
            then.is_negative() == now.is_negative() && now.abs() <= then.abs()
        }
        (None, None) => true,
        _ => false,
    }
}

/// What a finding that is new on an order takes over from the order's open ones: owner, note, and
/// `with_gateway` or `to_correct`, never an acceptance. `open` comes with the most urgent first.
#[must_use]
pub fn taken_over<'a>(open: impl Iterator<Item = &'a Known>) -> Option<Decision> {
    let carried = |known: &Known| {
        let verdict = known
            .decision
            .verdict
            .filter(|it| matches!(it, Verdict::WithGateway | Verdict::ToCorrect));
        let until = known.decision.until.filter(|_| verdict.is_some());
        let Decision { owner, note, .. } = known.decision.clone();
        Decision { verdict, until, owner, note }
    };
    open.map(carried).find(|decision| !decision.is_empty())
}
