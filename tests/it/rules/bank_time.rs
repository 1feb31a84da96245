//! A plain reading of the contract's sentence on `[calendar] bank_closed`: "hours on days in
//! `[calendar] bank_closed` (weekdays, `2nd sat`, `4th sat`, dates; none by default) do not count".

#![expect(clippy::expect_used, reason = "a failed setup fails the test")]

use super::order::{Order, Terms};
use chrono::{DateTime, Datelike, NaiveDate};
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// Every zone changes its date, and its offset, at a full quarter of an hour.
const QUARTER_MS: i64 = 15 * 60_000;

impl Order {
    /// The age of the order without the hours of closed days, counted by quarters of an hour.
    pub fn bank_time_ms(&self) -> i64 {
        if self.terms.bank_closed.is_empty() || self.age_ms < 0 {
            return self.age_ms;
        }
        let mut days = Days::of(&self.terms);
        let (mut counted, mut at) = (0, self.now_ms - self.age_ms);
        while at < self.now_ms {
            let next = ((at.div_euclid(QUARTER_MS) + 1) * QUARTER_MS).min(self.now_ms);
            if !days.is_closed_at(at) {
                counted += next - at;
            }
            at = next;
        }
        counted
    }

    /// The same order, older by the hours of closed days.
    pub fn aged_in_bank_time(mut self) -> Order {
        let mut days = Days::of(&self.terms);
        let (mut left, mut at) = (self.age_ms, self.now_ms);
        while left > 0 {
            let before = (at - 1).div_euclid(QUARTER_MS) * QUARTER_MS;
            let step = if days.is_closed_at(before) { at - before } else { left.min(at - before) };
            if !days.is_closed_at(before) {
                left -= step;
            }
            at -= step;
        }
        self.age_ms = self.age_ms.max(self.now_ms - at);
        self
    }
}

/// The days of an order's calendar that were looked at.
struct Days {
    bank_closed: Vec<&'static str>,
    zone: Tz,
    looked_at: BTreeMap<NaiveDate, bool>,
}

impl Days {
    fn of(terms: &Terms) -> Days {
        Days {
            bank_closed: terms.bank_closed.clone(),
            zone: terms.zone.parse().expect("a zone"),
            looked_at: BTreeMap::new(),
        }
    }

    fn is_closed_at(&mut self, at_ms: i64) -> bool {
        let instant = DateTime::from_timestamp_millis(at_ms).expect("an instant");
        let date = instant.with_timezone(&self.zone).date_naive();
        let bank_closed = &self.bank_closed;
        *self.looked_at.entry(date).or_insert_with(|| {
            let weekday = date.format("%a").to_string().to_lowercase();
            let so_far = (1..=date.day()).filter_map(|day| date.with_day(day));
            let number = so_far.filter(|day| day.weekday() == date.weekday()).count();
            let suffix = ["", "st", "nd", "rd", "th", "th"][number];
            let names = [date.to_string(), format!("{number}{suffix} {weekday}"), weekday];
            names.iter().any(|name| bank_closed.contains(&name.as_str()))
        })
    }
}
