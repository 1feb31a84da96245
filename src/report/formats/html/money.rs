//! "Money": the figures by currency, and how they follow from those of the run before.

use super::collected::Collected;
use super::show;
use crate::domain::amount::Total;
use crate::domain::money::Bucket;
use crate::domain::morning::{Before, Bridge, Night};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The section.
pub(super) fn section(night: &Night, collected: &Collected) -> Markup {
    html! {
        section aria-labelledby="money" {
            h2 id="money" { "Money at risk, each order once" }
            (by_currency(collected))
            @match &night.before {
                Some(before) => (bridge(night, before, collected)),
                None => p {
                    "This is the first night of its kind: there is no earlier one to compare with."
                },
            }
        }
    }
}

fn by_currency(collected: &Collected) -> Markup {
    let money = &collected.money;
    let information = money.orders(Bucket::Information);
    html! {
        @if money.currencies().next().is_none() {
            p { "No money is at risk." }
        } @else {
            div.wide {
                table.stack {
                    caption { "At risk now. An order with several findings counts once." }
                    thead {
                        tr {
                            th scope="col" { "Currency" }
                            th.number scope="col" { "Orders" }
                            th.number scope="col" { "Against us" }
                            th.number scope="col" { "In our favour" }
                            th.number scope="col" { "In doubt" }
                            th.number scope="col" { "Unverified" }
                            th.number scope="col" { "Sum" }
                        }
                    }
                    tbody {
                        @for currency in money.currencies() {
                            @let now = money.at_risk(currency);
                            tr {
                                th scope="row" { bdi { (show::currency_text(currency)) } }
                                td.number data-label="Orders" { (show::count(now.orders)) }
                                @for bucket in Bucket::AT_RISK {
                                    td.number data-label=(show::bucket(bucket)) {
                                        (show::sum(money.get(currency, bucket).sum))
                                    }
                                }
                                td.number data-label="Sum" {
                                    strong { (show::grouped(&now.sum.to_string())) }
                                }
                            }
                        }
                    }
                }
            }
            p.explain {
                strong { "Against us" } ": we have less than the ledger says. "
                strong { "In our favour" } ": we have more. " strong { "In doubt" }
                ": what has moved is not known, or something else is wrong. "
                strong { "Unverified" } ": the gateway gave no trustworthy answer."
            }
            @for (currency, tally) in money.all_of(Bucket::Accepted) {
                p {
                    "Apart from these, " (show::orders(tally.orders)) " with "
                    (show::money(&tally.sum, currency)) " that finance accepted."
                }
            }
            @for (currency, tally) in money.all_of(Bucket::Suspect) {
                p {
                    "Apart from these, " (show::orders(tally.orders)) " with "
                    (show::money(&tally.sum, currency)) " whose findings are suspect."
                }
            }
            @if information > 0 {
                p { (show::orders(information)) " for information only, without money at risk." }
            }
        }
    }
}

/// A line of the bridge: its words, its sign, its figure, and whether it is a sum.
type Line = (String, &'static str, fn(&Bridge) -> Total, bool);

fn lines(night: &Night, before: &Before) -> [Line; 8] {
    let then = format!("At risk on {} (run {})", show::day(before.day), before.run_id);
    let now = format!("At risk on {} (run {})", show::day(night.summary.day), night.summary.run_id);
    let line = |words: &str| words.to_owned();
    [
        (then, "", |it| it.before, true),
        (line("new"), "+", |it| it.new, false),
        (line("back again: had ended, and came back"), "+", |it| it.back, false),
        (line("changed: another figure than then"), "±", |it| it.changed, false),
        (line("solved"), "−", |it| it.solved, false),
        (line("accepted by finance"), "−", |it| it.accepted, false),
        (line("not in this run"), "−", |it| it.not_in_run, false),
        (now, "=", |it| it.now, true),
    ]
}

fn bridge(night: &Night, before: &Before, collected: &Collected) -> Markup {
    let bridge = &before.bridge;
    html! {
        @if bridge.is_empty() {
            p {
                "No money was at risk on " (show::day(before.day)) " (run " (before.run_id)
                "), and none is now."
            }
        } @else {
            div.wide {
                table.bridge {
                    caption { "From the run before to now" }
                    thead {
                        tr {
                            th scope="col" { "" span.hidden { "What changed" } }
                            @for currency in bridge.keys() {
                                th.number scope="col" { bdi { (show::currency_text(currency)) } }
                            }
                        }
                    }
                    tbody {
                        @for (words, sign, figure, is_sum) in lines(night, before) {
                            tr.total[is_sum] {
                                th scope="row" { span.sign { (sign) } " " (words) }
                                @for money in bridge.values() {
                                    @let value = figure(money);
                                    td.number {
                                        @if is_sum { (show::grouped(&value.to_string())) }
                                        @else { (show::sum(value)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        @for wrong in imbalances(before, collected) {
            p.alarm role="alert" {
                "The figures in " bdi { (show::currency_text(&wrong)) }
                " do not add up. Tell the operator before you use them."
            }
        }
    }
}

/// Currencies whose bridge does not add up, or ends at another sum than the orders on this page.
fn imbalances(before: &Before, collected: &Collected) -> BTreeSet<String> {
    let nothing = Bridge::default();
    let currencies = before.bridge.keys().map(String::as_str).chain(collected.money.currencies());
    let differs = |currency: &&str| {
        let it = before.bridge.get(*currency).unwrap_or(&nothing);
        let more: Total = [it.before, it.new, it.back, it.changed].into_iter().sum();
        let less: Total = [it.solved, it.accepted, it.not_in_run, it.now].into_iter().sum();
        more != less || it.now != collected.money.at_risk(currency).sum
    };
    currencies.filter(differs).map(str::to_owned).collect()
}
