//! Orders that one payment answers for (contract, "Mismatches": `duplicate_payment`).
//!
//! An index on `payment_uid` would touch a page of its own for each new order, because uids are
//! random. So the uids of a run are gathered when it is judged, sorted by a short hash. The hash
//! finds orders that may share a payment; their latest answers say whether they do.

use crate::domain::order::OrderKey;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

/// The most orders of one payment that are compared. Without a limit, a gateway that answers all
/// orders with the same payment would make a night quadratic.
const MOST_SHARED: u32 = 100;

/// Adds the function `payment_hash(payment_uid)` to a connection: 32 bits, which take four bytes.
pub(super) fn add_payment_hash(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("payment_hash", 1, flags, |context| {
        let digest = Sha256::digest(context.get_raw(0).as_str()?);
        Ok(i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]))
    })
}

/// Gathers the payments of all answers so far, and in `temp.may_share` the orders of a run that is
/// to be judged whose payment may be another order's too.
pub(super) fn gather_payments(connection: &Connection, run_id: i64) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS run_payments (payment_hash INTEGER NOT NULL,
                                                       order_id INTEGER NOT NULL);
         CREATE TEMP TABLE IF NOT EXISTS may_share (order_id INTEGER PRIMARY KEY);
         DELETE FROM temp.run_payments;
         DELETE FROM temp.may_share;",
    )?;
    connection.execute(
        "INSERT INTO temp.run_payments
         SELECT payment_hash(a.payment_uid) AS payment_hash, r.order_id
         FROM run_orders r CROSS JOIN answers a ON a.answer_id = r.answer_id
         WHERE r.run_id = ?1 AND a.payment_uid IS NOT NULL
         UNION ALL
         SELECT payment_hash(a.payment_uid), a.order_id FROM answers a
         WHERE a.answer_id > (SELECT answer_id FROM gathered_payments) AND a.run_id <> ?1
           AND a.payment_uid IS NOT NULL
         ORDER BY 1, 2",
        [run_id],
    )?;
    connection.execute_batch(
        "INSERT OR IGNORE INTO orders_by_payment
         SELECT payment_hash, order_id FROM temp.run_payments;
         UPDATE gathered_payments SET answer_id = (SELECT coalesce(max(answer_id), 0) FROM answers);
         INSERT OR IGNORE INTO temp.may_share
         SELECT p.order_id FROM temp.run_payments p
         WHERE EXISTS (SELECT 1 FROM orders_by_payment s
                       WHERE s.payment_hash = p.payment_hash AND s.order_id <> p.order_id);
         DELETE FROM temp.run_payments;",
    )
}

/// The merchant's other orders with the same payment, up to 100.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    /// Their ids.
    pub(super) orders: Vec<String>,
    /// Whether none of them is earlier, by the ledger's time and then by the order in which they
    /// became known.
    pub(super) is_first: bool,
}

/// The merchant's other orders whose latest answer has this payment. `ages_from_ms` is the ledger's
/// time of the order itself.
pub(super) fn shared_with(
    connection: &Connection,
    (order_id, ages_from_ms): (i64, i64),
    key: &OrderKey,
    payment_uid: &str,
) -> rusqlite::Result<Shared> {
    let mut statement = connection.prepare_cached(
        // CROSS JOIN: by the payment first, not by the merchant, which has all orders of one.
        "SELECT o.merchant_order_id AS merchant_order_id, o.order_id AS order_id,
                e.ages_from_ms AS ages_from_ms
         FROM orders_by_payment s
         CROSS JOIN orders o ON o.order_id = s.order_id
         CROSS JOIN answers a ON a.answer_id = o.answer_id
         LEFT JOIN entries e ON e.order_id = o.order_id AND e.version = o.entry_version
         WHERE s.payment_hash = payment_hash(?1) AND a.payment_uid = ?1
           AND o.merchant_uid = ?2 AND o.order_id <> ?3 LIMIT ?4",
    )?;
    let merchant_uid = key.merchant_uid.as_deref().unwrap_or_default();
    let mut rows = statement.query(params![payment_uid, merchant_uid, order_id, MOST_SHARED])?;
    let mut shared = Shared { orders: Vec::new(), is_first: true };
    while let Some(row) = rows.next()? {
        shared.orders.push(row.get("merchant_order_id")?);
        let other: Option<i64> = row.get("ages_from_ms")?;
        let other = (other.unwrap_or(i64::MAX), row.get("order_id")?);
        shared.is_first &= (ages_from_ms, order_id) < other;
    }
    shared.orders.sort_unstable();
    Ok(shared)
}
