//! The place of an order with several findings, by the statuses of both sides, and with a fee.

use super::{HOUR_MS, UNIT, agreed, check, order};
use crate::rules::order::{FeeTerms, Order, Terms, UNLISTED};

#[test]
fn statuses_of_both_sides() {
    let terms = || Terms { refunds: "payout", ..Terms::default() };
    let refunded = || order("income", ("refunded", 500), ("completed", 500, Some(500)));
    let carts = || Terms { unpaid_carts: "low", ..Terms::default() };
    check(
        vec![
            // 0 − 500 = −500: booked, but nothing came in
            (
                order("income", ("paid", 500), ("overdue", 500, Some(0))),
                "overdue, status_difference",
                "against_us",
                "500.00",
            ),
            // −(0 − 500) = +500: booked, but nothing went out
            (
                order("expense", ("paid", 500), ("overdue", 500, None)),
                "overdue, status_difference",
                "in_our_favour",
                "500.00",
            ),
            // no status counts as moved: 0 − 500 = −500
            (
                order("income", ("", 500), ("reject", 500, None)),
                "status_difference",
                "against_us",
                "500.00",
            ),
            // so does a word that is not mapped: 500 − 500 = 0, and the word is unknown
            (
                order("income", (UNLISTED, 500), ("completed", 500, Some(500))),
                "unknown_status",
                "in_doubt",
                "500.00",
            ),
            // failed, yet with a final amount: unknown
            (
                order("income", ("paid", 500), ("failed", 500, Some(490))),
                "final_amount_difference, status_difference",
                "in_doubt",
                "500.00",
            ),
            // 0 − 0 = 0: the status alone puts no money in doubt
            (
                order("income", ("pending", 500), ("failed", 500, None)),
                "status_difference",
                "information",
                "0.00",
            ),
            // paid, still open: unknown
            (
                order("income", ("paid", 500), ("pending", 500, None)),
                "status_difference, pending_too_long",
                "in_doubt",
                "500.00",
            ),
            // a part came back: unknown
            (
                order("income", ("part_refunded", 500), ("failed", 500, None)),
                "status_difference",
                "in_doubt",
                "500.00",
            ),
            // refunded at the gateway: unknown
            (
                order("income", ("paid", 500), ("refund", 500, Some(500))),
                "status_difference",
                "in_doubt",
                "500.00",
            ),
            // 500 − 0 = +500: the refund has not left
            (
                Order { status_since_ms: 169 * HOUR_MS, ..refunded() },
                "status_difference",
                "in_our_favour",
                "500.00",
            ),
            // the refund is a payout of its own: 500 − 500 = 0
            (
                Order { accounting_status: "failed", terms: terms(), ..refunded() },
                "accounting_failed",
                "in_doubt",
                "500.00",
            ),
            // the ledger has booked what was settled: 490 − 490 = 0, medium
            (
                order("income", ("paid", 490), ("completed", 500, Some(490))),
                "final_amount_difference",
                "in_doubt",
                "490.00",
            ),
            // all findings are low by policy
            (
                Order {
                    terms: carts(),
                    ..order("income", ("pending", 500), ("processing", 500, None))
                },
                "pending_too_long",
                "information",
                "0.00",
            ),
            (
                Order {
                    terms: carts(),
                    asked: "missing",
                    ..order("income", ("pending", 500), ("processing", 500, None))
                },
                "missing_at_gateway",
                "information",
                "0.00",
            ),
        ],
        false,
    );
}

#[test]
fn conflicts_and_shared_payments_with_other_findings() {
    let conflict = |order| Order { conflict: true, ..order };
    let shared = |order| Order { shared: true, ..order };
    let short = || order("income", ("paid", 500), ("completed", 500, Some(490)));
    let unbooked = || Order { accounting_status: "failed", ..agreed("income") };
    let open = || order("income", ("pending", 500), ("processing", 500, None));
    check(
        vec![
            // 490 − 500 = −10: the difference counts, not the spread
            (conflict(short()), "final_amount_difference, ledger_conflict", "against_us", "10.00"),
            // 0, with another finding: not the conflict alone
            (conflict(unbooked()), "accounting_failed, ledger_conflict", "in_doubt", "500.00"),
            // unknown, with another finding
            (conflict(open()), "ledger_conflict, pending_too_long", "in_doubt", "500.00"),
            // unknown, because the payment is in progress, and the conflict alone
            (
                conflict(Order { age_ms: HOUR_MS, ..open() }),
                "ledger_conflict",
                "in_doubt",
                "100.00",
            ),
            // 0 − 0 = 0, and overdue does not count beside the conflict
            (
                conflict(order("income", ("pending", 500), ("overdue", 500, None))),
                "overdue, ledger_conflict",
                "in_doubt",
                "100.00",
            ),
            (
                shared(conflict(agreed("income"))),
                "duplicate_payment, ledger_conflict",
                "in_doubt",
                "500.00",
            ),
        ],
        false,
    );
    // The earliest order of a payment.
    check(
        vec![
            (shared(agreed("income")), "duplicate_payment", "information", "0.00"),
            (shared(agreed("expense")), "duplicate_payment", "information", "0.00"),
            (shared(short()), "final_amount_difference, duplicate_payment", "against_us", "10.00"),
            (shared(unbooked()), "accounting_failed, duplicate_payment", "in_doubt", "500.00"),
            (
                shared(conflict(agreed("income"))),
                "duplicate_payment, ledger_conflict",
                "in_doubt",
                "100.00",
            ),
        ],
        true,
    );
}

#[test]
fn fees_count_on_the_ledgers_side() {
    let fee = FeeTerms {
        currency: "INR",
        transaction_type: "income",
        percent: 2 * UNIT,
        fixed: 0,
        decimals: 2,
    };
    let with_fee =
        |order| Order { terms: Terms { fees: vec![fee.clone()], ..Terms::default() }, ..order };
    let paid = |settled| order("income", ("paid", 500), ("completed", 500, Some(settled)));
    check(
        vec![
            // 480 − (500 − 10) = −10
            (with_fee(paid(480)), "final_amount_difference", "against_us", "10.00"),
            // 500 − (500 − 10) = +10
            (with_fee(paid(500)), "final_amount_difference", "in_our_favour", "10.00"),
            // 490 − (500 − 10) = 0: all in doubt
            (
                with_fee(Order { accounting_status: "failed", ..paid(490) }),
                "accounting_failed",
                "in_doubt",
                "500.00",
            ),
            // an expense has no fee: −(500 − 500) = 0
            (
                with_fee(Order { accounting_status: "failed", ..agreed("expense") }),
                "accounting_failed",
                "in_doubt",
                "500.00",
            ),
        ],
        false,
    );
}
