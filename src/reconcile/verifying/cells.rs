//! The cells of a CSV or of a workbook's sheets, held against what the run found.

use super::Difference;
use crate::decisions::{self, Cell};
use crate::domain::guard::{guarded, unguarded};
use crate::domain::mismatch::ReportRow;
use crate::failure::Failure;
use crate::report::{
    CellKind, FINANCE_COLUMNS, ShownCell, WORK_IDS, shown_cells, shown_work_cells,
};
use crate::store::Store;
use std::collections::{BTreeSet, HashMap};

/// A header is within the first rows of a sheet.
const HEADER_WITHIN: u64 = 20;

/// The tables of one file that name each row's mismatches: the CSV, or Findings, Accepted and Work.
#[derive(Default)]
pub(super) struct Tables {
    tables: Vec<Table>,
    /// Sheets without such a table.
    others: Vec<String>,
}

struct Table {
    /// The sheet. `None`: the file is a CSV.
    sheet: Option<String>,
    /// The headings by their place in the sheet; none before the header.
    columns: Vec<(u32, String)>,
    /// The column that names the mismatches of a row.
    id_column: &'static str,
    /// By what is in that column; of two rows with one id the first.
    rows: HashMap<String, Row>,
    missing_columns: BTreeSet<&'static str>,
    differences: Vec<Difference>,
}

struct Row {
    number: u64,
    cells: Vec<(u32, Cell)>,
}

impl Table {
    fn place(&self, number: u64) -> String {
        match &self.sheet {
            Some(sheet) => format!("{sheet}, row {number}"),
            None => format!("row {number}"),
        }
    }

    fn cell<'a>(&self, cells: &'a [(u32, Cell)], column: &str) -> Option<&'a Cell> {
        let (place, _) = self.columns.iter().find(|(_, name)| name == column)?;
        cells.iter().find(|(own, _)| own == place).map(|(_, cell)| cell)
    }

    fn take(&mut self, number: u64, cells: &[(u32, Cell)]) {
        if self.columns.is_empty() {
            if number <= HEADER_WITHIN
                && let Some((id_column, columns)) = header(cells)
            {
                (self.id_column, self.columns) = (id_column, columns);
            }
            return;
        }
        if cells.iter().all(|(_, cell)| cell.is_blank()) {
            return;
        }
        let id = self.cell(cells, self.id_column).map(Cell::shown).unwrap_or_default();
        let row = Row { number, cells: cells.to_vec() };
        if self.rows.contains_key(&id) || id.is_empty() {
            let of = if id.is_empty() { format!("it has no {}", self.id_column) } else { id };
            self.differences.push(Difference::Added { place: self.place(number), of });
            return;
        }
        self.rows.insert(id, row);
    }

    fn is_work(&self) -> bool {
        self.id_column == WORK_IDS
    }

    /// Whether it is the table with a row for each finding.
    fn has_all(&self) -> bool {
        !self.is_work() && self.sheet.as_deref() != Some("Accepted")
    }

    /// Compares the row with this id. Without it, it is missing if the run has written it.
    fn compare(&mut self, id: &str, name: &str, cells: &[ShownCell], is_written: bool) {
        let Some(row) = self.rows.remove(id) else {
            if is_written {
                let of = format!("{name} ({id})");
                let of = match &self.sheet {
                    Some(sheet) => format!("{sheet}: {of}"),
                    None => of,
                };
                self.differences.push(Difference::Missing { of });
            }
            return;
        };
        for written in cells {
            let place = self.columns.iter().find(|(_, column)| column == written.name);
            let Some((place, column)) = place else {
                if self.has_all() && !FINANCE_COLUMNS.contains(&written.name) {
                    self.missing_columns.insert(written.name);
                }
                continue;
            };
            let found = row.cells.iter().find(|(own, _)| own == place);
            let found = found.map_or(&Cell::Empty, |(_, cell)| cell);
            if FINANCE_COLUMNS.contains(&written.name) || is_same(written, found) {
                continue;
            }
            self.differences.push(Difference::Cell {
                place: self.place(row.number),
                column: column.clone(),
                of: name.to_owned(),
                was: written.text.clone(),
                is: found.shown(),
            });
        }
    }

    /// What is left: rows that the run did not write, and columns that are not there.
    fn end(mut self) -> Vec<Difference> {
        let mut left: Vec<(String, Row)> = self.rows.drain().collect();
        left.sort_by_key(|(_, row)| row.number);
        for (id, row) in left {
            let order = self.cell(&row.cells, "merchant_order_id").map(Cell::shown);
            let of = format!("{} ({id})", order.unwrap_or_default());
            self.differences.push(Difference::Added { place: self.place(row.number), of });
        }
        for column in std::mem::take(&mut self.missing_columns) {
            let place = self.sheet.as_ref().map(|sheet| format!("{sheet}: ")).unwrap_or_default();
            let column = column.to_owned();
            self.differences.push(Difference::NoColumn { place, column });
        }
        self.differences
    }
}

impl Tables {
    /// Takes the next row of a sheet.
    pub(super) fn take(&mut self, sheet: Option<&str>, number: u64, cells: &[(u32, Cell)]) {
        let is_same = |table: &Table| table.sheet.as_deref() == sheet;
        if !self.tables.last().is_some_and(is_same) {
            self.tables.push(Table {
                sheet: sheet.map(ToOwned::to_owned),
                columns: Vec::new(),
                id_column: "",
                missing_columns: BTreeSet::new(),
                rows: HashMap::new(),
                differences: Vec::new(),
            });
        }
        if let Some(table) = self.tables.last_mut() {
            table.take(number, cells);
        }
    }

    /// The run that the first row names.
    pub(super) fn run_id(&self) -> Option<i64> {
        let rows = self.tables.iter().flat_map(|table| {
            table.rows.values().filter_map(|row| table.cell(&row.cells, "run_id"))
        });
        rows.filter_map(|cell| plain_number(&cell.shown()).parse().ok()).min()
    }

    /// Compares all of them with a run, or with the view that is shown. Gives the number of rows,
    /// what differs, and notes.
    pub(super) fn compare(
        mut self,
        store: &Store,
        run_id: Option<i64>,
    ) -> Result<(u64, Vec<Difference>, Vec<String>), Failure> {
        let (tables, others) = self.tables.into_iter().partition(|table| !table.columns.is_empty());
        self.tables = tables;
        self.others.extend(others.into_iter().filter_map(|table: Table| table.sheet));
        let mut rows = 0;
        store.report_rows::<Failure>(run_id, |finding| {
            rows += 1;
            let (cells, name) = (shown_cells(finding), name(finding));
            for table in self.tables.iter_mut().filter(|table| !table.is_work()) {
                let is_written = table.has_all() || finding.decision.is_accepted();
                table.compare(&finding.mismatch_id, &name, &cells, is_written);
            }
            Ok(())
        })?;
        if self.tables.iter().any(Table::is_work) {
            store.order_rows::<Failure>(run_id, |order| {
                let cells = shown_work_cells(order);
                let ids = cells.iter().find(|cell| cell.name == WORK_IDS);
                let ids = ids.map(|cell| cell.text.clone()).unwrap_or_default();
                // An order whose findings are all accepted is not in it.
                for table in self.tables.iter_mut().filter(|table| table.is_work()) {
                    table.compare(&ids, &order.key.merchant_order_id, &cells, !ids.is_empty());
                }
                Ok(())
            })?;
        }
        let mut differences = Vec::new();
        if !self.tables.iter().any(Table::has_all) {
            let text = "the table of findings is not there".to_owned();
            differences.push(Difference::Other { text });
        }
        for table in self.tables {
            differences.extend(table.end());
        }
        let mut notes = Vec::new();
        if !self.others.is_empty() {
            notes.push(format!("not compared: {}", self.others.join(", ")));
        }
        Ok((rows, differences, notes))
    }
}

fn name(finding: &ReportRow) -> String {
    format!("{} ({})", finding.key.merchant_order_id, finding.mismatch.kind.as_str())
}

/// The headings of a row, and which of them names mismatches. `None`: it is no header.
fn header(cells: &[(u32, Cell)]) -> Option<(&'static str, Vec<(u32, String)>)> {
    let mut columns: Vec<(u32, String)> = Vec::new();
    for (place, cell) in cells {
        let heading = cell.shown().to_lowercase();
        let heading = heading.trim_start_matches('\u{feff}').trim_matches('"');
        // Of two columns with one heading the first counts: the other is a copy.
        if columns.iter().all(|(_, own)| own != heading) {
            columns.push((*place, heading.to_owned()));
        }
    }
    let id_columns = ["mismatch_id", WORK_IDS].into_iter();
    let mut id_columns = id_columns.filter(|id| columns.iter().any(|(_, name)| name == id));
    id_columns.next().map(|id_column| (id_column, columns))
}

/// Whether a cell shows what the program wrote, also as a spreadsheet saves it.
fn is_same(written: &ShownCell, found: &Cell) -> bool {
    let text = found.shown();
    match written.kind {
        CellKind::Amount | CellKind::Integer => plain_number(&text) == plain_number(&written.text),
        CellKind::Date => match found {
            Cell::Date(_) => text == written.text,
            _ => {
                text == written.text
                    || written.text.parse().is_ok_and(|day| decisions::may_be_date(&text, day))
            }
        },
        CellKind::Text | CellKind::Id | CellKind::Bytes | CellKind::Instant => {
            let own = written.text.trim();
            text == own
                || text.as_bytes() == guarded(own.as_bytes())
                || unguarded(&text) == unguarded(own)
        }
    }
}

/// An amount as a number: with a decimal point, and without zeros that end its decimals.
fn plain_number(text: &str) -> String {
    let text = text.trim().trim_start_matches('\'').replace(',', ".");
    let number = match text.split_once('.') {
        Some((whole, decimals)) => match decimals.trim_end_matches('0') {
            "" => whole.to_owned(),
            decimals => format!("{whole}.{decimals}"),
        },
        None => text,
    };
    if number == "-0" { "0".to_owned() } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_shown(kind: CellKind, written: &str, found: &Cell) -> bool {
        is_same(&ShownCell { name: "x", kind, text: written.to_owned() }, found)
    }

    #[test]
    fn what_a_spreadsheet_saves_is_the_same() {
        let text = |text: &str| Cell::Text(text.into());
        let number = |text: &str| Cell::Number(text.into());
        for (kind, written, found) in [
            (CellKind::Amount, "490.00", number("490")),
            (CellKind::Amount, "-10.50", number("-10.5")),
            (CellKind::Amount, "1234.50", text("1234,5")),
            (CellKind::Amount, "", Cell::Empty),
            (CellKind::Integer, "12", number("12")),
            (CellKind::Date, "2026-11-26", text("26/11/2026")),
            (CellKind::Date, "2026-11-26", text("11/26/26")),
            (CellKind::Id, "=1+1", text("'=1+1")),
            (CellKind::Text, "late;=x", text("late;'=x")),
            (CellKind::Id, "42", number("42")),
        ] {
            assert!(is_shown(kind, written, &found), "{written} {found:?}");
        }
    }

    #[test]
    fn another_content_is_not() {
        let text = |text: &str| Cell::Text(text.into());
        for (kind, written, found) in [
            (CellKind::Amount, "490.00", text("49000")),
            (CellKind::Amount, "490.00", text("490.01")),
            (CellKind::Amount, "490.00", Cell::Empty),
            (CellKind::Amount, "", text("0")),
            (CellKind::Date, "2026-11-26", text("2026-11-27")),
            (CellKind::Id, "00123456789012345678", text("123456789012345000")),
            (CellKind::Text, "paid", text("Paid")),
        ] {
            assert!(!is_shown(kind, written, &found), "{written} {found:?}");
        }
    }
}
