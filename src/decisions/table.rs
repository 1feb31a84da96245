//! From rows of cells to the rows of a report: finds the header and keeps the columns that matter.

use super::cell::{Cell, Column, EditedRow};
use super::dialect::Decimal;
use super::files::Why;
use crate::domain::mismatch::Kind;
use std::sync::Arc;

/// A header stands within the first rows: above it there may be a title, or the line of Work that
/// names the night.
pub(super) const HEADER_WITHIN: u64 = 20;
/// Cells of one file (contract, "Decisions": taking back).
pub(super) const MOST_CELLS: u64 = 2_000_000;
/// The text of all kept cells: a short file can repeat one long text in each cell.
const MOST_KEPT_BYTES: usize = 128 * 1024 * 1024;
/// Amounts of a report that no decision needs. They show the file's decimal separator.
const OTHER_AMOUNTS: [&str; 3] = ["ledger_amount", "gateway_amount", "final_amount"];

/// The heading as a person would call it the same.
pub(super) fn heading(text: &str) -> String {
    let text = text.trim().trim_start_matches('\u{feff}').trim_matches('"').to_lowercase();
    text.replace([' ', '-'], "_")
}

/// What is kept of all sheets of a file.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) kept: Vec<EditedRow>,
    pub(super) decimal: Decimal,
    cells: u64,
    kept_bytes: usize,
}

impl Rows {
    /// Whether any row names a mismatch.
    pub(super) fn names_mismatches(&self) -> bool {
        self.kept.iter().any(|row| !row.mismatch_ids.is_empty())
    }

    /// Counts cells that were read, wanted or not.
    pub(super) fn count(&mut self, cells: usize) -> Result<(), Why> {
        self.cells = self.cells.saturating_add(u64::try_from(cells).unwrap_or(u64::MAX));
        if self.cells > MOST_CELLS { Err(Why::TooManyCells) } else { Ok(()) }
    }

    fn keep(&mut self, row: EditedRow) -> Result<(), Why> {
        self.kept_bytes += row.cells.iter().map(Cell::kept_bytes).sum::<usize>();
        if self.kept_bytes > MOST_KEPT_BYTES {
            return Err(Why::TooMuchText);
        }
        self.kept.push(row);
        Ok(())
    }
}

/// One sheet, or the CSV, on its way through.
#[derive(Debug)]
pub(super) struct Table {
    sheet: Option<Arc<str>>,
    header: Option<Header>,
}

#[derive(Debug)]
struct Header {
    columns: Arc<[Column]>,
    /// Where each of the columns stands in a row.
    places: Vec<u32>,
    /// Where amounts stand.
    amounts: Vec<u32>,
}

impl Table {
    pub(super) fn new(sheet: Option<Arc<str>>) -> Table {
        Table { sheet, header: None }
    }

    /// How many of the columns that matter a row of headings names. `None`: it is no header.
    pub(super) fn headings_in<'a>(cells: impl Iterator<Item = &'a str>) -> Option<usize> {
        let columns: Vec<Column> =
            cells.filter_map(|cell| Column::of_heading(&heading(cell))).collect();
        columns.iter().any(|column| column.is_id()).then_some(columns.len())
    }

    /// Whether a sheet's rows from here on can be passed over: no header came in time.
    pub(super) fn is_foreign(&self, row: u64) -> bool {
        self.header.is_none() && row > HEADER_WITHIN
    }

    /// Takes the next row: its number, and its cells by their places.
    pub(super) fn row(
        &mut self,
        rows: &mut Rows,
        number: u64,
        cells: &[(u32, Cell)],
    ) -> Result<(), Why> {
        let Some(header) = &self.header else {
            if number <= HEADER_WITHIN {
                self.header = Header::of(cells);
            }
            return Ok(());
        };
        for (_, cell) in cells.iter().filter(|(place, _)| header.amounts.contains(place)) {
            if let Cell::Text(text) = cell {
                rows.decimal = rows.decimal.and(Decimal::told_by(text));
            }
        }
        let at = |place: &u32| cells.iter().find(|(own, _)| own == place);
        let kept: Box<[Cell]> = header
            .places
            .iter()
            .map(|place| at(place).map_or(Cell::Empty, |(_, cell)| cell.clone()))
            .collect();
        let mut row = EditedRow {
            sheet: self.sheet.clone(),
            row: number,
            run_id: None,
            mismatch_ids: Vec::new(),
            columns: Arc::clone(&header.columns),
            cells: kept,
        };
        row.mismatch_ids = ids(&row);
        row.run_id = row.cell(Column::RunId).and_then(run_id);
        let says_something = || {
            let mut own = row.columns.iter().zip(&row.cells);
            own.any(|(column, cell)| column.is_for_finance() && !cell.is_blank())
        };
        if row.mismatch_ids.is_empty() && !says_something() {
            return Ok(());
        }
        rows.keep(row)
    }
}

impl Header {
    fn of(cells: &[(u32, Cell)]) -> Option<Header> {
        let mut columns = Vec::new();
        let mut places = Vec::new();
        let mut amounts = Vec::new();
        for (place, cell) in cells {
            let heading = heading(&cell.shown());
            // A report has each heading once: more of them are no report of this program.
            if OTHER_AMOUNTS.contains(&heading.as_str()) && amounts.len() < MOST_AMOUNTS {
                amounts.push(*place);
            }
            let Some(column) = Column::of_heading(&heading) else { continue };
            let is_amount = matches!(column, Column::Variance | Column::AtRisk);
            if is_amount && amounts.len() < MOST_AMOUNTS {
                amounts.push(*place);
            }
            // Of two columns with one heading the first counts: the other is a copy.
            if !columns.contains(&column) {
                columns.push(column);
                places.push(*place);
            }
        }
        columns.iter().any(|column| column.is_id()).then(|| Header {
            columns: columns.into(),
            places,
            amounts,
        })
    }
}

/// Columns whose numbers say which decimal separator a file has.
const MOST_AMOUNTS: usize = 16;

/// The ids that a row names.
fn ids(row: &EditedRow) -> Vec<String> {
    let of = |column| row.cell(column).map(Cell::shown).unwrap_or_default();
    let shown = [Column::MismatchId, Column::MismatchIds].map(of);
    let words = shown
        .iter()
        .flat_map(|text| text.split(|it: char| it.is_whitespace() || matches!(it, ',' | ';')));
    let mut ids: Vec<String> = Vec::new();
    for word in words.map(|word| word.trim_start_matches('\'')).filter(|word| is_id(word)) {
        if !ids.iter().any(|id| id == word) {
            ids.push(word.to_owned());
        }
        // An order has at most one mismatch of each kind: the caller knows none of these.
        if ids.len() > Kind::ALL.len() {
            break;
        }
    }
    ids
}

/// Whether a word has the shape of a mismatch id: `m-`, letters and digits.
fn is_id(word: &str) -> bool {
    word.strip_prefix("m-").is_some_and(|rest| {
        (1..=64).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// The run's number: whole, whatever decimals a format shows.
fn run_id(cell: &Cell) -> Option<i64> {
    let shown = cell.shown();
    let (whole, decimals) = shown.split_once(['.', ',']).unwrap_or((&shown, ""));
    let is_whole = decimals.bytes().all(|byte| byte == b'0');
    if is_whole { whole.trim_start_matches('\'').parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_numbers_are_whole() {
        for (shown, run) in [
            ("12", Some(12)),
            ("12.00", Some(12)),
            ("12,0", Some(12)),
            ("12.5", None),
            ("1,234", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(run_id(&Cell::text(shown)), run, "{shown}");
        }
    }
}
