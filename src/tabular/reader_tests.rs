//! Records, the header row, and what stops a reader.

use super::*;
use std::io::Cursor;

fn open(source: Source, interrupted: &dyn Fn() -> bool) -> Result<Reader<'_>, TabularError> {
    Reader::new(source, TextEncoding::default(), b',', interrupted)
}

fn reader(text: &'static [u8]) -> Reader<'static> {
    open(Source::from_reader("a.csv", Cursor::new(text)), &|| false)
        .unwrap_or_else(|error| unreachable!("{error}"))
}

#[test]
fn records_have_their_line_bytes_and_cells() {
    let mut reader = reader(b"a,b\r\n \r\n1,\"x\ny\"\r\n,\xC2\xA0 ,\"\"\r\n\xE9,2,3");
    let header = reader.read_record().ok().flatten().map(|record| (record.line, record.fields()));
    assert_eq!(header, Some((1, 2)));
    let mut records = Vec::new();
    while let Ok(Some(record)) = reader.read_record() {
        let second = record.cell(Some(1)).to_vec();
        assert_eq!(record.cell(None), b"");
        assert_eq!(record.cell(Some(9)), b"");
        records.push((record.line, record.raw.to_vec(), record.fields(), second));
        assert_eq!(record.invalid_utf8().is_some(), record.line == 6);
    }
    let expected: [(u64, &[u8], usize, &[u8]); 2] =
        [(3, b"1,\"x\ny\"", 2, b"x\ny"), (6, b"\xE9,2,3", 3, b"2")];
    let expected =
        expected.map(|(line, raw, fields, second)| (line, raw.to_vec(), fields, second.to_vec()));
    assert_eq!(records, expected);
}

#[test]
fn lines_without_a_value_are_blank() {
    for text in [&b"\r\n\n \n"[..], b"\xEF\xBB\xBF\n", b",,,\n\"\",\" \"\n", b"\xC2\xA0,"] {
        assert!(reader(text).read_record().is_ok_and(|record| record.is_none()), "{text:?}");
    }
    for text in [&b",,x"[..], b"\"\"\"\"", b",\xE9"] {
        assert!(reader(text).read_record().is_ok_and(|record| record.is_some()), "{text:?}");
    }
}

#[test]
fn an_interruption_outweighs_every_error() {
    let source = || Source::from_reader("a.csv", Cursor::new(b"a,b\n\0"));
    let error = open(source(), &|| true).and_then(|mut reader| {
        reader.read_record()?;
        reader.read_record()?;
        Ok(())
    });
    assert!(error.is_err_and(|error| matches!(*error.fault, Fault::Interrupted)));
    let reader = open(source(), &|| true);
    let outweighed = reader.map(|reader| reader.error(Position::File, Fault::Empty));
    assert!(outweighed.is_ok_and(|error| matches!(*error.fault, Fault::Interrupted)));
}

#[test]
fn a_caller_is_asked_every_256_records_whether_to_stop() {
    let text: &'static [u8] = "a,b\n".repeat(600).leak().as_bytes();
    let asked = std::cell::Cell::new(0);
    let ask = || {
        asked.set(asked.get() + 1);
        false
    };
    let mut read = 0;
    {
        let mut reader = open(Source::from_reader("a.csv", Cursor::new(text)), &ask)
            .unwrap_or_else(|error| unreachable!("{error}"));
        asked.set(0);
        while let Ok(Some(_)) = reader.read_record() {
            read += 1;
            assert_eq!(asked.get(), read / 256, "record {read}");
        }
    }
    assert_eq!(read, 600);
}

/// A source that is interrupted by a signal's handler before each of its bytes.
struct Interrupted(std::vec::IntoIter<u8>, bool);

impl Read for Interrupted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let (Some(first), Some(byte)) = (buffer.first_mut(), self.0.next()) else { return Ok(0) };
        *first = byte;
        Ok(1)
    }
}

#[test]
fn a_read_that_a_signal_interrupts_is_tried_again() {
    let bytes = Interrupted(b"a,b\n1,2\n".to_vec().into_iter(), false);
    let mut reader = open(Source::from_reader("a.csv", bytes), &|| false)
        .unwrap_or_else(|error| unreachable!("{error}"));
    let mut lines = Vec::new();
    while let Ok(Some(record)) = reader.read_record() {
        lines.push(record.line);
    }
    assert_eq!(lines, [1, 2]);
    assert!(reader.check_source().is_ok());
}
