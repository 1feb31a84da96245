//! A database of an earlier release is migrated when it is opened, and no data is lost.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, Gateway, Merchant, kinds, paid, row, rows, rows_of};
use octopus_recon::sandbox::Faults;
use rusqlite::Connection;
use serde_json::json;
use sha2::{Digest, Sha256};

const FIRST_SCHEMA: &str = include_str!("../../sql/0001_ledger_answers_and_runs.sql");
const SECOND_SCHEMA: &str = include_str!("../../sql/0002_less_to_write.sql");
const THIRD_SCHEMA: &str = include_str!("../../sql/0003_versions.sql");
const FOURTH_SCHEMA: &str = include_str!("../../sql/0004_events.sql");
const FIFTH_SCHEMA: &str = include_str!("../../sql/0005_ledger_doubts.sql");
const SIXTH_SCHEMA: &str = include_str!("../../sql/0006_decisions.sql");
/// The data that the release with the first schema stored, and the migrations to later schemas.
const STORED: [&str; 6] = [
    FIRST_SCHEMA,
    include_str!("../../fixtures/databases/schema-1.sql"),
    "PRAGMA user_version = 1; PRAGMA application_id = 1329812035;",
    concat!(include_str!("../../sql/0002_less_to_write.sql"), "PRAGMA user_version = 2;"),
    concat!(include_str!("../../sql/0003_versions.sql"), "PRAGMA user_version = 3;"),
    concat!(include_str!("../../sql/0004_events.sql"), "PRAGMA user_version = 4;"),
];
/// The data that the release with the third schema stored.
const STORED_BY_THE_THIRD: [&str; 5] = [
    FIRST_SCHEMA,
    SECOND_SCHEMA,
    THIRD_SCHEMA,
    include_str!("../../fixtures/databases/schema-3.sql"),
    "PRAGMA user_version = 3; PRAGMA application_id = 1329812035;",
];

/// The data that the release with the fourth schema stored.
const STORED_BY_THE_FOURTH: [&str; 6] = [
    FIRST_SCHEMA,
    SECOND_SCHEMA,
    THIRD_SCHEMA,
    FOURTH_SCHEMA,
    include_str!("../../fixtures/databases/schema-4.sql"),
    "PRAGMA user_version = 4; PRAGMA application_id = 1329812035;",
];

/// The data that the release with the fifth schema stored.
const STORED_BY_THE_FIFTH: [&str; 7] = [
    FIRST_SCHEMA,
    SECOND_SCHEMA,
    THIRD_SCHEMA,
    FOURTH_SCHEMA,
    FIFTH_SCHEMA,
    include_str!("../../fixtures/databases/schema-5.sql"),
    "PRAGMA user_version = 5; PRAGMA application_id = 1329812035;",
];

/// The data that the release with the sixth schema stored.
pub const STORED_BY_THE_SIXTH: [&str; 8] = [
    FIRST_SCHEMA,
    SECOND_SCHEMA,
    THIRD_SCHEMA,
    FOURTH_SCHEMA,
    FIFTH_SCHEMA,
    SIXTH_SCHEMA,
    include_str!("../../fixtures/databases/schema-6.sql"),
    "PRAGMA user_version = 6; PRAGMA application_id = 1329812035;",
];

/// One merchant for each earlier schema, with the same two nights.
fn merchants() -> impl Iterator<Item = Merchant> {
    (3..=STORED.len()).map(|parts| merchant(&STORED[..parts]))
}

/// A merchant with the five nights that the release with the third schema stored.
fn merchant_of_the_third_schema() -> Merchant {
    let merchant = merchant(&STORED_BY_THE_THIRD);
    let settings = std::fs::read_to_string(merchant.path("octopus-recon.toml")).unwrap();
    // The reports of that release were plain CSV.
    merchant.write("octopus-recon.toml", settings + "[report]\ncsv = \"plain\"\n");
    merchant
}

pub fn merchant(made_by: &[&str]) -> Merchant {
    let merchant = Merchant::new();
    let settings = "[gateway]\nmerchant_uid = \"M-1\"\nmax_attempts = 1\n[ledger]\n\
                    timezone = \"UTC\"\n[policy]\naccount_within_hours = 1000000\n";
    merchant.write("octopus-recon.toml", settings);
    let database = Connection::open(merchant.path("octopus-recon.db")).unwrap();
    // Orders and entries refer to each other, so a dump is read without foreign keys.
    database.pragma_update(None, "foreign_keys", false).unwrap();
    database.query_row("PRAGMA journal_mode = WAL", (), |_| Ok(())).unwrap();
    // The third migration hashes payments. The program's own function is not public.
    let flags = rusqlite::functions::FunctionFlags::SQLITE_UTF8;
    database
        .create_scalar_function("payment_hash", 1, flags, |context| {
            let uid = context.get_raw(0).as_str().unwrap_or_default();
            let digest = Sha256::digest(uid);
            Ok(i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]))
        })
        .unwrap();
    for sql in made_by {
        database.execute_batch(sql).unwrap();
    }
    merchant
}

fn outcomes(merchant: &Merchant) -> Vec<String> {
    ["MATCHED", "MISMATCHED", "TRANSIT", "UNVERIFIED"]
        .map(|order| merchant.run(&["show", order]).stdout.lines().next().unwrap().to_owned())
        .to_vec()
}

#[test]
fn check_does_not_change_an_old_database() {
    for merchant in merchants() {
        let gateway = Gateway::serve("");
        let before = std::fs::read(merchant.path("octopus-recon.db")).unwrap();
        // The file itself is checked, not a copy: there is no place for one.
        let mut command = merchant.command(&["check", "--base-url", &gateway.url]);
        let checked: Done = command.env("TMPDIR", "/nowhere").output().unwrap().into();
        assert!(checked.stdout.contains("octopus-recon.db is whole"), "{checked:?}");
        assert!(std::fs::read(merchant.path("octopus-recon.db")).unwrap() == before);
    }
}

/// Checks that the report of a run has the cells of its old report, in all old columns. The old
/// file has fewer columns and quotes but the same cells: it counts as unedited and is replaced.
fn assert_report_is_unchanged(merchant: &Merchant, run: &str, reported: &str) {
    let name = format!("again-{run}.csv");
    let report = merchant.write(&name, reported);
    let again = merchant.run(&["report", run, "--report", &name]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(again.stderr, "", "nothing was set aside");
    let (rows, expected) = (rows(&report), rows_of(reported.as_bytes()));
    assert_eq!(rows.len(), expected.len(), "{rows:#?}");
    for (row, expected) in rows.iter().zip(&expected) {
        for (column, cell) in expected {
            assert_eq!(row[column], *cell, "{column} of {expected:?}");
        }
    }
}

#[test]
fn orders_and_reports_of_an_old_database_are_unchanged() {
    for merchant in merchants() {
        let before = std::fs::read(merchant.path("octopus-recon.db")).unwrap();
        assert_eq!(
            outcomes(&merchant),
            [
                "Order MATCHED of merchant M-1: mismatched in run 2",
                "Order MISMATCHED of merchant M-1: mismatched in run 2",
                "Order TRANSIT of merchant M-1: in_transit in run 2",
                "Order UNVERIFIED of merchant M-1: unverified in run 2",
            ]
        );
        for (run, reported) in [
            ("1", include_str!("../../fixtures/databases/schema-1-run-1.csv")),
            ("2", include_str!("../../fixtures/databases/schema-1-run-2.csv")),
        ] {
            assert_report_is_unchanged(&merchant, run, reported);
        }
        let after = std::fs::read(merchant.path("octopus-recon.db")).unwrap();
        assert!(after == before, "reading changes nothing");
    }
}

#[test]
fn the_reports_of_five_nights_are_unchanged() {
    let merchant = merchant_of_the_third_schema();
    for (run, reported) in [
        ("1", include_str!("../../fixtures/databases/schema-3-run-1.csv")),
        ("2", include_str!("../../fixtures/databases/schema-3-run-2.csv")),
        ("3", include_str!("../../fixtures/databases/schema-3-run-3.csv")),
        ("4", include_str!("../../fixtures/databases/schema-3-run-4.csv")),
        ("5", include_str!("../../fixtures/databases/schema-3-run-5.csv")),
    ] {
        assert_report_is_unchanged(&merchant, run, reported);
    }
}

#[test]
fn the_nights_of_the_fourth_schema_are_unchanged() {
    let merchant = merchant(&STORED_BY_THE_FOURTH);
    for (run, reported) in [
        ("6", include_str!("../../fixtures/databases/schema-4-run-6.csv")),
        ("7", include_str!("../../fixtures/databases/schema-4-run-7.csv")),
    ] {
        assert_report_is_unchanged(&merchant, run, reported);
    }
    // The answers of the run after the clock was set back keep their place behind the earlier ones.
    let gateway = Gateway::serve(&paid("A1", "500.00", json!({})));
    let night = merchant.reconcile(&gateway.url, &["--from", "2026-01-10", "--to", "2026-01-10"]);
    assert_eq!(night.code, Some(1), "{night:?}");
    let moved = "SELECT count(*) FROM run_orders r JOIN runs u USING (run_id)
                 WHERE run_id = 7 AND ordered_at_ms = clock_floor_ms";
    assert_eq!(merchant.sql(moved), 7);
    let events = "SELECT group_concat(event) FROM
                  (SELECT event FROM mismatch_events e JOIN orders o USING (order_id)
                   WHERE o.merchant_order_id = 'A1' AND kind = 'final_amount_difference'
                   ORDER BY at_ms, run_id)";
    let events: String = merchant.database().query_row(events, (), |row| row.get(0)).unwrap();
    assert_eq!(events, "opened,changed,resolved,reopened,resolved,reopened,resolved");
}

#[test]
fn the_nights_of_the_fifth_schema_are_unchanged() {
    let merchant = merchant(&STORED_BY_THE_FIFTH);
    for (run, reported) in [
        ("9", include_str!("../../fixtures/databases/schema-5-run-9.csv")),
        ("10", include_str!("../../fixtures/databases/schema-5-run-10.csv")),
        ("11", include_str!("../../fixtures/databases/schema-5-run-11.csv")),
    ] {
        assert_report_is_unchanged(&merchant, run, reported);
    }
    let again = merchant.run(&["report", "10", "--format", "json"]).json();
    assert_eq!(again["ledger"]["skipped"], 2, "{again}");
    let codes: Vec<&str> = again["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["clock", "ledger_shrunk"]);
    assert_eq!(again["days"].as_array().unwrap().len(), 4, "{again}");

    // A1 and B1 are open. B1 is settled now, and A1 has no answer.
    let book = paid("B1", "100.00", json!({})) + &paid("C1", "40.00", json!({}));
    let no_answer = "[[fault]]\norders = [\"A1\"]\ndoes = { status = 503 }\n";
    let gateway = Gateway::serve_as(&book, |it| it.faults = Faults::parse(no_answer).unwrap());
    let night = merchant
        .reconcile(&gateway.url, &["--from", "2026-01-13", "--to", "2026-01-13", "--include-open"]);
    assert_eq!(night.code, Some(3), "{night:?}");
    let found = merchant.rows_of(&night);
    assert_eq!(kinds(&found).len(), 1, "{found:?}");
    let short = row(&found, "A1", "final_amount_difference");
    assert_eq!(&*short["variance"], "-10.00", "as the fifth schema's last night showed it");
    assert_eq!(merchant.sql("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    let events = "SELECT group_concat(event) FROM
                  (SELECT event FROM mismatch_events e JOIN orders o USING (order_id)
                   WHERE o.merchant_order_id = 'B1' AND kind = 'final_amount_difference'
                   ORDER BY at_ms, run_id)";
    let events: String = merchant.database().query_row(events, (), |row| row.get(0)).unwrap();
    assert_eq!(events, "opened,changed,resolved");
}

#[test]
fn the_decisions_of_the_sixth_schema_are_unchanged() {
    let merchant = merchant(&STORED_BY_THE_SIXTH);
    for (run, reported) in [
        ("1", include_str!("../../fixtures/databases/schema-6-run-1.csv")),
        ("2", include_str!("../../fixtures/databases/schema-6-run-2.csv")),
        ("3", include_str!("../../fixtures/databases/schema-6-run-3.csv")),
    ] {
        assert_report_is_unchanged(&merchant, run, reported);
    }
    let verified = merchant.run(&["verify", "again-3.csv", "--format", "json"]).json();
    assert!(verified["notes"][0].as_str().unwrap().contains("has no digest of its rows"));
    assert!(merchant.run(&["runs", "--format", "json"]).stdout.contains("\"rows_sha256\":null"));
    let listed = merchant.run(&["decide", "--list", "--format", "json"]).json();
    let events: Vec<&str> = listed["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["accepted", "decided", "proposed", "refused", "refused", "confirmed"]);

    // Two people accepted A4; A1 is settled, and its last note stays with it.
    let payments = [
        paid("A1", "500.00", json!({})),
        paid("A2", "70.00", json!({})),
        paid("A3", "30.00", json!({})),
        paid("A4", "900.00", json!({"final_amount": "700.00"})),
        paid("A5", "12.00", json!({})),
    ];
    let gateway = Gateway::serve(&payments.concat());
    let night = merchant.reconcile(&gateway.url, &["--from", "2026-01-10", "--to", "2026-01-10"]);
    assert_eq!(night.code, Some(0), "{night:?}");
    let found = merchant.rows_of(&night);
    let accepted = row(&found, "A4", "final_amount_difference");
    assert_eq!((found.len(), &*accepted["decision"]), (1, "accepted"), "{found:?}");
    assert_eq!(merchant.sql("SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

#[test]
fn the_events_of_an_old_database_are_rebuilt() {
    let merchant = merchant_of_the_third_schema();
    let shown = merchant.run(&["show", "A1", "--format", "json"]).json();
    let events: Vec<(String, i64)> = shown["orders"][0]["mismatch_events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["event"].as_str().unwrap().into(), event["run_id"].as_i64().unwrap()))
        .collect();
    let expected = [("opened", 1), ("changed", 2), ("resolved", 3), ("reopened", 4)];
    assert_eq!(events, expected.map(|(event, run)| (event.to_owned(), run)));
    let text = merchant.run(&["show", "A1"]).stdout;
    assert!(text.contains("were rebuilt"), "{text}");

    // The next night adds to these events.
    let payments = [
        paid("A1", "500.00", json!({"final_amount": "490.00"})),
        paid("A2", "70.00", json!({})),
        paid("A3", "30.00", json!({})),
        paid("A4", "9.00", json!({})),
        paid("A5", "12.00", json!({})),
        paid("A6", "1.00", json!({})),
    ];
    let gateway = Gateway::serve(&payments.concat());
    let night = merchant.reconcile(&gateway.url, &["--last", "1", "--include-open"]);
    let rows = merchant.rows_of(&night);
    let found = row(&rows, "A1", "final_amount_difference");
    assert_eq!((&*found["state"], &*found["first_seen"]), ("open", "2026-11-20"), "{night:?}");
    assert_eq!(merchant.sql("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_eq!(merchant.sql("SELECT count(*) FROM ledger_and_gateway"), 6);
    assert_eq!(merchant.sql("SELECT count(*) FROM run_figures"), 6);
    let open = "SELECT count(*) FROM open_mismatches";
    assert_eq!(merchant.sql(open), i64::try_from(rows.len()).unwrap(), "{rows:#?}");
    let events = "SELECT group_concat(event) FROM
                  (SELECT event FROM mismatch_events e JOIN orders o USING (order_id)
                   WHERE o.merchant_order_id = 'A2' AND kind = 'unverified'
                   ORDER BY at_ms, run_id)";
    let events: String = merchant.database().query_row(events, (), |row| row.get(0)).unwrap();
    assert_eq!(events, "opened,resolved");
}

#[test]
fn the_next_night_continues_from_an_old_database() {
    for merchant in merchants() {
        let settled = json!({"accounting_status": "accounted", "final_amount": "3.00"});
        let gateway = Gateway::serve(
            &[
                paid("MATCHED", "1.50", json!({"merchant_uid": "M-1"})),
                paid("MISMATCHED", "2.00", json!({"final_amount": "1.00"})),
                paid("TRANSIT", "3.00", settled),
                paid("UNVERIFIED", "4.00", json!({})),
            ]
            .concat(),
        );
        let night = merchant.reconcile(&gateway.url, &["--last", "1", "--include-open"]);
        assert_eq!(night.json()["orders"]["selected"], 4, "{night:?}");
        let figures = "SELECT 1000 * sum(outcome = 1) + 100 * sum(outcome = 2)
                           + 10 * sum(outcome = 3) + sum(outcome = 4)
                       FROM run_orders WHERE run_id < 3";
        assert_eq!(merchant.sql(figures), 1_000 + 200 + 30 + 2);
        assert_eq!(merchant.sql("SELECT count(*) FROM pragma_foreign_key_check"), 0);
        assert_eq!(merchant.sql("SELECT count(*) FROM ledger_and_gateway"), 4);
        let rows = merchant.rows_of(&night);
        assert_eq!(kinds(&rows).len(), 1, "{rows:?}");
        assert_eq!(kinds(&rows)["MISMATCHED"], ["final_amount_difference"]);
    }
}

#[test]
fn old_answers_are_shown_in_order_and_old_payments_are_known() {
    // The third schema links an answer to the previous answer, so only the first two can have this
    // row: the migration adds the link.
    for merchant in merchants().take(2) {
        // A second answer for this order, as if the gateway had changed it in the second night.
        let sql = "INSERT INTO answers
                   SELECT 4, order_id, 2, received_at_ms + 1000, kind, amount_micros,
                       final_amount_micros, currency, transaction_type, accounting_type,
                       payment_status, payment_fail_reason, accounting_status,
                       accounting_fail_reason, 'failed', notify_fail_reason, payment_uid, channel,
                       evidence || ' '
                   FROM answers WHERE answer_id = 3;
                   UPDATE orders SET answer_id = 4 WHERE order_id = 3;
                   UPDATE run_orders SET answer_id = 4 WHERE run_id = 2 AND order_id = 3;";
        merchant.database().execute_batch(sql).unwrap();
        let shown = merchant.run(&["show", "TRANSIT"]).stdout;
        let lines: Vec<&str> = shown.lines().filter(|line| line.contains("PAY-3")).collect();
        assert_eq!(lines.len(), 2, "{shown}");
        assert!(lines[0].contains("completed") && lines[1].contains("failed"), "{shown}");

        merchant.write(
            "ledger.csv",
            "merchant_order_id,amount,currency,created_at,status\n\
                                      NEW,1.00,inr,2026-01-11,paid\n",
        );
        let gateway = Gateway::serve(&paid("NEW", "1.00", json!({"payment_uid": "PAY-1"})));
        let night = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(kinds(&merchant.rows_of(&night))["NEW"], ["duplicate_payment"], "{night:?}");
    }
}

#[test]
fn the_orders_of_an_old_run_that_was_never_judged_are_asked_again() {
    let merchant = merchant_of_the_third_schema();
    // As if the fifth night had ended before it was judged.
    let unjudged = "UPDATE runs SET judged_at_ms = NULL, reported_at_ms = NULL, status = 'asking'
                    WHERE run_id = 5;
                    UPDATE run_orders SET outcome = NULL WHERE run_id = 5;
                    DELETE FROM reported_mismatches WHERE run_id = 5;
                    DELETE FROM mismatches;
                    UPDATE orders SET awaiting = 0;";
    merchant.database().execute_batch(unjudged).unwrap();
    let gateway = Gateway::serve(&paid("A3", "30.00", json!({})));
    let night = merchant.reconcile(&gateway.url, &["--last", "1", "--include-open"]);
    assert_eq!(night.json()["orders"]["selected"], 6, "{night:?}");
}
