//! Time zones of `[ledger]`, and which one was meant.

use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::{OffsetName, TZ_VARIANTS, Tz};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// Zones that are named before others, where several fit.
const FIRST: [Tz; 24] = [
    Tz::Asia__Kolkata,
    Tz::Asia__Dhaka,
    Tz::Asia__Karachi,
    Tz::Asia__Kathmandu,
    Tz::Asia__Dubai,
    Tz::Asia__Jakarta,
    Tz::Asia__Bangkok,
    Tz::Asia__Singapore,
    Tz::Asia__Manila,
    Tz::Asia__Shanghai,
    Tz::Asia__Tokyo,
    Tz::Australia__Sydney,
    Tz::Pacific__Auckland,
    Tz::Europe__London,
    Tz::Europe__Berlin,
    Tz::Europe__Istanbul,
    Tz::Africa__Cairo,
    Tz::Africa__Nairobi,
    Tz::Africa__Lagos,
    Tz::Africa__Johannesburg,
    Tz::America__Sao_Paulo,
    Tz::America__New_York,
    Tz::America__Chicago,
    Tz::America__Los_Angeles,
];

/// Reads the name of a zone.
pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Tz>, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map(Some).map_err(|_| {
        let meant = match &meant(&name)[..] {
            [] => String::new(),
            [one] => format!("; did you mean {one}?"),
            several => format!("; did you mean one of {}?", several.join(", ")),
        };
        D::Error::custom(format!(
            "{name:?} is not the name of a time zone, as Asia/Kolkata or UTC{meant}"
        ))
    })
}

/// At most three zones that a text may mean: an offset, an abbreviation, a city, or a misspelt
/// name.
fn meant(text: &str) -> Vec<&'static str> {
    const MOST: usize = 3;
    let text = text.trim().to_lowercase();
    if let Some(seconds) = offset(&text) {
        let zones = FIRST.into_iter().filter(|zone| offset_all_year(*zone) == Some(seconds));
        return zones.map(Tz::name).take(MOST).collect();
    }
    let abbreviated = |zone: &Tz| {
        seasons().iter().any(|day| {
            let offset = zone.offset_from_utc_datetime(&day.naive_utc());
            offset.abbreviation().is_some_and(|name| name.to_lowercase() == text)
        })
    };
    let by_abbreviation: Vec<&str> =
        FIRST.into_iter().filter(abbreviated).map(Tz::name).take(MOST).collect();
    if !by_abbreviation.is_empty() {
        return by_abbreviation;
    }
    let names = || TZ_VARIANTS.into_iter().map(Tz::name);
    let is_city = |name: &str| name.rsplit('/').next().is_some_and(|city| city == text);
    let exact = names().find(|name| {
        let name = name.to_lowercase();
        name == text || is_city(&name)
    });
    let similarity = |name: &str| strsim::jaro_winkler(&name.to_lowercase(), &text);
    let similar = || {
        let best = names().max_by(|left, right| similarity(left).total_cmp(&similarity(right)));
        best.filter(|name| similarity(name) > 0.9)
    };
    exact.or_else(similar).into_iter().collect()
}

/// The seconds of an offset in lower case: `+05:30`, `utc+5:30`, `gmt+0530`, `+5`.
fn offset(text: &str) -> Option<i32> {
    let text = text.trim_start_matches("utc").trim_start_matches("gmt");
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    Some(sign * (hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60))
}

/// The zone's offset in seconds, if it is the same in winter and in summer.
fn offset_all_year(zone: Tz) -> Option<i32> {
    let [winter, summer] = seasons()
        .map(|day| zone.offset_from_utc_datetime(&day.naive_utc()).fix().local_minus_utc());
    (winter == summer).then_some(winter)
}

/// A day in January and one in July.
fn seasons() -> [DateTime<Utc>; 2] {
    [1_768_435_200, 1_784_073_600].map(|at| DateTime::from_timestamp(at, 0).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_that_was_meant_is_named() {
        for (text, names) in [
            ("IST", vec!["Asia/Kolkata"]),
            ("+05:30", vec!["Asia/Kolkata"]),
            ("UTC+5:30", vec!["Asia/Kolkata"]),
            ("+0545", vec!["Asia/Kathmandu"]),
            ("Asia/Calcuta", vec!["Asia/Calcutta"]),
            ("asia/kolkata", vec!["Asia/Kolkata"]),
            ("Mumbai", vec![]),
            ("Berlin", vec!["Europe/Berlin"]),
            ("PDT", vec!["America/Los_Angeles"]),
            ("+8", vec!["Asia/Singapore", "Asia/Manila", "Asia/Shanghai"]),
            ("", vec![]),
        ] {
            assert_eq!(meant(text), names, "{text}");
        }
    }
}
