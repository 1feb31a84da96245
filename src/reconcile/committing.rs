//! Committing answers on a thread of its own: an answer counts once it is committed
//! (contract, "The database").

use crate::gateway::Allowance;
use crate::store::{Recorded, Recording, Store, StoreError};
use std::mem;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};

/// Answers that a commit waits for at most.
const ENOUGH: usize = 512;

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

    /// Orders of which something was recorded.
    pub(super) fn recorded(&self) -> u64 {
        self.answered() + self.unanswered()
    }

    fn count(&self, answer: &Recorded, holder: Holder) {
        let is_answered = answer.result.is_ok();
        let counter = if is_answered { &self.answered } else { &self.unanswered };
        match holder {
            Holder::Order(_) => {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            // It was counted as unanswered.
            Holder::OrderAgain(_) if is_answered => {
                self.answered.fetch_add(1, Ordering::Relaxed);
                self.unanswered.fetch_sub(1, Ordering::Relaxed);
            }
            // A probe's order was counted when it was answered first.
            Holder::OrderAgain(_) | Holder::Probe => {}
        }
    }
}

/// What an answer is to, and the worker whose place it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// An order.
    Order(usize),
    /// An order that failed and was asked once more.
    OrderAgain(usize),
    /// A probe, which holds no place.
    Probe,
}

impl Holder {
    fn worker(self) -> Option<usize> {
        match self {
            Holder::Order(worker) | Holder::OrderAgain(worker) => Some(worker),
            Holder::Probe => None,
        }
    }
}

/// Where workers leave answers for the thread that commits them, and what they may have in flight:
/// a call holds a place of its worker until its answer is committed.
pub(super) struct Inbox {
    batch: Mutex<Batch>,
    /// The first answer of a batch has come, or enough for a commit, or the last.
    came: Notify,
    /// Half of all places: the other half is asking meanwhile.
    enough: usize,
    /// By worker.
    places: Vec<Places>,
}

/// The places of one worker.
struct Places {
    all: usize,
    free: Semaphore,
    /// Places whose answers are committed, and that are still to be freed.
    returned: AtomicUsize,
    were_returned: Notify,
}

impl Places {
    fn new(all: usize) -> Places {
        Places {
            all,
            free: Semaphore::new(all),
            returned: AtomicUsize::new(0),
            were_returned: Notify::new(),
        }
    }
}

/// Answers that wait for the next commit.
#[derive(Default)]
struct Batch {
    answers: Vec<Recorded>,
    holders: Vec<Holder>,
    is_closed: bool,
}

impl Inbox {
    /// Places for so many calls in flight, shared evenly among so many workers.
    pub(super) fn new(max_in_flight: NonZeroU32, workers: usize) -> Inbox {
        let all = usize::try_from(max_in_flight.get()).unwrap_or(usize::MAX);
        let all = all.min(Semaphore::MAX_PERMITS);
        let share = |worker| all / workers + usize::from(worker < all % workers);
        Inbox {
            batch: Mutex::default(),
            came: Notify::new(),
            enough: (all / 2).clamp(1, ENOUGH),
            places: (0..workers).map(share).map(Places::new).collect(),
        }
    }

    /// How many calls a worker may have in flight.
    pub(super) fn places(&self, worker: usize) -> usize {
        self.places[worker].all
    }

    /// Waits for a place of this worker, and takes it.
    pub(super) async fn place(&self, worker: usize) {
        // The semaphore is never closed.
        if let Ok(place) = self.places[worker].free.acquire().await {
            place.forget();
        }
    }

    /// Gives a place back that no call has used.
    pub(super) fn leave(&self, worker: usize) {
        self.places[worker].free.add_permits(1);
    }

    /// Frees the places whose answers are committed. It runs on the worker's own thread: to wake a
    /// call from another thread takes a system call, for each of them.
    pub(super) async fn free_places(&self, worker: usize) {
        let places = &self.places[worker];
        loop {
            places.were_returned.notified().await;
            places.free.add_permits(places.returned.swap(0, Ordering::AcqRel));
        }
    }

    /// Leaves an answer, with the place that its call holds.
    pub(super) fn put(&self, answer: Recorded, holder: Holder) {
        let mut batch = self.batch();
        batch.answers.push(answer);
        batch.holders.push(holder);
        let waiting = batch.answers.len();
        drop(batch);
        if waiting == 1 || waiting == self.enough {
            self.came.notify_one();
        }
    }

    /// No answer comes any more once this is dropped.
    pub(super) fn close_when_dropped(&self) -> impl Drop {
        Closing(self)
    }

    /// Gives back so many places to each worker.
    fn give_back(&self, held: &[usize]) {
        for (places, held) in self.places.iter().zip(held).filter(|(_, held)| **held > 0) {
            places.returned.fetch_add(*held, Ordering::AcqRel);
            places.were_returned.notify_one();
        }
    }

    fn batch(&self) -> MutexGuard<'_, Batch> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answers for the next commit, and the places that they hold. `None`: no more will come. A
    /// commit costs the same for one answer as for many, so a batch waits up to `LONGEST_WAIT` for
    /// more; with enough it waits no longer, because their calls hold places that other orders
    /// need.
    async fn next(&self) -> Option<(Vec<Recorded>, Vec<Holder>)> {
        while self.is_ready(1) == Some(false) {
            self.came.notified().await;
        }
        let more = async {
            while self.is_ready(self.enough) == Some(false) {
                self.came.notified().await;
            }
        };
        // There are enough, or the wait is over.
        let _ = tokio::time::timeout(LONGEST_WAIT, more).await;
        let mut batch = self.batch();
        let (answers, holders) = (mem::take(&mut batch.answers), mem::take(&mut batch.holders));
        (!answers.is_empty()).then_some((answers, holders))
    }

    /// Whether so many answers wait. `None`: there will be no more.
    fn is_ready(&self, enough: usize) -> Option<bool> {
        let batch = self.batch();
        (!batch.is_closed).then_some(batch.answers.len() >= enough)
    }
}

struct Closing<'a>(&'a Inbox);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.batch().is_closed = true;
        self.0.came.notify_one();
    }
}

/// Commits answers batch by batch until the inbox is closed.
pub(super) async fn write(
    store: &mut Store,
    run: Recording,
    inbox: &Inbox,
    allowance: &Allowance,
    counters: &Counters,
) -> Result<(), StoreError> {
    let mut counted = 0;
    while let Some((answers, holders)) = inbox.next().await {
        let calls = allowance.calls();
        store.record(run, &answers, calls - counted)?;
        counted = calls;
        let mut held = vec![0; inbox.places.len()];
        for (answer, holder) in answers.iter().zip(holders) {
            counters.count(answer, holder);
            if let Some(worker) = holder.worker() {
                held[worker] += 1;
            }
        }
        inbox.give_back(&held);
    }
    let late = allowance.calls() - counted;
    if late > 0 { store.record(run, &[], late) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::payment::{Answer, Answered};
    use chrono::DateTime;

    /// One answer, or none.
    fn recorded(is_answered: bool) -> Recorded {
        let words = "Order not found".to_owned();
        let answered = Answered { answer: Answer::Missing(words.clone()), evidence: words };
        let result = if is_answered { Ok(answered) } else { Err("no answer".to_owned()) };
        Recorded { order_id: 1, calls: 1, at: DateTime::UNIX_EPOCH, result }
    }

    #[test]
    fn an_order_counts_once_as_answered_or_as_asked_in_vain() {
        let (order, again) = (Holder::Order(0), Holder::OrderAgain(0));
        for (replies, answered, unanswered) in [
            (vec![(true, order)], 1, 0),
            (vec![(false, order)], 0, 1),
            (vec![(false, order), (true, again)], 1, 0),
            (vec![(false, order), (false, again)], 0, 1),
            (vec![(true, order), (true, Holder::Probe), (false, Holder::Probe)], 1, 0),
            (vec![(true, order), (false, order), (true, order)], 2, 1),
        ] {
            let counters = Counters::default();
            counters.begin(9, 0);
            for (is_answered, holder) in &replies {
                counters.count(&recorded(*is_answered), *holder);
            }
            assert_eq!((counters.answered(), counters.unanswered()), (answered, unanswered));
            assert_eq!((counters.selected(), counters.recorded()), (9, answered + unanswered));
        }
    }

    #[test]
    fn places_are_shared_evenly() {
        for (max_in_flight, workers, places) in
            [(1, 1, vec![1]), (10, 3, vec![4, 3, 3]), (64, 2, vec![32, 32]), (5, 2, vec![3, 2])]
        {
            let max_in_flight = NonZeroU32::new(max_in_flight).unwrap_or(NonZeroU32::MIN);
            let inbox = Inbox::new(max_in_flight, workers);
            let found: Vec<usize> = (0..workers).map(|worker| inbox.places(worker)).collect();
            assert_eq!(found, places);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_waits_for_enough_answers_and_no_longer_than_a_moment() {
        let inbox = Inbox::new(NonZeroU32::MIN.saturating_add(7), 1);
        let put = |count| (0..count).for_each(|_| inbox.put(recorded(true), Holder::Order(0)));
        let waited = async || {
            let begun = tokio::time::Instant::now();
            let batch = inbox.next().await;
            (batch.map(|(answers, holders)| (answers.len(), holders.len())), begun.elapsed())
        };
        put(3);
        let (batch, wait) = waited().await;
        assert_eq!(batch, Some((3, 3)));
        assert!(wait >= LONGEST_WAIT, "more could have come");
        // Half of the eight places.
        put(4);
        assert_eq!(waited().await, (Some((4, 4)), Duration::ZERO));
        put(1);
        drop(inbox.close_when_dropped());
        assert_eq!(waited().await, (Some((1, 1)), Duration::ZERO), "no more will come");
        assert_eq!(waited().await, (None, Duration::ZERO));
    }
}
