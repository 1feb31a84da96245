//! A run, from beginning to end: all of its control flow (contract, "`run`").
//!
//! Each step leaves the database so that the next run can go on from there: the ledger and the
//! run's orders are stored whole before the first call, every answer is committed before it
//! counts, the judgement is one transaction, and the report replaces the old one whole or not at
//! all.

mod asking;
mod beginning;
mod committing;
mod course;
mod judging;
mod reporting;
mod taking_in;

pub use beginning::Estimate;
pub use committing::Counters;
pub use reporting::write_reports;

use crate::domain::run::{ExpectedTotal, RunSummary};
use crate::failure::Failure;
use crate::gateway::{Asker, Client};
use crate::interrupt::Interrupt;
use crate::report::{self, Written};
use crate::settings::Settings;
use crate::store::{RunRow, Store};
use asking::Ended;
use chrono::{DateTime, NaiveDate, Utc};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Which orders, and what else a run was asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Ledger files; `-` is stdin; none: the orders already stored.
    pub ledgers: Vec<PathBuf>,
    /// First order date.
    pub from: Option<NaiveDate>,
    /// Last order date.
    pub to: Option<NaiveDate>,
    /// The N whole days before today instead.
    pub last: Option<NonZeroU32>,
    /// Also the open orders of earlier runs.
    pub include_open: bool,
    /// A run without orders is no error.
    pub allow_empty: bool,
    /// Whether to continue an earlier run.
    pub resume: Resume,
    /// The CSV's path, instead of one in the reports' directory.
    pub report: Option<PathBuf>,
    /// The ledger's control figure: its rows.
    pub expect_rows: Option<u64>,
    /// The ledger's control figures: its amounts.
    pub expect_totals: Vec<ExpectedTotal>,
    /// When to stop asking.
    pub stop_asking_at: Option<Instant>,
}

/// `--resume`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resume {
    /// A new run.
    #[default]
    No,
    /// The latest of the same selection that did not end complete, else a new run.
    Latest,
    /// This one.
    Run(i64),
}

impl Request {
    /// Whether nothing was said about which orders.
    fn selects_nothing(&self) -> bool {
        self.ledgers.is_empty()
            && self.from.is_none()
            && self.to.is_none()
            && self.last.is_none()
            && !self.include_open
    }
}

/// What a run needs of the world.
pub struct Surroundings<'a> {
    /// The clock.
    pub now: fn() -> DateTime<Utc>,
    /// Looked at by every loop.
    pub interrupt: &'a Interrupt,
    /// Where calls are made.
    pub runtime: &'a Handle,
    /// How far the run is, for whoever shows it.
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

/// Runs: reads, asks, records, judges, reports.
///
/// # Errors
/// Everything that ends a run without a report (contract, exit codes 2 and from 10 on).
pub fn run(
    settings: &Settings,
    request: &Request,
    surroundings: &Surroundings,
) -> Result<Finished, Failure> {
    let started = Instant::now();
    beginning::check(request)?;
    beginning::refuse_overwriting(settings, request)?;
    let client = Client::new(
        &settings.gateway,
        &settings.credentials()?,
        settings.store.personal_data,
        surroundings.now,
    )?;
    match &request.report {
        Some(path) => report::prepare_target(path)?,
        None => report::prepare_directory(&settings.report.directory)?,
    }
    let mut store = Store::open(&settings.store.path, (surroundings.now)())?;
    let run_id = beginning::begin(&mut store, settings, request, surroundings)?;
    let run = known(&store, run_id)?;
    store = ask(store, &run, client, settings, request, surroundings)?;
    judging::judge(&mut store, &run, &settings.policy, surroundings)?;
    let run = known(&store, run_id)?;
    let target = request.report.as_deref();
    // The database does not know yet what the program wrote: files of the same cells are its own.
    let is_own = |_: &str| false;
    let now = (surroundings.now)();
    let reports = write_reports(&store, &run, &settings.report, target, &is_own, now)?;
    store.mark_reported(run_id, (surroundings.now)())?;
    Ok(Finished { summary: run.summary, reports, duration: started.elapsed() })
}

/// Reads and selects only, and leaves nothing behind: what would asking cost?
///
/// # Errors
/// As [`run`], as far as it comes.
pub fn estimate(
    settings: &Settings,
    request: &Request,
    surroundings: &Surroundings,
) -> Result<Estimate, Failure> {
    beginning::check(request)?;
    let path = &settings.store.path;
    let mut store = if path.symlink_metadata().is_ok() {
        Store::open(path, (surroundings.now)())?
    } else {
        Store::temporary()?
    };
    beginning::estimate(&mut store, settings, request, surroundings)
}

/// A run that must be there.
fn known(store: &Store, run_id: i64) -> Result<RunRow, Failure> {
    store.run(run_id)?.ok_or_else(|| Failure::bug(format!("run {run_id} is not in the database")))
}

/// Asks for every order without a trustworthy answer, and says how that ended.
fn ask(
    store: Store,
    run: &RunRow,
    client: Client,
    settings: &Settings,
    request: &Request,
    surroundings: &Surroundings,
) -> Result<Store, Failure> {
    let run_id = run.summary.run_id;
    let selected = run.summary.figures.orders.selected;
    let limits = settings.gateway.limits();
    let asker = Arc::new(Asker::new(client, limits, selected, surroundings.now));
    let asking = asking::Asking {
        run_id,
        answered_before: run.answered,
        max_in_flight: settings.gateway.max_in_flight,
        stop_asking_at: request.stop_asking_at,
        interrupt: surroundings.interrupt.clone(),
        counters: Arc::clone(&surroundings.counters),
        asker: Arc::clone(&asker),
    };
    surroundings.counters.begin(selected, run.answered);
    // On a worker, beside the connections: from here each answer would wake another thread.
    let asking = surroundings.runtime.spawn(asking.run(store));
    let (mut store, ended) = match surroundings.runtime.block_on(asking) {
        Ok(ended) => ended,
        // The asking does not panic; if it does, the process cannot go on without its store.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    let ended = ended?;
    let answered = known(&store, run_id)?.answered;
    let progress = format!("run {run_id}: {answered} of {selected} answered");
    match ended {
        Ended::Done => {}
        Ended::Deadline => {
            tracing::warn!("{progress} when the deadline came");
            store.mark_unasked(run_id, "not asked before the deadline")?;
        }
        Ended::GivenUp(why) => {
            tracing::warn!("{progress} when the gateway could no longer be reached: {why}");
            store.mark_unasked(run_id, "not asked, because the gateway could not be reached")?;
        }
        Ended::Interrupted(signal) => {
            let message =
                format!("ended by signal {signal}; {progress}, go on with --resume {run_id}");
            return Err(Failure::signal(signal, message));
        }
        Ended::Refused(why) => {
            return Err(asking::refused(&why, asker.clock_skew(), run_id, &progress));
        }
        Ended::Outage(why) => return Err(asking::outage(&why, run_id, &progress)),
    }
    Ok(store)
}
