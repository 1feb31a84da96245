//! How the calls of a run slow down where the gateway answers "too many requests" and does not say
//! how long to wait (contract, "Configuration": the retry budget). Pure: time is passed in, as the
//! time since the run began to ask.
//!
//! Each refusal pauses all calls, twice as long as the one before, until an answer comes. The first
//! refusal after an answer also doubles the time between two calls; each answer takes a little of
//! it back. So a steady quota is found after some refusals, and is then hit about once in 90
//! answers.

use super::settings::Limits;
use std::time::Duration;

/// One answer takes this part of the time between two calls back.
const TAKEN_BACK: u32 = 128;

/// What is known of the gateway's quota.
#[derive(Debug, Clone)]
pub(super) struct Throttle {
    /// Between two calls at the set rate.
    shortest: Duration,
    first_pause: Duration,
    longest_pause: Duration,
    /// How long refusals are waited for without an answer between them.
    patience: Duration,
    /// Between two calls now.
    interval: Duration,
    /// Pauses since the last answer.
    pauses: u32,
    /// When the first of these pauses began.
    refused_since: Duration,
    /// The end of the last pause. Calls that began before it say nothing new.
    slowed_until: Duration,
}

impl Throttle {
    pub(super) fn new(limits: &Limits) -> Throttle {
        let shortest = Duration::from_secs(1) / limits.requests_per_second.get();
        Throttle {
            shortest,
            first_pause: limits.backoff_first,
            longest_pause: limits.backoff_max,
            patience: limits.retry_after_max,
            interval: shortest,
            pauses: 0,
            refused_since: Duration::ZERO,
            slowed_until: Duration::ZERO,
        }
    }

    /// A call that began at `begun` is refused. Gives the pause for all calls, if there is a new
    /// one.
    pub(super) fn refused(&mut self, begun: Duration, now: Duration) -> Option<Duration> {
        if begun < self.slowed_until || self.is_exhausted(now) {
            return None;
        }
        if self.pauses == 0 {
            self.refused_since = now;
            self.interval = (self.interval * 2).min(self.longest_pause.max(self.shortest));
        }
        let pause = self.first_pause.saturating_mul(1 << self.pauses.min(31));
        let pause = pause.min(self.longest_pause);
        self.pauses += 1;
        self.slowed_until = now + pause;
        Some(pause)
    }

    /// A call that began at `begun` is answered.
    pub(super) fn answered(&mut self, begun: Duration) {
        if begun >= self.slowed_until {
            self.pauses = 0;
            self.interval = (self.interval - self.interval / TAKEN_BACK).max(self.shortest);
        }
    }

    /// Whether calls are refused for so long that it is not waited for any more.
    pub(super) fn is_exhausted(&self, now: Duration) -> bool {
        self.pauses > 0 && now.saturating_sub(self.refused_since) >= self.patience
    }

    /// The time between two calls. `None`: the set rate.
    pub(super) fn interval(&self) -> Option<Duration> {
        (self.interval > self.shortest).then_some(self.interval)
    }

    /// Whether an answer changes something.
    pub(super) fn is_slowed(&self) -> bool {
        self.pauses > 0 || self.interval > self.shortest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::GatewaySettings;
    use proptest::prelude::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn throttle() -> Throttle {
        Throttle::new(&GatewaySettings::default().limits())
    }

    #[test]
    fn pauses_double_until_an_answer_comes() {
        let mut throttle = throttle();
        let mut now = Duration::ZERO;
        for seconds in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
            let pause = throttle.refused(now, now).unwrap_or_default();
            assert_eq!(pause, Duration::from_secs_f64(seconds));
            // It was in flight when the pause began.
            assert_eq!(throttle.refused(now, now + MILLISECOND), None);
            now += pause;
        }
        assert_eq!(throttle.interval(), Some(MILLISECOND * 200), "one row of refusals");
        throttle.answered(now);
        assert_eq!(throttle.refused(now, now), Some(MILLISECOND * 500));
        assert_eq!(throttle.interval(), Some(Duration::from_micros(396_875)));
    }

    #[test]
    fn patience_ends() {
        let mut throttle = throttle();
        let (mut now, mut refusals) = (Duration::ZERO, 0);
        while let Some(pause) = throttle.refused(now, now) {
            refusals += 1;
            now += pause;
        }
        assert!(throttle.is_exhausted(now));
        assert_eq!((refusals, now.as_secs()), (15, 301));
        throttle.answered(now);
        assert!(!throttle.is_exhausted(now));
    }

    /// A gateway with a quota: so many calls in each window.
    fn calls_for(orders: u32, quota: u32, window: Duration, latency: Duration) -> u32 {
        let (mut throttle, mut now) = (throttle(), Duration::ZERO);
        let (mut calls, mut left, mut current) = (0, orders, Vec::new());
        while left > 0 {
            calls += 1;
            current.retain(|at: &Duration| now - *at < window);
            let begun = now;
            now += latency;
            let mut wait = throttle.interval().unwrap_or(MILLISECOND * 100);
            if current.len() < usize::try_from(quota).unwrap_or(usize::MAX) {
                current.push(begun);
                throttle.answered(begun);
                left -= 1;
            } else if let Some(pause) = throttle.refused(begun, now) {
                wait = wait.max(pause);
            }
            now += wait;
        }
        calls
    }

    #[test]
    fn a_steady_quota_costs_few_calls() {
        let second = Duration::from_secs(1);
        let calls = |quota, seconds| calls_for(1_000, quota, second * seconds, MILLISECOND * 20);
        let found = [(20, 10), (1, 1), (5, 1), (9, 1), (50, 60), (100, 10)]
            .map(|(quota, seconds)| (quota, seconds, calls(quota, seconds) - 1_000));
        assert!(found.iter().all(|(.., extra)| *extra <= 100), "{found:?}");
    }

    proptest! {
        #[test]
        fn the_set_rate_is_never_exceeded(
            steps in prop::collection::vec((any::<bool>(), 0_u64..5_000), 1..200),
        ) {
            let (mut throttle, mut now) = (throttle(), Duration::ZERO);
            for (is_refused, wait) in steps {
                now += Duration::from_millis(wait);
                if is_refused {
                    let pause = throttle.refused(now, now);
                    prop_assert!(pause.is_none_or(|pause| pause <= Duration::from_secs(30)));
                } else {
                    throttle.answered(now);
                    prop_assert!(!throttle.is_exhausted(now) || throttle.slowed_until > now);
                }
                prop_assert!(throttle.interval >= throttle.shortest);
                prop_assert!(throttle.interval <= throttle.longest_pause);
            }
        }
    }
}
