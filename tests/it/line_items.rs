//! Line items whose amounts add up, and what is wrong with one of them.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::ledger_habits::run;
use crate::support::{Gateway, Merchant, paid};
use serde_json::json;

const SUM: &str = "[ledger]\nline_items = \"sum\"\n";

/// The orders of a run with the amounts that the ledger has for them.
fn amounts(merchant: &Merchant) -> Vec<String> {
    let sql = "SELECT group_concat(merchant_uid || merchant_order_id || ' ' || ledger_amount
                                   || ' ' || currency, '; ')
               FROM (SELECT * FROM ledger_and_gateway ORDER BY merchant_order_id, merchant_uid)";
    let all: Option<String> = merchant.database().query_row(sql, (), |row| row.get(0)).unwrap();
    all.map(|all| all.split("; ").map(str::to_owned).collect()).unwrap_or_default()
}

#[test]
fn an_order_with_an_item_that_cannot_be_read_is_invalid_whole() {
    const HEAD: &str = "merchant_order_id,amount,currency,created_at,note\n";
    let first = "A1,10,inr,2026-01-10,x\n";
    let other = "A2,5,inr,2026-01-10,x\n";
    for (rows, invalid) in [
        ([first, "A1,20,inr,2026-01-10,x,extra\n", other].concat(), 2),
        ([first, ",20\n", other].concat(), 2),
        ([other, first, "A1,20,inr,2026-01-10\n"].concat(), 2),
        ([first, "A1,20,usd,2026-01-10,x\n", other].concat(), 2),
        ([first, ",20,,x\n", ",3,,,x\n", other].concat(), 3),
    ] {
        let (merchant, done) = run(SUM, [HEAD, &rows].concat(), &[("A2", "5")]);
        assert_eq!(amounts(&merchant), ["A2 5.000000 inr"], "{rows} {done:?}");
        assert_eq!(done.json()["ledger"]["invalid"], invalid, "{rows} {done:?}");
        assert_eq!(done.code, Some(4), "{rows} {done:?}");
    }
}

#[test]
fn items_leave_merchant_and_currency_to_the_row_above() {
    const HEAD: &str = "merchant_order_id,amount,currency,created_at,merchant_uid,note\n";
    let config = format!("[gateway]\nmerchant_uid = \"M-1\"\n{SUM}");
    let rows = "A1,10,inr,2026-01-10,M-2,\nA1,20,,,,\nB1,1,inr,2026-01-10,,\nB1,2,,,,\n";
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", config);
    merchant.write("ledger.csv", [HEAD, rows].concat());
    let gateway = Gateway::serve(&paid("B1", "3", json!({})));
    let run = ["--ledger", "ledger.csv", "--expect-total", "inr=33"];
    let done = merchant.reconcile(&gateway.url, &run);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(amounts(&merchant), ["M-2A1 30.000000 inr", "M-1B1 3.000000 inr"], "{done:?}");
}

#[test]
fn a_skipped_item_does_not_end_its_order() {
    const HEAD: &str = "merchant_order_id,amount,currency,created_at,note\n";
    let config = format!("{SUM}[[ledger.skip]]\ncolumn = \"note\"\nvalues = [\"fee\"]\n");
    let rows = "A1,10,inr,2026-01-10,x\n,3,,,fee\n,20,,,x\n";
    let (merchant, done) = run(&config, [HEAD, rows].concat(), &[("A1", "30")]);
    assert_eq!(done.json()["ledger"]["skipped"], 1, "{done:?}");
    assert_eq!(amounts(&merchant), ["A1 30.000000 inr"], "{done:?}");
}
