//! Counts and sums by currency, added up order by order.

use crate::domain::amount::{Amount, Total};
use crate::domain::money::{Bucket, Place};
use std::collections::BTreeMap;

/// Orders and their money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    /// Orders.
    pub(super) orders: u64,
    /// Their figures.
    pub(super) sum: Total,
}

impl Tally {
    /// Adds an order.
    pub(super) fn add(&mut self, amount: Amount) {
        self.orders += 1;
        self.sum.add(amount);
    }
}

/// Tallies by currency and by something else: bucket, age or next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ByCurrency<By> {
    tallies: BTreeMap<String, BTreeMap<By, Tally>>,
}

impl<By> Default for ByCurrency<By> {
    fn default() -> Self {
        ByCurrency { tallies: BTreeMap::new() }
    }
}

impl<By: Ord + Copy> ByCurrency<By> {
    /// Adds an order.
    pub(super) fn add(&mut self, by: By, place: &Place) {
        if !self.tallies.contains_key(&place.currency) {
            self.tallies.insert(place.currency.clone(), BTreeMap::new());
        }
        if let Some(tallies) = self.tallies.get_mut(&place.currency) {
            tallies.entry(by).or_default().add(place.amount);
        }
    }

    /// The currencies, sorted.
    pub(super) fn currencies(&self) -> impl Iterator<Item = &str> {
        self.tallies.keys().map(String::as_str)
    }

    /// One tally; nothing where there is none.
    pub(super) fn get(&self, currency: &str, by: By) -> Tally {
        self.tallies.get(currency).and_then(|it| it.get(&by)).copied().unwrap_or_default()
    }

    /// The tallies of one thing by currency, those without an order left out.
    pub(super) fn all_of(&self, by: By) -> impl Iterator<Item = (&str, Tally)> {
        let has_orders = |(_, tally): &(&str, Tally)| tally.orders > 0;
        self.currencies().map(move |it| (it, self.get(it, by))).filter(has_orders)
    }

    /// Orders of one thing in all currencies.
    pub(super) fn orders(&self, by: By) -> u64 {
        self.all_of(by).map(|(_, tally)| tally.orders).sum()
    }
}

impl ByCurrency<Bucket> {
    /// The orders at risk of one currency and their sum.
    pub(super) fn at_risk(&self, currency: &str) -> Tally {
        let tallies = Bucket::AT_RISK.map(|bucket| self.get(currency, bucket));
        Tally {
            orders: tallies.iter().map(|it| it.orders).sum(),
            sum: tallies.iter().map(|it| it.sum).sum(),
        }
    }
}
