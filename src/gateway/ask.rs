//! Queries one order, with retries.

use super::call_failure::{CallFailure, Cause};
use super::client::Client;
use super::http::Connections;
use super::pace::Pace;
use super::retry::{self, Next, RetryAfter};
use super::settings::Limits;
use super::throttle::Throttle;
use crate::domain::order::OrderKey;
use crate::domain::payment::{Answered, NO_ANSWER_IN_TIME, NOT_ASKED_IN_TIME};
use chrono::{DateTime, TimeDelta, Utc};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// A call may be one too many this many times as often as it may fail.
const TIMES_TOO_MANY: u32 = 4;

/// Queries an order once.
pub trait Transport {
    /// Makes one call.
    ///
    /// # Errors
    /// [`CallFailure`]: the call failed, or its response is not trustworthy.
    fn order_get(
        &self,
        order: &OrderKey,
        connections: Connections,
    ) -> impl Future<Output = Result<Answered, CallFailure>> + Send;

    /// The gateway's clock minus this machine's, as far as known.
    fn clock_skew(&self) -> Option<TimeDelta>;
}

/// The result of querying one order.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The answer, or why the last call has none.
    pub result: Result<Answered, CallFailure>,
    /// Calls made for this order.
    pub calls: u32,
    /// Whether every call ended in an outage (contract, exit code 13); see [`Cause::is_outage`].
    pub only_outages: bool,
    /// Whether the deadline cancelled the last call. Then the result says nothing about the
    /// gateway.
    pub is_cut: bool,
    /// When the last call ended.
    pub at: DateTime<Utc>,
}

/// The calls for one order so far. It outlives a query that the deadline cancels.
#[derive(Default)]
struct Progress {
    calls: u32,
    is_reached: bool,
    last_failure: Option<String>,
}

/// What all askers of a run share: its rate, its pause and its retries.
pub struct Allowance {
    pub(super) pace: Pace,
    pub(super) limits: Limits,
    retries_left: AtomicU64,
    retry_after_warned: AtomicBool,
    throttle: Mutex<Throttle>,
    /// Whether an answer changes something in `throttle`.
    is_slowed: AtomicBool,
    /// Calls that were answered with "too many requests".
    too_many: AtomicU64,
    /// The gateway's clock minus this machine's.
    clock_skew: OnceLock<TimeDelta>,
}

impl Allowance {
    /// The allowance of a run of `orders` orders, which set its retry budget.
    #[must_use]
    pub fn new(limits: Limits, orders: u64) -> Allowance {
        Allowance {
            pace: Pace::new(limits.requests_per_second),
            limits,
            retries_left: AtomicU64::new(retry::budget(orders)),
            retry_after_warned: AtomicBool::new(false),
            throttle: Mutex::new(Throttle::new(&limits)),
            is_slowed: AtomicBool::new(false),
            too_many: AtomicU64::new(0),
            clock_skew: OnceLock::new(),
        }
    }

    /// Calls made so far, retries included.
    #[must_use]
    pub(crate) fn calls(&self) -> u64 {
        self.pace.permits()
    }

    /// The gateway's clock minus this machine's, by the first answer with a `Date`.
    #[must_use]
    pub(crate) fn clock_skew(&self) -> Option<TimeDelta> {
        self.clock_skew.get().copied()
    }

    /// Uses one retry of the run's budget, if one is left.
    pub(super) fn use_retry(&self) -> bool {
        self.retries_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }

    /// What "too many requests" came to. `None`: there were few.
    #[must_use]
    pub(crate) fn refused_calls(&self) -> Option<RefusedCalls> {
        const NOTICEABLE: u64 = 3;
        let (calls, refused) = (self.calls(), self.too_many.load(Ordering::Relaxed));
        let is_much = refused >= NOTICEABLE && refused.saturating_mul(50) >= calls;
        let milliseconds = u64::try_from(self.pace.now().as_millis()).unwrap_or(u64::MAX).max(1);
        let passed = calls.saturating_sub(refused);
        is_much.then(|| RefusedCalls {
            calls,
            refused,
            passed_per_minute: passed.saturating_mul(60_000) / milliseconds,
            set_per_second: u64::from(self.limits.requests_per_second.get()),
        })
    }

    /// Notes that the gateway let a call through that began at `begun`.
    pub(super) fn note_passed(&self, begun: Duration) {
        if self.is_slowed.load(Ordering::Relaxed) {
            self.change_throttle(begun, |throttle| throttle.passed(begun));
        }
    }

    /// Notes a failed call that began at `begun`: pauses all calls if the gateway asks for that, or
    /// if they are too many.
    pub(super) fn note_failure(&self, failure: &CallFailure, begun: Duration, now: DateTime<Utc>) {
        let told = failure.retry_after.as_ref().map(|header| self.retry_after(header, now));
        match failure.cause {
            Cause::TooManyRequests => {
                self.too_many.fetch_add(1, Ordering::Relaxed);
                self.change_throttle(begun, |throttle| {
                    if let Some(pause) = throttle.refused(begun, self.pace.now(), told) {
                        self.pace.pause(pause);
                    }
                });
            }
            Cause::Overload => {
                self.pace.pause(told.unwrap_or_default());
                self.change_throttle(begun, |_| {});
            }
            cause if cause.is_outage() => self.change_throttle(begun, |_| {}),
            _ => self.note_passed(begun),
        }
    }

    fn change_throttle(&self, begun: Duration, change: impl FnOnce(&mut Throttle)) {
        let mut throttle = self.throttle();
        let is_news = throttle.is_news(begun);
        change(&mut throttle);
        self.pace.slow_down(throttle.interval());
        self.pace.refusing(throttle.is_refusing());
        self.is_slowed.store(throttle.is_slowed(), Ordering::Relaxed);
        if is_news {
            self.pace.came_back();
        }
    }

    fn retry_after(&self, retry_after: &RetryAfter, now: DateTime<Utc>) -> Duration {
        let pause = retry::pause(retry_after, now, self.limits.retry_after_max);
        if pause.is_other && !self.retry_after_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                asked = crate::domain::text::clean(&retry_after.header),
                waiting_seconds = pause.length.as_secs(),
                "the gateway's Retry-After is invalid or too long"
            );
        }
        pause.length
    }

    /// Whether a call is made again that was one too many so many times. Not if all calls were too
    /// many for long, or this one far more often than others.
    fn waits_for_quota(&self, times: u32) -> bool {
        times < self.limits.max_attempts.saturating_mul(TIMES_TOO_MANY) && !self.is_quota_used_up()
    }

    /// Whether calls were too many for so long that it is not waited for any more.
    pub(crate) fn is_quota_used_up(&self) -> bool {
        self.throttle().is_exhausted()
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What "too many requests" came to in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefusedCalls {
    /// All calls.
    pub(crate) calls: u64,
    /// Those that were too many.
    pub(crate) refused: u64,
    /// The others, in a minute.
    pub(crate) passed_per_minute: u64,
    /// The configured rate.
    pub(crate) set_per_second: u64,
}

/// Queries orders through one client, within what it shares with the other askers of the run. It
/// belongs to one thread; time comes from `now` and from tokio's clock, chance from `random`.
pub struct Asker<T = Client> {
    pub(super) client: T,
    pub(super) allowance: Arc<Allowance>,
    pub(super) now: fn() -> DateTime<Utc>,
    random: Mutex<fastrand::Rng>,
}

impl<T> Asker<T> {
    /// Creates an asker. `random` spreads its retries.
    #[must_use]
    pub fn new(
        client: T,
        allowance: Arc<Allowance>,
        now: fn() -> DateTime<Utc>,
        random: fastrand::Rng,
    ) -> Asker<T> {
        Asker { client, allowance, now, random: Mutex::new(random) }
    }
}

impl<T: Transport> Asker<T> {
    /// Queries an order until there is a trustworthy answer, the retry policy stops, or `until`
    /// passes.
    pub(crate) async fn ask(&self, order: &OrderKey, until: Option<Instant>) -> Reply {
        let progress = Mutex::new(Progress::default());
        let attempts = self.attempts(order, &progress);
        let result = match until {
            Some(until) => tokio::time::timeout_at(until.into(), attempts).await.ok(),
            None => Some(attempts.await),
        };
        // Others than the gateway may answer too: a stored page of a proxy, with an old date.
        let is_the_gateways = match &result {
            Some(Ok(_)) => true,
            Some(Err(failure)) => failure.cause == Cause::Refused,
            None => false,
        };
        if is_the_gateways
            && self.allowance.clock_skew().is_none()
            && let Some(skew) = self.client.clock_skew()
        {
            let _is_known = self.allowance.clock_skew.set(skew);
        }
        let progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        let is_cut = result.is_none();
        let result = result.unwrap_or_else(|| {
            let why = match (progress.calls, progress.last_failure) {
                (0, _) => NOT_ASKED_IN_TIME.to_owned(),
                (_, None) => NO_ANSWER_IN_TIME.to_owned(),
                (_, Some(why)) => format!("{why}, and then the deadline came"),
            };
            Err(CallFailure::is_final(Cause::Timeout, why))
        });
        let only_outages = result.is_err() && !progress.is_reached;
        Reply { result, calls: progress.calls, only_outages, is_cut, at: (self.now)() }
    }

    async fn attempts(
        &self,
        order: &OrderKey,
        progress: &Mutex<Progress>,
    ) -> Result<Answered, CallFailure> {
        let note = |change: &dyn Fn(&mut Progress)| {
            change(&mut progress.lock().unwrap_or_else(PoisonError::into_inner));
        };
        let (mut calls, mut attempts) = (0_u32, 0);
        let mut connections = Connections::Kept;
        loop {
            let begun = self.allowance.pace.permit().await;
            calls += 1;
            note(&|progress| progress.calls = calls);
            let failure = match self.client.order_get(order, connections).await {
                Ok(answered) => {
                    self.allowance.note_passed(begun);
                    return Ok(answered);
                }
                Err(failure) => failure,
            };
            note(&|progress| {
                progress.is_reached |= !failure.cause.is_outage();
                progress.last_failure = Some(failure.why.clone());
            });
            self.allowance.note_failure(&failure, begun, (self.now)());
            // A gateway that closes one kept connection may have closed them all.
            connections = match failure.cause {
                Cause::Broken => Connections::New,
                _ => Connections::Kept,
            };
            // The shared pause is the wait after "too many requests".
            let next = match failure.cause {
                Cause::TooManyRequests if self.allowance.waits_for_quota(calls - attempts) => {
                    Next::Wait(Duration::ZERO)
                }
                Cause::TooManyRequests => Next::Stop,
                _ => {
                    attempts += 1;
                    retry::next(&self.allowance.limits, attempts, self.roll())
                }
            };
            match next {
                Next::Wait(wait) if failure.retry && self.allowance.use_retry() => {
                    tracing::debug!(why = failure.why, calls, "retrying");
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(failure),
            }
        }
    }

    /// How long to wait with an order that has failed before it is asked once more. `None`: nothing
    /// is tried twice.
    pub(crate) fn wait_for_second_time(&self) -> Option<Duration> {
        let limits = &self.allowance.limits;
        (limits.max_attempts > 1).then(|| retry::backoff(limits, limits.max_attempts, u32::MAX))
    }

    /// Uses one retry of the run's budget, if one is left.
    pub(crate) fn use_retry(&self) -> bool {
        self.allowance.use_retry()
    }

    /// See [`Allowance::is_quota_used_up`].
    pub(crate) fn is_quota_used_up(&self) -> bool {
        self.allowance.is_quota_used_up()
    }

    /// See [`Allowance::clock_skew`].
    pub(crate) fn clock_skew(&self) -> Option<TimeDelta> {
        self.allowance.clock_skew()
    }

    /// A random number over its whole range.
    fn roll(&self) -> u32 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).u32(..)
    }
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
