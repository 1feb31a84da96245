//! A run's own row: its selection, its figures, and which run to continue.

use super::decode::{date, instant, kind, optional, optional_date, optional_instant, unreadable};
use super::endings::RunEnd;
use super::error::StoreError;
use super::scheduling::is_reused;
use super::selection::Selection;
use super::{Store, figures, prune, to_ms, warnings};
use crate::domain::decision::Verdict;
use crate::domain::order::{LedgerStatus, LineItems};
use crate::domain::run::{RunSummary, UnverifiedReason};
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// What a run needs to begin.
#[derive(Debug, Clone)]
pub(crate) struct NewRun {
    /// Ages run up to it.
    pub(crate) started_at: DateTime<Utc>,
    /// Its date in the ledger's time zone.
    pub(crate) day: NaiveDate,
    /// `[ledger] line_items`.
    pub(crate) line_items: LineItems,
    /// `[ledger] default_status`.
    pub(crate) default_status: Option<LedgerStatus>,
    /// Which orders it asks for. Its ledgers are still to be read.
    pub(crate) selection: Selection,
    /// The latest time that is stored, if this machine's clock is behind it: what the run records
    /// comes after it all the same.
    pub(crate) clock_floor: Option<DateTime<Utc>>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunStatus {
    /// Begun, not judged: active, or ended early.
    Asking,
    /// Judged, with unverified orders.
    Incomplete,
    /// Judged, every order verified.
    Complete,
}

impl RunStatus {
    const ALL: [RunStatus; 3] = [RunStatus::Asking, RunStatus::Incomplete, RunStatus::Complete];

    /// The word that the database has for it.
    pub(super) fn stored(self) -> &'static str {
        match self {
            RunStatus::Asking => "asking",
            RunStatus::Incomplete => "incomplete",
            RunStatus::Complete => "complete",
        }
    }

    fn from_stored(word: &str) -> Option<RunStatus> {
        RunStatus::ALL.into_iter().find(|status| status.stored() == word)
    }

    /// For people.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            RunStatus::Asking => "not judged",
            RunStatus::Incomplete => "incomplete",
            RunStatus::Complete => "complete",
        }
    }
}

/// A stored run.
#[derive(Debug, Clone)]
pub(crate) struct RunRow {
    /// Its number, range and figures.
    pub(crate) summary: RunSummary,
    /// When it began: ages run up to it.
    pub(crate) started_at: DateTime<Utc>,
    /// When it was last judged.
    pub(crate) judged_at: Option<DateTime<Utc>>,
    /// How far it is.
    pub(crate) status: RunStatus,
    /// The digest of all its rows, in hexadecimal. `None`: not judged, or judged by an earlier
    /// release.
    pub(crate) rows_sha256: Option<String>,
    /// How it ended; none while it is active.
    pub(crate) end: Option<RunEnd>,
    /// Whether its report was written.
    pub(crate) is_reported: bool,
    /// Orders with a trustworthy answer of this run's own.
    pub(crate) answered: u64,
    /// The gateway it asked.
    pub(crate) base_url: String,
    /// The merchant it asked for.
    pub(crate) merchant_uid: Option<String>,
    selection: String,
    /// When its rows were dropped: nothing but its figures is left.
    pub(crate) pruned_at: Option<DateTime<Utc>>,
    /// Whether the findings that count for the exit code are stored.
    counts_for_exit: bool,
}

impl RunRow {
    /// Orders that this run asks for itself.
    pub(crate) fn to_ask(&self) -> u64 {
        self.summary.figures.orders.asked()
    }

    /// Whether it ended before its orders were stored: there is nothing to resume.
    pub(crate) fn has_no_orders(&self) -> bool {
        self.selection.is_empty()
    }

    /// Whether it was begun with this selection.
    #[must_use]
    pub(crate) fn has_selection(&self, selection: &Selection) -> bool {
        self.selection == selection.key()
    }
}

impl Store {
    /// One run.
    ///
    /// # Errors
    /// The database.
    pub(crate) fn run(&self, run_id: i64) -> Result<Option<RunRow>, StoreError> {
        let rows = self.runs_where("WHERE run_id = ?1", run_id)?;
        Ok(rows.into_iter().next())
    }

    /// The number of the latest run that was judged.
    ///
    /// # Errors
    /// The database.
    pub(crate) fn latest_judged(&self) -> Result<Option<i64>, StoreError> {
        self.connection
            .query_row("SELECT max(run_id) FROM runs WHERE judged_at_ms IS NOT NULL", (), |row| {
                row.get(0)
            })
            .optional()
            .map(Option::flatten)
            .map_err(|error| self.error(&error))
    }

    /// The number of the latest run whose report was written; 0 if there is none.
    ///
    /// # Errors
    /// The database.
    pub(crate) fn latest_reported(&self) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(run_id), 0) FROM runs WHERE reported_at_ms IS NOT NULL";
        self.connection.query_row(sql, (), |row| row.get(0)).map_err(|error| self.error(&error))
    }

    /// How many runs were judged.
    ///
    /// # Errors
    /// The database.
    pub(crate) fn judged_runs(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS runs FROM runs WHERE judged_at_ms IS NOT NULL";
        let count = self.connection.query_row(sql, (), |row| figures::count(row, "runs"));
        count.map_err(|error| self.error(&error))
    }

    /// Whether there are runs of more than one merchant; none is one too.
    ///
    /// # Errors
    /// The database.
    pub(crate) fn has_merchants(&self) -> Result<bool, StoreError> {
        let sql = "SELECT count(DISTINCT merchant_uid) > 1 FROM runs";
        self.connection.query_row(sql, (), |row| row.get(0)).map_err(|error| self.error(&error))
    }

    /// The latest runs, newest first.
    ///
    /// # Errors
    /// The database.
    pub(crate) fn runs(&self, limit: u32) -> Result<Vec<RunRow>, StoreError> {
        self.runs_where("ORDER BY run_id DESC LIMIT ?1", i64::from(limit))
    }

    /// The reasons why orders of a run have no answer, the most frequent first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn unverified_reasons(
        &self,
        run_id: i64,
    ) -> Result<Vec<UnverifiedReason>, StoreError> {
        unverified_reasons(&self.connection, run_id).map_err(|error| self.error(&error))
    }

    fn runs_where(
        &self,
        condition: &'static str,
        parameter: i64,
    ) -> Result<Vec<RunRow>, StoreError> {
        runs_where(&self.connection, condition, parameter).map_err(|error| self.error(&error))
    }

    /// The latest time that any run has stored.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn latest_time(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.connection
            .query_row(
                "SELECT max(max(started_at_ms, coalesce(last_answered_at_ms, 0),
                                coalesce(ended_at_ms, 0), coalesce(clock_floor_ms, 0))) AS at_ms
                 FROM runs",
                (),
                |row| optional_instant(row, "at_ms"),
            )
            .map_err(|error| self.error(&error))
    }
}

/// One run.
pub(super) fn read(connection: &Connection, run_id: i64) -> rusqlite::Result<Option<RunRow>> {
    Ok(runs_where(connection, "WHERE run_id = ?1", run_id)?.into_iter().next())
}

fn runs_where(
    connection: &Connection,
    condition: &'static str,
    parameter: i64,
) -> rusqlite::Result<Vec<RunRow>> {
    let sql = ["SELECT * FROM runs ", condition].concat();
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([parameter], run_row)?;
    let mut runs = rows.collect::<rusqlite::Result<Vec<RunRow>>>()?;
    for run in &mut runs {
        count(connection, run)?;
    }
    Ok(runs)
}

/// The figures that are counted from other tables.
fn count(connection: &Connection, run: &mut RunRow) -> rusqlite::Result<()> {
    let run_id = run.summary.run_id;
    if prune::fill(connection, run)? {
        run.summary.warnings = warnings::of_run(connection, run_id)?;
        return Ok(());
    }
    let sql = concat!(
        "SELECT count(*) AS answered, count(*) FILTER (WHERE ",
        is_reused!(),
        ") AS reused, min(r.answered_at_ms) FILTER (WHERE ",
        is_reused!(),
        ") AS oldest_ms
         FROM run_orders r WHERE r.run_id = ?1 AND r.answered_at_ms IS NOT NULL"
    );
    let orders = &mut run.summary.figures.orders;
    (run.answered, orders.reused, run.summary.oldest_reused) =
        connection.query_row(sql, [run_id], |row| {
            let (answered, reused) =
                (figures::count(row, "answered")?, figures::count(row, "reused")?);
            Ok((answered - reused, reused, optional_instant(row, "oldest_ms")?))
        })?;
    let mut statement = connection.prepare(
        "SELECT kind, verdict IS ?2 AS is_accepted, count(*) AS number
         FROM reported_mismatches WHERE run_id = ?1 GROUP BY kind, is_accepted",
    )?;
    let mut rows = statement.query(params![run_id, Verdict::Accepted.as_str()])?;
    while let Some(row) = rows.next()? {
        let kind = kind(row)?;
        let figures = &mut run.summary.figures;
        let findings =
            if row.get("is_accepted")? { &mut figures.accepted } else { &mut figures.mismatches };
        findings.insert(kind, figures::count(row, "number")?);
    }
    if !run.counts_for_exit {
        // An earlier release judged it: all findings count.
        run.summary.figures.findings_for_exit = run.summary.figures.mismatches.values().sum();
    }
    run.summary.warnings = warnings::of_run(connection, run_id)?;
    if run.summary.figures.orders.unverified > 0 {
        run.summary.unverified_reasons = unverified_reasons(connection, run_id)?;
    }
    Ok(())
}

/// The most frequent reasons, then the rest together.
fn unverified_reasons(
    connection: &Connection,
    run_id: i64,
) -> rusqlite::Result<Vec<UnverifiedReason>> {
    const MOST: usize = 5;
    let mut statement = connection.prepare_cached(
        "SELECT why, count(*) AS orders FROM run_orders
         WHERE run_id = ?1 AND answered_at_ms IS NULL GROUP BY why ORDER BY orders DESC, why",
    )?;
    let mut rows = statement.query([run_id])?;
    let mut reasons: Vec<UnverifiedReason> = Vec::new();
    while let Some(row) = rows.next()? {
        let why: Option<String> = row.get("why")?;
        let reason = Some(why.unwrap_or_else(|| NOT_ASKED.to_owned()));
        let orders = figures::count(row, "orders")?;
        reasons.push(UnverifiedReason { reason, orders });
    }
    if reasons.len() > MOST + 1 {
        let orders = reasons.drain(MOST..).map(|row| row.orders).sum();
        reasons.push(UnverifiedReason { reason: None, orders });
    }
    Ok(reasons)
}

/// Makes a run's row.
pub(super) fn insert(connection: &Connection, run: &NewRun) -> rusqlite::Result<i64> {
    connection.query_row(
        "INSERT INTO runs (started_at_ms, run_day, status, selection, base_url, merchant_uid,
                           clock_floor_ms)
         VALUES (?1, ?2, ?3, '', '', '', ?4) RETURNING run_id",
        params![
            to_ms(run.started_at),
            run.day.to_string(),
            RunStatus::Asking.stored(),
            run.clock_floor.map(to_ms)
        ],
        |row| row.get(0),
    )
}

/// Why an order without any reply is unverified.
pub(super) const NOT_ASKED: &str = "the gateway was not asked";

fn run_row(row: &Row) -> rusqlite::Result<RunRow> {
    let status: String = row.get("status")?;
    let figures = figures::read(row)?;
    let either = |range, orders| -> rusqlite::Result<Option<NaiveDate>> {
        Ok(optional_date(row, range)?.or(optional_date(row, orders)?))
    };
    Ok(RunRow {
        summary: RunSummary {
            run_id: row.get("run_id")?,
            from: either("from_date", "first_date")?,
            to: either("to_date", "last_date")?,
            day: date(row, "run_day")?,
            figures,
            unverified_reasons: Vec::new(),
            oldest_reused: None,
            warnings: Vec::new(),
        },
        started_at: instant(row, "started_at_ms")?,
        judged_at: optional_instant(row, "judged_at_ms")?,
        rows_sha256: row.get("rows_sha256")?,
        end: row
            .get::<_, Option<String>>("end_reason")?
            .map(|reason| {
                let at = optional_instant(row, "ended_at_ms")?;
                Ok::<_, rusqlite::Error>(RunEnd { at, exit_code: row.get("exit_code")?, reason })
            })
            .transpose()?,
        status: RunStatus::from_stored(&status).ok_or_else(|| unreadable("status"))?,
        is_reported: row.get::<_, Option<i64>>("reported_at_ms")?.is_some(),
        answered: 0,
        base_url: row.get("base_url")?,
        merchant_uid: optional(row.get("merchant_uid")?),
        selection: row.get("selection")?,
        pruned_at: None,
        counts_for_exit: row.get::<_, Option<i64>>("findings_for_exit")?.is_some(),
    })
}
