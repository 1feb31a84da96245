//! Digests of a run's rows: a value that changed in the database file is noticed when the run is
//! reported again or verified, and the thousand that it is in is named.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, FAST_RETRIES, Gateway, HEAD, Merchant, paid};
use serde_json::{Value, json};
use std::net::TcpListener;

/// Two thousands: a whole one, and one of 50.
const ORDERS: usize = 1_050;

/// Orders of 100.00. Every 200th is 10.00 short, except those that are `solved`.
fn book(solved: &[usize]) -> String {
    let order = |number: usize| {
        let is_short = number.is_multiple_of(200) && !solved.contains(&number);
        let fields = if is_short { json!({"final_amount": "90.00"}) } else { json!({}) };
        paid(&format!("A{number}"), "100.00", fields)
    };
    (1..=ORDERS).map(order).collect()
}

/// A merchant after two nights. Run 2 has all that a run can have: an invalid row, a warning, a
/// decision that it took, and an order that is solved.
struct Nights {
    merchant: Merchant,
    manifest: String,
    csv: String,
}

impl Nights {
    fn new() -> Nights {
        let merchant = Merchant::new();
        let rows = (1..=ORDERS).map(|number| format!("A{number},100.00,inr,2026-01-10,paid\n"));
        let rows: String = rows.collect();
        merchant.write("ledger.csv", format!("{HEAD}{rows}BAD,oops,inr,2026-01-10,paid\n"));
        // A night is compared with the one before only if both asked the same gateway.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let run = |book: &str| {
            let gateway = Gateway::serve_as(book, |it| it.listen = free);
            let total = ["--gateway-total", "inr:income=1,1.00"];
            let done = merchant
                .reconcile(&gateway.url, &[&["--ledger", "ledger.csv"], &total[..]].concat());
            assert_eq!(done.code, Some(4), "{done:?}");
            done
        };
        let first = run(&book(&[]));
        let csv = merchant.path(&file(&first, "csv"));
        let report = std::fs::read_to_string(&csv).unwrap();
        let decided = report.replacen(
            "\"\",\"\",\"\",\"\",\"gateway\"",
            "with_gateway,,Asha,known,gateway",
            1,
        );
        assert_ne!(decided, report);
        std::fs::write(csv, decided).unwrap();
        let second = run(&book(&[400]));
        let [manifest, csv] = ["json", "csv"].map(|extension| file(&second, extension));
        let nights = Nights { merchant, manifest, csv };
        for table in ["invalid_rows", "run_warnings", "solved_orders", "mismatch_events"] {
            let sql = format!("SELECT count(*) FROM {table} WHERE run_id = 2");
            assert!(nights.merchant.sql(&sql) > 0, "{table}");
        }
        let taken = "SELECT count(*) FROM decision_events WHERE taken_by_run_id = 2";
        assert_eq!(nights.merchant.sql(taken), 1);
        nights
    }

    /// Both ways to look at run 2.
    fn looks(&self) -> [Done; 3] {
        [&["report", "2"][..], &["verify", &self.manifest], &["verify", &self.csv]]
            .map(|command| self.merchant.run(command))
    }
}

/// The report file of a run with this extension.
fn file(done: &Done, extension: &str) -> String {
    let files = done.json()["reports"].clone();
    let names: Vec<String> = serde_json::from_value(files).unwrap();
    let ends = |name: &&String| name.ends_with(extension) && !name.contains("invalid-rows");
    names.iter().find(ends).unwrap().clone()
}

const FIRST: &str = "orders 1 to 1,000 of run 2 (from \"A1\" to \"A1000\") are not what the run \
                     recorded";
const SECOND: &str = "orders 1,001 to 1,050 of run 2 (from \"A1001\" to \"A1050\") are not what \
                      the run recorded";
const ITSELF: &str = "run 2 itself (its figures, files, warnings, invalid rows or decisions) \
                      is not what the run recorded";
const GONE: &str = "the digest of run 2 itself (its figures, files, warnings, invalid rows or \
                    decisions) is gone";

/// What changes in the database, and what is said about it.
const CHANGES: [(&str, &str); 44] = [
    ("UPDATE entries SET amount_micros = amount_micros + 1 WHERE order_id = 1001", SECOND),
    ("UPDATE entries SET currency = 'eur' WHERE order_id = 1000", FIRST),
    ("UPDATE entries SET line = 1 WHERE order_id = 5", FIRST),
    ("DELETE FROM entries WHERE order_id = 1010", SECOND),
    ("UPDATE answers SET evidence = replace(evidence, 'upi', 'upj') WHERE order_id = 1", FIRST),
    ("UPDATE answers SET final_amount_micros = 1 WHERE order_id = 1050", SECOND),
    ("UPDATE answers SET payment_status = 'failed' WHERE order_id = 77", FIRST),
    ("UPDATE answers SET received_at_ms = 0 WHERE order_id = 77", FIRST),
    ("UPDATE answers SET amount_micros = 0 WHERE answer_id = 200", FIRST),
    ("DELETE FROM answers WHERE order_id = 1002", SECOND),
    ("UPDATE run_orders SET answered_at_ms = 1 WHERE run_id = 2 AND order_id = 1003", SECOND),
    ("UPDATE run_orders SET tries = 9 WHERE run_id = 2 AND order_id = 3", FIRST),
    ("UPDATE run_orders SET why = 'x' WHERE run_id = 2 AND order_id = 3", FIRST),
    ("UPDATE run_orders SET outcome = 3 WHERE run_id = 2 AND order_id = 3", FIRST),
    ("UPDATE run_orders SET carried = 1 WHERE run_id = 2 AND order_id = 1004", SECOND),
    ("DELETE FROM run_orders WHERE run_id = 2 AND order_id = 4", FIRST),
    ("DELETE FROM run_orders WHERE run_id = 2 AND order_id = 1050", SECOND),
    ("UPDATE orders SET merchant_order_id = 'A5X' WHERE order_id = 5", FIRST),
    ("UPDATE orders SET merchant_uid = 'M-9' WHERE order_id = 1005", SECOND),
    ("UPDATE reported_mismatches SET note = 'x' WHERE run_id = 2 AND order_id = 200", FIRST),
    ("UPDATE reported_mismatches SET reason = '' WHERE run_id = 2 AND order_id = 600", FIRST),
    ("DELETE FROM reported_mismatches WHERE run_id = 2 AND order_id = 800", FIRST),
    (
        "UPDATE reported_mismatches SET order_id = 1006 WHERE run_id = 2 AND order_id = 800",
        "of run 2 (from \"A1\" to \"A1000\"), and one other thousand, are not",
    ),
    ("UPDATE reported_orders SET figure_micros = 1 WHERE run_id = 2 AND order_id = 600", FIRST),
    ("DELETE FROM reported_orders WHERE run_id = 2", FIRST),
    ("UPDATE solved_orders SET figure_micros = 1 WHERE run_id = 2", FIRST),
    ("UPDATE mismatch_events SET day = '2020-01-01' WHERE run_id = 2", FIRST),
    (
        "INSERT INTO run_orders (run_id, order_id) VALUES (2, 2000)",
        "orders 1,051 and later of run 2 have no digest",
    ),
    ("UPDATE runs SET matched = matched + 1 WHERE run_id = 2", ITSELF),
    ("UPDATE runs SET judged_at_ms = NULL WHERE run_id = 2", ITSELF),
    ("UPDATE runs SET night = replace(night, 'UTC', 'GMT') WHERE run_id = 2", ITSELF),
    ("UPDATE ledger_files SET name = 'other.csv' WHERE run_id = 2", ITSELF),
    ("UPDATE invalid_rows SET raw = x'00' WHERE run_id = 2", ITSELF),
    ("UPDATE run_warnings SET text = '' WHERE run_id = 2", ITSELF),
    ("DELETE FROM run_warnings WHERE run_id = 2", ITSELF),
    ("DROP TRIGGER decision_events_are_not_updated; UPDATE decision_events SET note = 'x'", ITSELF),
    (
        "UPDATE run_digests SET sha256 = zeroblob(32) WHERE run_id = 2 AND number = 1",
        "the digest of orders 1 to 1,000 of run 2 (from \"A1\" to \"A1000\") was changed",
    ),
    (
        "UPDATE run_digests SET last_order_id = 999 WHERE run_id = 2 AND number = 1",
        "(from \"A1\" to \"A999\"), and one other thousand, are not what the run recorded",
    ),
    (
        "UPDATE run_digests SET sha256 = zeroblob(32) WHERE run_id = 2 AND number = 0",
        "invalid rows or decisions) was changed",
    ),
    ("DELETE FROM run_digests WHERE run_id = 2 AND number = 0", GONE),
    (
        "DELETE FROM run_digests WHERE run_id = 2 AND number = 2",
        "orders 1,001 and later of run 2 have no digest",
    ),
    ("DELETE FROM run_digests WHERE run_id = 2", GONE),
    (
        "UPDATE runs SET rows_sha256 = '_' || substr(rows_sha256, 2) WHERE run_id = 2",
        "the digest of all rows of run 2 was changed",
    ),
    (
        "UPDATE runs SET rows_sha256 = NULL WHERE run_id = 2",
        "the digest of all rows of run 2 is gone",
    ),
];

#[test]
fn a_value_that_changed_is_noticed_and_its_thousand_is_named() {
    let nights = Nights::new();
    let merchant = &nights.merchant;
    for look in nights.looks() {
        assert_eq!(look.code, Some(0), "{look:?}");
    }
    merchant.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    let whole = std::fs::read(merchant.path("octopus-recon.db")).unwrap();
    let reports = merchant.report_files();
    for (change, said) in CHANGES {
        let database = merchant.database();
        database.pragma_update(None, "foreign_keys", false).unwrap();
        database.execute_batch(change).unwrap();
        assert!(database.changes() > 0, "{change}");
        database.close().unwrap();
        for look in nights.looks() {
            assert_eq!(look.code, Some(15), "{change}: {look:?}");
            assert!(look.stderr.contains(said), "{change}: {look:?}");
            assert!(
                look.stderr.contains("was changed or damaged outside this program"),
                "{look:?}"
            );
            assert!(look.stderr.contains("hint: ") && look.stderr.contains("backup"), "{look:?}");
        }
        assert_eq!(merchant.report_files(), reports, "{change}");
        for file in ["octopus-recon.db-wal", "octopus-recon.db-shm"] {
            let _ = std::fs::remove_file(merchant.path(file));
        }
        merchant.write("octopus-recon.db", &whole);
    }
}

#[test]
fn a_view_of_a_damaged_night_is_refused() {
    let nights = Nights::new();
    let merchant = &nights.merchant;
    let today = merchant.database();
    let today: String =
        today.query_row("SELECT run_day FROM runs WHERE run_id = 2", (), |row| row.get(0)).unwrap();
    merchant.write("other.toml", "");
    let views =
        [&["--current"][..], &["--as-of", &today], &["2", "--policy", "other.toml"], &["1"]];
    let view = |arguments: &[&str]| merchant.run(&[&["report"], arguments].concat());
    for arguments in views {
        assert_eq!(view(arguments).code, Some(0), "{arguments:?}");
    }
    // An order of both nights, and an answer of the second one alone.
    let sql = "UPDATE answers SET evidence = '{}' WHERE run_id = 2";
    merchant.database().execute_batch(sql).unwrap();
    for arguments in &views[..3] {
        let done = view(arguments);
        assert_eq!(done.code, Some(15), "{arguments:?}: {done:?}");
        assert!(done.stderr.contains(FIRST), "{arguments:?}: {done:?}");
    }
    assert_eq!(view(&["1"]).code, Some(0), "its answers are as they were");
}

#[test]
fn manifest_and_runs_show_the_same_digest() {
    let nights = Nights::new();
    let runs = nights.merchant.run(&["runs", "--format", "json"]).json()["runs"].clone();
    let digests: Vec<&str> =
        runs.as_array().unwrap().iter().map(|run| run["rows_sha256"].as_str().unwrap()).collect();
    assert!(digests[0] != digests[1] && digests.iter().all(|it| it.len() == 64), "{digests:?}");
    let manifest = std::fs::read(nights.merchant.path(&nights.manifest)).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["rows_sha256"], digests[0]);
    let text = nights.merchant.run(&["runs"]).stdout;
    assert!(digests.iter().all(|digest| text.contains(&digest[..12])), "{text}");
}

/// Decisions, later nights, a run that is resumed in vain, or resumed and judged again: nothing of
/// this changes what an earlier run recorded.
#[test]
fn what_later_runs_change_is_no_damage() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    let ledger = |note: &str| {
        format!(
            "{HEAD}A,100.00,inr,2026-01-10,paid\nB,50.00,inr,2026-01-10,{note}\n\
                 C,20.00,inr,2026-01-11,paid\n"
        )
    };
    merchant.write("ledger.csv", ledger("paid"));
    let a = |last: &str| paid("A", "100.00", json!({"final_amount": last}));
    let failing = paid("B", "50.00", json!({"sandbox": {"status": 503, "times": 1000}}));
    let (b, c) = (paid("B", "50.00", json!({})), paid("C", "20.00", json!({})));
    // A run is resumed only with the gateway that it has asked before.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = |book: &[&str], more: &[&str]| {
        let gateway = Gateway::serve_as(&book.concat(), |it| it.listen = free);
        merchant.reconcile(&gateway.url, more)
    };
    let all_are_whole = |runs: i64, what: &str| {
        for run in 1..=runs {
            let done = merchant.run(&["report", &run.to_string()]);
            assert_eq!(done.code, Some(0), "{what}, run {run}: {done:?}");
        }
    };
    let night = ["--ledger", "ledger.csv"];
    let first = run(&[&a("90.00"), &failing, &c], &night);
    assert_eq!(first.code, Some(3), "{first:?}");
    all_are_whole(1, "one night");
    let decide = ["decide", "--order", "A", "--kind", "final_amount_difference"];
    let accepted = ["--decision", "accepted", "--by", "Asha", "--note", "agreed"];
    assert_eq!(merchant.run(&[&decide[..], &accepted].concat()).code, Some(0));
    all_are_whole(1, "a decision");
    assert_eq!(run(&[&a("80.00"), &failing, &c], &night).code, Some(3));
    merchant.write("ledger.csv", ledger("pending"));
    assert_eq!(run(&[&a("100.00"), &failing], &night).code, Some(3));
    all_are_whole(3, "answers and entries changed");

    // In vain: the gateway was asked again, and the run is not judged again.
    let requests = "SELECT requests FROM runs WHERE run_id = 2";
    let before = merchant.sql(requests);
    let gateway = Gateway::serve_as(&b, |it| it.listen = free);
    let mut command = merchant.command(&["run", "--base-url", &gateway.url, "--resume", "2"]);
    let in_vain = command.env("OCTOPUS_RECON_API_SECRET", "another").output().unwrap();
    let in_vain = Done::from(in_vain);
    assert_eq!(in_vain.code, Some(12), "{in_vain:?}");
    gateway.stop();
    assert!(merchant.sql(requests) > before, "{in_vain:?}");
    assert_eq!(merchant.sql("SELECT sum(is_resumed) FROM runs"), 1);
    all_are_whole(3, "resumed in vain");
    let resumed = run(&[&b], &["--resume", "2"]);
    assert_eq!(resumed.code, Some(1), "{resumed:?}");
    assert_eq!(merchant.sql("SELECT sum(is_resumed) FROM runs"), 0);
    all_are_whole(3, "resumed and judged again");
    let last = run(&[&a("100.00"), &b, &c], &[&night[..], &["--include-open"]].concat());
    assert_eq!(last.code, Some(1), "{last:?}");
    merchant.database().execute_batch("UPDATE orders SET awaiting = 1 - awaiting").unwrap();
    all_are_whole(4, "the end");
    for report in merchant.reports() {
        let verified = merchant.run(&["verify", report.to_str().unwrap()]);
        assert_ne!(verified.code, Some(15), "{verified:?}");
    }
}

/// While a run waits to be judged again, only orders without an answer may have changed.
#[test]
fn damage_of_a_run_that_was_resumed_is_noticed() {
    let nights = Nights::new();
    let sql = "UPDATE runs SET is_resumed = 1, requests = requests + 1 WHERE run_id = 2";
    nights.merchant.database().execute_batch(sql).unwrap();
    assert_eq!(nights.merchant.run(&["report", "2"]).code, Some(0));
    let sql = "UPDATE run_orders SET tries = 9 WHERE run_id = 2 AND order_id = 3";
    nights.merchant.database().execute_batch(sql).unwrap();
    let done = nights.merchant.run(&["report", "2"]);
    assert_eq!(done.code, Some(15), "{done:?}");
    assert!(done.stderr.contains(FIRST), "{done:?}");
}
