//! The ledger: a merchant's CSV, read into [`LedgerRow`]s and [`InvalidRow`]s (contract,
//! "Ledger").
//!
//! [`read`] hands every row to a [`LedgerSink`] as it is read, so memory does not grow with the
//! file. What is wrong with one row makes that row invalid; what casts doubt on the others (a
//! quote never closed, UTF-16, a heading missing) is a [`LedgerError`] and refuses the ledger.
//!
//! What no reader of CSV can see: a file that was cut at a row's end, or inside its last field
//! where what is left of it still reads as an amount; and a stray quote that another stray quote
//! happens to close at a field's end, with the rows between them inside one cell. The control
//! figures in [`FileRead`] are for that.

mod cells;
mod columns;
mod date_format;
mod error;
mod inspect;
mod rows;
mod settings;
mod source;
mod vocabulary;
mod waiting;

pub use columns::Column;
pub use date_format::DateFormat;
pub use error::{Fault, LedgerError, ReadError, Spot};
pub use rows::UNKNOWN_CURRENCY;
pub use settings::{Columns, Currencies, LedgerSettings, WordTable};
pub use source::Source;

use crate::domain::amount::Total;
use crate::domain::order::{InvalidRow, LedgerRow, LedgerSink};
use chrono::{DateTime, Utc};
use columns::Layout;
use inspect::{Inspector, Mark};
use rows::Rows;
use source::CHUNK;
use std::collections::BTreeMap;
use std::io::Read;
use waiting::Waiting;

/// What was read of one ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRead {
    /// Rows, the header and blank lines apart.
    pub rows: u64,
    /// Those of them that were handed over as invalid.
    pub invalid: u64,
    /// SHA-256 of the contents (unpacked), in hexadecimal.
    pub sha256: String,
    /// The control figures: per currency the sum over every row whose amount can be read, invalid
    /// or not; negative amounts count as such. [`UNKNOWN_CURRENCY`] where only the currency
    /// cannot be read.
    pub totals: BTreeMap<String, Total>,
    /// Rows that are dated later than now.
    pub future: Option<Future>,
    /// Rows whose time came without an offset, so that it is in the configured zone or, without
    /// one, in UTC.
    pub without_offset: u64,
}

/// Rows that are dated later than now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Future {
    /// How many.
    pub rows: u64,
    /// The line of the first one.
    pub first_line: u64,
}

/// Rows between two looks at `interrupted`.
const ROWS_A_POLL: u64 = 256;

/// Reads a whole ledger into `sink`. `merchant_uid` is the configured one, for rows that give
/// none; `now` decides what is in the future; `interrupted` is looked at every few hundred rows.
///
/// # Errors
/// The ledger is not usable, the sink failed, or `interrupted` said so.
pub fn read<S: LedgerSink>(
    source: Source,
    settings: &LedgerSettings,
    merchant_uid: Option<&str>,
    now: DateTime<Utc>,
    interrupted: &dyn Fn() -> bool,
    sink: &mut S,
) -> Result<FileRead, ReadError<S::Error>> {
    let Source { file, gzip, bytes, watched } = source;
    let bytes: Box<dyn Read + '_> = match watched {
        Some(_) => bytes,
        None => Box::new(Waiting::on(bytes, interrupted)),
    };
    let outcome = Inspector::new(bytes, &file, gzip, settings.delimiter)
        .map_err(ReadError::from)
        .and_then(|inspector| {
            let csv = csv::ReaderBuilder::new()
                .delimiter(settings.delimiter)
                .has_headers(false)
                .flexible(true)
                .buffer_capacity(CHUNK)
                .from_reader(inspector);
            let read = FileRead {
                rows: 0,
                invalid: 0,
                sha256: String::new(),
                totals: BTreeMap::new(),
                future: None,
                without_offset: 0,
            };
            let rows = Rows::new(settings, merchant_uid, now);
            Reading { file: &file, csv, record: csv::ByteRecord::new(), read }.rows(
                &rows,
                interrupted,
                sink,
            )
        });
    // Whoever writes into a pipe may have been ended by the same signal: its end proves nothing.
    if !matches!(outcome, Err(ReadError::Sink(_))) && interrupted() {
        return Err(ReadError::Interrupted);
    }
    // Half a file that is still being written has all kinds of faults; this is the true one.
    let by_the_sink = matches!(outcome, Err(ReadError::Sink(_) | ReadError::Interrupted));
    if !by_the_sink && watched.is_some_and(|watched| watched.has_changed()) {
        return Err(LedgerError::new(&file, Spot::File, Fault::Changed).into());
    }
    outcome
}

/// A ledger on its way.
struct Reading<'a, R> {
    file: &'a str,
    csv: csv::Reader<Inspector<R>>,
    record: csv::ByteRecord,
    read: FileRead,
}

impl<R: Read> Reading<'_, R> {
    /// From the header to the end of the file.
    fn rows<S: LedgerSink>(
        mut self,
        rows: &Rows<'_>,
        interrupted: &dyn Fn() -> bool,
        sink: &mut S,
    ) -> Result<FileRead, ReadError<S::Error>> {
        let layout = self.header(rows)?;
        while let Some(mark) = self.next()? {
            let raw = self.csv.get_ref().raw(mark);
            if raw.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            self.read.rows += 1;
            if self.read.rows.is_multiple_of(ROWS_A_POLL) && interrupted() {
                return Err(ReadError::Interrupted);
            }
            let made = rows
                .make(&layout, &self.record, mark.line, raw, &mut self.read.totals)
                .map_err(|(spot, fault)| LedgerError::new(self.file, spot, fault))?;
            let refused = match &made {
                Ok((row, _)) => sink.row(row).map_err(ReadError::Sink)?,
                Err(_) => None,
            };
            let reason = match (made, refused) {
                (Err(reason), _) | (Ok(_), Some(reason)) => reason,
                (Ok((row, counts)), None) => {
                    self.count(&row, counts);
                    continue;
                }
            };
            self.read.invalid += 1;
            let (file, line, raw) = (self.file.to_owned(), mark.line, raw.to_vec());
            let row = InvalidRow { file, line, reason, raw };
            sink.invalid(row).map_err(ReadError::Sink)?;
        }
        self.read.sha256 = self.csv.into_inner().sha256();
        Ok(self.read)
    }

    fn count(&mut self, row: &LedgerRow, counts: rows::Counts) {
        self.read.without_offset += u64::from(counts.without_offset);
        if counts.future {
            let first = Future { rows: 0, first_line: row.line };
            self.read.future.get_or_insert(first).rows += 1;
        }
    }

    /// The header row. Blank lines before it are skipped, as everywhere.
    fn header(&mut self, rows: &Rows<'_>) -> Result<Layout, LedgerError> {
        let refuse = |spot, fault| LedgerError::new(self.file, spot, fault);
        let mark = loop {
            let file = self.file;
            let Some(mark) = self.next()? else {
                return Err(LedgerError::new(file, Spot::File, Fault::Empty));
            };
            if !self.csv.get_ref().raw(mark).iter().all(u8::is_ascii_whitespace) {
                break mark;
            }
        };
        let raw = self.csv.get_ref().raw(mark);
        if let Err(error) = std::str::from_utf8(raw) {
            let (line, column) = rows::place_of(error, raw, mark.line);
            return Err(refuse(Spot::Character { line, column }, Fault::HeaderEncoding));
        }
        let headings: Vec<&str> = self
            .record
            .iter()
            .map(|heading| std::str::from_utf8(heading).unwrap_or_default())
            .collect();
        Layout::read(&headings, mark.line, rows.settings())
            .map_err(|(spot, fault)| refuse(spot, fault))
    }

    /// Reads the next row into `record`, and says where it is.
    fn next(&mut self) -> Result<Option<Mark>, LedgerError> {
        let any = self.csv.read_byte_record(&mut self.record).map_err(|error| {
            let refuse = |error| LedgerError::new(self.file, Spot::File, Fault::Read(error));
            match error.into_kind() {
                csv::ErrorKind::Io(error) => error.downcast::<LedgerError>().unwrap_or_else(refuse),
                _ => refuse(std::io::Error::other("not CSV")),
            }
        })?;
        let behind = self.csv.position().byte();
        let mark = self.csv.get_mut().take();
        match mark {
            None if !any => Ok(None),
            Some(mark) if any && mark.ends_before(behind) => Ok(Some(mark)),
            // The Inspector and the csv crate follow one grammar. Should that ever not hold, rows
            // and their lines would part.
            _ => Err(LedgerError::new(self.file, Spot::File, Fault::Torn)),
        }
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
