//! A run as its report shows it (contract, "The report").

use super::Store;
use super::error::StoreError;
use super::runs::RunRow;
use crate::domain::morning::{Making, Measures, Night};
use chrono_tz::Tz;

impl Store {
    /// A judged run as its report shows it.
    ///
    /// # Errors
    /// The database cannot be read.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "not read yet")]
    pub(crate) fn night(&self, run: &RunRow) -> Result<Night, StoreError> {
        Ok(Night {
            summary: run.summary.clone(),
            merchant_uid: run.merchant_uid.clone(),
            zone: Tz::UTC,
            started_at: run.started_at,
            judged_at: run.judged_at.unwrap_or(run.started_at),
            answered: None,
            base_url: run.base_url.clone(),
            ledgers: Vec::new(),
            before: None,
            trend: Vec::new(),
            measures: Measures::default(),
            making: Making::default(),
        })
    }
}
