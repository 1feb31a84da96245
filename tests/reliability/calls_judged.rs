//! The judges of calls and of their order are judged: each fault that is planted into a good record
//! is found.

use crate::campaign::has_strace;
use crate::gateway::Call;
use crate::judge::{self, Stored, Verdict};
use crate::order_of_calls;
use crate::stage::{Case, DATABASE, IN_FLIGHT, Stage};
use crate::trace::{Step, record};

const WAL: &str = "octopus-recon.db-wal";

/// The calls of a whole run, and what it stored.
fn good_run() -> (Stage, Vec<Call>, Stored) {
    let stage = Stage::new(5, 20, false);
    let case = stage.case();
    let done = case.run(&stage);
    let calls = stage.gateway.take_calls();
    let mut verdict = Verdict::default();
    judge::summary(&mut verdict, &stage, &done);
    let stored = stored_by(&stage, &case);
    judge::calls(&mut verdict, &stage, &calls, &[(calls.len(), stored.clone())]);
    assert!(verdict.is_clean(), "{verdict}");
    (stage, calls, stored)
}

fn stored_by(stage: &Stage, case: &Case) -> Stored {
    judge::at_the_end(&mut Verdict::default(), stage, case)
}

/// The counts of lost, invented and doubled, where the program ended after all calls but the last
/// `after`, and had stored this.
fn counts(stage: &Stage, calls: &[Call], after: usize, stored: Stored) -> [usize; 3] {
    let mut verdict = Verdict::default();
    judge::calls(&mut verdict, stage, calls, &[(calls.len() - after, stored)]);
    println!("{verdict}");
    let [lost, invented, _, _, doubled, _] = verdict.counts();
    [lost, invented, doubled]
}

#[test]
fn calls_that_do_not_fit_what_is_stored_are_found() {
    let (stage, calls, stored) = good_run();
    // A batch of answers that was never committed, and one answer more than may be in flight.
    let mut batch_lost = stored.clone();
    while batch_lost.answers.len() + IN_FLIGHT + 1 > stored.answers.len() {
        batch_lost.answers.pop_first();
    }
    let [lost, invented, doubled] = counts(&stage, &calls, 0, batch_lost);
    assert_eq!([lost, invented, doubled], [1, 0, 0]);

    // An answer that counts before it was asked for.
    let is_of = |call: &Call| stored.answers.contains_key(&call.order);
    let answered = calls.iter().rposition(is_of).unwrap();
    let early = calls.len() - answered;
    let [_, invented, doubled] = counts(&stage, &calls, early, stored.clone());
    assert!(invented >= 1 && doubled >= 1, "{invented} {doubled}");

    // An answer that the gateway never gave.
    let mut foreign = calls.clone();
    foreign.iter_mut().filter(|call| is_of(call)).take(1).for_each(|call| call.body.push('x'));
    let [_, invented, _] = counts(&stage, &foreign, 0, stored.clone());
    assert_eq!(invented, 1);

    // An order that was answered, and is asked again after the end.
    let mut again = calls.clone();
    again.push(calls[answered].clone());
    let [lost, invented, doubled] = counts(&stage, &again, 1, stored.clone());
    assert_eq!([lost, invented, doubled], [0, 0, 1]);

    // More calls made twice than were in flight.
    let twice = calls.iter().filter(|call| is_of(call)).take(IN_FLIGHT + 1).cloned();
    let again: Vec<Call> = twice.chain(calls.iter().cloned()).collect();
    let [lost, invented, doubled] = counts(&stage, &again, 0, stored);
    assert_eq!([lost, invented, doubled], [0, 0, 1]);
}

/// The counts of lost and torn for these steps.
fn of_order(steps: &[Step]) -> [usize; 2] {
    let mut verdict = Verdict::default();
    order_of_calls::judge(&mut verdict, steps);
    println!("{verdict}");
    let [lost, _, _, torn, ..] = verdict.counts();
    [lost, torn]
}

fn renamed(step: &Step) -> Option<&str> {
    match step {
        Step::Rename { to, .. } if to.starts_with("reports/") => Some(to),
        _ => None,
    }
}

fn is_sync(step: &Step, wanted: &str) -> bool {
    matches!(step, Step::Sync { name } if name == wanted)
}

fn is_write(step: &Step, wanted: &str) -> bool {
    matches!(step, Step::Write { name, .. } if name == wanted)
}

/// The steps with one of them moved to another place.
fn with_moved(steps: &[Step], from: usize, to: usize) -> Vec<Step> {
    let mut steps = steps.to_vec();
    let step = steps.remove(from);
    steps.insert(to, step);
    steps
}

#[test]
fn steps_in_another_order_are_found() {
    if !has_strace("planted orders of calls") {
        return;
    }
    let stage = Stage::new(9, 20, true);
    let steps = record(&stage, &stage.case());
    assert_eq!(of_order(&steps), [0, 0]);
    let renames: Vec<usize> =
        (0..steps.len()).filter(|at| renamed(&steps[*at]).is_some()).collect();
    let first = renames[0];
    let Step::Rename { from: temporary, .. } = &steps[first] else { unreachable!() };
    let last_end = steps.len() - 1;

    // A file gets its name before it is synced.
    let sync = steps.iter().position(|step| is_sync(step, temporary)).unwrap();
    let [_, torn] = of_order(&with_moved(&steps, sync, first));
    assert!(torn >= 1, "a rename before the sync");
    // A file is written after its sync.
    let write = steps.iter().rposition(|step| is_write(step, temporary)).unwrap();
    let [_, torn] = of_order(&with_moved(&steps, write, first - 1));
    assert!(torn >= 1, "a write after the sync");
    // The manifest gets its name first.
    let is_manifest = |at: &&usize| {
        let name = renamed(&steps[**at]).unwrap_or_default();
        name.starts_with("reports/mismatches-") && name.rsplit('.').next() == Some("json")
    };
    let manifest = *renames.iter().find(is_manifest).unwrap();
    let [_, torn] = of_order(&with_moved(&steps, manifest, first));
    assert!(torn >= 1, "the manifest before its files");
    // One file is left out, and one is written in place.
    let mut without = steps.clone();
    without.remove(first);
    let [_, torn] = of_order(&without);
    assert!(torn >= 1, "a file without its name");
    // The directory is synced before the last rename, not after it.
    let of_directory: Vec<usize> =
        (manifest..steps.len()).filter(|at| is_sync(&steps[*at], "reports")).collect();
    let mut early = steps.clone();
    for at in of_directory.iter().rev() {
        let sync = early.remove(*at);
        early.insert(first, sync);
    }
    let [_, torn] = of_order(&early);
    assert!(torn >= 1, "a directory that is not synced");

    // A report has its name before the judgement is on the disk.
    let log_sync = steps[..first].iter().rposition(|step| is_sync(step, WAL)).unwrap();
    let [lost, _] = of_order(&with_moved(&steps, log_sync, last_end));
    assert!(lost >= 1, "a rename before the commit");
    // Pages are copied from a log that is not on the disk.
    let page = steps.iter().rposition(|step| is_write(step, DATABASE)).unwrap();
    let log_write = steps[..page].iter().rposition(|step| is_write(step, WAL)).unwrap();
    let [lost, _] = of_order(&with_moved(&steps, page, log_write));
    assert!(lost >= 1, "a page before its log");
    // The log is removed before the pages are on the disk.
    let is_removal = |step: &Step| matches!(step, Step::Unlink { name } if name == WAL);
    if let Some(removal) = steps.iter().rposition(is_removal) {
        let [lost, _] = of_order(&with_moved(&steps, removal, page));
        assert!(lost >= 1, "a log that is removed too early");
    }
}
