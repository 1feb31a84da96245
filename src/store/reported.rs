//! The rows of a run's report, one by one (contract, "The report").

use super::Store;
use super::decisions;
use super::decode::{
    self, ANSWER_COLUMNS, Columns, ENTRY_COLUMNS, Fields, Named, date, optional_instant, unreadable,
};
use super::entry_columns::read_optional_entry;
use super::error::StoreError;
use crate::domain::amount::Amount;
use crate::domain::mismatch::{Mismatch, ReportRow, Severity, State};
use crate::domain::order::InvalidRow;
use crate::domain::payment::Answer;
use crate::domain::text::Text;
use rusqlite::{Connection, OptionalExtension, params};

/// The columns of a report's row, and the tables they are in.
const ROWS: [&str; 5] = [
    "SELECT m.run_id AS run_id, m.kind AS kind, m.severity AS severity, \
     m.state AS state, m.variance_micros AS variance_micros, \
     m.at_risk_micros AS at_risk_micros, m.currency AS mismatch_currency, \
     m.reason AS reason, m.first_seen AS first_seen, m.open_days AS open_days, \
     m.mismatch_id AS mismatch_id, m.answered_at_ms AS answered_at_ms, \
     m.verdict AS verdict, m.until AS until, m.owner AS owner, m.note AS note, \
     m.is_suspect AS is_suspect, ",
    ENTRY_COLUMNS,
    ", ",
    ANSWER_COLUMNS,
    " FROM reported_mismatches m
     JOIN run_orders r ON r.run_id = m.run_id AND r.order_id = m.order_id
     JOIN orders o ON o.order_id = m.order_id
     LEFT JOIN entries e ON e.order_id = r.order_id AND e.version = r.entry_version
     LEFT JOIN answers a ON a.answer_id = m.answer_id
     WHERE ",
];

/// The rows of one run, or all of a view.
fn rows_of(run_id: Option<i64>) -> &'static str {
    match run_id {
        Some(_) => "m.run_id = ?1 ",
        None => "?1 IS NULL ",
    }
}

impl Store {
    /// Gives a judged run's rows, or all of a view, in the report's order (contract, "The report").
    ///
    /// # Errors
    /// The database, or what `row` says.
    pub(crate) fn report_rows<E: From<StoreError>>(
        &self,
        run_id: impl Into<Option<i64>>,
        mut take: impl FnMut(&ReportRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let run_id = run_id.into();
        let sql = [
            &ROWS.concat(),
            rows_of(run_id),
            "ORDER BY ",
            &severity_rank(),
            ", m.currency, m.at_risk_micros DESC, o.merchant_order_id, m.kind,
                          o.merchant_uid",
        ]
        .concat();
        let sqlite = |error: rusqlite::Error| E::from(self.error(&error));
        let mut statement = self.connection.prepare_cached(&sql).map_err(sqlite)?;
        let columns = Columns::of(&statement);
        let mut rows = statement.query([run_id]).map_err(sqlite)?;
        while let Some(row) = rows.next().map_err(sqlite)? {
            take(&report_row(&columns.fields(row)).map_err(sqlite)?)?;
        }
        Ok(())
    }

    /// Gives a run's invalid ledger rows in the order in which they were read.
    ///
    /// # Errors
    /// The database, or what `take` says.
    pub(crate) fn invalid_rows<E: From<StoreError>>(
        &self,
        run_id: i64,
        mut take: impl FnMut(&InvalidRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let sqlite = |error: rusqlite::Error| E::from(self.error(&error));
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT file, line, reason, raw FROM invalid_rows
                 WHERE run_id = ?1 ORDER BY number",
            )
            .map_err(sqlite)?;
        let mut rows = statement.query([run_id]).map_err(sqlite)?;
        while let Some(row) = rows.next().map_err(sqlite)? {
            let line: i64 = row.get("line").map_err(sqlite)?;
            take(&InvalidRow {
                file: row.get("file").map_err(sqlite)?,
                line: u64::try_from(line).unwrap_or(0),
                reason: row.get("reason").map_err(sqlite)?,
                raw: row.get("raw").map_err(sqlite)?,
            })?;
        }
        Ok(())
    }
}

impl Store {
    /// Records the SHA-256 of the files that a run's report is written into.
    pub(crate) fn record_report_files(
        &mut self,
        run_id: i64,
        digests: &[String],
    ) -> Result<(), StoreError> {
        let insert = |sha256: &String| {
            self.connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO report_files (sha256, run_id) VALUES (?1, ?2)",
                )?
                .execute((sha256, run_id))
                .map(|_| ())
        };
        digests.iter().try_for_each(insert).map_err(|error| self.error(&error))
    }

    /// The run that wrote a report file with this SHA-256.
    pub(crate) fn writer_of(&self, sha256: &str) -> Result<Option<i64>, StoreError> {
        self.connection
            .query_row("SELECT run_id FROM report_files WHERE sha256 = ?1", [sha256], |row| {
                row.get("run_id")
            })
            .optional()
            .map_err(|error| self.error(&error))
    }

    /// The SHA-256 of the manifest that a run wrote last.
    pub(crate) fn manifest_of(&self, run_id: i64) -> Result<Option<String>, StoreError> {
        self.connection
            .query_row("SELECT manifest_sha256 FROM runs WHERE run_id = ?1", [run_id], |row| {
                row.get("manifest_sha256")
            })
            .map_err(|error| self.error(&error))
    }

    /// Whether a run wrote a report file with this SHA-256.
    pub(crate) fn has_report_file(&self, sha256: &str) -> Result<bool, StoreError> {
        self.connection
            .prepare_cached("SELECT 1 FROM report_files WHERE sha256 = ?1")
            .and_then(|mut statement| statement.exists([sha256]))
            .map_err(|error| self.error(&error))
    }
}

/// The severities' order as SQL: the most urgent first.
fn severity_rank() -> String {
    let ranks = Severity::ALL.iter().enumerate();
    let cases: Vec<String> =
        ranks.map(|(rank, severity)| format!("WHEN '{severity}' THEN {rank} ")).collect();
    format!("CASE m.severity {}END", cases.concat())
}

fn report_row(row: &Fields) -> rusqlite::Result<ReportRow> {
    let word = |column: &str| row.named::<String>(column);
    let mismatch = Mismatch {
        kind: decode::kind(row)?,
        severity: Severity::from_word(&word("severity")?).ok_or_else(|| unreadable("severity"))?,
        variance: decode::amount(row, "variance_micros")?,
        at_risk: Amount::from_micros(row.named("at_risk_micros")?),
        currency: row.named("mismatch_currency")?,
        reason: Text::own(&row.named::<String>("reason")?),
    };
    Ok(ReportRow {
        run_id: row.named("run_id")?,
        mismatch,
        state: if row.named("is_suspect")? {
            State::Suspect
        } else {
            State::from_word(&word("state")?).ok_or_else(|| unreadable("state"))?
        },
        key: decode::key(row)?,
        entry: read_optional_entry(row)?,
        payment: match decode::answer(row)? {
            Some(Answer::Payment(payment)) => Some(*payment),
            Some(Answer::Missing(_)) | None => None,
        },
        first_seen: date(row, "first_seen")?,
        open_days: row.named("open_days")?,
        last_verified: optional_instant(row, "answered_at_ms")?,
        mismatch_id: row.named("mismatch_id")?,
        decision: decisions::decision(row, "")?,
    })
}

/// The findings of one order in a run, or in a view, in the contract's order of kinds.
pub(super) fn order_findings(
    connection: &Connection,
    run_id: Option<i64>,
    order_id: i64,
) -> rusqlite::Result<Vec<ReportRow>> {
    let sql = [&ROWS.concat(), rows_of(run_id), "AND m.order_id = ?2"].concat();
    let mut statement = connection.prepare_cached(&sql)?;
    let columns = Columns::of(&statement);
    let mut rows = statement.query(params![run_id, order_id])?;
    let mut findings = Vec::new();
    while let Some(row) = rows.next()? {
        findings.push(report_row(&columns.fields(row))?);
    }
    findings.sort_by_key(|finding| finding.mismatch.kind);
    Ok(findings)
}
