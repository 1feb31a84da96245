//! `report`, `verify`, `diff`: what can be typed.

use super::values::{csv_path, date};
use super::{Format, ListFormat};
use chrono::NaiveDate;
use clap::Args;
use std::path::PathBuf;

/// `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// The run's number [default: the latest judged]
    pub run: Option<i64>,
    /// The latest run without an explicit range, with the decisions as they are now, as latest.*
    #[arg(long, conflicts_with_all = ["run", "as_of"])]
    pub current: bool,
    /// Show what `policy` and `calendar` of this configuration file would hide and add in the
    /// run's report; nothing is written
    #[arg(long, value_name = "FILE", conflicts_with_all = ["current", "as_of", "report", "out"])]
    pub policy: Option<PathBuf>,
    /// Every mismatch that was open at the end of this day, in the ledger's time zone, with the
    /// decisions as they then were
    #[arg(long, value_name = "DATE", value_parser = date, conflicts_with = "run")]
    pub as_of: Option<NaiveDate>,
    /// Write the CSV to this file, and the other formats and the manifest beside it
    #[arg(long, value_name = "PATH", value_parser = csv_path)]
    pub report: Option<PathBuf>,
    /// Directory for reports [default: reports]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Format of the summary on stdout
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// A report: a CSV, a workbook or a manifest (`.json`)
    pub file: PathBuf,
    /// Format on stdout
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The number of the earlier run
    pub run_a: i64,
    /// The number of the later run
    pub run_b: i64,
    /// Format on stdout
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
}
