//! The CSV dialects of the contract ("The report"): text in quotes and guarded, numbers bare.

mod same_cells;

use super::super::cell::Cell;
use super::super::columns::{Column, INVALID_ROWS, MISMATCHES};
use super::super::files::TemporaryFile;
use super::super::guard::push_guarded;
use super::super::settings::{CsvStyle, DecimalSeparator, ReportFormat, ReportSettings};
use super::{Format, Part, Writer};
use crate::domain::amount::Amount;
use crate::domain::mismatch::ReportRow;
use chrono::SecondsFormat;
use std::fs::File;
use std::io::{self, BufWriter, IntoInnerError, Write};

/// The report.
pub(in crate::report) const REPORT: Format = Format {
    name: ReportFormat::Csv,
    extension: "csv",
    create: |file, heading| Ok(Box::new(Table::create(file, &MISMATCHES, heading.settings)?)),
    has_own_cells: |existing, new| same_cells::has_own_cells(existing, new, &headings(&MISMATCHES)),
};

/// Whether a file holds only invalid rows that the program wrote.
pub(in crate::report) fn has_own_invalid_rows(
    existing: File,
    new: Option<File>,
) -> io::Result<bool> {
    same_cells::has_own_cells(existing, new, &headings(&INVALID_ROWS))
}

fn headings<Row>(columns: &[Column<Row>]) -> Vec<super::super::cell::Heading> {
    columns.iter().map(Column::heading).collect()
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Few system calls, and still nothing beside the database's own cache.
const BUFFER_BYTES: usize = 64 * 1024;

/// A CSV file with one `Row` a line.
pub(in crate::report) struct Table<Row: 'static> {
    columns: &'static [Column<Row>],
    file: BufWriter<TemporaryFile>,
    line: Line,
    line_end: &'static [u8],
}

impl<Row> Table<Row> {
    /// Starts a file with its header.
    pub(in crate::report) fn create(
        file: TemporaryFile,
        columns: &'static [Column<Row>],
        settings: &ReportSettings,
    ) -> io::Result<Table<Row>> {
        let line = Line::new(settings);
        let line_end: &[u8] = if line.is_guarded { b"\r\n" } else { b"\n" };
        let file = BufWriter::with_capacity(BUFFER_BYTES, file);
        let mut table = Table { columns, file, line, line_end };
        if table.line.is_guarded {
            table.file.write_all(BYTE_ORDER_MARK)?;
        }
        for column in columns {
            table.line.text(column.heading().name.as_bytes());
        }
        table.end_line()?;
        Ok(table)
    }

    /// Adds a row.
    pub(in crate::report) fn row(&mut self, row: &Row) -> io::Result<()> {
        self.line.cells(self.columns, row);
        self.end_line()
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.file.write_all(self.line.end())?;
        self.file.write_all(self.line_end)
    }

    /// Writes what is left; the file is not synced yet.
    pub(in crate::report) fn finish(self) -> io::Result<TemporaryFile> {
        self.file.into_inner().map_err(IntoInnerError::into_error)
    }
}

impl Writer for Table<ReportRow> {
    fn part(&mut self, part: Part) -> io::Result<()> {
        match part {
            Part::Finding(row) => self.row(row),
            _ => Ok(()),
        }
    }

    fn finish(self: Box<Self>) -> io::Result<TemporaryFile> {
        Table::finish(*self)
    }
}

/// One line of the report: the form in which a row is proven.
pub(in crate::report) struct FindingLine(Line);

impl FindingLine {
    pub(in crate::report) fn new(settings: &ReportSettings) -> FindingLine {
        FindingLine(Line::new(settings))
    }

    /// A row as the file has it, without the line's end.
    pub(in crate::report) fn of(&mut self, row: &ReportRow) -> &[u8] {
        self.0.cells(&MISMATCHES, row);
        self.0.end()
    }
}

/// Cells on their way into a line.
struct Line {
    is_guarded: bool,
    delimiter: u8,
    decimal_separator: DecimalSeparator,
    /// The line being made; kept to spare an allocation a row.
    bytes: Vec<u8>,
    is_whole: bool,
    /// The text cell being made, before its quotes are doubled.
    cell: Vec<u8>,
}

impl Line {
    fn new(settings: &ReportSettings) -> Line {
        Line {
            is_guarded: settings.csv == CsvStyle::Spreadsheet,
            delimiter: settings.delimiter.byte(),
            decimal_separator: settings.decimal_separator,
            bytes: Vec::new(),
            is_whole: false,
            cell: Vec::new(),
        }
    }

    fn cells<Row>(&mut self, columns: &[Column<Row>], row: &Row) {
        for column in columns {
            self.cell(&column.cell(row));
        }
    }

    /// The line without its end. The next cell begins another one.
    fn end(&mut self) -> &[u8] {
        // Each cell ends with a delimiter; the last one is the line's end.
        self.bytes.pop();
        self.is_whole = true;
        &self.bytes
    }

    fn begin(&mut self) {
        if self.is_whole {
            self.bytes.clear();
            self.is_whole = false;
        }
    }

    fn cell(&mut self, cell: &Cell) {
        match cell {
            Cell::Text(text) => self.text(text.as_str().as_bytes()),
            Cell::Id(id) => self.text(id.as_bytes()),
            Cell::Bytes(bytes) => self.text(bytes),
            Cell::Integer(integer) => self.number(&integer.to_string()),
            Cell::Amount(amount) => self.amount(*amount),
            Cell::Date(date) => {
                let shown = date.map(|date| date.to_string());
                self.text(shown.unwrap_or_default().as_bytes());
            }
            Cell::Instant(instant) => {
                let shown = instant.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
                self.text(shown.unwrap_or_default().as_bytes());
            }
        }
    }

    /// Text is in quotes whatever it holds: a program that reads them as "this is text" keeps the
    /// leading zeros of an id.
    fn text(&mut self, text: &[u8]) {
        self.begin();
        self.cell.clear();
        if self.is_guarded {
            push_guarded(&mut self.cell, text);
        } else {
            self.cell.extend_from_slice(text);
        }
        self.bytes.push(b'"');
        for byte in &self.cell {
            self.bytes.push(*byte);
            if *byte == b'"' {
                self.bytes.push(b'"');
            }
        }
        self.bytes.extend_from_slice(&[b'"', self.delimiter]);
    }

    /// A number is never guarded or quoted: -10.00 has to stay a number.
    fn number(&mut self, number: &str) {
        self.begin();
        self.bytes.extend_from_slice(number.as_bytes());
        self.bytes.push(self.delimiter);
    }

    fn amount(&mut self, amount: Option<Amount>) {
        let shown = amount.map(|amount| amount.to_string()).unwrap_or_default();
        match self.decimal_separator {
            DecimalSeparator::Point => self.number(&shown),
            DecimalSeparator::Comma => self.number(&shown.replace('.', ",")),
        }
    }
}
