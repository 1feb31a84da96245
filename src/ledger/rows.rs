//! One row: from the cells of a record to a [`LedgerRow`] (contract, "Ledger").

use super::columns::{Column, Layout};
use super::error::LedgerError;
use super::settings::LedgerSettings;
use super::vocabulary::Vocabulary;
use super::word_tables::parse_currency;
use crate::domain::amount::Total;
use crate::domain::order::{
    CreatedAt, InvalidRow, LedgerRow, LineItems, OrderKey, PartialRow, RowCells,
};
use crate::domain::payment::TransactionType;
use crate::domain::run::add_to;
use crate::domain::text::{clean, printable};
use crate::tabular::{
    DateCell, DateError, Dates, NumberFormat, NumberHint, Record, SignedAmount, read_amount,
    shown_date,
};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::str::from_utf8;

/// The key of the control figures for amounts whose currency cannot be read.
pub const UNKNOWN_CURRENCY: &str = "?";

/// The longest cell that is read, in bytes.
const LONGEST_CELL: usize = 512;

/// What is counted about the dates of usable rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct DateFlags {
    /// The date has no offset.
    pub without_offset: bool,
    /// The date is later than now.
    pub future: bool,
}

/// Reads the rows of one ledger.
pub(super) struct RowReader<'a> {
    file: &'a str,
    layout: Layout,
    settings: &'a LedgerSettings,
    number_format: NumberFormat,
    vocabulary: Vocabulary<'a>,
    dates: Dates<'a>,
    merchant_uid: Option<&'a str>,
}

impl<'a> RowReader<'a> {
    pub(super) fn new(
        file: &'a str,
        layout: Layout,
        settings: &'a LedgerSettings,
        merchant_uid: Option<&'a str>,
        now: DateTime<Utc>,
    ) -> RowReader<'a> {
        RowReader {
            file,
            layout,
            settings,
            number_format: settings.number_format(),
            vocabulary: Vocabulary::new(settings),
            dates: Dates::new(settings.zones(), settings.date_formats(), now),
            merchant_uid,
        }
    }

    /// Reads one row. Adds its amount to `totals`, even where the row is invalid. Fails where the
    /// whole ledger is not usable.
    pub(super) fn read(
        &self,
        record: &Record<'_>,
        totals: &mut BTreeMap<String, Total>,
    ) -> Result<(LedgerRow, DateFlags), LedgerError> {
        let (cells, flags) = match self.cells(record, totals)? {
            Ok(read) => read,
            Err(reason) => {
                let (file, line, raw) = (self.file.to_owned(), record.line, record.raw.to_vec());
                let row = InvalidRow { file, line, reason, raw };
                return Ok((LedgerRow::Invalid(row), DateFlags::default()));
            }
        };
        let line = record.line;
        let row = match cells.into_entry() {
            Ok(entry) => LedgerRow::Complete { line, entry },
            Err(cells) => {
                let (file, raw) = (self.file.to_owned(), record.raw.to_vec());
                LedgerRow::Partial(PartialRow { file, line, cells: *cells, raw })
            }
        };
        Ok((row, flags))
    }

    /// The cells, or why the row is invalid.
    fn cells(
        &self,
        record: &Record<'_>,
        totals: &mut BTreeMap<String, Total>,
    ) -> Result<Result<(RowCells, DateFlags), String>, LedgerError> {
        if record.fields() != self.layout.fields {
            // It is unknown which cell belongs to which column.
            let (has, header) = (record.fields(), self.layout.fields);
            return Ok(Err(format!("it has {has} fields, the header row has {header}")));
        }
        let cell = |column| from_utf8(record.cell(self.layout.index(column)));
        if let Ok(id) = cell(Column::MerchantOrderId)
            && is_mangled(id.trim())
        {
            let (file, id) = (self.file.to_owned(), printable(id));
            return Err(LedgerError::MangledId { file, line: record.line, id });
        }
        let amount = cell(Column::Amount).map(|cell| self.amount(cell));
        let amount = amount.unwrap_or_else(|_| Err(String::new()));
        let has_amount = !matches!(amount, Ok(None));
        let currency = cell(Column::Currency).map(|cell| self.currency(cell, has_amount));
        let currency = currency.unwrap_or_else(|_| Err(String::new()));
        if let Ok(Some(amount)) = &amount {
            let currency = currency.as_ref().ok().and_then(Option::as_deref);
            add_to(totals, currency.unwrap_or(UNKNOWN_CURRENCY), amount.signed());
        }
        if let Some((line, column)) = record.invalid_utf8() {
            return Ok(Err(format!("it is not valid UTF-8 from line {line}, column {column} on")));
        }
        let cell = |column| cell(column).unwrap_or_default();
        Ok(self.assemble(&cell, amount, currency))
    }

    /// `amount`; an empty cell is `None`.
    fn amount(&self, cell: &str) -> Result<Option<SignedAmount>, String> {
        read_amount(cell, self.number_format).map_err(|error| {
            let hint = match error.hint {
                None => "",
                Some(NumberHint::Signed) => {
                    "; [ledger] signed_amounts = true reads a negative amount as an expense"
                }
                Some(NumberHint::Separators) => {
                    "; see [ledger] thousands_separator and decimal_separator for other habits"
                }
            };
            let shown = clean(cell.trim_matches(|character: char| character.is_ascii_whitespace()));
            format!("amount \"{shown}\": {error}{hint}")
        })
    }

    /// `currency`, or the configured one where the row has an amount.
    fn currency(&self, cell: &str, has_amount: bool) -> Result<Option<String>, String> {
        let word = self.vocabulary.currency(cell);
        if word.is_empty() {
            return Ok(self.settings.currency.clone().filter(|_| has_amount));
        }
        parse_currency(&word).map(Some).ok_or_else(|| {
            format!(
                "currency \"{}\": it is not a currency; [ledger.currencies] maps other words",
                clean(cell)
            )
        })
    }

    /// `created_at`; an empty cell is `None`.
    fn date(&self, cell: &str, time: &str) -> Result<Option<DateCell>, String> {
        self.dates.read_with_time(cell, time).map_err(|error| {
            let hint = match error {
                DateError::NotUsual => "; [ledger] date_format reads other formats",
                _ => "",
            };
            format!("created_at \"{}\": {error}{hint}", shown_date(cell))
        })
    }

    /// Puts the cells together; all of them are known to be UTF-8.
    fn assemble<'row>(
        &self,
        cell: &dyn Fn(Column) -> &'row str,
        amount: Result<Option<SignedAmount>, String>,
        currency: Result<Option<String>, String>,
    ) -> Result<(RowCells, DateFlags), String> {
        let too_long = |column: &Column| cell(*column).len() > LONGEST_CELL;
        if let Some(column) = self.layout.columns().find(too_long) {
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
        let date = self.date(cell(Column::CreatedAt), cell(Column::Time))?;
        self.check_required(amount, currency.as_deref(), date)?;
        let transaction_type = self.transaction_type(amount, cell(Column::TransactionType))?;
        let uid = Some(cell(Column::MerchantUid).trim()).filter(|uid| !uid.is_empty());
        let key = OrderKey {
            merchant_uid: uid.or(self.merchant_uid).map(ToOwned::to_owned),
            merchant_order_id: id.to_owned(),
        };
        let flags = DateFlags {
            without_offset: date.is_some_and(|date| !date.with_offset),
            future: date.is_some_and(|date| date.future),
        };
        let created_at = date.map(|date| CreatedAt { ages_from: date.instant, date: date.date });
        let cells = RowCells {
            key,
            amount: amount.map(|amount| amount.size),
            currency,
            created_at,
            transaction_type,
            accounting_type: self.vocabulary.accounting_type(cell(Column::AccountingType)),
            status: self.vocabulary.status(cell(Column::Status)),
        };
        Ok((cells, flags))
    }

    /// Fails where a required cell is empty. Only a line item may leave it to an earlier row.
    fn check_required(
        &self,
        amount: Option<SignedAmount>,
        currency: Option<&str>,
        date: Option<DateCell>,
    ) -> Result<(), String> {
        let missing = match (amount, currency, date) {
            (None, _, _) if self.settings.line_items != LineItems::Off => return Ok(()),
            (None, _, _) => {
                "amount is empty; [ledger] line_items = true reads such rows as items of an order"
            }
            (_, None, _) => "currency is empty, and [ledger] currency is not set",
            (_, _, None) => "created_at is empty",
            _ => return Ok(()),
        };
        Err(missing.to_owned())
    }

    /// `transaction_type`, and what the sign of the amount says about it.
    fn transaction_type(
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
            // A word that is not mapped is reported; the sign must not hide it.
            Some(given) => Ok(Some(given)),
            None => Ok(Some(TransactionType::Expense)),
        }
    }
}

/// Whether a spreadsheet has turned an id into a number: `1.23E+19`, in some places `1,23E+19`.
fn is_mangled(id: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    id.split_once(['E', 'e']).is_some_and(|(number, power)| {
        let (units, fraction) = number.split_once(['.', ',']).unwrap_or((number, "0"));
        power.strip_prefix(['+', '-']).is_some_and(digits) && digits(units) && digits(fraction)
    })
}
