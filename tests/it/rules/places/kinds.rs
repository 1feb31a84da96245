//! The place of an order with one finding: each kind in both directions, with the sum by hand.

use super::{agreed, check, order};
use crate::rules::order::{Order, UNLISTED};

#[test]
fn every_kind_of_an_income() {
    let settled = || agreed("income");
    check(
        vec![
            // 490 came in, 500 is booked: 490 − 500 = −10
            (
                order("income", ("paid", 500), ("completed", 500, Some(490))),
                "final_amount_difference",
                "against_us",
                "10.00",
            ),
            // 500 (the amount stands in for the final amount) − 500 = 0, medium: all in doubt
            (
                order("income", ("paid", 500), ("completed", 500, None)),
                "final_amount_missing",
                "in_doubt",
                "500.00",
            ),
            // 500 − 500 = 0, high: all in doubt
            (
                Order { accounting_status: "failed", ..settled() },
                "accounting_failed",
                "in_doubt",
                "500.00",
            ),
            // 0 − 0 = 0, and overdue alone does not count
            (
                order("income", ("pending", 500), ("overdue", 500, None)),
                "overdue",
                "information",
                "0.00",
            ),
            // 600 − 500 = +100
            (
                order("income", ("paid", 500), ("completed", 600, Some(600))),
                "ledger_amount_difference",
                "in_our_favour",
                "100.00",
            ),
            // usd against inr: unknown
            (Order { currency: "usd", ..settled() }, "currency_difference", "in_doubt", "500.00"),
            // 500 − 0 = +500
            (
                order("income", ("failed", 500), ("completed", 500, Some(500))),
                "status_difference",
                "in_our_favour",
                "500.00",
            ),
            // no payment: unknown
            (Order { asked: "missing", ..settled() }, "missing_at_gateway", "in_doubt", "500.00"),
            // 500 − 500 = 0, and the second order with this payment: all in doubt
            (Order { shared: true, ..settled() }, "duplicate_payment", "in_doubt", "500.00"),
            // 500 − 500 = 0, a conflict alone: the spread of its rows
            (Order { conflict: true, ..settled() }, "ledger_conflict", "in_doubt", "100.00"),
            // 500 − 500 = 0, medium: all in doubt
            (Order { duplicate: true, ..settled() }, "ledger_duplicate", "in_doubt", "500.00"),
            // income against expense: unknown
            (
                Order { transaction_type: "expense", ..settled() },
                "type_difference",
                "in_doubt",
                "500.00",
            ),
            // 500 − 500 = 0, medium: all in doubt
            (
                Order { accounting_status: "delivered", ..settled() },
                "accounting_pending",
                "in_doubt",
                "500.00",
            ),
            // still open: unknown
            (
                order("income", ("pending", 500), ("processing", 500, None)),
                "pending_too_long",
                "in_doubt",
                "500.00",
            ),
            // a status that is not listed: unknown
            (
                order("income", ("paid", 500), (UNLISTED, 500, Some(500))),
                "unknown_status",
                "in_doubt",
                "500.00",
            ),
            // low
            (
                Order { notify_status: "failed", ..settled() },
                "notify_failed",
                "information",
                "0.00",
            ),
            (Order { asked: "unverified", ..settled() }, "unverified", "unverified", "500.00"),
        ],
        false,
    );
}

#[test]
fn every_kind_of_an_expense() {
    let settled = || agreed("expense");
    check(
        vec![
            // 490 went out, 500 is booked: −(490 − 500) = +10
            (
                order("expense", ("paid", 500), ("completed", 500, Some(490))),
                "final_amount_difference",
                "in_our_favour",
                "10.00",
            ),
            // −(500 − 500) = 0, medium: all in doubt
            (
                order("expense", ("paid", 500), ("completed", 500, None)),
                "final_amount_missing",
                "in_doubt",
                "500.00",
            ),
            // −(500 − 500) = 0, high: all in doubt
            (
                Order { accounting_status: "failed", ..settled() },
                "accounting_failed",
                "in_doubt",
                "500.00",
            ),
            // −(0 − 0) = 0, and overdue alone does not count
            (
                order("expense", ("pending", 500), ("overdue", 500, None)),
                "overdue",
                "information",
                "0.00",
            ),
            // −(600 − 500) = −100
            (
                order("expense", ("paid", 500), ("completed", 600, Some(600))),
                "ledger_amount_difference",
                "against_us",
                "100.00",
            ),
            // usd against inr: unknown
            (Order { currency: "usd", ..settled() }, "currency_difference", "in_doubt", "500.00"),
            // −(500 − 0) = −500: money went out that the ledger calls failed
            (
                order("expense", ("failed", 500), ("completed", 500, Some(500))),
                "status_difference",
                "against_us",
                "500.00",
            ),
            // no payment: unknown
            (Order { asked: "missing", ..settled() }, "missing_at_gateway", "in_doubt", "500.00"),
            // −(500 − 500) = 0, and the second order with this payment: all in doubt
            (Order { shared: true, ..settled() }, "duplicate_payment", "in_doubt", "500.00"),
            // −(500 − 500) = 0, a conflict alone: the spread of its rows
            (Order { conflict: true, ..settled() }, "ledger_conflict", "in_doubt", "100.00"),
            // −(500 − 500) = 0, medium: all in doubt
            (Order { duplicate: true, ..settled() }, "ledger_duplicate", "in_doubt", "500.00"),
            // expense against income: unknown
            (
                Order { transaction_type: "income", ..settled() },
                "type_difference",
                "in_doubt",
                "500.00",
            ),
            // −(500 − 500) = 0, medium: all in doubt
            (
                Order { accounting_status: "none", ..settled() },
                "accounting_pending",
                "in_doubt",
                "500.00",
            ),
            // still open: unknown
            (
                order("expense", ("pending", 500), ("preparing", 500, None)),
                "pending_too_long",
                "in_doubt",
                "500.00",
            ),
            // no status given: unknown
            (
                order("expense", ("paid", 500), ("", 500, Some(500))),
                "unknown_status",
                "in_doubt",
                "500.00",
            ),
            // low
            (
                Order { notify_status: "failed", ..settled() },
                "notify_failed",
                "information",
                "0.00",
            ),
            (Order { asked: "unverified", ..settled() }, "unverified", "unverified", "500.00"),
        ],
        false,
    );
}
