//! "Ageing": how long the money at risk has been waiting, and what is past due.

use super::collected::Collected;
use super::show;
use crate::domain::morning::{Night, OrderRow};
use crate::domain::text::Text;
use maud::{Markup, html};

/// How long an order's findings have been open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Age {
    /// 0 and 1 days.
    Fresh,
    /// 2 and 3.
    Days,
    /// 4 to 7.
    Week,
    /// 8 to 30.
    Month,
    /// More.
    Older,
}

impl Age {
    const ALL: [Age; 5] = [Age::Fresh, Age::Days, Age::Week, Age::Month, Age::Older];

    /// The age of so many days.
    pub(super) fn of(days: i64) -> Age {
        match days {
            ..=1 => Age::Fresh,
            2..=3 => Age::Days,
            4..=7 => Age::Week,
            8..=30 => Age::Month,
            _ => Age::Older,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Age::Fresh => "0–1 days",
            Age::Days => "2–3 days",
            Age::Week => "4–7 days",
            Age::Month => "8–30 days",
            Age::Older => "more than 30 days",
        }
    }
}

/// An order that is past due.
pub(super) fn past_due_row(row: &OrderRow, is_on_page: bool) -> Markup {
    let id = Text::id(&row.key.merchant_order_id);
    html! {
        li {
            @if is_on_page {
                a href={ "#" (show::order_anchor(&row.key)) } { bdi.id { (id.as_str()) } }
            } @else { bdi.id { (id.as_str()) } }
            ": " (show::money(&row.place.amount, &row.place.currency))
            @if let Some(due) = row.due { ", due " (show::day(due)) }
            ", " (show::who(row.next_step))
        }
    }
}

/// The section.
pub(super) fn section(night: &Night, collected: &Collected) -> Markup {
    let due = &collected.past_due_rows;
    html! {
        section aria-labelledby="ageing" {
            h2 id="ageing" { "Ageing" }
            @if due.count > 0 {
                p {
                    strong.late { (show::orders(due.count)) " past due" }
                    " on " (show::day(night.summary.day)) ":"
                    @for (currency, tally) in collected.past_due.all_of(()) {
                        " " (show::money(&tally.sum, currency)) " (" (show::orders(tally.orders))
                        ")"
                    }
                }
                details {
                    summary { "Which orders are past due" }
                    ul { (maud::PreEscaped(&due.markup)) }
                    @if due.count > due.shown {
                        p.rest { "And " (show::count(due.count - due.shown)) " more." }
                    }
                }
            }
            @if collected.open.count == 0 { p { "No order is open." } }
            @else { (table(collected)) }
        }
    }
}

fn table(collected: &Collected) -> Markup {
    let ages = &collected.ages;
    html! {
        div.wide {
            table {
                caption { "Open orders by days since their findings were first seen" }
                thead {
                    tr {
                        th scope="col" { "Open for" }
                        @for currency in ages.currencies() {
                            th.number scope="col" {
                                bdi { (show::currency_text(currency)) } ", orders"
                            }
                            th.number scope="col" {
                                bdi { (show::currency_text(currency)) } ", sum"
                            }
                        }
                    }
                }
                tbody {
                    @for age in Age::ALL {
                        tr {
                            th scope="row" { (age.name()) }
                            @for currency in ages.currencies() {
                                @let tally = ages.get(currency, age);
                                td.number {
                                    @if tally.orders == 0 { "–" }
                                    @else { (show::count(tally.orders)) }
                                }
                                td.number { (show::sum(tally.sum)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
