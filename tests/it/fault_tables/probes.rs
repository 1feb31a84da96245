//! An order that is asked twice in one run: the last answer counts, and both are kept.

use crate::rude_gateway::{RudeGateway, success};
use crate::support::{Merchant, ledger};

const REFUSED: &str = r#"{"result":"error","data":"Invalid signature"}"#;

/// Three refusals in a row ask the order again that was answered last. It now says something else.
#[test]
fn the_last_of_two_answers_counts_and_both_are_kept() {
    let gateway = RudeGateway::serve(|turn| match (&*turn.order, turn.earlier) {
        ("A3" | "A4" | "A5", _) => turn.answer("401 Unauthorized", "", REFUSED),
        ("A2", 1) => {
            let body = success("A2").replace("100.00", "90.00");
            turn.answer("200 OK", "", body);
        }
        _ => turn.answer_well(),
    });
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(6));
    let arguments = ["--ledger", "ledger.csv", "--max-in-flight", "1"];
    let done = merchant.reconcile(&gateway.url, &arguments);
    assert_eq!(done.code, Some(3), "{done:?}");
    assert_eq!(gateway.calls_for("A2"), 2);
    let rows = merchant.rows_of(&done);
    let row = crate::support::row(&rows, "A2", "ledger_amount_difference");
    assert_eq!(row["gateway_amount"], "90.00");
    let kept = "SELECT count(DISTINCT amount_micros) FROM answers JOIN orders USING (order_id) \
                WHERE merchant_order_id = 'A2'";
    assert_eq!(merchant.sql(kept), 2);
}
