//! SIGKILL at any moment: no acknowledged answer is lost, no order is queried again without need,
//! and the resumed run writes the report of an uninterrupted run.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::exit_codes::storage::{has_strace, wrapped};
use crate::support::{Done, Gateway, Merchant, Row, Running, ledger, paid, rows, until};
use serde_json::json;
use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

const REPORT: &str = "reports/latest.csv";
/// The report of last night, without mismatches.
const OLD_REPORT: &str = "\"run_id\"\n";
/// So many that two threads ask.
const IN_FLIGHT: usize = 40;

/// A book with mismatches and unverified orders.
fn book(orders: usize) -> String {
    (1..=orders)
        .map(|number| {
            let changes = match number {
                _ if number % 7 == 0 => json!({"final_amount": "98.50"}),
                _ if number % 11 == 0 => json!({"payment_status": "overdue", "final_amount": ""}),
                _ if number % 13 == 0 => json!({"sandbox": {"unknown": true}}),
                _ if number % 17 == 0 => json!({"sandbox": {"body": "<html>"}}),
                _ => json!({}),
            };
            paid(&format!("A{number}"), "100.00", changes)
        })
        .collect()
}

fn merchant(orders: usize) -> Merchant {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(orders));
    merchant.write("octopus-recon.toml", "[gateway]\nbackoff_first_ms = 1\n");
    std::fs::create_dir(merchant.path("reports")).unwrap();
    merchant.write(REPORT, OLD_REPORT);
    merchant
}

fn arguments(gateway: &Gateway) -> Vec<&str> {
    let run = ["run", "--base-url", &gateway.url, "--rate", "2000", "--ledger", "ledger.csv"];
    let in_flight = ["--max-in-flight", "40"];
    [&run[..], &["--resume", "--format", "json", "--report", REPORT], &in_flight].concat()
}

/// The report of a run, without the values that a kill may change: the times of the answers, the
/// number of calls, and the run's number if the killed run had already ended.
fn report(merchant: &Merchant) -> Vec<Row> {
    let mut rows = rows(&merchant.path(REPORT));
    for row in &mut rows {
        row.remove("run_id");
        row.remove("last_verified");
        let reason = row.get_mut("reason").unwrap();
        if let Some((before, after)) = reason.split_once(" not verified after ")
            && let Some((_, why)) = after.split_once(": ")
        {
            *reason = format!("{before} not verified: {why}");
        }
    }
    rows
}

fn uninterrupted_report(gateway: &Gateway, orders: usize) -> Vec<Row> {
    let merchant = merchant(orders);
    let done = merchant.run(&arguments(gateway));
    assert_eq!(done.code, Some(3), "{done:?}");
    report(&merchant)
}

/// Checks that the report is the old one or a complete new one. Returns whether it is the old one.
fn is_old_report(merchant: &Merchant, expected: &[Row]) -> bool {
    let content = std::fs::read(merchant.path(REPORT)).unwrap();
    let is_old = content == OLD_REPORT.as_bytes();
    assert!(
        is_old || report(merchant) == expected,
        "not a complete report: {}",
        String::from_utf8_lossy(&content)
    );
    is_old
}

/// Resumes the run to its end: the report is as expected, and no temporary file is left.
fn assert_resumes(merchant: &Merchant, gateway: &Gateway, expected: &[Row]) -> Done {
    let done = merchant.run(&arguments(gateway));
    assert_eq!(done.code, Some(3), "{done:?}");
    assert_eq!(report(merchant), expected);
    let files = merchant.report_files();
    let names: BTreeSet<_> = files.keys().filter_map(|path| path.file_name()?.to_str()).collect();
    let expected = BTreeSet::from(["latest.csv", "latest.html", "latest.json", "latest.xlsx"]);
    assert!(
        names.is_subset(&expected) && names.contains("latest.csv") && names.contains("latest.json"),
        "no temporary file is left, and nothing was set aside: {names:?}"
    );
    assert_proven(merchant);
    assert_eq!(merchant.sql("SELECT count(*) FROM pragma_integrity_check"), 1);
    let left = ["octopus-recon.db-new", "octopus-recon.db-new-wal", "octopus-recon.db-new-shm"];
    assert!(left.iter().all(|name| !merchant.path(name).exists()));
    done
}

/// The manifest has the digest of each file.
fn assert_proven(merchant: &Merchant) {
    let manifest = std::fs::read(merchant.path("reports/latest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let files = manifest["files"].as_array().unwrap();
    assert!(!files.is_empty());
    for file in files {
        let path = merchant.path("reports").join(file["name"].as_str().unwrap());
        let output = Command::new("sha256sum").arg(&path).output().unwrap();
        let digest = String::from_utf8(output.stdout).unwrap();
        assert_eq!(file["sha256"].as_str(), digest.split(' ').next(), "{}", path.display());
    }
}

/// The committed answers: order id and answer id.
fn answered(merchant: &Merchant) -> BTreeSet<(i64, i64)> {
    let path = merchant.path("octopus-recon.db");
    let database = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT order_id, answer_id FROM run_orders WHERE answer_id IS NOT NULL";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_run_that_is_killed_repeatedly_loses_nothing() {
    const ORDERS: usize = 300;
    let slow = |it: &mut octopus_recon::sandbox::SandboxSettings| {
        it.latency = Duration::from_millis(3);
    };
    let expected = uninterrupted_report(&Gateway::serve_as(&book(ORDERS), slow), ORDERS);
    assert!(expected.len() > 60);
    let merchant = merchant(ORDERS);
    let gateway = Gateway::serve_as(&book(ORDERS), slow);
    let mut kills = 0;
    let mut known = BTreeSet::new();
    for calls in [1, 2, 9, 30, 31, 60, 100, 140, 180, 220, 250, 270, 290, 300, 310] {
        let mut running = merchant.start(&arguments(&gateway));
        until("it is time to kill", || gateway.journal().len() >= calls || running.is_over());
        if running.is_over() {
            break;
        }
        // An answer that another process can read is acknowledged.
        let acknowledged = answered(&merchant);
        running.signal("KILL");
        assert_eq!(running.end().code, None);
        kills += 1;
        assert!(is_old_report(&merchant, &expected), "no report before every order is judged");
        let kept = answered(&merchant);
        assert!(kept.is_superset(&acknowledged), "an acknowledged answer is lost");
        assert!(kept.is_superset(&known), "an answer from before an earlier kill is lost");
        known = kept;
    }
    assert!(kills > 10, "{kills}");
    let done = assert_resumes(&merchant, &gateway, &expected);
    assert!(answered(&merchant).is_superset(&known));
    assert_eq!(merchant.sql("SELECT count(*) FROM runs"), 1);
    assert_eq!(done.json()["orders"]["selected"], ORDERS);
    // Orders without a trustworthy answer are always queried again, so they are not counted.
    let untrusted = |order: &str| order[1..].parse::<usize>().unwrap() % 17 == 0;
    let asked: Vec<String> = gateway.stop().into_iter().filter_map(|call| call.order_id).collect();
    let asked: Vec<&String> = asked.iter().filter(|order| !untrusted(order)).collect();
    let twice = asked.len() - asked.iter().collect::<BTreeSet<_>>().len();
    assert!(twice <= kills * IN_FLIGHT, "{twice} calls were made twice in {kills} kills");
}

/// On a disk with slow syncs, answers that are received but not committed count as in flight.
#[test]
fn a_slow_disk_causes_no_more_repeated_calls() {
    const ORDERS: usize = 300;
    if !has_strace() {
        return;
    }
    let merchant = merchant(ORDERS);
    let gateway = Gateway::serve(&crate::support::book(ORDERS));
    let slow = "inject=fdatasync,fsync:delay_enter=300000";
    let strace = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", slow];
    let running =
        Running::start(&mut wrapped("strace", &strace, &merchant.command(&arguments(&gateway))));
    // The process is a child of strace. It would survive if only strace were killed.
    until("some answers", || gateway.journal().len() >= 20);
    let children = format!("/proc/{0}/task/{0}/children", running.pid());
    let child = std::fs::read_to_string(children).unwrap();
    let killed = Command::new("kill").args(["-s", "KILL", child.trim()]).status().unwrap();
    assert!(killed.success());
    running.end();
    let kept = answered(&merchant).len();
    let asked = gateway.journal().len();
    assert!(asked - kept <= IN_FLIGHT, "{asked} calls, and {kept} answers are kept");
    assert_eq!(merchant.run(&arguments(&gateway)).code, Some(0));
    assert!(gateway.stop().len() <= ORDERS + IN_FLIGHT);
}

#[test]
fn a_run_killed_while_reading_the_ledger_starts_again() {
    const ORDERS: usize = 20;
    let gateway = Gateway::serve(&book(ORDERS));
    let expected = uninterrupted_report(&gateway, ORDERS);
    let calls = gateway.journal().len();
    let merchant = merchant(ORDERS);
    let mut command = merchant.command(&arguments(&gateway));
    // The ledger comes through a pipe that is never closed.
    command.args(["--ledger", "-"]).stdin(std::process::Stdio::piped());
    let running = Running::start(&mut command);
    until("the database is there", || merchant.path("octopus-recon.db").exists());
    running.signal("KILL");
    assert_eq!(running.end().code, None);
    assert!(is_old_report(&merchant, &expected));
    assert_eq!(merchant.sql("SELECT count(*) FROM runs"), 0, "no partial import is kept");
    assert_eq!(gateway.journal().len(), calls);
    assert_resumes(&merchant, &gateway, &expected);
}

#[test]
fn a_missing_report_is_written_without_a_call() {
    const ORDERS: usize = 60;
    let is_matched = |number: usize| !number.is_multiple_of(17) && !number.is_multiple_of(13);
    let book = book(ORDERS);
    let kept = book.lines().enumerate().filter(|(index, _)| is_matched(index + 1));
    let kept: Vec<&str> = kept.map(|(_, line)| line).collect();
    let gateway = Gateway::serve(&kept.join("\n"));
    let merchant = merchant(ORDERS);
    let done = merchant.run(&arguments(&gateway));
    assert_eq!(done.code, Some(1), "{done:?}");
    let written = std::fs::read(merchant.path(REPORT)).unwrap();
    let calls = gateway.journal().len();
    // The state after a kill between judging and reporting.
    let database = rusqlite::Connection::open(merchant.path("octopus-recon.db")).unwrap();
    database.execute("UPDATE runs SET reported_at_ms = NULL", ()).unwrap();
    drop(database);
    std::fs::remove_file(merchant.path(REPORT)).unwrap();
    let resumed = merchant.run(&arguments(&gateway));
    assert_eq!(resumed.code, Some(1), "{resumed:?}");
    assert!(std::fs::read(merchant.path(REPORT)).unwrap() == written, "the report differs");
    assert_eq!(gateway.stop().len(), calls, "orders were queried again");
    assert_eq!(merchant.sql("SELECT count(*) FROM runs"), 1);
}

/// The system calls with which a run changes files.
const CALLS: &str = "pwrite64,write,fsync,fdatasync,rename,renameat,unlink,openat,ftruncate,fchmod";

/// Kills a run at its n-th call of this system call. Returns false if it makes fewer calls.
fn killed_at(merchant: &Merchant, gateway: &Gateway, call: &str, nth: u32) -> bool {
    let inject = format!("inject={call}:signal=KILL:when={nth}");
    let trace = format!("trace={call}");
    let strace = ["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    let command = merchant.command(&arguments(gateway));
    let done: Done = wrapped("strace", &strace, &command).output().unwrap().into();
    assert!(matches!(done.code, None | Some(3)), "{call} {nth}: {done:?}");
    done.code.is_none()
}

/// A sample. The campaign of tests/reliability kills after each call.
#[test]
fn a_run_killed_at_a_system_call_is_resumed() {
    const ORDERS: usize = 20;
    const STEP: usize = 19;
    if !has_strace() {
        return;
    }
    let gateway = Gateway::serve(&book(ORDERS));
    let expected = uninterrupted_report(&gateway, ORDERS);
    let (mut old, mut new) = (0, 0);
    for call in CALLS.split(',') {
        for nth in (1..).step_by(STEP) {
            let merchant = merchant(ORDERS);
            if !killed_at(&merchant, &gateway, call, nth) {
                break;
            }
            if is_old_report(&merchant, &expected) {
                old += 1;
            } else {
                new += 1;
            }
            // Kill some of the resumed runs too.
            if nth % 2 == 0 && killed_at(&merchant, &gateway, call, nth) {
                is_old_report(&merchant, &expected);
            }
            assert_resumes(&merchant, &gateway, &expected);
        }
    }
    assert!(old > 5 && new > 0, "{old} kills before the report, {new} after it");
}
