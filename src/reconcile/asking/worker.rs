//! One worker: the calls of one thread.

use super::Ended;
use super::shared::Shared;
use crate::failure::Failure;
use crate::gateway::{Asker, CallFailure, Cause, Reply, Transport};
use crate::reconcile::committing::Holder;
use crate::reconcile::stop::Next;
use crate::store::{Pending, Recorded};
use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// The calls of one thread: each place asks for one order after another.
pub(super) struct Worker<T> {
    number: usize,
    asker: Asker<T>,
    /// Orders that this worker has taken.
    taken: Mutex<VecDeque<Pending>>,
    pub(super) shared: Arc<Shared>,
}

impl<T: Transport + Send + Sync + 'static> Worker<T> {
    pub(super) fn new(number: usize, asker: Asker<T>, shared: &Arc<Shared>) -> Worker<T> {
        Worker { number, asker, taken: Mutex::default(), shared: Arc::clone(shared) }
    }

    /// Does this work until it is done or the asking has ended, and frees the places whose answers
    /// are committed meanwhile.
    pub(super) async fn until_ended(&self, work: impl Future<Output = ()>) {
        tokio::select! {
            biased;
            () = self.shared.until_ended(work) => {}
            () = self.shared.inbox.free_places(self.number) => {}
            () = keep_a_timer() => {}
        }
    }

    /// Asks one order at a time until one has a trustworthy answer: the gateway has not shown yet
    /// that it answers us.
    pub(super) async fn ask_alone(&self) {
        while self.shared.is_asking() {
            let from_the_end = self.shared.replies().asks_from_the_end();
            let order = match self.shared.next_one(from_the_end) {
                Ok(Some(order)) => order,
                Ok(None) => break,
                Err(error) => return self.shared.end(Err(error.into())),
            };
            self.shared.inbox.place(self.number).await;
            self.ask(order, Time::First).await;
            if let Some(skew) = self.asker.clock_skew().filter(|skew| self.shared.moves_day(*skew))
            {
                return self.shared.end(Ok(Ended::WrongDay(skew)));
            }
            if self.shared.has_ended() || self.shared.replies().has_answers() {
                return;
            }
        }
        let last = self.shared.replies().last();
        self.follow(last).await;
    }

    /// Asks until no order is left, with as many calls in flight as the worker has places.
    pub(super) async fn ask_all(self: &Arc<Self>) {
        let mut places = JoinSet::new();
        for _ in 0..self.shared.inbox.places(self.number) {
            let worker = Arc::clone(self);
            places.spawn(async move { worker.ask_in_turn().await });
        }
        while let Some(done) = places.join_next().await {
            if let Err(error) = done {
                let bug = Failure::bug(format!("a call ended abnormally: {error}"));
                self.shared.end(Err(bug));
            }
        }
    }

    /// Asks for one order after another. Each needs a place until its answer is committed: what a
    /// crash loses is never more than what may be in flight.
    async fn ask_in_turn(&self) {
        loop {
            self.shared.inbox.place(self.number).await;
            self.shared.until_probed().await;
            if let Some(order) = self.next() {
                self.ask(order, Time::First).await;
            } else if let Some(order) = self.next_again().await {
                self.ask(order, Time::Second).await;
            } else {
                return self.shared.inbox.leave(self.number);
            }
        }
    }

    /// Waits with an order that failed on an outage, so that the outage may end. It counts as a
    /// retry.
    async fn next_again(&self) -> Option<Pending> {
        let wait = self.asker.wait_for_second_time()?;
        let (order, failed_at) = self.shared.is_asking().then(|| self.shared.next_again())??;
        if !self.asker.use_retry() {
            return None;
        }
        let until = failed_at + wait;
        let until = self.shared.stop_asking_at.map_or(until, |at| until.min(at.into()));
        tokio::time::sleep_until(until).await;
        self.shared.until_probed().await;
        self.shared.is_asking().then_some(order)
    }

    fn next(&self) -> Option<Pending> {
        if !self.shared.is_asking() {
            return None;
        }
        // No other thread locks it.
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.is_empty() {
            match self.shared.next_batch() {
                Ok(next) => *taken = next,
                Err(error) => self.shared.end(Err(error.into())),
            }
        }
        taken.pop_front()
    }

    /// Asks for one order, and hands its answer over with its place.
    async fn ask(&self, order: Pending, time: Time) {
        let reply = self.asker.ask(&order.key, self.shared.stop_asking_at).await;
        let order_id = order.order_id;
        let again = (time == Time::First && is_outage(&reply)).then(|| order.clone());
        let is_too_many =
            reply.result.as_ref().is_err_and(|failure| failure.cause == Cause::TooManyRequests);
        let mut next = self.shared.replies().note(order, &reply);
        if is_too_many && self.asker.is_quota_used_up() {
            next = self.shared.replies().quota_used_up();
        }
        let holder = match time {
            Time::First => Holder::Order(self.number),
            Time::Second => Holder::OrderAgain(self.number),
        };
        if time == Time::Second && reply.calls == 0 {
            // The deadline came first: why the first calls failed is known.
            return self.shared.inbox.leave(self.number);
        }
        self.shared.inbox.put(recorded(order_id, reply), holder);
        // Behind the first answer, so that the second is committed after it.
        if let Some(order) = again {
            self.shared.ask_again(order);
        }
        self.follow(next).await;
    }

    /// Does what the stop policy says.
    async fn follow(&self, next: Next) {
        let why = || self.shared.replies().last_failure();
        match next {
            Next::Continue => {}
            Next::Probe => self.probe().await,
            Next::Refused => self.refused(why()),
            Next::Outage => self.shared.end(Ok(Ended::Outage(why()))),
            Next::Unreachable => self.shared.end(Ok(Ended::Unreachable(why()))),
        }
    }

    /// Asks again for the order that was answered last: are the credentials at fault, or only the
    /// orders that were refused?
    async fn probe(&self) {
        let (order, why) = self.shared.begin_probe();
        let Some(order) = order else { return self.refused(why) };
        let reply = self.asker.ask(&order.key, self.shared.stop_asking_at).await;
        if reply.result.as_ref().is_err_and(|failure| failure.cause.is_refusal()) {
            return self.refused(why);
        }
        // The earlier answer stays if this reply has none.
        if reply.result.is_ok() {
            self.shared.inbox.put(recorded(order.order_id, reply), Holder::Probe);
        }
        self.shared.end_probe();
    }

    fn refused(&self, why: CallFailure) {
        self.shared.end(Ok(Ended::Refused(why)));
    }
}

/// Whether an order is asked for the first time, or once more at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Time {
    First,
    Second,
}

/// Whether the last call failed on an outage, and no deadline cut it.
fn is_outage(reply: &Reply) -> bool {
    !reply.is_cut && reply.result.as_ref().is_err_and(|failure| failure.cause.is_outage())
}

/// Keeps one timer running that ends before every call's deadline. Otherwise each call's deadline
/// is the next timer, and tokio makes a system call to tell its own thread.
async fn keep_a_timer() {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn recorded(order_id: i64, reply: Reply) -> Recorded {
    let result = reply.result.map_err(|failure| failure.why);
    Recorded { order_id, calls: reply.calls, at: reply.at, result }
}
