//! Workbooks as this program writes them and people edit them.

use super::*;
use rust_xlsxwriter::{DocProperties, Formula};

const WORK: [&str; 9] = [
    "at_risk",
    "merchant_order_id",
    "findings",
    "decision",
    "until",
    "owner",
    "note",
    "run_id",
    "mismatch_ids",
];

/// A sheet of Work: a line about the night, the header in row 2, one order.
fn write_work(sheet: &mut Worksheet, cells: [&str; 9]) -> Result<(), XlsxError> {
    sheet.write_string(0, 0, "Night of 2026-11-23, run 12")?;
    for (column, (heading, cell)) in (0..).zip(WORK.into_iter().zip(cells)) {
        sheet.write_string(1, column, heading)?;
        match cell.parse::<u32>() {
            Ok(number) if heading == "at_risk" || heading == "run_id" => {
                sheet.write_number(2, column, number)?;
            }
            _ if cell.is_empty() => {}
            _ => {
                sheet.write_string(2, column, cell)?;
            }
        }
    }
    sheet.set_column_hidden(8)?;
    Ok(())
}

fn work(cells: [&str; 9]) -> Result<Comparison, Box<dyn Error>> {
    let mut workbook = Workbook::new();
    write_work(workbook.add_worksheet().set_name("Work (2)")?, cells)?;
    let file = read_workbook(&workbook.save_to_buffer()?)?;
    let row = file.rows.first().ok_or("no row")?;
    assert_eq!(row.row, 3);
    let findings = vec![finding("m-a1", "0042", Some("-10.00")), finding("m-a2", "0042", None)];
    Ok(compare(row, file.dialect, Written::Order(&order_row(findings))))
}

const KINDS: &str = "final_amount_difference, status_difference";

#[test]
fn an_unedited_workbook_has_no_edit() -> Outcome {
    let rows = awkward_rows();
    let file = read_workbook(&workbook_of(&rows)?)?;
    assert_unchanged(&file, &rows);
    assert_eq!(file.rows.first().map(|row| row.row), Some(2));
    assert_eq!(file.rows.first().and_then(|row| row.sheet.as_deref()), Some("Findings"));
    assert_eq!(file.name.as_str(), "report.xlsx");
    Ok(())
}

#[test]
fn a_decision_on_a_row_of_work_is_taken() -> Outcome {
    let unedited = ["10", "0042", KINDS, "", "", "", "", "12", "m-a1 m-a2"];
    assert_eq!(work(unedited)?, Comparison::Unchanged);
    let edited = ["10", "0042", KINDS, "ACCEPTED", "2026-12-31", "Asha", "", "12", "m-a2 m-a1"];
    let edit = Edit {
        verdict: Some(Change::Set(Verdict::Accepted)),
        until: Some(Change::Set(date("2026-12-31"))),
        owner: Some(Text::own("Asha")),
        note: None,
    };
    assert_eq!(work(edited)?, Comparison::Edit(edit));
    Ok(())
}

#[test]
fn a_row_of_work_that_is_not_the_one_written_is_refused() -> Outcome {
    let right = ["10", "0042", KINDS, "accepted", "", "", "", "12", "m-a1 m-a2"];
    for (column, cell, expected) in [
        (0, "11", "at_risk is \"11\", but the report had \"10.00\""),
        (1, "0043", "merchant_order_id is \"0043\", but the report had \"0042\""),
        (2, "status_difference", "findings is \"status_difference\", but the report had"),
        (7, "13", "the row is not of run 12"),
        (8, "m-a1", "the row names other mismatches"),
        (8, "m-a1 m-a2 m-a3", "the row names other mismatches"),
    ] {
        let mut cells = right;
        cells[column] = cell;
        let Comparison::Refused(why) = work(cells)? else { return Err(expected.into()) };
        assert!(why.starts_with(expected), "{why}");
    }
    Ok(())
}

#[test]
fn all_sheets_with_ids_are_read_and_names_do_not_matter() -> Outcome {
    let rows = awkward_rows();
    let mut workbook = Workbook::new();
    let work = ["10", "0042", KINDS, "accepted", "", "", "", "12", "m-a1 m-a2"];
    write_work(workbook.add_worksheet(), work)?;
    write_findings(workbook.add_worksheet().set_name("Kopie von Findings")?, &rows)?;
    workbook.add_worksheet().write_string(0, 0, "mismatch_id")?;
    let properties = DocProperties::new().set_author("Asha & \u{dc}l <x>");
    workbook.set_properties(&properties);
    let file = read_workbook(&workbook.save_to_buffer()?)?;
    assert_eq!(file.rows.len(), 1 + rows.len());
    assert_eq!(file.last_modified_by.as_ref().map(Text::as_str), Some("Asha & Ül <x>"));
    Ok(())
}

#[test]
fn cells_of_every_type_are_read() -> Outcome {
    let written = decided(finding("m-a1", "5", Some("-10.00")), Verdict::ToCorrect, "", "", "");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, heading) in (0..).zip(["mismatch_id", "run_id", "merchant_order_id", "variance"]) {
        sheet.write_string(0, column, heading)?;
    }
    for (column, heading) in (4..).zip(["until", "owner", "note", "decision"]) {
        sheet.write_string(0, column, heading)?;
    }
    let bold = Format::new().set_bold();
    let plain = Format::new();
    for row in 1..=3 {
        sheet.write_string(row, 0, "m-a1")?.write_number(row, 1, 12)?;
        sheet.write_number(row, 2, 5)?.write_number(row, 3, -10)?;
    }
    // A serial number without a date's format, a number, two formats in one text, and a blank.
    sheet.write_number(1, 4, 46_352)?.write_number(1, 5, 1234.5)?;
    sheet.write_rich_string(1, 6, &[(&bold, "ask "), (&plain, "Ravi")])?;
    // A formula counts as what it showed when it was saved.
    sheet.write_formula(2, 6, Formula::new("A1&\"x\"").set_result("seen"))?;
    sheet.write_string(2, 7, "to correct")?.write_boolean(2, 5, true)?;
    sheet.write_string(3, 7, "maybe")?;
    let file = read_workbook(&workbook.save_to_buffer()?)?;
    let found = comparisons(&file, &[written]);
    let first = Edit {
        verdict: Some(Change::Withdrawn),
        until: Some(Change::Set(date("2026-11-26"))),
        owner: Some(Text::own("1234.5")),
        note: Some(Text::own("ask Ravi")),
    };
    let second =
        Edit { owner: Some(Text::own("TRUE")), note: Some(Text::own("seen")), ..Edit::default() };
    let why = "decision \"maybe\" is not one of accepted, with_gateway, to_correct".to_owned();
    assert_eq!(
        found,
        [Comparison::Edit(first), Comparison::Edit(second), Comparison::Refused(why)]
    );
    Ok(())
}

#[test]
fn a_workbook_without_ids_is_not_ours() -> Outcome {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().write_string(0, 0, "note")?;
    assert!(read_as("x.xlsx", &workbook.save_to_buffer()?)?.is_none());
    Ok(())
}
