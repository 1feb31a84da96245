//! The amount and the currency of a row (contract, "Ledger": `amount`, `currency`).

use super::columns::{Column, Layout};
use super::currencies::{Signs, decimals};
use super::settings::{AmountUnit, LedgerSettings};
use super::vocabulary::{Vocabulary, given};
use super::word_tables::parse_currency;
use crate::domain::amount::Amount;
use crate::domain::text::clean;
use crate::tabular::{Number, NumberError, NumberFormat, NumberHint, Record, read_number};
use std::str::from_utf8;

/// What a row says of its money. An empty reason: the cell is not valid in the file's encoding.
pub(super) struct Money {
    /// The amount; negative for an expense, where the ledger says so by a sign or a column.
    pub(super) amount: Result<Option<Signed>, String>,
    /// `currency`, or the configured one where the row has an amount.
    pub(super) currency: Result<Option<String>, String>,
}

/// An amount with its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) size: Amount,
    pub(super) negative: bool,
    pub(super) is_rounded: bool,
}

impl Signed {
    /// The amount with its sign.
    pub(super) fn amount(self) -> Amount {
        if self.negative { -self.size } else { self.size }
    }
}

/// Reads the money of the rows of one ledger.
pub(super) struct MoneyReader<'a> {
    settings: &'a LedgerSettings,
    format: NumberFormat,
    /// What can stand beside an amount, if anything can.
    signs: Option<Signs>,
}

impl<'a> MoneyReader<'a> {
    pub(super) fn new(settings: &'a LedgerSettings) -> MoneyReader<'a> {
        let signs = settings.currency_in_amount.then(Signs::new);
        MoneyReader { settings, format: settings.number_format(), signs }
    }

    /// Reads the cells of one row.
    pub(super) fn read(
        &self,
        record: &Record<'_>,
        layout: &Layout,
        vocabulary: &Vocabulary<'_>,
    ) -> Money {
        let number = self.number(record, layout);
        let has_amount = !matches!(number, Ok(None));
        let currency = match from_utf8(record.cell(layout.index(Column::Currency))) {
            Ok(cell) => self.currency(cell, has_amount, vocabulary),
            Err(_) => Err(String::new()),
        };
        let (column, cell, number) = match number {
            Ok(Some(found)) => found,
            Ok(None) => return Money { amount: Ok(None), currency },
            Err(reason) => return Money { amount: Err(reason), currency },
        };
        let refused = |reason: String| format!("{column} \"{}\": {reason}", shown(cell));
        let currency = match &self.signs {
            Some(signs) if !number.currency.is_empty() => currency.and_then(|of_row| {
                let mapped = vocabulary.currencies();
                signs.agree(number.currency, of_row.as_deref(), mapped).map(Some).map_err(refused)
            }),
            _ => currency,
        };
        let unit_decimals = match (self.settings.amount_unit, &currency) {
            (AmountUnit::Major, _) => Some(None),
            (AmountUnit::Minor, Ok(Some(currency))) => decimals(currency).map(Some),
            (AmountUnit::Minor, _) => None,
        };
        let Some(unit_decimals) = unit_decimals else {
            let reason = "amount_unit = \"minor\" needs a currency of ISO 4217, which says how \
                          many decimals it has";
            return Money { amount: Err(refused(reason.to_owned())), currency };
        };
        let amount = match number.size(unit_decimals, self.format) {
            Ok((size, is_rounded)) => {
                Ok(Some(Signed { size, negative: number.negative, is_rounded }))
            }
            Err(error) => Err(reason(column, cell, error)),
        };
        Money { amount, currency }
    }

    /// The number of the row, and the column and the cell that have it.
    fn number<'r>(
        &self,
        record: &Record<'r>,
        layout: &Layout,
    ) -> Result<Option<(Column, &'r str, Number<'r>)>, String> {
        let read = |column: Column| {
            let cell = from_utf8(record.cell(layout.index(column))).map_err(|_| String::new())?;
            // Only where there are two columns may a word stand for an empty cell.
            let text = if column == Column::Amount { cell } else { given(cell) };
            let number = read_number(text, self.format);
            let number = number.map_err(|error| reason(column, cell, error))?;
            Ok::<_, String>(number.map(|number| (column, cell, number)))
        };
        if !layout.is_in_two_columns() {
            return read(Column::Amount);
        }
        let as_expense = |(column, cell, number): (Column, &'r str, Number<'r>)| {
            Some((column, cell, number.negated()))
        };
        match (read(Column::Credit)?, read(Column::Debit)?) {
            (Some((column, cell, credit)), _) if credit.negative && !credit.is_zero() => {
                Err(format!("{column} \"{}\": a credit cannot be negative", shown(cell)))
            }
            (None, None) => Ok(None),
            (Some(credit), None) => Ok(Some(credit)),
            (None, Some(debit)) => Ok(as_expense(debit)),
            (Some(credit), Some((.., debit))) if debit.is_zero() => Ok(Some(credit)),
            (Some((.., credit)), Some(debit)) if credit.is_zero() => Ok(as_expense(debit)),
            (Some((_, credit, _)), Some((_, debit, _))) => Err(format!(
                "credit \"{}\" and debit \"{}\": only one of them can have an amount",
                shown(credit),
                shown(debit)
            )),
        }
    }

    /// Why a row without an amount is invalid, and the keys that would read it.
    pub(super) fn no_amount(&self, record: &Record<'_>, layout: &Layout) -> &'static str {
        let is_amount = |cell: &[u8]| {
            let cell = from_utf8(cell).unwrap_or_default();
            // A whole number may be anything.
            let is_whole = cell.trim().bytes().all(|byte| byte.is_ascii_digit());
            !is_whole && read_number(cell, self.format).is_ok_and(|number| number.is_some())
        };
        let mut others = record.cells().enumerate().filter(|(index, _)| !layout.is_read(*index));
        if !layout.is_in_two_columns() && others.any(|(_, cell)| is_amount(cell)) {
            "amount is empty, but another column has a number; [ledger.columns] credit and debit \
             read amounts in two columns, and [ledger] line_items reads such rows as items of an \
             order"
        } else {
            "amount is empty; [ledger] line_items reads such rows as items of an order"
        }
    }

    /// `currency`, or the configured one where the row has an amount.
    fn currency(
        &self,
        cell: &str,
        has_amount: bool,
        vocabulary: &Vocabulary<'_>,
    ) -> Result<Option<String>, String> {
        let word = vocabulary.currency(given(cell));
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
}

fn shown(cell: &str) -> String {
    clean(cell.trim_matches(|character: char| character.is_ascii_whitespace()))
}

/// Why a cell is not an amount, and the key that would read it.
fn reason(column: Column, cell: &str, error: NumberError) -> String {
    let hint = match error.hint {
        None => "",
        Some(NumberHint::Signed) => {
            "; [ledger] signed_amounts = true reads a negative amount as an expense"
        }
        Some(NumberHint::Separators) => {
            "; see [ledger] thousands_separator and decimal_separator for other habits"
        }
        Some(NumberHint::Currency) => {
            "; [ledger] currency_in_amount = true reads a currency beside an amount"
        }
        Some(NumberHint::Round) => "; [ledger] round_amounts = 2 rounds it to 2 decimals",
    };
    format!("{column} \"{}\": {error}{hint}", shown(cell))
}
