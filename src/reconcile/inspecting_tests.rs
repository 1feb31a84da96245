//! Random exports: the configuration that is meant reads every row to what is meant, and what is
//! proposed does so too, once a person has decided what it leaves open. Never anything else.

#[path = "inspecting_tests/dates.rs"]
mod dates;
#[path = "inspecting_tests/exports.rs"]
mod exports;
#[path = "inspecting_tests/habits.rs"]
mod habits;
#[path = "inspecting_tests/numbers.rs"]
mod numbers;

use super::*;
use crate::domain::fuzzing::seeds;
use crate::domain::order::{Entry, LedgerStatus};
use crate::domain::payment::TransactionType;
use crate::ledger::{LedgerKeys, Preset, Source};
use chrono::SecondsFormat;
use exports::{Export, Meant};
use toml::{Table, Value};

/// So many exports are tried.
const CASES: u64 = 500;

fn now() -> DateTime<Utc> {
    "2026-11-27T12:00:00Z".parse().unwrap_or_default()
}

fn spool(bytes: &[u8]) -> Spool {
    let source = Source::from_reader("orders.csv", std::io::Cursor::new(bytes.to_vec()));
    Spool::of(source, &|| false).unwrap_or_else(|error| unreachable!("{error}"))
}

/// What is wrong with an export.
type Wrong = String;

/// The orders that these settings read. No import is committed, so the store stays empty.
fn read(
    store: &mut Store,
    export: &Export,
    file: &Spool,
    settings: &LedgerSettings,
) -> Result<Vec<Meant>, Wrong> {
    let files = std::slice::from_ref(file);
    let (import, view) = import(store, files, settings, None, now(), &|| false)
        .map_err(|error| format!("refused: {error}"))?;
    let rows = view.inspection.rows;
    if let Some(invalid) = view.inspection.invalid.first() {
        return Err(format!("invalid: {invalid:?}"));
    }
    if (rows.rows, rows.skipped) != (export.rows, export.skipped) {
        return Err(format!("{rows:?}, but meant were {}, {}", export.rows, export.skipped));
    }
    Ok(import.entries().into_iter().map(meant).collect())
}

/// An order, as it is compared.
fn meant(entry: Entry) -> Meant {
    Meant {
        id: entry.key.merchant_order_id,
        amount: entry.amount.to_string(),
        currency: entry.currency,
        date: entry.created_at.date.to_string(),
        time: Some(entry.created_at.ages_from.to_rfc3339_opts(SecondsFormat::Secs, true)),
        transaction_type: entry
            .transaction_type
            .as_ref()
            .map(TransactionType::as_str)
            .map(str::to_owned),
        status: entry.status.as_ref().map(LedgerStatus::as_str).map(str::to_owned),
    }
}

/// The first order that is not read as it is meant.
fn compare(export: &Export, read: Vec<Meant>) -> Result<(), Wrong> {
    if read.len() != export.orders.len() {
        return Err(format!("{} orders, but meant were {}", read.len(), export.orders.len()));
    }
    for (mut read, meant) in read.into_iter().zip(&export.orders) {
        if meant.time.is_none() {
            read.time = None;
        }
        if read != *meant {
            return Err(format!("{read:?}\n  but meant was\n{meant:?}"));
        }
    }
    Ok(())
}

/// What a person who knows the meant configuration answers to the open points.
fn answer(suggestion: &Suggestion, meant: &Table, given: &mut Table) {
    let own = |key: &str| meant.get(key).cloned();
    for point in suggestion.open() {
        let key = point.key;
        let answer = match key {
            "timezone" | "date_format" | "currency" | "encoding" | "round_amounts" | "statuses"
            | "currencies" | "skip" => own(key),
            "amount_unit" => own(key).or(Some("major".into())),
            "line_items" | "signed_amounts" => own(key).or(Some(false.into())),
            "decimal_separator" => {
                if let Some(thousands) = own("thousands_separator") {
                    given.insert("thousands_separator".to_owned(), thousands);
                }
                own(key).or(Some(".".into()))
            }
            column => {
                let heading = meant.get("columns").and_then(|it| it.get(column)).cloned();
                let columns = given.entry("columns").or_insert(Value::Table(Table::new()));
                if let (Some(columns), Some(heading)) = (columns.as_table_mut(), heading) {
                    columns.insert(column.to_owned(), heading);
                }
                continue;
            }
        };
        if let Some(answer) = answer {
            given.insert(key.to_owned(), answer);
        }
    }
}

/// The settings that a person ends with who follows what is proposed and decides what is open.
fn settled(file: &Spool, meant: &Table) -> Result<(LedgerSettings, String), Wrong> {
    let files = std::slice::from_ref(file);
    let mut given = Table::new();
    // No cell says it, and an order without a status is one too.
    if let Some(status) = meant.get("default_status") {
        given.insert("default_status".to_owned(), status.clone());
    }
    let mut suggestion = Suggestion::default();
    for _ in 0..4 {
        let settings: LedgerSettings =
            Value::Table(given.clone()).try_into().map_err(|error| format!("{error}\n{given}"))?;
        let keys = LedgerKeys { own: given.clone(), resolved: given.clone() };
        suggestion = ledger::suggest(files, &keys, &settings, now(), &|| false)
            .map_err(|error| error.to_string())?;
        let before = given.clone();
        answer(&suggestion, meant, &mut given);
        if given == before {
            break;
        }
    }
    let settings = suggestion.settings().map_err(|error| format!("{error}"))?;
    Ok((settings, suggestion.block()))
}

/// What is wrong with the export of this seed, as it is meant and as it is proposed.
fn try_export(store: &mut Store, seed: u64) -> Result<(), Wrong> {
    let export = exports::random(seed);
    let file = spool(&export.bytes);
    let meant: Table = toml::from_str(&export.config).map_err(|error| error.to_string())?;
    let shown = |wrong: Wrong, how: &str| {
        let content = String::from_utf8_lossy(&export.bytes).replace('\r', "\n");
        format!("seed {seed}, {how}: {wrong}\n{}\n{content}", export.config)
    };
    let settings = toml::from_str(&export.config).map_err(|error| error.to_string());
    settings
        .and_then(|settings| read(store, &export, &file, &settings))
        .and_then(|read| compare(&export, read))
        .map_err(|wrong| shown(wrong, "as it is meant"))?;
    let (settings, block) = settled(&file, &meant).map_err(|wrong| shown(wrong, "proposed"))?;
    read(store, &export, &file, &settings)
        .and_then(|read| compare(&export, read))
        .map_err(|wrong| shown(wrong, &format!("as proposed in\n{block}\n")))
}

/// What is wrong with each of these exports.
fn try_exports(seeds: impl Iterator<Item = u64>) -> Vec<Wrong> {
    let store = Store::temporary().map_err(|error| error.to_string());
    let mut store = store.unwrap_or_else(|error| unreachable!("{error}"));
    seeds.filter_map(|seed| try_export(&mut store, seed).err()).collect()
}

#[test]
fn what_is_proposed_reads_what_was_meant_or_is_left_open() {
    const THREADS: u64 = 4;
    let wrong: Vec<Wrong> = std::thread::scope(|scope| {
        let share =
            |first: u64| try_exports(seeds(CASES).filter(move |seed| seed % THREADS == first));
        let threads: Vec<_> = (0..THREADS).map(|first| scope.spawn(move || share(first))).collect();
        threads
            .into_iter()
            .flat_map(|thread| match thread.join() {
                Ok(wrong) => wrong,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    let shown = wrong.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("\n\n");
    assert!(wrong.is_empty(), "{} exports are read otherwise: {shown}", wrong.len());
}

/// The orders of a preset's fixture, as its settings read them.
fn orders_of(file: &Spool, settings: &LedgerSettings) -> (Vec<Meant>, u64) {
    let store = Store::temporary().map_err(|error| error.to_string());
    let mut store = store.unwrap_or_else(|error| unreachable!("{error}"));
    let files = std::slice::from_ref(file);
    let read = import(&mut store, files, settings, None, now(), &|| false);
    let (import, view) = read.unwrap_or_else(|error| unreachable!("{error}"));
    let rows = view.inspection.rows;
    (import.entries().into_iter().map(meant).collect(), rows.invalid + rows.skipped)
}

#[test]
fn what_is_proposed_for_a_known_export_reads_it_as_its_preset_does() {
    for preset in Preset::ALL {
        let name = preset.as_str();
        let root = env!("CARGO_MANIFEST_DIR");
        let path = |of: &str| format!("{root}/{of}");
        let read =
            |path: String| std::fs::read(&path).unwrap_or_else(|it| unreachable!("{it}: {path}"));
        let file = spool(&read(path(&format!("fixtures/presets/{name}.csv"))));
        let table = read(path(&format!("src/ledger/presets/{name}.toml")));
        let table = String::from_utf8(table).unwrap_or_default();
        let mut meant: Table = toml::from_str(&table).unwrap_or_default();
        // What a preset leaves to the user.
        for (key, value) in [("timezone", "Asia/Kolkata"), ("currency", "inr")] {
            meant.entry(key).or_insert(value.into());
        }
        let settings = Value::Table(meant.clone()).try_into();
        let settings: LedgerSettings = settings.unwrap_or_else(|error| unreachable!("{error}"));
        let (settled, block) = settled(&file, &meant).unwrap_or_else(|it| unreachable!("{it}"));
        let (expected, read) = (orders_of(&file, &settings), orders_of(&file, &settled));
        assert!(expected.0.len() >= 8, "{name}: {expected:?}");
        assert_eq!(read, expected, "{name}\n{block}");
    }
}
