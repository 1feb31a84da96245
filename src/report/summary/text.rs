//! The summary for people: the verdict first, then the figures, last what to do.

use super::seconds;
use crate::domain::amount::Total;
use crate::domain::mismatch::Kind;
use crate::domain::payment::{OTHER_MERCHANT, WRONG_ADDRESS};
use crate::domain::run::{
    Figures, MoneyByCurrency, MoneyFigures, RunSummary, UnverifiedReason, Warning,
};
use crate::domain::statement::StatementLine;
use crate::domain::text::one_line;
use crate::report::{Role, Written};

/// The summary as aligned lines. `exit_code` is the process's, which is not always the run's own:
/// `report` and `demo` end with 0.
#[must_use]
pub fn text(run: &RunSummary, files: &[Written], duration_ms: u64, exit_code: u8) -> String {
    let figures = &run.figures;
    let mut lines = vec![verdict(run), String::new()];
    if !run.warnings.is_empty() {
        let warning = |it: &Warning| format!("{:<14}{}", "Warning", one_line(&it.text));
        lines.extend(run.warnings.iter().map(warning));
        lines.push(String::new());
    }
    lines.extend(counts(figures));
    lines.extend(unverified(run));
    if !figures.totals.is_empty() {
        lines.push(String::new());
        lines.extend(money(&figures.totals));
    }
    lines.extend(statement(&figures.gateway_totals));
    lines.push(String::new());
    // A report that is written again makes no calls: it has no time to show.
    let time =
        if duration_ms == 0 { String::new() } else { format!("in {} s", seconds(duration_ms)) };
    lines.push(counted("Calls", figures.requests, &time));
    for file in files {
        let label = match file.role {
            Role::Mismatches => "Report",
            Role::InvalidRows => "Invalid rows",
            Role::Manifest => "Manifest",
            Role::Edited => "Your edits",
        };
        lines.push(format!("{label:<14}{}", shown(file)));
    }
    lines.push(String::new());
    lines.push(next_step(run, files, exit_code));
    lines.join("\n")
}

fn shown(file: &Written) -> String {
    one_line(&file.path.to_string_lossy())
}

/// "Run 12, 2026-11-20 to 2026-11-22: complete, 41 mismatches on 38 orders".
fn verdict(run: &RunSummary) -> String {
    let days = match (run.from, run.to) {
        (Some(from), Some(to)) if from == to => format!(", {from}"),
        (Some(from), Some(to)) => format!(", {from} to {to}"),
        (Some(from), None) => format!(", from {from}"),
        (None, Some(to)) => format!(", up to {to}"),
        (None, None) => String::new(),
    };
    let (orders, invalid) = (&run.figures.orders, run.figures.ledger.invalid);
    let mut parts = vec![run.status().to_owned()];
    if orders.unverified > 0 {
        parts.push(format!(
            "{} of {} unverified",
            orders.unverified,
            plural(orders.selected, "order")
        ));
    }
    parts.push(match reported(&run.figures) {
        0 => "no mismatches".to_owned(),
        // Every unverified order has a row too.
        rows => format!(
            "{} on {}",
            plural(rows, "mismatch"),
            plural(
                (orders.mismatched + orders.unverified).saturating_sub(run.figures.accepted_orders),
                "order"
            )
        ),
    });
    if let Some(oldest) = run.oldest_reused {
        let oldest = oldest.format("%Y-%m-%d %H:%M UTC");
        parts.push(format!("{} by an earlier answer, the oldest of {oldest}", orders.reused));
    }
    if invalid > 0 {
        parts.push(format!("{} invalid", plural(invalid, "ledger row")));
    }
    if run.doubts_ledger() {
        parts.push("the ledger is in doubt".to_owned());
    }
    if run.is_suspect() {
        parts.push("many findings are suspect".to_owned());
    }
    format!("Run {}{days}: {}", run.run_id, parts.join(", "))
}

fn counts(figures: &Figures) -> Vec<String> {
    let (ledger, orders) = (&figures.ledger, &figures.orders);
    let mut rows = format!(
        "{} accepted, {} invalid, {} repeated, {} superseded",
        ledger.accepted, ledger.invalid, ledger.repeated, ledger.superseded
    );
    if ledger.skipped > 0 {
        rows.push_str(", ");
        rows.push_str(&ledger.skipped.to_string());
        rows.push_str(" skipped");
    }
    let mut lines = vec![counted("Ledger rows", ledger.rows, &rows)];
    if ledger.changed > 0 {
        lines.push(counted("Changed", ledger.changed, "since an earlier run"));
    }
    lines.push(counted(
        "Orders",
        orders.selected,
        &format!(
            "{} matched, {} in transit, {} mismatched, {} unverified",
            orders.matched, orders.in_transit, orders.mismatched, orders.unverified
        ),
    ));
    lines.push(counted("Mismatches", reported(figures), ""));
    let mut kinds: Vec<(Kind, u64)> =
        figures.mismatches.iter().map(|(kind, count)| (*kind, *count)).collect();
    kinds.retain(|(_, count)| *count > 0);
    kinds.sort_by_key(|(kind, _)| (kind.usual_severity(), *kind));
    lines.extend(kinds.iter().map(|(kind, count)| counted("", *count, kind.as_str())));
    let accepted: u64 = figures.accepted.values().sum();
    if accepted > 0 {
        let orders = plural(figures.accepted_orders, "order");
        lines.push(counted("Accepted", accepted, &format!("findings; {orders} accepted whole")));
    }
    if figures.open_elsewhere > 0 {
        let what = "open mismatches of orders that are not in this run";
        lines.push(counted("Elsewhere", figures.open_elsewhere, what));
    }
    lines
}

/// Unverified orders by reason, where there are any.
fn unverified(run: &RunSummary) -> Vec<String> {
    let rows = run.unverified_reasons.iter().enumerate().map(|(index, row)| {
        let label = if index == 0 { "Unverified" } else { "" };
        let reason = row.reason.as_deref().map_or("other reasons".to_owned(), one_line);
        counted(label, row.orders, &reason)
    });
    rows.collect()
}

/// Two tables of money, one line a currency and type: what both sides say, and the money at risk.
/// The gateway's own statement beside what was seen, if there is one.
fn statement(statement: &[StatementLine]) -> Vec<String> {
    let mut lines = Vec::new();
    for line in statement {
        let StatementLine { currency, transaction_type, statement, seen, difference } = line;
        lines.push(format!(
            "{:<14}{currency} {transaction_type}: {} payments, {}; seen {}, {}; only there {}, {}",
            "Statement",
            statement.payments,
            statement.amount,
            seen.payments,
            seen.amount,
            difference.payments,
            difference.amount
        ));
    }
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines
}

fn money(totals: &MoneyByCurrency) -> Vec<String> {
    let mut lines =
        table(totals, ["Money", "", "orders", "ledger", "gateway", "final", "variance"], |money| {
            let orders = money.orders.to_string();
            let sums =
                [money.ledger_amount, money.gateway_amount, money.final_amount, money.variance];
            let [ledger, gateway, settled, variance] = sums.map(|sum| sum.to_string());
            [orders, ledger, gateway, settled, variance]
        });
    let has_findings = |money: &MoneyFigures| {
        [money.at_risk, money.accepted].into_iter().any(|sum| sum != Total::default())
    };
    let suspects = totals.iter().filter(|(_, money)| money.suspect != Total::default());
    let suspects = suspects.map(|((currency, transaction_type), money)| {
        let (currency, transaction_type) = (one_line(currency), one_line(transaction_type));
        format!("{:<14}{} {currency} {transaction_type}, apart", "Suspect", money.suspect)
    });
    let suspects: Vec<String> = suspects.collect();
    let with_findings: MoneyByCurrency = totals
        .iter()
        .filter(|(_, money)| has_findings(money))
        .map(|(key, money)| (key.clone(), *money))
        .collect();
    if with_findings.is_empty() {
        lines.extend(suspects);
        return lines;
    }
    lines.push(String::new());
    lines.extend(table(
        &with_findings,
        ["At risk", "", "against us", "in favour", "in doubt", "unverified", "sum", "accepted"],
        |money| {
            [
                money.against_us,
                money.in_our_favour,
                money.in_doubt,
                money.unverified,
                money.at_risk,
                money.accepted,
            ]
            .map(|sum| sum.to_string())
        },
    ));
    lines.extend(suspects);
    lines
}

/// Aligned lines: the first two columns are currency and type, numbers stand to the right.
fn table<const COLUMNS: usize, const FIGURES: usize>(
    totals: &MoneyByCurrency,
    heading: [&str; COLUMNS],
    figures: impl Fn(&MoneyFigures) -> [String; FIGURES],
) -> Vec<String> {
    let mut table: Vec<Vec<String>> = vec![heading.map(str::to_owned).to_vec()];
    table.extend(totals.iter().map(|((currency, transaction_type), money)| {
        let mut row = vec![one_line(currency), one_line(transaction_type)];
        row.extend(figures(money));
        row
    }));
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let cell =
                if column < 2 { format!("{cell:<width$}  ") } else { format!("{cell:>width$}  ") };
            line.push_str(&cell);
        }
        line.trim_end().to_owned()
    };
    table.iter().map(line).collect()
}

/// What the exit code means, and what somebody does about it (contract, "Exit codes").
fn next_step(run: &RunSummary, files: &[Written], exit_code: u8) -> String {
    let figures = &run.figures;
    let invalid = || {
        let file = files.iter().find(|file| file.role == Role::InvalidRows);
        let place = file.map_or_else(String::new, |file| format!(": see {}", shown(file)));
        format!("{} not usable{place}", plural(figures.ledger.invalid, "ledger row"))
    };
    let doubts = || {
        let mut doubts = Vec::new();
        if figures.ledger.invalid > 0 {
            doubts.push(invalid());
        }
        if run.doubts_ledger() {
            doubts.push("the ledger may be old or cut short: see the warnings above".to_owned());
        }
        if run.is_suspect() {
            doubts.push("many findings are suspect: see the warnings above".to_owned());
        }
        doubts.join("; ")
    };
    let own = run.exit_code();
    let mut step = match own {
        0 => "nothing to report.".to_owned(),
        1 => "the mismatches are in the report, most urgent first.".to_owned(),
        3 => {
            let orders = plural(figures.orders.unverified, "order");
            let advice = if all_reasons(run, |reason| reason.starts_with(OTHER_MERCHANT)) {
                "set [gateway] merchant_uid to the merchant of these credentials, or use the \
                 credentials of the configured merchant, then start a new run."
                    .to_owned()
            } else if all_reasons(run, |reason| reason.ends_with(WRONG_ADDRESS)) {
                "set [gateway] base_url to the gateway's address, then start a new run.".to_owned()
            } else {
                format!("`run --resume {}` asks for them again.", run.run_id)
            };
            format!("{orders} without a trustworthy answer; {advice}")
        }
        _ => format!("every order verified, but {}", doubts()),
    };
    if own == 3 && !doubts().is_empty() {
        step.push_str(" Also ");
        step.push_str(&doubts());
    }
    if exit_code == own {
        format!("Exit code {own}: {step}")
    } else {
        format!("Exit code {exit_code}; the run itself ended with {own}: {step}")
    }
}

/// Whether all unverified orders have a reason like this.
fn all_reasons(run: &RunSummary, is_like: fn(&str) -> bool) -> bool {
    let is_like = |row: &UnverifiedReason| row.reason.as_deref().is_some_and(is_like);
    !run.unverified_reasons.is_empty() && run.unverified_reasons.iter().all(is_like)
}

/// Rows in the report.
fn reported(figures: &Figures) -> u64 {
    figures.mismatches.values().sum()
}

/// "Orders          998  957 matched, …"; the numbers of all lines stand below each other.
fn counted(label: &str, count: u64, what: &str) -> String {
    format!("{label:<14}{count:>8}  {what}").trim_end().to_owned()
}

fn plural(count: u64, word: &str) -> String {
    let ending = match (count, word.ends_with("ch")) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{count} {word}{ending}")
}
