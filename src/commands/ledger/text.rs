//! A ledger for people: how it is read, what is in it, and what is left open.

use crate::commands::output::table;
use crate::domain::inspection::Inspection;
use crate::domain::text::{clean, one_line, printable};
use crate::ledger::Shape;
use crate::reconcile::{LedgerReport, LedgerView};
use crate::settings::{DEFAULT_FILE, Settings};

/// Days that are shown: the first ones and the last ones.
const FIRST_DAYS: usize = 3;
const LAST_DAYS: usize = 7;

/// The values of an order, and how each is called.
const EXAMPLE: [(&str, &str); 9] = [
    ("merchant_order_id", "merchant_order_id"),
    ("merchant_uid", "merchant_uid"),
    ("amount", "amount"),
    ("currency", "currency"),
    ("order_date", "order_date"),
    ("ages_from", "its age counts from"),
    ("transaction_type", "transaction_type"),
    ("accounting_type", "accounting_type"),
    ("status", "status"),
];

/// The whole report. `settings` are those of the configuration.
pub(super) fn report(report: &LedgerReport, settings: &Settings) -> String {
    let suggestion = &report.suggestion;
    let file = settings.file.as_ref().map(|path| one_line(&path.display().to_string()));
    let mut lines = Vec::new();
    match &report.view {
        Some(view) => {
            let with = suggestion.is_any().then(|| read_with(file.as_deref()));
            lines.extend(self::view(view, with.as_deref()));
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
        if super::asks_again(report) {
            lines.push(format!("  {}", super::ASKS_AGAIN));
        }
    }
    if suggestion.is_any() || !suggestion.open().is_empty() {
        let has_ledger = !settings.ledger_keys.own.is_empty();
        lines.push(String::new());
        lines.push(match &file {
            Some(file) if has_ledger && suggestion.is_any() => format!(
                "For {file}. Add these under the [ledger] that is there: a table must not be \
                 there twice."
            ),
            Some(file) => format!("For {file}:"),
            None => format!("For {DEFAULT_FILE}:"),
        });
        lines.push(String::new());
        lines.push(suggestion.block().trim_end().to_owned());
    }
    if suggestion.is_any() {
        lines.push(String::new());
        lines.push(lacks(file.as_deref()));
    }
    lines.join("\n")
}

/// With what the file is read that is shown.
fn read_with(file: Option<&str>) -> String {
    let but = match file {
        Some(file) => format!("{file} alone reads it differently"),
        None => "there is no configuration yet".to_owned(),
    };
    format!("Read with the keys that are proposed below; {but}.")
}

/// What a run does as long as the configuration lacks what is proposed.
fn lacks(file: Option<&str>) -> String {
    match file {
        Some(file) => format!(
            "{file} lacks these keys. Until they are there, a run reads the file differently."
        ),
        None => format!(
            "There is no {DEFAULT_FILE}. Until it has these keys, a run reads the file differently."
        ),
    }
}

/// What is in the ledger. `read_with`: the keys that this assumes, if the configuration lacks some.
pub(super) fn view(view: &LedgerView, read_with: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    for shape in &view.shapes {
        lines.push(head(shape));
        if let Some(read_with) = read_with {
            lines.extend([String::new(), read_with.to_owned(), String::new()]);
        }
        lines.extend(columns(shape));
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

/// A file and its table.
fn head(shape: &Shape) -> String {
    let delimiter = match shape.delimiter {
        '\t' => "a tab".to_owned(),
        other => format!("`{other}`"),
    };
    format!(
        "{}: {}, columns by {delimiter}, header in line {}",
        one_line(&shape.file),
        shape.encoding,
        shape.header_line
    )
}

/// What each column of a file is.
fn columns(shape: &Shape) -> Vec<String> {
    let columns = shape
        .columns
        .iter()
        .map(|it| vec![format!("  {}", printable(&it.heading)), it.column.to_owned()]);
    let heading = vec!["  heading".to_owned(), "read as".to_owned()];
    let mut lines = vec![table(&std::iter::once(heading).chain(columns).collect::<Vec<_>>(), &[])];
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
        let text = format!("the first in line {}: {reason}", invalid.first_line);
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
        let kind = match &sum.transaction_type {
            None => String::new(),
            Some(kind) => format!(", {}", clean(kind)),
        };
        let unit = if sum.orders == 1 { "order" } else { "orders" };
        let amount = format!("{unit}{kind}: {} {}", sum.amount, clean(&sum.currency));
        lines.push(counted("Sum", sum.orders, &amount));
    }
    if inspection.sums.iter().any(|sum| sum.transaction_type.is_none()) {
        let text = "An order without income or expense counts as income, unless the gateway says \
                    otherwise.";
        lines.push(text.to_owned());
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
                let more = days.len() - FIRST_DAYS - LAST_DAYS;
                lines.push(format!("  … {more} more; --format json lists all"));
            }
        }
    }
    if let Some(entry) = &inspection.example {
        lines.push(String::new());
        lines.push("The first order:".to_owned());
        let example = super::example(entry);
        let fields = EXAMPLE.into_iter().filter_map(|(name, shown)| {
            Some(vec![format!("  {shown}"), printable(example.get(name)?.as_str()?)])
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
