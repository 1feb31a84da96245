//! Spans of time for people. Nothing is cut off: 2 h 59 min are not 2 hours.

use chrono::TimeDelta;

/// An age: "12 min", "2 h 59 min", "26 hours", "50 hours", "4 days". Below two days to the minute,
/// then rounded: hours below three days, then days. Below zero it is none.
#[must_use]
pub(crate) fn age(age: TimeDelta) -> String {
    const TWO_DAYS: i64 = 2 * 24 * 60;
    const THREE_DAYS: i64 = 3 * 24 * 60;
    match age.num_minutes().max(0) {
        minutes @ ..60 => format!("{minutes} min"),
        minutes if minutes % 60 == 0 && minutes < TWO_DAYS => counted(minutes / 60, "hour"),
        minutes @ ..TWO_DAYS => format!("{} h {} min", minutes / 60, minutes % 60),
        minutes @ ..THREE_DAYS => counted((minutes + 30) / 60, "hour"),
        minutes => counted((minutes + 12 * 60) / (24 * 60), "day"),
    }
}

/// A difference, rounded to the unit that fits it: "599 s", "12 minutes", "3 hours", "400 days".
#[must_use]
pub(crate) fn rounded(span: TimeDelta) -> String {
    let seconds = span.num_seconds().abs();
    let rounded = |unit: i64| (seconds + unit / 2) / unit;
    match seconds {
        0..=599 => format!("{seconds} s"),
        600..=7_169 => counted(rounded(60), "minute"),
        7_170..=170_999 => counted(rounded(3_600), "hour"),
        _ => counted(rounded(86_400), "day"),
    }
}

fn counted(count: i64, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_cut_off() {
        for (minutes, expected) in [
            (-5, "0 min"),
            (0, "0 min"),
            (59, "59 min"),
            (60, "1 hour"),
            (179, "2 h 59 min"),
            (26 * 60, "26 hours"),
            (26 * 60 + 1, "26 h 1 min"),
            (47 * 60 + 59, "47 h 59 min"),
            (50 * 60 + 29, "50 hours"),
            (50 * 60 + 30, "51 hours"),
            (72 * 60, "3 days"),
            (84 * 60, "4 days"),
            (400 * 24 * 60 - 60, "400 days"),
        ] {
            assert_eq!(age(TimeDelta::minutes(minutes)), expected, "{minutes}");
        }
    }

    #[test]
    fn a_difference_is_rounded_to_the_nearest() {
        for (seconds, expected) in [
            (0, "0 s"),
            (-599, "599 s"),
            (600, "10 minutes"),
            (630, "11 minutes"),
            (7_169, "119 minutes"),
            (7_170, "2 hours"),
            (3 * 3_600 - 60, "3 hours"),
            (47 * 3_600, "47 hours"),
            (170_999, "47 hours"),
            (171_000, "2 days"),
            (2 * 86_400 + 43_200, "3 days"),
            (400 * 86_400 - 3_600, "400 days"),
        ] {
            assert_eq!(rounded(TimeDelta::seconds(seconds)), expected, "{seconds}");
        }
    }
}
