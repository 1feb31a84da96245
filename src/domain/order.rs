//! The merchant's side: the key of an order and its ledger entry (contract, "Words" and "Ledger").

use super::amount::Amount;
use super::payment::{AccountingType, TransactionType};
use chrono::{DateTime, NaiveDate, Utc};
use std::fmt;

/// The key of an order: both fields together are unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderKey {
    /// `merchant_uid` from the ledger, or from the configuration if the ledger has none.
    pub merchant_uid: Option<String>,
    /// `merchant_order_id`, byte for byte.
    pub merchant_order_id: String,
}

/// The status of an order in the merchant's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerStatus {
    /// The money has moved.
    Paid,
    /// The money has not moved yet.
    Pending,
    /// The money will not move.
    Failed,
    /// The money moved and came back.
    Refunded,
    /// The money moved, and a part of it came back.
    PartRefunded,
    /// A word that is not mapped, unchanged. It counts as no status, and is reported.
    Unmapped(String),
}

impl LedgerStatus {
    /// Reads the contract's five words. Any other word is `Unmapped`.
    #[must_use]
    pub fn from_word(word: &str) -> LedgerStatus {
        match word {
            "paid" => LedgerStatus::Paid,
            "pending" => LedgerStatus::Pending,
            "failed" => LedgerStatus::Failed,
            "refunded" => LedgerStatus::Refunded,
            "part_refunded" => LedgerStatus::PartRefunded,
            other => LedgerStatus::Unmapped(other.to_owned()),
        }
    }

    /// The contract's word, or the unmapped word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            LedgerStatus::Paid => "paid",
            LedgerStatus::Pending => "pending",
            LedgerStatus::Failed => "failed",
            LedgerStatus::Refunded => "refunded",
            LedgerStatus::PartRefunded => "part_refunded",
            LedgerStatus::Unmapped(word) => word,
        }
    }
}

impl fmt::Display for LedgerStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How a ledger writes the line items of an order (contract, "Ledger": `line_items`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineItems {
    /// One row an order.
    Off,
    /// The order's later rows have no amount.
    Empty,
    /// Each row repeats the order's total.
    Total,
    /// The amounts of the order's rows add up.
    Sum,
}

impl LineItems {
    /// Whether an order is known only once all of its rows in a file are.
    #[must_use]
    pub fn has_groups(self) -> bool {
        matches!(self, LineItems::Total | LineItems::Sum)
    }
}

/// When an order was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreatedAt {
    /// The instant from which the age of the order is counted. If the ledger has a date without a
    /// time, it is the end of that day.
    pub ages_from: DateTime<Utc>,
    /// The date in the ledger's time zone.
    pub date: NaiveDate,
}

/// The ledger entry of one order, after its rows are merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The order.
    pub key: OrderKey,
    /// `amount`, never negative.
    pub amount: Amount,
    /// `currency`, lower case, mapped.
    pub currency: String,
    /// `created_at`.
    pub created_at: CreatedAt,
    /// `transaction_type`, if the ledger has the column and a value.
    pub transaction_type: Option<TransactionType>,
    /// `accounting_type`, if the ledger has the column and a value.
    pub accounting_type: Option<AccountingType>,
    /// `status`, if the ledger has the column and a value.
    pub status: Option<LedgerStatus>,
    /// How the rows of one run's files contradict each other, as a clause: "amount 500.00 in
    /// line 3, 600.00 in line 9". The code that writes the clause cleans the quoted cells
    /// (`domain::text`); reports show the clause unchanged, with all figures.
    pub conflict: Option<String>,
    /// Where one file repeats the order in a complete row, as a clause: "in line 3 and again in
    /// line 9". Reports show it unchanged, like `conflict`.
    pub duplicate: Option<String>,
}

/// One row of a ledger, by how it can be used. The reader passes each row on once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerRow {
    /// Every required cell has a value.
    Complete {
        /// The line on which the row begins, from 1.
        line: u64,
        /// The entry of this row.
        entry: Entry,
    },
    /// A required cell is empty, because an earlier row of the order has the value.
    Partial(PartialRow),
    /// A row of an order whose rows are taken together; see [`LineItems::has_groups`].
    Item(ItemRow),
    /// The row is not an order, by `[[ledger.skip]]`.
    Skipped,
    /// The row is not usable.
    Invalid(InvalidRow),
}

/// The cells of one row, with the merchant's words already mapped. An empty cell is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowCells {
    /// The order.
    pub key: OrderKey,
    /// `amount`, never negative.
    pub amount: Option<Amount>,
    /// `currency`, lower case, mapped.
    pub currency: Option<String>,
    /// `created_at`.
    pub created_at: Option<CreatedAt>,
    /// `transaction_type`.
    pub transaction_type: Option<TransactionType>,
    /// `accounting_type`.
    pub accounting_type: Option<AccountingType>,
    /// `status`, without the configured default: a later row may still have a status.
    pub status: Option<LedgerStatus>,
}

impl RowCells {
    /// The first required column whose cell is empty.
    pub(crate) fn missing_column(&self) -> Option<&'static str> {
        match self {
            RowCells { amount: None, .. } => Some("amount"),
            RowCells { currency: None, .. } => Some("currency"),
            RowCells { created_at: None, .. } => Some("created_at"),
            _ => None,
        }
    }

    /// The entry of a single row. Returns the cells if a required cell is empty.
    pub(crate) fn into_entry(self) -> Result<Entry, Box<RowCells>> {
        match self {
            RowCells {
                key,
                amount: Some(amount),
                currency: Some(currency),
                created_at: Some(created_at),
                transaction_type,
                accounting_type,
                status,
            } => Ok(Entry {
                key,
                amount,
                currency,
                created_at,
                transaction_type,
                accounting_type,
                status,
                conflict: None,
                duplicate: None,
            }),
            partial => Err(Box::new(partial)),
        }
    }
}

impl From<Entry> for RowCells {
    fn from(entry: Entry) -> RowCells {
        RowCells {
            key: entry.key,
            amount: Some(entry.amount),
            currency: Some(entry.currency),
            created_at: Some(entry.created_at),
            transaction_type: entry.transaction_type,
            accounting_type: entry.accounting_type,
            status: entry.status,
        }
    }
}

/// A row with empty required cells: a line item of an order with an earlier row in the run
/// (contract, "Ledger": `line_items`). Only the store knows whether there is an earlier row. If
/// there is none, the store records the row as an [`InvalidRow`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialRow {
    /// The file's name as on the command line.
    pub file: String,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// The cells that have a value.
    pub cells: RowCells,
    /// The row's bytes, unchanged, without the line end.
    pub raw: Vec<u8>,
}

/// One of the rows of an order in a file (contract, "Ledger": `line_items`). The order is usable
/// only if all of them are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// The file's name as on the command line.
    pub file: String,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// The order.
    pub key: OrderKey,
    /// The cells that have a value, or why the row is invalid. Its amount is negative where a sign
    /// or a column says so; its transaction type is that of its cell alone.
    pub cells: Result<RowCells, String>,
    /// Whether the ledger has a column for incomes and one for expenses.
    pub is_in_two_columns: bool,
    /// The row's bytes, unchanged, without the line end.
    pub raw: Vec<u8>,
}

/// A row that is not usable (contract, "Ledger": invalid rows).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRow {
    /// The file's name as on the command line.
    pub file: String,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// Why the row is not usable, for people. Quotes only columns that are read.
    pub reason: String,
    /// The row's bytes, unchanged, without the line end.
    pub raw: Vec<u8>,
}

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

/// The transaction type of an amount with a sign or in a column of its own: a negative amount is an
/// expense, one in the column of credits an income. `given` is the type in the row's cell.
///
/// # Errors
/// The two contradict each other.
pub(crate) fn direction_of(
    negative: bool,
    is_in_two_columns: bool,
    given: Option<TransactionType>,
) -> Result<Option<TransactionType>, &'static str> {
    match (negative, given) {
        (true, Some(TransactionType::Income)) => {
            Err("the amount is negative, an expense, but transaction_type says income")
        }
        (true, None) => Ok(Some(TransactionType::Expense)),
        (false, Some(TransactionType::Expense)) if is_in_two_columns => {
            Err("the amount is a credit, an income, but transaction_type says expense")
        }
        (false, None) if is_in_two_columns => Ok(Some(TransactionType::Income)),
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

/// The direction of the order: from the ledger, or else from the gateway's answer, or else income
/// (contract, "Mismatches").
#[must_use]
pub fn direction(entry: Option<&Entry>, gateway: Option<&TransactionType>) -> TransactionType {
    let ledger = entry.and_then(|entry| entry.transaction_type.as_ref());
    [ledger, gateway]
        .into_iter()
        .flatten()
        .find(|direction| direction.is_known())
        .cloned()
        .unwrap_or(TransactionType::Income)
}
