//! What a run's files are called (contract, "The report").

use crate::domain::run::RunSummary;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Behind the report's own name, without its extension.
const INVALID_ROWS_SUFFIX: &str = "-invalid-rows.csv";

/// `mismatches-<from>_<to>-run<N>.csv`, or `…-run<N>-incomplete.csv` while orders are unverified.
/// One day stands in for the other where only one is known, the run's day where none is.
#[must_use]
pub fn report_file_name(run: &RunSummary) -> String {
    let from = run.from.or(run.to).unwrap_or(run.day);
    let to = run.to.or(run.from).unwrap_or(run.day);
    let incomplete = if run.is_complete() { "" } else { "-incomplete" };
    format!("mismatches-{from}_{to}-run{}{incomplete}.csv", run.run_id)
}

/// Where a report's invalid rows go: beside it, `<its name>-invalid-rows.csv`.
#[must_use]
pub fn invalid_rows_file_name(report: &Path) -> PathBuf {
    let mut name = report.file_stem().unwrap_or(OsStr::new("report")).to_owned();
    name.push(INVALID_ROWS_SUFFIX);
    report.with_file_name(name)
}

/// Whether a file of a run is that of its invalid rows.
pub(super) fn holds_invalid_rows(report: &str) -> bool {
    report.ends_with(INVALID_ROWS_SUFFIX)
}
