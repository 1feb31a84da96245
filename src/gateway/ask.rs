//! Asks for one order as often as the policy lets it.

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

/// What came of asking for one order.
#[derive(Debug)]
pub struct Reply {
    /// The answer, or why the last call brought none.
    pub result: Result<Answered, CallFailure>,
    /// Calls made.
    pub calls: u32,
    /// Whether every call ended in an outage (contract, exit code 13).
    pub only_outages: bool,
    /// Whether the deadline cut the last call: then it says nothing about the gateway.
    pub is_cut: bool,
    /// When the last call ended.
    pub at: DateTime<Utc>,
}

/// What has happened to one order so far: what is left of it when the time is up.
#[derive(Default)]
struct Progress {
    calls: u32,
    reached: bool,
    last_failure: Option<String>,
}

/// Asks within one run's limits. Shared by everything that is in flight.
pub struct Asker {
    pub(super) client: Client,
    pub(super) pace: Pace,
    pub(super) limits: Limits,
    retries_left: AtomicU64,
    retry_after_warned: AtomicBool,
    now: fn() -> DateTime<Utc>,
}

impl Asker {
    /// For a run of so many orders.
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

    /// Asks until there is a trustworthy answer, the policy says stop, or the time is up.
    pub async fn ask(&self, order: &OrderKey, until: Option<Instant>) -> Reply {
        let progress = Mutex::new(Progress::default());
        let asking = self.attempts(order, &progress);
        let result = match until {
            Some(until) => tokio::time::timeout_at(until.into(), asking).await.ok(),
            None => Some(asking.await),
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
        let only_outages = result.is_err() && !progress.reached;
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
                progress.reached |= !failure.cause.is_outage();
                progress.last_failure = Some(failure.why.clone());
            });
            if failure.cause == Cause::Overload {
                self.apply_retry_after(failure.retry_after.as_deref());
            }
            match retry::next(&self.limits, calls, fastrand::u32(..)) {
                Next::Wait(wait) if failure.retry && self.use_retry() => {
                    tracing::debug!(why = failure.why, calls, "asking again");
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(failure),
            }
        }
    }

    /// Calls made so far, retries included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.pace.permits()
    }

    /// The gateway's clock less ours, as its last answer's Date shows it.
    #[must_use]
    pub fn clock_skew(&self) -> Option<TimeDelta> {
        self.client.clock_skew()
    }

    /// Takes a retry from the run's budget, if one is left.
    pub(super) fn use_retry(&self) -> bool {
        self.retries_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }

    /// Pauses all calls for as long as the gateway asks.
    pub(super) fn apply_retry_after(&self, retry_after: Option<&str>) {
        let Some(header) = retry_after else { return };
        let pause = retry::pause(header, (self.now)(), self.limits.retry_after_max);
        if pause.capped && !self.retry_after_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                asked = crate::domain::text::clean(header),
                waiting_seconds = pause.length.as_secs(),
                "the gateway's Retry-After is not usable as it is"
            );
        }
        self.pace.pause(pause.length);
    }
}
