//! The sheets of the workbook: their headings, filters, lists and print set-up.

use super::columns;
use super::row::Row;
use super::styles::Styles;
use crate::domain::contained::{self, Contained};
use crate::domain::decision::Verdict;
use crate::domain::morning::Night;
use crate::report::cell::{CellKind, Heading};
use crate::report::columns::MISMATCHES;
use chrono::Days;
use rust_xlsxwriter::{
    ConditionalFormatFormula, DataValidation, DataValidationErrorStyle, DataValidationRule,
    DocProperties, ExcelDateTime, IgnoreError, Workbook, Worksheet, XlsxError,
};
use std::io::{self, Seek, Write};
use std::path::Path;

/// A sheet's last row, from 0.
const LAST_ROW: u32 = 1_048_575;
/// From 1 to 9. Higher levels take seconds more for a file that is hardly smaller.
const COMPRESSION: u8 = 2;

/// A sheet, in the order in which the workbook shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Summary,
    Work,
    Findings,
    Solved,
    Accepted,
    Taken,
    NotChecked,
    Help,
    Making,
}

impl Tab {
    pub(super) const ALL: [Tab; 9] = [
        Tab::Summary,
        Tab::Work,
        Tab::Findings,
        Tab::Solved,
        Tab::Accepted,
        Tab::Taken,
        Tab::NotChecked,
        Tab::Help,
        Tab::Making,
    ];

    const fn name(self) -> &'static str {
        match self {
            Tab::Summary => "Summary",
            Tab::Work => "Work",
            Tab::Findings => "Findings",
            Tab::Solved => "Solved",
            Tab::Accepted => "Accepted",
            Tab::Taken => "Decisions taken",
            Tab::NotChecked => "Not checked",
            Tab::Help => "Help",
            Tab::Making => "How this was made",
        }
    }

    /// How many pages wide it is printed.
    const fn pages(self) -> u16 {
        match self {
            Tab::Findings => 2,
            _ => 1,
        }
    }

    fn index(self) -> usize {
        Tab::ALL.iter().position(|tab| *tab == self).unwrap_or_default()
    }

    /// The row of the headings, where the sheet is one table.
    const fn header_row(self) -> Option<u32> {
        match self {
            Tab::Summary | Tab::Help | Tab::Making => None,
            Tab::Work => Some(1),
            _ => Some(0),
        }
    }
}

/// Runs code of the workbook library. It panics where a temporary file cannot be written, so that
/// a full disk would look like a bug; this makes it the error that it is (exit 14).
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, XlsxError>) -> io::Result<T> {
    match contained::run(work) {
        Ok(result) => result.map_err(into_io),
        Err(Contained(text)) => Err(system_error(&text).unwrap_or_else(|| io::Error::other(text))),
    }
}

/// The operating system's error that a panic's text quotes: `Os { code: 28, … }`.
fn system_error(text: &str) -> Option<io::Error> {
    let (_, code) = text.split_once("Os { code: ")?;
    let (code, _) = code.split_once(',')?;
    code.parse().ok().map(io::Error::from_raw_os_error)
}

fn into_io(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(cause) | XlsxError::TempFileError(_, cause) => cause,
        XlsxError::ZipError(cause) => cause.into(),
        other => io::Error::other(other),
    }
}

/// The workbook and, for each sheet, its next row.
pub(super) struct Book {
    workbook: Workbook,
    styles: Styles,
    next_rows: [u32; Tab::ALL.len()],
    last_row: u32,
}

impl Book {
    /// A workbook with the headings of its tables. Its temporary files are beside the report: the
    /// system's directory for them may be small, or memory.
    pub(super) fn new(night: &Night, stem: &str, directory: &Path) -> Result<Book, XlsxError> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(directory)?.set_zip_compression_level(COMPRESSION);
        let created = night.judged_at.naive_utc();
        let run_id = night.summary.run_id;
        let created = ExcelDateTime::from_timestamp(created.and_utc().timestamp())?;
        let title = format!("Reconciliation of {}, run {run_id}", night.summary.day);
        workbook.set_properties(
            &DocProperties::new()
                .set_title(title)
                .set_subject(stem)
                .set_author("octopus-recon")
                .set_creation_datetime(&created),
        );
        for tab in Tab::ALL {
            let sheet = workbook.add_worksheet_with_constant_memory()?;
            sheet.set_name(tab.name())?;
            sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(tab.pages(), 0);
            sheet.set_margins(0.4, 0.4, 0.6, 0.6, 0.3, 0.3);
            sheet.set_header(format!("&L&A&RRun {run_id}, {}", night.summary.day));
            sheet.set_footer("&Loctopus-recon&RPage &P of &N");
        }
        let next_rows = [0; Tab::ALL.len()];
        let mut book = Book { workbook, styles: Styles::new(), next_rows, last_row: LAST_ROW };
        book.work_head(night)?;
        for tab in Tab::ALL {
            book.table_head(tab)?;
        }
        Ok(book)
    }

    pub(super) fn sheet(&mut self, tab: Tab) -> Result<&mut Worksheet, XlsxError> {
        self.workbook.worksheet_from_index(tab.index())
    }

    /// The line above Work's table. It turns red when the next night's file should be there.
    fn work_head(&mut self, night: &Night) -> Result<(), XlsxError> {
        let (day, run_id) = (night.summary.day, night.summary.run_id);
        let line = format!(
            "Night of {day}, run {run_id}. Fill in decision, until, owner and note; save the file \
             where it is. Red: there should be a newer file."
        );
        let old = self.styles.old.clone();
        self.row(Tab::Work)?.strong(&line)?;
        let Some(next) = day.checked_add_days(Days::new(1)) else { return Ok(()) };
        let rule = format!("=TODAY()>DATE({})", next.format("%Y,%-m,%-d"));
        // The whole line, because the text runs over its cells.
        let last_column = last_column(Tab::Work);
        let condition = ConditionalFormatFormula::new().set_rule(rule.as_str()).set_format(old);
        self.sheet(Tab::Work)?.add_conditional_format(0, 0, 0, last_column, &condition)?;
        Ok(())
    }

    fn table_head(&mut self, tab: Tab) -> Result<(), XlsxError> {
        let headings = headings(tab);
        let styles = &self.styles;
        let sheet = self.workbook.worksheet_from_index(tab.index())?;
        for (column, (_, width)) in (0..).zip(&headings) {
            sheet.set_column_width(column, *width)?;
            // The style of cells that name none: see `Row::text`.
            sheet.set_column_format(column, &styles.text)?;
        }
        let Some(header_row) = tab.header_row() else { return Ok(()) };
        sheet.set_row_height(header_row, 22)?;
        for (column, (name, _)) in (0..).zip(&headings) {
            let style = if is_input(tab, name) { &styles.input_header } else { &styles.header };
            sheet.write_string_with_format(header_row, column, *name, style)?;
            if *name == "mismatch_ids" {
                sheet.set_column_hidden(column)?;
            }
        }
        sheet.set_freeze_panes(header_row + 1, 0)?;
        sheet.set_repeat_rows(header_row, header_row)?;
        self.next_rows[tab.index()] = header_row + 1;
        Ok(())
    }

    /// The next row of a sheet.
    pub(super) fn row(&mut self, tab: Tab) -> Result<Row<'_>, XlsxError> {
        let next = &mut self.next_rows[tab.index()];
        let row = *next;
        *next += 1;
        let sheet = self.workbook.worksheet_from_index(tab.index())?;
        Ok(Row::new(sheet, &self.styles, columns::of(tab), row))
    }

    /// Rows that are left before a sheet's last one.
    pub(super) fn rows_left(&self, tab: Tab) -> u32 {
        self.last_row.saturating_sub(self.next_rows[tab.index()])
    }

    /// Whether the sheet's last row is used, too.
    pub(super) fn is_full(&self, tab: Tab) -> bool {
        self.next_rows[tab.index()] > self.last_row
    }

    /// Filters, lists and what else needs the last row of each table.
    pub(super) fn end_tables(&mut self) -> Result<(), XlsxError> {
        for tab in Tab::ALL {
            let Some(header_row) = tab.header_row() else { continue };
            let headings = headings(tab);
            let last_row = self.next_rows[tab.index()].saturating_sub(1).max(header_row);
            let last_column = last_column(tab);
            let sheet = self.sheet(tab)?;
            sheet.autofilter(header_row, 0, last_row, last_column)?;
            if tab == Tab::Work {
                // Without run_id and mismatch_ids, which no reader needs on paper.
                sheet.set_print_area(0, 0, last_row, last_column.saturating_sub(2))?;
            }
            if last_row == header_row {
                continue;
            }
            let first_row = header_row + 1;
            sheet.ignore_error_range(
                first_row,
                0,
                last_row,
                last_column,
                IgnoreError::NumberStoredAsText,
            )?;
            for (column, (name, _)) in (0..).zip(&headings) {
                if is_input(tab, name) && matches!(*name, "decision" | "until") {
                    let validation = validation(name)?;
                    sheet.add_data_validation(first_row, column, last_row, column, &validation)?;
                }
            }
        }
        self.sheet(Tab::Summary)?.set_active(true);
        Ok(())
    }

    pub(super) fn save(&mut self, file: impl Write + Seek + Send) -> Result<(), XlsxError> {
        self.workbook.save_to_writer(file)
    }
}

/// The decision's list and the date's check. Both only warn: what is typed is read leniently.
fn validation(name: &str) -> Result<DataValidation, XlsxError> {
    let validation = DataValidation::new().set_error_style(DataValidationErrorStyle::Warning);
    if name == "decision" {
        return validation
            .allow_list_strings(&Verdict::TO_CHOOSE.map(Verdict::as_str))?
            .set_input_title("decision")?
            .set_input_message(format!("{}, or empty", Verdict::words_to_choose()));
    }
    let earliest = ExcelDateTime::from_ymd(2000, 1, 1)?;
    validation
        .allow_date(DataValidationRule::GreaterThanOrEqualTo(earliest))
        .set_input_title("until")?
        .set_input_message("The last day on which the decision holds.")
}

fn is_input(tab: Tab, name: &str) -> bool {
    matches!(tab, Tab::Work | Tab::Accepted)
        && matches!(name, "decision" | "until" | "owner" | "note")
}

/// The number of a table's last column.
fn last_column(tab: Tab) -> u16 {
    u16::try_from(headings(tab).len().saturating_sub(1)).unwrap_or(0)
}

fn headings(tab: Tab) -> Vec<(&'static str, u8)> {
    if tab == Tab::Findings {
        return MISMATCHES.iter().map(|column| finding_heading(column.heading())).collect();
    }
    columns::of(tab).to_vec()
}

fn finding_heading(Heading { name, kind }: Heading) -> (&'static str, u8) {
    let width = match (name, kind) {
        ("reason", _) => 60,
        ("kind" | "merchant_order_id", _) => 26,
        ("payment_uid" | "mismatch_id" | "note", _) | (_, CellKind::Instant) => 22,
        ("run_id", _) => 8,
        (_, CellKind::Date) => 12,
        _ => 16,
    };
    (name, width)
}
