//! `show`: all that is known of one order.

use super::output::{JsonHead, print, table};
use super::runs::seconds;
use super::{Process, settings};
use crate::cli::{Common, Format, Show};
use crate::domain::decision::DecisionEvent;
use crate::domain::order::Entry;
use crate::domain::payment::{Answer, Payment};
use crate::domain::text;
use crate::failure::Failure;
use crate::reconcile::deciding::in_words;
use crate::settings::Flags;
use crate::store::{MismatchEvent, OrderHistory, Store};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::fmt::Display;

pub(super) fn execute(arguments: &Show, common: &Common, process: &Process) -> Result<u8, Failure> {
    let head = JsonHead::new("show", (process.now)());
    let settings = settings(common, Flags::default(), process)?;
    let store = Store::open_to_read(&settings.store.path)?;
    let orders = store.history(&arguments.order_id)?;
    if orders.is_empty() {
        return Err(Failure::usage(
            format!(
                "no ledger that was read has the order {}",
                text::printable(&arguments.order_id)
            ),
            "ids are compared exactly, letters and leading zeros included; what `prune` dropped is \
             not known any more; `order get` asks the gateway itself",
        ));
    }
    match arguments.format {
        Format::Text => {
            let shown: Vec<String> = orders.iter().map(history).collect();
            print(&shown.join("\n\n"))?;
        }
        Format::Json => {
            let orders: Vec<Value> = orders.iter().map(object).collect();
            print(&head.object(&json!({ "orders": orders }).to_string()))?;
        }
    }
    Ok(0)
}

fn history(order: &OrderHistory) -> String {
    let merchant = order.key.merchant_uid.as_deref().map(text::printable);
    let merchant = merchant.map(|merchant| format!(" of merchant {merchant}")).unwrap_or_default();
    let outcome = match &order.last_outcome {
        Some((run_id, outcome)) => format!("{outcome} in run {run_id}"),
        None => "not judged yet".to_owned(),
    };
    let id = text::printable(&order.key.merchant_order_id);
    let mut parts = vec![
        format!("Order {id}{merchant}: {outcome}"),
        section("The ledger said", &ledger(order), "nothing"),
        section("The gateway said", &gateway(order), "nothing that can be trusted yet"),
        section("Mismatches", &mismatches(order), "none"),
    ];
    parts.extend(suspect(order));
    parts.extend(rebuilt(order));
    parts.join("\n\n")
}

fn section(title: &str, rows: &[Vec<String>], nothing: &str) -> String {
    if rows.len() < 2 {
        return format!("{title}: {nothing}");
    }
    let table = table(rows, &[0]).replace('\n', "\n  ");
    format!("{title}:\n  {table}")
}

fn heading(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// A number of ours.
fn or_dash<T: Display>(value: Option<T>) -> String {
    value.map_or("-".to_owned(), |value| value.to_string())
}

/// A word from outside, as the report shows it.
fn word(word: Option<&impl Display>) -> Option<String> {
    word.map(|word| text::clean(&word.to_string()))
}

fn word_or_dash(cell: Option<&impl Display>) -> String {
    word(cell).unwrap_or_else(|| "-".to_owned())
}

fn ledger(order: &OrderHistory) -> Vec<Vec<String>> {
    let columns = [
        "run",
        "date",
        "amount",
        "currency",
        "type",
        "accounting",
        "status",
        "file",
        "line",
        "note",
    ];
    let mut rows = vec![heading(&columns)];
    for version in &order.entries {
        let Entry { amount, currency, created_at, .. } = &version.entry;
        let entry = &version.entry;
        let notes: Vec<&str> =
            [&entry.conflict, &entry.duplicate].into_iter().filter_map(Option::as_deref).collect();
        rows.push(vec![
            version.run_id.to_string(),
            created_at.date.to_string(),
            amount.to_string(),
            text::clean(currency),
            word_or_dash(entry.transaction_type.as_ref()),
            word_or_dash(entry.accounting_type.as_ref()),
            word_or_dash(entry.status.as_ref()),
            text::printable(&version.file),
            version.line.to_string(),
            text::printable(&notes.join("; ")),
        ]);
    }
    rows
}

fn gateway(order: &OrderHistory) -> Vec<Vec<String>> {
    let columns = [
        "run",
        "since",
        "amount",
        "final",
        "currency",
        "type",
        "payment",
        "accounting",
        "notify",
        "payment_uid",
        "reason",
    ];
    let mut rows = vec![heading(&columns)];
    for version in &order.answers {
        let mut row = vec![version.run_id.to_string(), seconds(version.received_at)];
        match &version.answer {
            Answer::Missing(words) => {
                row.extend((0..4).map(|_| "-".to_owned()));
                row.push("no such order".to_owned());
                row.extend((0..3).map(|_| "-".to_owned()));
                row.push(text::clean(words));
            }
            Answer::Payment(payment) => row.extend(payment_cells(payment)),
        }
        rows.push(row);
    }
    rows
}

fn payment_cells(payment: &Payment) -> Vec<String> {
    let reasons = [
        &payment.payment_fail_reason,
        &payment.accounting_fail_reason,
        &payment.notify_fail_reason,
    ];
    let reasons: Vec<String> =
        reasons.into_iter().flatten().map(|reason| text::clean(reason)).collect();
    vec![
        payment.amount.to_string(),
        or_dash(payment.final_amount),
        word_or_dash(payment.currency.as_ref()),
        word_or_dash(payment.transaction_type.as_ref()),
        word_or_dash(payment.payment_status.as_ref()),
        text::clean(payment.accounting_status.as_str()),
        text::clean(payment.notify_status.as_str()),
        payment.payment_uid.as_deref().map_or("-".to_owned(), text::printable),
        reasons.join("; "),
    ]
}

/// What happened to the order's mismatches: what runs recorded and what people decided.
fn events(order: &OrderHistory) -> Vec<Happened<'_>> {
    let mut events: Vec<Happened> = order.mismatches.iter().map(Happened::Recorded).collect();
    events.extend(order.decisions.iter().map(Happened::Decided));
    events.sort_by_key(Happened::place);
    events
}

/// One event of a mismatch.
enum Happened<'a> {
    /// A run recorded it.
    Recorded(&'a MismatchEvent),
    /// A person decided it.
    Decided(&'a DecisionEvent),
}

impl Happened<'_> {
    /// Its place: by the time of the answer that it rests on, then by run. A decision comes after
    /// what it is about.
    fn place(&self) -> (DateTime<Utc>, i64, i64) {
        match self {
            Happened::Recorded(it) => (it.event.at, it.event.run_id, 0),
            Happened::Decided(it) => (
                it.rests_at.unwrap_or(it.taken_at),
                it.about_run.unwrap_or(i64::MAX),
                it.decision_id,
            ),
        }
    }

    fn row(&self) -> Vec<String> {
        match self {
            Happened::Recorded(MismatchEvent { event, reason, .. }) => {
                let why = event.why.as_ref().map(ToString::to_string);
                let reason = reason.as_ref().map(ToString::to_string);
                vec![
                    seconds(event.at),
                    event.run_id.to_string(),
                    event.kind.to_string(),
                    event.event.to_string(),
                    or_dash(event.variance),
                    reason.or(why).unwrap_or_else(|| "-".to_owned()),
                ]
            }
            Happened::Decided(event) => vec![
                seconds(event.taken_at),
                or_dash(event.about_run),
                or_dash(event.kind),
                event.event.to_string(),
                "-".to_owned(),
                decided(event),
            ],
        }
    }

    fn object(&self) -> Value {
        match self {
            Happened::Recorded(MismatchEvent { event, reason, is_rebuilt }) => json!({
                "at": seconds(event.at),
                "run_id": event.run_id,
                "kind": event.kind.as_str(),
                "event": event.event.as_str(),
                "day": event.day.to_string(),
                "variance": event.variance.map(|variance| variance.to_string()),
                "reason": reason.as_ref().map(text::Text::as_str),
                "why": event.why.as_ref().map(text::Text::as_str),
                "rebuilt": is_rebuilt,
            }),
            Happened::Decided(event) => {
                let mut object = super::decide::listed(event);
                object["at"] = json!(seconds(event.taken_at));
                object
            }
        }
    }
}

/// A decision in words: what, who, from where.
fn decided(event: &DecisionEvent) -> String {
    let who = match &event.source {
        // A CSV does not say who saved it.
        Some((file, row)) if *file == event.by => format!("{file}, row {row}"),
        Some((file, row)) => format!("by {}, {file}, row {row}", event.by),
        None => format!("by {}", event.by),
    };
    if event.why.as_str().is_empty() {
        format!("{} ({who})", in_words(&event.new))
    } else {
        format!("{} ({who})", event.why)
    }
}

fn mismatches(order: &OrderHistory) -> Vec<Vec<String>> {
    let mut rows = vec![heading(&["at", "run", "kind", "event", "variance", "reason"])];
    rows.extend(events(order).iter().map(Happened::row));
    rows
}

/// Findings that were not believed: they have no event.
fn suspect(order: &OrderHistory) -> Option<String> {
    let found = order.suspects.iter().map(|(run_id, kind)| format!("{kind} in run {run_id}"));
    let found: Vec<String> = found.collect();
    let text = format!("Suspect, so no mismatch of its own: {}", found.join(", "));
    (!found.is_empty()).then_some(text)
}

/// What the events of an earlier release can't tell.
fn rebuilt(order: &OrderHistory) -> Option<String> {
    let last =
        order.mismatches.iter().filter(|it| it.is_rebuilt).map(|it| it.event.run_id).max()?;
    Some(format!(
        "The events of runs up to {last} were rebuilt from the reports of these runs. What such a \
         run found before it was judged again is not in them."
    ))
}

/// An order as JSON. Amounts are decimals in quotes; what is not known is null.
fn object(order: &OrderHistory) -> Value {
    let entries = order.entries.iter().map(|version| {
        let entry = &version.entry;
        json!({
            "run_id": version.run_id,
            "file": text::printable(&version.file),
            "line": version.line,
            "order_date": entry.created_at.date.to_string(),
            "amount": entry.amount.to_string(),
            "currency": text::clean(&entry.currency),
            "transaction_type": word(entry.transaction_type.as_ref()),
            "accounting_type": word(entry.accounting_type.as_ref()),
            "status": word(entry.status.as_ref()),
            "conflict": entry.conflict.as_deref().map(text::one_line),
            "duplicate": entry.duplicate.as_deref().map(text::one_line),
        })
    });
    let answers = order.answers.iter().map(|version| {
        let mut object = json!({
            "run_id": version.run_id,
            "since": seconds(version.received_at),
        });
        match &version.answer {
            Answer::Missing(words) => object["missing"] = json!(text::clean(words)),
            Answer::Payment(payment) => {
                let names = [
                    "amount",
                    "final_amount",
                    "currency",
                    "transaction_type",
                    "payment_status",
                    "accounting_status",
                    "notify_status",
                    "payment_uid",
                    "reason",
                ];
                for (name, cell) in names.into_iter().zip(payment_cells(payment)) {
                    object[name] = json!(Some(cell).filter(|it| !it.is_empty() && it != "-"));
                }
            }
        }
        object
    });
    let suspects = order.suspects.iter();
    let suspects = suspects.map(|(run, kind)| json!({"run_id": run, "kind": kind.as_str()}));
    json!({
        "merchant_order_id": text::printable(&order.key.merchant_order_id),
        "merchant_uid": order.key.merchant_uid.as_deref().map(text::printable),
        "last_run_id": order.last_outcome.map(|(run_id, _)| run_id),
        "outcome": order.last_outcome.map(|(_, outcome)| outcome.as_str()),
        "entries": entries.collect::<Vec<_>>(),
        "answers": answers.collect::<Vec<_>>(),
        "suspect_findings": suspects.collect::<Vec<_>>(),
        "mismatch_events": events(order).iter().map(Happened::object).collect::<Vec<_>>(),
    })
}
