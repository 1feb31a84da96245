//! Writing what a run found (contract, "The report").

use crate::failure::Failure;
use crate::report::{self, Part, ReportFiles, ReportSettings, Role, StagedFiles, Written};
use crate::rules::causes::Clues;
use crate::store::{DecisionFilter, RunRow, Store};
use chrono::{DateTime, Utc};
use std::path::Path;

/// Writes a judged run's report, and its invalid rows beside it where there are any. Gives the
/// files, the report first. The store knows the files from then on as the program's own.
///
/// # Errors
/// A storage failure. Unless the message names files that are new already, nothing has changed.
pub(super) fn write_and_record(
    store: &mut Store,
    run: &RunRow,
    settings: &ReportSettings,
    target: Option<&Path>,
    now: DateTime<Utc>,
) -> Result<Vec<Written>, Failure> {
    let staged = stage(store, run, settings, target)?;
    // Before the files get their names: a process that ends in between must know them again.
    let digests: Vec<String> = staged.written().into_iter().map(|file| file.sha256).collect();
    store.record_report_files(run.summary.run_id, &digests)?;
    publish(store, staged, now)
}

/// Writes a stored run's report again. Nothing is written to the database.
///
/// # Errors
/// As [`write_and_record`].
pub(crate) fn write_again(
    store: &Store,
    run: &RunRow,
    settings: &ReportSettings,
    target: Option<&Path>,
    now: DateTime<Utc>,
) -> Result<Vec<Written>, Failure> {
    publish(store, stage(store, run, settings, target)?, now)
}

/// Makes all files of a run, whole and durable, under temporary names.
fn stage(
    store: &Store,
    run: &RunRow,
    settings: &ReportSettings,
    target: Option<&Path>,
) -> Result<StagedFiles, Failure> {
    let night = store.night(run)?;
    let summary = &night.summary;
    let target = match target {
        Some(target) => target.to_owned(),
        None => report::report_path(&settings.directory, summary, night.merchant_uid.as_deref()),
    };
    let mut files = ReportFiles::create(&target, &night, settings)?;
    let mut rows = 0;
    store.report_rows(summary.run_id, |row| {
        rows += 1;
        files.write(Part::Finding(row)).map_err(Failure::from)
    })?;
    let findings = [&summary.figures.mismatches, &summary.figures.accepted];
    let counted = findings.iter().flat_map(|findings| findings.values()).sum();
    refuse_imbalance("findings", rows, counted)?;
    let mut clues = Clues::default();
    store.order_rows(summary.run_id, |row| {
        for finding in &row.findings {
            clues.add(finding, &row.place);
        }
        files.write(Part::Order(row)).map_err(Failure::from)
    })?;
    for cause in clues.causes() {
        files.write(Part::Cause(&cause))?;
    }
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
    Ok(files.finish()?)
}

/// Puts the files in their places. A file that somebody edited is not replaced: it is kept under
/// another name, with a warning.
fn publish(
    store: &Store,
    staged: StagedFiles,
    now: DateTime<Utc>,
) -> Result<Vec<Written>, Failure> {
    // If the database cannot tell, the file counts as edited: nothing is lost then.
    let is_own = |sha256: &str| store.has_report_file(sha256).unwrap_or(false);
    let published = staged.publish(&is_own, now)?;
    let mut written = published.written;
    for edited in published.edited {
        tracing::warn!(
            "{} was edited: it is kept as {}; copy what you wrote there into the new file",
            edited.path.display(),
            edited.kept_as.display()
        );
        written.push(Written { role: Role::Edited, path: edited.kept_as, sha256: String::new() });
    }
    Ok(written)
}

fn refuse_imbalance(what: &str, rows: u64, counted: u64) -> Result<(), Failure> {
    if rows == counted {
        return Ok(());
    }
    Err(Failure::bug(format!("the report would have {rows} {what}, but {counted} were counted")))
}
