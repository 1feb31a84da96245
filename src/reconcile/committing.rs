//! Committing answers on a thread of its own: an answer counts once it is committed
//! (contract, "The database").

use crate::gateway::Asker;
use crate::store::{Recorded, Store, StoreError};
use chrono::{DateTime, Utc};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// Answers that are committed together at most: what arrives during one commit makes the next.
pub(super) const BATCH: usize = 512;

/// How long an answer waits for others to be committed with.
const LONGEST_WAIT: Duration = Duration::from_millis(10);

/// How far a run is: what is committed, not what is only received.
#[derive(Debug, Default)]
pub struct Counters {
    selected: AtomicU64,
    answered: AtomicU64,
    unanswered: AtomicU64,
}

impl Counters {
    pub(super) fn begin(&self, selected: u64, answered: u64) {
        self.answered.store(answered, Ordering::Relaxed);
        self.selected.store(selected, Ordering::Relaxed);
    }

    /// Orders of the run; zero before the asking begins.
    #[must_use]
    pub(crate) fn selected(&self) -> u64 {
        self.selected.load(Ordering::Relaxed)
    }

    /// Orders with a trustworthy answer.
    #[must_use]
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Orders that were asked in vain.
    #[must_use]
    pub(crate) fn unanswered(&self) -> u64 {
        self.unanswered.load(Ordering::Relaxed)
    }

    fn count(&self, batch: &[Recorded]) {
        for recorded in batch {
            let is_answered = recorded.result.is_ok();
            let counter = if is_answered { &self.answered } else { &self.unanswered };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// An answer to be committed, with the place that its query holds until then.
pub(super) type Received = (Recorded, Option<OwnedSemaphorePermit>);

/// Commits answers in batches until the sender is gone. A commit costs the same for one answer as
/// for many, so a batch waits up to `LONGEST_WAIT` for more; at `enough` answers it waits no
/// longer, because their queries hold places that other orders need.
pub(super) fn write(
    mut store: Store,
    run_id: i64,
    mut inbox: mpsc::Receiver<Received>,
    enough: usize,
    clock_floor: Option<DateTime<Utc>>,
    asker: &Asker,
    counters: &Counters,
) -> (Store, Result<(), StoreError>) {
    let runtime = Handle::current();
    let mut batch = Vec::new();
    let mut counted = 0;
    while inbox.blocking_recv_many(&mut batch, BATCH) > 0 {
        let more =
            async { while batch.len() < enough && inbox.recv_many(&mut batch, BATCH).await > 0 {} };
        // The batch is large enough, or the wait is over.
        let _ = runtime.block_on(async { tokio::time::timeout(LONGEST_WAIT, more).await });
        let calls = asker.calls();
        let (batch, places): (Vec<Recorded>, Vec<_>) = batch.drain(..).unzip();
        if let Err(error) = store.record(run_id, &batch, calls - counted, clock_floor) {
            return (store, Err(error));
        }
        counted = calls;
        counters.count(&batch);
        drop(places);
    }
    let late = asker.calls() - counted;
    let result = if late > 0 { store.record(run_id, &[], late, clock_floor) } else { Ok(()) };
    (store, result)
}
