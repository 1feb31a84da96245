//! The warnings of a run (contract, "`run`": `warnings`).

use super::Store;
use super::error::StoreError;
use super::import::Import;
use crate::domain::run::Warning;
use rusqlite::{Connection, params};

impl Import<'_> {
    /// Keeps what a person should see of the ledger. The import is one transaction with it.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn add_warnings(&self, warnings: &[Warning]) -> Result<(), StoreError> {
        add(self.connection, self.run_id, warnings)
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}

impl Store {
    /// Keeps what a person should see of a run.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn add_warnings(
        &mut self,
        run_id: i64,
        warnings: &[Warning],
    ) -> Result<(), StoreError> {
        add(&self.connection, run_id, warnings).map_err(|error| self.error(&error))
    }
}

impl Store {
    /// Forgets what an earlier process said of a run that is resumed.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn forget_warnings(
        &mut self,
        run_id: i64,
        codes: &[&str],
    ) -> Result<(), StoreError> {
        let forgotten = codes.iter().try_for_each(|code| forget(&self.connection, run_id, code));
        forgotten.map_err(|error| self.error(&error))
    }
}

/// Adds warnings behind those that are there. A run that is resumed does not repeat one.
pub(super) fn add(
    connection: &Connection,
    run_id: i64,
    warnings: &[Warning],
) -> rusqlite::Result<()> {
    for warning in warnings {
        connection.execute(
            "INSERT INTO run_warnings (run_id, number, code, text, is_doubt)
             SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4 FROM run_warnings
             WHERE run_id = ?1
             HAVING NOT EXISTS (SELECT 1 FROM run_warnings
                                WHERE run_id = ?1 AND code = ?2 AND text = ?3)",
            params![run_id, warning.code, warning.text, warning.is_doubt],
        )?;
    }
    Ok(())
}

/// Forgets what an earlier judgement of a run said.
pub(super) fn forget(connection: &Connection, run_id: i64, code: &str) -> rusqlite::Result<()> {
    connection
        .execute("DELETE FROM run_warnings WHERE run_id = ?1 AND code = ?2", params![run_id, code])
        .map(|_| ())
}

/// The warnings of a run, in their order.
pub(super) fn of_run(connection: &Connection, run_id: i64) -> rusqlite::Result<Vec<Warning>> {
    connection
        .prepare_cached(
            "SELECT code, text, is_doubt FROM run_warnings WHERE run_id = ?1 ORDER BY number",
        )?
        .query_map([run_id], |row| {
            let (code, text) = (row.get("code")?, row.get("text")?);
            Ok(Warning { code, text, is_doubt: row.get("is_doubt")? })
        })?
        .collect()
}
