//! What a reason may not show of the texts that it is made of, and what it names beside figures.

use super::order::{ACCOUNT, Order, now};
use octopus_recon::domain::mismatch::Kind;
use octopus_recon::domain::payment::{AccountingStatus, Answer, Asked};
use octopus_recon::rules::{Case, Policy, judge};

#[test]
fn an_unverified_order_names_what_stays_open() {
    let (entry, asked) =
        (Order::settled().entry(), Order { asked: "", ..Order::settled() }.asked());
    let still_open = [Kind::Overdue, Kind::Unverified, Kind::NotifyFailed];
    let case = Case {
        entry: &entry,
        asked: &asked,
        shared_with: &[],
        still_open: &still_open,
        now: now(),
    };
    assert_eq!(
        judge(&case, &Policy::default()).mismatches[0].reason,
        "500.00 inr not verified: the gateway answered 503, after 4 calls. Still open from earlier \
         runs: overdue, notify_failed."
    );
}

/// "Text from the gateway is cut, freed of control characters, and its long runs of digits
/// masked": the currency is the gateway's text too.
#[test]
fn a_currency_of_the_gateways_is_fit_to_print() {
    let hostile = Order { currency: "usd 6660006666789\u{1b}[2J\r\n", ..Order::settled() };
    let short = Order { final_amount: Some(490_000_000), ..hostile.clone() };
    let unsaid = Order { final_amount: None, ..hostile.clone() };
    for order in [hostile, short, unsaid] {
        for row in order.judged().mismatches {
            for text in [&row.reason, &row.currency] {
                let fit = !text.contains(ACCOUNT) && !text.contains(char::is_control);
                assert!(fit, "{}: {text:?}", row.kind);
            }
        }
    }
}

/// The same sentence of the contract: "text from the gateway is cut".
#[test]
fn no_text_of_the_gateways_makes_a_reason_long() {
    let order = Order { shared: true, ..Order::settled() };
    let (entry, mut asked) = (order.entry(), order.asked());
    let long = || "7/".repeat(4_000);
    if let Asked::Answered(Answer::Payment(payment)) = &mut asked {
        payment.payment_uid = Some(long());
        payment.accounting_fail_reason = Some(long());
        payment.accounting_status = AccountingStatus::Failed;
    }
    let others = ["A-1002".to_owned()];
    let case =
        Case { entry: &entry, asked: &asked, shared_with: &others, still_open: &[], now: now() };
    let rows = judge(&case, &Policy::default()).mismatches;
    assert_eq!(rows.len(), 2);
    for row in rows {
        let length = row.reason.chars().count();
        assert!(length < 400, "{}: {length} characters", row.kind);
    }
}
