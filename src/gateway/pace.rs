//! The rate limit, and the pause that all calls share (contract, "Configuration"; faults: rate,
//! Retry-After).

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The rate limiter counts a call as this many parts, so that a burst can be a fraction of a call.
const PARTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(15);
/// A timer is late by at most 1/500 s, which is 2 ms.
const LATENESS_PER_SECOND: u32 = 500;

/// Time since the pace was made, on tokio's clock: the limiter then reads the same
/// clock as the waits.
#[derive(Debug, Clone, Copy)]
struct Elapsed {
    since: Instant,
}

impl Clock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.since.elapsed()
    }
}

/// Grants permits for calls, first come, first served. A retry needs a permit too. Threads share
/// it.
pub(super) struct Pace {
    limiter: RateLimiter<NotKeyed, InMemoryState, Elapsed, NoOpMiddleware<Duration>>,
    clock: Elapsed,
    /// When the last permit was granted. Only the first waiter waits for the limiter, so that
    /// waiters neither race nor starve.
    last: tokio::sync::Mutex<Duration>,
    /// The end of the pause, in nanoseconds on `clock`; zero without a pause.
    paused_until: AtomicU64,
    /// Between two permits, in nanoseconds; zero: as the rate allows.
    interval: AtomicU64,
    /// Calls are refused: after a pause one goes ahead.
    is_refusing: AtomicBool,
    /// That one is on its way.
    is_ahead: AtomicBool,
    came_back: Notify,
    permits: AtomicU64,
}

impl Pace {
    /// Allows `requests_per_second`, with a burst of 10 ms of them to make up for the timer's
    /// granularity. That is half of what the contract allows, because a later call can overtake an
    /// earlier one on the network. Where 10 ms hold less than one call, the burst is one call plus
    /// the fraction that a late timer can cost.
    pub(super) fn new(requests_per_second: NonZeroU32) -> Pace {
        let rate = requests_per_second.get();
        let parts = |calls: u32| calls.saturating_mul(PARTS.get());
        let burst = match rate / 100 {
            0 => PARTS.get() + (parts(rate) / LATENESS_PER_SECOND).max(1),
            calls => parts(calls),
        };
        let at_least_one = |parts| NonZeroU32::new(parts).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(parts(rate))).allow_burst(at_least_one(burst));
        let clock = Elapsed { since: Instant::now() };
        let limiter = RateLimiter::direct_with_clock(quota, clock);
        // At the beginning no timer was late, and a run that is resumed has had its calls of this
        // second.
        if let Some(fraction) = NonZeroU32::new(burst % PARTS) {
            let _taken = limiter.check_n(fraction);
        }
        Pace {
            limiter,
            clock,
            last: tokio::sync::Mutex::default(),
            paused_until: AtomicU64::new(0),
            interval: AtomicU64::new(0),
            is_refusing: AtomicBool::new(false),
            is_ahead: AtomicBool::new(false),
            came_back: Notify::new(),
            permits: AtomicU64::new(0),
        }
    }

    /// Waits until a call may be sent. Gives that time.
    pub(super) async fn permit(&self) -> Duration {
        let mut last = self.last.lock().await;
        loop {
            if self.is_refusing.load(Ordering::SeqCst) && self.is_ahead.load(Ordering::SeqCst) {
                self.came_back.notified().await;
            } else if let Some(until) = self.pause_end() {
                tokio::time::sleep_until(until).await;
            } else if let Some(until) = self.interval_end(*last) {
                tokio::time::sleep_until(until).await;
            } else if let Ok(Err(not_yet)) = self.limiter.check_n(PARTS) {
                // The outer `Err` cannot occur: a burst is never smaller than one call.
                tokio::time::sleep(not_yet.wait_time_from(self.clock.now())).await;
            } else if self.pause_end().is_none() {
                self.permits.fetch_add(1, Ordering::Relaxed);
                if self.is_refusing.load(Ordering::SeqCst) {
                    self.is_ahead.store(true, Ordering::SeqCst);
                }
                *last = self.clock.now();
                return *last;
            }
        }
    }

    /// The time since the pace was made.
    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Whether only one call may go ahead from now on, until [`Pace::came_back`].
    pub(super) fn refusing(&self, is_refusing: bool) {
        self.is_refusing.store(is_refusing, Ordering::SeqCst);
    }

    /// The call that went ahead has its result.
    pub(super) fn came_back(&self) {
        self.is_ahead.store(false, Ordering::SeqCst);
        self.came_back.notify_one();
    }

    /// Grants permits no faster than one in each interval. `None`: as the rate allows.
    pub(super) fn slow_down(&self, interval: Option<Duration>) {
        self.interval.store(interval.map_or(0, nanos), Ordering::Relaxed);
    }

    /// Grants no permit for this time. A longer pause that has already begun stays.
    pub(super) fn pause(&self, length: Duration) {
        self.paused_until.fetch_max(nanos(self.clock.now() + length), Ordering::SeqCst);
    }

    /// Permits granted so far.
    pub(super) fn permits(&self) -> u64 {
        self.permits.load(Ordering::Relaxed)
    }

    fn pause_end(&self) -> Option<Instant> {
        match self.paused_until.load(Ordering::SeqCst) {
            0 => None,
            until => self.if_ahead(Duration::from_nanos(until)),
        }
    }

    fn interval_end(&self, last: Duration) -> Option<Instant> {
        match self.interval.load(Ordering::Relaxed) {
            0 => None,
            interval => self.if_ahead(last + Duration::from_nanos(interval)),
        }
    }

    fn if_ahead(&self, until: Duration) -> Option<Instant> {
        (until > self.clock.now()).then(|| self.clock.since + until)
    }
}

/// A time of some centuries at most.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10,000 calls of four runs, one after the other: each resumes the one before, without its
    /// limiter, in the time in which a process starts (faults: "rate N/s").
    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_than_the_rate_and_its_burst() {
        for rate in [1_u32, 7, 49, 50, 100, 333, 5_000] {
            let mut granted = Vec::new();
            for _run in 0..4 {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let pace = Pace::new(NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN));
                for _call in 0..2_500 {
                    pace.permit().await;
                    granted.push(Instant::now());
                }
                assert_eq!(pace.permits(), 2_500);
            }
            // The contract allows a burst of 20 ms of calls, and at least one.
            let most = usize::try_from(rate + (rate / 50).max(1)).unwrap_or(usize::MAX);
            let fastest = granted.windows(most + 1).map(|calls| calls[most] - calls[0]).min();
            assert!(fastest >= Some(Duration::from_secs(1)), "{rate}: {fastest:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_interval_keeps_permits_apart_until_it_ends() {
        let interval = Duration::from_millis(100);
        let pace = Pace::new(NonZeroU32::new(1_000).unwrap_or(NonZeroU32::MIN));
        let mut last = pace.permit().await;
        pace.slow_down(Some(interval));
        for _ in 0..3 {
            let next = pace.permit().await;
            assert!((interval..interval + Duration::from_millis(2)).contains(&next.abs_diff(last)));
            last = next;
        }
        pace.slow_down(None);
        assert!(pace.permit().await.abs_diff(last) < interval / 2);
    }
}
