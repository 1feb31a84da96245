//! The rules that compare money: final amounts, ledger amounts and currencies.

use super::{Case, Policy, Ruling, Variance, gateway_says};
use crate::domain::amount::Amount;
use crate::domain::mismatch::Severity;
use crate::domain::payment::{Payment, PaymentStatus, Stage};
use std::collections::BTreeMap;

/// The expected final amount of a completed payment: its amount minus the configured fee, if any.
/// Returns the fee too.
fn expected(case: &Case, policy: &Policy, payment: &Payment) -> (Amount, Option<Amount>) {
    match policy.fee_for(&case.gateway_currency(), &case.direction()) {
        Some(fee) => {
            let fee = fee.of(payment.amount);
            (payment.amount - fee, Some(fee))
        }
        None => (payment.amount, None),
    }
}

/// `final_amount` minus the expected amount, for a completed order with a `final_amount`.
pub(super) fn settled_variance(case: &Case, policy: &Policy) -> Option<Amount> {
    let payment = case.payment()?;
    let settled = payment.final_amount?;
    (case.stage()? == Stage::Completed).then(|| settled - expected(case, policy, payment).0)
}

fn is_tolerated(variance: Amount, limits: &BTreeMap<String, Amount>, currency: &str) -> bool {
    variance.abs() <= limits.get(currency).copied().unwrap_or(Amount::ZERO)
}

/// The variance in words, such as "10.00 short (2.00 %)". The percentage is of `expected`.
fn difference(variance: Amount, expected: Amount) -> String {
    let direction = if variance.is_negative() { "short" } else { "over" };
    format!("{} {direction}{}", variance.abs(), share(variance, expected))
}

/// The variance as a percentage, such as " (2.00 %)". Empty if a percentage has no meaning.
fn share(variance: Amount, whole: Amount) -> String {
    variance.as_percent_of(whole).map(|share| format!(" ({share} %)")).unwrap_or_default()
}

pub(super) fn final_amount_difference(case: &Case, policy: &Policy) -> Ruling {
    let (Some(payment), Some(stage)) = (case.payment(), case.stage()) else {
        return Ruling::Nothing;
    };
    let Some(settled) = payment.final_amount else { return Ruling::Nothing };
    let unpaid = stage == Stage::Closed && policy.closed_means_unpaid;
    let (expected, fee) = match stage {
        Stage::Completed => expected(case, policy, payment),
        Stage::Open | Stage::Closed if settled.is_zero() => return Ruling::Nothing,
        Stage::Closed if unpaid => (Amount::ZERO, None),
        Stage::Open | Stage::Closed => (payment.amount, None),
        // The gateway's page does not define the final amount of a refunded order.
        Stage::Refund => return Ruling::Nothing,
    };
    let variance = settled - expected;
    let currency = case.gateway_currency();
    if is_tolerated(variance, &policy.tolerance.final_amount, &currency) {
        return Ruling::Nothing;
    }
    let ledger_has_final_amount =
        !case.currencies_differ() && case.entry.is_some_and(|entry| entry.amount == settled);
    let amount = payment.amount;
    let finding = match (fee, stage) {
        (Some(fee), _) => format!(
            "The gateway settled {settled} of {amount} {currency}, where {expected} was expected \
             after a fee of {fee}: {}",
            difference(variance, expected)
        ),
        (None, Stage::Completed) => format!(
            "The gateway settled {settled} of {amount} {currency}: {}",
            difference(variance, expected)
        ),
        _ if unpaid => format!(
            "The payment's status is {}, yet the gateway gives a final amount of {settled} of \
             {amount} {currency} where none was expected",
            status_word(payment)
        ),
        _ => format!(
            "The payment's status is {}, yet the gateway gives a final amount of {settled} of \
             {amount} {currency}: {}",
            status_word(payment),
            difference(variance, expected)
        ),
    };
    let booking = if ledger_has_final_amount {
        ", and the ledger has booked exactly the final amount"
    } else {
        ""
    };
    let says = gateway_says(payment.payment_fail_reason.as_ref());
    let reason = format!("{finding}{booking}.{says}");
    Ruling::report_variance(Variance { amount: variance, currency }, reason)
        .with_severity_if(ledger_has_final_amount && stage == Stage::Completed, Severity::Medium)
}

pub(super) fn final_amount_missing(case: &Case, _: &Policy) -> Ruling {
    match (case.payment(), case.stage()) {
        (Some(payment), Some(Stage::Completed)) if payment.final_amount.is_none() => {
            Ruling::report(format!(
                "The payment of {} {} is completed, but the gateway does not say how much it \
                     settled.",
                payment.amount,
                case.gateway_currency()
            ))
        }
        _ => Ruling::Nothing,
    }
}

pub(super) fn ledger_amount_difference(case: &Case, policy: &Policy) -> Ruling {
    let (Some(entry), Some(payment)) = (case.entry, case.payment()) else {
        return Ruling::Nothing;
    };
    let ledger = entry.amount;
    let ledger_has_final_amount =
        case.stage() == Some(Stage::Completed) && payment.final_amount == Some(ledger);
    let variance = payment.amount - ledger;
    let currency = case.gateway_currency();
    if case.currencies_differ()
        || ledger_has_final_amount
        || is_tolerated(variance, &policy.tolerance.ledger_amount, &currency)
    {
        return Ruling::Nothing;
    }
    let direction = if variance.is_negative() { "less" } else { "more" };
    let reason = format!(
        "The ledger has {ledger} {currency}, the gateway's order is for {}: {} {direction}{}.",
        payment.amount,
        variance.abs(),
        share(variance, ledger)
    );
    Ruling::report_variance(Variance { amount: variance, currency }, reason)
}

pub(super) fn currency_difference(case: &Case, _: &Policy) -> Ruling {
    match case.payment() {
        Some(payment) if case.currencies_differ() => Ruling::report(format!(
            "The ledger has {}, the gateway {} {}: the amounts cannot be compared.",
            case.ordered(),
            payment.amount,
            case.gateway_currency()
        )),
        _ => Ruling::Nothing,
    }
}

fn status_word(payment: &Payment) -> &str {
    payment.payment_status.as_ref().map_or("not given", PaymentStatus::as_str)
}
