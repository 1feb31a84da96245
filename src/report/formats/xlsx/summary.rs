//! The sheet Summary: the night in one sentence, and figures that add up.

use super::book::{Book, Tab};
use crate::domain::amount::Total;
use crate::domain::mismatch::{Kind, NextStep};
use crate::domain::money::Bucket;
use crate::domain::morning::{Cause, Night};
use crate::domain::run::add_to;
use crate::domain::text::Text;
use crate::report::formats::Part;
use rust_xlsxwriter::XlsxError;
use std::collections::BTreeMap;

type Written = Result<(), XlsxError>;

/// The buckets in the order of the columns.
const BUCKETS: [Bucket; 6] = [
    Bucket::AgainstUs,
    Bucket::InOurFavour,
    Bucket::InDoubt,
    Bucket::Unverified,
    Bucket::Accepted,
    Bucket::Suspect,
];

/// The headings of the columns whose cells are text.
const TEXT_COLUMNS: [&str; 2] = ["currency", "some order ids"];
/// Characters that fit over the columns to the right of the first.
const LONGEST_LINE: usize = 110;

/// What is counted while the parts go by.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Orders and money at risk by who acts, without those whose findings are all accepted.
    steps: BTreeMap<NextStep, (u64, BTreeMap<String, Total>)>,
    /// Money by currency and bucket.
    money: BTreeMap<String, BTreeMap<Bucket, Total>>,
    /// Orders with findings by currency.
    orders: BTreeMap<String, u64>,
    /// Findings by kind: those to work on, and the accepted ones.
    kinds: BTreeMap<Kind, (u64, u64)>,
    causes: Vec<Cause>,
    solved: u64,
}

impl Counts {
    pub(super) fn add(&mut self, part: Part) {
        match part {
            Part::Finding(finding) => {
                let (open, accepted) = self.kinds.entry(finding.mismatch.kind).or_default();
                *if finding.decision.is_accepted() { accepted } else { open } += 1;
            }
            Part::Order(order) => {
                let place = &order.place;
                let buckets = self.money.entry(place.currency.clone()).or_default();
                buckets.entry(place.bucket).or_default().add(place.amount);
                *self.orders.entry(place.currency.clone()).or_default() += 1;
                if order.open_findings().next().is_some() {
                    let (orders, sums) = self.steps.entry(order.next_step).or_default();
                    *orders += 1;
                    if place.bucket.is_at_risk() {
                        add_to(sums, &place.currency, place.amount);
                    }
                }
            }
            Part::Cause(cause) => self.causes.push(cause.clone()),
            Part::Solved(_) => self.solved += 1,
            Part::Taken(_) | Part::Invalid(_) => {}
        }
    }

    fn open_orders(&self) -> u64 {
        self.steps.values().map(|(orders, _)| orders).sum()
    }
}

pub(super) fn write(book: &mut Book, night: &Night, counts: &Counts) -> Written {
    head(book, night, counts)?;
    warnings(book, night)?;
    money(book, counts)?;
    bridge(book, night)?;
    steps(book, counts)?;
    outcomes(book, night, counts)?;
    causes(book, counts)
}

/// The night in one sentence.
fn verdict(night: &Night, counts: &Counts) -> String {
    let (orders, open) = (&night.summary.figures.orders, counts.open_orders());
    let (selected, unverified) = (orders.selected, orders.unverified);
    if unverified > 0 {
        return format!(
            "INCOMPLETE: {unverified} of {selected} orders got no trustworthy answer; \
             {open} orders are in Work."
        );
    }
    if open > 0 {
        return format!("Complete: {open} of {selected} orders are to be worked on.");
    }
    if orders.mismatched > 0 {
        return format!("Complete: all findings of {selected} orders are accepted.");
    }
    if orders.in_transit > 0 {
        return format!("Complete: nothing to report of {selected} orders.");
    }
    format!("All {selected} orders agree.")
}

fn head(book: &mut Book, night: &Night, counts: &Counts) -> Written {
    let run = &night.summary;
    let mut row = book.row(Tab::Summary)?;
    row.title(&verdict(night, counts))?;
    let local = night.judged_at.with_timezone(&night.zone);
    let range = match (run.from, run.to) {
        (Some(from), Some(to)) => format!("{from} to {to}"),
        _ => "none".to_owned(),
    };
    for (label, value) in [
        ("Night", run.day.to_string()),
        ("Run", run.run_id.to_string()),
        ("Merchant", night.merchant_uid.clone().unwrap_or_else(|| "not set".to_owned())),
        ("Judged at, local time", format!("{} {}", local.format("%Y-%m-%d %H:%M"), night.zone)),
        ("Order dates", range),
    ] {
        let mut row = book.row(Tab::Summary)?;
        row.strong(label)?;
        row.id(Text::id(&value).as_str())?;
    }
    Ok(())
}

fn warnings(book: &mut Book, night: &Night) -> Written {
    section(book, "Warnings", &[])?;
    for warning in &night.summary.warnings {
        let mut row = book.row(Tab::Summary)?;
        row.strong(Text::own(&warning.code).as_str())?;
        // No cells are merged, so a long text goes on in the next row.
        for (number, line) in lines(Text::own(&warning.text).as_str()).iter().enumerate() {
            if number > 0 {
                row = book.row(Tab::Summary)?;
                row.skip();
            }
            row.text(line)?;
        }
    }
    if night.summary.warnings.is_empty() {
        book.row(Tab::Summary)?.text("none")?;
    }
    if book.rows_left(Tab::Findings) == 0 {
        book.row(Tab::Summary)?
            .strong("The sheet Findings is full. The CSV report has all findings.")?;
    }
    Ok(())
}

/// A text in lines that fit over the columns to the right of the first.
fn lines(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && line.chars().count() + word.chars().count() > LONGEST_LINE {
            lines.push(word.to_owned());
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}

fn money(book: &mut Book, counts: &Counts) -> Written {
    let columns = [
        "orders",
        "against us",
        "in our favour",
        "in doubt",
        "unverified",
        "at risk (the four)",
        "accepted, apart",
        "suspect, apart",
    ];
    section(book, "Money, each order once", &columns)?;
    for (currency, buckets) in &counts.money {
        let of = |bucket| buckets.get(&bucket).copied().unwrap_or_default();
        let mut row = book.row(Tab::Summary)?;
        row.strong(Text::foreign(currency).as_str())?;
        row.integer(counts.orders.get(currency).copied().unwrap_or_default())?;
        for bucket in BUCKETS {
            if bucket == Bucket::Accepted {
                let sum: Total = Bucket::AT_RISK.into_iter().map(of).sum();
                row.money(Some(sum), currency)?;
            }
            row.money(Some(of(bucket)), currency)?;
        }
    }
    Ok(())
}

fn bridge(book: &mut Book, night: &Night) -> Written {
    let Some(before) = &night.before else { return Ok(()) };
    let title = format!("At risk since run {} of {}", before.run_id, before.day);
    let columns = [
        "before",
        "+ new",
        "+ back",
        "± changed",
        "− solved",
        "− accepted",
        "− not in run",
        "= now",
    ];
    section(book, &title, &columns)?;
    for (currency, bridge) in &before.bridge {
        let mut row = book.row(Tab::Summary)?;
        row.strong(Text::foreign(currency).as_str())?;
        for total in [
            bridge.before,
            bridge.new,
            bridge.back,
            bridge.changed,
            bridge.solved,
            bridge.accepted,
            bridge.not_in_run,
            bridge.now,
        ] {
            row.money(Some(total), currency)?;
        }
    }
    let orders = &before.orders;
    section(book, "Orders since then", &[])?;
    for (label, count) in [
        ("new", orders.new),
        ("back", orders.back),
        ("worse", orders.worse),
        ("unchanged or better", orders.unchanged),
        ("solved", orders.solved),
        ("accepted", orders.accepted),
    ] {
        count_row(book, label, count)?;
    }
    Ok(())
}

fn steps(book: &mut Book, counts: &Counts) -> Written {
    section(book, "Who acts", &["orders", "currency", "at risk"])?;
    for (step, (orders, sums)) in &counts.steps {
        let mut row = book.row(Tab::Summary)?;
        row.strong(step.as_str())?;
        row.integer(*orders)?;
        for (number, (currency, sum)) in sums.iter().enumerate() {
            if number > 0 {
                row = book.row(Tab::Summary)?;
                row.skip();
                row.skip();
            }
            row.text(Text::foreign(currency).as_str())?;
            row.money(Some(sum), currency)?;
        }
    }
    Ok(())
}

fn outcomes(book: &mut Book, night: &Night, counts: &Counts) -> Written {
    let orders = &night.summary.figures.orders;
    section(book, "Orders by outcome", &["orders"])?;
    for (label, count) in [
        ("matched", orders.matched),
        ("in_transit", orders.in_transit),
        ("mismatched", orders.mismatched),
        ("unverified", orders.unverified),
        ("selected: the sum", orders.selected),
    ] {
        count_row(book, label, count)?;
    }
    section(book, "Findings by kind", &["to work on", "accepted"])?;
    for (kind, (open, accepted)) in &counts.kinds {
        let mut row = book.row(Tab::Summary)?;
        row.strong(kind.as_str())?;
        row.integer(*open)?;
        row.integer(*accepted)?;
    }
    section(book, "Solved since the run before", &["orders"])?;
    count_row(book, "orders without any finding left", counts.solved)
}

fn causes(book: &mut Book, counts: &Counts) -> Written {
    if counts.causes.is_empty() {
        return Ok(());
    }
    section(book, "Causes", &["orders", "currency", "at risk", "some order ids"])?;
    for cause in &counts.causes {
        let mut row = book.row(Tab::Summary)?;
        row.strong(cause.what.as_str())?;
        row.integer(cause.orders)?;
        let mut sums = cause.sums.iter();
        if let Some((currency, sum)) = sums.next() {
            row.text(Text::foreign(currency).as_str())?;
            row.money(Some(sum), currency)?;
        } else {
            row.skip();
            row.skip();
        }
        row.id(&cause.examples.join(" "))?;
        row.end()?;
        for (currency, sum) in sums {
            let mut row = book.row(Tab::Summary)?;
            row.skip();
            row.skip();
            row.text(Text::foreign(currency).as_str())?;
            row.money(Some(sum), currency)?;
        }
    }
    Ok(())
}

fn count_row(book: &mut Book, label: &str, count: u64) -> Written {
    let mut row = book.row(Tab::Summary)?;
    row.strong(label)?;
    row.integer(count)
}

fn section(book: &mut Book, title: &str, columns: &[&str]) -> Written {
    book.row(Tab::Summary)?;
    let mut row = book.row(Tab::Summary)?;
    row.styled(title, &row.styles.header)?;
    for column in columns {
        let is_text = TEXT_COLUMNS.contains(column);
        row.styled(column, if is_text { &row.styles.header } else { &row.styles.number_header })?;
    }
    Ok(())
}
