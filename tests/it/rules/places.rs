//! The place of an order in the money: every kind in both directions, with the figure worked out by
//! hand, and a second reading of the contract on random orders.

use super::generator::orders;
use super::model::place::{PlacedRow, place as place_as_the_contract_reads};
use super::order::{FeeTerms, Order, Terms, UNLISTED, case, now};
use octopus_recon::domain::amount::Amount;
use octopus_recon::domain::mismatch::{Kind, Severity};
use octopus_recon::domain::money::{Bucket, Place};
use octopus_recon::domain::payment::{Answer, Asked};
use octopus_recon::rules::Policy;
use octopus_recon::rules::place::{Moved, moved, place};
use proptest::prelude::*;

const UNIT: i64 = 1_000_000;
const HOUR_MS: i64 = 3_600_000;
/// The widest difference of the conflicting rows of a test order.
const SPREAD: i64 = 100 * UNIT;

/// An order, the kinds that the rules find, and its place.
type Row = (Order, &'static str, &'static str, &'static str);

/// An order of three days: the ledger's status and amount, then the gateway's status, amount and
/// final amount.
fn order(
    direction: &'static str,
    (ledger_status, ledger_amount): (&'static str, i64),
    (payment_status, amount, final_amount): (&'static str, i64, Option<i64>),
) -> Order {
    Order {
        ledger_amount: ledger_amount * UNIT,
        ledger_transaction_type: direction,
        ledger_accounting_type: "",
        ledger_status,
        amount: amount * UNIT,
        final_amount: final_amount.map(|units| units * UNIT),
        transaction_type: direction,
        accounting_type: "",
        payment_status,
        ..Order::settled()
    }
}

/// An order of 500.00 on which both sides agree.
fn agreed(direction: &'static str) -> Order {
    order(direction, ("paid", 500), ("completed", 500, Some(500)))
}

fn check(rows: Vec<Row>, is_first_of_payment: bool) {
    for (order, kinds, bucket, amount) in rows {
        let found = order.judged().mismatches;
        let words: Vec<&str> = found.iter().map(|row| row.kind.as_str()).collect();
        assert_eq!(words.join(", "), kinds, "{order:?}");
        let findings = found.iter().map(|row| (row.kind, row.severity, false));
        let is_verified = order.asked != "unverified";
        let place = place(&order.moved(is_first_of_payment), is_verified, findings);
        let shown = (place.bucket.as_str(), place.amount.to_string(), place.currency.as_str());
        assert_eq!(shown, (bucket, amount.to_owned(), "inr"), "{kinds}: {order:?}");
    }
}

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

#[test]
fn accepted_findings_leave_the_figure_to_the_others() {
    let short = order("income", ("paid", 500), ("completed", 500, Some(490))).moved(false);
    let nothing_moved = order("income", ("paid", 500), ("overdue", 500, None)).moved(false);
    let unanswered = Order { asked: "unverified", ..agreed("income") }.moved(false);
    let (high, medium, low) = (Severity::High, Severity::Medium, Severity::Low);
    let (accepted, open) = (true, false);
    let cases: [(&Moved, bool, &[(Kind, Severity, bool)], &str, &str); 11] = [
        (&short, true, &[(Kind::FinalAmountDifference, high, accepted)], "accepted", "10.00"),
        (&short, true, &[(Kind::NotifyFailed, low, accepted)], "accepted", "0.00"),
        (
            &short,
            true,
            &[(Kind::FinalAmountDifference, high, accepted), (Kind::NotifyFailed, low, open)],
            "information",
            "0.00",
        ),
        (
            &nothing_moved,
            true,
            &[(Kind::Overdue, medium, accepted), (Kind::StatusDifference, high, open)],
            "against_us",
            "500.00",
        ),
        (&unanswered, false, &[(Kind::Unverified, high, accepted)], "accepted", "500.00"),
        (
            &unanswered,
            false,
            &[(Kind::Unverified, high, open), (Kind::LedgerConflict, high, open)],
            "unverified",
            "500.00",
        ),
        // Kept from an earlier answer: the figure of that answer.
        (
            &short,
            true,
            &[(Kind::FinalAmountDifference, high, open), (Kind::Unverified, high, open)],
            "against_us",
            "10.00",
        ),
        (
            &short,
            true,
            &[(Kind::FinalAmountDifference, high, open), (Kind::Unverified, high, accepted)],
            "against_us",
            "10.00",
        ),
        // Nothing above low is kept: without an answer, the order is never for information.
        (
            &short,
            true,
            &[(Kind::NotifyFailed, low, open), (Kind::Unverified, high, open)],
            "unverified",
            "500.00",
        ),
        (
            &short,
            true,
            &[(Kind::FinalAmountDifference, high, accepted), (Kind::Unverified, high, open)],
            "unverified",
            "500.00",
        ),
        (&short, true, &[], "information", "0.00"),
    ];
    for (moved, is_verified, findings, bucket, amount) in cases {
        let place = place(moved, is_verified, findings.iter().copied());
        assert_eq!(
            (place.bucket.as_str(), place.amount.to_string().as_str()),
            (bucket, amount),
            "{findings:?}"
        );
    }
}

#[test]
fn an_order_that_no_ledger_has() {
    let Asked::Answered(Answer::Payment(payment)) = agreed("income").asked() else {
        unreachable!("an answer")
    };
    let asked = Asked::Answered(Answer::Payment(payment));
    let moved = moved(&case(None, &asked, now()), &Policy::default());
    let findings = [(Kind::AccountingFailed, Severity::High, false)];
    let expected = Place {
        bucket: Bucket::InDoubt,
        amount: Amount::from_micros(500 * UNIT),
        currency: "inr".to_owned(),
    };
    assert_eq!(place(&moved, true, findings.into_iter()), expected);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_orders_have_the_place_that_the_contract_reads(
        order in orders(),
        is_first_of_payment: bool,
        accepted in proptest::collection::vec(proptest::bool::weighted(0.3), Kind::ALL.len()),
    ) {
        let found = order.judged().mismatches;
        let findings: Vec<(Kind, Severity, bool)> = found
            .iter()
            .zip(accepted)
            .map(|(row, accepted)| (row.kind, row.severity, accepted))
            .collect();
        let rows: Vec<PlacedRow> = findings
            .iter()
            .map(|(kind, severity, accepted)| (kind.as_str(), severity.as_str(), *accepted))
            .collect();
        let is_verified = order.asked != "unverified";
        let placed = place(
            &order.moved(is_first_of_payment),
            is_verified,
            findings.iter().copied(),
        );
        let expected = place_as_the_contract_reads(&order, is_first_of_payment, SPREAD, &rows);
        prop_assert_eq!(
            (placed.bucket.as_str(), placed.amount.micros()), expected, "{:?} {:?}", order, rows
        );
        prop_assert!(!placed.amount.is_negative());
    }
}
