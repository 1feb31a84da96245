//! Whether a gateway knows any of a run's orders (contract, "Mismatches": flood guard).

use super::Store;
use super::error::StoreError;
use crate::domain::text::Text;
use rusqlite::params;

/// A run whose answers all say "no such order".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AllMissing {
    /// Orders that were asked.
    pub(crate) asked: u64,
    /// Orders that were answered.
    pub(crate) answered: u64,
    /// What the gateway said of one of them.
    pub(crate) words: Text,
}

impl Store {
    /// What a run came to, if it has answers, all of them are "no such order", and its gateway has
    /// never known an order of its merchant.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn all_missing(&self, run_id: i64) -> Result<Option<AllMissing>, StoreError> {
        self.read_all_missing(run_id).map_err(|error| self.error(&error))
    }

    fn read_all_missing(&self, run_id: i64) -> rusqlite::Result<Option<AllMissing>> {
        let sql = "SELECT EXISTS (
                 SELECT 1 FROM runs u
                 JOIN runs other ON other.base_url = u.base_url
                     AND other.merchant_uid = u.merchant_uid
                 CROSS JOIN run_orders r ON r.run_id = other.run_id
                 CROSS JOIN answers a ON a.answer_id = r.answer_id AND a.kind = 'payment'
                 WHERE u.run_id = ?1)";
        if self.connection.query_row(sql, [run_id], |row| row.get(0))? {
            return Ok(None);
        }
        self.connection.query_row(
            "SELECT count(*) AS asked, count(r.answer_id) AS answered, max(a.evidence) AS words
             FROM run_orders r LEFT JOIN answers a ON a.answer_id = r.answer_id
             WHERE r.run_id = ?1 AND (r.tries > 0 OR r.answer_id IS NOT NULL)",
            params![run_id],
            |row| {
                let words: Option<String> = row.get("words")?;
                let asked: i64 = row.get("asked")?;
                let answered: i64 = row.get("answered")?;
                Ok(words.map(|words| AllMissing {
                    asked: asked.unsigned_abs(),
                    answered: answered.unsigned_abs(),
                    words: Text::foreign(&words),
                }))
            },
        )
    }
}
