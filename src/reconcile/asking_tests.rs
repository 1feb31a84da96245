//! All workers driven by one thread, on a clock that jumps from wait to wait: what a run asks,
//! commits and holds back, from one seed.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::*;
use crate::domain::order::OrderKey;
use crate::domain::payment::{Answer, Answered};
use crate::gateway::{CallFailure, Cause, Connections, GatewaySettings, Limits};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;
use tempfile::TempDir;

#[path = "asking_tests/random_gateways.rs"]
mod random_gateways;

const ORDERS: u64 = 400;
const WORKERS: usize = 3;

/// What the gateway of a test answers, by the number of the call and the order.
type Answers = Box<dyn Fn(&mut fastrand::Rng, usize, &str) -> Result<(), Cause> + Send + Sync>;

/// What it saw.
#[derive(Default)]
struct Seen {
    /// The ids, in the order in which calls began.
    calls: Vec<String>,
    /// When they began.
    times: Vec<Duration>,
    /// The ids of orders that were answered.
    given: BTreeSet<String>,
    in_flight: usize,
    most_in_flight: usize,
    /// Orders that were begun and neither answered nor given up in the database, at most.
    most_at_stake: u64,
}

/// A gateway without a network: it answers after a random time.
struct FakeGateway {
    answers: Answers,
    random: Mutex<fastrand::Rng>,
    seen: Mutex<Seen>,
    counters: Arc<Counters>,
    began: tokio::time::Instant,
}

impl Transport for Arc<FakeGateway> {
    async fn order_get(
        &self,
        order: &OrderKey,
        _connections: Connections,
    ) -> Result<Answered, CallFailure> {
        let (wait, answer) = {
            let mut seen = self.seen.lock().unwrap();
            let mut random = self.random.lock().unwrap();
            let number = seen.calls.len();
            seen.calls.push(order.merchant_order_id.clone());
            seen.times.push(self.began.elapsed());
            seen.in_flight += 1;
            seen.most_in_flight = seen.most_in_flight.max(seen.in_flight);
            let begun: BTreeSet<&String> = seen.calls.iter().collect();
            let committed = self.counters.answered() + self.counters.unanswered();
            let at_stake = u64::try_from(begun.len()).unwrap() - committed;
            seen.most_at_stake = seen.most_at_stake.max(at_stake);
            (
                Duration::from_millis(random.u64(1..200)),
                (self.answers)(&mut random, number, &order.merchant_order_id),
            )
        };
        tokio::time::sleep(wait).await;
        let mut seen = self.seen.lock().unwrap();
        seen.in_flight -= 1;
        if answer.is_ok() {
            seen.given.insert(order.merchant_order_id.clone());
        }
        drop(seen);
        answer.map_err(|cause| CallFailure {
            why: format!("{cause:?}"),
            cause,
            retry: cause.is_outage(),
            retry_after: None,
            hint: None,
        })?;
        let evidence = "no such order".to_owned();
        Ok(Answered { answer: Answer::Missing(evidence.clone()), evidence })
    }

    fn clock_skew(&self) -> Option<TimeDelta> {
        None
    }
}

/// A database with a run whose orders are to be asked.
fn store(directory: &TempDir, orders: u64) -> (Store, i64) {
    let store = Store::open(&directory.path().join("a.db"), now()).unwrap();
    let sql = store.connection();
    sql.pragma_update(None, "foreign_keys", false).unwrap();
    sql.execute_batch(&format!(
        "INSERT INTO runs (run_id, started_at_ms, run_day, status, selection, base_url,
             merchant_uid, selected) VALUES (1, 0, '2026-01-01', 'asking', '', '', '', {orders});
         WITH RECURSIVE ids (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < {orders})
         INSERT INTO orders (order_id, merchant_uid, merchant_order_id, entry_version)
         SELECT id, '', 'A' || id, 1 FROM ids;
         INSERT INTO run_orders (run_id, order_id, entry_version)
         SELECT 1, order_id, 1 FROM orders;"
    ))
    .unwrap();
    (store, 1)
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

/// A run from one seed.
struct Simulated {
    ended: Result<Ended, Failure>,
    seen: Seen,
    /// Whether each order has an answer; absent: it was not asked.
    orders: BTreeMap<String, bool>,
    /// Orders of the run.
    selected: usize,
    /// As the run's row says.
    requests: u64,
}

/// A run of three workers.
#[derive(Debug, Clone, Copy)]
struct Simulation {
    seed: u64,
    orders: u64,
    max_in_flight: u32,
    rate: u32,
    /// Whether commits are synced. That takes most of the time.
    is_durable: bool,
}

impl Simulation {
    fn new(seed: u64, max_in_flight: u32) -> Simulation {
        Simulation { seed, orders: ORDERS, max_in_flight, rate: 10_000, is_durable: true }
    }
}

fn simulate(
    simulation: Simulation,
    answers: impl Fn(&mut fastrand::Rng, usize, &str) -> Result<(), Cause> + Send + Sync + 'static,
) -> Simulated {
    let directory = tempfile::tempdir().unwrap();
    let Simulation { seed, orders, max_in_flight, rate, is_durable } = simulation;
    let (mut store, run_id) = store(&directory, orders);
    if !is_durable {
        store.connection().pragma_update(None, "synchronous", "OFF").unwrap();
    }
    let counters = Arc::new(Counters::default());
    let mut random = fastrand::Rng::with_seed(seed);
    let limits = Limits { requests_per_second: rate.try_into().unwrap(), ..limits() };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let (ended, gateway) = runtime.unwrap().block_on(async {
        let allowance = Arc::new(Allowance::new(limits, orders));
        let gateway = Arc::new(FakeGateway {
            answers: Box::new(answers),
            random: Mutex::new(random.fork()),
            seen: Mutex::default(),
            counters: Arc::clone(&counters),
            began: tokio::time::Instant::now(),
        });
        let reader = store.reader().unwrap();
        let inbox = Inbox::new(max_in_flight.try_into().unwrap(), WORKERS);
        let shared = Arc::new(Shared::new(
            Orders::new(reader, run_id),
            Replies::new(0, None),
            inbox,
            None,
            Interrupt::default(),
            Box::new(|_| false),
        ));
        let asker =
            |_| Asker::new(Arc::clone(&gateway), Arc::clone(&allowance), now, random.fork());
        let workers: Vec<Arc<Worker<_>>> = (0..WORKERS)
            .map(asker)
            .enumerate()
            .map(|(number, asker)| Arc::new(Worker::new(number, asker, &shared)))
            .collect();
        let asking = async {
            let is_open = shared.inbox.close_when_dropped();
            workers[0].until_ended(workers[0].ask_alone()).await;
            if shared.may_ask_all() {
                let mut all = tokio::task::JoinSet::new();
                for worker in workers.clone() {
                    all.spawn(async move { worker.until_ended(worker.ask_all()).await });
                }
                all.join_all().await;
            }
            shared.end_as_asked();
            drop(is_open);
        };
        let run = Recording { run_id, clock_floor: None, zone: chrono_tz::Tz::UTC };
        let writing = write(&mut store, run, &shared.inbox, &allowance, &counters);
        let (written, ()) = tokio::join!(writing, asking);
        written.unwrap();
        (shared.ended(), Arc::clone(&gateway))
    });
    let sql = store.connection();
    let mut asked = sql
        .prepare(
            "SELECT merchant_order_id, r.answered_at_ms IS NOT NULL FROM run_orders r
             JOIN orders USING (order_id) WHERE tries > 0",
        )
        .unwrap();
    let asked = asked.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let asked = asked.collect::<Result<_, _>>().unwrap();
    let requests: i64 = sql.query_row("SELECT requests FROM runs", (), |row| row.get(0)).unwrap();
    let seen_by_it = std::mem::take(&mut *gateway.seen.lock().unwrap());
    let (selected, requests) = (orders.try_into().unwrap(), requests.try_into().unwrap());
    Simulated { ended, seen: seen_by_it, orders: asked, selected, requests }
}

fn limits() -> Limits {
    GatewaySettings::default().limits()
}

/// One call in ten fails.
fn faulty(random: &mut fastrand::Rng, number: usize, _: &str) -> Result<(), Cause> {
    match random.u8(..40) {
        0..4 => Err(Cause::Timeout),
        4 if number > 100 => Err(Cause::Untrustworthy),
        _ => Ok(()),
    }
}

#[test]
fn every_order_is_asked_within_the_limits_from_one_seed() {
    for seed in 0..4 {
        let max_in_flight = [1, 2, 7, 64][usize::try_from(seed).unwrap()];
        let run = simulate(Simulation::new(seed, max_in_flight), faulty);
        assert!(matches!(run.ended, Ok(Ended::Done)), "seed {seed}");
        assert_eq!(run.orders.len(), 400, "seed {seed}: an order was left out");
        let unanswered = run.orders.values().filter(|answered| !**answered).count();
        assert!(unanswered < 40, "seed {seed}: {unanswered} have no answer");
        let calls = u64::try_from(run.seen.calls.len()).unwrap();
        assert_eq!(run.requests, calls, "seed {seed}");
        assert!(calls <= ORDERS + ORDERS / 10 + 100, "seed {seed}: {calls} calls");
        let most = usize::try_from(max_in_flight).unwrap();
        assert!(run.seen.most_in_flight <= most, "seed {seed}: {}", run.seen.most_in_flight);
        // What a crash can lose.
        assert!(run.seen.most_at_stake <= max_in_flight.into(), "seed {seed}");
        let again = simulate(Simulation::new(seed, max_in_flight), faulty);
        assert_eq!(again.seen.calls, run.seen.calls, "seed {seed}");
        assert_eq!(again.orders, run.orders, "seed {seed}");
    }
}

#[test]
fn all_places_are_used_once_the_gateway_has_answered() {
    let run = simulate(Simulation::new(1, 64), |_, _, _| Ok(()));
    assert!(run.seen.most_in_flight > 32, "{}", run.seen.most_in_flight);
    assert!(run.orders.values().all(|answered| *answered));
}

#[test]
fn one_order_at_a_time_until_the_first_answer() {
    type Expected = fn(&Result<Ended, Failure>) -> bool;
    let cases: [(Cause, usize, Expected); 3] = [
        (Cause::Refused, 3, |ended| matches!(ended, Ok(Ended::Refused(..)))),
        (Cause::Unreachable, 4, |ended| matches!(ended, Ok(Ended::Outage(_)))),
        (Cause::Overload, 40, |ended| matches!(ended, Ok(Ended::Outage(_)))),
    ];
    for (cause, calls, is_expected) in cases {
        let run = simulate(Simulation::new(2, 64), move |_, _, _| Err(cause));
        assert!(is_expected(&run.ended), "{cause:?}");
        assert_eq!(run.seen.calls.len(), calls, "{cause:?}");
        assert_eq!(run.seen.most_in_flight, 1, "{cause:?}");
    }
}

#[test]
fn refusals_later_on_end_all_workers_after_one_probe() {
    for seed in 0..8 {
        let run = simulate(Simulation::new(seed, 64), |_, number, _| {
            if number < 100 { Ok(()) } else { Err(Cause::Refused) }
        });
        assert!(matches!(run.ended, Ok(Ended::Refused(..))), "seed {seed}");
        // While what was in flight is still answered, no three are refused in a row.
        assert!(run.seen.calls.len() <= 100 + 64 + 64 + 4, "seed {seed}: {}", run.seen.calls.len());
        let answered: BTreeSet<&String> = run.seen.calls[..100].iter().collect();
        let probed = run.seen.calls[100..].iter().filter(|id| answered.contains(id)).count();
        assert_eq!(probed, 1, "seed {seed}");
    }
}

#[test]
fn an_answered_probe_lets_all_workers_go_on() {
    // A200 to A299 are refused; the credentials are right.
    let is_refused = |id: &str| id.len() == 4 && id.starts_with("A2");
    let run =
        simulate(
            Simulation::new(4, 16),
            move |_, _, id| if is_refused(id) { Err(Cause::Refused) } else { Ok(()) },
        );
    assert!(matches!(run.ended, Ok(Ended::Done)));
    assert_eq!(run.orders.len(), 400);
    assert!(run.orders.iter().all(|(id, answered)| *answered != is_refused(id)));
    // Orders were asked again: the probes.
    assert!(run.seen.calls.len() > 400, "{}", run.seen.calls.len());
}
