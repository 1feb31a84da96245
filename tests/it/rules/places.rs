//! The place of an order in the money: every kind in both directions, with the figure worked out by
//! hand, and a second reading of the contract on random orders.

mod kinds;
mod mixed;

use super::generator::orders;
use super::model::place::{PlacedRow, place as place_as_the_contract_reads};
use super::order::{Order, case, now};
use octopus_recon::domain::amount::Amount;
use octopus_recon::domain::mismatch::{Kind, Severity};
use octopus_recon::domain::money::Moved;
use octopus_recon::domain::money::{Bucket, Place};
use octopus_recon::domain::payment::{Answer, Asked};
use octopus_recon::rules::Policy;
use octopus_recon::rules::{Counted, moved, place};
use proptest::prelude::*;

const UNIT: i64 = 1_000_000;
const HOUR_MS: i64 = 3_600_000;
/// The widest difference of the conflicting rows of a test order.
const SPREAD: i64 = 100 * UNIT;

/// An order, the kinds that the rules find, and its place.
type Row = (Order, &'static str, &'static str, &'static str);

/// A kind, its severity, and whether finance has accepted it.
type Finding = (Kind, Severity, bool);

fn counted((kind, severity, is_accepted): Finding) -> Counted {
    Counted { kind, severity, is_accepted, is_suspect: false }
}

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
        let findings = found.iter().map(|row| counted((row.kind, row.severity, false)));
        let is_verified = order.asked != "unverified";
        let place = place(&order.moved(is_first_of_payment), is_verified, findings);
        let shown = (place.bucket.as_str(), place.amount.to_string(), place.currency.as_str());
        assert_eq!(shown, (bucket, amount.to_owned(), "inr"), "{kinds}: {order:?}");
    }
}

#[test]
fn accepted_findings_leave_the_figure_to_the_others() {
    let short = order("income", ("paid", 500), ("completed", 500, Some(490))).moved(false);
    let nothing_moved = order("income", ("paid", 500), ("overdue", 500, None)).moved(false);
    let unanswered = Order { asked: "unverified", ..agreed("income") }.moved(false);
    let (high, medium, low) = (Severity::High, Severity::Medium, Severity::Low);
    let (accepted, open) = (true, false);
    let cases: [(&Moved, bool, &[Finding], &str, &str); 11] = [
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
        let place = place(moved, is_verified, findings.iter().copied().map(counted));
        assert_eq!(
            (place.bucket.as_str(), place.amount.to_string().as_str()),
            (bucket, amount),
            "{findings:?}"
        );
    }
}

#[test]
fn suspect_findings_are_apart_until_another_one_counts() {
    let short = order("income", ("paid", 500), ("completed", 500, Some(490))).moved(false);
    let (high, low) = (Severity::High, Severity::Low);
    let finding = |kind, severity, is_accepted, is_suspect| Counted {
        kind,
        severity,
        is_accepted,
        is_suspect,
    };
    let suspect = finding(Kind::FinalAmountDifference, high, false, true);
    let cases = [
        (vec![suspect], "suspect", "10.00"),
        (vec![suspect, finding(Kind::AccountingFailed, high, true, false)], "suspect", "10.00"),
        (vec![suspect, finding(Kind::NotifyFailed, low, false, false)], "suspect", "10.00"),
        (vec![suspect, finding(Kind::AccountingFailed, high, false, false)], "against_us", "10.00"),
        (vec![finding(Kind::NotifyFailed, low, false, true)], "suspect", "0.00"),
        (vec![finding(Kind::FinalAmountDifference, high, true, false)], "accepted", "10.00"),
    ];
    for (findings, bucket, amount) in cases {
        let place = place(&short, true, findings.iter().copied());
        let shown = (place.bucket.as_str(), place.amount.to_string());
        assert_eq!(shown, (bucket, amount.to_owned()), "{findings:?}");
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
    assert_eq!(place(&moved, true, findings.into_iter().map(counted)), expected);
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
        let findings: Vec<Finding> = found
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
            findings.iter().copied().map(counted),
        );
        let expected = place_as_the_contract_reads(&order, is_first_of_payment, SPREAD, &rows);
        prop_assert_eq!(
            (placed.bucket.as_str(), placed.amount.micros()), expected, "{:?} {:?}", order, rows
        );
        prop_assert!(!placed.amount.is_negative());
    }
}
