//! The exit codes of a run that writes its report, and which code outranks which. A single order
//! without an answer does not fail the run, at any position in the ledger.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{FAST_RETRIES, Gateway, HEAD, Merchant, kinds, paid};
use serde_json::json;

#[test]
fn unverified_outranks_invalid_rows_which_outrank_mismatches() {
    let good = "GOOD,1.00,inr,2026-01-10,paid\n";
    let short = "SHORT,2.00,inr,2026-01-10,paid\n";
    let invalid = "INVALID,x,inr,2026-01-10,paid\n";
    let unavailable = "AWAY,3.00,inr,2026-01-10,paid\n";
    let gateway = Gateway::serve(
        &[
            paid("GOOD", "1.00", json!({})),
            paid("SHORT", "2.00", json!({"final_amount": "1.00"})),
            paid("AWAY", "3.00", json!({"sandbox": {"status": 503}})),
        ]
        .concat(),
    );
    for (code, rows) in [
        (0, vec![good]),
        (1, vec![good, short]),
        (4, vec![good, invalid]),
        (4, vec![good, short, invalid]),
        (3, vec![good, unavailable]),
        (3, vec![good, short, unavailable]),
        (3, vec![good, invalid, unavailable]),
        (3, vec![good, short, invalid, unavailable]),
    ] {
        let merchant = Merchant::new();
        merchant.write("octopus-recon.toml", FAST_RETRIES);
        merchant.write("ledger.csv", format!("{HEAD}{}", rows.concat()));
        let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(code), "{rows:?}: {done:?}");
        assert_eq!(done.json()["exit_code"], code);
        let report = merchant.path(done.json()["reports"][0].as_str().unwrap());
        assert!(report.exists(), "{rows:?}");
        let incomplete = report.to_string_lossy().ends_with("-incomplete.csv");
        assert_eq!(incomplete, code == 3, "{report:?}");
    }
}

/// "One order affected → 3 and the rest as usual": also if it is the first order.
#[test]
fn a_first_order_that_cannot_be_answered_does_not_end_the_run() {
    for script in [
        json!({"close": true}),
        json!({"status": 503}),
        json!({"status": 429}),
        json!({"status": 418}),
        json!({"status": 301}),
        json!({"body": "<html>"}),
        json!({"error": "Merchant not found"}),
        json!({"status": 401}),
    ] {
        let merchant = Merchant::new();
        merchant.write("octopus-recon.toml", FAST_RETRIES);
        merchant.write(
            "ledger.csv",
            format!("{HEAD}FIRST,1.00,inr,2026-01-10,paid\nSECOND,2.00,inr,2026-01-10,paid\n"),
        );
        let gateway = Gateway::serve(
            &[paid("FIRST", "1.00", json!({"sandbox": script})), paid("SECOND", "2.00", json!({}))]
                .concat(),
        );
        let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(3), "{script}: {done:?}");
        let rows = merchant.rows_of(&done);
        assert_eq!(kinds(&rows)["FIRST"], ["unverified"], "{script}");
        assert_eq!(done.json()["orders"]["matched"], 1, "{script}");
    }
}

#[test]
fn without_a_usable_answer_there_is_no_report() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write("ledger.csv", format!("{HEAD}A1,1.00,inr,2026-01-10,paid\n"));
    let unavailable =
        Gateway::serve(&paid("A1", "1.00", json!({"sandbox": {"status": 503, "times": 2}})));
    let done = merchant.reconcile(&unavailable.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(13), "{done:?}");
    let failed = done.json();
    assert_eq!((&failed["status"], &failed["run_id"]), (&json!("failed"), &json!(1)), "{failed}");
    assert!(merchant.reports().is_empty());
    let done = merchant.reconcile(&unavailable.url, &["--ledger", "ledger.csv", "--resume"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.json()["run_id"], 1);

    // A refused connection.
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write("ledger.csv", format!("{HEAD}A1,1.00,inr,2026-01-10,paid\n"));
    let url = Gateway::serve("").url.clone();
    let done = merchant.reconcile(&url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(13), "{done:?}");
}

#[test]
fn refused_credentials_end_a_run_after_three_calls() {
    let merchant = Merchant::new();
    let orders: Vec<String> =
        (0..5).map(|order| format!("A{order},1.00,inr,2026-01-10,paid\n")).collect();
    merchant.write("ledger.csv", format!("{HEAD}{}", orders.concat()));
    let gateway = Gateway::serve_as("", |settings| settings.api_secret = "another".into());
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(12), "{done:?}");
    assert_eq!(gateway.stop().len(), 3);
    assert!(merchant.reports().is_empty());
}

#[test]
fn wrong_usage_is_exit_code_2_and_creates_nothing() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", format!("{HEAD}A1,1.00,inr,2026-01-10,paid\n"));
    merchant.write("wrong.toml", "[gateway]\nrequests_per_seconds = 5\n");
    let loopback = "http://127.0.0.1:9";
    for arguments in [
        &["run", "--frobnicate"][..],
        &["run", "--ledger", "ledger.csv"],
        &["run", "--ledger", "ledger.csv", "--base-url", "http://pay.example.com"],
        &["run", "--ledger", "ledger.csv", "--base-url", loopback, "--config", "wrong.toml"],
        &["run", "--ledger", "ledger.csv", "--base-url", loopback, "--config", "none.toml"],
        &["run", "--ledger", "-", "--ledger", "-", "--base-url", loopback],
        &["run", "--ledger", "ledger.csv", "--base-url", loopback, "--rate", "0"],
        &["run", "--ledger", "ledger.csv", "--base-url", loopback, "--last", "0"],
        &["run", "--ledger", "ledger.csv", "--base-url", loopback, "--from", "10/04/2026"],
        &["run", "--ledger", "ledger.csv", "--base-url", loopback, "--expect-total", "500"],
    ] {
        let done = merchant.run(arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}: {done:?}");
        assert!(done.stdout.is_empty(), "{done:?}");
    }
    assert!(!merchant.path("octopus-recon.db").exists());
    assert!(!merchant.path("reports").exists());
}

#[test]
fn another_merchants_answers_are_said_at_once_and_counted_by_reason() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", "[gateway]\nmerchant_uid = \"M-1\"\n");
    merchant.write("ledger.csv", crate::support::ledger(20));
    let book: String = (1..=20)
        .map(|number| paid(&format!("A{number}"), "100.00", json!({"merchant_uid": "M-2"})))
        .collect();
    let gateway = Gateway::serve(&book);
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    // Asking again would not help: one call for each.
    assert_eq!(gateway.journal().len(), 20);
    let reason = "the answer is about another merchant's order (the gateway answered merchant_uid \
                  \"M-2\", configured is \"M-1\")";
    assert_eq!(done.stderr.matches(reason).count(), 1, "{done:?}");
    assert!(done.stderr.contains("set [gateway] merchant_uid"), "{done:?}");
    let reasons = done.json()["unverified_reasons"].clone();
    assert_eq!(reasons, json!([{"reason": reason, "orders": 20}]));

    let text = merchant.run(&["report"]).stdout;
    assert!(text.contains(&format!("Unverified          20  {reason}")), "{text}");
    assert!(!text.contains("--resume"), "{text}");
    assert!(text.contains("set [gateway] merchant_uid"), "{text}");
}
