//! The sandbox's clock, counted from its start: it runs in real time or faster, and tests can move
//! it forward.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Sandbox time since the sandbox's start.
#[derive(Debug)]
pub(super) struct Clock {
    started: Instant,
    /// Seconds of sandbox time per real second; with 0 only [`Clock::advance`] moves it.
    speed: u32,
    advanced: Mutex<Duration>,
}

impl Clock {
    /// A clock that starts now.
    pub(super) fn new(speed: u32) -> Clock {
        Clock { started: Instant::now(), speed, advanced: Mutex::new(Duration::ZERO) }
    }

    /// The sandbox time since the start.
    pub(super) fn elapsed(&self) -> Duration {
        let advanced = *self.advanced.lock().unwrap_or_else(PoisonError::into_inner);
        self.started.elapsed().saturating_mul(self.speed).saturating_add(advanced)
    }

    /// Moves the clock forward.
    pub(super) fn advance(&self, time: Duration) {
        let mut advanced = self.advanced.lock().unwrap_or_else(PoisonError::into_inner);
        *advanced = advanced.saturating_add(time);
    }

    /// The real time until the sandbox time `at`; `None` if the clock is frozen.
    pub(super) fn real_time_until(&self, at: Duration) -> Option<Duration> {
        let left = at.saturating_sub(self.elapsed());
        // Rounded up, so that `at` is reached after this wait.
        left.checked_div(self.speed).map(|real| real + Duration::from_nanos(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_speed_0_only_advance_moves_it() {
        let clock = Clock::new(0);
        assert_eq!(clock.elapsed(), Duration::ZERO);
        clock.advance(Duration::from_mins(30));
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.elapsed(), Duration::from_secs(1801));
        assert_eq!(clock.real_time_until(Duration::from_hours(1)), None);
    }

    #[test]
    fn it_runs_as_fast_as_asked() {
        let clock = Clock::new(3600);
        clock.advance(Duration::from_hours(1));
        assert!(clock.elapsed() >= Duration::from_hours(1));
        let wait = clock.real_time_until(Duration::from_hours(3));
        assert!(wait.is_some_and(|wait| wait <= Duration::from_secs(2)), "{wait:?}");
        let past = clock.real_time_until(Duration::from_secs(1));
        assert_eq!(past, Some(Duration::from_nanos(1)));
    }
}
