//! Where mismatches stand among the runs, and how a judgement is undone (contract, "The report":
//! state; "The database": a run can be judged again).

use super::decode::{self, date, unreadable};
use crate::domain::amount::Amount;
use crate::domain::mismatch::Kind;
use crate::domain::order::OrderKey;
use chrono::NaiveDate;
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Whether a run after run `?1` has judged this order.
macro_rules! judged_since {
    ($order_id:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM runs u CROSS JOIN run_orders x ON x.run_id = u.run_id
                     WHERE u.run_id > ?1 AND u.judged_at_ms IS NOT NULL AND x.order_id = ",
            $order_id,
            ")"
        )
    };
}
pub(super) use judged_since;

/// How a mismatch of earlier runs stands.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) kind: Kind,
    pub(super) first_seen: NaiveDate,
    pub(super) variance: Option<Amount>,
    pub(super) is_resolved: bool,
}

/// How those of a run's orders after the first up to the second of these stand, by order.
pub(super) fn standing(
    connection: &Connection,
    run_id: i64,
    (after, last): (i64, i64),
) -> rusqlite::Result<HashMap<i64, Vec<Standing>>> {
    let mut statement = connection.prepare_cached(
        "SELECT m.order_id AS order_id, m.kind AS kind, m.first_seen AS first_seen,
                m.variance_micros AS variance_micros, m.resolved_run_id IS NOT NULL AS resolved
         FROM run_orders r CROSS JOIN mismatches m ON m.order_id = r.order_id
         WHERE r.run_id = ?1 AND r.order_id > ?2 AND r.order_id <= ?3",
    )?;
    let mut rows = statement.query([run_id, after, last])?;
    let mut standing: HashMap<i64, Vec<Standing>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let kind: String = row.get("kind")?;
        standing.entry(row.get("order_id")?).or_default().push(Standing {
            kind: Kind::from_word(&kind).ok_or_else(|| unreadable("kind"))?,
            first_seen: date(row, "first_seen")?,
            variance: decode::amount(row, "variance_micros")?,
            is_resolved: row.get("resolved")?,
        });
    }
    Ok(standing)
}

/// Puts back what an earlier judgement of this run changed.
pub(super) fn forget(connection: &Connection, run_id: i64) -> rusqlite::Result<()> {
    let judged: Option<i64> = connection.query_row(
        "SELECT judged_at_ms FROM runs WHERE run_id = ?1",
        [run_id],
        |row| row.get(0),
    )?;
    if judged.is_none() {
        return Ok(());
    }
    // What a later run has judged since stands as that run left it.
    connection.execute(
        concat!(
            "DELETE FROM mismatches WHERE run_id = ?1 AND before_run_id IS NULL AND NOT ",
            judged_since!("mismatches.order_id")
        ),
        [run_id],
    )?;
    connection.execute(
        concat!(
            "UPDATE mismatches SET run_id = before_run_id,
                 variance_micros = before_variance_micros,
                 resolved_run_id = before_resolved_run_id
             WHERE run_id = ?1 AND NOT ",
            judged_since!("mismatches.order_id")
        ),
        [run_id],
    )?;
    connection.execute("DELETE FROM reported_mismatches WHERE run_id = ?1", [run_id])?;
    Ok(())
}

/// The same for an order and kind wherever and whenever it is seen. It begins with a letter, so
/// that a spreadsheet takes no id for a number.
pub(super) fn mismatch_id(key: &OrderKey, kind: Kind) -> String {
    let mut digest = Sha256::new();
    for part in
        [key.merchant_uid.as_deref().unwrap_or_default(), &key.merchant_order_id, kind.as_str()]
    {
        // Lengths keep ("ab", "c") and ("a", "bc") apart.
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let digest = digest.finalize();
    format!("m-{}", hex::encode(&digest[..8]))
}
