//! Several rows of one order in one run's files, folded into one entry (contract, "Ledger"). Pure.

use crate::domain::amount::Amount;
use crate::domain::order::{Entry, LedgerRow};

/// How a row stands to what the same run's files said of its order before.
pub(super) enum Fold {
    Repeated,
    Superseded { conflict: Option<String> },
}

/// How a later row of the same order stands to what was read before (contract, "Ledger"). Empty
/// cells say nothing.
pub(super) fn compare(entry: &Entry, row: &LedgerRow, first: &str, here: &str) -> Fold {
    let mut differences: Vec<String> = Vec::new();
    let mut differs = |what: &str, before: String, now: Option<String>| {
        if let Some(now) = now.filter(|now| *now != before) {
            differences.push(format!("{what} {before} in {first}, {now} in {here}"));
        }
    };
    let given = |word: Option<&str>| word.map(str::to_owned);
    differs(
        "amount",
        entry.amount.to_string(),
        row.amount.map(|amount: Amount| amount.to_string()),
    );
    differs("currency", entry.currency.clone(), row.currency.clone());
    differs(
        "date",
        entry.created_at.date.to_string(),
        row.created_at.map(|created_at| created_at.date.to_string()),
    );
    if let Some(before) = &entry.transaction_type {
        let now = given(
            row.transaction_type
                .as_ref()
                .map(super::super::domain::payment::TransactionType::as_str),
        );
        differs("transaction type", before.to_string(), now);
    }
    if let Some(before) = &entry.accounting_type {
        let now = given(
            row.accounting_type.as_ref().map(super::super::domain::payment::AccountingType::as_str),
        );
        differs("accounting type", before.to_string(), now);
    }
    if !differences.is_empty() {
        return Fold::Superseded { conflict: Some(differences.join("; ")) };
    }
    let another_status =
        matches!((&entry.status, &row.status), (Some(before), Some(now)) if before != now);
    // Another time on the same day is no other date; the last row counts all the same.
    let another_time = row.created_at.is_some_and(|created_at| created_at != entry.created_at);
    if another_status || another_time {
        Fold::Superseded { conflict: None }
    } else {
        Fold::Repeated
    }
}

/// The last row counts, in the cells that it gives.
pub(super) fn overlay(entry: &mut Entry, row: &LedgerRow) {
    entry.amount = row.amount.unwrap_or(entry.amount);
    entry.created_at = row.created_at.unwrap_or(entry.created_at);
    if let Some(currency) = &row.currency {
        entry.currency.clone_from(currency);
    }
    if row.transaction_type.is_some() {
        entry.transaction_type.clone_from(&row.transaction_type);
    }
    if row.accounting_type.is_some() {
        entry.accounting_type.clone_from(&row.accounting_type);
    }
    if row.status.is_some() {
        entry.status.clone_from(&row.status);
    }
}
