//! Orders without a ledger entry, such as settlement lines: only the gateway's side is judged.

use super::order::{Order, case, now};
use octopus_recon::domain::mismatch::{Kind, Outcome};
use octopus_recon::domain::payment::Answer;
use octopus_recon::domain::payment::Asked;
use octopus_recon::rules::{Judgement, Policy, judge};

fn judged(asked: &Asked) -> Judgement {
    judge(&case(None, asked, now()), &Policy::default())
}

#[test]
fn an_order_without_an_entry_is_judged_by_the_gateways_side_alone() {
    assert_eq!(judged(&Order::settled().asked()).outcome, Outcome::Matched);

    let short = Order { final_amount: Some(490_000_000), ..Order::settled() };
    let found = judged(&short.asked());
    assert_eq!(found.mismatches.len(), 1, "{found:?}");
    assert_eq!(found.mismatches[0].kind, Kind::FinalAmountDifference);
    assert_eq!(found.mismatches[0].at_risk.to_string(), "10.00");

    // The gateway's amount is at risk.
    let failed = Order { accounting_status: "failed", ..Order::settled() };
    let found = judged(&failed.asked());
    assert_eq!(found.mismatches[0].kind, Kind::AccountingFailed);
    assert_eq!(found.mismatches[0].at_risk.to_string(), "500.00");

    // The age is unknown, so the order counts as old.
    let open = Order { payment_status: "pending", final_amount: None, ..Order::settled() };
    let found = judged(&open.asked());
    assert_eq!(found.mismatches[0].kind, Kind::PendingTooLong);
    assert!(found.mismatches[0].reason.as_str().contains("after an unknown time"), "{found:?}");

    let missing = Asked::Answered(Answer::Missing("Order not found".to_owned()));
    assert_eq!(judged(&missing).mismatches[0].kind, Kind::MissingAtGateway);
}
