//! What a person or a spreadsheet gets of a run: the report, the invalid rows beside it, and the
//! summary on stdout (contract, "The report", "`run`" and "Ledger").
//!
//! Rows are pushed in, because they come out of the database one by one and there may be millions.
//! A report appears under its name only when [`MismatchReport::finish`] has made it whole; dropped
//! before that, it leaves nothing behind and the previous report as it was.
//!
//! Nothing here prints, asks for the time or reads the environment.

mod atomic;
mod error;
mod invalid_rows;
mod mismatches;
mod names;
mod settings;
pub mod summary;
mod table;
#[cfg(test)]
mod tests;

pub use atomic::{prepare_directory, prepare_target};
pub use error::ReportError;
pub use invalid_rows::{INVALID_ROW_COLUMNS, InvalidRowsReport};
pub use mismatches::{COLUMNS, MismatchReport};
pub use names::{invalid_rows_file_name, report_file_name};
pub use settings::{CsvStyle, Delimiter, FileMode, ReportSettings};
