//! Queries one order, with retries.

use super::client::Client;
use super::pace::Pace;
use super::response::{CallFailure, Cause};
use super::retry::{self, Next};
use super::settings::Limits;
use crate::domain::order::OrderKey;
use crate::domain::payment::Answered;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

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

/// Makes the calls of one run within its limits. Shared by all calls in flight.
pub struct Asker {
    pub(super) client: Client,
    pub(super) pace: Pace,
    pub(super) limits: Limits,
    retries_left: AtomicU64,
    retry_after_warned: AtomicBool,
    now: fn() -> DateTime<Utc>,
}

impl Asker {
    /// Creates an asker for a run of `orders` orders, which set its retry budget.
    #[must_use]
    pub fn new(client: Client, limits: Limits, orders: u64, now: fn() -> DateTime<Utc>) -> Asker {
        Asker {
            client,
            pace: Pace::new(limits.requests_per_second),
            limits,
            retries_left: AtomicU64::new(retry::budget(orders)),
            retry_after_warned: AtomicBool::new(false),
            now,
        }
    }

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
            self.pace.permit().await;
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
                self.apply_retry_after(failure.retry_after.as_deref());
            }
            match retry::next(&self.limits, calls, fastrand::u32(..)) {
                Next::Wait(wait) if failure.retry && self.use_retry() => {
                    tracing::debug!(why = failure.why, calls, "retrying");
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(failure),
            }
        }
    }

    /// Calls made so far, retries included.
    #[must_use]
    pub(crate) fn calls(&self) -> u64 {
        self.pace.permits()
    }

    /// The gateway's clock minus this machine's, from the last `Date` header.
    #[must_use]
    pub(crate) fn clock_skew(&self) -> Option<TimeDelta> {
        self.client.clock_skew()
    }

    /// Uses one retry of the run's budget, if one is left.
    pub(super) fn use_retry(&self) -> bool {
        self.retries_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }

    /// Pauses all calls for the time in the gateway's `Retry-After`.
    pub(super) fn apply_retry_after(&self, retry_after: Option<&str>) {
        let Some(header) = retry_after else { return };
        let pause = retry::pause(header, (self.now)(), self.limits.retry_after_max);
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
