//! How a random export writes dates.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use fastrand::Rng;

/// The days are those of India.
const ZONE: Tz = Tz::Asia__Kolkata;

#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
pub(super) struct DateHabit {
    /// The format; those that need no configuration have none in it.
    format: &'static str,
    needs_config: bool,
    has_time: bool,
    /// The format of a column of its own.
    pub(super) time: Option<&'static str>,
    /// Times are in UTC, and the heading says so.
    pub(super) is_in_utc: bool,
    /// Only days up to the 12th: the order of day and month is not to be seen.
    early: bool,
}

/// Formats, whether they are configured, and whether they have a time.
const FORMATS: [(&str, bool, bool); 18] = [
    ("%Y-%m-%d", false, false),
    ("%Y-%m-%d %H:%M:%S", false, true),
    ("%Y-%m-%dT%H:%M:%S%:z", false, true),
    ("%Y-%m-%d %H:%M:%S %z", false, true),
    ("%d/%m/%Y", true, false),
    ("%m/%d/%Y", true, false),
    ("%d-%m-%Y %H:%M", true, true),
    ("%d.%m.%Y", true, false),
    ("%d-%b-%Y", true, false),
    ("%d %b %Y %I:%M %p", true, true),
    ("%b %d, %Y %I:%M:%S %p", true, true),
    ("%Y/%m/%d", true, false),
    ("%d/%m/%y", true, false),
    ("%m/%d/%y %H:%M", true, true),
    ("%d/%m/%Y %H:%M:%S %z", true, true),
    ("%Y%m%d", true, false),
    ("epoch", true, true),
    ("epoch_ms", true, true),
];

pub(super) fn random(rng: &mut Rng) -> DateHabit {
    let (format, needs_config, has_time) = FORMATS[rng.usize(..FORMATS.len())];
    let has_offset = format.ends_with('z') || format.starts_with("epoch");
    let time = (!has_time && rng.u32(..5) == 0).then(|| ["%H:%M", "%H:%M:%S"][rng.usize(..2)]);
    let is_in_utc = (has_time || time.is_some()) && !has_offset && rng.u32(..5) == 0;
    let early = rng.u32(..5) == 0;
    DateHabit { format, needs_config, has_time, time, is_in_utc, early }
}

impl DateHabit {
    /// The cells of a random date and time; and the day and, if the export has it, the time that
    /// are meant.
    pub(super) fn random_time(&self, rng: &mut Rng) -> (String, String, (String, Option<String>)) {
        let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap_or_default();
        let mut day = rng.i64(0..320);
        if self.early {
            // The first days of a month, by the days of the year 2026.
            let firsts = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304];
            day = firsts[rng.usize(..firsts.len())] + rng.i64(1..10);
        }
        let minute = rng.i64(0..1440);
        let seconds = if self.has_seconds() { rng.i64(0..60) } else { 0 };
        let time =
            start + TimeDelta::days(day) + TimeDelta::minutes(minute) + TimeDelta::seconds(seconds);
        let written_in = if self.is_in_utc { Tz::UTC } else { ZONE };
        let local = time.with_timezone(&written_in);
        let date = match self.format {
            "epoch" => time.timestamp().to_string(),
            "epoch_ms" => time.timestamp_millis().to_string(),
            format => local.format(format).to_string(),
        };
        let has_time = self.has_time || self.time.is_some();
        let cell = self.time.map(|format| local.format(format).to_string());
        let day = time.with_timezone(&ZONE).date_naive();
        let instant = has_time.then(|| time.to_rfc3339_opts(SecondsFormat::Secs, true));
        (date, cell.unwrap_or_default(), (day.to_string(), instant))
    }

    fn has_seconds(&self) -> bool {
        let of_time = self.time.is_some_and(|format| format.contains("%S"));
        self.format.contains("%S") || self.format.starts_with("epoch") || of_time
    }

    pub(super) fn config(&self) -> String {
        let format = match (self.needs_config, self.time) {
            (true, Some(time)) => format!("date_format = '{} {time}'\n", self.format),
            (true, None) => format!("date_format = '{}'\n", self.format),
            (false, _) => String::new(),
        };
        let zone = if self.is_in_utc { "times_in = 'UTC'\n" } else { "" };
        format!("{format}{zone}")
    }
}
