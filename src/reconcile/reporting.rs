//! Writing what a run found (contract, "The report").

use crate::failure::Failure;
use crate::report::{self, ReportFiles, ReportSettings, Written};
use crate::store::{RunRow, Store};
use chrono::{DateTime, Utc};
use std::path::Path;

/// Writes a judged run's report, and its invalid rows beside it where there are any. Gives the
/// files, the report first.
///
/// `is_own` says whether the program wrote a file with this SHA-256. A file that somebody edited is
/// not replaced: it is kept under another name, with a warning.
///
/// # Errors
/// A storage failure. Unless the message names files that are new already, nothing has changed.
pub fn write_reports(
    store: &Store,
    run: &RunRow,
    settings: &ReportSettings,
    target: Option<&Path>,
    is_own: &dyn Fn(&str) -> bool,
    now: DateTime<Utc>,
) -> Result<Vec<Written>, Failure> {
    let merchant_uid = run.merchant_uid.as_deref();
    let run = &run.summary;
    let target = match target {
        Some(target) => target.to_owned(),
        None => report::report_path(&settings.directory, run, merchant_uid),
    };
    let invalid = run.figures.ledger.invalid;
    let mut files = ReportFiles::create(&target, invalid > 0, settings)?;
    if invalid > 0 {
        let mut rows = 0;
        store.invalid_rows(run.run_id, |row| {
            rows += 1;
            files.write_invalid_row(row).map_err(Failure::from)
        })?;
        refuse_imbalance("invalid ledger rows", rows, invalid)?;
    }
    let mut rows = 0;
    store.report_rows(run.run_id, |row| {
        rows += 1;
        files.write_mismatch(row).map_err(Failure::from)
    })?;
    refuse_imbalance("mismatches", rows, run.figures.mismatches.values().sum())?;
    let published = files.finish()?.publish(is_own, now)?;
    for edited in published.edited {
        tracing::warn!(
            "{} was edited: it is kept as {}; copy what you wrote there into the new file",
            edited.path.display(),
            edited.kept_as.display()
        );
    }
    Ok(published.written)
}

fn refuse_imbalance(what: &str, rows: u64, counted: u64) -> Result<(), Failure> {
    if rows == counted {
        return Ok(());
    }
    Err(Failure::bug(format!("the report would have {rows} {what}, but {counted} were counted")))
}
