//! "Since yesterday": what happened to orders since the run before.

use super::collected::Collected;
use super::show;
use crate::domain::morning::Night;
use maud::{Markup, html};

/// The section.
pub(super) fn section(night: &Night, collected: &Collected) -> Markup {
    html! {
        section aria-labelledby="since" {
            h2 id="since" { (heading(night)) }
            @if let Some(before) = &night.before {
                @let orders = before.orders;
                dl.tiles {
                    (tile("New", orders.new, "had no finding before"))
                    (tile("Worse", orders.worse, "more money at risk than then"))
                    (tile("Back again", orders.back, "had ended, and came back"))
                    (tile("As before", orders.unchanged, "still open, not worse"))
                    (tile("Solved", orders.solved, "no finding any more"))
                    (tile("Accepted", orders.accepted, "by finance: known and fine"))
                }
            } @else {
                p { "There is no earlier night to compare with." }
            }
            @if let Some(oldest) = &collected.oldest {
                p {
                    "The oldest open order is "
                    @if let Some(anchor) = &oldest.anchor {
                        a href={ "#" (anchor) } { (show::id(&oldest.merchant_order_id)) }
                    } @else { (show::id(&oldest.merchant_order_id)) }
                    ", open for "
                    @if oldest.days <= 0 { "less than a day" } @else { (show::age(oldest.days)) }
                    "."
                }
            }
            @if collected.solved.count > 0 {
                p { a href="#solved" { "What was solved" } }
            }
        }
    }
}

/// "Since yesterday" is only right where the run before was of yesterday.
fn heading(night: &Night) -> String {
    match &night.before {
        Some(before) if before.day.succ_opt() == Some(night.summary.day) => {
            format!("Since yesterday (run {})", before.run_id)
        }
        Some(before) => format!("Since {} (run {})", show::day(before.day), before.run_id),
        None => "Since last time".to_owned(),
    }
}

fn tile(name: &str, orders: u64, meaning: &str) -> Markup {
    html! {
        div { dt { (name) } dd { strong { (show::count(orders)) } small { (meaning) } } }
    }
}
