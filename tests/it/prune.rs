//! `prune` drops what is old and not needed. Everything else stays the same, to the byte.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

mod decisions;
mod ending;
mod shop;

use crate::support::Merchant;
use shop::{Shop, days_ago, files};
use std::collections::BTreeMap;

/// Orders that nothing needs any more.
const GONE: [&str; 8] = ["A1", "A2", "A3", "A4", "A5", "A6", "SOLVED", "TWICE"];
/// Orders that stay, and why `prune` says that they do.
const STAYING: [(&str, &str); 7] = [
    ("SHORT", "open"),
    ("LOST", "open"),
    ("PENDING", "awaiting"),
    ("DECIDED", "decided"),
    ("LATER", "in_runs"),
    ("OLD-TWIN", "shared"),
    ("N1", ""),
];

/// All that is told of what stays.
fn told(merchant: &Merchant) -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    let mut tell = |arguments: &[&str]| {
        let done = merchant.run(arguments);
        assert!(done.code.is_some_and(|code| code < 2), "{arguments:?} {done:?}");
        told.insert(arguments.join(" "), done.stdout);
    };
    for (order, _) in STAYING {
        tell(&["show", order]);
    }
    tell(&["diff", "3", "4"]);
    tell(&["status"]);
    for file in files(&merchant.path("reports")).into_keys() {
        let is_verified = ["csv", "xlsx", "json"].iter().any(|it| file.ends_with(it));
        if is_verified && (file.contains("-run3.") || file.contains("-run4.")) {
            tell(&["verify", &format!("reports/{file}")]);
        }
    }
    for run in ["3", "4"] {
        let out = tempfile::tempdir().unwrap();
        let done = merchant.run(&["report", run, "--out", out.path().to_str().unwrap()]);
        assert_eq!(done.code, Some(0), "{done:?}");
        for (name, content) in files(out.path()) {
            told.insert(format!("{name} of {run}"), String::from_utf8_lossy(&content).into_owned());
        }
    }
    told
}

#[test]
fn what_stays_is_the_same_to_the_byte() {
    let shop = Shop::with_four_nights();
    let merchant = &shop.merchant;
    let before = told(merchant);
    assert!(before.len() > 20, "{:?}", before.keys());
    let runs_before = merchant.run(&["runs", "--format", "json"]).json()["runs"].clone();

    let done = merchant.run(&["prune", "--before", &days_ago(60), "--format", "json"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let pruned = done.json();
    assert_eq!(pruned["command"], "prune");
    assert_eq!(pruned["dropped"]["runs"], 2, "{pruned}");
    assert_eq!(pruned["dropped"]["orders"], GONE.len(), "{pruned}");
    assert_eq!(pruned["dropped"]["decisions"], 0, "{pruned}");
    for reason in ["open", "awaiting", "decided", "in_runs", "shared", "newest"] {
        let orders = STAYING.iter().filter(|(_, why)| *why == reason).count();
        assert_eq!(pruned["stays"][reason], orders, "{reason} {pruned}");
    }

    shop.assert_whole();
    for order in GONE {
        assert_eq!(merchant.run(&["show", order]).code, Some(2), "{order}");
    }
    let after = told(merchant);
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (what, text) in &before {
        assert!(*text == after[what], "{what}:\n{text}\nis now\n{}", after[what]);
    }
    // Runs that went still have their line.
    let runs = merchant.run(&["runs", "--format", "json"]).json()["runs"].clone();
    for (mut run, mut earlier) in
        runs.as_array().unwrap().clone().into_iter().zip(runs_before.as_array().unwrap().clone())
    {
        let is_old = run["run_id"].as_i64().unwrap() < 3;
        assert_eq!(run["pruned_at"].is_string(), is_old, "{run}");
        assert_eq!(earlier["pruned_at"], serde_json::Value::Null);
        for key in ["pruned_at", "rows_sha256"] {
            if is_old {
                run.as_object_mut().unwrap().remove(key);
                earlier.as_object_mut().unwrap().remove(key);
            }
        }
        assert_eq!(run, earlier);
    }
    assert!(merchant.run(&["runs"]).stdout.contains("(pruned on "));
    // A second time there is nothing to do.
    let again = merchant.run(&["prune", "--before", &days_ago(60), "--format", "json"]).json();
    for what in ["runs", "orders", "answers", "decisions"] {
        assert_eq!(again["dropped"][what], 0, "{again}");
    }
}

#[test]
fn a_run_that_went_says_so() {
    let shop = Shop::with_four_nights();
    let merchant = &shop.merchant;
    let done = merchant.run(&["prune", "--before", &days_ago(60)]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.contains("2 runs, 8 orders, "), "{done:?}");
    let day = days_ago(80);
    let commands: [&[&str]; 6] = [
        &["report", "1"],
        &["report", "2", "--out", "again"],
        &["diff", "1", "3"],
        &["diff", "3", "2"],
        &["report", "--as-of", &day],
        &["verify", "first.csv"],
    ];
    let reports = files(&merchant.path("reports"));
    let first = reports.keys().find(|name| name.ends_with("-run1-incomplete.csv")).unwrap();
    std::fs::copy(merchant.path("reports").join(first), merchant.path("first.csv")).unwrap();
    for command in commands {
        let done = merchant.run(command);
        assert_eq!(done.code, Some(2), "{command:?} {done:?}");
        assert!(done.stderr.contains("pruned"), "{command:?} {done:?}");
        assert!(done.stderr.contains("hint: a backup"), "{command:?} {done:?}");
    }
    let resumed = shop.night(&["--resume", "2"]);
    assert_eq!(resumed.code, Some(2), "{resumed:?}");
    assert!(resumed.stderr.contains("run 2 was pruned on "), "{resumed:?}");
    assert_eq!(files(&merchant.path("reports")), reports, "no report was touched");
}

#[test]
fn the_next_night_asks_the_same_orders_and_finds_the_same() {
    let nights = [false, true].map(|is_pruned| {
        let shop = Shop::with_four_nights();
        if is_pruned {
            let done = shop.merchant.run(&["prune", "--before", &days_ago(60), "--vacuum"]);
            assert_eq!(done.code, Some(0), "{done:?}");
        }
        let done = shop.night(&["--ledger", "new.csv", "--include-open"]);
        assert_eq!(done.code, Some(3), "{done:?}");
        let mut summary = done.json();
        for key in ["started_at", "seconds", "requests", "reports"] {
            summary.as_object_mut().unwrap().remove(key);
        }
        let mut rows = shop.merchant.rows_of(&done);
        for row in &mut rows {
            row.remove("last_verified");
        }
        assert!(rows.iter().any(|row| row["merchant_order_id"] == "SHORT"), "{rows:?}");
        let mut asked = shop.asked();
        asked.sort();
        asked.dedup();
        shop.assert_whole();
        (asked, summary, rows)
    });
    assert_eq!(nights[0], nights[1]);
}

#[test]
fn a_dry_run_tells_the_same_and_changes_no_byte() {
    let shop = Shop::with_four_nights();
    let merchant = &shop.merchant;
    let before = files(&merchant.path(""));
    let date = days_ago(60);
    let dry = merchant.run(&["prune", "--before", &date, "--dry-run", "--format", "json"]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    let text = merchant.run(&["prune", "--before", &date, "--dry-run"]);
    assert!(text.stdout.ends_with("Nothing was changed.\n"), "{text:?}");
    assert!(files(&merchant.path("")) == before, "a file was changed");
    let done = merchant.run(&["prune", "--before", &date, "--format", "json"]);
    let (dry, done) = (dry.json(), done.json());
    assert_eq!(dry["dropped"], done["dropped"]);
    assert_eq!(dry["stays"], done["stays"]);
    assert!(dry["frees_bytes"].as_u64().unwrap() > 0, "{dry}");
    assert_eq!((&dry["dry_run"], &done["dry_run"]), (&true.into(), &false.into()));
}

#[test]
fn an_order_that_comes_back_is_a_new_one() {
    let shop = Shop::with_four_nights();
    let done = shop.merchant.run(&["prune", "--before", &days_ago(60)]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let done = shop.night(&["--ledger", "old.csv"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    for order in ["A1", "SOLVED"] {
        assert_eq!(shop.merchant.run(&["show", order]).code, Some(0), "{order}");
    }
    shop.assert_whole();
}
