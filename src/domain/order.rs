//! The merchant's side: the key of an order and its ledger entry (contract, "Words" and "Ledger").

use super::amount::Amount;
use super::payment::{AccountingType, Payment, TransactionType};
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
    /// A word that is not mapped, unchanged. It counts as no status, and is reported.
    Unmapped(String),
}

impl LedgerStatus {
    /// Reads the contract's four words. Any other word is `Unmapped`.
    #[must_use]
    pub fn from_word(word: &str) -> LedgerStatus {
        match word {
            "paid" => LedgerStatus::Paid,
            "pending" => LedgerStatus::Pending,
            "failed" => LedgerStatus::Failed,
            "refunded" => LedgerStatus::Refunded,
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
            LedgerStatus::Unmapped(word) => word,
        }
    }
}

impl fmt::Display for LedgerStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
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

/// The direction of the order: from the ledger, or else from the gateway, or else income (contract,
/// "Mismatches").
#[must_use]
pub fn direction(entry: Option<&Entry>, payment: Option<&Payment>) -> TransactionType {
    let ledger = entry.and_then(|entry| entry.transaction_type.as_ref());
    let gateway = payment.and_then(|payment| payment.transaction_type.as_ref());
    [ledger, gateway]
        .into_iter()
        .flatten()
        .find(|direction| direction.is_known())
        .cloned()
        .unwrap_or(TransactionType::Income)
}
