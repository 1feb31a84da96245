//! The line of each ending.

use super::*;
use crate::domain::mismatch::Kind;
use crate::domain::run::{Figures, MoneyFigures, Warning};
use chrono::DateTime;
use std::path::PathBuf;

fn line(change: &dyn Fn(&mut RunSummary)) -> String {
    let mut run = RunSummary {
        run_id: 7,
        from: None,
        to: None,
        day: DateTime::UNIX_EPOCH.date_naive(),
        figures: Figures::default(),
        unverified_reasons: Vec::new(),
        oldest_reused: None,
        warnings: Vec::new(),
    };
    run.figures.orders.selected = 3_000;
    change(&mut run);
    let path = PathBuf::from("reports/mismatches.csv");
    let report = Written { role: Role::Mismatches, path, sha256: String::new() };
    of_report(&run, &[report])
}

fn lose(run: &mut RunSummary, currency: &str, direction: &str, amount: &str) {
    let against_us = Total::parse(amount).unwrap_or_default();
    let money = MoneyFigures { against_us, ..MoneyFigures::default() };
    run.figures.totals.insert((currency.to_owned(), direction.to_owned()), money);
}

/// What makes a run another than the plain one.
type Change<'a> = &'a dyn Fn(&mut RunSummary);

#[test]
fn a_run_with_a_report_has_its_line() {
    let mismatched = |run: &mut RunSummary| {
        (run.figures.findings_for_exit, run.figures.orders.mismatched) = (1, 12);
        lose(run, "inr", "income", "200.00");
        lose(run, "inr", "expense", "10.00");
        lose(run, "usd", "income", "0");
    };
    let two_currencies = |run: &mut RunSummary| {
        mismatched(run);
        lose(run, "usd", "income", "1.50");
    };
    let unverified = |run: &mut RunSummary| {
        run.figures.orders.unverified = 6;
        run.figures.mismatches.insert(Kind::Unverified, 6);
    };
    let both = |run: &mut RunSummary| {
        mismatched(run);
        unverified(run);
    };
    let doubtful = |run: &mut RunSummary| {
        run.figures.orders.selected = 1;
        run.figures.ledger.invalid = 1;
        run.warnings = vec![Warning::new("deadline", ""), Warning::doubt("ledger_gap", "")];
    };
    let accepted = |run: &mut RunSummary| {
        (run.figures.orders.mismatched, run.figures.accepted_orders) = (2, 2);
    };
    let cases: [(Change, &str); 7] = [
        (&|_| {}, "0: 3,000 orders, nothing to report"),
        (&accepted, "0: 3,000 orders, nothing to report"),
        (&mismatched, "1: 12 of 3,000 orders with mismatches, 210.00 inr against us"),
        (
            &two_currencies,
            "1: 12 of 3,000 orders with mismatches, 210.00 inr + 1.50 usd against us",
        ),
        (&unverified, "3: 6 of 3,000 orders unverified"),
        (&both, "3: 6 of 3,000 orders unverified, 12 with mismatches, 210.00 inr against us"),
        (&doubtful, "4: 1 order, nothing to report, 1 ledger row invalid, ledger_gap"),
    ];
    for (change, expected) in cases {
        let whole = format!("run 7 ended {expected}; report: reports/mismatches.csv");
        assert_eq!(line(change), whole);
    }
}

#[test]
fn a_run_without_a_report_has_its_line() {
    for (run_id, code, message, expected) in [
        (Some(6), 14, "the disk is full", "run 6 ended 14: the disk is full"),
        (None, 2, "it failed", "run ended 2: it failed"),
        (
            Some(6),
            13,
            "the gateway answered 503 (run 6: 0 of 300 answered)",
            "run 6 ended 13: the gateway answered 503 (0 of 300 answered)",
        ),
    ] {
        assert_eq!(of_failure(run_id, code, message), expected);
    }
}

#[test]
fn nothing_in_quotes_leaves_this_machine() {
    for (line, expected) in [
        ("run 6 ended 13: no answer", "run 6 ended 13: no answer"),
        (r#"the error "no order A17" came"#, r#"the error "…" came"#),
        // The gateway's own quotes.
        (r#"the error "no order "A17"" came"#, r#"the error "…" came"#),
        (r#"row 4: "A17" and "A18", 3 rows"#, r#"row 4: "…", 3 rows"#),
        (r#"row 4: "A17 and all the rest"#, r#"row 4: "…""#),
    ] {
        assert_eq!(without_quoted(line), expected);
    }
    let long = without_quoted(&"é".repeat(LONGEST + 1));
    assert_eq!(long, "é".repeat(LONGEST) + "…");
    assert_eq!(without_quoted(&"é".repeat(LONGEST)), "é".repeat(LONGEST));
}
