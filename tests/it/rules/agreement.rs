//! The rules and the model agree on every generated order, and the generated orders reach every
//! sentence of the contract.

#![expect(clippy::expect_used, reason = "a failed setup fails the test")]

use super::generator::orders;
use super::model;
use super::order::{ACCOUNT, Order};
use super::sentences::{SENTENCES, WAITS};
use octopus_recon::domain::amount::Amount;
use octopus_recon::domain::mismatch::{Kind, Mismatch, Outcome};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_rules_judge_as_the_contract_reads(order in orders()) {
        let judged = order.judged();
        let verdict = model::judge(&order);
        let mut by_rules: Vec<_> = judged.mismatches.iter().map(|mismatch| (
            mismatch.kind.as_str(),
            mismatch.severity.as_str(),
            mismatch.variance.map(Amount::micros),
            mismatch.at_risk.micros(),
            mismatch.currency.clone(),
        )).collect();
        let mut by_contract: Vec<_> = verdict.rows.iter().map(|row| (
            row.kind, row.severity, row.variance, row.at_risk, row.currency.clone(),
        )).collect();
        by_rules.sort();
        by_contract.sort();
        prop_assert_eq!(&by_rules, &by_contract, "rules, contract: {:?}", &verdict);
        prop_assert_eq!(judged.outcome.as_str(), verdict.outcome, "rules, contract: {:?}", verdict);
        prop_assert_eq!(judged.variance.map(Amount::micros), verdict.variance);

        let kinds: Vec<Kind> = judged.mismatches.iter().map(|mismatch| mismatch.kind).collect();
        prop_assert!(kinds.is_sorted_by(|one, next| one < next), "one per kind, sorted: {kinds:?}");
        for mismatch in &judged.mismatches {
            if let Err(problem) = check_text(mismatch) {
                prop_assert!(false, "{problem}: {mismatch:?}");
            }
        }
    }
}

/// Checks that the reason is one sentence, shows no account and no control character, and formats
/// every figure as a decimal.
fn check_text(mismatch: &Mismatch) -> Result<(), &'static str> {
    let reason = mismatch.reason.as_str();
    if reason.contains(ACCOUNT) || mismatch.currency.contains(ACCOUNT) {
        return Err("shows an account");
    }
    if reason.chars().chain(mismatch.currency.chars()).any(char::is_control) {
        return Err("holds a control character");
    }
    if !reason.ends_with('.') || reason.len() < 20 {
        return Err("is no sentence");
    }
    if reason.contains("  ") || reason.contains("..") || reason.contains("Some(") {
        return Err("is put together badly");
    }
    for figure in reason.split(|character: char| !(character.is_ascii_digit() || character == '.'))
    {
        let decimals = figure.trim_end_matches('.').split_once('.').map_or("00", |(_, last)| last);
        if !(2..=6).contains(&decimals.len()) {
            return Err("has a figure with too few or too many decimals");
        }
    }
    match mismatch.variance {
        Some(variance) if !reason.contains(&variance.abs().to_string()) => {
            Err("does not name its variance")
        }
        _ => Ok(()),
    }
}

#[test]
fn the_generator_reaches_every_sentence_of_the_contract() {
    let (mut rows, mut outcomes, mut waits) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut judged_rows, mut judged_outcomes) = (BTreeSet::new(), BTreeSet::new());
    for order in some_orders(4_000) {
        let verdict = model::judge(&order);
        outcomes.insert(verdict.outcome);
        rows.extend(verdict.rows.iter().map(|row| (row.kind, row.severity, row.because)));
        waits.extend(verdict.waits.iter().filter(|_| verdict.outcome == "in_transit"));
        let judged = order.judged();
        judged_outcomes.insert(judged.outcome.as_str());
        judged_rows
            .extend(judged.mismatches.iter().map(|row| (row.kind.as_str(), row.severity.as_str())));
    }
    let all_outcomes: BTreeSet<&str> =
        Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    assert_eq!(outcomes, all_outcomes);
    assert_eq!(judged_outcomes, all_outcomes);

    let mut severities: BTreeSet<(&str, &str)> = BTreeSet::from([
        ("final_amount_difference", "medium"),
        ("overdue", "low"),
        ("type_difference", "medium"),
        ("missing_at_gateway", "low"),
    ]);
    // "all of … at that severity"
    for kind in ["overdue", "status_difference", "pending_too_long", "missing_at_gateway"] {
        severities.extend(["low", "medium", "high"].map(|severity| (kind, severity)));
    }
    severities.extend(Kind::ALL.iter().map(|kind| (kind.as_str(), usual_severity(*kind))));
    assert_eq!(judged_rows, severities);
    let model_rows: BTreeSet<(&str, &str)> =
        rows.iter().map(|(kind, severity, _)| (*kind, *severity)).collect();
    assert_eq!(model_rows, severities);

    let reached: BTreeSet<&str> = rows.iter().map(|(_, _, because)| *because).collect();
    assert_eq!(reached, BTreeSet::from(SENTENCES));
    assert_eq!(waits, BTreeSet::from(WAITS));
}

/// The contract's column `severity`; its first word if there are several.
fn usual_severity(kind: Kind) -> &'static str {
    match kind {
        Kind::FinalAmountMissing
        | Kind::Overdue
        | Kind::LedgerDuplicate
        | Kind::AccountingPending
        | Kind::PendingTooLong
        | Kind::UnknownStatus => "medium",
        Kind::NotifyFailed => "low",
        _ => "high",
    }
}

/// The same orders on every run and machine.
fn some_orders(count: usize) -> impl Iterator<Item = Order> {
    let mut runner = TestRunner::deterministic();
    std::iter::repeat_with(move || {
        orders().new_tree(&mut runner).expect("an order without a condition").current()
    })
    .take(count)
}
