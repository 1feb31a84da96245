//! The tables of `[ledger]` that map a ledger's words to the contract's: `currencies`, `statuses`,
//! `transaction_types` and `accounting_types`.

use super::vocabulary::Word;
use crate::tabular::normalize;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use std::collections::HashMap;
use std::fmt;

/// An error that names the expected value.
pub(super) fn unexpected<E: Error>(found: &str, expected: &str) -> E {
    E::invalid_value(de::Unexpected::Str(found), &expected)
}

pub(super) const EXPECTED_CURRENCY: &str = "2 to 10 letters, as inr";

/// A currency as the gateway writes it, in lower case. The rule is liberal, because only the
/// gateway knows its currencies: 2 to 10 letters, `-`, `_` or `.`.
pub(super) fn parse_currency(word: &str) -> Option<String> {
    let word = normalize(word);
    let allowed = |character: char| character.is_alphabetic() || "-_.".contains(character);
    let fits = (2..=10).contains(&word.chars().count())
        && word.chars().all(allowed)
        && word.chars().any(char::is_alphabetic);
    fits.then(|| word.into_owned())
}

/// `[ledger.currencies]`: a ledger's words, in lower case, for currencies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Currencies(HashMap<String, String>);

impl Currencies {
    pub(super) fn as_map(&self) -> &HashMap<String, String> {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Currencies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Currencies, D::Error> {
        deserializer
            .deserialize_map(Table {
                expected: EXPECTED_CURRENCY,
                read: |_: &str, word: &str| parse_currency(word).ok_or(None),
            })
            .map(Currencies)
    }
}

/// `[ledger.statuses]` and the like: a ledger's words, in lower case, for the contract's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WordTable<T>(HashMap<String, T>);

impl<T> WordTable<T> {
    pub(super) fn as_map(&self) -> &HashMap<String, T> {
        &self.0
    }
}

impl<T> Default for WordTable<T> {
    fn default() -> WordTable<T> {
        WordTable(HashMap::new())
    }
}

impl<'de, T: Word> Deserialize<'de> for WordTable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WordTable<T>, D::Error> {
        let read = |from: &str, to: &str| {
            let meaning = T::known(&normalize(to)).ok_or(None)?;
            match T::known(from) {
                Some(own) if own != meaning => {
                    Err(Some(format!("\"{from}\" always means itself and cannot be mapped")))
                }
                _ => Ok(meaning),
            }
        };
        deserializer.deserialize_map(Table { expected: T::EXPECTED, read }).map(WordTable)
    }
}

/// Reads a table of words. `read` gives the meaning of a key and its value. It fails with `None`
/// where the value is not what was expected, and with a message for any other error.
struct Table<F> {
    expected: &'static str,
    read: F,
}

impl<'de, T: PartialEq, F: Fn(&str, &str) -> Result<T, Option<String>>> Visitor<'de> for Table<F> {
    type Value = HashMap<String, T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a table from the ledger's words to {}", self.expected)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut table = HashMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let word = normalize(&key).into_owned();
            let meaning = map.next_value_seed(TableValue { table: &self, word: &word })?;
            if table.get(&word).is_some_and(|other| *other != meaning) {
                return Err(A::Error::custom(format!("\"{word}\" is mapped twice")));
            }
            table.insert(word, meaning);
        }
        Ok(table)
    }
}

/// One value of a [`Table`]: read on its own, so that an error points at it.
struct TableValue<'a, F> {
    table: &'a Table<F>,
    word: &'a str,
}

impl<'de, T, F: Fn(&str, &str) -> Result<T, Option<String>>> DeserializeSeed<'de>
    for TableValue<'_, F>
{
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        let value = String::deserialize(deserializer)?;
        (self.table.read)(self.word, &value).map_err(|wrong| match wrong {
            Some(wrong) => D::Error::custom(wrong),
            None => unexpected(&value, self.table.expected),
        })
    }
}
