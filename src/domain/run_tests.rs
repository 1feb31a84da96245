//! What a run says at its end, and figures that do not add up.

use super::*;

/// Changes what a run found.
type Change<T> = fn(&mut T);

/// A run of four orders, one of each outcome but unverified, on which all sums agree.
fn summary() -> RunSummary {
    let day = NaiveDate::default();
    let figures = Figures {
        ledger: LedgerFigures {
            rows: 5,
            accepted: 3,
            repeated: 1,
            skipped: 1,
            ..Default::default()
        },
        orders: OrderFigures {
            selected: 3,
            reused: 0,
            matched: 1,
            in_transit: 1,
            mismatched: 1,
            unverified: 0,
        },
        ..Figures::default()
    };
    RunSummary {
        run_id: 1,
        from: None,
        to: None,
        day,
        figures,
        unverified_reasons: Vec::new(),
        oldest_reused: None,
        warnings: Vec::new(),
    }
}

#[test]
fn the_exit_code_is_the_gravest_of_what_was_found() {
    let finding = |run: &mut RunSummary| run.figures.findings_for_exit = 1;
    let invalid = |run: &mut RunSummary| run.figures.ledger.invalid = 1;
    let doubt = |run: &mut RunSummary| run.warnings.push(Warning::doubt("ledger_stale", ""));
    let unverified = |run: &mut RunSummary| {
        run.figures.mismatches.insert(Kind::Unverified, 1);
    };
    let warning = |run: &mut RunSummary| run.warnings.push(Warning::new("deadline", ""));
    let accepted = |run: &mut RunSummary| {
        run.figures.accepted.insert(Kind::Unverified, 1);
    };
    let changes: [(Change<RunSummary>, u8); 6] =
        [(warning, 0), (accepted, 0), (finding, 1), (invalid, 4), (doubt, 4), (unverified, 3)];
    assert_eq!(summary().exit_code(), 0);
    for (one, first) in changes {
        for (other, second) in changes {
            let mut run = summary();
            one(&mut run);
            other(&mut run);
            // 3 outranks 4, 4 outranks 1.
            let expected = [3, 4, 1].into_iter().find(|code| [first, second].contains(code));
            assert_eq!(run.exit_code(), expected.unwrap_or(0), "{run:?}");
            assert_eq!(run.has_open_doubt(), expected == Some(3));
        }
    }
}

#[test]
fn a_run_is_complete_without_unverified_orders_also_if_they_are_accepted() {
    let mut run = summary();
    assert_eq!((run.is_complete(), run.status()), (true, "complete"));
    run.figures.orders.count(Outcome::Unverified);
    run.figures.accepted.insert(Kind::Unverified, 1);
    assert_eq!((run.is_complete(), run.status()), (false, "incomplete"));
    assert_eq!(run.exit_code(), 0, "finance has accepted it");
}

#[test]
fn only_doubts_are_counted_as_such() {
    let mut run = summary();
    run.warnings = vec![Warning::new("deadline", "a"), Warning::doubt("ledger_gap", "b")];
    let doubts: Vec<&str> = run.doubts().map(|doubt| doubt.code.as_str()).collect();
    assert_eq!(doubts, ["ledger_gap"]);
}

#[test]
fn each_outcome_has_its_figure() {
    let mut orders = OrderFigures::default();
    let outcomes = [Outcome::Matched, Outcome::InTransit, Outcome::Mismatched, Outcome::Unverified];
    for (times, outcome) in (1..).zip(outcomes) {
        for _ in 0..times {
            orders.count(outcome);
        }
    }
    let expected = OrderFigures {
        selected: 0,
        reused: 0,
        matched: 1,
        in_transit: 2,
        mismatched: 3,
        unverified: 4,
    };
    assert_eq!(orders, expected);
}

#[test]
fn each_bucket_has_its_sum_and_accepted_money_is_not_at_risk() {
    let units = |units: i64| Amount::from_micros(units * 1_000_000);
    let mut money = MoneyFigures::default();
    for (figure, bucket) in [
        (1, Bucket::AgainstUs),
        (20, Bucket::InOurFavour),
        (300, Bucket::InDoubt),
        (4_000, Bucket::Unverified),
        (50_000, Bucket::Accepted),
        (600_000, Bucket::Information),
    ] {
        money.count(bucket, units(figure));
    }
    let sums = [
        money.against_us,
        money.in_our_favour,
        money.in_doubt,
        money.unverified,
        money.accepted,
        money.at_risk,
    ];
    let expected = ["1.00", "20.00", "300.00", "4000.00", "50000.00", "4321.00"];
    assert_eq!(sums.map(|sum| sum.to_string()), expected);
    money.orders = 6;
    money.ledger_amount.add(units(7));
    money.gateway_amount.add(units(8));
    money.final_amount.add(units(9));
    money.variance.add(units(10));
    let MoneyFigures { orders, ledger_amount, gateway_amount, final_amount, variance, .. } = money;
    let left = MoneyFigures {
        orders,
        ledger_amount,
        gateway_amount,
        final_amount,
        variance,
        ..MoneyFigures::default()
    };
    money.clear_places();
    assert_eq!(money, left);
}

#[test]
fn figures_that_do_not_add_up_are_found() {
    let inr = ("inr".to_owned(), "income".to_owned());
    let amounts = |micros: i64| {
        let mut sums = BTreeMap::new();
        add_to(&mut sums, "inr", Amount::from_micros(micros));
        add_to(&mut sums, "inr", Amount::from_micros(1));
        sums
    };
    let balanced = || {
        let mut figures = summary().figures;
        figures.ledger = LedgerFigures {
            rows: 11,
            accepted: 3,
            invalid: 2,
            repeated: 1,
            superseded: 4,
            skipped: 1,
            changed: 5,
        };
        let mut money = MoneyFigures { orders: 3, ..MoneyFigures::default() };
        money.ledger_amount.add(Amount::from_micros(8));
        figures.totals.insert(inr.clone(), money);
        // What the gateway has in another currency is no order of the ledger.
        figures.totals.insert(("usd".to_owned(), "income".to_owned()), MoneyFigures::default());
        figures
    };
    assert_eq!(balanced().check(&amounts(7)), Ok(()));
    let both_accepted = {
        let mut figures = balanced();
        (figures.orders.matched, figures.orders.unverified) = (0, 1);
        figures.accepted.insert(Kind::Unverified, 1);
        figures
    };
    assert_eq!(both_accepted.check(&amounts(7)), Ok(()));

    let changes: [(Change<Figures>, &str); 11] = [
        (|it| it.ledger.rows += 1, "rows read"),
        (|it| it.ledger.accepted += 1, "rows read"),
        (|it| it.ledger.invalid += 1, "rows read"),
        (|it| it.ledger.repeated += 1, "rows read"),
        (|it| it.ledger.superseded += 1, "rows read"),
        (|it| it.ledger.skipped += 1, "rows read"),
        (|it| it.orders.selected += 1, "selected orders"),
        (|it| it.orders.matched += 1, "selected orders"),
        (|it| (it.orders.matched, it.orders.unverified) = (0, 1), "unverified orders"),
        (|it| *it.mismatches.entry(Kind::Unverified).or_default() += 1, "unverified orders"),
        (|it| it.totals.clear(), "the ledger's amount"),
    ];
    for (change, what) in changes {
        let mut figures = balanced();
        change(&mut figures);
        let message = figures.check(&amounts(7)).map_err(|imbalance| imbalance.to_string());
        assert!(message.as_ref().is_err_and(|it| it.contains(what)), "{what}: {message:?}");
    }
    assert!(balanced().check(&amounts(6)).is_err());
}

#[test]
fn the_rows_of_the_totals_are_sorted() {
    let key = |currency: &str, direction: &str| (currency.to_owned(), direction.to_owned());
    let money = |orders| MoneyFigures { orders, ..MoneyFigures::default() };
    let totals = MoneyByCurrency::from([
        (key("usd", "income"), money(1)),
        (key("inr", "income"), money(2)),
        (key("inr", "expense"), money(3)),
    ]);
    let rows = money_rows(&totals);
    let shown: Vec<_> = rows
        .iter()
        .map(|row| (row.currency.as_str(), row.transaction_type.as_str(), row.money.orders))
        .collect();
    assert_eq!(shown, [("inr", "expense", 3), ("inr", "income", 2), ("usd", "income", 1)]);
}
