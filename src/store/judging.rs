//! Keeping what a run judged: outcomes, what it reports, and where each mismatch stands (contract,
//! "The report" and "The database"). One transaction: a run is judged whole or not at all.

use super::Store;
use super::cases::StoredCase;
use super::decode;
use super::error::StoreError;
use super::runs::store_figures;
use super::sharing::gather_payments;
use super::standing::{Standing, forget, judged_since, mismatch_id};
use crate::domain::amount::{Amount, Total};
use crate::domain::mismatch::{Kind, Mismatch, Outcome, State};
use crate::domain::payment::Asked;
use crate::domain::run::Figures;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, named_params, params};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How one order ended.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The order.
    pub case: StoredCase,
    /// Its one outcome.
    pub outcome: Outcome,
    /// What is reported of it.
    pub mismatches: Vec<Mismatch>,
}

/// A run being judged. Dropped without [`Judging::commit`], it leaves nothing behind.
pub struct Judging<'a> {
    pub(super) transaction: Transaction<'a>,
    pub(super) path: PathBuf,
    pub(super) run_id: i64,
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
        gather_payments(&transaction, run_id).map_err(sqlite)?;
        Ok(Judging { transaction, path, run_id, day })
    }
}

impl Judging<'_> {
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

    /// Keeps how the orders of a page of [`Judging::cases`] ended, all of them.
    ///
    /// # Errors
    /// The database.
    pub fn keep(&mut self, page: &[Judged]) -> Result<(), StoreError> {
        self.keep_page(page).map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn keep_page(&self, page: &[Judged]) -> rusqlite::Result<()> {
        let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(()) };
        let between = [self.run_id, first.case.order_id, last.case.order_id];
        // As if all of them matched, which most do: one statement for all of them.
        self.transaction
            .prepare_cached(
                "UPDATE run_orders SET outcome = 1
                 WHERE run_id = ?1 AND order_id BETWEEN ?2 AND ?3",
            )?
            .execute(between)?;
        // What the ledger says of an order since has not been judged by this run.
        self.transaction
            .prepare_cached(concat!(
                "UPDATE orders SET awaiting = 0 FROM run_orders r
                 WHERE orders.awaiting = 1 AND orders.order_id BETWEEN ?2 AND ?3
                   AND r.run_id = ?1 AND r.order_id = orders.order_id
                   AND r.entry_version = orders.entry_version AND NOT ",
                judged_since!("r.order_id")
            ))?
            .execute(between)?;
        page.iter().try_for_each(|judged| self.keep_order(judged))
    }

    fn keep_order(&self, judged: &Judged) -> rusqlite::Result<()> {
        let Judged { case, outcome, mismatches } = judged;
        if *outcome != Outcome::Matched {
            self.transaction
                .prepare_cached(
                    "UPDATE run_orders SET outcome = ?3 WHERE run_id = ?1 AND order_id = ?2",
                )?
                .execute([self.run_id, case.order_id, decode::outcome_number(*outcome)])?;
        }
        let is_awaiting = matches!(outcome, Outcome::InTransit | Outcome::Unverified);
        let is_latest = !case.is_overtaken || self.overrules(case.order_id)?;
        if is_latest && is_awaiting {
            self.transaction
                .prepare_cached("UPDATE orders SET awaiting = 1 WHERE order_id = ?1")?
                .execute([case.order_id])?;
        }
        for mismatch in mismatches {
            let before = case.standing.iter().find(|before| before.kind == mismatch.kind);
            self.report(case, mismatch, before, is_latest)?;
            if mismatch.kind == Kind::DuplicatePayment {
                self.ask_partners_again(case)?;
            }
        }
        // Only a fresh, trustworthy answer ends a mismatch.
        if is_latest && matches!(case.asked, Asked::Answered(_)) {
            for gone in case.standing.iter().filter(|before| {
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
                    .execute(params![case.order_id, gone.kind.as_str(), self.run_id])?;
            }
        }
        Ok(())
    }

    /// Whether this run's answer is newer than that of the later run that has judged the order: a
    /// run that is gone on with late changes nothing else of what was found since.
    fn overrules(&self, order_id: i64) -> rusqlite::Result<bool> {
        let overruled = self
            .transaction
            .prepare_cached(
                "UPDATE orders SET awaiting = entry_version <> (SELECT entry_version FROM run_orders
                                                                WHERE run_id = ?2 AND order_id = ?1)
                 WHERE order_id = ?1
                   AND (SELECT answered_at_ms FROM run_orders WHERE run_id = ?2 AND order_id = ?1)
                       > (SELECT coalesce(x.answered_at_ms, 0)
                          FROM runs u CROSS JOIN run_orders x ON x.run_id = u.run_id
                          WHERE u.judged_at_ms IS NOT NULL AND x.order_id = ?1
                          ORDER BY u.run_id DESC LIMIT 1)",
            )?
            .execute([order_id, self.run_id])?;
        Ok(overruled > 0)
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
                ":reason": mismatch.reason.as_str(), ":first_seen": first_seen.to_string(),
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
                // Most are of orders before the run's first one, which need no look at the run.
                "SELECT count(*) FROM mismatches m WHERE m.resolved_run_id IS NULL
                   AND (m.order_id < (SELECT min(order_id) FROM run_orders WHERE run_id = ?1)
                        OR NOT EXISTS (SELECT 1 FROM run_orders r
                                       WHERE r.run_id = ?1 AND r.order_id = m.order_id))",
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
