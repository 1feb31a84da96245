//! What a report shows of a run beside its findings: facts of the ledger, of earlier runs and of
//! settings. They are stored with the run when it is judged (contract, "The report").

use super::before::run_before;
use super::decode::{date, optional_instant, unreadable};
use super::error::StoreError;
use super::judging::Judging;
use super::runs::RunRow;
use super::{Store, before, figures};
use crate::domain::amount::Total;
use crate::domain::morning::{Before, LedgerFile, Making, Measures, Night, SolvedRow, TrendPoint};
use crate::domain::run::{Figures, Lives};
use crate::domain::statement::CompletedPayments;
use crate::domain::text::Text;
use chrono::NaiveDate;
use chrono_tz::Tz;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Whether a row of `runs` has no explicit range. The kind of a selection of stored orders is not
/// stored: `--last` ends on the day before the run.
pub(super) const IS_NIGHT: &str =
    "(CASE WHEN selection_kind IS NOT NULL THEN selection_kind <> 'range'
                              WHEN from_date IS NULL THEN to_date IS NULL
                              ELSE to_date IS date(run_day, '-1 day') END)";

/// Runs that the trend shows.
const TREND: u32 = 30;

/// `runs.night`.
#[derive(Debug, Serialize, Deserialize)]
struct StoredNight {
    /// The ledger's time zone, by its name.
    zone: String,
    before: Option<Before>,
    trend: Vec<TrendPoint>,
    measures: Measures,
    /// How mismatches ended in this run alone: what later runs' measures are made of.
    lives: Lives,
    making: Making,
    /// The SHA-256 of the manifest of the judged run before this one.
    previous_manifest: Option<String>,
}

impl Judging<'_> {
    /// Stores what the report shows of other runs and of settings. Needs the figures to be stored.
    pub(super) fn keep_night(
        &self,
        figures: &Figures,
        making: &Making,
        zone: Tz,
    ) -> rusqlite::Result<()> {
        let connection: &Connection = &self.transaction;
        let day = connection.query_row(
            "SELECT run_day FROM runs WHERE run_id = ?1",
            [self.run_id],
            |row| date(row, "run_day"),
        )?;
        let before = self.compare_with_before(day)?;
        let mut making = making.clone();
        if let Some(before) = &before {
            let earlier = stored_night(connection, before.run_id)?;
            making.policy_changes =
                earlier.map(|earlier| changes(&earlier.making, &making)).unwrap_or_default();
        }
        let mut lives = vec![figures.lives.clone()];
        let mut trend = vec![TrendPoint {
            resolved: figures.lives.resolved.values().sum(),
            reopened: figures.lives.reopened,
            ..self.point(self.run_id)?
        }];
        let mut run_id = run_before(connection, self.run_id)?;
        while let Some(earlier) = run_id.filter(|_| trend.len() < usize_of(TREND)) {
            let ended = stored_night(connection, earlier)?.map(|night| night.lives);
            let ended = ended.unwrap_or_default();
            trend.push(TrendPoint {
                resolved: ended.resolved.values().sum(),
                reopened: ended.reopened,
                ..self.point(earlier)?
            });
            lives.push(ended);
            run_id = run_before(connection, earlier)?;
        }
        trend.reverse();
        let previous_manifest = connection
            .query_row(
                "SELECT manifest_sha256 FROM runs
                 WHERE run_id < ?1 AND manifest_sha256 IS NOT NULL
                 ORDER BY run_id DESC LIMIT 1",
                [self.run_id],
                |row| row.get(0),
            )
            .optional()?;
        let night = StoredNight {
            zone: zone.name().to_owned(),
            before,
            trend,
            measures: measures(&lives),
            lives: figures.lives.clone(),
            making,
            previous_manifest,
        };
        let json = serde_json::to_string(&night)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        connection
            .execute("UPDATE runs SET night = ?2 WHERE run_id = ?1", params![self.run_id, json])
            .map(|_| ())
    }

    /// A run's point in the trend.
    fn point(&self, run_id: i64) -> rusqlite::Result<TrendPoint> {
        self.transaction.query_row("SELECT * FROM runs WHERE run_id = ?1", [run_id], |row| {
            let figures = figures::read(row)?;
            let mut at_risk: BTreeMap<String, Total> = BTreeMap::new();
            for ((currency, _), money) in &figures.totals {
                let sum = at_risk.entry(currency.clone()).or_default();
                *sum = [*sum, money.at_risk].into_iter().sum();
            }
            at_risk.retain(|_, sum| *sum != Total::default());
            Ok(TrendPoint {
                run_id,
                day: date(row, "run_day")?,
                selected: figures.orders.selected,
                matched: figures.orders.matched,
                with_findings: figures.orders.mismatched.saturating_sub(figures.accepted_orders),
                unverified: figures.orders.unverified,
                at_risk,
                resolved: 0,
                reopened: 0,
            })
        })
    }
}

fn usize_of(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn stored_night(connection: &Connection, run_id: i64) -> rusqlite::Result<Option<StoredNight>> {
    let json: Option<String> = connection
        .prepare_cached("SELECT night FROM runs WHERE run_id = ?1")?
        .query_row([run_id], |row| row.get(0))?;
    json.map(|json| serde_json::from_str(&json).map_err(|_| unreadable("night"))).transpose()
}

/// Settings that decide what is reported, and that differ from those of an earlier run.
fn changes(earlier: &Making, now: &Making) -> Vec<(String, String, String)> {
    let decides = |key: &str| ["policy.", "calendar."].iter().any(|table| key.starts_with(table));
    let values = |making: &Making| -> BTreeMap<String, String> {
        let settings = making.settings.iter().filter(|setting| decides(&setting.key));
        settings.map(|setting| (setting.key.clone(), setting.value.clone())).collect()
    };
    let (earlier, now) = (values(earlier), values(now));
    let keys = earlier.keys().chain(now.keys().filter(|key| !earlier.contains_key(*key)));
    let value = |of: &BTreeMap<String, String>, key: &String| of.get(key).cloned();
    keys.filter(|key| earlier.get(*key) != now.get(*key))
        .map(|key| {
            let then = value(&earlier, key).unwrap_or_default();
            (key.clone(), then, value(&now, key).unwrap_or_default())
        })
        .collect()
}

fn measures(lives: &[Lives]) -> Measures {
    let mut days: BTreeMap<u64, u64> = BTreeMap::new();
    for (day, count) in lives.iter().flat_map(|lives| &lives.resolved) {
        *days.entry(*day).or_default() += count;
    }
    let resolved = days.values().sum();
    let mut seen = 0;
    let median_days = days.iter().find_map(|(day, count)| {
        seen += count;
        (seen * 2 >= resolved).then_some(*day)
    });
    Measures {
        resolved,
        resolved_without_decision: lives.iter().map(|lives| lives.without_decision).sum(),
        median_days,
        longest_days: days.keys().next_back().copied(),
        reopened: lives.iter().map(|lives| lives.reopened).sum(),
    }
}

impl Store {
    /// A judged run as its report shows it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn night(&self, run: &RunRow) -> Result<Night, StoreError> {
        self.read_night(run).map_err(|error| self.error(&error))
    }

    fn read_night(&self, run: &RunRow) -> rusqlite::Result<Night> {
        let run_id = run.summary.run_id;
        let answered = self.connection.query_row(
            "SELECT min(answered_at_ms) AS first_ms, max(answered_at_ms) AS last_ms
             FROM run_orders WHERE run_id = ?1 AND tries > 0",
            [run_id],
            |row| Ok(optional_instant(row, "first_ms")?.zip(optional_instant(row, "last_ms")?)),
        )?;
        let mut night = Night {
            summary: run.summary.clone(),
            merchant_uid: run.merchant_uid.clone(),
            zone: Tz::UTC,
            started_at: run.started_at,
            judged_at: run.judged_at.unwrap_or(run.started_at),
            answered,
            base_url: run.base_url.clone(),
            ledgers: self.ledger_files(run_id)?,
            before: None,
            trend: Vec::new(),
            measures: Measures::default(),
            making: Making::default(),
            previous_manifest: None,
            rows_sha256: run.rows_sha256.clone(),
        };
        // A run that an earlier release judged has nothing more.
        if let Some(stored) = stored_night(&self.connection, run_id)? {
            night.zone = stored.zone.parse().map_err(|_| unreadable("night"))?;
            night.before = stored.before;
            night.trend = stored.trend;
            night.measures = stored.measures;
            night.making = stored.making;
            night.previous_manifest = stored.previous_manifest;
        }
        Ok(night)
    }

    fn ledger_files(&self, run_id: i64) -> rusqlite::Result<Vec<LedgerFile>> {
        self.connection
            .prepare_cached("SELECT * FROM ledger_files WHERE run_id = ?1 ORDER BY file_id")?
            .query_map([run_id], |row| {
                Ok(LedgerFile {
                    name: Text::own(&row.get::<_, String>("name")?),
                    modified_at: optional_instant(row, "modified_at_ms")?,
                    sha256: row.get("sha256")?,
                })
            })?
            .collect()
    }

    /// Gives the orders that had findings in the run before and have none in this one: the largest
    /// figure of each currency first.
    ///
    /// # Errors
    /// The database, or what `take` says.
    pub(crate) fn solved_rows<E: From<StoreError>>(
        &self,
        run_id: i64,
        mut take: impl FnMut(&SolvedRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let sqlite = |error: rusqlite::Error| E::from(self.error(&error));
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT s.*, o.merchant_uid AS merchant_uid,
                        o.merchant_order_id AS merchant_order_id
                 FROM solved_orders s JOIN orders o ON o.order_id = s.order_id
                 WHERE s.run_id = ?1
                 ORDER BY s.currency, s.figure_micros DESC, o.merchant_order_id, o.merchant_uid",
            )
            .map_err(sqlite)?;
        let mut rows = statement.query([run_id]).map_err(sqlite)?;
        while let Some(row) = rows.next().map_err(sqlite)? {
            take(&before::solved(row).map_err(sqlite)?)?;
        }
        Ok(())
    }

    /// How many of a run's selected orders its ledger files did not select: earlier runs stored
    /// them.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn taken_from_store(&self, run_id: i64) -> Result<u64, StoreError> {
        self.connection
            .query_row(
                "SELECT count(*) AS orders FROM run_orders
                 WHERE run_id = ?1 AND (carried = 1 OR NOT EXISTS
                     (SELECT 1 FROM ledger_files WHERE run_id = ?1))",
                [run_id],
                |row| figures::count(row, "orders"),
            )
            .map_err(|error| self.error(&error))
    }

    /// Whether a run is its merchant's newest night: the judged run with the highest number among
    /// those without an explicit range (contract, "The report": `latest`).
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn is_newest_night(&self, run_id: i64) -> Result<bool, StoreError> {
        let newest = |merchant_uid: String| self.newest_night(&merchant_uid);
        self.connection
            .query_row("SELECT merchant_uid FROM runs WHERE run_id = ?1", [run_id], |row| {
                row.get(0)
            })
            .and_then(newest)
            .map(|newest| newest.is_some_and(|(newest, _)| newest == run_id))
            .map_err(|error| self.error(&error))
    }

    pub(super) fn newest_night(
        &self,
        merchant_uid: &str,
    ) -> rusqlite::Result<Option<(i64, NaiveDate)>> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            let judged = "SELECT run_id, run_day FROM runs
                          WHERE judged_at_ms IS NOT NULL AND merchant_uid = ?1 AND ";
            [judged, IS_NIGHT, " ORDER BY run_id DESC LIMIT 1"].concat()
        });
        self.connection
            .query_row(&SQL, [merchant_uid], |row| Ok((row.get("run_id")?, date(row, "run_day")?)))
            .optional()
    }

    /// The completed payments among a run's answers.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn completed_payments(&self, run_id: i64) -> Result<CompletedPayments, StoreError> {
        figures::completed_payments(&self.connection, run_id).map_err(|error| self.error(&error))
    }

    /// Whether a run has no explicit range.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn is_night(&self, run_id: i64) -> Result<bool, StoreError> {
        let sql = ["SELECT ", IS_NIGHT, " FROM runs WHERE run_id = ?1"].concat();
        self.connection
            .query_row(&sql, [run_id], |row| row.get(0))
            .map_err(|error| self.error(&error))
    }

    /// The latest run without an explicit range that has ended, also one whose process is gone.
    /// `is_active`: whether a process runs now: the latest run without an end is then its.
    /// `merchant_uid`: of this merchant alone.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn latest_ended_night(
        &self,
        is_active: bool,
        merchant_uid: Option<&str>,
    ) -> Result<Option<RunRow>, StoreError> {
        let sql = [
            "SELECT run_id FROM runs WHERE ",
            IS_NIGHT,
            " AND (end_reason IS NOT NULL OR NOT ?1) AND (?2 IS NULL OR merchant_uid = ?2)
             ORDER BY run_id DESC LIMIT 1",
        ]
        .concat();
        let run_id = self
            .connection
            .query_row(&sql, params![is_active, merchant_uid], |row| row.get(0))
            .optional()
            .map_err(|error| self.error(&error))?;
        run_id.map_or(Ok(None), |run_id| self.run(run_id))
    }

    /// A merchant's newest night that has its report, and its day; `but` is another run.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn last_reported_night(
        &self,
        merchant_uid: Option<&str>,
        but: Option<i64>,
    ) -> Result<Option<(i64, NaiveDate)>, StoreError> {
        let reported = "SELECT run_id, run_day FROM runs
                        WHERE reported_at_ms IS NOT NULL AND merchant_uid = ?1
                          AND run_id IS NOT ?2 AND ";
        let sql = [reported, IS_NIGHT, " ORDER BY run_id DESC LIMIT 1"].concat();
        self.connection
            .query_row(&sql, params![merchant_uid.unwrap_or_default(), but], |row| {
                Ok((row.get("run_id")?, date(row, "run_day")?))
            })
            .optional()
            .map_err(|error| self.error(&error))
    }

    /// Records the SHA-256 of the manifest that a run has written.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn record_manifest(&mut self, run_id: i64, sha256: &str) -> Result<(), StoreError> {
        self.connection
            .execute(
                "UPDATE runs SET manifest_sha256 = ?2 WHERE run_id = ?1",
                params![run_id, sha256],
            )
            .map(|_| ())
            .map_err(|error| self.error(&error))
    }
}
