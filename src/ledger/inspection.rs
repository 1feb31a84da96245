//! How the table of a ledger was read: for `ledger FILE` (contract, "Ledger").

use super::columns::Layout;
use super::settings::LedgerSettings;
use serde::Serialize;

/// The table of a file, and which of its columns are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// The file, by its name on the command line.
    pub file: String,
    /// The name of its encoding.
    pub encoding: &'static str,
    /// Between the columns.
    pub delimiter: char,
    /// The line on which the header begins, from 1.
    pub header_line: u64,
    /// The columns that are read, in the contract's order.
    pub columns: Vec<ColumnRead>,
    /// The headings of the others, in the file's order.
    pub not_read: Vec<String>,
}

/// A column that is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnRead {
    /// The file's heading.
    pub heading: String,
    /// The contract's name, or `skip` where it decides which rows are no orders.
    pub column: &'static str,
}

impl Shape {
    pub(super) fn new(
        file: &str,
        settings: &LedgerSettings,
        header_line: u64,
        headings: &[String],
        layout: &Layout,
    ) -> Shape {
        let heading = |index: usize| headings.get(index).cloned().unwrap_or_default();
        let mut indexes: Vec<(usize, &'static str)> = layout
            .columns()
            .filter_map(|column| Some((layout.index(column)?, column.as_str())))
            .collect();
        for index in &layout.skip {
            if !indexes.iter().any(|(taken, _)| taken == index) {
                indexes.push((*index, "skip"));
            }
        }
        let read = |(index, column): &(usize, &'static str)| ColumnRead {
            heading: heading(*index),
            column,
        };
        let is_read = |index: &usize| indexes.iter().any(|(taken, _)| taken == index);
        Shape {
            file: file.to_owned(),
            encoding: settings.encoding.name(),
            delimiter: char::from(settings.delimiter),
            header_line,
            columns: indexes.iter().map(read).collect(),
            not_read: (0..headings.len()).filter(|index| !is_read(index)).map(heading).collect(),
        }
    }
}
