//! Values of `[ledger]` that are more than a text or a number.

use crate::domain::order::LineItems;
use crate::ledger::word_tables::unexpected;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use std::fmt;

/// `amount_unit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AmountUnit {
    /// The currency's unit: rupees.
    Major,
    /// Its smallest unit, by ISO 4217: paise.
    Minor,
}

/// `[[ledger.skip]]`: rows that are not orders.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SkipRule {
    /// A heading of the file.
    pub(crate) column: String,
    /// The cells of the rows to skip, without regard to case.
    #[serde(default)]
    pub(crate) values: Vec<String>,
    /// Whether rows with an empty cell are skipped.
    #[serde(default)]
    pub(crate) empty: bool,
}

impl SkipRule {
    pub(super) fn check(&self) -> Result<(), String> {
        let column = self.column.trim();
        if column.is_empty() {
            return Err("skip: the heading in column is empty".to_owned());
        }
        if self.values.is_empty() && !self.empty {
            return Err(format!(
                "skip: {column:?} cannot choose rows without values = [\"…\"] or empty = true"
            ));
        }
        Ok(())
    }
}

pub(super) fn delimiter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.as_bytes() {
        [byte] if *byte == b'\t' || (byte.is_ascii_punctuation() && *byte != b'"') => Ok(*byte),
        _ => Err(unexpected(&text, "one ASCII character, as \",\", \";\", \"|\" or \"\\t\"")),
    }
}

pub(super) fn decimals<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<usize>, D::Error> {
    let number = i64::deserialize(deserializer)?;
    usize::try_from(number).ok().filter(|decimals| *decimals <= 6).map(Some).ok_or_else(|| {
        D::Error::invalid_value(Unexpected::Signed(number), &"a number of decimals, 0 to 6")
    })
}

pub(super) fn line_items<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<LineItems, D::Error> {
    struct Mode;
    impl Visitor<'_> for Mode {
        type Value = LineItems;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("\"empty\", \"total\", \"sum\", true (\"empty\") or false")
        }

        fn visit_bool<E: Error>(self, on: bool) -> Result<LineItems, E> {
            Ok(if on { LineItems::Empty } else { LineItems::Off })
        }

        fn visit_str<E: Error>(self, word: &str) -> Result<LineItems, E> {
            match word {
                "empty" => Ok(LineItems::Empty),
                "total" => Ok(LineItems::Total),
                "sum" => Ok(LineItems::Sum),
                _ => Err(E::invalid_value(Unexpected::Str(word), &self)),
            }
        }
    }
    deserializer.deserialize_any(Mode)
}
