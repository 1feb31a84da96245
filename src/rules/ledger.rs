//! The rules for contradictions within the ledger, and for the types of an order.

use super::{Case, Policy, Ruling, word};
use crate::domain::mismatch::Severity;
use crate::domain::payment::TransactionType;
use crate::domain::text;

pub(super) fn ledger_conflict(case: &Case, _: &Policy) -> Ruling {
    match case.entry.and_then(|entry| entry.conflict.as_ref()) {
        Some(conflict) => Ruling::report(format!(
            "The ledger contradicts itself: {}; the last row counts.",
            text::one_line(conflict)
        )),
        None => Ruling::Nothing,
    }
}

pub(super) fn ledger_duplicate(case: &Case, _: &Policy) -> Ruling {
    match case.entry.and_then(|entry| entry.duplicate.as_ref()) {
        Some(lines) => Ruling::report(format!(
            "The ledger gives {} for this order {}: it may be booked twice.",
            case.ordered(),
            text::one_line(lines)
        )),
        None => Ruling::Nothing,
    }
}

pub(super) fn type_difference(case: &Case, _: &Policy) -> Ruling {
    let (Some(entry), Some(payment)) = (case.entry, case.payment()) else {
        return Ruling::Nothing;
    };
    let mut differences = Vec::new();
    let mut is_opposite = false;
    if let (Some(ledger), Some(gateway)) = (&entry.transaction_type, &payment.transaction_type)
        && ledger != gateway
    {
        differences.push((ledger.as_str(), gateway.as_str()));
        let opposite = |one: &TransactionType, other: &TransactionType| {
            *one == TransactionType::Income && *other == TransactionType::Expense
        };
        is_opposite = opposite(ledger, gateway) || opposite(gateway, ledger);
    }
    if let (Some(ledger), Some(gateway)) = (&entry.accounting_type, &payment.accounting_type)
        && ledger != gateway
    {
        differences.push((ledger.as_str(), gateway.as_str()));
    }
    if differences.is_empty() {
        return Ruling::Nothing;
    }
    let differences: Vec<String> = differences
        .into_iter()
        .map(|(ledger, gateway)| {
            format!("{} in the ledger, {} at the gateway", word(ledger), word(gateway))
        })
        .collect();
    let reason = format!("The order of {} is {}.", case.ordered(), differences.join(", and "));
    Ruling::report(reason).with_severity_if(is_opposite, Severity::High)
}
