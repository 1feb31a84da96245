//! The gateway's own journal of the calls that it received: the witness from outside when a test
//! asks what the client really did.

use axum::http::StatusCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One call, as the gateway saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// When it came, on the monotonic clock, counted from the sandbox's start.
    pub at: Duration,
    /// The path that was called.
    pub path: String,
    /// The order asked about, where the body could be read; also of calls that were refused.
    pub order_id: Option<String>,
    /// Whether a script or a fault kept it from its right answer, or from the whole of it.
    pub scripted: bool,
    /// What became of it.
    pub end: CallEnd,
}

/// What is kept of a path: those that are documented are far shorter.
const LONGEST_PATH: usize = 100;

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEnd {
    /// Not answered yet.
    Open,
    /// Answered with this HTTP status: handed to the connection, whether it arrived or not.
    Answered(u16),
    /// The sandbox cut the connection instead of answering, as scripted.
    Cut,
    /// The caller went away before there was an answer.
    Abandoned,
}

/// All calls since the start, in the order in which they came.
#[derive(Debug)]
pub struct Journal {
    started: Instant,
    calls: Mutex<Vec<Call>>,
}

impl Journal {
    /// An empty one, whose time begins now.
    pub fn new() -> Arc<Journal> {
        Arc::new(Journal { started: Instant::now(), calls: Mutex::new(Vec::new()) })
    }

    /// Notes that a call came. It is noted before anything is known of it, so that a caller who
    /// gives up is counted too.
    pub fn open(self: &Arc<Journal>, path: &str) -> OpenCall {
        let mut calls = self.calls();
        // The time is taken under the lock: the journal's order is the order of its times.
        let at = self.started.elapsed();
        let (path, end) = (path.chars().take(LONGEST_PATH).collect(), CallEnd::Open);
        calls.push(Call { at, path, order_id: None, scripted: false, end });
        OpenCall { journal: Arc::clone(self), index: calls.len() - 1 }
    }

    /// A copy of it as it stands.
    pub fn snapshot(&self) -> Vec<Call> {
        self.calls().clone()
    }

    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        // Nothing is half-written when a holder panics: each holder does a single assignment.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call under way. Dropped without an end, it counts as abandoned: that is what the server does
/// with a call whose caller went away.
pub struct OpenCall {
    journal: Arc<Journal>,
    index: usize,
}

impl OpenCall {
    /// Notes the order that the call asks about.
    pub fn set_order_id(&self, order_id: &str) {
        let order_id = order_id.to_owned();
        self.edit(|call| call.order_id = Some(order_id));
    }

    /// Notes that something is scripted instead of its right answer.
    pub fn mark_scripted(&self) {
        self.edit(|call| call.scripted = true);
    }

    /// Notes that it is answered.
    pub fn answered(self, status: StatusCode) {
        self.edit(|call| call.end = CallEnd::Answered(status.as_u16()));
    }

    /// Notes that its connection is cut.
    pub fn cut(self) {
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
