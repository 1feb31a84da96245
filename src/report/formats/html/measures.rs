//! "Measures": how good the reconciliation is, and which way it goes.

use super::show;
use super::trend::{Bar, chart, name, short_day};
use crate::domain::morning::{Night, TrendPoint};
use maud::{Markup, html};

/// The section.
pub(super) fn section(night: &Night) -> Markup {
    let measures = &night.measures;
    let days = |days: Option<u64>| match days {
        Some(days) => show::counted(days, "day", "days"),
        None => "–".to_owned(),
    };
    let undecided = show::percent(measures.resolved_without_decision, measures.resolved);
    html! {
        section aria-labelledby="measures" {
            h2 id="measures" { "Measures" }
            @if night.trend.len() > 1 {
                div.charts {
                    (chart("matched", "Orders that agree", &bars(&night.trend, matched)))
                    (chart("rate", "Orders with findings per 10,000", &bars(&night.trend, rate)))
                }
            }
            div.wide {
                table {
                    caption {
                        "Findings that ended in the last 30 days, up to "
                        (show::day(night.summary.day))
                    }
                    thead { tr { th scope="col" { "Measure" } th.number scope="col" { "Value" } } }
                    tbody {
                        (line("Ended", &show::count(measures.resolved)))
                        (line("Of these, ended without a decision of finance", &undecided))
                        (line("Days until they ended, median", &days(measures.median_days)))
                        (line("Days until they ended, longest", &days(measures.longest_days)))
                        (line("Came back after they had ended", &show::count(measures.reopened)))
                    }
                }
            }
        }
    }
}

fn line(measure: &str, value: &str) -> Markup {
    html! { tr { th scope="row" { (measure) } td.number { (value) } } }
}

fn bars(trend: &[TrendPoint], figure: fn(&TrendPoint) -> (String, u128)) -> Vec<Bar> {
    let bar = |point: &TrendPoint| {
        let (shown, value) = figure(point);
        Bar {
            name: name(point),
            day: short_day(point),
            shown,
            value: i128::try_from(value).unwrap_or(i128::MAX),
        }
    };
    trend.iter().map(bar).collect()
}

fn matched(point: &TrendPoint) -> (String, u128) {
    let tenths = (u128::from(point.matched) * 1000).checked_div(u128::from(point.selected));
    (show::percent(point.matched, point.selected), tenths.unwrap_or_default())
}

fn rate(point: &TrendPoint) -> (String, u128) {
    let rate = (u128::from(point.with_findings) * 10_000).checked_div(u128::from(point.selected));
    (rate.map_or("–".to_owned(), |rate| show::grouped(&rate.to_string())), rate.unwrap_or_default())
}
