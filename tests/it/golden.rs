//! What a small night comes to, byte for byte. The clock stands still, so that nothing in it
//! depends on the run: fixtures/expected holds ledger, book, report, invalid rows and summary.
//! After a change that is meant, `GOLDEN=write cargo test golden` writes them anew; then read the
//! difference.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use crate::support::{API_KEY, API_SECRET, Gateway, Merchant, is_csv};
use chrono::{DateTime, Utc};
use octopus_recon::interrupt::Interrupt;
use octopus_recon::reconcile::{Context, Counters, Finished, Request, run};
use octopus_recon::report::{Written, summary};
use octopus_recon::settings::{Flags, Settings};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// 10 June 2026, 19:00 UTC: 00:30 on the 11th in Kolkata.
fn night() -> DateTime<Utc> {
    DateTime::from_timestamp(1_781_118_000, 0).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/expected").join(name)
}

fn reconcile(merchant: &Merchant, configuration: &str) -> Finished {
    let book = std::fs::read_to_string(fixture("book.jsonl")).unwrap();
    let date = u64::try_from(night().timestamp()).unwrap();
    let gateway = Gateway::serve_as(&book, |it| it.date = Some(date));
    let flags = Flags {
        config: Some(merchant.write("octopus-recon.toml", configuration)),
        base_url: Some(gateway.url.clone()),
        db: Some(merchant.path("octopus-recon.db")),
        out: Some(merchant.path("reports")),
        rate: None,
        max_in_flight: None,
    };
    let environment = |name: &str| match name {
        "OCTOPUS_RECON_API_KEY" => Some(API_KEY.into()),
        "OCTOPUS_RECON_API_SECRET" => Some(API_SECRET.into()),
        _ => None,
    };
    let settings = Settings::load(flags, &environment).unwrap();
    let context = Context {
        now: night,
        interrupt: &Interrupt::default(),
        counters: Arc::new(Counters::default()),
    };
    let ledger = merchant.write("ledger.csv", std::fs::read(fixture("ledger.csv")).unwrap());
    let request = Request { ledgers: vec![ledger], ..Request::default() };
    run(&settings, &request, &context).unwrap()
}

fn expect(name: &str, found: &[u8]) {
    let path = fixture(name);
    if std::env::var_os("GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read(&path).unwrap();
    let text = String::from_utf8_lossy;
    assert!(expected == found, "{name} should be\n{}\nbut is\n{}", text(&expected), text(found));
}

const CONFIGURATION: &str = "[gateway]\nmax_attempts = 2\nbackoff_first_ms = 1\n\
                             requests_per_second = 1000\n\
                             [ledger]\ntimezone = \"Asia/Kolkata\"\n";

#[test]
fn a_small_night_for_a_spreadsheet() {
    let merchant = Merchant::new();
    let finished = reconcile(&merchant, CONFIGURATION);
    let name = |file: &Written| file.path.file_name().unwrap().to_str().unwrap().to_owned();
    let all: Vec<String> = finished.reports.iter().map(name).collect();
    let extensions = all.iter().map(|name| name.rsplit('.').next().unwrap());
    assert_eq!(extensions.collect::<Vec<_>>(), ["csv", "xlsx", "html", "csv", "json"]);
    let of_csv = |file: &&Written| is_csv(&file.path);
    let files: Vec<&Written> = finished.reports.iter().filter(of_csv).collect();
    let names: Vec<String> = files.iter().map(|file| name(file)).collect();
    assert_eq!(
        names,
        [
            "mismatches-2026-06-07_2026-06-10-run1-incomplete.csv",
            "mismatches-2026-06-07_2026-06-10-run1-incomplete-invalid-rows.csv",
        ]
    );
    expect("mismatches.csv", &std::fs::read(&files[0].path).unwrap());
    let invalid = std::fs::read_to_string(&files[1].path).unwrap();
    // The file is named as it was given, which is a directory of its own here.
    let invalid = invalid.replace(&merchant.path("ledger.csv").display().to_string(), "ledger.csv");
    expect("invalid-rows.csv", invalid.as_bytes());
    let at = |file: usize, name: &str| Written { path: name.into(), ..files[file].clone() };
    let files = [at(0, "mismatches.csv"), at(1, "invalid-rows.csv")];
    let code = finished.summary.exit_code();
    expect("summary.txt", summary::text(&finished.summary, &files, 1_234, code).as_bytes());
    expect("summary.json.txt", summary::json(&finished.summary, &files, 1_234, code).as_bytes());
}

#[test]
fn a_small_night_for_programs() {
    let merchant = Merchant::new();
    let configuration = format!("{CONFIGURATION}[report]\ncsv = \"plain\"\ndelimiter = \";\"\n");
    let finished = reconcile(&merchant, &configuration);
    expect("mismatches-plain.csv", &std::fs::read(&finished.reports[0].path).unwrap());
}
