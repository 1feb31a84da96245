//! The text of reasons: foreign text is cleaned, and every figure and fail reason is shown.

use super::order::{ACCOUNT, Order, Terms, case, now};
use octopus_recon::domain::mismatch::{Kind, Mismatch, Severity};
use octopus_recon::domain::payment::{AccountingStatus, Answer, Asked};
use octopus_recon::domain::text::Text;
use octopus_recon::rules::{Case, Policy, judge};

/// "the order's open mismatches of earlier runs keep their rows, with the figures, reason and
/// `last_verified` of the answer that showed them"
#[test]
fn an_unverified_order_keeps_its_open_mismatches() {
    let (entry, asked) =
        (Order::settled().entry(), Order { asked: "", ..Order::settled() }.asked());
    let open = |kind| Mismatch {
        kind,
        severity: Severity::High,
        variance: None,
        at_risk: entry.amount,
        currency: "inr".to_owned(),
        reason: Text::own("As it was shown."),
    };
    let still_open = [Kind::Overdue, Kind::Unverified, Kind::NotifyFailed].map(open);
    let case = Case { still_open: &still_open, ..case(Some(&entry), &asked, now()) };
    let judgement = judge(&case, &Policy::default());
    assert_eq!(
        judgement.mismatches[0].reason.as_str(),
        "500.00 inr not verified after 4 calls: the gateway answered 503."
    );
    assert_eq!(judgement.mismatches.len(), 1);
    assert_eq!(judgement.kept, [still_open[0].clone(), still_open[2].clone()]);
    // Ignored kinds are left out. With an answer, no mismatch is kept.
    let ignoring = Policy { ignore: [Kind::Overdue].into(), ..Policy::default() };
    assert_eq!(judge(&case, &ignoring).kept, [still_open[2].clone()]);
    let answered = Order::settled().asked();
    let case = Case { asked: &answered, ..case };
    assert_eq!(judge(&case, &Policy::default()).kept, []);
}

/// "Text from the gateway is cut, freed of control characters, and its long runs of digits
/// masked": the currency is the gateway's text too.
#[test]
fn the_gateways_currency_is_cleaned() {
    let hostile = Order { currency: "usd 6660006666789\u{1b}[2J\r\n", ..Order::settled() };
    let short = Order { final_amount: Some(490_000_000), ..hostile.clone() };
    let without_final_amount = Order { final_amount: None, ..hostile.clone() };
    for order in [hostile, short, without_final_amount] {
        for row in order.judged().mismatches {
            for text in [row.reason.as_str(), &row.currency] {
                let fit = !text.contains(ACCOUNT) && !text.contains(char::is_control);
                assert!(fit, "{}: {text:?}", row.kind);
            }
        }
    }
}

/// The same sentence of the contract: "text from the gateway is cut".
#[test]
fn long_gateway_texts_are_cut_in_a_reason() {
    let order = Order { shared: true, ..Order::settled() };
    let (entry, mut asked) = (order.entry(), order.asked());
    let long = || "7/".repeat(4_000);
    if let Asked::Answered(Answer::Payment(payment)) = &mut asked {
        payment.payment_uid = Some(long());
        payment.accounting_fail_reason = Some(long());
        payment.accounting_status = AccountingStatus::Failed;
    }
    let others = ["A-1002".to_owned()];
    let case = Case { shared_with: &others, ..case(Some(&entry), &asked, now()) };
    let rows = judge(&case, &Policy::default()).mismatches;
    assert_eq!(rows.len(), 2);
    for row in rows {
        let length = row.reason.as_str().chars().count();
        assert!(length < 400, "{}: {length} characters", row.kind);
    }
}

/// The reasons of an order's rows of one kind.
fn reasons(order: &Order, kind: Kind) -> Vec<String> {
    let rows = order.judged().mismatches;
    rows.into_iter().filter(|row| row.kind == kind).map(|row| row.reason.to_string()).collect()
}

/// "one sentence with every figure and the gateway's fail reason"
#[test]
fn a_reason_gives_every_figure_and_the_fail_reason() {
    let said = Order { fail_reason: "Bank 51 to 6660006666789", ..Order::settled() };
    let open = Order { ledger_status: "pending", payment_status: "pending", ..said.clone() };
    for (order, kind, reason) in [
        (
            Order { final_amount: Some(490_000_000), ..said.clone() },
            Kind::FinalAmountDifference,
            "The gateway settled 490.00 of 500.00 inr: 10.00 short (2.00 %).",
        ),
        (
            Order { accounting_status: "", ..said.clone() },
            Kind::AccountingPending,
            "The payment of 500.00 inr is completed, but its accounting status is still none after \
             3 days (limit 24 hours).",
        ),
        (
            open,
            Kind::PendingTooLong,
            "The status of the payment of 500.00 inr is still pending after 3 days (limit 24 \
             hours).",
        ),
        (
            Order {
                ledger_amount: 510_000_000,
                ledger_status: "",
                payment_status: "failed",
                final_amount: Some(1_000_000),
                currency: "USD",
                ..said.clone()
            },
            Kind::StatusDifference,
            "The ledger gives no known status for 510.00 inr, the gateway says failed for \
             500.00 usd (final amount 1.00).",
        ),
        (
            Order { payment_status: "failed", final_amount: None, ..said },
            Kind::StatusDifference,
            "The ledger says paid for 500.00 inr, the gateway says failed for 500.00 inr.",
        ),
    ] {
        let expected = format!("{reason} The gateway says: \"Bank 51 to …6789\".");
        assert_eq!(reasons(&order, kind), [expected]);
    }
}

/// The limit is 24 hours, and the run starts on Friday at 7:30 in Kolkata.
#[test]
fn a_limit_of_banks_says_that_their_closed_days_do_not_count() {
    let bank_closed = vec!["thu"];
    let terms = Terms { bank_closed, ..Terms::default() };
    let order = |hours: i64, transaction_type, payment_status| Order {
        ledger_transaction_type: transaction_type,
        transaction_type,
        ledger_status: "pending",
        payment_status,
        accounting_status: "",
        age_ms: hours * 3_600_000 + 1,
        terms: Terms { ledger_lag_hours: 72, ..terms.clone() },
        ..Order::settled()
    };
    let of_banks = "(limit 24 hours on days on which banks are open).";
    for (transaction_type, payment_status, kind, limit) in [
        ("income", "completed", Kind::AccountingPending, of_banks),
        ("expense", "processing", Kind::PendingTooLong, of_banks),
        ("income", "processing", Kind::PendingTooLong, "(limit 24 hours)."),
    ] {
        let in_bank_time = limit == of_banks;
        let young = reasons(&order(47, transaction_type, payment_status), kind);
        assert_eq!(young.is_empty(), in_bank_time, "{young:?}");
        let old = reasons(&order(48, transaction_type, payment_status), kind).concat();
        assert!(old.ends_with(&format!("after 2 days {limit}")), "{old}");
    }
}

#[test]
fn a_count_of_one_is_singular() {
    let terms = Terms { settle_within_hours: 1, ledger_lag_hours: 0, ..Terms::default() };
    let order = |age_ms, payment_status| Order {
        ledger_status: "pending",
        payment_status,
        age_ms,
        terms: terms.clone(),
        ..Order::settled()
    };
    assert_eq!(
        reasons(&order(3_600_001, "pending"), Kind::PendingTooLong),
        ["The status of the payment of 500.00 inr is still pending after 60 minutes (limit 1 \
          hour)."]
    );
    assert_eq!(
        reasons(&order(60_000, "completed"), Kind::StatusDifference),
        ["The ledger says pending for 500.00 inr, the gateway says completed for 500.00 inr \
          (final amount 500.00) 1 minute after the order."]
    );
}

#[test]
fn a_meaningless_percentage_is_left_out() {
    for (amount, share) in [(5_000_000, " (9900.00 %)"), (4_950_000, "")] {
        let order = Order {
            ledger_amount: amount,
            amount,
            final_amount: Some(amount + 495_000_000),
            ..Order::settled()
        };
        let reason = reasons(&order, Kind::FinalAmountDifference).concat();
        assert!(reason.ends_with(&format!(": 495.00 over{share}.")), "{reason}");
    }
}

#[test]
fn a_word_without_printable_characters_is_shown_as_empty_quotes() {
    let order = Order { transaction_type: "\u{7}", ..Order::settled() };
    assert_eq!(
        reasons(&order, Kind::TypeDifference),
        ["The order of 500.00 inr is income in the ledger, \"\" at the gateway."]
    );
}

/// "both currencies are given and differ (case apart)": the original texts are compared, not the
/// cleaned texts.
#[test]
fn currencies_are_compared_before_cleaning() {
    for currency in ["i\u{200b}nr", "INR\u{7}", "6660006666789"] {
        let order = Order { currency, ..Order::settled() };
        assert_eq!(reasons(&order, Kind::CurrencyDifference).len(), 1, "{currency:?}");
    }
    let masked = Order { ledger_currency: "11116789", currency: "22226789", ..Order::settled() };
    assert_eq!(reasons(&masked, Kind::CurrencyDifference).len(), 1);
    let other_case = Order { currency: "iNr", ..Order::settled() };
    assert_eq!(other_case.judged().outcome.as_str(), "matched");
}
