//! Orders with several rows, and rows without an order.

use super::Decisions;
use crate::domain::text::printable;
use crate::ledger::suggest::amounts::Separators;
use crate::ledger::suggest::choosing::quoted;
use crate::ledger::suggest::habit::{Example, rows};
use crate::ledger::suggest::headings::{self, Role};
use crate::ledger::suggest::items::{Columns, Items};
use crate::ledger::suggest::proposal::{entry, skip_rule};
use crate::ledger::suggest::survey::Skip;
use crate::ledger::suggest::totals::{Finder, Totals};
use crate::ledger::{Column, LedgerError};
use crate::tabular::Record;

impl Decisions<'_> {
    /// What several rows of an order mean.
    pub(super) fn line_items(&mut self, items: &Items) {
        self.nameless(items);
        if self.suggestion.is_given("line_items") || !items.are_any() {
            return;
        }
        let without = items.empty.count + items.bare.count;
        let with = items.same_amount.count + items.other_amount.count + items.nameless.count;
        match self.mode(items) {
            Some(mode) => {
                let note = match mode {
                    "empty" => format!("{without} further rows of orders have no amount"),
                    "total" => format!("{with} further rows of orders repeat the order's total"),
                    _ => format!("{with} further rows of orders are items with their own amounts"),
                };
                self.suggestion.propose("line_items", mode, Some(note));
            }
            None => self.open_items(items),
        }
    }

    /// The mode that each further row agrees with, where no other one can be meant.
    fn mode(&self, items: &Items) -> Option<&'static str> {
        let without = items.empty.count + items.bare.count;
        let with = items.same_amount.count + items.other_amount.count + items.nameless.count;
        let has_items = self.has_item_columns();
        if with == 0 {
            let are_items = items.empty.is_any() || items.bare.count > 1 || has_items;
            return are_items.then_some("empty");
        }
        // Each further row is another item of the same order, of the same day and status.
        let are_items = has_items
            && !items.same_item.is_any()
            && !items.other_date.is_any()
            && !items.other_status.is_any();
        if without > 0 || items.nameless.is_any() || !are_items {
            return None;
        }
        let heading = self.facts(Column::Amount).map(|facts| facts.heading.to_lowercase());
        let is_of_order = heading.is_some_and(|heading| {
            ["order", "grand"].iter().any(|word| heading.trim_start().starts_with(word))
        });
        match (is_of_order, items.other_amount.is_any()) {
            (true, false) => Some("total"),
            (false, true) => Some("sum"),
            // Equal amounts may be a total or items of one price.
            _ => None,
        }
    }

    /// The rows by order, where ids and amounts are known.
    pub(super) fn items(
        &self,
        separators: Option<Separators>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<Items>, LedgerError> {
        let id = self.found.chosen.index(Column::MerchantOrderId);
        let (Some(id), Some(separators)) = (id, separators) else { return Ok(None) };
        let columns = &self.found.survey.columns;
        let find = |index: usize, table: &crate::ledger::suggest::table::Table| {
            table.index(&columns[index].heading)
        };
        let mut items = Items::default();
        for (file, table) in self.found.files.iter().zip(&self.found.tables) {
            let of = |column| self.found.chosen.index(column).and_then(|index| find(index, table));
            let Some(id) = find(id, table) else { continue };
            let amounts =
                [Column::Amount, Column::Credit, Column::Debit].into_iter().filter_map(of);
            let items_columns = columns.iter().filter_map(|facts| {
                headings::rank(&facts.heading, Role::Item)?;
                table.index(&facts.heading)
            });
            let columns = Columns {
                id,
                amounts: amounts.collect(),
                separators,
                currency: of(Column::Currency),
                date: of(Column::CreatedAt),
                status: of(Column::Status),
                items: items_columns.collect(),
            };
            let skip = Skip::new(&self.settings.skip, table);
            let place = (file, self.found.layout, table);
            let marks = self.found.marks.as_ref();
            let finder = marks.map(|marks| Finder::new(marks, place, &skip, interrupted));
            let mut finder = finder.transpose()?;
            let mut totals = Totals::default();
            let is_skipped = |record: &Record<'_>| {
                let is_total = |it: &mut Finder| it.is_total(record, &mut totals);
                skip.skips(record) || finder.as_mut().is_some_and(is_total)
            };
            items.see(place, &columns, is_skipped, interrupted)?;
        }
        Ok(Some(items))
    }

    fn has_item_columns(&self) -> bool {
        let columns = &self.found.survey.columns;
        columns.iter().any(|facts| headings::rank(&facts.heading, Role::Item).is_some())
    }

    /// Several rows of an order with an amount: what they mean is said by no cell.
    fn open_items(&mut self, items: &Items) {
        let mut seen = Vec::new();
        let mut add = |example: &Example, what: &str| {
            if example.is_any() {
                seen.push(format!(
                    "{} {what}, the first in line {} ({})",
                    example.count,
                    example.line,
                    printable(&example.cell)
                ));
            }
        };
        add(&items.same_amount, "have the amount of the row before");
        add(&items.other_amount, "have another amount");
        add(&items.empty, "have no amount");
        add(&items.bare, "have neither id nor amount");
        add(&items.nameless, "have an amount and no id");
        let meaning = "Say whether the amounts of an order's rows add up (\"sum\"), or each row \
                       has the order's total (\"total\"), or an order has one row, and another one \
                       is a change or is booked twice (false)";
        let text = format!("orders have further rows: {}. {meaning}", seen.join("; "));
        let is_sum =
            items.nameless.is_any() || (items.other_amount.is_any() && !items.other_date.is_any());
        let mut choices = vec![entry("line_items", "sum"), entry("line_items", "total")];
        if !is_sum {
            choices.reverse();
        }
        choices.push(entry("line_items", false));
        self.suggestion.leave_open("", "line_items", text, choices);
    }

    /// Rows with an amount and without an id: items, or totals below the table.
    fn nameless(&mut self, items: &Items) {
        let Some(facts) = self.facts(Column::MerchantOrderId) else { return };
        let heading = &facts.heading.clone();
        let is_sum = self.settings.line_items == crate::domain::order::LineItems::Sum;
        if !items.nameless.is_any() || is_sum {
            return;
        }
        let text = format!(
            "{} with an amount and no {}, the first in line {}: skip them if they are no orders (a \
             total, a fee)",
            rows(items.nameless.count),
            quoted(heading),
            items.nameless.line
        );
        let rule = skip_rule(heading, "empty", true);
        self.suggestion.leave_open("skip", "skip", text, [rule]);
    }
}
