//! The records of a file, one after the other, with their lines and their bytes.

mod content;
mod scanner;

use super::encoding::TextEncoding;
use super::error::{Fault, Position, TabularError};
use super::source::{CHUNK, InterruptibleReader, Source, WatchedFile};
use content::Content;
use scanner::{Scanner, Span};
use std::io::Read;
use std::str::from_utf8;

/// The caller is asked whether to stop once in so many records.
const RECORDS_PER_POLL: u64 = 256;

/// Reads the records of one file.
///
/// Every error is checked against two causes that outweigh it: the caller asked to stop (the
/// program that writes into a pipe may have been ended by the same signal, so the pipe's end
/// proves nothing), and the file changed (half a file that is still being written can show any
/// fault). The end of the file is checked in the same way.
pub(crate) struct Reader<'a> {
    csv: csv::Reader<Scanner<Box<dyn Read + 'a>>>,
    record: csv::ByteRecord,
    records: u64,
    status: SourceStatus<'a>,
}

/// One record.
pub(crate) struct Record<'r> {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its bytes, unchanged, without the line end.
    pub raw: &'r [u8],
    cells: &'r csv::ByteRecord,
}

/// The file, and the two causes that outweigh every other error.
struct SourceStatus<'a> {
    file: String,
    watched: Option<WatchedFile>,
    interrupted: &'a dyn Fn() -> bool,
}

impl<'a> Reader<'a> {
    /// `interrupted` is polled every few hundred records, and while a pipe gives nothing. Fails
    /// where the first bytes are those of another kind of file.
    pub(crate) fn new(
        source: Source,
        encoding: TextEncoding,
        delimiter: u8,
        interrupted: &'a dyn Fn() -> bool,
    ) -> Result<Reader<'a>, TabularError> {
        let Source { file, gzip, bytes, watched } = source;
        let bytes: Box<dyn Read + 'a> = if watched.is_some() {
            bytes
        } else {
            let reader = InterruptibleReader::new(bytes, interrupted);
            Box::new(reader.map_err(|fault| TabularError::new(&file, Position::File, fault))?)
        };
        let status = SourceStatus { file, watched, interrupted };
        let content = Content::new(bytes, gzip, encoding)
            .map_err(|fault| status.outweigh(status.error(Position::File, fault)))?;
        let scanner = Scanner::new(content, &status.file, delimiter);
        let csv = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(CHUNK)
            .from_reader(scanner);
        Ok(Reader { csv, record: csv::ByteRecord::new(), records: 0, status })
    }

    /// The name of the file on the command line.
    pub(crate) fn file(&self) -> &str {
        &self.status.file
    }

    /// The next record; `None` at the end of the file. Blank lines are skipped: those without a
    /// value in any cell.
    pub(crate) fn read_record(&mut self) -> Result<Option<Record<'_>>, TabularError> {
        let span = loop {
            let Some(span) = self.advance().map_err(|error| self.status.outweigh(error))? else {
                self.status.check()?;
                return Ok(None);
            };
            if !is_blank(self.csv.get_ref().raw(span), &self.record) {
                break span;
            }
        };
        self.records += 1;
        if self.records.is_multiple_of(RECORDS_PER_POLL) && (self.status.interrupted)() {
            return Err(self.status.error(Position::File, Fault::Interrupted));
        }
        let raw = self.csv.get_ref().raw(span);
        Ok(Some(Record { line: span.line, raw, cells: &self.record }))
    }

    /// An error of the caller's: what is wrong with this file at this position, or the cause that
    /// outweighs it.
    pub(crate) fn error(&self, position: Position, fault: Fault) -> TabularError {
        self.status.outweigh(self.status.error(position, fault))
    }

    /// Fails where the caller asked to stop or the file has changed. Errors of other types have to
    /// be checked with it before they are reported.
    pub(crate) fn check_source(&self) -> Result<(), TabularError> {
        self.status.check()
    }

    /// The SHA-256 of what was read, unpacked, in hexadecimal.
    pub(crate) fn sha256(self) -> String {
        self.csv.into_inner().sha256()
    }

    /// Reads the next record into `self.record`, and says where it is.
    fn advance(&mut self) -> Result<Option<Span>, TabularError> {
        let status = &self.status;
        let any = self.csv.read_byte_record(&mut self.record).map_err(|error| {
            let read = |error| status.error(Position::File, Fault::Read(error));
            match error.into_kind() {
                csv::ErrorKind::Io(error) => error.downcast::<TabularError>().unwrap_or_else(read),
                _ => read(std::io::Error::other("not CSV")),
            }
        })?;
        let end = self.csv.position().byte();
        match self.csv.get_mut().next_span() {
            None if !any => Ok(None),
            Some(span) if any && span.may_end_at(end) => Ok(Some(span)),
            // The scanner and the csv crate follow one grammar. Should that ever not hold, records
            // would get the lines of others.
            _ => Err(status.error(Position::File, Fault::ParsersDisagree)),
        }
    }
}

/// Whether no cell of a record has a value.
fn is_blank(raw: &[u8], cells: &csv::ByteRecord) -> bool {
    // Most records begin with a letter or a digit.
    !raw.first().is_some_and(u8::is_ascii_alphanumeric)
        && cells.iter().all(|cell| from_utf8(cell).is_ok_and(|cell| cell.trim().is_empty()))
}

impl SourceStatus<'_> {
    fn error(&self, position: Position, fault: Fault) -> TabularError {
        TabularError::new(&self.file, position, fault)
    }

    fn check(&self) -> Result<(), TabularError> {
        if (self.interrupted)() {
            return Err(self.error(Position::File, Fault::Interrupted));
        }
        if self.watched.as_ref().is_some_and(WatchedFile::has_changed) {
            return Err(self.error(Position::File, Fault::Changed));
        }
        Ok(())
    }

    fn outweigh(&self, error: TabularError) -> TabularError {
        self.check().err().unwrap_or(error)
    }
}

/// A record that outlives the reading of the next one.
pub(crate) struct KeptRecord {
    line: u64,
    raw: Vec<u8>,
    cells: csv::ByteRecord,
}

impl KeptRecord {
    /// The record.
    pub(crate) fn record(&self) -> Record<'_> {
        Record { line: self.line, raw: &self.raw, cells: &self.cells }
    }
}

impl<'r> Record<'r> {
    /// A copy of it.
    pub(crate) fn keep(&self) -> KeptRecord {
        KeptRecord { line: self.line, raw: self.raw.to_vec(), cells: self.cells.clone() }
    }

    /// The number of its fields.
    pub(crate) fn fields(&self) -> usize {
        self.cells.len()
    }

    /// The cells in their order.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &'r [u8]> {
        self.cells.iter()
    }

    /// The cell with this index; empty where there is none.
    pub(crate) fn cell(&self, index: Option<usize>) -> &'r [u8] {
        index.and_then(|index| self.cells.get(index)).unwrap_or_default()
    }

    /// The line and column of its first byte that is not UTF-8, if there is one.
    pub(crate) fn invalid_utf8(&self) -> Option<(u64, u64)> {
        let error = from_utf8(self.raw).err()?;
        let before = from_utf8(&self.raw[..error.valid_up_to()]).unwrap_or_default();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        // As the scanner counts: LF, CRLF and CR each end a line.
        let unix = before.replace("\r\n", "\n").replace('\r', "\n");
        let last = unix.rsplit('\n').next().unwrap_or_default();
        Some((self.line + count(unix.matches('\n').count()), count(last.chars().count()) + 1))
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
