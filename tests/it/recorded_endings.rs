//! `runs` shows how each run ended, and a failing stderr ends no run.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::exit_codes::storage::{skip, without_root};
use crate::support::{Done, FAST_RETRIES, Gateway, HEAD, Merchant, book, ledger, paid, until};
use serde_json::{Value, json};
use std::fs::{OpenOptions, Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

fn merchant(orders: usize) -> Merchant {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write("ledger.csv", ledger(orders));
    merchant
}

const LEDGER: [&str; 2] = ["--ledger", "ledger.csv"];

/// The newest run in the output of `runs`.
fn newest(merchant: &Merchant) -> Value {
    merchant.run(&["runs", "--format", "json"]).json()["runs"][0].clone()
}

/// Checks the keys that every JSON object starts with.
fn assert_header(done: &Done, command: &str) {
    let object = done.json();
    assert_eq!(object["schema"], 1, "{object}");
    assert_eq!(object["version"], env!("CARGO_PKG_VERSION"), "{object}");
    assert_eq!(object["command"], command, "{object}");
    let started_at = object["started_at"].as_str().unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(started_at).is_ok(), "{object}");
}

/// Checks that the failed run printed its failure as JSON, and that `runs` shows the same.
fn assert_failure_is_recorded(merchant: &Merchant, done: &Done, code: i32, words: &str) {
    assert_eq!(done.code, Some(code), "{done:?}");
    assert_header(done, "run");
    let failed = done.json();
    assert_eq!(failed["status"], "failed", "{failed}");
    assert_eq!(failed["exit_code"], code, "{failed}");
    assert!(failed["error"].as_str().unwrap().contains(words), "{failed}");
    let run = newest(merchant);
    assert_eq!(run["run_id"], failed["run_id"], "{run}");
    assert_eq!(run["exit_code"], code, "{run}");
    // What stands in quotes may be a ledger's cells: it is not recorded.
    let unquoted = |text: &Value| -> Vec<String> {
        text.as_str().unwrap().split('"').step_by(2).map(str::to_owned).collect()
    };
    assert_eq!(unquoted(&run["reason"]), unquoted(&failed["error"]), "{run}");
    assert!(run["ended_at"].is_string(), "{run}");
    let text = merchant.run(&["runs"]).stdout;
    assert!(text.contains(words), "{text}");
}

#[test]
fn runs_shows_how_each_run_ended() {
    let merchant = merchant(20);
    let gateway = Gateway::serve(&book(20));
    let run = |gateway: &str, arguments: &[&str]| merchant.reconcile(gateway, arguments);

    // 10: the ledger is not usable, so no order is stored.
    merchant.write("broken.csv", "merchant_order_id,amount\n1,2\n");
    let done = run(&gateway.url, &["--ledger", "broken.csv"]);
    assert_failure_is_recorded(&merchant, &done, 10, "there is no heading");
    assert_eq!(newest(&merchant)["selected"], 0);

    // 13: nothing listens at the address.
    let done = run("http://127.0.0.1:1", &LEDGER);
    assert_failure_is_recorded(&merchant, &done, 13, "nothing usable came from the gateway");

    // 12: the credentials are refused.
    let refuses = Gateway::serve_as(&book(20), |it| it.api_key = "another".into());
    let done = run(&refuses.url, &LEDGER);
    assert_failure_is_recorded(&merchant, &done, 12, "refuses the credentials");

    // 2: wrong usage is not recorded, but the output is JSON too.
    let runs = merchant.sql("SELECT count(*) FROM runs");
    let done = run("http://192.0.2.1", &LEDGER);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert_header(&done, "run");
    assert_eq!(done.json()["run_id"], json!(null));
    assert_eq!(merchant.sql("SELECT count(*) FROM runs"), runs);

    // 0: a run that writes its report.
    let done = run(&gateway.url, &LEDGER);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_header(&done, "run");
    let last = newest(&merchant);
    assert_eq!((&last["exit_code"], &last["status"]), (&json!(0), &json!("complete")), "{last}");
    assert_header(&merchant.run(&["runs", "--format", "json"]), "runs");
    assert_header(&merchant.run(&["show", "A1", "--format", "json"]), "show");
    assert_header(&merchant.run(&["report", "--format", "json"]), "report");
    assert_header(&run(&gateway.url, &["--ledger", "ledger.csv", "--dry-run"]), "run");
}

#[test]
fn a_killed_run_is_recorded_by_the_next_one() {
    let merchant = merchant(20);
    let unanswered: String = (1..=20)
        .map(|number| paid(&format!("A{number}"), "100.00", json!({"sandbox": {"silent": true}})))
        .collect();
    let gateway = Gateway::serve(&unanswered);
    let running = merchant.start(&["run", "--base-url", &gateway.url, "--ledger", "ledger.csv"]);
    until("it asks", || !gateway.journal().is_empty());
    let active = newest(&merchant);
    assert_eq!((&active["exit_code"], &active["reason"]), (&json!(null), &json!(null)), "{active}");
    running.signal("KILL");
    assert_eq!(running.end().code, None);
    let gateway = Gateway::serve(&book(20));
    // A run with other orders also records it.
    merchant.write("other.csv", format!("{HEAD}B1,1.00,inr,2026-02-10,failed\n"));
    let done = merchant.reconcile(&gateway.url, &["--ledger", "other.csv"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let runs = merchant.run(&["runs", "--format", "json"]).json()["runs"].clone();
    assert_eq!(runs[1]["exit_code"], 137, "{runs}");
    assert!(runs[1]["reason"].as_str().unwrap().contains("killed"), "{runs}");
    // The orders of the killed run are not lost.
    let done = merchant.reconcile(&gateway.url, &["--ledger", "other.csv", "--include-open"]);
    assert_eq!(done.json()["orders"]["selected"], 21, "{done:?}");
}

#[test]
fn runs_shows_which_signal_ended_a_run() {
    let merchant = merchant(1);
    let gateway = Gateway::serve(&paid("A1", "100.00", json!({"sandbox": {"silent": true}})));
    let running = merchant.start(&["run", "--base-url", &gateway.url, "--ledger", "ledger.csv"]);
    until("it asks", || !gateway.journal().is_empty());
    running.signal("TERM");
    assert_eq!(running.end().code, Some(143));
    let last = newest(&merchant);
    assert_eq!(last["exit_code"], 143, "{last}");
    assert!(last["reason"].as_str().unwrap().contains("signal 15"), "{last}");
}

#[test]
fn runs_shows_that_a_report_could_not_be_written() {
    let merchant = merchant(1);
    let gateway =
        Gateway::serve_as(&book(1), |it| it.latency = std::time::Duration::from_millis(500));
    let run = ["run", "--base-url", &gateway.url, "--format", "json", "--ledger", "ledger.csv"];
    let Some(mut command) = without_root(&merchant, &run) else { return };
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = command.spawn().unwrap();
    until("it asks", || !gateway.journal().is_empty());
    set_permissions(merchant.path("reports"), Permissions::from_mode(0o500)).unwrap();
    let done: Done = running.wait_with_output().unwrap().into();
    set_permissions(merchant.path("reports"), Permissions::from_mode(0o700)).unwrap();
    assert_failure_is_recorded(&merchant, &done, 14, "cannot");
}

#[test]
fn a_failing_stderr_changes_no_exit_code() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        return skip("no /dev/full");
    };
    let gateway = Gateway::serve(&book(20));
    let arguments = ["run", "-vv", "--base-url", &gateway.url, "--format", "json", "--rate", "500"];
    let arguments = [&arguments[..], &LEDGER].concat();
    let expected = merchant(20).run(&arguments);
    assert_eq!(expected.code, Some(0), "{expected:?}");

    let with_full_stderr = merchant(20);
    let output =
        with_full_stderr.command(&arguments).stderr(full.try_clone().unwrap()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(with_full_stderr.reports().len(), 1);

    // A reader that closes stderr before the first line.
    let with_closed_stderr = merchant(20);
    let mut command = with_closed_stderr.command(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    let done: Done = child.wait_with_output().unwrap().into();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.json()["orders"], expected.json()["orders"]);
    assert_eq!(with_closed_stderr.reports().len(), 1);

    // A failure keeps its exit code.
    let missing = ["run", "--base-url", &gateway.url, "--ledger", "nowhere.csv"];
    let output = with_closed_stderr.command(&missing).stderr(full).output().unwrap();
    assert_eq!(output.status.code(), Some(10));
}

#[test]
fn a_summary_that_cannot_be_printed_is_recorded() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        return skip("no /dev/full");
    };
    let merchant = merchant(3);
    let gateway = Gateway::serve(&book(3));
    let run = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv"];
    let output = merchant.command(&run).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(14));
    let run = newest(&merchant);
    assert_eq!(run["exit_code"], 14, "{run}");
    assert!(run["reason"].as_str().unwrap().starts_with("report written, but"), "{run}");
    // The report is there: there is nothing to resume.
    assert_eq!(merchant.run(&["run", "--resume", "1", "--base-url", &gateway.url]).code, Some(2));
}

#[test]
fn reading_needs_no_write_permission_and_changes_nothing() {
    let merchant = merchant(20);
    let gateway = Gateway::serve(&book(20));
    let done = merchant.reconcile(&gateway.url, &LEDGER);
    assert_eq!(done.code, Some(0), "{done:?}");
    let outputs = |merchant: &Merchant, database: &str| -> Vec<String> {
        [&["runs"][..], &["show", "A1"]]
            .iter()
            .map(|read| {
                let Some(mut command) =
                    without_root(merchant, &[read, &["--db", database][..]].concat())
                else {
                    return String::new();
                };
                let done: Done = command.output().unwrap().into();
                assert_eq!(done.code, Some(0), "{read:?} {done:?}");
                done.stdout
            })
            .collect()
    };
    let expected = outputs(&merchant, "octopus-recon.db");
    if expected[0].is_empty() {
        return;
    }
    // A read-only copy in a read-only directory, with a -wal file and without one.
    for with_wal in [false, true] {
        let directory = merchant.path(if with_wal { "with" } else { "without" });
        std::fs::create_dir(&directory).unwrap();
        let holder = merchant.database();
        if with_wal {
            let open = "UPDATE runs SET end_reason = 'from the wal'";
            holder.execute_batch(open).unwrap();
            std::fs::copy(merchant.path("octopus-recon.db-wal"), directory.join("copy.db-wal"))
                .unwrap();
            set_permissions(directory.join("copy.db-wal"), Permissions::from_mode(0o400)).unwrap();
        }
        std::fs::copy(merchant.path("octopus-recon.db"), directory.join("copy.db")).unwrap();
        set_permissions(directory.join("copy.db"), Permissions::from_mode(0o400)).unwrap();
        set_permissions(&directory, Permissions::from_mode(0o500)).unwrap();
        let copy = format!("{}/copy.db", if with_wal { "with" } else { "without" });
        let read = outputs(&merchant, &copy);
        assert_eq!(read[1], expected[1], "with_wal: {with_wal}");
        assert_eq!(read[0].contains("from the wal"), with_wal, "{}", read[0]);
        let report = ["report", "--db", &copy, "--report", "again.csv"];
        let done: Done = without_root(&merchant, &report).unwrap().output().unwrap().into();
        assert_eq!(done.code, Some(0), "{done:?}");
        let files = std::fs::read_dir(&directory).unwrap().count();
        assert_eq!(files, if with_wal { 2 } else { 1 }, "no file was created beside the database");
        set_permissions(&directory, Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn a_run_without_orders_cannot_be_resumed() {
    let merchant = merchant(1);
    let gateway = Gateway::serve(&book(1));
    merchant.write("broken.csv", "Ravi Kumar,ravi@example.com\n1,2\n");
    let done = merchant.reconcile(&gateway.url, &["--ledger", "broken.csv"]);
    assert_eq!(done.code, Some(10), "{done:?}");
    let reason = newest(&merchant)["reason"].clone();
    assert!(!reason.to_string().contains("Ravi"), "{reason}");
    let resumed = merchant.reconcile(&gateway.url, &["--resume", "1"]);
    assert_eq!(resumed.code, Some(2), "{resumed:?}");
    assert!(resumed.stderr.contains("stored no orders"), "{resumed:?}");
    assert_eq!(newest(&merchant)["exit_code"], 10);
    assert!(merchant.reports().is_empty());
}

#[test]
fn an_answer_that_was_never_judged_is_asked_for_again_whatever_is_resumed() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write(
        "ledger.csv",
        format!("{HEAD}A1,500.00,inr,2026-01-10,paid\nB1,7.00,inr,2026-01-10,paid\n"),
    );
    merchant.write("other.csv", format!("{HEAD}C1,1.00,inr,2026-02-10,paid\n"));
    let first = Gateway::serve("");
    let listen = first.url.trim_start_matches("http://").parse().unwrap();
    first.stop();
    let serve =
        |payments: &[String]| Gateway::serve_as(&payments.concat(), |it| it.listen = listen);
    let away = || paid("B1", "7.00", json!({"sandbox": {"status": 503}}));
    let well = || paid("B1", "7.00", json!({}));
    let short = || paid("A1", "500.00", json!({"final_amount": "490.00"}));

    let gateway = serve(&[paid("A1", "500.00", json!({})), away()]);
    assert_eq!(merchant.reconcile(&gateway.url, &LEDGER).code, Some(3));
    let url = gateway.url.clone();
    gateway.stop();
    // The second night stores the new answer for A1, and is killed before it judges.
    let silent = paid("B1", "7.00", json!({"sandbox": {"silent": true}}));
    let gateway = serve(&[short(), silent]);
    let running = merchant.start(&["run", "--base-url", &url, "--ledger", "ledger.csv"]);
    until("A1 is answered", || {
        merchant.sql("SELECT count(answer_id) FROM run_orders WHERE run_id = 2") == 1
    });
    running.signal("KILL");
    drop(running.end());
    gateway.stop();
    // The first night is resumed: its answer for A1 is the older one.
    let gateway = serve(&[short(), well()]);
    assert_eq!(merchant.reconcile(&url, &["--resume", "1"]).code, Some(0));
    gateway.stop();
    let gateway = serve(&[short(), well(), paid("C1", "1.00", json!({}))]);
    let done = merchant.reconcile(&url, &["--ledger", "other.csv", "--include-open"]);
    drop(gateway);
    assert_eq!(done.json()["mismatches"]["final_amount_difference"], 1, "{done:?}");
}
