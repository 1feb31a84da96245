//! Bad days: what goes wrong at the gateway, by order, by share and by time. Written as TOML:
//!
//! ```toml
//! [rate_limit]                       # more calls a second are answered 429
//! requests_per_second = 200
//! retry_after = "1"
//!
//! [[fault]]                          # the first that holds is the one that happens
//! orders = ["A-17", "B-*"]           # these ids, or what begins so
//! operation = "order/new"            # or order/get
//! percent = 5                        # this share …
//! of = "orders"                      # … of the orders, each wholly; or of the "calls"
//! seed = 7                           # which ones: the same seed, the same ones
//! from_seconds = 10                  # of sandbox time, since the start
//! to_seconds = 40
//! does = { status = 503, times = 2 } # the keys are in `script.rs`
//! ```
//!
//! Whether a share hits a call depends on the seed, the order and how often this operation was
//! called about it, not on who else calls: a run with many calls in flight meets the same day as a
//! slow one. `times` counts how often the fault has happened to the order.

use super::reply::{Reply, error_text};
use super::script::Script;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::num::{NonZeroU8, NonZeroU32};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What goes wrong.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    rate_limit: Option<RateLimit>,
    fault: Vec<Fault>,
}

/// A file of faults that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the faults {file}{what}")]
pub struct FaultsError {
    file: String,
    what: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RateLimit {
    requests_per_second: NonZeroU32,
    #[serde(default)]
    retry_after: Option<String>,
}

/// A fault, and when it happens: all that is given must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    #[serde(default)]
    orders: Option<Vec<String>>,
    #[serde(default)]
    operation: Option<Operation>,
    #[serde(default)]
    percent: Option<NonZeroU8>,
    #[serde(default)]
    of: ShareOf,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    from_seconds: u64,
    #[serde(default)]
    to_seconds: Option<u64>,
    does: Script,
}

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Operation {
    /// Creates an order.
    #[serde(rename = "order/new")]
    OrderNew,
    /// Asks about one.
    #[serde(rename = "order/get")]
    OrderGet,
}

/// What a share is taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ShareOf {
    #[default]
    Calls,
    Orders,
}

impl Faults {
    /// Reads a file of faults.
    ///
    /// # Errors
    /// It cannot be read, or something in it cannot be meant.
    pub fn load(path: &Path) -> Result<Faults, FaultsError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Faults::parse(&text).map_err(|error| FaultsError { file, ..error }),
            Err(error) => Err(FaultsError { file, what: format!(" cannot be read: {error}") }),
        }
    }

    /// Reads faults.
    ///
    /// # Errors
    /// Something in it cannot be meant.
    pub fn parse(text: &str) -> Result<Faults, FaultsError> {
        let wrong = |what| FaultsError { file: "text".to_owned(), what };
        let faults: Faults = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let message = error.message().replace('\n', " ");
            let is_single = message == "invalid type: map, expected a sequence";
            let remedy = if is_single { " (write [[fault]], a table for each)" } else { "" };
            wrong(format!(", line {line}: {message}{remedy}"))
        })?;
        let begins = (1..).zip(text.lines()).filter(|(_, line)| line.trim() == "[[fault]]");
        for ((line, _), fault) in begins.zip(&faults.fault) {
            if let Some(what) = fault.problem() {
                return Err(wrong(format!(", fault in line {line}: {what}")));
            }
        }
        let retry_after = faults.rate_limit.as_ref().and_then(|limit| limit.retry_after.as_ref());
        if retry_after.is_some_and(|text| HeaderValue::try_from(text).is_err()) {
            let what = ", [rate_limit]: `retry_after` holds characters that a header cannot carry";
            return Err(wrong(what.to_owned()));
        }
        Ok(faults)
    }

    /// Whether nothing goes wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rate_limit.is_none() && self.fault.is_empty()
    }

    /// The limit of the rate, before it has seen a call.
    fn limiter(&self) -> Option<Limiter> {
        let limit = self.rate_limit.as_ref()?;
        let retry_after =
            limit.retry_after.as_ref().and_then(|text| HeaderValue::try_from(text).ok());
        let most = usize::try_from(limit.requests_per_second.get()).unwrap_or(usize::MAX);
        Some(Limiter { most, retry_after, last: Mutex::default() })
    }
}

/// The faults at work.
pub(super) struct ActiveFaults {
    faults: Faults,
    limiter: Option<Limiter>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Calls of each operation about an order, whether there is one or not.
    calls: HashMap<(Operation, String), u32>,
    /// How often a fault has happened to an order, where that is limited.
    hits: HashMap<(usize, String), u32>,
}

impl ActiveFaults {
    /// The beginning of the day.
    pub(super) fn new(faults: Faults) -> ActiveFaults {
        ActiveFaults { limiter: faults.limiter(), faults, seen: Mutex::default() }
    }

    /// The refusal of a call that comes now, if it is one too many.
    pub(super) fn refusal(&self, now: Instant) -> Option<Reply> {
        self.limiter.as_ref()?.refusal(now)
    }

    /// Counts one more call of this operation about an order, and says how many came before.
    pub(super) fn count_call(&self, operation: Operation, order_id: &str) -> u32 {
        let mut seen = self.seen();
        let calls = seen.calls.entry((operation, order_id.to_owned())).or_default();
        let earlier = *calls;
        // It stays at the largest number rather than start a script again after 2³² calls.
        *calls = calls.saturating_add(1);
        earlier
    }

    /// What happens to a call about this order after so many earlier ones of its operation, so
    /// long after the start.
    pub(super) fn script(
        &self,
        operation: Operation,
        order_id: &str,
        earlier_calls: u32,
        elapsed: Duration,
    ) -> Option<&Script> {
        for (number, fault) in self.faults.fault.iter().enumerate() {
            if !fault.applies(operation, order_id, earlier_calls, elapsed) {
                continue;
            }
            if !fault.does.is_limited() {
                return Some(&fault.does);
            }
            let mut seen = self.seen();
            let hits = seen.hits.entry((number, order_id.to_owned())).or_default();
            if fault.does.applies_after(*hits) {
                *hits += 1;
                return Some(&fault.does);
            }
        }
        None
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn problem(&self) -> Option<&'static str> {
        if self.percent.is_some_and(|percent| percent.get() > 100) {
            return Some("`percent` is more than 100");
        }
        if self.percent.is_none() && (self.seed != 0 || self.of != ShareOf::Calls) {
            return Some("`seed` and `of` go with `percent`: give it, or leave them out");
        }
        if self.to_seconds.is_some_and(|to| to <= self.from_seconds) {
            return Some("`to_seconds` is not after `from_seconds`, so that it never happens");
        }
        let star = |order: &String| order.trim_end_matches('*').contains('*');
        if self.orders.iter().flatten().any(star) {
            return Some("`orders` takes a `*` at the end of an id only");
        }
        let no_order = |orders: &Vec<String>| orders.is_empty();
        if self.orders.as_ref().is_some_and(no_order) {
            return Some("`orders` names none: leave it out for all of them");
        }
        None
    }

    fn applies(&self, operation: Operation, id: &str, calls: u32, elapsed: Duration) -> bool {
        let names = |pattern: &String| match pattern.strip_suffix('*') {
            Some(beginning) => id.starts_with(beginning),
            None => id == pattern,
        };
        let (from, to) = (self.from_seconds, self.to_seconds.unwrap_or(u64::MAX));
        self.operation.is_none_or(|it| it == operation)
            && (Duration::from_secs(from)..Duration::from_secs(to)).contains(&elapsed)
            && self.orders.as_ref().is_none_or(|orders| orders.iter().any(names))
            && self.percent.is_none_or(|percent| {
                let call = (self.of == ShareOf::Calls).then_some(calls);
                roll(self.seed, id, call) < u64::from(percent.get())
            })
    }
}

/// A number from 0 to 99 that only depends on these.
fn roll(seed: u64, id: &str, call: Option<u32>) -> u64 {
    let mut digest = Sha256::new();
    digest.update(seed.to_be_bytes());
    digest.update(call.unwrap_or(u32::MAX).to_be_bytes());
    digest.update(id.as_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first)) % 100
}

/// Lets so many calls through in any second.
#[derive(Debug)]
struct Limiter {
    most: usize,
    retry_after: Option<HeaderValue>,
    /// When those of the last second came.
    last: Mutex<VecDeque<Instant>>,
}

impl Limiter {
    /// The refusal of a call that comes now, if it is one too many. A refused call does not count.
    fn refusal(&self, now: Instant) -> Option<Reply> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let second = Duration::from_secs(1);
        while last.front().is_some_and(|at| now.saturating_duration_since(*at) >= second) {
            last.pop_front();
        }
        if last.len() < self.most {
            last.push_back(now);
            return None;
        }
        let reply = Reply::text(StatusCode::TOO_MANY_REQUESTS, error_text("Too many requests"));
        Some(match &self.retry_after {
            Some(value) => reply.with(RETRY_AFTER, value.clone()),
            None => reply,
        })
    }
}

#[cfg(test)]
#[path = "faults_tests.rs"]
mod tests;
