//! Runs whose rows were dropped: what is kept of them, and that they say so.

use super::dropping::Rows;
use crate::domain::decision::Verdict;
use crate::domain::mismatch::Kind;
use crate::store::decode::{date, instant, unreadable};
use crate::store::error::StoreError;
use crate::store::{RunRow, Store};
use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;

/// Rows of a run that belong to no order. Its files, warnings, doubted days and new findings stay:
/// they are few, and later runs are compared with them.
const OF_RUN: [&str; 2] = ["run_digests", "invalid_rows"];

/// Marks a run, in the caller's transaction: its figures are kept as `runs` shows them, and the
/// rows of its own go.
pub(super) fn mark(connection: &Connection, run_id: i64, prune_id: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO pruned_runs (run_id, prune_id, answered, reused, findings, accepted)
             SELECT ?1, ?2,
                 (SELECT count(*) FROM run_orders
                  WHERE run_id = ?1 AND answered_at_ms IS NOT NULL AND tries > 0),
                 (SELECT count(*) FROM run_orders
                  WHERE run_id = ?1 AND answered_at_ms IS NOT NULL AND tries = 0),
                 (SELECT json_group_object(kind, findings)
                  FROM (SELECT kind, count(*) AS findings FROM reported_mismatches
                        WHERE run_id = ?1 AND verdict IS NOT ?3 GROUP BY kind)),
                 (SELECT json_group_object(kind, findings)
                  FROM (SELECT kind, count(*) AS findings FROM reported_mismatches
                        WHERE run_id = ?1 AND verdict IS ?3 GROUP BY kind))",
        )?
        .execute(params![run_id, prune_id, Verdict::Accepted.as_str()])?;
    for table in OF_RUN {
        let sql = ["DELETE FROM ", table, " WHERE run_id = ?1"].concat();
        connection.prepare_cached(&sql)?.execute([run_id])?;
    }
    connection
        .prepare_cached("UPDATE runs SET rows_sha256 = NULL WHERE run_id = ?1")?
        .execute([run_id])
        .map(|_| ())
}

/// Counts the rows of its own that [`mark`] would delete.
pub(super) fn count_rows(
    connection: &Connection,
    run_id: i64,
    rows: &mut Rows,
) -> rusqlite::Result<()> {
    for table in OF_RUN {
        let sql = ["SELECT count(*) FROM ", table, " WHERE run_id = ?1"].concat();
        let count: i64 = connection.prepare_cached(&sql)?.query_row([run_id], |row| row.get(0))?;
        rows.add(table, u64::try_from(count).unwrap_or(0));
    }
    Ok(())
}

/// Fills in what is counted from rows of other runs, if this run was pruned. `false`: it was not.
pub(in crate::store) fn fill(connection: &Connection, run: &mut RunRow) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT p.started_at_ms AS started_at_ms, r.answered AS answered, r.reused AS reused,
                r.findings AS findings, r.accepted AS accepted
         FROM pruned_runs r JOIN prunes p ON p.prune_id = r.prune_id WHERE r.run_id = ?1",
    )?;
    let mut rows = statement.query([run.summary.run_id])?;
    let Some(row) = rows.next()? else { return Ok(false) };
    run.pruned_at = Some(instant(row, "started_at_ms")?);
    let answered: i64 = row.get("answered")?;
    run.answered = u64::try_from(answered).unwrap_or(0);
    let reused: i64 = row.get("reused")?;
    run.summary.figures.orders.reused = u64::try_from(reused).unwrap_or(0);
    run.summary.figures.mismatches = counts(&row.get::<_, String>("findings")?)?;
    run.summary.figures.accepted = counts(&row.get::<_, String>("accepted")?)?;
    Ok(true)
}

/// A number for each kind, from JSON.
fn counts(json: &str) -> rusqlite::Result<BTreeMap<Kind, u64>> {
    let damaged = || unreadable("findings");
    let counts: BTreeMap<String, u64> = serde_json::from_str(json).map_err(|_| damaged())?;
    counts
        .into_iter()
        .map(|(word, count)| Ok((Kind::from_word(&word).ok_or_else(damaged)?, count)))
        .collect()
}

/// Refuses a run whose rows were dropped.
pub(in crate::store) fn refuse(store: &Store, run_id: i64) -> Result<(), StoreError> {
    let pruned_at = store
        .connection
        .query_row(
            "SELECT p.started_at_ms AS started_at_ms
             FROM pruned_runs r JOIN prunes p ON p.prune_id = r.prune_id WHERE r.run_id = ?1",
            [run_id],
            |row| instant(row, "started_at_ms"),
        )
        .optional()
        .map_err(|error| store.error(&error))?;
    match pruned_at {
        None => Ok(()),
        Some(at) => Err(StoreError::Pruned {
            what: format!("run {run_id} was pruned on {}", at.date_naive()),
        }),
    }
}

impl Store {
    /// Refuses a run whose rows were dropped: nothing but its line in `runs` is left.
    ///
    /// # Errors
    /// It was pruned, or the database cannot be read.
    pub(crate) fn refuse_pruned(&self, run_id: i64) -> Result<(), StoreError> {
        refuse(self, run_id)
    }

    /// Refuses a day whose open mismatches may have been dropped since.
    ///
    /// # Errors
    /// It is too early, or the database cannot be read.
    pub(crate) fn refuse_pruned_day(&self, day: NaiveDate) -> Result<(), StoreError> {
        let before = self
            .connection
            .query_row(
                "SELECT max(before_day) AS before_day FROM prunes
                 WHERE orders > 0 HAVING max(before_day) IS NOT NULL",
                (),
                |row| date(row, "before_day"),
            )
            .optional()
            .map_err(|error| self.error(&error))?;
        // What ended before that day was not open at the end of the day before it.
        match before.filter(|before| day.succ_opt().is_some_and(|next| next < *before)) {
            None => Ok(()),
            Some(before) => Err(StoreError::Pruned {
                what: format!(
                    "what was open on {day} is not known: orders before {before} were \
                               pruned"
                ),
            }),
        }
    }
}
