//! A run from its first call to its report: ask, take decisions, judge, report.

use super::deciding::{self, Desk};
use super::scheduling::{self, Terms};
use super::{Context, Request, asking, beginning, doubts, ending, judging, known, no_report};
use super::{reporting, restored, statement, timezone, warn};
use crate::domain::payment::NOT_ASKED_IN_TIME;
use crate::domain::run::{RunSummary, Warning};
use crate::failure::{Failure, code};
use crate::gateway::{Allowance, Asker, Cause, Client, ClientError};
use crate::report::{self, StagedFiles, Stops, Written};
use crate::settings::Settings;
use crate::store::{NewRun, Recording, RunRow, SelectionKind, Store};
use asking::{Asking, Ended};
use chrono_tz::Tz;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A run from its first call to its report.
pub(super) struct Session<'a> {
    pub(super) store: Store,
    pub(super) run_id: i64,
    /// The run as this process began or resumed it.
    pub(super) new_run: &'a NewRun,
    pub(super) settings: &'a Settings,
    pub(super) request: &'a Request,
    pub(super) context: &'a Context<'a>,
}

impl Session<'_> {
    pub(super) fn carry_out(
        &mut self,
        first: Client,
        further: &dyn Fn() -> Result<Client, ClientError>,
    ) -> Result<(RunSummary, Vec<Written>), Failure> {
        let Session { run_id, settings, context, .. } = *self;
        if let Some(warning) = beginning::clock_warning(self.new_run) {
            self.store.add_warnings(run_id, &[warning])?;
        }
        let said = known(&self.store, run_id)?.summary.warnings;
        let directory = &self.settings.report.directory;
        restored::warn_of_older_database(&mut self.store, run_id, directory, &said)?;
        let zone = settings.ledger.zone();
        let before = self.store.last_zone(settings.gateway.merchant_uid.as_deref())?;
        let changed = before.and_then(|it| timezone::changed(&it, zone, (context.now)()));
        if let Some(warning) = changed {
            warn(&mut self.store, run_id, warning)?;
        }
        self.schedule()?;
        let run = known(&self.store, run_id)?;
        let began = Instant::now();
        let is_whole = self.ask(&run, first, further)?;
        // A new answer can change what a reused one shows, such as that two orders share a payment.
        // Those orders are asked too. What comes after that is due in the next night.
        if is_whole && self.schedule()? {
            let run = known(&self.store, run_id)?;
            self.ask(&run, further()?, further)?;
        }
        self.doubt_a_gateway_that_answers_nothing(began.elapsed())?;
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

    /// With `--scheduled`: decides which orders are asked. Gives whether some were not asked yet.
    fn schedule(&mut self) -> Result<bool, Failure> {
        let Session { run_id, settings, request, context, .. } = *self;
        if !request.is_scheduled {
            return Ok(false);
        }
        let scheduling = self.store.begin_scheduling(run_id)?;
        let to_ask = scheduling::schedule(&scheduling, Terms::of(settings), context)?;
        scheduling.commit()?;
        Ok(to_ask > 0)
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
            tracing::warn!(code = warning.code, "{}", warning.text);
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

    /// Says so where no order was answered: the exit code is that of a run with some orders
    /// unverified.
    fn doubt_a_gateway_that_answers_nothing(&mut self, took: Duration) -> Result<(), Failure> {
        let Session { run_id, .. } = *self;
        let run = known(&self.store, run_id)?;
        let reasons = self.store.unverified_reasons(run_id)?;
        match asking::nothing_answered::warning(&run, &reasons, took) {
            Some(warning) => warn(&mut self.store, run_id, warning),
            None => Ok(()),
        }
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

    /// Asks for every order without a trustworthy answer, and says how that ended. Gives whether
    /// each was asked.
    fn ask(
        &mut self,
        run: &RunRow,
        first: Client,
        further: &dyn Fn() -> Result<Client, ClientError>,
    ) -> Result<bool, Failure> {
        let Session { run_id, settings, request, context, .. } = *self;
        let to_ask = run.to_ask();
        let limits = settings.gateway.limits();
        let allowance = Arc::new(Allowance::new(limits, to_ask));
        // A worker without an order would only open connections.
        let left = u32::try_from(to_ask.saturating_sub(run.answered)).unwrap_or(u32::MAX);
        let left = NonZeroU32::new(left).unwrap_or(NonZeroU32::MIN);
        let max_in_flight = settings.gateway.max_in_flight.min(left);
        let mut clients = vec![first];
        for _ in 1..asking::workers(max_in_flight) {
            clients.push(further()?);
        }
        let asker =
            |client| Asker::new(client, Arc::clone(&allowance), context.now, fastrand::Rng::new());
        let asking = Asking {
            run: Recording {
                run_id,
                clock_floor: self.new_run.clock_floor,
                zone: settings.ledger.zone(),
            },
            answered_before: run.answered,
            max_in_flight,
            stop_asking_at: request.stop_asking_at,
            interrupt: context.interrupt.clone(),
            moves_day: moves_day(self.new_run, settings.ledger.zone()),
            counters: Arc::clone(&context.counters),
            askers: clients.into_iter().map(asker).collect(),
            allowance: Arc::clone(&allowance),
        };
        context.counters.begin(to_ask, run.answered);
        let store = &mut self.store;
        let ended = asking.run(store)?;
        store.forget_warnings(run_id, &asking::OF_THE_ASKING)?;
        let skew = allowance.clock_skew();
        let clock = skew.and_then(asking::clock_differs);
        let refused = allowance.refused_calls().map(asking::too_many_requests);
        let said = &run.summary.warnings;
        let is_new = |warning: &Warning| said.iter().all(|it| it.code != warning.code);
        for warning in clock.into_iter().chain(refused).filter(is_new) {
            warn(store, run_id, warning)?;
        }
        let answered = known(store, run_id)?.answered;
        let progress = format!("run {run_id}: {answered} of {to_ask} answered");
        match ended {
            Ended::Done => return Ok(true),
            Ended::Deadline => {
                warn(store, run_id, asking::deadline(&progress))?;
                store.mark_unasked(run_id, NOT_ASKED_IN_TIME)?;
            }
            Ended::Unreachable(why) => {
                warn(store, run_id, asking::unreachable(&why, &progress))?;
                store
                    .mark_unasked(run_id, "not asked, because the gateway could not be reached")?;
            }
            Ended::Interrupted(signal) => {
                let rest = format!("; {progress}, resume with --resume {run_id}");
                return Err(Failure::signal(signal, &rest));
            }
            Ended::Refused(why) => {
                let doubt = settings.credentials().ok().and_then(|it| it.doubt());
                return Err(asking::refused(&why, skew, doubt.as_deref(), run_id, &progress));
            }
            Ended::WrongDay(skew) => return Err(asking::wrong_day(skew)),
            // The gateway is not at fault if this process may open no connection.
            Ended::Outage(failure)
                if failure.cause == Cause::Unreachable
                    && failure.why.contains("(Too many open files") =>
            {
                let message = format!("the gateway cannot be asked: {} ({progress})", failure.why);
                return Err(Failure::limit(message));
            }
            Ended::Outage(why) => return Err(asking::outage(&why, run_id, &progress)),
        }
        Ok(false)
    }
}

/// Whether `--last` would have selected other days by another clock.
fn moves_day(new_run: &NewRun, zone: Tz) -> asking::MovesDay {
    let started_at = new_run.started_at;
    let is_last = new_run.selection.kind == SelectionKind::Last;
    Box::new(move |skew| is_last && asking::moves_day(started_at, skew, zone))
}
