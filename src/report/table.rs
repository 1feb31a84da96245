//! The CSV dialects of the contract ("The report"), and the guard against formulas.

use super::atomic::AtomicFile;
use super::error::ReportError;
use super::settings::{CsvStyle, FileMode, ReportSettings};
use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};
use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Few system calls, and still nothing beside the database's own cache.
const BUFFER_BYTES: usize = 64 * 1024;

/// A table on its way into a file, one cell after the other.
pub(super) struct Table {
    target: PathBuf,
    writer: Writer<AtomicFile>,
    guarded: bool,
    /// The cell being made; kept to spare an allocation a cell.
    cell: Vec<u8>,
    rows: u64,
}

impl Table {
    /// Starts the temporary file and writes the header row.
    pub(super) fn create(
        target: &Path,
        settings: &ReportSettings,
        mode: FileMode,
        columns: &[&str],
    ) -> Result<Table, ReportError> {
        let mut file = AtomicFile::create(target, mode)?;
        let guarded = settings.csv == CsvStyle::Spreadsheet;
        if guarded {
            file.write_all(BYTE_ORDER_MARK)
                .map_err(|cause| ReportError::new("write", target, cause))?;
        }
        let line_end = if guarded { Terminator::CRLF } else { Terminator::Any(b'\n') };
        let writer = WriterBuilder::new()
            .delimiter(settings.delimiter.byte())
            .terminator(line_end)
            .quote_style(QuoteStyle::Necessary)
            .buffer_capacity(BUFFER_BYTES)
            .from_writer(file);
        let mut table =
            Table { target: target.to_owned(), writer, guarded, cell: Vec::new(), rows: 0 };
        table.writer.write_record(columns).map_err(|cause| table.failed(cause))?;
        Ok(table)
    }

    /// Adds a cell that somebody else may have written, guarded where a spreadsheet reads it.
    pub(super) fn text(&mut self, text: impl AsRef<[u8]>) -> Result<(), ReportError> {
        let text = text.as_ref();
        self.cell.clear();
        if self.guarded && starts_formula(text) {
            self.cell.push(b'\'');
        }
        self.cell.extend_from_slice(text);
        self.writer.write_field(&self.cell).map_err(|cause| self.failed(cause))
    }

    /// Adds a number that this program made. Never guarded: -10.00 has to stay a number.
    pub(super) fn number(&mut self, number: impl Display) -> Result<(), ReportError> {
        self.cell.clear();
        write!(self.cell, "{number}")
            .map_err(|cause| ReportError::new("write", &self.target, cause))?;
        self.writer.write_field(&self.cell).map_err(|cause| self.failed(cause))
    }

    /// Adds a number, or an empty cell.
    pub(super) fn number_if(&mut self, number: Option<impl Display>) -> Result<(), ReportError> {
        match number {
            Some(number) => self.number(number),
            None => self.text(""),
        }
    }

    /// Ends the row. A row with another number of cells than the header is an error.
    pub(super) fn end_row(&mut self) -> Result<(), ReportError> {
        self.writer.write_record(None::<&[u8]>).map_err(|cause| self.failed(cause))?;
        self.rows += 1;
        Ok(())
    }

    /// Puts the file in place; the number of rows below the header.
    pub(super) fn finish(self) -> Result<u64, ReportError> {
        let file = self.writer.into_inner().map_err(|cause| {
            // It comes with the writer in tow, and an I/O error cannot be cloned.
            let cause = cause.error();
            let kind = || io::Error::from(cause.kind());
            let copy = cause.raw_os_error().map_or_else(kind, io::Error::from_raw_os_error);
            ReportError::new("write", &self.target, copy)
        })?;
        file.finish()?;
        Ok(self.rows)
    }

    fn failed(&self, cause: csv::Error) -> ReportError {
        ReportError::new("write", &self.target, io_cause(cause))
    }
}

/// The I/O error in it, with its kind: csv's own conversion makes every one an "other" error, and
/// a full disk could no longer be told.
pub(super) fn io_cause(cause: csv::Error) -> io::Error {
    match cause.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Whether a spreadsheet might run the cell (contract, "The report": the formula guard).
fn starts_formula(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n' | 0))
}
