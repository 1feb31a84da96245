//! `run --open-without-ledger`: a night whose ledger did not come still asks for what is open
//! (contract, "`run`").

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, FAST_RETRIES, Gateway, HEAD, Merchant, kinds, paid};
use chrono::{Days, NaiveDate, Utc};
use serde_json::json;
use std::fs::File;
use std::time::{Duration, SystemTime};

fn day(days_ago: u64) -> NaiveDate {
    Utc::now().date_naive() - Days::new(days_ago)
}

const NIGHT: [&str; 7] = [
    "--ledger",
    "orders.csv",
    "--last",
    "3",
    "--include-open",
    "--resume",
    "--open-without-ledger",
];

/// A gateway that settled SHORT with too little, has not finished OPEN, and agrees on FINE.
fn gateway() -> Gateway {
    let open = json!({"payment_status": "processing", "accounting_status": "none",
                      "final_amount": null});
    Gateway::serve(
        &[
            paid("SHORT", "5.00", json!({"final_amount": "4.00"})),
            paid("OPEN", "5.00", open),
            paid("FINE", "5.00", json!({})),
            paid("NEW", "5.00", json!({})),
        ]
        .concat(),
    )
}

/// These orders of yesterday, all paid but OPEN.
fn ledger(orders: &[&str]) -> String {
    let row = |order: &&str| {
        let status = if *order == "OPEN" { "pending" } else { "paid" };
        format!("{order},5.00,inr,{},{status}\n", day(1))
    };
    HEAD.to_owned() + &orders.iter().map(row).collect::<String>()
}

/// A merchant after a good night, and what that night left open.
fn after_a_night(settings: &str, gateway: &Gateway) -> Merchant {
    let merchant = Merchant::new();
    let settings = format!("{FAST_RETRIES}[ledger]\ntimezone = \"UTC\"\n{settings}");
    merchant.write("octopus-recon.toml", settings);
    merchant.write("orders.csv", ledger(&["SHORT", "OPEN", "FINE"]));
    let first = merchant.reconcile(&gateway.url, &NIGHT);
    assert_eq!(first.code, Some(1), "{first:?}");
    assert_eq!(first.json()["warnings"], json!([]), "{first:?}");
    merchant
}

fn set_age(merchant: &Merchant, age: Duration) {
    let file = File::options().write(true).open(merchant.path("orders.csv")).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

fn warning(done: &Done) -> String {
    let warnings = done.json()["warnings"].clone();
    assert_eq!(warnings.as_array().map(Vec::len), Some(1), "{warnings}");
    assert_eq!(warnings[0]["code"], "ledger_stale", "{warnings}");
    warnings[0]["text"].as_str().unwrap().to_owned()
}

#[test]
fn the_open_orders_are_asked_and_reported() {
    let gateway = gateway();
    let merchant = after_a_night("", &gateway);
    std::fs::remove_file(merchant.path("orders.csv")).unwrap();
    let calls = gateway.journal().len();
    let done = merchant.reconcile(&gateway.url, &NIGHT);
    assert_eq!(done.code, Some(4), "{done:?}");
    // FINE is of the range, but nobody has to ask for it.
    assert_eq!(gateway.journal().len() - calls, 2);
    let json = done.json();
    assert_eq!(json["orders"]["selected"], 2, "{json}");
    assert_eq!(json["ledger"]["rows"], 0, "{json}");
    assert_eq!((&json["from"], &json["to"]), (&json!(day(3)), &json!(day(1))), "{json}");
    let text = warning(&done);
    let today = day(0);
    for words in [
        "there is no ledger of this night (orders.csv: there is no such file)",
        "only the stored orders that are open are asked",
        &format!("run 1 of {today} read one last"),
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(done.stderr.contains(&text), "{done:?}");
    let rows = merchant.rows_of(&done);
    assert_eq!(kinds(&rows).keys().collect::<Vec<_>>(), ["SHORT"], "{rows:?}");
    assert_eq!(rows[0]["state"], "new");

    // It is the newest night: on the page, in latest.*, for status, and in what is stored.
    let read = |name: &str| std::fs::read_to_string(merchant.path(name)).unwrap();
    assert!(read("reports/latest.html").contains("there is no ledger of this night"));
    assert!(read("reports/latest.json").contains("ledger_stale"));
    assert_eq!(crate::support::rows(&merchant.path("reports/latest.csv"))[0]["run_id"], "2");
    let status = merchant.run(&["status"]);
    assert_eq!(status.code, Some(0), "{status:?}");
    assert!(status.stdout.contains("report written: ledger_stale"), "{status:?}");
    let again = merchant.run(&["report", "2", "--report", "again.csv"]);
    assert!(again.stdout.contains(&text), "{again:?}");
    assert_eq!(merchant.run(&["verify", "reports/latest.csv"]).code, Some(0));

    // The ledger comes after all: a new run, of the new selection.
    merchant.write("orders.csv", ledger(&["SHORT", "OPEN", "FINE", "NEW"]));
    let late = merchant.reconcile(&gateway.url, &NIGHT);
    assert_eq!(late.json()["run_id"], 3, "{late:?}");
    assert_eq!(late.json()["orders"]["selected"], 4, "{late:?}");
    assert_eq!(late.json()["warnings"], json!([]), "{late:?}");
}

#[test]
fn a_ledger_that_is_not_of_this_night_is_as_good_as_missing() {
    let gateway = gateway();
    for (settings, age, content, more, words) in [
        ("max_age_hours = 2\n", 3, None, &[][..], "3 hours ago; [ledger] max_age_hours allows 2"),
        ("max_age_hours = 2\n", 3, None, &["--wait-ledger", "1s"], "the run waited 1 s for it"),
        ("", 1, Some(String::new()), &[], "orders.csv: it is empty"),
        (
            "",
            1,
            Some(String::new()),
            &["--wait-ledger", "1s"],
            "orders.csv is empty; the run waited",
        ),
        (
            "require_yesterday = true\n",
            1,
            Some(format!("{HEAD}OLD,5.00,inr,{},paid\n", day(2))),
            &[],
            "[ledger] require_yesterday is set",
        ),
    ] {
        let merchant = after_a_night(settings, &gateway);
        if let Some(content) = content {
            merchant.write("orders.csv", content);
        }
        set_age(&merchant, age * Duration::from_hours(1));
        let plain: Vec<&str> = NIGHT[..6].iter().chain(more).copied().collect();
        assert_eq!(merchant.reconcile(&gateway.url, &plain).code, Some(10), "{words}");
        let done = merchant.reconcile(&gateway.url, &[&NIGHT[..], more].concat());
        assert_eq!(done.code, Some(4), "{words}: {done:?}");
        assert_eq!(done.json()["orders"]["selected"], 2, "{done:?}");
        assert!(warning(&done).contains(words), "{words}: {done:?}");
        // Nothing of the old file is stored.
        assert_eq!(merchant.run(&["show", "OLD"]).code, Some(2));
    }
}

#[test]
fn a_ledger_that_is_there_and_wrong_still_ends_with_10() {
    let gateway = gateway();
    for (content, more) in [
        ("<html>not a ledger</html>\n", &[][..]),
        ("order;total\n1;2\n", &[]),
        ("\"never closed\n", &[]),
        (HEAD, &[]),
        ("", &["--expect-rows", "7"]),
    ] {
        let merchant = after_a_night("", &gateway);
        if !content.is_empty() {
            merchant.write("orders.csv", content);
        }
        let done = merchant.reconcile(&gateway.url, &[&NIGHT[..], more].concat());
        assert_eq!(done.code, Some(10), "{content}: {done:?}");
    }
}

/// A report of nothing would look as if all were well.
#[test]
fn a_night_with_nothing_open_and_no_ledger_has_no_report() {
    let gateway = gateway();
    let merchant = Merchant::new();
    merchant.write("orders.csv", ledger(&["FINE"]));
    assert_eq!(merchant.reconcile(&gateway.url, &NIGHT).code, Some(0));
    std::fs::remove_file(merchant.path("orders.csv")).unwrap();
    let before = std::fs::read(merchant.path("reports/latest.csv")).unwrap();
    let done = merchant.reconcile(&gateway.url, &NIGHT);
    assert_eq!(done.code, Some(10), "{done:?}");
    assert!(done.stderr.contains("no stored order is open"), "{done:?}");
    assert_eq!(std::fs::read(merchant.path("reports/latest.csv")).unwrap(), before);
    let page = std::fs::read_to_string(merchant.path("reports/latest.html")).unwrap();
    assert!(page.contains("no stored order is open"), "{page}");
    // An empty report that was asked for is not a good one either.
    let done = merchant.reconcile(&gateway.url, &[&NIGHT[..], &["--allow-empty"]].concat());
    assert_eq!(done.code, Some(4), "{done:?}");
    assert_eq!(done.json()["orders"]["selected"], 0, "{done:?}");
    warning(&done);
}

#[test]
fn an_interrupted_night_is_resumed_while_the_ledger_is_missing() {
    let gateway = gateway();
    let merchant = after_a_night("", &gateway);
    std::fs::rename(merchant.path("orders.csv"), merchant.path("kept.csv")).unwrap();
    let down = merchant.reconcile("http://127.0.0.1:9", &NIGHT);
    assert_eq!(down.code, Some(13), "{down:?}");
    // The gateway's address is part of a selection, so the run that could not ask is not resumed.
    let done = merchant.reconcile(&gateway.url, &NIGHT);
    assert_eq!((done.code, &done.json()["run_id"]), (Some(4), &json!(3)), "{done:?}");
    let unjudged = "UPDATE runs SET status = 'asking', judged_at_ms = NULL, reported_at_ms = NULL
                    WHERE run_id = 3; DELETE FROM run_digests WHERE run_id = 3";
    merchant.database().execute_batch(unjudged).unwrap();
    let resumed = merchant.reconcile(&gateway.url, &NIGHT);
    assert_eq!((resumed.code, &resumed.json()["run_id"]), (Some(4), &json!(3)), "{resumed:?}");
    assert_eq!(warning(&resumed), warning(&done));
    merchant.database().execute_batch(unjudged).unwrap();
    std::fs::rename(merchant.path("kept.csv"), merchant.path("orders.csv")).unwrap();
    // With the ledger it is another selection: that of run 1.
    let whole = merchant.reconcile(&gateway.url, &NIGHT);
    assert_eq!(whole.json()["run_id"], 4, "{whole:?}");
}

#[test]
fn a_dry_run_counts_the_open_orders() {
    let gateway = gateway();
    let merchant = after_a_night("", &gateway);
    std::fs::remove_file(merchant.path("orders.csv")).unwrap();
    let before = std::fs::read(merchant.path("octopus-recon.db")).unwrap();
    let done = merchant.reconcile(&gateway.url, &[&NIGHT[..], &["--dry-run"]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.json()["orders"], 2, "{done:?}");
    assert!(done.stderr.contains("there is no ledger of this night"), "{done:?}");
    assert_eq!(std::fs::read(merchant.path("octopus-recon.db")).unwrap(), before);
    let strict = merchant.reconcile(&gateway.url, &[&NIGHT[..6], &["--dry-run"]].concat());
    assert_eq!(strict.code, Some(10), "{strict:?}");
}
