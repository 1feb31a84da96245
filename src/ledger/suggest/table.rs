//! Where the table is in a file: the separator of its columns and the line of its header.

use super::headings::{self, Role};
use super::reading::{Layout, cell_text, records};
use crate::ledger::{Column, LedgerError};
use crate::tabular::Spool;

/// Characters that exports put between columns; the contract's own comes first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// As far as a reader looks for the header.
const HEADER_WITHIN: usize = 50;

/// The table of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) delimiter: u8,
    /// The line on which the header begins, from 1.
    pub(super) header_line: u64,
    /// Trimmed, in their order.
    pub(super) headings: Vec<String>,
    /// Whether the header was found by its headings. Otherwise it is the first record of the most
    /// regular table.
    pub(super) is_known: bool,
}

impl Table {
    /// Where the column with this heading is.
    pub(super) fn index(&self, heading: &str) -> Option<usize> {
        self.headings.iter().position(|other| same(other, heading))
    }
}

/// Finds the table: the record among the first ones with the most usual headings, by the delimiter
/// that shows the most of them. `given` are headings that the configuration names.
pub(super) fn find(
    file: &Spool,
    layout: Layout,
    delimiter: Option<u8>,
    given: &[String],
    interrupted: &dyn Fn() -> bool,
) -> Result<Option<Table>, LedgerError> {
    let delimiters = match &delimiter {
        Some(delimiter) => std::slice::from_ref(delimiter),
        None => &DELIMITERS,
    };
    let mut best: Option<(usize, Table)> = None;
    let mut regular: Option<(usize, Table)> = None;
    let mut first_error = None;
    for delimiter in delimiters {
        let layout = Layout { delimiter: *delimiter, ..layout };
        let (rows, error) = first_records(file, layout, interrupted);
        if rows.is_empty() {
            first_error = first_error.or(error);
        }
        let table = |row: &(u64, Vec<String>), is_known| Table {
            delimiter: *delimiter,
            header_line: row.0,
            headings: row.1.clone(),
            is_known,
        };
        for row in &rows {
            let score = score(&row.1, given);
            if score > best.as_ref().map_or(0, |(score, _)| *score) {
                best = Some((score, table(row, true)));
            }
        }
        if let Some((records, row)) = most_regular(&rows)
            && records > regular.as_ref().map_or(1, |(records, _)| *records)
        {
            regular = Some((records, table(row, false)));
        }
    }
    match (best.or(regular), first_error) {
        (Some((_, table)), _) => Ok(Some(table)),
        (None, Some(error)) => Err(error),
        (None, None) => Ok(None),
    }
}

/// The first records, with their lines; and the error that ended them.
fn first_records(
    file: &Spool,
    layout: Layout,
    interrupted: &dyn Fn() -> bool,
) -> (Vec<(u64, Vec<String>)>, Option<LedgerError>) {
    let mut rows = Vec::new();
    let ended = records(file, layout, interrupted, |record| {
        let cells = (0..record.fields()).map(|index| {
            let cell = cell_text(record.cell(Some(index)));
            cell.split_whitespace().collect::<Vec<_>>().join(" ")
        });
        rows.push((record.line, cells.collect()));
        rows.len() < HEADER_WITHIN
    });
    (rows, ended.err())
}

/// How much of a header this record is: each column that is needed counts more than all others.
fn score(headings: &[String], given: &[String]) -> usize {
    let has = |column| headings.iter().any(|it| headings::rank(it, Role::Read(column)).is_some());
    let amount = has(Column::Amount) || (has(Column::Credit) && has(Column::Debit));
    let needed = [has(Column::MerchantOrderId), amount, has(Column::CreatedAt)];
    let others = [Column::Currency, Column::Status, Column::TransactionType].map(has);
    let count = |found: &[bool]| found.iter().filter(|found| **found).count();
    let configured = given.iter().filter(|given| headings.iter().any(|it| same(it, given))).count();
    configured * 100 + count(&needed) * 10 + count(&others)
}

/// Whether two headings are the same to the reader.
pub(super) fn same(one: &str, other: &str) -> bool {
    crate::tabular::normalize(one) == crate::tabular::normalize(other)
}

/// The number of records with the most common number of fields above one, and the first of them.
fn most_regular(rows: &[(u64, Vec<String>)]) -> Option<(usize, &(u64, Vec<String>))> {
    let count = |fields: usize| rows.iter().filter(|row| row.1.len() == fields).count();
    let fields = rows.iter().map(|row| row.1.len()).filter(|fields| *fields > 1);
    let fields = fields.max_by_key(|fields| (count(*fields), *fields))?;
    rows.iter().find(|row| row.1.len() == fields).map(|first| (count(fields), first))
}
