//! A ledger for people: how it is read, what is in it, and what is left open.

use crate::commands::output::table;
use crate::domain::inspection::Inspection;
use crate::domain::text::{clean, one_line, printable};
use crate::ledger::Shape;
use crate::reconcile::{LedgerReport, LedgerView};
use std::path::Path;

/// Days that are shown: the first ones and the last ones.
const FIRST_DAYS: usize = 3;
const LAST_DAYS: usize = 7;

/// The whole report. `file` is the configuration that was read.
pub(super) fn report(report: &LedgerReport, file: Option<&Path>) -> String {
    let suggestion = &report.suggestion;
    let mut lines = Vec::new();
    match &report.view {
        Some(view) => {
            if suggestion.is_any() {
                lines.push("Read with the [ledger] that is proposed below.".to_owned());
            }
            lines.extend(self::view(view));
        }
        None => lines.push("The ledger cannot be read before the open points are decided.".into()),
    }
    if !suggestion.notes().is_empty() {
        lines.push(String::new());
        lines.extend(suggestion.notes().iter().map(|note| format!("Note: {note}.")));
    }
    if !suggestion.open().is_empty() {
        lines.push(String::new());
        lines.push(format!("Left open, for a person to decide ({}):", suggestion.open().len()));
        for point in suggestion.open() {
            lines.push(format!("  {}: {}.", point.key, point.text));
        }
    }
    if suggestion.is_any() || !suggestion.open().is_empty() {
        let file = file.map_or("octopus-recon.toml".to_owned(), |it| it.display().to_string());
        lines.push(String::new());
        lines.push(format!("For {}:", one_line(&file)));
        lines.push(String::new());
        lines.push(suggestion.block().trim_end().to_owned());
    }
    lines.join("\n")
}

/// The ledger as it is read.
pub(super) fn view(view: &LedgerView) -> Vec<String> {
    let mut lines = Vec::new();
    for shape in &view.shapes {
        lines.extend(self::shape(shape));
        lines.push(String::new());
    }
    lines.extend(rows(&view.inspection));
    if !view.skipped.is_empty() {
        let sums = view.skipped.iter().map(|(currency, sum)| format!("{sum} {}", clean(currency)));
        let sums = sums.collect::<Vec<_>>().join(", ");
        lines.push(counted("Skipped", view.inspection.rows.skipped, &format!("rows: {sums}")));
    }
    lines.extend(orders(&view.inspection));
    if !view.warnings.is_empty() {
        lines.push(String::new());
        lines.extend(view.warnings.iter().map(|it| format!("Warning: {}.", one_line(&it.text))));
    }
    lines
}

/// The table of one file, and what each of its columns is.
fn shape(shape: &Shape) -> Vec<String> {
    let delimiter = match shape.delimiter {
        '\t' => "a tab".to_owned(),
        other => format!("`{other}`"),
    };
    let mut lines = vec![format!(
        "{}: {}, columns by {delimiter}, header in line {}",
        one_line(&shape.file),
        shape.encoding,
        shape.header_line
    )];
    let columns = shape
        .columns
        .iter()
        .map(|it| vec![format!("  {}", printable(&it.heading)), it.column.to_owned()]);
    let heading = vec!["  heading".to_owned(), "read as".to_owned()];
    lines.push(table(&std::iter::once(heading).chain(columns).collect::<Vec<_>>(), &[]));
    if !shape.not_read.is_empty() {
        let headings: Vec<String> = shape.not_read.iter().map(|it| printable(it)).collect();
        lines.push(format!("  not read: {}", headings.join(", ")));
    }
    lines
}

/// Rows by what they count as.
fn rows(inspection: &Inspection) -> Vec<String> {
    let rows = inspection.rows;
    let mut lines = vec![counted(
        "Rows",
        rows.rows,
        &format!(
            "{} accepted, {} invalid, {} repeated, {} superseded, {} skipped",
            rows.accepted, rows.invalid, rows.repeated, rows.superseded, rows.skipped
        ),
    )];
    for invalid in &inspection.invalid {
        let reason = one_line(&invalid.reason);
        let text = format!("from line {} on: {reason}", invalid.first_line);
        lines.push(counted("Invalid", invalid.rows, &text));
    }
    for word in &inspection.unmapped {
        let text = format!("orders with the {} \"{}\"", word.column, clean(&word.word));
        lines.push(counted("Not mapped", word.orders, &text));
    }
    if inspection.conflicts > 0 {
        lines.push(counted(
            "Conflicts",
            inspection.conflicts,
            "orders whose rows contradict each other",
        ));
    }
    if inspection.duplicates > 0 {
        lines.push(counted(
            "Duplicates",
            inspection.duplicates,
            "orders that are given twice in full",
        ));
    }
    lines
}

/// Sums, days, and one order.
fn orders(inspection: &Inspection) -> Vec<String> {
    let mut lines = Vec::new();
    for sum in &inspection.sums {
        let kind = match sum.transaction_type.as_str() {
            "" => String::new(),
            kind => format!(", {}", clean(kind)),
        };
        let unit = if sum.orders == 1 { "order" } else { "orders" };
        let amount = format!("{unit}{kind}: {} {}", sum.amount, clean(&sum.currency));
        lines.push(counted("Sum", sum.orders, &amount));
    }
    let days: Vec<_> = inspection.days.iter().collect();
    if let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) {
        lines.push(counted("Days", number(days.len()), &format!("{first} to {last}")));
        let is_shown = |index: usize| index < FIRST_DAYS || index + LAST_DAYS >= days.len();
        for (index, (day, orders)) in days.iter().enumerate() {
            if is_shown(index) {
                let unit = if **orders == 1 { "order" } else { "orders" };
                lines.push(counted(&format!("  {day}"), **orders, unit));
            } else if index == FIRST_DAYS {
                lines.push(format!("  … {} more", days.len() - FIRST_DAYS - LAST_DAYS));
            }
        }
    }
    if let Some(entry) = &inspection.example {
        lines.push(String::new());
        lines.push("The first order, as it is read:".to_owned());
        let serde_json::Value::Object(fields) = super::example(entry) else { return lines };
        let fields = fields.iter().filter_map(|(name, value)| {
            Some(vec![format!("  {name}"), printable(value.as_str()?)])
        });
        lines.push(table(&fields.collect::<Vec<_>>(), &[]));
    }
    lines
}

fn counted(label: &str, count: u64, text: &str) -> String {
    format!("{label:<12} {count:>8}  {text}")
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
