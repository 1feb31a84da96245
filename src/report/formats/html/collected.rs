//! What the page keeps of the parts of a report: sums over all of them, and the first of each list
//! as they will be shown.

use super::super::Part;
use super::ageing::Age;
use super::sums::ByCurrency;
use super::{MOST_ROWS, lists, orders, start_here, trend};
use crate::domain::mismatch::Kind;
use crate::domain::money::Bucket;
use crate::domain::morning::{Cause, OrderRow};
use chrono::NaiveDate;
use maud::Render;

/// A list that is bounded: the first rows as they will be shown, and the number of all.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// All rows.
    pub(super) count: u64,
    /// Those that are shown.
    pub(super) shown: u64,
    /// Those that are shown, rendered.
    pub(super) markup: String,
}

impl Rows {
    /// Counts a row, and renders it while there is room.
    fn add<Row: Render>(&mut self, row: impl FnOnce() -> Row) {
        self.count += 1;
        if self.shown < MOST_ROWS {
            self.shown += 1;
            row().render_to(&mut self.markup);
        }
    }
}

/// The oldest order that is not accepted.
#[derive(Debug, Clone)]
pub(super) struct Oldest {
    pub(super) merchant_order_id: String,
    pub(super) days: i64,
    /// Where it is on the page, if it is there.
    pub(super) anchor: Option<String>,
}

/// What was collected.
#[derive(Debug)]
pub(super) struct Collected {
    day: NaiveDate,
    /// All orders with findings.
    pub(super) money: ByCurrency<Bucket>,
    /// Orders with a finding that is not accepted.
    pub(super) open: Rows,
    /// Of these, orders with a trustworthy answer: the sentence names the others apart.
    pub(super) disagreeing: u64,
    /// Orders whose findings are all accepted.
    pub(super) accepted: Rows,
    /// Findings that are not accepted.
    pub(super) findings: u64,
    pub(super) steps: start_here::Steps,
    /// Orders at risk by age.
    pub(super) ages: ByCurrency<Age>,
    pub(super) past_due: ByCurrency<()>,
    pub(super) past_due_rows: Rows,
    pub(super) oldest: Option<Oldest>,
    pub(super) causes: Vec<Cause>,
    pub(super) cause_count: u64,
    pub(super) solved: Rows,
    pub(super) solved_money: ByCurrency<()>,
    pub(super) taken: Rows,
    pub(super) refused: Rows,
    /// Invalid ledger rows by reason.
    pub(super) invalid: lists::InvalidRows,
}

impl Collected {
    pub(super) fn new(day: NaiveDate) -> Collected {
        Collected {
            day,
            money: ByCurrency::default(),
            open: Rows::default(),
            disagreeing: 0,
            accepted: Rows::default(),
            findings: 0,
            steps: start_here::Steps::default(),
            ages: ByCurrency::default(),
            past_due: ByCurrency::default(),
            past_due_rows: Rows::default(),
            oldest: None,
            causes: Vec::new(),
            cause_count: 0,
            solved: Rows::default(),
            solved_money: ByCurrency::default(),
            taken: Rows::default(),
            refused: Rows::default(),
            invalid: lists::InvalidRows::default(),
        }
    }

    /// Adds a part.
    pub(super) fn add(&mut self, part: Part) {
        match part {
            // The orders have them.
            Part::Finding(_) => {}
            Part::Order(row) => self.order(row),
            Part::Cause(cause) => {
                self.cause_count += 1;
                if self.causes.len() < trend::MOST_CAUSES {
                    self.causes.push(cause.clone());
                }
            }
            Part::Solved(row) => {
                self.solved_money.add((), &row.place);
                self.solved.add(|| lists::solved_row(row));
            }
            Part::Taken(event) if lists::is_refused(event) => {
                self.refused.add(|| lists::refused_row(event));
            }
            Part::Taken(event) => self.taken.add(|| lists::taken_row(event)),
            Part::Invalid(row) => self.invalid.add(row),
        }
    }

    fn order(&mut self, row: &OrderRow) {
        self.money.add(row.place.bucket, &row.place);
        if row.severity.is_none() {
            self.accepted.add(|| orders::row(row, self.day));
            return;
        }
        self.open.add(|| orders::row(row, self.day));
        let is_on_page = self.open.count <= MOST_ROWS;
        self.findings += u64::try_from(row.open_findings().count()).unwrap_or(u64::MAX);
        let is_answered = row.findings.iter().all(|it| it.mismatch.kind != Kind::Unverified);
        self.disagreeing += u64::from(is_answered);
        self.steps.add(row, is_on_page);
        self.ages.add(Age::of(row.open_days), &row.place);
        if row.is_past_due(self.day) {
            self.past_due.add((), &row.place);
            self.past_due_rows.add(|| super::ageing::past_due_row(row, is_on_page));
        }
        if self.oldest.as_ref().is_none_or(|oldest| oldest.days < row.open_days) {
            self.oldest = Some(Oldest {
                merchant_order_id: row.key.merchant_order_id.clone(),
                days: row.open_days,
                anchor: is_on_page.then(|| super::show::order_anchor(&row.key)),
            });
        }
    }
}
