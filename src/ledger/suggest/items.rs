//! Orders that have several rows: what the further rows say (contract, "Ledger": `line_items`).
//!
//! Memory is bounded: of a large file only the orders are followed whose id has a small hash, each
//! with all of its rows.

use super::amounts::{Separators, amount_of};
use super::habit::Example;
use super::reading::{Layout, cell_text, records};
use super::table::Table;
use crate::domain::amount::Amount;
use crate::ledger::LedgerError;
use crate::ledger::vocabulary::given;
use crate::tabular::{Record, Spool};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Orders that are followed at the same time.
const MOST_ORDERS: usize = 100_000;

/// Where the columns are that tell items from orders.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) id: usize,
    /// One, or credit and debit.
    pub(super) amounts: Vec<usize>,
    pub(super) separators: Separators,
    pub(super) currency: Option<usize>,
    pub(super) date: Option<usize>,
    pub(super) status: Option<usize>,
    /// Name, number or quantity of an item.
    pub(super) items: Vec<usize>,
}

/// The further rows of orders.
#[derive(Debug, Clone, Default)]
pub(super) struct Items {
    /// Further rows without an amount.
    pub(super) empty: Example,
    /// Further rows with the order's amount and another status.
    pub(super) other_status: Example,
    /// Further rows with the order's amount.
    pub(super) same_amount: Example,
    /// Further rows with another amount.
    pub(super) other_amount: Example,
    /// Further rows with another date.
    pub(super) other_date: Example,
    /// Further rows with an amount that name the same item, or none.
    pub(super) same_item: Example,
    /// Rows without an id and without an amount, below an order.
    pub(super) bare: Example,
    /// Rows without an id and with an amount.
    pub(super) nameless: Example,
    /// Rows with an id, an amount and an empty currency.
    pub(super) no_currency: Example,
}

/// The first row of an order.
#[derive(Debug, Clone, Copy)]
struct First {
    amount: Option<Amount>,
    date: u64,
    status: u64,
    item: u64,
}

struct Orders<'a> {
    columns: &'a Columns,
    seen: HashMap<u64, First>,
    /// Only ids with at most this hash are followed.
    highest: u64,
    is_below_order: bool,
    items: Items,
}

impl Items {
    /// Looks at each row of a file.
    pub(super) fn see(
        &mut self,
        (file, layout, table): (&Spool, Layout, &Table),
        columns: &Columns,
        mut is_skipped: impl FnMut(&Record<'_>) -> bool,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<(), LedgerError> {
        let items = std::mem::take(self);
        let seen = HashMap::new();
        let mut orders = Orders { columns, seen, highest: u64::MAX, is_below_order: false, items };
        records(file, layout, interrupted, |record| {
            if record.line > table.header_line {
                if is_skipped(record) {
                    orders.is_below_order = false;
                } else {
                    orders.see(record);
                }
            }
            true
        })?;
        *self = orders.items;
        Ok(())
    }

    /// Whether any order has a further row.
    pub(super) fn are_any(&self) -> bool {
        [&self.empty, &self.same_amount, &self.other_amount, &self.bare, &self.nameless]
            .into_iter()
            .any(Example::is_any)
    }
}

impl Orders<'_> {
    fn see(&mut self, record: &Record<'_>) {
        let columns = self.columns;
        let cell = |index: usize| cell_text(record.cell(Some(index)));
        let amounts = columns.amounts.iter().map(|index| cell(*index));
        let amounts: Vec<_> = amounts.filter(|cell| !cell.trim().is_empty()).collect();
        let amount = amounts.iter().find_map(|cell| {
            let amount = amount_of(cell, columns.separators)?;
            (columns.amounts.len() == 1 || !amount.is_zero()).then_some(amount)
        });
        let id = cell(columns.id);
        let (id, line) = (id.trim(), record.line);
        if id.is_empty() {
            match amounts.first() {
                Some(amount) => self.items.nameless.see(line, amount),
                None if self.is_below_order => self.items.bare.see(line, ""),
                None => {}
            }
            return;
        }
        self.is_below_order = true;
        if !amounts.is_empty() && amount.is_none() {
            return;
        }
        if let (Some(amount), Some(currency)) = (amounts.first(), columns.currency)
            && given(&cell(currency)).is_empty()
        {
            self.items.no_currency.see(line, amount);
        }
        let id_hash = hash(id);
        if id_hash > self.highest {
            return;
        }
        let of = |index: Option<usize>| index.map_or(0, |index| hash(cell(index).trim()));
        let row = First {
            amount,
            date: of(columns.date),
            status: of(columns.status),
            item: hash(&columns.items.iter().map(|index| cell(*index)).collect::<Vec<_>>()),
        };
        match self.seen.get(&id_hash) {
            Some(first) => self.items.compare(*first, row, line, id),
            None => self.remember(id_hash, row),
        }
    }

    fn remember(&mut self, id_hash: u64, row: First) {
        if self.seen.len() == MOST_ORDERS {
            self.highest /= 2;
            let highest = self.highest;
            self.seen.retain(|id, _| *id <= highest);
        }
        if id_hash <= self.highest {
            self.seen.insert(id_hash, row);
        }
    }
}

impl Items {
    fn compare(&mut self, first: First, row: First, line: u64, id: &str) {
        if row.amount.is_none() {
            self.empty.see(line, id);
            return;
        }
        if row.date != first.date {
            self.other_date.see(line, id);
        }
        if row.item == first.item {
            self.same_item.see(line, id);
        }
        if row.amount != first.amount {
            self.other_amount.see(line, id);
        } else if row.status == first.status {
            self.same_amount.see(line, id);
        } else {
            self.other_status.see(line, id);
        }
    }
}

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
