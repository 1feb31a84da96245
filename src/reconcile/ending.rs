//! How a run ended, as it is recorded (contract, "The database": each run's end; "Exit codes").

use super::Context;
use crate::domain::payment::NOT_ASKED_IN_TIME;
use crate::domain::run::RunSummary;
use crate::domain::text::one_line;
use crate::failure::{Failure, code};
use crate::store::{NewRun, RunEnd, Store};
use chrono::{DateTime, Utc};
use std::path::Path;

/// The end of a run that wrote its report.
pub(super) fn of(summary: &RunSummary, at: DateTime<Utc>) -> RunEnd {
    let exit_code = summary.exit_code();
    let orders = &summary.figures.orders;
    let reason = match exit_code {
        0 => "report written: nothing to report".to_owned(),
        1 => format!("report written: {} with mismatches", plural(orders.mismatched, "order")),
        3 => {
            let mut reasons =
                summary.unverified_reasons.iter().filter_map(|row| row.reason.as_deref());
            // That the rest was not asked in time is no reason where nothing was answered.
            let says_more = |reason: &&str| *reason != NOT_ASKED_IN_TIME;
            let most = if orders.none_answered() {
                reasons.clone().find(says_more).or(reasons.next())
            } else {
                reasons.next()
            };
            let most = most.map(|reason| format!(", mostly: {reason}")).unwrap_or_default();
            let what = if orders.none_answered() {
                format!("0 of {} answered", orders.asked())
            } else {
                format!("{} of {} unverified", orders.unverified, plural(orders.selected, "order"))
            };
            format!("report written: {what}{most}")
        }
        _ => {
            let invalid = summary.figures.ledger.invalid;
            let rows = (invalid > 0).then(|| plural(invalid, "invalid ledger row"));
            let mut parts: Vec<String> = rows.into_iter().collect();
            parts.extend(summary.doubts().map(|doubt| doubt.code.clone()));
            format!("report written: {}", parts.join(", "))
        }
    };
    RunEnd { at: Some(at), exit_code: Some(exit_code), reason }
}

/// Records the end of a run without a report. Best effort: a full disk may be what ended it. Then
/// the next run records it as killed.
pub(super) fn record(store: &mut Store, run_id: i64, failure: &Failure, context: &Context) {
    // A run that has begun is recorded also if it ends with 2: its clock was wrong.
    if failure.code() != code::DATABASE
        && let Err(error) =
            store.wait_briefly().and_then(|()| store.end_run(run_id, &end(failure, context), false))
    {
        tracing::warn!("the end of run {run_id} was not recorded: {error}");
    }
}

/// Records that a run failed although its report is written: its summary could not be printed. Best
/// effort.
pub(crate) fn record_late(path: &Path, run_id: i64, failure: &Failure, now: DateTime<Utc>) {
    if let Ok(mut store) = Store::open(path, now) {
        let reason = format!("report written, but {}", one_line(failure.message()));
        let end = RunEnd { at: Some(now), exit_code: Some(failure.code()), reason };
        // The run has ended either way: the exit code says how.
        let _recorded = store.wait_briefly().and_then(|()| store.end_run(run_id, &end, false));
    }
}

/// Records the end of a run that stops at a bug: dropped while a panic unwinds, after everything
/// that holds the database. Best effort.
pub(super) struct BugRecorder<'a> {
    pub(super) path: &'a Path,
    pub(super) run_id: i64,
    pub(super) now: fn() -> DateTime<Utc>,
}

impl Drop for BugRecorder<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let now = (self.now)();
        if let Ok(mut store) = Store::open(self.path, now) {
            let reason = "stopped at a bug in octopus-recon".to_owned();
            let end = RunEnd { at: Some(now), exit_code: Some(code::BUG), reason };
            let _recorded =
                store.wait_briefly().and_then(|()| store.end_run(self.run_id, &end, false));
        }
    }
}

/// A run whose orders are stored: it can be resumed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resumable {
    pub(super) run_id: i64,
    /// Whether a call was made for it.
    pub(super) has_asked: bool,
}

/// The same failure with what to do about the run.
pub(super) fn with_advice(failure: Failure, run: Option<Resumable>) -> Failure {
    if failure.is_report_new() {
        return failure;
    }
    let resume = run.map(|run| format!("octopus-recon run --resume {}", run.run_id));
    let kept =
        if run.is_some_and(|run| run.has_asked) { " What was received is kept." } else { "" };
    match (failure.code().checked_sub(code::SIGNAL), resume) {
        (Some(signal), resume) => {
            let who = match signal {
                2 => "Ctrl-C sends SIGINT",
                15 => {
                    "a shutdown, `systemctl stop` and a time limit (TimeoutStartSec=) send SIGTERM"
                }
                _ => "see who sent it",
            };
            let what = match resume {
                Some(resume) => format!("resume it: {resume}, or leave it to the next night."),
                None => {
                    "start the nightly command again, or leave it to the next night.".to_owned()
                }
            };
            failure.with_hint(format!("{what}{kept} Who ended it? {who}"))
        }
        (None, Some(resume)) if failure.code() == code::STORAGE => {
            let hint = failure.hint().map(|hint| format!("{hint}.")).unwrap_or_default();
            let hint = format!("{hint}{kept} To resume: {resume}");
            failure.with_hint(hint)
        }
        _ => failure,
    }
}

/// Records a run that ended before it had orders, and gives its number.
pub(super) fn record_without_orders(
    store: &mut Store,
    new_run: &NewRun,
    failure: &Failure,
    context: &Context,
) -> Option<i64> {
    if !is_recorded(failure) {
        return None;
    }
    let recorded = store
        .wait_briefly()
        .and_then(|()| store.end_without_orders(new_run, &end(failure, context)));
    match recorded {
        Ok(run_id) => Some(run_id),
        Err(error) => {
            tracing::warn!("the end of this run was not recorded: {error}");
            None
        }
    }
}

/// Endings 2 and 15 are not recorded: nothing was run, or the database must not be written to.
fn is_recorded(failure: &Failure) -> bool {
    !matches!(failure.code(), code::USAGE | code::DATABASE)
}

fn plural(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn end(failure: &Failure, context: &Context) -> RunEnd {
    RunEnd {
        at: Some((context.now)()),
        exit_code: Some(failure.code()),
        reason: without_cells(&one_line(failure.message())),
    }
}

/// A message without what stands in quotes. That may be cells of a ledger, which can be personal;
/// what is recorded stays for years.
pub(super) fn without_cells(message: &str) -> String {
    let parts = message.split('"').enumerate();
    let kept = parts.map(|(index, part)| if index % 2 == 0 { part } else { "\"…\"" });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mismatch::Kind;
    use crate::domain::order::LineItems;
    use crate::domain::run::{Figures, UnverifiedReason, Warning};
    use crate::store::Selection;

    #[test]
    #[expect(clippy::panic, clippy::unwrap_used, reason = "the panic is what is tested")]
    fn a_bug_is_recorded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.db");
        let now = DateTime::UNIX_EPOCH;
        let mut store = Store::open(&path, now).unwrap();
        let selection = Selection::default();
        let new_run = NewRun {
            started_at: now,
            day: now.date_naive(),
            line_items: LineItems::Off,
            default_status: None,
            selection,
            clock_floor: None,
        };
        let begun = RunEnd { at: None, exit_code: None, reason: "begun".to_owned() };
        let run_id = store.end_without_orders(&new_run, &begun).unwrap();
        let stopped = std::thread::spawn(move || {
            let _recorder = BugRecorder { path: &path, run_id, now: || DateTime::UNIX_EPOCH };
            let _store = store;
            panic!("a bug");
        });
        assert!(stopped.join().is_err());
        let path = directory.path().join("test.db");
        let run = Store::open(&path, now).unwrap().run(run_id).unwrap().unwrap();
        assert_eq!(run.end.unwrap().exit_code, Some(code::BUG));
    }

    #[test]
    fn the_end_of_a_run_with_a_report_says_why_it_has_its_exit_code() {
        let summary = |change: &dyn Fn(&mut RunSummary)| {
            let mut summary = RunSummary {
                run_id: 1,
                from: None,
                to: None,
                day: DateTime::UNIX_EPOCH.date_naive(),
                figures: Figures::default(),
                unverified_reasons: Vec::new(),
                oldest_reused: None,
                warnings: Vec::new(),
            };
            summary.figures.orders.selected = 9;
            change(&mut summary);
            of(&summary, DateTime::UNIX_EPOCH)
        };
        let mismatched = |run: &mut RunSummary| {
            (run.figures.findings_for_exit, run.figures.orders.mismatched) = (1, 1);
        };
        let unverified = |run: &mut RunSummary| {
            mismatched(run);
            run.figures.orders.unverified = 2;
            run.figures.mismatches.insert(Kind::Unverified, 2);
            let reason = Some("the gateway answered 503".to_owned());
            run.unverified_reasons = vec![UnverifiedReason { reason, orders: 2 }];
        };
        let invalid = |run: &mut RunSummary| run.figures.ledger.invalid = 3;
        let doubtful = |run: &mut RunSummary| {
            invalid(run);
            run.warnings = vec![Warning::new("deadline", ""), Warning::doubt("ledger_gap", "")];
        };
        let ends = [
            (summary(&|_| {}), 0, "nothing to report"),
            (summary(&mismatched), 1, "1 order with mismatches"),
            (summary(&unverified), 3, "2 of 9 orders unverified, mostly: the gateway answered 503"),
            (summary(&invalid), 4, "3 invalid ledger rows"),
            (summary(&doubtful), 4, "3 invalid ledger rows, ledger_gap"),
        ];
        for (end, code, reason) in ends {
            assert_eq!(end.exit_code, Some(code), "{reason}");
            assert_eq!(end.reason, format!("report written: {reason}"));
        }
    }

    #[test]
    fn each_ending_says_how_its_run_goes_on() {
        let storage = || Failure::new(code::STORAGE, "locked", "close that program");
        let run = |has_asked| Some(Resumable { run_id: 7, has_asked });
        let resume = "To resume: octopus-recon run --resume 7";
        let sent = "Who ended it? a shutdown, `systemctl stop` and a time limit \
                    (TimeoutStartSec=) send SIGTERM";
        for (failure, run, hint) in [
            (
                storage(),
                run(true),
                format!("close that program. What was received is kept. {resume}"),
            ),
            (storage(), run(false), format!("close that program. {resume}")),
            (storage(), None, "close that program".to_owned()),
            (storage().after_report("r.csv"), run(true), "close that program".to_owned()),
            (
                Failure::signal(15, ""),
                run(true),
                format!(
                    "resume it: octopus-recon run --resume 7, or leave it to the next night. What \
                     was received is kept. {sent}"
                ),
            ),
            (
                Failure::signal(15, ""),
                run(false),
                format!(
                    "resume it: octopus-recon run --resume 7, or leave it to the next night. {sent}"
                ),
            ),
            (
                Failure::signal(2, ""),
                None,
                "start the nightly command again, or leave it to the next night. Who ended it? \
                 Ctrl-C sends SIGINT"
                    .to_owned(),
            ),
            (Failure::new(code::OUTAGE, "gone", "wait"), run(true), "wait".to_owned()),
        ] {
            let advised = with_advice(failure, run);
            assert_eq!(advised.hint(), Some(&*hint), "{advised}");
        }
    }

    #[test]
    fn quoted_cells_are_not_recorded() {
        for (message, recorded) in [
            ("run 1: 3 of 5 answered", "run 1: 3 of 5 answered"),
            (r#"the file has "Ravi", "r@example.com""#, r#"the file has "…", "…""#),
            (r#"amount "1,000" and an open "quote"#, r#"amount "…" and an open "…""#),
        ] {
            assert_eq!(without_cells(message), recorded);
        }
    }
}
