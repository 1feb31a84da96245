//! "Trend": the last runs as bars, and as a table for those who cannot see them.

use super::show;
use crate::domain::morning::{Night, TrendPoint};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The causes that the page names at most.
pub(super) const MOST_CAUSES: usize = 20;
/// Currencies with bars of their own at most. The table has all.
const MOST_CURRENCIES: usize = 3;
/// The height of the highest bar, and the room that a run has.
const HEIGHT: i128 = 80;
const STEP: usize = 10;

/// The section.
pub(super) fn section(night: &Night) -> Markup {
    let trend = &night.trend;
    let currencies: BTreeSet<&String> = trend.iter().flat_map(|it| it.at_risk.keys()).collect();
    html! {
        section aria-labelledby="trend" {
            h2 id="trend" { "Trend" }
            @if trend.len() < 2 {
                p { "A trend needs at least two runs." }
            } @else {
                div.charts {
                    (orders_with_findings(trend))
                    @for (index, currency) in currencies.iter().take(MOST_CURRENCIES).enumerate() {
                        @let name = show::currency_text(currency);
                        @let bars = risk_bars(trend, currency, &name);
                        (chart(&format!("risk-{index}"), &format!("At risk, {name}"), &bars))
                    }
                }
                (table(trend))
            }
        }
    }
}

/// One bar: its run's name, its figure as shown, and its height.
pub(super) struct Bar {
    pub(super) name: String,
    /// Its day, short: there is little room below the bars.
    pub(super) day: String,
    pub(super) shown: String,
    pub(super) value: i128,
}

/// The name of a run.
pub(super) fn name(point: &TrendPoint) -> String {
    format!("{} (run {})", show::day(point.day), point.run_id)
}

/// "25 Nov".
pub(super) fn short_day(point: &TrendPoint) -> String {
    point.day.format("%-d %b").to_string()
}

fn orders_with_findings(trend: &[TrendPoint]) -> Markup {
    let bar = |point: &TrendPoint| Bar {
        name: name(point),
        day: short_day(point),
        shown: show::count(point.with_findings),
        value: i128::from(point.with_findings),
    };
    chart("findings", "Orders with findings", &trend.iter().map(bar).collect::<Vec<_>>())
}

fn risk_bars(trend: &[TrendPoint], currency: &str, shown: &str) -> Vec<Bar> {
    let bar = |point: &TrendPoint| {
        let sum = point.at_risk.get(currency).copied().unwrap_or_default();
        let shown = format!("{} {shown}", show::grouped(&sum.to_string()));
        Bar { name: name(point), day: short_day(point), shown, value: sum.micros() }
    };
    trend.iter().map(bar).collect()
}

/// Bars beside each other. `id` is for the title and the description.
pub(super) fn chart(id: &str, title: &str, bars: &[Bar]) -> Markup {
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return html! {} };
    let highest = bars.iter().map(|bar| bar.value).max().unwrap_or_default().max(1);
    let most = bars.iter().max_by_key(|bar| bar.value).unwrap_or(last);
    let width = bars.len() * STEP;
    let (title_id, description_id) = (format!("chart-{id}"), format!("chart-{id}-text"));
    html! {
        figure {
            figcaption { strong { (title) } ": " (last.shown) " now" }
            svg role="img" viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none"
                aria-labelledby={ (title_id) " " (description_id) } {
                title id=(title_id) { (title) ", " (bars.len()) " runs" }
                desc id=(description_id) {
                    "From " (first.shown) " on " (first.name) " to " (last.shown) " on "
                    (last.name) "; most: " (most.shown) " on " (most.name) "."
                }
                @for (index, bar) in bars.iter().enumerate() {
                    @let height = height(bar.value, highest);
                    rect.bar.last[index + 1 == bars.len()] x=(index * STEP + 1) width=(STEP - 2)
                        y=(HEIGHT - height) height=(height) {
                        title { (bar.name) ": " (bar.shown) }
                    }
                }
            }
            p.axis aria-hidden="true" {
                span { (first.day) } span { "most: " (most.shown) } span { (last.day) }
            }
        }
    }
}

/// A bar that is not zero is seen.
fn height(value: i128, highest: i128) -> i128 {
    let least = i128::from(value > 0);
    (value.max(0).saturating_mul(HEIGHT) / highest).max(least)
}

fn table(trend: &[TrendPoint]) -> Markup {
    html! {
        details {
            summary { "The trend as a table" }
            div.wide {
                table {
                    caption { "The last " (trend.len()) " runs, the latest first" }
                    thead {
                        tr {
                            th scope="col" { "Run" }
                            th.number scope="col" { "Checked" }
                            th.number scope="col" { "Agree" }
                            th.number scope="col" { "With findings" }
                            th.number scope="col" { "No answer" }
                            th.number scope="col" { "At risk" }
                        }
                    }
                    tbody {
                        @for point in trend.iter().rev() {
                            tr {
                                th scope="row" { (name(point)) }
                                td.number { (show::count(point.selected)) }
                                td.number { (show::count(point.matched)) }
                                td.number { (show::count(point.with_findings)) }
                                td.number { (show::count(point.unverified)) }
                                td.number {
                                    @for (currency, sum) in &point.at_risk {
                                        div { (show::money(sum, currency)) }
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
