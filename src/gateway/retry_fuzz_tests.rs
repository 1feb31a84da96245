//! `Retry-After` headers of any kind: no pause is longer than its limit, and none is invented.

use super::*;
use crate::domain::fuzzing::{Bytes, WORDS, amount_text, changed, config};
use chrono::TimeDelta;
use proptest::prelude::*;

const DATES: [&str; 4] = [
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "Fri, 31 Dec 9999 23:59:59 GMT",
];

fn header() -> impl Strategy<Value = String> {
    let seeds = DATES.iter().chain(&WORDS).map(|text| text.as_bytes().to_vec()).collect();
    prop_oneof![
        "[0-9]{1,25}",
        "[-+ 0-9.]{0,6}",
        amount_text(),
        changed(seeds).prop_map(|Bytes(bytes)| String::from_utf8_lossy(&bytes).into_owned()),
    ]
}

/// Any instant of the years in which a header can be.
fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (0..253_402_300_800_i64)
        .prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default())
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn a_pause_is_what_the_header_says_or_a_short_one(
        header in header(),
        sent in proptest::option::of(instant()),
        now in instant(),
        longest in 0..1_000_u64,
    ) {
        let retry_after = RetryAfter { header: header.clone(), sent };
        let longest = Duration::from_secs(longest);
        let found = pause(&retry_after, now, longest);
        prop_assert_eq!(found, pause(&retry_after, now, longest));
        prop_assert!(found.length <= longest);
        let text = header.trim();
        let is_number = !text.is_empty() && text.chars().all(|it| it.is_ascii_digit());
        if is_number {
            let digits = text.trim_start_matches('0');
            let is_short = digits.len() < 5;
            let asked = Duration::from_secs(digits.parse().unwrap_or(0));
            let is_followed = is_short && asked <= longest;
            prop_assert_eq!(found.is_other, !is_followed);
            prop_assert_eq!(found.length, if is_followed { asked } else { longest });
        } else if !text.starts_with(char::is_alphabetic) {
            // Neither a number nor a date.
            let short = Pause { length: DEFAULT_PAUSE.min(longest), is_other: true };
            prop_assert_eq!(found, short, "{:?}", header);
        }
    }

    #[test]
    fn a_date_is_exact(sent in instant(), seconds in -1_000..1_000_i64) {
        let at = sent + TimeDelta::seconds(seconds);
        if (0..253_402_300_800).contains(&at.timestamp()) {
            let header = at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            let retry_after = RetryAfter { header, sent: Some(sent) };
            let found = pause(&retry_after, DateTime::UNIX_EPOCH, Duration::from_mins(5));
            let expected = match u64::try_from(seconds) {
                Ok(seconds @ 0..=300) => (seconds, false),
                Ok(_) => (300, true),
                Err(_) => (1, true),
            };
            prop_assert_eq!((found.length.as_secs(), found.is_other), expected);
        }
    }
}
