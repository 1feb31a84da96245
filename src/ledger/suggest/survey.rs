//! One pass over the files: what each column's cells look like.

use super::amounts::Amounts;
use super::dates::DatesSeen;
use super::encodings::NotUtf8;
use super::habit::Words;
use super::reading::{Layout, cell_text, records};
use super::table::{Table, same};
use crate::ledger::settings::SkipRule;
use crate::ledger::vocabulary::given;
use crate::ledger::{LedgerError, skip};
use crate::tabular::{Record, Spool};
use chrono::{DateTime, Utc};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What the cells of one column look like.
#[derive(Debug, Clone)]
pub(super) struct ColumnFacts {
    /// Trimmed.
    pub(super) heading: String,
    /// Cells that are not empty.
    pub(super) filled: u64,
    /// Of those, the ones with a digit.
    pub(super) with_digit: u64,
    /// Over all cells: columns with equal cells have an equal digest.
    pub(super) digest: u64,
    pub(super) words: Words,
    pub(super) amounts: Amounts,
    pub(super) dates: DatesSeen,
    /// The heading is given twice, or a file does not have it.
    pub(super) is_unusable: bool,
}

/// What was seen of the files.
#[derive(Debug, Clone)]
pub(super) struct Survey {
    /// In the order of the first file.
    pub(super) columns: Vec<ColumnFacts>,
    /// Rows below the headers that are not skipped.
    pub(super) rows: u64,
    pub(super) not_utf8: NotUtf8,
}

impl Survey {
    pub(super) fn new(table: &Table, now: DateTime<Utc>) -> Survey {
        let headings = &table.headings;
        let column = |heading: &String| ColumnFacts {
            heading: heading.clone(),
            filled: 0,
            with_digit: 0,
            digest: 0,
            words: Words::default(),
            amounts: Amounts::default(),
            dates: DatesSeen::new(now),
            is_unusable: heading.is_empty()
                || headings.iter().filter(|other| same(other, heading)).count() > 1,
        };
        Survey {
            columns: headings.iter().map(column).collect(),
            rows: 0,
            not_utf8: NotUtf8::default(),
        }
    }

    /// Looks at each row of a file.
    pub(super) fn see(
        &mut self,
        file: &Spool,
        layout: Layout,
        table: &Table,
        skip: &[SkipRule],
        interrupted: &dyn Fn() -> bool,
    ) -> Result<(), LedgerError> {
        let indexes = self.indexes(table);
        for (column, index) in self.columns.iter_mut().zip(&indexes) {
            column.is_unusable |= index.is_none();
        }
        let skipped = Skip::new(skip, table);
        records(file, layout, interrupted, |record| {
            if record.line > table.header_line && !skipped.skips(record) {
                self.see_row(record, &indexes);
            }
            true
        })
    }

    /// Where a file has the columns of the first one.
    fn indexes(&self, table: &Table) -> Vec<Option<usize>> {
        self.columns.iter().map(|column| table.index(&column.heading)).collect()
    }

    fn see_row(&mut self, record: &Record<'_>, indexes: &[Option<usize>]) {
        self.rows += 1;
        self.not_utf8.see(record);
        for (column, index) in self.columns.iter_mut().zip(indexes) {
            column.see(record.line, &cell_text(record.cell(*index)));
        }
    }

    /// The index of the column with this heading.
    pub(super) fn find(&self, heading: &str) -> Option<usize> {
        self.columns.iter().position(|column| same(&column.heading, heading))
    }
}

impl ColumnFacts {
    fn see(&mut self, line: u64, cell: &str) {
        let cell = cell.trim();
        let mut hasher = DefaultHasher::new();
        (self.digest, cell).hash(&mut hasher);
        self.digest = hasher.finish();
        if given(cell).is_empty() {
            return;
        }
        self.filled += 1;
        self.with_digit += u64::from(cell.bytes().any(|byte| byte.is_ascii_digit()));
        self.words.see(line, cell);
        self.amounts.see(line, cell);
        self.dates.see(line, cell, "");
    }
}

/// `[[ledger.skip]]` for one file.
pub(super) struct Skip(Vec<skip::Skip>);

impl Skip {
    pub(super) fn new(rules: &[SkipRule], table: &Table) -> Skip {
        let rule = |rule: &SkipRule| Some(skip::Skip::new(rule, table.index(&rule.column)?));
        Skip(rules.iter().filter_map(rule).collect())
    }

    pub(super) fn skips(&self, record: &Record<'_>) -> bool {
        self.0.iter().any(|rule| rule.applies_to(record))
    }
}
