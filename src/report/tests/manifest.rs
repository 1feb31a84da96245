//! The manifest: control totals, and digests that other programs work out alike.

use super::*;
use crate::domain::morning::{LedgerFile, Setting};
use crate::domain::run::{LedgerFigures, OrderFigures};
use serde_json::{Value, json};
use std::fs;

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The manifest of a night with these rows, and the report that it proves.
fn written(settings: &ReportSettings, night: &Night) -> Result<(Value, Vec<u8>), ReportError> {
    let directory = tempfile::tempdir().unwrap_or_else(|error| unreachable!("{error}"));
    let target = directory.path().join("report.csv");
    let mut files = ReportFiles::create(&target, night, settings)?;
    files.take_from_store(2);
    files.write(Part::Finding(&short_payment()))?;
    files.write(Part::Finding(&unverified()))?;
    files.finish()?.publish(&|_| false, instant(NIGHT))?;
    let read = |path: &Path| fs::read(path).unwrap_or_default();
    let manifest = read(&target.with_extension("json"));
    let manifest = serde_json::from_slice(&manifest);
    Ok((manifest.unwrap_or_else(|error| unreachable!("{error}")), read(&target)))
}

#[test]
fn each_file_and_each_row_has_its_digest() -> Outcome {
    for settings in [plain(), ReportSettings::default()] {
        let (manifest, report) = written(&settings, &night())?;
        let file = json!({"name": "report.csv", "role": "report", "sha256": digest(&report)});
        assert_eq!(manifest["files"][0], file);
        let lines: Vec<&[u8]> = report.split(|byte| *byte == b'\n').collect();
        let line = |number: usize| lines[number].strip_suffix(b"\r").unwrap_or(lines[number]);
        let rows = json!({"m-0f3a": digest(line(1)), "m-77": digest(line(2))});
        assert_eq!(manifest["rows"], rows, "{settings:?}");
    }
    Ok(())
}

#[test]
fn the_totals_add_up() -> Outcome {
    let mut night = night();
    let figures = &mut night.summary.figures;
    figures.ledger = LedgerFigures {
        rows: 12,
        accepted: 6,
        invalid: 1,
        repeated: 2,
        superseded: 2,
        skipped: 1,
        changed: 0,
    };
    // Five of the ledger's six orders, and two of earlier runs.
    figures.orders = OrderFigures {
        selected: 7,
        reused: 0,
        matched: 3,
        in_transit: 1,
        mismatched: 2,
        unverified: 1,
    };
    let (manifest, _) = written(&plain(), &night)?;
    let number = |table: &str, key: &str| manifest[table][key].as_u64().unwrap_or(1_000);
    let sum = |table: &str, keys: &[&str]| keys.iter().map(|key| number(table, key)).sum::<u64>();
    let rows = ["accepted", "invalid", "repeated", "superseded", "skipped"];
    assert_eq!(number("ledger", "rows"), sum("ledger", &rows));
    assert_eq!(sum("orders", &["accepted", "taken_from_store"]), 8);
    assert_eq!(sum("orders", &["selected", "not_selected"]), 8);
    let outcomes = ["matched", "in_transit", "mismatched", "unverified"];
    assert_eq!(number("orders", "selected"), sum("orders", &outcomes));
    Ok(())
}

#[test]
fn it_says_how_the_run_was_made() -> Outcome {
    let mut night = night();
    night.ledgers = vec![LedgerFile {
        name: Text::own("orders.csv"),
        modified_at: Some(instant("2026-11-23T01:00:00Z")),
        sha256: Some("00ff".to_owned()),
    }];
    night.previous_manifest = Some("abcd".to_owned());
    night.making.version = "0.0.9".to_owned();
    let (key, value, source) = ("policy.ignore".to_owned(), "[]".to_owned(), "default".to_owned());
    night.making.settings = vec![Setting { key, value, source }];
    let (manifest, _) = written(&plain(), &night)?;
    assert_eq!(manifest["schema"], 1);
    assert_eq!(manifest["version"], "0.0.9", "the release that made the run");
    assert_eq!([&manifest["command"], &manifest["run_id"]], [&json!("run"), &json!(7)]);
    assert_eq!(manifest["started_at"], "2026-11-23T02:10:09Z");
    assert_eq!(manifest["previous_manifest"], "abcd");
    let ledger =
        json!({"name": "orders.csv", "modified_at": "2026-11-23T01:00:00Z", "sha256": "00ff"});
    assert_eq!(manifest["ledger_files"], json!([ledger]));
    let setting = json!({"key": "policy.ignore", "value": "[]", "source": "default"});
    assert_eq!(manifest["settings"], json!([setting]));
    Ok(())
}

#[test]
fn a_night_without_a_row_has_a_manifest() -> Outcome {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    publish(&target, &plain(), &[], &[])?;
    let manifest: Value = serde_json::from_slice(&fs::read(target.with_extension("json"))?)?;
    assert_eq!(manifest["rows"], json!({}));
    assert_eq!(manifest["files"][0]["sha256"], digest(&fs::read(&target)?));
    Ok(())
}
