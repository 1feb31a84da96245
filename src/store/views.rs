//! Views: findings of the past with other decisions than their run reported (contract, "Commands":
//! `report --current`, `report --as-of`), and runs that an earlier release judged. A view is in
//! private tables of the connection, which hide the database's own. Nothing is written.

use super::decode::{date, unreadable};
use super::error::StoreError;
use super::events::{self, event_ms};
use super::judging::Judging;
use super::reported_orders::{self, JudgedOrder, moved_columns};
use super::{Store, before, decisions, lives::Lives, opening, reported, to_ms};
use crate::domain::mismatch::{Kind, ReportRow};
use crate::domain::money::Moved;
use crate::domain::order::OrderKey;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, named_params, params};

/// What a run has kept of an order, whatever finance decides about it.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// The facts that give the place of its money.
    pub(crate) moved: Moved,
    /// Whether these are of a trustworthy answer.
    pub(crate) is_verified: bool,
    /// `income` or `expense`.
    pub(crate) transaction_type: String,
    /// The day from which its age counts.
    pub(crate) since: NaiveDate,
}

impl Store {
    /// Begins a view without a finding.
    ///
    /// # Errors
    /// The database, or the disk for temporary files.
    pub(crate) fn begin_view(&self) -> Result<(), StoreError> {
        self.connection
            .execute_batch(
                "DROP TABLE IF EXISTS temp.reported_mismatches;
                 DROP TABLE IF EXISTS temp.reported_orders;
                 CREATE TEMP TABLE reported_mismatches AS
                     SELECT * FROM main.reported_mismatches LIMIT 0;
                 CREATE UNIQUE INDEX temp.view_findings
                     ON reported_mismatches (order_id, kind);
                 CREATE TEMP TABLE reported_orders AS SELECT * FROM main.reported_orders LIMIT 0;
                 CREATE UNIQUE INDEX temp.view_orders ON reported_orders (order_id);",
            )
            .map_err(|error| self.error(&error))
    }

    /// Adds all findings of a run to the view.
    ///
    /// # Errors
    /// The database, or the disk for temporary files.
    pub(crate) fn view_run(&self, run_id: i64) -> Result<(), StoreError> {
        self.connection
            .execute(
                "INSERT INTO temp.reported_mismatches
                 SELECT * FROM main.reported_mismatches WHERE run_id = ?1",
                [run_id],
            )
            .map(|_| ())
            .map_err(|error| self.error(&error))
    }

    /// Adds a finding to the view, as the latest answer before this time showed it.
    ///
    /// # Errors
    /// The database, or the disk for temporary files.
    pub(crate) fn view_finding(
        &self,
        order_id: i64,
        kind: Kind,
        end: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(concat!(
                "INSERT INTO temp.reported_mismatches
                 SELECT m.* FROM main.reported_mismatches m
                 JOIN runs u ON u.run_id = m.run_id
                 JOIN run_orders r ON r.run_id = m.run_id AND r.order_id = m.order_id
                 WHERE m.order_id = ?1 AND m.kind = ?2 AND ",
                event_ms!(),
                " < ?3 ORDER BY ",
                event_ms!(),
                " DESC, m.run_id DESC LIMIT 1"
            ))
            .and_then(|mut it| it.execute(params![order_id, kind.as_str(), to_ms(end)]))
            .map(|_| ())
            .map_err(|error| self.error(&error))
    }

    /// Records the SHA-256 of the files that a view is written into, through a connection of its
    /// own for a moment: the next run then knows the files as this program's. Where the database
    /// cannot be written, they count as edited, which loses nothing.
    pub(crate) fn try_to_record_files(&self, run_id: i64, digests: &[String]) {
        // The copy of a database that cannot be written, or that an earlier release made.
        if self.copy.is_some() {
            return;
        }
        let recorded = opening::open(&self.path, false).and_then(|connection| {
            let path = self.path.clone();
            let mut store = Store { connection, path, _lock: None, copy: None };
            store.record_report_files(run_id, digests)
        });
        if let Err(error) = recorded {
            tracing::debug!("the files of this view are not recorded: {error}");
        }
    }

    /// The orders of the view.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn viewed_orders(&self) -> Result<Vec<i64>, StoreError> {
        let read = || {
            self.connection
                .prepare(
                    "SELECT DISTINCT order_id FROM temp.reported_mismatches ORDER BY order_id",
                )?
                .query_map((), |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()
        };
        read().map_err(|error| self.error(&error))
    }

    /// The findings of an order in the view, in the contract's order of kinds.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn viewed_findings(&self, order_id: i64) -> Result<Vec<ReportRow>, StoreError> {
        reported::order_findings(&self.connection, None, order_id)
            .map_err(|error| self.error(&error))
    }

    /// Shows another state, reason, age and decision of a finding.
    ///
    /// # Errors
    /// The disk for temporary files.
    pub(crate) fn view_as(&self, order_id: i64, row: &ReportRow) -> Result<(), StoreError> {
        let decision = decisions::Stored::from(&row.decision);
        self.connection
            .prepare_cached(
                "UPDATE temp.reported_mismatches
                 SET state = :state, reason = :reason, open_days = :open_days,
                     verdict = :verdict, until = :until, owner = :owner, note = :note
                 WHERE order_id = :order_id AND kind = :kind",
            )
            .and_then(|mut it| {
                it.execute(named_params! {
                    ":state": row.state.as_str(), ":reason": row.mismatch.reason.as_str(),
                    ":open_days": row.open_days, ":verdict": decision.verdict,
                    ":until": decision.until, ":owner": decision.owner, ":note": decision.note,
                    ":order_id": order_id, ":kind": row.mismatch.kind.as_str(),
                })
            })
            .map(|_| ())
            .map_err(|error| self.error(&error))
    }

    /// Adds an order as a whole to the view.
    ///
    /// # Errors
    /// The disk for temporary files.
    pub(crate) fn view_order(
        &self,
        run_id: i64,
        order_id: i64,
        order: &JudgedOrder,
    ) -> Result<(), StoreError> {
        reported_orders::insert(&self.connection, (run_id, order_id), order)
            .map_err(|error| self.error(&error))
    }

    /// What a run has kept of an order. `None`: it reported nothing of it, or an earlier release
    /// judged it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn kept(&self, run_id: i64, order_id: i64) -> Result<Option<Kept>, StoreError> {
        kept(&self.connection, run_id, order_id).map_err(|error| self.error(&error))
    }

    /// Whether a run reported findings, and kept none of their orders: an earlier release judged
    /// it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn lacks_orders(&self, run_id: i64) -> Result<bool, StoreError> {
        lacks_orders(&self.connection, run_id).map_err(|error| self.error(&error))
    }

    /// Keeps the orders of a run that an earlier release judged: see [`Judging::keep_orders_of`].
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub(crate) fn keep_orders_of(
        &mut self,
        run_id: i64,
        judged: impl Fn(&[ReportRow]) -> Option<JudgedOrder>,
    ) -> Result<(), StoreError> {
        let path = self.path.clone();
        self.connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                keep_orders(&transaction, run_id, judged)?;
                transaction.commit()
            })
            .map_err(|error| StoreError::sqlite(&path, &error))
    }

    /// The orders that had a mismatch before this time.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn orders_with_events_before(
        &self,
        end: DateTime<Utc>,
    ) -> Result<Vec<i64>, StoreError> {
        let read = || {
            self.connection
                .prepare(
                    "SELECT DISTINCT order_id FROM mismatch_events WHERE at_ms < ?1
                     ORDER BY order_id",
                )?
                .query_map([to_ms(end)], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()
        };
        read().map_err(|error| self.error(&error))
    }

    /// What was recorded of an order's mismatches before this time.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn lives_before(
        &self,
        order_id: i64,
        end: DateTime<Utc>,
    ) -> Result<Lives, StoreError> {
        let read = || {
            let mut events = events::of_order(&self.connection, order_id)?;
            events.retain(|event| event.at < end);
            let decisions = decisions::of_order_before(&self.connection, order_id, end)?;
            Ok(Lives { events, decisions })
        };
        read().map_err(|error| self.error(&error))
    }

    /// The merchant's newest night: the judged run with the highest number among those without an
    /// explicit range. Without a merchant: that of the latest judged run.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn latest_night(&self, merchant: Option<&str>) -> Result<Option<i64>, StoreError> {
        let latest = || {
            self.connection
                .query_row(
                    "SELECT merchant_uid FROM runs WHERE judged_at_ms IS NOT NULL
                     ORDER BY run_id DESC LIMIT 1",
                    (),
                    |row| row.get::<_, String>(0),
                )
                .optional()
        };
        let read = || {
            let merchant = match merchant {
                Some(merchant) => Some(merchant.to_owned()),
                None => latest()?,
            };
            let Some(merchant) = merchant else { return Ok(None) };
            Ok(self.newest_night(&merchant)?.map(|(run_id, _)| run_id))
        };
        read().map_err(|error| self.error(&error))
    }

    /// Whether a run selected an order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn selects(&self, run_id: i64, key: &OrderKey) -> Result<bool, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT 1 FROM orders o
                 JOIN run_orders r ON r.run_id = ?1 AND r.order_id = o.order_id
                 WHERE o.merchant_order_id = ?2 AND o.merchant_uid = ?3",
            )
            .and_then(|mut it| {
                let merchant_uid = key.merchant_uid.as_deref().unwrap_or_default();
                it.exists(params![run_id, key.merchant_order_id, merchant_uid])
            })
            .map_err(|error| self.error(&error))
    }

    /// The latest judged run that began before this time.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn judged_before(&self, end: DateTime<Utc>) -> Result<Option<i64>, StoreError> {
        self.connection
            .query_row(
                "SELECT max(run_id) FROM runs
                 WHERE judged_at_ms IS NOT NULL AND started_at_ms < ?1",
                [to_ms(end)],
                |row| row.get(0),
            )
            .map_err(|error| self.error(&error))
    }
}

impl Judging<'_> {
    /// The run before this one, if an earlier release judged it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn before_without_orders(&self) -> Result<Option<(i64, NaiveDate)>, StoreError> {
        let read = || {
            let Some(run_id) = before::run_before(&self.transaction, self.run_id)? else {
                return Ok(None);
            };
            if !lacks_orders(&self.transaction, run_id)? {
                return Ok(None);
            }
            self.transaction
                .query_row("SELECT run_day FROM runs WHERE run_id = ?1", [run_id], |row| {
                    date(row, "run_day")
                })
                .map(|day| Some((run_id, day)))
        };
        read().map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    /// Keeps the orders of a run that an earlier release judged. `judged` gives an order as a whole
    /// from its findings.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub(crate) fn keep_orders_of(
        &self,
        run_id: i64,
        judged: impl Fn(&[ReportRow]) -> Option<JudgedOrder>,
    ) -> Result<(), StoreError> {
        keep_orders(&self.transaction, run_id, judged)
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}

fn keep_orders(
    connection: &Connection,
    run_id: i64,
    judged: impl Fn(&[ReportRow]) -> Option<JudgedOrder>,
) -> rusqlite::Result<()> {
    let orders: Vec<i64> = connection
        .prepare("SELECT DISTINCT order_id FROM reported_mismatches WHERE run_id = ?1")?
        .query_map([run_id], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for order_id in orders {
        let findings = reported::order_findings(connection, Some(run_id), order_id)?;
        let order = judged(&findings).ok_or_else(|| unreadable("reported_mismatches"))?;
        reported_orders::insert(connection, (run_id, order_id), &order)?;
    }
    Ok(())
}

fn lacks_orders(connection: &Connection, run_id: i64) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM main.reported_mismatches WHERE run_id = ?1)
                AND NOT EXISTS (SELECT 1 FROM main.reported_orders WHERE run_id = ?1)",
        [run_id],
        |row| row.get(0),
    )
}

fn kept(connection: &Connection, run_id: i64, order_id: i64) -> rusqlite::Result<Option<Kept>> {
    connection
        .prepare_cached(concat!(
            "SELECT x.*, ",
            moved_columns!(),
            " FROM main.reported_orders x WHERE x.run_id = ?1 AND x.order_id = ?2"
        ))?
        .query_row([run_id, order_id], |row| {
            let moved = reported_orders::moved(row)?.ok_or_else(|| unreadable("amount_micros"))?;
            Ok(Kept {
                moved,
                is_verified: row.get("is_verified")?,
                transaction_type: row.get("transaction_type")?,
                since: date(row, "since")?,
            })
        })
        .optional()
}
