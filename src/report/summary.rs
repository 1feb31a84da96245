//! What `run` prints on stdout when it has written its report (contract, "`run`"): one JSON object
//! for scripts, or [`text`](text()) for people. Neither ends in a line break.

mod line;
mod text;

pub(crate) use line::{of_failure, of_report, without_quoted};
pub use text::text;

use crate::domain::mismatch::Kind;
use crate::domain::run::{
    LedgerFigures, MoneyRow, OrderFigures, RunSummary, UnverifiedReason, Warning, money_rows,
};
use crate::domain::statement::StatementLine;
use crate::report::manifest::SCHEMA;
use crate::report::{Role, Written};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The summary as one JSON object on one line, with the contract's keys in the contract's order;
/// between them `oldest_answer` where answers of earlier runs are reused, `accepted` where findings
/// are accepted, `unverified_reasons` where orders are unverified, and `edited` where a file that
/// somebody edited was kept under another name.
/// `duration_ms` shows as seconds with one decimal.
///
/// # Panics
/// Never: there is nothing in it that JSON cannot show.
#[must_use]
#[expect(clippy::expect_used, reason = "integers and strings under fixed keys: always JSON")]
pub fn json(run: &RunSummary, files: &[Written], duration_ms: u64, exit_code: u8) -> String {
    render(run, files, duration_ms, exit_code).expect("a summary is plain JSON")
}

fn render(
    run: &RunSummary,
    files: &[Written],
    duration_ms: u64,
    exit_code: u8,
) -> serde_json::Result<String> {
    let figures = &run.figures;
    let paths = |is_listed: fn(Role) -> bool| {
        let listed = files.iter().filter(|file| is_listed(file.role));
        listed.map(|file| file.path.to_string_lossy()).collect()
    };
    serde_json::to_string(&Summary {
        run_id: run.run_id,
        status: run.status(),
        from: run.from.map(|date| NaiveDate::to_string(&date)),
        to: run.to.map(|date| NaiveDate::to_string(&date)),
        ledger: figures.ledger,
        days: figures.days.iter().map(|(day, orders)| Day::new(*day, *orders)).collect(),
        warnings: &run.warnings,
        orders: figures.orders,
        oldest_answer: run.oldest_reused.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        mismatches: &figures.mismatches,
        accepted: &figures.accepted,
        open_elsewhere: figures.open_elsewhere,
        totals: money_rows(&figures.totals),
        gateway_totals: &figures.gateway_totals,
        unverified_reasons: &run.unverified_reasons,
        requests: figures.requests,
        seconds: RawValue::from_string(seconds(duration_ms))?,
        reports: paths(|role| role != Role::Edited),
        edited: paths(|role| role == Role::Edited),
        exit_code,
    })
}

/// A run that ended without a report, as one JSON object on one line.
#[must_use]
pub fn failed(run_id: Option<i64>, exit_code: u8, error: &str, hint: Option<&str>) -> String {
    serde_json::json!({
        "run_id": run_id,
        "status": "failed",
        "exit_code": exit_code,
        "error": error,
        "hint": hint,
    })
    .to_string()
}

/// The fields of this object, which is not empty, behind those that every object has (contract,
/// "`run`").
#[must_use]
pub fn with_head(command: &str, started_at: DateTime<Utc>, object: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let started_at = started_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let head = [
        ("schema", SCHEMA.to_string()),
        ("version", format!("\"{version}\"")),
        ("command", format!("\"{command}\"")),
        ("started_at", format!("\"{started_at}\"")),
    ];
    let head = head.map(|(key, value)| format!("\"{key}\":{value}")).join(",");
    let fields = object.strip_prefix('{').unwrap_or(object);
    format!("{{{head},{fields}")
}

/// Seconds with one decimal, rounded.
fn seconds(duration_ms: u64) -> String {
    let tenths = duration_ms / 100 + u64::from(duration_ms % 100 >= 50);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The contract's object.
#[derive(Serialize)]
struct Summary<'run> {
    run_id: i64,
    status: &'static str,
    from: Option<String>,
    to: Option<String>,
    ledger: LedgerFigures,
    days: Vec<Day>,
    warnings: &'run [Warning],
    orders: OrderFigures,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_answer: Option<String>,
    #[serde(serialize_with = "by_word")]
    mismatches: &'run BTreeMap<Kind, u64>,
    #[serde(serialize_with = "by_word", skip_serializing_if = "BTreeMap::is_empty")]
    accepted: &'run BTreeMap<Kind, u64>,
    open_elsewhere: u64,
    totals: Vec<MoneyRow>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    gateway_totals: &'run [StatementLine],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unverified_reasons: &'run [UnverifiedReason],
    requests: u64,
    seconds: Box<RawValue>,
    reports: Vec<Cow<'run, str>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    edited: Vec<Cow<'run, str>>,
    exit_code: u8,
}

/// The selected orders of one day.
#[derive(Serialize)]
struct Day {
    date: String,
    orders: u64,
}

impl Day {
    fn new(date: NaiveDate, orders: u64) -> Day {
        Day { date: date.to_string(), orders }
    }
}

/// Kinds in the contract's order, those without a mismatch left out.
pub(super) fn by_word<S: Serializer>(
    mismatches: &BTreeMap<Kind, u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let found = mismatches.iter().filter(|(_, count)| **count > 0);
    serializer.collect_map(found.map(|(kind, count)| (kind.as_str(), count)))
}
