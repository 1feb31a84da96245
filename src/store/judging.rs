//! Keeping what a run judged: outcomes, what it reports, and where each mismatch stands (contract,
//! "The report" and "The database"). One transaction: a run is judged whole or not at all.

use super::Store;
use super::decode::{self, ANSWER_COLUMNS, Columns, ENTRY_COLUMNS, Fields, Named};
use super::error::StoreError;
use super::runs::store_figures;
use super::standing::{Standing, forget, mismatch_id, standing};
use crate::domain::amount::{Amount, Total};
use crate::domain::mismatch::{Kind, Mismatch, Outcome, State};
use crate::domain::order::{Entry, OrderKey};
use crate::domain::payment::{Answer, Asked};
use crate::domain::run::Figures;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, named_params, params};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

/// Orders of one payment that are looked at: a gateway that gives all orders the same payment must
/// not make a night quadratic.
const MOST_SHARED: u32 = 100;

/// One order of a run with all that is known of it.
#[derive(Debug, Clone)]
pub struct StoredCase {
    /// Its row.
    pub order_id: i64,
    /// The ledger's side, as it was when the run began.
    pub entry: Entry,
    /// What came of asking.
    pub asked: Asked,
    /// Other orders of the merchant whose latest answer has the same `payment_uid`, up to 100.
    pub shared_with: Vec<String>,
    /// Kinds that earlier runs left open; only filled for an order without an answer.
    pub still_open: Vec<Kind>,
}

/// A run being judged. Dropped without [`Judging::commit`], it leaves nothing behind.
pub struct Judging<'a> {
    transaction: Transaction<'a>,
    path: PathBuf,
    run_id: i64,
    day: NaiveDate,
}

impl Store {
    /// Begins to judge a run, forgetting an earlier judgement of the same run. `day` is the run's.
    ///
    /// # Errors
    /// The database.
    pub fn begin_judging(
        &mut self,
        run_id: i64,
        day: NaiveDate,
    ) -> Result<Judging<'_>, StoreError> {
        let path = self.path.clone();
        let sqlite = |error: rusqlite::Error| StoreError::sqlite(&path, &error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sqlite)?;
        forget(&transaction, run_id).map_err(sqlite)?;
        Ok(Judging { transaction, path, run_id, day })
    }
}

impl Judging<'_> {
    /// The run's orders after this one, in their order.
    ///
    /// # Errors
    /// The database.
    pub fn cases(&self, after: i64, limit: u32) -> Result<Vec<StoredCase>, StoreError> {
        self.read_cases(after, limit).map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn read_cases(&self, after: i64, limit: u32) -> rusqlite::Result<Vec<StoredCase>> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            [
                "SELECT r.order_id AS order_id, r.tries AS tries, r.why AS why, \
                 r.answer_id IS o.answer_id AS is_current, ",
                ENTRY_COLUMNS,
                ", ",
                ANSWER_COLUMNS,
                " FROM run_orders r
                 JOIN orders o ON o.order_id = r.order_id
                 JOIN entries e ON e.entry_id = r.entry_id
                 LEFT JOIN answers a ON a.answer_id = r.answer_id
                 WHERE r.run_id = ?1 AND r.order_id > ?2 ORDER BY r.order_id LIMIT ?3",
            ]
            .concat()
        });
        let mut statement = self.transaction.prepare_cached(&SQL)?;
        let columns = Columns::of(&statement);
        let mut rows = statement.query(params![self.run_id, after, limit])?;
        let mut cases = Vec::new();
        while let Some(row) = rows.next()? {
            cases.push(self.case(&columns.fields(row))?);
        }
        Ok(cases)
    }

    fn case(&self, row: &Fields) -> rusqlite::Result<StoredCase> {
        let order_id = row.named("order_id")?;
        let entry = decode::entry(row)?;
        let asked = match decode::answer(row)? {
            Some(answer) => Asked::Answered(answer),
            None => Asked::Unverified {
                why: row
                    .named::<Option<String>>("why")?
                    .unwrap_or_else(|| "the gateway was not asked".to_owned()),
                tries: row.named("tries")?,
            },
        };
        // An answer that has been replaced since shares nothing with what others say now.
        let is_current: bool = row.named("is_current")?;
        let payment_uid = match &asked {
            Asked::Answered(Answer::Payment(payment)) if is_current => {
                payment.payment_uid.as_deref()
            }
            _ => None,
        };
        let shared_with = match payment_uid {
            Some(uid) => self.shared_with(order_id, &entry.key, uid)?,
            None => Vec::new(),
        };
        let still_open = if matches!(asked, Asked::Unverified { .. }) {
            let standing = standing(&self.transaction, order_id)?;
            standing.into_iter().filter(|one| !one.is_resolved).map(|one| one.kind).collect()
        } else {
            Vec::new()
        };
        Ok(StoredCase { order_id, entry, asked, shared_with, still_open })
    }

    fn shared_with(
        &self,
        order_id: i64,
        key: &OrderKey,
        payment_uid: &str,
    ) -> rusqlite::Result<Vec<String>> {
        let mut orders: Vec<String> = self
            .transaction
            .prepare_cached(
                // CROSS JOIN: by the payment's index first, not by the merchant's, which has all
                // orders of one.
                "SELECT o.merchant_order_id FROM answers a
                 CROSS JOIN orders o ON o.order_id = a.order_id AND o.answer_id = a.answer_id
                 WHERE a.payment_uid = ?1 AND o.merchant_uid = ?2 AND o.order_id <> ?3 LIMIT ?4",
            )?
            .query_map(
                params![
                    payment_uid,
                    key.merchant_uid.as_deref().unwrap_or_default(),
                    order_id,
                    MOST_SHARED
                ],
                |row| row.get(0),
            )?
            .collect::<rusqlite::Result<_>>()?;
        orders.sort_unstable();
        Ok(orders)
    }

    /// The other orders of a shared payment that this run leaves out get their row next time.
    fn ask_partners_again(&self, case: &StoredCase) -> rusqlite::Result<()> {
        let merchant_uid = case.entry.key.merchant_uid.as_deref().unwrap_or_default();
        for partner in &case.shared_with {
            self.transaction
                .prepare_cached(
                    "UPDATE orders SET awaiting = 1
                     WHERE merchant_order_id = ?1 AND merchant_uid = ?2
                       AND NOT EXISTS (SELECT 1 FROM run_orders r WHERE r.run_id = ?3
                                         AND r.order_id = orders.order_id)
                       AND NOT EXISTS (SELECT 1 FROM mismatches m
                                       WHERE m.order_id = orders.order_id AND m.kind = ?4
                                         AND m.resolved_run_id IS NULL)",
                )?
                .execute(params![
                    partner,
                    merchant_uid,
                    self.run_id,
                    Kind::DuplicatePayment.as_str()
                ])?;
        }
        Ok(())
    }

    /// Keeps how one order ended.
    ///
    /// # Errors
    /// The database.
    pub fn keep(
        &mut self,
        case: &StoredCase,
        outcome: Outcome,
        mismatches: &[Mismatch],
    ) -> Result<(), StoreError> {
        self.keep_order(case, outcome, mismatches)
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn keep_order(
        &self,
        case: &StoredCase,
        outcome: Outcome,
        mismatches: &[Mismatch],
    ) -> rusqlite::Result<()> {
        let order_id = case.order_id;
        self.transaction
            .prepare_cached(
                "UPDATE run_orders SET outcome = ?3 WHERE run_id = ?1 AND order_id = ?2",
            )?
            .execute(params![self.run_id, order_id, outcome.as_str()])?;
        let awaiting = matches!(outcome, Outcome::InTransit | Outcome::Unverified);
        // A run that is gone on with late does not change what a later run has found since, unless
        // its own answer is the newer one. What the ledger says since has not been judged by it.
        let is_latest = self
            .transaction
            .prepare_cached(
                "UPDATE orders SET judged_run_id = max(coalesce(judged_run_id, 0), ?3),
                     awaiting = ?2 OR entry_id <> (SELECT entry_id FROM run_orders
                                                   WHERE run_id = ?3 AND order_id = ?1)
                 WHERE order_id = ?1
                   AND (coalesce(judged_run_id, 0) <= ?3
                        OR (SELECT answered_at_ms FROM run_orders
                            WHERE run_id = ?3 AND order_id = ?1)
                           > (SELECT coalesce(answered_at_ms, 0) FROM run_orders
                              WHERE run_id = orders.judged_run_id AND order_id = ?1))",
            )?
            .execute(params![order_id, awaiting, self.run_id])?
            > 0;
        let standing = standing(&self.transaction, order_id)?;
        for mismatch in mismatches {
            let before = standing.iter().find(|before| before.kind == mismatch.kind);
            self.report(case, mismatch, before, is_latest)?;
            if mismatch.kind == Kind::DuplicatePayment {
                self.ask_partners_again(case)?;
            }
        }
        // Only a fresh, trustworthy answer ends a mismatch.
        if is_latest && matches!(case.asked, Asked::Answered(_)) {
            for gone in standing.iter().filter(|before| {
                !before.is_resolved
                    && mismatches.iter().all(|mismatch| mismatch.kind != before.kind)
            }) {
                self.transaction
                    .prepare_cached(
                        "UPDATE mismatches SET before_run_id = run_id,
                             before_variance_micros = variance_micros,
                             before_resolved_run_id = resolved_run_id,
                             run_id = ?3, resolved_run_id = ?3
                         WHERE order_id = ?1 AND kind = ?2",
                    )?
                    .execute(params![order_id, gone.kind.as_str(), self.run_id])?;
            }
        }
        Ok(())
    }

    fn report(
        &self,
        case: &StoredCase,
        mismatch: &Mismatch,
        before: Option<&Standing>,
        is_latest: bool,
    ) -> rusqlite::Result<()> {
        let first_seen = before.map_or(self.day, |before| before.first_seen.min(self.day));
        let state = match before {
            None => State::New,
            Some(_) if first_seen == self.day => State::New,
            Some(before) if before.is_resolved => State::Reopened,
            Some(before) if before.variance != mismatch.variance => State::Changed,
            Some(_) => State::Open,
        };
        let id = mismatch_id(&case.entry.key, mismatch.kind);
        let variance = mismatch.variance.map(Amount::micros);
        if is_latest {
            self.transaction
                .prepare_cached(
                    "INSERT INTO mismatches (order_id, kind, mismatch_id, first_seen, run_id,
                     variance_micros)
                 VALUES (:order_id, :kind, :mismatch_id, :first_seen, :run_id, :variance)
                 ON CONFLICT (order_id, kind) DO UPDATE SET before_run_id = run_id,
                     before_variance_micros = variance_micros,
                     before_resolved_run_id = resolved_run_id, first_seen = excluded.first_seen,
                     run_id = excluded.run_id, variance_micros = excluded.variance_micros,
                     resolved_run_id = NULL",
                )?
                .execute(named_params! {
                    ":order_id": case.order_id, ":kind": mismatch.kind.as_str(), ":mismatch_id": id,
                    ":first_seen": first_seen.to_string(), ":run_id": self.run_id,
                    ":variance": variance,
                })?;
        }
        self.transaction
            .prepare_cached(
                "INSERT INTO reported_mismatches (run_id, order_id, kind, severity, state,
                     variance_micros, at_risk_micros, currency, reason, first_seen, open_days,
                     mismatch_id, answer_id, answered_at_ms)
                 SELECT :run_id, :order_id, :kind, :severity, :state, :variance, :at_risk,
                     :currency, :reason, :first_seen, :open_days, :mismatch_id, answer_id,
                     answered_at_ms
                 FROM run_orders WHERE run_id = :run_id AND order_id = :order_id",
            )?
            .execute(named_params! {
                ":run_id": self.run_id, ":order_id": case.order_id,
                ":kind": mismatch.kind.as_str(), ":severity": mismatch.severity.as_str(),
                ":state": state.as_str(), ":variance": variance,
                ":at_risk": mismatch.at_risk.micros(), ":currency": mismatch.currency,
                ":reason": mismatch.reason, ":first_seen": first_seen.to_string(),
                ":open_days": (self.day - first_seen).num_days(), ":mismatch_id": id,
            })?;
        Ok(())
    }

    /// Open mismatches of orders that this run did not select.
    ///
    /// # Errors
    /// The database.
    pub fn open_elsewhere(&self) -> Result<u64, StoreError> {
        let count: Option<i64> = self
            .transaction
            .query_row(
                "SELECT count(*) FROM mismatches m WHERE m.resolved_run_id IS NULL
                   AND NOT EXISTS (SELECT 1 FROM run_orders r
                                   WHERE r.run_id = ?1 AND r.order_id = m.order_id)",
                [self.run_id],
                |row| row.get(0),
            )
            .optional()
            .map_err(|error| StoreError::sqlite(&self.path, &error))?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    /// The sums of the run's selected ledger amounts by currency, as SQLite adds them.
    ///
    /// # Errors
    /// The database.
    pub fn selected_amounts(&self) -> Result<BTreeMap<String, Total>, StoreError> {
        super::runs::selected_amounts(&self.transaction, self.run_id)
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    /// Keeps it all, with the run's figures.
    ///
    /// # Errors
    /// The disk: then nothing was kept, or all of it.
    pub fn commit(self, figures: &Figures, now: DateTime<Utc>) -> Result<(), StoreError> {
        let path = self.path;
        store_figures(&self.transaction, self.run_id, figures, now)
            .and_then(|()| self.transaction.commit())
            .map_err(|error| StoreError::sqlite(&path, &error))
    }
}
