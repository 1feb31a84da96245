//! The rules on the ledger itself, and on what it calls an order.

use super::{Case, Policy, Ruling, word};
use crate::domain::mismatch::Severity;
use crate::domain::payment::TransactionType;
use crate::domain::text;

pub(super) fn ledger_conflict(case: &Case, _: &Policy) -> Ruling {
    match &case.entry.conflict {
        Some(conflict) => Ruling::report(
            Severity::High,
            format!(
                "The ledger contradicts itself: {}; the last row counts.",
                text::one_line(conflict)
            ),
        ),
        None => Ruling::Nothing,
    }
}

pub(super) fn ledger_duplicate(case: &Case, _: &Policy) -> Ruling {
    match &case.entry.duplicate {
        Some(lines) => Ruling::report(
            Severity::Medium,
            format!(
                "The ledger gives {} for this order {}: it may be booked twice.",
                case.ordered(),
                text::one_line(lines)
            ),
        ),
        None => Ruling::Nothing,
    }
}

pub(super) fn type_difference(case: &Case, _: &Policy) -> Ruling {
    let Some(payment) = case.payment() else { return Ruling::Nothing };
    let entry = case.entry;
    let mut differences = Vec::new();
    let mut severity = Severity::Medium;
    if let (Some(ledger), Some(gateway)) = (&entry.transaction_type, &payment.transaction_type)
        && ledger != gateway
    {
        differences.push((ledger.as_str(), gateway.as_str()));
        let opposite = |one: &TransactionType, other: &TransactionType| {
            *one == TransactionType::Income && *other == TransactionType::Expense
        };
        if opposite(ledger, gateway) || opposite(gateway, ledger) {
            severity = Severity::High;
        }
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
    Ruling::report(
        severity,
        format!("The order of {} is {}.", case.ordered(), differences.join(", and ")),
    )
}
