//! The journal of received calls: it shows a test what the client really sent.

use axum::http::StatusCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One received call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The time of arrival since the sandbox's start, on the monotonic clock.
    pub at: Duration,
    /// The path of the request, at most 100 characters.
    pub path: String,
    /// The order's id, if the body could be parsed; also of refused calls.
    pub order_id: Option<String>,
    /// Whether a script or a fault changed or cut the response.
    pub scripted: bool,
    /// How it ended.
    pub end: CallEnd,
}

/// In characters; documented paths are far shorter.
const LONGEST_PATH: usize = 100;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEnd {
    /// Not answered yet.
    Open,
    /// Answered with this HTTP status; the response may not have arrived.
    Answered(u16),
    /// The sandbox cut the connection, as scripted.
    Cut,
    /// The caller disconnected before the response.
    Abandoned,
}

/// All calls since the start, in order of arrival.
#[derive(Debug)]
pub(super) struct Journal {
    started: Instant,
    calls: Mutex<Vec<Call>>,
}

impl Journal {
    /// An empty journal, whose time starts now.
    pub(super) fn new() -> Arc<Journal> {
        Arc::new(Journal { started: Instant::now(), calls: Mutex::new(Vec::new()) })
    }

    /// Records a call before its request is read, so that an aborted call is counted too.
    pub(super) fn open(self: &Arc<Journal>, path: &str) -> OpenCall {
        let mut calls = self.calls();
        // The time is read under the lock, so that the calls are ordered by time.
        let at = self.started.elapsed();
        let (path, end) = (path.chars().take(LONGEST_PATH).collect(), CallEnd::Open);
        calls.push(Call { at, path, order_id: None, scripted: false, end });
        OpenCall { journal: Arc::clone(self), index: calls.len() - 1 }
    }

    /// A copy of the calls so far.
    pub(super) fn snapshot(&self) -> Vec<Call> {
        self.calls().clone()
    }

    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        // A poisoned lock is safe: each holder does a single assignment.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open call. If it is dropped without an end, it counts as abandoned: the server drops a call
/// whose caller has disconnected.
pub(super) struct OpenCall {
    journal: Arc<Journal>,
    index: usize,
}

impl OpenCall {
    /// Records the order's id.
    pub(super) fn set_order_id(&self, order_id: &str) {
        let order_id = order_id.to_owned();
        self.edit(|call| call.order_id = Some(order_id));
    }

    /// Records that a script or a fault changes the response.
    pub(super) fn mark_scripted(&self) {
        self.edit(|call| call.scripted = true);
    }

    /// Records that the call is answered.
    pub(super) fn answered(self, status: StatusCode) {
        self.edit(|call| call.end = CallEnd::Answered(status.as_u16()));
    }

    /// Records that the connection is cut.
    pub(super) fn cut(self) {
        self.edit(|call| call.end = CallEnd::Cut);
    }

    fn edit(&self, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.journal.calls().get_mut(self.index) {
            change(call);
        }
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.edit(|call| {
            if call.end == CallEnd::Open {
                call.end = CallEnd::Abandoned;
            }
        });
    }
}
