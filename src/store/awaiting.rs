//! Orders that are to be asked again (contract, "`run`": `--include-open`): what is known of them
//! was not judged, their last outcome was in transit or unverified, or a finding is suspect. The
//! only place that writes `orders.awaiting`.

use crate::domain::mismatch::{Kind, Outcome};
use crate::domain::order::OrderKey;
use rusqlite::{Connection, params};

/// Marks orders whose ledger entry has changed. `orders` selects their ids.
pub(super) fn changed(
    connection: &Connection,
    orders: &'static str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<()> {
    let sql = ["UPDATE orders SET awaiting = 1 WHERE order_id IN (", orders, ")"].concat();
    connection.prepare_cached(&sql)?.execute(parameters).map(|_| ())
}

/// Marks the orders of a run that has ended and was never judged.
pub(super) fn left_unjudged(connection: &Connection, run_id: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE orders SET awaiting = 1
             WHERE awaiting = 0
               AND EXISTS (SELECT 1 FROM runs WHERE run_id = ?1 AND judged_at_ms IS NULL)
               AND order_id IN (SELECT order_id FROM run_orders WHERE run_id = ?1)",
        )?
        .execute([run_id])
        .map(|_| ())
}

/// Marks or unmarks the orders of a judged run in this range, except those in `temp.judged_since`.
/// An order awaits nothing if its outcome is final and its entry has not changed since.
pub(super) fn judged(
    connection: &Connection,
    run_id: i64,
    (first, last): (i64, i64),
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE orders SET awaiting = 0 FROM run_orders r
             WHERE orders.awaiting = 1 AND orders.order_id BETWEEN ?2 AND ?3
               AND r.run_id = ?1 AND r.order_id = orders.order_id
               AND r.entry_version IS orders.entry_version
               AND r.answer_id IS orders.answer_id AND r.outcome IN (?4, ?5)
               AND NOT EXISTS (SELECT 1 FROM temp.judged_since s
                               WHERE s.order_id = orders.order_id)",
        )?
        .execute([run_id, first, last, Outcome::Matched.number(), Outcome::Mismatched.number()])?;
    connection
        .prepare_cached(
            "UPDATE orders SET awaiting = 1 FROM run_orders r
             WHERE orders.awaiting = 0 AND r.run_id = ?1 AND r.order_id BETWEEN ?2 AND ?3
               AND r.order_id = orders.order_id AND r.outcome IN (?4, ?5)
               AND NOT EXISTS (SELECT 1 FROM temp.judged_since s
                               WHERE s.order_id = orders.order_id)",
        )?
        .execute([
            run_id,
            first,
            last,
            Outcome::InTransit.number(),
            Outcome::Unverified.number(),
        ])?;
    Ok(())
}

/// Marks an order of which a run has a finding that is suspect: the next run has to see it again.
pub(super) fn suspected(connection: &Connection, order_id: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE orders SET awaiting = 1 WHERE order_id = ?1")?
        .execute([order_id])
        .map(|_| ())
}

/// Marks an order that shares a payment with an order of this run but is not in the run: its own
/// row `duplicate_payment` comes when it is asked again.
pub(super) fn partner(
    connection: &Connection,
    run_id: i64,
    partner: &OrderKey,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE orders SET awaiting = 1
             WHERE merchant_order_id = ?1 AND merchant_uid = ?2
               AND NOT EXISTS (SELECT 1 FROM run_orders r
                               WHERE r.run_id = ?3 AND r.order_id = orders.order_id)
               AND NOT EXISTS (SELECT 1 FROM open_now n
                               WHERE n.order_id = orders.order_id AND n.kind = ?4)",
        )?
        .execute(params![
            partner.merchant_order_id,
            partner.merchant_uid.as_deref().unwrap_or_default(),
            run_id,
            Kind::DuplicatePayment.as_str()
        ])
        .map(|_| ())
}
