//! Whether a CSV file holds only what the program wrote, whatever dialect it has: an earlier
//! release or other settings wrote other separators, quotes, line ends and fewer columns.

use super::super::super::cell::{CellKind, Heading};
use super::super::super::guard::guarded;
use super::BYTE_ORDER_MARK;
use csv::{ByteRecord, Reader, ReaderBuilder};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

/// A record may take this much memory: more than any that the program writes, because a row of the
/// ledger has at most 1 MiB.
const LONGEST_RECORD: u64 = 16 * 1024 * 1024;

/// Compares row by row, so that the memory does not grow with the files.
pub(super) fn has_own_cells(
    existing: File,
    written: Option<File>,
    headings: &[Heading],
) -> io::Result<bool> {
    let mut existing = Records::open(existing)?;
    let Some(columns) = existing.columns(headings)? else { return Ok(false) };
    let Some(written) = written else { return existing.next().map(|row| row.is_none()) };
    let mut written = Records::open(written)?;
    written.next()?;
    let mut is_first = true;
    loop {
        let (there, new) = (existing.next()?, written.next()?);
        let (there, new) = match (there, new) {
            (Some(there), Some(new)) => (there, new),
            // No row at all: nothing in it that somebody could have changed.
            (None, new) => return Ok(is_first || new.is_none()),
            (Some(_), None) => return Ok(false),
        };
        is_first = false;
        let same = columns.iter().zip(there).all(|(column, cell)| {
            let written = new.get(*column).unwrap_or_default();
            headings.get(*column).is_some_and(|heading| is_same(cell, written, heading.kind))
        });
        if there.len() != columns.len() || !same {
            return Ok(false);
        }
    }
}

/// Cells are compared as the guard leaves them, because it changes nothing that is guarded already:
/// either file may have been written without it.
fn is_same(existing: &[u8], written: &[u8], kind: CellKind) -> bool {
    match kind {
        CellKind::Amount => plain_number(existing) == plain_number(written),
        _ => existing == written || guarded(existing) == guarded(written),
    }
}

/// An amount as a number: with a decimal point, and without zeros that end its decimals. A
/// spreadsheet that saves a file without an edit drops them.
fn plain_number(amount: &[u8]) -> Cow<'_, [u8]> {
    let mut number: Cow<'_, [u8]> = if amount.contains(&b',') {
        amount.iter().map(|byte| if *byte == b',' { b'.' } else { *byte }).collect()
    } else {
        Cow::Borrowed(amount)
    };
    if number.contains(&b'.') {
        let is_zero = |byte: &&u8| **byte == b'0';
        let zeros = number.iter().rev().take_while(is_zero).count();
        let mut length = number.len() - zeros;
        length -= usize::from(number[..length].ends_with(b"."));
        number = match number {
            Cow::Borrowed(number) => Cow::Borrowed(&number[..length]),
            Cow::Owned(mut number) => {
                number.truncate(length);
                Cow::Owned(number)
            }
        };
    }
    number
}

/// A CSV file's records, the header first.
struct Records {
    reader: Reader<Bounded<BufReader<File>>>,
    record: ByteRecord,
}

impl Records {
    fn open(file: File) -> io::Result<Records> {
        let mut file = BufReader::new(file);
        let delimiter = delimiter(&mut file)?;
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(Bounded { inner: file, left: LONGEST_RECORD });
        Ok(Records { reader, record: ByteRecord::new() })
    }

    fn next(&mut self) -> io::Result<Option<&ByteRecord>> {
        self.reader.get_mut().left = LONGEST_RECORD;
        let is_there = self.reader.read_byte_record(&mut self.record)?;
        Ok(is_there.then_some(&self.record))
    }

    /// For each column of the file its place among these headings. `None`: it has a column that the
    /// program does not write, or one twice.
    fn columns(&mut self, headings: &[Heading]) -> io::Result<Option<Vec<usize>>> {
        let Some(names) = self.next()? else { return Ok(None) };
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            match headings.iter().position(|heading| heading.name.as_bytes() == name) {
                Some(column) if !columns.contains(&column) => columns.push(column),
                _ => return Ok(None),
            }
        }
        Ok(Some(columns))
    }
}

/// The character behind the first heading, which may be in quotes. The file is then read up to
/// that heading.
fn delimiter(file: &mut BufReader<File>) -> io::Result<u8> {
    let mark =
        if file.fill_buf()?.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    file.consume(mark);
    let is_of_a_name =
        |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_' || **byte == b'"';
    let behind = file.fill_buf()?.iter().find(|byte| !is_of_a_name(byte)).copied();
    // A line with one heading alone needs none.
    Ok(behind.filter(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(b','))
}

/// Ends with an error instead of reading a record without end into memory.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a record is too long"));
        }
        let count = self.inner.read(buffer)?;
        self.left = self.left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}
