//! "Causes": what one thing explains.

use super::collected::Collected;
use super::show;
use crate::domain::amount::Total;
use crate::domain::morning::Cause;
use maud::{Markup, html};

/// The section.
pub(super) fn section(collected: &Collected) -> Markup {
    html! {
        section aria-labelledby="causes" {
            h2 id="causes" { "Causes" }
            @if collected.causes.is_empty() {
                p { "No single thing explains several of the findings." }
            } @else {
                p { (headline(collected)) }
                div.wide { (table(collected)) }
            }
        }
    }
}

fn headline(collected: &Collected) -> Markup {
    let share = collected.causes.iter().filter_map(|cause| share(cause, collected)).max();
    html! {
        strong {
            (show::counted(collected.findings, "finding", "findings")) ", "
            (show::counted(collected.cause_count, "cause", "causes"))
            @if let Some((percent, currency)) = share {
                "; one explains " (percent) " % of the sum in "
                bdi { (show::currency_text(&currency)) }
            }
            "."
        }
        " Ask about the cause once, not about each order."
    }
}

/// The currency of which a cause explains most, and how many per cent of its sum.
fn share(cause: &Cause, collected: &Collected) -> Option<(i128, String)> {
    let shares = cause.sums.iter().filter_map(|(currency, sum)| {
        let percent = show::percent_of_sum(*sum, collected.money.at_risk(currency).sum)?;
        Some((percent, currency.clone()))
    });
    shares.filter(|(percent, _)| *percent > 0).max()
}

fn table(collected: &Collected) -> Markup {
    html! {
        table {
            caption { "Things that explain several findings, the largest first" }
            thead {
                tr {
                    th scope="col" { "Cause" }
                    th.number scope="col" { "Orders" }
                    th.number scope="col" { "At risk" }
                    th.number scope="col" { "Share" }
                    th scope="col" { "Examples" }
                }
            }
            tbody {
                @for cause in &collected.causes {
                    tr {
                        th scope="row" { (show::foreign(cause.what.as_str())) }
                        td.number { (show::count(cause.orders)) }
                        td.number {
                            @for (currency, sum) in &cause.sums {
                                @if *sum != Total::default() {
                                    div { (show::money(sum, currency)) }
                                }
                            }
                        }
                        td.number {
                            @if let Some((percent, _)) = share(cause, collected) { (percent) " %" }
                            @else { "–" }
                        }
                        td {
                            @for (index, example) in cause.examples.iter().take(5).enumerate() {
                                @if index > 0 { ", " }
                                (show::id(example))
                            }
                        }
                    }
                }
            }
        }
        @if collected.cause_count > u64::try_from(collected.causes.len()).unwrap_or(u64::MAX) {
            p.rest { "Smaller causes are not shown." }
        }
    }
}
