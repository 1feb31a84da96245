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

/// What the amounts of a ledger say of the transaction type (contract, "Ledger": `amount`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directions {
    /// Nothing: an amount has no sign.
    Unsaid,
    /// A negative amount is an expense.
    Signs,
    /// Incomes and expenses have a column each.
    Columns,
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
    /// The lowest and the highest amount of these rows, where their amounts differ.
    pub conflict_amounts: Option<(Amount, Amount)>,
    /// Where one file repeats the order in a complete row, as a clause: "in line 3 and again in
    /// line 9". Reports show it unchanged, like `conflict`.
    pub duplicate: Option<String>,
}

impl Entry {
    /// The widest difference between the amounts of rows that contradict each other.
    #[must_use]
    pub fn conflict_spread(&self) -> Option<Amount> {
        self.conflict_amounts.map(|(lowest, highest)| highest - lowest)
    }
}

/// Widens the lowest and the highest amount, if these amounts of two rows differ.
pub(crate) fn widen(
    amounts: &mut Option<(Amount, Amount)>,
    before: Option<Amount>,
    here: Option<Amount>,
) {
    if let (Some(before), Some(here)) = (before, here)
        && before != here
    {
        let (lowest, highest) = amounts.unwrap_or((before, before));
        *amounts = Some((lowest.min(before).min(here), highest.max(before).max(here)));
    }
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
    /// Whether a word of its types or its status is not mapped.
    pub(crate) fn has_unknown_word(&self) -> bool {
        matches!(self.status, Some(LedgerStatus::Unmapped(_)))
            || self.transaction_type.as_ref().is_some_and(|word| !word.is_known())
            || self.accounting_type.as_ref().is_some_and(|word| !word.is_known())
    }

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
                conflict_amounts: None,
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
    /// What its amount says of the transaction type.
    pub directions: Directions,
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
