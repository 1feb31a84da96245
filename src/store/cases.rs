//! The orders of a run as they are judged: what the ledger says, what came of asking, and how their
//! mismatches stand (contract, "Mismatches").

use super::decode::{self, ANSWER_COLUMNS, Columns, ENTRY_COLUMNS, Fields, Named};
use super::error::StoreError;
use super::judging::Judging;
use super::sharing::shared_with;
use super::standing::{Standing, judged_since, standing};
use crate::domain::mismatch::Kind;
use crate::domain::order::Entry;
use crate::domain::payment::{Answer, Asked};
use rusqlite::params;
use std::sync::LazyLock;

/// One order of a run with all that is known of it.
#[derive(Debug, Clone)]
pub struct StoredCase {
    /// Its row.
    pub order_id: i64,
    /// The ledger's side, as it was when the run began.
    pub entry: Entry,
    /// What came of asking.
    pub asked: Asked,
    /// Other orders of the merchant whose latest answer has the same `payment_uid`, up to 100.
    pub shared_with: Vec<String>,
    /// Kinds that earlier runs left open.
    pub still_open: Vec<Kind>,
    pub(super) standing: Vec<Standing>,
    /// Whether a later run has judged it.
    pub(super) is_overtaken: bool,
}

impl Judging<'_> {
    /// The run's orders after this one, in their order.
    ///
    /// # Errors
    /// The database.
    pub fn cases(&self, after: i64, limit: u32) -> Result<Vec<StoredCase>, StoreError> {
        self.read_cases(after, limit).map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn read_cases(&self, after: i64, limit: u32) -> rusqlite::Result<Vec<StoredCase>> {
        // An answer that has been replaced since shares nothing with what others say now.
        static SQL: LazyLock<String> = LazyLock::new(|| {
            [
                "SELECT r.order_id AS order_id, ",
                ENTRY_COLUMNS,
                ", ",
                ANSWER_COLUMNS,
                ", r.why AS why, r.tries AS tries, ",
                judged_since!("r.order_id"),
                " AS is_overtaken, r.answer_id = o.answer_id
                     AND EXISTS (SELECT 1 FROM temp.may_share s WHERE s.order_id = r.order_id)
                     AS may_share
                 FROM run_orders r
                 JOIN orders o ON o.order_id = r.order_id
                 JOIN entries e ON e.order_id = r.order_id AND e.version = r.entry_version
                 LEFT JOIN answers a ON a.answer_id = r.answer_id
                 WHERE r.run_id = ?1 AND r.order_id > ?2 ORDER BY r.order_id LIMIT ?3",
            ]
            .concat()
        });
        let mut statement = self.transaction.prepare_cached(&SQL)?;
        let columns = Columns::of(&statement);
        let mut rows = statement.query(params![self.run_id, after, limit])?;
        let mut cases = Vec::new();
        while let Some(row) = rows.next()? {
            cases.push(self.case(&columns.fields(row))?);
        }
        self.add_standing(after, &mut cases)?;
        Ok(cases)
    }

    fn case(&self, row: &Fields) -> rusqlite::Result<StoredCase> {
        let order_id = row.named("order_id")?;
        let entry = decode::entry(row)?;
        let asked = match decode::answer(row)? {
            Some(answer) => Asked::Answered(answer),
            None => Asked::Unverified {
                why: row
                    .named::<Option<String>>("why")?
                    .unwrap_or_else(|| "the gateway was not asked".to_owned()),
                tries: row.named("tries")?,
            },
        };
        let is_overtaken = row.named("is_overtaken")?;
        let shared_with = match &asked {
            Asked::Answered(Answer::Payment(payment))
                if row.named::<Option<bool>>("may_share")? == Some(true) =>
            {
                let payment_uid = payment.payment_uid.as_deref().unwrap_or_default();
                shared_with(&self.transaction, order_id, &entry.key, payment_uid)?
            }
            _ => Vec::new(),
        };
        let (still_open, standing) = (Vec::new(), Vec::new());
        Ok(StoredCase { order_id, entry, asked, shared_with, still_open, standing, is_overtaken })
    }

    /// How the mismatches of these orders stand: one look for all of them.
    fn add_standing(&self, after: i64, cases: &mut [StoredCase]) -> rusqlite::Result<()> {
        let Some(last) = cases.last() else { return Ok(()) };
        let mut standing = standing(&self.transaction, self.run_id, (after, last.order_id))?;
        for case in cases {
            case.standing = standing.remove(&case.order_id).unwrap_or_default();
            let open = case.standing.iter().filter(|one| !one.is_resolved);
            case.still_open = open.map(|one| one.kind).collect();
        }
        Ok(())
    }
}
