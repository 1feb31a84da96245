//! One pass over the files: what each column's cells look like.

use super::amounts::Amounts;
use super::dates::DatesSeen;
use super::encodings::NotUtf8;
use super::habit::Words;
use super::reading::{Layout, cell_text, records};
use super::table::{Table, same};
use super::totals::is_total;
use crate::domain::order::LedgerStatus;
use crate::ledger::currencies::is_of_iso;
use crate::ledger::settings::SkipRule;
use crate::ledger::vocabulary::{Vocabulary, given};
use crate::ledger::{LedgerError, skip};
use crate::tabular::{Record, Spool, normalize};
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
    /// Cells with white space inside.
    pub(super) spaced: u64,
    /// Cells that are known as a status, and as a currency of ISO 4217 or by the configuration.
    pub(super) statuses: u64,
    pub(super) currencies: u64,
    /// Whether a cell is the word for a total.
    pub(super) has_total: bool,
    /// The sum of the digests of the lines that have an amount other than zero.
    pub(super) amount_lines: u64,
    /// The heading is given twice, or a file does not have it.
    pub(super) is_unusable: bool,
}

/// What was seen of the files.
#[derive(Debug, Clone, Default)]
pub(super) struct Survey {
    /// In the order of the first file.
    pub(super) columns: Vec<ColumnFacts>,
    /// Rows below the headers that may be orders.
    pub(super) rows: u64,
    /// The sum of the digests of their lines.
    lines: u64,
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
            spaced: 0,
            statuses: 0,
            currencies: 0,
            has_total: false,
            amount_lines: 0,
            amounts: Amounts::default(),
            dates: DatesSeen::new(now),
            is_unusable: heading.is_empty()
                || headings.iter().filter(|other| same(other, heading)).count() > 1,
        };
        Survey {
            columns: headings.iter().map(column).collect(),
            rows: 0,
            lines: 0,
            not_utf8: NotUtf8::default(),
        }
    }

    /// Looks at each row of a file that may be an order's.
    pub(super) fn see(
        &mut self,
        (file, layout, table): (&Spool, Layout, &Table),
        mut is_order: impl FnMut(&Record<'_>) -> bool,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<(), LedgerError> {
        let indexes = self.indexes(table);
        for (column, index) in self.columns.iter_mut().zip(&indexes) {
            column.is_unusable |= index.is_none();
        }
        records(file, layout, interrupted, |record| {
            let is_header = record.line == table.header_line;
            if is_header || (record.line > table.header_line && is_order(record)) {
                self.not_utf8.see(record, is_header);
                if !is_header {
                    self.see_row(record, &indexes);
                }
            }
            true
        })
    }

    /// Counts the cells whose words are known.
    pub(super) fn recognise(&mut self, vocabulary: &Vocabulary<'_>) {
        for column in &mut self.columns {
            let count = |is_known: &dyn Fn(&str) -> bool| {
                let known = column.words.iter().filter(|(word, _)| is_known(word));
                known.map(|(_, example)| example.count).sum()
            };
            let statuses =
                count(&|word| !matches!(vocabulary.status(word), Some(LedgerStatus::Unmapped(_))));
            let currencies = count(&|word| {
                is_code(word) || vocabulary.currencies().contains_key(&*normalize(word))
            });
            (column.statuses, column.currencies) = (statuses, currencies);
        }
    }

    /// Where a file has the columns of the first one.
    fn indexes(&self, table: &Table) -> Vec<Option<usize>> {
        self.columns.iter().map(|column| table.index(&column.heading)).collect()
    }

    fn see_row(&mut self, record: &Record<'_>, indexes: &[Option<usize>]) {
        self.rows += 1;
        let line = line_digest(record.line);
        self.lines = self.lines.wrapping_add(line);
        for (column, index) in self.columns.iter_mut().zip(indexes) {
            column.see(record.line, line, &cell_text(record.cell(*index)));
        }
    }

    /// Two columns of which each row has an amount in exactly one.
    pub(super) fn halves(&self, is_free: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
        let is_half = |facts: &ColumnFacts| {
            let amounts = &facts.amounts;
            !facts.is_unusable
                && amounts.unreadable == 0
                && (1..self.rows).contains(&amounts.not_zero)
                && !facts.dates.are_dates()
        };
        let halves = self.columns.iter().enumerate();
        let halves: Vec<_> =
            halves.filter(|(index, facts)| is_free(*index) && is_half(facts)).collect();
        let pairs = halves
            .iter()
            .enumerate()
            .flat_map(|(place, one)| halves[place + 1..].iter().map(move |other| (*one, *other)));
        let mut pairs = pairs.filter(|((_, one), (_, other))| {
            one.amounts.not_zero + other.amounts.not_zero == self.rows
                && one.amount_lines.wrapping_add(other.amount_lines) == self.lines
        });
        let pair = pairs.next().map(|((one, _), (other, _))| (one, other));
        pair.filter(|_| pairs.next().is_none())
    }

    /// The index of the column with this heading.
    pub(super) fn find(&self, heading: &str) -> Option<usize> {
        self.columns.iter().position(|column| same(&column.heading, heading))
    }
}

impl ColumnFacts {
    fn see(&mut self, line: u64, line_digest: u64, cell: &str) {
        let cell = cell.trim();
        let mut hasher = DefaultHasher::new();
        (self.digest, cell).hash(&mut hasher);
        self.digest = hasher.finish();
        if given(cell).is_empty() {
            return;
        }
        self.filled += 1;
        self.with_digit += u64::from(cell.bytes().any(|byte| byte.is_ascii_digit()));
        self.spaced += u64::from(cell.contains(char::is_whitespace));
        self.has_total |= is_total(cell);
        self.words.see(line, cell);
        let not_zero = self.amounts.not_zero;
        self.amounts.see(line, cell);
        if self.amounts.not_zero > not_zero {
            self.amount_lines = self.amount_lines.wrapping_add(line_digest);
        }
        self.dates.see(line, cell, "");
    }
}

fn line_digest(line: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}

/// Whether a cell is a code of ISO 4217 as exports write it. A word as `Cup` is none.
fn is_code(cell: &str) -> bool {
    let is_even = |is_case: fn(&u8) -> bool| cell.bytes().all(|byte| is_case(&byte));
    (is_even(u8::is_ascii_uppercase) || is_even(u8::is_ascii_lowercase)) && is_of_iso(cell)
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
