//! A database that was restored from a backup: the reports beside it are of runs that it lacks.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, FAST_RETRIES, Gateway, HEAD, Merchant, paid, rows};
use serde_json::json;
use std::fs;

const LEDGER: [&str; 2] = ["--ledger", "ledger.csv"];

/// A merchant with one order that is 10.00 short.
fn merchant() -> (Merchant, Gateway) {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write("ledger.csv", format!("{HEAD}A1,500.00,inr,2026-01-10,paid\n"));
    (merchant, Gateway::serve(&paid("A1", "500.00", json!({"final_amount": "490.00"}))))
}

fn night(merchant: &Merchant, gateway: &Gateway) -> Done {
    let done = merchant.reconcile(&gateway.url, &LEDGER);
    assert_eq!(done.code, Some(1), "{done:?}");
    done
}

/// A backup after the first of three nights takes the place of the database. From then on the
/// gateway says something else, so that no report is the same as a lost one.
fn restore_the_first_of_three(merchant: &Merchant, gateway: &Gateway) -> Gateway {
    night(merchant, gateway);
    assert_eq!(merchant.run(&["backup", "backup.db"]).code, Some(0));
    night(merchant, gateway);
    night(merchant, gateway);
    for name in ["octopus-recon.db-wal", "octopus-recon.db-shm"] {
        let _absent = fs::remove_file(merchant.path(name));
    }
    fs::copy(merchant.path("backup.db"), merchant.path("octopus-recon.db")).unwrap();
    Gateway::serve(&paid("A1", "500.00", json!({"final_amount": "490.00", "channel": "card"})))
}

fn set_aside(merchant: &Merchant) -> Vec<String> {
    let names = merchant.report_files().into_keys();
    let names = names.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
    names.filter(|name| name.contains(".edited-")).collect()
}

fn warnings(done: &Done) -> Vec<String> {
    let warnings = done.json()["warnings"].as_array().unwrap().clone();
    warnings.iter().map(|it| format!("{}: {}", it["code"], it["text"])).collect()
}

#[test]
fn what_nobody_edited_is_replaced_without_a_copy() {
    let (merchant, gateway) = merchant();
    let gateway = restore_the_first_of_three(&merchant, &gateway);
    let done = night(&merchant, &gateway);
    assert_eq!(done.json()["run_id"], 2);
    assert_eq!(set_aside(&merchant), [""; 0], "{done:?}");
    assert!(!done.stderr.contains("edited"), "{done:?}");
    // Run 3 is the lost one still; its files have the same names.
    let done = night(&merchant, &gateway);
    assert_eq!(set_aside(&merchant), [""; 0], "{done:?}");
    for file in ["reports/latest.csv", "reports/latest.json", "reports/latest.xlsx"] {
        let verified = merchant.run(&["verify", file]);
        assert_eq!(verified.code, Some(0), "{verified:?}");
    }
}

#[test]
fn a_night_without_a_report_sets_nothing_aside_either() {
    let (merchant, gateway) = merchant();
    let gateway = restore_the_first_of_three(&merchant, &gateway);
    let failed = merchant.reconcile("http://127.0.0.1:1", &LEDGER);
    assert_eq!(failed.code, Some(13), "{failed:?}");
    assert_eq!(set_aside(&merchant), [""; 0], "{failed:?}");
    // latest.json says now that there is no report. The dated manifests still tell.
    let done = night(&merchant, &gateway);
    assert_eq!(set_aside(&merchant), [""; 0], "{done:?}");
    assert!(warnings(&done).iter().all(|it| !it.contains("decisions_unreadable")), "{done:?}");
}

#[test]
fn what_somebody_edited_is_kept_and_its_decision_is_taken_when_its_run_is_there() {
    let (merchant, gateway) = merchant();
    let gateway = restore_the_first_of_three(&merchant, &gateway);
    let latest = merchant.path("reports/latest.csv");
    let content = fs::read_to_string(&latest).unwrap();
    let cells = "\"\",\"\",\"\",\"\",\"gateway\"";
    let edited = content.replacen(cells, "with_gateway,,Asha,known,\"gateway\"", 1);
    assert_ne!(edited, content);
    fs::write(&latest, &edited).unwrap();
    let done = night(&merchant, &gateway);
    let kept = set_aside(&merchant);
    assert!(matches!(&kept[..], [name] if name.starts_with("latest.edited-")), "{kept:?}");
    let unread: Vec<String> =
        warnings(&done).into_iter().filter(|it| it.contains("decisions_unreadable")).collect();
    assert!(matches!(&unread[..], [it] if it.contains("latest.csv: it has rows of run 3")));
    // Run 3 is there again, and then its decision is read.
    night(&merchant, &gateway);
    let done = night(&merchant, &gateway);
    assert_eq!(rows(&latest)[0]["owner"], "Asha", "{done:?}");
}

#[test]
fn a_database_that_is_older_than_its_reports_is_said() {
    const SAID: &str = "the database looks restored from a backup: reports has a report of run 3, \
                        but the database has none after run 1";
    let (merchant, gateway) = merchant();
    let gateway = restore_the_first_of_three(&merchant, &gateway);
    let check = merchant.run(&["check", "--base-url", &gateway.url]);
    assert_eq!(check.code, Some(0), "{check:?}");
    assert!(check.stdout.contains(SAID), "{check:?}");
    let done = night(&merchant, &gateway);
    let said: Vec<String> = warnings(&done)
        .into_iter()
        .filter(|it| it.starts_with("\"database_older_than_reports\": "))
        .collect();
    assert!(matches!(&said[..], [it] if it.contains(SAID) && it.contains("Restoring")), "{done:?}");
    // The reports of another database are no sign of that.
    merchant.write("other.toml", "[store]\npath = \"other.db\"\n");
    let other =
        merchant.reconcile(&gateway.url, &[&LEDGER[..], &["--config", "other.toml"]].concat());
    assert_eq!(other.code, Some(1), "{other:?}");
    assert!(warnings(&other).iter().all(|it| !it.contains("database_older")), "{other:?}");
    // What was moved away is none either.
    fs::rename(merchant.path("reports"), merchant.path("reports-since")).unwrap();
    let check = merchant.run(&["check", "--base-url", &gateway.url]);
    assert!(!check.stdout.contains("looks restored"), "{check:?}");
}

/// Neither in usual nights nor where a run was resumed or a report was written again.
#[test]
fn a_database_that_was_not_restored_is_never_taken_for_one() {
    let (merchant, gateway) = merchant();
    let silent = Gateway::serve("");
    for _ in 0..2 {
        let done = night(&merchant, &gateway);
        assert!(warnings(&done).iter().all(|it| !it.contains("database_older")), "{done:?}");
        assert_eq!(merchant.run(&["report", "1"]).code, Some(0));
        assert_eq!(merchant.run(&["report", "--current"]).code, Some(0));
        let range = ["--from", "2026-01-01", "--ledger", "ledger.csv"];
        let done = merchant.reconcile(&silent.url, &range);
        assert_eq!(done.code, Some(1), "{done:?}");
        let check = merchant.run(&["check", "--base-url", &gateway.url]);
        assert!(!check.stdout.contains("looks restored"), "{check:?}");
    }
    assert_eq!(set_aside(&merchant), [""; 0]);
}
