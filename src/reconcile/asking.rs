//! Asking for a run's orders: bounded in flight, ended by a deadline, a signal, refused
//! credentials or an outage (contract, "Exit codes": 12 and 13 in detail).

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
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Orders that are read from the store at a time.
const PAGE: u32 = 1_000;
/// Answers that are committed together at most: what arrives during one commit makes the next.
const BATCH: usize = 512;
/// Orders refused before the first answer, or in a row, that end a run.
const REFUSALS: u32 = 3;
/// Orders that may fail by 429, 5xx, silence or a broken connection before the first answer: each
/// can be about that one order. One without any connection is enough: it is about the gateway, and
/// its calls alone take up to half a minute.
const OUTAGES: u32 = 10;
/// The last of them are asked from the other end of the run.
const ELSEWHERE: u32 = 3;

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
    /// The gateway has given a trustworthy answer to this process.
    is_answered: bool,
    /// The order that was answered last, by this process or an earlier one of the same run.
    last_answered: Option<Pending>,
    asked: u32,
    refused: u32,
    refused_in_a_row: u32,
    outages: u32,
    /// A call ended in something else than an outage.
    is_reached: bool,
    last_failure: String,
}

/// The run's orders from both ends.
struct Queue<'a> {
    reader: &'a Store,
    run_id: i64,
    newest: VecDeque<Pending>,
    after: i64,
    before: i64,
}

impl Queue<'_> {
    /// The newest that is left; the oldest if `from_the_other_end`.
    fn next(&mut self, from_the_other_end: bool) -> Result<Option<Pending>, StoreError> {
        if from_the_other_end {
            let oldest = self.reader.pending_oldest(self.run_id, self.after, self.before)?;
            if let Some(oldest) = &oldest {
                self.after = oldest.order_id;
                self.newest.retain(|order| order.order_id != oldest.order_id);
            }
            return Ok(oldest);
        }
        if self.newest.is_empty() {
            let page = self.reader.pending(self.run_id, self.after, self.before, PAGE)?;
            self.newest.extend(page);
        }
        let next = self.newest.pop_front();
        if let Some(order) = &next {
            self.before = order.order_id;
        }
        Ok(next)
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
        outbox: &mpsc::Sender<Recorded>,
    ) -> Result<Ended, Failure> {
        let mut queue = Queue {
            reader,
            run_id: self.run_id,
            newest: VecDeque::new(),
            after: 0,
            before: i64::MAX,
        };
        let mut course =
            Course { last_answered: reader.last_answered(self.run_id)?, ..Course::default() };
        let mut in_flight = JoinSet::new();
        loop {
            // One at a time until the gateway has shown that it answers us.
            let places = if course.is_answered { self.max_in_flight.get() } else { 1 };
            let places = usize::try_from(places).unwrap_or(usize::MAX);
            while in_flight.len() < places && !self.is_late() {
                let Some(order) = queue.next(course.looks_elsewhere())? else { break };
                in_flight.spawn(ask(Arc::clone(&self.asker), order, self.stop_asking_at));
            }
            let done = tokio::select! {
                biased;
                signal = self.interrupt.wait() => {
                    self.keep_what_came(&mut in_flight, outbox).await;
                    return Ok(Ended::Interrupted(signal));
                }
                done = in_flight.join_next() => done,
            };
            let Some(done) = done else { break };
            let (order, reply) =
                done.map_err(|error| Failure::bug(format!("a call ended abnormally: {error}")))?;
            course.note(&order, &reply);
            if outbox.send(recorded(&order, reply)).await.is_err() {
                // The writer has stopped and says why.
                return Ok(Ended::Done);
            }
            if let Some(ended) = self.ends(&mut course, outbox).await {
                self.keep_what_came(&mut in_flight, outbox).await;
                return Ok(ended);
            }
        }
        if course.asked > 0
            && course.refused == course.asked
            && let Some(ended) = self.is_it_us(&mut course, outbox).await
        {
            return Ok(ended);
        }
        Ok(self.at_the_end(course))
    }

    fn is_late(&self) -> bool {
        self.stop_asking_at.is_some_and(|at| Instant::now() >= at)
    }

    /// Replies that are there already are kept, whatever ends the run.
    async fn keep_what_came(
        &self,
        in_flight: &mut JoinSet<(Pending, Reply)>,
        outbox: &mpsc::Sender<Recorded>,
    ) {
        while let Some(Ok((order, reply))) = in_flight.try_join_next() {
            if outbox.send(recorded(&order, reply)).await.is_err() {
                return;
            }
        }
    }

    /// Whether the gateway's replies so far end the run early.
    async fn ends(&self, course: &mut Course, outbox: &mpsc::Sender<Recorded>) -> Option<Ended> {
        if course.refused_in_a_row >= REFUSALS {
            return self.is_it_us(course, outbox).await;
        }
        if course.last_answered.is_none() && course.refused >= REFUSALS {
            return Some(Ended::Refused(course.last_failure.clone()));
        }
        if !course.is_answered && !course.is_reached && course.outages >= OUTAGES {
            return Some(self.outage(course.last_failure.clone()));
        }
        None
    }

    /// Is it these orders that are refused, or is it us? The order that was answered last tells.
    async fn is_it_us(
        &self,
        course: &mut Course,
        outbox: &mpsc::Sender<Recorded>,
    ) -> Option<Ended> {
        let refused = Ended::Refused(course.last_failure.clone());
        let Some(known) = course.last_answered.clone() else { return Some(refused) };
        let reply = tokio::select! {
            biased;
            signal = self.interrupt.wait() => return Some(Ended::Interrupted(signal)),
            reply = self.asker.ask(&known.key, self.stop_asking_at) => reply,
        };
        if is_refused(&reply) {
            return Some(refused);
        }
        course.refused_in_a_row = 0;
        // An answer that came before stays one, if this one is none.
        if reply.result.is_ok() && outbox.send(recorded(&known, reply)).await.is_err() {
            return Some(Ended::Done);
        }
        None
    }

    fn outage(&self, why: String) -> Ended {
        if self.answered_before == 0 { Ended::Outage(why) } else { Ended::GivenUp(why) }
    }

    fn at_the_end(&self, course: Course) -> Ended {
        let otherwise = if self.is_late() { Ended::Deadline } else { Ended::Done };
        if course.last_answered.is_some() || course.asked == 0 {
            otherwise
        } else if !course.is_reached {
            self.outage(course.last_failure)
        } else {
            otherwise
        }
    }
}

impl Course {
    fn note(&mut self, order: &Pending, reply: &Reply) {
        if reply.calls == 0 {
            return;
        }
        self.asked = self.asked.saturating_add(1);
        self.is_reached |= !reply.only_outages;
        let Err(failure) = &reply.result else {
            self.is_answered = true;
            self.last_answered = Some(order.clone());
            self.refused_in_a_row = 0;
            return;
        };
        self.last_failure.clone_from(&failure.why);
        if failure.cause == Cause::Refused {
            self.refused = self.refused.saturating_add(1);
            self.refused_in_a_row += 1;
        } else {
            self.refused_in_a_row = 0;
            let weight = if failure.cause == Cause::Unreachable { OUTAGES } else { 1 };
            self.outages = self.outages.saturating_add(weight);
        }
    }

    /// Before the run is given up, a few orders from the other end: it may be only the newest that
    /// the gateway cannot answer.
    fn looks_elsewhere(&self) -> bool {
        !self.is_answered && self.outages >= OUTAGES - ELSEWHERE
    }
}

fn is_refused(reply: &Reply) -> bool {
    reply.result.as_ref().is_err_and(|failure| failure.cause == Cause::Refused)
}

async fn ask(asker: Arc<Asker>, order: Pending, until: Option<Instant>) -> (Pending, Reply) {
    let reply = asker.ask(&order.key, until).await;
    (order, reply)
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
    mut inbox: mpsc::Receiver<Recorded>,
    asker: &Asker,
    counters: &Counters,
) -> (Store, Result<(), StoreError>) {
    let mut batch = Vec::new();
    let mut counted = 0;
    while inbox.blocking_recv_many(&mut batch, BATCH) > 0 {
        let calls = asker.calls();
        if let Err(error) = store.record(run_id, &batch, calls - counted) {
            return (store, Err(error));
        }
        counted = calls;
        counters.count(&batch);
        batch.clear();
    }
    let late = asker.calls() - counted;
    let result = if late > 0 { store.record(run_id, &[], late) } else { Ok(()) };
    (store, result)
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
            "compare OCTOPUS_RECON_API_KEY and the secret with what the gateway's support gave \
             you, and the base URL with theirs; then go on with --resume {run_id}"
        ),
    )
}

/// Exit code 13.
pub(super) fn outage(why: &str, run_id: i64, progress: &str) -> Failure {
    Failure::new(
        code::OUTAGE,
        format!("nothing usable came from the gateway: {} ({progress})", text::clean(why)),
        format!(
            "check the base URL and the network, or wait until the gateway is back; then go on \
             with --resume {run_id}. The previous report was left as it is"
        ),
    )
}
