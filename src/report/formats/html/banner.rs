//! The verdict in one sentence, and what happens next.

use super::collected::Collected;
use super::show;
use crate::domain::amount::Total;
use crate::domain::morning::Night;
use maud::{Markup, html};

/// The colour of the banner. Its sentence says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Good,
    Caution,
    Bad,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Tone::Good => "banner good",
            Tone::Caution => "banner caution",
            Tone::Bad => "banner bad",
        }
    }
}

/// The page's title: what a tab shows.
pub(super) fn title(night: &Night) -> String {
    let run = &night.summary;
    let state = if run.is_complete() { "" } else { "INCOMPLETE · " };
    format!("{state}Reconciliation of {} · run {}", show::day(run.day), run.run_id)
}

/// The banner.
pub(super) fn section(night: &Night, collected: &Collected) -> Markup {
    let run = &night.summary;
    let (tone, verdict) = verdict(night, collected);
    html! {
        header class=(tone.class()) {
            p.night {
                "Reconciliation of " (show::day(run.day)) " · run " (run.run_id)
                @if let Some(merchant) = &night.merchant_uid {
                    " · merchant " (show::id(merchant))
                }
                " · " (show::moment(night.judged_at, night.zone))
            }
            h1 { (verdict) (reused(night)) }
            @for doubt in run.doubts() { p { strong { "Doubt: " } (show::foreign(&doubt.text)) } }
            @if run.is_complete() && run.figures.orders.selected > 0 {
                p { strong { "Complete: " } (complete(run.figures.orders.unverified)) }
            }
            p.next { strong { "What happens next: " } (next(night, collected)) }
        }
    }
}

/// How many orders were judged by the answer of an earlier night, and how old the oldest is.
fn reused(night: &Night) -> Markup {
    let orders = night.summary.figures.orders;
    html! {
        @if let Some(oldest) = night.summary.oldest_reused {
            " " (show::count(orders.reused))
            @if orders.reused == 1 { " was judged by an earlier answer, of " }
            @else { " were judged by an earlier answer, the oldest of " }
            (show::day(oldest.with_timezone(&night.zone).date_naive())) "."
        }
    }
}

/// The most important thing of the night, in one sentence.
fn verdict(night: &Night, collected: &Collected) -> (Tone, Markup) {
    let figures = &night.summary.figures;
    let (orders, invalid) = (figures.orders, figures.ledger.invalid);
    let selected = show::orders(orders.selected);
    if !night.summary.is_complete() {
        let others = collected.disagreeing;
        return (
            Tone::Caution,
            html! {
                "INCOMPLETE: " (show::count(orders.unverified)) " of " (selected)
                " got no trustworthy answer."
                @if others > 0 {
                    " " (show::orders(others))
                    (if others == 1 { " disagrees." } else { " disagree." })
                }
                @if collected.open.count > 0 { " At risk in all: " (at_risk(collected)) "." }
                @if invalid > 0 { " " (unusable(invalid)) }
            },
        );
    }
    let findings = collected.open.count;
    let is_doubtful = invalid > 0 || night.summary.doubts().next().is_some();
    if findings > 0 {
        let tone = if has_risk(collected) || is_doubtful { Tone::Bad } else { Tone::Caution };
        return (
            tone,
            html! {
                (show::count(findings)) " of " (selected)
                (if findings == 1 { " has findings; " } else { " have findings; " })
                @if has_risk(collected) { (at_risk(collected)) " at risk." }
                @else { "no money is at risk." }
                @if night.summary.is_suspect() { " Many of them are SUSPECT." }
                @if invalid > 0 { " " (unusable(invalid)) }
            },
        );
    }
    if invalid > 0 {
        return (Tone::Caution, html! { "CHECK THE LEDGER: " (unusable(invalid)) });
    }
    if is_doubtful {
        return (Tone::Caution, html! { "CHECK THE LEDGER: it may not be whole." });
    }
    if orders.selected == 0 {
        return (Tone::Caution, html! { "NOTHING CHECKED: there was no order to ask for." });
    }
    (
        Tone::Good,
        html! {
            @if collected.accepted.count > 0 {
                "Nothing to do: of " (selected) ", " (show::count(collected.accepted.count))
                (if collected.accepted.count == 1 { " has" } else { " have" })
                " findings, and finance accepted all of them."
            } @else if orders.in_transit > 0 {
                "Nothing to do: " (show::count(orders.matched)) " of " (selected)
                " agree, " (show::count(orders.in_transit)) " not finished yet."
            } @else if orders.selected == 1 { "The one order agrees." }
            @else { "All " (selected) " agree." }
        },
    )
}

/// A night is also complete where finance accepted that there is no answer.
fn complete(unverified: u64) -> String {
    if unverified == 0 {
        return "each order got a trustworthy answer.".to_owned();
    }
    let orders = show::orders(unverified);
    format!("finance accepted that {orders} got no trustworthy answer; all others did.")
}

fn unusable(rows: u64) -> String {
    format!("{} of the ledger could not be used.", show::counted(rows, "row", "rows"))
}

fn has_risk(collected: &Collected) -> bool {
    let mut currencies = collected.money.currencies();
    currencies.any(|it| collected.money.at_risk(it).sum != Total::default())
}

/// The sums of all currencies.
fn at_risk(collected: &Collected) -> Markup {
    const MOST: usize = 4;
    let sums = collected.money.currencies().map(|it| (it, collected.money.at_risk(it).sum));
    let sums: Vec<_> = sums.filter(|(_, sum)| *sum != Total::default()).collect();
    html! {
        @if sums.is_empty() { "nothing" }
        @for (index, (currency, sum)) in sums.iter().take(MOST).enumerate() {
            @if index > 0 { " + " }
            (show::money(sum, currency))
        }
        @if sums.len() > MOST { " and more in other currencies" }
    }
}

fn next(night: &Night, collected: &Collected) -> Markup {
    let run = &night.summary;
    html! {
        @if !run.is_complete() {
            "these figures may still change. The next night asks for the missing answers again. To "
            "ask now, the operator runs "
            code { "octopus-recon run --resume " (run.run_id) }
            " with the same options."
        } @else if run.figures.ledger.invalid > 0 {
            "correct the " a href="#invalid" { "rows that could not be used" }
            " in the ledger; the next night reads them again."
            @if collected.open.count > 0 {
                " For the findings, begin with " a href="#start" { "Start here" } "."
            }
        } @else if run.is_suspect() {
            "find out why so many orders changed at once. Do not act on suspect rows yet: the next "
            "night believes what it sees again."
        } @else if run.doubts().next().is_some() {
            "check whether the ledger is whole before you rely on these figures."
        } @else if collected.open.count > 0 {
            "begin with " a href="#start" { "Start here" }
            ". The next nights ask for these orders again; what is solved leaves this page by "
            "itself."
        } @else {
            "nothing to do. The next page comes with the next night's run."
        }
    }
}
