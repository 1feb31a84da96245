//! The rows of an order in one file, taken together: their amounts add up, or each repeats the
//! total (contract, "Ledger": `line_items`). They may be far apart, so they wait in a temporary
//! table until the file has been read.

use super::decode::word;
use super::import::{Import, stored};
use super::repeats::add_clause;
use super::to_ms;
use crate::domain::amount::Amount;
use crate::domain::order::{
    CreatedAt, Entry, InvalidRow, ItemRow, LedgerStatus, LineItems, OrderKey, RowCells, widen,
};
use crate::domain::payment::{AccountingType, TransactionType};
use crate::domain::rows::{Comparison, compare, direction_of, update_cells};
use chrono::{DateTime, NaiveDate};
use rusqlite::{Connection, Row, params};

/// Makes the table, empty.
pub(super) fn create_table(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS items (
             item INTEGER PRIMARY KEY, merchant_uid, merchant_order_id, file, line, raw, reason,
             amount_micros, currency, order_date, ages_from_ms, transaction_type, accounting_type,
             status);
         CREATE INDEX IF NOT EXISTS temp.items_by_order ON items (merchant_order_id, merchant_uid);
         DELETE FROM temp.items;",
    )
}

/// What the rows of an order say together.
struct Group {
    cells: RowCells,
    /// The line of the row whose values count.
    line: u64,
    conflict: Option<String>,
    /// As [`Entry::conflict_amounts`].
    conflict_amounts: Option<(Amount, Amount)>,
    rows: u64,
    repeated: u64,
    superseded: u64,
}

impl Import<'_> {
    /// Keeps a row until its file has been read.
    pub(super) fn add_item(&mut self, row: &ItemRow) -> rusqlite::Result<()> {
        self.directions = row.directions;
        let cells = row.cells.as_ref().ok();
        let created_at = cells.and_then(|cells| cells.created_at);
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO temp.items (merchant_uid, merchant_order_id, file, line, raw, reason,
                 amount_micros, currency, order_date, ages_from_ms, transaction_type,
                 accounting_type, status)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        insert.execute(params![
            row.key.merchant_uid,
            row.key.merchant_order_id,
            row.file,
            stored(row.line),
            row.raw,
            row.cells.as_ref().err(),
            cells.and_then(|cells| cells.amount).map(Amount::micros),
            cells.and_then(|cells| cells.currency.as_ref()),
            created_at.map(|created_at| created_at.date.to_string()),
            created_at.map(|created_at| to_ms(created_at.ages_from)),
            cells.and_then(|cells| cells.transaction_type.as_ref()).map(TransactionType::as_str),
            cells.and_then(|cells| cells.accounting_type.as_ref()).map(AccountingType::as_str),
            cells.and_then(|cells| cells.status.as_ref()).map(LedgerStatus::as_str),
        ])?;
        Ok(())
    }

    /// Stores the orders of the file that has been read, in the order of their first rows.
    pub(super) fn store_items(&mut self) -> rusqlite::Result<()> {
        let connection = self.connection;
        let mut orders = connection.prepare_cached(
            "SELECT merchant_uid, merchant_order_id,
                    min(CASE WHEN reason IS NOT NULL THEN line END) AS invalid_line
             FROM temp.items GROUP BY merchant_order_id, merchant_uid ORDER BY min(item)",
        )?;
        let mut orders = orders.query(())?;
        while let Some(order) = orders.next()? {
            let key = OrderKey {
                merchant_uid: order.get("merchant_uid")?,
                merchant_order_id: order.get("merchant_order_id")?,
            };
            let invalid_line: Option<i64> = order.get("invalid_line")?;
            let together = match invalid_line {
                Some(line) => Err(format!("another row of this order, line {line}, is invalid")),
                None => self.together(&key)?,
            };
            match together {
                Ok((entry, group)) => {
                    // The row that counts is counted as it is stored.
                    self.figures.rows += group.rows - 1;
                    self.figures.repeated += group.repeated;
                    self.figures.superseded += group.superseded;
                    self.add_complete(entry, group.line)?;
                }
                Err(reason) => self.add_invalid_items(&key, &reason)?,
            }
        }
        drop(orders);
        connection.execute("DELETE FROM temp.items", ())?;
        Ok(())
    }

    /// The entry of an order, or why its rows are invalid.
    fn together(&self, key: &OrderKey) -> rusqlite::Result<Result<(Entry, Group), String>> {
        let mut rows = self.connection.prepare_cached(
            "SELECT * FROM temp.items WHERE merchant_order_id = ?1 AND merchant_uid IS ?2
             ORDER BY item",
        )?;
        let mut rows = rows.query(params![key.merchant_order_id, key.merchant_uid])?;
        let mut group: Option<Group> = None;
        while let Some(row) = rows.next()? {
            let (cells, line) = (cells(row, key)?, line(row)?);
            if let Some(group) = &mut group {
                if let Err(reason) = self.add_to(group, cells, line) {
                    return Ok(Err(reason));
                }
            } else {
                group = Some(Group {
                    cells,
                    line,
                    conflict: None,
                    conflict_amounts: None,
                    rows: 1,
                    repeated: 0,
                    superseded: 0,
                });
            }
        }
        let Some(mut group) = group else { return Err(rusqlite::Error::QueryReturnedNoRows) };
        Ok(self.entry(&mut group).map(|entry| (entry, group)))
    }

    /// Adds a later row of the order.
    fn add_to(&self, group: &mut Group, row: RowCells, line: u64) -> Result<(), String> {
        let is_sum = self.line_items == LineItems::Sum;
        let amount = match (group.cells.amount, row.amount) {
            (Some(before), Some(amount)) if is_sum => {
                Some(before.checked_add(amount).ok_or("the sum of its amounts is too large")?)
            }
            (before, amount) => amount.or(before),
        };
        if is_sum
            && let (Some(before), Some(here)) = (&group.cells.currency, &row.currency)
            && before != here
        {
            return Err(format!(
                "the rows of this order have different currencies, {before} and {here}: their \
                 amounts do not add up"
            ));
        }
        let file = self.file_name(self.file_id());
        let [before, here] = [group.line, line].map(|line| format!("{file} line {line}"));
        let mut compared = row;
        let own = if is_sum { compared.amount.take() } else { compared.amount };
        group.rows += 1;
        widen(&mut group.conflict_amounts, group.cells.amount.filter(|_| !is_sum), own);
        match compare(&group.cells, &compared, &before, &here) {
            Comparison::Repeated => group.repeated += 1,
            Comparison::Superseded { conflict, .. } => {
                group.superseded += 1;
                group.line = line;
                if let Some(conflict) = conflict {
                    add_clause(&mut group.conflict, conflict);
                }
            }
        }
        update_cells(&mut group.cells, RowCells { amount: own, ..compared });
        group.cells.amount = amount;
        Ok(())
    }

    fn entry(&self, group: &mut Group) -> Result<Entry, String> {
        let mut cells = group.cells.clone();
        if let Some(amount) = cells.amount {
            let given = cells.transaction_type.take();
            cells.transaction_type = direction_of(amount, self.directions, given)?;
            cells.amount = Some(amount.abs());
        }
        let mut entry = cells.into_entry().map_err(|cells| {
            let column = cells.missing_column().unwrap_or("a required cell");
            format!("{column} is empty in every row of this order")
        })?;
        entry.conflict = group.conflict.take();
        entry.conflict_amounts = group.conflict_amounts.take();
        Ok(entry)
    }

    fn add_invalid_items(&mut self, key: &OrderKey, reason: &str) -> rusqlite::Result<()> {
        let connection = self.connection;
        let mut rows = connection.prepare_cached(
            "SELECT file, line, raw, reason FROM temp.items
             WHERE merchant_order_id = ?1 AND merchant_uid IS ?2 ORDER BY item",
        )?;
        let mut rows = rows.query(params![key.merchant_order_id, key.merchant_uid])?;
        while let Some(row) = rows.next()? {
            let own: Option<String> = row.get("reason")?;
            self.add_invalid(&InvalidRow {
                file: row.get("file")?,
                line: line(row)?,
                reason: own.unwrap_or_else(|| reason.to_owned()),
                raw: row.get("raw")?,
            })?;
        }
        Ok(())
    }
}

fn line(row: &Row<'_>) -> rusqlite::Result<u64> {
    let line: i64 = row.get("line")?;
    Ok(u64::try_from(line).unwrap_or_default())
}

fn cells(row: &Row<'_>, key: &OrderKey) -> rusqlite::Result<RowCells> {
    let amount: Option<i64> = row.get("amount_micros")?;
    let date: Option<String> = row.get("order_date")?;
    let ages_from: Option<i64> = row.get("ages_from_ms")?;
    let date = date.and_then(|date| date.parse::<NaiveDate>().ok());
    let ages_from = ages_from.and_then(DateTime::from_timestamp_millis);
    Ok(RowCells {
        key: key.clone(),
        amount: amount.map(Amount::from_micros),
        currency: row.get("currency")?,
        created_at: ages_from.zip(date).map(|(ages_from, date)| CreatedAt { ages_from, date }),
        transaction_type: word(row, "transaction_type", TransactionType::from_word)?,
        accounting_type: word(row, "accounting_type", AccountingType::from_word)?,
        status: word(row, "status", LedgerStatus::from_word)?,
    })
}

#[cfg(test)]
#[path = "items_tests.rs"]
mod tests;
