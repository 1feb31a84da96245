//! `runs`: past runs with their figures.

use super::output::{print, table};
use super::{Process, settings};
use crate::cli::{Common, Runs};
use crate::failure::Failure;
use crate::settings::Flags;
use crate::store::{RunRow, Store};
use chrono::{DateTime, SecondsFormat, Utc};

const HEADINGS: [&str; 14] = [
    "run",
    "started",
    "status",
    "from",
    "to",
    "rows",
    "invalid",
    "selected",
    "answered",
    "matched",
    "in transit",
    "mismatched",
    "unverified",
    "calls",
];

pub(super) fn execute(arguments: &Runs, common: &Common, process: &Process) -> Result<u8, Failure> {
    let settings = settings(common, Flags::default(), process)?;
    let store = Store::open_to_read(&settings.store.path, (process.now)())?;
    let runs = store.runs(arguments.limit)?;
    if runs.is_empty() {
        print("No runs yet.")?;
        return Ok(0);
    }
    let mut rows = vec![HEADINGS.map(str::to_owned).to_vec()];
    rows.extend(runs.iter().map(row));
    print(&table(&rows, &[0, 5, 6, 7, 8, 9, 10, 11, 12, 13]))?;
    Ok(0)
}

fn row(run: &RunRow) -> Vec<String> {
    let figures = &run.summary.figures;
    let date =
        |date: Option<chrono::NaiveDate>| date.map_or("-".to_owned(), |date| date.to_string());
    // What a run that was not judged would count is not known.
    let judged = |count: u64| {
        if run.judged_at.is_some() { count.to_string() } else { "-".to_owned() }
    };
    vec![
        run.summary.run_id.to_string(),
        seconds(run.started_at),
        run.status.as_str().to_owned(),
        date(run.summary.from),
        date(run.summary.to),
        figures.ledger.rows.to_string(),
        figures.ledger.invalid.to_string(),
        figures.orders.selected.to_string(),
        run.answered.to_string(),
        judged(figures.orders.matched),
        judged(figures.orders.in_transit),
        judged(figures.orders.mismatched),
        judged(figures.orders.unverified),
        figures.requests.to_string(),
    ]
}

/// RFC 3339, UTC, in seconds.
pub(super) fn seconds(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}
