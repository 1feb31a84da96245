//! Which of a run's orders keep the answer of an earlier run (contract, "`run`": `--scheduled`).
//! One transaction: first every order gets its last answer, then those that are due lose it again.

use super::Store;
use super::cases::StoredCase;
use super::decode::{self, kind, unreadable};
use super::error::StoreError;
use super::flood;
use super::import::Import;
use super::judging::Judging;
use super::runs::{self, RunRow};
use super::shared_payments::gather_payments;
use crate::domain::amount::Amount;
use crate::domain::mismatch::{Kind, Outcome, Severity};
use chrono::{DateTime, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

/// Runs that are looked through for the last judgement of an order. One that none of them judged is
/// asked.
const RUNS: u32 = 40;

/// Whether a row of `run_orders r` has the answer of an earlier run: it took no call.
macro_rules! is_reused {
    () => {
        "(r.answer_id IS NOT NULL AND r.tries = 0)"
    };
}
pub(super) use is_reused;

/// An order that was answered before, judged so far by that answer.
pub(crate) struct Answered {
    /// The order with its last answer.
    pub(crate) case: StoredCase,
    /// When the answer came.
    pub(crate) at: DateTime<Utc>,
    /// How often in a row it was the same.
    pub(crate) times_same: u32,
    /// What the run before made of the same entry and the same answer. `None`: it had another one
    /// of them, another gateway or a clock that was behind, or no run before judged the order.
    pub(crate) before: Option<SeenBefore>,
}

/// What a run made of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenBefore {
    /// Its outcome.
    pub(crate) outcome: Outcome,
    /// Its findings.
    pub(crate) findings: BTreeMap<Kind, Figures>,
}

/// What two judgements of one answer are compared by: severity, variance, money at risk, currency.
pub(crate) type Figures = (Severity, Option<Amount>, Amount, String);

/// A run whose orders are being scheduled. Dropped without [`Scheduling::commit`], it leaves
/// nothing behind.
pub(crate) struct Scheduling<'a> {
    /// To judge orders with: nothing of it is kept.
    pub(crate) judging: Judging<'a>,
    /// Earlier judged runs, newest first, and whether they asked the same gateway for the same
    /// merchant.
    earlier: Vec<(i64, bool)>,
}

impl Store {
    /// Begins to schedule the orders of a run.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub(crate) fn begin_scheduling(&mut self, run_id: i64) -> Result<Scheduling<'_>, StoreError> {
        let path = self.path.clone();
        self.connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| begin(transaction, path.clone(), run_id))
            .map_err(|error| StoreError::sqlite(&path, &error))
    }
}

impl<'a> Import<'a> {
    /// Schedules the orders of a run that is not stored and will not be, to know what it costs.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub(crate) fn into_scheduling(self) -> Result<Scheduling<'a>, StoreError> {
        let (transaction, path, run_id) = self.into_transaction();
        begin(transaction, path.clone(), run_id).map_err(|error| StoreError::sqlite(&path, &error))
    }
}

fn begin(
    transaction: Transaction<'_>,
    path: PathBuf,
    run_id: i64,
) -> rusqlite::Result<Scheduling<'_>> {
    transaction.execute(
        "UPDATE run_orders SET answer_id = o.answer_id, answered_at_ms = o.answered_at_ms,
                why = NULL
         FROM orders o
         WHERE run_orders.run_id = ?1 AND o.order_id = run_orders.order_id
           AND run_orders.answer_id IS NULL AND run_orders.tries = 0
           AND o.answer_id IS NOT NULL AND o.answered_at_ms IS NOT NULL",
        [run_id],
    )?;
    gather_payments(&transaction, run_id)?;
    let suspect_run = flood::suspect_run(&transaction, run_id)?;
    let earlier = earlier(&transaction, run_id)?;
    let judging = Judging { transaction, path, run_id, others: Vec::new(), suspect_run };
    Ok(Scheduling { judging, earlier })
}

fn earlier(connection: &Connection, run_id: i64) -> rusqlite::Result<Vec<(i64, bool)>> {
    connection
        .prepare_cached(
            "SELECT p.run_id, p.base_url = u.base_url AND p.merchant_uid = u.merchant_uid
             FROM runs u JOIN runs p ON p.run_id <> u.run_id AND p.judged_at_ms IS NOT NULL
             WHERE u.run_id = ?1 ORDER BY p.run_id DESC LIMIT ?2",
        )?
        .query_map(params![run_id, RUNS], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

impl Scheduling<'_> {
    /// The run.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn run(&self) -> Result<Option<RunRow>, StoreError> {
        runs::read(&self.judging.transaction, self.judging.run_id)
            .map_err(|error| self.error(&error))
    }

    /// The next orders after this one, in their order: those that have the answer of an earlier
    /// run. Gives the last order that was looked at, too; `None`: there are no more.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn answered(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Option<(i64, Vec<Answered>)>, StoreError> {
        let cases = self.judging.cases(after, limit)?;
        let Some(last) = cases.last().map(|case| case.order_id) else { return Ok(None) };
        self.add_answers((after, last), cases)
            .map(|answered| Some((last, answered)))
            .map_err(|error| self.error(&error))
    }

    fn add_answers(
        &self,
        range: (i64, i64),
        cases: Vec<StoredCase>,
    ) -> rusqlite::Result<Vec<Answered>> {
        let mut reused = self.reused(range)?;
        let mut before = self.before(range, &reused)?;
        let answered = cases.into_iter().filter_map(|case| {
            let Reused { at, times_same, .. } = reused.remove(&case.order_id)?;
            let before = before.remove(&case.order_id);
            Some(Answered { case, at, times_same, before })
        });
        Ok(answered.collect())
    }

    fn reused(&self, (after, last): (i64, i64)) -> rusqlite::Result<HashMap<i64, Reused>> {
        let mut statement = self.judging.transaction.prepare_cached(concat!(
            "SELECT r.order_id AS order_id, r.entry_version AS entry_version,
                    r.answer_id AS answer_id, r.answered_at_ms AS answered_at_ms,
                    o.times_same AS times_same
             FROM run_orders r JOIN orders o ON o.order_id = r.order_id
             WHERE r.run_id = ?1 AND r.order_id > ?2 AND r.order_id <= ?3 AND ",
            is_reused!()
        ))?;
        let rows = statement.query_map([self.judging.run_id, after, last], |row| {
            let reused = Reused {
                entry_version: row.get("entry_version")?,
                answer_id: row.get("answer_id")?,
                at: decode::instant(row, "answered_at_ms")?,
                times_same: row.get("times_same")?,
            };
            Ok((row.get("order_id")?, reused))
        })?;
        rows.collect()
    }

    /// What the run that judged each order last made of it, if it had the same entry and answer.
    fn before(
        &self,
        (after, last): (i64, i64),
        reused: &HashMap<i64, Reused>,
    ) -> rusqlite::Result<HashMap<i64, SeenBefore>> {
        let mut unseen: HashMap<i64, &Reused> =
            reused.iter().map(|(order_id, reused)| (*order_id, reused)).collect();
        let mut seen = HashMap::new();
        for (run_id, is_same_gateway) in &self.earlier {
            if unseen.is_empty() {
                break;
            }
            let mut statement = self.judging.transaction.prepare_cached(
                "SELECT order_id, entry_version, answer_id, outcome, ordered_at_ms FROM run_orders
                 WHERE run_id = ?1 AND order_id > ?2 AND order_id <= ?3
                   AND outcome IS NOT NULL",
            )?;
            let mut rows = statement.query([*run_id, after, last])?;
            let mut of_run = HashMap::new();
            while let Some(row) = rows.next()? {
                let order_id = row.get("order_id")?;
                let Some(now) = unseen.remove(&order_id) else { continue };
                let is_same = row.get::<_, Option<i64>>("entry_version")? == now.entry_version
                    && row.get::<_, Option<i64>>("answer_id")? == Some(now.answer_id);
                let was_clock_behind = row.get::<_, Option<i64>>("ordered_at_ms")?.is_some();
                if is_same && *is_same_gateway && !was_clock_behind {
                    let outcome = decode::outcome(row, "outcome")?;
                    of_run.insert(order_id, SeenBefore { outcome, findings: BTreeMap::new() });
                }
            }
            self.add_findings(*run_id, (after, last), &mut of_run)?;
            seen.extend(of_run);
        }
        Ok(seen)
    }

    fn add_findings(
        &self,
        run_id: i64,
        (after, last): (i64, i64),
        orders: &mut HashMap<i64, SeenBefore>,
    ) -> rusqlite::Result<()> {
        if orders.is_empty() {
            return Ok(());
        }
        let mut statement = self.judging.transaction.prepare_cached(
            "SELECT order_id, kind, severity, variance_micros, at_risk_micros, currency
             FROM reported_mismatches WHERE run_id = ?1 AND order_id > ?2 AND order_id <= ?3",
        )?;
        let mut rows = statement.query([run_id, after, last])?;
        while let Some(row) = rows.next()? {
            let Some(order) = orders.get_mut(&row.get("order_id")?) else { continue };
            let severity: String = row.get("severity")?;
            let figures = (
                Severity::from_word(&severity).ok_or_else(|| unreadable("severity"))?,
                decode::amount(row, "variance_micros")?,
                Amount::from_micros(row.get("at_risk_micros")?),
                row.get("currency")?,
            );
            order.findings.insert(kind(row)?, figures);
        }
        Ok(())
    }

    /// Takes their answers from these orders: they are asked.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn ask(&self, orders: &[i64]) -> Result<(), StoreError> {
        let ask = || -> rusqlite::Result<()> {
            let mut statement = self.judging.transaction.prepare_cached(
                "UPDATE run_orders SET answer_id = NULL, answered_at_ms = NULL
                 WHERE run_id = ?1 AND order_id = ?2",
            )?;
            for order_id in orders {
                statement.execute([self.judging.run_id, *order_id])?;
            }
            Ok(())
        };
        ask().map_err(|error| self.error(&error))
    }

    /// If this run would ask for no order, takes the answer from the one that was not asked for
    /// longest: each night proves gateway and credentials.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub(crate) fn ask_at_least_one(&self) -> Result<(), StoreError> {
        self.judging
            .transaction
            .execute(
                concat!(
                    "UPDATE run_orders SET answer_id = NULL, answered_at_ms = NULL
                     WHERE run_id = ?1 AND order_id =
                         (SELECT r.order_id FROM run_orders r WHERE r.run_id = ?1
                          ORDER BY r.answered_at_ms, r.order_id LIMIT 1)
                       AND NOT EXISTS (SELECT 1 FROM run_orders r
                                       WHERE r.run_id = ?1 AND NOT ",
                    is_reused!(),
                    ")"
                ),
                [self.judging.run_id],
            )
            .map(|_| ())
            .map_err(|error| self.error(&error))
    }

    /// Orders of the run that are still to be asked for the first time.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn to_ask(&self) -> Result<u64, StoreError> {
        self.judging
            .transaction
            .query_row(
                "SELECT count(*) FROM run_orders
                 WHERE run_id = ?1 AND answer_id IS NULL AND tries = 0",
                [self.judging.run_id],
                |row| row.get::<_, i64>(0),
            )
            .map(i64::unsigned_abs)
            .map_err(|error| self.error(&error))
    }

    /// Keeps which orders are asked, and which are judged by their last answer.
    ///
    /// # Errors
    /// The disk: then nothing was kept, or all of it.
    pub(crate) fn commit(self) -> Result<(), StoreError> {
        let Judging { transaction, path, .. } = self.judging;
        transaction.commit().map_err(|error| StoreError::sqlite(&path, &error))
    }

    fn error(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.judging.path, error)
    }
}

/// The answer that an order has so far.
struct Reused {
    entry_version: Option<i64>,
    answer_id: i64,
    at: DateTime<Utc>,
    times_same: u32,
}
