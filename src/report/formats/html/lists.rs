//! The lists after the open orders: accepted, solved, decisions, ledger rows that were not usable.

use super::collected::Collected;
use super::{orders, show};
use crate::domain::decision::{DecisionEvent, DecisionEventKind};
use crate::domain::mismatch::Outcome;
use crate::domain::morning::{Night, SolvedRow};
use crate::domain::order::InvalidRow;
use maud::{Markup, PreEscaped, html};
use std::collections::BTreeMap;

/// Orders whose findings are all accepted.
pub(super) fn accepted(collected: &Collected, stem: &str) -> Markup {
    let rows = &collected.accepted;
    html! {
        @if rows.count > 0 {
            section aria-labelledby="accepted" {
                h2 id="accepted" { "Accepted: known and fine" }
                p {
                    "These orders count in no sum above. An acceptance ends when its facts change."
                }
                (show::rest(rows.shown, rows.count, "accepted orders", stem))
                (orders::table("Orders that finance accepted", rows, "accepted-orders"))
            }
        }
    }
}

/// Orders that have no finding any more.
pub(super) fn solved(night: &Night, collected: &Collected, stem: &str) -> Markup {
    let rows = &collected.solved;
    html! {
        section aria-labelledby="solved" {
            h2 id="solved" { "Solved" }
            @if rows.count == 0 { p { "No order was solved since the run before." } }
            @else {
                p {
                    (show::orders(rows.count)) " without a finding now"
                    @if let Some(before) = &night.before {
                        ", with findings on " (show::day(before.day))
                    }
                    ":"
                    @for (currency, tally) in collected.solved_money.all_of(()) {
                        " " (show::money(&tally.sum, currency))
                    }
                }
                (show::rest(rows.shown, rows.count, "solved orders", stem))
                div.wide {
                    table {
                        caption { "Orders solved since the run before" }
                        thead {
                            tr {
                                th scope="col" { "Order" }
                                th scope="col" { "Had" }
                                th.number scope="col" { "Was at risk" }
                                th scope="col" { "Now" }
                                th scope="col" { "Open for" }
                            }
                        }
                        tbody { (PreEscaped(&rows.markup)) }
                    }
                }
            }
        }
    }
}

/// A solved order.
pub(super) fn solved_row(row: &SolvedRow) -> Markup {
    let now = match row.outcome {
        Outcome::Matched => "agrees",
        Outcome::InTransit => "not finished yet, nothing to report",
        Outcome::Mismatched | Outcome::Unverified => row.outcome.as_str(),
    };
    html! {
        tr id={ (show::order_anchor(&row.key)) "-solved" } {
            th scope="row" { (show::id(&row.key.merchant_order_id)) }
            td {
                @for (index, kind) in row.kinds.iter().enumerate() {
                    @if index > 0 { ", " }
                    (orders::label(*kind))
                }
                @if !row.decision.is_empty() {
                    span.decision { "Finance: " (show::decision(&row.decision)) }
                }
            }
            td.number { (show::money(&row.place.amount, &row.place.currency)) }
            td { (now) }
            td {
                @if row.open_days <= 0 { "less than a day" } @else { (show::age(row.open_days)) }
                small { "since " (show::day(row.first_seen)) }
            }
        }
    }
}

/// Whether a decision was not taken.
pub(super) fn is_refused(event: &DecisionEvent) -> bool {
    event.event == DecisionEventKind::Refused
}

/// Decisions that this run read.
pub(super) fn taken(collected: &Collected, stem: &str) -> Markup {
    let (refused, taken) = (&collected.refused, &collected.taken);
    html! {
        section aria-labelledby="decisions" {
            h2 id="decisions" { "Decisions read tonight" }
            @if refused.count + taken.count == 0 { p { "No edited file had a new decision." } }
            @if refused.count > 0 {
                p.alarm {
                    (show::counted(refused.count, "decision was", "decisions were"))
                    " not taken. Enter "
                    (if refused.count == 1 { "it" } else { "them" })
                    " again in the latest workbook."
                }
                (show::rest(refused.shown, refused.count, "refused decisions", stem))
                (decisions("Decisions that were not taken", "Why not", &refused.markup))
            }
            @if taken.count > 0 {
                (show::rest(taken.shown, taken.count, "decisions", stem))
                (decisions("Decisions that were taken", "Was", &taken.markup))
            }
        }
    }
}

fn decisions(caption: &str, last: &str, rows: &str) -> Markup {
    html! {
        div.wide {
            table {
                caption { (caption) }
                thead {
                    tr {
                        th scope="col" { "Order and finding" }
                        th scope="col" { "Decision" }
                        th scope="col" { (last) }
                        th scope="col" { "By" }
                        th scope="col" { "From" }
                    }
                }
                tbody { (PreEscaped(rows)) }
            }
        }
    }
}

/// A decision that was taken.
pub(super) fn taken_row(event: &DecisionEvent) -> Markup {
    let was = html! {
        @if event.old.is_empty() { "nothing" } @else { (show::decision(&event.old)) }
    };
    decision_row(event, &was)
}

/// A decision that was not taken.
pub(super) fn refused_row(event: &DecisionEvent) -> Markup {
    decision_row(event, &show::foreign(event.why.as_str()))
}

fn decision_row(event: &DecisionEvent, last: &Markup) -> Markup {
    html! {
        tr {
            th scope="row" {
                @if let Some(key) = &event.key { (show::id(&key.merchant_order_id)) }
                @else { (show::id(event.mismatch_id.as_str())) }
                @if let Some(kind) = event.kind { small { (orders::label(kind)) } }
            }
            td {
                @if event.new.is_empty() { "withdrawn" } @else { (show::decision(&event.new)) }
            }
            td { (last) }
            td { (show::foreign(event.by.as_str())) }
            td {
                @match &event.source {
                    Some((file, row)) => { (show::id(file.as_str())) ", row " (row) },
                    None => "command",
                }
            }
        }
    }
}

/// Invalid rows of one reason that name their lines at most, and reasons at most: a reason may
/// quote a cell, so each row may have another.
const MOST_LINES: usize = 10;
const MOST_REASONS: usize = 100;

/// Invalid ledger rows by reason.
#[derive(Debug, Default)]
pub(super) struct InvalidRows {
    reasons: BTreeMap<String, Reason>,
    /// Rows of reasons that had no room.
    others: u64,
}

#[derive(Debug, Default)]
struct Reason {
    rows: u64,
    /// File and line of the first ones.
    places: Vec<(String, u64)>,
}

impl InvalidRows {
    /// Adds a row. Its cells are not kept: they may be personal.
    pub(super) fn add(&mut self, row: &InvalidRow) {
        if !self.reasons.contains_key(&row.reason) {
            if self.reasons.len() >= MOST_REASONS {
                self.others += 1;
                return;
            }
            self.reasons.insert(row.reason.clone(), Reason::default());
        }
        if let Some(reason) = self.reasons.get_mut(&row.reason) {
            reason.rows += 1;
            if reason.places.len() < MOST_LINES {
                reason.places.push((row.file.clone(), row.line));
            }
        }
    }
}

/// Ledger rows that could not be used.
pub(super) fn invalid(night: &Night, collected: &Collected) -> Markup {
    let rows = &collected.invalid;
    html! {
        @if night.summary.figures.ledger.invalid > 0 {
            section aria-labelledby="invalid" {
                h2 id="invalid" { "Ledger rows that could not be used" }
                p {
                    (show::counted(night.summary.figures.ledger.invalid, "row", "rows"))
                    " of the ledger. Their orders were not checked unless another row has them. "
                    "The rows themselves are in the file of invalid rows beside this page."
                }
                div.wide {
                    table {
                        caption { "Reasons" }
                        thead {
                            tr {
                                th scope="col" { "Reason" }
                                th.number scope="col" { "Rows" }
                                th scope="col" { "Lines" }
                            }
                        }
                        tbody {
                            @for (why, reason) in &rows.reasons { (reason_row(why, reason)) }
                            @if rows.others > 0 {
                                tr {
                                    th scope="row" { "Other reasons" }
                                    td.number { (show::count(rows.others)) }
                                    td { "see the file" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn reason_row(why: &str, reason: &Reason) -> Markup {
    let named = u64::try_from(reason.places.len()).unwrap_or(u64::MAX);
    html! {
        tr {
            th scope="row" { (show::foreign(why)) }
            td.number { (show::count(reason.rows)) }
            td {
                @for (index, (file, line)) in reason.places.iter().enumerate() {
                    @if index > 0 { ", " }
                    @if index == 0 || reason.places.get(index - 1).is_some_and(|it| it.0 != *file) {
                        (show::id(file)) " line "
                    }
                    (line)
                }
                @if reason.rows > named { " and " (show::count(reason.rows - named)) " more" }
            }
        }
    }
}
