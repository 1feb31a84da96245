//! Rows of an edited file: the columns that matter and their cells.

use super::dialect::Dialect;
use crate::domain::text::Text;
use chrono::NaiveDate;
use std::sync::Arc;

/// What one cell holds. A CSV has only text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Nothing.
    Empty,
    /// Text, never empty.
    Text(Box<str>),
    /// A number, as plain decimal digits with a point.
    Number(Box<str>),
    /// A date; a time of day is left out.
    Date(NaiveDate),
    /// A truth value.
    Boolean(bool),
}

impl Cell {
    /// Text as a cell.
    pub(super) fn text(text: &str) -> Cell {
        if text.is_empty() { Cell::Empty } else { Cell::Text(text.into()) }
    }

    /// What a person sees, without spaces around it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Cell::Empty => String::new(),
            Cell::Text(text) | Cell::Number(text) => text.trim().to_owned(),
            Cell::Date(date) => date.to_string(),
            Cell::Boolean(true) => "TRUE".to_owned(),
            Cell::Boolean(false) => "FALSE".to_owned(),
        }
    }

    /// Whether there is nothing to see.
    pub(crate) fn is_blank(&self) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(text) | Cell::Number(text) => text.trim().is_empty(),
            Cell::Date(_) | Cell::Boolean(_) => false,
        }
    }

    /// The bytes that the cell keeps beside itself.
    pub(super) fn kept_bytes(&self) -> usize {
        match self {
            Cell::Text(text) | Cell::Number(text) => text.len(),
            _ => 0,
        }
    }
}

/// A column that says something about a decision or about its row. All others are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    MismatchId,
    MismatchIds,
    RunId,
    Kind,
    Order,
    Variance,
    LedgerStatus,
    PaymentStatus,
    AccountingStatus,
    Findings,
    AtRisk,
    OrderDate,
    FirstSeen,
    Decision,
    Until,
    Owner,
    Note,
}

impl Column {
    /// The columns by their headings.
    const HEADINGS: [(&'static str, Column); 17] = [
        ("mismatch_id", Column::MismatchId),
        ("mismatch_ids", Column::MismatchIds),
        ("run_id", Column::RunId),
        ("kind", Column::Kind),
        ("merchant_order_id", Column::Order),
        ("variance", Column::Variance),
        ("ledger_status", Column::LedgerStatus),
        ("payment_status", Column::PaymentStatus),
        ("accounting_status", Column::AccountingStatus),
        ("findings", Column::Findings),
        ("at_risk", Column::AtRisk),
        ("order_date", Column::OrderDate),
        ("first_seen", Column::FirstSeen),
        ("decision", Column::Decision),
        ("until", Column::Until),
        ("owner", Column::Owner),
        ("note", Column::Note),
    ];

    /// The column with this heading.
    pub(super) fn of_heading(heading: &str) -> Option<Column> {
        Column::HEADINGS.into_iter().find(|(name, _)| *name == heading).map(|(_, column)| column)
    }

    /// Whether it names the mismatches of its row.
    pub(super) fn is_id(self) -> bool {
        matches!(self, Column::MismatchId | Column::MismatchIds)
    }

    /// Whether it is one of the four that are for finance to fill in.
    pub(super) fn is_for_finance(self) -> bool {
        matches!(self, Column::Decision | Column::Until | Column::Owner | Column::Note)
    }
}

/// What one edited file holds.
#[derive(Debug)]
pub(crate) struct EditedFile {
    /// The file's name, without its directory.
    pub(crate) name: Text,
    /// Who saved the workbook last, as it says itself. It proves no person.
    pub(crate) last_modified_by: Option<Text>,
    /// How the file writes its cells; [`compare`](super::compare) needs it.
    pub(crate) dialect: Dialect,
    /// The rows that name mismatches or say something in finance's columns, in order.
    pub(crate) rows: Vec<EditedRow>,
}

impl EditedFile {
    /// The latest run that a row with mismatches is of.
    pub(crate) fn latest_run(&self) -> Option<i64> {
        let with_ids = self.rows.iter().filter(|row| !row.mismatch_ids.is_empty());
        with_ids.filter_map(|row| row.run_id).max()
    }
}

/// One row of a file.
#[derive(Debug, Clone)]
pub(crate) struct EditedRow {
    /// The workbook's sheet. `None`: the file is a CSV.
    pub(crate) sheet: Option<Arc<str>>,
    /// The row's number as a spreadsheet counts it, from 1.
    pub(crate) row: u64,
    /// The run whose report it is. `None`: the cell is missing or is no number.
    pub(crate) run_id: Option<i64>,
    /// The mismatches: one in a row of Findings, one or more in a row of Work. Empty: the row names
    /// none.
    pub(crate) mismatch_ids: Vec<String>,
    pub(super) columns: Arc<[Column]>,
    /// One cell a column.
    pub(super) cells: Box<[Cell]>,
}

/// The four cells of finance as they stand in the file. A refused row's text is kept by these.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Said {
    /// The cell `decision`.
    pub(crate) decision: Text,
    /// The cell `until`.
    pub(crate) until: Text,
    /// The cell `owner`.
    pub(crate) owner: Text,
    /// The cell `note`.
    pub(crate) note: Text,
}

impl EditedRow {
    /// The row's cell in a column. `None`: its sheet has no such column.
    pub(super) fn cell(&self, column: Column) -> Option<&Cell> {
        let place = self.columns.iter().position(|it| *it == column)?;
        self.cells.get(place)
    }

    /// What stands in finance's columns, whatever it is, for the record.
    pub(crate) fn said(&self) -> Said {
        // A refused text can be of any length, and a record of it need not be.
        const LONGEST: usize = 1_000;
        let said = |column| {
            let shown = self.cell(column).map(Cell::shown).unwrap_or_default();
            let text: String = shown.chars().take(LONGEST).collect();
            Text::own(&text)
        };
        Said {
            decision: said(Column::Decision),
            until: said(Column::Until),
            owner: said(Column::Owner),
            note: said(Column::Note),
        }
    }

    /// Whether it is a row of Work: one order with its findings.
    pub(crate) fn is_of_order(&self) -> bool {
        self.columns.contains(&Column::MismatchIds)
    }

    /// Why the row cannot be looked up, for people. `None`: it names mismatches and a run.
    pub(crate) fn unidentified(&self) -> Option<&'static str> {
        if self.mismatch_ids.is_empty() {
            Some("the row has no mismatch_id, so nobody can tell which mismatch is meant")
        } else if self.run_id.is_none() {
            Some("the row has no run_id, so nobody can tell what its cells said before")
        } else {
            None
        }
    }
}
