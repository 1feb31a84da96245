//! Where mismatches stand among the runs, and how a judgement is undone (contract, "The report":
//! state; "The database": a run can be judged again).

use super::decode::{self, date, unreadable};
use crate::domain::amount::Amount;
use crate::domain::mismatch::Kind;
use crate::domain::order::OrderKey;
use chrono::NaiveDate;
use rusqlite::Connection;
use sha2::{Digest, Sha256};

/// How a mismatch of earlier runs stands.
pub(super) struct Standing {
    pub(super) kind: Kind,
    pub(super) first_seen: NaiveDate,
    pub(super) variance: Option<Amount>,
    pub(super) is_resolved: bool,
}

pub(super) fn standing(connection: &Connection, order_id: i64) -> rusqlite::Result<Vec<Standing>> {
    connection
        .prepare_cached(
            "SELECT kind, first_seen, variance_micros, resolved_run_id IS NOT NULL AS resolved
                 FROM mismatches WHERE order_id = ?1",
        )?
        .query_map([order_id], |row| {
            let kind: String = row.get("kind")?;
            Ok(Standing {
                kind: Kind::from_word(&kind).ok_or_else(|| unreadable("kind"))?,
                first_seen: date(row, "first_seen")?,
                variance: decode::amount(row, "variance_micros")?,
                is_resolved: row.get("resolved")?,
            })
        })?
        .collect()
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
        "DELETE FROM mismatches WHERE run_id = ?1 AND before_run_id IS NULL
           AND (SELECT judged_run_id FROM orders o WHERE o.order_id = mismatches.order_id) = ?1",
        [run_id],
    )?;
    connection.execute(
        "UPDATE mismatches SET run_id = before_run_id, variance_micros = before_variance_micros,
             resolved_run_id = before_resolved_run_id
         WHERE run_id = ?1
           AND (SELECT judged_run_id FROM orders o WHERE o.order_id = mismatches.order_id) = ?1",
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
