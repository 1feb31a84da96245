//! Causes: one thing that explains several findings, such as a percentage by which the gateway
//! settled short, a fail reason or an hour. Pure.
//!
//! The cause that explains the largest sum comes first. An order is explained once, so that the
//! sums of the causes add up to at most the sum at risk. Sums of different currencies cannot be
//! added, so causes are compared by the shares that they have of each currency's sum, then by
//! orders. The order in which findings come does not matter.

mod clue;
mod surprise;

use crate::domain::amount::{Amount, Total};
use crate::domain::mismatch::ReportRow;
use crate::domain::money::Place;
use crate::domain::morning::{self, Cause};
use crate::domain::order::OrderKey;
use crate::domain::text::Text;
use clue::Clue;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The most causes that are searched for. Further ones would be small.
const MOST_CAUSES: usize = 20;
/// The most orders that a cause names.
const EXAMPLES: usize = 5;

/// What the findings of a run have in common. It is small: some hundred bytes a finding.
#[derive(Debug, Default)]
pub struct Clues {
    orders: HashMap<OrderKey, u32>,
    /// By the numbers of `orders`.
    facts: Vec<Facts>,
    /// The numbers of the orders that have the clue.
    by_clue: HashMap<Clue, Vec<u32>>,
    /// The seconds of the day at which orders were created; only the first few.
    times_of_day: HashSet<i64>,
}

/// An order's place in the money.
#[derive(Debug, Clone)]
struct Facts {
    /// Zero if its money is not at risk.
    amount: Amount,
    currency: String,
}

impl Clues {
    /// Adds a finding, and the place of its order. An accepted finding needs no cause: it is left
    /// out.
    pub fn add(&mut self, finding: &ReportRow, place: &Place) {
        if finding.decision.is_accepted() {
            return;
        }
        let Ok(next) = u32::try_from(self.facts.len()) else { return };
        let order = if let Some(order) = self.orders.get(&finding.key) {
            *order
        } else {
            self.orders.insert(finding.key.clone(), next);
            let amount = morning::at_risk(place).map_or(Amount::ZERO, |(_, amount)| amount);
            self.facts.push(Facts { amount, currency: place.currency.clone() });
            self.note_time(finding);
            self.note(clue::clues_of_order(finding), next);
            next
        };
        self.note(clue::clues(finding), order);
    }

    fn note(&mut self, clues: Vec<Clue>, order: u32) {
        for clue in clues {
            self.by_clue.entry(clue).or_default().push(order);
        }
    }

    fn note_time(&mut self, finding: &ReportRow) {
        const ENOUGH: usize = 3;
        const DAY: i64 = 86_400;
        if let Some(entry) = finding.entry.as_ref().filter(|_| self.times_of_day.len() < ENOUGH) {
            self.times_of_day.insert(entry.created_at.ages_from.timestamp().rem_euclid(DAY));
        }
    }

    /// Whether the ledger gives times. Without them all orders of a day are created at its end,
    /// which is one time of day, or two where summer time begins or ends.
    fn has_times(&self) -> bool {
        self.times_of_day.len() > 2
    }

    /// The causes, the one that explains most first. At most 20.
    #[must_use]
    pub fn causes(&self) -> Vec<Cause> {
        let mut search = Search::of(self);
        std::iter::from_fn(|| search.next_cause()).take(MOST_CAUSES).collect()
    }
}

/// The orders that are not explained yet.
struct Search<'a> {
    facts: &'a [Facts],
    ids: Vec<&'a str>,
    /// Sorted by clue.
    clues: Vec<(&'a Clue, &'a [u32])>,
    is_explained: Vec<bool>,
    /// The sum at risk of each currency.
    totals: BTreeMap<&'a str, i128>,
}

impl<'a> Search<'a> {
    fn of(found: &'a Clues) -> Search<'a> {
        let has_times = found.has_times();
        let is_used = |clue: &Clue| has_times || !matches!(clue, Clue::Hour(_));
        let mut clues: Vec<(&Clue, &[u32])> = found
            .by_clue
            .iter()
            .filter(|(clue, _)| is_used(clue))
            .map(|(clue, orders)| (clue, orders.as_slice()))
            .collect();
        clues.sort_unstable();
        let mut ids: Vec<(u32, &str)> = found
            .orders
            .iter()
            .map(|(key, order)| (*order, key.merchant_order_id.as_str()))
            .collect();
        ids.sort_unstable();
        let mut totals = BTreeMap::new();
        for facts in &found.facts {
            *totals.entry(facts.currency.as_str()).or_default() +=
                i128::from(facts.amount.micros());
        }
        Search {
            facts: &found.facts,
            ids: ids.into_iter().map(|(_, id)| id).collect(),
            clues,
            is_explained: vec![false; found.facts.len()],
            totals,
        }
    }

    /// The orders of a clue that are not explained yet.
    fn open(&self, orders: &'a [u32]) -> impl Iterator<Item = usize> {
        let numbers = orders.iter().filter_map(|order| usize::try_from(*order).ok());
        numbers.filter(|order| self.is_explained.get(*order) == Some(&false))
    }

    /// The sums of these orders, by currency.
    fn sums(&self, orders: impl Iterator<Item = usize>) -> BTreeMap<&'a str, i128> {
        let mut sums = BTreeMap::new();
        for facts in orders.filter_map(|order| self.facts.get(order)) {
            *sums.entry(facts.currency.as_str()).or_default() += i128::from(facts.amount.micros());
        }
        sums
    }

    /// The shares of each currency's sum, added up, in millionths.
    fn share(&self, orders: impl Iterator<Item = usize>) -> i128 {
        let sums = self.sums(orders);
        sums.iter()
            .map(|(currency, sum)| {
                let total = self.totals.get(currency).copied().unwrap_or_default();
                if total == 0 { 0 } else { sum * 1_000_000 / total }
            })
            .sum()
    }

    fn next_cause(&mut self) -> Option<Cause> {
        let mut counted = Vec::with_capacity(self.clues.len());
        let mut orders_of = Vec::with_capacity(self.clues.len());
        for (clue, orders) in &self.clues {
            let count = u64::try_from(self.open(orders).count()).unwrap_or(u64::MAX);
            if count > 0 {
                counted.push((*clue, count));
                orders_of.push(*orders);
            }
        }
        let candidates = surprise::surprising(&counted).into_iter().filter_map(|index| {
            let ((clue, count), orders) = (*counted.get(index)?, *orders_of.get(index)?);
            Some((self.share(self.open(orders)), count, clue, orders))
        });
        // Of equal ones the first clue: its kind is the most exact.
        let (_, _, clue, orders) = candidates.max_by(|(share, count, clue, _), other| {
            (share, count).cmp(&(&other.0, &other.1)).then(other.2.cmp(clue))
        })?;
        let explained: BTreeSet<usize> = self.open(orders).collect();
        let cause = self.cause(clue, &explained);
        for order in explained {
            if let Some(is_explained) = self.is_explained.get_mut(order) {
                *is_explained = true;
            }
        }
        Some(cause)
    }

    fn cause(&self, clue: &Clue, orders: &BTreeSet<usize>) -> Cause {
        let mut sums: BTreeMap<String, Total> = BTreeMap::new();
        let mut largest = Vec::with_capacity(orders.len());
        for order in orders {
            let (Some(facts), Some(id)) = (self.facts.get(*order), self.ids.get(*order)) else {
                continue;
            };
            sums.entry(facts.currency.clone()).or_default().add(facts.amount);
            largest.push((std::cmp::Reverse(facts.amount), *id));
        }
        largest.sort_unstable();
        Cause {
            what: Text::own(&clue.in_words()),
            orders: u64::try_from(orders.len()).unwrap_or(u64::MAX),
            sums,
            examples: largest.into_iter().take(EXAMPLES).map(|(_, id)| id.to_owned()).collect(),
        }
    }
}
