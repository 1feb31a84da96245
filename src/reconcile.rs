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
mod no_report;
mod other_policy;
mod reading;
mod reporting;
mod request;
mod statement;
mod stop;
pub(crate) mod verifying;
mod views;

pub(crate) use beginning::Estimate;
pub use committing::Counters;
pub(crate) use ending::record_late;
pub(crate) use inspecting::{LedgerReport, LedgerView, inspect};
pub(crate) use other_policy::{Effect, under_policy};
pub(crate) use reporting::write_again;
pub use request::{Request, Resume};
pub(crate) use views::{write_as_of, write_current};

use crate::domain::run::{RunSummary, Warning};
use crate::failure::{Failure, code};
use crate::gateway::{Allowance, Asker, Client, ClientError};
use crate::interrupt::Interrupt;
use crate::report::{self, StagedFiles, Stops, Written};
use crate::settings::Settings;
use crate::store::{NewRun, RunRow, SelectionKind, Store, StoreError};
use asking::{Asking, Ended};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use deciding::Desk;
use std::num::NonZeroU32;
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
    let mut store = Store::open(&settings.store.path, (context.now)())?;
    store.end_killed_runs()?;
    let new_run = beginning::new_run(&store, settings, request, context)?;
    let run_id = match beginning::begin(&mut store, &new_run, settings, request, context) {
        Ok(run_id) => run_id,
        Err(failure) => {
            let run_id = ending::record_without_orders(&mut store, &new_run, &failure, context);
            return Err(Failed { run_id, failure });
        }
    };
    let path = settings.store.path.as_path();
    // Dropped behind the recorder, which locks the database too.
    let _notice = no_report::OnBug { night, run_id };
    let _recorder = ending::BugRecorder { path, run_id, now: context.now };
    let mut session = Session { store, run_id, new_run: &new_run, settings, request, context };
    match session.carry_out(first, &client) {
        Ok((summary, reports)) => Ok(Finished { summary, reports, duration: started.elapsed() }),
        Err(failure) => {
            ending::record(&mut session.store, run_id, &failure, context);
            Err(Failed { run_id: Some(run_id), failure })
        }
    }
}

/// A run from its first call to its report.
struct Session<'a> {
    store: Store,
    run_id: i64,
    /// The run as this process began or resumed it.
    new_run: &'a NewRun,
    settings: &'a Settings,
    request: &'a Request,
    context: &'a Context<'a>,
}

impl Session<'_> {
    fn carry_out(
        &mut self,
        first: Client,
        further: &dyn Fn() -> Result<Client, ClientError>,
    ) -> Result<(RunSummary, Vec<Written>), Failure> {
        let Session { run_id, context, .. } = *self;
        if let Some(warning) = beginning::clock_warning(self.new_run) {
            self.store.add_warnings(run_id, &[warning])?;
        }
        let run = known(&self.store, run_id)?;
        self.ask(&run, first, further)?;
        self.doubt_a_gateway_that_knows_nothing(&run)?;
        self.take_decisions()?;
        let interrupt = context.interrupt.clone();
        self.store.stop_when(move || interrupt.signal().is_some())?;
        let judged = self.judge_and_prepare();
        // From here on a signal comes too late, or the end of the run is to be recorded.
        self.store.never_stop()?;
        let (run, staged) = judged.map_err(|failure| self.by_signal(failure))?;
        self.publish(run, staged)
    }

    /// Judges, and makes the files of the report. A signal ends it at any time.
    fn judge_and_prepare(&mut self) -> Result<(RunRow, StagedFiles), Failure> {
        let Session { run_id, settings, request, context, .. } = *self;
        let store = &mut self.store;
        let mut run = known(store, run_id)?;
        let comparison = store.compare_with_earlier(run_id)?;
        let shrunk = doubts::shrunk(comparison, &settings.ledger.shrunk_above);
        run.summary.figures.gateway_totals = statement::lines(store, &run, request)?;
        let stated = statement::warnings(&run.summary.figures.gateway_totals);
        let warnings = shrunk.into_iter().chain(stated).collect();
        let (policy, making) = (&settings.policy, &request.making);
        let accept = request.accept_suspect;
        for warning in judging::judge(store, &run, policy, making, warnings, context, accept)? {
            tracing::warn!("{}", warning.text);
        }
        let run = known(store, run_id)?;
        let interrupt = context.interrupt.clone();
        let stops = Stops::when(move || interrupt.signal().is_some());
        let target = request.report.as_deref();
        let files = reporting::prepare(store, &run, &settings.report, target, stops)?;
        Ok((run, files))
    }

    /// Puts the report in its place. Once it is there, a signal changes nothing any more.
    fn publish(
        &mut self,
        mut run: RunRow,
        staged: StagedFiles,
    ) -> Result<(RunSummary, Vec<Written>), Failure> {
        let Session { run_id, settings, request, context, .. } = *self;
        let is_night = self.store.is_night(run_id)?;
        let reported = reporting::publish(&self.store, staged, (context.now)())
            .map_err(|failure| self.by_signal(failure))?;
        let end = ending::of(&run.summary, (context.now)());
        self.store.end_run(run_id, &end, true).map_err(|error| {
            let report = reported.files.first().map(|file| file.path.display().to_string());
            Failure::from(error).after_report(&report.unwrap_or_default())
        })?;
        run.summary.warnings.extend(reported.warnings);
        if is_night {
            let directory = no_report::directory(settings, request);
            for note in report::remove_notes(directory, run.merchant_uid.as_deref()) {
                tracing::warn!("{} is out of date and could not be removed", note.display());
            }
        }
        Ok((run.summary, reported.files))
    }

    /// Ends the run where the gateway has never known an order of this merchant: the address or the
    /// column of the ids is wrong. None of its answers is reported.
    fn doubt_a_gateway_that_knows_nothing(&self, run: &RunRow) -> Result<(), Failure> {
        const FEW: u64 = 20;
        let all_missing = self.store.all_missing(self.run_id)?.filter(|it| it.asked >= FEW);
        match all_missing {
            Some(all_missing) if !self.request.accept_suspect => {
                Err(asking::knows_nothing(&all_missing, run))
            }
            _ => Ok(()),
        }
    }

    /// What ended the run: the signal, if there was one. It makes whatever is at work fail.
    fn by_signal(&self, failure: Failure) -> Failure {
        match self.context.interrupt.signal() {
            Some(signal) if failure.code() != code::BUG && !failure.is_report_new() => {
                judging::ended_by(signal, self.run_id)
            }
            _ => failure,
        }
    }

    /// Takes the decisions that finance wrote into earlier reports. Whatever is wrong with these
    /// files is a warning: it never ends the run.
    fn take_decisions(&mut self) -> Result<(), Failure> {
        let Session { run_id, settings, request, context, .. } = *self;
        let now = (context.now)();
        let desk = Desk {
            policy: &settings.policy,
            today: now.with_timezone(&settings.policy.zone).date_naive(),
            now,
            taken_by_run: Some(run_id),
            system_user: request.system_user.clone(),
        };
        let directory = no_report::directory(settings, request);
        let store = &mut self.store;
        let warnings = match deciding::take_back_all(store, &desk, directory, now.into())? {
            Ok(taken) => taken.warnings(&desk),
            Err(why) => vec![Warning::new("decisions_unreadable", why)],
        };
        for warning in warnings {
            warn(store, run_id, warning)?;
        }
        Ok(())
    }

    /// Asks for every order without a trustworthy answer, and says how that ended.
    fn ask(
        &mut self,
        run: &RunRow,
        first: Client,
        further: &dyn Fn() -> Result<Client, ClientError>,
    ) -> Result<(), Failure> {
        let Session { run_id, settings, request, context, .. } = *self;
        let selected = run.summary.figures.orders.selected;
        let limits = settings.gateway.limits();
        let allowance = Arc::new(Allowance::new(limits, selected));
        // A worker without an order would only open connections.
        let left = u32::try_from(selected.saturating_sub(run.answered)).unwrap_or(u32::MAX);
        let left = NonZeroU32::new(left).unwrap_or(NonZeroU32::MIN);
        let max_in_flight = settings.gateway.max_in_flight.min(left);
        let mut clients = vec![first];
        for _ in 1..asking::workers(max_in_flight) {
            clients.push(further()?);
        }
        let asker =
            |client| Asker::new(client, Arc::clone(&allowance), context.now, fastrand::Rng::new());
        let asking = Asking {
            run_id,
            answered_before: run.answered,
            clock_floor: self.new_run.clock_floor,
            max_in_flight,
            stop_asking_at: request.stop_asking_at,
            interrupt: context.interrupt.clone(),
            moves_day: moves_day(self.new_run, settings.ledger.zone()),
            counters: Arc::clone(&context.counters),
            askers: clients.into_iter().map(asker).collect(),
            allowance: Arc::clone(&allowance),
        };
        context.counters.begin(selected, run.answered);
        let store = &mut self.store;
        let ended = asking.run(store)?;
        let skew = allowance.clock_skew();
        if let Some(warning) = skew.and_then(asking::clock_differs) {
            warn(store, run_id, warning)?;
        }
        if let Some(refused) = allowance.refused_calls() {
            warn(store, run_id, asking::too_many_requests(refused))?;
        }
        let answered = known(store, run_id)?.answered;
        let progress = format!("run {run_id}: {answered} of {selected} answered");
        match ended {
            Ended::Done => {}
            Ended::Deadline => {
                let warning =
                    Warning::new("deadline", format!("{progress} when the deadline came"));
                warn(store, run_id, warning)?;
                store.mark_unasked(run_id, "not asked before the deadline")?;
            }
            Ended::Unreachable(why) => {
                let what = "when the gateway could no longer be reached";
                let warning = Warning::new("unreachable", format!("{progress} {what}: {why}"));
                warn(store, run_id, warning)?;
                store
                    .mark_unasked(run_id, "not asked, because the gateway could not be reached")?;
            }
            Ended::Interrupted(signal) => {
                let message =
                    format!("ended by signal {signal}; {progress}, resume with --resume {run_id}");
                return Err(Failure::signal(signal, message));
            }
            Ended::Refused(why) => {
                let doubt = settings.credentials().ok().and_then(|it| it.doubt());
                return Err(asking::refused(&why, skew, doubt.as_deref(), run_id, &progress));
            }
            Ended::WrongDay(skew) => return Err(asking::wrong_day(skew)),
            // The gateway is not at fault if this process may open no connection.
            Ended::Outage(why)
                if why.starts_with("no connection to the gateway (Too many open files") =>
            {
                let message = format!("the gateway cannot be asked: {why} ({progress})");
                return Err(Failure::limit(message));
            }
            Ended::Outage(why) => return Err(asking::outage(&why, run_id, &progress)),
        }
        Ok(())
    }
}

/// Whether `--last` would have selected other days by another clock.
fn moves_day(new_run: &NewRun, zone: Tz) -> asking::MovesDay {
    let (started_at, day) = (new_run.started_at, new_run.day);
    let is_last = new_run.selection.kind == SelectionKind::Last;
    Box::new(move |skew| {
        let there = started_at.checked_add_signed(skew);
        let is_day = there.is_some_and(|there| there.with_timezone(&zone).date_naive() == day);
        is_last && asking::is_wrong(skew) && !is_day
    })
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
    tracing::warn!("{}", warning.text);
    Ok(store.add_warnings(run_id, &[warning])?)
}

/// A run that must be there.
fn known(store: &Store, run_id: i64) -> Result<RunRow, Failure> {
    store.run(run_id)?.ok_or_else(|| Failure::bug(format!("run {run_id} is not in the database")))
}
