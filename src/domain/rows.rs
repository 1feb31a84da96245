//! The rows of one order in a ledger: how a later one is compared and merged with those before it
//! (contract, "Ledger").

use super::amount::Amount;
use super::order::{CreatedAt, Directions, Entry, RowCells};
use super::payment::{AccountingType, TransactionType};

/// A later row of an order, compared with the earlier ones.
pub(crate) enum Comparison {
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
    pub(crate) fn is_order_again(&self) -> bool {
        matches!(
            self,
            Comparison::Repeated | Comparison::Superseded { conflict: None, another_status: false }
        )
    }
}

/// Compares a later row with what the earlier rows say. Empty cells are not compared. `before` and
/// `here` name the places of the two.
pub(crate) fn compare(was: &RowCells, row: &RowCells, before: &str, here: &str) -> Comparison {
    let mut differences: Vec<String> = Vec::new();
    let mut differs = |what: &str, was: Option<String>, is: Option<String>| {
        if let (Some(was), Some(is)) = (was, is)
            && was != is
        {
            differences.push(format!("{what} {was} in {before}, {is} in {here}"));
        }
    };
    let text = |amount: Option<Amount>| amount.map(|amount| amount.to_string());
    differs("amount", text(was.amount), text(row.amount));
    differs("currency", was.currency.clone(), row.currency.clone());
    let date = |at: Option<CreatedAt>| at.map(|at| at.date.to_string());
    differs("date", date(was.created_at), date(row.created_at));
    let text = |word: &Option<TransactionType>| word.as_ref().map(ToString::to_string);
    differs("transaction type", text(&was.transaction_type), text(&row.transaction_type));
    let text = |word: &Option<AccountingType>| word.as_ref().map(ToString::to_string);
    differs("accounting type", text(&was.accounting_type), text(&row.accounting_type));
    let another_status = matches!((&was.status, &row.status), (Some(was), Some(is)) if was != is);
    // Another time on the same day is no conflict, but the last row counts.
    let another_time =
        matches!((was.created_at, row.created_at), (Some(was), Some(is)) if was != is);
    if !differences.is_empty() {
        Comparison::Superseded { conflict: Some(differences.join("; ")), another_status }
    } else if another_status || another_time {
        Comparison::Superseded { conflict: None, another_status }
    } else {
        Comparison::Repeated
    }
}

/// Replaces the earlier values by those of the row, except where the row's cell is empty.
pub(crate) fn update_cells(cells: &mut RowCells, row: RowCells) {
    // All by name, so that no new column is forgotten.
    let RowCells {
        key: _,
        amount,
        currency,
        created_at,
        transaction_type,
        accounting_type,
        status,
    } = row;
    cells.amount = amount.or(cells.amount);
    cells.currency = currency.or(cells.currency.take());
    cells.created_at = created_at.or(cells.created_at);
    cells.transaction_type = transaction_type.or(cells.transaction_type.take());
    cells.accounting_type = accounting_type.or(cells.accounting_type.take());
    cells.status = status.or(cells.status.take());
}

/// The transaction type of a signed amount: a negative one is an expense, a positive one an income,
/// unless the row's cell says otherwise. `given` is the type in that cell.
///
/// # Errors
/// The two contradict each other.
pub(crate) fn direction_of(
    amount: Amount,
    directions: Directions,
    given: Option<TransactionType>,
) -> Result<Option<TransactionType>, &'static str> {
    if directions == Directions::Unsaid || amount.is_zero() {
        return Ok(given);
    }
    match (amount.is_negative(), given) {
        (true, Some(TransactionType::Income)) => {
            Err("the amount is negative, an expense, but transaction_type says income")
        }
        (true, None) => Ok(Some(TransactionType::Expense)),
        (false, Some(TransactionType::Expense)) if directions == Directions::Columns => {
            Err("the amount is a credit, an income, but transaction_type says expense")
        }
        (false, None) => Ok(Some(TransactionType::Income)),
        // A word that is not mapped is reported; the sign must not hide it.
        (_, given) => Ok(given),
    }
}

/// Replaces the values of the entry by those of the row, except where the row's cell is empty.
pub(crate) fn update(entry: &mut Entry, row: RowCells) {
    // All by name, so that no new column is forgotten.
    let RowCells {
        key: _,
        amount,
        currency,
        created_at,
        transaction_type,
        accounting_type,
        status,
    } = row;
    entry.amount = amount.unwrap_or(entry.amount);
    entry.created_at = created_at.unwrap_or(entry.created_at);
    if let Some(currency) = currency {
        entry.currency = currency;
    }
    entry.transaction_type = transaction_type.or(entry.transaction_type.take());
    entry.accounting_type = accounting_type.or(entry.accounting_type.take());
    entry.status = status.or(entry.status.take());
}
