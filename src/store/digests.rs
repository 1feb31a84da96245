//! Digests of the rows that a run rests on and of what it says, so that a value that changed in the
//! file shows (contract, exit code 15): SQLite has no checksum of its own.
//!
//! A digest covers a thousand of the run's orders; number 0 covers the run itself. They are made
//! while the run is judged, in its transaction: page by page, while what they cover is in memory.
//! [`super::hashed`] says what they cover; [`super::checking`] compares.

use super::hashed::{OF_ORDERS, OF_RUN, SOLVED, add_rows};
use rusqlite::{Connection, Row, params};
use sha2::{Digest, Sha256};

/// Orders that one digest covers: those of a page that is judged.
pub(crate) const THOUSAND: u32 = 1_000;

/// A SHA-256.
pub(super) type Sum = [u8; 32];

/// A thousand orders of a run, in the order of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Thousand {
    /// 1 is the first.
    pub(super) number: i64,
    pub(super) first_order_id: i64,
    pub(super) last_order_id: i64,
    /// How many orders there are: a thousand, or fewer in the last one.
    pub(super) orders: i64,
}

/// The orders after the first up to the second of these ids.
pub(super) type Range = (i64, i64);

/// Begins anew: what an earlier judgement of the run has left is dropped.
pub(super) fn begin(connection: &Connection, run_id: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM run_digests WHERE run_id = ?1", [run_id]).map(|_| ())
}

/// Keeps the digest of a page. [`finish`] adds what is known only when all orders are judged.
pub(super) fn keep(
    connection: &Connection,
    run_id: i64,
    (first, last): (i64, i64),
    orders: usize,
) -> rusqlite::Result<()> {
    let sum = orders_sum(connection, run_id, (first.saturating_sub(1), last))?;
    connection
        .prepare_cached(
            "INSERT INTO run_digests (run_id, number, first_order_id, last_order_id, orders, sha256)
             SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5
             FROM run_digests WHERE run_id = ?1",
        )?
        .execute(params![run_id, first, last, i64::try_from(orders).unwrap_or(i64::MAX), sum])
        .map(|_| ())
}

/// Completes the digests once everything else is stored, and keeps all of them in one.
pub(super) fn finish(connection: &Connection, run_id: i64) -> rusqlite::Result<()> {
    let own = run_sum(connection, run_id)?;
    let mut chain = own;
    let mut number = 0;
    while let Some((thousand, begun)) = next(connection, run_id, number)? {
        number = thousand.number;
        let range = (thousand.first_order_id.saturating_sub(1), thousand.last_order_id);
        let sum = whole_sum(connection, run_id, thousand, range, begun)?;
        connection
            .prepare_cached("UPDATE run_digests SET sha256 = ?3 WHERE run_id = ?1 AND number = ?2")?
            .execute(params![run_id, number, sum])?;
        chain = chained(chain, sum);
    }
    connection.execute(
        "INSERT INTO run_digests (run_id, number, orders, sha256) VALUES (?1, 0, 0, ?2)",
        params![run_id, own],
    )?;
    connection
        .execute(
            "UPDATE runs SET rows_sha256 = ?2 WHERE run_id = ?1",
            params![run_id, hex::encode(chain)],
        )
        .map(|_| ())
}

/// The digest of a run after this number, if there is one.
fn next(
    connection: &Connection,
    run_id: i64,
    after: i64,
) -> rusqlite::Result<Option<(Thousand, Sum)>> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM run_digests WHERE run_id = ?1 AND number > ?2 ORDER BY number LIMIT 1",
    )?;
    let mut rows = statement.query([run_id, after])?;
    rows.next()?.map(thousand).transpose()
}

/// All digests of a run, in the order of their numbers.
pub(super) fn all(connection: &Connection, run_id: i64) -> rusqlite::Result<Vec<(Thousand, Sum)>> {
    connection
        .prepare_cached("SELECT * FROM run_digests WHERE run_id = ?1 ORDER BY number")?
        .query_map([run_id], thousand)?
        .collect()
}

fn thousand(row: &Row) -> rusqlite::Result<(Thousand, Sum)> {
    let id = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.unwrap_or(0));
    let thousand = Thousand {
        number: row.get("number")?,
        first_order_id: id("first_order_id")?,
        last_order_id: id("last_order_id")?,
        orders: row.get("orders")?,
    };
    Ok((thousand, row.get("sha256")?))
}

/// The digest of the run itself.
pub(super) fn run_sum(connection: &Connection, run_id: i64) -> rusqlite::Result<Sum> {
    let mut digest = Sha256::new();
    for sql in OF_RUN.iter() {
        add_rows(&mut digest, connection, sql, [run_id])?;
    }
    Ok(digest.finalize().into())
}

/// The digest of the orders of a range, without what is only known when all orders are judged.
pub(super) fn orders_sum(
    connection: &Connection,
    run_id: i64,
    (after, last): Range,
) -> rusqlite::Result<Sum> {
    let mut digest = Sha256::new();
    for sql in OF_ORDERS.iter() {
        add_rows(&mut digest, connection, sql, [run_id, after, last])?;
    }
    Ok(digest.finalize().into())
}

/// The whole digest of a thousand, from [`orders_sum`]. Its bounds are hashed too: they are stored
/// beside it.
pub(super) fn whole_sum(
    connection: &Connection,
    run_id: i64,
    thousand: Thousand,
    (after, last): Range,
    begun: Sum,
) -> rusqlite::Result<Sum> {
    let mut digest = Sha256::new();
    let Thousand { number, first_order_id, last_order_id, orders } = thousand;
    for value in [number, first_order_id, last_order_id, orders] {
        digest.update(value.to_be_bytes());
    }
    digest.update(begun);
    add_rows(&mut digest, connection, &SOLVED, [run_id, after, last])?;
    Ok(digest.finalize().into())
}

/// All digests so far in one, with the next one.
pub(super) fn chained(before: Sum, next: Sum) -> Sum {
    Sha256::new().chain_update(before).chain_update(next).finalize().into()
}
