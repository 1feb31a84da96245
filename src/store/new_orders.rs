//! Storing a batch of complete rows, several rows a statement.

use super::entry_columns::bind_entry;
use super::import::{Import, stored};
use crate::domain::order::{Entry, OrderKey};
use rusqlite::{CachedStatement, Connection};

/// Rows of one statement.
const ROWS: usize = 32;

/// The statements that a batch needs, for `ROWS` rows and for one.
pub(super) struct Statements<'a> {
    pub(super) find_order: CachedStatement<'a>,
    orders: Insert<'a>,
    entries: Insert<'a>,
    selected: Insert<'a>,
}

/// An INSERT, for many rows and for one.
struct Insert<'a> {
    /// Parameters of a row.
    parameters: usize,
    many: CachedStatement<'a>,
    one: CachedStatement<'a>,
}

impl Insert<'_> {
    fn new<'a>(
        connection: &'a Connection,
        begin: &str,
        row: &str,
        end: &str,
    ) -> rusqlite::Result<Insert<'a>> {
        let sized = |rows| {
            let rows = vec![row; rows].join(", ");
            connection.prepare_cached(&format!("{begin} VALUES {rows} {end}"))
        };
        let parameters = row.matches('?').count();
        Ok(Insert { parameters, many: sized(ROWS)?, one: sized(1)? })
    }

    /// Executes it for all rows, as many at a time as it can, and counts those that changed
    /// something. `bind` binds a row to its parameters, from this one on.
    fn execute<T>(
        &mut self,
        rows: &[T],
        bind: impl Fn(&mut CachedStatement, usize, &T) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<usize> {
        let (chunks, rest) = rows.as_chunks::<ROWS>();
        let chunks = chunks.iter().map(|chunk| &chunk[..]).chain(rest.chunks(1));
        let mut changed = 0;
        for chunk in chunks {
            let statement = if chunk.len() == 1 { &mut self.one } else { &mut self.many };
            for (index, row) in chunk.iter().enumerate() {
                bind(statement, 1 + index * self.parameters, row)?;
            }
            changed += statement.raw_execute()?;
        }
        Ok(changed)
    }
}

impl Statements<'_> {
    pub(super) fn new(connection: &Connection) -> rusqlite::Result<Statements<'_>> {
        Ok(Statements {
            find_order: connection.prepare_cached(
                "SELECT order_id FROM orders WHERE merchant_order_id = ?1
                                              AND merchant_uid = ?2",
            )?,
            orders: Insert::new(
                connection,
                "INSERT INTO orders (order_id, merchant_uid, merchant_order_id, entry_version)",
                "(?, ?, ?, 1)",
                "ON CONFLICT (merchant_order_id, merchant_uid) DO NOTHING",
            )?,
            entries: Insert::new(
                connection,
                concat!(
                    "INSERT INTO entries (order_id, version, file_id, line, ",
                    entry_columns!(""),
                    ")"
                ),
                concat!("(?, 1, ?, ?, ", entry_parameters!(), ")"),
                "",
            )?,
            selected: Insert::new(
                connection,
                "INSERT INTO run_orders (run_id, order_id, entry_version)",
                "(?, ?, 1)",
                "",
            )?,
        })
    }
}

/// A row of a batch, with the number that its order gets if it is new.
#[derive(Clone, Copy)]
struct Numbered<'a> {
    order_id: i64,
    entry: &'a Entry,
    line: u64,
}

impl Import<'_> {
    /// Stores the rows that wait: new orders first; then the rows of orders that were known, or
    /// that an earlier row of the batch has made known, as they came.
    pub(super) fn store_waiting(&mut self) -> rusqlite::Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        let numbered = (self.last_order_id + 1..).zip(&rows);
        let numbered: Vec<Numbered> = numbered
            .map(|(order_id, (entry, line))| Numbered { order_id, entry, line: *line })
            .collect();
        let are_new = self.insert_orders(&numbered)?;
        let new = numbered.iter().zip(&are_new).filter(|(_, is_new)| **is_new);
        let new: Vec<Numbered> = new.map(|(row, _)| *row).collect();
        self.insert_entries(&new)?;
        self.last_order_id = new.last().map_or(self.last_order_id, |row| row.order_id);
        for ((entry, line), is_new) in rows.into_iter().zip(are_new) {
            if is_new {
                self.figures.accepted += 1;
            } else {
                self.add_known(entry, line)?;
            }
        }
        Ok(())
    }

    /// Inserts the orders that are new, and says for each row whether it is one.
    fn insert_orders(&mut self, rows: &[Numbered]) -> rusqlite::Result<Vec<bool>> {
        // Of two rows with one key, the earlier one is the order.
        let inserted = self.statements.orders.execute(rows, |statement, first, row| {
            let (merchant_order_id, merchant_uid) = key(row.entry);
            statement.raw_bind_parameter(first, row.order_id)?;
            statement.raw_bind_parameter(first + 1, merchant_uid)?;
            statement.raw_bind_parameter(first + 2, merchant_order_id)
        })?;
        if inserted == rows.len() {
            return Ok(vec![true; rows.len()]);
        }
        let mut order_ids = self
            .connection
            .prepare_cached("SELECT order_id FROM orders WHERE order_id > ?1 ORDER BY order_id")?;
        let order_ids = order_ids.query_map([self.last_order_id], |row| row.get(0))?;
        let order_ids: Vec<i64> = order_ids.collect::<rusqlite::Result<_>>()?;
        let is_new = |row: &Numbered| order_ids.binary_search(&row.order_id).is_ok();
        Ok(rows.iter().map(is_new).collect())
    }

    /// Inserts the first entries of new orders, and selects the orders for the run.
    fn insert_entries(&mut self, new: &[Numbered]) -> rusqlite::Result<()> {
        let (file_id, run_id) = (self.file_id(), self.run_id);
        self.statements.entries.execute(new, |statement, first, row| {
            statement.raw_bind_parameter(first, row.order_id)?;
            statement.raw_bind_parameter(first + 1, file_id)?;
            statement.raw_bind_parameter(first + 2, stored(row.line))?;
            bind_entry(statement, first + 3, row.entry)
        })?;
        let is_selected = |row: &&Numbered| self.selection.selects(row.entry);
        let selected: Vec<Numbered> = new.iter().filter(is_selected).copied().collect();
        let selected = self.statements.selected.execute(&selected, |statement, first, row| {
            statement.raw_bind_parameter(first, run_id)?;
            statement.raw_bind_parameter(first + 1, row.order_id)
        })?;
        self.selected += u64::try_from(selected).unwrap_or(u64::MAX);
        Ok(())
    }
}

/// What an order is found by.
fn key(entry: &Entry) -> (&str, &str) {
    let OrderKey { merchant_uid, merchant_order_id } = &entry.key;
    (merchant_order_id, merchant_uid.as_deref().unwrap_or_default())
}
