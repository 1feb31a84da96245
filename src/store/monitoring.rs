//! What a monitor is told of a run beside its figures.

use super::decode::{date, unreadable};
use super::error::StoreError;
use super::{Store, figures};
use crate::domain::decision::Verdict;
use crate::domain::mismatch::Severity;
use chrono::NaiveDate;
use rusqlite::params;
use std::collections::BTreeMap;

impl Store {
    /// Calls of a run that repeated an earlier call for the same order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn retries(&self, run_id: i64) -> Result<u64, StoreError> {
        self.connection
            .query_row(
                "SELECT sum(max(tries - 1, 0)) AS retries FROM run_orders WHERE run_id = ?1",
                [run_id],
                |row| figures::count(row, "retries"),
            )
            .map_err(|error| self.error(&error))
    }

    /// The day on which the oldest finding of a run was first seen, by severity. Accepted findings
    /// do not count: they stay for ever.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn oldest_findings(
        &self,
        run_id: i64,
    ) -> Result<BTreeMap<Severity, NaiveDate>, StoreError> {
        let sqlite = |error: rusqlite::Error| self.error(&error);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT severity, min(first_seen) AS first_seen FROM reported_mismatches
                 WHERE run_id = ?1 AND verdict IS NOT ?2 GROUP BY severity",
            )
            .map_err(sqlite)?;
        let rows = statement
            .query_map(params![run_id, Verdict::Accepted.as_str()], |row| {
                let word: String = row.get("severity")?;
                let severity = Severity::from_word(&word).ok_or_else(|| unreadable("severity"))?;
                Ok((severity, date(row, "first_seen")?))
            })
            .map_err(sqlite)?;
        rows.collect::<rusqlite::Result<_>>().map_err(sqlite)
    }
}
