//! The metrics file beside the run's own figures.

use super::merchant;
use crate::documents::document;
use crate::support::{Done, FAST_RETRIES, Gateway, Merchant, book, paid};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

const LEDGER: [&str; 2] = ["--ledger", "ledger.csv"];
const METRICS: &str = "metrics_file = 'octopus-recon.prom'";

/// Samples by name and labels. Checks the format: each family has its two lines once, and its
/// samples follow.
fn metrics(merchant: &Merchant) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(merchant.path("octopus-recon.prom")).unwrap();
    let mut samples = BTreeMap::new();
    let (mut helped, mut typed) = (String::new(), String::new());
    let mut families = BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(help.ends_with('.'), "{line}");
            assert!(families.insert(name.to_owned()), "twice: {line}");
            name.clone_into(&mut helped);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            rest.strip_suffix(" gauge").unwrap().clone_into(&mut typed);
            assert_eq!(typed, helped);
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = sample.split_once('{').unwrap_or((sample, "}"));
            assert_eq!(name, typed, "{line}");
            assert!(name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_'), "{line}");
            assert!(labels.ends_with('}'), "{line}");
            let number = value.strip_prefix('-').unwrap_or(value);
            assert!(number.bytes().all(|it| it.is_ascii_digit() || it == b'.'), "{line}");
            let sample = sample.strip_prefix("octopus_recon_").unwrap().to_owned();
            assert!(samples.insert(sample, value.to_owned()).is_none(), "{line}");
        }
    }
    samples
}

/// Checks that the figures are those that the run printed.
fn assert_figures(metrics: &BTreeMap<String, String>, run: &Value) {
    let number = |value: &Value| value.as_u64().unwrap_or(0).to_string();
    for outcome in ["matched", "in_transit", "mismatched", "unverified"] {
        let metric = &metrics[&format!("orders{{merchant=\"M-1\",outcome=\"{outcome}\"}}")];
        assert_eq!(*metric, number(&run["orders"][outcome]), "{outcome}");
    }
    let mut kinds = 0;
    for (name, value) in metrics.iter().filter(|(name, _)| name.starts_with("mismatches{")) {
        kinds += 1;
        let kind = name.split("kind=\"").nth(1).unwrap().trim_end_matches("\"}");
        assert_eq!(*value, number(&run["mismatches"][kind]), "{kind}");
    }
    assert_eq!(kinds, 17);
    for total in run["totals"].as_array().unwrap() {
        for bucket in ["against_us", "in_our_favour", "in_doubt", "unverified", "accepted"] {
            let labels = format!(
                "{{merchant=\"M-1\",bucket=\"{bucket}\",currency={},transaction_type={}}}",
                total["currency"], total["transaction_type"]
            );
            let metric = &metrics[&format!("money{labels}")];
            assert_eq!(metric, total[bucket].as_str().unwrap(), "{bucket}");
        }
    }
    let of = |name: &str| &metrics[&format!("{name}{{merchant=\"M-1\"}}")];
    assert_eq!(*of("requests"), number(&run["requests"]));
    assert_eq!(*of("last_report_exit_code"), number(&run["exit_code"]));
}

fn of_merchant() -> Merchant {
    let merchant = merchant("");
    merchant.write(
        "octopus-recon.toml",
        format!("{FAST_RETRIES}merchant_uid = 'M-1'\n[notify]\n{METRICS}\n"),
    );
    let rows = "A1,100.00,inr,2026-01-10,paid\nA2,50.00,usd,2026-01-10,paid\n\
                A3,70.00,inr,2026-01-10,paid\nA4,1.00,inr,2026-01-10,paid\n";
    merchant.write("ledger.csv", crate::support::HEAD.to_owned() + rows);
    merchant
}

/// One order short, one in doubt, one that fails twice, one that matches.
fn bad_night() -> Gateway {
    let book = paid("A1", "100.00", json!({"final_amount": "90.00"}))
        + &paid("A2", "50.00", json!({"payment_status": "refund"}))
        + &paid("A3", "70.00", json!({"sandbox": {"status": 503}}))
        + &paid("A4", "1.00", json!({}));
    Gateway::serve(&book)
}

#[test]
fn the_file_has_the_figures_of_the_last_report_and_how_the_last_run_ended() {
    let merchant = of_merchant();
    let failed = |done: &Done, code| assert_eq!(done.code, Some(code), "{done:?}");
    failed(&merchant.reconcile("http://127.0.0.1:9", &["--ledger", "absent.csv"]), 10);
    let first = metrics(&merchant);
    assert_eq!(first["last_run_exit_code{merchant=\"M-1\"}"], "10");
    assert!(!first.keys().any(|name| name.contains("report")), "{first:?}");

    let gateway = bad_night();
    let done = merchant.reconcile(&gateway.url, &LEDGER);
    failed(&done, 3);
    let bad = metrics(&merchant);
    assert_figures(&bad, &done.json());
    assert_eq!(bad["last_run_exit_code{merchant=\"M-1\"}"], "3");
    let against_us = "bucket=\"against_us\",currency=\"inr\",transaction_type=\"income\"";
    assert_eq!(bad[&format!("money{{merchant=\"M-1\",{against_us}}}")], "10.00");
    // The order that failed was asked twice, and twice more at the end.
    assert_ne!(bad["retries{merchant=\"M-1\"}"], "0", "{bad:?}");
    let time = |metrics: &BTreeMap<String, String>, name: &str| -> u64 {
        metrics[&format!("{name}{{merchant=\"M-1\"}}")].parse().unwrap()
    };
    let now = chrono::Utc::now().timestamp().unsigned_abs();
    for name in ["last_run_start", "last_run_end", "last_report"] {
        assert!(now - time(&bad, &format!("{name}_timestamp_seconds")) < 600, "{bad:?}");
    }
    let oldest = "oldest_finding_timestamp_seconds{merchant=\"M-1\",severity=\"high\"}";
    assert_eq!(bad[oldest].parse::<u64>().unwrap() % 86_400, 0, "a day of UTC begins");
    let size = merchant.path("octopus-recon.db").metadata().unwrap().len();
    assert!(time(&bad, "database_bytes") >= size, "{bad:?}");

    // Neither a night without a report nor a range changes the figures.
    failed(&merchant.reconcile(&gateway.url, &["--ledger", "absent.csv"]), 10);
    let mut same = metrics(&merchant);
    assert_eq!(same["last_run_exit_code{merchant=\"M-1\"}"], "10");
    for name in [
        "last_run_exit_code",
        "last_run_start_timestamp_seconds",
        "last_run_end_timestamp_seconds",
        "database_bytes",
    ] {
        let name = format!("{name}{{merchant=\"M-1\"}}");
        same.insert(name.clone(), bad[&name].clone());
    }
    assert_eq!(same, bad);
    let before = std::fs::read(merchant.path("octopus-recon.prom")).unwrap();
    let range = ["--ledger", "ledger.csv", "--from", "2026-01-01"];
    failed(&merchant.reconcile(&gateway.url, &range), 3);
    assert_eq!(std::fs::read(merchant.path("octopus-recon.prom")).unwrap(), before);

    let foreign = merchant.write("foreign.db", "no database");
    let foreign = ["--ledger", "ledger.csv", "--db", foreign.to_str().unwrap()];
    failed(&merchant.reconcile(&gateway.url, &foreign), 15);
    assert_eq!(metrics(&merchant)["last_run_exit_code{merchant=\"M-1\"}"], "15");
}

#[test]
fn a_file_that_cannot_be_written_is_a_warning() {
    let merchant = merchant("metrics_file = 'absent/octopus-recon.prom'");
    let gateway = Gateway::serve(&book(3));
    let done = merchant.reconcile(&gateway.url, &LEDGER);
    assert_eq!(done.code, Some(0), "{done:?}");
    let why =
        "the metrics file absent/octopus-recon.prom cannot be written: its directory is not found";
    assert!(done.stderr.contains(why), "{done:?}");
}

#[test]
fn promtool_finds_nothing_where_it_is_installed() {
    let merchant = of_merchant();
    let gateway = bad_night();
    assert_eq!(merchant.reconcile(&gateway.url, &LEDGER).code, Some(3));
    let file = std::fs::File::open(merchant.path("octopus-recon.prom")).unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let check = |arguments: &[&str], stdin: Stdio| {
        Command::new("promtool").args(arguments).current_dir(root).stdin(stdin).output()
    };
    let Ok(checked) = check(&["check", "metrics"], file.into()) else {
        return crate::exit_codes::storage::skip("no promtool");
    };
    assert!(checked.status.success() && checked.stderr.is_empty(), "{checked:?}");
    for arguments in [
        ["check", "rules", "cron/octopus-recon-alerts.yml"],
        ["test", "rules", "cron/octopus-recon-alerts-test.yml"],
    ] {
        let checked = check(&arguments, Stdio::null()).unwrap();
        assert!(checked.status.success(), "{checked:?}");
    }
}

#[test]
fn the_rules_and_the_guide_name_metrics_that_there_are() {
    let merchant = of_merchant();
    let gateway = bad_night();
    assert_eq!(merchant.reconcile(&gateway.url, &LEDGER).code, Some(3));
    let written: BTreeSet<String> = metrics(&merchant)
        .keys()
        .map(|name| format!("octopus_recon_{}", name.split('{').next().unwrap()))
        .collect();
    let is_word = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let named = |text: &str| -> BTreeSet<String> {
        let words = text.split(|letter| !is_word(letter));
        words.filter(|word| word.starts_with("octopus_recon_")).map(str::to_owned).collect()
    };
    for file in ["cron/octopus-recon-alerts.yml", "cron/octopus-recon-alerts-test.yml"] {
        let named = named(&document(file));
        assert!(named.len() > 5 && named.is_subset(&written), "{file}: {named:?}");
    }
    assert_eq!(named(&document("cron/README.md")), written, "the guide explains each of them");
}
