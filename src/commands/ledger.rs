//! `ledger`: how a ledger is read, and what the configuration lacks for it.

mod text;

use super::output::{JsonHead, print};
use super::{Process, listen, settings};
use crate::cli::{Common, Format, Ledger};
use crate::domain::order::{Entry, LedgerStatus};
use crate::domain::payment::{AccountingType, TransactionType};
use crate::domain::text::one_line;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::reconcile::{LedgerReport, LedgerView, inspect};
use crate::settings::Flags;
use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The configuration lacks keys, something is left open, or rows are invalid (contract, "Exit
/// codes").
const OPEN: u8 = 4;

pub(super) fn execute(
    arguments: &Ledger,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    let now = (process.now)();
    let head = JsonHead::new("ledger", now);
    let settings = settings(common, Flags::default(), process)?;
    listen(interrupt)?;
    let report = inspect(&settings, &arguments.files, now, &|| interrupt.signal())?;
    let exit_code = exit_code(&report);
    let printed = if arguments.suggest {
        let about = about(&arguments.files, &report);
        report.suggestion.configuration(&about).trim_end().to_owned()
    } else if arguments.format == Format::Json {
        head.object(&json(&report, exit_code).to_string())
    } else {
        text::report(&report, &settings)
    };
    print(&printed)?;
    Ok(exit_code)
}

fn exit_code(report: &LedgerReport) -> u8 {
    let is_good = |view: &LedgerView| view.inspection.rows.invalid == 0;
    let suggestion = &report.suggestion;
    let is_decided = suggestion.open().is_empty() && !suggestion.is_any();
    if is_decided && report.view.as_ref().is_some_and(is_good) { 0 } else { OPEN }
}

/// The first lines of a suggested configuration.
fn about(files: &[PathBuf], report: &LedgerReport) -> String {
    let names: Vec<String> =
        files.iter().map(|file| one_line(&file.display().to_string())).collect();
    let more = if asks_again(report) { format!(" {ASKS_AGAIN}") } else { String::new() };
    format!(
        "Suggested by octopus-recon {} for {}. Each line was checked against every row that can be \
         read. A comment that begins with \"Open:\" waits for a person.{more}",
        env!("CARGO_PKG_VERSION"),
        names.join(", ")
    )
}

/// No row can be read before the open points are decided; their cells may then ask for more keys.
const ASKS_AGAIN: &str = "More keys may be asked for when these are decided: run ledger again.";

fn asks_again(report: &LedgerReport) -> bool {
    let is_unread = |view: &LedgerView| view.inspection.rows.accepted == 0;
    !report.suggestion.open().is_empty() && report.view.as_ref().is_none_or(is_unread)
}

/// The view of a ledger as text, for `run --dry-run`.
pub(super) fn view_as_text(view: &LedgerView) -> String {
    text::view(view, None).join("\n")
}

fn json(report: &LedgerReport, exit_code: u8) -> Value {
    let suggestion = &report.suggestion;
    let mut object = match &report.view {
        Some(view) => view_as_json(view),
        None => json!({ "files": null, "ledger": null }),
    };
    object["open"] = json!(suggestion.open());
    object["notes"] = json!(suggestion.notes());
    object["suggestion"] = json!(suggestion.is_any().then(|| suggestion.block()));
    object["exit_code"] = json!(exit_code);
    object
}

/// The view of a ledger as JSON.
pub(super) fn view_as_json(view: &LedgerView) -> Value {
    let inspection = &view.inspection;
    let rows = inspection.rows;
    let days = inspection.days.iter();
    let days: Vec<Value> =
        days.map(|(day, orders)| json!({"date": day.to_string(), "orders": orders})).collect();
    let date = |day: Option<(&chrono::NaiveDate, &u64)>| day.map(|(day, _)| day.to_string());
    json!({
        "files": view.shapes,
        "ledger": {
            "rows": rows.rows, "accepted": rows.accepted, "invalid": rows.invalid,
            "repeated": rows.repeated, "superseded": rows.superseded, "skipped": rows.skipped,
        },
        "invalid": inspection.invalid,
        "unmapped": inspection.unmapped,
        "skipped": view.skipped.iter().map(|(currency, amount)| {
            json!({"currency": currency, "amount": amount})
        }).collect::<Vec<Value>>(),
        "warnings": view.warnings,
        "conflicts": inspection.conflicts,
        "duplicates": inspection.duplicates,
        "totals": inspection.sums,
        "from": date(inspection.days.first_key_value()),
        "to": date(inspection.days.last_key_value()),
        "days": days,
        "example": inspection.example.as_ref().map(example),
    })
}

/// The values of one order, by the contract's columns.
fn example(entry: &Entry) -> Value {
    let created_at = entry.created_at.ages_from.with_timezone(&Utc);
    json!({
        "merchant_order_id": entry.key.merchant_order_id,
        "merchant_uid": entry.key.merchant_uid,
        "amount": entry.amount.to_string(),
        "currency": entry.currency,
        "order_date": entry.created_at.date.to_string(),
        "ages_from": created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "transaction_type": entry.transaction_type.as_ref().map(TransactionType::as_str),
        "accounting_type": entry.accounting_type.as_ref().map(AccountingType::as_str),
        "status": entry.status.as_ref().map(LedgerStatus::as_str),
    })
}
