//! `runs`: past runs, how each ended, and their figures.

use super::output::{JsonHead, print, table};
use super::status::{NOT_RECORDED, with_noted_end};
use super::{Process, settings};
use crate::cli::{Common, Format, Runs};
use crate::domain::text;
use crate::failure::Failure;
use crate::settings::Flags;
use crate::store::{RunRow, Store};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::{Value, json};

const HEADINGS: [&str; 17] = [
    "run",
    "started",
    "exit",
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
    "digest",
    "how it ended",
];

pub(super) fn execute(arguments: &Runs, common: &Common, process: &Process) -> Result<u8, Failure> {
    let head = JsonHead::new("runs", (process.now)());
    let settings = settings(common, Flags::default(), process)?;
    let store = Store::open_to_read(&settings.store.path)?;
    let is_active = Store::is_active(&settings.store.path);
    let runs = store.runs(arguments.limit)?.into_iter();
    let runs: Vec<RunRow> = runs.map(|run| with_noted_end(run, is_active, &settings)).collect();
    if arguments.format == Format::Json {
        let runs: Vec<Value> = runs.iter().map(|run| object(run, is_active)).collect();
        print(&head.object(&json!({ "runs": runs }).to_string()))?;
    } else if runs.is_empty() {
        print("No runs yet.")?;
    } else {
        let mut rows = vec![HEADINGS.map(str::to_owned).to_vec()];
        rows.extend(runs.iter().map(|run| row(run, is_active)));
        if store.has_merchants()? {
            let merchants = runs.iter().map(|run| run.merchant_uid.as_deref().unwrap_or("-"));
            for (row, merchant) in rows.iter_mut().zip(["merchant"].into_iter().chain(merchants)) {
                row.insert(row.len().saturating_sub(1), text::one_line(merchant));
            }
        }
        print(&table(&rows, &[0, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14]))?;
    }
    Ok(0)
}

fn row(run: &RunRow, is_active: bool) -> Vec<String> {
    let figures = &run.summary.figures;
    let date = |date: Option<NaiveDate>| date.map_or("-".to_owned(), |date| date.to_string());
    // What a run that was not judged would count is not known.
    let judged = |count: u64| {
        if run.judged_at.is_some() { count.to_string() } else { "-".to_owned() }
    };
    let exit_code = run.end.as_ref().and_then(|end| end.exit_code);
    vec![
        run.summary.run_id.to_string(),
        seconds(run.started_at),
        exit_code.map_or("-".to_owned(), |code| code.to_string()),
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
        run.rows_sha256.as_deref().map_or("-".to_owned(), short),
        match (&run.end, run.pruned_at) {
            (Some(end), None) => text::one_line(&end.reason),
            (Some(end), Some(at)) => {
                format!("{} (pruned on {})", text::one_line(&end.reason), at.date_naive())
            }
            (None, _) if is_active => "active".to_owned(),
            (None, _) => {
                format!("{NOT_RECORDED}: run --resume {} resumes it", run.summary.run_id)
            }
        },
    ]
}

fn object(run: &RunRow, is_active: bool) -> Value {
    let figures = &run.summary.figures;
    let date = |date: Option<NaiveDate>| date.map(|date| date.to_string());
    let is_judged = run.judged_at.is_some();
    json!({
        "run_id": run.summary.run_id,
        "merchant_uid": run.merchant_uid,
        "started_at": seconds(run.started_at),
        "ended_at": run.end.as_ref().and_then(|end| end.at).map(seconds),
        "exit_code": run.end.as_ref().and_then(|end| end.exit_code),
        "reason": run.end.as_ref().map(|end| text::one_line(&end.reason)),
        "status": run.status.as_str(),
        "active": run.end.is_none() && is_active,
        "from": date(run.summary.from),
        "to": date(run.summary.to),
        "ledger": figures.ledger,
        "orders": is_judged.then_some(figures.orders),
        "selected": figures.orders.selected,
        "answered": run.answered,
        "mismatches": figures
            .mismatches
            .iter()
            .map(|(kind, count)| (kind.as_str(), count))
            .collect::<std::collections::BTreeMap<_, _>>(),
        "requests": figures.requests,
        "rows_sha256": run.rows_sha256,
        "pruned_at": run.pruned_at.map(seconds),
    })
}

/// Enough of a digest to compare two by eye.
fn short(sha256: &str) -> String {
    sha256.chars().take(12).collect()
}

/// RFC 3339, UTC, in seconds.
pub(super) fn seconds(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}
