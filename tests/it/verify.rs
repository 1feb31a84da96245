//! `verify`: a report file against the database.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::exit_codes::storage::skip;
use crate::support::{Done, Gateway, HEAD, Merchant, paid};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A merchant after a night with two findings: A1 is 10.00 short and B2 is unknown.
struct Night {
    merchant: Merchant,
    _gateway: Gateway,
    /// The report's path without its extension.
    stem: String,
}

impl Night {
    fn new() -> Night {
        let merchant = Merchant::new();
        let rows = "A1,500.00,inr,2026-01-10,paid\n00123456789012345678,7.50,inr,2026-01-11,paid\n";
        merchant.write("ledger.csv", format!("{HEAD}{rows}"));
        let gateway = Gateway::serve(&paid("A1", "500.00", json!({"final_amount": "490.00"})));
        let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(1), "{done:?}");
        let csv = done.json()["reports"][0].as_str().unwrap().to_owned();
        let stem = csv.strip_suffix(".csv").unwrap().to_owned();
        Night { merchant, _gateway: gateway, stem }
    }

    fn file(&self, extension: &str) -> String {
        format!("{}.{extension}", self.stem)
    }

    fn verify(&self, file: &str) -> Done {
        self.merchant.run(&["verify", file, "--format", "json"])
    }

    /// Changes the first occurrence in a file.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.merchant.path(file);
        let content = std::fs::read_to_string(&path).unwrap();
        assert!(content.contains(from), "{from} is not in {content}");
        std::fs::write(path, content.replacen(from, to, 1)).unwrap();
    }
}

fn differences(done: &Done) -> Vec<Value> {
    done.json()["differences"].as_array().unwrap().clone()
}

fn texts(done: &Done) -> Vec<String> {
    let texts = differences(done).into_iter();
    texts.map(|it| it["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_the_run_wrote_is_the_same() {
    let night = Night::new();
    for extension in ["csv", "xlsx", "json"] {
        for file in [night.file(extension), format!("reports/latest.{extension}")] {
            let done = night.verify(&file);
            assert_eq!(done.code, Some(0), "{file}: {done:?}");
            assert_eq!([&done.json()["rows"], &done.json()["run_id"]], [&json!(2), &json!(1)]);
            assert_eq!(done.json()["same_bytes"], true);
        }
    }
    let text = night.merchant.run(&["verify", &night.file("csv")]);
    assert!(text.stdout.contains("is what run 1 wrote, byte for byte. Rows compared: 2."));
}

#[test]
fn a_changed_cell_is_named() {
    let night = Night::new();
    let csv = night.file("csv");
    night.edit(&csv, ",490.00,", ",498.00,");
    let done = night.verify(&csv);
    assert_eq!(done.code, Some(1), "{done:?}");
    let [changed] = &differences(&done)[..] else { unreachable!("{done:?}") };
    assert_eq!([&changed["what"], &changed["column"]], ["changed", "final_amount"]);
    assert_eq!([&changed["was"], &changed["is"]], ["490.00", "498.00"]);
    assert_eq!(changed["of"], "A1 (final_amount_difference)");
    let text = night.merchant.run(&["verify", &csv]);
    assert_eq!(text.code, Some(1), "{text:?}");
    let said = "final_amount of A1 (final_amount_difference): 490.00 → 498.00";
    assert!(text.stdout.contains(said), "{text:?}");
    // The manifest names the file, and the cell in it.
    let manifest = night.verify(&night.file("json"));
    assert_eq!(manifest.code, Some(1), "{manifest:?}");
    let texts = texts(&manifest);
    assert!(texts.iter().any(|text| text.contains("has the SHA-256")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("490.00 → 498.00")), "{texts:?}");
}

#[test]
fn finances_columns_are_not_compared() {
    let night = Night::new();
    let csv = night.file("csv");
    night.edit(&csv, "\"\",\"\",\"\",\"\",\"gateway\"", "accepted,,Asha,known,\"gateway\"");
    let done = night.verify(&csv);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.json()["same_bytes"], false);
}

#[test]
fn rows_that_are_missing_or_added_are_named() {
    let night = Night::new();
    let csv = night.file("csv");
    let path = night.merchant.path(&csv);
    let content = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = content.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 3);
    let row_of = |order: &str| *lines.iter().find(|line| line.contains(order)).unwrap();
    let missing = row_of("00123456789012345678");
    std::fs::write(&path, content.replace(missing, "")).unwrap();
    let done = night.verify(&csv);
    assert_eq!(done.code, Some(1), "{done:?}");
    let texts_of = texts(&done);
    assert!(matches!(&texts_of[..], [it] if it.starts_with("missing row: 00123456789012345678 (")));
    // A copy of a row, and a row of nobody.
    let forged = missing.replace("\"m-", "\"m-0");
    std::fs::write(&path, format!("{content}{missing}{forged}")).unwrap();
    let done = night.verify(&csv);
    assert_eq!(done.code, Some(1), "{done:?}");
    let rows = differences(&done);
    let added: Vec<&Value> = rows.iter().map(|row| &row["place"]).collect();
    assert_eq!(added, ["row 4", "row 5"], "{rows:?}");
    assert!(rows.iter().all(|row| row["what"] == "added"), "{rows:?}");
}

#[test]
fn a_manifest_is_held_against_the_database() {
    let night = Night::new();
    let manifest = night.file("json");
    let original = std::fs::read(night.merchant.path(&manifest)).unwrap();
    for (from, to, said) in [
        ("\"at_risk\": \"", "\"at_risk\": \"1", "totals: "),
        ("\"selected\": 2", "\"selected\": 3", "orders: "),
        ("\"rows\": {\n    \"m-", "\"rows\": {\n    \"m-0", "is not of this run"),
        ("\"command\": \"run\"", "\"command\": \"ran\"", "command: "),
    ] {
        night.edit(&manifest, from, to);
        let done = night.verify(&manifest);
        assert_eq!(done.code, Some(1), "{from}: {done:?}");
        let texts = texts(&done);
        assert!(texts.iter().any(|text| text.contains(said)), "{from}: {texts:?}");
        assert!(texts.iter().any(|text| text.contains("its SHA-256 is")), "{from}: {texts:?}");
        std::fs::write(night.merchant.path(&manifest), &original).unwrap();
    }
    // A file that is gone.
    std::fs::remove_file(night.merchant.path(&night.file("html"))).unwrap();
    let texts = texts(&night.verify(&manifest));
    assert!(matches!(&texts[..], [it] if it.contains("the file is gone")), "{texts:?}");
}

#[test]
fn manifests_are_a_chain() {
    let night = Night::new();
    let Night { merchant, _gateway: gateway, .. } = &night;
    let second = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let reports = second.json()["reports"].clone();
    let name = reports.as_array().and_then(|reports| reports.last()).unwrap();
    let name = name.as_str().unwrap();
    let first = std::fs::read(merchant.path(&night.file("json"))).unwrap();
    let manifest = std::fs::read(merchant.path(name)).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let path = merchant.write("first.json", &first);
    assert_eq!(manifest["previous_manifest"].as_str(), Some(&*sha256(&path)));
    assert_eq!(night.verify(name).code, Some(0));
    night.edit(name, &sha256(&path), &"0".repeat(64));
    let texts = texts(&night.verify(name));
    assert!(texts.iter().any(|text| text.starts_with("previous_manifest: no run")), "{texts:?}");
}

fn sha256(path: &Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

#[test]
fn a_report_that_is_written_again_is_the_same() {
    let night = Night::new();
    let files = night.merchant.report_files();
    assert_eq!(night.merchant.run(&["report"]).code, Some(0));
    assert_eq!(night.merchant.report_files(), files);
    // In another dialect the cells are the same, and the manifest is another one.
    night.merchant.write("octopus-recon.toml", "[report]\ndelimiter = \";\"\n");
    let other = ["report", "--report", "other/report.csv"];
    assert_eq!(night.merchant.run(&other).code, Some(0));
    let done = night.verify("other/report.csv");
    assert_eq!((done.code, &done.json()["same_bytes"]), (Some(0), &json!(false)), "{done:?}");
}

#[test]
fn what_is_no_report_is_refused() {
    let night = Night::new();
    night.merchant.write("budget.csv", "item,price\ncoffee,3\n");
    night.merchant.write("budget.json", "{\"item\": 3}");
    for file in ["budget.csv", "budget.json"] {
        let done = night.verify(file);
        assert_eq!(done.code, Some(2), "{file}: {done:?}");
        assert!(done.stderr.contains(file), "{done:?}");
    }
    assert_eq!(night.verify("absent.csv").code, Some(14));
}

/// Replaces a text in every sheet of a workbook.
fn edit_workbook(path: &Path, from: &str, to: &str) {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if entry.name().starts_with("xl/worksheets/") {
            content = String::from_utf8(content).unwrap().replace(from, to).into_bytes();
        }
        files.push((entry.name().to_owned(), content));
    }
    let mut writer = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, content) in files {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn a_changed_cell_of_a_workbook_is_named_in_each_sheet() {
    let night = Night::new();
    let workbook = night.file("xlsx");
    edit_workbook(&night.merchant.path(&workbook), "<v>490</v>", "<v>498</v>");
    let done = night.verify(&workbook);
    assert_eq!(done.code, Some(1), "{done:?}");
    let changed = |sheet: &str| {
        differences(&done).into_iter().any(|it| {
            let place = it["place"].as_str().unwrap_or_default().to_owned();
            place.starts_with(sheet)
                && it["column"] == "final_amount"
                && [&it["was"], &it["is"]] == ["490.00", "498"]
        })
    };
    assert!(changed("Work, row ") && changed("Findings, row "), "{done:?}");
    assert_eq!(differences(&done).len(), 2, "{done:?}");
}

/// Saves a file again with LibreOffice. `None`: it is not installed.
fn saved_by_libreoffice(night: &Night, file: &str, to: &str) -> Option<PathBuf> {
    let out = night.merchant.path("saved");
    let profile = format!("-env:UserInstallation=file://{}", night.merchant.path("lo").display());
    let saved = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", to, "--outdir"])
        .args([&out, &night.merchant.path(file)])
        .output();
    if !saved.is_ok_and(|output| output.status.success()) {
        skip("no LibreOffice");
        return None;
    }
    Some(out.join(Path::new(file).file_name().unwrap()))
}

#[test]
fn a_file_that_a_spreadsheet_saved_has_the_same_cells() {
    let night = Night::new();
    let Some(workbook) = saved_by_libreoffice(&night, &night.file("xlsx"), "xlsx") else { return };
    let done = night.verify(workbook.to_str().unwrap());
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.json()["same_bytes"], false);
    let text = night.merchant.run(&["verify", workbook.to_str().unwrap()]);
    assert!(text.stdout.contains("but it says what run 1 found"), "{text:?}");
}

#[test]
fn a_statement_shows_what_only_the_gateway_has() {
    let night = Night::new();
    let Night { merchant, _gateway: gateway, .. } = &night;
    let run = |total: &str| {
        merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv", "--gateway-total", total])
    };
    let more = run("INR:income=3,590.50");
    // One completed payment of 490.00 is seen.
    assert_eq!(more.code, Some(1), "no other exit code: {more:?}");
    let line = json!({
        "currency": "inr",
        "transaction_type": "income",
        "statement": {"payments": 3, "amount": "590.50"},
        "seen": {"payments": 1, "amount": "490.00"},
        "difference": {"payments": 2, "amount": "100.50"},
    });
    assert_eq!(more.json()["gateway_totals"], json!([line]));
    let codes: Vec<Value> = more.json()["warnings"].as_array().unwrap().clone();
    assert!(codes.iter().any(|warning| warning["code"] == "gateway_total"), "{codes:?}");
    let manifest = std::fs::read(merchant.path("reports/latest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["gateway_totals"], json!([line]));
    assert_eq!(night.verify("reports/latest.json").code, Some(0));

    let same = run("inr:income=1,490");
    assert!(!same.stdout.contains("\"gateway_total\""), "{same:?}");
    assert_eq!(same.json()["gateway_totals"][0]["difference"]["payments"], 0);
    let twice = ["--gateway-total", "inr:income=1,1", "--gateway-total", "INR:income=2,2"];
    assert_eq!(merchant.reconcile(&gateway.url, &twice).code, Some(2));
}

/// `report --current` and `--as-of` show other decisions than the run reported. Their manifests say
/// which, and what they say is verified, whatever was decided since.
#[test]
fn a_report_with_later_decisions_is_what_its_manifest_says() {
    let night = Night::new();
    let decide = |decision: &str| {
        let of = ["--order", "A1", "--kind", "final_amount_difference", "--by", "Asha"];
        let done = night.merchant.run(&[&["decide", "--decision", decision][..], &of].concat());
        assert_eq!(done.code, Some(0), "{done:?}");
    };
    decide("accepted");
    let today = chrono::Utc::now().date_naive().to_string();
    for arguments in [&["report", "--current"][..], &["report", "--as-of", &today]] {
        let done = night.merchant.run(arguments);
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    let as_of = format!("reports/mismatches-as-of-{today}");
    let files = |stem: &str| ["json", "csv", "xlsx"].map(|it| format!("{stem}.{it}"));
    for file in [files("reports/latest"), files(&as_of)].concat() {
        let done = night.verify(&file);
        assert_eq!(done.code, Some(0), "{file}: {done:?}");
        assert_eq!(done.json()["same_bytes"], true, "{file}: {done:?}");
        let note = if file.contains("latest") { "report --current" } else { "report --as-of" };
        assert!(done.json()["notes"].to_string().contains(note), "{file}: {done:?}");
    }
    // The run's own report is still its own.
    assert_eq!(night.verify(&night.file("json")).code, Some(0));
    decide("none");
    for file in files("reports/latest") {
        let done = night.verify(&file);
        assert_eq!(done.code, Some(0), "{file}: {done:?}");
    }
    night.edit("reports/latest.csv", ",490.00,", ",498.00,");
    let done = night.verify("reports/latest.json");
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(texts(&done).iter().any(|text| text.contains("490.00 → 498.00")), "{done:?}");
    night.edit("reports/latest.json", "\"at_risk\": \"7.50\"", "\"at_risk\": \"0.50\"");
    let text = night.merchant.run(&["verify", "reports/latest.json"]);
    let said = "  totals: inr income.at_risk: the database has \"7.50\", the manifest \"0.50\"\n";
    assert!(text.stdout.contains(said), "{text:?}");
}

#[test]
fn each_setting_that_differs_has_a_line() {
    let night = Night::new();
    let manifest = night.file("json");
    night.edit(
        &manifest,
        "\"gateway.max_attempts\",\n      \"value\": \"4\"",
        "\"gateway.max_attempts\",\n      \"value\": \"5\"",
    );
    night.edit(&manifest, "\"key\": \"policy.settle_within_hours\"", "\"key\": \"policy.other\"");
    let done = night.verify(&manifest);
    let texts: Vec<String> =
        texts(&done).into_iter().filter(|text| text.starts_with("settings: ")).collect();
    let expected = [
        "settings: gateway.max_attempts: the database has 4 (default), the manifest 5 (default)",
        "settings: policy.other: the database has nothing, the manifest 24 (default)",
        "settings: policy.settle_within_hours: the database has 24 (default), the manifest nothing",
    ];
    assert_eq!(texts, expected, "{done:?}");
}
