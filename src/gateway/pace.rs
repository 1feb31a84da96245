//! The rate limit, and the pause that all calls share (contract, "Configuration"; faults: rate,
//! Retry-After).

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The rate limiter counts a call as this many parts, so that a burst can be a fraction of a call.
const PARTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(15);
/// A timer is late by at most 1/500 s, which is 2 ms.
const LATENESS_PER_SECOND: u32 = 500;

/// Grants permits for calls, first come, first served. A retry needs a permit too.
pub(super) struct Pace {
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
    /// Only the first waiter waits for the limiter, so that waiters neither race nor starve.
    queue: tokio::sync::Mutex<()>,
    paused_until: Mutex<Option<Instant>>,
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
        Pace {
            limiter: RateLimiter::direct(quota),
            clock: DefaultClock::default(),
            queue: tokio::sync::Mutex::new(()),
            paused_until: Mutex::new(None),
            permits: AtomicU64::new(0),
        }
    }

    /// Waits until a call may be sent.
    pub(super) async fn permit(&self) {
        let _turn = self.queue.lock().await;
        loop {
            if let Some(until) = self.pause_end() {
                tokio::time::sleep_until(until).await;
            } else if let Ok(Err(not_yet)) = self.limiter.check_n(PARTS) {
                // The outer `Err` cannot occur: a burst is never smaller than one call.
                tokio::time::sleep(not_yet.wait_time_from(self.clock.now())).await;
            } else if self.pause_end().is_none() {
                self.permits.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
    }

    /// Grants no permit for this time. A longer pause that has already begun stays.
    pub(super) fn pause(&self, length: Duration) {
        let until = Instant::now() + length;
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |earlier| earlier.max(until)));
    }

    /// Permits granted so far.
    pub(super) fn permits(&self) -> u64 {
        self.permits.load(Ordering::Relaxed)
    }

    fn pause_end(&self) -> Option<Instant> {
        let paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        paused.filter(|until| *until > Instant::now())
    }
}
