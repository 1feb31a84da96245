//! Tells monitors how a night began and ended (contract, "Configuration": `[notify]`). A run of an
//! explicit range is no night: nobody is told.

use crate::cli::Run;
use crate::domain::run::Warning;
use crate::domain::text::one_line;
use crate::failure::{Failure, code};
use crate::notify::{End, NotifySettings, Pinger, Reported, RunEnded, render, write};
use crate::report::summary;
use crate::settings::Settings;
use crate::store::{Store, StoreError};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How a run ended.
#[derive(Clone)]
pub(super) struct Ended {
    /// Its number, if it has one.
    pub(super) run_id: Option<i64>,
    /// The run's own exit code.
    pub(super) exit_code: u8,
    /// One line for people.
    pub(super) line: String,
    /// What to do.
    pub(super) hint: Option<String>,
    /// Orders were asked and none was answered. No monitor hears of that as a success, whatever
    /// the exit code is.
    pub(super) nothing_answered: bool,
}

impl Ended {
    /// A run without a report.
    pub(super) fn without_report(run_id: Option<i64>, failure: &Failure) -> Ended {
        let exit_code = failure.code();
        let line = summary::of_failure(run_id, exit_code, failure.message());
        let hint = failure.hint().map(ToOwned::to_owned);
        Ended { run_id, exit_code, line, hint, nothing_answered: false }
    }

    /// What leaves this machine.
    fn told(&self) -> String {
        let hint = self.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
        summary::without_quoted(&one_line(&format!("{}{hint}", self.line)))
    }
}

/// A night that monitors watch.
pub(super) struct Night {
    notify: NotifySettings,
    database: PathBuf,
    merchant_uid: Option<String>,
    zone: Tz,
    started_at: DateTime<Utc>,
    began: Instant,
    pinger: Option<Pinger>,
}

impl Night {
    /// Says that a run has started. `None`: it is no night.
    pub(super) fn begin(arguments: &Run, settings: &Settings, now: DateTime<Utc>) -> Option<Night> {
        if arguments.dry_run || !is_night(arguments, settings) {
            return None;
        }
        let merchant_uid = settings.gateway.merchant_uid.clone();
        let of = merchant_uid.as_deref().map(|uid| format!(" of {uid}")).unwrap_or_default();
        let version = env!("CARGO_PKG_VERSION");
        let text = format!("the run{of} has started (octopus-recon {version})");
        Some(Night {
            notify: settings.notify.clone(),
            database: settings.store.path.clone(),
            merchant_uid,
            zone: settings.ledger.zone(),
            started_at: now,
            began: Instant::now(),
            pinger: Pinger::start(&settings.notify, text),
        })
    }

    /// What a person should know of the start, so far.
    pub(super) fn warning(&self) -> Option<Warning> {
        let text = self.pinger.as_ref()?.failure()?;
        Some(Warning::new("monitor_not_told", text))
    }

    /// Says how the run ended.
    pub(super) fn end(self, ended: &Ended, now: DateTime<Utc>) {
        let Night { notify, pinger, began, .. } = &self;
        // The other run will write the file.
        if let Some(path) = &notify.metrics_file
            && ended.exit_code != code::HELD
            && let Err(error) = write(path, &self.metrics(ended, now))
        {
            let path = path.display();
            tracing::warn!("the metrics file {path} cannot be written: {error}");
        }
        if pinger.is_none() {
            return;
        }
        let end = End {
            text: ended.told(),
            exit_code: ended.exit_code,
            is_success: notify.success_codes.contains(ended.exit_code) && !ended.nothing_answered,
            duration: began.elapsed(),
            is_interrupted: ended.exit_code > code::SIGNAL,
        };
        if let Some(pinger) = self.pinger {
            pinger.end(end);
        }
    }

    fn metrics(&self, ended: &Ended, now: DateTime<Utc>) -> String {
        let reported = match self.reported() {
            Ok(reported) => reported,
            // The first run may have ended before there was a database.
            Err(StoreError::Absent { .. }) => None,
            Err(error) => {
                tracing::warn!("the metrics file is without the last report's figures: {error}");
                None
            }
        };
        render(&RunEnded {
            merchant_uid: self.merchant_uid.as_deref(),
            started_at: self.started_at,
            ended_at: now,
            exit_code: ended.exit_code,
            database_bytes: size(&self.database),
            reported,
        })
    }

    /// The stored figures of the last night's report.
    fn reported(&self) -> Result<Option<Reported>, StoreError> {
        let store = Store::open_to_read(&self.database)?;
        let last = store.last_reported_night(self.merchant_uid.as_deref(), None)?;
        let Some((run_id, _)) = last else { return Ok(None) };
        let Some(run) = store.run(run_id)? else { return Ok(None) };
        let ended_at = run.end.as_ref().and_then(|end| end.at).or(run.judged_at);
        let oldest = store.oldest_findings(run_id)?.into_iter();
        Ok(Some(Reported {
            ended_at: ended_at.unwrap_or(run.started_at),
            retries: store.retries(run_id)?,
            oldest: oldest.map(|(severity, day)| (severity, self.beginning_of(day))).collect(),
            summary: run.summary,
        }))
    }

    /// When a day of the ledger began.
    fn beginning_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let local = day.and_time(NaiveTime::MIN);
        let begun = local.and_local_timezone(self.zone).earliest();
        begun.map_or(local.and_utc(), |at| at.with_timezone(&Utc))
    }
}

/// Whether a run is the night's: it has no explicit range, and neither has the one that it resumes.
fn is_night(arguments: &Run, settings: &Settings) -> bool {
    if arguments.from.or(arguments.to).is_some() {
        return false;
    }
    let Some(Some(run_id)) = arguments.resume else { return true };
    let resumed = Store::open_to_read(&settings.store.path).and_then(|it| it.is_night(run_id));
    // A run that cannot be read fails, and somebody should hear of that.
    resumed.unwrap_or(true)
}

/// The bytes of a database and of its -wal.
fn size(database: &Path) -> Option<u64> {
    let mut wal = OsString::from(database);
    wal.push("-wal");
    let length = |path: &Path| fs::metadata(path).map(|found| found.len()).ok();
    Some(length(database)? + length(Path::new(&wal)).unwrap_or(0))
}
