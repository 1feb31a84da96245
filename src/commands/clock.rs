//! This machine's clock. Times that no report can show are refused: the libraries that format
//! them would panic, long after the first call.

use crate::failure::Failure;
use chrono::{DateTime, Datelike, Utc};
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

/// A workbook shows no year behind 9999. Some days and deadlines lie behind the clock.
const YEARS: RangeInclusive<i32> = 1970..=9990;

/// What the clock says. Further away than a time can be, it is the last or first that can.
#[must_use]
pub fn now() -> DateTime<Utc> {
    let (since, is_before) = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => (since, false),
        Err(error) => (error.duration(), true),
    };
    of(since, is_before)
}

fn of(since: Duration, is_before: bool) -> DateTime<Utc> {
    let since = chrono::TimeDelta::from_std(since).unwrap_or(chrono::TimeDelta::MAX);
    if is_before {
        let time = DateTime::UNIX_EPOCH.checked_sub_signed(since);
        time.unwrap_or(DateTime::<Utc>::MIN_UTC)
    } else {
        let time = DateTime::UNIX_EPOCH.checked_add_signed(since);
        time.unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// Refuses a clock that cannot be right.
pub(super) fn check(now: DateTime<Utc>) -> Result<(), Failure> {
    if YEARS.contains(&now.year()) {
        return Ok(());
    }
    Err(Failure::usage(
        format!("this machine's clock says it is the year {}", now.year()),
        "set the clock (is NTP running?), then run again; nothing was read or asked",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clock_can_be_read_and_only_sensible_ones_are_used() {
        const YEAR: u64 = 31_556_952;
        for (years, is_before, is_used) in [
            (0, false, true),
            (56, false, true),
            (3_056, false, true),
            (8_031, false, false),
            (300_000, false, false),
            (u64::MAX / YEAR, false, false),
            (1, true, false),
            (300_000, true, false),
            (u64::MAX / YEAR, true, false),
        ] {
            let now = of(Duration::from_secs(years * YEAR), is_before);
            assert_eq!(check(now).is_ok(), is_used, "{years} {is_before}: {now:?}");
        }
    }
}
