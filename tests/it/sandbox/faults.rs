//! A run of 1,000 orders with each file of `fixtures/faults/`: the outcome of every order matches
//! the gateway's journal.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use crate::support::{Gateway, HEAD, Merchant, kinds, paid, rows};
use octopus_recon::sandbox::{Call, CallEnd, Faults};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

const ORDERS: usize = 1_000;
/// One order in this many has a lower final amount.
const SHORT: usize = 50;

/// A file of faults, and what the contract says of a run with it.
struct Case {
    name: &'static str,
    exit_code: i32,
    /// The faults begin after this many calls.
    faults_at_call: Option<usize>,
    /// The allowed number of unverified orders.
    unverified: std::ops::RangeInclusive<u64>,
}

const fn case(
    name: &'static str,
    exit_code: i32,
    faults_at_call: Option<usize>,
    unverified: std::ops::RangeInclusive<u64>,
) -> Case {
    Case { name, exit_code, faults_at_call, unverified }
}

const CASES: [Case; 6] = [
    case("429-storm", 1, None, 0..=0),
    case("flaky-evening", 1, None, 0..=0),
    case("lying-gateway", 3, None, 90..=170),
    case("outage", 13, None, 1000..=1000),
    case("outage-after-ten-minutes", 3, Some(300), 1..=720),
    case("withdrawn-key", 12, Some(300), 1..=720),
];

pub fn faults(name: &str) -> Faults {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults");
    Faults::load(&directory.join(format!("{name}.toml"))).unwrap()
}

fn ids() -> impl Iterator<Item = (usize, String)> {
    (1..=ORDERS).map(|number| (number, format!("A{number}")))
}

fn ledger() -> String {
    let row = |(_, id)| format!("{id},500.00,inr,2026-01-10,paid\n");
    format!("{HEAD}{}", ids().map(row).collect::<String>())
}

fn book() -> String {
    let line = |(number, id): (usize, String)| {
        let short = json!({"final_amount": "490.00"});
        paid(&id, "500.00", if number % SHORT == 0 { short } else { json!({}) })
    };
    ids().map(line).collect()
}

/// The mismatches of an order with a correct answer.
fn planned(id: &str) -> Vec<String> {
    let number: usize = id[1..].parse().unwrap();
    let short = number.is_multiple_of(SHORT).then(|| "final_amount_difference".to_owned());
    short.into_iter().collect()
}

#[test]
fn every_file_of_faults_is_in_the_table() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults");
    let names = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let is_toml = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "toml");
    let names: BTreeSet<String> = names
        .filter(is_toml)
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    // That file is about order/new.
    let table = CASES.iter().map(|case| case.name).chain(["lost-answers"]).map(str::to_owned);
    assert_eq!(names, table.collect());
}

#[test]
fn every_order_of_a_faulty_run_is_accounted_for() {
    for case in &CASES {
        run(case);
    }
}

fn run(case: &Case) {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger());
    merchant.write(
        "octopus-recon.toml",
        "[gateway]\nmerchant_uid = \"M-1\"\nbackoff_first_ms = 2\ncall_timeout_seconds = 2\n",
    );
    let gateway = Gateway::serve_as(&book(), |it| {
        it.merchant = Some("M-1".to_owned());
        it.faults = faults(case.name);
        it.speed = 0;
    });
    let url = gateway.url.clone();
    let run = ["run", "--base-url", &url, "--ledger", "ledger.csv", "--format", "json"];
    // Slow enough that the faults begin in the middle of the run.
    let rate = if case.faults_at_call.is_some() { "500" } else { "2000" };
    let run = [&run[..], &["--rate", rate, "--resume"]].concat();
    let mut running = merchant.start(&run);
    if let Some(calls) = case.faults_at_call {
        crate::support::until("the faults", || {
            running.is_over() || gateway.journal().len() >= calls
        });
        gateway.advance(Duration::from_mins(10));
    }
    let done = running.end();
    let journal = gateway.stop();
    assert_eq!(done.code, Some(case.exit_code), "{}: {done:?}", case.name);
    let right = rightly_answered(&journal);
    if case.exit_code >= 10 {
        assert_eq!(merchant.reports(), Vec::<std::path::PathBuf>::new(), "{}", case.name);
        let answered = merchant.sql("SELECT count(answer_id) FROM run_orders");
        assert!(answered <= i64::try_from(right.len()).unwrap(), "{}: {answered}", case.name);
        let left = u64::try_from(i64::try_from(ORDERS).unwrap() - answered).unwrap();
        assert!(case.unverified.contains(&left), "{}: {left}", case.name);
        // A later run continues it.
        let gateway = Gateway::serve_as(&book(), |it| {
            it.merchant = Some("M-1".to_owned());
            it.listen = url.strip_prefix("http://").unwrap().parse().unwrap();
        });
        let done = merchant.run(&run);
        assert_eq!(done.code, Some(1), "{}: {done:?}", case.name);
        assert_eq!(gateway.stop().len(), usize::try_from(left).unwrap(), "{}", case.name);
        let rows = kinds(&rows(&merchant.report_path()));
        assert_eq!(rows.len(), ORDERS / SHORT, "{}", case.name);
        return;
    }
    let summary = done.json();
    let count = |name: &str| summary["orders"][name].as_u64().unwrap();
    let outcomes = ["matched", "in_transit", "mismatched", "unverified"].map(count);
    assert_eq!(outcomes.iter().sum::<u64>(), u64::try_from(ORDERS).unwrap(), "{}", case.name);
    assert!(case.unverified.contains(&count("unverified")), "{}: {summary}", case.name);
    assert_eq!(summary["requests"].as_u64(), u64::try_from(journal.len()).ok(), "{}", case.name);
    let rows = rows(&merchant.report_path());
    let reported = kinds(&rows);
    let lied: BTreeSet<&str> = rows
        .iter()
        .filter(|row| row["gateway_amount"] == "999.00")
        .map(|row| &*row["merchant_order_id"])
        .collect();
    for (_, id) in ids() {
        let kinds = reported.get(&id).cloned().unwrap_or_default();
        if right.contains(&*id) {
            assert!(!lied.contains(&*id), "{}: {id}", case.name);
            assert_eq!(kinds, planned(&id), "{}: {id}", case.name);
        } else {
            // A wrong answer that looks trustworthy is reported.
            let is_believed = lied.contains(&*id);
            assert!(kinds == ["unverified"] || is_believed, "{}: {id}: {kinds:?}", case.name);
        }
    }
}

/// The orders with a complete, correct answer.
fn rightly_answered(journal: &[Call]) -> BTreeSet<&str> {
    let right = |call: &&Call| !call.scripted && call.end == CallEnd::Answered(200);
    journal.iter().filter(right).filter_map(|call| call.order_id.as_deref()).collect()
}

#[test]
fn the_same_seed_has_the_same_faults() {
    let days: Vec<BTreeMap<String, usize>> = (0..2)
        .map(|_| {
            let merchant = Merchant::new();
            merchant.write("ledger.csv", ledger());
            merchant.write("octopus-recon.toml", "[gateway]\nmax_attempts = 1\n");
            let gateway = Gateway::serve_as(&book(), |it| it.faults = faults("lying-gateway"));
            let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
            assert_eq!(done.code, Some(3), "{done:?}");
            let mut calls = BTreeMap::new();
            for call in gateway.stop().into_iter().filter(|call| call.scripted) {
                *calls.entry(call.order_id.unwrap()).or_default() += 1;
            }
            calls
        })
        .collect();
    assert!(days[0].len() > 100, "{}", days[0].len());
    assert_eq!(days[0], days[1]);
}
