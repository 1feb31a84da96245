//! Scripted faults of the gateway: by order, by share and by time. Written as TOML:
//!
//! ```toml
//! [rate_limit]                       # more calls a second are answered 429
//! requests_per_second = 200
//! retry_after = "1"
//!
//! [[fault]]                          # of several that apply, the first is used
//! orders = ["A-17", "B-*"]           # these ids, and ids that start with "B-"
//! operation = "order/new"            # or order/get
//! percent = 5                        # this share …
//! of = "orders"                      # … of the orders, with all their calls; or of the "calls"
//! seed = 7                           # the same seed selects the same ones
//! from_seconds = 10                  # of sandbox time, since the start
//! to_seconds = 40
//! does = { status = 503, times = 2 } # the keys are in `script.rs`
//! ```
//!
//! Whether a share includes a call depends on the seed, the order and the number of earlier calls
//! of this operation for it, not on other calls: a run with many calls in flight has the same
//! faults as a slow one. `times` limits how often the fault happens to an order.

use super::reply::{Reply, error_text};
use super::script::Script;
use crate::domain::bounded;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::num::{NonZeroU8, NonZeroU32};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The largest file of faults, in bytes.
const LARGEST_FILE: u64 = 1024 * 1024;

/// The scripted faults.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    rate_limit: Option<RateLimit>,
    fault: Vec<Fault>,
}

/// Why a file of faults is not usable.
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

/// A fault and its conditions, all of which must be met.
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

/// The documented operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub(super) enum Operation {
    /// Creates an order.
    #[serde(rename = "order/new")]
    OrderNew,
    /// Queries an order.
    #[serde(rename = "order/get")]
    OrderGet,
}

/// Whether a share is of calls or of orders.
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
    /// [`FaultsError`]: the file cannot be read, or a value in it is not valid.
    pub fn load(path: &Path) -> Result<Faults, FaultsError> {
        let file = path.display().to_string();
        let read = File::open(path).and_then(|file| bounded::read(file, LARGEST_FILE));
        let text = read.and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
        match text {
            Ok(text) => Faults::parse(&text).map_err(|error| FaultsError { file, ..error }),
            Err(error) => Err(FaultsError { file, what: format!(" cannot be read: {error}") }),
        }
    }

    /// Parses faults.
    ///
    /// # Errors
    /// [`FaultsError`]: the text is not TOML, or a value in it is not valid.
    pub fn parse(text: &str) -> Result<Faults, FaultsError> {
        let wrong = |what| FaultsError { file: "text".to_owned(), what };
        let faults: Faults = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let message = error.message().replace('\n', " ");
            let is_single = message == "invalid type: map, expected a sequence";
            let remedy = if is_single { " (use [[fault]], one table per fault)" } else { "" };
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
            let what =
                ", [rate_limit]: `retry_after` contains characters that a header cannot contain";
            return Err(wrong(what.to_owned()));
        }
        Ok(faults)
    }

    /// Whether there are no faults.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.rate_limit.is_none() && self.fault.is_empty()
    }

    /// A new limiter for the rate limit.
    fn limiter(&self) -> Option<Limiter> {
        let limit = self.rate_limit.as_ref()?;
        let retry_after =
            limit.retry_after.as_ref().and_then(|text| HeaderValue::try_from(text).ok());
        let most = usize::try_from(limit.requests_per_second.get()).unwrap_or(usize::MAX);
        Some(Limiter { most, retry_after, last: Mutex::default() })
    }
}

/// The faults of a running sandbox.
pub(super) struct ActiveFaults {
    faults: Faults,
    limiter: Option<Limiter>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Calls of each operation by order id, also of unknown orders.
    calls: HashMap<(Operation, String), u32>,
    /// How often each fault with `times` has happened to an order.
    hits: HashMap<(usize, String), u32>,
}

impl ActiveFaults {
    /// Starts with no calls.
    pub(super) fn new(faults: Faults) -> ActiveFaults {
        ActiveFaults { limiter: faults.limiter(), faults, seen: Mutex::default() }
    }

    /// The response to a call that exceeds the rate limit.
    pub(super) fn refusal(&self, now: Instant) -> Option<Reply> {
        self.limiter.as_ref()?.refusal(now)
    }

    /// Counts a call of this operation for an order. Returns the number of earlier ones.
    pub(super) fn count_call(&self, operation: Operation, order_id: &str) -> u32 {
        let mut seen = self.seen();
        let calls = seen.calls.entry((operation, order_id.to_owned())).or_default();
        let earlier = *calls;
        // Saturates, so that a script does not start again after 2³² calls.
        *calls = calls.saturating_add(1);
        earlier
    }

    /// The fault of a call for this order, after `earlier_calls` calls of its operation, at the
    /// sandbox time `elapsed`.
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
            return Some("`seed` and `of` need `percent`: add it, or remove them");
        }
        if self.to_seconds.is_some_and(|to| to <= self.from_seconds) {
            return Some("`to_seconds` is not after `from_seconds`, so the fault never happens");
        }
        let star = |order: &String| order.trim_end_matches('*').contains('*');
        if self.orders.iter().flatten().any(star) {
            return Some("`orders` allows a `*` only at the end of an id");
        }
        let no_order = |orders: &Vec<String>| orders.is_empty();
        if self.orders.as_ref().is_some_and(no_order) {
            return Some("`orders` is empty: remove it to select all orders");
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

/// A number from 0 to 99 that depends only on the parameters.
fn roll(seed: u64, id: &str, call: Option<u32>) -> u64 {
    let mut digest = Sha256::new();
    digest.update(seed.to_be_bytes());
    digest.update(call.unwrap_or(u32::MAX).to_be_bytes());
    digest.update(id.as_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first)) % 100
}

/// Allows at most `most` calls in any second.
#[derive(Debug)]
struct Limiter {
    most: usize,
    retry_after: Option<HeaderValue>,
    /// The times of the allowed calls of the last second.
    last: Mutex<VecDeque<Instant>>,
}

impl Limiter {
    /// The response to a call that exceeds the limit. A refused call does not count.
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
