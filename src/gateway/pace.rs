//! When the next call may leave: the rate, and one pause that all calls share (contract,
//! "Configuration"; faults: rate, Retry-After).

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

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
    /// each other.
    pub(super) fn new(requests_per_second: NonZeroU32) -> Pace {
        let burst = NonZeroU32::new(requests_per_second.get() / 100).unwrap_or(NonZeroU32::MIN);
        Pace {
            limiter: RateLimiter::direct(Quota::per_second(requests_per_second).allow_burst(burst)),
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
            } else if let Err(not_yet) = self.limiter.check() {
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
