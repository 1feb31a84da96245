//! Edited workbooks (`.xlsx`), sheet by sheet and cell by cell.

use super::cell::Cell;
use super::dialect::Dialect;
use super::files::{TakeRow, Why};
use super::table::{Rows, Table};
use crate::domain::contained::{self, Contained};
use crate::domain::text::{Text, clean};
use calamine::{DataRef, ExcelDateTime, Reader, SheetType, Xlsx, XlsxError};
use chrono::NaiveDate;
use memchr::memmem;
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// All files inside, unpacked (contract, "Decisions": taking back).
const MOST_UNPACKED_BYTES: u64 = 256 * 1024 * 1024;
/// Files inside. A workbook has some ten and one a sheet.
const MOST_ENTRIES: usize = 10_000;
/// Texts that cells share. Each takes more memory than the five bytes that an empty one has.
const MOST_SHARED_TEXTS: usize = 2_000_000;
/// What Excel lets a cell hold.
const LONGEST_CELL: usize = 32_767;

/// The first bytes of a ZIP archive.
pub(super) const ZIP: &[u8] = b"PK\x03\x04";
/// The first bytes of an OLE2 container: an old workbook, or an encrypted one.
pub(super) const OLE2: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// What was found in a workbook.
pub(super) struct Found {
    pub(super) rows: Rows,
    pub(super) dialect: Dialect,
    pub(super) last_modified_by: Option<Text>,
}

/// What an OLE2 container is.
pub(super) fn why_not_ole2(bytes: &[u8]) -> Why {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if memmem::find(bytes, &name).is_some() { Why::Password } else { Why::OldWorkbook }
}

/// Reads the rows of a workbook. `None`: it carries no mismatch id.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Found>, Why> {
    let last_modified_by = look_inside(bytes)?;
    // The parser's own mistakes with a file made to find them must not end the night. It holds
    // nothing but the bytes, so nothing half done is seen after a panic.
    let rows = contained::run(|| rows_of(bytes));
    let rows =
        rows.map_err(|Contained(_)| Why::Workbook("its content is damaged".to_owned()))??;
    let dialect = Dialect { decimal: rows.decimal, may_have_lost: false };
    Ok(rows.names_mismatches().then_some(Found { rows, dialect, last_modified_by }))
}

/// The library's error can quote what the file says.
fn damaged(error: &dyn std::error::Error) -> Why {
    Why::Workbook(clean(&error.to_string()))
}

/// Unpacks every file inside once and forgets it: the sizes that an archive states prove nothing.
/// Gives who saved the workbook last.
fn look_inside(bytes: &[u8]) -> Result<Option<Text>, Why> {
    // Each file has one of these in the archive's directory, which is read whole at once.
    if memmem::find_iter(bytes, b"PK\x01\x02").nth(MOST_ENTRIES).is_some() {
        return Err(Why::TooManyEntries);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    if archive.index_for_name("xl/workbook.xml").is_none() {
        let is_binary = archive.index_for_name("xl/workbook.bin").is_some();
        let is_open_document = archive.index_for_name("content.xml").is_some();
        return Err(if is_binary || is_open_document {
            Why::OldWorkbook
        } else {
            Why::NotAWorkbook
        });
    }
    let mut unpacked = 0;
    let mut properties = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        let name = entry.name().to_ascii_lowercase();
        let has_shared_texts = name.ends_with("sharedstrings.xml");
        let has_properties = name == "docprops/core.xml";
        let mut shared_texts = 0;
        loop {
            let count = entry.read(&mut buffer).map_err(|error| damaged(&error))?;
            if count == 0 {
                break;
            }
            unpacked += u64::try_from(count).unwrap_or(u64::MAX);
            if unpacked > MOST_UNPACKED_BYTES {
                return Err(Why::TooMuchUnpacked);
            }
            if has_shared_texts {
                shared_texts += memmem::find_iter(&buffer[..count], b"<si").count();
            }
            if has_properties && properties.len() < buffer.len() {
                properties.extend_from_slice(&buffer[..count]);
            }
        }
        if shared_texts > MOST_SHARED_TEXTS {
            return Err(Why::TooManyCells);
        }
    }
    Ok(last_modified_by(&properties))
}

/// `cp:lastModifiedBy` of the document's properties.
fn last_modified_by(properties: &[u8]) -> Option<Text> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_reader(properties);
    let mut buffer = Vec::new();
    let mut name: Option<String> = None;
    // What is damaged behind the name does not matter, and a damaged name is none.
    while let Ok(event) = reader.read_event_into(&mut buffer) {
        let is_name = |local: &[u8]| local == b"lastModifiedBy";
        match event {
            Event::Start(tag) if is_name(tag.local_name().as_ref()) => name = Some(String::new()),
            Event::End(tag) if is_name(tag.local_name().as_ref()) => break,
            Event::Text(text) => {
                if let (Some(name), Ok(text)) = (&mut name, text.decode()) {
                    name.push_str(&text);
                }
            }
            Event::GeneralRef(reference) => {
                if let (Some(name), Ok(text)) = (&mut name, reference.decode()) {
                    let code = reference.resolve_char_ref().ok().flatten();
                    let named = quick_xml::escape::resolve_xml_entity(&text);
                    name.extend(code);
                    name.push_str(named.unwrap_or_default());
                }
            }
            Event::Eof => break,
            _ => {}
        }
        buffer.clear();
    }
    let name = name?.chars().filter(|it| !it.is_control()).take(160).collect::<String>();
    (!name.trim().is_empty()).then(|| Text::own(&name))
}

/// Passes on every row of every sheet.
pub(super) fn every_row(bytes: &[u8], take: &mut TakeRow) -> Result<(), Why> {
    look_inside(bytes)?;
    let passed = contained::run(|| {
        let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| why(&error))?;
        for sheet in worksheets(&workbook) {
            let mut reader =
                workbook.worksheet_cells_reader(&sheet).map_err(|error| why(&error))?;
            let mut number = 0;
            let mut cells: Vec<(u32, Cell)> = Vec::new();
            while let Some(cell) = reader.next_cell().map_err(|error| why(&error))? {
                let (row, place) = cell.get_position();
                let row = u64::from(row) + 1;
                if row != number {
                    if number > 0 {
                        take(Some(&sheet), number, &cells);
                    }
                    cells.clear();
                    number = row;
                }
                cells.push((place, cell_of(cell.get_value())?));
            }
            if number > 0 {
                take(Some(&sheet), number, &cells);
            }
        }
        Ok(())
    });
    passed.map_err(|Contained(_)| Why::Workbook("its content is damaged".to_owned()))?
}

fn worksheets<Source: Read + std::io::Seek>(workbook: &Xlsx<Source>) -> Vec<String> {
    let sheets = workbook.sheets_metadata().iter();
    let sheets = sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet);
    sheets.map(|sheet| sheet.name.clone()).collect()
}

/// Sheets that a workbook may have: this program writes nine.
const MOST_SHEETS: usize = 30;

fn rows_of(bytes: &[u8]) -> Result<Rows, Why> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| why(&error))?;
    let mut rows = Rows::default();
    let sheets = worksheets(&workbook);
    if sheets.len() > MOST_SHEETS {
        // Each sheet is unpacked on its own, also where several name one part of the file.
        return Err(Why::TooManySheets);
    }
    for sheet in sheets {
        let mut table = Table::new(Some(sheet.as_str().into()));
        let mut reader = workbook.worksheet_cells_reader(&sheet).map_err(|error| why(&error))?;
        let mut number = 0;
        let mut cells: Vec<(u32, Cell)> = Vec::new();
        while let Some(cell) = reader.next_cell().map_err(|error| why(&error))? {
            rows.count(1)?;
            let (row, place) = cell.get_position();
            let row = u64::from(row) + 1;
            if row != number {
                table.row(&mut rows, number, &cells)?;
                cells.clear();
                number = row;
                if table.is_foreign(row) {
                    break;
                }
            }
            cells.push((place, cell_of(cell.get_value())?));
        }
        table.row(&mut rows, number, &cells)?;
    }
    Ok(rows)
}

fn why(error: &XlsxError) -> Why {
    match error {
        XlsxError::Password => Why::Password,
        error => damaged(error),
    }
}

fn cell_of(value: &DataRef) -> Result<Cell, Why> {
    let text = |text: &str| {
        if text.len() > LONGEST_CELL * 4 { Err(Why::TooMuchText) } else { Ok(Cell::text(text)) }
    };
    match value {
        DataRef::Empty => Ok(Cell::Empty),
        DataRef::Int(number) => Ok(Cell::Number(number.to_string().into())),
        DataRef::Float(number) => Ok(Cell::Number(number.to_string().into())),
        DataRef::String(own) | DataRef::DateTimeIso(own) | DataRef::DurationIso(own) => text(own),
        DataRef::SharedString(shared) => text(shared),
        DataRef::Bool(truth) => Ok(Cell::Boolean(*truth)),
        DataRef::DateTime(date) => Ok(date_of(date)),
        DataRef::Error(error) => text(&error.to_string()),
    }
}

/// A number with the format of a date. Without a day it is a time, and stays a number.
fn date_of(date: &ExcelDateTime) -> Cell {
    let (year, month, day, ..) = date.to_ymd_hms_milli();
    let day = NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day));
    match day.filter(|_| date.is_datetime()) {
        Some(day) => Cell::Date(day),
        None => Cell::Number(date.as_f64().to_string().into()),
    }
}
