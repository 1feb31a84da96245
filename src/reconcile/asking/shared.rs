//! What the workers of one run share.

use super::orders::Orders;
use super::replies::Replies;
use super::{Ended, MovesDay};
use crate::failure::Failure;
use crate::gateway::CallFailure;
use crate::interrupt::Interrupt;
use crate::reconcile::committing::Inbox;
use crate::store::{Pending, StoreError};
use chrono::TimeDelta;
use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// How far the asking is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Asking,
    /// One worker asks whether the credentials are right; the others begin no call meanwhile.
    Probing,
    Ended,
}

/// What the workers of one run share.
pub(super) struct Shared {
    pub(super) inbox: Inbox,
    pub(super) stop_asking_at: Option<Instant>,
    orders: Mutex<Orders>,
    replies: Mutex<Replies>,
    interrupt: Interrupt,
    moves_day: MovesDay,
    phase: watch::Sender<Phase>,
    ended: Mutex<Option<Result<Ended, Failure>>>,
}

impl Shared {
    pub(super) fn new(
        orders: Orders,
        replies: Replies,
        inbox: Inbox,
        stop_asking_at: Option<Instant>,
        interrupt: Interrupt,
        moves_day: MovesDay,
    ) -> Shared {
        Shared {
            inbox,
            stop_asking_at,
            orders: Mutex::new(orders),
            replies: Mutex::new(replies),
            interrupt,
            moves_day,
            phase: watch::Sender::new(Phase::Asking),
            ended: Mutex::default(),
        }
    }

    /// The next orders; none: all were taken.
    pub(super) fn next_batch(&self) -> Result<VecDeque<Pending>, StoreError> {
        locked(&self.orders).next_batch()
    }

    /// The next order alone, as [`Orders::next_one`].
    pub(super) fn next_one(&self, from_the_end: bool) -> Result<Option<Pending>, StoreError> {
        locked(&self.orders).next_one(from_the_end)
    }

    /// Keeps an order that failed on an outage for [`Shared::next_again`].
    pub(super) fn ask_again(&self, order: Pending) {
        locked(&self.orders).ask_again(order);
    }

    /// An order to be asked once more, after all others, and when it failed.
    pub(super) fn next_again(&self) -> Option<(Pending, tokio::time::Instant)> {
        locked(&self.orders).next_again()
    }

    pub(super) fn replies(&self) -> MutexGuard<'_, Replies> {
        locked(&self.replies)
    }

    /// Whether further orders may be asked for.
    pub(super) fn is_asking(&self) -> bool {
        !self.has_ended() && !self.is_late()
    }

    /// See [`MovesDay`].
    pub(super) fn moves_day(&self, skew: TimeDelta) -> bool {
        (self.moves_day)(skew)
    }

    pub(super) fn has_ended(&self) -> bool {
        *self.phase.borrow() == Phase::Ended
    }

    fn is_late(&self) -> bool {
        self.stop_asking_at.is_some_and(|at| Instant::now() >= at)
    }

    /// Does this work, until the asking ends or a signal comes.
    pub(super) async fn until_ended(&self, work: impl Future<Output = ()>) {
        let mut phase = self.phase.subscribe();
        tokio::select! {
            biased;
            signal = self.interrupt.wait() => self.end(Ok(Ended::Interrupted(signal))),
            _ended = phase.wait_for(|phase| *phase == Phase::Ended) => {}
            () = work => {}
        }
    }

    /// Ends the asking for all workers. The first end counts.
    pub(super) fn end(&self, ended: Result<Ended, Failure>) {
        locked(&self.ended).get_or_insert(ended);
        self.phase.send_replace(Phase::Ended);
    }

    /// Ends the asking where no order is left, or where the deadline has come.
    pub(super) fn end_as_asked(&self) {
        self.end(Ok(if self.is_late() { Ended::Deadline } else { Ended::Done }));
    }

    /// Ends the asking if this thread panics while the guard lives: the others would wait for
    /// places that nobody gives back.
    pub(super) fn end_on_panic(&self) -> impl Drop {
        EndOnPanic(self)
    }

    /// Whether all workers may ask: the gateway has answered the first one.
    pub(super) fn may_ask_all(&self) -> bool {
        !self.has_ended() && self.replies().has_answers()
    }

    /// Orders that workers took so far.
    pub(super) fn taken(&self) -> u64 {
        locked(&self.orders).taken()
    }

    /// How the asking ended.
    pub(super) fn ended(&self) -> Result<Ended, Failure> {
        locked(&self.ended).take().unwrap_or(Ok(Ended::Done))
    }

    /// Begins a probe: no other call begins until [`Shared::end_probe`]. Gives the order to ask for
    /// again, and why there is a probe.
    pub(super) fn begin_probe(&self) -> (Option<Pending>, CallFailure) {
        let probe = self.replies().begin_probe();
        self.change(Phase::Asking, Phase::Probing);
        probe
    }

    /// The probe was answered: workers go on.
    pub(super) fn end_probe(&self) {
        self.replies().end_probe();
        self.change(Phase::Probing, Phase::Asking);
    }

    fn change(&self, from: Phase, to: Phase) {
        self.phase.send_if_modified(|phase| {
            let changes = *phase == from;
            if changes {
                *phase = to;
            }
            changes
        });
    }

    /// Waits while one worker probes.
    pub(super) async fn until_probed(&self) {
        if *self.phase.borrow() == Phase::Probing {
            let mut phase = self.phase.subscribe();
            // It does not fail: the sender is `self`.
            let _ = phase.wait_for(|phase| *phase != Phase::Probing).await;
        }
    }
}

struct EndOnPanic<'a>(&'a Shared);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end(Ok(Ended::Done));
        }
    }
}

/// A panic while it was locked ends the run anyway.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
