//! Orders without a row, written by hand: they match, or they wait.

use super::order::Order;

const HOUR_MS: i64 = 3_600_000;

#[test]
fn orders_without_a_row() {
    let young = |age_ms| Order { age_ms, ..Order::settled() };
    let missing =
        |age_ms, ledger_status| Order { asked: "missing", ledger_status, ..young(age_ms) };
    let refunded =
        |status_since_ms| Order { ledger_status: "refunded", status_since_ms, ..Order::settled() };
    let pending =
        |earlier_answer| Order { ledger_status: "pending", earlier_answer, ..Order::settled() };
    let examples = [
        (Order::settled(), "matched"),
        (
            Order { ledger_status: "refunded", payment_status: "refund", ..Order::settled() },
            "matched",
        ),
        (Order { ledger_status: "part_refunded", ..Order::settled() }, "matched"),
        (
            Order { ledger_status: "part_refunded", payment_status: "refund", ..Order::settled() },
            "matched",
        ),
        (refunded(0), "in_transit"),
        (refunded(168 * HOUR_MS), "in_transit"),
        (refunded(168 * HOUR_MS + 1), "mismatched"),
        (missing(72 * HOUR_MS, "failed"), "matched"),
        (missing(HOUR_MS - 1, "paid"), "in_transit"),
        (missing(HOUR_MS, "paid"), "mismatched"),
        (Order { accounting_status: "", ..young(24 * HOUR_MS) }, "in_transit"),
        (Order { accounting_status: "", ..young(24 * HOUR_MS + 1) }, "mismatched"),
        (
            Order { ledger_status: "pending", payment_status: "pending", ..young(24 * HOUR_MS) },
            "in_transit",
        ),
        (Order { ledger_status: "pending", ..young(24 * HOUR_MS) }, "in_transit"),
        (Order { ledger_status: "pending", ..young(24 * HOUR_MS + 1) }, "mismatched"),
        (pending("same"), "mismatched"),
        (pending("other"), "in_transit"),
    ];
    for (order, outcome) in examples {
        let judged = order.judged();
        assert_eq!(judged.outcome.as_str(), outcome, "{:?} of {order:?}", judged.mismatches);
    }
}
