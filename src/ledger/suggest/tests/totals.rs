//! Rows that look like totals or notes.

use super::{proposed, suggestion_for};

const HEAD: &str = "merchant_order_id,amount,currency,created_at,Note\n\
                    A,5.50,inr,2026-10-31,\nB,6.50,inr,2026-11-01,\nC,7.50,inr,2026-11-02,\n";

const HALVES: &str = "merchant_order_id,Money in,Money out,currency,created_at\n\
                      A,5.50,,inr,2026-10-31\nB,,6.50,inr,2026-11-01\nC,7.50,,inr,2026-11-02\n";

/// The rows below the orders; the words of the open point and its rule.
#[test]
fn rows_that_look_like_totals_are_skipped_and_decide_nothing() {
    let no_id = "[[ledger.skip]]\ncolumn = \"merchant_order_id\"\nempty = true";
    let no_date = "[[ledger.skip]]\ncolumn = \"created_at\"\nempty = true";
    let named = "[[ledger.skip]]\ncolumn = \"merchant_order_id\"\nvalues = [\"Total\"]";
    let cases: [(&str, &str, &str, &str); 8] = [
        (HEAD, ",9,,,", "line 5 has no \"merchant_order_id\" and looks like a total", no_id),
        (HEAD, ",,,,Printed in the shop", "line 5 has no \"merchant_order_id\" and looks", no_id),
        (HEAD, "Total,9,,,", "line 5 has no \"created_at\" and looks like a total", no_date),
        (HEAD, "Printed by Rao,,,,", "line 5 has no \"created_at\" and looks like", no_date),
        // Nothing else says that it is no order.
        (HEAD, "D,9.00,inr,,", "line 5 has no \"created_at\", so that it is invalid", no_date),
        (HEAD, "Total,9,inr,2026-11-30,", "line 5 has the word for a total as", named),
        (HEAD, "Total,9,,,\nSumme,9,,,", "2 rows have no \"created_at\" and look like", no_date),
        (
            HALVES,
            "Z,9,9,,2026-11-30",
            "line 5 has an amount in both \"Money in\" and \"Money out\" and looks",
            "[[ledger.skip]]\ncolumn = \"merchant_order_id\"\nvalues = [\"Z\"]",
        ),
    ];
    for (head, below, words, rule) in cases {
        let content = format!("{head}{below}\n");
        let (keys, open) = proposed(content.as_bytes(), "");
        assert_eq!(open, ["skip"], "{below}: {keys:?}");
        let suggestion = suggestion_for(&[content.as_bytes()], "");
        let point = suggestion.open().iter().find(|point| point.key == "skip");
        let point = point.unwrap_or_else(|| unreachable!("{below}"));
        assert!(point.text.contains(words), "{below}: {}", point.text);
        assert_eq!(point.choices, [rule], "{below}");
        // The same keys as without the row.
        assert_eq!(keys, proposed(head.as_bytes(), "").0, "{below}");
        let rule = rule.replace("[[ledger.skip]]", "[[skip]]");
        assert_eq!(proposed(content.as_bytes(), &rule).1, Vec::<&str>::new(), "{below}");
    }
}

#[test]
fn rows_that_may_be_orders_or_items_are_no_totals() {
    let orders = "A,5.50,inr,2026-10-31,\nB,6.50,,2026-11-01,\n";
    for (rows, open) in [
        // The currency alone is missing.
        (orders, &["currency"][..]),
        // Items between the orders.
        ("A,5.50,inr,2026-10-31,\n,1.50,,,\nB,6.50,inr,2026-11-01,\n", &["skip", "line_items"]),
        (
            "A,5.50,inr,2026-10-31,\nA,1.50,,,\nB,6.50,inr,2026-11-01,\n",
            &["currency", "line_items"],
        ),
        // Most rows lack it: it is not what orders have.
        ("A,5.50,inr,2026-10-31,\nB,6.50,inr,,\nC,7.50,inr,,\n", &[]),
    ] {
        let content = format!("merchant_order_id,amount,currency,created_at,Note\n{rows}");
        assert_eq!(proposed(content.as_bytes(), "").1, open, "{rows}");
    }
}
