//! Asking for a run's orders: bounded in flight, until the end, the deadline, a signal, or until
//! the stop policy says so.
//!
//! Each worker has a thread, a client and its connections to itself, so that a call never moves
//! from core to core. Workers share the orders that are left, what the replies came to, and the
//! inbox of the thread that commits answers.

mod ended;
pub(super) mod nothing_answered;
mod orders;
mod replies;
mod shared;
mod worker;

use super::committing::{Counters, Inbox, write};
use crate::failure::Failure;
use crate::gateway::{Allowance, Asker, Transport};
use crate::interrupt::Interrupt;
use crate::store::{Recording, Store, StoreError};
use chrono::TimeDelta;
pub(super) use ended::{
    Ended, OF_THE_ASKING, clock_differs, deadline, knows_nothing, outage, refused,
    too_many_requests, unreachable, wrong_day,
};
pub(crate) use ended::{KNOWS_NOTHING, moves_day};
use orders::Orders;
use replies::Replies;
use shared::Shared;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Instant;
use tokio::runtime::Runtime;
use worker::Worker;

/// Calls in flight that keep one worker busy.
const PLACES_OF_A_WORKER: u32 = 32;

/// How many workers share so many calls in flight: at most one for each core.
pub(super) fn workers(max_in_flight: NonZeroU32) -> u32 {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let enough = max_in_flight.get().div_ceil(PLACES_OF_A_WORKER);
    enough.min(u32::try_from(cores).unwrap_or(u32::MAX))
}

/// Whether the run would have selected other days by a clock that differs from this machine's by so
/// much.
pub(super) type MovesDay = Box<dyn Fn(TimeDelta) -> bool + Send + Sync>;

/// One run's asking.
pub(super) struct Asking<T> {
    pub(super) run: Recording,
    /// Orders that are answered already.
    pub(super) answered_before: u64,
    pub(super) max_in_flight: NonZeroU32,
    pub(super) stop_asking_at: Option<Instant>,
    pub(super) interrupt: Interrupt,
    pub(super) moves_day: MovesDay,
    pub(super) counters: Arc<Counters>,
    pub(super) allowance: Arc<Allowance>,
    /// One for each worker.
    pub(super) askers: Vec<Asker<T>>,
}

impl<T: Transport + Send + Sync + 'static> Asking<T> {
    /// Asks until the end. A thread of its own commits what arrives.
    pub(super) fn run(self, store: &mut Store) -> Result<Ended, Failure> {
        let reader = store.reader()?;
        let last_answered = reader.last_answered(self.run.run_id)?;
        let inbox = Inbox::new(self.max_in_flight, self.askers.len());
        let shared = Arc::new(Shared::new(
            Orders::new(reader, self.run.run_id),
            Replies::new(self.answered_before, last_answered),
            inbox,
            self.stop_asking_at,
            self.interrupt,
            self.moves_day,
        ));
        let run = self.run;
        let (allowance, counters) = (&*self.allowance, &*self.counters);
        let recorded_before = counters.recorded();
        let runtime = one_thread()?;
        let committed = thread::scope(|scope| {
            let for_commits = Arc::clone(&shared);
            let _ends = shared.end_on_panic();
            let committing = start(scope, "commit", move || {
                let _ends = for_commits.end_on_panic();
                let commit = write(store, run, &for_commits.inbox, allowance, counters);
                let committed = runtime.block_on(commit);
                if committed.is_err() {
                    // Nobody takes answers any more.
                    for_commits.end(Ok(Ended::Done));
                }
                committed
            })?;
            let is_open = shared.inbox.close_when_dropped();
            match ask(scope, &shared, self.askers) {
                Ok(()) => shared.end_as_asked(),
                Err(failure) => shared.end(Err(failure)),
            }
            drop(is_open);
            Ok::<Result<(), StoreError>, Failure>(joined(committing))
        })?;
        committed?;
        let ended = shared.ended()?;
        let recorded = counters.recorded() - recorded_before;
        if matches!(ended, Ended::Done) && recorded != shared.taken() {
            let taken = shared.taken();
            return Err(Failure::bug(format!("{taken} orders were asked, {recorded} recorded")));
        }
        Ok(ended)
    }
}

/// Lets the first worker ask alone until the gateway has shown that it answers us, then all.
fn ask<'scope, T: Transport + Send + Sync + 'static>(
    scope: &'scope Scope<'scope, '_>,
    shared: &Arc<Shared>,
    askers: Vec<Asker<T>>,
) -> Result<(), Failure> {
    let workers = (0..).zip(askers);
    let mut workers = workers.map(|(number, asker)| Arc::new(Worker::new(number, asker, shared)));
    let Some(first) = workers.next() else { return Err(Failure::bug("there is no asker")) };
    let runtime = one_thread()?;
    runtime.block_on(first.until_ended(first.ask_alone()));
    if shared.may_ask_all() {
        let mut others = Vec::new();
        for worker in workers {
            let started = start(scope, "ask", move || {
                let _ends = worker.shared.end_on_panic();
                match one_thread() {
                    Ok(runtime) => {
                        runtime.block_on(worker.until_ended(worker.ask_all()));
                        runtime.shutdown_background();
                    }
                    Err(failure) => worker.shared.end(Err(failure)),
                }
            });
            match started {
                Ok(thread) => others.push(thread),
                Err(failure) => shared.end(Err(failure)),
            }
        }
        runtime.block_on(first.until_ended(first.ask_all()));
        others.into_iter().for_each(joined);
    }
    // A look-up of the gateway's address cannot be cancelled, and must not delay the end.
    runtime.shutdown_background();
    Ok(())
}

/// Starts a thread, or says which limit forbids it.
fn start<'scope, R: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() -> R + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, R>, Failure> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn_scoped(scope, work).map_err(|error| Failure::no_thread(&error))
}

/// What a thread came to. A panic goes on here.
fn joined<R>(thread: ScopedJoinHandle<R>) -> R {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A runtime for the thread that makes it.
fn one_thread() -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::no_thread(&error))
}

#[cfg(test)]
#[path = "asking_tests.rs"]
mod tests;
