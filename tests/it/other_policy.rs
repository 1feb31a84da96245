//! `report RUN --policy FILE`: what another policy would hide and add. Nothing is changed.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Gateway, HEAD, Merchant, paid};
use serde_json::{Value, json};

/// Three orders are short by 0.40, 1.00 and 7.00; all are settled after a fee of 2 % or less.
fn after_a_night() -> Merchant {
    let merchant = Merchant::new();
    let settled = [("A", "99.60"), ("B", "99.00"), ("C", "93.00"), ("D", "100.00")];
    let rows = settled.map(|(order, _)| format!("{order},100.00,inr,2026-01-10,paid\n"));
    merchant.write("ledger.csv", format!("{HEAD}{}", rows.concat()));
    let book =
        settled.map(|(order, amount)| paid(order, "100.00", json!({"final_amount": amount})));
    let gateway = Gateway::serve(&book.concat());
    let night = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(night.code, Some(1), "{night:?}");
    merchant
}

/// Everything that is stored, as SQL text.
fn stored(merchant: &Merchant) -> Vec<String> {
    let database = merchant.database();
    let mut dump = Vec::new();
    for table in ["reported_mismatches", "reported_orders", "mismatch_events", "runs"] {
        let sql = format!("SELECT * FROM {table}");
        let mut statement = database.prepare(&sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap()));
            dump.push(cells.collect::<Vec<_>>().join("|"));
        }
    }
    dump
}

#[test]
fn a_tolerance_shows_what_it_would_hide() {
    let merchant = after_a_night();
    merchant.write("other.toml", "[policy.tolerance]\nfinal_amount = { inr = '1.00' }\n");
    let (before, files) = (stored(&merchant), merchant.report_files());
    let done = merchant.run(&["report", "1", "--policy", "other.toml"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let hides = "It hides 2 mismatches worth 1.40 inr, none above 1.00.";
    assert!(done.stdout.contains(hides), "{done:?}");
    assert!(done.stdout.contains("It adds no mismatch."), "{done:?}");
    let json = merchant.run(&["report", "--policy", "other.toml", "--format", "json"]).json();
    let hidden = json!([{"kind": "final_amount_difference", "currency": "inr", "count": 2,
                         "at_risk": "1.40", "largest": "1.00", "largest_order": "B"}]);
    assert_eq!((&json["hidden"], &json["added"]), (&hidden, &json!([])));
    assert_eq!((stored(&merchant), merchant.report_files()), (before, files));
}

#[test]
fn a_fee_shows_what_it_would_add() {
    let merchant = after_a_night();
    let fee = "[[policy.fee]]\ncurrency = 'inr'\ntransaction_type = 'income'\npercent = '1'\n";
    merchant.write("other.toml", fee);
    let json = merchant.run(&["report", "--policy", "other.toml", "--format", "json"]).json();
    let count = |what: &Value| what[0]["count"].clone();
    // B has paid the fee, D has not.
    assert_eq!((count(&json["hidden"]), count(&json["added"])), (json!(1), json!(1)));
    assert_eq!(json["added"][0]["largest_order"], "D");
    merchant.write("wrong.toml", "[policy]\ntolerence = 1\n");
    assert_eq!(merchant.run(&["report", "--policy", "wrong.toml"]).code, Some(2));
}
