//! "Was everything looked at": ledger files, rows, orders by day, warnings.

use super::show;
use crate::domain::morning::Night;
use chrono::NaiveDate;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// More days than this are folded away.
const DAYS_AT_ONCE: usize = 10;

/// The section.
pub(super) fn section(night: &Night) -> Markup {
    let run = &night.summary;
    html! {
        section aria-labelledby="looked-at" {
            h2 id="looked-at" { "Was everything looked at?" }
            (sentences(night))
            (files(night))
            (days(&run.figures.days))
            @if !run.unverified_reasons.is_empty() {
                h3 { "Why orders got no trustworthy answer" }
                ul {
                    @for reason in &run.unverified_reasons {
                        li {
                            (show::orders(reason.orders)) ": "
                            (show::foreign(reason.reason.as_deref().unwrap_or("other reasons")))
                        }
                    }
                }
            }
            @if !run.warnings.is_empty() {
                h3 { "Warnings" }
                ul.warnings {
                    @for warning in &run.warnings { li { (show::foreign(&warning.text)) } }
                }
            }
            p.limit {
                strong { "What this page cannot show: " }
                "each order of the ledger was asked for at the gateway. A payment that only the "
                "gateway has, and the ledger does not, cannot be found this way."
            }
        }
    }
}

fn sentences(night: &Night) -> Markup {
    let figures = &night.summary.figures;
    let (rows, orders) = (figures.ledger, figures.orders);
    html! {
        p {
            strong { (show::counted(rows.rows, "ledger row", "ledger rows")) }
            " = " (show::orders(rows.accepted))
            " + " (show::count(rows.invalid)) " not usable"
            " + " (show::count(rows.repeated)) " repeated"
            " + " (show::count(rows.superseded)) " replaced by a later row of the same order"
            " + " (show::count(rows.skipped)) " skipped by the configuration."
        }
        p {
            strong { (show::orders(orders.selected)) " checked" }
            " = " (show::count(orders.matched)) " agree"
            " + " (show::count(orders.in_transit)) " not finished yet (nothing to do)"
            " + " (show::count(orders.mismatched)) " with findings"
            " + " (show::count(orders.unverified)) " without a trustworthy answer."
        }
        @if orders.reused > 0 {
            p {
                (show::orders(orders.reused))
                " of these were not due tonight: they were judged by the answer of an earlier "
                "night (column last_verified). Such an answer opens and ends nothing."
            }
        }
        @if let Some((first, last)) = night.answered {
            p {
                "The gateway (" (show::foreign(&night.base_url)) ") answered between "
                (show::local(first, night.zone)) " and " (show::moment(last, night.zone)) "."
            }
        } @else {
            p { "The gateway (" (show::foreign(&night.base_url)) ") gave no answer in this run." }
        }
        @if rows.changed > 0 {
            p {
                (show::orders(rows.changed))
                " of the ledger changed in amount, currency or type since an earlier run."
            }
        }
        @if figures.open_elsewhere > 0 {
            p {
                (show::counted(figures.open_elsewhere, "open finding", "open findings"))
                " of earlier nights are about orders that this run did not check."
            }
        }
    }
}

fn files(night: &Night) -> Markup {
    html! {
        @if night.ledgers.is_empty() {
            p { "No ledger file was read: the orders that are already stored were checked." }
        } @else {
            div.wide {
                table {
                    caption { "Ledger files" }
                    thead { tr { th scope="col" { "File" } th scope="col" { "Last written" } } }
                    tbody {
                        @for file in &night.ledgers {
                            tr {
                                th scope="row" { (show::id(file.name.as_str())) }
                                td {
                                    @match file.modified_at {
                                        Some(at) => (show::moment(at, night.zone)),
                                        None => "not known",
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn days(days: &BTreeMap<NaiveDate, u64>) -> Markup {
    let table = html! {
        div.wide {
            table {
                caption { "Orders checked, by order date" }
                thead { tr { th scope="col" { "Day" } th.number scope="col" { "Orders" } } }
                tbody {
                    @for (day, orders) in days {
                        tr {
                            th scope="row" { (show::day(*day)) }
                            td.number { (show::count(*orders)) }
                        }
                    }
                }
            }
        }
    };
    html! {
        @if days.len() > DAYS_AT_ONCE {
            details { summary { "Orders of " (days.len()) " days" } (table) }
        } @else if !days.is_empty() { (table) }
    }
}
