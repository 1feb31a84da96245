//! Merging the rows that one run's files have of one order into one entry (contract, "Ledger").
//! Pure.

use crate::domain::order::{Entry, RowCells};

/// A later row of an order, compared with the earlier ones.
pub(super) enum Comparison {
    /// The same values, or cells filled or left empty.
    Repeated,
    /// Other values: the last row counts.
    Superseded {
        /// Where the two contradict each other, as a clause.
        conflict: Option<String>,
        /// Whether the status differs: then the row is another state of the order, not the order
        /// again.
        another_status: bool,
    },
}

impl Comparison {
    /// Whether the row is the order again, so that it may be booked twice.
    pub(super) fn is_order_again(&self) -> bool {
        matches!(
            self,
            Comparison::Repeated | Comparison::Superseded { conflict: None, another_status: false }
        )
    }
}

/// Compares a later row with what the earlier rows say. Empty cells are not compared. `before` and
/// `here` name the places of the two.
pub(super) fn compare(entry: &Entry, row: &RowCells, before: &str, here: &str) -> Comparison {
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
    // Another time on the same day is no conflict, but the last row counts.
    let another_time = row.created_at.is_some_and(|created_at| created_at != entry.created_at);
    if !differences.is_empty() {
        Comparison::Superseded { conflict: Some(differences.join("; ")), another_status }
    } else if another_status || another_time {
        Comparison::Superseded { conflict: None, another_status }
    } else {
        Comparison::Repeated
    }
}

/// Replaces the values of the entry by those that the row gives.
pub(super) fn update(entry: &mut Entry, row: RowCells) {
    entry.amount = row.amount.unwrap_or(entry.amount);
    entry.created_at = row.created_at.unwrap_or(entry.created_at);
    if let Some(currency) = row.currency {
        entry.currency = currency;
    }
    if row.transaction_type.is_some() {
        entry.transaction_type = row.transaction_type;
    }
    if row.accounting_type.is_some() {
        entry.accounting_type = row.accounting_type;
    }
    if row.status.is_some() {
        entry.status = row.status;
    }
}
