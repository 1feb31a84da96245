//! "Start here": a box for each who acts, with what to quote.

use super::collected::Collected;
use super::show;
use super::sums::ByCurrency;
use super::{MOST_ROWS, orders};
use crate::domain::amount::Amount;
use crate::domain::decision::Verdict;
use crate::domain::mismatch::NextStep;
use crate::domain::morning::OrderRow;
use crate::domain::text::Text;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// The largest orders that a box names.
const LARGEST: usize = 5;

/// One of the largest orders.
#[derive(Debug)]
struct Large {
    amount: Amount,
    id: String,
    anchor: Option<String>,
    why: &'static str,
}

/// Orders that one person has to act on.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) count: u64,
    money: ByCurrency<()>,
    /// By currency, the largest first.
    largest: BTreeMap<String, Vec<Large>>,
    /// One id a line.
    ids: String,
    shown_ids: u64,
}

/// The three boxes.
#[derive(Debug, Default)]
pub(super) struct Steps {
    gateway: Step,
    bookkeeping: Step,
    operator: Step,
}

impl Steps {
    /// Adds an order that is not accepted.
    pub(super) fn add(&mut self, row: &OrderRow, is_on_page: bool) {
        let step = match row.next_step {
            NextStep::Gateway => &mut self.gateway,
            NextStep::Bookkeeping => &mut self.bookkeeping,
            NextStep::Operator => &mut self.operator,
        };
        step.add(row, is_on_page);
    }

    pub(super) fn get(&self, step: NextStep) -> &Step {
        match step {
            NextStep::Gateway => &self.gateway,
            NextStep::Bookkeeping => &self.bookkeeping,
            NextStep::Operator => &self.operator,
        }
    }
}

/// What to quote: to the gateway its own id where there is one.
fn quoted(row: &OrderRow) -> &str {
    let payment_uid = row.payment.as_ref().and_then(|it| it.payment_uid.as_deref());
    match (row.next_step, payment_uid) {
        (NextStep::Gateway, Some(payment_uid)) => payment_uid,
        _ => &row.key.merchant_order_id,
    }
}

impl Step {
    fn add(&mut self, row: &OrderRow, is_on_page: bool) {
        self.count += 1;
        if self.shown_ids < MOST_ROWS {
            self.shown_ids += 1;
            self.ids.push_str(Text::own(quoted(row)).as_str());
            self.ids.push('\n');
        }
        if !row.place.bucket.is_at_risk() {
            return;
        }
        self.money.add((), &row.place);
        if !self.largest.contains_key(&row.place.currency) {
            self.largest.insert(row.place.currency.clone(), Vec::new());
        }
        let Some(largest) = self.largest.get_mut(&row.place.currency) else { return };
        let place = largest.partition_point(|large| large.amount >= row.place.amount);
        if place < LARGEST {
            let why = row.open_findings().next().map_or("", |it| orders::label(it.mismatch.kind));
            let anchor = is_on_page.then(|| show::order_anchor(&row.key));
            let (amount, id) = (row.place.amount, quoted(row).to_owned());
            largest.insert(place, Large { amount, id, anchor, why });
            largest.truncate(LARGEST);
        }
    }
}

/// The section.
pub(super) fn section(collected: &Collected, stem: &str) -> Markup {
    html! {
        section aria-labelledby="start" {
            h2 id="start" { "Start here: who has to act" }
            @if collected.open.count == 0 { p { "Nobody has to act." } }
            @else {
                div.boxes {
                    @for step in NextStep::ALL {
                        (person(*step, collected.steps.get(*step), stem))
                    }
                }
                p {
                    "To record a decision, open the workbook " (show::foreign(stem)) ".xlsx "
                    "beside this page, sheet Work. Write one of " (Verdict::words_to_choose())
                    " into the column decision; until, owner and note may stay empty. Save the "
                    "file. The CSV has the same columns. The next night reads either back."
                }
            }
        }
    }
}

fn person(next: NextStep, work: &Step, stem: &str) -> Markup {
    let (who, what, ids) = match next {
        NextStep::Gateway => (
            "Call the gateway's support",
            "They have to explain or correct it. Quote these ids.",
            "Payment ids to quote (the order id where the gateway gave none)",
        ),
        NextStep::Bookkeeping => (
            "Your own bookkeeping",
            "The ledger has to be corrected or explained.",
            "Order ids to look up in the ledger",
        ),
        NextStep::Operator => (
            "The operator of this program",
            "The check itself, its settings or a notification needs attention.",
            "Order ids for the operator",
        ),
    };
    let list = format!("ids-{next}");
    let sums = work.money.all_of(()).map(|(currency, tally)| (currency, tally.sum));
    html! {
        article.step {
            h3 { (who) }
            @if work.count == 0 { p.none { "Nothing." } }
            @else {
                p.figure {
                    strong { (show::orders(work.count)) }
                    @for (currency, sum) in sums { " · " (show::money(&sum, currency)) }
                }
                p { (what) }
                (largest(work))
                details {
                    summary {
                        (ids) ": " (show::count(work.shown_ids))
                        @if work.shown_ids < work.count { " of " (show::count(work.count)) }
                    }
                    (show::rest(work.shown_ids, work.count, "ids", stem))
                    pre id=(list) tabindex="0" { (work.ids.trim_end()) }
                }
            }
        }
    }
}

fn largest(step: &Step) -> Markup {
    html! {
        @for (currency, largest) in &step.largest {
            table.largest {
                caption { "The largest in " bdi { (show::currency_text(currency)) } }
                thead.hidden {
                    tr {
                        th scope="col" { "Id to quote, and what" }
                        th scope="col" { "At risk" }
                    }
                }
                tbody {
                    @for large in largest {
                        tr {
                            th scope="row" {
                                @if let Some(anchor) = &large.anchor {
                                    a href={ "#" (anchor) } { (show::id(&large.id)) }
                                } @else { (show::id(&large.id)) }
                                small { (large.why) }
                            }
                            td.number { (show::grouped(&large.amount.to_string())) }
                        }
                    }
                }
            }
        }
    }
}
