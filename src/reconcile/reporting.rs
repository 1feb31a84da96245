//! Writing what a run found (contract, "The report").

use crate::domain::run::RunSummary;
use crate::failure::{Failure, code};
use crate::report::{
    InvalidRowsReport, MismatchReport, ReportSettings, invalid_rows_file_name, report_file_name,
};
use crate::store::Store;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Writes a judged run's report, and its invalid rows beside it where there are any: the report
/// last, so that a reader who sees it finds the other. Gives the files, the report first.
///
/// # Errors
/// Storage; then the previous files stay as they were.
pub(crate) fn write_reports(
    store: &Store,
    run: &RunSummary,
    settings: &ReportSettings,
    target: Option<&Path>,
) -> Result<Vec<PathBuf>, Failure> {
    let target = match target {
        Some(target) => target.to_owned(),
        None => settings.directory.join(report_file_name(run)),
    };
    let mut written = vec![target.clone()];
    let path = invalid_rows_file_name(&target);
    if run.figures.ledger.invalid > 0 {
        let mut invalid = InvalidRowsReport::create(&path, settings)?;
        let mut rows = 0;
        store.invalid_rows(run.run_id, |row| {
            rows += 1;
            invalid.write(row).map_err(Failure::from)
        })?;
        refuse_imbalance("invalid ledger rows", rows, run.figures.ledger.invalid)?;
        invalid.finish()?;
        written.push(path.clone());
    }
    let mut report = MismatchReport::create(&target, settings)?;
    let mut rows = 0;
    store.report_rows(run.run_id, |row| {
        rows += 1;
        report.write(row).map_err(Failure::from)
    })?;
    refuse_imbalance("mismatches", rows, run.figures.mismatches.values().sum())?;
    report.finish()?;
    if run.figures.ledger.invalid == 0 {
        // Beside a report of a fixed name may lie the invalid rows of the run before.
        remove_stale(&path)?;
    }
    Ok(written)
}

fn refuse_imbalance(what: &str, rows: u64, counted: u64) -> Result<(), Failure> {
    if rows == counted {
        return Ok(());
    }
    Err(Failure::bug(format!("the report would have {rows} {what}, but {counted} were counted")))
}

fn remove_stale(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Failure::new(
            code::STORAGE,
            format!(
                "the invalid rows of an earlier run, {}, cannot be removed: {error}",
                path.display()
            ),
            "remove it by hand; the report itself is written",
        )),
        _ => Ok(()),
    }
}
