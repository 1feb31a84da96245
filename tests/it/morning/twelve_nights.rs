//! Twelve nights: orders settle, fail, lapse, come back and change; decisions are taken from a CSV,
//! from a workbook and by command; one acceptance lapses by date, one by another variance; a night
//! is partly unverified, one ends with 13.

use super::Story;
use crate::support::workbook::{save_with_libreoffice, type_into};
use chrono::{Days, Utc};
use serde_json::json;

const SHORT: &str = "final_amount_difference";

fn in_days(days: u64) -> String {
    (Utc::now().date_naive() + Days::new(days)).to_string()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, night after night")]
fn twelve_nights() {
    let orders = [("A", "500.00"), ("B", "70.00"), ("D", "1000.00"), ("E", "60.00")];
    let mut story = Story::new(&orders, "");
    story.gateway_says("A", json!({ "final_amount": "490.00" }));
    story.gateway_says("D", json!({ "accounting_status": "failed" }));
    story.gateway_says("E", json!(null));

    // 1: three findings.
    let first = story.night();
    let found =
        ["A final_amount_difference new", "D accounting_failed new", "E missing_at_gateway new"];
    assert_eq!(first.states(), found);
    assert_eq!(first.done.code, Some(1));
    assert_eq!(
        ["against_us", "in_doubt", "at_risk"].map(|name| first.sum(name)),
        ["10.00", "1060.00", "1070.00"]
    );
    let until = in_days(1);
    Story::edit(
        &first,
        "A",
        SHORT,
        &[("decision", "Accepted"), ("until", &until), ("note", "fee")],
    );
    // The other one in the workbook, saved by LibreOffice where there is one.
    let workbook = first.report.with_extension("xlsx");
    let said = [("decision", "with gateway"), ("owner", "Asha")];
    type_into(&workbook, "Work", "E", &said);
    save_with_libreoffice(&workbook);

    // 2: the decisions are taken before the report is written.
    let second = story.night();
    assert_eq!(
        second.states(),
        [
            "A final_amount_difference open accepted",
            "D accounting_failed open",
            "E missing_at_gateway open with_gateway"
        ]
    );
    assert_eq!(["at_risk", "accepted"].map(|name| second.sum(name)), ["1060.00", "10.00"]);
    assert_eq!(second.summary["mismatches"].get(SHORT), None);
    assert_eq!(second.summary["accepted"][SHORT], 1);
    assert_eq!(
        second.rows.iter().find(|row| row["merchant_order_id"] == "E").unwrap()["owner"],
        "Asha"
    );

    // 3: D is settled.
    story.gateway_says("D", json!({}));
    let third = story.night();
    assert_eq!(
        third.states(),
        ["A final_amount_difference open accepted", "E missing_at_gateway open with_gateway"]
    );

    // 4: A was accepted until yesterday, by the clock of the story.
    let fourth = story.night();
    assert_eq!(
        fourth.states(),
        ["A final_amount_difference changed", "E missing_at_gateway open with_gateway"]
    );
    let row = fourth.rows.iter().find(|row| row["merchant_order_id"] == "A").unwrap();
    assert!(row["reason"].contains("The acceptance lapsed: it was until"), "{row:?}");
    assert_eq!(row["note"], "fee");
    let decide = |story: &Story, arguments: &[&str]| {
        let mut all = vec!["decide", "--order", "A", "--kind", SHORT, "--by", "Ravi"];
        all.extend(arguments);
        story.merchant.run(&all)
    };
    let done = decide(&story, &["--decision", "accepted"]);
    assert_eq!(done.code, Some(0), "{done:?}");

    // 5: accepted again, this time for good.
    let fifth = story.night();
    assert_eq!(fifth.states()[0], "A final_amount_difference open accepted");
    assert_eq!(fifth.sum("accepted"), "10.00");

    // 6: less is short: still accepted.
    story.gateway_says("A", json!({ "final_amount": "495.00" }));
    let sixth = story.night();
    assert_eq!(sixth.states()[0], "A final_amount_difference changed accepted");

    // 7: more is short than was accepted. E comes to the gateway, and is overdue.
    story.gateway_says("A", json!({ "final_amount": "480.00" }));
    story.gateway_says(
        "E",
        json!({ "payment_status": "overdue", "final_amount": "0", "accounting_status": "none" }),
    );
    let seventh = story.night();
    assert_eq!(
        seventh.states(),
        [
            "A final_amount_difference changed",
            "E overdue new with_gateway",
            "E status_difference new with_gateway"
        ]
    );
    assert_eq!(["against_us", "at_risk"].map(|name| seventh.sum(name)), ["80.00", "80.00"]);
    let row = seventh.rows.iter().find(|row| row["kind"] == "overdue").unwrap();
    assert_eq!((row["owner"].as_str(), row["open_days"].as_str()), ("Asha", "0"));

    // 8: B and A get no trustworthy answer. A keeps its figure.
    for order in ["A", "B"] {
        story.gateway_says(order, json!({ "sandbox": { "status": 503 } }));
    }
    let eighth = story.night();
    assert_eq!(eighth.done.code, Some(3));
    assert_eq!(
        eighth.states(),
        [
            "A final_amount_difference open",
            "A unverified new",
            "B unverified new",
            "E overdue open with_gateway",
            "E status_difference open with_gateway"
        ]
    );
    assert_eq!(
        ["against_us", "unverified", "at_risk"].map(|name| eighth.sum(name)),
        ["80.00", "70.00", "150.00"]
    );

    // 9: no gateway at all: no report, and nothing is decided by it.
    let ninth = story.outage();
    assert_eq!(ninth.code, Some(13), "{ninth:?}");

    // 10: all answer again; A is settled.
    story.gateway_says("A", json!({}));
    story.gateway_says("B", json!({}));
    let tenth = story.night();
    assert_eq!(
        tenth.states(),
        ["E overdue open with_gateway", "E status_difference open with_gateway"]
    );
    assert_eq!(tenth.sum("at_risk"), "60.00");

    // 11: A comes back, with its last note and without its decision.
    story.gateway_says("A", json!({ "final_amount": "490.00" }));
    let eleventh = story.night();
    assert_eq!(eleventh.states()[0], "A final_amount_difference reopened");
    let row = eleventh.rows.iter().find(|row| row["merchant_order_id"] == "A").unwrap();
    assert_eq!((row["note"].as_str(), row["open_days"].as_str()), ("fee", "10"));

    // 12: everything is settled.
    story.gateway_says("A", json!({}));
    story.gateway_says("E", json!({}));
    let twelfth = story.night();
    assert_eq!(twelfth.done.code, Some(0), "{twelfth:?}");
    assert!(twelfth.states().is_empty());
    assert_eq!(
        story.decisions(),
        [
            "accepted A final_amount_difference",
            "decided E missing_at_gateway",
            "accepted A final_amount_difference"
        ]
    );
}
