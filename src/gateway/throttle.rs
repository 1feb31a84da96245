//! How the calls of a run slow down where the gateway answers "too many requests" (contract,
//! "Configuration": the retry budget). Pure: time is passed in, as the time since the run began to
//! ask.
//!
//! Each refusal pauses all calls: as long as the gateway says, or twice as long as the pause
//! before, until an answer comes. After a pause one call goes ahead, and the others wait for its
//! result. A row of refusals also doubles the time between two calls; each answer takes a little of
//! it back. So a steady quota is found after some refusals, and is then hit about once in 90
//! answers.

use super::settings::Limits;
use std::time::Duration;

/// One answer takes this part of the time between two calls back.
const TAKEN_BACK: u32 = 128;
/// Refusals are waited for at least so long.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);
/// The time between two calls grows up to this, and not above the longest pause: a gateway may
/// refuse some calls at any rate.
const SLOWEST: Duration = Duration::from_secs(2);

/// What is known of the gateway's quota.
#[derive(Debug, Clone)]
pub(super) struct Throttle {
    /// Between two calls at the set rate.
    shortest: Duration,
    first_pause: Duration,
    longest_pause: Duration,
    /// How long pauses are together at most, without an answer between them.
    patience: Duration,
    /// Between two calls now.
    interval: Duration,
    /// Pauses since the last answer, and their length.
    pauses: u32,
    paused: Duration,
    /// A call was refused although pauses had been long enough.
    is_exhausted: bool,
    /// A gateway that says how long to wait is taken at its word once.
    was_told: bool,
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
            patience: limits.retry_after_max.max(LEAST_PATIENCE),
            interval: shortest,
            pauses: 0,
            paused: Duration::ZERO,
            is_exhausted: false,
            was_told: false,
            slowed_until: Duration::ZERO,
        }
    }

    /// A call that began at `begun` is refused; `told` is how long the gateway says to wait. Gives
    /// the pause for all calls, if there is a new one.
    pub(super) fn refused(
        &mut self,
        begun: Duration,
        now: Duration,
        told: Option<Duration>,
    ) -> Option<Duration> {
        if !self.is_news(begun) || self.is_exhausted {
            return None;
        }
        self.is_exhausted = self.pauses > 0 && self.paused >= self.patience;
        if self.is_exhausted {
            return None;
        }
        let own = self.first_pause.saturating_mul(1 << self.pauses.min(31)).min(self.longest_pause);
        let pause = match told {
            Some(told) if self.pauses == 0 => told,
            Some(told) => told.max(own),
            None => own,
        };
        let is_obeyed_first = told.is_some() && !std::mem::replace(&mut self.was_told, true);
        if self.pauses == 0 && !is_obeyed_first {
            let slowest = self.longest_pause.min(SLOWEST).max(self.shortest);
            self.interval = (self.interval * 2).min(slowest);
        }
        self.pauses += 1;
        self.paused += pause;
        self.slowed_until = now + pause;
        Some(pause)
    }

    /// The gateway has let a call through that began at `begun`.
    pub(super) fn passed(&mut self, begun: Duration) {
        if self.is_news(begun) {
            (self.pauses, self.paused, self.is_exhausted) = (0, Duration::ZERO, false);
            self.interval =
                self.interval.saturating_sub(self.interval / TAKEN_BACK).max(self.shortest);
        }
    }

    /// Whether a call that began then has begun after the last pause.
    pub(super) fn is_news(&self, begun: Duration) -> bool {
        begun >= self.slowed_until
    }

    /// Whether calls are refused, and the last pause has not shown that they pass again.
    pub(super) fn is_refusing(&self) -> bool {
        self.pauses > 0
    }

    /// Whether refusals were waited for so long that it is given up.
    pub(super) fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    /// The time between two calls. `None`: the set rate.
    pub(super) fn interval(&self) -> Option<Duration> {
        (self.interval > self.shortest).then_some(self.interval)
    }

    /// Whether a call that passes changes something.
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
            let pause = throttle.refused(now, now, None).unwrap_or_default();
            assert_eq!(pause, Duration::from_secs_f64(seconds));
            // It was in flight when the pause began.
            assert_eq!(throttle.refused(now, now + MILLISECOND, None), None);
            now += pause;
        }
        assert_eq!(throttle.interval(), Some(MILLISECOND * 200), "one row of refusals");
        throttle.passed(now);
        assert_eq!(throttle.refused(now, now, None), Some(MILLISECOND * 500));
        assert_eq!(throttle.interval(), Some(Duration::from_micros(396_875)));
    }

    #[test]
    fn the_gateways_word_counts_and_is_doubted_when_it_is_wrong() {
        let mut throttle = throttle();
        let told = Duration::from_secs(2);
        assert_eq!(throttle.refused(Duration::ZERO, Duration::ZERO, Some(told)), Some(told));
        assert_eq!(throttle.interval(), None, "as usual after the first pause");
        throttle.passed(told);
        // It says again and again that nothing is to be waited for.
        let mut now = told;
        for milliseconds in [0, 1_000, 2_000] {
            let pause = throttle.refused(now, now, Some(Duration::ZERO)).unwrap_or_default();
            assert_eq!(pause, MILLISECOND * milliseconds);
            now += pause;
        }
        assert_eq!(throttle.interval(), Some(MILLISECOND * 200));
    }

    #[test]
    fn it_is_slowed_until_nothing_is_left_of_a_refusal() {
        let mut throttle = throttle();
        let shown = |it: &Throttle| (it.is_refusing(), it.is_slowed());
        assert_eq!(shown(&throttle), (false, false));
        let pause = throttle.refused(Duration::ZERO, Duration::ZERO, None).unwrap_or_default();
        assert_eq!(shown(&throttle), (true, true));
        assert!(!throttle.is_news(pause.saturating_sub(MILLISECOND)) && throttle.is_news(pause));
        throttle.passed(pause);
        assert_eq!(shown(&throttle), (false, true), "calls pass, more slowly");
        while throttle.interval().is_some() {
            throttle.passed(pause);
        }
        assert_eq!(shown(&throttle), (false, false));
        // A gateway that says how long to wait is taken at its word: only the pause counts.
        let told = Some(Duration::from_secs(1));
        throttle.refused(pause, pause, told);
        assert_eq!((shown(&throttle), throttle.interval()), ((true, true), None));
    }

    #[test]
    fn patience_ends() {
        for (told, refusals, seconds) in [(None, 15, 301), (Some(Duration::from_mins(5)), 1, 300)] {
            let mut throttle = throttle();
            let (mut now, mut found) = (Duration::ZERO, 0);
            while let Some(pause) = throttle.refused(now, now, told) {
                found += 1;
                now += pause;
            }
            assert!(throttle.is_exhausted());
            assert_eq!((found, now.as_secs()), (refusals, seconds));
            throttle.passed(now);
            assert!(!throttle.is_exhausted());
        }
    }

    /// Calls beyond one an order, of a gateway with a quota: so many calls in each window.
    fn calls_more(quota: usize, window: Duration, latency: Duration, told: Option<u64>) -> u32 {
        const ORDERS: u32 = 1_000;
        let (mut throttle, mut now) = (throttle(), Duration::ZERO);
        let (mut calls, mut left, mut current) = (0, ORDERS, Vec::new());
        while left > 0 {
            calls += 1;
            current.retain(|at: &Duration| now.saturating_sub(*at) < window);
            let begun = now;
            now += latency;
            let mut wait = throttle.interval().unwrap_or(MILLISECOND * 100);
            if current.len() < quota {
                current.push(begun);
                throttle.passed(begun);
                left -= 1;
            } else if let Some(pause) = throttle.refused(begun, now, told.map(Duration::from_secs))
            {
                wait = wait.max(pause);
            }
            now += wait;
        }
        calls - ORDERS
    }

    #[test]
    fn a_steady_quota_costs_few_calls() {
        for (quota, seconds) in [(20, 10), (1, 1), (5, 1), (9, 1), (50, 60), (100, 10)] {
            for told in [None, Some(0), Some(1), Some(seconds)] {
                let window = Duration::from_secs(seconds);
                let more = calls_more(quota, window, MILLISECOND * 20, told);
                assert!(more <= 100, "{quota} in {seconds} s, told {told:?}: {more}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_set_rate_is_never_exceeded(
            steps in prop::collection::vec((0_u8..4, 0_u64..5_000), 1..200),
        ) {
            let (mut throttle, mut now) = (throttle(), Duration::ZERO);
            for (what, wait) in steps {
                now += Duration::from_millis(wait);
                match what {
                    0 => throttle.passed(now),
                    1 => drop(throttle.refused(now, now, Some(Duration::from_millis(wait)))),
                    _ => {
                        let pause = throttle.refused(now, now, None);
                        prop_assert!(pause.is_none_or(|pause| pause <= Duration::from_secs(30)));
                    }
                }
                prop_assert!(throttle.interval >= throttle.shortest);
                prop_assert!(throttle.interval <= throttle.longest_pause);
                prop_assert!(throttle.is_slowed() || !throttle.is_refusing());
            }
        }
    }
}
