//! Dates as spreadsheets write them in text, where the order of day and month is the locale's.

use super::cell::Cell;
use chrono::{Datelike, NaiveDate, TimeDelta};

/// What tells the day from the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The year stands first, the month has a name, or there are points between.
    Clear,
    /// `26/11/2026`.
    DayFirst,
    /// `11/26/2026`.
    MonthFirst,
}

/// How dates are written, in chrono's words.
const FORMATS: [(&str, Order); 16] = [
    ("%Y-%m-%d", Order::Clear),
    ("%Y/%m/%d", Order::Clear),
    ("%Y.%m.%d", Order::Clear),
    // Where points are written, the day stands first.
    ("%d.%m.%Y", Order::Clear),
    ("%d.%m.%y", Order::Clear),
    ("%d %B %Y", Order::Clear),
    ("%d %B %y", Order::Clear),
    ("%B %d %Y", Order::Clear),
    ("%d/%m/%Y", Order::DayFirst),
    ("%d/%m/%y", Order::DayFirst),
    ("%d-%m-%Y", Order::DayFirst),
    ("%d-%m-%y", Order::DayFirst),
    ("%m/%d/%Y", Order::MonthFirst),
    ("%m/%d/%y", Order::MonthFirst),
    ("%m-%d-%Y", Order::MonthFirst),
    ("%m-%d-%y", Order::MonthFirst),
];

/// The first day of serial numbers, as spreadsheets count since 1900-03-01.
const SERIAL_ZERO: Option<NaiveDate> = NaiveDate::from_ymd_opt(1899, 12, 30);

/// Whether a decision can be about this day. It keeps other numbers from being read as dates.
fn is_plausible(date: NaiveDate) -> bool {
    (2000..2100).contains(&date.year())
}

/// Each date that a text may stand for, with what tells day from month. A midnight and the name of
/// the weekday are passed over.
pub(super) fn readings(text: &str) -> Vec<(Order, NaiveDate)> {
    let text = text.trim().trim_start_matches('\'');
    if text.is_empty() || text.len() > 60 {
        return Vec::new();
    }
    if let Some(date) = serial(text) {
        return vec![(Order::Clear, date)];
    }
    let text = without_midnight(text);
    let spaced = if text.chars().any(char::is_alphabetic) { spaced(text) } else { text.to_owned() };
    let mut found: Vec<(Order, NaiveDate)> = Vec::new();
    for (format, order) in FORMATS {
        // A year of two digits is not a year of four, and the other way round.
        let Ok(date) = NaiveDate::parse_from_str(&spaced, format) else { continue };
        if is_plausible(date) && !found.contains(&(order, date)) {
            found.push((order, date));
        }
    }
    found
}

/// Whether a text can stand for this date, in whatever order day and month are.
pub(crate) fn may_be(text: &str, date: NaiveDate) -> bool {
    readings(text).iter().any(|(_, reading)| *reading == date)
}

fn without_midnight(text: &str) -> &str {
    let time = ["T00:00:00", " 00:00:00", " 00:00", " 0:00", " 12:00:00 AM"];
    let text = text.strip_suffix('Z').unwrap_or(text);
    let text = text.strip_suffix(".000").unwrap_or(text);
    time.iter().find_map(|time| text.strip_suffix(time)).unwrap_or(text)
}

/// A date with a month's name with one space between its parts, without the weekday.
fn spaced(text: &str) -> String {
    const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let is_between = |it: char| it.is_whitespace() || matches!(it, ',' | '.' | '-' | '/');
    let is_weekday = |word: &str| {
        let start: String = word.chars().take(3).flat_map(char::to_lowercase).collect();
        WEEKDAYS.contains(&start.as_str())
    };
    let words = text.split(is_between).filter(|word| !word.is_empty() && !is_weekday(word));
    let words: Vec<&str> = words.collect();
    words.join(" ")
}

/// The day with this serial number.
fn serial(text: &str) -> Option<NaiveDate> {
    let (days, rest) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let is_number = days.len() == 5
        && [days, rest].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let days: i64 = if is_number { days.parse().ok()? } else { return None };
    SERIAL_ZERO?.checked_add_signed(TimeDelta::days(days)).filter(|date| is_plausible(*date))
}

/// What a cell of the column `until` holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Until {
    /// Nothing.
    Empty,
    /// One date.
    Date(NaiveDate),
    /// Day and month cannot be told apart.
    Either(NaiveDate, NaiveDate),
    /// It is not a date.
    Other(String),
}

/// Reads a cell of the column `until`. `known` are cells of the same row whose dates the program
/// wrote: they show in which order this file has day and month.
pub(super) fn until(cell: &Cell, known: &[(String, NaiveDate)]) -> Until {
    if cell.is_blank() {
        return Until::Empty;
    }
    if let Cell::Date(date) = cell {
        return if is_plausible(*date) { Until::Date(*date) } else { Until::Other(cell.shown()) };
    }
    let shown = cell.shown();
    let found = readings(&shown);
    match found.as_slice() {
        [] => Until::Other(shown),
        [(_, date)] => Until::Date(*date),
        [(_, one), rest @ ..] if rest.iter().all(|(_, other)| other == one) => Until::Date(*one),
        [(_, one), (_, other), ..] => {
            let order = order_of(&shown, known);
            let reading = found.iter().find(|(own, _)| Some(*own) == order);
            reading.map_or(Until::Either(*one, *other), |(_, date)| Until::Date(*date))
        }
    }
}

/// The order of day and month in cells of the same form, where these show it without contradiction.
fn order_of(shown: &str, known: &[(String, NaiveDate)]) -> Option<Order> {
    let form = |text: &str| text.contains('/');
    let mut order = None;
    for (text, date) in known.iter().filter(|(text, _)| form(text) == form(shown)) {
        let found = readings(text);
        let mut same = found.iter().filter(|(_, reading)| reading == date);
        if let (Some((found, _)), None) = (same.next(), same.next()) {
            if *found == Order::Clear {
                continue;
            }
            if order.is_some_and(|order| order != *found) {
                return None;
            }
            order = Some(*found);
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap_or_default()
    }

    #[test]
    fn dates_as_spreadsheets_write_them() {
        for text in [
            "2026-11-26",
            "2026-11-26T00:00:00",
            "2026-11-26 00:00:00",
            "2026/11/26",
            "26.11.2026",
            "26.11.26",
            "26/11/2026",
            "26-11-2026",
            "11/26/2026",
            "11/26/26",
            "26/11/26",
            "26-Nov-26",
            "26-Nov-2026",
            "26 November 2026",
            "Nov 26, 2026",
            "November 26, 2026",
            "Thursday, November 26, 2026",
            "Thu 26 Nov 2026",
            "46352",
            "46352.0",
            "'2026-11-26",
        ] {
            assert_eq!(until(&Cell::text(text), &[]), Until::Date(date("2026-11-26")), "{text}");
        }
        assert_eq!(until(&Cell::text("05.06.2026"), &[]), Until::Date(date("2026-06-05")));
        assert_eq!(until(&Cell::text("06/06/2026"), &[]), Until::Date(date("2026-06-06")));
        assert_eq!(until(&Cell::Empty, &[]), Until::Empty);
        assert_eq!(until(&Cell::text("  "), &[]), Until::Empty);
    }

    #[test]
    fn what_is_not_a_date_is_none() {
        for text in
            ["soon", "26-Nov", "31/11/2026", "2026-13-01", "26", "1.5", "99999", "26/11/1926"]
        {
            assert_eq!(until(&Cell::text(text), &[]), Until::Other(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn day_and_month_that_look_the_same_are_told_by_the_rows_own_dates() {
        let cell = Cell::text("05/06/2026");
        let (june, may) = (date("2026-06-05"), date("2026-05-06"));
        let known = |text: &str, day: &str| vec![(text.to_owned(), date(day))];
        assert_eq!(until(&cell, &[]), Until::Either(june, may));
        assert_eq!(until(&cell, &known("20/11/2026", "2026-11-20")), Until::Date(june));
        assert_eq!(until(&cell, &known("11/20/2026", "2026-11-20")), Until::Date(may));
        assert_eq!(until(&cell, &known("03/04/2026", "2026-03-04")), Until::Date(may));
        // Another form, or another date than the program wrote, shows nothing.
        assert_eq!(until(&cell, &known("2026-11-20", "2026-11-20")), Until::Either(june, may));
        assert_eq!(until(&cell, &known("20/11/2026", "2026-11-21")), Until::Either(june, may));
    }
}
