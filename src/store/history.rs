//! All that is known of one order, for `show` (contract, "Commands").

use super::decode::{self, ANSWER_COLUMNS, ENTRY_COLUMNS, instant, unreadable};
use super::entry_columns::read_entry;
use super::events::{self, event_ms};
use super::{Store, StoreError, decisions};
use crate::domain::decision::DecisionEvent;
use crate::domain::mismatch::{Event, Kind, Outcome};
use crate::domain::order::{Entry, OrderKey};
use crate::domain::payment::Answer;
use crate::domain::text::Text;
use chrono::{DateTime, Utc};
use rusqlite::{Row, params};

/// An order and everything that was ever said of it.
#[derive(Debug, Clone)]
pub(crate) struct OrderHistory {
    /// Which.
    pub(crate) key: OrderKey,
    /// What the ledger said, oldest first.
    pub(crate) entries: Vec<EntryVersion>,
    /// The gateway's answers, oldest first: a new one where it changed.
    pub(crate) answers: Vec<AnswerVersion>,
    /// What was reported, oldest first.
    pub(crate) mismatches: Vec<MismatchEvent>,
    /// Findings that were suspect, with the run that reported them, oldest first.
    pub(crate) suspects: Vec<(i64, Kind)>,
    /// What was decided about its mismatches, refused decisions too, in the order of time.
    pub(crate) decisions: Vec<DecisionEvent>,
    /// How the order ended in the latest run that selected it, and that run.
    pub(crate) last_outcome: Option<(i64, Outcome)>,
}

/// What the ledger said from one run on.
#[derive(Debug, Clone)]
pub(crate) struct EntryVersion {
    /// The run that read it first.
    pub(crate) run_id: i64,
    /// The file's name on the command line.
    pub(crate) file: String,
    /// The line.
    pub(crate) line: i64,
    /// What it said.
    pub(crate) entry: Entry,
}

/// What the gateway said from one moment on.
#[derive(Debug, Clone)]
pub(crate) struct AnswerVersion {
    /// The run that got it first.
    pub(crate) run_id: i64,
    /// When it came first.
    pub(crate) received_at: DateTime<Utc>,
    /// What it said.
    pub(crate) answer: Answer,
}

/// An event in the life of one of the order's mismatches.
#[derive(Debug, Clone)]
pub(crate) struct MismatchEvent {
    /// What happened, and when.
    pub(crate) event: Event,
    /// What the run reported of it; none where it was resolved.
    pub(crate) reason: Option<Text>,
    /// Whether it was rebuilt from the reports of an earlier release.
    pub(crate) is_rebuilt: bool,
}

impl Store {
    /// Every order with this id: one for each merchant that has one.
    ///
    /// # Errors
    /// The database.
    pub(crate) fn history(&self, merchant_order_id: &str) -> Result<Vec<OrderHistory>, StoreError> {
        self.read_history(merchant_order_id).map_err(|error| self.error(&error))
    }

    fn read_history(&self, merchant_order_id: &str) -> rusqlite::Result<Vec<OrderHistory>> {
        let mut statement = self.connection.prepare(
            "SELECT order_id, merchant_uid, merchant_order_id FROM orders
             WHERE merchant_order_id = ?1 ORDER BY merchant_uid",
        )?;
        let orders: Vec<(i64, OrderKey)> = statement
            .query_map([merchant_order_id], |row| Ok((row.get("order_id")?, decode::key(row)?)))?
            .collect::<rusqlite::Result<_>>()?;
        orders.into_iter().map(|(order_id, key)| self.one_history(order_id, key)).collect()
    }

    fn one_history(&self, order_id: i64, key: OrderKey) -> rusqlite::Result<OrderHistory> {
        let last_outcome = self.rows(
            concat!(
                "SELECT u.run_id AS run_id, r.outcome AS outcome
                 FROM runs u CROSS JOIN run_orders r ON r.run_id = u.run_id
                 WHERE u.judged_at_ms IS NOT NULL AND r.order_id = ?1
                 ORDER BY ",
                event_ms!(),
                " DESC, u.run_id DESC LIMIT 1"
            ),
            order_id,
            |row| Ok((row.get("run_id")?, decode::outcome(row, "outcome")?)),
        )?;
        let mismatches = self.rows(
            "SELECT e.*, m.reason AS reason,
                    e.run_id <= (SELECT up_to_run_id FROM rebuilt_events) AS is_rebuilt
             FROM mismatch_events e
             LEFT JOIN reported_mismatches m
                    ON m.run_id = e.run_id AND m.order_id = e.order_id AND m.kind = e.kind
             WHERE e.order_id = ?1 ORDER BY e.at_ms, e.run_id, e.kind",
            order_id,
            |row| {
                let reason: Option<String> = row.get("reason")?;
                Ok(MismatchEvent {
                    event: events::event(row)?,
                    reason: reason.as_deref().map(Text::own),
                    is_rebuilt: row.get("is_rebuilt")?,
                })
            },
        )?;
        Ok(OrderHistory {
            key,
            entries: self.rows(
                &[
                    "SELECT f.run_id AS run_id, f.name AS file, e.line AS line, ",
                    ENTRY_COLUMNS,
                    " FROM entries e JOIN orders o ON o.order_id = e.order_id
                     JOIN ledger_files f ON f.file_id = e.file_id
                     WHERE e.order_id = ?1 ORDER BY e.version",
                ]
                .concat(),
                order_id,
                |row| {
                    Ok(EntryVersion {
                        run_id: row.get("run_id")?,
                        file: row.get("file")?,
                        line: row.get("line")?,
                        entry: read_entry(row)?,
                    })
                },
            )?,
            answers: self.rows(
                &[
                    "WITH RECURSIVE told (answer_id) AS
                         (SELECT answer_id FROM orders WHERE order_id = ?1
                          UNION SELECT p.previous_answer_id
                          FROM told JOIN answers p ON p.answer_id = told.answer_id)
                     SELECT a.run_id AS run_id, a.received_at_ms AS received_at_ms, ",
                    ANSWER_COLUMNS,
                    " FROM told JOIN answers a ON a.answer_id = told.answer_id
                     ORDER BY a.answer_id",
                ]
                .concat(),
                order_id,
                |row| {
                    Ok(AnswerVersion {
                        run_id: row.get("run_id")?,
                        received_at: instant(row, "received_at_ms")?,
                        answer: decode::answer(row)?.ok_or_else(|| unreadable("kind"))?,
                    })
                },
            )?,
            mismatches,
            suspects: self.rows(
                "SELECT run_id, kind FROM reported_mismatches
                 WHERE order_id = ?1 AND is_suspect = 1 ORDER BY run_id, kind",
                order_id,
                |row| Ok((row.get("run_id")?, decode::kind(row)?)),
            )?,
            decisions: decisions::of_order(&self.connection, order_id)?,
            last_outcome: last_outcome.into_iter().next(),
        })
    }

    fn rows<T>(
        &self,
        sql: &str,
        order_id: i64,
        read: impl FnMut(&Row) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.connection.prepare(sql)?.query_map(params![order_id], read)?.collect()
    }
}
