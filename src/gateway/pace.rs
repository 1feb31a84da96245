//! When the next call may leave: the rate, and one pause that all calls share (contract,
//! "Configuration"; faults: rate, Retry-After).

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Parts that a call is counted in.
const PARTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(15);
/// A timer is late by at most this part of a second, 2 ms.
const LATENESS_PER_SECOND: u32 = 500;

/// Hands out permits, in the order in which they are asked for. Retries take one too.
pub(super) struct Pace {
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
    /// Only the first in line waits for the limiter: waiters neither race nor starve.
    line: tokio::sync::Mutex<()>,
    paused_until: Mutex<Option<Instant>>,
    permits: AtomicU64,
}

impl Pace {
    /// At most `requests_per_second`. A burst of 10 ms of them makes up for the timer's
    /// granularity: half of what the contract allows, because calls on their way can catch up with
    /// each other. Where 10 ms are less than a call, the burst is one call and the part of one that
    /// a late timer may cost: calls are counted in parts for that.
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
            line: tokio::sync::Mutex::new(()),
            paused_until: Mutex::new(None),
            permits: AtomicU64::new(0),
        }
    }

    /// Waits until a call may leave.
    pub(super) async fn permit(&self) {
        let _turn = self.line.lock().await;
        loop {
            if let Some(until) = self.pause_end() {
                tokio::time::sleep_until(until).await;
            } else if let Ok(Err(not_yet)) = self.limiter.check_n(PARTS) {
                // (A burst is never smaller than a call, so that there is no other `Err`.)
                tokio::time::sleep(not_yet.wait_time_from(self.clock.now())).await;
            } else if self.pause_end().is_none() {
                self.permits.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
    }

    /// Nothing leaves for so long; a longer pause that is under way stays.
    pub(super) fn pause(&self, length: Duration) {
        let until = Instant::now() + length;
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |earlier| earlier.max(until)));
    }

    /// Calls that were let go so far.
    pub(super) fn permits(&self) -> u64 {
        self.permits.load(Ordering::Relaxed)
    }

    fn pause_end(&self) -> Option<Instant> {
        let paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        paused.filter(|until| *until > Instant::now())
    }
}
