//! Days on which banks or the merchant's shop are closed (contract, "Mismatches" and "Ledger":
//! `[calendar]`). Pure: dates and instants come in as values.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, de::Error};
use std::str::FromStr;

/// The `[calendar]` table of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Calendar {
    /// Days on which banks do not move money. Hours on these days do not count for the limits of
    /// payments that banks carry out.
    pub bank_closed: ClosedDays,
    /// Days on which the shop takes no orders. The ledger may have none of such a day.
    pub closed: ClosedDays,
}

/// Days that are closed, in the ledger's time zone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClosedDays(Vec<ClosedDay>);

/// One entry of [`ClosedDays`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClosedDay {
    /// `sun`: this day of each week.
    Weekly(Weekday),
    /// `2nd sat`: the weekday that is this one of its month, from 1.
    Monthly(u32, Weekday),
    /// `2026-01-26`.
    Date(NaiveDate),
}

const ORDINALS: [(&str, u32); 5] = [("1st", 1), ("2nd", 2), ("3rd", 3), ("4th", 4), ("5th", 5)];

impl ClosedDay {
    fn is(self, date: NaiveDate) -> bool {
        match self {
            ClosedDay::Weekly(weekday) => date.weekday() == weekday,
            ClosedDay::Monthly(number, weekday) => {
                date.weekday() == weekday && date.day0() / 7 + 1 == number
            }
            ClosedDay::Date(closed) => date == closed,
        }
    }
}

impl FromStr for ClosedDay {
    type Err = String;

    fn from_str(text: &str) -> Result<ClosedDay, String> {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let day = match words[..] {
            [word] => {
                let weekday = word.parse().ok().map(ClosedDay::Weekly);
                weekday.or_else(|| word.parse().ok().map(ClosedDay::Date))
            }
            [ordinal, weekday] => {
                let number = ORDINALS.iter().find(|(word, _)| *word == ordinal);
                number
                    .zip(weekday.parse().ok())
                    .map(|((_, number), weekday)| ClosedDay::Monthly(*number, weekday))
            }
            _ => None,
        };
        day.ok_or_else(|| {
            format!(
                "`{text}` is not a day: write a weekday (\"sun\"), a weekday of the month (\"2nd \
                 sat\") or a date (\"2026-01-26\")"
            )
        })
    }
}

impl<'de> Deserialize<'de> for ClosedDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ClosedDay, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for ClosedDays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ClosedDays, D::Error> {
        let days = ClosedDays(Vec::deserialize(deserializer)?);
        let mut weekdays = std::iter::successors(Some(Weekday::Mon), |day| Some(day.succ()));
        let is_weekly = |weekday| days.0.contains(&ClosedDay::Weekly(weekday));
        if weekdays.by_ref().take(7).all(is_weekly) {
            return Err(D::Error::custom(
                "all seven weekdays are closed: leave out those on which work is done",
            ));
        }
        Ok(days)
    }
}

impl ClosedDays {
    /// Whether no day is closed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last date among them, if any is a date.
    #[must_use]
    pub fn last_date(&self) -> Option<NaiveDate> {
        let date = |day: &ClosedDay| match day {
            ClosedDay::Date(date) => Some(*date),
            ClosedDay::Weekly(_) | ClosedDay::Monthly(..) => None,
        };
        self.0.iter().filter_map(date).max()
    }

    /// Whether this date is closed.
    #[must_use]
    pub fn is_closed(&self, date: NaiveDate) -> bool {
        self.0.iter().any(|day| day.is(date))
    }

    /// Whether more than `limit` has passed from one instant to the other. The hours of closed
    /// days, in this time zone, do not count.
    #[must_use]
    pub fn has_passed(
        &self,
        limit: TimeDelta,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        zone: Tz,
    ) -> bool {
        if self.is_empty() || to - from <= limit {
            return to - from > limit;
        }
        let mut counted = TimeDelta::zero();
        let mut at = from;
        while at < to && counted <= limit {
            let date = at.with_timezone(&zone).date_naive();
            let end = date.succ_opt().and_then(|next| start_of_day(next, zone));
            let end = end.map_or(to, |end| end.min(to));
            if !self.is_closed(date) {
                counted += end - at;
            }
            at = end;
        }
        counted > limit
    }
}

/// The first instant of a date. Where clocks were changed at midnight, it is the first one that
/// the date has for good.
fn start_of_day(date: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = date.and_time(NaiveTime::MIN);
    // A gap is at most a day long: Samoa left out 30 December 2011.
    (0..=100)
        .find_map(|quarters| {
            let time = midnight.checked_add_signed(TimeDelta::minutes(15 * quarters))?;
            zone.from_local_datetime(&time).latest()
        })
        .map(|start| start.to_utc())
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
