//! A configured date format (contract, "Ledger": `date_format`).

use super::spelling::{as_strftime, zone_in};
use chrono::format::{Fixed, Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt::{self, Write};

/// A strftime format that is known to read at least a date, or `epoch` or `epoch_ms`.
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
    /// Seconds since 1970, or milliseconds.
    Epoch {
        milliseconds: bool,
    },
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

impl Written {
    /// Whether its year is no likely mistake.
    pub(super) fn is_of_this_century(&self) -> bool {
        let year = match self {
            Written::Date(date) => date.year(),
            Written::LocalTime(time) => time.year(),
            Written::Instant(time) => time.year(),
        };
        (2000..=2100).contains(&year)
    }
}

impl DateFormat {
    /// Checks a format by writing a known time with it and reading that back. Fails with what the
    /// format lacks.
    pub(crate) fn new(text: &str) -> Result<DateFormat, String> {
        let wrong = |what: &str| format!("date format {text:?} {what}");
        if let "epoch" | "epoch_ms" = text {
            let reads = Reads::Epoch { milliseconds: text == "epoch_ms" };
            return Ok(DateFormat { text: text.to_owned(), items: Vec::new(), reads });
        }
        if let Some(meant) = as_strftime(text).filter(|meant| meant.contains('%'))
            && DateFormat::new(&meant).is_ok()
        {
            return Err(wrong(&format!("is not written as strftime has it: write {meant:?}")));
        }
        let mut items = StrftimeItems::new(text)
            .parse_to_owned()
            .map_err(|_| wrong("is not a strftime format; expected e.g. \"%d/%m/%Y %H:%M\""))?;
        if let Some(zone) = zone_in(&items) {
            return Err(wrong(&zone_hint(text, &zone)));
        }
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
        // An offset is read as in the usual formats: hours alone and Z count.
        for item in &mut items {
            if let Item::Fixed(Fixed::TimezoneOffset | Fixed::TimezoneOffsetColon) = item {
                *item = permissive_offset();
            }
        }
        Ok(DateFormat { text: text.to_owned(), items, reads })
    }

    /// The format's text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it reads this cell.
    pub(crate) fn reads(&self, cell: &str) -> bool {
        self.read(cell.trim()).is_some()
    }

    /// Reads one cell.
    pub(super) fn read(&self, cell: &str) -> Option<Written> {
        if let Reads::Epoch { milliseconds } = self.reads {
            return epoch(cell, milliseconds).map(Written::Instant);
        }
        let cell = match self.reads {
            Reads::Instant => with_offset_in_digits(cell),
            _ => Cow::Borrowed(cell),
        };
        let mut parsed = Parsed::new();
        parse(&mut parsed, &cell, self.items.iter()).ok()?;
        match self.reads {
            Reads::Date => parsed.to_naive_date().ok().map(Written::Date),
            Reads::LocalTime => {
                let time: NaiveTime = parsed.to_naive_time().ok()?;
                Some(Written::LocalTime(parsed.to_naive_date().ok()?.and_time(time)))
            }
            Reads::Instant | Reads::Epoch { .. } => {
                // A timestamp has no offset of its own.
                parsed.offset().is_none().then(|| parsed.set_offset(0).ok()).flatten();
                let read = parsed.to_datetime().ok().map(Written::Instant)?;
                // The farthest clocks of the world are 14 hours ahead.
                parsed.offset().is_none_or(|offset| offset.abs() <= 14 * 3600).then_some(read)
            }
        }
    }
}

/// `%#z`: an offset whose minutes may be missing, or `Z`. chrono can read it, but not write it.
fn permissive_offset() -> Item<'static> {
    StrftimeItems::new("%#z").next().unwrap_or(Item::Fixed(Fixed::TimezoneOffset))
}

/// The cell with `UTC` or `GMT` as an offset in digits. Other zone words are not read.
fn with_offset_in_digits(cell: &str) -> Cow<'_, str> {
    for word in ["UTC", "GMT"] {
        if let Some(before) = cell.strip_suffix(word) {
            return Cow::Owned(format!("{before}+00:00"));
        }
    }
    Cow::Borrowed(cell)
}

/// Digits since 1970, in UTC.
fn epoch(cell: &str, milliseconds: bool) -> Option<DateTime<FixedOffset>> {
    if cell.is_empty() || !cell.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = cell.parse().ok()?;
    let time: Option<DateTime<Utc>> = if milliseconds {
        DateTime::from_timestamp_millis(number)
    } else {
        DateTime::from_timestamp(number, 0)
    };
    time.map(|time| time.fixed_offset())
}

/// What to write instead of a zone in a format.
fn zone_hint(format: &str, zone: &str) -> String {
    let is_read = zone.starts_with(['+', '-']) || ["Z", "UTC", "GMT"].contains(&zone);
    if is_read {
        let meant = match format.rsplit_once(zone) {
            Some((before, after)) => format!("{before}%z{after}"),
            None => "%z".to_owned(),
        };
        format!(
            "has the zone {zone}, which would be skipped; write {meant:?}: %z reads +05:30, +00, \
             Z, UTC and GMT"
        )
    } else {
        format!(
            "has the zone {zone}, which would be skipped; export the dates with an offset (%z), \
             or without a zone and set timezone"
        )
    }
}

/// `date_format`: one format or a list of formats.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DateFormats(Vec<DateFormat>);

impl DateFormats {
    /// The formats, in the order of the configuration.
    pub(crate) fn as_slice(&self) -> &[DateFormat] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for DateFormats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DateFormats, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = DateFormats;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a date format, as \"%d/%m/%Y\", or a list of date formats")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<DateFormats, E> {
                DateFormat::new(text).map(|format| DateFormats(vec![format])).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<DateFormats, A::Error> {
                let mut formats = Vec::new();
                while let Some(format) = list.next_element()? {
                    formats.push(format);
                }
                if formats.is_empty() {
                    return Err(A::Error::invalid_length(0, &self));
                }
                Ok(DateFormats(formats))
            }
        }
        deserializer.deserialize_any(OneOrMany)
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
            ("%F %T%z", "2026-04-10 11:11:26+05", Some("2026-04-10T11:11:26+05:00")),
            ("%F %T %z", "2026-04-10 11:11:26 UTC", Some("2026-04-10T11:11:26+00:00")),
            ("%F %T %z", "2026-04-10 11:11:26 GMT", Some("2026-04-10T11:11:26+00:00")),
            ("%F %T%z", "2026-04-10 11:11:26Z", Some("2026-04-10T11:11:26+00:00")),
            ("%F %T %z", "2026-04-10 11:11:26 IST", None),
            ("%F %T %z", "2026-04-10 11:11:26 +15:00", None),
            ("%F %T %z", "2026-04-10 11:11:26", None),
            ("epoch", "1775799686", Some("2026-04-10T05:41:26+00:00")),
            ("epoch_ms", "1775799686500", Some("2026-04-10T05:41:26.500+00:00")),
            ("epoch", "1775799686.5", None),
            ("epoch", "-5", None),
            ("epoch", "", None),
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
            ("DD/MM/YYYY", "write \"%d/%m/%Y\""),
            ("YYYY-MM-DD HH:mm:ss", "write \"%Y-%m-%d %H:%M:%S\""),
            ("MM", "does not give a year, a month and a day"),
            ("%F %T+00", "write \"%F %T%z\""),
            ("%F %T UTC", "write \"%F %T %z\""),
            ("%FT%TZ", "write \"%FT%T%z\""),
            ("%F %T IST", "has the zone IST"),
        ] {
            let error = DateFormat::new(format).err().unwrap_or_default();
            assert!(error.contains(words), "{format}: {error}");
        }
    }
}
