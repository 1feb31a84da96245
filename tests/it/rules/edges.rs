//! Edges that a random order rarely reaches: ages in words, many orders with one payment, and
//! orders that are not finished although nothing is reported of them.

use super::order::{Order, Terms, case, now};
use octopus_recon::domain::mismatch::Kind;
use octopus_recon::rules::{Case, Policy, judge};

const MINUTE_MS: i64 = 60_000;

#[test]
fn an_age_is_in_minutes_then_hours_then_days() {
    for (minutes, words) in [
        (2, "2 minutes"),
        (119, "119 minutes"),
        (120, "2 hours"),
        (47 * 60 + 59, "47 hours"),
        (48 * 60, "2 days"),
    ] {
        let order = Order {
            ledger_status: "pending",
            payment_status: "pending",
            final_amount: None,
            age_ms: minutes * MINUTE_MS,
            terms: Terms { settle_within_hours: 0, ..Terms::default() },
            ..Order::settled()
        };
        let rows = order.judged().mismatches;
        let reason = rows.iter().map(|row| row.reason.to_string()).collect::<String>();
        let expected = format!(
            "The status of the payment of 500.00 inr is still pending after {words} (limit 0 \
             hours)."
        );
        assert_eq!(reason, expected, "{minutes}");
    }
}

#[test]
fn a_shared_payment_names_three_orders_and_counts_the_others() {
    let order = Order { shared: true, ..Order::settled() };
    let (entry, asked) = (order.entry(), order.asked());
    let others: Vec<String> = (2..=101).map(|number| format!("B-{number}")).collect();
    for (count, expected) in [
        (1, "B-2: one payment may be booked 2 times."),
        (3, "B-2, B-3, B-4: one payment may be booked 4 times."),
        (4, "B-2, B-3, B-4 and 1 more: one payment may be booked 5 times."),
        (99, "B-2, B-3, B-4 and 96 more: one payment may be booked 100 times."),
        // The store gives a hundred at most.
        (100, "B-2, B-3, B-4 and at least 97 more: one payment may be booked at least 101 times."),
    ] {
        let case = Case { shared_with: &others[..count], ..case(Some(&entry), &asked, now()) };
        let rows = judge(&case, &Policy::default()).mismatches;
        assert_eq!(rows.len(), 1, "{count}");
        let reason = rows[0].reason.to_string();
        assert!(reason.ends_with(&format!(" and also to {expected}")), "{reason}");
    }
}

/// A kind that the policy ignores is not reported. That does not finish the order.
#[test]
fn an_ignored_kind_does_not_make_an_order_match() {
    let ignoring = |kind: Kind| Terms { ignore: vec![kind.as_str()], ..Terms::default() };
    let settled = Order::settled;
    let open = Order {
        ledger_status: "pending",
        payment_status: "pending",
        final_amount: None,
        ..settled()
    };
    for (order, ignored, outcome) in [
        (settled(), Kind::AccountingPending, "matched"),
        (Order { accounting_status: "", ..settled() }, Kind::AccountingPending, "in_transit"),
        (
            Order { accounting_status: "delivered", ..settled() },
            Kind::AccountingPending,
            "in_transit",
        ),
        (Order { accounting_status: "held", ..settled() }, Kind::UnknownStatus, "in_transit"),
        (Order { accounting_status: "failed", ..settled() }, Kind::AccountingFailed, "matched"),
        (open, Kind::PendingTooLong, "in_transit"),
        (
            Order { payment_status: "held", final_amount: None, ..settled() },
            Kind::UnknownStatus,
            "in_transit",
        ),
        (
            Order { payment_status: "", final_amount: None, ..settled() },
            Kind::UnknownStatus,
            "in_transit",
        ),
    ] {
        let judged = Order { terms: ignoring(ignored), ..order.clone() }.judged();
        assert_eq!(judged.mismatches, [], "{order:?}");
        assert_eq!(judged.outcome.as_str(), outcome, "{order:?}");
    }
}
