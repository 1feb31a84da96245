//! Whether `[ledger] timezone` is another one than in the run before: then the same dates select
//! other orders.

use crate::domain::run::Warning;
use crate::store::RunZone;
use chrono::{DateTime, Days, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// Half a year: one of the two days has daylight saving time, if a zone has it.
const HALF_A_YEAR: Days = Days::new(183);

/// What a person should see of a zone that differs from that of the last judged run. Two names for
/// the same days are no difference.
pub(super) fn changed(before: &RunZone, zone: Tz, now: DateTime<Utc>) -> Option<Warning> {
    let earlier: Option<Tz> = before.zone.parse().ok();
    let ahead = earlier.map_or(0, |earlier| offset(zone, now) - offset(earlier, now));
    let is_same = earlier.is_some_and(|earlier| {
        let then = now.checked_sub_days(HALF_A_YEAR).unwrap_or(now);
        [now, then].into_iter().all(|at| offset(zone, at) == offset(earlier, at))
    });
    if is_same {
        return None;
    }
    let begin = match ahead {
        0 => "begin at other times for a part of the year".to_owned(),
        seconds => {
            let minutes = seconds.abs() / 60;
            let when = if seconds > 0 { "earlier" } else { "later" };
            format!("begin {} h {:02} min {when} now", minutes / 60, minutes % 60)
        }
    };
    let text = format!(
        "[ledger] timezone is {zone}, but run {} of {}, the last one before, had {}: days {begin}, \
         so --last, --from and --to select other orders, and dates without an offset are other \
         moments. If that is not intended, set timezone back and start a new run. If it is, look \
         once at the days around the change: run --from {} --to {}",
        before.run_id,
        before.day,
        before.zone,
        before.day.checked_sub_days(Days::new(2)).unwrap_or(before.day),
        now.with_timezone(&zone).date_naive(),
    );
    Some(Warning::new("timezone_changed", text))
}

/// Seconds that a zone's clock is ahead of UTC.
fn offset(zone: Tz, at: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_days_are_a_change() {
        let now = DateTime::from_timestamp(1_796_000_000, 0).unwrap_or_default();
        for (zone, before, words) in [
            (Tz::UTC, "UTC", None),
            (Tz::Asia__Kolkata, "Asia/Calcutta", None),
            (Tz::UTC, "Etc/UTC", None),
            (
                Tz::Asia__Kolkata,
                "UTC",
                Some(
                    "timezone is Asia/Kolkata, but run 7 of 2026-11-28, the last one before, had \
                      UTC: days begin 5 h 30 min earlier now",
                ),
            ),
            (Tz::UTC, "Asia/Kolkata", Some("had Asia/Kolkata: days begin 5 h 30 min later now")),
            (Tz::America__New_York, "UTC", Some("days begin 5 h 00 min later now")),
            (Tz::Europe__London, "UTC", Some("begin at other times for a part of the year")),
            (Tz::UTC, "Mars/Base", Some("had Mars/Base: days begin at other times")),
        ] {
            let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 28).unwrap_or_default();
            let before = RunZone { run_id: 7, day, zone: before.to_owned() };
            let warning = changed(&before, zone, now);
            assert_eq!(warning.is_some(), words.is_some(), "{zone} {before:?}: {warning:?}");
            if let (Some(warning), Some(words)) = (warning, words) {
                assert!(warning.text.contains(words), "{}", warning.text);
            }
        }
    }
}
