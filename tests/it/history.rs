//! Later nights: new, open, changed and resolved mismatches, and changes by a later ledger.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{FAST_RETRIES, Gateway, HEAD, Merchant, kinds, paid, row};
use serde_json::json;

/// A night with one order that the gateway settled with this final amount. Returns the report.
fn night(merchant: &Merchant, final_amount: &str) -> Vec<crate::support::Row> {
    let gateway = Gateway::serve(&paid("A1", "500.00", json!({ "final_amount": final_amount })));
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    merchant.rows_of(&done)
}

#[test]
fn a_mismatch_is_new_then_open_then_changed_then_reopened() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", format!("{HEAD}A1,500.00,inr,2026-01-10,paid\n"));
    let kind = "final_amount_difference";
    let mut ids = std::collections::BTreeSet::new();
    let mut expect = |final_amount, state: &str, open_days: &str, variance: &str| {
        let rows = night(&merchant, final_amount);
        let row = row(&rows, "A1", kind);
        let found = (&*row["state"], &*row["open_days"], &*row["variance"]);
        assert_eq!(found, (state, open_days, variance), "{row:?}");
        ids.insert(row["mismatch_id"].clone());
        row["first_seen"].clone()
    };
    let first_seen = expect("490.00", "new", "0", "-10.00");
    assert_eq!(
        expect("480.00", "new", "0", "-20.00"),
        first_seen,
        "new during the whole first day"
    );
    merchant.days_pass(1);
    let yesterday = expect("480.00", "open", "1", "-20.00");
    assert!(yesterday < first_seen);
    assert_eq!(expect("470.00", "changed", "1", "-30.00"), yesterday);
    assert_eq!(expect("470.00", "open", "1", "-30.00"), yesterday);
    merchant.days_pass(2);
    assert!(night(&merchant, "500.00").is_empty(), "it is resolved");
    expect("470.00", "reopened", "3", "-30.00");
    expect("470.00", "open", "3", "-30.00");
    assert_eq!(ids.len(), 1, "one id per order and kind: {ids:?}");

    let shown = merchant.run(&["show", "A1"]).stdout;
    let events: Vec<&str> = shown
        .lines()
        .filter(|line| line.contains(kind))
        .filter_map(|line| line.split_whitespace().nth(3))
        .collect();
    assert_eq!(events, ["opened", "changed", "changed", "resolved", "reopened"], "{shown}");
    for word in ["470.00", "480.00", "490.00"] {
        assert!(shown.contains(word), "{word} in {shown}");
    }
}

/// The open mismatches in the view of the database: order id and kind.
fn open(merchant: &Merchant) -> Vec<(String, String)> {
    let database = merchant.database();
    let mut statement = database
        .prepare("SELECT merchant_order_id, kind FROM open_mismatches ORDER BY 1, 2")
        .unwrap();
    let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(|row| row.unwrap()).collect()
}

#[test]
fn only_a_new_trustworthy_answer_resolves_a_mismatch() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write(
        "ledger.csv",
        format!("{HEAD}A1,500.00,inr,2026-01-10,paid\nA2,70.00,inr,2026-01-11,paid\n"),
    );
    merchant.write("other.csv", format!("{HEAD}B1,10.00,inr,2026-01-12,paid\n"));
    let good = [paid("A2", "70.00", json!({})), paid("B1", "10.00", json!({}))].concat();
    let short = paid("A1", "500.00", json!({"final_amount": "490.00", "notify_status": "failed"}));
    let unavailable = paid("A1", "500.00", json!({"sandbox": {"status": 503}}));
    let settled = paid("A1", "500.00", json!({}));
    let both = [("A1", "final_amount_difference"), ("A1", "notify_failed")]
        .map(|(order, kind)| (order.to_owned(), kind.to_owned()));

    let gateway = Gateway::serve(&(good.clone() + &short));
    assert_eq!(merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]).code, Some(1));
    assert_eq!(open(&merchant), both);

    merchant.days_pass(1);
    // Not queried.
    let other_orders = merchant.reconcile(&gateway.url, &["--ledger", "other.csv"]);
    assert_eq!(other_orders.code, Some(0), "{other_orders:?}");
    assert_eq!(other_orders.json()["open_elsewhere"], 2);
    assert_eq!(open(&merchant), both);

    // Not answered.
    let gateway = Gateway::serve(&(good.clone() + &unavailable));
    let unverified = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(unverified.code, Some(3), "{unverified:?}");
    assert_eq!(unverified.json()["open_elsewhere"], 0);
    let rows = merchant.rows_of(&unverified);
    assert_eq!(kinds(&rows)["A1"], ["final_amount_difference", "notify_failed", "unverified"]);
    let reason = &row(&rows, "A1", "unverified")["reason"];
    assert!(reason.contains("503"), "{reason}");
    assert_eq!(open(&merchant).len(), 3);

    // Answered, and resolved.
    let gateway = Gateway::serve(&(good + &settled));
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(open(&merchant), []);
    let shown = merchant.run(&["show", "A1"]).stdout;
    assert_eq!(shown.matches("resolved").count(), 3, "{shown}");
}

#[test]
fn include_open_selects_open_in_transit_and_unverified_orders_of_any_date() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write(
        "ledger.csv",
        format!(
            "{HEAD}MATCHED,1.00,inr,2026-01-10,paid\nMISMATCHED,2.00,inr,2026-01-10,paid\n\
             TRANSIT,3.00,inr,2026-01-10,paid\nUNVERIFIED,4.00,inr,2026-01-10,paid\n"
        ),
    );
    merchant.write("tonight.csv", format!("{HEAD}TONIGHT,5.00,inr,2026-01-20,paid\n"));
    let gateway = Gateway::serve(
        &[
            paid("MATCHED", "1.00", json!({})),
            paid("MISMATCHED", "2.00", json!({"final_amount": "1.00"})),
            // An undocumented or late accounting status would be a mismatch. With this policy an
            // old order can be in transit.
            paid("TRANSIT", "3.00", json!({"accounting_status": "delivered"})),
            paid("UNVERIFIED", "4.00", json!({"sandbox": {"status": 503}})),
            paid("TONIGHT", "5.00", json!({})),
        ]
        .concat(),
    );
    merchant.write(
        "octopus-recon.toml",
        format!("{FAST_RETRIES}[policy]\naccount_within_hours = 1000000\n"),
    );
    let first = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let outcomes = first.json()["orders"].clone();
    for outcome in ["matched", "in_transit", "mismatched", "unverified"] {
        assert_eq!(outcomes[outcome], 1, "{outcome} in {outcomes}");
    }
    let asked = gateway.journal().len();
    let second = merchant.reconcile(
        &gateway.url,
        &["--ledger", "tonight.csv", "--from", "2026-01-20", "--include-open"],
    );
    assert_eq!(second.json()["orders"]["selected"], 4, "{second:?}");
    let mut orders: Vec<String> =
        gateway.stop()[asked..].iter().filter_map(|call| call.order_id.clone()).collect();
    orders.sort();
    orders.dedup();
    assert_eq!(orders, ["MISMATCHED", "TONIGHT", "TRANSIT", "UNVERIFIED"]);
}

#[test]
fn a_later_ledger_replaces_the_entry_and_its_history_is_kept() {
    let merchant = Merchant::new();
    let gateway = Gateway::serve(
        &["A1", "A2", "A3", "A4"].map(|order| paid(order, "500.00", json!({}))).concat(),
    );
    let night = |rows: &str| {
        merchant.write("ledger.csv", format!("{HEAD}{rows}"));
        merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]).json()
    };
    let first = night(
        "A1,500.00,inr,2026-01-10,paid\nA2,500.00,inr,2026-01-10,paid\n\
         A3,500.00,inr,2026-01-10,paid\n",
    );
    assert_eq!(first["ledger"]["changed"], 0);
    let counts = |merchant: &Merchant| -> (i64, i64, i64) {
        let query = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM entries),
                            (SELECT count(*) FROM answers)";
        let read =
            |row: &rusqlite::Row| Ok((row.get(0).unwrap(), row.get(1).unwrap(), row.get(2)?));
        merchant.database().query_row(query, (), read).unwrap()
    };
    assert_eq!(counts(&merchant), (3, 3, 3));
    // The same file again adds no entry and no answer.
    let same = night(
        "A1,500.00,inr,2026-01-10,paid\nA2,500.00,inr,2026-01-10,paid\n\
         A3,500.00,inr,2026-01-10,paid\n",
    );
    assert_eq!(same["ledger"]["changed"], 0);
    assert_eq!(counts(&merchant), (3, 3, 3));
    // A1 has another amount. A2 has another status, which `changed` does not count. A4 is new.
    let corrected = night(
        "A1,510.00,inr,2026-01-10,paid\nA2,500.00,inr,2026-01-10,\n\
         A3,500.00,inr,2026-01-10,paid\nA4,500.00,inr,2026-01-10,paid\n",
    );
    assert_eq!(corrected["ledger"]["changed"], 1, "{corrected}");
    assert_eq!(corrected["mismatches"], json!({"ledger_amount_difference": 1}));
    assert_eq!(counts(&merchant), (4, 6, 4));
    let shown = merchant.run(&["show", "A1"]).stdout;
    let ledger = shown.split("The gateway said").next().unwrap();
    let before = ledger.find("500.00").unwrap();
    let after = ledger.find("510.00").unwrap();
    assert!(before < after, "oldest first: {shown}");
    // The report of a run shows the entry that this run read.
    let again = merchant.run(&["report", "2", "--report", "again.csv"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(crate::support::rows(&merchant.path("again.csv")), []);
}

#[test]
fn orders_of_another_merchant_are_stored_but_not_queried() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", "[gateway]\nmerchant_uid = \"M1\"\n");
    merchant.write(
        "ledger.csv",
        "merchant_order_id,amount,currency,created_at,merchant_uid\n\
         A1,1.00,inr,2026-01-10,M1\nA1,2.00,inr,2026-01-10,M2\nA2,3.00,inr,2026-01-10,\n\
         A3,4.00,inr,2026-01-10,M2\n",
    );
    let gateway = Gateway::serve(
        &[paid("A1", "1.00", json!({})), paid("A2", "3.00", json!({"merchant_uid": "M1"}))]
            .concat(),
    );
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let summary = done.json();
    assert_eq!(summary["ledger"]["accepted"], 4);
    assert_eq!(summary["orders"]["selected"], 2);
    let mut asked: Vec<_> =
        gateway.journal().into_iter().filter_map(|call| call.order_id).collect();
    asked.sort();
    assert_eq!(asked, ["A1", "A2"]);
    let shown = merchant.run(&["show", "A3"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.stdout.contains("M2"), "{shown:?}");
    // `--include-open` does not select it either.
    let again = merchant.reconcile(&gateway.url, &["--include-open"]);
    assert_eq!(again.json()["orders"]["selected"], 2);
}

#[test]
fn later_runs_do_not_change_a_stored_report() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write(
        "ledger.csv",
        format!(
            "{HEAD}A1,500.00,inr,2026-01-10,paid\nA2,70.00,inr,2026-01-11,failed\n\
             A3,9.00,inr,2026-01-12,paid\nA4,bad,inr,2026-01-12,paid\n"
        ),
    );
    let book = |final_amount: &str, third: serde_json::Value| {
        [
            paid("A1", "500.00", json!({"final_amount": final_amount})),
            paid("A2", "70.00", json!({"payment_status": "overdue", "final_amount": null})),
            paid("A3", "9.00", third),
        ]
        .concat()
    };
    let gateway = Gateway::serve(&book("490.00", json!({"sandbox": {"status": 503}})));
    let first = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(first.code, Some(3), "{first:?}");
    let report = merchant.report_path();
    let invalid = merchant.invalid_rows_of(&first);
    let before = (std::fs::read(&report).unwrap(), std::fs::read(&invalid).unwrap());
    std::fs::remove_file(&report).unwrap();
    std::fs::remove_file(&invalid).unwrap();

    let gateway = Gateway::serve(&book("480.00", json!({"payment_uid": "PAY-A1"})));
    merchant.write("ledger.csv", format!("{HEAD}A1,510.00,inr,2026-01-11,pending\n"));
    merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv", "--include-open"]);
    merchant.days_pass(0);

    let again = merchant.run(&["report", "1", "--format", "json"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(again.json()["run_id"], 1);
    assert_eq!(again.json()["mismatches"], first.json()["mismatches"]);
    assert_eq!(again.json()["totals"], first.json()["totals"]);
    assert_eq!((std::fs::read(&report).unwrap(), std::fs::read(&invalid).unwrap()), before);
}
