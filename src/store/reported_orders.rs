//! The orders with findings of each run, one row an order: where its money counts, how urgent it is
//! and who acts (contract, "`run`": `totals`; "The report": Work).

use super::Store;
use super::decode::{self, Named, optional_date, unreadable};
use super::error::StoreError;
use super::reported::order_findings;
use crate::domain::amount::Amount;
use crate::domain::mismatch::{NextStep, Severity, State};
use crate::domain::money::{Bucket, Moved, Place};
use crate::domain::morning::OrderRow;
use chrono::NaiveDate;
use rusqlite::{Connection, Row, named_params};

/// An order with findings, as a run judged it.
#[derive(Debug, Clone)]
pub(crate) struct JudgedOrder {
    /// Where its money counts.
    pub(crate) place: Place,
    /// The facts that give the place.
    pub(crate) moved: Moved,
    /// Whether these facts are of a trustworthy answer.
    pub(crate) is_verified: bool,
    /// `income` or `expense`.
    pub(crate) transaction_type: String,
    /// Of the most severe finding that is not accepted.
    pub(crate) severity: Option<Severity>,
    /// The state that is worth the most attention.
    pub(crate) state: State,
    /// Who acts.
    pub(crate) next_step: NextStep,
    /// The day from which its age counts.
    pub(crate) since: NaiveDate,
    /// Days from then to the run's day.
    pub(crate) open_days: i64,
    /// The last day by which it should be dealt with.
    pub(crate) due: Option<NaiveDate>,
}

/// The columns of `reported_orders x` that hold a [`Moved`], for a SELECT.
macro_rules! moved_columns {
    () => {
        "x.difference_micros AS moved_difference_micros, x.amount_micros AS moved_amount_micros,
         x.currency AS moved_currency, x.conflict_micros AS moved_conflict_micros,
         x.is_first AS moved_is_first"
    };
}
pub(super) use moved_columns;

/// Reads the columns of [`moved_columns`]. `None`: the join found no row.
pub(super) fn moved(row: &impl Named) -> rusqlite::Result<Option<Moved>> {
    let Some(amount) = decode::amount(row, "moved_amount_micros")? else { return Ok(None) };
    Ok(Some(Moved {
        difference: decode::amount(row, "moved_difference_micros")?,
        amount,
        currency: row.named("moved_currency")?,
        conflict_spread: decode::amount(row, "moved_conflict_micros")?,
        is_first_of_payment: row.named("moved_is_first")?,
    }))
}

/// Keeps an order of a run.
pub(super) fn insert(
    connection: &Connection,
    (run_id, order_id): (i64, i64),
    order: &JudgedOrder,
) -> rusqlite::Result<()> {
    let JudgedOrder { place, moved, .. } = order;
    connection
        .prepare_cached(
            "INSERT INTO reported_orders (run_id, order_id, bucket, figure_micros, currency,
                 transaction_type, severity, state, next_step, since, open_days, due,
                 difference_micros, amount_micros, conflict_micros, is_first, is_verified)
             VALUES (:run_id, :order_id, :bucket, :figure, :currency, :transaction_type,
                 :severity, :state, :next_step, :since, :open_days, :due, :difference, :amount,
                 :conflict, :is_first, :is_verified)",
        )?
        .execute(named_params! {
            ":run_id": run_id, ":order_id": order_id, ":bucket": place.bucket.as_str(),
            ":figure": place.amount.micros(), ":currency": place.currency,
            ":transaction_type": order.transaction_type,
            ":severity": order.severity.map(Severity::as_str), ":state": order.state.as_str(),
            ":next_step": order.next_step.as_str(), ":since": order.since.to_string(),
            ":open_days": order.open_days, ":due": order.due.map(|due| due.to_string()),
            ":difference": moved.difference.map(Amount::micros), ":amount": moved.amount.micros(),
            ":conflict": moved.conflict_spread.map(Amount::micros),
            ":is_first": moved.is_first_of_payment, ":is_verified": order.is_verified,
        })
        .map(|_| ())
}

impl Store {
    /// Gives the orders with findings of a judged run, or of a view, the most urgent first: by
    /// severity, then new, changed and reopened before open and suspect, then by currency and
    /// figure. Orders whose findings are all accepted come last.
    ///
    /// # Errors
    /// The database, or what `take` says.
    pub(crate) fn order_rows<E: From<StoreError>>(
        &self,
        run_id: impl Into<Option<i64>>,
        mut take: impl FnMut(&OrderRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let run_id = run_id.into();
        let ranks = Severity::ALL.iter().enumerate();
        let cases: Vec<String> =
            ranks.map(|(rank, word)| format!("WHEN '{word}' THEN {rank} ")).collect();
        let sql = [
            "SELECT x.* FROM reported_orders x JOIN orders o ON o.order_id = x.order_id WHERE ",
            if run_id.is_some() { "x.run_id = ?1" } else { "?1 IS NULL" },
            " ORDER BY CASE x.severity ",
            &cases.concat(),
            "ELSE 99 END, x.state IN ('open', 'suspect'), x.state = 'suspect', x.currency,
                 x.figure_micros DESC, o.merchant_order_id, o.merchant_uid",
        ]
        .concat();
        let sqlite = |error: rusqlite::Error| E::from(self.error(&error));
        let mut statement = self.connection.prepare_cached(&sql).map_err(sqlite)?;
        let mut rows = statement.query([run_id]).map_err(sqlite)?;
        while let Some(row) = rows.next().map_err(sqlite)? {
            take(&self.read_order(run_id, row).map_err(sqlite)?)?;
        }
        Ok(())
    }

    /// One order as a run reported it.
    pub(super) fn order_row(
        &self,
        run_id: i64,
        order_id: i64,
    ) -> rusqlite::Result<Option<OrderRow>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT * FROM reported_orders WHERE run_id = ?1 AND order_id = ?2")?;
        let mut rows = statement.query([run_id, order_id])?;
        rows.next()?.map(|row| self.read_order(Some(run_id), row)).transpose()
    }

    /// A row of `reported_orders` with its findings.
    fn read_order(&self, run_id: Option<i64>, row: &Row) -> rusqlite::Result<OrderRow> {
        let mut findings = order_findings(&self.connection, run_id, row.get("order_id")?)?;
        findings.sort_by_key(|finding| finding.mismatch.severity);
        // A reported order has findings; without one the file was changed by somebody else.
        let first = findings.first().ok_or_else(|| unreadable("reported_orders"))?;
        let severity: Option<String> = row.get("severity")?;
        let severity = severity
            .map(|word| Severity::from_word(&word).ok_or_else(|| unreadable("severity")))
            .transpose()?;
        let (state, next_step): (String, String) = (row.get("state")?, row.get("next_step")?);
        Ok(OrderRow {
            key: first.key.clone(),
            entry: first.entry.clone(),
            payment: findings.iter().find_map(|finding| finding.payment.clone()),
            severity,
            state: State::from_word(&state).ok_or_else(|| unreadable("state"))?,
            place: place(row)?,
            transaction_type: row.get("transaction_type")?,
            next_step: NextStep::from_word(&next_step).ok_or_else(|| unreadable("next_step"))?,
            open_days: row.get("open_days")?,
            due: optional_date(row, "due")?,
            findings,
        })
    }
}

/// Reads the columns `bucket`, `figure_micros` and `currency`.
pub(super) fn place(row: &impl Named) -> rusqlite::Result<Place> {
    let bucket: String = row.named("bucket")?;
    Ok(Place {
        bucket: Bucket::from_word(&bucket).ok_or_else(|| unreadable("bucket"))?,
        amount: Amount::from_micros(row.named("figure_micros")?),
        currency: row.named("currency")?,
    })
}
