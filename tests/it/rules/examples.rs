//! At least one order per kind, written by hand, with the expected row and reason of the report.

use super::order::{FeeTerms, Order, Terms, UNLISTED};

const HOUR_MS: i64 = 3_600_000;

/// An order with exactly one mismatch.
struct Example {
    order: Order,
    kind: &'static str,
    severity: &'static str,
    /// Empty if there is no variance.
    variance: &'static str,
    at_risk: &'static str,
    reason: &'static str,
}

fn check(examples: Vec<Example>) {
    for Example { order, kind, severity, variance, at_risk, reason } in examples {
        let judged = order.judged();
        let rows: Vec<_> = judged
            .mismatches
            .iter()
            .map(|row| {
                let variance = row.variance.map(|amount| amount.to_string()).unwrap_or_default();
                let (kind, severity) = (row.kind.as_str(), row.severity.as_str());
                (kind, severity, variance, row.at_risk.to_string(), row.reason.as_str())
            })
            .collect();
        let expected = (kind, severity, variance.to_owned(), at_risk.to_owned(), reason);
        assert_eq!(rows, [expected], "{order:?}");
        let outcome = if kind == "unverified" { "unverified" } else { "mismatched" };
        assert_eq!(judged.outcome.as_str(), outcome, "{order:?}");
    }
}

#[test]
fn final_amounts() {
    let fee = FeeTerms {
        currency: "INR",
        transaction_type: "income",
        percent: 1_750_000,
        fixed: 3_000_000,
        decimals: 2,
    };
    let kind = "final_amount_difference";
    check(vec![
        Example {
            order: Order { final_amount: Some(490_000_000), ..Order::settled() },
            kind,
            severity: "high",
            variance: "-10.00",
            at_risk: "10.00",
            reason: "The gateway settled 490.00 of 500.00 inr: 10.00 short (2.00 %).",
        },
        Example {
            order: Order {
                ledger_amount: 300_000,
                amount: 300_000,
                final_amount: Some(400_001),
                ..Order::settled()
            },
            kind,
            severity: "high",
            variance: "0.100001",
            at_risk: "0.100001",
            reason: "The gateway settled 0.400001 of 0.30 inr: 0.100001 over (33.33 %).",
        },
        Example {
            order: Order {
                ledger_amount: 490_000_000,
                final_amount: Some(490_000_000),
                ..Order::settled()
            },
            kind,
            severity: "medium",
            variance: "-10.00",
            at_risk: "10.00",
            reason: "The gateway settled 490.00 of 500.00 inr: 10.00 short (2.00 %), and the \
                     ledger has booked exactly the final amount.",
        },
        Example {
            order: Order {
                final_amount: Some(490_000_000),
                terms: Terms { fees: vec![fee], ..Terms::default() },
                ..Order::settled()
            },
            kind,
            severity: "high",
            variance: "1.75",
            at_risk: "1.75",
            reason: "The gateway settled 490.00 of 500.00 inr, where 488.25 was expected after a \
                     fee of 11.75: 1.75 over (0.36 %).",
        },
        Example {
            order: Order {
                ledger_status: "failed",
                payment_status: "reject",
                final_amount: Some(1_000_000),
                fail_reason: UNLISTED,
                ..Order::settled()
            },
            kind,
            severity: "high",
            variance: "-499.00",
            at_risk: "499.00",
            reason: "The payment's status is reject, yet the gateway gives a final amount of 1.00 \
                     of 500.00 inr: 499.00 short (99.80 %). The gateway says: \"held …6789 [2J\".",
        },
        Example {
            order: Order {
                ledger_status: "failed",
                payment_status: "failed",
                final_amount: Some(499_000_000),
                terms: Terms { closed_means_unpaid: true, ..Terms::default() },
                ..Order::settled()
            },
            kind,
            severity: "high",
            variance: "499.00",
            at_risk: "499.00",
            reason: "The payment's status is failed, yet the gateway gives a final amount of \
                     499.00 of 500.00 inr where none was expected.",
        },
        Example {
            order: Order { final_amount: None, ..Order::settled() },
            kind: "final_amount_missing",
            severity: "medium",
            variance: "",
            at_risk: "500.00",
            reason: "The payment of 500.00 inr is completed, but the gateway does not say how much \
                     it settled.",
        },
    ]);
}

#[test]
fn amounts_and_currencies_of_the_ledger() {
    check(vec![
        Example {
            order: Order { ledger_amount: 510_000_000, ..Order::settled() },
            kind: "ledger_amount_difference",
            severity: "high",
            variance: "-10.00",
            at_risk: "10.00",
            reason: "The ledger has 510.00 inr, the gateway's order is for 500.00: 10.00 less \
                     (1.96 %).",
        },
        Example {
            order: Order { ledger_amount: 510_000_000, currency: "USD", ..Order::settled() },
            kind: "currency_difference",
            severity: "high",
            variance: "",
            at_risk: "510.00",
            reason: "The ledger has 510.00 inr, the gateway 500.00 usd: the amounts cannot be \
                     compared.",
        },
    ]);
}

#[test]
fn statuses() {
    check(vec![
        Example {
            order: Order {
                payment_status: "refund",
                fail_reason: "Refunded to 6660006666789",
                ..Order::settled()
            },
            kind: "status_difference",
            severity: "high",
            variance: "",
            at_risk: "500.00",
            reason: "The ledger says paid for 500.00 inr, the gateway says refund for 500.00 inr \
                     (final amount 500.00). The gateway says: \"Refunded to …6789\".",
        },
        Example {
            order: Order { ledger_status: "pending", ..Order::settled() },
            kind: "status_difference",
            severity: "high",
            variance: "",
            at_risk: "500.00",
            reason: "The ledger says pending for 500.00 inr, the gateway says completed for 500.00 \
                     inr (final amount 500.00) 3 days after the order.",
        },
        Example {
            order: Order {
                ledger_status: "refunded",
                status_since_ms: 168 * HOUR_MS + 1,
                ..Order::settled()
            },
            kind: "status_difference",
            severity: "high",
            variance: "",
            at_risk: "500.00",
            reason: "The ledger says refunded for 500.00 inr, the gateway says completed for \
                     500.00 inr (final amount 500.00) 7 days after the ledger said so.",
        },
        Example {
            order: Order {
                ledger_status: "part_refunded",
                payment_status: "failed",
                final_amount: None,
                ..Order::settled()
            },
            kind: "status_difference",
            severity: "high",
            variance: "",
            at_risk: "500.00",
            reason: "The ledger says part_refunded for 500.00 inr, the gateway says failed for \
                     500.00 inr.",
        },
        Example {
            order: Order { ledger_status: "", payment_status: "overdue", ..Order::settled() },
            kind: "overdue",
            severity: "medium",
            variance: "",
            at_risk: "500.00",
            reason: "The payment of 500.00 inr was not completed within the gateway's time.",
        },
        Example {
            order: Order { ledger_status: "failed", payment_status: "overdue", ..Order::settled() },
            kind: "overdue",
            severity: "low",
            variance: "",
            at_risk: "500.00",
            reason: "The payment of 500.00 inr was not completed within the gateway's time.",
        },
        Example {
            order: Order { ledger_status: "pending", payment_status: "none", ..Order::settled() },
            kind: "pending_too_long",
            severity: "medium",
            variance: "",
            at_risk: "500.00",
            reason: "The status of the payment of 500.00 inr is still none after 3 days (limit 24 \
                     hours).",
        },
        Example {
            order: Order {
                ledger_status: "Versandt\u{7}",
                payment_status: UNLISTED,
                notify_status: "waiting",
                ..Order::settled()
            },
            kind: "unknown_status",
            severity: "medium",
            variance: "",
            at_risk: "500.00",
            reason: "For this order of 500.00 inr, the ledger's status \"Versandt\" is not mapped \
                     in [ledger.statuses], and the gateway's payment_status \"held …6789 [2J\" is \
                     not documented, and the gateway's notify_status \"waiting\" is not \
                     documented.",
        },
        Example {
            order: Order { payment_status: "", ..Order::settled() },
            kind: "unknown_status",
            severity: "medium",
            variance: "",
            at_risk: "500.00",
            reason: "For this order of 500.00 inr, the gateway gives no payment_status.",
        },
    ]);
}

#[test]
fn orders_that_the_gateway_lacks_or_failed_to_process() {
    check(vec![
        Example {
            order: Order { asked: "missing", ledger_amount: 0, ..Order::settled() },
            kind: "missing_at_gateway",
            severity: "low",
            variance: "",
            at_risk: "0.00",
            reason: "The ledger has this order of 0.00 inr, the gateway says that it has none. \
                     The gateway says: \"Order not found , account …6789\".",
        },
        Example {
            order: Order { asked: "missing", ..Order::settled() },
            kind: "missing_at_gateway",
            severity: "high",
            variance: "",
            at_risk: "500.00",
            reason: "The ledger has this order of 500.00 inr, the gateway says that it has none. \
                     The gateway says: \"Order not found , account …6789\".",
        },
        Example {
            order: Order {
                accounting_status: "failed",
                fail_reason: "Account 6660006666789 is closed",
                ..Order::settled()
            },
            kind: "accounting_failed",
            severity: "high",
            variance: "",
            at_risk: "500.00",
            reason: "The gateway could not book 500.00 inr. The gateway says: \"Account \
                     …6789 is closed\".",
        },
        Example {
            order: Order { accounting_status: "delivered", ..Order::settled() },
            kind: "accounting_pending",
            severity: "medium",
            variance: "",
            at_risk: "500.00",
            reason: "The payment of 500.00 inr is completed, but its accounting status is still \
                     delivered after 3 days (limit 24 hours).",
        },
        Example {
            order: Order { notify_status: "failed", fail_reason: "HTTP 500", ..Order::settled() },
            kind: "notify_failed",
            severity: "low",
            variance: "",
            at_risk: "500.00",
            reason: "The gateway could not notify the shop of this order of 500.00 inr. The \
                     gateway says: \"HTTP 500\".",
        },
        Example {
            order: Order { asked: "unverified", ..Order::settled() },
            kind: "unverified",
            severity: "high",
            variance: "",
            at_risk: "500.00",
            reason: "500.00 inr not verified after 4 calls: the gateway answered 503.",
        },
    ]);
}

#[test]
fn duplicates_conflicts_and_types() {
    check(vec![
        Example {
            order: Order { shared: true, ..Order::settled() },
            kind: "duplicate_payment",
            severity: "high",
            variance: "",
            at_risk: "500.00",
            reason: "Payment P-77 belongs to this order of 500.00 inr and also to A-1002: one \
                     payment may be booked 2 times.",
        },
        Example {
            order: Order { conflict: true, ..Order::settled() },
            kind: "ledger_conflict",
            severity: "high",
            variance: "",
            at_risk: "500.00",
            reason: "The ledger contradicts itself: amount 500.00 in line 3, 600.00 in line 9; the \
                     last row counts.",
        },
        Example {
            order: Order { duplicate: true, ..Order::settled() },
            kind: "ledger_duplicate",
            severity: "medium",
            variance: "",
            at_risk: "500.00",
            reason: "The ledger gives 500.00 inr for this order in line 3 and again in line 9: it \
                     may be booked twice.",
        },
        Example {
            order: Order { transaction_type: "expense", ..Order::settled() },
            kind: "type_difference",
            severity: "high",
            variance: "",
            at_risk: "500.00",
            reason: "The order of 500.00 inr is income in the ledger, expense at the gateway.",
        },
        Example {
            order: Order { accounting_type: "recharge", ..Order::settled() },
            kind: "type_difference",
            severity: "medium",
            variance: "",
            at_risk: "500.00",
            reason: "The order of 500.00 inr is receive in the ledger, recharge at the gateway.",
        },
    ]);
}
