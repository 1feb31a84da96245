//! Random histories: nights, kills, late resumes, runs judged again in any order, a clock that is
//! set back. What the store says afterwards is compared with a second, plain model of the contract
//! ("The report": state; "Decisions": events). Each order of a history is a story of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::*;
use crate::domain::amount::Amount;
use crate::domain::fuzzing::seeds;
use crate::domain::payment::{AccountingStatus, Answered, NotifyStatus, Payment, PaymentStatus};
use crate::interrupt::Interrupt;
use crate::store::{CheckedRows, Recorded, Recording};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const ORDERS: i64 = 100;
/// Histories of 100 orders.
const HISTORIES: u64 = 50;

type Moment = (i64, i64);
/// Kind, event, moment, day, variance.
type PlainEvent = (String, String, Moment, String, Option<i64>);
/// Kind, state, first seen, days open, variance.
type PlainRow = (String, String, String, i64, Option<i64>);

/// What the gateway says of an order: by how much it is short, and whether a notification failed.
#[derive(Debug, Clone, Copy)]
struct Said {
    short: i64,
    notify_failed: bool,
}

#[derive(Debug, Clone)]
struct ModelRun {
    day: NaiveDate,
    started_ms: i64,
    floor_ms: i64,
    answers: BTreeMap<i64, Option<(i64, Said)>>,
    is_judged: bool,
}

/// The contract, read plainly.
#[derive(Default)]
struct Model {
    runs: BTreeMap<i64, ModelRun>,
    events: BTreeMap<i64, Vec<PlainEvent>>,
    /// By run and order.
    rows: BTreeMap<(i64, i64), Vec<PlainRow>>,
}

impl Model {
    fn moment(&self, run_id: i64, order: i64) -> Moment {
        let run = &self.runs[&run_id];
        let at = run.answers[&order].map_or(run.started_ms.max(run.floor_ms), |(at, _)| at);
        (at, run_id)
    }

    fn judge(&mut self, run_id: i64) {
        let orders: Vec<i64> = self.runs[&run_id].answers.keys().copied().collect();
        for order in orders {
            self.judge_order(run_id, order);
        }
        self.runs.get_mut(&run_id).unwrap().is_judged = true;
    }

    fn judge_order(&mut self, run_id: i64, order: i64) {
        let moment = self.moment(run_id, order);
        // "A judgement whose answer is older than the order's latest judged answer of another run
        // writes no event, only its report's row."
        let elsewhere: Option<Moment> = self
            .runs
            .iter()
            .filter(|(other, run)| **other != run_id && run.is_judged)
            .filter(|(_, run)| matches!(run.answers.get(&order), Some(Some(_))))
            .map(|(other, _)| self.moment(*other, order))
            .max();
        let is_latest = elsewhere.is_none_or(|elsewhere| elsewhere < moment);
        let all = self.events.entry(order).or_default();
        if is_latest {
            // "may be replaced when that same run is judged again"
            all.retain(|event| event.2.1 != run_id || elsewhere.is_some_and(|it| event.2 < it));
        }
        let before: Vec<PlainEvent> = all.iter().filter(|it| it.2 < moment).cloned().collect();
        let run = &self.runs[&run_id];
        let day = run.day;
        let answer = run.answers[&order];
        let mut found: BTreeMap<&str, Option<i64>> = BTreeMap::new();
        match answer {
            None => drop(found.insert("unverified", None)),
            Some((_, said)) => {
                if said.short > 0 {
                    found.insert("final_amount_difference", Some(-said.short * 1_000_000));
                }
                if said.notify_failed {
                    found.insert("notify_failed", None);
                }
            }
        }
        let mut new = Vec::new();
        let mut rows = Vec::new();
        for kind in ["final_amount_difference", "notify_failed", "unverified"] {
            let of_kind: Vec<&PlainEvent> = before.iter().filter(|it| it.0 == kind).collect();
            let last = of_kind.last();
            let was_open = last.is_some_and(|it| it.1 != "resolved");
            let variance_before =
                of_kind.iter().rev().find(|it| it.1 != "resolved").and_then(|it| it.4);
            let is_kept = was_open && answer.is_none() && kind != "unverified";
            let event = match found.get(kind) {
                Some(_) if last.is_none() => Some("opened"),
                Some(_) if !was_open => Some("reopened"),
                Some(variance) if *variance != variance_before => Some("changed"),
                None if was_open && answer.is_some() => Some("resolved"),
                _ => None,
            };
            let variance = found.get(kind).copied().flatten();
            if let Some(event) = event.filter(|_| is_latest) {
                new.push((kind.to_owned(), event.to_owned(), moment, day.to_string(), variance));
            }
            if found.contains_key(kind) || is_kept {
                let first_seen =
                    of_kind.first().map_or(day, |it| it.3.parse::<NaiveDate>().unwrap());
                let state = match event {
                    _ if first_seen == day => "new",
                    Some("opened") => "new",
                    Some(event) => event,
                    None => "open",
                };
                let variance = if is_kept { variance_before } else { variance };
                let open_days = (day - first_seen).num_days().max(0);
                rows.push((
                    kind.to_owned(),
                    state.to_owned(),
                    first_seen.to_string(),
                    open_days,
                    variance,
                ));
            }
        }
        let all = self.events.entry(order).or_default();
        all.extend(new);
        all.sort_by_key(|event| (event.2, event.0.clone()));
        self.rows.insert((run_id, order), rows);
    }

    fn open(&self) -> BTreeSet<(i64, String)> {
        let mut open = BTreeSet::new();
        for (order, events) in &self.events {
            for event in events {
                let key = (*order, event.0.clone());
                if event.1 == "resolved" {
                    open.remove(&key)
                } else {
                    open.insert(key)
                };
            }
        }
        open
    }
}

/// A store and its model side by side.
struct History {
    store: Store,
    model: Model,
    now: DateTime<Utc>,
    latest: DateTime<Utc>,
    random: fastrand::Rng,
}

fn ms(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

impl History {
    fn new(seed: u64) -> History {
        let store = Store::temporary().unwrap();
        let sql = store.connection();
        sql.pragma_update(None, "foreign_keys", false).unwrap();
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        for order in 1..=ORDERS {
            sql.execute(
                "INSERT INTO orders (order_id, merchant_uid, merchant_order_id, entry_version)
                 VALUES (?1, '', 'A' || ?1, 1)",
                [order],
            )
            .unwrap();
            sql.execute(
                "INSERT INTO entries (order_id, version, file_id, line, amount_micros, currency,
                     order_date, ages_from_ms, status)
                 VALUES (?1, 1, 1, 1, 100000000, 'inr', '2026-01-01', 0, 'paid')",
                [order],
            )
            .unwrap();
        }
        let random = fastrand::Rng::with_seed(seed);
        History { store, model: Model::default(), now, latest: now, random }
    }

    fn tick(&mut self) -> DateTime<Utc> {
        self.now += TimeDelta::milliseconds(self.random.i64(1..60_000));
        self.latest = self.latest.max(self.now);
        self.now
    }

    fn begin(&mut self) -> i64 {
        let started = self.tick();
        let floor = (self.latest > started).then_some(self.latest);
        self.latest = self.latest.max(started);
        let day = started.date_naive();
        let sql = self.store.connection();
        let run_id: i64 = sql
            .query_row(
                "INSERT INTO runs (started_at_ms, run_day, status, selection, base_url,
                     merchant_uid, clock_floor_ms)
                 VALUES (?1, ?2, 'asking', '', '', '', ?3) RETURNING run_id",
                (ms(started), day.to_string(), floor.map(ms)),
                |row| row.get(0),
            )
            .unwrap();
        let mut answers = BTreeMap::new();
        for order in 1..=ORDERS {
            if self.random.u8(..) < 160 {
                sql.execute(
                    "INSERT INTO run_orders (run_id, order_id, entry_version) VALUES (?1, ?2, 1)",
                    [run_id, order],
                )
                .unwrap();
                answers.insert(order, None);
            }
        }
        sql.execute(
            "UPDATE runs SET selected = ?2 WHERE run_id = ?1",
            (run_id, i64::try_from(answers.len()).unwrap()),
        )
        .unwrap();
        let (started_ms, floor_ms) = (ms(started), floor.map_or(0, ms));
        let run = ModelRun { day, started_ms, floor_ms, answers, is_judged: false };
        self.model.runs.insert(run_id, run);
        run_id
    }

    /// Asks for most of the orders that have no answer yet.
    fn ask(&mut self, run_id: i64) {
        let floor = Some(self.latest).filter(|latest| *latest > self.now);
        let missing: Vec<i64> = self.model.runs[&run_id]
            .answers
            .iter()
            .filter(|(_, answer)| answer.is_none())
            .map(|(order, _)| *order)
            .collect();
        for order in missing {
            if self.random.u8(..) < 64 {
                continue;
            }
            let said = Said {
                short: [0, 0, 10, 20][self.random.usize(..4)],
                notify_failed: self.random.u8(..) < 64,
            };
            let at = self.tick();
            let amount = |units: i64| Amount::from_micros(units * 1_000_000);
            let payment = Payment {
                amount: amount(100),
                final_amount: Some(amount(100 - said.short)),
                currency: Some("inr".to_owned()),
                transaction_type: None,
                accounting_type: None,
                payment_status: Some(PaymentStatus::Completed),
                payment_fail_reason: None,
                accounting_status: AccountingStatus::Accounted,
                accounting_fail_reason: None,
                notify_status: if said.notify_failed {
                    NotifyStatus::Failed
                } else {
                    NotifyStatus::Completed
                },
                notify_fail_reason: None,
                payment_uid: None,
                channel: None,
            };
            let evidence = format!("{said:?}");
            let answer = Answer::Payment(Box::new(payment));
            let result = Ok(Answered { answer, evidence });
            let run = Recording { run_id, clock_floor: floor, zone: Tz::UTC };
            let recorded = Recorded { order_id: order, calls: 1, at, result };
            self.store.record(run, &[recorded], 1).unwrap();
            let run = self.model.runs.get_mut(&run_id).unwrap();
            run.answers.insert(order, Some((ms(floor.map_or(at, |it| at.max(it))), said)));
        }
    }

    fn judge(&mut self, run_id: i64) {
        let interrupt = Interrupt::default();
        let context = Context { now: Utc::now, interrupt: &interrupt, counters: Arc::default() };
        let run = self.store.run(run_id).unwrap().unwrap();
        let (policy, making) = (Policy::default(), Making::default());
        judge(&mut self.store, &run, &policy, &making, Vec::new(), &context, false).unwrap();
        self.model.judge(run_id);
    }

    fn step(&mut self) {
        self.now += TimeDelta::hours(self.random.i64(0..40));
        let unfinished: Vec<i64> = self.model.runs.keys().copied().collect();
        match self.random.u8(..10) {
            0 => self.now -= TimeDelta::days(self.random.i64(1..6)),
            // Killed before it was judged.
            1 => {
                let run_id = self.begin();
                self.ask(run_id);
            }
            // A late resume, or the same answers judged again.
            2..=4 if !unfinished.is_empty() => {
                let run_id = unfinished[self.random.usize(..unfinished.len())];
                if self.random.bool() {
                    self.ask(run_id);
                }
                self.judge(run_id);
            }
            _ => {
                let run_id = self.begin();
                self.ask(run_id);
                self.judge(run_id);
            }
        }
    }

    fn compare(&self, what: &str) {
        let sql = self.store.connection();
        let mut events: BTreeMap<i64, Vec<PlainEvent>> = BTreeMap::new();
        let mut statement = sql
            .prepare("SELECT * FROM mismatch_events ORDER BY order_id, at_ms, run_id, kind")
            .unwrap();
        let mut rows = statement.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            events.entry(row.get("order_id").unwrap()).or_default().push((
                row.get("kind").unwrap(),
                row.get("event").unwrap(),
                (row.get("at_ms").unwrap(), row.get("run_id").unwrap()),
                row.get("day").unwrap(),
                row.get("variance_micros").unwrap(),
            ));
        }
        let known = |(_, events): &(&i64, &Vec<PlainEvent>)| !events.is_empty();
        for (order, expected) in self.model.events.iter().filter(known) {
            assert_eq!(events.get(order), Some(expected), "{what}: events of order {order}");
        }
        assert_eq!(events.len(), self.model.events.iter().filter(known).count(), "{what}");

        let mut reported: BTreeMap<(i64, i64), Vec<PlainRow>> = BTreeMap::new();
        let mut statement = sql
            .prepare("SELECT * FROM reported_mismatches ORDER BY run_id, order_id, kind")
            .unwrap();
        let mut rows = statement.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let key = (row.get("run_id").unwrap(), row.get("order_id").unwrap());
            reported.entry(key).or_default().push((
                row.get("kind").unwrap(),
                row.get("state").unwrap(),
                row.get("first_seen").unwrap(),
                row.get("open_days").unwrap(),
                row.get("variance_micros").unwrap(),
            ));
        }
        for (key, expected) in &self.model.rows {
            let rows = reported.get(key).cloned().unwrap_or_default();
            assert_eq!(rows, *expected, "{what}: rows of run and order {key:?}");
        }

        // The index of what is open is what the events say.
        let mut statement = sql.prepare("SELECT order_id, kind FROM open_now").unwrap();
        let open: BTreeSet<(i64, String)> = statement
            .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(open, self.model.open(), "{what}: open");
    }
}

#[test]
fn random_histories_are_as_the_plain_model_says() {
    for seed in seeds(HISTORIES) {
        let mut history = History::new(seed);
        for step in 0..8 {
            history.step();
            history.compare(&format!("seed {seed}, step {step}"));
        }
        // Later runs have changed nothing that a digest covers.
        for (run_id, _) in history.model.runs.iter().filter(|(_, run)| run.is_judged) {
            let checked = history.store.check_rows(*run_id).unwrap();
            assert_eq!(checked, CheckedRows::Same, "seed {seed}, run {run_id}");
        }
    }
}
