//! A run, from beginning to end: all of its control flow (contract, "`run`").
//!
//! Each step leaves the database so that the next run can go on from there: the ledger and the
//! run's orders are stored whole before the first call, every answer is committed before it
//! counts, the judgement is one transaction, and the report replaces the old one whole or not at
//! all.

mod asking;
mod beginning;
mod committing;
pub(crate) mod deciding;
mod doubts;
mod ending;
mod importing;
mod inspecting;
mod judging;
mod no_ledger;
mod no_report;
mod other_policy;
mod reading;
mod reporting;
mod request;
pub(crate) mod restored;
mod scheduling;
mod session;
mod statement;
mod stop;
mod timezone;
pub(crate) mod verifying;
mod views;
mod waiting;

pub(crate) use asking::nothing_answered::CODE as NOTHING_ANSWERED;
pub(crate) use asking::{KNOWS_NOTHING, moves_day};
pub(crate) use beginning::Estimate;
pub use committing::Counters;
pub(crate) use doubts::too_old;
pub(crate) use ending::record_late;
pub(crate) use inspecting::{LedgerReport, LedgerView, inspect, try_to_read};
pub(crate) use no_report::noted_end;
pub(crate) use other_policy::{Effect, under_policy};
pub(crate) use reporting::write_again;
pub use request::{Request, Resume};
pub(crate) use views::{write_as_of, write_current};

use crate::domain::run::{RunSummary, Warning};
use crate::failure::Failure;
use crate::gateway::Client;
use crate::interrupt::Interrupt;
use crate::report::{self, Written};
use crate::settings::Settings;
use crate::store::{RunRow, Store, StoreError};
use chrono::{DateTime, Utc};
use session::Session;
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a run needs of the world.
pub struct Context<'a> {
    /// The clock.
    pub now: fn() -> DateTime<Utc>,
    /// Looked at by every loop.
    pub interrupt: &'a Interrupt,
    /// How far the run is, for the progress bar.
    pub counters: Arc<Counters>,
}

/// A run that wrote its report.
#[derive(Debug)]
pub struct Finished {
    /// Its range and figures.
    pub summary: RunSummary,
    /// The files that it wrote, the report first.
    pub reports: Vec<Written>,
    /// How long it took.
    pub duration: Duration,
}

/// A run that ended without a report: its number, if it has one, and why.
#[derive(Debug)]
pub struct Failed {
    /// The run, if it was recorded.
    pub run_id: Option<i64>,
    /// Why it ended.
    pub failure: Failure,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Failed {
        Failed { run_id: None, failure }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Failed {
        Failure::from(error).into()
    }
}

/// Runs: reads, asks, records, judges, reports.
///
/// # Errors
/// Everything that ends a run without a report (contract, exit codes 2 and from 10 on).
pub fn run(settings: &Settings, request: &Request, context: &Context) -> Result<Finished, Failed> {
    let night =
        no_report::Night { settings, request, started_at: (context.now)(), now: context.now };
    carry_out(night, context).inspect_err(|failed| no_report::leave(night, failed))
}

fn carry_out(night: no_report::Night, context: &Context) -> Result<Finished, Failed> {
    let no_report::Night { settings, request, .. } = night;
    let started = Instant::now();
    request.check()?;
    request.refuse_overwriting(settings)?;
    let credentials = settings.credentials().map_err(Failure::from)?;
    let personal_data = settings.store.personal_data;
    let client = || Client::new(&settings.gateway, &credentials, personal_data, context.now);
    let first = client().map_err(Failure::from)?;
    match &request.report {
        Some(path) => report::prepare_target(path),
        None => report::prepare_directory(&settings.report.directory),
    }
    .map_err(Failure::from)?;
    // Dropped behind everything that locks the database.
    let notice = no_report::OnBug { night, run_id: Cell::new(None) };
    let open = || Store::open(&settings.store.path, (context.now)());
    let mut store = open()?;
    let mut waited = Ok(None);
    if let Some(until) = request.wait_ledger_until {
        // Others may use the database meanwhile.
        drop(store);
        waited = waiting::wait(&request.ledgers, settings.ledger.max_age_hours, until, context);
        store = open()?;
    }
    let directory = no_report::directory(settings, request);
    let merchant_uid = settings.gateway.merchant_uid.as_deref();
    store.end_killed_runs(|run_id| noted_end(run_id, directory, merchant_uid))?;
    let new_run = beginning::new_run(&store, settings, request, context)?;
    let begun = waited
        .and_then(|late| beginning::begin(&mut store, &new_run, settings, request, context, late));
    let run_id = match begun {
        Ok(run_id) => run_id,
        Err(failure) => {
            let run_id = ending::record_without_orders(&mut store, &new_run, &failure, context);
            return Err(Failed { run_id, failure: ending::with_advice(failure, None) });
        }
    };
    notice.run_id.set(Some(run_id));
    let path = settings.store.path.as_path();
    let _recorder = ending::BugRecorder { path, run_id, now: context.now };
    let mut session = Session { store, run_id, new_run: &new_run, settings, request, context };
    match session.carry_out(first, &client) {
        Ok((summary, reports)) => Ok(Finished { summary, reports, duration: started.elapsed() }),
        Err(failure) => {
            ending::record(&mut session.store, run_id, &failure, context);
            let run = session.store.run(run_id).ok().flatten();
            let has_asked = run.is_some_and(|run| run.summary.figures.requests > 0);
            let resumable = ending::Resumable { run_id, has_asked };
            let failure = ending::with_advice(failure, Some(resumable));
            Err(Failed { run_id: Some(run_id), failure })
        }
    }
}

/// Reads and selects only, and leaves nothing behind: what would asking cost?
///
/// # Errors
/// As [`run`], as far as it comes.
pub(crate) fn estimate(
    settings: &Settings,
    request: &Request,
    context: &Context,
) -> Result<Estimate, Failure> {
    request.check()?;
    let path = &settings.store.path;
    let mut store = if path.symlink_metadata().is_ok() {
        Store::open(path, (context.now)())?
    } else {
        Store::temporary()?
    };
    beginning::estimate(&mut store, settings, request, context)
}

/// Says a warning at once, and keeps it for the report.
fn warn(store: &mut Store, run_id: i64, warning: Warning) -> Result<(), Failure> {
    tracing::warn!(code = warning.code, "{}", warning.text);
    Ok(store.add_warnings(run_id, &[warning])?)
}

/// A run that must be there.
fn known(store: &Store, run_id: i64) -> Result<RunRow, Failure> {
    store.run(run_id)?.ok_or_else(|| Failure::bug(format!("run {run_id} is not in the database")))
}
