//! Which row of which sheet a part of the report becomes.

use super::book::{Book, Tab};
use super::row::Row;
use crate::domain::decision::{Decision, DecisionEvent, DecisionEventKind, Verdict};
use crate::domain::mismatch::{Kind, ReportRow, Severity};
use crate::domain::morning::{OrderRow, SolvedRow};
use crate::domain::order::{Entry, InvalidRow};
use crate::domain::payment::Payment;
use crate::domain::text::Text;
use crate::report::columns::MISMATCHES;
use crate::report::formats::Part;
use chrono::SecondsFormat;
use rust_xlsxwriter::XlsxError;

type Written = Result<(), XlsxError>;

/// What the last row of a full sheet says.
const FULL: &str = "This sheet is full. The CSV report beside this file has all rows.";

/// Writes a part's rows.
pub(super) fn part(book: &mut Book, part: Part) -> Written {
    match part {
        Part::Finding(finding) => {
            with_row(book, Tab::Findings, |row| one_finding(row, finding))?;
            if finding.decision.is_accepted() {
                with_row(book, Tab::Accepted, |row| accepted(row, finding))?;
            }
            if finding.mismatch.kind == Kind::Unverified {
                with_row(book, Tab::NotChecked, |row| unverified(row, finding))?;
            }
            Ok(())
        }
        Part::Order(order) if order.open_findings().next().is_some() => {
            with_row(book, Tab::Work, |row| work(row, order))
        }
        Part::Solved(order) => with_row(book, Tab::Solved, |row| solved(row, order)),
        Part::Taken(event) => with_row(book, Tab::Taken, |row| taken(row, event)),
        Part::Invalid(invalid) => with_row(book, Tab::NotChecked, |row| not_usable(row, invalid)),
        // Causes are few; Summary shows them.
        Part::Order(_) | Part::Cause(_) => Ok(()),
    }
}

/// Writes a row, where the sheet has one left.
fn with_row(book: &mut Book, tab: Tab, write: impl FnOnce(&mut Row) -> Written) -> Written {
    if book.is_full(tab) {
        return Ok(());
    }
    if book.rows_left(tab) == 0 {
        return book.row(tab)?.strong(FULL);
    }
    let mut row = book.row(tab)?;
    write(&mut row)?;
    row.end()
}

fn one_finding(row: &mut Row, finding: &ReportRow) -> Written {
    for column in &MISMATCHES {
        match column.heading().name {
            "severity" => severity(row, Some(finding.mismatch.severity))?,
            _ => row.cell(&column.cell(finding), &finding.mismatch.currency)?,
        }
    }
    Ok(())
}

fn severity(row: &mut Row, severity: Option<Severity>) -> Written {
    match severity {
        Some(severity) => row.styled(severity.as_str(), row.styles.severity(severity)),
        None => row.text(""),
    }
}

fn decision(row: &mut Row, decision: &Decision) -> Written {
    row.input(verdict(decision))?;
    row.input_date(decision.until)?;
    row.input(decision.owner.as_str())?;
    row.input(decision.note.as_str())
}

fn verdict(decision: &Decision) -> &'static str {
    decision.verdict.map(Verdict::as_str).unwrap_or_default()
}

/// The three amounts that both sides name.
fn amounts(
    row: &mut Row,
    entry: Option<&Entry>,
    payment: Option<&Payment>,
    currency: &str,
) -> Written {
    let entry_currency = entry.map_or(currency, |entry| entry.currency.as_str());
    row.money(entry.map(|entry| entry.amount), entry_currency)?;
    row.money(payment.map(|payment| payment.amount), currency)?;
    row.money(payment.and_then(|payment| payment.final_amount), currency)
}

fn payment_uid(payment: Option<&Payment>) -> Text {
    Text::id(payment.and_then(|it| it.payment_uid.as_deref()).unwrap_or_default())
}

fn work(row: &mut Row, order: &OrderRow) -> Written {
    let (entry, payment) = (order.entry.as_ref(), order.payment.as_ref());
    let currency = &order.place.currency;
    let joined = |separator: &str, text: fn(&ReportRow) -> &str| {
        order.open_findings().map(text).collect::<Vec<_>>().join(separator)
    };
    severity(row, order.severity)?;
    row.text(order.state.as_str())?;
    row.text(order.next_step.as_str())?;
    row.money(Some(order.place.amount), currency)?;
    row.text(Text::foreign(currency).as_str())?;
    row.text(order.place.bucket.as_str())?;
    row.id(&order.key.merchant_order_id)?;
    row.id(payment_uid(payment).as_str())?;
    row.date(entry.map(|entry| entry.created_at.date))?;
    amounts(row, entry, payment, currency)?;
    row.text(&joined(", ", |finding| finding.mismatch.kind.as_str()))?;
    row.text(&joined(" ", |finding| finding.mismatch.reason.as_str()))?;
    row.integer(order.open_days)?;
    row.date(order.due)?;
    decision(row, &order.decision())?;
    row.integer(order.findings.first().map_or(0, |finding| finding.run_id))?;
    row.id(&joined(" ", |finding| &finding.mismatch_id))
}

fn accepted(row: &mut Row, finding: &ReportRow) -> Written {
    let (entry, payment) = (finding.entry.as_ref(), finding.payment.as_ref());
    let currency = &finding.mismatch.currency;
    row.text(finding.mismatch.kind.as_str())?;
    severity(row, Some(finding.mismatch.severity))?;
    row.text(finding.state.as_str())?;
    row.money(Some(finding.mismatch.at_risk), currency)?;
    row.text(Text::foreign(currency).as_str())?;
    row.id(&finding.key.merchant_order_id)?;
    row.id(payment_uid(payment).as_str())?;
    row.date(entry.map(|entry| entry.created_at.date))?;
    amounts(row, entry, payment, currency)?;
    row.money(finding.mismatch.variance, currency)?;
    for column in &MISMATCHES {
        let name = column.heading().name;
        if matches!(
            name,
            "ledger_status" | "payment_status" | "accounting_status" | "notify_status" | "reason"
        ) {
            row.cell(&column.cell(finding), currency)?;
        }
    }
    row.date(Some(finding.first_seen))?;
    row.integer(finding.open_days)?;
    decision(row, &finding.decision)?;
    row.integer(finding.run_id)?;
    row.id(&finding.mismatch_id)
}

fn solved(row: &mut Row, order: &SolvedRow) -> Written {
    let kinds: Vec<&str> = order.kinds.iter().map(|kind| kind.as_str()).collect();
    row.id(&order.key.merchant_order_id)?;
    row.text(order.outcome.as_str())?;
    row.text(&kinds.join(", "))?;
    row.text(order.place.bucket.as_str())?;
    row.money(Some(order.place.amount), &order.place.currency)?;
    row.text(Text::foreign(&order.place.currency).as_str())?;
    row.date(Some(order.first_seen))?;
    row.integer(order.open_days)?;
    row.text(verdict(&order.decision))?;
    row.text(order.decision.owner.as_str())?;
    row.text(order.decision.note.as_str())
}

fn taken(row: &mut Row, event: &DecisionEvent) -> Written {
    if let Some((file, line)) = &event.source {
        row.text(file.as_str())?;
        row.integer(*line)?;
    } else {
        row.text("entered by command")?;
        row.text("")?;
    }
    row.id(event.key.as_ref().map_or("", |key| &key.merchant_order_id))?;
    row.text(event.kind.map(Kind::as_str).unwrap_or_default())?;
    row.text(event.event.as_str())?;
    for said in [&event.old, &event.new] {
        row.text(verdict(said))?;
        row.date(said.until)?;
        row.text(said.owner.as_str())?;
        row.text(said.note.as_str())?;
    }
    row.text(event.by.as_str())?;
    row.text(event.system_user.as_str())?;
    row.text(&event.taken_at.to_rfc3339_opts(SecondsFormat::Secs, true))?;
    row.text(if event.event == DecisionEventKind::Refused { "no" } else { "yes" })?;
    row.text(event.why.as_str())
}

fn unverified(row: &mut Row, finding: &ReportRow) -> Written {
    let entry = finding.entry.as_ref();
    let currency = &finding.mismatch.currency;
    row.text("order")?;
    row.id(&finding.key.merchant_order_id)?;
    row.money(entry.map(|entry| entry.amount), currency)?;
    row.text(Text::foreign(currency).as_str())?;
    row.date(entry.map(|entry| entry.created_at.date))?;
    row.text("")?;
    row.text("")?;
    row.text(finding.mismatch.reason.as_str())
}

/// The row itself is never shown: it may hold anything.
fn not_usable(row: &mut Row, invalid: &InvalidRow) -> Written {
    row.text("ledger row")?;
    for _ in 0..4 {
        row.text("")?;
    }
    row.text(Text::own(&invalid.file).as_str())?;
    row.integer(invalid.line)?;
    row.text(Text::own(&invalid.reason).as_str())
}
