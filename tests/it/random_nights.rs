//! Every order of a random night has its outcome. The built binary reads a random ledger, queries a
//! sandbox with a random book, and must reach the results of the model of the contract. The ledger
//! is known here, the calls are in the gateway's journal and the outcomes are in the database, so
//! that no check relies on the program's output alone.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

mod night;

use crate::rules::model::{self, Verdict};
use crate::support::{FAST_RETRIES, Gateway, Merchant, Row};
use night::{Night, nights};
use octopus_recon::sandbox::Call;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_order_of_a_random_night_has_its_outcome(night in nights()) {
        check_night(&night);
    }
}

fn check_night(night: &Night) {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", format!("{FAST_RETRIES}{}", night.policy()));
    merchant.write("ledger.csv", night.ledger());
    let gateway = Gateway::serve(&night.book());
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert!(done.code.is_some_and(|code| code < 5), "{done:?}");
    let journal = gateway.stop();
    let summary = done.json();
    let rows = merchant.rows_of(&done);
    let verdicts: BTreeMap<String, Verdict> =
        night.orders.iter().map(|known| (known.id.clone(), model::judge(&known.order))).collect();

    assert_eq!(outcomes(&merchant), by_order(&verdicts, |verdict| verdict.outcome.to_owned()));
    let expected = by_order(&verdicts, |verdict| {
        let mut rows: Vec<ReportedRow> =
            verdict.rows.iter().map(ReportedRow::from_verdict).collect();
        rows.sort();
        rows
    });
    assert_eq!(reported_rows(night, &rows), expected);
    expect_figures(night, &summary, &verdicts);
    expect_totals(night, &summary["totals"], &verdicts);
    expect_calls(night, &journal, &summary);
}

fn by_order<T>(
    verdicts: &BTreeMap<String, Verdict>,
    what: impl Fn(&Verdict) -> T,
) -> BTreeMap<String, T> {
    verdicts.iter().map(|(id, verdict)| (id.clone(), what(verdict))).collect()
}

/// The outcome of each order in the database. Fails if an order has more than one row.
fn outcomes(merchant: &Merchant) -> BTreeMap<String, String> {
    let database = merchant.database();
    let query = "SELECT o.merchant_order_id,
                        CASE r.outcome WHEN 1 THEN 'matched' WHEN 2 THEN 'in_transit'
                                       WHEN 3 THEN 'mismatched' WHEN 4 THEN 'unverified' END
                 FROM run_orders r JOIN orders o ON o.order_id = r.order_id";
    let mut statement = database.prepare(query).unwrap();
    let mut outcomes = BTreeMap::new();
    let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for row in rows {
        let (order, outcome): (String, String) = row.unwrap();
        assert_eq!(outcomes.insert(order, outcome), None, "an order has one outcome");
    }
    outcomes
}

/// A row of the report as in the contract's table: kind, severity, variance, at risk, currency.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ReportedRow(String, String, Option<i128>, i128, String);

impl ReportedRow {
    fn from_verdict(row: &model::Row) -> ReportedRow {
        let variance = row.variance.map(i128::from);
        let (kind, severity) = (row.kind.to_owned(), row.severity.to_owned());
        ReportedRow(kind, severity, variance, row.at_risk.into(), row.currency.clone())
    }

    fn from_report(row: &Row) -> ReportedRow {
        let variance = Some(&*row["variance"]).filter(|cell| !cell.is_empty()).map(micros);
        let (kind, severity) = (row["kind"].clone(), row["severity"].clone());
        ReportedRow(kind, severity, variance, micros(&row["at_risk"]), row["currency"].clone())
    }
}

fn reported_rows(night: &Night, rows: &[Row]) -> BTreeMap<String, Vec<ReportedRow>> {
    let mut judged: BTreeMap<String, Vec<ReportedRow>> =
        night.orders.iter().map(|known| (known.id.clone(), Vec::new())).collect();
    for row in rows {
        let of_order = judged.get_mut(&row["merchant_order_id"]);
        of_order.unwrap().push(ReportedRow::from_report(row));
    }
    for rows in judged.values_mut() {
        rows.sort();
    }
    judged
}

/// A plain decimal in millionths.
fn micros(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (units, decimals) = digits.split_once('.').unwrap();
    assert!((2..=6).contains(&decimals.len()), "{text}");
    let number: i128 = format!("{units}{decimals:0<6}").parse().unwrap();
    sign * number
}

fn expect_figures(night: &Night, summary: &Value, verdicts: &BTreeMap<String, Verdict>) {
    let ledger = |key: &str| summary["ledger"][key].as_u64().unwrap();
    assert_eq!(
        ledger("rows"),
        ledger("accepted") + ledger("invalid") + ledger("repeated") + ledger("superseded")
    );
    let count = |number: usize| u64::try_from(number).unwrap();
    let count_where = |what: fn(&night::Known) -> bool| {
        count(night.orders.iter().filter(|known| what(known)).count())
    };
    assert_eq!(ledger("accepted"), count(night.orders.len()));
    assert_eq!(ledger("invalid"), count(night.invalid));
    assert_eq!(ledger("repeated"), count_where(|known| known.order.duplicate));
    assert_eq!(ledger("superseded"), count_where(|known| known.order.conflict));

    let orders = |key: &str| summary["orders"][key].as_u64().unwrap();
    assert_eq!(orders("selected"), count(night.orders.len()));
    for outcome in ["matched", "in_transit", "mismatched", "unverified"] {
        let judged = verdicts.values().filter(|verdict| verdict.outcome == outcome).count();
        assert_eq!(orders(outcome), count(judged), "{outcome}");
    }
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for row in verdicts.values().flat_map(|verdict| &verdict.rows) {
        *kinds.entry(row.kind).or_default() += 1;
    }
    assert_eq!(summary["mismatches"], serde_json::json!(kinds));
    let code = match (orders("unverified"), night.invalid, kinds.len()) {
        (1.., _, _) => 3,
        (0, 1.., _) => 4,
        (0, 0, kinds) => i32::from(kinds > 0),
    };
    assert_eq!(summary["exit_code"], code);
    assert_eq!(summary["status"], if code == 3 { "incomplete" } else { "complete" });
}

fn expect_totals(night: &Night, totals: &Value, verdicts: &BTreeMap<String, Verdict>) {
    let mut expected: BTreeMap<(String, &str), i128> = BTreeMap::new();
    let mut add = |currency: &str, figure: &'static str, amount: i64| {
        *expected.entry((currency.to_owned(), figure)).or_default() += i128::from(amount);
    };
    for known in &night.orders {
        let order = &known.order;
        add(order.ledger_currency, "orders", 1);
        add(order.ledger_currency, "ledger_amount", order.ledger_amount);
        if order.asked != "payment" {
            continue;
        }
        let named = Some(order.currency.to_lowercase()).filter(|named| !named.is_empty());
        let currency = named.unwrap_or_else(|| order.ledger_currency.to_owned());
        add(&currency, "gateway_amount", order.amount);
        add(&currency, "final_amount", order.final_amount.unwrap_or(0));
        add(&currency, "variance", verdicts[&known.id].variance.unwrap_or(0));
    }
    let mut found: BTreeMap<(String, &str), i128> = BTreeMap::new();
    for total in totals.as_array().unwrap() {
        let currency = total["currency"].as_str().unwrap();
        for figure in ["ledger_amount", "gateway_amount", "final_amount", "variance"] {
            *found.entry((currency.to_owned(), figure)).or_default() +=
                micros(total[figure].as_str().unwrap());
        }
        *found.entry((currency.to_owned(), "orders")).or_default() +=
            i128::from(total["orders"].as_u64().unwrap());
    }
    expected.retain(|_, sum| *sum != 0);
    found.retain(|_, sum| *sum != 0);
    assert_eq!(found, expected);
}

/// Checks that each order of the ledger was queried, that nothing else was queried, and that the
/// summary counts every call.
fn expect_calls(night: &Night, journal: &[Call], summary: &Value) {
    let mut calls: BTreeMap<&str, u32> = BTreeMap::new();
    for call in journal {
        *calls.entry(call.order_id.as_deref().unwrap()).or_default() += 1;
    }
    let asked: Vec<&str> = calls.keys().copied().collect();
    let mut orders: Vec<&str> = night.orders.iter().map(|known| &*known.id).collect();
    orders.sort_unstable();
    assert_eq!(asked, orders);
    // Two attempts; after an outage two more, and more of a gateway that is asked too often.
    assert!(calls.values().all(|calls| *calls <= 16), "{calls:?}");
    assert_eq!(summary["requests"].as_u64(), u64::try_from(journal.len()).ok());
}
