//! Sixty nights of a shop, once with `--scheduled` and once without: what a scheduled night asks,
//! and that it misses nothing for longer than a week. Time is the test's: the runs are made by the
//! library, against a gateway that says of each order what the day gives.
//!
//! `OCTOPUS_RECON_ORDERS=1000` simulates as many new orders a day; `-- --nocapture` shows each
//! night.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]
#![expect(clippy::print_stdout, reason = "shown on request: what each night asked")]

mod after_an_upgrade;
mod due;
mod gateway;
mod lapsed;
mod shop;

use crate::support::rows;
use chrono::{DateTime, Days, NaiveDate, Utc};
use gateway::DayGateway;
use octopus_recon::domain::morning::Making;
use octopus_recon::domain::text::Text;
use octopus_recon::interrupt::Interrupt;
use octopus_recon::reconcile::{self, Context, Finished, Request, Resume};
use octopus_recon::settings::{Flags, Settings};
use shop::{Order, Shop};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;

const NIGHTS: u64 = 60;
/// The days that a night covers.
const LAST: u64 = 30;

/// A clock that a test sets.
type Clock = fn() -> DateTime<Utc>;

/// The clock of the sixty nights, in seconds.
static NOW: AtomicI64 = AtomicI64::new(0);

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW.load(Ordering::Relaxed), 0).unwrap()
}

/// One merchant's database and reports.
struct Desk {
    directory: TempDir,
    settings: Settings,
    is_scheduled: bool,
    now: Clock,
}

/// What a night came to.
struct Night {
    finished: Finished,
    /// The orders that were asked, each once.
    asked: BTreeSet<String>,
    calls: usize,
    /// The kinds of each order with findings.
    findings: BTreeMap<String, Vec<String>>,
    last_verified: BTreeMap<String, String>,
}

impl Desk {
    fn new(gateway: &DayGateway, is_scheduled: bool, now: Clock) -> Desk {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("octopus-recon.toml");
        let toml = format!(
            "[gateway]\nbase_url = '{}'\nrequests_per_second = 100000\n\
             [ledger]\ntimezone = \"Asia/Kolkata\"\ncurrency = \"inr\"\n\
             [store]\npath = '{}'\n\
             [report]\nformats = [\"csv\"]\ndirectory = '{}'\n",
            gateway.url,
            directory.path().join("test.db").display(),
            directory.path().join("reports").display(),
        );
        std::fs::write(&config, toml).unwrap();
        let environment = |name: &str| match name {
            "OCTOPUS_RECON_API_KEY" | "OCTOPUS_RECON_API_SECRET" => Some("test".into()),
            _ => None,
        };
        let flags = Flags { config: Some(config), ..Flags::default() };
        let settings = Settings::load(flags, &environment).unwrap();
        Desk { directory, settings, is_scheduled, now }
    }

    fn run(&self, ledger: &str, gateway: &DayGateway) -> Night {
        let path = self.directory.path().join("ledger.csv");
        std::fs::write(&path, ledger).unwrap();
        let request = Request {
            ledgers: vec![path],
            last: NonZeroU32::new(u32::try_from(LAST).unwrap()),
            include_open: true,
            is_scheduled: self.is_scheduled,
            resume: Resume::Latest,
            making: Making {
                command_line: String::new(),
                settings: Vec::new(),
                policy_changes: Vec::new(),
                version: String::new(),
            },
            system_user: Text::own("test"),
            ..Request::default()
        };
        let interrupt = Interrupt::default();
        let counters = Arc::default();
        let context = Context { now: self.now, interrupt: &interrupt, counters };
        gateway.forget_calls();
        let finished = reconcile::run(&self.settings, &request, &context).unwrap();
        let calls = gateway.calls();
        let report = report(&finished);
        let mut findings: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut last_verified = BTreeMap::new();
        for row in rows(report) {
            let order = row["merchant_order_id"].clone();
            findings.entry(order.clone()).or_default().push(row["kind"].clone());
            last_verified.insert(order, row["last_verified"].clone());
        }
        let asked = calls.iter().cloned().collect();
        Night { finished, asked, calls: calls.len(), findings, last_verified }
    }
}

fn report(finished: &Finished) -> &Path {
    &finished.reports[0].path
}

/// What is known of an order's late change so far.
struct Late<'a> {
    order: &'a Order,
    came_on: NaiveDate,
}

#[test]
fn a_scheduled_night_asks_less_and_misses_nothing_for_longer_than_a_week() {
    let a_day = std::env::var("OCTOPUS_RECON_ORDERS").ok().and_then(|text| text.parse().ok());
    let a_day: u64 = a_day.unwrap_or(12);
    let shop = Shop::new(a_day, NIGHTS);
    let gateway = DayGateway::serve();
    let scheduled = Desk::new(&gateway, true, now);
    let full = Desk::new(&gateway, false, now);
    let mut calls_by_night = Vec::new();
    let mut calls_of_window: BTreeMap<String, u64> = BTreeMap::new();
    let mut reported: BTreeMap<String, NaiveDate> = BTreeMap::new();
    for night in 1..=NIGHTS {
        let day = shop.first_day + Days::new(night);
        // 01:30 in Kolkata.
        let at = (day - Days::new(1)).and_hms_opt(20, 0, 0).unwrap().and_utc();
        NOW.store(at.timestamp(), Ordering::Relaxed);
        gateway.says(shop.payments(day));
        let ledger = shop.ledger(day);
        let it = scheduled.run(&ledger, &gateway);
        let whole = full.run(&ledger, &gateway);
        calls_by_night.push(it.calls);
        let orders = it.finished.summary.figures.orders;
        assert_eq!(orders.selected, whole.finished.summary.figures.orders.selected, "{day}");
        assert_eq!(orders.unverified, 0, "{day}");
        let asked = u64::try_from(it.asked.len()).unwrap();
        assert_eq!(orders.selected, asked + orders.reused, "{day}");
        assert!(asked > 0, "{day}: each night proves the gateway");
        for order in &it.asked {
            let known = shop.order(order);
            if known.age(day) <= LAST {
                *calls_of_window.entry(order.clone()).or_default() += 1;
            }
            let (here, there) = (it.findings.get(order), whole.findings.get(order));
            // The ledger's export may be older than an answer that is new. The whole run had it
            // before, and reports it; this one waits for a night.
            let waits = known.is_lost_capture() && here.is_none();
            assert!(here == there || waits, "{day} {order}: {here:?}, all asked: {there:?}");
        }
        for (order, kinds) in &it.findings {
            if kinds.iter().any(|kind| kind == "status_difference") {
                reported.entry(order.clone()).or_insert(day);
            }
            let verified = &it.last_verified[order];
            let is_tonight = verified.starts_with(&at.date_naive().to_string());
            assert_eq!(it.asked.contains(order), is_tonight, "{day} {order} {verified}");
        }
        println!(
            "{day}: {} calls, {} asked of {} ({} reused), {} all asked",
            it.calls, asked, orders.selected, orders.reused, whole.calls
        );
    }
    expect_all_reported(&shop, &reported);
    let closed =
        calls_of_window.iter().filter(|(order, _)| shop.order(order).has_left(&shop, NIGHTS, LAST));
    let (orders, calls) =
        closed.fold((0, 0), |(orders, calls), (_, of_order)| (orders + 1, calls + of_order));
    println!(
        "calls an order over its {LAST} days: {}.{:02}",
        calls / orders,
        calls * 100 / orders % 100
    );
    assert!(calls * 10 <= orders * 65, "{calls} calls for {orders} orders");
    // The window is full after 30 nights, and the week of the longest wait is over.
    let week = |first: usize| -> usize { calls_by_night[first..first + 7].iter().sum() };
    let (then, now) = (week(39), week(53));
    println!("calls of a week: {then}, two weeks later {now}");
    assert!(now * 100 <= then * 108, "{calls_by_night:?}");
}

/// Every late change that the ledger does not know is reported at most a week after it came; one
/// that the ledger's export may be too old for, a night later.
fn expect_all_reported(shop: &Shop, reported: &BTreeMap<String, NaiveDate>) {
    let last_day = shop.first_day + Days::new(NIGHTS);
    let late =
        shop.orders().filter_map(|order| Some(Late { order, came_on: order.disagrees_since()? }));
    let mut delays: BTreeMap<i64, u64> = BTreeMap::new();
    for Late { order, came_on } in late {
        let most = if order.is_lost_capture() { 8 } else { 7 };
        if came_on + Days::new(most) > last_day {
            continue;
        }
        let on = reported.get(&order.id);
        let delay = on.map(|on| (*on - came_on).num_days());
        assert!(delay.is_some_and(|days| days <= most.cast_signed()), "{order:?}: {on:?}");
        *delays.entry(delay.unwrap()).or_default() += 1;
    }
    println!("late changes by days until they were reported: {delays:?}");
    assert!(delays.values().sum::<u64>() > 40, "the simulation has late changes");
}
