//! How runs ended (contract, "The database": each run's end; "Exit codes").

use super::error::StoreError;
use super::runs::{NewRun, insert};
use super::{Store, awaiting, to_ms};
use chrono::{DateTime, Utc};
use rusqlite::{Connection, TransactionBehavior, params};
use std::time::Duration;

/// How long a failed run waits to record its end: the lock may be what ended it.
const SHORT_WAIT: Duration = Duration::from_secs(1);
/// The exit code of a process that was ended by SIGKILL.
const KILLED: u8 = 128 + 9;

/// How a run ended (contract, "Exit codes").
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunEnd {
    /// When; none if unknown.
    pub(crate) at: Option<DateTime<Utc>>,
    /// The process's exit code; none if an earlier release did not record it.
    pub(crate) exit_code: Option<u8>,
    /// In one sentence, for people.
    pub(crate) reason: String,
}

impl Store {
    /// From now on another program's lock is waited for only briefly: the run has failed, and the
    /// lock may be why.
    ///
    /// # Errors
    /// The database does not accept the setting.
    pub(crate) fn wait_briefly(&self) -> Result<(), StoreError> {
        self.connection.busy_timeout(SHORT_WAIT).map_err(|error| self.error(&error))
    }

    /// Records how a run ended. The orders of a run that was never judged are asked again by the
    /// next run with `--include-open`.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn end_run(
        &mut self,
        run_id: i64,
        end: &RunEnd,
        is_reported: bool,
    ) -> Result<(), StoreError> {
        let path = self.path.clone();
        self.connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                write_end(&transaction, run_id, end, is_reported)?;
                transaction.commit()
            })
            .map_err(|error| StoreError::sqlite(&path, &error))
    }

    /// Records a run that ended before its orders were stored. Returns its number.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn end_without_orders(
        &mut self,
        run: &NewRun,
        end: &RunEnd,
    ) -> Result<i64, StoreError> {
        let path = self.path.clone();
        self.connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let run_id = insert(&transaction, run)?;
                transaction.execute(
                    "UPDATE runs SET base_url = ?2, merchant_uid = ?3, from_date = ?4, to_date = ?5
                     WHERE run_id = ?1",
                    params![
                        run_id,
                        run.selection.base_url,
                        run.selection.merchant_uid.as_deref().unwrap_or_default(),
                        run.selection.from.map(|date| date.to_string()),
                        run.selection.to.map(|date| date.to_string()),
                    ],
                )?;
                write_end(&transaction, run_id, end, false)?;
                transaction.commit()?;
                Ok(run_id)
            })
            .map_err(|error| StoreError::sqlite(&path, &error))
    }

    /// Records the end of runs whose process ended without recording it. The lock is held: none of
    /// them is active. `noted` says how one ended, where something else than the database tells.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn end_killed_runs(
        &mut self,
        noted: impl Fn(i64) -> Option<RunEnd>,
    ) -> Result<(), StoreError> {
        let killed: Vec<i64> = self
            .connection
            .prepare_cached("SELECT run_id FROM runs WHERE end_reason IS NULL")
            .and_then(|mut statement| statement.query_map((), |row| row.get(0))?.collect())
            .map_err(|error| self.error(&error))?;
        for run_id in killed {
            let end = noted(run_id).unwrap_or_else(|| RunEnd {
                at: None,
                exit_code: Some(KILLED),
                reason: "killed, ended by a second signal, or the machine stopped or its disk was \
                         full (found by the next run)"
                    .to_owned(),
            });
            self.end_run(run_id, &end, false)?;
        }
        Ok(())
    }

    /// Notes that a run is active again. If it is judged, what is stored of it may now differ from
    /// its digests.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn resume_run(&mut self, run_id: i64) -> Result<(), StoreError> {
        self.connection
            .execute(
                "UPDATE runs SET ended_at_ms = NULL, exit_code = NULL, end_reason = NULL,
                     is_resumed = judged_at_ms IS NOT NULL
                 WHERE run_id = ?1",
                [run_id],
            )
            .map(|_| ())
            .map_err(|error| self.error(&error))
    }
}

fn write_end(
    connection: &Connection,
    run_id: i64,
    end: &RunEnd,
    is_reported: bool,
) -> rusqlite::Result<()> {
    let at = end.at.map(to_ms);
    connection.execute(
        "UPDATE runs SET ended_at_ms = ?2, exit_code = ?3, end_reason = ?4,
             reported_at_ms = iif(?5, ?2, reported_at_ms)
         WHERE run_id = ?1",
        params![run_id, at, end.exit_code, end.reason, is_reported],
    )?;
    awaiting::left_unjudged(connection, run_id)
}
