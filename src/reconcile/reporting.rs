//! Writing what a run found (contract, "The report").

use super::restored;
use super::views::write_old_run;
use crate::domain::morning::Night;
use crate::domain::run::Warning;
use crate::failure::Failure;
use crate::report::{
    self, NotReplaced, Part, ReportFiles, ReportFormat, ReportSettings, Role, StagedFiles, Stops,
    View, Written,
};
use crate::rules::Policy;
use crate::rules::causes::Clues;
use crate::store::{DecisionFilter, RunRow, Store};
use chrono::{DateTime, Utc};
use std::path::Path;

/// What a run has written.
pub(super) struct Reported {
    /// The files, the report first.
    pub(super) files: Vec<Written>,
    /// What a person should know of them. It is not stored, so that the report that is written
    /// again is the same.
    pub(super) warnings: Vec<Warning>,
}

/// Makes all files of a judged run, its invalid rows too where there are any, and `latest.*` if the
/// run is the newest night. None has its name yet. The store knows them from now on as the
/// program's own.
///
/// # Errors
/// A storage failure, or `stops` says to end. Nothing has changed.
pub(super) fn prepare(
    store: &mut Store,
    run: &RunRow,
    settings: &ReportSettings,
    target: Option<&Path>,
    stops: Stops,
) -> Result<StagedFiles, Failure> {
    let run_id = run.summary.run_id;
    let is_latest = target.is_none() && store.is_newest_night(run_id)?;
    let staged = stage(store, run, settings, target, is_latest, stops)?;
    let written = staged.written();
    // Before the files get their names: a process that ends in between must know them again.
    let digests: Vec<String> = written.iter().map(|file| file.sha256.clone()).collect();
    store.record_report_files(run_id, &digests)?;
    if let Some(manifest) = written.iter().find(|file| file.role == Role::Manifest) {
        store.record_manifest(run_id, &manifest.sha256)?;
    }
    Ok(staged)
}

/// Writes a stored run's report again. Nothing is written to the database. The policy is for a run
/// that an earlier release judged.
///
/// # Errors
/// As [`publish`].
pub(crate) fn write_again(
    store: &Store,
    run: &RunRow,
    policy: &Policy,
    settings: &ReportSettings,
    target: Option<&Path>,
    now: DateTime<Utc>,
) -> Result<Vec<Written>, Failure> {
    if store.lacks_orders(run.summary.run_id)? {
        let (directory, merchant_uid) = (&settings.directory, run.merchant_uid.as_deref());
        let default = report::report_path(directory, &run.summary, merchant_uid);
        let target = target.unwrap_or(&default);
        return write_old_run(store, run, policy, settings, target, now);
    }
    let staged = stage(store, run, settings, target, false, Stops::default())?;
    publish(store, staged, now).map(|reported| reported.files)
}

/// Writes a view of the store (see `views`) with the facts of a run.
///
/// # Errors
/// As [`publish`].
pub(super) fn write_view(
    store: &Store,
    run: &RunRow,
    settings: &ReportSettings,
    target: &Path,
    view: Option<View>,
    now: DateTime<Utc>,
) -> Result<Vec<Written>, Failure> {
    let night = store.night(run)?;
    let settings = with_csv(settings);
    let mut files = ReportFiles::create(target, &night, &settings)?;
    files.take_from_store(store.taken_from_store(night.summary.run_id)?);
    if let Some(view) = view {
        files.show(view);
    }
    findings(store, &night, None, &mut files)?;
    rest(store, &night, &mut files)?;
    let staged = files.finish()?;
    let digests: Vec<String> = staged.written().into_iter().map(|file| file.sha256).collect();
    store.try_to_record_files(night.summary.run_id, &digests);
    publish(store, staged, now).map(|reported| reported.files)
}

/// The settings with the CSV among the formats: a path that is named is the CSV's.
fn with_csv(settings: &ReportSettings) -> ReportSettings {
    let mut settings = settings.clone();
    settings.formats = settings.formats.with(ReportFormat::Csv);
    settings
}

/// Makes all files of a run, whole and durable, under temporary names.
fn stage(
    store: &Store,
    run: &RunRow,
    settings: &ReportSettings,
    target: Option<&Path>,
    is_latest: bool,
    stops: Stops,
) -> Result<StagedFiles, Failure> {
    let night = store.night(run)?;
    let (summary, merchant_uid) = (&night.summary, night.merchant_uid.as_deref());
    let (settings, target) = if let Some(target) = target {
        (with_csv(settings), target.to_owned())
    } else {
        let path = report::report_path(&settings.directory, summary, merchant_uid);
        (settings.clone(), path)
    };
    let mut files = ReportFiles::create_unless(stops, &target, &night, &settings)?;
    files.take_from_store(store.taken_from_store(summary.run_id)?);
    if is_latest {
        files = files.with_latest(summary.run_id, merchant_uid);
    }
    findings(store, &night, Some(summary.run_id), &mut files)?;
    rest(store, &night, &mut files)?;
    Ok(files.finish()?)
}

/// The findings, orders and causes of a run, or of a view.
fn findings(
    store: &Store,
    night: &Night,
    run_id: Option<i64>,
    files: &mut ReportFiles,
) -> Result<(), Failure> {
    let summary = &night.summary;
    let mut rows = 0;
    store.report_rows(run_id, |row| {
        rows += 1;
        files.write(Part::Finding(row)).map_err(Failure::from)
    })?;
    let findings = [&summary.figures.mismatches, &summary.figures.accepted];
    let counted = findings.iter().flat_map(|findings| findings.values()).sum();
    refuse_imbalance("findings", rows, counted)?;
    let mut clues = Clues::default();
    store.order_rows(run_id, |row| {
        for finding in &row.findings {
            clues.add(finding, &row.place);
        }
        files.write(Part::Order(row)).map_err(Failure::from)
    })?;
    for cause in clues.causes() {
        files.write(Part::Cause(&cause))?;
    }
    Ok(())
}

/// What a run shows beside its findings.
fn rest(store: &Store, night: &Night, files: &mut ReportFiles) -> Result<(), Failure> {
    let summary = &night.summary;
    store
        .solved_rows(summary.run_id, |row| files.write(Part::Solved(row)).map_err(Failure::from))?;
    let taken = DecisionFilter { taken_by_run: Some(summary.run_id), ..DecisionFilter::default() };
    store.decisions(taken, |event| files.write(Part::Taken(event)).map_err(Failure::from))?;
    let invalid = summary.figures.ledger.invalid;
    if invalid > 0 {
        let mut rows = 0;
        store.invalid_rows(summary.run_id, |row| {
            rows += 1;
            files.write(Part::Invalid(row)).map_err(Failure::from)
        })?;
        refuse_imbalance("invalid ledger rows", rows, invalid)?;
    }
    Ok(())
}

/// Puts the files in their places. A file that somebody edited is not replaced: it is kept under
/// another name, with a warning.
///
/// # Errors
/// A storage failure. Unless the message names files that are new already, nothing has changed.
pub(super) fn publish(
    store: &Store,
    staged: StagedFiles,
    now: DateTime<Utc>,
) -> Result<Reported, Failure> {
    // If the database cannot tell, the file counts as edited: nothing is lost then.
    let of_lost_runs = restored::own_files(store, &staged.written()).unwrap_or_default();
    let is_own = |sha256: &str| {
        of_lost_runs.contains(sha256) || store.has_report_file(sha256).unwrap_or(false)
    };
    let published = staged.publish(&is_own, now)?;
    let mut files = published.written;
    for edited in published.edited {
        let (path, kept_as) = (edited.path.display(), edited.kept_as.display());
        let extension = edited.path.extension().unwrap_or_default();
        if extension == "csv" || extension == "xlsx" {
            let then = "`run` and `decide` take its decisions";
            tracing::warn!("{path} was edited: it is kept as {kept_as}; {then}");
        } else {
            tracing::warn!("{path} is not as this database's runs wrote it: kept as {kept_as}");
        }
        files.push(Written { role: Role::Edited, path: edited.kept_as, sha256: String::new() });
    }
    let warnings: Vec<Warning> = published.not_replaced.iter().map(not_replaced).collect();
    for warning in &warnings {
        tracing::warn!(code = warning.code, "{}", warning.text);
    }
    Ok(Reported { files, warnings })
}

/// A `latest` that is not tonight's.
fn not_replaced(file: &NotReplaced) -> Warning {
    let place = match &file.beside {
        Some(beside) => format!("tonight's is {}", beside.display()),
        None => "tonight's could not be written beside it".to_owned(),
    };
    let text = format!(
        "{} is of an earlier night: {}; {place}; the next run tries again",
        file.path.display(),
        file.why
    );
    Warning::new("latest_not_replaced", text)
}

fn refuse_imbalance(what: &str, rows: u64, counted: u64) -> Result<(), Failure> {
    if rows == counted {
        return Ok(());
    }
    Err(Failure::bug(format!("the report would have {rows} {what}, but {counted} were counted")))
}
