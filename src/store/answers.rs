//! Answers as evidence: an answer is stored again only when it changes; a run adds a short row an
//! order (contract, "Stored answers").

use super::error::StoreError;
use super::{Store, to_ms};
use crate::domain::amount::Amount;
use crate::domain::mismatch::Kind;
use crate::domain::order::OrderKey;
use crate::domain::payment::{AccountingType, Answer, Answered, PaymentStatus, TransactionType};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rusqlite::{CachedStatement, Connection, TransactionBehavior, params};

/// An order of a run that has no trustworthy answer yet.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    /// Its row.
    pub(crate) order_id: i64,
    /// Whom to ask for.
    pub(crate) key: OrderKey,
}

/// The run whose answers are recorded, and its clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recording {
    /// The run.
    pub(crate) run_id: i64,
    /// If this machine's clock is behind what is stored, the latest time that is stored. The
    /// answers are ordered after it.
    pub(crate) clock_floor: Option<DateTime<Utc>>,
    /// The ledger's time zone: how often an answer stayed the same counts by its days.
    pub(crate) zone: Tz,
}

/// What came of asking for one order.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    /// Its row.
    pub(crate) order_id: i64,
    /// Calls made for it just now.
    pub(crate) calls: u32,
    /// When the last of them ended.
    pub(crate) at: DateTime<Utc>,
    /// The answer, or a clause that says why there is none.
    pub(crate) result: Result<Answered, String>,
}

/// Selects orders of run `?1` on further conditions.
macro_rules! orders_of_run {
    ($conditions:literal) => {
        concat!(
            "SELECT r.order_id AS order_id, o.merchant_uid AS merchant_uid,
                    o.merchant_order_id AS merchant_order_id
             FROM run_orders r JOIN orders o ON o.order_id = r.order_id
             WHERE r.run_id = ?1 ",
            $conditions
        )
    };
}

impl Store {
    /// Orders of the run without a trustworthy answer, by id, between these two ids: only those
    /// that an earlier run left unverified (`failed_before`), or only the others.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn pending(
        &self,
        run_id: i64,
        (after, before): (i64, i64),
        failed_before: bool,
        limit: u32,
    ) -> Result<Vec<Pending>, StoreError> {
        const SQL: &str = orders_of_run!(
            "AND r.order_id > ?2 AND r.order_id < ?3
              AND r.answered_at_ms IS NULL
              AND EXISTS (SELECT 1 FROM open_now n
                          WHERE n.order_id = r.order_id AND n.kind = ?6) = ?4
            ORDER BY r.order_id LIMIT ?5"
        );
        let unverified = Kind::Unverified.as_str();
        self.orders(SQL, params![run_id, after, before, failed_before, limit, unverified])
    }

    /// The last order of the run without a trustworthy answer between these two ids. With
    /// `failed_before` only an order that an earlier run left unverified.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn last_pending(
        &self,
        run_id: i64,
        (after, before): (i64, i64),
        failed_before: bool,
    ) -> Result<Option<Pending>, StoreError> {
        const SQL: &str = orders_of_run!(
            "AND r.order_id > ?2 AND r.order_id < ?3
              AND r.answered_at_ms IS NULL
              AND (?4 = 0 OR EXISTS (SELECT 1 FROM open_now n
                                     WHERE n.order_id = r.order_id AND n.kind = ?5))
            ORDER BY r.order_id DESC LIMIT 1"
        );
        let unverified = Kind::Unverified.as_str();
        let orders = self.orders(SQL, params![run_id, after, before, failed_before, unverified])?;
        Ok(orders.into_iter().next())
    }

    /// The order of the run that it has asked, and that was answered last.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn last_answered(&self, run_id: i64) -> Result<Option<Pending>, StoreError> {
        const SQL: &str = orders_of_run!(
            "AND r.answered_at_ms IS NOT NULL AND r.tries > 0
            ORDER BY r.answered_at_ms DESC, r.order_id DESC LIMIT 1"
        );
        Ok(self.orders(SQL, params![run_id])?.into_iter().next())
    }

    fn orders(
        &self,
        sql: &'static str,
        parameters: impl rusqlite::Params,
    ) -> Result<Vec<Pending>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Pending>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(parameters, |row| {
                Ok(Pending { order_id: row.get("order_id")?, key: super::decode::key(row)? })
            })?;
            rows.collect()
        };
        read().map_err(|error| self.error(&error))
    }

    /// Notes why orders were not asked at all.
    ///
    /// # Errors
    /// The disk.
    pub(crate) fn mark_unasked(&mut self, run_id: i64, why: &str) -> Result<(), StoreError> {
        self.connection
            .execute(
                "UPDATE run_orders SET why = ?2
                 WHERE run_id = ?1 AND answered_at_ms IS NULL AND why IS NULL",
                params![run_id, why],
            )
            .map(|_| ())
            .map_err(|error| self.error(&error))
    }

    /// Commits a batch. Once this returns, the answers count. `requests` is how many calls the run
    /// has made since the last batch, those for orders still in flight included.
    ///
    /// # Errors
    /// The disk: then nothing of the batch counts.
    pub(crate) fn record(
        &mut self,
        run: Recording,
        batch: &[Recorded],
        requests: u64,
    ) -> Result<(), StoreError> {
        let Recording { run_id, clock_floor, zone } = run;
        let path = self.path.clone();
        let mut commit = || -> rusqlite::Result<()> {
            let transaction =
                self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let floor_ms = clock_floor.map(to_ms);
            let mut recorder = Recorder::new(&transaction, run_id, floor_ms, zone)?;
            for recorded in batch {
                recorder.record(recorded)?;
            }
            drop(recorder);
            let is_answer = |one: &&Recorded| one.result.is_ok();
            let last = batch.iter().filter(is_answer).map(|one| to_ms(one.at)).max();
            // Later runs are compared with this time: it is never before the floor.
            let last = last.map(|last| last.max(clock_floor.map_or(last, to_ms)));
            transaction
                .prepare_cached(
                    "UPDATE runs SET requests = requests + ?2,
                         last_answered_at_ms = nullif(max(coalesce(last_answered_at_ms, 0),
                                                          coalesce(?3, 0)), 0)
                     WHERE run_id = ?1",
                )?
                .execute(params![run_id, i64::try_from(requests).unwrap_or(i64::MAX), last])?;
            transaction.commit()
        };
        commit().map_err(|error| StoreError::sqlite(&path, &error))
    }
}

/// The statements that a batch needs, prepared once.
struct Recorder<'a> {
    connection: &'a Connection,
    run_id: i64,
    floor_ms: Option<i64>,
    zone: Tz,
    last_answer: CachedStatement<'a>,
    insert_answer: CachedStatement<'a>,
    set_last_answer: CachedStatement<'a>,
    set_answered: CachedStatement<'a>,
    set_why: CachedStatement<'a>,
}

impl<'a> Recorder<'a> {
    fn new(
        connection: &'a Connection,
        run_id: i64,
        floor_ms: Option<i64>,
        zone: Tz,
    ) -> rusqlite::Result<Recorder<'a>> {
        Ok(Recorder {
            connection,
            run_id,
            floor_ms,
            zone,
            last_answer: connection.prepare_cached(
                "SELECT a.answer_id AS answer_id, a.kind AS kind, a.evidence AS evidence,
                     o.answered_at_ms AS answered_at_ms, o.times_same AS times_same
                 FROM orders o JOIN answers a ON a.answer_id = o.answer_id WHERE o.order_id = ?1",
            )?,
            insert_answer: connection.prepare_cached(
                "INSERT INTO answers (order_id, run_id, received_at_ms, kind, amount_micros,
                     final_amount_micros, currency, transaction_type, accounting_type,
                     payment_status, payment_fail_reason, accounting_status,
                     accounting_fail_reason, notify_status, notify_fail_reason, payment_uid,
                     channel, evidence, previous_answer_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
                     ?17, ?18, ?19)",
            )?,
            set_last_answer: connection.prepare_cached(
                "UPDATE orders SET answer_id = ?2, answered_at_ms = ?3, times_same = ?4
                 WHERE order_id = ?1",
            )?,
            set_answered: connection.prepare_cached(
                "UPDATE run_orders SET answer_id = ?3, answered_at_ms = ?4, tries = tries + ?5,
                     why = NULL, ordered_at_ms = ?6
                 WHERE run_id = ?1 AND order_id = ?2",
            )?,
            set_why: connection.prepare_cached(
                "UPDATE run_orders SET tries = tries + ?3, why = ?4
                 WHERE run_id = ?1 AND order_id = ?2 AND answered_at_ms IS NULL",
            )?,
        })
    }

    fn record(&mut self, recorded: &Recorded) -> rusqlite::Result<()> {
        let (order_id, calls) = (recorded.order_id, recorded.calls);
        match &recorded.result {
            Ok(Answered { answer, evidence }) => {
                let at = to_ms(recorded.at);
                let (answer_id, times_same) = match self.last(order_id, answer, evidence)? {
                    Some(last) if last.is_same => (last.answer_id, last.times_same(at, self.zone)),
                    last => {
                        let previous = last.map(|last| last.answer_id);
                        (self.insert(recorded, answer, evidence, previous)?, 0)
                    }
                };
                self.set_last_answer.execute([order_id, answer_id, at, times_same])?;
                let ordered_at = self.floor_ms.filter(|floor| *floor > at);
                self.set_answered.execute(params![
                    self.run_id,
                    order_id,
                    answer_id,
                    at,
                    calls,
                    ordered_at
                ])?;
            }
            Err(why) => {
                self.set_why.execute(params![self.run_id, order_id, calls, why])?;
            }
        }
        Ok(())
    }

    /// The order's last answer, and whether this one says the same.
    fn last(
        &mut self,
        order_id: i64,
        answer: &Answer,
        evidence: &str,
    ) -> rusqlite::Result<Option<Last>> {
        let mut rows = self.last_answer.query([order_id])?;
        let Some(last) = rows.next()? else { return Ok(None) };
        let is_same = last.get_ref("kind")?.as_str()? == kind_of(answer)
            && last.get_ref("evidence")?.as_str()? == evidence;
        Ok(Some(Last {
            answer_id: last.get("answer_id")?,
            is_same,
            answered_at_ms: last.get("answered_at_ms")?,
            times_same: last.get("times_same")?,
        }))
    }

    fn insert(
        &mut self,
        recorded: &Recorded,
        answer: &Answer,
        evidence: &str,
        previous: Option<i64>,
    ) -> rusqlite::Result<i64> {
        let payment = match answer {
            Answer::Payment(payment) => Some(payment),
            Answer::Missing(_) => None,
        };
        let direction = payment.and_then(|payment| payment.transaction_type.as_ref());
        self.insert_answer.execute(params![
            recorded.order_id,
            self.run_id,
            to_ms(recorded.at),
            kind_of(answer),
            payment.map(|it| it.amount.micros()),
            payment.and_then(|it| it.final_amount).map(Amount::micros),
            payment.and_then(|it| it.currency.as_deref()),
            direction.map(TransactionType::as_str),
            payment.and_then(|it| it.accounting_type.as_ref()).map(AccountingType::as_str),
            payment.and_then(|it| it.payment_status.as_ref()).map(PaymentStatus::as_str),
            payment.and_then(|it| it.payment_fail_reason.as_deref()),
            payment.map(|it| it.accounting_status.as_str()),
            payment.and_then(|it| it.accounting_fail_reason.as_deref()),
            payment.map(|it| it.notify_status.as_str()),
            payment.and_then(|it| it.notify_fail_reason.as_deref()),
            payment.and_then(|it| it.payment_uid.as_deref()),
            payment.and_then(|it| it.channel.as_deref()),
            evidence,
            previous,
        ])?;
        Ok(self.connection.last_insert_rowid())
    }
}

/// The answer that an order had before.
struct Last {
    answer_id: i64,
    /// Whether the new answer says the same.
    is_same: bool,
    /// `None`: an earlier release recorded it.
    answered_at_ms: Option<i64>,
    times_same: i64,
}

impl Last {
    /// How often in a row the answer is the same, now that it came again. An order that is asked
    /// twice a day counts once: that it stays the same for minutes says nothing about days.
    fn times_same(&self, at_ms: i64, zone: Tz) -> i64 {
        let day = |ms: i64| {
            DateTime::from_timestamp_millis(ms).map(|at| at.with_timezone(&zone).date_naive())
        };
        let before = self.answered_at_ms.and_then(day);
        self.times_same + i64::from(before.is_some() && before < day(at_ms))
    }
}

fn kind_of(answer: &Answer) -> &'static str {
    match answer {
        Answer::Payment(_) => "payment",
        Answer::Missing(_) => "missing",
    }
}
