//! `diff`: what is new, ended or changed between the reports of two runs.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Gateway, HEAD, Merchant, paid, rows_of};
use serde_json::{Value, json};

fn ledger(orders: &[&str]) -> String {
    let rows = orders.iter().map(|order| format!("{order},100.00,inr,2026-01-10,paid\n"));
    format!("{HEAD}{}", rows.collect::<String>())
}

fn short(order: &str, settled: &str) -> String {
    paid(order, "100.00", json!({"final_amount": settled}))
}

/// ENDS is settled, GROWS is shorter, KNOWN is accepted, COMES is new, LEFT is not selected.
fn two_nights() -> Merchant {
    let merchant = Merchant::new();
    let night = |book: String, orders: &[&str]| {
        let gateway = Gateway::serve(&book);
        merchant.write("ledger.csv", ledger(orders));
        let night = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(night.code, Some(1), "{night:?}");
    };
    let same = || short("KNOWN", "95.00") + &short("SAME", "99.00");
    let first = short("ENDS", "90.00") + &short("GROWS", "98.00") + &short("LEFT", "97.00");
    let first = first + &short("COMES", "100.00") + &same();
    night(first, &["ENDS", "GROWS", "LEFT", "COMES", "KNOWN", "SAME"]);
    let kind = "final_amount_difference";
    let decided = ["decide", "--order", "KNOWN", "--kind", kind, "--by", "Asha"];
    let done = merchant.run(&[&decided[..], &["--decision", "accepted"]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    let second = short("ENDS", "100.00") + &short("GROWS", "91.00") + &short("COMES", "=1.00");
    let second = second.replace("=1.00", "88.00") + &same();
    night(second, &["ENDS", "GROWS", "COMES", "KNOWN", "SAME"]);
    merchant
}

#[test]
fn each_difference_is_named() {
    let merchant = two_nights();
    let done = merchant.run(&["diff", "1", "2", "--format", "json"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let diff = done.json();
    let of = |order: &str| -> Option<&Value> {
        let mut all = diff["differences"].as_array().unwrap().iter();
        all.find(|it| it["merchant_order_id"] == order)
    };
    let change = |order: &str| {
        let it = of(order).unwrap();
        (it["change"].as_str().unwrap(), it["what"].as_str().unwrap())
    };
    assert_eq!(change("ENDS"), ("ended", ""));
    assert_eq!(change("LEFT"), ("not_in_run", ""));
    assert_eq!(change("COMES"), ("new", ""));
    assert_eq!(change("GROWS"), ("changed", "amount"));
    assert_eq!(change("KNOWN"), ("changed", "decision"));
    assert_eq!(of("SAME"), None);
    let grows = of("GROWS").unwrap();
    assert_eq!((&grows["variance_a"], &grows["variance_b"]), (&json!("-2.00"), &json!("-9.00")));
    // 10 + 2 + 3 + 5 + 1, then 9 + 12 + 1: KNOWN is accepted.
    let sums = json!([{"currency": "inr", "at_risk_a": "21.00", "at_risk_b": "22.00"}]);
    assert_eq!(diff["totals"], sums);
}

#[test]
fn the_list_is_text_and_csv_too() {
    let merchant = two_nights();
    let text = merchant.run(&["diff", "1", "2"]).stdout;
    let first = "From run 1 to run 2: 1 new, 1 ended, 2 changed, 1 of orders that run 2 did not";
    assert!(text.starts_with(first), "{text}");
    assert!(text.contains("At risk: 21.00 inr in run 1, 22.00 in run 2."), "{text}");
    assert!(text.contains("none > accepted"), "{text}");
    let csv = merchant.run(&["diff", "1", "2", "--format", "csv"]).stdout;
    let rows = rows_of(csv.as_bytes());
    assert_eq!(rows.len(), 5, "{csv}");
    assert_eq!(rows[0]["merchant_order_id"], "COMES");
    assert_eq!((rows[0]["at_risk_a"].as_str(), rows[0]["at_risk_b"].as_str()), ("", "12.00"));
}

#[test]
fn a_run_does_not_differ_from_itself() {
    let merchant = two_nights();
    let done = merchant.run(&["diff", "2", "2"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.starts_with("The findings of runs 2 and 2 are the same."), "{done:?}");
    assert_eq!(merchant.run(&["diff", "2", "7"]).code, Some(2));
}
