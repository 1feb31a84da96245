//! Causes: a planted one is found among noise with exactly its orders, and noise alone has none.

mod night;

use super::order::now;
use chrono::TimeDelta;
use night::{CENT, Random, at, fails, finding, noise, on_channel, statuses, unverified};
use octopus_recon::domain::amount::{Amount, Total};
use octopus_recon::domain::decision::{Decision, Verdict};
use octopus_recon::domain::mismatch::{Kind, ReportRow};
use octopus_recon::domain::money::{Bucket, Place};
use octopus_recon::domain::morning::Cause;
use octopus_recon::domain::text::Text;
use octopus_recon::rules::causes::Clues;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

fn place(row: &ReportRow) -> Place {
    let bucket = match row.mismatch.kind {
        Kind::Unverified => Bucket::Unverified,
        Kind::StatusDifference => Bucket::InDoubt,
        _ => Bucket::AgainstUs,
    };
    Place { bucket, amount: row.mismatch.at_risk, currency: row.mismatch.currency.clone() }
}

fn causes<'a>(rows: impl IntoIterator<Item = &'a ReportRow>) -> Vec<Cause> {
    let mut clues = Clues::default();
    for row in rows {
        clues.add(row, &place(row));
    }
    clues.causes()
}

/// The cause that exactly these findings should give.
fn cause_of(what: &str, rows: &[ReportRow]) -> Cause {
    let mut sums: BTreeMap<String, Total> = BTreeMap::new();
    for row in rows {
        sums.entry(row.mismatch.currency.clone()).or_default().add(row.mismatch.at_risk);
    }
    let mut largest: Vec<&ReportRow> = rows.iter().collect();
    largest.sort_by_key(|row| (std::cmp::Reverse(row.mismatch.at_risk), &row.key));
    let examples = largest.iter().take(5).map(|row| row.key.merchant_order_id.clone()).collect();
    Cause { what: Text::own(what), orders: u64::try_from(rows.len()).unwrap_or(0), sums, examples }
}

/// Checks that the planted findings among noise give this cause and no other.
fn check(what: &str, plant: impl Fn(&str, &mut Random) -> ReportRow) {
    check_orders(what, plant, |row| row.key.merchant_order_id.starts_with('P'));
}

/// Checks that the planted findings among noise give this cause, and no other, with these orders.
fn check_orders(
    what: &str,
    plant: impl Fn(&str, &mut Random) -> ReportRow,
    is_explained: impl Fn(&ReportRow) -> bool,
) {
    for seed in 1..=5 {
        let mut random = Random(seed * 7_919);
        let mut rows = noise(&mut random, 300);
        let planted: Vec<ReportRow> =
            (0..50)
                .map(|number| {
                    let mut row = plant(&format!("P{number}"), &mut random);
                    if row.entry.as_ref().is_some_and(|entry| {
                        entry.created_at.ages_from == now() - TimeDelta::hours(72)
                    }) {
                        at(&mut row, random.between(0, 259_200));
                    }
                    row
                })
                .collect();
        rows.extend(planted);
        let explained: Vec<ReportRow> =
            rows.iter().filter(|row| is_explained(row)).cloned().collect();
        assert_eq!(causes(&rows), [cause_of(what, &explained)], "seed {seed}");
        rows.reverse();
        assert_eq!(causes(&rows), [cause_of(what, &explained)], "the order does not matter");
    }
}

/// A finding without anything that a test plants.
fn unlike_others(id: &str, random: &mut Random) -> ReportRow {
    let amount = random.between(20_000, 500_000) * CENT;
    let variance = random.between(1, amount / CENT / 6) * CENT;
    finding(id, Kind::FinalAmountDifference, amount, Some(-variance))
}

#[test]
fn the_same_percentage() {
    check("settled 2.00 % short", |id, random| {
        let amount = random.between(200, 5_000) * 100 * CENT;
        finding(id, Kind::FinalAmountDifference, amount, Some(-amount / 50))
    });
}

#[test]
fn the_same_difference() {
    check("gateway 7.50 inr above the ledger", |id, random| {
        let amount = random.between(20_000, 500_000) * CENT;
        let mut row = finding(id, Kind::LedgerAmountDifference, amount, Some(750 * CENT));
        if let (Some(entry), Some(payment)) = (&mut row.entry, &mut row.payment) {
            entry.amount = Amount::from_micros(amount - 750 * CENT);
            payment.final_amount = Some(payment.amount);
        }
        row
    });
}

#[test]
fn the_same_fail_reason_but_for_its_numbers() {
    check("the gateway says \"beneficiary bank offline, ticket #\"", |id, random| {
        let mut row = unlike_others(id, random);
        fails(
            &mut row,
            &format!("Beneficiary bank offline, ticket {}", random.between(1_000, 9_000)),
        );
        row
    });
}

#[test]
fn the_same_reason_without_an_answer() {
    check("not verified: the gateway answered 503", |id, random| {
        unverified(id, random.between(20_000, 500_000) * CENT, "the gateway answered 503")
    });
}

#[test]
fn the_same_pair_of_statuses() {
    check("refunded in the ledger, pending at the gateway", |id, random| {
        let mut row =
            finding(id, Kind::StatusDifference, random.between(20_000, 500_000) * CENT, None);
        statuses(&mut row, "refunded", "pending");
        row
    });
}

#[test]
fn the_same_channel_of_one_kind() {
    check("accounting_failed on channel wallet", |id, random| {
        let amount = random.between(20_000, 500_000) * CENT;
        let mut row = finding(id, Kind::AccountingFailed, amount, None);
        on_channel(&mut row, "wallet");
        row
    });
}

#[test]
fn the_same_hour() {
    let start = now() - TimeDelta::hours(21);
    let hour = start.timestamp() / 3_600;
    let shown = start.format("ordered between %Y-%m-%d %H:00 and ");
    let what = format!("{shown}{} UTC", (start + TimeDelta::hours(1)).format("%H:00"));
    let instant_of = |row: &ReportRow| {
        row.entry.as_ref().map_or(0, |entry| entry.created_at.ages_from.timestamp() / 3_600)
    };
    check_orders(
        &what,
        |id, random| {
            let mut row = unlike_others(id, random);
            let into_hour = start.timestamp() % 3_600;
            at(&mut row, 21 * 3_600 + into_hour - random.between(0, 3_600));
            row
        },
        |row| instant_of(row) == hour,
    );
}

#[test]
fn noise_has_no_cause() {
    for seed in 1..=300 {
        let mut random = Random(seed * 104_729);
        let count = random.below(60) * random.below(20);
        let found = causes(&noise(&mut random, count));
        assert_eq!(found, [], "{count} findings of seed {seed}");
    }
    for seed in 1..=3 {
        assert_eq!(causes(&noise(&mut Random(seed), 20_000)), [], "20,000 findings");
    }
}

#[test]
fn the_largest_cause_is_first_and_an_order_is_explained_once() {
    let mut random = Random(17);
    let mut rows = noise(&mut random, 200);
    for number in 0..60 {
        let amount = (100 + number) * 100 * CENT;
        let mut row =
            finding(&format!("P{number}"), Kind::FinalAmountDifference, amount, Some(-amount / 50));
        if number < 20 {
            fails(&mut row, "partner bank offline");
        }
        at(&mut row, random.between(0, 259_200));
        rows.push(row);
        if number < 30 {
            let mut row = unverified(&format!("U{number}"), 9_000 * 100 * CENT, "timed out");
            at(&mut row, random.between(0, 259_200));
            rows.push(row);
        }
    }
    let found: Vec<(String, u64)> =
        causes(&rows).iter().map(|cause| (cause.what.to_string(), cause.orders)).collect();
    let expected = [("not verified: timed out", 30), ("settled 2.00 % short", 60)];
    assert_eq!(found, expected.map(|(what, orders)| (what.to_owned(), orders)));
}

#[test]
fn currencies_are_compared_by_their_shares() {
    let mut rows = Vec::new();
    for number in 0..20 {
        let amount = (1_000 + number * 7) * 100 * CENT;
        // All of the little money in usd, and half of the much money in inr.
        let mut dollars =
            finding(&format!("D{number}"), Kind::FinalAmountDifference, amount, Some(-3 * CENT));
        dollars.mismatch.currency = "usd".to_owned();
        rows.push(dollars);
        rows.push(finding(
            &format!("R{number}"),
            Kind::FinalAmountDifference,
            amount,
            Some(-amount / 50),
        ));
        let other = unverified(&format!("U{number}"), amount, &format!("{number} of many"));
        rows.push(other);
    }
    let found: Vec<String> = causes(&rows).iter().map(|cause| cause.what.to_string()).collect();
    assert_eq!(found, ["settled 0.03 usd short", "settled 2.00 % short"]);
}

#[test]
fn four_orders_and_accepted_findings_are_no_cause() {
    let rows = |count: i64| -> Vec<ReportRow> {
        (0..count)
            .map(|number| {
                let amount = (1_000 + number * 7) * 100 * CENT;
                let id = format!("P{number}");
                finding(&id, Kind::FinalAmountDifference, amount, Some(-amount / 50))
            })
            .collect()
    };
    assert_eq!(causes(&rows(4)), []);
    assert_eq!(causes(&rows(5)), [cause_of("settled 2.00 % short", &rows(5))]);
    let accepted = rows(5).into_iter().map(|row| ReportRow {
        decision: Decision { verdict: Some(Verdict::Accepted), ..Decision::default() },
        ..row
    });
    assert_eq!(causes(&accepted.collect::<Vec<_>>()), []);
}

/// All orders of a date-only ledger are created at the end of their day: no hour is a cause.
#[test]
fn a_ledger_without_times_has_no_busy_hour() {
    let mut random = Random(5);
    let mut rows: Vec<ReportRow> =
        (0..100).map(|number| unlike_others(&format!("P{number}"), &mut random)).collect();
    for (row, day) in rows.iter_mut().zip((0..3).cycle()) {
        at(row, day * 86_400);
    }
    assert_eq!(causes(&rows), []);
    // Where summer time ends, a day ends at another time of day.
    for (row, day) in rows.iter_mut().zip((0..3).cycle()) {
        at(row, day * 86_400 + if day == 2 { 3_600 } else { 0 });
    }
    assert_eq!(causes(&rows), []);
}

#[test]
fn all_of_it_is_no_rate() {
    let rows = |percent: i64| -> Vec<ReportRow> {
        let rows = (0..5).map(|number| {
            let amount = (1_000 + number * 7) * 100 * CENT;
            let id = format!("P{number}");
            finding(&id, Kind::FinalAmountDifference, amount, Some(amount / 100 * percent))
        });
        rows.collect()
    };
    for (percent, expected) in [
        (99, Some("settled 99.00 % over")),
        (100, None),
        (101, None),
        (-99, Some("settled 99.00 % short")),
        (-100, None),
    ] {
        let found = causes(&rows(percent));
        let found: Vec<String> = found.iter().map(|cause| cause.what.to_string()).collect();
        assert_eq!(found, Vec::from_iter(expected.map(str::to_owned)), "{percent}");
    }
}

#[test]
fn a_hundred_thousand_findings_take_no_time() {
    let mut random = Random(11);
    let mut rows = noise(&mut random, 100_000);
    for (row, number) in rows.iter_mut().zip(0_i64..) {
        if number % 10 == 0 {
            let amount = (200 + number % 977) * 100 * CENT;
            let id = format!("P{number}");
            *row = finding(&id, Kind::FinalAmountDifference, amount, Some(-amount / 50));
            at(row, random.between(0, 259_200));
        }
    }
    let started = Instant::now();
    let found = causes(&rows);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].what.as_str(), "settled 2.00 % short");
    // A release build takes a tenth of it. The limit is there to find a quadratic search.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
