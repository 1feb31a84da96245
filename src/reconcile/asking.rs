//! Asking for a run's orders: bounded in flight, ended by a deadline, a signal, refused credentials
//! or an outage (contract, "Exit codes": 12 and 13 in detail).

use crate::domain::text;
use crate::failure::{Failure, code};
use crate::gateway::{Asker, Cause, Reply};
use crate::interrupt::Interrupt;
use crate::store::{Pending, Recorded, Recording, Store, StoreError};
use chrono::TimeDelta;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

/// Orders that are read from the store at a time.
const PAGE: u32 = 1_000;
/// Answers that are committed together at most: what arrives during one commit makes the next.
const BATCH: usize = 512;
/// Orders refused before the first answer, or in a row, that end a run.
const REFUSALS: u32 = 3;
/// Orders that may fail by 429, 5xx or silence before the first answer; one without a connection
/// is enough, because its calls alone take up to half a minute.
const OUTAGES: u32 = 10;

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
    pub fn selected(&self) -> u64 {
        self.selected.load(Ordering::Relaxed)
    }

    /// Orders with a trustworthy answer.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Orders that were asked in vain.
    #[must_use]
    pub fn unanswered(&self) -> u64 {
        self.unanswered.load(Ordering::Relaxed)
    }

    fn count(&self, batch: &[Recorded]) {
        for recorded in batch {
            let counter = match recorded.what {
                Recording::Answer { .. } => &self.answered,
                Recording::Nothing { .. } => &self.unanswered,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What is to be committed, with the place that its call takes until then.
type Received = (Recorded, Option<OwnedSemaphorePermit>);

/// How the asking ended.
pub(super) enum Ended {
    /// Every order was asked.
    Done,
    /// The deadline came.
    Deadline,
    /// A signal came.
    Interrupted(u8),
    /// The gateway refuses the credentials: in these words.
    Refused(String),
    /// Nothing usable came: the last failure.
    Outage(String),
    /// Earlier answers are there, but now the gateway is away.
    GivenUp(String),
}

/// One run's asking.
pub(super) struct Asking {
    pub(super) run_id: i64,
    /// Orders that are answered already.
    pub(super) answered_before: u64,
    pub(super) max_in_flight: NonZeroU32,
    pub(super) stop_asking_at: Option<Instant>,
    pub(super) interrupt: Interrupt,
    pub(super) counters: Arc<Counters>,
    pub(super) asker: Arc<Asker>,
}

/// What the replies so far say about the gateway.
#[derive(Default)]
struct Course {
    /// The order that was answered last.
    last_answered: Option<Pending>,
    asked: u32,
    refused: u32,
    refused_in_a_row: u32,
    outages: u32,
    /// A call ended in something else than an outage.
    reached: bool,
    last_failure: String,
}

impl Asking {
    /// Asks until the end. Gives the store back: a thread of its own commits what arrives.
    pub(super) async fn run(self, store: Store) -> (Store, Result<Ended, Failure>) {
        let reader = match store.reader() {
            Ok(reader) => reader,
            Err(error) => return (store, Err(error.into())),
        };
        let (outbox, inbox) = mpsc::channel(BATCH);
        let (run_id, asker) = (self.run_id, Arc::clone(&self.asker));
        let counters = Arc::clone(&self.counters);
        let writer =
            tokio::task::spawn_blocking(move || write(store, run_id, inbox, &asker, &counters));
        let ended = self.ask_all(&reader, &outbox).await;
        drop(outbox);
        match writer.await {
            Ok((store, Ok(()))) => (store, ended),
            Ok((store, Err(error))) => (store, Err(error.into())),
            // The writer does not panic; if it does, the process cannot go on with its store.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    async fn ask_all(
        &self,
        reader: &Store,
        outbox: &mpsc::Sender<Received>,
    ) -> Result<Ended, Failure> {
        let mut queue = VecDeque::new();
        let mut after = 0;
        let mut in_flight = JoinSet::new();
        let mut course = Course::default();
        let most = usize::try_from(self.max_in_flight.get()).unwrap_or(usize::MAX);
        // A call is in flight until its answer is committed: what a crash loses is never more.
        let free = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        let deadline = async {
            match self.stop_asking_at {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(deadline);
        loop {
            // One at a time until the gateway has shown that it answers us.
            let places = match course.last_answered {
                Some(_) => most,
                None => 1,
            };
            while in_flight.len() < places {
                if queue.is_empty() {
                    queue.extend(reader.pending(self.run_id, after, PAGE)?);
                }
                if queue.is_empty() {
                    break;
                }
                let Ok(place) = Arc::clone(&free).try_acquire_owned() else { break };
                let Some(order) = queue.pop_front() else { break };
                after = order.order_id;
                in_flight.spawn(ask(Arc::clone(&self.asker), order, place));
            }
            let waits_for_a_place = in_flight.len() < places && !queue.is_empty();
            if in_flight.is_empty() && !waits_for_a_place {
                break;
            }
            let done = tokio::select! {
                biased;
                signal = self.interrupt.wait() => return Ok(Ended::Interrupted(signal)),
                () = &mut deadline => return Ok(Ended::Deadline),
                done = in_flight.join_next(), if !in_flight.is_empty() => done,
                _ = free.acquire(), if waits_for_a_place => None,
            };
            let Some(done) = done else { continue };
            let (order, reply, place) =
                done.map_err(|error| Failure::bug(format!("a call ended abnormally: {error}")))?;
            course.note(&order, &reply);
            if outbox.send((recorded(&order, reply), Some(place))).await.is_err() {
                // The writer has stopped and says why.
                return Ok(Ended::Done);
            }
            if let Some(ended) = self.ends(&mut course, outbox).await {
                return Ok(ended);
            }
        }
        Ok(self.at_the_end(course))
    }

    /// Whether the gateway's replies so far end the run early.
    async fn ends(&self, course: &mut Course, outbox: &mpsc::Sender<Received>) -> Option<Ended> {
        if course.refused_in_a_row >= REFUSALS {
            let Some(known) = course.last_answered.clone() else {
                return Some(Ended::Refused(course.last_failure.clone()));
            };
            // Is it these orders, or is it us? The order that was answered last tells.
            let reply = tokio::select! {
                biased;
                signal = self.interrupt.wait() => return Some(Ended::Interrupted(signal)),
                reply = self.asker.ask(&known.key) => reply,
            };
            if is_refused(&reply) {
                return Some(Ended::Refused(course.last_failure.clone()));
            }
            course.refused_in_a_row = 0;
            if outbox.send((recorded(&known, reply), None)).await.is_err() {
                return Some(Ended::Done);
            }
        }
        if course.last_answered.is_none() && course.refused >= REFUSALS {
            return Some(Ended::Refused(course.last_failure.clone()));
        }
        if course.last_answered.is_none() && !course.reached && course.outages >= OUTAGES {
            return Some(self.outage(course.last_failure.clone()));
        }
        None
    }

    fn outage(&self, why: String) -> Ended {
        if self.answered_before == 0 { Ended::Outage(why) } else { Ended::GivenUp(why) }
    }

    fn at_the_end(&self, course: Course) -> Ended {
        if course.last_answered.is_some() || course.asked == 0 {
            Ended::Done
        } else if course.refused == course.asked {
            Ended::Refused(course.last_failure)
        } else if !course.reached {
            self.outage(course.last_failure)
        } else {
            Ended::Done
        }
    }
}

impl Course {
    fn note(&mut self, order: &Pending, reply: &Reply) {
        self.asked = self.asked.saturating_add(1);
        self.reached |= !reply.only_outages;
        match &reply.result {
            Ok(_) => {
                self.last_answered = Some(order.clone());
                self.refused_in_a_row = 0;
            }
            Err(failure) => {
                self.last_failure.clone_from(&failure.why);
                match failure.cause {
                    Cause::Refused => {
                        self.refused = self.refused.saturating_add(1);
                        self.refused_in_a_row += 1;
                    }
                    Cause::Connection if self.last_answered.is_none() => self.outages += OUTAGES,
                    _ => self.outages = self.outages.saturating_add(1),
                }
            }
        }
    }
}

fn is_refused(reply: &Reply) -> bool {
    reply.result.as_ref().is_err_and(|failure| failure.cause == Cause::Refused)
}

async fn ask(
    asker: Arc<Asker>,
    order: Pending,
    place: OwnedSemaphorePermit,
) -> (Pending, Reply, OwnedSemaphorePermit) {
    let reply = asker.ask(&order.key).await;
    (order, reply, place)
}

fn recorded(order: &Pending, reply: Reply) -> Recorded {
    let what = match reply.result {
        Ok(answered) => Recording::Answer { answer: answered.answer, evidence: answered.evidence },
        Err(failure) => Recording::Nothing { why: failure.why },
    };
    Recorded { order_id: order.order_id, calls: reply.calls, at: reply.at, what }
}

/// Commits what arrives until nothing more can. Whatever came during one commit is the next batch.
fn write(
    mut store: Store,
    run_id: i64,
    mut inbox: mpsc::Receiver<Received>,
    asker: &Asker,
    counters: &Counters,
) -> (Store, Result<(), StoreError>) {
    let mut batch = Vec::new();
    let mut counted = 0;
    while inbox.blocking_recv_many(&mut batch, BATCH) > 0 {
        let calls = asker.calls();
        let (batch, places): (Vec<Recorded>, Vec<_>) = batch.drain(..).unzip();
        if let Err(error) = store.record(run_id, &batch, calls - counted) {
            return (store, Err(error));
        }
        counted = calls;
        counters.count(&batch);
        drop(places);
    }
    let late = asker.calls() - counted;
    let result = if late > 0 { store.record(run_id, &[], late) } else { Ok(()) };
    (store, result)
}

/// Exit code 12.
pub(super) fn refused(why: &str, skew: Option<TimeDelta>, progress: &str) -> Failure {
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
        "compare OCTOPUS_RECON_API_KEY and the secret with what the gateway's support gave you, \
         and the base URL with theirs; then go on with --resume",
    )
}

/// Exit code 13.
pub(super) fn outage(why: &str, progress: &str) -> Failure {
    Failure::new(
        code::OUTAGE,
        format!("nothing usable came from the gateway: {} ({progress})", text::clean(why)),
        "check the base URL and the network, or wait until the gateway is back; then go on with \
         --resume. The previous report was left as it is",
    )
}
