//! Cells that hold a date, or a date and time.

mod format;
mod guess;
mod spelling;

use crate::domain::text::clean;
use chrono::{
    DateTime, Datelike, Days, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime,
    Offset, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;
use format::Written;
pub(crate) use format::{DateFormat, DateFormats};
pub(crate) use guess::formats_that_read;
pub(crate) use spelling::unread_zone;
use std::borrow::Cow;

/// A date as a cell has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DateCell {
    /// The instant, or the end of the day where the cell has a date alone.
    pub instant: DateTime<Utc>,
    /// The date in the file's time zone.
    pub date: NaiveDate,
    /// It came with an offset.
    pub with_offset: bool,
    /// It is later than now: a time after it, a date after today.
    pub future: bool,
}

/// Why a cell is not a date. Displays the reason without the cell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DateError {
    /// None of the usual formats.
    #[error("it is not a date as 2026-04-10 or 2026-04-10 11:11:26")]
    NotUsual,
    /// None of the configured formats.
    #[error("it is not a date as {}", formats(.0))]
    NotInFormat(Vec<String>),
    /// Two of the configured formats read it, as different instants.
    #[error("it is {} as {:?} and {} as {:?}", .0.0, .0.1, .1.0, .1.1)]
    Ambiguous((String, String), (String, String)),
    /// A local time that no instant corresponds to.
    #[error("it is out of range")]
    OutOfRange,
    /// A year that is more likely a mistake.
    #[error("its year is not between 2000 and 2100")]
    Year,
}

fn formats(formats: &[String]) -> String {
    formats.iter().map(|format| format!("{format:?}")).collect::<Vec<_>>().join(" or ")
}

/// The two time zones of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Zones {
    /// Of the days.
    pub(crate) days: Tz,
    /// Of times without an offset.
    pub(crate) times: Tz,
}

/// Reads the dates of one file.
pub(crate) struct Dates<'a> {
    zones: Zones,
    formats: &'a [DateFormat],
    now: DateTime<Utc>,
    today: NaiveDate,
}

impl Dates<'_> {
    /// `formats` are read instead of the usual ones, if there are any; `now` decides what is in the
    /// future.
    pub(crate) fn new(zones: Zones, formats: &[DateFormat], now: DateTime<Utc>) -> Dates<'_> {
        Dates { zones, formats, now, today: now.with_timezone(&zones.days).date_naive() }
    }

    /// Reads a date; an empty cell is `None`. `time` is the time of day, where it has a cell of its
    /// own, and else empty.
    pub(crate) fn read(&self, cell: &str, time: &str) -> Result<Option<DateCell>, DateError> {
        let (text, time) = (cell.trim(), time.trim());
        if text.is_empty() {
            return Ok(None);
        }
        let whole = match time {
            "" => Cow::Borrowed(text),
            time => Cow::Owned(format!("{text} {time}")),
        };
        let read = if self.formats.is_empty() {
            let written = usual(&whole).ok_or(DateError::NotUsual)?;
            self.in_zone(written).ok_or(DateError::OutOfRange)?
        } else {
            self.in_formats(text, time, &whole)?
        };
        if (2000..=2100).contains(&read.date.year()) {
            Ok(Some(read))
        } else {
            Err(DateError::Year)
        }
    }

    /// Reads a date in the configured formats: all of those that can read it have to agree.
    fn in_formats(&self, date: &str, time: &str, whole: &str) -> Result<DateCell, DateError> {
        let mut found: Option<(DateCell, &DateFormat)> = None;
        let mut failure = None;
        for format in self.formats {
            let written = format.read(whole).or_else(|| match format.read(date)? {
                // A format of days, and the time in the usual form.
                Written::Date(date) if !time.is_empty() => {
                    usual(&format!("{} {time}", date.format("%Y-%m-%d")))
                }
                _ => None,
            });
            let Some(written) = written else { continue };
            let read = match self.in_zone(written) {
                Some(read) if (2000..=2100).contains(&read.date.year()) => read,
                Some(_) => {
                    failure = Some(DateError::Year);
                    continue;
                }
                None => {
                    failure = Some(DateError::OutOfRange);
                    continue;
                }
            };
            match found {
                Some((other, first)) if other.instant != read.instant => {
                    let is_same_day = other.date == read.date;
                    let shown = |read: DateCell, format: &DateFormat| {
                        let instant = read.instant.with_timezone(&self.zones.days);
                        let shown = if is_same_day {
                            instant.format("%Y-%m-%d %H:%M:%S").to_string()
                        } else {
                            read.date.to_string()
                        };
                        (shown, format.as_str().to_owned())
                    };
                    return Err(DateError::Ambiguous(shown(other, first), shown(read, format)));
                }
                Some(_) => {}
                None => found = Some((read, format)),
            }
        }
        found.map(|(read, _)| read).ok_or_else(|| {
            failure.unwrap_or_else(|| {
                let formats = self.formats.iter().map(|format| format.as_str().to_owned());
                DateError::NotInFormat(formats.collect())
            })
        })
    }

    /// Puts what is written into the file's time zones.
    fn in_zone(&self, written: Written) -> Option<DateCell> {
        let Zones { days, times } = self.zones;
        let (instant, date, with_offset) = match written {
            Written::Date(date) => {
                let next_day = date.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN);
                let instant = instant_of(next_day, days)?;
                return Some(DateCell {
                    instant,
                    date,
                    with_offset: false,
                    future: date > self.today,
                });
            }
            // Its date is the written one, even where its clock had to be moved.
            Written::LocalTime(time) if days == times => {
                (instant_of(time, days)?, time.date(), false)
            }
            Written::LocalTime(time) => {
                let instant = instant_of(time, times)?;
                (instant, instant.with_timezone(&days).date_naive(), false)
            }
            Written::Instant(time) => (time.to_utc(), time.with_timezone(&days).date_naive(), true),
        };
        Some(DateCell { instant, date, with_offset, future: instant > self.now })
    }
}

/// A date's cell for people. The digits of a date are shown. Other digits are masked: an account
/// or telephone number can be in the wrong column.
pub(crate) fn shown_date(cell: &str) -> Cow<'_, str> {
    let text = cell.trim();
    let (date, _) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let parts: Vec<_> = date.split(['-', '/', '.']).map(str::len).collect();
    let digits = |character: char| character.is_ascii_digit() || "-/.:TZ +".contains(character);
    let is_date = matches!(parts[..], [1 | 2 | 4, 1 | 2, 2 | 4])
        && text.len() <= 40
        && text.chars().all(digits);
    if is_date { Cow::Borrowed(text) } else { Cow::Owned(clean(text)) }
}

/// The instant of a local time. One that exists twice is the earlier; one that does not exist is
/// moved forward by the gap, as if the clock had not been changed yet.
fn instant_of(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) => Some(time.to_utc()),
        LocalResult::Ambiguous(earlier, _) => Some(earlier.to_utc()),
        LocalResult::None => {
            // A gap is at most a day long (Samoa left out 30 December 2011); the offset before it
            // is that of the last local time that exists.
            let before = (1..=100).find_map(|quarters| {
                let earlier = local.checked_sub_signed(TimeDelta::minutes(15 * quarters))?;
                zone.from_local_datetime(&earlier).latest()
            })?;
            before.offset().fix().from_local_datetime(&local).single().map(|time| time.to_utc())
        }
    }
}

/// The formats that are read without configuration: `2026-04-10`, alone or with a time
/// `11:11[:26[.5]]` after `T` or a space, and that with or without `Z`, `UTC`, `+05:30`, ` +0530`
/// or `+05`.
fn usual(text: &str) -> Option<Written> {
    let mut rest = text.as_bytes();
    let year = i32::try_from(number(&mut rest, 4)?).ok()?;
    mark(&mut rest, b"-")?;
    let month = number(&mut rest, 2)?;
    mark(&mut rest, b"-")?;
    let date = NaiveDate::from_ymd_opt(year, month, number(&mut rest, 2)?)?;
    if rest.is_empty() {
        return Some(Written::Date(date));
    }
    mark(&mut rest, b"T ")?;
    let hour = number(&mut rest, 2)?;
    mark(&mut rest, b":")?;
    let minute = number(&mut rest, 2)?;
    let (mut second, mut nanos) = (0, 0);
    if mark(&mut rest, b":").is_some() {
        second = number(&mut rest, 2)?;
        if mark(&mut rest, b".").is_some() {
            nanos = fraction(&mut rest)?;
        }
    }
    let local = date.and_time(NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)?);
    if rest.is_empty() {
        return Some(Written::LocalTime(local));
    }
    let offset = offset(rest)?;
    offset.from_local_datetime(&local).single().map(Written::Instant)
}

/// Consumes exactly `length` digits.
fn number(rest: &mut &[u8], length: usize) -> Option<u32> {
    let (digits, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
    })
}

/// Consumes one byte, if it is one of `marks`.
fn mark(rest: &mut &[u8], marks: &[u8]) -> Option<u8> {
    let (first, tail) = rest.split_first()?;
    marks.contains(first).then(|| {
        *rest = tail;
        *first
    })
}

/// Consumes one to nine digits behind a second's point, as nanoseconds.
fn fraction(rest: &mut &[u8]) -> Option<u32> {
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let power = u32::try_from(9_usize.checked_sub(length)?).ok()?;
    (length > 0).then(|| number(rest, length).map(|digits| digits * 10_u32.pow(power)))?
}

/// Reads an offset to the end of the text: `Z`, `UTC`, `GMT`, `+05:30`, `+0530`, `+05`, with or
/// without a space.
fn offset(mut rest: &[u8]) -> Option<FixedOffset> {
    mark(&mut rest, b" ");
    if let b"Z" | b"UTC" | b"GMT" = rest {
        return Some(Utc.fix());
    }
    let sign = mark(&mut rest, b"+-")?;
    let hours = number(&mut rest, 2)?;
    let minutes = if rest.is_empty() {
        0
    } else {
        mark(&mut rest, b":");
        number(&mut rest, 2)?
    };
    // The farthest clocks of the world are 14 hours ahead.
    if !rest.is_empty() || minutes > 59 || hours * 60 + minutes > 14 * 60 {
        return None;
    }
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    FixedOffset::east_opt(if sign == b'-' { -seconds } else { seconds })
}

#[cfg(test)]
#[path = "dates_tests.rs"]
mod tests;
