//! Holds a row of an edited file against what the program wrote: is it that row, and what has a
//! person changed in it? (contract, "Decisions": taking back).

use super::cell::{Cell, Column, EditedRow};
use super::dates::{Until, until};
use super::dialect::{Decimal, Dialect};
use super::numbers::is_same_id;
use crate::domain::amount::Amount;
use crate::domain::decision::{Change, Decision, Edit, Verdict};
use crate::domain::guard::unguarded;
use crate::domain::mismatch::{Kind, ReportRow};
use crate::domain::morning::OrderRow;
use crate::domain::order::LedgerStatus;
use crate::domain::payment::PaymentStatus;
use crate::domain::text::Text;
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// Characters of an owner or a note.
const LONGEST_TEXT: usize = 1_000;

/// What the program wrote for one row, in the report of the row's run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Written<'a> {
    /// A row of the CSV, of Findings or of Accepted.
    Finding(&'a ReportRow),
    /// A row of Work.
    Order(&'a OrderRow),
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Nobody changed one of finance's cells.
    Unchanged,
    /// Somebody did.
    Edit(Edit),
    /// Somebody did, and it is not taken: why, for people.
    Refused(String),
}

/// Compares a row with what the program wrote for the mismatches and the run that it names.
///
/// A row in which no cell of finance's was changed is [`Comparison::Unchanged`] whatever else
/// became of it: there is nothing to take. Where one was, the row has to prove that it is the one
/// that was written.
pub(crate) fn compare(row: &EditedRow, dialect: Dialect, written: Written) -> Comparison {
    let edit = edit(row, dialect, written);
    if edit.as_ref().is_ok_and(|edit| *edit == Edit::default()) {
        return Comparison::Unchanged;
    }
    let proof = match written {
        Written::Finding(finding) => prove_finding(row, dialect, finding),
        Written::Order(order) => prove_order(row, dialect, order),
    };
    match proof.and(edit) {
        Ok(edit) => Comparison::Edit(edit),
        Err(why) => Comparison::Refused(why),
    }
}

fn edit(row: &EditedRow, dialect: Dialect, written: Written) -> Result<Edit, String> {
    let before = match written {
        Written::Finding(finding) => finding.decision.clone(),
        Written::Order(order) => order.decision(),
    };
    let Decision { verdict, until, owner, note } = before;
    let known = known_dates(row, written);
    Ok(Edit {
        verdict: edited(row, Column::Decision, |cell| verdict_edit(cell, verdict))?,
        until: edited(row, Column::Until, |cell| until_edit(cell, until, &known))?,
        owner: edited(row, Column::Owner, |cell| text_edit(cell, dialect, &owner, "owner"))?,
        note: edited(row, Column::Note, |cell| text_edit(cell, dialect, &note, "note"))?,
    })
}

/// What a cell says that a missing column does not.
fn edited<Value>(
    row: &EditedRow,
    column: Column,
    read: impl FnOnce(&Cell) -> Result<Option<Value>, String>,
) -> Result<Option<Value>, String> {
    row.cell(column).map_or(Ok(None), read)
}

fn verdict_edit(cell: &Cell, written: Option<Verdict>) -> Result<Option<Change<Verdict>>, String> {
    if cell.is_blank() {
        return Ok(written.is_some().then_some(Change::Withdrawn));
    }
    let shown = cell.shown();
    let word = shown.strip_prefix('\'').unwrap_or(&shown);
    if written.is_some_and(|written| word.eq_ignore_ascii_case(written.as_str())) {
        return Ok(None);
    }
    match Verdict::from_person(word) {
        Some(verdict) => Ok((written != Some(verdict)).then_some(Change::Set(verdict))),
        None => Err(format!(
            "decision \"{}\" is not one of {}",
            Text::foreign(&shown),
            Verdict::words_to_choose()
        )),
    }
}

fn until_edit(
    cell: &Cell,
    written: Option<NaiveDate>,
    known: &[(String, NaiveDate)],
) -> Result<Option<Change<NaiveDate>>, String> {
    match until(cell, known) {
        Until::Empty => Ok(written.is_some().then_some(Change::Withdrawn)),
        Until::Date(date) => Ok((written != Some(date)).then_some(Change::Set(date))),
        Until::Either(one, other) if [Some(one), Some(other)].contains(&written) => Ok(None),
        Until::Either(one, other) => Err(format!(
            "until \"{}\" may be {one} or {other}; write the one that is meant like this",
            Text::foreign(&cell.shown())
        )),
        Until::Other(text) => {
            Err(format!("until \"{}\" is not a date; write it as 2026-11-30", Text::foreign(&text)))
        }
    }
}

/// A note that is too long is refused and not cut: what a cut takes away may be the condition.
fn text_edit(
    cell: &Cell,
    dialect: Dialect,
    written: &Text,
    name: &str,
) -> Result<Option<Text>, String> {
    if dialect.is_rendered_text(cell, written.as_str()) {
        return Ok(None);
    }
    let text = Text::own(&unguarded(&cell.shown()));
    let characters = text.as_str().chars().count();
    if characters > LONGEST_TEXT {
        return Err(format!("{name} has {characters} characters; at most 1,000 are kept"));
    }
    Ok((text != *written).then_some(text))
}

/// Cells of the row that hold a date that the program wrote.
fn known_dates(row: &EditedRow, written: Written) -> Vec<(String, NaiveDate)> {
    let (entry, first_seen) = match written {
        Written::Finding(finding) => (finding.entry.as_ref(), Some(finding.first_seen)),
        Written::Order(order) => (order.entry.as_ref(), None),
    };
    let dates = [
        (Column::OrderDate, entry.map(|entry| entry.created_at.date)),
        (Column::FirstSeen, first_seen),
    ];
    let known = dates.into_iter().filter_map(|(column, date)| {
        let cell = row.cell(column)?;
        Some((cell.shown(), date?))
    });
    known.collect()
}

/// Whether the row shows what was written for this finding.
fn prove_finding(row: &EditedRow, dialect: Dialect, finding: &ReportRow) -> Result<(), String> {
    prove_ids(row, finding.run_id, std::iter::once(finding.mismatch_id.as_str()))?;
    prove_evidence(row, Column::Variance, "variance")?;
    prove_text(row, dialect, Column::Kind, "kind", finding.mismatch.kind.as_str())?;
    prove_order_id(row, dialect, &finding.key.merchant_order_id)?;
    prove_amount(row, dialect, Column::Variance, "variance", finding.mismatch.variance)?;
    if finding.mismatch.variance.is_some() {
        return Ok(());
    }
    // The words as the report's columns show them.
    let foreign = |word: Option<&str>| Text::foreign(word.unwrap_or_default());
    let payment = finding.payment.as_ref();
    let ledger = finding.entry.as_ref().and_then(|entry| entry.status.as_ref());
    let status = payment.and_then(|payment| payment.payment_status.as_ref());
    let accounting = payment.map(|payment| payment.accounting_status.as_str());
    let ledger = foreign(ledger.map(LedgerStatus::as_str));
    let status = foreign(status.map(PaymentStatus::as_str));
    let accounting = foreign(accounting);
    prove_text(row, dialect, Column::LedgerStatus, "ledger_status", ledger.as_str())?;
    prove_text(row, dialect, Column::PaymentStatus, "payment_status", status.as_str())?;
    prove_text(row, dialect, Column::AccountingStatus, "accounting_status", accounting.as_str())
}

/// Whether the row shows what was written for this order.
fn prove_order(row: &EditedRow, dialect: Dialect, order: &OrderRow) -> Result<(), String> {
    let open = || order.open_findings();
    let run_id = open().next().map_or(0, |finding| finding.run_id);
    prove_ids(row, run_id, open().map(|finding| finding.mismatch_id.as_str()))?;
    prove_evidence(row, Column::AtRisk, "at_risk")?;
    prove_order_id(row, dialect, &order.key.merchant_order_id)?;
    let kinds: Vec<&str> = open().map(|finding| finding.mismatch.kind).map(Kind::as_str).collect();
    prove_text(row, dialect, Column::Findings, "findings", &kinds.join(", "))?;
    prove_amount(row, dialect, Column::AtRisk, "at_risk", Some(order.place.amount))
}

fn prove_ids<'a>(
    row: &EditedRow,
    run_id: i64,
    written: impl Iterator<Item = &'a str>,
) -> Result<(), String> {
    let written: BTreeSet<&str> = written.collect();
    let shown: BTreeSet<&str> = row.mismatch_ids.iter().map(String::as_str).collect();
    if shown != written {
        return Err("the row names other mismatches than the ones written there".to_owned());
    }
    if row.run_id != Some(run_id) {
        return Err(format!("the row is not of run {run_id}"));
    }
    Ok(())
}

/// An id alone proves nothing: a sheet sorted by some of its columns has the wrong id beside an
/// order. So one of the columns that show the order has to be there.
fn prove_evidence(row: &EditedRow, figure: Column, name: &str) -> Result<(), String> {
    if row.cell(Column::Order).or_else(|| row.cell(figure)).is_some() {
        return Ok(());
    }
    Err(format!(
        "the columns merchant_order_id and {name} are both missing, so nothing shows that the row \
         is still whole"
    ))
}

fn differs(name: &str, shown: &Cell, written: &str) -> String {
    let shown = shown.shown();
    let shown = if shown.is_empty() { "empty".to_owned() } else { format!("\"{shown}\"") };
    let written = if written.is_empty() { "empty".to_owned() } else { format!("\"{written}\"") };
    format!(
        "{name} is {}, but the report had {}; were the rows sorted without all columns?",
        Text::id(&shown),
        Text::id(&written)
    )
}

fn prove_order_id(row: &EditedRow, dialect: Dialect, written: &str) -> Result<(), String> {
    match row.cell(Column::Order) {
        Some(cell) if !is_same_id(cell, written) && !dialect.is_written_text(cell, written) => {
            Err(differs("merchant_order_id", cell, written))
        }
        _ => Ok(()),
    }
}

fn prove_text(
    row: &EditedRow,
    dialect: Dialect,
    column: Column,
    name: &str,
    written: &str,
) -> Result<(), String> {
    match row.cell(column) {
        Some(cell) if !dialect.is_written_text(cell, written) => Err(differs(name, cell, written)),
        _ => Ok(()),
    }
}

fn prove_amount(
    row: &EditedRow,
    dialect: Dialect,
    column: Column,
    name: &str,
    written: Option<Amount>,
) -> Result<(), String> {
    let Some(cell) = row.cell(column) else { return Ok(()) };
    let Some(written) = written else {
        return if cell.is_blank() { Ok(()) } else { Err(differs(name, cell, "")) };
    };
    if matches!(cell, Cell::Text(_)) && dialect.decimal == Decimal::Contradictory {
        let why = "amounts of this file have a decimal point in one place and a decimal comma in \
                   another, so its figures cannot be compared";
        return Err(why.to_owned());
    }
    if dialect.numbers(cell).iter().any(|number| number.is_amount(written)) {
        Ok(())
    } else {
        Err(differs(name, cell, &written.to_string()))
    }
}
