//! From what was seen to what is proposed, key by key.

mod numbers;
mod rows;
mod times;
mod totals;
mod words;

use super::choosing::{candidates, quoted};
use super::habit::rows;
use super::headings::{self, Role};
use super::proposal::{Suggestion, entry};
use super::survey::ColumnFacts;
use super::{Found, is_same_word};
use crate::domain::text::printable;
use crate::ledger::settings::LedgerSettings;
use crate::ledger::{Column, LedgerError};
use chrono::{DateTime, Utc};

/// The decisions that the files allow.
pub(super) struct Decisions<'a> {
    pub(super) found: Found<'a>,
    pub(super) settings: &'a LedgerSettings,
    pub(super) suggestion: Suggestion,
}

impl Decisions<'_> {
    pub(super) fn decide(
        mut self,
        now: DateTime<Utc>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Suggestion, LedgerError> {
        self.table();
        self.encoding();
        self.columns();
        self.totals();
        let separators = self.amounts();
        self.currency();
        self.dates(now, interrupted)?;
        self.types();
        self.status();
        if let Some(items) = self.items(separators, interrupted)? {
            self.empty_currencies(&items);
            self.line_items(&items);
        }
        self.payment_methods();
        Ok(self.suggestion)
    }

    fn facts(&self, column: Column) -> Option<&ColumnFacts> {
        self.found.chosen.index(column).map(|index| &self.found.survey.columns[index])
    }

    fn table(&mut self) {
        let Some(table) = self.found.tables.first() else { return };
        if table.delimiter != b',' {
            let delimiter = char::from(table.delimiter).to_string();
            self.suggestion.propose("delimiter", delimiter, None);
        }
        if !table.is_known {
            let text = format!(
                "no line among the first 50 has usual headings; line {} is taken as the header",
                table.header_line
            );
            self.suggestion.note(text);
        }
    }

    fn encoding(&mut self) {
        let seen = &self.found.survey.not_utf8;
        let Some((line, column)) = seen.first else { return };
        if self.suggestion.is_given("encoding") {
            return;
        }
        let place = match (seen.rows, seen.header) {
            (0, _) => "the header is not in UTF-8".to_owned(),
            (1, false) => "1 row is not in UTF-8".to_owned(),
            (count, false) => format!("{count} rows are not in UTF-8"),
            (count, true) => format!("the header and {} are not in UTF-8", rows(count)),
        };
        let encodings = seen.encodings();
        let same = encodings.iter().filter(|reading| !reading.same.is_empty()).map(|reading| {
            let reads = if reading.same.len() == 1 { "reads" } else { "read" };
            format!("; {} {reads} it as {} does", reading.same.join(", "), reading.label)
        });
        let text = format!(
            "{place}, from line {line}, column {column} on. They are not read until the encoding \
             is named. These encodings read the whole file; choose the one whose word is \
             right{}",
            same.collect::<String>()
        );
        let choices = encodings.iter().map(|reading| {
            format!("{} # {}", entry("encoding", reading.label), printable(&reading.word))
        });
        let choices: Vec<_> = choices.collect();
        self.suggestion.leave_open("", "encoding", text, choices);
    }

    /// Which heading is which column.
    fn columns(&mut self) {
        let needed = [Column::MerchantOrderId, Column::Amount, Column::CreatedAt];
        for column in needed {
            let in_two =
                column == Column::Amount && self.found.chosen.index(Column::Credit).is_some();
            let is_given = self.suggestion.given_in("columns", column.as_str()).is_some();
            if self.found.chosen.index(column).is_none() && !in_two && !is_given {
                self.missing_column(column);
            }
        }
        let chosen: Vec<(Column, usize)> = self.found.chosen.iter().collect();
        // One of the two is not configured without the other.
        let needs_both = [Column::Credit, Column::Debit].into_iter().any(|column| {
            self.facts(column).is_some_and(|it| !is_same_word(&it.heading, column.as_str()))
        });
        for (column, index) in chosen {
            let heading = self.found.survey.columns[index].heading.clone();
            let rivals = self.rivals(column);
            if !rivals.is_empty() && self.suggestion.given_in("columns", column.as_str()).is_none()
            {
                let text = format!(
                    "{} is read as {column}, by its usual name. {} could be it too and {} other \
                     values: check which one is meant",
                    quoted(&heading),
                    rivals.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(", "),
                    if rivals.len() == 1 { "has" } else { "have" }
                );
                let choices: Vec<_> =
                    rivals.iter().map(|it| entry(column.as_str(), &**it)).collect();
                self.suggestion.leave_open("columns", column.as_str(), text, choices);
            }
            // These three depend on their cells.
            let later = [Column::TransactionType, Column::Status, Column::Time];
            let is_half = matches!(column, Column::Credit | Column::Debit);
            let is_own = is_same_word(&heading, column.as_str());
            if !later.contains(&column) && (!is_own || (is_half && needs_both)) {
                let is_by_cells = self.found.chosen.by_cells.contains(&column);
                let why = "no heading has a usual name of it, but each cell is a currency's code";
                let note = is_by_cells.then(|| why.to_owned());
                self.suggestion.propose_in("columns", column.as_str(), heading, note);
            }
        }
    }

    /// The headings of the columns whose cells could all be this column.
    fn several(&self, column: Column) -> Vec<String> {
        let several = self.found.chosen.several.iter().filter(|(name, _)| *name == column);
        several.map(|(_, index)| self.found.survey.columns[*index].heading.clone()).collect()
    }

    fn rivals(&self, column: Column) -> Vec<String> {
        let rivals = self.found.chosen.rivals.iter().filter(|(name, _)| *name == column);
        rivals.map(|(_, index)| self.found.survey.columns[*index].heading.clone()).collect()
    }

    fn missing_column(&mut self, column: Column) {
        let Found { survey, chosen, .. } = &self.found;
        let all: Vec<String> = survey.columns.iter().map(|it| quoted(&it.heading)).collect();
        let halves = survey.halves(|index| !chosen.is_taken(index));
        if let Some((one, other)) = halves.filter(|_| column == Column::Amount) {
            self.open_halves(one, other);
            return;
        }
        let headings = candidates(survey, chosen, column);
        let text =
            format!("no heading has a usual name of {column}. The file has {}", all.join(", "));
        let choices: Vec<_> = headings.iter().map(|it| entry(column.as_str(), &**it)).collect();
        self.suggestion.leave_open("columns", column.as_str(), text, choices);
        if column == Column::Amount {
            self.unit_of_headings(&headings);
        }
    }

    /// Two columns of which each row has an amount in one: which one is the incomes' is open.
    fn open_halves(&mut self, one: usize, other: usize) {
        let columns = &self.found.survey.columns;
        let (one, other) = (&columns[one].heading, &columns[other].heading);
        let text = format!(
            "no heading has a usual name of amount, and each row has an amount in either {} or \
             {}. Say in which one incomes are (credit) and in which one expenses (debit)",
            quoted(one),
            quoted(other)
        );
        let is = |heading: &str, column| headings::rank(heading, Role::Read(column)).is_some();
        let mut pairs = [(one, other), (other, one)];
        if is(one, Column::Debit) || is(other, Column::Credit) {
            pairs.reverse();
        }
        let choices = pairs.map(|(credit, debit)| {
            format!("{}\n{}", entry("credit", &**credit), entry("debit", &**debit))
        });
        self.suggestion.leave_open("columns", "credit", text, choices);
    }
}
