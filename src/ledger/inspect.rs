//! What the `csv` crate does not say of a file: a quote that never closes or that closes in the
//! middle of a text, a NUL, UTF-16, a row without end; and the bytes of a row as they came.
//!
//! The [`Inspector`] stands between the file and the `csv` crate and follows the same grammar
//! (a row ends at LF, CRLF or CR outside quotes; a quote counts as one only at a field's
//! beginning), strictly where that one is lenient: one stray quote would swallow rows in silence.
//! It marks where each row begins and ends, and keeps the bytes that may still be asked for.

use super::error::{Fault, LedgerError, Spot};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::io::{self, Read};

/// The longest row. An export's rows are a few hundred bytes; a mebibyte is a quote never closed.
const LONGEST_ROW: u64 = 1024 * 1024;

/// Where a row is. Offsets count from behind the BOM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// The line on which it begins, from 1.
    pub line: u64,
    start: u64,
    end: u64,
}

impl Mark {
    /// Whether a reader that has just read this row may stand at that byte: behind it, or behind
    /// its line end.
    pub fn ends_before(&self, byte: u64) -> bool {
        (self.end..=self.end + 2).contains(&byte)
    }
}

/// A place on the way through the file.
#[derive(Debug, Clone, Copy)]
struct Place {
    line: u64,
    line_start: u64,
    at: u64,
}

/// What the next byte stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between rows.
    Between,
    /// At the beginning of a field.
    FieldStart,
    /// In a field without quotes.
    Bare,
    /// Between quotes.
    Quoted,
    /// Behind a quote that closes, or is the first of a doubled one.
    AfterQuote,
}

/// Reads a ledger's bytes for the `csv` crate, and watches them. Its errors travel through the
/// `csv` crate as [`LedgerError`]s inside [`io::Error`]s.
pub(super) struct Inspector<R> {
    inner: R,
    file: String,
    gzip: bool,
    delimiter: u8,
    /// Bytes read while the beginning was looked at.
    head: Vec<u8>,
    digest: Sha256,
    state: State,
    /// Offset of the next byte.
    at: u64,
    line: u64,
    line_start: u64,
    /// The offset behind the last CR: a LF there belongs to it.
    behind_cr: u64,
    /// Where the open quote was opened.
    quote: Place,
    /// The row that is being read.
    row: Mark,
    /// Rows that have been read, and not yet been taken.
    marks: VecDeque<Mark>,
    taken_any: bool,
    /// The bytes from `kept_from` to `at`.
    kept: Vec<u8>,
    kept_from: u64,
}

impl<R: Read> Inspector<R> {
    /// Looks at the first bytes, strips a BOM, and refuses what is no text.
    pub fn new(
        mut inner: R,
        file: &str,
        gzip: bool,
        delimiter: u8,
    ) -> Result<Inspector<R>, LedgerError> {
        let refuse = |fault| Err(LedgerError::new(file, Spot::File, fault));
        let mut head = Vec::with_capacity(4);
        if let Err(error) = inner.by_ref().take(4).read_to_end(&mut head) {
            return refuse(if gzip { Fault::Gzip(error) } else { Fault::Read(error) });
        }
        match head[..] {
            [] => return refuse(Fault::Empty),
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => return refuse(Fault::Utf16),
            [b'P', b'K', 3, 4] | [0xD0, 0xCF, 0x11, 0xE0] => return refuse(Fault::Archive),
            [0x1F, 0x8B, ..] => return refuse(Fault::Compressed),
            _ => {}
        }
        let mut digest = Sha256::new();
        digest.update(&head);
        if head.starts_with(b"\xEF\xBB\xBF") {
            head.drain(..3);
        }
        Ok(Inspector {
            inner,
            file: file.to_owned(),
            gzip,
            delimiter,
            head,
            digest,
            state: State::Between,
            at: 0,
            line: 1,
            line_start: 0,
            behind_cr: u64::MAX,
            quote: Place { line: 1, line_start: 0, at: 0 },
            row: Mark { line: 1, start: 0, end: 0 },
            marks: VecDeque::new(),
            taken_any: false,
            kept: Vec::new(),
            kept_from: 0,
        })
    }

    /// The next row in the order of the file, if it has been read. It and all before it are let go
    /// with the next read.
    pub fn take(&mut self) -> Option<Mark> {
        self.taken_any = true;
        self.marks.pop_front()
    }

    /// The bytes of the row that was taken last, as they came, without the line end.
    pub fn raw(&self, mark: Mark) -> &[u8] {
        self.slice(mark.start, mark.end)
    }

    /// The SHA-256 of the contents as they came, in hexadecimal.
    pub fn sha256(self) -> String {
        hex::encode(self.digest.finalize())
    }

    fn slice(&self, start: u64, end: u64) -> &[u8] {
        let index = |offset: u64| {
            usize::try_from(offset.saturating_sub(self.kept_from)).unwrap_or(usize::MAX)
        };
        self.kept.get(index(start)..index(end)).unwrap_or_default()
    }

    /// A place as an editor counts: characters, not bytes.
    fn spot(&self, place: Place) -> Spot {
        let before = self.slice(place.line_start, place.at);
        let characters = before.iter().filter(|byte| !(0x80..0xC0).contains(*byte)).count();
        let column = u64::try_from(characters).unwrap_or(u64::MAX).saturating_add(1);
        Spot::Character { line: place.line, column }
    }

    fn refuse(&self, place: Place, fault: Fault) -> LedgerError {
        LedgerError::new(&self.file, self.spot(place), fault)
    }

    fn here(&self) -> Place {
        Place { line: self.line, line_start: self.line_start, at: self.at }
    }

    /// Lets go of the rows that have been taken.
    fn let_go(&mut self) {
        let from = match (self.marks.front(), self.state) {
            (Some(mark), _) => mark.start,
            (None, State::Between) => self.at,
            (None, _) => self.row.start,
        };
        let count = usize::try_from(from.saturating_sub(self.kept_from)).unwrap_or(usize::MAX);
        self.kept.drain(..count.min(self.kept.len()));
        self.kept_from = from;
    }

    /// Follows the grammar through the bytes from `self.at` on, which are kept already.
    fn scan(&mut self, bytes: &[u8]) -> Result<(), LedgerError> {
        let mut rest = bytes;
        while let Some((byte, tail)) = rest.split_first() {
            let plain = match self.state {
                State::Bare => self.plain(rest, b'\n'),
                State::Quoted => self.plain(rest, b'"'),
                _ => 0,
            };
            if plain > 0 {
                self.at += u64::try_from(plain).unwrap_or(u64::MAX);
                rest = &rest[plain..];
                continue;
            }
            self.step(*byte)?;
            self.at += 1;
            rest = tail;
        }
        if self.state != State::Between && self.at - self.row.start > LONGEST_ROW {
            return Err(self.too_long());
        }
        Ok(())
    }

    /// How many of the next bytes change nothing. `end` ends the state beside the delimiter, line
    /// ends and NUL.
    fn plain(&self, rest: &[u8], end: u8) -> usize {
        let delimiter = if self.state == State::Quoted { end } else { self.delimiter };
        rest.iter()
            .position(|byte| {
                *byte == end || *byte == delimiter || matches!(*byte, b'\n' | b'\r' | 0)
            })
            .unwrap_or(rest.len())
    }

    fn step(&mut self, byte: u8) -> Result<(), LedgerError> {
        if byte == 0 {
            // In the header row a NUL is half a character; further down it is an accident.
            let header = !self.taken_any && self.marks.is_empty();
            let fault = if header { Fault::Utf16 } else { Fault::Nul };
            return Err(self.refuse(self.here(), fault));
        }
        let ends_line = matches!(byte, b'\n' | b'\r');
        if self.state == State::Between && !ends_line {
            self.row = Mark { line: self.line, start: self.at, end: self.at };
            self.state = State::FieldStart;
        }
        self.state = match self.state {
            State::Quoted if byte == b'"' => State::AfterQuote,
            State::Quoted => State::Quoted,
            State::AfterQuote if byte == b'"' => State::Quoted,
            State::FieldStart if byte == b'"' => {
                self.quote = self.here();
                State::Quoted
            }
            State::Between => State::Between,
            _ if ends_line => {
                self.end_row()?;
                State::Between
            }
            _ if byte == self.delimiter => State::FieldStart,
            State::AfterQuote => return Err(self.text_after_quote()),
            State::FieldStart | State::Bare => State::Bare,
        };
        if ends_line {
            self.end_line(byte);
        }
        Ok(())
    }

    fn end_line(&mut self, byte: u8) {
        if byte == b'\r' || self.behind_cr != self.at {
            self.line += 1;
        }
        self.line_start = self.at + 1;
        if byte == b'\r' {
            self.behind_cr = self.at + 1;
        }
    }

    fn end_row(&mut self) -> Result<(), LedgerError> {
        self.row.end = self.at;
        if self.row.end - self.row.start > LONGEST_ROW {
            return Err(self.too_long());
        }
        self.marks.push_back(self.row);
        Ok(())
    }

    fn too_long(&self) -> LedgerError {
        if matches!(self.state, State::Quoted | State::AfterQuote) {
            return self.refuse(self.quote, Fault::OpenQuote);
        }
        let start = self.row.start;
        self.refuse(Place { line: self.row.line, line_start: start, at: start }, Fault::LongRow)
    }

    fn text_after_quote(&self) -> LedgerError {
        let Spot::Character { line, column } = self.spot(self.quote) else {
            return self.refuse(self.here(), Fault::OpenQuote);
        };
        let kept = u64::try_from(self.kept.len()).unwrap_or(u64::MAX);
        let following = self.slice(self.at, (self.at + 4).min(self.kept_from + kept));
        let found = following.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
        let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
        let delimiter = char::from(self.delimiter);
        self.refuse(self.here(), Fault::TextAfterQuote { found, delimiter, line, column })
    }

    /// The end of the file ends the last row; it cannot end a quote.
    fn finish(&mut self) -> Result<(), LedgerError> {
        match self.state {
            State::Between => return Ok(()),
            State::Quoted => return Err(self.refuse(self.quote, Fault::OpenQuote)),
            State::FieldStart | State::Bare | State::AfterQuote => self.end_row()?,
        }
        self.state = State::Between;
        Ok(())
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, LedgerError> {
        if !self.head.is_empty() {
            let count = self.head.len().min(buffer.len());
            let (first, _) = buffer.split_at_mut(count);
            first.copy_from_slice(&self.head[..count]);
            self.head.drain(..count);
            return Ok(count);
        }
        loop {
            match self.inner.read(buffer) {
                Ok(count) => {
                    self.digest.update(&buffer[..count]);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.gzip => return Err(self.refuse(self.here(), Fault::Gzip(error))),
                Err(error) => return Err(self.refuse(self.here(), Fault::Read(error))),
            }
        }
    }
}

impl<R: Read> Read for Inspector<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.fill(buffer).map_err(io::Error::other)?;
        let bytes = &buffer[..count];
        if count == 0 {
            self.finish().map_err(io::Error::other)?;
        } else {
            self.let_go();
            self.kept.extend_from_slice(bytes);
            self.scan(bytes).map_err(io::Error::other)?;
        }
        Ok(count)
    }
}

#[cfg(test)]
#[path = "inspect_tests.rs"]
mod tests;
