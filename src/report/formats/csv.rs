//! The CSV dialects of the contract ("The report"): text in quotes and guarded, numbers bare.

mod same_cells;

use super::super::cell::{Cell, Heading};
use super::super::files::TemporaryFile;
use super::super::guard::push_guarded;
use super::super::settings::{CsvStyle, DecimalSeparator, ReportSettings};
use super::{Format, Writer};
use crate::domain::amount::Amount;
use chrono::SecondsFormat;
use std::io::{self, BufWriter, IntoInnerError, Write};

/// CSV.
pub(super) const FORMAT: Format =
    Format { extension: "csv", create, has_own_cells: same_cells::has_own_cells };

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Few system calls, and still nothing beside the database's own cache.
const BUFFER_BYTES: usize = 64 * 1024;

struct CsvWriter {
    file: BufWriter<TemporaryFile>,
    is_guarded: bool,
    delimiter: u8,
    decimal_separator: DecimalSeparator,
    line_end: &'static [u8],
    /// The line being made; kept to spare an allocation a row.
    line: Vec<u8>,
    /// The text cell being made, before its quotes are doubled.
    cell: Vec<u8>,
}

fn create(
    file: TemporaryFile,
    headings: &[Heading],
    settings: &ReportSettings,
) -> io::Result<Box<dyn Writer>> {
    let is_guarded = settings.csv == CsvStyle::Spreadsheet;
    let mut writer = CsvWriter {
        file: BufWriter::with_capacity(BUFFER_BYTES, file),
        is_guarded,
        delimiter: settings.delimiter.byte(),
        decimal_separator: settings.decimal_separator,
        line_end: if is_guarded { b"\r\n" } else { b"\n" },
        line: Vec::new(),
        cell: Vec::new(),
    };
    if is_guarded {
        writer.file.write_all(BYTE_ORDER_MARK)?;
    }
    for heading in headings {
        writer.text(heading.name.as_bytes());
    }
    writer.end_line()?;
    Ok(Box::new(writer))
}

impl Writer for CsvWriter {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for cell in cells {
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
        self.end_line()
    }

    fn finish(self: Box<Self>) -> io::Result<TemporaryFile> {
        self.file.into_inner().map_err(IntoInnerError::into_error)
    }
}

impl CsvWriter {
    /// Text is in quotes whatever it holds: a program that reads them as "this is text" keeps the
    /// leading zeros of an id.
    fn text(&mut self, text: &[u8]) {
        self.cell.clear();
        if self.is_guarded {
            push_guarded(&mut self.cell, text);
        } else {
            self.cell.extend_from_slice(text);
        }
        self.line.push(b'"');
        for byte in &self.cell {
            self.line.push(*byte);
            if *byte == b'"' {
                self.line.push(b'"');
            }
        }
        self.line.extend_from_slice(&[b'"', self.delimiter]);
    }

    /// A number is never guarded or quoted: -10.00 has to stay a number.
    fn number(&mut self, number: &str) {
        self.line.extend_from_slice(number.as_bytes());
        self.line.push(self.delimiter);
    }

    fn amount(&mut self, amount: Option<Amount>) {
        let shown = amount.map(|amount| amount.to_string()).unwrap_or_default();
        match self.decimal_separator {
            DecimalSeparator::Point => self.number(&shown),
            DecimalSeparator::Comma => self.number(&shown.replace('.', ",")),
        }
    }

    fn end_line(&mut self) -> io::Result<()> {
        // Each cell ends with a delimiter; the last one is the line's end.
        self.line.pop();
        self.line.extend_from_slice(self.line_end);
        self.file.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }
}
