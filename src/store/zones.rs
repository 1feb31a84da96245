//! The time zone of earlier runs. It is stored with a run when it is judged.

use super::Store;
use super::decode::{date, unreadable};
use super::error::StoreError;
use chrono::NaiveDate;
use rusqlite::OptionalExtension;
use serde::Deserialize;

/// The zone of a judged run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunZone {
    /// The run.
    pub(crate) run_id: i64,
    /// Its day.
    pub(crate) day: NaiveDate,
    /// Its zone, by its name.
    pub(crate) zone: String,
}

/// The part of `runs.night` that is read.
#[derive(Deserialize)]
struct Zone {
    zone: String,
}

impl Store {
    /// The zone of the last judged run of this merchant. `None`: there is none, or an earlier
    /// release judged it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn last_zone(
        &self,
        merchant_uid: Option<&str>,
    ) -> Result<Option<RunZone>, StoreError> {
        self.connection
            .query_row(
                "SELECT run_id, run_day, night FROM runs
                 WHERE night IS NOT NULL AND merchant_uid = ?1 ORDER BY run_id DESC LIMIT 1",
                [merchant_uid.unwrap_or_default()],
                |row| {
                    let night: String = row.get("night")?;
                    let night: Zone =
                        serde_json::from_str(&night).map_err(|_| unreadable("night"))?;
                    let (run_id, day) = (row.get("run_id")?, date(row, "run_day")?);
                    Ok(RunZone { run_id, day, zone: night.zone })
                },
            )
            .optional()
            .map_err(|error| self.error(&error))
    }
}
