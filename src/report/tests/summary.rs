//! The two summaries of a run.

use super::*;
use crate::domain::amount::Total;
use crate::domain::run::{Figures, LedgerFigures, MoneyFigures, OrderFigures, RunSummary, Warning};
use crate::report::summary::{json, text};

/// The object in the contract, "`run`", with shorter lines.
const EXAMPLE: &str = r#"
{"run_id": 1, "status": "incomplete", "from": "2026-11-01", "to": "2026-11-20",
 "ledger": {"rows": 6, "accepted": 6, "invalid": 0, "repeated": 0, "superseded": 0,
            "skipped": 0, "changed": 0},
 "days": [{"date": "2026-11-20", "orders": 6}],
 "warnings": [{"code": "ledger_shrunk", "text": "…"}],
 "orders": {"selected": 6, "reused": 0, "matched": 1, "in_transit": 1, "mismatched": 3,
            "unverified": 1},
 "mismatches": {"final_amount_difference": 1, "overdue": 2, "unverified": 1}, "open_elsewhere": 0,
 "totals": [{"currency": "inr", "transaction_type": "income", "orders": 6,
             "ledger_amount": "600.00", "gateway_amount": "500.00",
             "final_amount": "490.00", "variance": "-10.00",
             "at_risk": "310.00",
             "against_us": "210.00", "in_our_favour": "0.00", "in_doubt": "0.00",
             "unverified": "100.00", "accepted": "0.00"}],
 "requests": 9, "seconds": 1.2, "reports": ["reports/…csv"], "exit_code": 3}
"#;

fn total(text: &str) -> Total {
    Total::parse(text).unwrap_or_default()
}

fn money(orders: u64, amounts: [&str; 5]) -> MoneyFigures {
    let [ledger_amount, gateway_amount, final_amount, variance, at_risk] = amounts.map(total);
    MoneyFigures {
        orders,
        ledger_amount,
        gateway_amount,
        final_amount,
        variance,
        at_risk,
        against_us: at_risk,
        ..MoneyFigures::default()
    }
}

fn contracts_run() -> RunSummary {
    let mut income = money(6, ["600", "500", "490", "-10", "310"]);
    (income.against_us, income.unverified) = (total("210"), total("100"));
    RunSummary {
        unverified_reasons: Vec::new(),
        oldest_reused: None,
        warnings: vec![Warning::new("ledger_shrunk", "…")],
        run_id: 1,
        from: Some(date("2026-11-01")),
        to: Some(date("2026-11-20")),
        day: date("2026-11-21"),
        figures: Figures {
            ledger: LedgerFigures { rows: 6, accepted: 6, ..LedgerFigures::default() },
            orders: OrderFigures {
                selected: 6,
                reused: 0,
                matched: 1,
                in_transit: 1,
                mismatched: 3,
                unverified: 1,
            },
            mismatches: [
                (Kind::Overdue, 2),
                (Kind::Unverified, 1),
                (Kind::FinalAmountDifference, 1),
            ]
            .into(),
            days: [(date("2026-11-20"), 6)].into(),
            totals: [(("inr".to_owned(), "income".to_owned()), income)].into(),
            requests: 9,
            findings_for_exit: 4,
            ..Figures::default()
        },
    }
}

fn file(path: &str, role: Role) -> Written {
    Written { role, path: path.into(), sha256: String::new() }
}

/// Without the spaces between its tokens; key order is kept.
fn compact(json: &str) -> String {
    let mut quoted = false;
    json.chars()
        .filter(|character| {
            quoted ^= *character == '"';
            quoted || !character.is_whitespace()
        })
        .collect()
}

#[test]
fn json_is_the_contracts_example() -> Outcome {
    let reports = [file("reports/…csv", Role::Mismatches)];
    let shown = json(&contracts_run(), &reports, 1_200, 3);
    assert_eq!(shown, compact(EXAMPLE), "the same keys in the same order");
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text);
    assert_eq!(value(&shown)?, value(EXAMPLE)?);
    Ok(())
}

#[test]
fn seconds_have_one_decimal() {
    for (duration_ms, seconds) in
        [(0, "0.0"), (49, "0.0"), (50, "0.1"), (1_249, "1.2"), (999_950, "1000.0")]
    {
        let shown = json(&contracts_run(), &[], duration_ms, 3);
        assert!(shown.contains(&format!(r#""seconds":{seconds},"reports":[]"#)), "{shown}");
    }
}

#[test]
fn an_unknown_range_is_null() {
    let run = RunSummary { from: None, to: None, figures: Figures::default(), ..contracts_run() };
    let shown = json(&run, &[], 0, 0);
    assert!(shown.contains(r#""from":null,"to":null"#), "{shown}");
    assert!(shown.contains(r#""mismatches":{},"open_elsewhere":0,"totals":[]"#), "{shown}");
}

#[test]
fn people_read_what_to_do_about_an_incomplete_run() {
    let path = "reports/mismatches-2026-11-01_2026-11-20-run1-incomplete.csv";
    let reports = [file(path, Role::Mismatches)];
    insta::assert_snapshot!(text(&contracts_run(), &reports, 1_200, 3), @r"
    Run 1, 2026-11-01 to 2026-11-20: incomplete, 1 of 6 orders unverified, 4 mismatches on 4 orders

    Warning       …

    Ledger rows          6  6 accepted, 0 invalid, 0 repeated, 0 superseded
    Orders               6  1 matched, 1 in transit, 3 mismatched, 1 unverified
    Mismatches           4
                         1  final_amount_difference
                         1  unverified
                         2  overdue

    Money          orders  ledger  gateway   final  variance
    inr    income       6  600.00   500.00  490.00    -10.00

    At risk          against us  in favour  in doubt  unverified     sum  accepted
    inr      income      210.00       0.00      0.00      100.00  310.00      0.00

    Calls                9  in 1.2 s
    Report        reports/mismatches-2026-11-01_2026-11-20-run1-incomplete.csv

    Exit code 3: 1 order without a trustworthy answer; `run --resume 1` asks for them again.
    ");
}

#[test]
fn people_read_a_large_run() {
    let mut run = contracts_run();
    run.run_id = 12;
    run.to = run.from;
    run.figures = Figures {
        ledger: LedgerFigures {
            rows: 100_241,
            accepted: 100_000,
            invalid: 2,
            repeated: 230,
            superseded: 8,
            skipped: 1,
            changed: 3,
        },
        orders: OrderFigures {
            selected: 100_000,
            reused: 0,
            matched: 99_950,
            in_transit: 12,
            mismatched: 38,
            unverified: 0,
        },
        mismatches: [
            (Kind::NotifyFailed, 5),
            (Kind::Overdue, 14),
            (Kind::StatusDifference, 0),
            (Kind::MissingAtGateway, 21),
            (Kind::FinalAmountDifference, 1),
        ]
        .into(),
        days: [(date("2026-11-01"), 100_000)].into(),
        open_elsewhere: 4,
        totals: [
            (("inr", "income"), ["91234567.5", "91230000", "91229990", "-10", "4567.5"]),
            (("inr", "expense"), ["1200", "1200", "1200", "0", "0"]),
            (("bt\u{1b}c", "income"), ["0.000123", "0.000123", "0.000123", "0", "0"]),
        ]
        .map(|((currency, kind), amounts)| {
            ((currency.to_owned(), kind.to_owned()), money(50_000, amounts))
        })
        .into(),
        requests: 100_310,
        findings_for_exit: 41,
        ..Figures::default()
    };
    let reports = [
        file("r/mismatches-run12.csv", Role::Mismatches),
        file("r/mismatches-run12-invalid-rows.csv", Role::InvalidRows),
    ];
    insta::assert_snapshot!(text(&run, &reports, 613_449, 4), @r"
    Run 12, 2026-11-01: complete, 41 mismatches on 38 orders, 2 ledger rows invalid

    Warning       …

    Ledger rows     100241  100000 accepted, 2 invalid, 230 repeated, 8 superseded, 1 skipped
    Changed              3  since an earlier run
    Orders          100000  99950 matched, 12 in transit, 38 mismatched, 0 unverified
    Mismatches          41
                         1  final_amount_difference
                        21  missing_at_gateway
                        14  overdue
                         5  notify_failed
    Elsewhere            4  open mismatches of orders that are not in this run

    Money           orders       ledger      gateway        final  variance
    bt c   income    50000     0.000123     0.000123     0.000123      0.00
    inr    expense   50000      1200.00      1200.00      1200.00      0.00
    inr    income    50000  91234567.50  91230000.00  91229990.00    -10.00

    At risk          against us  in favour  in doubt  unverified      sum  accepted
    inr      income     4567.50       0.00      0.00        0.00  4567.50      0.00

    Calls           100310  in 613.4 s
    Report        r/mismatches-run12.csv
    Invalid rows  r/mismatches-run12-invalid-rows.csv

    Exit code 4: every order verified, but 2 ledger rows not usable: see r/mismatches-run12-invalid-rows.csv
    ");
}

#[test]
fn the_last_line_fits_the_exit_code() {
    let last = |run: &RunSummary, exit_code| {
        text(run, &[], 0, exit_code).lines().last().unwrap_or_default().to_owned()
    };
    let mut run = contracts_run();
    insta::assert_snapshot!(last(&run, 0), @"Exit code 0; the run itself ended with 3: 1 order without a trustworthy answer; `run --resume 1` asks for them again.");
    run.figures.ledger.invalid = 1;
    insta::assert_snapshot!(last(&run, 3), @"Exit code 3: 1 order without a trustworthy answer; `run --resume 1` asks for them again. Also 1 ledger row not usable");
    run.figures.ledger.invalid = 0;
    run.figures.orders.unverified = 0;
    run.figures.mismatches.remove(&Kind::Unverified);
    insta::assert_snapshot!(last(&run, 1), @"Exit code 1: the mismatches are in the report, most urgent first.");
    run.figures.mismatches.clear();
    run.figures.findings_for_exit = 0;
    insta::assert_snapshot!(last(&run, 0), @"Exit code 0: nothing to report.");
    run.figures.ledger.invalid = 2;
    insta::assert_snapshot!(last(&run, 4), @"Exit code 4: every order verified, but 2 ledger rows not usable");
}
