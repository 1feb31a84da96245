//! How long both sides of an order have said what they say (contract, "Mismatches": `pending` and
//! `refunded` in the table of `status_difference`). What a run is told does not depend on later
//! runs, so a run that is judged again is told the same.

use super::decode::{Named, optional_instant};
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

/// Whether no run before this one had an answer with the `payment_status` of this answer, although
/// the order was answered before, with another one. Answers that differ in other fields are the
/// same answer here: the ledger's status is compared with nothing else.
pub(super) fn is_new_status(
    connection: &Connection,
    run_id: i64,
    answer_id: i64,
) -> rusqlite::Result<bool> {
    let mut answer = connection.prepare_cached(
        "SELECT a.run_id AS run_id, a.previous_answer_id AS previous_answer_id,
                p.kind = a.kind AND p.payment_status IS a.payment_status AS has_same_status
         FROM answers a LEFT JOIN answers p ON p.answer_id = a.previous_answer_id
         WHERE a.answer_id = ?1",
    )?;
    let mut answer_id = answer_id;
    loop {
        let (first_run, previous, has_same_status): (i64, Option<i64>, Option<bool>) = answer
            .query_row([answer_id], |row| {
                Ok((
                    row.named("run_id")?,
                    row.named("previous_answer_id")?,
                    row.named("has_same_status")?,
                ))
            })?;
        let Some(previous) = previous.filter(|_| first_run >= run_id) else { return Ok(false) };
        if has_same_status != Some(true) {
            return Ok(true);
        }
        answer_id = previous;
    }
}

/// When the ledger was first read with the status that this version of the entry has: the start of
/// the run that read the earliest of the versions with this status, without another in between.
pub(super) fn ledger_status_since(
    connection: &Connection,
    order_id: i64,
    version: i64,
) -> rusqlite::Result<Option<DateTime<Utc>>> {
    connection
        .prepare_cached(
            "SELECT u.started_at_ms AS started_at_ms
             FROM entries e
             JOIN ledger_files f ON f.file_id = e.file_id
             JOIN runs u ON u.run_id = f.run_id
             WHERE e.order_id = ?1 AND e.version <= ?2
               AND e.version > coalesce(
                   (SELECT max(other.version)
                    FROM entries other
                    JOIN entries this ON this.order_id = ?1 AND this.version = ?2
                    WHERE other.order_id = ?1 AND other.version < ?2
                      AND other.status IS NOT this.status), 0)
             ORDER BY e.version LIMIT 1",
        )?
        .query_row([order_id, version], |row| optional_instant(row, "started_at_ms"))
        .optional()
        .map(Option::flatten)
}
