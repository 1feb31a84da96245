//! What a person should know of a file that was read: counted row by row, and said once.

use super::currencies::is_of_iso;
use super::ids::Oddity;
use super::settings::LedgerSettings;
use crate::domain::run::Warning;
use crate::domain::text::printable;
use std::collections::BTreeMap;

/// The most currencies that are named.
const MOST_CURRENCIES: usize = 10;

/// How many rows, and the line of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rows {
    count: u64,
    first_line: u64,
}

/// What was counted.
#[derive(Default)]
pub(super) struct Oddities {
    rounded: Option<Rows>,
    odd_ids: Option<(Rows, String)>,
    unknown_currencies: BTreeMap<String, Rows>,
    /// A currency that needs no doubt: that of the row before.
    known_currency: String,
}

fn count(rows: &mut Option<Rows>, line: u64) {
    rows.get_or_insert(Rows { count: 0, first_line: line }).count += 1;
}

impl Oddities {
    /// An amount was rounded.
    pub(super) fn rounded(&mut self, line: u64) {
        count(&mut self.rounded, line);
    }

    /// An id has a character that is probably not part of it.
    pub(super) fn odd_id(&mut self, line: u64, id: &str, oddity: Oddity) {
        let described = || {
            let id = printable(id);
            match oddity {
                Oddity::Quote => format!("{id} has an outer '"),
                Oddity::Invisible(character) => {
                    format!("\"{id}\" has an invisible U+{:04X}", u32::from(character))
                }
            }
        };
        let none = || (Rows { count: 0, first_line: line }, described());
        self.odd_ids.get_or_insert_with(none).0.count += 1;
    }

    /// A row has this currency.
    pub(super) fn currency(&mut self, line: u64, currency: &str, settings: &LedgerSettings) {
        if currency == self.known_currency {
            return;
        }
        let is_meant = settings.currency.as_deref() == Some(currency)
            || settings.currencies.as_map().values().any(|mapped| mapped == currency);
        if is_meant || is_of_iso(currency) {
            currency.clone_into(&mut self.known_currency);
        } else if let Some(rows) = self.unknown_currencies.get_mut(currency) {
            rows.count += 1;
        } else if self.unknown_currencies.len() < MOST_CURRENCIES {
            let rows = Rows { count: 1, first_line: line };
            self.unknown_currencies.insert(currency.to_owned(), rows);
        }
    }

    /// What to say of the file with this name.
    pub(super) fn warnings(&self, file: &str, settings: &LedgerSettings) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if let Some(Rows { count, first_line }) = self.rounded {
            let decimals = settings.round_amounts.unwrap_or_default();
            let text = format!(
                "{file}: amounts rounded to {decimals} decimals ([ledger] round_amounts): {count}, \
                 the first in line {first_line}"
            );
            warnings.push(Warning::new("rounded_amounts", text));
        }
        if let Some((Rows { count, first_line }, described)) = &self.odd_ids {
            let text = format!(
                "{file}: order ids with an outer ' or an invisible character: {count}, the first \
                 in line {first_line}: {described}. The gateway is asked for these ids unchanged; \
                 if it knows them without, correct the export"
            );
            warnings.push(Warning::new("odd_ids", text));
        }
        for (currency, Rows { count, first_line }) in &self.unknown_currencies {
            let text = format!(
                "{file}: rows with the currency {currency}, which ISO 4217 does not know: {count}, \
                 the first in line {first_line}. Map it in [ledger.currencies], e.g. \
                 \"{currency}\" = \"inr\", or to itself if the gateway calls it so"
            );
            warnings.push(Warning::new("unknown_currency", text));
        }
        warnings
    }
}
