//! Queries one order, with retries.

use super::client::Client;
use super::pace::Pace;
use super::response::{CallFailure, Cause};
use super::retry::{self, Next};
use super::settings::Limits;
use crate::domain::order::OrderKey;
use crate::domain::payment::Answered;
use chrono::{DateTime, TimeDelta, Utc};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Queries an order once.
pub trait Transport {
    /// Makes one call.
    ///
    /// # Errors
    /// [`CallFailure`]: the call failed, or its response is not trustworthy.
    fn order_get(
        &self,
        order: &OrderKey,
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
        }
    }

    /// Calls made so far, retries included.
    #[must_use]
    pub(crate) fn calls(&self) -> u64 {
        self.pace.permits()
    }

    /// Uses one retry of the run's budget, if one is left.
    pub(super) fn use_retry(&self) -> bool {
        self.retries_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }

    /// Pauses all calls for the time in the gateway's `Retry-After`.
    pub(super) fn apply_retry_after(&self, retry_after: Option<&str>, now: DateTime<Utc>) {
        let Some(header) = retry_after else { return };
        let pause = retry::pause(header, now, self.limits.retry_after_max);
        if pause.capped && !self.retry_after_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                asked = crate::domain::text::clean(header),
                waiting_seconds = pause.length.as_secs(),
                "the gateway's Retry-After is invalid or too long"
            );
        }
        self.pace.pause(pause.length);
    }
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
        let progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        let is_cut = result.is_none();
        let result = result.unwrap_or_else(|| {
            let why = match (progress.calls, progress.last_failure) {
                (0, _) => "not asked before the deadline".to_owned(),
                (_, None) => "no answer before the deadline".to_owned(),
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
        let mut calls = 0;
        loop {
            self.allowance.pace.permit().await;
            calls += 1;
            note(&|progress| progress.calls = calls);
            let failure = match self.client.order_get(order).await {
                Ok(answered) => return Ok(answered),
                Err(failure) => failure,
            };
            note(&|progress| {
                progress.is_reached |= !failure.cause.is_outage();
                progress.last_failure = Some(failure.why.clone());
            });
            if failure.cause == Cause::Overload {
                let retry_after = failure.retry_after.as_deref();
                self.allowance.apply_retry_after(retry_after, (self.now)());
            }
            match retry::next(&self.allowance.limits, calls, self.roll()) {
                Next::Wait(wait) if failure.retry && self.allowance.use_retry() => {
                    tracing::debug!(why = failure.why, calls, "retrying");
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(failure),
            }
        }
    }

    /// The gateway's clock minus this machine's, as far as known.
    pub(crate) fn clock_skew(&self) -> Option<TimeDelta> {
        self.client.clock_skew()
    }

    /// A random number over its whole range.
    fn roll(&self) -> u32 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).u32(..)
    }
}
