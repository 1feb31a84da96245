//! Consecutive runs: a run that ends early loses nothing, and a run that is resumed late does not
//! override a later run.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{FAST_RETRIES, Gateway, HEAD, Merchant, kinds, paid, row, rows, until};
use serde_json::json;

const X: &str = "X,100.00,inr,2026-01-10,paid\n";
const Y: &str = "Y,500.00,inr,2026-01-10,paid\n";

fn merchant(ledger: &str) -> Merchant {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write("ledger.csv", format!("{HEAD}{ledger}"));
    merchant
}

#[test]
fn a_late_resume_does_not_overrule_a_later_run() {
    let merchant = merchant(&[X, Y].concat());
    let unavailable = json!({"sandbox": {"status": 503}});
    let first = Gateway::serve(
        &[paid("Y", "500.00", json!({})), paid("X", "100.00", unavailable)].concat(),
    );
    let night = merchant.reconcile(&first.url, &["--ledger", "ledger.csv"]);
    assert_eq!(night.code, Some(3), "{night:?}");
    let port = first.url.clone();
    first.stop();

    // On the next night, the same gateway has settled less for Y.
    let short = json!({"final_amount": "400.00"});
    let listen = port.trim_start_matches("http://").parse().unwrap();
    let book = [paid("X", "100.00", json!({})), paid("Y", "500.00", short)].concat();
    let second = Gateway::serve_as(&book, |it| it.listen = listen);
    let night = merchant.reconcile(&second.url, &["--ledger", "ledger.csv"]);
    assert_eq!(night.code, Some(1), "{night:?}");

    // The first run is resumed. Its answer for Y is older.
    let late = merchant.reconcile(&second.url, &["--resume", "1"]);
    assert_eq!(late.code, Some(0), "{late:?}");
    assert_eq!(second.journal().len(), 3, "only X was queried again");
    let open = "SELECT count(*) FROM open_now";
    assert_eq!(merchant.sql(open), 1, "Y is still short");
    let run = merchant.reconcile(&second.url, &["--last", "1", "--include-open"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(kinds(&merchant.rows_of(&run))["Y"], ["final_amount_difference"]);
}

#[test]
fn orders_of_a_run_that_ended_early_are_queried_by_a_later_run() {
    let merchant = merchant(&[X, Y].concat());
    let night = merchant.reconcile("http://127.0.0.1:1", &["--ledger", "ledger.csv"]);
    assert_eq!(night.code, Some(13), "{night:?}");
    let gateway =
        Gateway::serve(&[paid("X", "100.00", json!({})), paid("Y", "500.00", json!({}))].concat());
    // A later export and a later range contain neither X nor Y.
    merchant.write("ledger.csv", format!("{HEAD}Z,1.00,inr,2026-02-10,failed\n"));
    let range = ["--from", "2026-02-01", "--ledger", "ledger.csv", "--include-open"];
    let night = merchant.reconcile(&gateway.url, &range);
    assert_eq!(night.json()["orders"]["selected"], 3, "{night:?}");
    assert_eq!(night.json()["orders"]["matched"], 3, "{night:?}");
}

#[test]
fn an_order_with_a_changed_ledger_entry_is_queried_again() {
    let merchant = merchant(&[X, Y].concat());
    let gateway =
        Gateway::serve(&[paid("X", "100.00", json!({})), paid("Y", "500.00", json!({}))].concat());
    assert_eq!(merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]).code, Some(0));
    merchant.write("ledger.csv", format!("{HEAD}{X}Y,900.00,inr,2026-01-10,paid\n"));
    let range = ["--from", "2026-02-01", "--ledger", "ledger.csv", "--include-open"];
    let night = merchant.reconcile(&gateway.url, &range);
    assert_eq!(night.json()["ledger"]["changed"], 1);
    assert_eq!(night.json()["orders"]["selected"], 1);
    let rows = merchant.rows_of(&night);
    assert_eq!(row(&rows, "Y", "ledger_amount_difference")["variance"], "-400.00");
}

#[test]
fn both_orders_of_a_shared_payment_are_reported_by_the_third_run() {
    let merchant = merchant(X);
    let uid = json!({"payment_uid": "PAY-1"});
    let gateway = Gateway::serve(
        &[paid("X", "100.00", uid.clone()), paid("Y", "500.00", uid.clone())].concat(),
    );
    assert_eq!(merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]).code, Some(0));
    merchant.write("ledger.csv", format!("{HEAD}{Y}"));
    let nightly = ["--ledger", "ledger.csv", "--include-open"];
    let night = merchant.reconcile(&gateway.url, &nightly);
    assert_eq!(kinds(&merchant.rows_of(&night)).len(), 1, "X was not selected");
    let night = merchant.reconcile(&gateway.url, &nightly);
    let kinds = kinds(&merchant.rows_of(&night));
    assert_eq!(kinds["X"], ["duplicate_payment"]);
    assert_eq!(kinds["Y"], ["duplicate_payment"]);
}

#[test]
fn an_answer_of_a_run_that_was_never_judged_counts_for_duplicate_payments() {
    let merchant = merchant(&[X, Y].concat());
    let uid = json!({"payment_uid": "PAY-1"});
    let unavailable = json!({"sandbox": {"silent": true}});
    let gateway = Gateway::serve(
        &[
            paid("X", "100.00", uid.clone()),
            paid("Y", "500.00", unavailable),
            paid("Z", "1.00", uid.clone()),
        ]
        .concat(),
    );
    let running = merchant.start(&["run", "--base-url", &gateway.url, "--ledger", "ledger.csv"]);
    until("X is answered", || {
        merchant.path("octopus-recon.db").exists()
            && merchant.sql("SELECT count(answer_id) FROM run_orders") == 1
    });
    running.signal("TERM");
    assert_eq!(running.end().code, Some(143));

    merchant.write("ledger.csv", format!("{HEAD}Z,1.00,inr,2026-01-10,paid\n"));
    let night = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(kinds(&merchant.rows_of(&night))["Z"], ["duplicate_payment"]);
}

#[test]
fn an_order_repeated_at_another_time_of_day_is_a_duplicate() {
    let merchant = merchant(
        "X,100.00,inr,2026-01-10 10:00,paid\n\
         X,100.00,inr,2026-01-10 18:00,paid\n",
    );
    let gateway = Gateway::serve(&paid("X", "100.00", json!({})));
    let night = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(night.json()["ledger"]["superseded"], 1);
    assert_eq!(kinds(&merchant.rows_of(&night))["X"], ["ledger_duplicate"]);
}

#[test]
fn a_report_never_replaces_the_ledger_database_or_configuration() {
    let merchant = merchant(X);
    let gateway = Gateway::serve(&paid("X", "100.00", json!({})));
    for target in ["ledger.csv", "octopus-recon.db", "octopus-recon.toml", "./octopus-recon.db"] {
        let done =
            merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv", "--report", target]);
        assert_eq!(done.code, Some(2), "{target}: {done:?}");
    }
    assert!(gateway.stop().is_empty());
}

#[test]
fn yesterdays_file_of_invalid_rows_is_removed() {
    let merchant = merchant(&[X, "Y,broken,inr,2026-01-10,paid\n"].concat());
    let gateway = Gateway::serve(&paid("X", "100.00", json!({})));
    let nightly = ["--ledger", "ledger.csv", "--report", "today.csv"];
    assert_eq!(merchant.reconcile(&gateway.url, &nightly).code, Some(4));
    assert!(merchant.path("today-invalid-rows.csv").exists());
    merchant.write("ledger.csv", format!("{HEAD}{X}"));
    assert_eq!(merchant.reconcile(&gateway.url, &nightly).code, Some(0));
    assert!(rows(&merchant.path("today.csv")).is_empty());
    assert!(!merchant.path("today-invalid-rows.csv").exists());
}

#[test]
fn a_left_over_wal_is_not_applied_to_a_new_database() {
    let merchant = merchant(X);
    let gateway = Gateway::serve(&paid("X", "100.00", json!({})));
    merchant.write("octopus-recon.db-wal", "of another database");
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(15), "{done:?}");
    assert!(!merchant.path("octopus-recon.db").exists());
}

#[test]
fn a_newer_answer_of_a_late_resume_counts() {
    let merchant = merchant(X);
    let unavailable = json!({"sandbox": {"status": 503}});
    let first = Gateway::serve(&paid("X", "100.00", unavailable));
    // Another order is answered, so that this is not an outage.
    merchant.write("ledger.csv", format!("{HEAD}{X}{Y}"));
    let listen = first.url.trim_start_matches("http://").parse().unwrap();
    first.stop();
    let serve = |book: &str| Gateway::serve_as(book, |it| it.listen = listen);
    let unavailable = json!({"sandbox": {"status": 503}});
    let first = serve(&[paid("X", "100.00", unavailable), paid("Y", "500.00", json!({}))].concat());
    assert_eq!(merchant.reconcile(&first.url, &["--ledger", "ledger.csv"]).code, Some(3));
    first.stop();
    merchant.write("ledger.csv", format!("{HEAD}{X}"));
    let second = serve(&paid("X", "100.00", json!({})));
    assert_eq!(merchant.reconcile(&second.url, &["--ledger", "ledger.csv"]).code, Some(0));
    second.stop();
    // Later the gateway has settled less for X. The resumed first run is the first to see it.
    let short = json!({"final_amount": "10.00"});
    let third = serve(&paid("X", "100.00", short));
    let late = merchant.reconcile(&third.url, &["--resume", "1"]);
    assert_eq!(late.code, Some(1), "{late:?}");
    let open = "SELECT count(*) FROM open_now";
    assert_eq!(merchant.sql(open), 1);
}

#[test]
fn orders_that_always_fail_do_not_block_the_rest() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write("ledger.csv", crate::support::ledger(40));
    let book = |failing: bool| -> String {
        (1..=40)
            .map(|number| {
                let unavailable = json!({"sandbox": {"status": 503}});
                let script = if failing && number <= 12 { unavailable } else { json!({}) };
                paid(&format!("A{number}"), "100.00", script)
            })
            .collect()
    };
    let gateway = Gateway::serve(&book(true));
    let run = ["--ledger", "ledger.csv", "--deadline", "0s"];
    assert_eq!(merchant.reconcile(&gateway.url, &run).code, Some(3));
    let resumed = merchant.reconcile(&gateway.url, &["--resume", "1"]);
    assert_eq!(resumed.code, Some(3), "{resumed:?}");
    assert_eq!(resumed.json()["orders"]["matched"], 28);
}

#[test]
fn a_run_whose_deadline_cuts_every_call_still_writes_its_report() {
    let merchant = merchant(X);
    let slow = json!({"sandbox": {"delay_ms": 60_000}});
    let gateway = Gateway::serve(&paid("X", "100.00", slow));
    let run = ["--ledger", "ledger.csv", "--deadline", "1s"];
    let done = merchant.reconcile(&gateway.url, &run);
    assert_eq!(done.code, Some(3), "{done:?}");
    let rows = merchant.rows_of(&done);
    let reason = &row(&rows, "X", "unverified")["reason"];
    assert_eq!(reason, "100.00 inr not verified after 1 call: no answer before the deadline.");
}
