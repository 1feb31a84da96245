//! A row and its cells: the only code that writes cells.

use super::columns::{self, Column};
use super::number::{self, Shown};
use super::styles::Styles;
use crate::report::cell::Cell;
use chrono::{NaiveDate, SecondsFormat};
use rust_xlsxwriter::{ExcelDateTime, Format, Worksheet, XlsxError};
use std::borrow::Cow;

/// What a cell can hold, in UTF-16 units as Excel counts.
const MOST_CHARACTERS: usize = 32_767;
/// Points a line of text takes.
const LINE_HEIGHT: u16 = 15;
/// Rows of a sheet, from the top, that are as high as their text.
const MOST_HIGH_ROWS: u32 = 5_000;
/// A row is not made higher than so many lines: a cell shows its whole text when it is selected.
const MOST_LINES: usize = 8;

/// A row being written, from left to right.
pub(super) struct Row<'book> {
    sheet: &'book mut Worksheet,
    pub(super) styles: &'book Styles,
    /// The columns of the sheet's tables, for the cells that are wrapped.
    columns: &'static [Column],
    line: u32,
    column: u16,
    lines: usize,
}

type Written = Result<(), XlsxError>;

impl<'book> Row<'book> {
    pub(super) fn new(
        sheet: &'book mut Worksheet,
        styles: &'book Styles,
        columns: &'static [Column],
        row: u32,
    ) -> Row<'book> {
        Row { sheet, styles, columns, line: row, column: 0, lines: 1 }
    }

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
            self.sheet.write_blank(self.line, column, style)?;
        } else {
            self.sheet.write_string_with_format(self.line, column, cut(text), style)?;
        }
        Ok(())
    }

    pub(super) fn skip(&mut self) {
        self.next();
    }

    pub(super) fn text(&mut self, text: &str) -> Written {
        if text.is_empty() {
            self.skip();
            return Ok(());
        }
        if self.wraps(text) {
            return self.styled(text, &self.styles.wrapped);
        }
        // Its style is the column's: to find the style of a cell is what takes longest.
        let column = self.next();
        self.sheet.write_string(self.line, column, cut(text))?;
        Ok(())
    }

    /// The sheet's title.
    pub(super) fn title(&mut self, text: &str) -> Written {
        self.sheet.set_row_height(self.line, 26)?;
        self.styled(text, &self.styles.title)
    }

    pub(super) fn strong(&mut self, text: &str) -> Written {
        let wraps = self.wraps(text);
        self.styled(text, if wraps { &self.styles.wrapped_label } else { &self.styles.label })
    }

    pub(super) fn id(&mut self, id: &str) -> Written {
        let style = if self.wraps(id) { &self.styles.wrapped_id } else { &self.styles.id };
        self.styled(id, style)
    }

    pub(super) fn input(&mut self, text: &str) -> Written {
        self.wraps(text);
        self.styled(text, &self.styles.input)
    }

    /// Whether the next cell's column wraps its text; notes how many lines this text takes.
    fn wraps(&mut self, text: &str) -> bool {
        let Some((name, width)) = self.columns.get(usize::from(self.column)) else {
            return false;
        };
        if !columns::WRAPPED.contains(name) {
            return false;
        }
        self.lines = self.lines.max(lines(text, usize::from(*width)));
        true
    }

    /// Makes the row as high as its wrapped cells need it. A spreadsheet does that by itself only
    /// where somebody edits the row. The library keeps each height in memory, some hundred bytes:
    /// only the first rows have one.
    pub(super) fn end(&mut self) -> Written {
        if self.lines > 1 && self.line < MOST_HIGH_ROWS {
            let lines = u16::try_from(self.lines.min(MOST_LINES)).unwrap_or(1);
            self.sheet.set_row_height(self.line, LINE_HEIGHT.saturating_mul(lines))?;
        }
        Ok(())
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
                self.sheet.write_datetime_with_format(self.line, column, date, style)?;
            }
            Some(date) => {
                let text = date.to_string();
                self.sheet.write_string_with_format(self.line, column, text, style)?;
            }
            None => {
                self.sheet.write_blank(self.line, column, style)?;
            }
        }
        Ok(())
    }

    /// A count or a number of this program.
    pub(super) fn integer(&mut self, number: impl Into<i128>) -> Written {
        let text = number.into().to_string();
        match number::shown(&text) {
            Shown::Number(number) => {
                let column = self.next();
                let style = &self.styles.integer;
                self.sheet.write_number_with_format(self.line, column, number, style)?;
                Ok(())
            }
            Shown::TooLong => self.styled(&text, &self.styles.too_long),
        }
    }

    /// A count beside its label.
    pub(super) fn count(&mut self, number: u64) -> Written {
        let column = self.next();
        match number::shown(&number.to_string()) {
            Shown::Number(number) => {
                let style = &self.styles.count;
                self.sheet.write_number_with_format(self.line, column, number, style)?;
            }
            Shown::TooLong => {
                self.sheet.write_string(self.line, column, number.to_string())?;
            }
        }
        Ok(())
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
                self.sheet.write_number_with_format(self.line, column, number, style)?;
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
            Cell::Integer(integer) => self.integer(*integer),
            Cell::Amount(amount) => self.money(*amount, currency),
            Cell::Date(date) => self.date(*date),
            Cell::Instant(instant) => {
                let shown = instant.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
                self.text(&shown.unwrap_or_default())
            }
        }
    }
}

/// How many lines a text takes in a column of this width.
fn lines(text: &str, width: usize) -> usize {
    // A width counts the digit 0; letters take a little less.
    let width = (width + width / 20).max(1);
    let mut lines: usize = 1;
    let mut used: usize = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        let with_space = if used == 0 { length } else { used + 1 + length };
        if with_space <= width {
            used = with_space;
            continue;
        }
        lines += usize::from(used > 0) + length.saturating_sub(1) / width;
        used = length % width;
    }
    lines
}

/// A text that a cell can hold.
fn cut(text: &str) -> Cow<'_, str> {
    // What XML cannot hold at all, in no spelling.
    let text = if text.contains(['\u{FFFE}', '\u{FFFF}']) {
        Cow::Owned(text.replace(['\u{FFFE}', '\u{FFFF}'], "\u{FFFD}"))
    } else {
        Cow::Borrowed(text)
    };
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
