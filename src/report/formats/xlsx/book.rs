//! The sheets of the workbook and the cells of a row: the only code that writes cells.

use super::columns;
use super::number::{self, Shown};
use super::styles::Styles;
use crate::domain::morning::Night;
use crate::report::cell::{Cell, CellKind, Heading};
use crate::report::columns::MISMATCHES;
use chrono::{Days, NaiveDate, SecondsFormat};
use rust_xlsxwriter::{
    ConditionalFormatFormula, DataValidation, DataValidationErrorStyle, DataValidationRule,
    DocProperties, ExcelDateTime, Format, IgnoreError, Workbook, Worksheet, XlsxError,
};
use std::io::{self, Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A sheet's last row, from 0.
const LAST_ROW: u32 = 1_048_575;
/// What a cell can hold, in UTF-16 units as Excel counts.
const MOST_CHARACTERS: usize = 32_767;
/// What the decision cells offer.
const VERDICTS: [&str; 3] = ["accepted", "with_gateway", "to_correct"];

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
    let panicked = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => return result.map_err(into_io),
        Err(panicked) => panicked,
    };
    let text = match panicked.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => other.downcast::<&str>().map_or_else(|_| String::new(), |it| it.to_string()),
    };
    Err(system_error(&text).unwrap_or_else(|| io::Error::other(text)))
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
    /// A workbook with the headings of its tables.
    pub(super) fn new(night: &Night, stem: &str) -> Result<Book, XlsxError> {
        let mut workbook = Workbook::new();
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
            sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
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
        let condition = ConditionalFormatFormula::new().set_rule(rule.as_str()).set_format(old);
        self.sheet(Tab::Work)?.add_conditional_format(0, 0, 0, 0, &condition)?;
        Ok(())
    }

    fn table_head(&mut self, tab: Tab) -> Result<(), XlsxError> {
        let Some(header_row) = tab.header_row() else { return Ok(()) };
        let headings = headings(tab);
        let styles = Styles::new();
        let sheet = self.sheet(tab)?;
        sheet.set_row_height(header_row, 22)?;
        for (column, (name, width)) in (0..).zip(&headings) {
            sheet.set_column_width(column, *width)?;
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
        Ok(Row { sheet, styles: &self.styles, row, column: 0 })
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
            let last_column = u16::try_from(headings.len().saturating_sub(1)).unwrap_or(0);
            let sheet = self.sheet(tab)?;
            sheet.autofilter(header_row, 0, last_row, last_column)?;
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
            .allow_list_strings(&VERDICTS)?
            .set_input_title("decision")?
            .set_input_message("accepted, with_gateway, to_correct, or empty");
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

/// A row being written, from left to right.
pub(super) struct Row<'book> {
    sheet: &'book mut Worksheet,
    pub(super) styles: &'book Styles,
    row: u32,
    column: u16,
}

type Written = Result<(), XlsxError>;

impl Row<'_> {
    /// The number of the next cell's column.
    fn next(&mut self) -> u16 {
        let column = self.column;
        self.column += 1;
        column
    }

    /// Text in this style. An empty cell shows its style, too.
    pub(super) fn styled(&mut self, text: &str, style: &Format) -> Written {
        let column = self.next();
        if text.is_empty() {
            self.sheet.write_blank(self.row, column, style)?;
        } else {
            self.sheet.write_string_with_format(self.row, column, cut(text), style)?;
        }
        Ok(())
    }

    pub(super) fn skip(&mut self) {
        self.next();
    }

    pub(super) fn text(&mut self, text: &str) -> Written {
        let style = &self.styles.text;
        if text.is_empty() {
            self.skip();
            return Ok(());
        }
        self.styled(text, style)
    }

    pub(super) fn strong(&mut self, text: &str) -> Written {
        self.styled(text, &self.styles.label)
    }

    pub(super) fn id(&mut self, id: &str) -> Written {
        self.styled(id, &self.styles.id)
    }

    pub(super) fn input(&mut self, text: &str) -> Written {
        self.styled(text, &self.styles.input)
    }

    pub(super) fn input_date(&mut self, date: Option<NaiveDate>) -> Written {
        self.styled_date(date, &self.styles.input_date)
    }

    pub(super) fn date(&mut self, date: Option<NaiveDate>) -> Written {
        self.styled_date(date, &self.styles.date)
    }

    fn styled_date(&mut self, date: Option<NaiveDate>, style: &Format) -> Written {
        let column = self.next();
        match date {
            // A cell's dates begin with 1900.
            Some(date) if ExcelDateTime::parse_from_str(&date.to_string()).is_ok() => {
                self.sheet.write_datetime_with_format(self.row, column, date, style)?;
            }
            Some(date) => {
                let text = date.to_string();
                self.sheet.write_string_with_format(self.row, column, text, style)?;
            }
            None => {
                self.sheet.write_blank(self.row, column, style)?;
            }
        }
        Ok(())
    }

    /// A count or a number of this program.
    pub(super) fn integer<Number: ToString>(&mut self, number: Number) -> Written {
        let text = number.to_string();
        match number::shown(&text) {
            Shown::Number(number) => {
                let column = self.next();
                let style = &self.styles.integer;
                self.sheet.write_number_with_format(self.row, column, number, style)?;
                Ok(())
            }
            Shown::TooLong => self.styled(&text, &self.styles.too_long),
        }
    }

    /// Money, or nothing where it is not known.
    pub(super) fn money<Money: ToString>(
        &mut self,
        money: Option<Money>,
        currency: &str,
    ) -> Written {
        let Some(money) = money else {
            self.skip();
            return Ok(());
        };
        let decimal = money.to_string();
        match number::shown(&decimal) {
            Shown::Number(number) => {
                let column = self.next();
                let style = self.styles.amount(number::decimals(&decimal, currency));
                self.sheet.write_number_with_format(self.row, column, number, style)?;
                Ok(())
            }
            Shown::TooLong => self.styled(&decimal, &self.styles.too_long),
        }
    }

    /// A cell of the table of findings.
    pub(super) fn cell(&mut self, cell: &Cell, currency: &str) -> Written {
        match cell {
            Cell::Text(text) => self.text(text.as_str()),
            Cell::Id(id) => self.id(id),
            Cell::Bytes(bytes) => self.text(&String::from_utf8_lossy(bytes)),
            Cell::Integer(integer) => self.integer(integer),
            Cell::Amount(amount) => self.money(*amount, currency),
            Cell::Date(date) => self.date(*date),
            Cell::Instant(instant) => {
                let shown = instant.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
                self.text(&shown.unwrap_or_default())
            }
        }
    }
}

/// A text that a cell can hold.
fn cut(text: &str) -> String {
    // What XML cannot hold at all, in no spelling.
    let text: String = text
        .chars()
        .map(|it| if matches!(it, '\u{FFFE}' | '\u{FFFF}') { '\u{FFFD}' } else { it })
        .collect();
    if text.len() <= MOST_CHARACTERS || text.encode_utf16().count() <= MOST_CHARACTERS {
        return text;
    }
    let mut units = 0;
    let kept = text.chars().take_while(|it| {
        units += it.len_utf16();
        units < MOST_CHARACTERS
    });
    kept.chain(['…']).collect()
}
