//! Deletes the orders of `temp.going` with all that belongs to them, or counts what that would be.

use super::choosing::Batch;
use super::{Cutoff, Dropped};
use crate::store::to_ms;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// How the rows of an order are found in a table.
enum By {
    /// By the order.
    Order,
    /// By the run, then by the order: there is no index by order, it would cost each night.
    Run,
    /// Answers: each knows the one before it, and the order knows the last one.
    Answer,
    /// By the payments of the answers.
    Payment,
}

/// Every table that has rows of an order, in the order in which they are deleted: what finds the
/// rows of another table goes after it.
const TABLES: [(&str, By); 11] = [
    ("run_orders", By::Run),
    ("solved_orders", By::Run),
    ("reported_mismatches", By::Order),
    ("reported_orders", By::Order),
    ("mismatch_events", By::Order),
    ("open_now", By::Order),
    ("decision_events", By::Order),
    ("orders_by_payment", By::Payment),
    ("answers", By::Answer),
    ("entries", By::Order),
    ("orders", By::Order),
];

/// How many rows of each table go.
#[derive(Debug, Default)]
pub(super) struct Rows {
    by_table: BTreeMap<&'static str, u64>,
}

impl Rows {
    pub(super) fn add(&mut self, table: &'static str, rows: u64) {
        *self.by_table.entry(table).or_default() += rows;
    }

    /// The tables with rows that go.
    pub(super) fn tables(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.by_table.iter().map(|(table, rows)| (*table, *rows)).filter(|(_, rows)| *rows > 0)
    }

    pub(super) fn add_to(&self, dropped: &mut Dropped) {
        let of = |table| self.by_table.get(table).copied().unwrap_or(0);
        dropped.orders += of("orders");
        dropped.answers += of("answers");
        dropped.decisions += of("decision_events");
    }
}

/// Deletes a batch, in the caller's transaction.
pub(super) fn drop_batch(
    connection: &Connection,
    batch: Batch,
    runs: &[i64],
    prune_id: i64,
    rows: &mut Rows,
) -> rusqlite::Result<()> {
    if batch.going == 0 {
        return Ok(());
    }
    find_answers(connection)?;
    // The schema lets a decision go only after this.
    connection
        .prepare_cached(
            "INSERT INTO pruned_decisions (decision_id, prune_id, event, mismatch_id, taken_at_ms)
             SELECT decision_id, ?1, event, mismatch_id, taken_at_ms FROM decision_events
             WHERE order_id IN (SELECT order_id FROM temp.going)",
        )?
        .execute([prune_id])?;
    each_table(batch, runs, |table, condition, parameters| {
        let sql = ["DELETE FROM ", table, " WHERE ", condition].concat();
        let gone =
            connection.prepare_cached(&sql)?.execute(rusqlite::params_from_iter(parameters))?;
        rows.add(table, u64::try_from(gone).unwrap_or(u64::MAX));
        Ok(())
    })
}

/// Counts what [`drop_batch`] would delete.
pub(super) fn count_batch(
    connection: &Connection,
    batch: Batch,
    runs: &[i64],
    rows: &mut Rows,
) -> rusqlite::Result<()> {
    if batch.going == 0 {
        return Ok(());
    }
    find_answers(connection)?;
    each_table(batch, runs, |table, condition, parameters| {
        let sql = ["SELECT count(*) FROM ", table, " WHERE ", condition].concat();
        let count: i64 = connection
            .prepare_cached(&sql)?
            .query_row(rusqlite::params_from_iter(parameters), |row| row.get(0))?;
        rows.add(table, u64::try_from(count).unwrap_or(0));
        Ok(())
    })
}

/// Hands over each table with the condition that finds the rows that go.
fn each_table(
    batch: Batch,
    runs: &[i64],
    mut take: impl FnMut(&'static str, &'static str, &[i64]) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    for (table, by) in TABLES {
        match by {
            By::Order => take(table, "order_id IN (SELECT order_id FROM temp.going)", &[])?,
            By::Run => {
                for run_id in runs {
                    let condition = "run_id = ?1 AND order_id BETWEEN ?2 AND ?3
                                     AND order_id IN (SELECT order_id FROM temp.going)";
                    take(table, condition, &[*run_id, batch.first, batch.last])?;
                }
            }
            By::Answer => {
                take(table, "answer_id IN (SELECT answer_id FROM temp.going_answers)", &[])?;
            }
            By::Payment => {
                let condition = "(payment_hash, order_id) IN
                    (SELECT payment_hash(a.payment_uid), a.order_id
                     FROM temp.going_answers g CROSS JOIN answers a ON a.answer_id = g.answer_id
                     WHERE a.payment_uid IS NOT NULL)";
                take(table, condition, &[])?;
            }
        }
    }
    Ok(())
}

/// Notes every answer of the orders that go: from the last one of each back to its first.
fn find_answers(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM temp.going_answers")?.execute(())?;
    connection
        .prepare_cached(
            "WITH RECURSIVE told (answer_id) AS
                 (SELECT o.answer_id
                  FROM temp.going g CROSS JOIN orders o ON o.order_id = g.order_id
                  WHERE o.answer_id IS NOT NULL
                  UNION ALL
                  SELECT a.previous_answer_id FROM told CROSS JOIN answers a
                      ON a.answer_id = told.answer_id
                  WHERE a.previous_answer_id IS NOT NULL)
             INSERT INTO temp.going_answers SELECT answer_id FROM told",
        )?
        .execute(())
        .map(|_| ())
}

/// Refused decisions about no known order, taken before a time and by no run that stays.
const STRAY: &str = "order_id IS NULL AND taken_at_ms < ?1
    AND (taken_by_run_id IS NULL OR taken_by_run_id NOT IN (SELECT run_id FROM temp.kept_runs))
    AND decision_id <> (SELECT max(decision_id) FROM decision_events)";

/// Deletes decisions about no known order, in the caller's transaction.
pub(super) fn drop_stray_decisions(
    connection: &Connection,
    cutoff: Cutoff,
    prune_id: i64,
) -> rusqlite::Result<u64> {
    let before = to_ms(cutoff.decisions_before);
    let record = [
        "INSERT INTO pruned_decisions (decision_id, prune_id, event, mismatch_id, taken_at_ms)
         SELECT decision_id, ?2, event, mismatch_id, taken_at_ms FROM decision_events WHERE ",
        STRAY,
    ]
    .concat();
    connection.execute(&record, params![before, prune_id])?;
    let gone =
        connection.execute(&["DELETE FROM decision_events WHERE ", STRAY].concat(), [before])?;
    Ok(u64::try_from(gone).unwrap_or(u64::MAX))
}

/// Counts what [`drop_stray_decisions`] would delete.
pub(super) fn count_stray_decisions(
    connection: &Connection,
    cutoff: Cutoff,
) -> rusqlite::Result<u64> {
    let sql = ["SELECT count(*) FROM decision_events WHERE ", STRAY].concat();
    let count: i64 =
        connection.query_row(&sql, [to_ms(cutoff.decisions_before)], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
mod tests {
    use super::super::super::Store;
    use super::TABLES;
    use std::collections::BTreeSet;

    #[test]
    fn no_table_with_rows_of_an_order_is_forgotten() {
        let store = Store::temporary().unwrap();
        let sql = "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
                   WHERE m.type = 'table' AND c.name = 'order_id'";
        let mut statement = store.connection().prepare(sql).unwrap();
        let tables: BTreeSet<String> =
            statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(tables, TABLES.iter().map(|(table, _)| (*table).to_owned()).collect());
    }
}
