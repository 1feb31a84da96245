//! One row: from the cells of a record to a [`LedgerRow`] (contract, "Ledger").

use super::FileRead;
use super::columns::{Column, Layout};
use super::date_hints::DateHints;
use super::error::LedgerError;
use super::ids::{Id, Mangled};
use super::money::{Money, MoneyReader};
use super::oddities::Oddities;
use super::settings::LedgerSettings;
use super::skip::Skip;
use super::vocabulary::{Vocabulary, given};
use crate::domain::amount::Total;
use crate::domain::order::{
    CreatedAt, Directions, InvalidRow, ItemRow, LedgerRow, LineItems, OrderKey, PartialRow,
    RowCells,
};
use crate::domain::rows::direction_of;
use crate::domain::run::{Warning, add_to};
use crate::domain::text::printable;
use crate::tabular::{DateCell, DateError, Dates, Record, shown_date};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::str::from_utf8;

/// The key of the control figures for amounts whose currency cannot be read.
pub const UNKNOWN_CURRENCY: &str = "?";

/// The longest cell that is read, in bytes.
const LONGEST_CELL: usize = 512;

/// What a row below without an id belongs to.
enum Above {
    /// There is no row above.
    Nothing,
    /// An order.
    Order { key: OrderKey, currency: Option<String> },
    /// A row that is not an order. Its id: that of its items, where they have one.
    Skipped { id: String },
    /// A row that cannot be used.
    Invalid { line: u64 },
}

/// Reads the rows of one ledger, in their order.
pub(super) struct RowReader<'a> {
    file: &'a str,
    layout: Layout,
    settings: &'a LedgerSettings,
    skip: Vec<Skip>,
    money: MoneyReader<'a>,
    vocabulary: Vocabulary<'a>,
    dates: Dates<'a>,
    merchant_uid: Option<&'a str>,
    date_hints: DateHints,
    above: Above,
    oddities: Oddities,
}

/// The cells of a row besides its order, or why it is invalid.
type Read = Result<RowCells, String>;

impl<'a> RowReader<'a> {
    pub(super) fn new(
        file: &'a str,
        layout: Layout,
        settings: &'a LedgerSettings,
        merchant_uid: Option<&'a str>,
        now: DateTime<Utc>,
    ) -> RowReader<'a> {
        let rules = settings.skip.iter().zip(&layout.skip);
        RowReader {
            file,
            skip: rules.map(|(rule, index)| Skip::new(rule, *index)).collect(),
            layout,
            settings,
            money: MoneyReader::new(settings),
            vocabulary: Vocabulary::new(settings),
            dates: Dates::new(settings.zones(), settings.date_formats(), now),
            merchant_uid,
            date_hints: DateHints::default(),
            above: Above::Nothing,
            oddities: Oddities::default(),
        }
    }

    /// Whether a row has fewer fields than the header row. Then the caller has to know whether it
    /// is the file's last.
    pub(super) fn is_short(&self, record: &Record<'_>) -> bool {
        self.layout.is_short(record)
    }

    /// What a person should know of the rows that were read.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        self.oddities.warnings(self.file, self.settings)
    }

    /// Reads one row. Adds its amount to the figures, even where the row is invalid. Fails where
    /// the whole ledger is not usable.
    pub(super) fn read(
        &mut self,
        record: &Record<'_>,
        is_last: bool,
        figures: &mut FileRead,
    ) -> Result<LedgerRow, LedgerError> {
        if let Err(reason) = self.layout.check_fields(record, is_last) {
            return Ok(self.invalid_fields(record, reason));
        }
        if self.skip.iter().any(|skip| skip.applies_to(record)) {
            let id = self.id_of_items(record);
            // A skipped item of an order does not end the order.
            if !(id.is_empty() && matches!(self.above, Above::Order { .. })) {
                self.above = Above::Skipped { id };
            }
            return Ok(self.skipped(record, figures));
        }
        let id = match from_utf8(record.cell(self.layout.index(Column::MerchantOrderId))) {
            Ok(cell) => Id::read(cell).map(Some).map_err(|Mangled| LedgerError::MangledId {
                file: self.file.to_owned(),
                line: record.line,
                id: printable(cell),
            })?,
            Err(_) => None,
        };
        let mut money = self.money.read(record, &self.layout, &self.vocabulary);
        if id.as_ref().is_some_and(|id| self.is_item(&id.text, &money)) {
            return Ok(self.item(record, money, figures));
        }
        let key = id.filter(|id| !id.text.is_empty()).map(|id| (self.key(record, &id.text), id));
        let currency_above = match (&self.above, &key) {
            (Above::Order { key: above, currency }, Some((key, _))) if above == key => {
                currency.clone()
            }
            _ => None,
        };
        add_money(&mut figures.totals, &money, currency_above.as_deref());
        let Some((key, id)) = key else {
            let reason = self.encoding_fault(record);
            let reason = reason.unwrap_or_else(|| "merchant_order_id is empty".to_owned());
            return Ok(self.invalid(record, reason));
        };
        if let Some(oddity) = id.oddity {
            self.oddities.odd_id(record.line, &id.text, oddity);
        }
        if self.settings.line_items != LineItems::Off {
            let currency = money.currency.as_ref().ok().cloned().flatten().or(currency_above);
            self.above = Above::Order { key: key.clone(), currency };
        }
        let cells = self.cells(record, key.clone(), &mut money, figures);
        if self.settings.line_items.has_groups() {
            return Ok(self.item_row(record, key, cells));
        }
        Ok(match cells.map(RowCells::into_entry) {
            Ok(Ok(entry)) => LedgerRow::Complete { line: record.line, entry },
            Ok(Err(cells)) => self.partial(record, *cells),
            Err(reason) => self.invalid(record, reason),
        })
    }

    /// The id of a skipped row's items; empty where the file has no items.
    fn id_of_items(&self, record: &Record<'_>) -> String {
        let cell = from_utf8(record.cell(self.layout.index(Column::MerchantOrderId)));
        let id = cell.ok().filter(|_| self.settings.line_items != LineItems::Off).map(Id::read);
        id.and_then(Result::ok).map_or_else(String::new, |id| id.text.into_owned())
    }

    /// Whether a row is an item of what is above it: it has no id, or it repeats the id of a
    /// skipped row and has no amount, so that it cannot be an order.
    fn is_item(&self, id: &str, money: &Money) -> bool {
        let has_no_amount = matches!(money.amount, Ok(None));
        let belongs = match &self.above {
            Above::Nothing => false,
            Above::Skipped { id: skipped } => id.is_empty() || (id == skipped && has_no_amount),
            Above::Order { .. } | Above::Invalid { .. } => id.is_empty(),
        };
        belongs
            && match self.settings.line_items {
                LineItems::Off => false,
                LineItems::Empty | LineItems::Total => has_no_amount,
                LineItems::Sum => true,
            }
    }

    /// An item that belongs to what is above it.
    fn item(&mut self, record: &Record<'_>, mut money: Money, figures: &mut FileRead) -> LedgerRow {
        let (key, currency) = match &self.above {
            Above::Order { key, currency } => (key.clone(), currency.clone()),
            Above::Skipped { .. } => return self.skipped(record, figures),
            Above::Invalid { line } => {
                let reason = format!("it is an item of the row in line {line}, which is invalid");
                add_money(&mut figures.totals, &money, None);
                return self.invalid_row(record, reason);
            }
            Above::Nothing => return self.invalid(record, "merchant_order_id is empty".to_owned()),
        };
        add_money(&mut figures.totals, &money, currency.as_deref());
        let cells = self.cells(record, key.clone(), &mut money, figures);
        if self.settings.line_items.has_groups() {
            return self.item_row(record, key, cells);
        }
        match cells {
            Ok(cells) => self.partial(record, cells),
            Err(reason) => self.invalid_row(record, reason),
        }
    }

    /// The order of a row. An item's row may leave the merchant to the order's row above it.
    fn key(&self, record: &Record<'_>, id: &str) -> OrderKey {
        let uid = from_utf8(record.cell(self.layout.index(Column::MerchantUid)));
        let uid = uid.map(given).ok().filter(|uid| !uid.is_empty());
        let LedgerSettings { id_prefix, id_suffix, .. } = self.settings;
        let merchant_order_id = [id_prefix, id, id_suffix].concat();
        if uid.is_none()
            && let Above::Order { key, .. } = &self.above
            && key.merchant_order_id == merchant_order_id
        {
            return key.clone();
        }
        let merchant_uid = uid.or(self.merchant_uid).map(ToOwned::to_owned);
        OrderKey { merchant_uid, merchant_order_id }
    }

    /// A row of which it is unknown which cell belongs to which column. With `"sum"` and `"total"`
    /// its order, as far as its id tells, is invalid whole.
    fn invalid_fields(&mut self, record: &Record<'_>, reason: String) -> LedgerRow {
        if self.settings.line_items.has_groups() {
            let id = self.id_of_items(record);
            let above = match &self.above {
                Above::Order { key, .. } if id.is_empty() => Some(key.clone()),
                _ => None,
            };
            let key = above.or_else(|| (!id.is_empty()).then(|| self.key(record, &id)));
            if let Some(key) = key {
                self.above = Above::Order { key: key.clone(), currency: None };
                return self.item_row(record, key, Err(reason));
            }
        }
        self.invalid(record, reason)
    }

    fn skipped(&self, record: &Record<'_>, figures: &mut FileRead) -> LedgerRow {
        let money = self.money.read(record, &self.layout, &self.vocabulary);
        figures.skipped.rows += 1;
        add_money(&mut figures.skipped.totals, &money, None);
        add_money(&mut figures.totals, &money, None);
        LedgerRow::Skipped
    }

    /// A row that cannot be used, and what follows for items below it.
    fn invalid(&mut self, record: &Record<'_>, reason: String) -> LedgerRow {
        self.above = Above::Invalid { line: record.line };
        self.invalid_row(record, reason)
    }

    fn invalid_row(&self, record: &Record<'_>, reason: String) -> LedgerRow {
        let (file, raw) = (self.file.to_owned(), record.raw.to_vec());
        LedgerRow::Invalid(InvalidRow { file, line: record.line, reason, raw })
    }

    fn partial(&self, record: &Record<'_>, cells: RowCells) -> LedgerRow {
        let (file, raw) = (self.file.to_owned(), record.raw.to_vec());
        LedgerRow::Partial(PartialRow { file, line: record.line, cells, raw })
    }

    fn item_row(&self, record: &Record<'_>, key: OrderKey, cells: Read) -> LedgerRow {
        let (file, raw) = (self.file.to_owned(), record.raw.to_vec());
        let directions = self.directions();
        LedgerRow::Item(ItemRow { file, line: record.line, key, cells, directions, raw })
    }

    /// What amounts say of the transaction type.
    fn directions(&self) -> Directions {
        match self.settings.signed_amounts {
            _ if self.layout.is_in_two_columns() => Directions::Columns,
            true => Directions::Signs,
            false => Directions::Unsaid,
        }
    }

    /// Why a row cannot be read as text, if so.
    fn encoding_fault(&self, record: &Record<'_>) -> Option<String> {
        let (line, column) = record.invalid_utf8()?;
        let name = self.settings.encoding.name();
        let hint = if self.settings.encoding.is_utf8() {
            "; [ledger] encoding reads others, e.g. \"windows-1252\""
        } else {
            ""
        };
        Some(format!("it is not valid {name} from line {line}, column {column} on{hint}"))
    }

    /// Reads the cells of a row of this order.
    fn cells(
        &mut self,
        record: &Record<'_>,
        key: OrderKey,
        money: &mut Money,
        figures: &mut FileRead,
    ) -> Read {
        if let Some(reason) = self.encoding_fault(record) {
            return Err(reason);
        }
        let layout = &self.layout;
        let cell = |column| from_utf8(record.cell(layout.index(column))).unwrap_or_default();
        if let Some(column) = layout.columns().find(|column| cell(*column).len() > LONGEST_CELL) {
            let length = cell(column).len();
            return Err(format!(
                "{column} is {length} bytes long; the limit is {LONGEST_CELL} bytes"
            ));
        }
        let amount = std::mem::replace(&mut money.amount, Ok(None))?;
        let currency = std::mem::replace(&mut money.currency, Ok(None))?;
        let date = self.date(cell(Column::CreatedAt), given(cell(Column::Time)))?;
        self.check_required(record, amount.is_some(), currency.as_deref(), date)?;
        let given_type = self.vocabulary.transaction_type(cell(Column::TransactionType));
        let has_groups = self.settings.line_items.has_groups();
        let transaction_type = match amount {
            // The sign of an item says nothing of the order.
            Some(amount) if !has_groups => {
                direction_of(amount.amount(), self.directions(), given_type)?
            }
            _ => given_type,
        };
        let cells = RowCells {
            key,
            amount: amount.map(|amount| if has_groups { amount.amount() } else { amount.size }),
            currency,
            created_at: date.map(|date| CreatedAt { ages_from: date.instant, date: date.date }),
            transaction_type,
            accounting_type: self.vocabulary.accounting_type(cell(Column::AccountingType)),
            status: self.vocabulary.status(cell(Column::Status)),
        };
        // A cell is more likely missing in the middle of the row than at its end.
        if self.is_short(record) && cells.has_unknown_word() {
            return Err(self.layout.fields_differ(record));
        }
        if let Some(date) = date {
            figures.count_date(record.line, date);
        }
        if amount.is_some_and(|amount| amount.is_rounded) {
            self.oddities.rounded(record.line);
        }
        if let Some(currency) = &cells.currency {
            self.oddities.currency(record.line, currency, self.settings);
        }
        Ok(cells)
    }

    /// `created_at`; an empty cell is `None`.
    fn date(&self, cell: &str, time: &str) -> Result<Option<DateCell>, String> {
        self.dates.read(cell, time).map_err(|error| {
            let whole = [cell.trim(), time].join(" ");
            let hint = match error {
                DateError::NotUsual | DateError::NotInFormat(_) => {
                    self.date_hints.hint(&whole, matches!(error, DateError::NotUsual))
                }
                _ => String::new(),
            };
            format!("created_at \"{}\": {error}{hint}", shown_date(&whole))
        })
    }

    /// Fails where a required cell is empty. Only a row of line items may leave it to another row.
    fn check_required(
        &self,
        record: &Record<'_>,
        has_amount: bool,
        currency: Option<&str>,
        date: Option<DateCell>,
    ) -> Result<(), String> {
        let line_items = self.settings.line_items;
        if line_items.has_groups() || (line_items == LineItems::Empty && !has_amount) {
            return Ok(());
        }
        let missing = match (has_amount, currency, date) {
            (false, _, _) => self.money.no_amount(record, &self.layout),
            (_, None, _) => "currency is empty, and [ledger] currency is not set",
            (_, _, None) => "created_at is empty",
            _ => return Ok(()),
        };
        Err(missing.to_owned())
    }
}

/// Adds the amount of a row, if it can be read, to the sum of its currency, or else of this one.
fn add_money(totals: &mut BTreeMap<String, Total>, money: &Money, currency: Option<&str>) {
    if let Ok(Some(amount)) = &money.amount {
        let own = money.currency.as_ref().ok().and_then(Option::as_deref);
        add_to(totals, own.or(currency).unwrap_or(UNKNOWN_CURRENCY), amount.amount());
    }
}
