//! Reads a workbook's sheets, and changes its cells as a person would.

use super::Row;
use calamine::{Data, Reader, Xlsx, open_workbook};
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::Command;

/// Opens the workbook with LibreOffice and saves it in its place. False, saying so, where there is
/// no LibreOffice.
#[expect(clippy::print_stderr, reason = "says that it could not test")]
pub fn save_with_libreoffice(workbook: &Path) -> bool {
    if Command::new("soffice").arg("--version").output().is_err() {
        eprintln!("not tested: there is no LibreOffice (soffice) here");
        return false;
    }
    let directory = tempfile::tempdir().unwrap();
    let profile =
        format!("-env:UserInstallation=file://{}", directory.path().join("profile").display());
    let output = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", "xlsx", "--outdir"])
        .arg(directory.path())
        .arg(workbook)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    fs::copy(directory.path().join(workbook.file_name().unwrap()), workbook).unwrap();
    true
}

/// The cells of a sheet, row by row; a date is a number.
fn cells(workbook: &Path, sheet: &str) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = open_workbook(workbook).unwrap();
    let range = book.worksheet_range(sheet).unwrap();
    // An empty sheet's range begins at its first cell with a value.
    let above = range.start().map_or(0, |(row, _)| usize::try_from(row).unwrap());
    let rows = range.rows().map(|row| row.iter().map(Data::to_string).collect());
    std::iter::repeat_n(Vec::new(), above).chain(rows).collect()
}

fn header(cells: &[Vec<String>]) -> usize {
    cells.iter().position(|row| row.iter().any(|cell| cell == "merchant_order_id")).unwrap()
}

/// The rows of a sheet that is one table, by heading.
pub fn sheet(workbook: &Path, name: &str) -> Vec<Row> {
    let cells = cells(workbook, name);
    let header = header(&cells);
    let row = |row: &Vec<String>| cells[header].iter().cloned().zip(row.iter().cloned()).collect();
    cells[header + 1..].iter().map(row).collect()
}

/// Types into cells of a sheet, as a person would: in the row that shows this text, below these
/// headings. An empty text empties the cell.
pub fn type_into(workbook: &Path, sheet: &str, row_with: &str, cells_of: &[(&str, &str)]) {
    let number = {
        let book: Xlsx<_> = open_workbook(workbook).unwrap();
        book.sheet_names().iter().position(|name| name == sheet).unwrap() + 1
    };
    let shown = cells(workbook, sheet);
    let headings = &shown[header(&shown)];
    let row = shown.iter().position(|row| row.iter().any(|cell| cell == row_with)).unwrap() + 1;
    let mut book = zip::ZipArchive::new(Cursor::new(fs::read(workbook).unwrap())).unwrap();
    let mut edited = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..book.len() {
        let mut file = book.by_index(index).unwrap();
        let name = file.name().to_owned();
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        if name == format!("xl/worksheets/sheet{number}.xml") {
            for (heading, said) in cells_of {
                let column = headings.iter().position(|it| it == heading).unwrap();
                let letter = char::from(b'A' + u8::try_from(column).unwrap());
                assert!(letter.is_ascii_uppercase(), "a column of two letters");
                let start = content.find(&format!("<c r=\"{letter}{row}\"")).unwrap();
                let tag_end = start + content[start..].find('>').unwrap();
                let end = if content[..tag_end].ends_with('/') {
                    tag_end + 1
                } else {
                    start + content[start..].find("</c>").unwrap() + "</c>".len()
                };
                let style = &content[start..end];
                let style = style.find(" s=\"").map_or("", |at| {
                    let value = &style[at + 4..];
                    &style[at..at + 5 + value.find('"').unwrap()]
                });
                let text = match *said {
                    "" => "/>".to_owned(),
                    said => format!(" t=\"inlineStr\"><is><t>{said}</t></is></c>"),
                };
                let cell = format!("<c r=\"{letter}{row}\"{style}{text}");
                content.replace_range(start..end, &cell);
            }
        }
        edited.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        edited.write_all(content.as_bytes()).unwrap();
    }
    fs::write(workbook, edited.finish().unwrap().into_inner()).unwrap();
}
