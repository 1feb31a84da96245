//! One row: from a record's cells to a [`LedgerRow`], or the reason why not (contract, "Ledger").

use super::cells::{Dates, ReadDate, SignedAmount, amount, currency_of};
use super::columns::{Column, Layout};
use super::error::{Fault, Spot};
use super::settings::LedgerSettings;
use super::vocabulary::Vocabulary;
use crate::domain::amount::Total;
use crate::domain::order::{LedgerRow, OrderKey};
use crate::domain::payment::TransactionType;
use crate::domain::run::add_to;
use crate::domain::text::printable;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::str::{Utf8Error, from_utf8};

/// Under which the control figures sum up amounts whose currency cannot be read.
pub const UNKNOWN_CURRENCY: &str = "?";

/// The longest cell that is looked at, in bytes.
const LONGEST_CELL: usize = 512;

/// What is counted about usable rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// Its date has no offset.
    pub without_offset: bool,
    /// Its date is later than now.
    pub future: bool,
}

/// Makes the rows of one ledger.
pub(super) struct Rows<'a> {
    settings: &'a LedgerSettings,
    vocabulary: Vocabulary<'a>,
    dates: Dates<'a>,
    merchant_uid: Option<&'a str>,
}

impl<'a> Rows<'a> {
    pub fn new(
        settings: &'a LedgerSettings,
        merchant_uid: Option<&'a str>,
        now: DateTime<Utc>,
    ) -> Rows<'a> {
        let (vocabulary, dates) = (Vocabulary::new(settings), Dates::new(settings, now));
        Rows { settings, vocabulary, dates, merchant_uid }
    }

    pub fn settings(&self) -> &LedgerSettings {
        self.settings
    }

    /// Makes one row, or says why it is invalid. Its amount goes to `totals` either way, if it
    /// can be read. A fault means that the whole ledger is not usable.
    pub fn make(
        &self,
        layout: &Layout,
        record: &csv::ByteRecord,
        line: u64,
        raw: &[u8],
        totals: &mut BTreeMap<String, Total>,
    ) -> Result<Result<(LedgerRow, Counts), String>, (Spot, Fault)> {
        if record.len() != layout.fields {
            // Which cell is which is anybody's guess.
            let (has, header) = (record.len(), layout.fields);
            return Ok(Err(format!("it has {has} fields, the header row has {header}")));
        }
        let cell = |column| from_utf8(layout.cell(record, column));
        if let Ok(id) = cell(Column::MerchantOrderId)
            && is_mangled(id.trim())
        {
            let spot = Spot::Cell { line, column: Column::MerchantOrderId };
            return Err((spot, Fault::MangledId { id: printable(id) }));
        }
        let amount = cell(Column::Amount).map(|cell| amount(cell, self.settings));
        let amount = amount.unwrap_or_else(|_| Err(String::new()));
        let has_amount = !matches!(amount, Ok(None));
        let currency = cell(Column::Currency).map(|cell| self.currency(cell, has_amount));
        let currency = currency.unwrap_or_else(|_| Err(String::new()));
        if let Ok(Some(amount)) = &amount {
            let currency = currency.as_ref().ok().and_then(Option::as_deref);
            add_to(totals, currency.unwrap_or(UNKNOWN_CURRENCY), amount.signed());
        }
        if let Err(error) = from_utf8(raw) {
            let (line, column) = place_of(error, raw, line);
            return Ok(Err(format!("it is not valid UTF-8 from line {line}, column {column} on")));
        }
        let cell = |column| cell(column).unwrap_or_default();
        Ok(self.assemble(layout, &cell, line, amount, currency))
    }

    /// `currency`, or the configured one where the row has an amount.
    fn currency(&self, cell: &str, has_amount: bool) -> Result<Option<String>, String> {
        let given = currency_of(cell, &self.vocabulary)?;
        Ok(given.or_else(|| self.settings.currency.clone().filter(|_| has_amount)))
    }

    /// Puts a row together from cells that are known to be text.
    fn assemble<'row>(
        &self,
        layout: &Layout,
        cell: &dyn Fn(Column) -> &'row str,
        line: u64,
        amount: Result<Option<SignedAmount>, String>,
        currency: Result<Option<String>, String>,
    ) -> Result<(LedgerRow, Counts), String> {
        if let Some(column) = layout.columns().find(|column| cell(*column).len() > LONGEST_CELL) {
            let length = cell(column).len();
            return Err(format!(
                "{column} is {length} bytes long; the limit is {LONGEST_CELL} bytes"
            ));
        }
        let id = cell(Column::MerchantOrderId);
        if id.trim().is_empty() {
            return Err("merchant_order_id is empty".to_owned());
        }
        let (amount, currency) = (amount?, currency?);
        let date = self.dates.read(cell(Column::CreatedAt))?;
        self.check_given(amount, currency.as_deref(), date)?;
        let transaction_type = self.direction(amount, cell(Column::TransactionType))?;
        let uid = Some(cell(Column::MerchantUid).trim()).filter(|uid| !uid.is_empty());
        let key = OrderKey {
            merchant_uid: uid.or(self.merchant_uid).map(ToOwned::to_owned),
            merchant_order_id: id.to_owned(),
        };
        let counts = Counts {
            without_offset: date.is_some_and(|date| !date.with_offset),
            future: date.is_some_and(|date| date.future),
        };
        let row = LedgerRow {
            line,
            key,
            amount: amount.map(|amount| amount.size),
            currency,
            created_at: date.map(|date| date.created_at),
            transaction_type,
            accounting_type: self.vocabulary.accounting_type(cell(Column::AccountingType)),
            status: self.vocabulary.status(cell(Column::Status)),
        };
        Ok((row, counts))
    }

    /// What a row must give. Only a line item may leave it to the order's first row.
    fn check_given(
        &self,
        amount: Option<SignedAmount>,
        currency: Option<&str>,
        date: Option<ReadDate>,
    ) -> Result<(), String> {
        let missing = match (amount, currency, date) {
            (None, _, _) if self.settings.line_items => return Ok(()),
            (None, _, _) => {
                "amount is empty; [ledger] line_items = true reads such rows as an order's further \
                 items"
            }
            (_, None, _) => "currency is empty, and [ledger] currency is not set",
            (_, _, None) => "created_at is empty",
            _ => return Ok(()),
        };
        Err(missing.to_owned())
    }

    /// `transaction_type`, with what the amount's sign says of it.
    fn direction(
        &self,
        amount: Option<SignedAmount>,
        cell: &str,
    ) -> Result<Option<TransactionType>, String> {
        let given = self.vocabulary.transaction_type(cell);
        if !amount.is_some_and(|amount| amount.negative) {
            return Ok(given);
        }
        match given {
            Some(TransactionType::Income) => {
                Err("the amount is negative, an expense, but transaction_type says income".into())
            }
            // A word that is not mapped is reported as it is, not covered up.
            Some(given) => Ok(Some(given)),
            None => Ok(Some(TransactionType::Expense)),
        }
    }
}

/// Whether a spreadsheet has made a number of an id: `1.23E+19`, in some places `1,23E+19`.
fn is_mangled(id: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    id.split_once(['E', 'e']).is_some_and(|(number, power)| {
        let (units, fraction) = number.split_once(['.', ',']).unwrap_or((number, "0"));
        power.strip_prefix(['+', '-']).is_some_and(digits) && digits(units) && digits(fraction)
    })
}

/// The line and column of a row's first byte that is not UTF-8. The row begins in `line`.
pub(super) fn place_of(error: Utf8Error, raw: &[u8], line: u64) -> (u64, u64) {
    let before = from_utf8(&raw[..error.valid_up_to()]).unwrap_or_default();
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    // As the Inspector counts: LF, CRLF and CR each end a line.
    let unix = before.replace("\r\n", "\n").replace('\r', "\n");
    let last = unix.rsplit('\n').next().unwrap_or_default();
    (line + count(unix.matches('\n').count()), count(last.chars().count()) + 1)
}
