//! What is known of single mismatches, for decisions about them (contract, "Decisions").

use super::decode::{self, instant};
use super::error::StoreError;
use super::events::{self, event_ms};
use super::reported::order_findings;
use super::{Store, decisions};
use crate::domain::decision::{DecisionEventKind, Taken};
use crate::domain::mismatch::{Event, Kind, ReportRow};
use crate::domain::morning::OrderRow;
use crate::domain::order::OrderKey;
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};
use std::collections::HashMap;

/// All that was recorded of the mismatches of one order, in the order of events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lives {
    /// What runs have recorded.
    pub(crate) events: Vec<Event>,
    /// What was decided.
    pub(crate) decisions: Vec<Taken>,
}

impl Store {
    /// The mismatches that a run reported, by their ids.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn reported_ids(
        &self,
        run_id: i64,
    ) -> Result<HashMap<String, (i64, Kind)>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT mismatch_id, order_id, kind FROM reported_mismatches WHERE run_id = ?1",
            )
            .and_then(|mut statement| {
                statement
                    .query_map([run_id], |row| {
                        Ok((row.get("mismatch_id")?, (row.get("order_id")?, decode::kind(row)?)))
                    })?
                    .collect()
            })
            .map_err(|error| self.error(&error))
    }

    /// An order as a run reported it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn reported_order(
        &self,
        run_id: i64,
        order_id: i64,
    ) -> Result<Option<OrderRow>, StoreError> {
        self.order_row(run_id, order_id).map_err(|error| self.error(&error))
    }

    /// A finding as a run reported it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn reported_finding(
        &self,
        run_id: i64,
        order_id: i64,
        kind: Kind,
    ) -> Result<Option<ReportRow>, StoreError> {
        let findings = order_findings(&self.connection, Some(run_id), order_id)
            .map_err(|error| self.error(&error))?;
        Ok(findings.into_iter().find(|finding| finding.mismatch.kind == kind))
    }

    /// A finding as the latest answer that was judged showed it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn latest_finding(
        &self,
        order_id: i64,
        kind: Kind,
    ) -> Result<Option<ReportRow>, StoreError> {
        let run_id: Option<i64> = self
            .connection
            .prepare_cached(concat!(
                "SELECT m.run_id AS run_id, ",
                event_ms!(),
                " AS at_ms
                 FROM reported_mismatches m
                 JOIN runs u ON u.run_id = m.run_id
                 JOIN run_orders r ON r.run_id = m.run_id AND r.order_id = m.order_id
                 WHERE m.order_id = ?1 AND m.kind = ?2
                 ORDER BY at_ms DESC, m.run_id DESC LIMIT 1"
            ))
            .and_then(|mut statement| {
                statement
                    .query_row(params![order_id, kind.as_str()], |row| row.get("run_id"))
                    .optional()
            })
            .map_err(|error| self.error(&error))?;
        match run_id {
            Some(run_id) => self.reported_finding(run_id, order_id, kind),
            None => Ok(None),
        }
    }

    /// Where a run's judgement of an order is in the order of events.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn judged_at(
        &self,
        run_id: i64,
        order_id: i64,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.connection
            .prepare_cached(concat!(
                "SELECT ",
                event_ms!(),
                " AS at_ms
                 FROM runs u JOIN run_orders r ON r.run_id = u.run_id
                 WHERE u.run_id = ?1 AND r.order_id = ?2"
            ))
            .and_then(|mut statement| {
                statement.query_row([run_id, order_id], |row| instant(row, "at_ms")).optional()
            })
            .map_err(|error| self.error(&error))
    }

    /// All that was recorded of an order's mismatches.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn lives(&self, order_id: i64) -> Result<Lives, StoreError> {
        let read = || {
            let mut decisions = decisions::of_orders(&self.connection, (order_id - 1, order_id))?;
            Ok(Lives {
                events: events::of_order(&self.connection, order_id)?,
                decisions: decisions.remove(&order_id).unwrap_or_default(),
            })
        };
        read().map_err(|error| self.error(&error))
    }

    /// What was recorded of an order's mismatches by runs and decisions up to these numbers.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn lives_up_to(
        &self,
        order_id: i64,
        last_run: i64,
        last_decision: i64,
    ) -> Result<Lives, StoreError> {
        let read = || {
            let mut events = events::of_order(&self.connection, order_id)?;
            events.retain(|event| event.run_id <= last_run);
            let decisions = decisions::of_order_up_to(&self.connection, order_id, last_decision)?;
            Ok(Lives { events, decisions })
        };
        read().map_err(|error| self.error(&error))
    }

    /// The number of the latest decision; 0 if there is none.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn last_decision(&self) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(decision_id), 0) FROM decision_events";
        self.connection.query_row(sql, (), |row| row.get(0)).map_err(|error| self.error(&error))
    }

    /// The orders with this id: one for each merchant that has one.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn orders_named(
        &self,
        merchant_order_id: &str,
    ) -> Result<Vec<(i64, OrderKey)>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT order_id, merchant_uid, merchant_order_id FROM orders
                 WHERE merchant_order_id = ?1 ORDER BY merchant_uid",
            )
            .and_then(|mut statement| {
                statement
                    .query_map([merchant_order_id], |row| {
                        Ok((row.get("order_id")?, decode::key(row)?))
                    })?
                    .collect()
            })
            .map_err(|error| self.error(&error))
    }

    /// The mismatch that somebody proposed to accept under this id.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn proposed(&self, mismatch_id: &str) -> Result<Option<(i64, Kind)>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT order_id, kind FROM decision_events
                 WHERE mismatch_id = ?1 AND event = ?2 ORDER BY decision_id DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![mismatch_id, DecisionEventKind::Proposed.as_str()], |row| {
                        Ok((row.get("order_id")?, decode::kind(row)?))
                    })
                    .optional()
            })
            .map_err(|error| self.error(&error))
    }
}
