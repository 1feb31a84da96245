//! SIGKILL at random moments of larger runs: while a large ledger is stored, while orders are asked
//! for, judged and reported. The full campaign only.

use crate::campaign::{Part, count, is_full, is_single, is_wanted, seed};
use crate::judge::{self, Verdict};
use crate::stage::{Case, Files, Stage};
use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const LARGE_LEDGER: usize = 200_000;
const ORDERS: usize = 2_000;

#[test]
fn a_large_run_killed_at_any_moment_loses_nothing() {
    if !is_full() {
        println!("large kills: skipped: OCTOPUS_RECON_CAMPAIGN=full runs them");
        return;
    }
    let mut part = Part::new("large kills");
    let stage = Stage::new(seed(), ORDERS, true);
    let case = stage.case();
    let started = Instant::now();
    case.run(&stage);
    let whole = started.elapsed();
    for number in 0..count(60, 60) {
        let name = number.to_string();
        if !is_wanted(&name) {
            continue;
        }
        let mut random = fastrand::Rng::with_seed(seed() * 7_919 + u64::try_from(number).unwrap());
        let mut verdict = Verdict::default();
        kill_twice(&mut verdict, &stage, whole, &mut random);
        part.add(&name, &verdict);
    }
    part.finish(&format!("{ORDERS} orders, two kills each"));
}

/// Kills a run and its recovery at random moments, then resumes it.
fn kill_twice(verdict: &mut Verdict, stage: &Stage, whole: Duration, random: &mut fastrand::Rng) {
    let case = stage.case();
    stage.gateway.take_calls();
    let (mut calls, mut ends) = (Vec::new(), Vec::new());
    let mut before = Files::new();
    for _ in 0..2 {
        let longest = u64::try_from(whole.as_millis()).unwrap();
        if !kill_after(&case, case.night(stage), Duration::from_millis(random.u64(1..=longest))) {
            break;
        }
        calls.extend(stage.gateway.take_calls());
        let (_, stored) = judge::at_any_moment(verdict, stage, &case, &before);
        before = case.files("reports");
        ends.push((calls.len(), stored));
    }
    judge::resumed(verdict, stage, &case, calls, &ends);
}

/// Returns false if the run ended before it was killed.
fn kill_after(case: &Case, mut command: Command, delay: Duration) -> bool {
    case.keep_outputs(&mut command);
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    std::thread::sleep(delay);
    let is_running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    is_running
}

#[test]
fn a_large_ledger_is_stored_whole_or_not_at_all() {
    if !is_full() {
        println!("large ledger: skipped: OCTOPUS_RECON_CAMPAIGN=full runs it");
        return;
    }
    let mut part = Part::new("large ledger");
    let stage = Stage::new(seed(), 20, true);
    let mut ledger = "merchant_order_id,amount,currency,created_at,status\n".to_owned();
    for number in 1..=LARGE_LEDGER {
        let units = number % 9_000 + 1;
        writeln!(ledger, "L{number},{units}.50,inr,2026-01-10,paid").unwrap();
    }
    let (mut without, mut with) = (0, 0);
    for number in 0..count(20, 20) {
        let name = number.to_string();
        if !is_wanted(&name) {
            continue;
        }
        let mut random =
            fastrand::Rng::with_seed(seed() * 104_729 + u64::try_from(number).unwrap());
        let case = stage.case();
        case.write("ledger.csv", ledger.as_bytes());
        let mut verdict = Verdict::default();
        let delay = Duration::from_millis(random.u64(20..10_000));
        kill_after(&case, case.night(&stage), delay);
        let rows = stored_rows(&mut verdict, &case);
        without += usize::from(rows == 0);
        with += usize::from(rows > 0);
        let left = judge::files(&mut verdict, &stage, &case.files("reports"), &Files::new(), false);
        if left.new_dated > 0 {
            verdict.invented.push("a report".to_owned());
        }
        part.add(&name, &verdict);
    }
    assert!(is_single() || without > 0, "no kill came while the ledger was stored");
    part.finish(&format!(
        "{LARGE_LEDGER} rows: {without} kills before they were stored, {with} after"
    ));
}

/// The number of the second night's stored rows: all of them, or none.
fn stored_rows(verdict: &mut Verdict, case: &Case) -> usize {
    let (_kept, path) = case.database_copy();
    let count = |query: &str| -> rusqlite::Result<i64> {
        rusqlite::Connection::open(&path)?.query_row(query, (), |row| row.get(0))
    };
    let whole = count("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'");
    if whole != Ok(1) {
        verdict.lost.push(format!("the database: {whole:?}"));
    }
    let rows = count("SELECT count(*) FROM run_orders WHERE run_id = 2");
    let entries = count("SELECT count(*) FROM orders WHERE merchant_order_id LIKE 'L%'");
    match (&rows, &entries) {
        (Ok(0), Ok(0)) => 0,
        (Ok(rows), Ok(entries))
            if rows == entries && usize::try_from(*rows) == Ok(LARGE_LEDGER) =>
        {
            LARGE_LEDGER
        }
        _ => {
            verdict.lost.push(format!("{rows:?} rows and {entries:?} orders are stored"));
            0
        }
    }
}
