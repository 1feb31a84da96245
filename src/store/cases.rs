//! The orders of a run, ready to be judged: the ledger's entry, the gateway's answer, and the
//! events of their mismatches before it (contract, "Mismatches").

use super::decisions;
use super::decode::{self, ANSWER_COLUMNS, Columns, ENTRY_COLUMNS, Fields, Named, instant};
use super::entry_columns::read_optional_entry;
use super::error::StoreError;
use super::events::{self, Moment, event_ms, moment};
use super::judging::Judging;
use super::reported_orders::{self, moved_columns};
use super::runs::NOT_ASKED;
use super::shared_payments::{Shared, shared_with};
use super::since::{is_new_status, ledger_status_since};
use super::{flood, to_ms};
use crate::domain::amount::Amount;
use crate::domain::decision::Taken;
use crate::domain::mismatch::{Event, Kind, Mismatch, Severity};
use crate::domain::money::Moved;
use crate::domain::order::{Entry, LedgerStatus, OrderKey};
use crate::domain::payment::{Answer, Asked, TransactionType};
use crate::domain::text::Text;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// One order of a run with all that is known of it.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone)]
pub(crate) struct StoredCase {
    /// Its row.
    pub(crate) order_id: i64,
    /// The order.
    pub(crate) key: OrderKey,
    /// The ledger's entry when the run began.
    pub(crate) entry: Option<Entry>,
    /// The gateway's answer, or why there is none.
    pub(crate) asked: Asked,
    /// Other orders of the merchant whose latest answer has the same `payment_uid`, up to 100.
    pub(crate) shared_with: Vec<String>,
    /// Whether none of these is earlier.
    pub(crate) is_first_of_payment: bool,
    /// Whether this run is the first to have an answer with this `payment_status`, and an earlier
    /// answer had another one. Looked up only where the ledger says pending.
    pub(crate) is_new_status: bool,
    /// When the ledger was first read with this status. Looked up only where it says refunded.
    pub(crate) ledger_status_since: Option<DateTime<Utc>>,
    /// Where its judgement is in the order of events.
    pub(crate) at: DateTime<Utc>,
    /// The events of its mismatches before that, in their order.
    pub(crate) events: Vec<Event>,
    /// The decisions that rest on answers up to that, in their order.
    pub(crate) decisions: Vec<Taken>,
    /// Whether its answer is one of an earlier run: it changes nothing.
    pub(crate) is_reused: bool,
    /// Whether no other run has judged it by a later answer, so that this run may record events.
    pub(crate) is_latest: bool,
    /// Kinds that the run before showed as suspect, and since when. A finding of such a kind is
    /// believed now.
    pub(crate) suspect_since: BTreeMap<Kind, NaiveDate>,
    /// Events that an earlier judgement of this run recorded, to be replaced.
    pub(super) replaced: Vec<Event>,
}

/// A mismatch as an earlier run reported it, and the answer that showed it.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    /// Its figures and its reason.
    pub(crate) mismatch: Mismatch,
    /// The direction that its answer gave.
    pub(crate) transaction_type: Option<TransactionType>,
    /// What had moved, as its run found. `None`: an earlier release judged it.
    pub(crate) moved: Option<Moved>,
    pub(super) answer_id: Option<i64>,
    pub(super) answered_at_ms: Option<i64>,
}

impl Judging<'_> {
    /// The run's orders after this one, in their order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn cases(&self, after: i64, limit: u32) -> Result<Vec<StoredCase>, StoreError> {
        self.read_cases(after, limit).map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn read_cases(&self, after: i64, limit: u32) -> rusqlite::Result<Vec<StoredCase>> {
        // Only an order's current answer is compared with the current answers of other orders.
        static SQL: LazyLock<String> = LazyLock::new(|| {
            [
                "SELECT r.order_id AS order_id, ",
                ENTRY_COLUMNS,
                ", ",
                ANSWER_COLUMNS,
                ", r.entry_version AS entry_version, r.answer_id AS answer_id,
                     r.why AS why, r.tries AS tries, ",
                event_ms!(),
                " AS at_ms, r.answer_id = o.answer_id
                     AND EXISTS (SELECT 1 FROM temp.may_share s WHERE s.order_id = r.order_id)
                     AS may_share
                 FROM runs u
                 CROSS JOIN run_orders r ON r.run_id = u.run_id
                 JOIN orders o ON o.order_id = r.order_id
                 LEFT JOIN entries e ON e.order_id = r.order_id AND e.version = r.entry_version
                 LEFT JOIN answers a ON a.answer_id = r.answer_id
                 WHERE u.run_id = ?1 AND r.order_id > ?2 ORDER BY r.order_id LIMIT ?3",
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
        self.add_events(after, &mut cases)?;
        Ok(cases)
    }

    fn case(&self, row: &Fields) -> rusqlite::Result<StoredCase> {
        let order_id = row.named("order_id")?;
        let key = decode::key(row)?;
        let entry = read_optional_entry(row)?;
        let asked = match decode::answer(row)? {
            Some(answer) => Asked::Answered(answer),
            None => Asked::Unverified {
                why: row.named::<Option<String>>("why")?.unwrap_or_else(|| NOT_ASKED.to_owned()),
                tries: row.named("tries")?,
            },
        };
        let at = instant(row, "at_ms")?;
        let shared = match &asked {
            Asked::Answered(Answer::Payment(payment))
                if row.named::<Option<bool>>("may_share")? == Some(true) =>
            {
                let payment_uid = payment.payment_uid.as_deref().unwrap_or_default();
                let ages_from_ms =
                    entry.as_ref().map_or(i64::MAX, |entry| to_ms(entry.created_at.ages_from));
                shared_with(&self.transaction, (order_id, ages_from_ms), &key, payment_uid)?
            }
            _ => Shared::default(),
        };
        let ledger_status = entry.as_ref().and_then(|entry| entry.status.as_ref());
        let is_new_status = match (ledger_status, &asked) {
            (Some(LedgerStatus::Pending), Asked::Answered(Answer::Payment(_))) => {
                is_new_status(&self.transaction, self.run_id, row.named("answer_id")?)?
            }
            _ => false,
        };
        let ledger_status_since = match ledger_status {
            Some(LedgerStatus::Refunded) => {
                ledger_status_since(&self.transaction, order_id, row.named("entry_version")?)?
            }
            _ => None,
        };
        let tries: u32 = row.named("tries")?;
        Ok(StoredCase {
            is_reused: tries == 0 && matches!(asked, Asked::Answered(_)),
            order_id,
            key,
            entry,
            asked,
            shared_with: shared.orders,
            is_first_of_payment: shared.is_first,
            is_new_status,
            ledger_status_since,
            at,
            events: Vec::new(),
            decisions: Vec::new(),
            is_latest: true,
            suspect_since: BTreeMap::new(),
            replaced: Vec::new(),
        })
    }

    /// The events of these orders: one look for all of them.
    fn add_events(&self, after: i64, cases: &mut [StoredCase]) -> rusqlite::Result<()> {
        let Some(last) = cases.last() else { return Ok(()) };
        let range = (after, last.order_id);
        let mut events = events::of_orders(&self.transaction, self.run_id, range)?;
        let elsewhere = events::latest_elsewhere(&self.transaction, &self.others, range)?;
        let mut decisions = decisions::of_orders(&self.transaction, range)?;
        let mut suspects = flood::suspect_findings(&self.transaction, self.suspect_run, range)?;
        for case in cases {
            case.suspect_since = suspects.remove(&case.order_id).unwrap_or_default();
            let at: Moment = (to_ms(case.at), self.run_id);
            case.decisions = decisions.remove(&case.order_id).unwrap_or_default();
            case.decisions.retain(|taken| (to_ms(taken.at), taken.run_id) <= at);
            let elsewhere = elsewhere.get(&case.order_id).copied();
            case.is_latest = elsewhere.is_none_or(|elsewhere| elsewhere < at);
            let Some(events) = events.remove(&case.order_id) else { continue };
            let is_replaced = |event: &Event| {
                case.is_latest
                    && event.run_id == self.run_id
                    && elsewhere.is_none_or(|elsewhere| elsewhere < moment(event))
            };
            let (replaced, others) = events.into_iter().partition(is_replaced);
            case.replaced = replaced;
            case.events = others;
            case.events.retain(|event| moment(event) < at);
        }
        Ok(())
    }

    /// A mismatch that is open as its order's answer showed it last.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn last_shown(
        &self,
        case: &StoredCase,
        kind: Kind,
    ) -> Result<Option<Shown>, StoreError> {
        self.transaction
            .prepare_cached(concat!(
                "SELECT m.*, a.transaction_type AS transaction_type, ",
                moved_columns!(),
                ", ",
                event_ms!(),
                " AS at_ms
                 FROM reported_mismatches m
                 JOIN runs u ON u.run_id = m.run_id
                 JOIN run_orders r ON r.run_id = m.run_id AND r.order_id = m.order_id
                 LEFT JOIN reported_orders x ON x.run_id = m.run_id AND x.order_id = m.order_id
                 LEFT JOIN answers a ON a.answer_id = m.answer_id
                 WHERE m.order_id = ?1 AND m.kind = ?2 AND m.run_id <> ?3
                   -- Not a row that an unanswered order kept: it shows an earlier answer.
                   AND (r.answer_id IS NOT NULL OR m.answer_id IS NULL)
                   AND (at_ms, m.run_id) < (?4, ?3)
                 ORDER BY at_ms DESC, m.run_id DESC LIMIT 1"
            ))
            .and_then(|mut statement| {
                statement
                    .query_row(
                        params![case.order_id, kind.as_str(), self.run_id, to_ms(case.at)],
                        |row| shown(row, kind),
                    )
                    .optional()
            })
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}

fn shown(row: &rusqlite::Row, kind: Kind) -> rusqlite::Result<Shown> {
    let severity: String = row.get("severity")?;
    let mismatch = Mismatch {
        kind,
        severity: Severity::from_word(&severity).ok_or_else(|| decode::unreadable("severity"))?,
        variance: decode::amount(row, "variance_micros")?,
        at_risk: Amount::from_micros(row.get("at_risk_micros")?),
        currency: row.get("currency")?,
        reason: Text::own(&row.get::<_, String>("reason")?),
    };
    let transaction_type: Option<String> = row.get("transaction_type")?;
    let transaction_type = transaction_type.as_deref().map(TransactionType::from_word);
    let (answer_id, answered_at_ms) = (row.get("answer_id")?, row.get("answered_at_ms")?);
    let moved = reported_orders::moved(row)?;
    Ok(Shown { mismatch, transaction_type, moved, answer_id, answered_at_ms })
}
