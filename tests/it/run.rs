//! A nightly run from ledger to report, from outside.

use crate::support::{Gateway, Merchant, kinds, paid, rows};
use serde_json::json;

#[test]
fn a_night_from_ledger_to_report() {
    let merchant = Merchant::new();
    merchant.write(
        "ledger.csv",
        "merchant_order_id,amount,currency,created_at,status\n\
         A1,500.00,inr,2026-01-10,paid\n\
         A2,500.00,inr,2026-01-10,paid\n\
         A3,70.00,inr,2026-01-11,failed\n",
    );
    let gateway = Gateway::serve(
        &[
            paid("A1", "500.00", json!({})),
            paid("A2", "500.00", json!({"final_amount": "490.00"})),
            paid("A3", "70.00", json!({"payment_status": "overdue", "final_amount": null})),
        ]
        .concat(),
    );
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let summary = done.json();
    assert_eq!(summary["orders"]["matched"], 1);
    assert_eq!(summary["totals"][0]["variance"], "-10.00");
    assert_eq!(summary["from"], "2026-01-10");
    let rows = rows(&merchant.report_path());
    let kinds = kinds(&rows);
    assert_eq!(kinds["A2"], ["final_amount_difference"]);
    assert_eq!(kinds["A3"], ["overdue"]);
    assert_eq!(
        rows[0]["reason"],
        "The gateway settled 490.00 of 500.00 inr: 10.00 short (2.00 %)."
    );
    assert_eq!(gateway.stop().len(), 3);
}
