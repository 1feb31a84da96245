//! The scanner and the csv crate have to agree, for any bytes and any way in which they arrive.

use super::*;
use crate::tabular::TextEncoding;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

fn scanner(bytes: &[u8]) -> Option<Scanner<&[u8]>> {
    let content = Content::new(bytes, false, TextEncoding::default()).ok()?;
    Some(Scanner::new(content, "x.csv", b','))
}

/// Reads to the end; per row: its line, its bytes and its cells. `None`: refused.
fn rows(bytes: &[u8], buffer: usize) -> Option<Vec<(u64, Vec<u8>, csv::ByteRecord)>> {
    let scanner = scanner(bytes)?;
    let mut csv = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(buffer)
        .from_reader(scanner);
    let (mut rows, mut record) = (Vec::new(), csv::ByteRecord::new());
    while csv.read_byte_record(&mut record).ok()? {
        let behind = csv.position().byte();
        let span = csv.get_mut().next_span();
        let span = span.unwrap_or_else(|| unreachable!("no span for {record:?}"));
        assert!(span.may_end_at(behind), "{span:?} {behind}");
        rows.push((span.line, csv.get_ref().raw(span).to_vec(), record.clone()));
    }
    assert_eq!(csv.get_mut().next_span(), None);
    Some(rows)
}

/// What the csv crate alone reads.
fn alone(bytes: &[u8]) -> Vec<csv::ByteRecord> {
    let builder = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    builder.into_byte_records().filter_map(Result::ok).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_are_where_the_csv_crate_finds_them(
        text in "[ab,\"\r\n é]{0,40}", buffer in 1_usize..9,
    ) {
        if let Some(rows) = rows(text.as_bytes(), buffer) {
            let records: Vec<_> = rows.iter().map(|(_, _, record)| record.clone()).collect();
            prop_assert_eq!(&records, &alone(text.as_bytes()));
            for (line, raw, record) in rows {
                // A row's bytes say the same on their own,
                prop_assert_eq!(alone(&raw), vec![record]);
                // and stand in the line that is said, however lines end.
                let unix = text.replace("\r\n", "\n").replace('\r', "\n");
                let raw = String::from_utf8(raw).unwrap_or_default();
                let raw = raw.replace("\r\n", "\n").replace('\r', "\n");
                let skip = usize::try_from(line - 1).unwrap_or(0);
                let from: Vec<_> = unix.split('\n').skip(skip).collect();
                prop_assert!(from.join("\n").starts_with(&raw), "{} {:?}", line, raw);
            }
        }
    }

    #[test]
    fn how_the_bytes_arrive_makes_no_difference(text in "[a,\"\r\n]{0,30}") {
        prop_assert_eq!(rows(text.as_bytes(), 1), rows(text.as_bytes(), 4096));
    }
}

#[test]
fn lines_and_bytes_of_records() {
    let text = "\u{feff}a,b\r\n\r\n\n1,\"x\r\ny\"\r2,é\n3,";
    for buffer in [1, 2, 3, 7, 4096] {
        let rows = rows(text.as_bytes(), buffer).unwrap_or_default();
        let shown: Vec<_> = rows
            .iter()
            .map(|(line, raw, _)| (*line, String::from_utf8_lossy(raw).into_owned()))
            .collect();
        let expected = [(1, "a,b"), (4, "1,\"x\r\ny\""), (6, "2,é"), (7, "3,")]
            .map(|(l, r)| (l, r.to_owned()));
        assert_eq!(shown, expected);
    }
}

#[test]
fn the_digest_is_of_the_unchanged_content() {
    let bytes = b"\xEF\xBB\xBFa,b\r\n1,2\r\n";
    let mut scanner = scanner(bytes).unwrap_or_else(|| unreachable!("refused"));
    assert_eq!(io::copy(&mut scanner, &mut io::sink()).ok(), Some(10));
    assert_eq!(scanner.sha256(), hex::encode(Sha256::digest(bytes)));
}

#[test]
fn a_record_ends_at_its_limit() {
    let longest = usize::try_from(LONGEST_RECORD).unwrap_or_default();
    for end in ["", "\n", "\r\n"] {
        for (cell, quotes) in [("x", 0), ("\"\n\"", 2)] {
            let row = |length: usize| match quotes {
                0 => cell.repeat(length) + end,
                _ => format!("\"{}\"{end}", "\n".repeat(length - quotes)),
            };
            let read = |row: String| rows(format!("a\n{row}").as_bytes(), 65_536);
            assert_eq!(read(row(longest)).map(|rows| rows.len()), Some(2), "{cell} {end:?}");
            assert_eq!(read(row(longest + 1)), None, "{cell} {end:?}");
        }
    }
}

#[test]
fn bytes_of_read_records_are_dropped() {
    let text = "1,2,3\n".repeat(100_000);
    let scanner = scanner(text.as_bytes()).unwrap_or_else(|| unreachable!("refused"));
    let mut csv =
        csv::ReaderBuilder::new().has_headers(false).buffer_capacity(4096).from_reader(scanner);
    let mut record = csv::ByteRecord::new();
    while csv.read_byte_record(&mut record).is_ok_and(|any| any) {
        assert!(csv.get_mut().next_span().is_some());
        assert!(csv.get_ref().buffered.len() < 8192 && csv.get_ref().spans.len() < 2048);
    }
}
