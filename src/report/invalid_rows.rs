//! The ledger rows that could not be used, beside the report, as they came (contract, "Ledger").

use super::error::ReportError;
use super::settings::{FileMode, ReportSettings};
use super::table::Table;
use crate::domain::order::InvalidRow;
use std::path::Path;

/// The columns of the file of invalid rows.
pub const INVALID_ROW_COLUMNS: [&str; 4] = ["ledger", "line", "reason", "row"];

/// A file of invalid rows being written; for its owner alone, because a row may hold anything.
#[must_use = "a file that is not finished is thrown away"]
pub struct InvalidRowsReport(Table);

impl InvalidRowsReport {
    /// Starts a file that will appear at `target`, with mode 0600.
    ///
    /// # Errors
    /// No file can be made there.
    pub fn create(
        target: &Path,
        settings: &ReportSettings,
    ) -> Result<InvalidRowsReport, ReportError> {
        Table::create(target, settings, FileMode::PRIVATE, &INVALID_ROW_COLUMNS)
            .map(InvalidRowsReport)
    }

    /// Adds a row. Its bytes stay as they came, UTF-8 or not, in one cell.
    ///
    /// # Errors
    /// The disk is full, or fails.
    pub fn write(&mut self, row: &InvalidRow) -> Result<(), ReportError> {
        self.0.text(&row.file)?;
        self.0.number(row.line)?;
        self.0.text(&row.reason)?;
        self.0.text(&row.raw)?;
        self.0.end_row()
    }

    /// Makes the file durable and puts it in place; the number of rows below the header.
    ///
    /// # Errors
    /// The disk is full or fails, or the target cannot be replaced, which is then as it was.
    pub fn finish(self) -> Result<u64, ReportError> {
        self.0.finish()
    }
}
