//! `run`.

use super::decide::system_user;
use super::ledger::{view_as_json, view_as_text};
use super::logging;
use super::making::making;
use super::notifying::{Ended, Night};
use super::output::{JsonHead, print};
use super::progress::Progress;
use super::{Process, context, listen, settings};
use crate::cli::{Common, Deadline, Format, Run};
use crate::failure::{Failure, code};
use crate::interrupt::Interrupt;
use crate::reconcile::{self, Estimate, Failed, Finished, NOTHING_ANSWERED, Request, Resume};
use crate::report::summary;
use crate::settings::Flags;
use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The furthest deadline, and the longest wait for the ledger (contract, "`run`").
const LONGEST_DEADLINE: Duration = Duration::from_hours(12);

pub(super) fn execute(
    arguments: Run,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    let (format, head) = (arguments.format, JsonHead::new("run", (process.now)()));
    let mut night = None;
    // A run that stops at a bug has ended too.
    let done = catch_unwind(AssertUnwindSafe(|| {
        carry_out(arguments, common, process, interrupt, &head, &mut night)
    }));
    let ended = match &done {
        Ok(Ok(Done { ended, .. })) => ended.clone(),
        Ok(Err(Failed { run_id, failure })) => Some(Ended::without_report(*run_id, failure)),
        Err(panic) => {
            let bug = || Failure::bug("octopus-recon stopped at a bug");
            let failure = Failure::thread_panic(&**panic).unwrap_or_else(bug);
            Some(Ended::without_report(None, &failure))
        }
    };
    if let Ok(Err(failed)) = &done
        && format == Format::Json
    {
        // A reader that has gone misses it; the exit code and stderr say the same.
        let _printed = print(&head.object(&failure(failed)));
    }
    if let (Some(night), Some(ended)) = (night, &ended) {
        night.end(ended, (process.now)());
    }
    match done {
        Ok(Ok(Done { exit_code, ended })) => {
            if let Some(Ended { run_id, exit_code, line, .. }) = ended {
                tracing::info!(run_id, exit_code, "{line}");
            }
            Ok(exit_code)
        }
        Ok(Err(Failed { run_id, failure })) => {
            logging::name_run(run_id);
            let line = summary::of_failure(run_id, failure.code(), failure.message());
            Err(failure.with_message(line))
        }
        Err(panic) => resume_unwind(panic),
    }
}

/// A command that succeeded.
struct Done {
    /// The exit code of the process.
    exit_code: u8,
    /// How the run ended, if there was one.
    ended: Option<Ended>,
}

/// A run that ended without a report, as JSON.
fn failure(Failed { run_id, failure }: &Failed) -> String {
    summary::failed(*run_id, failure.code(), failure.message(), failure.hint())
}

fn carry_out(
    arguments: Run,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
    head: &JsonHead,
    night: &mut Option<Night>,
) -> Result<Done, Failed> {
    let flags = Flags {
        out: arguments.out.clone(),
        rate: arguments.rate,
        max_in_flight: arguments.max_in_flight,
        ..Flags::default()
    };
    let settings = settings(common, flags, process)?;
    *night = Night::begin(&arguments, &settings, (process.now)());
    listen(interrupt)?;
    let context = context(process, interrupt);
    let zone = settings.ledger.zone();
    let moment = |flag, at: Option<Deadline>| {
        at.map(|at| moment(flag, at, (process.now)(), zone)).transpose()
    };
    let stop_asking_at = moment("--deadline", arguments.deadline)?;
    let wait_until = moment("--wait-ledger", arguments.wait_ledger)?;
    // Behind the deadline nothing would be asked.
    let wait_ledger_until =
        wait_until.map(|until| stop_asking_at.map_or(until, |deadline| until.min(deadline)));
    let request = Request {
        ledgers: arguments.ledger,
        from: arguments.from,
        to: arguments.to,
        last: arguments.last,
        include_open: arguments.include_open,
        is_scheduled: arguments.scheduled,
        wait_ledger_until,
        open_without_ledger: arguments.open_without_ledger,
        allow_empty: arguments.allow_empty,
        accept_suspect: arguments.accept_suspect,
        resume: match arguments.resume {
            None => Resume::No,
            Some(None) => Resume::Latest,
            Some(Some(run_id)) => Resume::Run(run_id),
        },
        report: arguments.report,
        expect_rows: arguments.expect_rows,
        expect_totals: arguments.expect_total,
        gateway_totals: arguments.gateway_total,
        stop_asking_at,
        making: making(&settings, process),
        system_user: system_user(),
    };
    if arguments.dry_run {
        let estimate = reconcile::estimate(&settings, &request, &context)?;
        print(&cost(&estimate, arguments.format, head))?;
        return Ok(Done { exit_code: 0, ended: None });
    }
    let progress = Progress::show(Arc::clone(&context.counters), common);
    let finished = reconcile::run(&settings, &request, &context);
    drop(progress);
    let mut finished = finished?;
    finished.summary.warnings.extend(night.as_ref().and_then(Night::warning));
    let own_code = finished.summary.exit_code();
    let exit_code = if arguments.success_codes.contains(&own_code) { 0 } else { own_code };
    // A program reads how the run ended, a person also how the process does.
    let shown = if arguments.format == Format::Json { own_code } else { exit_code };
    print(&rendered(&finished, arguments.format, shown, head)).map_err(|failure| {
        let report = finished.reports.first().map(|file| file.path.display().to_string());
        let failure = failure.after_report(&report.unwrap_or_default());
        let run_id = finished.summary.run_id;
        reconcile::record_late(&settings.store.path, run_id, &failure, (process.now)());
        Failed { run_id: Some(run_id), failure }
    })?;
    let line = summary::of_report(&finished.summary, &finished.reports);
    let mut warnings = finished.summary.warnings.iter();
    let nothing_answered = warnings.find(|warning| warning.code == NOTHING_ANSWERED);
    let ended = Ended {
        run_id: Some(finished.summary.run_id),
        exit_code: own_code,
        line,
        hint: nothing_answered.map(|warning| warning.text.clone()),
        nothing_answered: nothing_answered.is_some(),
    };
    Ok(Done { exit_code, ended: Some(ended) })
}

/// The summary of a finished run.
pub(super) fn rendered(
    finished: &Finished,
    format: Format,
    exit_code: u8,
    head: &JsonHead,
) -> String {
    let Finished { summary, reports, duration } = finished;
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    match format {
        Format::Text => summary::text(summary, reports, milliseconds, exit_code),
        Format::Json => head.object(&summary::json(summary, reports, milliseconds, exit_code)),
    }
}

/// The moment of a deadline on the monotonic clock. A time that has just passed comes again a day
/// later: a run that starts late would not end in its night (contract, "`run`").
fn moment(
    flag: &str,
    deadline: Deadline,
    now: DateTime<Utc>,
    zone: Tz,
) -> Result<Instant, Failure> {
    let (wait, what) = match deadline {
        Deadline::After(wait) => (wait, "it".to_owned()),
        Deadline::At(time) => (until(time, now, zone), format!("the next {time} in {zone}")),
    };
    if wait > LONGEST_DEADLINE {
        let minutes = wait.as_secs() / 60;
        let ahead = format!("{} h {} min", minutes / 60, minutes % 60);
        return Err(Failure::new(
            code::USAGE,
            format!("{flag}: {what} is {ahead} ahead; at most 12 h are allowed"),
            "a time that has passed today means tomorrow: start earlier, or give a duration such \
             as 2h",
        ));
    }
    Ok(Instant::now() + wait)
}

/// How long until the zone's clock next shows this time.
fn until(time: NaiveTime, now: DateTime<Utc>, zone: Tz) -> Duration {
    let today = now.with_timezone(&zone).date_naive();
    (0..3)
        .filter_map(|days| today.checked_add_days(Days::new(days)))
        .filter_map(|day| day.and_time(time).and_local_timezone(zone).earliest())
        .map(|at| at.with_timezone(&Utc) - now)
        .find(|wait| *wait > TimeDelta::zero())
        .and_then(|wait| wait.to_std().ok())
        .unwrap_or_default()
}

/// What asking would cost, in calls and minutes.
fn cost(estimate: &Estimate, format: Format, head: &JsonHead) -> String {
    let calls = estimate.orders;
    // Rounded up to whole tenths of a minute.
    let tenths = (calls * 10).div_ceil(u64::from(estimate.requests_per_second) * 60);
    let minutes = format!("{}.{}", tenths / 10, tenths % 10);
    let ledger = &estimate.ledger;
    match format {
        Format::Json => {
            let view = estimate.view.as_ref().map(view_as_json);
            let mut object = view.unwrap_or_else(|| serde_json::json!({}));
            object["dry_run"] = true.into();
            object["continues"] = estimate.continues.into();
            object["ledger"] = serde_json::json!(ledger);
            object["orders"] = calls.into();
            object["calls"] = calls.into();
            object["minutes"] = minutes.into();
            object["exit_code"] = 0.into();
            head.object(&object.to_string())
        }
        Format::Text => {
            let continues = estimate
                .continues
                .map(|run_id| format!(" to continue run {run_id}"))
                .unwrap_or_default();
            let view = estimate.view.as_ref();
            let view = view.map(|view| view_as_text(view) + "\n\n").unwrap_or_default();
            let doubtful = match estimate.ledger.invalid {
                0 => String::new(),
                rows => format!("\nInvalid ledger rows: {rows}. A run would end with 4, or 3."),
            };
            format!(
                "Dry run: nothing was stored or asked.\n\n\
                 {view}\
                 Asking{continues} would take {calls} calls, {minutes} minutes at {} a second, \
                 not counting retries.{doubtful}",
                estimate.requests_per_second
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_at_most_twelve_hours_ahead() {
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::hours(10);
        let said = |deadline| {
            let refused = moment("--deadline", deadline, now, Tz::Asia__Kolkata).err();
            refused.map(|failure| failure.message().to_owned())
        };
        // It is 15:30 there.
        let at = |minutes| Deadline::At(NaiveTime::MIN + TimeDelta::minutes(minutes));
        assert_eq!(said(at(3 * 60 + 30)), None);
        let refused = "--deadline: the next 03:31:00 in Asia/Kolkata is 12 h 1 min ahead; at most \
                       12 h are allowed";
        assert_eq!(said(at(3 * 60 + 31)).as_deref(), Some(refused));
        assert_eq!(said(Deadline::After(LONGEST_DEADLINE)), None);
        let refused = "--deadline: it is 12 h 0 min ahead; at most 12 h are allowed";
        let beyond = LONGEST_DEADLINE + Duration::from_secs(1);
        assert_eq!(said(Deadline::After(beyond)).as_deref(), Some(refused));
        assert!(said(Deadline::After(Duration::MAX)).is_some());
    }

    #[test]
    fn a_time_is_the_next_one_of_the_ledgers_clock() {
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::hours(10);
        let wait = |hour, zone| {
            let time = NaiveTime::MIN + TimeDelta::hours(hour);
            until(time, now, zone).as_secs() / 3_600
        };
        assert_eq!(wait(11, Tz::UTC), 1);
        assert_eq!(wait(10, Tz::UTC), 24);
        assert_eq!(wait(6, Tz::UTC), 20);
        assert_eq!(wait(16, Tz::Asia__Kolkata), 0);
        assert_eq!(wait(15, Tz::Asia__Kolkata), 23);
    }
}
