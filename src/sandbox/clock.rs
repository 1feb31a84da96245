//! The sandbox's own time, counted from its start: it follows the real time, can run faster, and
//! can be driven by tests.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Sandbox time since the sandbox's start.
#[derive(Debug)]
pub struct Clock {
    begun: Instant,
    /// Seconds of sandbox time in a real second; 0 stands still until it is driven.
    speed: u32,
    driven: Mutex<Duration>,
}

impl Clock {
    /// A clock that begins now.
    pub fn new(speed: u32) -> Clock {
        Clock { begun: Instant::now(), speed, driven: Mutex::new(Duration::ZERO) }
    }

    /// How much sandbox time has passed.
    pub fn elapsed(&self) -> Duration {
        let driven = *self.driven.lock().unwrap_or_else(PoisonError::into_inner);
        self.begun.elapsed().saturating_mul(self.speed).saturating_add(driven)
    }

    /// Puts the clock forward.
    pub fn advance(&self, time: Duration) {
        let mut driven = self.driven.lock().unwrap_or_else(PoisonError::into_inner);
        *driven = driven.saturating_add(time);
    }

    /// The real time until it shows `at`; `None` while it stands still.
    pub fn real_time_until(&self, at: Duration) -> Option<Duration> {
        let left = at.saturating_sub(self.elapsed());
        // Rounded up: who waits so long finds that it is time.
        left.checked_div(self.speed).map(|real| real + Duration::from_nanos(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_still_until_it_is_driven() {
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
