//! `prune`: drops what is older than a date (contract, "Commands" and "Decisions").

use super::decide::{start_of, system_user};
use super::output::{JsonHead, print};
use super::{Process, listen, settings};
use crate::cli::{Common, Format, Prune};
use crate::domain::text::grouped;
use crate::failure::{Failure, code};
use crate::interrupt::Interrupt;
use crate::reconcile::noted_end;
use crate::settings::{Flags, Settings};
use crate::store::{Cutoff, Dropped, FileSize, Pruned, Staying, Store};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What is younger is never dropped: the nightly run looks at 30 days and resumes the last ones.
const YOUNGEST_DAYS: u64 = 30;
/// Between two lines of the log.
const LOG_EVERY: Duration = Duration::from_secs(30);

pub(super) fn execute(
    arguments: &Prune,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    let now = (process.now)();
    let head = JsonHead::new("prune", now);
    let settings = settings(common, Flags::default(), process)?;
    let cutoff = cutoff(arguments.before, &settings, now)?;
    let path = &settings.store.path;
    listen(interrupt)?;
    let report = if arguments.dry_run || path.symlink_metadata().is_err() {
        // Opening to write would make a new database; this says that there is none.
        let mut store = Store::open_to_read(path)?;
        stop_when_signalled(&mut store, interrupt)?;
        let (pruned, bytes) =
            store.would_prune(cutoff).map_err(|error| or_signal(error.into(), interrupt, ""))?;
        Report { before: arguments.before, pruned, frees: Some(bytes), size: store.file_size()? }
    } else {
        let mut store = Store::open(path, now)?;
        let (directory, merchant) = (&settings.report.directory, &settings.gateway.merchant_uid);
        store.end_killed_runs(|run_id| noted_end(run_id, directory, merchant.as_deref()))?;
        stop_when_signalled(&mut store, interrupt)?;
        let pruned = drop_old(&mut store, cutoff, process, interrupt)?;
        if arguments.vacuum {
            let done = format!("; dropped before that: {}", counts(&pruned.dropped));
            store.vacuum().map_err(|error| or_signal(error.into(), interrupt, &done))?;
        }
        Report { before: arguments.before, pruned, frees: None, size: store.file_size()? }
    };
    match arguments.format {
        Format::Text => print(&report.text())?,
        Format::Json => print(&head.object(&report.object().to_string()))?,
    }
    Ok(0)
}

fn stop_when_signalled(store: &mut Store, interrupt: &Interrupt) -> Result<(), Failure> {
    let interrupt = interrupt.clone();
    Ok(store.stop_when(move || interrupt.signal().is_some())?)
}

/// Drops it. A signal is a failure that says how far it came.
fn drop_old(
    store: &mut Store,
    cutoff: Cutoff,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<Pruned, Failure> {
    let mut told = Instant::now();
    let pruned = store.prune(cutoff, &system_user(), process.now, |dropped| {
        if told.elapsed() >= LOG_EVERY {
            told = Instant::now();
            tracing::info!("dropped so far: {}", counts(dropped));
        }
        interrupt.signal().is_none()
    });
    let pruned = pruned.map_err(|error| or_signal(error.into(), interrupt, ""))?;
    if pruned.is_complete { Ok(pruned) } else { Err(ended(&pruned.dropped, interrupt)) }
}

/// What is older, if the date is early enough.
fn cutoff(before: NaiveDate, settings: &Settings, now: DateTime<Utc>) -> Result<Cutoff, Failure> {
    let zone = settings.ledger.zone();
    let today = now.with_timezone(&zone).date_naive();
    let latest = today - Days::new(YOUNGEST_DAYS);
    if before > latest {
        return Err(Failure::usage(
            format!("--before {before} is too late: the last {YOUNGEST_DAYS} days always stay"),
            format!("today that is {latest} or earlier"),
        ));
    }
    let keep = Days::new(u64::from(settings.store.keep_decisions_days));
    // Before all days: no decision is old enough.
    let decisions_before = today
        .checked_sub_days(keep)
        .and_then(|day| start_of(day.min(before), zone))
        .unwrap_or(DateTime::<Utc>::MIN_UTC);
    Ok(Cutoff { before, decisions_before })
}

/// Ended by a signal.
fn ended(dropped: &Dropped, interrupt: &Interrupt) -> Failure {
    let signal = interrupt.signal().unwrap_or_default();
    let counts = counts(dropped);
    Failure::signal(signal, &format!("; dropped so far: {counts}"))
        .with_hint("the database is whole; run the same command again to continue")
}

/// A failure, or the signal that is its cause. Nothing is half done after either.
fn or_signal(failure: Failure, interrupt: &Interrupt, done: &str) -> Failure {
    match interrupt.signal() {
        Some(signal) => Failure::signal(signal, done)
            .with_hint("the database is whole; run the same command again"),
        None if failure.code() == code::STORAGE => failure.with_hint(
            "the database is whole, and what was dropped stays dropped; free space or close the \
             program that holds it, then run the same command again",
        ),
        None => failure,
    }
}

/// What is printed.
struct Report {
    before: NaiveDate,
    pruned: Pruned,
    /// About how many bytes it would free. `None`: it was done.
    frees: Option<u64>,
    size: FileSize,
}

impl Report {
    fn text(&self) -> String {
        let Report { before, pruned, frees, size } = self;
        let counts = counts(&pruned.dropped);
        let file = mib(size.bytes);
        let free = mib(size.free_bytes);
        let stays = stays(&pruned.staying);
        match frees {
            Some(bytes) => format!(
                "Would drop what is older than {before}: {counts}.\n\
                 {stays}\n\
                 That would free about {} of {file} inside the file; {free} are free already.\n\
                 Nothing was changed.",
                mib(*bytes)
            ),
            None => format!(
                "Dropped what was older than {before}: {counts}.\n\
                 {stays}\n\
                 The database has {file}, of which {free} are free: later nights use them first.{}",
                if size.free_bytes > size.bytes / 4 {
                    " --vacuum makes the file smaller."
                } else {
                    ""
                }
            ),
        }
    }

    fn object(&self) -> Value {
        let Report { before, pruned, frees, size } = self;
        json!({
            "before": before.to_string(),
            "dry_run": frees.is_some(),
            "dropped": pruned.dropped,
            "stays": pruned.staying,
            "frees_bytes": frees,
            "file_bytes": size.bytes,
            "free_bytes": size.free_bytes,
            "exit_code": 0,
        })
    }
}

fn number(count: u64) -> String {
    grouped(&count.to_string())
}

fn mib(bytes: u64) -> String {
    // A file of a few pages is not 0 MiB.
    if bytes < 10 << 20 {
        format!("{} KiB", number(bytes >> 10))
    } else {
        format!("{} MiB", number(bytes >> 20))
    }
}

/// "30 runs, 400,000 orders, 412,000 answers and 3 decisions".
fn counts(dropped: &Dropped) -> String {
    let Dropped { runs, orders, answers, decisions } = *dropped;
    let [runs, orders, answers, decisions] =
        [(runs, "run"), (orders, "order"), (answers, "answer"), (decisions, "decision")].map(
            |(count, word)| {
                format!("{} {word}{}", number(count), if count == 1 { "" } else { "s" })
            },
        );
    format!("{runs}, {orders}, {answers} and {decisions}")
}

fn stays(staying: &Staying) -> String {
    let Staying { open, awaiting, decided, in_runs, shared, newest } = *staying;
    let parts: Vec<String> = [
        (open, "with an open mismatch"),
        (awaiting, "not finished"),
        (decided, "with a decision"),
        (in_runs, "that a later run looked at"),
        (shared, "that share a payment with one of these"),
        (newest, "with the newest number"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{} {what}", number(count)))
    .collect();
    if parts.is_empty() {
        return "No older order stays.".to_owned();
    }
    format!("Older orders that stay: {}.", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_named_by_its_reason() {
        assert_eq!(stays(&Staying::default()), "No older order stays.");
        let staying = Staying { open: 1_200, shared: 2, ..Staying::default() };
        assert_eq!(
            stays(&staying),
            "Older orders that stay: 1,200 with an open mismatch, 2 that share a payment with one \
             of these."
        );
        let dropped = Dropped { runs: 1, orders: 12_345, answers: 0, decisions: 2 };
        assert_eq!(counts(&dropped), "1 run, 12,345 orders, 0 answers and 2 decisions");
        assert_eq!([mib(0), mib(5 << 20), mib(3 << 30)], ["0 KiB", "5,120 KiB", "3,072 MiB"]);
    }
}
