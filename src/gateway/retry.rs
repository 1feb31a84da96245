//! The retry policy: whether to call again, and after which wait (contract, "Configuration"). Pure:
//! it has no clock and no randomness of its own.

use super::settings::Limits;
use chrono::{DateTime, Utc};
use std::time::Duration;

/// What to do after a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// No further call for this order.
    Stop,
    /// Call again after this wait.
    Wait(Duration),
}

/// What to do after the `calls`-th call for an order failed with a failure that can be retried.
/// `roll` is a random number over its whole range.
pub(super) fn next(limits: &Limits, calls: u32, roll: u32) -> Next {
    if calls >= limits.max_attempts {
        return Next::Stop;
    }
    Next::Wait(backoff(limits, calls, roll))
}

/// The wait after the `calls`-th call failed. With full jitter, so that orders that failed together
/// are not retried together.
pub(super) fn backoff(limits: &Limits, calls: u32, roll: u32) -> Duration {
    let doublings = calls.saturating_sub(1).min(31);
    let most = limits.backoff_first.saturating_mul(1_u32 << doublings).min(limits.backoff_max);
    let jittered = most.as_micros() * u128::from(roll) / u128::from(u32::MAX);
    Duration::from_micros(u64::try_from(jittered).unwrap_or(u64::MAX))
}

/// The retry budget of a run of `orders` orders: a tenth of them, and at least 100.
pub(super) fn budget(orders: u64) -> u64 {
    (orders / 10).max(100)
}

/// The pause for a `Retry-After` that cannot be followed.
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);

/// A response's `Retry-After` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryAfter {
    /// As received; bytes that are no text are replaced.
    pub header: String,
    /// When the response was sent, by its own `Date` header.
    pub sent: Option<DateTime<Utc>>,
}

/// The pause that a `Retry-After` header asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pause {
    /// At most the configured limit.
    pub(super) length: Duration,
    /// Whether the header was not followed: it is invalid, in the past or too long.
    pub(super) is_other: bool,
}

/// Parses a `Retry-After` header: seconds or an HTTP date. A date is compared with the time at
/// which the response was sent, or else with this machine's clock.
pub(super) fn pause(retry_after: &RetryAfter, now: DateTime<Utc>, longest: Duration) -> Pause {
    let header = retry_after.header.trim();
    // `parse` alone would read "+5" too.
    let is_number = !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit());
    let asked = if is_number {
        Some(header.parse().map_or(Duration::MAX, Duration::from_secs))
    } else {
        let sent = retry_after.sent.unwrap_or(now);
        httpdate::parse_http_date(header)
            .ok()
            .and_then(|date| (DateTime::<Utc>::from(date) - sent).to_std().ok())
    };
    match asked {
        Some(length) => Pause { length: length.min(longest), is_other: length > longest },
        None => Pause { length: DEFAULT_PAUSE.min(longest), is_other: true },
    }
}

#[cfg(test)]
#[path = "retry_fuzz_tests.rs"]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::GatewaySettings;
    use chrono::TimeDelta;

    #[test]
    fn backoff_doubles_with_full_jitter_up_to_its_limit() {
        let mut limits = GatewaySettings::default().limits();
        limits.max_attempts = 40;
        let waits = |calls, roll| match next(&limits, calls, roll) {
            Next::Wait(wait) => Some(wait.as_millis()),
            Next::Stop => None,
        };
        let expected = [(1, 500), (2, 1_000), (3, 2_000), (6, 16_000), (7, 30_000), (39, 30_000)];
        for (calls, most) in expected {
            assert_eq!(waits(calls, u32::MAX), Some(most));
            assert_eq!(waits(calls, 0), Some(0));
            assert_eq!(waits(calls, u32::MAX / 2), Some((most / 2).saturating_sub(1)));
        }
        assert_eq!(waits(40, 0), None);
    }

    /// An address that swallows every packet (faults: "no more than 30 s in all before exit 13").
    #[test]
    fn an_unreachable_gateway_costs_less_than_30_seconds() {
        let settings = GatewaySettings::default();
        let limits = settings.limits();
        let tries = Duration::from_secs(settings.connect_timeout_seconds.get().into())
            * settings.max_attempts.get();
        let waits = (1..limits.max_attempts).map(|calls| backoff(&limits, calls, u32::MAX));
        assert_eq!(tries + waits.sum::<Duration>(), Duration::from_millis(23_500));
    }

    #[test]
    fn the_retry_budget_is_a_tenth_and_at_least_a_hundred() {
        assert_eq!([0, 999, 1_000, 50_000].map(budget), [100, 100, 100, 5_000]);
    }

    #[test]
    fn retry_after_is_read_and_bounded() {
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
        let date = |seconds| httpdate::fmt_http_date((now + TimeDelta::seconds(seconds)).into());
        let longest = Duration::from_mins(5);
        let cases = [
            ("2".to_owned(), 2, false),
            ("0".to_owned(), 0, false),
            ("300".to_owned(), 300, false),
            ("301".to_owned(), 300, true),
            ("99999999999999999999999".to_owned(), 300, true),
            ("-5".to_owned(), 1, true),
            ("+5".to_owned(), 1, true),
            ("soon".to_owned(), 1, true),
            ("\u{b2}".to_owned(), 1, true),
            ("\u{ff11}".to_owned(), 1, true),
            (String::new(), 1, true),
            (date(7), 7, false),
            (date(0), 0, false),
            (date(-7), 1, true),
            (date(900), 300, true),
        ];
        for (header, seconds, is_other) in cases {
            // This machine's clock is not asked where the response has a date.
            for (sent, clock) in [(None, 0), (Some(now), -100_000), (Some(now), 62)] {
                let retry_after = RetryAfter { header: header.clone(), sent };
                let pause = pause(&retry_after, now + TimeDelta::seconds(clock), longest);
                let expected = Pause { length: Duration::from_secs(seconds), is_other };
                assert_eq!(pause, expected, "{header:?} {sent:?}");
            }
        }
    }
}
