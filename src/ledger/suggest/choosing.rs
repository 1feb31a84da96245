//! Which heading is which column: by the usual names, unless the cells say otherwise.

use super::headings::{self, Rank, Role};
use super::proposal::Suggestion;
use super::survey::{ColumnFacts, Survey};
use crate::domain::text::printable;
use crate::ledger::Column;

/// The columns that were found, by their index in the survey.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen {
    columns: Vec<(Column, usize)>,
    /// Columns that could be the same, and are likely to be by their names: column, index.
    pub(super) rivals: Vec<(Column, usize)>,
    /// Columns that were found by their cells, because no heading has a usual name.
    pub(super) by_cells: Vec<Column>,
    /// Columns whose cells say the same as those of others, so that none was found: column, index.
    pub(super) several: Vec<(Column, usize)>,
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
    /// Chooses the columns that the configuration does not have.
    pub(super) fn of(survey: &Survey, suggestion: &Suggestion) -> Chosen {
        let given =
            |column: Column| suggestion.given_in("columns", column.as_str()).map(ToOwned::to_owned);
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
        for (column, instead) in
            [(Column::Currency, "currency"), (Column::Status, "default_status")]
        {
            let is_decided = suggestion.is_given(instead) || suggestion.is_given("preset");
            if chosen.index(column).is_none() && given(column).is_none() && !is_decided {
                chosen.choose_by_cells(column, survey);
            }
        }
        chosen
    }

    /// Looks for the column whose cells are all currencies, or all statuses.
    fn choose_by_cells(&mut self, column: Column, survey: &Survey) {
        let mut found: Vec<usize> = Vec::new();
        for (index, facts) in survey.columns.iter().enumerate() {
            let known = match column {
                Column::Currency => facts.currencies,
                _ => facts.statuses,
            };
            // Some rows may be no orders.
            let are_known = facts.filled > 0
                && known == facts.filled
                && facts.filled.saturating_mul(4) >= survey.rows.saturating_mul(3);
            let is_free = !self.is_taken(index)
                && !facts.is_unusable
                && headings::role(&facts.heading).is_none_or(|role| role == Role::Read(column));
            let is_new = !found.iter().any(|it| survey.columns[*it].digest == facts.digest);
            if are_known && is_free && is_new {
                found.push(index);
            }
        }
        match found[..] {
            [index] => {
                self.columns.push((column, index));
                self.by_cells.push(column);
            }
            _ => self.several.extend(found.into_iter().map(|index| (column, index))),
        }
    }

    /// Whether this is a column already.
    pub(super) fn is_taken(&self, index: usize) -> bool {
        self.columns.iter().any(|(_, taken)| *taken == index)
    }

    fn choose(&mut self, column: Column, survey: &Survey) {
        let mut fitting: Vec<(Rank, usize)> = (0..survey.columns.len())
            .filter(|index| !self.is_taken(*index))
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
        // Which id the gateway knows is said by no name: each other id is a rival. An unlikely name
        // of a status counts only where its cells say so.
        let are_all = matches!(column, Column::MerchantOrderId | Column::Status);
        let rivals = fitting.iter().filter(|(rank, rival)| {
            let is_likely = are_all || !rank.is_unlikely;
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
            // A state may be one of a country.
            Column::Status => are_few && (!rank.is_unlikely || facts.statuses > 0),
            Column::TransactionType | Column::AccountingType => are_few,
            Column::MerchantUid => true,
        }
}

/// Whether the cells are times of day alone.
fn are_times(facts: &ColumnFacts) -> bool {
    facts.dates.read == 0 && facts.amounts.read == 0 && facts.with_digit == facts.filled
}

/// The columns whose cells could be what no heading says, as headings.
pub(super) fn by_content(survey: &Survey, chosen: &Chosen, column: Column) -> Vec<String> {
    let fits = |facts: &ColumnFacts| match column {
        Column::MerchantOrderId => is_id(facts, survey.rows),
        Column::Amount => facts.amounts.are_amounts() && facts.amounts.with_decimals > 0,
        Column::CreatedAt => facts.dates.are_dates() && facts.dates.unreadable.count == 0,
        _ => false,
    };
    free(survey, chosen, column).filter(|it| fits(it)).map(|it| it.heading.clone()).collect()
}

/// The headings to choose from for a column that no heading names: those with a usual word, then
/// those whose cells fit, otherwise all that are left.
pub(super) fn candidates(survey: &Survey, chosen: &Chosen, column: Column) -> Vec<String> {
    let has_word = |facts: &&ColumnFacts| headings::has_word(&facts.heading, column);
    let has_cells = |facts: &&ColumnFacts| match column {
        Column::MerchantOrderId => facts.filled > survey.rows / 2 && facts.spaced == 0,
        Column::Amount => facts.amounts.are_amounts(),
        _ => facts.dates.are_dates() || facts.dates.read == 0,
    };
    let all = || free(survey, chosen, column);
    let named = all().filter(has_word).filter(has_cells).map(|facts| facts.heading.clone());
    let mut found: Vec<String> = named.collect();
    let needed = [Column::MerchantOrderId, Column::Amount, Column::CreatedAt];
    let is_other = |heading: &String| {
        needed.iter().any(|other| *other != column && headings::has_word(heading, *other))
    };
    for heading in by_content(survey, chosen, column) {
        if !found.contains(&heading) && !is_other(&heading) {
            found.push(heading);
        }
    }
    if found.is_empty() && column == Column::Amount {
        let numbers = all().filter(has_cells).filter(|facts| !facts.dates.are_dates());
        found.extend(numbers.map(|facts| facts.heading.clone()));
    }
    if found.is_empty() {
        found.extend(all().map(|facts| facts.heading.clone()));
    }
    found
}

/// The columns that are not chosen, and whose name says nothing else.
fn free<'a>(
    survey: &'a Survey,
    chosen: &'a Chosen,
    column: Column,
) -> impl Iterator<Item = &'a ColumnFacts> {
    let columns = survey.columns.iter().enumerate();
    columns.filter(|(index, _)| !chosen.is_taken(*index)).map(|(_, facts)| facts).filter(
        move |facts| {
            let role = headings::role(&facts.heading);
            !facts.is_unusable && role.is_none_or(|role| role == Role::Read(column))
        },
    )
}

/// Whether cells can be ids: in each row another one, without a space.
fn is_id(facts: &ColumnFacts, rows: u64) -> bool {
    let differ = facts.words.are_many || u64::try_from(facts.words.len()) == Ok(facts.filled);
    facts.filled == rows
        && facts.with_digit == facts.filled
        && facts.spaced == 0
        && differ
        && facts.amounts.with_decimals == 0
        && !facts.dates.are_dates()
}

/// A heading in quotes, for people.
pub(super) fn quoted(heading: &str) -> String {
    format!("\"{}\"", printable(heading))
}
