//! Amount, currency and date of a row (contract, "Ledger": the table of columns).

use super::date_format::Written;
use super::settings::{LedgerSettings, currency};
use super::vocabulary::Vocabulary;
use crate::domain::amount::{Amount, AmountError};
use crate::domain::order::CreatedAt;
use crate::domain::text::clean;
use chrono::{
    DateTime, Datelike, Days, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime,
    Offset, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;
use std::borrow::Cow;

/// An amount as the ledger has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SignedAmount {
    /// Its size.
    pub size: Amount,
    /// Whether it has a minus: an expense.
    pub negative: bool,
}

impl SignedAmount {
    /// With its sign, for the control figures.
    pub fn signed(self) -> Amount {
        if self.negative { -self.size } else { self.size }
    }
}

/// Reads `amount`; an empty cell is `None`.
pub(super) fn amount(
    cell: &str,
    settings: &LedgerSettings,
) -> Result<Option<SignedAmount>, String> {
    let text = cell.trim_matches(|character: char| character.is_ascii_whitespace());
    if text.is_empty() {
        return Ok(None);
    }
    let (digits, negative) =
        if settings.signed_amounts { without_sign(text) } else { (text, false) };
    plain(digits, settings)
        .and_then(|digits| Amount::parse(&digits))
        .map(|size| Some(SignedAmount { size, negative }))
        .map_err(|error| {
            let advice = advice(text, settings).unwrap_or_default();
            format!("amount \"{}\": {error}{advice}", clean(text))
        })
}

/// Takes the sign off: in front, behind, or as parentheses, as accountants write it.
fn without_sign(text: &str) -> (&str, bool) {
    const MINUS: [char; 2] = ['-', '\u{2212}'];
    let parentheses = || text.strip_prefix('(')?.strip_suffix(')');
    if let Some(digits) = text.strip_prefix(MINUS).or_else(|| text.strip_suffix(MINUS)) {
        (digits, true)
    } else if let Some(digits) = parentheses() {
        (digits, true)
    } else {
        (text.strip_prefix('+').unwrap_or(text), false)
    }
}

/// Brings configured separators into the plain form.
fn plain<'a>(text: &'a str, settings: &LedgerSettings) -> Result<Cow<'a, str>, AmountError> {
    if settings.thousands_separator.is_none() && settings.decimal_separator == '.' {
        return Ok(Cow::Borrowed(text));
    }
    let (units, decimals) = match text.split_once(settings.decimal_separator) {
        Some((units, decimals)) => (units, Some(decimals)),
        None => (text, None),
    };
    let mut number = String::with_capacity(text.len());
    let separator = settings.thousands_separator;
    match separator.filter(|separator| units.contains(*separator)) {
        None => number.push_str(units),
        Some(separator) => {
            // Groups of three, or of two before the last (1,23,456). Anything else is more likely
            // a decimal separator that was not configured.
            let last = units.split(separator).count() - 1;
            for (index, group) in units.split(separator).enumerate() {
                let right = match (index, group.len()) {
                    (0, length) => (1..=3).contains(&length),
                    (index, length) if index == last => length == 3,
                    (_, length) => (2..=3).contains(&length),
                };
                if !right {
                    return Err(AmountError::NotPlain);
                }
                number.push_str(group);
            }
        }
    }
    // A point that stands for nothing that is configured is no amount.
    let stray = number.contains('.') || decimals.is_some_and(|decimals| decimals.contains('.'));
    if stray {
        return Err(AmountError::NotPlain);
    }
    if let Some(decimals) = decimals {
        number.push('.');
        number.push_str(decimals);
    }
    Ok(Cow::Owned(number))
}

/// Which setting would read an amount that is not plain.
fn advice(text: &str, settings: &LedgerSettings) -> Option<&'static str> {
    let digits = text.trim_matches(|character: char| !character.is_ascii_digit());
    if !settings.signed_amounts && text.starts_with(['-', '\u{2212}', '(']) {
        return Some("; [ledger] signed_amounts = true reads a negative amount as an expense");
    }
    let separated = digits.contains([',', '.', ' ', '\'', '\u{a0}', '\u{202f}']);
    let known = |character| {
        character == settings.decimal_separator || settings.thousands_separator == Some(character)
    };
    let unknown =
        digits.contains(|character: char| !character.is_ascii_digit() && !known(character));
    (separated && unknown)
        .then_some("; see [ledger] thousands_separator and decimal_separator for other habits")
}

/// Reads `currency`: mapped, in lower case. An empty cell is `None`.
pub(super) fn currency_of(
    cell: &str,
    vocabulary: &Vocabulary<'_>,
) -> Result<Option<String>, String> {
    let word = vocabulary.currency(cell);
    if word.is_empty() {
        return Ok(None);
    }
    currency(&word).map(Some).ok_or_else(|| {
        format!(
            "currency \"{}\": it is not a currency's word; [ledger.currencies] maps others",
            clean(cell)
        )
    })
}

/// `created_at`, and what is to be counted about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadDate {
    /// The instant and the date.
    pub created_at: CreatedAt,
    /// It came with an offset.
    pub with_offset: bool,
    /// It is later than now: a time after it, a date after today.
    pub future: bool,
}

/// Reads dates of one ledger: its time zone and format, at one time.
pub(super) struct Dates<'a> {
    settings: &'a LedgerSettings,
    zone: Tz,
    now: DateTime<Utc>,
    today: NaiveDate,
}

impl Dates<'_> {
    pub fn new(settings: &LedgerSettings, now: DateTime<Utc>) -> Dates<'_> {
        let zone = settings.zone();
        Dates { settings, zone, now, today: now.with_timezone(&zone).date_naive() }
    }

    /// Reads `created_at`; an empty cell is `None`.
    pub fn read(&self, cell: &str) -> Result<Option<ReadDate>, String> {
        let text = cell.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let refuse = |why: &str| format!("created_at \"{}\": {why}", shown_date(text));
        let written = match &self.settings.date_format {
            Some(format) => format
                .read(text)
                .ok_or_else(|| refuse(&format!("it is not a date as {:?}", format.as_str())))?,
            None => usual(text).ok_or_else(|| {
                refuse(
                    "it is not a date as 2026-04-10 or 2026-04-10 11:11:26; [ledger] date_format \
                     reads other habits",
                )
            })?,
        };
        let read = self.place(written).ok_or_else(|| refuse("it is out of range"))?;
        if !(2000..=2100).contains(&read.created_at.date.year()) {
            return Err(refuse("its year is not between 2000 and 2100"));
        }
        Ok(Some(read))
    }

    /// Puts what is written into the ledger's time zone.
    fn place(&self, written: Written) -> Option<ReadDate> {
        let (ages_from, date, with_offset) = match written {
            Written::Date(date) => {
                let next_day = date.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN);
                let created_at = CreatedAt { ages_from: instant(next_day, self.zone)?, date };
                let future = date > self.today;
                return Some(ReadDate { created_at, with_offset: false, future });
            }
            // Its date is the written one, even where its clock had to be moved.
            Written::LocalTime(time) => (instant(time, self.zone)?, time.date(), false),
            Written::Instant(time) => {
                (time.to_utc(), time.with_timezone(&self.zone).date_naive(), true)
            }
        };
        let future = ages_from > self.now;
        Some(ReadDate { created_at: CreatedAt { ages_from, date }, with_offset, future })
    }
}

/// A date's cell for people. Its digits are what one has to see, unless they are not a date's:
/// an account's or a telephone's, in the wrong column, stay masked.
fn shown_date(text: &str) -> Cow<'_, str> {
    let (date, _) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let parts: Vec<_> = date.split(['-', '/', '.']).map(str::len).collect();
    let digits = |character: char| character.is_ascii_digit() || "-/.:TZ +".contains(character);
    let is_date = matches!(parts[..], [1 | 2 | 4, 1 | 2, 2 | 4])
        && text.len() <= 40
        && text.chars().all(digits);
    if is_date { Cow::Borrowed(text) } else { Cow::Owned(clean(text)) }
}

/// The instant of a local time. The written rule (faults, "Time"): one that exists twice is the
/// earlier; one that does not exist is moved forward by the gap, as if the clock had not been
/// changed yet.
fn instant(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
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

/// Takes exactly so many digits.
fn number(rest: &mut &[u8], length: usize) -> Option<u32> {
    let (digits, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
    })
}

/// Takes one byte, if it is one of these.
fn mark(rest: &mut &[u8], marks: &[u8]) -> Option<u8> {
    let (first, tail) = rest.split_first()?;
    marks.contains(first).then(|| {
        *rest = tail;
        *first
    })
}

/// Takes one to nine digits behind a second's point, as nanoseconds.
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
#[path = "cells_tests.rs"]
mod tests;
