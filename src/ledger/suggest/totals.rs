//! Rows that look like totals or notes. They decide nothing of how orders are written: a total has
//! no currency, and a note no date.

use super::choosing::{Chosen, by_content};
use super::habit::{Example, Words};
use super::headings::{self, Role};
use super::reading::{Layout, cell_text, records};
use super::survey::{Skip, Survey};
use super::table::Table;
use crate::domain::order::LineItems;
use crate::ledger::settings::LedgerSettings;
use crate::ledger::vocabulary::given;
use crate::ledger::{Column, LedgerError};
use crate::tabular::{Record, Spool, normalize};

/// Words of rows that are no orders.
const TOTALS: [&str; 17] = [
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sub total",
    "sum",
    "summe",
    "gesamt",
    "gesamtsumme",
    "saldo",
    "balance",
    "opening balance",
    "closing balance",
    "suma",
    "somme",
    "totale",
    "jumlah",
];

/// The columns by which such rows are told from orders, by their headings.
#[derive(Debug, Clone)]
pub(super) struct Marks {
    pub(super) id: Option<String>,
    pub(super) date: Option<String>,
    currency: Option<String>,
    amounts: Vec<String>,
    /// Credit and debit.
    pub(super) halves: Option<(String, String)>,
    items: Vec<String>,
    line_items: LineItems,
}

/// Some of these rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    pub(super) rows: Example,
    /// How many of them look like totals or notes.
    pub(super) look_so: u64,
}

/// These rows, by what tells them from orders.
#[derive(Debug, Clone, Default)]
pub(super) struct Totals {
    /// They have neither an id nor a date.
    pub(super) no_id: Rows,
    /// They have no date.
    pub(super) no_date: Rows,
    /// They have an amount in both columns.
    pub(super) both: Rows,
    /// Their id is the word for a total.
    pub(super) named: Rows,
    /// The ids of those that have an id and a date.
    pub(super) ids: Words,
}

impl Totals {
    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        let kinds = [&self.no_id, &self.no_date, &self.both, &self.named];
        kinds.into_iter().map(|kind| kind.rows.count).sum()
    }
}

impl Marks {
    pub(super) fn of(survey: &Survey, chosen: &Chosen, settings: &LedgerSettings) -> Marks {
        let heading = |index: usize| survey.columns[index].heading.clone();
        let of = |column: Column| chosen.index(column).map(heading);
        let mut dates = by_content(survey, chosen, Column::CreatedAt);
        let only_date = if dates.len() == 1 { dates.pop() } else { None };
        let items = survey.columns.iter().map(|facts| &facts.heading);
        let items = items.filter(|heading| headings::rank(heading, Role::Item).is_some());
        let amounts = [Column::Amount, Column::Credit, Column::Debit];
        Marks {
            id: of(Column::MerchantOrderId),
            date: of(Column::CreatedAt).or(only_date),
            currency: of(Column::Currency).filter(|_| settings.currency.is_none()),
            amounts: amounts.into_iter().filter_map(of).collect(),
            halves: of(Column::Credit).zip(of(Column::Debit)),
            items: items.cloned().collect(),
            line_items: settings.line_items,
        }
    }

    /// Whether any row can be such a row: it lacks a cell that each order has.
    pub(super) fn can_tell(&self, survey: &Survey) -> bool {
        let filled = |heading: &String| {
            survey.find(heading).map_or(survey.rows, |index| survey.columns[index].filled)
        };
        let lacks = |heading: &Option<String>| {
            heading.as_ref().is_some_and(|heading| filled(heading) < survey.rows)
        };
        let has_both = |(credit, debit): &(String, String)| {
            let filled = [credit, debit].map(|it| survey.find(it).map(|it| &survey.columns[it]));
            filled.into_iter().flatten().map(|facts| facts.amounts.not_zero).sum::<u64>()
                > survey.rows
        };
        let is_named = |heading: &String| {
            survey.find(heading).is_some_and(|index| survey.columns[index].has_total)
        };
        lacks(&self.id)
            || lacks(&self.date)
            || self.halves.as_ref().is_some_and(has_both)
            || self.id.as_ref().is_some_and(is_named)
    }
}

/// Tells the rows of one file apart.
pub(super) struct Finder<'a> {
    marks: &'a Marks,
    id: Option<usize>,
    date: Option<usize>,
    currency: Option<usize>,
    amounts: Vec<usize>,
    halves: Option<(usize, usize)>,
    items: Vec<usize>,
    /// The line of the last row with all that an order has.
    last_order: u64,
    /// Whether there are rows between the orders that have neither an id nor an amount.
    has_bare: bool,
    /// The id of the row above.
    above: String,
}

impl Finder<'_> {
    pub(super) fn new<'a>(
        marks: &'a Marks,
        (file, layout, table): (&Spool, Layout, &Table),
        skip: &Skip,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Finder<'a>, LedgerError> {
        let index = |heading: &Option<String>| table.index(heading.as_ref()?);
        let all = |headings: &[String]| headings.iter().filter_map(|it| table.index(it)).collect();
        let halves = marks.halves.as_ref();
        let mut finder = Finder {
            marks,
            id: index(&marks.id),
            date: index(&marks.date),
            currency: index(&marks.currency),
            amounts: all(&marks.amounts),
            halves: halves.and_then(|(credit, debit)| table.index(credit).zip(table.index(debit))),
            items: all(&marks.items),
            last_order: 0,
            has_bare: false,
            above: String::new(),
        };
        let mut is_below_bare = false;
        records(file, layout, interrupted, |record| {
            if record.line > table.header_line && !skip.skips(record) {
                if finder.is_order(record) {
                    finder.last_order = record.line;
                    finder.has_bare |= is_below_bare;
                } else {
                    is_below_bare |= !finder.has_id(record) && !finder.has_amount(record);
                }
            }
            true
        })?;
        Ok(finder)
    }

    /// Whether the row looks like none of an order. If so, it is counted.
    pub(super) fn is_total(&mut self, record: &Record<'_>, totals: &mut Totals) -> bool {
        let id = self.id.map(|id| text(record, id)).unwrap_or_default();
        let is_item = (!id.is_empty() && id == self.above) || self.has_item(record);
        let kind = self.kind(record, &id, is_item, totals);
        if let Some(kind) = kind {
            kind.rows.see(record.line, &id);
            kind.look_so += u64::from(self.looks_so(record));
            return true;
        }
        if !id.is_empty() {
            self.above = id;
        }
        false
    }

    fn kind<'t>(
        &self,
        record: &Record<'_>,
        id: &str,
        is_item: bool,
        totals: &'t mut Totals,
    ) -> Option<&'t mut Rows> {
        let (lacks_id, lacks_date) = (self.id.is_some() && id.is_empty(), self.lacks_date(record));
        let has_amount = self.has_amount(record);
        let is_named = is_total(id);
        let line_items = self.marks.line_items;
        let belongs_above =
            line_items == LineItems::Sum || (line_items != LineItems::Off && !has_amount);
        if is_item || (lacks_id && belongs_above) {
            return None;
        }
        if lacks_id && lacks_date {
            // Between orders such rows may be items.
            let is_below = record.line > self.last_order && (has_amount || !self.has_bare);
            return (is_below || has_word(record)).then_some(&mut totals.no_id);
        }
        if lacks_date && (!id.is_empty() || has_amount) {
            return Some(&mut totals.no_date);
        }
        if is_named || self.has_both(record) {
            totals.ids.see(record.line, id);
            return Some(if is_named { &mut totals.named } else { &mut totals.both });
        }
        None
    }

    fn is_order(&self, record: &Record<'_>) -> bool {
        (self.id.is_none() || self.has_id(record))
            && !self.lacks_date(record)
            && (self.amounts.is_empty() || self.has_amount(record))
    }

    /// Whether more than one thing says that the row is a total or a note.
    fn looks_so(&self, record: &Record<'_>) -> bool {
        let is_empty = |index: Option<usize>| index.is_some_and(|it| text(record, it).is_empty());
        let signs = [
            self.id.is_some() && !self.has_id(record),
            self.lacks_date(record),
            is_empty(self.currency),
            !self.amounts.is_empty() && !self.has_amount(record),
            self.has_both(record),
        ];
        signs.into_iter().filter(|sign| *sign).count() > 1 || has_word(record)
    }

    fn has_id(&self, record: &Record<'_>) -> bool {
        self.id.is_some_and(|id| !text(record, id).is_empty())
    }

    fn lacks_date(&self, record: &Record<'_>) -> bool {
        self.date.is_some_and(|date| text(record, date).is_empty())
    }

    fn has_amount(&self, record: &Record<'_>) -> bool {
        self.amounts.iter().any(|index| !text(record, *index).is_empty())
    }

    fn has_both(&self, record: &Record<'_>) -> bool {
        self.halves.is_some_and(|(credit, debit)| {
            [credit, debit].into_iter().all(|index| is_not_zero(&text(record, index)))
        })
    }

    fn has_item(&self, record: &Record<'_>) -> bool {
        self.items.iter().any(|index| !text(record, *index).is_empty())
    }
}

/// Whether a cell of the row is the word for a total.
fn has_word(record: &Record<'_>) -> bool {
    record.cells().any(|cell| is_total(cell_text(cell).trim()))
}

/// A cell's text; empty where a word stands for an empty one.
fn text(record: &Record<'_>, index: usize) -> String {
    given(&cell_text(record.cell(Some(index)))).to_owned()
}

/// Whether a number is written that is not zero.
fn is_not_zero(cell: &str) -> bool {
    cell.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

/// Whether this is the word for a total.
pub(super) fn is_total(cell: &str) -> bool {
    const LONGEST: usize = 20;
    if cell.len() > LONGEST || !cell.starts_with(|first: char| first.is_alphabetic()) {
        return false;
    }
    let word = normalize(cell);
    TOTALS.contains(&word.trim_end_matches(':').trim_end())
}
