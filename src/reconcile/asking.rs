//! Asking for a run's orders: bounded in flight, until the end, the deadline, a signal, or until
//! the stop policy says so.

use super::committing::{BATCH, Counters, Received, write};
use super::stop::{self, Next, Tally};
use crate::domain::text;
use crate::failure::{Failure, code};
use crate::gateway::{Asker, CallFailure, Cause, Reply};
use crate::interrupt::Interrupt;
use crate::store::{Pending, Recorded, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

/// Orders that are read from the store at a time.
const PAGE: u32 = 1_000;
/// A query in flight: the order, its reply, and the place that it holds until its answer is
/// committed.
type InFlight = (Pending, Reply, OwnedSemaphorePermit);

/// How the asking ended.
pub(super) enum Ended {
    /// Every order was asked.
    Done,
    /// The deadline came, and what is left was not asked.
    Deadline,
    /// A signal came.
    Interrupted(u8),
    /// The gateway refuses the credentials: in these words.
    Refused(String),
    /// Nothing usable came: the last failure.
    Outage(String),
    /// Earlier answers are there, but now the gateway cannot be reached: the last failure.
    Unreachable(String),
}

/// One run's asking.
pub(super) struct Asking {
    pub(super) run_id: i64,
    /// Orders that are answered already.
    pub(super) answered_before: u64,
    /// The latest time that is stored, if this machine's clock is behind it.
    pub(super) clock_floor: Option<DateTime<Utc>>,
    pub(super) max_in_flight: NonZeroU32,
    pub(super) stop_asking_at: Option<Instant>,
    pub(super) interrupt: Interrupt,
    pub(super) counters: Arc<Counters>,
    pub(super) asker: Arc<Asker>,
}

/// What the replies so far came to.
#[derive(Default)]
struct Replies {
    tally: Tally,
    /// The order that was answered last, by this process or an earlier one of the same run.
    last_answered: Option<Pending>,
    last_failure: String,
    /// Causes that a person was told of.
    warned: Vec<Cause>,
}

impl Replies {
    fn note(&mut self, order: &Pending, reply: &Reply) {
        if reply.is_cut {
            return;
        }
        let counted = match &reply.result {
            Ok(_) => {
                self.last_answered = Some(order.clone());
                stop::Reply::Answered
            }
            Err(failure) => {
                self.last_failure.clone_from(&failure.why);
                self.warn_once(failure);
                let (cause, only_outages) = (failure.cause, reply.only_outages);
                stop::Reply::Failed { cause, only_outages }
            }
        };
        self.tally.add(counted);
    }
}

impl Replies {
    /// Says at once what no retry and no `--resume` helps against.
    fn warn_once(&mut self, failure: &CallFailure) {
        let hint = match failure.cause {
            Cause::OtherMerchant => {
                "set [gateway] merchant_uid to the merchant of these credentials, or use the \
                 credentials of the configured merchant"
            }
            Cause::WrongAddress => "set [gateway] base_url to the gateway's address",
            _ => return,
        };
        if !self.warned.contains(&failure.cause) {
            self.warned.push(failure.cause);
            tracing::warn!("{}; hint: {hint}", failure.why);
        }
    }
}

/// The run's orders: first those that have not failed before, so that what fails every night does
/// not delay the rest.
struct Queue {
    reader: Store,
    run_id: i64,
    page: VecDeque<Pending>,
    failed_before: bool,
    after: i64,
    /// Orders from here on were asked from the other end.
    before: i64,
}

impl Queue {
    /// The next order, or the last.
    fn next(&mut self, from_the_end: bool) -> Result<Option<Pending>, StoreError> {
        if from_the_end {
            let between = (self.after, self.before);
            let last = self.reader.last_pending(self.run_id, between, self.failed_before)?;
            if let Some(last) = last {
                self.before = last.order_id;
                self.page.retain(|order| order.order_id < last.order_id);
                return Ok(Some(last));
            }
        }
        if self.page.is_empty() {
            self.turn_page()?;
        }
        if self.page.is_empty() && !self.failed_before {
            (self.failed_before, self.after) = (true, 0);
            self.turn_page()?;
        }
        let next = self.page.pop_front();
        if let Some(order) = &next {
            self.after = order.order_id;
        }
        Ok(next)
    }

    fn turn_page(&mut self) -> Result<(), StoreError> {
        let between = (self.after, self.before);
        self.page.extend(self.reader.pending(self.run_id, between, self.failed_before, PAGE)?);
        Ok(())
    }
}

impl Asking {
    /// Asks until the end. Gives the store back: a thread of its own commits what arrives.
    pub(super) async fn run(self, store: Store) -> (Store, Result<Ended, Failure>) {
        let reader = match store.reader() {
            Ok(reader) => reader,
            Err(error) => return (store, Err(error.into())),
        };
        let (outbox, inbox) = mpsc::channel(BATCH);
        let (run_id, clock_floor) = (self.run_id, self.clock_floor);
        let asker = Arc::clone(&self.asker);
        let counters = Arc::clone(&self.counters);
        // Half of the places: the other half is asking meanwhile.
        let enough = usize::try_from(self.max_in_flight.get() / 2).unwrap_or(BATCH).min(BATCH);
        let writer = tokio::task::spawn_blocking(move || {
            write(store, run_id, inbox, enough, clock_floor, &asker, &counters)
        });
        let ended = self.ask_all(reader, &outbox).await;
        drop(outbox);
        match writer.await {
            Ok((store, Ok(()))) => (store, ended),
            Ok((store, Err(error))) => (store, Err(error.into())),
            // The writer does not panic; if it does, the process cannot continue without its store.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    async fn ask_all(
        &self,
        reader: Store,
        outbox: &mpsc::Sender<Received>,
    ) -> Result<Ended, Failure> {
        let mut replies = Replies {
            tally: Tally::new(self.answered_before),
            last_answered: reader.last_answered(self.run_id)?,
            ..Replies::default()
        };
        let mut queue = Queue {
            reader,
            run_id: self.run_id,
            page: VecDeque::new(),
            failed_before: false,
            after: 0,
            before: i64::MAX,
        };
        let mut in_flight: JoinSet<InFlight> = JoinSet::new();
        let most = usize::try_from(self.max_in_flight.get()).unwrap_or(usize::MAX);
        // A call is in flight until its answer is committed: what a crash loses is never more.
        let free = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        let mut waiting: Option<Pending> = None;
        loop {
            // One at a time until the gateway has shown that it answers us.
            let places = if replies.tally.has_answers() { most } else { 1 };
            while in_flight.len() < places && !self.is_late() {
                if waiting.is_none() {
                    waiting = queue.next(replies.tally.asks_from_the_end())?;
                }
                let Some(order) = waiting.take() else { break };
                let Ok(place) = Arc::clone(&free).try_acquire_owned() else {
                    waiting = Some(order);
                    break;
                };
                let until = self.stop_asking_at;
                in_flight.spawn(ask(Arc::clone(&self.asker), order, until, place));
            }
            let waits = waiting.is_some() && in_flight.len() < places && !self.is_late();
            if in_flight.is_empty() && !waits {
                break;
            }
            let done = tokio::select! {
                biased;
                signal = self.interrupt.wait() => {
                    self.keep_what_came(&mut in_flight, outbox).await;
                    return Ok(Ended::Interrupted(signal));
                }
                done = in_flight.join_next(), if !in_flight.is_empty() => done,
                _free = free.acquire(), if waits => None,
            };
            let Some(done) = done else { continue };
            let (order, reply, place) =
                done.map_err(|error| Failure::bug(format!("a call ended abnormally: {error}")))?;
            replies.note(&order, &reply);
            if outbox.send((recorded(&order, reply), Some(place))).await.is_err() {
                // The writer has stopped and says why.
                return Ok(Ended::Done);
            }
            let next = replies.tally.next();
            if let Some(ended) = self.follow(next, &mut replies, outbox).await {
                self.keep_what_came(&mut in_flight, outbox).await;
                return Ok(ended);
            }
        }
        let last = replies.tally.last();
        if let Some(ended) = self.follow(last, &mut replies, outbox).await {
            return Ok(ended);
        }
        Ok(if self.is_late() { Ended::Deadline } else { Ended::Done })
    }

    fn is_late(&self) -> bool {
        self.stop_asking_at.is_some_and(|at| Instant::now() >= at)
    }

    /// Replies that have arrived are kept, whatever ends the run.
    async fn keep_what_came(
        &self,
        in_flight: &mut JoinSet<InFlight>,
        outbox: &mpsc::Sender<Received>,
    ) {
        while let Some(Ok((order, reply, place))) = in_flight.try_join_next() {
            if outbox.send((recorded(&order, reply), Some(place))).await.is_err() {
                return;
            }
        }
    }

    /// Does what the stop policy says. `None`: the run continues.
    async fn follow(
        &self,
        next: Next,
        replies: &mut Replies,
        outbox: &mpsc::Sender<Received>,
    ) -> Option<Ended> {
        let why = || replies.last_failure.clone();
        match next {
            Next::Continue => None,
            Next::Probe => self.probe(replies, outbox).await,
            Next::Refused => Some(Ended::Refused(why())),
            Next::Outage => Some(Ended::Outage(why())),
            Next::Unreachable => Some(Ended::Unreachable(why())),
        }
    }

    /// Asks again for the order that was answered last: are the credentials at fault, or only the
    /// orders that were refused?
    async fn probe(&self, replies: &mut Replies, outbox: &mpsc::Sender<Received>) -> Option<Ended> {
        let refused = Ended::Refused(replies.last_failure.clone());
        let Some(order) = replies.last_answered.clone() else { return Some(refused) };
        let reply = tokio::select! {
            biased;
            signal = self.interrupt.wait() => return Some(Ended::Interrupted(signal)),
            reply = self.asker.ask(&order.key, self.stop_asking_at) => reply,
        };
        if reply.result.as_ref().is_err_and(|failure| failure.cause == Cause::Refused) {
            return Some(refused);
        }
        replies.tally.probe_answered();
        // The earlier answer stays if this reply has none.
        if reply.result.is_ok() && outbox.send((recorded(&order, reply), None)).await.is_err() {
            return Some(Ended::Done);
        }
        None
    }
}

async fn ask(
    asker: Arc<Asker>,
    order: Pending,
    until: Option<Instant>,
    place: OwnedSemaphorePermit,
) -> InFlight {
    let reply = asker.ask(&order.key, until).await;
    (order, reply, place)
}

fn recorded(order: &Pending, reply: Reply) -> Recorded {
    let result = reply.result.map_err(|failure| failure.why);
    Recorded { order_id: order.order_id, calls: reply.calls, at: reply.at, result }
}

/// Exit code 12.
pub(super) fn refused(why: &str, skew: Option<TimeDelta>, run_id: i64, progress: &str) -> Failure {
    const NOTICEABLE_SECONDS: i64 = 60;
    let clock = skew
        .filter(|skew| skew.num_seconds().abs() > NOTICEABLE_SECONDS)
        .map(|skew| {
            let direction = if skew < TimeDelta::zero() { "ahead of" } else { "behind" };
            let seconds = skew.num_seconds().abs();
            format!("; this machine's clock is {seconds} s {direction} the gateway's")
        })
        .unwrap_or_default();
    Failure::new(
        code::CREDENTIALS,
        format!("the gateway refuses the credentials: {why}{clock} ({progress})"),
        format!(
            "compare OCTOPUS_RECON_API_KEY and the secret with the values from the gateway's \
             support, then resume: octopus-recon run --resume {run_id}. If the base URL or \
             merchant_uid was wrong, start a new run instead"
        ),
    )
}

/// Exit code 13.
pub(super) fn outage(why: &str, run_id: i64, progress: &str) -> Failure {
    Failure::new(
        code::OUTAGE,
        format!("nothing usable came from the gateway: {} ({progress})", text::clean(why)),
        format!(
            "check the network, or wait until the gateway is back, then resume: octopus-recon \
             run --resume {run_id}. If the base URL was wrong, start a new run instead. The \
             previous report was not changed"
        ),
    )
}
