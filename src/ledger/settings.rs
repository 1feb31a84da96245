//! The `[ledger]` table of the configuration (contract, "Configuration" and "Ledger"). Values are
//! checked while they are read, so that an error points at its line.

mod columns;
mod values;
mod zone;

use super::presets::Preset;
use super::shrunk_above::ShrunkAbove;
use super::vocabulary::Word;
use super::word_tables::{Currencies, EXPECTED_CURRENCY, WordTable, parse_currency, unexpected};
use crate::domain::order::{LedgerStatus, LineItems};
use crate::domain::payment::{AccountingType, TransactionType};
use crate::tabular::{DateFormat, DateFormats, NumberFormat, TextEncoding, Zones};
use chrono_tz::Tz;
use columns::Columns;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
pub(crate) use values::{AmountUnit, SkipRule};

/// How this merchant's export differs from the plain one. The default reads the contract's own
/// columns, words and formats.
#[derive(Debug, Clone, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields, default)]
pub struct LedgerSettings {
    /// The known export under these keys. Its keys are already in this table:
    /// [`put_preset_under`](super::put_preset_under) has put them there.
    pub(super) preset: Option<Preset>,
    /// The encoding of the file. It is never guessed.
    pub(crate) encoding: TextEncoding,
    /// Between the columns: one ASCII character.
    #[serde(deserialize_with = "values::delimiter")]
    pub(crate) delimiter: u8,
    /// The currency of rows that give none, in lower case.
    #[serde(deserialize_with = "optional_currency")]
    pub(crate) currency: Option<String>,
    /// Other words for currencies (`Rs`, `₹`).
    pub(super) currencies: Currencies,
    /// The zone of times without an offset, and of every order's date. UTC where it is not set.
    #[serde(deserialize_with = "zone::optional")]
    pub(crate) timezone: Option<Tz>,
    /// The zone of times without an offset, where it is not that of the days.
    #[serde(deserialize_with = "zone::optional")]
    pub(crate) times_in: Option<Tz>,
    /// The formats of `created_at`, instead of the usual ones.
    pub(crate) date_format: Option<DateFormats>,
    /// Between groups of digits.
    pub(crate) thousands_separator: Option<char>,
    /// Before the decimals.
    pub(crate) decimal_separator: char,
    /// Whether a negative amount is an expense. Otherwise it is invalid.
    pub(crate) signed_amounts: bool,
    /// Whether an amount may have its currency beside it (`₹1,200.00`, `5 INR`).
    pub(crate) currency_in_amount: bool,
    /// The unit in which amounts are written.
    pub(crate) amount_unit: AmountUnit,
    /// The decimals to which amounts are rounded, half up. Otherwise more than six are invalid.
    #[serde(deserialize_with = "values::decimals")]
    pub(crate) round_amounts: Option<usize>,
    /// The status of an order that has none. The store fills it in, not the reader, because a later
    /// row may still give one.
    #[serde(deserialize_with = "status")]
    pub(crate) default_status: Option<LedgerStatus>,
    /// How the rows of an order's line items are written.
    #[serde(deserialize_with = "values::line_items")]
    pub(crate) line_items: LineItems,
    /// Put before each order id.
    pub(crate) id_prefix: String,
    /// Put behind each order id.
    pub(crate) id_suffix: String,
    /// Rows that are not orders.
    pub(crate) skip: Vec<SkipRule>,
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
            preset: None,
            encoding: TextEncoding::default(),
            delimiter: b',',
            currency: None,
            currencies: Currencies::default(),
            timezone: None,
            times_in: None,
            date_format: None,
            thousands_separator: None,
            decimal_separator: '.',
            signed_amounts: false,
            currency_in_amount: false,
            amount_unit: AmountUnit::Major,
            round_amounts: None,
            default_status: None,
            line_items: LineItems::Off,
            id_prefix: String::new(),
            id_suffix: String::new(),
            skip: Vec::new(),
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

    /// The zones of days and of times.
    pub(super) fn zones(&self) -> Zones {
        let days = self.zone();
        Zones { days, times: self.times_in.unwrap_or(days) }
    }

    /// The formats of `created_at`; none: the usual ones.
    pub(super) fn date_formats(&self) -> &[DateFormat] {
        self.date_format.as_ref().map_or(&[], DateFormats::as_slice)
    }

    /// How this ledger writes numbers.
    pub(super) fn number_format(&self) -> NumberFormat {
        NumberFormat {
            thousands_separator: self.thousands_separator,
            decimal_separator: self.decimal_separator,
            signed: self.signed_amounts,
            with_currency: self.currency_in_amount,
            round: self.round_amounts,
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
        for id in [&self.id_prefix, &self.id_suffix] {
            if id.chars().any(char::is_control) {
                return Err("id_prefix and id_suffix cannot have control characters".to_owned());
            }
        }
        self.skip.iter().try_for_each(SkipRule::check)?;
        self.columns.check()
    }
}

fn optional_currency<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let word = String::deserialize(deserializer)?;
    parse_currency(&word).map(Some).ok_or_else(|| unexpected(&word, EXPECTED_CURRENCY))
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LedgerStatus>, D::Error> {
    let word = String::deserialize(deserializer)?;
    let status = LedgerStatus::known(&word);
    status.map(Some).ok_or_else(|| unexpected(&word, LedgerStatus::EXPECTED))
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
