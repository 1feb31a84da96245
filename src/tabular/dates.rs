//! Cells that hold a date, or a date and time.

mod format;

use crate::domain::text::clean;
use chrono::{
    DateTime, Datelike, Days, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime,
    Offset, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;
pub(crate) use format::DateFormat;
use format::Written;
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
    /// Not the configured format.
    #[error("it is not a date as {0:?}")]
    NotInFormat(String),
    /// A local time that no instant corresponds to.
    #[error("it is out of range")]
    OutOfRange,
    /// A year that is more likely a mistake.
    #[error("its year is not between 2000 and 2100")]
    Year,
}

/// Reads the dates of one file.
pub(crate) struct Dates<'a> {
    zone: Tz,
    format: Option<&'a DateFormat>,
    now: DateTime<Utc>,
    today: NaiveDate,
}

impl Dates<'_> {
    /// `zone` is that of times without an offset, and of every date; `format` is read instead of
    /// the usual ones; `now` decides what is in the future.
    pub(crate) fn new(zone: Tz, format: Option<&DateFormat>, now: DateTime<Utc>) -> Dates<'_> {
        Dates { zone, format, now, today: now.with_timezone(&zone).date_naive() }
    }

    /// Reads a date; an empty cell is `None`.
    pub(crate) fn read(&self, cell: &str) -> Result<Option<DateCell>, DateError> {
        let text = cell.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let written = match self.format {
            Some(format) => format
                .read(text)
                .ok_or_else(|| DateError::NotInFormat(format.as_str().to_owned()))?,
            None => usual(text).ok_or(DateError::NotUsual)?,
        };
        let read = self.in_zone(written).ok_or(DateError::OutOfRange)?;
        if !(2000..=2100).contains(&read.date.year()) {
            return Err(DateError::Year);
        }
        Ok(Some(read))
    }

    /// Puts what is written into the file's time zone.
    fn in_zone(&self, written: Written) -> Option<DateCell> {
        let (instant, date, with_offset) = match written {
            Written::Date(date) => {
                let next_day = date.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN);
                let instant = instant_of(next_day, self.zone)?;
                return Some(DateCell {
                    instant,
                    date,
                    with_offset: false,
                    future: date > self.today,
                });
            }
            // Its date is the written one, even where its clock had to be moved.
            Written::LocalTime(time) => (instant_of(time, self.zone)?, time.date(), false),
            Written::Instant(time) => {
                (time.to_utc(), time.with_timezone(&self.zone).date_naive(), true)
            }
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
/// `11:11[:26[.5]]` after `T` or a space, and that with or without `Z`, `+05:30` or ` +0530`.
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

/// Reads an offset to the end of the text: `Z`, `+05:30`, `+0530`, with or without a space.
fn offset(mut rest: &[u8]) -> Option<FixedOffset> {
    mark(&mut rest, b" ");
    if rest == b"Z" {
        return Some(Utc.fix());
    }
    let sign = mark(&mut rest, b"+-")?;
    let hours = number(&mut rest, 2)?;
    mark(&mut rest, b":");
    let minutes = number(&mut rest, 2)?;
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
