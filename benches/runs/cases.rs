//! One function a figure.

use crate::gateway::{Gateway, Seen};
use crate::peers;
use crate::process::{Merchant, Took};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A figure that can be asked for.
pub struct Case {
    pub name: &'static str,
    /// Some minutes, and not run unless it is named.
    pub takes_long: bool,
    pub run: fn(),
}

const fn case(name: &'static str, takes_long: bool, run: fn()) -> Case {
    Case { name, takes_long, run }
}

pub const ALL: [Case; 10] = [
    case("rate", false, rate),
    case("unlimited", false, unlimited),
    case("ledger", false, ledger),
    case("ledger-random", true, ledger_random),
    case("report", false, report),
    case("nights", false, nights),
    case("start", false, start),
    case("memory", false, memory),
    case("memory-10m", true, memory_10m),
    case("growth", true, growth),
];

const DAY: &str = "2026-01-10";

#[expect(clippy::print_stdout, reason = "the figures")]
fn tell(case: &str, what: &str) {
    println!("{case:<11} {what}");
}

fn per_order(processor: Duration, orders: u32) -> f64 {
    processor.as_secs_f64() * 1e6 / f64::from(orders)
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

fn speed(orders: u32, took: &Took) -> String {
    format!(
        "{:.0} orders/s, {:.1} µs of processor time an order, {:.1} MiB at most, cores busy {:.0} %",
        f64::from(orders) / took.wall.as_secs_f64(),
        per_order(took.processor, orders),
        mebibytes(took.peak_bytes),
        100.0 * took.cores_busy
    )
}

/// What a program does once.
type Turn<'a> = (&'static str, Box<dyn Fn() -> Option<Took> + 'a>);

/// Measures programs by turns, because the machine is not the same from minute to minute: each so
/// many times. Gives the median of each, by time; none: it is not installed.
fn by_turns(times: usize, programs: &[Turn]) -> Vec<(&'static str, Option<Took>)> {
    let mut took: Vec<Vec<Took>> = programs.iter().map(|_| Vec::new()).collect();
    for _ in 0..times {
        for ((_, program), took) in programs.iter().zip(&mut took) {
            took.extend(program());
        }
    }
    let median = |took: Vec<Took>| {
        let mut walls = took.clone();
        walls.sort_by_key(|took| took.wall);
        let mut processors = took;
        processors.sort_by_key(|took| took.processor);
        let at = walls.len() / 2;
        let processor = processors.get(at)?.processor;
        walls.get(at).map(|median| Took { processor, ..*median })
    };
    programs.iter().map(|(name, _)| *name).zip(took.into_iter().map(median)).collect()
}

/// Tells what each took, and how the first compares.
fn tell_turns(case: &str, orders: u32, turns: &[(&'static str, Option<Took>)]) {
    let Some((_, Some(ours))) = turns.first() else { return };
    for (name, took) in turns {
        let what = match took {
            Some(took) => {
                let ratio = took.wall.as_secs_f64() / ours.wall.as_secs_f64();
                format!("{name}: {}; octopus-recon reaches {ratio:.2} of it", speed(orders, took))
            }
            None => format!("{name}: skipped, it is not installed"),
        };
        tell(case, &what);
    }
}

/// How often programs take turns.
const TURNS: usize = 5;

/// Asks for a ledger of so many orders.
fn ask(merchant: &Merchant, gateway: &Gateway, rest: &[&str]) -> Took {
    let run = ["run", "--quiet", "--base-url", &gateway.url];
    merchant.run(&[&run[..], rest].concat())
}

const UNLIMITED: [&str; 4] = ["--rate", "1000000", "--max-in-flight", "64"];

/// At a set rate, with a gateway that takes 50 ms: how much of it is reached, and never exceeded.
fn rate() {
    for (rate, orders) in [(50, 500), (500, 5_000), (2_000, 20_000)] {
        let merchant = Merchant::new();
        merchant.write_ledger("ledger.csv", 0..orders, DAY);
        let gateway = Gateway::start(Duration::from_millis(50));
        let rate_text = rate.to_string();
        let flags = ["--ledger", "ledger.csv", "--rate", &rate_text, "--max-in-flight", "256"];
        let took = ask(&merchant, &gateway, &flags);
        let Seen { calls, span, busiest_second, .. } = gateway.stop();
        assert_eq!(calls, orders);
        let reached = f64::from(calls - 1) / span.as_secs_f64();
        tell(
            "rate",
            &format!(
                "{rate}/s: {reached:.1}/s reached ({:.1} %), {busiest_second} in the busiest \
                 second, {:.1} µs of processor time an order",
                100.0 * reached / f64::from(rate),
                per_order(took.processor, orders)
            ),
        );
    }
}

/// Without a limit, with a gateway that takes no time: end to end, beside its peers.
fn unlimited() {
    const ORDERS: u32 = 100_000;
    let merchant = Merchant::new();
    merchant.write_ledger("ledger.csv", 0..ORDERS, DAY);
    let merchant = &merchant;
    let ours = || {
        let _none = std::fs::remove_dir_all(merchant.path("reports"));
        merchant.forget("octopus-recon.db");
        let gateway = Gateway::start(Duration::ZERO);
        let flags = [&["--ledger", "ledger.csv"], &UNLIMITED[..]].concat();
        let took = ask(merchant, &gateway, &flags);
        assert_eq!(gateway.stop().calls, ORDERS);
        Some(took)
    };
    let mut programs: Vec<Turn> = vec![("octopus-recon", Box::new(ours))];
    for (name, peer) in peers::ASKING {
        let turn = move || {
            let gateway = Gateway::start(Duration::ZERO);
            let took = peer(merchant, &gateway.url, ORDERS);
            gateway.stop();
            took
        };
        programs.push((name, Box::new(turn)));
    }
    tell_turns("unlimited", ORDERS, &by_turns(TURNS, &programs));
}

/// Stores a ledger, all checks done; nothing is selected, so that nothing is asked.
fn store_ledger(merchant: &Merchant) -> Took {
    merchant.forget("octopus-recon.db");
    let ledger = ["run", "--quiet", "--allow-empty", "--ledger", "ledger.csv"];
    // Nothing listens there.
    merchant.run(&[&ledger[..], &["--base-url", "http://127.0.0.1:9"], &NOTHING].concat())
}

/// No order is of these days.
const NOTHING: [&str; 2] = ["--from", "2026-02-01"];

/// Reading a ledger into the store, beside peers.
fn ledger() {
    const ROWS: u32 = 1_000_000;
    let merchant = Merchant::new();
    merchant.write_ledger("ledger.csv", 0..ROWS, DAY);
    let merchant = &merchant;
    let ours = || Some(store_ledger(merchant));
    let mut programs: Vec<Turn> = vec![("octopus-recon", Box::new(ours))];
    for (name, peer) in peers::STORING {
        programs.push((name, Box::new(move || peer(merchant, "", ROWS))));
    }
    tell_turns("ledger", ROWS, &by_turns(TURNS, &programs));
}

/// The same of ids without order: a million, and ten.
fn ledger_random() {
    for rows in [1_000_000, 10_000_000] {
        let merchant = Merchant::new();
        merchant.write_ledger_of("ledger.csv", (0..rows).map(crate::process::random_id), DAY);
        tell("ledger-random", &format!("{rows} rows: {}", speed(rows, &store_ledger(&merchant))));
    }
}

/// A merchant whose so many orders are stored and answered.
fn answered(orders: u32) -> (Merchant, Took) {
    answered_by(Gateway::start(Duration::ZERO), orders)
}

fn answered_by(gateway: Gateway, orders: u32) -> (Merchant, Took) {
    let merchant = Merchant::new();
    merchant.write_ledger("ledger.csv", 0..orders, DAY);
    let took = ask(&merchant, &gateway, &[&["--ledger", "ledger.csv"], &UNLIMITED[..]].concat());
    assert_eq!(gateway.stop().calls, orders);
    (merchant, took)
}

/// A million orders, three in a hundred of them mismatched: the report again, from the store.
fn report() {
    let (merchant, _) = answered(1_000_000);
    let took = merchant.run(&["report", "--quiet", "--out", "again"]);
    tell(
        "report",
        &format!(
            "of 1,000,000 orders with 3 % mismatches: {:.2} s, {:.1} MiB at most",
            took.wall.as_secs_f64(),
            mebibytes(took.peak_bytes)
        ),
    );
}

/// What a night adds in which nothing has changed.
fn nights() {
    const ORDERS: u32 = 100_000;
    let (merchant, _) = answered(ORDERS);
    let mut size = merchant.size("octopus-recon.db");
    let bytes = size as f64 / f64::from(ORDERS);
    tell("nights", &format!("the first: {bytes:.1} bytes an order"));
    for night in 2..=8 {
        let gateway = Gateway::start(Duration::ZERO);
        let took =
            ask(&merchant, &gateway, &[&["--ledger", "ledger.csv"], &UNLIMITED[..]].concat());
        gateway.stop();
        let grown = merchant.size("octopus-recon.db") - size;
        size += grown;
        let bytes = grown as f64 / f64::from(ORDERS);
        let took = speed(ORDERS, &took);
        let what = format!("night {night}, nothing changed: {bytes:.1} bytes an order; {took}");
        tell("nights", &what);
    }
}

/// From the start of the process to the first call, with a small ledger and a million orders stored.
fn start() {
    let (merchant, _) = answered(1_000_000);
    merchant.write_ledger("small.csv", 0..10, DAY);
    let mut fastest = u128::MAX;
    for _ in 0..5 {
        let gateway = Gateway::start(Duration::ZERO);
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        ask(&merchant, &gateway, &["--ledger", "small.csv"]);
        fastest = fastest.min(gateway.stop().first_ms_since_epoch - begun);
    }
    tell("start", &format!("first call after {fastest} ms, with 1,000,000 orders stored"));
}

fn memory_at(orders: u32) {
    let (_, took) = answered(orders);
    tell("memory", &format!("{orders} orders: {}", speed(orders, &took)));
}

fn memory() {
    memory_at(1_000_000);
}

fn memory_10m() {
    memory_at(10_000_000);
}

/// The same night with few and with many orders stored and answered, whose payments' uids are
/// random: by turns, because the machine is not the same from minute to minute; the fastest of each.
fn growth() {
    const NIGHT: u32 = 50_000;
    const FEW: u32 = 50_000;
    const MANY: u32 = 5_000_000;
    const TURNS: u32 = 6;
    let night = |merchant: &Merchant, first: u32| {
        merchant.write_ledger("ledger.csv", first..first + NIGHT, DAY);
        let gateway = Gateway::start_scattered();
        let took = ask(merchant, &gateway, &[&["--ledger", "ledger.csv"], &UNLIMITED[..]].concat());
        assert_eq!(gateway.stop().calls, NIGHT);
        took
    };
    let (many, _) = answered_by(Gateway::start_scattered(), MANY);
    let turns: Vec<(Took, Took)> = (0..TURNS)
        .map(|turn| {
            let (few, _) = answered_by(Gateway::start_scattered(), FEW);
            (night(&few, FEW), night(&many, MANY + turn * NIGHT))
        })
        .collect();
    let few = turns.iter().map(|(few, _)| *few).min_by_key(|took| took.wall).unwrap();
    let many = turns.iter().map(|(_, many)| *many).min_by_key(|took| took.wall).unwrap();
    tell("growth", &format!("{FEW} orders stored: {}", speed(NIGHT, &few)));
    let more = many.wall.as_secs_f64() / few.wall.as_secs_f64() - 1.0;
    let compared = format!("{:+.1} % time an order", more * 100.0);
    tell("growth", &format!("{MANY} orders stored: {}; {compared}", speed(NIGHT, &many)));
}
