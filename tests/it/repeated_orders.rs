//! Ledgers with several rows for an order, in one file and in several: repeated, corrected and
//! contradictory rows. Also ledgers from stdin and from gzip.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, FAST_RETRIES, Gateway, HEAD, Merchant, kinds, paid, row, rows};
use serde_json::json;
use std::io::Write;

const ORDERS: [(&str, &str); 6] = [
    ("TWICE", "10.00"),
    ("NOW-PAID", "20.00"),
    ("CONFLICT", "33.00"),
    ("DATE", "40.00"),
    ("FILLED", "50.00"),
    ("ONCE", "60.00"),
];

const ROWS: &str = "TWICE,10.00,inr,2026-01-10,paid\n\
                    NOW-PAID,20.00,inr,2026-01-10,pending\n\
                    CONFLICT,30.00,inr,2026-01-10,paid\n\
                    DATE,40.00,inr,2026-01-10,paid\n\
                    FILLED,50.00,inr,2026-01-10,\n\
                    ONCE,60.00,inr,2026-01-10,paid\n\
                    TWICE,10.00,inr,2026-01-10,paid\n\
                    NOW-PAID,20.00,inr,2026-01-10,paid\n\
                    CONFLICT,33.00,inr,2026-01-10,paid\n\
                    DATE,40.00,inr,2026-01-11,paid\n\
                    FILLED,50.00,inr,2026-01-10,paid\n\
                    LATE,,inr,2026-01-10,paid\n";

fn gateway() -> Gateway {
    Gateway::serve(&ORDERS.map(|(order, amount)| paid(order, amount, json!({}))).concat())
}

/// Checks the report and the summary for [`ROWS`]. `in_one_file`: both rows of an order are in one
/// file, not in two overlapping files.
fn expect_rows(merchant: &Merchant, done: &Done, in_one_file: bool) {
    assert_eq!(done.code, Some(4), "{done:?}");
    let summary = done.json();
    assert_eq!(
        summary["ledger"],
        json!({"rows": 12, "accepted": 6, "invalid": 1, "repeated": 2, "superseded": 3,
               "skipped": 0, "changed": 0})
    );
    let rows = merchant.rows_of(done);
    let kinds = kinds(&rows);
    assert_eq!(kinds["CONFLICT"], ["ledger_conflict"]);
    assert_eq!(kinds["DATE"], ["ledger_conflict"]);
    if in_one_file {
        assert_eq!(kinds["TWICE"], ["ledger_duplicate"]);
        assert_eq!(kinds["FILLED"], ["ledger_duplicate"], "two complete rows");
    }
    assert_eq!(kinds.len(), if in_one_file { 4 } else { 2 }, "{kinds:?}");
    let conflict = row(&rows, "CONFLICT", "ledger_conflict");
    assert_eq!(conflict["ledger_amount"], "33.00", "the last row counts");
    for figure in ["30.00", "33.00", "line 4"] {
        assert!(conflict["reason"].contains(figure), "{conflict:?}");
    }
}

#[test]
fn orders_in_more_than_one_row() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", format!("{HEAD}{ROWS}"));
    let gateway = gateway();
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    expect_rows(&merchant, &done, true);
    let invalid = rows(&merchant.invalid_rows_of(&done));
    assert_eq!(invalid.len(), 1);
    assert_eq!(invalid[0]["line"], "13");
    assert_eq!(invalid[0]["row"], "LATE,,inr,2026-01-10,paid");
    // The same ledger again changes nothing and adds nothing.
    let again = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    expect_rows(&merchant, &again, true);
    let count = |table: &str| -> i64 {
        let query = format!("SELECT count(*) FROM {table}");
        merchant.database().query_row(&query, (), |row| row.get(0)).unwrap()
    };
    assert_eq!((count("orders"), count("entries"), count("answers")), (6, 6, 6));
    assert_eq!(gateway.stop().len(), 12, "one call per order and night");
}

#[test]
fn a_ledger_from_stdin_from_gzip_and_in_two_files() {
    let whole = format!("{HEAD}{ROWS}");
    let merchant = Merchant::new();
    let stdin = gateway();
    let arguments =
        ["run", "--base-url", &stdin.url, "--rate", "2000", "--format", "json", "--ledger", "-"];
    expect_rows(&merchant, &merchant.run_with_stdin(&arguments, whole.as_bytes()), true);

    let merchant = Merchant::new();
    let packed = std::fs::File::create(merchant.path("ledger.csv.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::default());
    packed.write_all(whole.as_bytes()).unwrap();
    packed.finish().unwrap();
    let done = merchant.reconcile(&gateway().url, &["--ledger", "ledger.csv.gz"]);
    expect_rows(&merchant, &done, true);

    let merchant = Merchant::new();
    let half = ROWS.match_indices('\n').nth(5).map(|(at, _)| at + 1).unwrap();
    merchant.write("one.csv", format!("{HEAD}{}", &ROWS[..half]));
    merchant.write("two.csv", format!("{HEAD}{}", &ROWS[half..]));
    let both = ["--ledger", "one.csv", "--ledger", "two.csv"];
    let done = merchant.reconcile(&gateway().url, &both);
    expect_rows(&merchant, &done, false);
    let rows = merchant.rows_of(&done);
    let reason = &row(&rows, "CONFLICT", "ledger_conflict")["reason"];
    assert!(reason.contains("one.csv line 4") && reason.contains("two.csv line 4"), "{reason}");
}

#[test]
fn overlapping_exports_are_no_duplicates_but_two_rows_of_one_file_are() {
    let merchant = Merchant::new();
    let paid_row = |order: &str| format!("{order},10.00,inr,2026-01-10,paid\n");
    let file = |orders: &[&str]| {
        orders.iter().fold(HEAD.to_owned(), |text, order| text + &paid_row(order))
    };
    merchant.write("one.csv", file(&["IN-ALL", "TWICE-IN-ONE", "TWICE-IN-ONE", "TWICE-IN-TWO"]));
    merchant.write(
        "two.csv",
        file(&["TWICE-IN-TWO", "IN-ALL", "TWICE-IN-ONE", "TWICE-IN-TWO", "THRICE-IN-TWO"])
            + &paid_row("THRICE-IN-TWO").replace("-10,", "-10 09:30,")
            + &paid_row("THRICE-IN-TWO"),
    );
    merchant.write("three.csv", file(&["THRICE-IN-TWO", "TWICE-IN-TWO", "IN-ALL"]));
    let orders = ["IN-ALL", "TWICE-IN-ONE", "TWICE-IN-TWO", "THRICE-IN-TWO"];
    let gateway = Gateway::serve(&orders.map(|order| paid(order, "10.00", json!({}))).concat());
    let arguments = ["--ledger", "one.csv", "--ledger", "two.csv", "--ledger", "three.csv"];
    // In the second night, the database already has all orders.
    for _ in 0..2 {
        let done = merchant.reconcile(&gateway.url, &arguments);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert_eq!(
            done.json()["ledger"],
            json!({"rows": 14, "accepted": 4, "invalid": 0, "repeated": 8, "superseded": 2,
                   "skipped": 0, "changed": 0})
        );
        let rows = merchant.rows_of(&done);
        let kinds = kinds(&rows);
        assert_eq!(kinds.len(), 3, "{kinds:?}");
        for (order, places) in [
            ("TWICE-IN-ONE", "in one.csv line 3 and again in one.csv line 4"),
            ("TWICE-IN-TWO", "in two.csv line 2 and again in two.csv line 5"),
            ("THRICE-IN-TWO", "in two.csv line 7 and again in two.csv line 8, 3 times in all"),
        ] {
            assert_eq!(kinds[order], ["ledger_duplicate"]);
            let reason = &row(&rows, order, "ledger_duplicate")["reason"];
            assert!(reason.contains(&format!("{places}:")), "{order}: {reason}");
        }
    }
}

#[test]
fn line_items_are_no_duplicates() {
    let merchant = Merchant::new();
    let export = "merchant_order_id,amount,currency,created_at,status,item\n\
                  #1001,1500.00,inr,2026-01-10 11:11:26 +0530,paid,Shirt\n\
                  #1001,,,,,Socks\n\
                  #1001,,,,,\"Hat, red\"\n\
                  #1002,80.00,inr,2026-01-10 11:15:00 +0530,paid,Socks\n";
    merchant.write("ledger.csv", export);
    let gateway = Gateway::serve(
        &[paid("#1001", "1500.00", json!({})), paid("#1002", "80.00", json!({}))].concat(),
    );
    merchant.write("octopus-recon.toml", "[ledger]\nline_items = true\n");
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.json()["ledger"]["repeated"], 2);
    // Without the setting, a row without an amount is invalid.
    merchant.write("octopus-recon.toml", "");
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(4), "{done:?}");
    assert_eq!(done.json()["ledger"]["invalid"], 2);
    assert_eq!(done.json()["ledger"]["accepted"], 2);
}

#[test]
fn the_report_does_not_depend_on_line_ends_or_quotes() {
    let plain = format!("{HEAD}A1,500.00,inr,2026-01-10,paid\nA2,70.00,inr,2026-01-11,failed\n");
    let quoted = plain.replace("A1,500.00,inr", "\"A1\",\"500.00\",\"inr\"");
    let variants = [
        format!("\u{feff}{plain}"),
        plain.replace('\n', "\r\n"),
        plain.replacen('\n', "\r\n", 1),
        plain.replace('\n', "\n\n"),
        plain.trim_end().to_owned(),
        quoted,
        plain
            .replace("status\n", "status,note\n")
            .replace("paid\n", "paid,\"a\r\n\"\"b\"\", c\"\n")
            .replace("failed\n", "failed,\n"),
    ];
    let book = [
        paid("A1", "500.00", json!({"final_amount": "490.00"})),
        paid("A2", "70.00", json!({"payment_status": "overdue", "final_amount": null})),
    ]
    .concat();
    let gateway = Gateway::serve(&book);
    let report = |ledger: &str| {
        let merchant = Merchant::new();
        merchant.write("ledger.csv", ledger);
        let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(1), "{ledger:?}: {done:?}");
        let text = std::fs::read_to_string(merchant.report_path()).unwrap();
        let verified = &merchant.rows_of(&done)[0]["last_verified"];
        assert_eq!(verified.len(), "2026-01-10T00:00:00Z".len());
        // The time of the answer differs between runs.
        merchant
            .rows_of(&done)
            .iter()
            .fold(text, |text, row| text.replace(&row["last_verified"], "VERIFIED"))
    };
    let expected = report(&plain);
    for ledger in variants {
        assert_eq!(report(&ledger), expected, "{ledger:?}");
    }
}

/// Without an answer, the ledger's own contradiction is no figure: all of the order is unverified.
#[test]
fn the_money_of_a_contradictory_order_without_an_answer_is_unverified() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    let ledger = "CONFLICT,30.00,inr,2026-01-10,paid\nONCE,60.00,inr,2026-01-10,paid\n\
                  CONFLICT,33.00,inr,2026-01-10,paid\n";
    merchant.write("ledger.csv", format!("{HEAD}{ledger}"));
    let fault = json!({"sandbox": {"status": 503}});
    let book = paid("CONFLICT", "33.00", fault) + &paid("ONCE", "60.00", json!({}));
    let gateway = Gateway::serve(&book);
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let found = kinds(&merchant.rows_of(&done));
    assert_eq!(found["CONFLICT"], ["ledger_conflict", "unverified"]);
    let totals = &done.json()["totals"][0];
    assert_eq!(totals["unverified"], "33.00", "{totals}");
    assert_eq!((&totals["in_doubt"], &totals["at_risk"]), (&json!("0.00"), &json!("33.00")));
}
