//! Edited CSV files, as any spreadsheet saves them.

use super::cell::Cell;
use super::dialect::Dialect;
use super::files::{TakeRow, Why};
use super::table::{HEADER_WITHIN, Rows, Table};
use ::csv::{ReaderBuilder, StringRecord};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use std::borrow::Cow;

/// What may stand between cells.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads the rows of a CSV. `None`: it carries no mismatch id.
pub(super) fn read(bytes: &[u8]) -> Result<Option<(Rows, Dialect)>, Why> {
    let (text, may_have_lost) = decoded(bytes);
    let (text, declared) = without_declaration(&text);
    let Some(separator) = declared.or_else(|| separator_of(text)) else { return Ok(None) };
    // Where quotes are not in pairs, one of them swallows rows, and these would say nothing.
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 != 0 {
        return Err(Why::OpenQuote);
    }
    let mut rows = Rows::default();
    let mut table = Table::new(None);
    for_each_row(text, separator, u64::MAX, &mut |number, record| {
        rows.count(record.len())?;
        let cells: Vec<(u32, Cell)> = (0..).zip(record.iter().map(Cell::text)).collect();
        table.row(&mut rows, number, &cells)
    })?;
    let dialect = Dialect { decimal: rows.decimal, may_have_lost };
    Ok(rows.names_mismatches().then_some((rows, dialect)))
}

/// Passes on every row of a CSV.
pub(super) fn every_row(bytes: &[u8], take: &mut TakeRow) -> Result<(), Why> {
    let (text, _) = decoded(bytes);
    let (text, declared) = without_declaration(&text);
    let Some(separator) = declared.or_else(|| separator_of(text)) else { return Ok(()) };
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 != 0 {
        return Err(Why::OpenQuote);
    }
    for_each_row(text, separator, u64::MAX, &mut |number, record| {
        let cells: Vec<(u32, Cell)> = (0..).zip(record.iter().map(Cell::text)).collect();
        take(None, number, &cells);
        Ok(())
    })
}

/// The text, and whether it may have been saved in Windows-1252. A byte order mark decides; else
/// what is not UTF-8 is Windows-1252.
fn decoded(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(&bytes[length..]);
        return (text, false);
    }
    let is_ascii = bytes.is_ascii();
    match UTF_8.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => (text, is_ascii),
        None => (WINDOWS_1252.decode_without_bom_handling(bytes).0, true),
    }
}

/// The text without a first line `sep=;`, which spreadsheets do not count as a row, and what it
/// declares.
fn without_declaration(text: &str) -> (&str, Option<u8>) {
    let Some(rest) = text.strip_prefix("sep=").or_else(|| text.strip_prefix("\"sep=")) else {
        return (text, None);
    };
    let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
    let declared = line.bytes().next().filter(|byte| SEPARATORS.contains(byte));
    (after, declared)
}

/// The separator with which the most of our headings stand in one of the first rows.
fn separator_of(text: &str) -> Option<u8> {
    let count = |separator: &u8| {
        let mut most = 0;
        // The only error is that of the closure, which has none.
        let _ = for_each_row(text, *separator, HEADER_WITHIN, &mut |_, record| {
            most = most.max(Table::headings_in(record.iter()).unwrap_or(0));
            Ok(())
        });
        most
    };
    let counted = SEPARATORS.iter().map(|separator| (count(separator), *separator));
    let best = counted.max_by_key(|(count, _)| *count)?;
    (best.0 > 0).then_some(best.1)
}

/// Passes each row on with its number. A spreadsheet counts blank lines, and counts a cell of
/// several lines as one row.
fn for_each_row(
    text: &str,
    separator: u8,
    last: u64,
    take: &mut dyn FnMut(u64, &StringRecord) -> Result<(), Why>,
) -> Result<(), Why> {
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let line_ends = |text: &str| {
        let count = text.bytes().filter(|byte| *byte == b'\n').count();
        u64::try_from(count).unwrap_or(u64::MAX)
    };
    let (mut counted_to, mut number, mut inside) = (0, 1, 0);
    // The text is UTF-8 and rows may be of any length, so that nothing is an error here.
    while reader.read_record(&mut record).map_err(|error| Why::Csv(error.to_string()))? {
        let start = record.position().map_or(0, ::csv::Position::byte);
        let start = usize::try_from(start).unwrap_or(text.len()).min(text.len());
        let blank = text[start..].bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = start + blank;
        number += line_ends(&text[counted_to..start]);
        counted_to = start;
        let row: u64 = number - inside;
        if row > last {
            break;
        }
        take(row, &record)?;
        inside += record.iter().map(line_ends).sum::<u64>();
    }
    Ok(())
}
