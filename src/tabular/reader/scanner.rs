//! What the `csv` crate does not report: a quote that never closes or that closes in the middle of
//! a text, a NUL, UTF-16, a record without end; and the bytes of a record, unchanged.
//!
//! The [`Scanner`] stands between the file and the `csv` crate and follows the same grammar (a
//! record ends at LF, CRLF or CR outside quotes; a quote counts as one only at a field's
//! beginning). It is strict where that crate is lenient: there, one stray quote would swallow
//! records without an error. It finds where each record begins and ends, and buffers the bytes of
//! records until the caller has read past them.

use super::content::Content;
use crate::tabular::error::{Fault, Position, TabularError};
use std::collections::VecDeque;
use std::io::{self, Read};

/// The longest record. An export's records are a few hundred bytes; one of a mebibyte is a quote
/// that never closes.
const LONGEST_RECORD: u64 = 1024 * 1024;

/// Where a record is. Offsets count from behind the BOM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    start: u64,
    end: u64,
}

impl Span {
    /// Whether a parser that has just read this record can be at that offset: at its end, or behind
    /// its line end.
    pub(super) fn may_end_at(&self, byte: u64) -> bool {
        (self.end..=self.end + 2).contains(&byte)
    }
}

/// An offset and its line.
#[derive(Debug, Clone, Copy)]
struct Place {
    line: u64,
    line_start: u64,
    at: u64,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between records.
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

/// Reads a file's bytes for the `csv` crate and scans them. Its errors pass through the `csv` crate
/// as [`TabularError`]s inside [`io::Error`]s.
pub(super) struct Scanner<R> {
    content: Content<R>,
    file: String,
    delimiter: u8,
    state: State,
    /// Offset of the next byte.
    at: u64,
    line: u64,
    line_start: u64,
    /// The offset behind the last CR: a LF there belongs to it.
    behind_cr: u64,
    /// Where the open quote was opened.
    quote: Place,
    /// The record that is being read.
    record: Span,
    /// Records that have been read whole and that the caller has not asked for yet.
    spans: VecDeque<Span>,
    is_header_read: bool,
    /// The bytes from `buffered_from` to `at`.
    buffered: Vec<u8>,
    buffered_from: u64,
}

impl<R: Read> Scanner<R> {
    /// Scans this content, of a file with this name.
    pub(super) fn new(content: Content<R>, file: &str, delimiter: u8) -> Scanner<R> {
        Scanner {
            content,
            file: file.to_owned(),
            delimiter,
            state: State::Between,
            at: 0,
            line: 1,
            line_start: 0,
            behind_cr: u64::MAX,
            quote: Place { line: 1, line_start: 0, at: 0 },
            record: Span { line: 1, start: 0, end: 0 },
            spans: VecDeque::new(),
            is_header_read: false,
            buffered: Vec::new(),
            buffered_from: 0,
        }
    }

    /// The next record, if it has been read whole. Its bytes, and all bytes before, are dropped at
    /// the next read.
    pub(super) fn next_span(&mut self) -> Option<Span> {
        self.is_header_read = true;
        self.spans.pop_front()
    }

    /// The bytes of the record that `next_span` gave last, unchanged, without the line end.
    pub(super) fn raw(&self, span: Span) -> &[u8] {
        self.slice(span.start, span.end)
    }

    /// The SHA-256 of the content, BOM included, in hexadecimal.
    pub(super) fn sha256(self) -> String {
        self.content.sha256()
    }

    fn slice(&self, start: u64, end: u64) -> &[u8] {
        let index = |offset: u64| {
            usize::try_from(offset.saturating_sub(self.buffered_from)).unwrap_or(usize::MAX)
        };
        self.buffered.get(index(start)..index(end)).unwrap_or_default()
    }

    /// A position as an editor counts: characters, not bytes.
    fn position(&self, place: Place) -> Position {
        let before = self.slice(place.line_start, place.at);
        let characters = before.iter().filter(|byte| !(0x80..0xC0).contains(*byte)).count();
        let column = u64::try_from(characters).unwrap_or(u64::MAX).saturating_add(1);
        Position::Character { line: place.line, column }
    }

    fn refuse(&self, place: Place, fault: Fault) -> TabularError {
        TabularError::new(&self.file, self.position(place), fault)
    }

    fn here(&self) -> Place {
        Place { line: self.line, line_start: self.line_start, at: self.at }
    }

    /// Drops the bytes of the records that the caller has read past.
    fn drop_read(&mut self) {
        let from = match (self.spans.front(), self.state) {
            (Some(span), _) => span.start,
            (None, State::Between) => self.at,
            (None, _) => self.record.start,
        };
        let count = usize::try_from(from.saturating_sub(self.buffered_from)).unwrap_or(usize::MAX);
        self.buffered.drain(..count.min(self.buffered.len()));
        self.buffered_from = from;
    }

    /// Follows the grammar through the bytes from `self.at` on, which are already in `buffered`.
    fn scan(&mut self, bytes: &[u8]) -> Result<(), TabularError> {
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
        if self.state != State::Between && self.at - self.record.start > LONGEST_RECORD {
            return Err(self.too_long());
        }
        Ok(())
    }

    /// How many of the next bytes do not change the state. `end` does, as do the delimiter, line
    /// ends and NUL.
    fn plain(&self, rest: &[u8], end: u8) -> usize {
        let delimiter = if self.state == State::Quoted { end } else { self.delimiter };
        rest.iter()
            .position(|byte| {
                *byte == end || *byte == delimiter || matches!(*byte, b'\n' | b'\r' | 0)
            })
            .unwrap_or(rest.len())
    }

    fn step(&mut self, byte: u8) -> Result<(), TabularError> {
        if byte == 0 {
            // In the header row a NUL is half a character of UTF-16; below it is damage.
            let header = !self.is_header_read && self.spans.is_empty();
            let fault = if header { Fault::Utf16 } else { Fault::Nul };
            return Err(self.refuse(self.here(), fault));
        }
        let ends_line = matches!(byte, b'\n' | b'\r');
        if self.state == State::Between && !ends_line {
            self.record = Span { line: self.line, start: self.at, end: self.at };
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
                self.end_record()?;
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

    fn end_record(&mut self) -> Result<(), TabularError> {
        self.record.end = self.at;
        if self.record.end - self.record.start > LONGEST_RECORD {
            return Err(self.too_long());
        }
        self.spans.push_back(self.record);
        Ok(())
    }

    fn too_long(&self) -> TabularError {
        if matches!(self.state, State::Quoted | State::AfterQuote) {
            return self.refuse(self.quote, Fault::OpenQuote);
        }
        let start = self.record.start;
        self.refuse(Place { line: self.record.line, line_start: start, at: start }, Fault::LongRow)
    }

    fn text_after_quote(&self) -> TabularError {
        let Position::Character { line, column } = self.position(self.quote) else {
            return self.refuse(self.here(), Fault::OpenQuote);
        };
        let buffered = u64::try_from(self.buffered.len()).unwrap_or(u64::MAX);
        let following = self.slice(self.at, (self.at + 4).min(self.buffered_from + buffered));
        let found = following.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
        let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
        let delimiter = char::from(self.delimiter);
        self.refuse(self.here(), Fault::TextAfterQuote { found, delimiter, line, column })
    }

    /// The end of the file ends the last record; it cannot end a quote.
    fn finish(&mut self) -> Result<(), TabularError> {
        match self.state {
            State::Between => return Ok(()),
            State::Quoted => return Err(self.refuse(self.quote, Fault::OpenQuote)),
            State::FieldStart | State::Bare | State::AfterQuote => self.end_record()?,
        }
        self.state = State::Between;
        Ok(())
    }
}

impl<R: Read> Read for Scanner<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self
            .content
            .read(buffer)
            .map_err(|fault| io::Error::other(self.refuse(self.here(), fault)))?;
        let bytes = &buffer[..count];
        if count == 0 {
            self.finish().map_err(io::Error::other)?;
        } else {
            self.drop_read();
            self.buffered.extend_from_slice(bytes);
            self.scan(bytes).map_err(io::Error::other)?;
        }
        Ok(count)
    }
}

#[cfg(test)]
#[path = "scanner_tests.rs"]
mod tests;
