//! A configured date format (contract, "Ledger": `date_format`).

use chrono::format::{Fixed, Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use std::fmt::Write;

/// A strftime format that is known to read at least a date.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DateFormat {
    text: String,
    items: Vec<Item<'static>>,
    reads: Reads,
}

/// What a format reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    Date,
    LocalTime,
    Instant,
}

/// What a cell says, before the file's time zone is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// A day.
    Date(NaiveDate),
    /// A time without an offset.
    LocalTime(NaiveDateTime),
    /// A time with an offset.
    Instant(DateTime<FixedOffset>),
}

impl DateFormat {
    /// Checks a format by writing a known time with it and reading that back. Fails with what the
    /// format lacks.
    pub(crate) fn new(text: &str) -> Result<DateFormat, String> {
        let wrong = |what: &str| format!("date format {text:?} {what}");
        let items = StrftimeItems::new(text)
            .parse_to_owned()
            .map_err(|_| wrong("is not a strftime format; expected e.g. \"%d/%m/%Y %H:%M\""))?;
        if items.contains(&Item::Fixed(Fixed::TimezoneName)) {
            // chrono would skip the name, and with it the hours between two zones.
            return Err(wrong(
                "has %Z, a zone's name, which cannot be read; use %z or leave it out",
            ));
        }
        let sample = NaiveDate::from_ymd_opt(2026, 4, 10)
            .and_then(|date| date.and_hms_opt(23, 11, 26))
            .and_then(|time| time.and_local_timezone(FixedOffset::east_opt(19_800)?).single())
            .unwrap_or_default();
        let mut written = String::new();
        write!(written, "{}", sample.format_with_items(items.iter()))
            .map_err(|_| wrong("cannot be checked"))?;
        let mut parsed = Parsed::new();
        parse(&mut parsed, &written, items.iter())
            .map_err(|_| wrong("cannot read what it writes"))?;
        let reads = if parsed.timestamp().is_some() {
            Reads::Instant
        } else {
            if parsed.to_naive_date() != Ok(sample.date_naive()) {
                return Err(wrong("does not give a year, a month and a day"));
            }
            let has_hour = parsed.hour_div_12().or(parsed.hour_mod_12()).is_some();
            match (has_hour || parsed.minute().is_some(), parsed.offset().is_some()) {
                (true, _) if parsed.to_naive_time().is_err() => {
                    return Err(wrong("gives a time in part; expected e.g. \"%H:%M\""));
                }
                (true, true) => Reads::Instant,
                (true, false) => Reads::LocalTime,
                (false, true) => return Err(wrong("gives an offset (%z) without a time")),
                (false, false) => Reads::Date,
            }
        };
        Ok(DateFormat { text: text.to_owned(), items, reads })
    }

    /// The format's text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Reads one cell.
    pub(super) fn read(&self, cell: &str) -> Option<Written> {
        let mut parsed = Parsed::new();
        parse(&mut parsed, cell, self.items.iter()).ok()?;
        match self.reads {
            Reads::Date => parsed.to_naive_date().ok().map(Written::Date),
            Reads::LocalTime => {
                let time: NaiveTime = parsed.to_naive_time().ok()?;
                Some(Written::LocalTime(parsed.to_naive_date().ok()?.and_time(time)))
            }
            Reads::Instant => {
                // A timestamp has no offset of its own.
                parsed.offset().is_none().then(|| parsed.set_offset(0).ok()).flatten();
                parsed.to_datetime().ok().map(Written::Instant)
            }
        }
    }
}

impl<'de> Deserialize<'de> for DateFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DateFormat, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateFormat::new(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &str, cell: &str) -> Option<String> {
        let format = DateFormat::new(format).unwrap_or_else(|error| unreachable!("{error}"));
        format.read(cell).map(|written| match written {
            Written::Date(date) => date.to_string(),
            Written::LocalTime(time) => time.to_string(),
            Written::Instant(time) => time.to_rfc3339(),
        })
    }

    #[test]
    fn configured_formats_are_read() {
        for (format, cell, written) in [
            ("%d/%m/%Y", "10/04/2026", Some("2026-04-10")),
            ("%d/%m/%Y", "31/02/2026", None),
            ("%d/%m/%Y", "10/04/2026 11:11", None),
            ("%d/%m/%Y", "", None),
            ("%m/%d/%y", "4/10/26", Some("2026-04-10")),
            ("%Y%m%d", "20260410", Some("2026-04-10")),
            ("%d.%m.%Y %H:%M", "10.04.2026 11:11", Some("2026-04-10 11:11:00")),
            ("%b %d, %Y, %I:%M %p", "Apr 10, 2026, 11:11 PM", Some("2026-04-10 23:11:00")),
            (
                "%Y-%m-%d %H:%M:%S %z",
                "2026-04-10 11:11:26 +0530",
                Some("2026-04-10T11:11:26+05:30"),
            ),
            ("%d/%m/%Y %H:%M%:z", "10/04/2026 11:11-03:00", Some("2026-04-10T11:11:00-03:00")),
            ("%s", "1775799686", Some("2026-04-10T05:41:26+00:00")),
        ] {
            assert_eq!(read(format, cell).as_deref(), written, "{format} {cell}");
        }
    }

    #[test]
    fn formats_without_a_whole_date_are_refused() {
        for (format, words) in [
            ("", "does not give a year, a month and a day"),
            ("%H:%M", "does not give a year, a month and a day"),
            ("%d/%m", "does not give a year, a month and a day"),
            ("%d/%m/%Y %H", "gives a time in part"),
            ("%d/%m/%Y %I:%M", "gives a time in part"),
            ("%d/%m/%Y %z", "gives an offset (%z) without a time"),
            ("%d/%m/%Y %H:%M %Z", "has %Z"),
            ("%d/%Q/%Y", "is not a strftime format"),
            ("DD/MM/YYYY", "does not give a year, a month and a day"),
        ] {
            let error = DateFormat::new(format).err().unwrap_or_default();
            assert!(error.contains(words), "{format}: {error}");
        }
    }
}
