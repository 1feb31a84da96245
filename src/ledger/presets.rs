//! Presets: the `[ledger]` tables of known exports (contract, "Ledger": `preset`). A preset is
//! data, a TOML file in `presets/`. Its comments say which export it reads, what is an order there,
//! what is skipped, and what the export cannot say. docs/presets.md says the same for users.

use super::settings::LedgerSettings;
use crate::tabular::normalize;
use serde::de::{Deserialize, Deserializer, Error};
use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A known export: `[ledger] preset`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    name: &'static str,
    /// The content of its `[ledger]` table.
    table: &'static str,
}

impl Preset {
    /// All of them, in the contract's order.
    pub const ALL: [Preset; 7] = [
        Preset { name: "shopify", table: include_str!("presets/shopify.toml") },
        Preset { name: "woocommerce", table: include_str!("presets/woocommerce.toml") },
        Preset { name: "magento", table: include_str!("presets/magento.toml") },
        Preset { name: "odoo", table: include_str!("presets/odoo.toml") },
        Preset {
            name: "razorpay-settlement",
            table: include_str!("presets/razorpay-settlement.toml"),
        },
        Preset { name: "stripe", table: include_str!("presets/stripe.toml") },
        Preset { name: "amazon-in", table: include_str!("presets/amazon-in.toml") },
    ];

    /// Its name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.name
    }

    /// The settings of this preset alone.
    ///
    /// # Errors
    /// The preset is not a valid `[ledger]` table. A test reads all of them.
    pub fn settings(self) -> Result<LedgerSettings, toml::de::Error> {
        toml::from_str(self.table)
    }

    fn named(name: &str) -> Option<Preset> {
        Preset::ALL.into_iter().find(|preset| preset.name == name)
    }

    /// The preset whose name looks like this word. The likeness is between 0 and 1.
    fn similar_to(word: &str) -> Option<Preset> {
        let word = normalize(word);
        let likeness = |preset: &Preset| strsim::jaro_winkler(&word, preset.name);
        let nearest = Preset::ALL.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
        (likeness(&nearest) > 0.8).then_some(nearest)
    }
}

impl fmt::Debug for Preset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl<'de> Deserialize<'de> for Preset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Preset, D::Error> {
        let name = String::deserialize(deserializer)?;
        Preset::named(&name).ok_or_else(|| {
            let meant = Preset::similar_to(&name)
                .map(|preset| format!("; did you mean \"{}\"?", preset.name))
                .unwrap_or_default();
            let names = Preset::ALL.map(Preset::as_str).join(", ");
            D::Error::custom(format!("unknown preset \"{name}\"{meant} (the presets are {names})"))
        })
    }
}

/// Puts the table of the preset that `[ledger]` names under the keys of a configuration. Each key
/// that the configuration gives overrides the preset's; so does each entry of an inner table. Every
/// value keeps its position in the configuration, so that an error points at it. A name that is
/// not a preset is left to the reader of the settings.
pub fn put_preset_under(configuration: &mut DeTable<'_>) {
    let ledger = configuration.get_mut("ledger").map(Spanned::get_mut);
    let Some(DeValue::Table(ledger)) = ledger else { return };
    let name = ledger.get("preset").and_then(|name| name.get_ref().as_str());
    let table = name.and_then(Preset::named).and_then(|preset| DeTable::parse(preset.table).ok());
    for (key, value) in table.map(Spanned::into_inner).into_iter().flatten() {
        match (ledger.get_mut(&key).map(Spanned::get_mut), value.get_ref()) {
            (None, _) => {
                ledger.insert(key, value);
            }
            (Some(DeValue::Table(entries)), DeValue::Table(under)) => put_under(entries, under),
            (Some(_), _) => {}
        }
    }
}

/// The entries of an inner table. Their keys are a ledger's words: case and outer space do not
/// matter. Columns for credit and debit replace the preset's column for the amount.
fn put_under<'i>(entries: &mut DeTable<'i>, under: &DeTable<'i>) {
    for (key, value) in under {
        let word = normalize(key.get_ref());
        let given = |word: &str| entries.keys().any(|key| normalize(key.get_ref()) == word);
        let in_two_columns = word == "amount" && (given("credit") || given("debit"));
        if !given(&word) && !in_two_columns {
            entries.insert(key.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings that this `[ledger]` table gives, as a configuration is read.
    fn read(ledger: &str) -> Result<LedgerSettings, toml::de::Error> {
        #[derive(serde::Deserialize)]
        struct Tables {
            ledger: LedgerSettings,
        }
        let configuration = format!("[ledger]\n{ledger}");
        let mut document = DeTable::parse(&configuration)?;
        put_preset_under(document.get_mut());
        Tables::deserialize(toml::Deserializer::from(document)).map(|tables| tables.ledger)
    }

    /// Every line of the settings, in an order that does not depend on hashes.
    fn shown(settings: Result<LedgerSettings, toml::de::Error>) -> Vec<String> {
        let settings = settings.unwrap_or_else(|error| unreachable!("{error}"));
        let mut lines: Vec<String> = format!("{settings:#?}").lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    #[test]
    fn every_preset_is_a_valid_table_that_says_what_it_is() {
        for preset in Preset::ALL {
            let alone = shown(
                preset
                    .settings()
                    .map(|settings| LedgerSettings { preset: Some(preset), ..settings }),
            );
            assert_eq!(shown(read(&format!("preset = '{}'", preset.name))), alone);
            assert_ne!(alone, shown(read("")), "{} sets nothing", preset.name);
            let comment: Vec<&str> =
                preset.table.lines().take_while(|line| line.starts_with('#')).collect();
            assert!(comment.len() >= 4, "{} says too little", preset.name);
            for word in ["# An order", "# Skipped", "# It cannot say"] {
                assert!(
                    comment.iter().any(|line| line.starts_with(word)),
                    "{}: {word}",
                    preset.name
                );
            }
        }
    }

    #[test]
    fn given_keys_and_entries_override_the_preset() {
        let preset = "preset = 'woocommerce'\n";
        // Each configuration and one that gives the same settings without overriding anything.
        let same = [
            ("[ledger.columns]\namount = 'Paid'", "amount = \"order_total\"", "amount = 'Paid'"),
            (
                "[ledger.statuses]\n' Processing' = 'pending'",
                "processing = \"paid\"",
                "processing = 'pending'",
            ),
            (
                "[ledger.columns]\ncredit = 'In'\ndebit = 'Out'",
                "amount = \"order_total\"",
                "credit = 'In'\ndebit = 'Out'",
            ),
            ("currency = 'inr'", "[columns]", "currency = 'inr'\n[columns]"),
        ];
        let woocommerce = Preset::named("woocommerce").map_or("", |preset| preset.table);
        for (given, found, replaced) in same {
            assert!(woocommerce.contains(found), "{found}");
            let whole = woocommerce.replacen(found, replaced, 1);
            let whole: Result<LedgerSettings, _> = toml::from_str(&format!("{preset}{whole}"));
            assert_eq!(shown(read(&format!("{preset}{given}"))), shown(whole), "{given}");
        }
    }

    #[test]
    fn an_unknown_name_says_which_was_meant_and_which_there_are() {
        let cases = [
            ("shopfy", Some("shopify")),
            ("Shopify", Some("shopify")),
            ("razorpay", Some("razorpay-settlement")),
            ("amazon", Some("amazon-in")),
            ("woo-commerce", Some("woocommerce")),
            ("sage", None),
            ("", None),
        ];
        for (name, meant) in cases {
            let error = read(&format!("preset = '{name}'")).err();
            let error = error.unwrap_or_else(|| unreachable!("{name}"));
            let message = error.message();
            assert!(message.starts_with(&format!("unknown preset \"{name}\"")), "{message}");
            let hint = meant.map(|meant| format!("did you mean \"{meant}\"?"));
            assert_eq!(message.contains("did you mean"), hint.is_some(), "{message}");
            assert!(message.contains(&hint.unwrap_or_default()), "{message}");
            assert!(message.contains("shopify, woocommerce, magento, odoo, "), "{message}");
        }
    }

    #[test]
    fn errors_point_at_the_value_in_the_configuration() {
        let cases = [
            ("preset = 'shopify'\ncurrencys = 'inr'", "currencys", "unknown field `currencys`"),
            ("preset = 'shopify'\ntimezone = 'IST'", "'IST'", "time zone"),
            ("preset = 'shopify'\n[ledger.columns]\nTotal = 'x'", "Total", "unknown variant"),
            ("preset = 'shopfy'\n", "'shopfy'", "unknown preset"),
            ("preset = 5\n", "5", "invalid type"),
        ];
        for (ledger, at, words) in cases {
            let error = read(ledger).err().unwrap_or_else(|| unreachable!("{ledger}"));
            assert!(error.message().contains(words), "{ledger}: {error}");
            let span = error.span().unwrap_or_default();
            let configuration = format!("[ledger]\n{ledger}");
            assert_eq!(configuration.get(span), Some(at), "{ledger}: {error}");
        }
    }
}
