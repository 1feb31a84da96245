//! octopus-recon.example.toml and the key tables in docs/: the program can read them, they have
//! every key, and they show the real defaults.

#![expect(clippy::unwrap_used, reason = "a test that cannot read has failed")]

use crate::documents::{document, rows, section};
use crate::support::Merchant;
use octopus_recon::domain::calendar::Calendar;
use octopus_recon::gateway::GatewaySettings;
use octopus_recon::ledger::LedgerSettings;
use octopus_recon::notify::NotifySettings;
use octopus_recon::report::ReportSettings;
use octopus_recon::rules::Policy;
use octopus_recon::rules::schedule::Schedule;
use octopus_recon::settings::StoreSettings;
use octopus_recon::settings::{Flags, Settings, SettingsError};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use toml::{Table, Value};

const EXAMPLE: &str = include_str!("../../octopus-recon.example.toml");
/// Marks lines with an example value, for keys without a default.
const EXAMPLE_MARK: &str = " # example";

/// Where docs/ lists the keys of each table of the configuration: page, heading, path.
const DOCUMENTED: [(&str, &str, &[&str]); 13] = [
    ("docs/configuration.md", "### `[gateway]`", &["gateway"]),
    ("docs/ledger.md", "### `[ledger]`", &["ledger"]),
    ("docs/ledger.md", "### `[[ledger.skip]]`", &["ledger", "skip"]),
    ("docs/configuration.md", "### `[policy]`", &["policy"]),
    ("docs/configuration.md", "### `[policy.tolerance]`", &["policy", "tolerance"]),
    ("docs/configuration.md", "### `[policy.accept]`", &["policy", "accept"]),
    ("docs/configuration.md", "### `[policy.due]`", &["policy", "due"]),
    ("docs/configuration.md", "### `[[policy.fee]]`", &["policy", "fee"]),
    ("docs/configuration.md", "### `[calendar]`", &["calendar"]),
    ("docs/configuration.md", "### `[schedule]`", &["schedule"]),
    ("docs/configuration.md", "### `[report]`", &["report"]),
    ("docs/configuration.md", "### `[store]`", &["store"]),
    ("docs/configuration.md", "### `[notify]`", &["notify"]),
];

/// Reads a configuration as the program does, with nothing in the environment.
fn load(configuration: &str) -> Result<Settings, SettingsError> {
    let merchant = Merchant::new();
    let config = Some(merchant.write("octopus-recon.toml", configuration));
    Settings::load(Flags { config, ..Flags::default() }, &|_| None)
}

/// The key or table of a commented line, without the comment sign.
fn commented(line: &str) -> Option<&str> {
    let code = line.strip_prefix("# ")?;
    let is_key = |key: &str| {
        let bare = |character: char| character.is_ascii_lowercase() || character == '_';
        key.chars().all(bare) || (key.starts_with('"') && key.ends_with('"'))
    };
    let is_setting = code.split_once(" = ").is_some_and(|(key, _)| is_key(key));
    (is_setting || code.starts_with('[')).then_some(code)
}

/// The example with its settings uncommented: the defaults, and if `examples` is true also the
/// example values.
fn uncommented(examples: bool) -> String {
    let line = |line: &'static str| match commented(line) {
        Some(code) if examples || !code.ends_with(EXAMPLE_MARK) => code,
        _ => line,
    };
    EXAMPLE.lines().map(line).collect::<Vec<&str>>().join("\n")
}

/// All settings as text, for comparison.
fn shown(settings: &Settings) -> String {
    let Settings { gateway, ledger, policy, calendar, schedule, report, store, notify, .. } =
        settings;
    let tables = format!("{gateway:#?}\n{ledger:#?}\n{policy:#?}\n{calendar:#?}\n{report:#?}");
    format!("{tables}\n{schedule:#?}\n{store:#?}\n{notify:#?}")
}

#[test]
fn the_unchanged_example_equals_the_defaults() {
    assert_eq!(shown(&load(EXAMPLE).unwrap()), shown(&Settings::default()));
}

#[test]
fn the_commented_defaults_are_the_real_defaults() {
    let defaults = uncommented(false);
    assert!(defaults.contains("\nrequests_per_second = 10\n"), "{defaults}");
    assert_eq!(shown(&load(&defaults).unwrap()), shown(&Settings::default()));
}

#[test]
fn every_key_is_read_with_the_value_shown() {
    let settings = load(&uncommented(true)).unwrap();
    assert_eq!(settings.gateway.merchant_uid.as_deref(), Some("M-1"));
    assert_eq!(settings.policy.fee.len(), 1);
    assert!(settings.credentials().is_err(), "the secret file of the example does not exist");
}

#[test]
fn the_example_has_every_known_key() {
    let document: Table = toml::from_str(&uncommented(true)).unwrap();
    let mut known = 0;
    assert_documented(&[], &document, &mut known);
    assert!(known > 50, "only {known} keys were found");
}

/// Checks that the example has every key that the reader knows in this table.
fn assert_documented(path: &[&str], table: &Table, known: &mut usize) {
    for key in known_keys(path) {
        *known += 1;
        let path = [path, &[key.as_str()]].concat();
        match table.get(&key) {
            None => unreachable!("{} is not in the example", path.join(".")),
            Some(Value::Table(inner)) => assert_documented(&path, inner, known),
            Some(Value::Array(items)) => {
                for inner in items.iter().filter_map(Value::as_table) {
                    assert_documented(&path, inner, known);
                }
            }
            Some(_) => {}
        }
    }
}

/// The keys that the reader lists in its error about an unknown key. Empty for a table with free
/// keys.
fn known_keys(path: &[&str]) -> Vec<String> {
    let unknown = "no_such_key = 1\n";
    let within = match path {
        [] | [_] => unknown.to_owned(),
        [_, list @ ("fee" | "skip")] => format!("[[{list}]]\n{unknown}"),
        [_, inner @ ..] => format!("[{}]\n{unknown}", inner.join(".")),
    };
    let message = match path.first().copied() {
        None => match load(&within) {
            Err(SettingsError::Invalid { why, .. }) => why,
            other => unreachable!("{other:?}"),
        },
        // The message of `load` is cut off if the list of keys is long.
        Some("gateway") => error_message::<GatewaySettings>(&within),
        Some("ledger") => error_message::<LedgerSettings>(&within),
        Some("policy") => error_message::<Policy>(&within),
        Some("calendar") => error_message::<Calendar>(&within),
        Some("report") => error_message::<ReportSettings>(&within),
        Some("schedule") => error_message::<Schedule>(&within),
        Some("notify") => error_message::<NotifySettings>(&within),
        Some("store") => error_message::<StoreSettings>(&within),
        Some(table) => unreachable!("no reader for [{table}]"),
    };
    let keys = message.strip_prefix("unknown ").and_then(|rest| rest.split_once("expected "));
    let Some((_, keys)) = keys else { return Vec::new() };
    keys.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The value of a key, if this configuration sets it.
fn value<'a>(document: &'a Table, path: &[&str], key: &str) -> Option<&'a Value> {
    let mut table = document;
    for name in path {
        table = table.get(*name)?.as_table()?;
    }
    table.get(key)
}

#[test]
fn the_pages_have_every_key_with_its_default() {
    let defaults: Table = toml::from_str(&uncommented(false)).unwrap();
    let example: Table = toml::from_str(&uncommented(true)).unwrap();
    for (name, heading, path) in DOCUMENTED {
        let page = document(name);
        let listed_rows = rows(section(&page, heading));
        // A nested table has its own heading or row.
        let inner = |key: &String| {
            let name = format!("{}.{key}", path.join("."));
            let is_table = path.len() == 1
                && value(&example, path, key).is_some_and(|it| match it {
                    Value::Array(items) => items.iter().any(Value::is_table),
                    other => other.is_table(),
                });
            assert!(!is_table || page.contains(&format!("[{name}]")), "{name} is not on the page");
            is_table
        };
        let keys: BTreeSet<String> =
            known_keys(path).into_iter().filter(|key| !inner(key)).collect();
        let listed: BTreeSet<String> = listed_rows.iter().map(|row| row[0].clone()).collect();
        assert_eq!(listed, keys, "{name}, {heading}");
        for row in listed_rows {
            match value(&defaults, path, &row[0]) {
                Some(default) => assert_eq!(row[1], default.to_string(), "{heading}, {}", row[0]),
                None if path == ["policy", "fee"] => {}
                None => assert!(row[1].starts_with("none"), "{heading}, {}: {}", row[0], row[1]),
            }
        }
    }
}

fn error_message<T: DeserializeOwned>(configuration: &str) -> String {
    toml::from_str::<T>(configuration).err().unwrap().message().to_owned()
}
