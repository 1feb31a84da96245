//! Several rows of one order in one run's files, folded into one entry (contract, "Ledger"). Pure.

use crate::domain::order::{Entry, LedgerRow};

/// How a row stands to what the same run's files said of its order before.
pub(super) enum Fold {
    /// The same values, or cells filled or left empty.
    Repeated,
    /// The last row counts.
    Superseded {
        /// What the two contradict each other on, as a clause.
        conflict: Option<String>,
        /// Another status is another state of one order, not the order once more.
        another_status: bool,
    },
}

impl Fold {
    /// Whether the order itself is given once more, and so may be booked twice.
    pub(super) fn is_given_again(&self) -> bool {
        matches!(self, Fold::Repeated | Fold::Superseded { conflict: None, another_status: false })
    }
}

/// How a later row of the same order stands to what was read before. Empty cells say nothing.
/// `before` and `here` are where the two stand.
pub(super) fn compare(entry: &Entry, row: &LedgerRow, before: &str, here: &str) -> Fold {
    let mut differences: Vec<String> = Vec::new();
    let mut differs = |what: &str, was: String, is: Option<String>| {
        if let Some(is) = is.filter(|is| *is != was) {
            differences.push(format!("{what} {was} in {before}, {is} in {here}"));
        }
    };
    differs("amount", entry.amount.to_string(), row.amount.map(|amount| amount.to_string()));
    differs("currency", entry.currency.clone(), row.currency.clone());
    differs(
        "date",
        entry.created_at.date.to_string(),
        row.created_at.map(|created_at| created_at.date.to_string()),
    );
    if let Some(was) = &entry.transaction_type {
        let is = row.transaction_type.as_ref().map(ToString::to_string);
        differs("transaction type", was.to_string(), is);
    }
    if let Some(was) = &entry.accounting_type {
        let is = row.accounting_type.as_ref().map(ToString::to_string);
        differs("accounting type", was.to_string(), is);
    }
    let another_status = matches!((&entry.status, &row.status), (Some(was), Some(is)) if was != is);
    // Another time on the same day is no other date, but the last row counts all the same.
    let another_time = row.created_at.is_some_and(|created_at| created_at != entry.created_at);
    if !differences.is_empty() {
        Fold::Superseded { conflict: Some(differences.join("; ")), another_status }
    } else if another_status || another_time {
        Fold::Superseded { conflict: None, another_status }
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
