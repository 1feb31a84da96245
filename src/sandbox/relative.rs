//! Dates relative to today, so that the demonstration's orders are always a few days old.

use chrono::{DateTime, Days, SecondsFormat, TimeDelta, Utc};

/// Replaces `{T}` and `{T-2}` by today's date and the date two days before it (UTC, ISO 8601),
/// `{NOW}`, `{NOW-90s}`, `{NOW-30m}` and `{NOW-5h}` by that instant (RFC 3339, UTC). Any other text
/// in braces is unchanged.
#[must_use]
pub(crate) fn with_dates(text: &str, now: DateTime<Utc>) -> String {
    let mut dated = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from_brace) = rest.split_at(start);
        dated.push_str(before);
        let inside = &from_brace[1..];
        let replaced = inside
            .split_once('}')
            .and_then(|(placeholder, after)| Some((moment(placeholder, now)?, after)));
        if let Some((moment, after)) = replaced {
            dated.push_str(&moment);
            rest = after;
        } else {
            dated.push('{');
            rest = inside;
        }
    }
    dated.push_str(rest);
    dated
}

/// The value of a placeholder; `None` if it is not one.
fn moment(placeholder: &str, now: DateTime<Utc>) -> Option<String> {
    if let Some(back) = placeholder.strip_prefix("NOW") {
        let ago = if back.is_empty() { TimeDelta::zero() } else { duration(back)? };
        let instant = now.checked_sub_signed(ago)?;
        return Some(instant.to_rfc3339_opts(SecondsFormat::Secs, true));
    }
    let back = placeholder.strip_prefix('T')?;
    let days = if back.is_empty() { 0 } else { number(back.strip_prefix('-')?)? };
    let date = now.date_naive().checked_sub_days(Days::new(u64::from(days)))?;
    Some(date.to_string())
}

/// Parses `-30m`: a minus, a number, and s, m or h.
fn duration(text: &str) -> Option<TimeDelta> {
    let text = text.strip_prefix('-')?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount = i64::from(number(digits)?);
    match unit {
        "s" => TimeDelta::try_seconds(amount),
        "m" => TimeDelta::try_minutes(amount),
        "h" => TimeDelta::try_hours(amount),
        _ => None,
    }
}

fn number(digits: &str) -> Option<u32> {
    // `parse` alone would also accept a sign.
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn dated(text: &str) -> String {
        let now = NaiveDate::from_ymd_opt(2026, 3, 1).and_then(|day| day.and_hms_opt(0, 10, 5));
        with_dates(text, now.unwrap_or_default().and_utc())
    }

    #[test]
    fn days_and_instants_before_now() {
        for (text, expected) in [
            ("{T}", "2026-03-01"),
            ("{T-0}", "2026-03-01"),
            ("{T-1} 11:11:26,x", "2026-02-28 11:11:26,x"),
            ("a,{T-60}T23:59:59+05:30\nb,{T-2}", "a,2025-12-31T23:59:59+05:30\nb,2026-02-27"),
            ("{NOW}", "2026-03-01T00:10:05Z"),
            ("{NOW-30m}", "2026-02-28T23:40:05Z"),
            ("{NOW-5h}{NOW-5s}", "2026-02-28T19:10:05Z2026-03-01T00:10:00Z"),
        ] {
            assert_eq!(dated(text), expected, "{text}");
        }
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            "",
            "{",
            "}{",
            "{}",
            "{T",
            "{T+1}",
            "{T--1}",
            "{T-}",
            "{T-+1}",
            "{T-1d}",
            "{T-99999999999}",
            "{T-4294967295}",
            "{NOW-}",
            "{NOW-m}",
            "{NOW-5}",
            "{NOW-5é}",
            "{NOW-3000000000h}",
            "{NOWADAYS}",
            r#"{"merchant_order_id":"T-2"}"#,
            "मूल्य {क} မြန်မာ",
        ] {
            assert_eq!(dated(text), text);
        }
        assert_eq!(dated("{{T}}"), "{2026-03-01}");
    }
}
