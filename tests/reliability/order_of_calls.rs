//! The order of the system calls of one run: written, synced, renamed, directory synced.

use crate::campaign::{Part, has_strace, seed};
use crate::judge::Verdict;
use crate::stage::{DATABASE, Stage};
use crate::trace::{Step, record};

const WAL: &str = "octopus-recon.db-wal";
const REPORTS: &str = "reports";

#[test]
fn everything_is_synced_before_it_counts() {
    if !has_strace("order of calls") {
        return;
    }
    let mut part = Part::new("order of calls");
    for has_first in [true, false] {
        let stage = Stage::new(seed(), 20, has_first);
        let case = stage.case();
        let steps = record(&stage, &case);
        let mut verdict = Verdict::default();
        judge(&mut verdict, &steps);
        part.add(if has_first { "second night" } else { "first night" }, &verdict);
    }
    part.finish("");
}

/// Judges the order of the steps of a run.
pub fn judge(verdict: &mut Verdict, steps: &[Step]) {
    report(verdict, steps);
    database(verdict, steps);
}

/// A file that gets its name in `reports`: the index of that step, the old and the new name.
fn renames(steps: &[Step]) -> Vec<(usize, &str, &str)> {
    let renames = steps.iter().enumerate().filter_map(|(index, step)| match step {
        Step::Rename { from, to } if to.starts_with("reports/") => Some((index, &**from, &**to)),
        _ => None,
    });
    renames.collect()
}

/// The indices at which this file is written, and at which it is synced.
fn touched(steps: &[Step], wanted: &str) -> (Vec<usize>, Vec<usize>) {
    let at = |is_it: &dyn Fn(&Step) -> bool| {
        (0..steps.len()).filter(|index| is_it(&steps[*index])).collect()
    };
    let writes = at(&|step| match step {
        Step::Write { name, .. } | Step::Resize { name, .. } => name == wanted,
        _ => false,
    });
    let syncs = at(&|step| matches!(step, Step::Sync { name } if name == wanted));
    (writes, syncs)
}

fn report(verdict: &mut Verdict, steps: &[Step]) {
    let renames = renames(steps);
    let (dated, latest): (Vec<_>, Vec<_>) =
        renames.iter().partition(|(_, _, to)| to.starts_with("reports/mismatches-"));
    let mut check = |holds: bool, sentence: String| {
        if !holds {
            verdict.torn.push(sentence);
        }
    };
    check(dated.len() == 4 && latest.len() == 4, format!("other renames: {renames:?}"));
    let first_rename = renames.first().map_or(0, |it| it.0);
    for (at, from, to) in &renames {
        let (writes, syncs) = touched(steps, from);
        let (written, synced) = (writes.last(), syncs.last());
        check(written.is_some() && written < synced, format!("{to} is written after its sync"));
        check(synced < Some(at), format!("{to} gets its name before its sync"));
        check(synced < Some(&first_rename), format!("{to} is synced after the first rename"));
    }
    let (_, directory) = touched(steps, REPORTS);
    for files in [&dated, &latest] {
        let Some((last, _, name)) = files.last() else { continue };
        check(
            name.rsplit('.').next() == Some("json"),
            format!("{name} gets its name after the manifest"),
        );
        let next = renames.iter().find(|(at, _, _)| at > last).map_or(steps.len(), |it| it.0);
        let is_synced = directory.iter().any(|at| (*last..next).contains(at));
        check(is_synced, format!("the directory is not synced after {name}"));
    }
}

fn database(verdict: &mut Verdict, steps: &[Step]) {
    let (log_writes, log_syncs) = touched(steps, WAL);
    let (file_writes, file_syncs) = touched(steps, DATABASE);
    let synced_before = |writes: &[usize], syncs: &[usize], moment: usize| {
        let last = writes.iter().rfind(|at| **at < moment);
        last.is_none_or(|last| syncs.iter().any(|at| (*last..moment).contains(at)))
    };
    let mut check = |holds: bool, sentence: &str| {
        if !holds {
            verdict.lost.push(sentence.to_owned());
        }
    };
    check(log_syncs.len() > 5, "the log is synced for each commit");
    for (at, _, _) in renames(steps) {
        check(synced_before(&log_writes, &log_syncs, at), "a file has its name before its commit");
    }
    // Pages go from the log to the database only after the log is on the disk.
    let begun = log_writes.first().copied().unwrap_or(0);
    for at in file_writes.iter().filter(|at| **at > begun) {
        check(synced_before(&log_writes, &log_syncs, *at), "a page is copied before its sync");
    }
    for (at, step) in steps.iter().enumerate() {
        if matches!(step, Step::Unlink { name } if name == WAL) {
            let is_synced = synced_before(&file_writes, &file_syncs, at);
            check(is_synced, "the log is removed before the database is synced");
        }
    }
}
