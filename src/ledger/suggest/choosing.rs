//! Which heading is which column: by the usual names, unless the cells say otherwise.

use super::headings::{self, Rank, Role};
use super::survey::{ColumnFacts, Survey};
use crate::domain::text::printable;
use crate::ledger::Column;

/// The columns that were found, by their index in the survey.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen {
    columns: Vec<(Column, usize)>,
    /// Columns that could be the same, and are likely to be by their names: column, index.
    pub(super) rivals: Vec<(Column, usize)>,
}

/// The order in which columns are found. A heading is one column only.
const ORDER: [Column; 11] = [
    Column::MerchantOrderId,
    Column::Amount,
    Column::Credit,
    Column::Debit,
    Column::CreatedAt,
    Column::Time,
    Column::Currency,
    Column::Status,
    Column::TransactionType,
    Column::AccountingType,
    Column::MerchantUid,
];

impl Chosen {
    /// Chooses the columns. `given` is the heading that the configuration has for a column.
    pub(super) fn of(survey: &Survey, given: impl Fn(Column) -> Option<String>) -> Chosen {
        let mut chosen = Chosen::default();
        for column in ORDER {
            if let Some(index) = given(column).and_then(|heading| survey.find(&heading)) {
                chosen.columns.push((column, index));
            }
        }
        let in_two_columns = given(Column::Credit).is_some() || given(Column::Debit).is_some();
        for column in ORDER {
            let has_amount = chosen.index(Column::Amount).is_some();
            let is_moot = match column {
                Column::Amount => in_two_columns,
                Column::Credit | Column::Debit => has_amount && !in_two_columns,
                _ => false,
            };
            if chosen.index(column).is_none() && given(column).is_none() && !is_moot {
                chosen.choose(column, survey);
            }
        }
        // One of the two alone says nothing of the other direction.
        let both = [Column::Credit, Column::Debit].map(|column| chosen.index(column).is_some());
        if both != [true, true] {
            let is_half = |column| matches!(column, Column::Credit | Column::Debit);
            chosen.columns.retain(|(column, _)| !is_half(*column) || given(*column).is_some());
        }
        chosen
    }

    fn choose(&mut self, column: Column, survey: &Survey) {
        let mut fitting: Vec<(Rank, usize)> = (0..survey.columns.len())
            .filter(|index| !self.columns.iter().any(|(_, taken)| taken == index))
            .filter_map(|index| {
                let facts = &survey.columns[index];
                let rank = headings::rank(&facts.heading, Role::Read(column))?;
                fits(facts, column, rank, survey.rows).then_some((rank, index))
            })
            .collect();
        fitting.sort_unstable();
        let own = survey.find(column.as_str());
        let own = own.filter(|own| fitting.iter().any(|(_, index)| index == own));
        let Some(index) = own.or(fitting.first().map(|(_, index)| *index)) else { return };
        self.columns.push((column, index));
        // The contract's own name leaves no doubt.
        if own.is_some() && column.as_str().contains('_') {
            return;
        }
        let digest = survey.columns[index].digest;
        // Which id the gateway knows is said by no name: each other id is a rival.
        let is_id = column == Column::MerchantOrderId;
        let rivals = fitting.iter().filter(|(rank, rival)| {
            let is_likely = is_id || !rank.is_unlikely;
            *rival != index && is_likely && survey.columns[*rival].digest != digest
        });
        self.rivals.extend(rivals.map(|(_, rival)| (column, *rival)));
    }

    /// Where a column is.
    pub(super) fn index(&self, column: Column) -> Option<usize> {
        self.columns.iter().find(|(name, _)| *name == column).map(|(_, index)| *index)
    }

    /// The columns that were found, in the contract's order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Column, usize)> {
        Column::ALL.into_iter().filter_map(|column| Some((column, self.index(column)?)))
    }

    /// Leaves a column out.
    pub(super) fn remove(&mut self, column: Column) {
        self.columns.retain(|(name, _)| *name != column);
        self.rivals.retain(|(name, _)| *name != column);
    }
}

/// Whether the cells of a column can be what its heading says.
fn fits(facts: &ColumnFacts, column: Column, rank: Rank, rows: u64) -> bool {
    let is_half = matches!(column, Column::Credit | Column::Debit);
    // All orders may be of one direction.
    if facts.is_unusable || (facts.filled == 0 && rows > 0 && !is_half) {
        return false;
    }
    let are_few = !facts.words.are_many;
    rows == 0
        || match column {
            Column::MerchantOrderId => {
                let is_constant = are_few && facts.words.len() == 1 && facts.filled > 4;
                // "Name" may be the order's, as #1001, or the buyer's.
                let is_id = !rank.is_unlikely || facts.with_digit == facts.filled;
                is_id && !is_constant
            }
            Column::Amount => facts.amounts.are_amounts(),
            Column::Credit | Column::Debit => facts.filled == 0 || facts.amounts.are_amounts(),
            Column::CreatedAt => facts.dates.are_dates(),
            Column::Time => are_times(facts),
            Column::Currency => are_few && facts.with_digit == 0,
            Column::Status | Column::TransactionType | Column::AccountingType => are_few,
            Column::MerchantUid => true,
        }
}

/// Whether the cells are times of day alone.
fn are_times(facts: &ColumnFacts) -> bool {
    facts.dates.read == 0 && facts.amounts.read == 0 && facts.with_digit == facts.filled
}

/// The columns whose cells could be what no heading says, as headings.
pub(super) fn by_content(survey: &Survey, chosen: &Chosen, column: Column) -> Vec<String> {
    let free = |index: &usize| !chosen.columns.iter().any(|(_, taken)| taken == index);
    let fits = |facts: &ColumnFacts| match column {
        Column::MerchantOrderId => {
            facts.filled == survey.rows && facts.words.are_many && facts.with_digit == facts.filled
        }
        Column::Amount => facts.amounts.are_amounts() && facts.amounts.with_decimals > 0,
        Column::CreatedAt => facts.dates.are_dates() && facts.dates.unreadable.count == 0,
        _ => false,
    };
    let indexes = (0..survey.columns.len()).filter(free);
    let facts = indexes.map(|index| &survey.columns[index]);
    facts.filter(|facts| !facts.is_unusable && fits(facts)).map(|it| it.heading.clone()).collect()
}

/// A heading in quotes, for people.
pub(super) fn quoted(heading: &str) -> String {
    format!("\"{}\"", printable(heading))
}
