//! What a person or a spreadsheet gets of a run: the report, the invalid rows beside it, and the
//! summary on stdout (contract, "The report", "`run`" and "Ledger").
//!
//! Rows are pushed in, because they come out of the database one by one and there may be millions.
//! One pass over the rows feeds every format. Files appear under their names only when
//! `StagedFiles::publish` finds all of them whole; dropped before
//! that, they leave nothing behind and the previous report unchanged.
//!
//! Nothing here prints, asks for the time or reads the environment.

mod cell;
mod columns;
mod error;
mod files;
mod formats;
mod manifest;
mod settings;
pub mod summary;
#[cfg(test)]
mod tests;
mod work;

use crate::domain::guard;
pub(crate) use cell::CellKind;
pub use columns::COLUMNS;
pub(crate) use columns::{FINANCE_COLUMNS, ShownCell, shown_cells};
pub(crate) use error::ReportError;
pub(crate) use files::{
    FoundManifest, KeptReports, NotReplaced, ReportFiles, StagedFiles, StagedNotice, Stops,
    UnrecordedEnd, as_of_path, latest_path, manifests_behind, notes, prepare_directory,
    prepare_target, probe_directory, remove_notes, report_path, run_in_stem,
};
pub use files::{Role, Written};
pub(crate) use formats::Part;
pub(crate) use formats::html::status_page::NoReport;
pub(crate) use manifest::{CsvDialect, FindingDigest, View, manifest_head};
pub(crate) use settings::ReportTable;
pub use settings::{
    CsvStyle, DecimalSeparator, Delimiter, FileMode, Formats, ReportFormat, ReportSettings,
};
pub(crate) use work::{WORK_IDS, shown_work_cells};
