//! The merchant's side: an order's identity, and what the ledger says of it (contract, "Words" and
//! "Ledger").

use super::amount::Amount;
use super::payment::{AccountingType, TransactionType};
use chrono::{DateTime, NaiveDate, Utc};
use std::fmt;

/// An order as the merchant knows it. Unique by both.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderKey {
    /// The ledger's `merchant_uid`, else the configured one, else none.
    pub merchant_uid: Option<String>,
    /// `merchant_order_id`, byte for byte as the ledger has it.
    pub merchant_order_id: String,
}

/// What the merchant's ledger believes of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerStatus {
    /// The money has moved.
    Paid,
    /// Not yet.
    Pending,
    /// It will not.
    Failed,
    /// It moved and came back.
    Refunded,
    /// A word that is not mapped, as it came: counts as none, and is reported.
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

    /// The contract's word, or the unmapped one as it came.
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
    /// The instant from which it ages: its own, or the end of its day where the ledger gives a
    /// date alone.
    pub ages_from: DateTime<Utc>,
    /// Its date in the ledger's time zone.
    pub date: NaiveDate,
}

/// One ledger row that can be used, with the merchant's words already mapped. Empty cells are
/// `None`, so that a later row of the same order can leave them out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// The order.
    pub key: OrderKey,
    /// `amount`, without a sign. Empty, as `currency` and `created_at`, only in a line item: the
    /// contract's `[ledger] line_items`.
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

/// One ledger row that cannot be used (contract, "Ledger": invalid rows).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRow {
    /// The file as it was named on the command line.
    pub file: String,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// Why, for people. Shows nothing of columns that are not looked at.
    pub reason: String,
    /// The row's bytes as they came, without the line end.
    pub raw: Vec<u8>,
}

/// What the ledger says of one order, once its rows are folded together.
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
    /// `transaction_type`, where given.
    pub transaction_type: Option<TransactionType>,
    /// `accounting_type`, where given.
    pub accounting_type: Option<AccountingType>,
    /// `status`, where given.
    pub status: Option<LedgerStatus>,
    /// What the rows of one run's files contradict each other on, as a clause: "amount 500.00 in
    /// line 3, 600.00 in line 9". Already fit for people: whoever makes it cleans what it quotes
    /// (`domain::text`). It is shown as it is, figures and all.
    pub conflict: Option<String>,
    /// Where the order is given again in full, as a clause: "in line 3 and again in line 9".
    /// Already fit for people, as `conflict` is.
    pub duplicate: Option<String>,
}

/// Where a reader of a ledger hands its rows to (contract, "Ledger"). A row is handed over as it
/// is read, so memory does not grow with the ledger.
pub trait LedgerSink {
    /// What can go wrong on the other side.
    type Error;

    /// Takes a usable row. `Some(reason)`: not usable after all, because it is an order's first
    /// row in this run and a required cell is empty; the reader then hands it over as invalid.
    ///
    /// # Errors
    /// The sink could not keep it.
    fn row(&mut self, row: &LedgerRow) -> Result<Option<String>, Self::Error>;

    /// Takes a row that cannot be used.
    ///
    /// # Errors
    /// The sink could not keep it.
    fn invalid(&mut self, row: InvalidRow) -> Result<(), Self::Error>;
}
