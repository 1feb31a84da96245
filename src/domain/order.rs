//! The merchant's side: an order's identity, and what the ledger says of it (contract, "Words" and
//! "Ledger").

use super::amount::Amount;
use super::payment::{AccountingType, Payment, TransactionType};
use chrono::{DateTime, NaiveDate, Utc};
use std::fmt;

/// An order as the merchant knows it. Unique by both.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderKey {
    /// The ledger's `merchant_uid`, else the configured one, else none.
    pub merchant_uid: Option<String>,
    /// `merchant_order_id`, byte for byte.
    pub merchant_order_id: String,
}

/// What the merchant's ledger believes of an order.
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
    /// A word that is not mapped, unchanged: counts as none, and is reported.
    Unmapped(String),
}

impl LedgerStatus {
    /// Reads the contract's four words; anything else is unmapped.
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

    /// The contract's word, or the unmapped one.
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

/// When an order was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreatedAt {
    /// The instant from which the order ages: its own, or the end of its day where the ledger
    /// gives a date alone.
    pub ages_from: DateTime<Utc>,
    /// Its date in the ledger's time zone.
    pub date: NaiveDate,
}

/// What the ledger says of one order, once its rows are merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The order.
    pub key: OrderKey,
    /// `amount`, without a sign.
    pub amount: Amount,
    /// `currency`, lower case, mapped.
    pub currency: String,
    /// `created_at`.
    pub created_at: CreatedAt,
    /// `transaction_type`, if the ledger has it.
    pub transaction_type: Option<TransactionType>,
    /// `accounting_type`, if the ledger has it.
    pub accounting_type: Option<AccountingType>,
    /// `status`, if the ledger has it.
    pub status: Option<LedgerStatus>,
    /// Where the rows of one run's files contradict each other, as a clause: "amount 500.00 in
    /// line 3, 600.00 in line 9". The code that makes it cleans what it quotes (`domain::text`):
    /// reports show it unchanged, with all figures.
    pub conflict: Option<String>,
    /// Where one file gives the order again in full, as a clause: "in line 3 and again in line 9".
    /// Reports show it unchanged, as `conflict`.
    pub duplicate: Option<String>,
}

/// One row of a ledger, by what can be done with it. The reader hands each row over once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerRow {
    /// It gives every required cell.
    Complete {
        /// The line on which the row begins, from 1.
        line: u64,
        /// What it says.
        entry: Entry,
    },
    /// It leaves required cells to an earlier row of its order.
    Partial(PartialRow),
    /// It cannot be used.
    Invalid(InvalidRow),
}

/// The cells of one row, with the merchant's words already mapped. An empty cell is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowCells {
    /// The order.
    pub key: OrderKey,
    /// `amount`, without a sign.
    pub amount: Option<Amount>,
    /// `currency`, lower case, mapped.
    pub currency: Option<String>,
    /// `created_at`.
    pub created_at: Option<CreatedAt>,
    /// `transaction_type`.
    pub transaction_type: Option<TransactionType>,
    /// `accounting_type`.
    pub accounting_type: Option<AccountingType>,
    /// `status`; the configured default is not filled in here, because a later row may still give
    /// one.
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

    /// The entry that these cells are alone. Hands the cells back where a required one is empty.
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

/// A row that leaves required cells empty: a line item of an order that an earlier row of the run
/// gave (contract, "Ledger": `line_items`). Whether there is one, only the store knows; where there
/// is none, it records the row as an [`InvalidRow`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialRow {
    /// The file, by its name on the command line.
    pub file: String,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// What it gives.
    pub cells: RowCells,
    /// The row's bytes, unchanged, without the line end.
    pub raw: Vec<u8>,
}

/// A row that cannot be used (contract, "Ledger": invalid rows).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRow {
    /// The file, by its name on the command line.
    pub file: String,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// Why, for people. Quotes only columns that are read.
    pub reason: String,
    /// The row's bytes, unchanged, without the line end.
    pub raw: Vec<u8>,
}

/// The direction that counts: the ledger's, else the gateway's, else income (contract,
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
