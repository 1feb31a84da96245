//! The `[ledger]` table of the configuration (contract, "Configuration" and "Ledger"). Values are
//! checked while they are read, so that an error points at its line.

use super::columns::Column;
use super::shrunk_above::ShrunkAbove;
use super::vocabulary::Word;
use super::word_tables::{Currencies, EXPECTED_CURRENCY, WordTable, parse_currency, unexpected};
use crate::domain::order::LedgerStatus;
use crate::domain::payment::{AccountingType, TransactionType};
use crate::tabular::{DateFormat, NumberFormat, normalize};
use chrono_tz::Tz;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use std::collections::{BTreeMap, HashMap};

/// How this merchant's export differs from the plain one. The default reads the contract's own
/// columns, words and formats.
#[derive(Debug, Clone, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields, default)]
pub struct LedgerSettings {
    /// The currency of rows that give none, in lower case.
    #[serde(deserialize_with = "optional_currency")]
    pub(crate) currency: Option<String>,
    /// Other words for currencies (`Rs`, `₹`).
    pub(super) currencies: Currencies,
    /// The zone of times without an offset, and of every order's date. UTC where it is not set.
    #[serde(deserialize_with = "timezone")]
    pub(crate) timezone: Option<Tz>,
    /// The format of `created_at`, instead of the usual ones.
    pub(crate) date_format: Option<DateFormat>,
    /// Between groups of digits.
    pub(crate) thousands_separator: Option<char>,
    /// Before the decimals.
    pub(crate) decimal_separator: char,
    /// Whether a negative amount is an expense. Otherwise it is invalid.
    pub(crate) signed_amounts: bool,
    /// The status of an order that has none. The store fills it in, not the reader, because a later
    /// row may still give one.
    #[serde(deserialize_with = "status")]
    pub(crate) default_status: Option<LedgerStatus>,
    /// An order's later rows are line items and have no amount.
    pub(crate) line_items: bool,
    /// Between the columns: one ASCII character.
    #[serde(deserialize_with = "delimiter")]
    pub(crate) delimiter: u8,
    /// A file that was last written earlier than this is refused.
    pub(crate) max_age_hours: Option<u32>,
    /// With `--last`, a ledger without an order of the day before the run is refused.
    pub(crate) require_yesterday: bool,
    /// How many orders of the ledger before may be missing.
    pub(crate) shrunk_above: ShrunkAbove,
    /// Headings of the file where they are not the contract's.
    pub(super) columns: Columns,
    /// Other words for transaction types.
    pub(super) transaction_types: WordTable<TransactionType>,
    /// Other words for accounting types.
    pub(super) accounting_types: WordTable<AccountingType>,
    /// Other words for statuses.
    pub(super) statuses: WordTable<LedgerStatus>,
}

impl Default for LedgerSettings {
    fn default() -> LedgerSettings {
        LedgerSettings {
            currency: None,
            currencies: Currencies::default(),
            timezone: None,
            date_format: None,
            thousands_separator: None,
            decimal_separator: '.',
            signed_amounts: false,
            default_status: None,
            line_items: false,
            delimiter: b',',
            max_age_hours: None,
            require_yesterday: false,
            shrunk_above: ShrunkAbove::default(),
            columns: Columns::default(),
            transaction_types: WordTable::default(),
            accounting_types: WordTable::default(),
            statuses: WordTable::default(),
        }
    }
}

impl<'de> Deserialize<'de> for LedgerSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LedgerSettings, D::Error> {
        // The derived reader (`remote = "Self"`), then checks of several keys together.
        let settings = LedgerSettings::deserialize(deserializer)?;
        settings.check().map_err(D::Error::custom)?;
        Ok(settings)
    }
}

impl LedgerSettings {
    /// The ledger's time zone: days and times without an offset are in it.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.timezone.unwrap_or(Tz::UTC)
    }

    /// How this ledger writes numbers.
    pub(super) fn number_format(&self) -> NumberFormat {
        NumberFormat {
            thousands_separator: self.thousands_separator,
            decimal_separator: self.decimal_separator,
            signed: self.signed_amounts,
        }
    }

    fn check(&self) -> Result<(), String> {
        let thousands = self.thousands_separator;
        for (key, separator) in [
            ("thousands_separator", thousands),
            ("decimal_separator", Some(self.decimal_separator)),
        ] {
            let Some(separator) = separator else { continue };
            if separator.is_alphanumeric()
                || separator.is_control()
                || "+-\u{2212}()\"".contains(separator)
            {
                return Err(format!(
                    "{key}: {separator:?} cannot separate digits; expected e.g. \",\" or \".\""
                ));
            }
        }
        if thousands == Some(self.decimal_separator) {
            return Err(format!(
                "thousands_separator and decimal_separator are both {:?}; set the one that \
                 differs from it (decimal_separator is \".\" unless set)",
                self.decimal_separator
            ));
        }
        self.columns.check()
    }
}

fn optional_currency<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let word = String::deserialize(deserializer)?;
    parse_currency(&word).map(Some).ok_or_else(|| unexpected(&word, EXPECTED_CURRENCY))
}

fn timezone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Tz>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let expected = "the name of a time zone, as Asia/Kolkata or UTC";
    name.parse().map(Some).map_err(|_| unexpected(&name, expected))
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LedgerStatus>, D::Error> {
    let word = String::deserialize(deserializer)?;
    let status = LedgerStatus::known(&word);
    status.map(Some).ok_or_else(|| unexpected(&word, LedgerStatus::EXPECTED))
}

fn delimiter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.as_bytes() {
        [byte] if *byte == b'\t' || (byte.is_ascii_punctuation() && *byte != b'"') => Ok(*byte),
        _ => Err(unexpected(&text, "one ASCII character, as \",\", \";\", \"|\" or \"\\t\"")),
    }
}

/// `[ledger.columns]`: the contract's columns and their headings in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Columns(BTreeMap<Column, String>);

impl Columns {
    /// The heading of a column in the file.
    pub(super) fn heading(&self, column: Column) -> &str {
        self.0.get(&column).map_or(column.as_str(), String::as_str)
    }

    /// Whether its heading is configured.
    pub(super) fn has(&self, column: Column) -> bool {
        self.0.contains_key(&column)
    }

    /// Whether its own name is configured as the heading of another column. The file then does not
    /// have this column.
    pub(super) fn is_shadowed(&self, column: Column) -> bool {
        let name_is_taken = || self.0.values().any(|heading| normalize(heading) == column.as_str());
        !self.has(column) && name_is_taken()
    }

    fn check(&self) -> Result<(), String> {
        let mut taken = HashMap::new();
        for (column, heading) in &self.0 {
            let normalized = normalize(heading);
            if normalized.is_empty() {
                return Err(format!("columns: the heading of {column} is empty"));
            }
            if let Some(other) = taken.insert(normalized, column) {
                return Err(format!(
                    "columns: {other} and {column} cannot both be the heading \"{}\"",
                    heading.trim()
                ));
            }
        }
        let required = [Column::MerchantOrderId, Column::Amount, Column::CreatedAt];
        match required.into_iter().find(|column| self.is_shadowed(*column)) {
            Some(column) => Err(format!(
                "columns: the heading \"{column}\" cannot be {column} and another column; say \
                 which heading {column} has"
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_point_at_the_value_and_say_what_is_expected() {
        let cases = [
            ("timezone = 'Asia/Bombay'", 1, "the name of a time zone, as Asia/Kolkata or UTC"),
            ("\ndelimiter = ';;'", 2, "one ASCII character"),
            ("delimiter = '\"'", 1, "one ASCII character"),
            ("delimiter = '5'", 1, "one ASCII character"),
            ("currency = 'R'", 1, "2 to 10 letters"),
            ("\n\ncurrencies = { Rs = 'inr', '₹' = '₹' }", 3, "2 to 10 letters"),
            ("default_status = 'settled'", 1, "paid, pending, failed, refunded or part_refunded"),
            (
                "[statuses]\nBezahlt = 'payed'",
                2,
                "paid, pending, failed, refunded or part_refunded",
            ),
            ("[statuses]\nPaid = 'failed'", 2, "always means itself"),
            ("[statuses]\n'A' = 'paid'\n' a' = 'failed'", 1, "mapped twice"),
            ("[transaction_types]\nin = 'deposit'", 2, "income or expense"),
            ("[accounting_types]\nin = 'income'", 2, "recharge, receive, settle or pay"),
            ("[columns]\norder_id = 'No'", 2, "unknown variant `order_id`, expected one of"),
            ("[columns]\namount = ' '", 1, "the heading of amount is empty"),
            ("[columns]\namount = 'X'\ncurrency = 'x '", 1, "cannot both be the heading"),
            ("[columns]\nstatus = 'Amount'", 1, "cannot be amount and another column"),
            ("thousands_separator = '.'", 1, "are both '.'"),
            ("thousands_separator = '5'", 1, "cannot separate digits"),
            ("decimal_separator = '-'", 1, "cannot separate digits"),
            ("decimal_separator = ',,'", 1, "character"),
            ("date_format = '%d/%m'", 1, "a year, a month and a day"),
            ("signed_amount = true", 1, "unknown field `signed_amount`"),
        ];
        for (config, line, words) in cases {
            let error = toml::from_str::<LedgerSettings>(config).err();
            let message = error.as_ref().map(ToString::to_string).unwrap_or_default();
            assert!(message.contains(words), "{config}: {message}");
            let at = format!("line {line}, column ");
            let whole = ["mapped twice", "cannot", "are both", "is empty"];
            if !whole.iter().any(|word| words.contains(word)) {
                assert!(message.contains(&at), "{config}: {message}");
            }
        }
    }

    #[test]
    fn a_whole_table_is_read() {
        let settings: Result<LedgerSettings, _> = toml::from_str(
            "currency = 'INR'\ntimezone = 'Asia/Kolkata'\ndate_format = '%d.%m.%Y %H:%M'\n\
             thousands_separator = '.'\ndecimal_separator = ','\nsigned_amounts = true\n\
             default_status = 'paid'\nline_items = true\ndelimiter = \"\\t\"\n\
             [columns]\nmerchant_order_id = 'Order No.'\n",
        );
        let settings = settings.unwrap_or_else(|error| unreachable!("{error}"));
        assert_eq!(settings.currency.as_deref(), Some("inr"));
        assert_eq!(settings.zone(), Tz::Asia__Kolkata);
        assert_eq!(settings.delimiter, b'\t');
        assert_eq!(settings.default_status, Some(LedgerStatus::Paid));
        assert_eq!(settings.columns.heading(Column::MerchantOrderId), "Order No.");
        assert!(settings.signed_amounts && settings.line_items);
        let empty = toml::from_str::<LedgerSettings>("").map(|settings| settings.zone());
        assert_eq!(empty, Ok(Tz::UTC));
    }
}
