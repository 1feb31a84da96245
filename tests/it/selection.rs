//! Which orders a run selects: days in the ledger's time zone, control figures, dry runs and
//! deadlines.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::rude_gateway::RudeGateway;
use crate::support::{API_KEY, API_SECRET, Done, Gateway, HEAD, Merchant, paid};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use octopus_recon::interrupt::Interrupt;
use octopus_recon::reconcile::{Context, Counters, Request, run};
use octopus_recon::settings::{Flags, Settings};
use serde_json::json;
use std::num::NonZeroU32;
use std::sync::Arc;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The number of orders that a dry run selects.
fn selected(merchant: &Merchant, arguments: &[&str]) -> u64 {
    let mut all = vec!["--ledger", "ledger.csv", "--dry-run", "--allow-empty"];
    all.extend(arguments);
    let done = merchant.reconcile("http://127.0.0.1:9", &all);
    assert_eq!(done.code, Some(0), "{done:?}");
    done.json()["orders"].as_u64().unwrap()
}

/// Two orders per half hour, from two days before a clock change to two days after it: one with an
/// offset and one without.
fn half_hours_around(change: &str) -> String {
    let midnight = date(change).and_hms_opt(0, 0, 0).unwrap().and_utc();
    let mut ledger = HEAD.to_owned();
    for step in -96..144_i32 {
        let at =
            (midnight + TimeDelta::minutes(30) * step).with_timezone(&chrono_tz::Europe::Berlin);
        let at_rfc3339 = at.to_rfc3339();
        ledger.extend([format!("OFFSET{step},1.00,eur,{at_rfc3339},paid\n")]);
        let local = at.format("%Y-%m-%d %H:%M:%S");
        ledger.extend([format!("LOCAL{step},1.00,eur,{local},paid\n")]);
    }
    ledger
}

#[test]
fn a_day_of_23_and_a_day_of_25_hours_hold_their_own_orders() {
    for (change, before, after, half_hours) in [
        ("2026-03-29", "2026-03-28", "2026-03-30", 46),
        ("2025-10-26", "2025-10-25", "2025-10-27", 50),
    ] {
        let merchant = Merchant::new();
        merchant.write("octopus-recon.toml", "[ledger]\ntimezone = \"Europe/Berlin\"\n");
        let ledger = half_hours_around(change);
        merchant.write("ledger.csv", &ledger);
        let all = selected(&merchant, &[]);
        assert_eq!(all, 480);
        let on = |day| selected(&merchant, &["--from", day, "--to", day]);
        assert_eq!(on(before), 96);
        assert_eq!(on(change), 2 * half_hours, "{change}");
        assert_eq!(on(after), 96);
        let until = selected(&merchant, &["--to", change]);
        let from = selected(&merchant, &["--from", after]);
        assert_eq!(until + from, all, "{change}: every order is on exactly one day");
        assert_eq!(selected(&merchant, &["--from", before, "--to", after]), on(change) + 192);
    }
}

#[test]
fn hours_that_do_not_exist_or_exist_twice_stay_on_their_day() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", "[ledger]\ntimezone = \"Europe/Berlin\"\n");
    merchant.write(
        "ledger.csv",
        format!(
            "{HEAD}GAP,1.00,eur,2026-03-29 02:30,paid\nTWICE,1.00,eur,2025-10-26 02:30,paid\n\
             LATE,1.00,eur,2026-03-29T22:30:00Z,paid\nDAY,1.00,eur,2026-03-29,paid\n"
        ),
    );
    assert_eq!(selected(&merchant, &["--from", "2026-03-29", "--to", "2026-03-29"]), 2);
    assert_eq!(selected(&merchant, &["--from", "2026-03-30"]), 1, "22:30 UTC is 00:30 there");
    assert_eq!(selected(&merchant, &["--to", "2025-10-26"]), 1);
}

/// 00:30 on 11 June in Kolkata. In UTC it is 10 June.
fn half_past_midnight() -> DateTime<Utc> {
    DateTime::from_timestamp(1_781_118_000, 0).unwrap()
}

#[test]
fn last_is_the_whole_days_before_today_in_the_ledgers_zone() {
    assert_eq!(half_past_midnight().to_rfc3339(), "2026-06-10T19:00:00+00:00");
    let merchant = Merchant::new();
    let config = merchant.write("octopus-recon.toml", "[ledger]\ntimezone = \"Asia/Kolkata\"\n");
    let mut ledger = HEAD.to_owned();
    for day in 5..=11 {
        ledger.extend([format!("D{day},1.00,inr,2026-06-{day:02},paid\n")]);
    }
    let ledger = merchant.write("ledger.csv", ledger);
    // It sends no Date, which would tell the real day.
    let gateway = RudeGateway::serve(crate::rude_gateway::Turn::answer_well);
    let flags = Flags {
        config: Some(config),
        base_url: Some(gateway.url.clone()),
        db: Some(merchant.path("octopus-recon.db")),
        out: Some(merchant.path("reports")),
        rate: NonZeroU32::new(1_000),
        max_in_flight: None,
    };
    let environment = |name: &str| match name {
        "OCTOPUS_RECON_API_KEY" => Some(API_KEY.into()),
        "OCTOPUS_RECON_API_SECRET" => Some(API_SECRET.into()),
        _ => None,
    };
    let settings = Settings::load(flags, &environment).unwrap();
    let context = Context {
        now: half_past_midnight,
        interrupt: &Interrupt::default(),
        counters: Arc::new(Counters::default()),
    };
    let request = Request { ledgers: vec![ledger], last: NonZeroU32::new(3), ..Request::default() };
    let finished = run(&settings, &request, &context).unwrap();
    assert_eq!(finished.summary.from, Some(date("2026-06-08")));
    assert_eq!(finished.summary.to, Some(date("2026-06-10")));
    let mut asked: Vec<String> = gateway.arrivals().into_iter().map(|(_, order)| order).collect();
    asked.sort();
    assert_eq!(asked, ["D10", "D8", "D9"]);
}

#[test]
fn a_dry_run_writes_nothing_and_sends_no_request() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", format!("{HEAD}A1,1.00,inr,2026-01-10,paid\nA2,x,,,\n"));
    let gateway = Gateway::serve("");
    let files = |merchant: &Merchant| {
        let mut names: Vec<_> = std::fs::read_dir(merchant.path("."))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let before = files(&merchant);
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv", "--dry-run"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.json()["ledger"]["invalid"], 1);
    assert_eq!(done.json()["calls"], 1);
    assert_eq!(files(&merchant), before);
    let arguments = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv", "--dry-run"];
    let text = merchant.run(&arguments).stdout;
    assert!(text.contains("1 calls") && text.contains("minutes"), "{text}");

    // An existing database is unchanged, byte for byte.
    merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let asked = gateway.journal().len();
    let files_before = files(&merchant);
    let database = std::fs::read(merchant.path("octopus-recon.db")).unwrap();
    merchant.write("new.csv", format!("{HEAD}B1,1.00,inr,2026-01-10,paid\n"));
    let done = merchant.reconcile(&gateway.url, &["--ledger", "new.csv", "--dry-run"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(std::fs::read(merchant.path("octopus-recon.db")).unwrap() == database);
    assert_eq!(files(&merchant).len(), files_before.len() + 1);
    assert_eq!(gateway.stop().len(), asked);
}

#[test]
fn control_figures_are_over_every_row_whose_amount_can_be_read() {
    let merchant = Merchant::new();
    merchant.write(
        "ledger.csv",
        format!(
            "{HEAD}A1,100.10,inr,2026-01-10,paid\nA2,200.20,INR,not a day,paid\n\
             A3,5,usd,2026-01-10,paid\nA1,100.10,inr,2026-01-10,paid\nA4,x,inr,2026-01-10,paid\n"
        ),
    );
    let gateway = Gateway::serve(
        &[paid("A1", "100.10", json!({})), paid("A3", "5", json!({"currency": "usd"}))].concat(),
    );
    let night = |expected: &[&str]| {
        let mut arguments = vec!["--ledger", "ledger.csv"];
        arguments.extend(expected);
        merchant.reconcile(&gateway.url, &arguments)
    };
    for expected in [
        ["--expect-rows", "4"],
        ["--expect-rows", "6"],
        ["--expect-total", "inr=400.39"],
        ["--expect-total", "usd=5.01"],
        ["--expect-total", "mmk=1"],
    ] {
        let refused = night(&expected);
        assert_eq!(refused.code, Some(10), "{expected:?}: {refused:?}");
        assert!(refused.stderr.contains(expected[1].split('=').next_back().unwrap()));
    }
    assert!(gateway.journal().is_empty(), "no call was made");
    assert!(merchant.reports().is_empty());
    let done = night(&[
        "--expect-rows",
        "5",
        "--expect-total",
        "INR=400.40",
        "--expect-total",
        "usd=5.00",
    ]);
    assert_eq!(done.code, Some(4), "{done:?}");
    let without = merchant.reconcile(&gateway.url, &["--expect-rows", "5"]);
    assert_eq!(without.code, Some(2), "{without:?}");
}

#[test]
fn an_empty_selection_is_refused_unless_allowed() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", format!("{HEAD}A1,1.00,inr,2026-01-10,paid\n"));
    merchant.write("header.csv", HEAD);
    let gateway = Gateway::serve("");
    let night = |arguments: &[&str]| merchant.reconcile(&gateway.url, arguments);
    assert_eq!(night(&["--ledger", "header.csv"]).code, Some(10));
    let off = ["--ledger", "ledger.csv", "--from", "2026-02-01"];
    assert_eq!(night(&off).code, Some(10));
    assert_eq!(night(&["--from", "2026-02-01"]).code, Some(10));
    assert_eq!(night(&["--from", "2026-02-02", "--to", "2026-02-01"]).code, Some(2));
    assert_eq!(night(&["--last", "1", "--to", "2026-02-01"]).code, Some(2));
    let expect_empty = |done: &Done| {
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!(done.json()["status"], "complete");
        assert_eq!(done.json()["orders"]["selected"], 0);
        assert_eq!(merchant.rows_of(done), []);
    };
    expect_empty(&night(&["--ledger", "header.csv", "--allow-empty"]));
    expect_empty(&night(&[&off[..], &["--allow-empty"]].concat()));
    assert!(gateway.journal().is_empty());
}

#[test]
fn no_request_is_sent_after_the_deadline() {
    let merchant = Merchant::new();
    let orders = (0..50).map(|order| format!("A{order},1.00,inr,2026-01-10,paid\n"));
    merchant.write("ledger.csv", format!("{HEAD}{}", orders.collect::<String>()));
    let gateway = Gateway::serve("");
    for _ in 0..5 {
        let done =
            merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv", "--deadline", "0s"]);
        assert_eq!(done.code, Some(3), "{done:?}");
        let summary = done.json();
        assert_eq!(summary["status"], "incomplete");
        assert_eq!(summary["orders"]["unverified"], 50);
        assert_eq!(summary["requests"], 0);
        let report = summary["reports"][0].as_str().unwrap();
        assert!(report.ends_with("-incomplete.csv"), "{report}");
        let rows = merchant.rows_of(&done);
        assert!(rows[0]["reason"].contains("deadline"), "{:?}", rows[0]);
    }
    assert!(gateway.stop().is_empty());
}
