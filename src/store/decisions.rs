//! Decisions as events: taken, refused, listed (contract, "Decisions"). Nothing here changes or
//! deletes one; the schema refuses that too.

use super::decode::{self, Named, instant, optional_date, optional_instant, unreadable};
use super::error::StoreError;
use super::{Store, to_ms};
use crate::domain::amount::Amount;
use crate::domain::decision::{Basis, Decision, DecisionEvent, DecisionEventKind, Taken, Verdict};
use crate::domain::mismatch::Kind;
use crate::domain::order::OrderKey;
use crate::domain::text::Text;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, TransactionBehavior, named_params, params};
use std::collections::HashMap;

/// A decision as columns hold it: an empty part is NULL.
#[derive(Debug, Default)]
pub(super) struct Stored {
    pub(super) verdict: Option<&'static str>,
    pub(super) until: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) note: Option<String>,
}

impl From<&Decision> for Stored {
    fn from(decision: &Decision) -> Stored {
        let text = |text: &Text| Some(text.as_str().to_owned()).filter(|text| !text.is_empty());
        Stored {
            verdict: decision.verdict.map(Verdict::as_str),
            until: decision.until.map(|until| until.to_string()),
            owner: text(&decision.owner),
            note: text(&decision.note),
        }
    }
}

impl From<Option<&Decision>> for Stored {
    fn from(decision: Option<&Decision>) -> Stored {
        decision.map(Stored::from).unwrap_or_default()
    }
}

/// Reads the columns `verdict`, `until`, `owner`, `note`, with `before` in front of their names.
pub(super) fn decision(row: &impl Named, before: &str) -> rusqlite::Result<Decision> {
    let column = |name: &str| [before, name].concat();
    let text = |name: &str| -> rusqlite::Result<Text> {
        let text: Option<String> = row.named(&column(name))?;
        Ok(text.as_deref().map(Text::own).unwrap_or_default())
    };
    let verdict: Option<String> = row.named(&column("verdict"))?;
    let verdict =
        verdict.map(|word| Verdict::from_word(&word).ok_or_else(|| unreadable("verdict")));
    Ok(Decision {
        verdict: verdict.transpose()?,
        until: optional_date(row, &column("until"))?,
        owner: text("owner")?,
        note: text("note")?,
    })
}

/// A decision to be kept.
#[derive(Debug, Clone)]
pub(crate) struct NewDecision {
    /// What became of it.
    pub(crate) event: DecisionEventKind,
    /// The order and the kind. `None`: refused, and of no known mismatch.
    pub(crate) about: Option<(i64, Kind)>,
    /// The mismatch's id as written.
    pub(crate) mismatch_id: Text,
    /// The run whose report it is about, and the time of the answer that it rests on.
    pub(crate) rests_on: Option<(i64, DateTime<Utc>)>,
    /// What was said before.
    pub(crate) old: Decision,
    /// What is said now; of a refused one what was written.
    pub(crate) new: Decision,
    /// The money at risk.
    pub(crate) at_risk: Option<Amount>,
    /// What it rests on.
    pub(crate) basis: Basis,
    /// When it was taken.
    pub(crate) taken_at: DateTime<Utc>,
    /// The run that read it.
    pub(crate) taken_by_run: Option<i64>,
    /// Who.
    pub(crate) by: Text,
    /// The operating system's user.
    pub(crate) system_user: Text,
    /// The file and the row.
    pub(crate) source: Option<(Text, u64)>,
    /// Why it was refused.
    pub(crate) why: Text,
}

/// A file that was read.
#[derive(Debug, Clone)]
pub(crate) struct ReadFile {
    /// The SHA-256 of its bytes, in hex.
    pub(crate) sha256: String,
    /// Its name.
    pub(crate) name: Text,
}

/// Which decisions are listed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DecisionFilter {
    /// Taken at this time or later.
    pub(crate) from: Option<DateTime<Utc>>,
    /// Taken before this time.
    pub(crate) before: Option<DateTime<Utc>>,
    /// Read by this run.
    pub(crate) taken_by_run: Option<i64>,
}

impl Store {
    /// Keeps decisions and the files that they were read from, in one transaction.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn keep_decisions(
        &mut self,
        decisions: &[NewDecision],
        files: &[ReadFile],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let path = self.path.clone();
        self.connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                for decision in decisions {
                    insert(&transaction, decision)?;
                }
                for file in files {
                    transaction
                        .prepare_cached(
                            "INSERT OR IGNORE INTO read_files (sha256, name, read_at_ms)
                             VALUES (?1, ?2, ?3)",
                        )?
                        .execute(params![file.sha256, file.name.as_str(), to_ms(now)])?;
                }
                transaction.commit()
            })
            .map_err(|error| StoreError::sqlite(&path, &error))
    }

    /// Whether a file with this SHA-256 was read, or is a report file of this program.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn is_known_file(&self, sha256: &str) -> Result<bool, StoreError> {
        let was_read = self
            .connection
            .prepare_cached("SELECT 1 FROM read_files WHERE sha256 = ?1")
            .and_then(|mut statement| statement.exists([sha256]))
            .map_err(|error| self.error(&error))?;
        Ok(was_read || self.has_report_file(sha256)?)
    }

    /// Gives the decisions that a filter selects, in the order in which they were taken.
    ///
    /// # Errors
    /// The database, or what `take` says.
    pub(crate) fn decisions<E: From<StoreError>>(
        &self,
        filter: DecisionFilter,
        mut take: impl FnMut(&DecisionEvent) -> Result<(), E>,
    ) -> Result<(), E> {
        let sqlite = |error: rusqlite::Error| E::from(self.error(&error));
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT d.*, o.merchant_uid AS merchant_uid,
                        o.merchant_order_id AS merchant_order_id
                 FROM decision_events d LEFT JOIN orders o ON o.order_id = d.order_id
                 WHERE (?1 IS NULL OR d.taken_at_ms >= ?1) AND (?2 IS NULL OR d.taken_at_ms < ?2)
                   AND (?3 IS NULL OR d.taken_by_run_id = ?3)
                 ORDER BY d.decision_id",
            )
            .map_err(sqlite)?;
        let parameters =
            params![filter.from.map(to_ms), filter.before.map(to_ms), filter.taken_by_run];
        let mut rows = statement.query(parameters).map_err(sqlite)?;
        while let Some(row) = rows.next().map_err(sqlite)? {
            take(&decision_event(row).map_err(sqlite)?)?;
        }
        Ok(())
    }
}

/// The decisions about one order, refused ones too, in the order in which they were taken.
pub(super) fn of_order(
    connection: &Connection,
    order_id: i64,
) -> rusqlite::Result<Vec<DecisionEvent>> {
    connection
        .prepare_cached(
            "SELECT d.*, o.merchant_uid AS merchant_uid, o.merchant_order_id AS merchant_order_id
             FROM decision_events d JOIN orders o ON o.order_id = d.order_id
             WHERE d.order_id = ?1 ORDER BY d.decision_id",
        )?
        .query_map([order_id], decision_event)?
        .collect()
}

fn insert(connection: &Connection, new: &NewDecision) -> rusqlite::Result<()> {
    let (now, old) = (Stored::from(&new.new), Stored::from(&new.old));
    let source_row = new.source.as_ref().map(|(_, row)| i64::try_from(*row).unwrap_or(i64::MAX));
    let optional = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    connection
        .prepare_cached(
            "INSERT INTO decision_events (event, order_id, kind, mismatch_id, run_id, at_ms,
                 verdict, until, owner, note, old_verdict, old_until, old_owner, old_note,
                 at_risk_micros, currency, variance_micros, payment_status, ledger_status,
                 accounting_status, notify_status, taken_at_ms, taken_by_run_id, by_name,
                 system_user, source, source_row, why)
             VALUES (:event, :order_id, :kind, :mismatch_id, :run_id, :at_ms,
                 :verdict, :until, :owner, :note, :old_verdict, :old_until, :old_owner, :old_note,
                 :at_risk, :currency, :variance, :payment_status, :ledger_status,
                 :accounting_status, :notify_status, :taken_at, :taken_by_run, :by_name,
                 :system_user, :source, :source_row, :why)",
        )?
        .execute(named_params! {
            ":event": new.event.as_str(), ":order_id": new.about.map(|(order_id, _)| order_id),
            ":kind": new.about.map(|(_, kind)| kind.as_str()),
            ":mismatch_id": new.mismatch_id.as_str(),
            ":run_id": new.rests_on.map(|(run_id, _)| run_id),
            ":at_ms": new.rests_on.map(|(_, at)| to_ms(at)),
            ":verdict": now.verdict, ":until": now.until, ":owner": now.owner, ":note": now.note,
            ":old_verdict": old.verdict, ":old_until": old.until, ":old_owner": old.owner,
            ":old_note": old.note, ":at_risk": new.at_risk.map(Amount::micros),
            ":currency": optional(&new.basis.currency),
            ":variance": new.basis.variance.map(Amount::micros),
            ":payment_status": optional(&new.basis.payment_status),
            ":ledger_status": optional(&new.basis.ledger_status),
            ":accounting_status": optional(&new.basis.accounting_status),
            ":notify_status": optional(&new.basis.notify_status),
            ":taken_at": to_ms(new.taken_at), ":taken_by_run": new.taken_by_run,
            ":by_name": new.by.as_str(), ":system_user": new.system_user.as_str(),
            ":source": new.source.as_ref().map(|(name, _)| name.as_str()),
            ":source_row": source_row,
            ":why": optional(new.why.as_str()),
        })
        .map(|_| ())
}

/// The decisions about orders after the first up to the second of these, by order; each order's in
/// the order of events. Refused ones are none.
pub(super) fn of_orders(
    connection: &Connection,
    (after, last): (i64, i64),
) -> rusqlite::Result<HashMap<i64, Vec<Taken>>> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM decision_events
         WHERE order_id > ?1 AND order_id <= ?2 AND event <> ?3 AND at_ms IS NOT NULL
         ORDER BY order_id, at_ms, run_id, decision_id",
    )?;
    let mut rows = statement.query(params![after, last, DecisionEventKind::Refused.as_str()])?;
    let mut decisions: HashMap<i64, Vec<Taken>> = HashMap::new();
    while let Some(row) = rows.next()? {
        decisions.entry(row.get("order_id")?).or_default().push(taken(row)?);
    }
    Ok(decisions)
}

/// The decisions about one order that were taken before this time, in the order of events. Refused
/// ones are none.
pub(super) fn of_order_before(
    connection: &Connection,
    order_id: i64,
    end: DateTime<Utc>,
) -> rusqlite::Result<Vec<Taken>> {
    connection
        .prepare_cached(
            "SELECT * FROM decision_events
             WHERE order_id = ?1 AND event <> ?2 AND at_ms IS NOT NULL AND taken_at_ms < ?3
             ORDER BY at_ms, run_id, decision_id",
        )?
        .query_map(params![order_id, DecisionEventKind::Refused.as_str(), to_ms(end)], taken)?
        .collect()
}

/// The decisions about one order up to this number, in the order of events. Refused ones are none.
pub(super) fn of_order_up_to(
    connection: &Connection,
    order_id: i64,
    decision_id: i64,
) -> rusqlite::Result<Vec<Taken>> {
    connection
        .prepare_cached(
            "SELECT * FROM decision_events
             WHERE order_id = ?1 AND event <> ?2 AND at_ms IS NOT NULL AND decision_id <= ?3
             ORDER BY at_ms, run_id, decision_id",
        )?
        .query_map(params![order_id, DecisionEventKind::Refused.as_str(), decision_id], taken)?
        .collect()
}

fn taken(row: &rusqlite::Row) -> rusqlite::Result<Taken> {
    let (by, source): (String, Option<String>) = (row.get("by_name")?, row.get("source")?);
    Ok(Taken {
        kind: kind(row)?.ok_or_else(|| unreadable("kind"))?,
        at: instant(row, "at_ms")?,
        run_id: row.get("run_id")?,
        event: event_kind(row)?,
        decision: decision(row, "")?,
        basis: basis(row)?,
        at_risk: decode::amount(row, "at_risk_micros")?,
        is_by_file: source.is_some_and(|source| is_file(&by, &source)),
        by: Text::own(&by),
    })
}

/// Whether a name is that of the file itself. A source names a file, and perhaps a sheet of it.
fn is_file(name: &str, source: &str) -> bool {
    source.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(", sheet "))
}

fn kind(row: &rusqlite::Row) -> rusqlite::Result<Option<Kind>> {
    let kind: Option<String> = row.get("kind")?;
    kind.map(|kind| Kind::from_word(&kind).ok_or_else(|| unreadable("kind"))).transpose()
}

fn event_kind(row: &rusqlite::Row) -> rusqlite::Result<DecisionEventKind> {
    let event: String = row.get("event")?;
    DecisionEventKind::from_word(&event).ok_or_else(|| unreadable("event"))
}

fn basis(row: &rusqlite::Row) -> rusqlite::Result<Basis> {
    let text = |column: &str| -> rusqlite::Result<String> {
        Ok(row.get::<_, Option<String>>(column)?.unwrap_or_default())
    };
    Ok(Basis {
        variance: decode::amount(row, "variance_micros")?,
        currency: text("currency")?,
        payment_status: text("payment_status")?,
        ledger_status: text("ledger_status")?,
        accounting_status: text("accounting_status")?,
        notify_status: text("notify_status")?,
    })
}

fn decision_event(row: &rusqlite::Row) -> rusqlite::Result<DecisionEvent> {
    let own = |column: &str| -> rusqlite::Result<Text> {
        let text: Option<String> = row.get(column)?;
        Ok(text.as_deref().map(Text::own).unwrap_or_default())
    };
    let order_id: Option<String> = row.get("merchant_order_id")?;
    let key = order_id.map(|merchant_order_id| {
        let merchant_uid = decode::optional(row.get("merchant_uid")?);
        Ok::<_, rusqlite::Error>(OrderKey { merchant_uid, merchant_order_id })
    });
    let currency: Option<String> = row.get("currency")?;
    let source: Option<String> = row.get("source")?;
    let source_row: Option<i64> = row.get("source_row")?;
    let source_row = source_row.and_then(|row| u64::try_from(row).ok()).unwrap_or(0);
    Ok(DecisionEvent {
        decision_id: row.get("decision_id")?,
        event: event_kind(row)?,
        key: key.transpose()?,
        kind: kind(row)?,
        mismatch_id: own("mismatch_id")?,
        about_run: row.get("run_id")?,
        rests_at: optional_instant(row, "at_ms")?,
        old: decision(row, "old_")?,
        new: decision(row, "")?,
        at_risk: decode::amount(row, "at_risk_micros")?.zip(currency),
        taken_at: optional_instant(row, "taken_at_ms")?.ok_or_else(|| unreadable("taken_at_ms"))?,
        taken_by_run: row.get("taken_by_run_id")?,
        by: own("by_name")?,
        system_user: own("system_user")?,
        source: source.map(|name| (Text::own(&name), source_row)),
        why: own("why")?,
    })
}
