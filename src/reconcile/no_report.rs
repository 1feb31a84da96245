//! A run that ends without a report says so in the directory of the reports (contract, "The
//! report"): otherwise last night's page would pass for tonight's.
//!
//! Best effort: what fails here is a warning, and never changes how the run ended.

use super::ending::without_cells;
use super::{Failed, Request, restored};
use crate::domain::text::one_line;
use crate::failure::{Failure, code};
use crate::report::{self, NoReport, StagedNotice, UnrecordedEnd, summary};
use crate::settings::Settings;
use crate::store::{RunEnd, Store, StoreError};
use chrono::{DateTime, Utc};
use std::cell::Cell;
use std::path::Path;

/// What is known of a run whatever ends it.
#[derive(Clone, Copy)]
pub(super) struct Night<'a> {
    pub(super) settings: &'a Settings,
    pub(super) request: &'a Request,
    /// When it began.
    pub(super) started_at: DateTime<Utc>,
    pub(super) now: fn() -> DateTime<Utc>,
}

impl Night<'_> {
    /// Leaves the notice. Endings that are not recorded leave none, and neither does one because
    /// of another run: that one owns the files.
    pub(super) fn leave_notice(self, run_id: Option<i64>, failure: &Failure) {
        if matches!(failure.code(), code::USAGE | code::HELD | code::DATABASE) {
            return;
        }
        let path = &self.settings.store.path;
        let store = match path.symlink_metadata().map(|_| Store::open(path, (self.now)())) {
            Ok(Err(StoreError::Held { .. })) => return,
            Ok(Ok(store)) => Some(store),
            // The run may have failed because there is no database that can be opened.
            Ok(Err(_)) | Err(_) => None,
        };
        if let Err(error) = self.write(store, run_id, failure) {
            tracing::warn!("the page could not say that there is no report: {}", error.message());
        }
    }

    fn write(
        self,
        mut store: Option<Store>,
        run_id: Option<i64>,
        failure: &Failure,
    ) -> Result<(), Failure> {
        let Night { settings, request, started_at, now } = self;
        let (zone, merchant_uid) = (settings.ledger.zone(), settings.gateway.merchant_uid.clone());
        if !self.is_night(store.as_ref(), run_id)? {
            return Ok(());
        }
        let last_good = match &store {
            Some(store) => store.last_reported_night(merchant_uid.as_deref(), run_id)?,
            None => None,
        };
        // What stands in quotes may be cells of a ledger: others read this page.
        let error = without_cells(&one_line(failure.message()));
        let night = NoReport {
            day: started_at.with_timezone(&zone).date_naive(),
            ended_at: now(),
            zone,
            merchant_uid,
            exit_code: failure.code(),
            error: error.clone(),
            hint: failure.hint().map(ToOwned::to_owned),
            last_good,
            unrecorded: unrecorded(store.as_ref(), run_id),
        };
        let json = summary::failed(run_id, failure.code(), &error, failure.hint());
        let json = summary::with_head("run", started_at, &json);
        // With --report, `latest.*` are not touched.
        let json = Some(json.as_str()).filter(|_| request.report.is_none());
        let staged =
            StagedNotice::create(directory(settings, request), &settings.report, &night, json)?;
        if let (Some(store), Some(run_id)) = (&mut store, run_id) {
            let digests = staged.digests();
            let recorded =
                store.wait_briefly().and_then(|()| store.record_report_files(run_id, &digests));
            // The database may be what failed. The next run knows the page by its content too.
            if let Err(error) = recorded {
                tracing::debug!("the files of this night are not recorded: {error}");
            }
        }
        let manifest = staged.manifest();
        let of_lost_runs = store.as_ref().zip(manifest).map(|(store, manifest)| {
            restored::own_files_beside(store, manifest).unwrap_or_default()
        });
        let of_lost_runs = of_lost_runs.unwrap_or_default();
        let is_own = |sha256: &str| {
            let is_known = |store: &Store| store.has_report_file(sha256).unwrap_or(false);
            of_lost_runs.contains(sha256) || store.as_ref().is_some_and(is_known)
        };
        let (edited, failed) = staged.publish(&is_own, now());
        for edited in edited {
            let (path, kept_as) = (edited.path.display(), edited.kept_as.display());
            tracing::warn!(
                "{path} is not as this database's runs wrote it: it is kept as {kept_as}"
            );
        }
        for why in failed {
            tracing::warn!("a file still shows an earlier night: {why}");
        }
        Ok(())
    }

    /// Whether the run was to be the night's report: one of an explicit range is not.
    fn is_night(self, store: Option<&Store>, run_id: Option<i64>) -> Result<bool, Failure> {
        if self.request.from.or(self.request.to).is_some() {
            return Ok(false);
        }
        match (store, run_id) {
            (Some(store), Some(run_id)) => Ok(store.is_night(run_id)?),
            _ => Ok(true),
        }
    }
}

/// The run, unless the database has its end: it may be what failed.
fn unrecorded(store: Option<&Store>, run_id: Option<i64>) -> Option<i64> {
    let is_recorded = |store: &Store, run_id| {
        store.run(run_id).is_ok_and(|run| run.is_some_and(|run| run.end.is_some()))
    };
    run_id.filter(|run_id| !store.is_some_and(|store| is_recorded(store, *run_id)))
}

/// How a run ended by a note in this directory, if the database could not record it.
pub(crate) fn noted_end(
    run_id: i64,
    directory: &Path,
    merchant_uid: Option<&str>,
) -> Option<RunEnd> {
    let ends = report::notes(directory, merchant_uid).into_iter().filter_map(|it| it.unrecorded);
    let UnrecordedEnd { ended_at, exit_code, error, .. } =
        ends.rev().find(|end| end.run_id == run_id)?;
    let reason = format!("{error} (its note says so; the database could not record it)");
    Some(RunEnd { at: Some(ended_at), exit_code: Some(exit_code), reason })
}

/// Where the run's report goes.
pub(super) fn directory<'a>(settings: &'a Settings, request: &'a Request) -> &'a Path {
    let beside = request.report.as_deref().and_then(Path::parent);
    beside.unwrap_or(&settings.report.directory)
}

/// Leaves the notice of a run that stops at a bug: dropped while a panic unwinds, after everything
/// that holds the database.
pub(super) struct OnBug<'a> {
    pub(super) night: Night<'a>,
    /// `None`: it has no number yet.
    pub(super) run_id: Cell<Option<i64>>,
}

impl Drop for OnBug<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let failure = Failure::bug("octopus-recon stopped at a bug");
            self.night.leave_notice(self.run_id.get(), &failure);
        }
    }
}

/// The notice of a run that ended early.
pub(super) fn leave(night: Night, failed: &Failed) {
    if failed.failure.is_report_new() {
        return;
    }
    night.leave_notice(failed.run_id, &failed.failure);
}
