//! Is it the right ledger, and all of it? What looks old or cut short is said, once with exit code
//! 4, and is part of the report's summary.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, FAST_RETRIES, Gateway, HEAD, Merchant, paid};
use chrono::{Days, NaiveDate, Utc};
use serde_json::json;
use std::time::{Duration, SystemTime};

fn merchant(settings: &str) -> Merchant {
    let merchant = Merchant::new();
    let ledger = format!("[ledger]\ntimezone = \"UTC\"\n{settings}");
    merchant.write("octopus-recon.toml", format!("{FAST_RETRIES}{ledger}"));
    merchant
}

fn days_ago(days: u64) -> NaiveDate {
    Utc::now().date_naive() - Days::new(days)
}

/// Writes a ledger with `per_day` paid orders of each of these days, counted back from today.
fn write_ledger(merchant: &Merchant, days: impl Iterator<Item = u64>, per_day: u64) -> Vec<String> {
    let mut rows = Vec::new();
    for day in days {
        for number in 1..=per_day {
            rows.push(format!("D{day}-{number},5.00,inr,{},paid\n", days_ago(day)));
        }
    }
    merchant.write("ledger.csv", [HEAD, &rows.concat()].concat());
    rows.iter().map(|row| row.split(',').next().unwrap().to_owned()).collect()
}

fn gateway(orders: &[String]) -> Gateway {
    let book: Vec<String> = orders.iter().map(|order| paid(order, "5.00", json!({}))).collect();
    Gateway::serve(&book.concat())
}

fn codes(done: &Done) -> Vec<String> {
    let warnings = done.json()["warnings"].as_array().unwrap().clone();
    warnings.iter().map(|warning| warning["code"].as_str().unwrap().to_owned()).collect()
}

const LAST_3: [&str; 4] = ["--ledger", "ledger.csv", "--last", "3"];

#[test]
fn a_ledger_without_yesterday_is_stale_once() {
    let merchant = merchant("");
    let orders = write_ledger(&merchant, 1..=9, 2);
    let gateway = gateway(&orders);
    let whole = merchant.reconcile(&gateway.url, &LAST_3);
    assert_eq!((whole.code, codes(&whole)), (Some(0), Vec::new()), "{whole:?}");

    let merchant = self::merchant("");
    write_ledger(&merchant, 2..=9, 2);
    let stale = merchant.reconcile(&gateway.url, &LAST_3);
    assert_eq!(
        (stale.code, codes(&stale)),
        (Some(4), vec!["ledger_stale".to_owned()]),
        "{stale:?}"
    );
    let text = stale.json()["warnings"][0]["text"].as_str().unwrap().to_owned();
    assert!(text.contains(&format!("no usable order of {}", days_ago(1))), "{text}");
    assert!(text.contains(&format!("its last is of {}", days_ago(2))), "{text}");
    assert!(stale.stderr.contains(&text), "{stale:?}");
    // The stored run says the same.
    let again = merchant.run(&["report", "1"]).stdout;
    assert!(again.contains(&text), "{again}");
    assert!(again.contains("the run itself ended with 4"), "{again}");
    let run = merchant.run(&["runs", "--format", "json"]).json()["runs"][0].clone();
    assert_eq!(run["exit_code"], 4, "{run}");
    assert_eq!(run["reason"], "report written: ledger_stale");

    // In the same night again: it is still the old ledger.
    assert_eq!(merchant.reconcile(&gateway.url, &LAST_3).code, Some(4));
    // In a later night it is only listed.
    let sql = "UPDATE runs SET run_day = date(run_day, '-1 day')";
    merchant.database().execute_batch(sql).unwrap();
    let later = merchant.reconcile(&gateway.url, &LAST_3);
    assert_eq!(
        (later.code, codes(&later)),
        (Some(0), vec!["ledger_stale".to_owned()]),
        "{later:?}"
    );
}

#[test]
fn a_day_without_orders_between_others_is_a_gap() {
    let closed = format!("[calendar]\nclosed = [\"{}\"]\n", days_ago(2));
    let bank_closed = closed.replace("closed =", "bank_closed =");
    for (settings, code, expected) in [
        (String::new(), 4, vec!["ledger_gap"]),
        (bank_closed, 4, vec!["ledger_gap"]),
        (closed, 0, vec![]),
    ] {
        let merchant = merchant(&settings);
        let orders = write_ledger(&merchant, (1..=9).filter(|day| *day != 2), 2);
        let done = merchant.reconcile(&gateway(&orders).url, &LAST_3);
        assert_eq!((done.code, codes(&done)), (Some(code), strings(&expected)), "{done:?}");
    }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn the_weekday_of_each_of_four_weeks_is_compared() {
    // 40 days, but never an order on the weekday of yesterday, and none on that of two days ago.
    let weekly = |day: &u64| !(day - 1).is_multiple_of(7);
    let merchant = merchant("");
    let orders = write_ledger(&merchant, (1..=40).filter(weekly).filter(|day| *day != 2), 1);
    let done = merchant.reconcile(&gateway(&orders).url, &LAST_3);
    assert_eq!((done.code, codes(&done)), (Some(4), strings(&["ledger_gap"])), "{done:?}");
    let text = done.json()["warnings"][0]["text"].to_string();
    assert!(text.contains(&days_ago(2).to_string()) && !text.contains(&days_ago(1).to_string()));
}

/// Removes these rows from the ledger.
fn remove(merchant: &Merchant, is_removed: impl Fn(&str) -> bool) {
    let ledger = std::fs::read_to_string(merchant.path("ledger.csv")).unwrap();
    let kept: Vec<&str> = ledger.split_inclusive('\n').filter(|row| !is_removed(row)).collect();
    merchant.write("ledger.csv", kept.concat());
}

#[test]
fn orders_that_are_gone_from_the_ledger_are_missed() {
    for (gone, code, words) in [
        // A few of many: said, but no doubt.
        (&["D3-1,"][..], 0, Some("1 of 1200 orders that the ledger of run 1 gave")),
        // More than five and more than 0.5 %.
        (
            &["D3-1,", "D3-2,", "D3-3,", "D3-4,", "D3-5,", "D3-6,", "D3-7,"],
            4,
            Some("D3-1, D3-2, D3-3, …"),
        ),
        // A whole day, between the first and the last.
        (&["D2-"], 4, Some("all of ")),
        // Cut in the middle of the last day.
        (&["D1-2"], 4, Some("111 of 1200 orders")),
        // Before the first or after the last day: a shorter export is no shrunk one.
        (&["D1-", "D4-"], 0, None),
    ] {
        let merchant = merchant("");
        let orders = write_ledger(&merchant, 1..=4, 300);
        let gateway = gateway(&orders);
        let first = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!((first.code, codes(&first)), (Some(0), Vec::new()), "{first:?}");
        remove(&merchant, |row| gone.iter().any(|prefix| row.starts_with(prefix)));
        let second = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(second.code, Some(code), "{gone:?} {second:?}");
        let expected = if words.is_some() { strings(&["ledger_shrunk"]) } else { Vec::new() };
        assert_eq!(codes(&second), expected, "{gone:?} {second:?}");
        assert!(words.is_none_or(|words| second.stderr.contains(words)), "{second:?}");
        // Each order once: the next night compares with this one.
        let third = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!((third.code, codes(&third)), (Some(0), Vec::new()), "{third:?}");
    }
}

#[test]
fn orders_that_were_pending_or_not_of_the_ledger_are_not_missed() {
    let merchant = merchant("[policy]\nledger_lag_hours = 100000\n");
    let orders = write_ledger(&merchant, 1..=4, 2);
    let ledger = std::fs::read_to_string(merchant.path("ledger.csv")).unwrap();
    let pending = |row: &str| row.starts_with("D2-") || row.starts_with("D3-1,");
    let rows: Vec<String> = ledger
        .split_inclusive('\n')
        .map(|row| if pending(row) { row.replace(",paid", ",pending") } else { row.to_owned() })
        .collect();
    merchant.write("ledger.csv", rows.concat());
    let gateway = gateway(&orders);
    let run = ["--ledger", "ledger.csv", "--include-open"];
    assert_eq!(codes(&merchant.reconcile(&gateway.url, &run)), strings(&[]));
    remove(&merchant, pending);
    let second = merchant.reconcile(&gateway.url, &run);
    assert_eq!(codes(&second), strings(&[]), "{second:?}");
    // They are asked again as open orders, and the third night does not miss them either.
    assert!(second.json()["orders"]["selected"].as_u64() > Some(5), "{second:?}");
    assert_eq!(codes(&merchant.reconcile(&gateway.url, &run)), strings(&[]));
}

#[test]
fn an_old_file_is_refused() {
    let merchant = merchant("max_age_hours = 26\n");
    let gateway = gateway(&write_ledger(&merchant, 1..=2, 1));
    let run = ["--ledger", "ledger.csv"];
    assert_eq!(merchant.reconcile(&gateway.url, &run).code, Some(0));
    let file = std::fs::File::options().write(true).open(merchant.path("ledger.csv")).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_hours(27)).unwrap();
    let refused = merchant.reconcile(&gateway.url, &run);
    assert_eq!(refused.code, Some(10), "{refused:?}");
    assert!(
        refused.stderr.contains("27 hours ago; [ledger] max_age_hours allows 26"),
        "{refused:?}"
    );
    // Standard input has no age.
    let ledger = std::fs::read(merchant.path("ledger.csv")).unwrap();
    let piped = ["run", "--base-url", &gateway.url, "--ledger", "-"];
    assert_eq!(merchant.run_with_stdin(&piped, &ledger).code, Some(0));
}

#[test]
fn yesterday_can_be_required() {
    let require = "require_yesterday = true\n".to_owned();
    let closed = format!("{require}[calendar]\nclosed = [\"{}\"]\n", days_ago(1));
    for (settings, days, expected) in
        [(require.clone(), 1..=1, 0), (require, 2..=3, 10), (closed, 2..=3, 0)]
    {
        let merchant = merchant(&settings);
        let gateway = gateway(&write_ledger(&merchant, days, 1));
        let done = merchant.reconcile(&gateway.url, &LAST_3);
        assert_eq!(done.code, Some(expected), "{settings} {done:?}");
        assert_eq!(done.stderr.contains("[ledger] require_yesterday"), expected == 10, "{done:?}");
    }
}

#[test]
fn a_dry_run_says_the_doubts_too() {
    let merchant = merchant("");
    write_ledger(&merchant, 2..=9, 2);
    let run = ["run", "--base-url", "http://127.0.0.1:9", "--dry-run"];
    let done = merchant.run(&[&run[..], &LAST_3].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.contains("the day before this run"), "{done:?}");
}

#[test]
fn amounts_in_minor_units_are_said() {
    for (amounts, expected) in [(["500", "1200"], vec!["minor_units"]), (["500", "12"], vec![])] {
        let merchant = merchant("");
        let [first, second] = amounts;
        let day = days_ago(1);
        let rows = format!("A1,{first},inr,{day},paid\nA2,{second},inr,{day},paid\n");
        merchant.write("ledger.csv", format!("{HEAD}{rows}"));
        let book = [paid("A1", "5.00", json!({})), paid("A2", "12.00", json!({}))];
        let gateway = Gateway::serve(&book.concat());
        let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(codes(&done), strings(&expected), "{done:?}");
        let names_the_key = done.stderr.contains("[ledger] amount_unit = \"minor\"");
        assert_eq!(names_the_key, !expected.is_empty(), "{done:?}");
    }
}

#[test]
fn a_range_with_few_of_the_orders_is_said() {
    let rows: Vec<String> =
        (1..=12).map(|day| format!("A{day},5.00,inr,{day:02}/11/2025,paid\n")).collect();
    let orders: Vec<String> = (1..=12).map(|day| format!("A{day}")).collect();
    let gateway = gateway(&orders);
    for (format, selected, expected) in
        [("%d/%m/%Y", 12, strings(&[])), ("%m/%d/%Y", 1, strings(&["few_selected"]))]
    {
        let merchant = merchant(&format!("date_format = \"{format}\"\n"));
        merchant.write("ledger.csv", [HEAD, &rows.concat()].concat());
        let run = ["--ledger", "ledger.csv", "--from", "2025-11-01", "--to", "2025-11-20"];
        let done = merchant.reconcile(&gateway.url, &run);
        assert_eq!(done.json()["orders"]["selected"], selected, "{done:?}");
        assert_eq!(codes(&done), expected, "{done:?}");
    }
}

/// A night that ends without a report has told nobody: the next one says it.
#[test]
fn a_doubt_of_a_night_without_a_report_is_said_by_the_next() {
    let merchant = merchant("");
    let orders = write_ledger(&merchant, 1..=9, 4);
    let gateway = gateway(&orders);
    assert_eq!(merchant.reconcile(&gateway.url, &LAST_3).code, Some(0));
    remove(&merchant, |row| row.starts_with("D2-"));
    let failed = merchant.reconcile("http://127.0.0.1:9", &LAST_3);
    assert_eq!(failed.code, Some(13), "{failed:?}");
    let sql = "UPDATE runs SET run_day = date(run_day, '-1 day')";
    merchant.database().execute_batch(sql).unwrap();
    let next = merchant.reconcile(&gateway.url, &LAST_3);
    assert_eq!(next.code, Some(4), "{next:?}");
    assert_eq!(codes(&next), strings(&["ledger_gap", "ledger_shrunk"]), "{next:?}");
}

/// Two exports, one run each: each is compared with the run of its own type.
#[test]
fn each_type_is_compared_with_the_ledger_that_had_it() {
    let merchant = merchant("");
    let orders = write_ledger(&merchant, 1..=4, 10);
    let gateway = gateway(&orders);
    let rows = std::fs::read_to_string(merchant.path("ledger.csv")).unwrap();
    let typed = |word: &str, first: &str| {
        let rows = rows.lines().skip(1).map(|row| format!("{first}{row},{word}\n"));
        let head = HEAD.trim_end();
        format!("{head},transaction_type\n{}", rows.collect::<String>())
    };
    merchant.write("income.csv", typed("income", ""));
    merchant.write("expense.csv", typed("expense", "X"));
    for file in ["income.csv", "expense.csv"] {
        let done = merchant.reconcile(&gateway.url, &["--ledger", file]);
        assert_eq!(codes(&done), strings(&[]), "{done:?}");
    }
    let income = std::fs::read_to_string(merchant.path("income.csv")).unwrap();
    let kept = income.split_inclusive('\n').filter(|row| !row.starts_with("D2-"));
    merchant.write("income.csv", kept.collect::<String>());
    let done = merchant.reconcile(&gateway.url, &["--ledger", "income.csv"]);
    assert_eq!(codes(&done), strings(&["ledger_shrunk"]), "{done:?}");
    assert!(done.stderr.contains("10 of 40 orders that the ledger of run 1 gave"), "{done:?}");
}
