//! One line a run, for a log and a monitor: how it ended.

use crate::domain::amount::Total;
use crate::domain::run::RunSummary;
use crate::domain::text::{grouped, one_line};
use crate::report::{Role, Written};
use std::collections::BTreeMap;

/// The longest line that leaves this machine, in characters.
const LONGEST: usize = 500;

/// "run 6 ended 13": the beginning of each line.
fn ended(run_id: Option<i64>, exit_code: u8) -> String {
    let run = run_id.map_or("run".to_owned(), |run_id| format!("run {run_id}"));
    format!("{run} ended {exit_code}")
}

/// The line of a run that wrote its report: "run 7 ended 1: 12 of 3,000 orders with mismatches,
/// 210.00 inr against us; report: reports/….csv".
#[must_use]
pub(crate) fn of_report(run: &RunSummary, files: &[Written]) -> String {
    let exit_code = run.exit_code();
    let (figures, orders) = (&run.figures, &run.figures.orders);
    let number = |count: u64| grouped(&count.to_string());
    let counted = |count: u64, word: &str| {
        format!("{} {word}{}", number(count), if count == 1 { "" } else { "s" })
    };
    let selected = counted(orders.selected, "order");
    let mut parts = Vec::new();
    if orders.none_answered() {
        parts.push(format!("0 of {} answered", number(orders.asked())));
    } else if orders.unverified > 0 {
        parts.push(format!("{} of {selected} unverified", number(orders.unverified)));
    }
    let with_findings = orders.mismatched.saturating_sub(figures.accepted_orders);
    match (with_findings, parts.is_empty()) {
        (0, true) => parts.push(format!("{selected}, nothing to report")),
        (0, false) => {}
        (found, true) => parts.push(format!("{} of {selected} with mismatches", number(found))),
        (found, false) => parts.push(format!("{} with mismatches", number(found))),
    }
    if figures.ledger.invalid > 0 {
        parts.push(format!("{} invalid", counted(figures.ledger.invalid, "ledger row")));
    }
    parts.extend(run.doubts().map(|doubt| doubt.code.clone()));
    parts.extend(against_us(run));
    let report = files.iter().find(|file| matches!(file.role, Role::Mismatches));
    let report = report.map(|file| format!("; report: {}", one_line(&file.path.to_string_lossy())));
    let report = report.unwrap_or_default();
    format!("{}: {}{report}", ended(Some(run.run_id), exit_code), parts.join(", "))
}

/// "210.00 inr against us", both directions together.
fn against_us(run: &RunSummary) -> Option<String> {
    let mut sums: BTreeMap<&str, Total> = BTreeMap::new();
    for ((currency, _), money) in &run.figures.totals {
        let sum = sums.entry(currency).or_default();
        *sum = [*sum, money.against_us].into_iter().sum();
    }
    sums.retain(|_, sum| *sum != Total::default());
    let sums: Vec<String> =
        sums.iter().map(|(currency, sum)| format!("{sum} {currency}")).collect();
    (!sums.is_empty()).then(|| format!("{} against us", sums.join(" + ")))
}

/// The line of a run without a report: "run 6 ended 13: …".
#[must_use]
pub(crate) fn of_failure(run_id: Option<i64>, exit_code: u8, message: &str) -> String {
    // A message may name its run again: "(run 6: 0 of 300 answered)".
    let again = run_id.map(|run_id| format!("run {run_id}: "));
    let message = again.map_or(message.to_owned(), |again| message.replace(&again, ""));
    format!("{}: {message}", ended(run_id, exit_code))
}

/// A line without what stands in quotes, cut: it leaves this machine. In quotes are cells of a
/// ledger and words of the gateway, which may name an order, or have quotes of their own.
#[must_use]
pub(crate) fn without_quoted(line: &str) -> String {
    let quote = |at: Option<usize>| at.unwrap_or(line.len());
    let (first, last) = (quote(line.find('"')), quote(line.rfind('"')));
    let mut shown = if first == line.len() {
        line.to_owned()
    } else {
        // A quote that nothing closes goes to the end.
        let rest = if first == last { "" } else { line.get(last + 1..).unwrap_or_default() };
        format!("{}\"…\"{rest}", &line[..first])
    };
    if let Some((end, _)) = shown.char_indices().nth(LONGEST) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
