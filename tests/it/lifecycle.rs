//! The lifecycle of a mismatch over several nights, from outside: no event is lost, a run reports
//! the states at the time of its answers, and the time of an event never changes.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{FAST_RETRIES, Gateway, HEAD, Merchant, kinds, paid, row};
use serde_json::{Value, json};

const KIND: &str = "final_amount_difference";
const A1: &str = "A1,500.00,inr,2026-01-10,paid\n";
const A2: &str = "A2,70.00,inr,2026-01-10,paid\n";

fn merchant(ledger: &str) -> Merchant {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", FAST_RETRIES);
    merchant.write("ledger.csv", format!("{HEAD}{ledger}"));
    merchant
}

/// An address for gateways of several nights: a run is resumed only at its own address.
struct FixedAddress(std::net::SocketAddr);

impl FixedAddress {
    fn new() -> FixedAddress {
        let gateway = Gateway::serve("");
        let listen = gateway.url.trim_start_matches("http://").parse().unwrap();
        gateway.stop();
        FixedAddress(listen)
    }

    fn serve(&self, payments: &[String]) -> Gateway {
        Gateway::serve_as(&payments.concat(), |it| it.listen = self.0)
    }
}

fn settled_with(final_amount: &str) -> String {
    paid("A1", "500.00", json!({ "final_amount": final_amount }))
}

/// The events of a mismatch of an order: event and variance.
fn events(merchant: &Merchant, order: &str, kind: &str) -> Vec<(String, Value)> {
    let shown = merchant.run(&["show", order, "--format", "json"]).json();
    let events = shown["orders"][0]["mismatch_events"].as_array().unwrap().clone();
    events
        .iter()
        .filter(|event| event["kind"] == kind)
        .map(|event| (event["event"].as_str().unwrap().to_owned(), event["variance"].clone()))
        .collect()
}

#[test]
fn no_event_is_lost() {
    let merchant = merchant(A1);
    for final_amount in ["490.00", "500.00", "490.00"] {
        let gateway = Gateway::serve(&settled_with(final_amount));
        let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert!(done.code.is_some_and(|code| code < 2), "{done:?}");
    }
    let expected =
        [("opened", json!("-10.00")), ("resolved", json!(null)), ("reopened", json!("-10.00"))];
    let expected = expected.map(|(event, variance)| (event.to_owned(), variance));
    assert_eq!(events(&merchant, "A1", KIND), expected);
    let shown = merchant.run(&["show", "A1"]).stdout;
    for event in ["opened", "resolved", "reopened"] {
        assert!(shown.contains(&format!("{KIND}  {event}")), "{event} in {shown}");
    }
}

#[test]
fn a_late_resume_reports_states_as_of_the_time_that_it_asked() {
    let address = FixedAddress::new();
    let merchant = merchant(&[A1, A2].concat());
    merchant.write("another.csv", format!("{HEAD}{A1}"));
    let unavailable = || paid("A2", "70.00", json!({"sandbox": {"status": 503}}));
    let night = |payments: &[String], arguments: &[&str]| {
        let gateway = address.serve(payments);
        let done = merchant.reconcile(&gateway.url, arguments);
        gateway.stop();
        done
    };
    let answered = || paid("A2", "70.00", json!({}));
    night(&[settled_with("490.00"), answered()], &["--ledger", "ledger.csv"]);
    merchant.days_pass(1);
    let second = night(&[settled_with("490.00"), unavailable()], &["--ledger", "ledger.csv"]);
    assert_eq!(second.code, Some(3), "{second:?}");
    merchant.days_pass(1);
    let third = night(&[settled_with("500.00"), unavailable()], &["--ledger", "another.csv"]);
    assert_eq!(third.code, Some(0), "{third:?}");

    let late = night(&[settled_with("500.00"), answered()], &["--resume", "2"]);
    assert_eq!(late.code, Some(1), "{late:?}");
    let rows = merchant.rows_of(&late);
    let found = row(&rows, "A1", KIND);
    assert_eq!((&*found["state"], &*found["open_days"]), ("open", "1"), "{found:?}");
    assert_eq!(kinds(&rows).len(), 1);
    let names = |events: Vec<(String, Value)>| -> Vec<String> {
        events.into_iter().map(|(event, _)| event).collect()
    };
    assert_eq!(names(events(&merchant, "A1", KIND)), ["opened", "resolved"]);
    // The resume resolved the order that the second night could not verify. Nothing is open.
    assert_eq!(merchant.sql("SELECT count(*) FROM open_now"), 0);
}

#[test]
fn judging_the_first_night_again_keeps_its_events() {
    let address = FixedAddress::new();
    let merchant = merchant(&[A1, A2].concat());
    let unavailable = paid("A2", "70.00", json!({"sandbox": {"status": 503}}));
    let night = |payments: &[String], arguments: &[&str]| {
        let gateway = address.serve(payments);
        let done = merchant.reconcile(&gateway.url, arguments);
        gateway.stop();
        done
    };
    night(&[settled_with("490.00"), unavailable], &["--ledger", "ledger.csv"]);
    merchant.days_pass(1);
    let answered = paid("A2", "70.00", json!({}));
    night(&[settled_with("490.00"), answered.clone()], &["--ledger", "ledger.csv"]);
    let late = night(&[settled_with("490.00"), answered], &["--resume", "1"]);
    let rows = merchant.rows_of(&late);
    assert_eq!(row(&rows, "A1", KIND)["state"], "new");
    let first_seen = row(&rows, "A1", KIND)["first_seen"].clone();
    merchant.days_pass(1);
    let gateway = address.serve(&[settled_with("490.00"), paid("A2", "70.00", json!({}))]);
    let third = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let rows = merchant.rows_of(&third);
    let found = row(&rows, "A1", KIND);
    assert_eq!((&*found["state"], &*found["open_days"]), ("open", "2"), "{first_seen} {found:?}");
}

/// Moves everything that is stored forward by this number of days, as if this machine's clock had
/// been set back since.
fn set_clock_back(merchant: &Merchant, days: i64) {
    let shift = days * 86_400_000;
    merchant
        .database()
        .execute_batch(&format!(
            "UPDATE runs SET started_at_ms = started_at_ms + {shift},
                 ended_at_ms = ended_at_ms + {shift}, judged_at_ms = judged_at_ms + {shift},
                 last_answered_at_ms = last_answered_at_ms + {shift},
                 run_day = date(run_day, '+{days} days');
             UPDATE run_orders SET answered_at_ms = answered_at_ms + {shift};
             UPDATE mismatch_events SET at_ms = at_ms + {shift}, day = date(day, '+{days} days');
             UPDATE reported_mismatches SET answered_at_ms = answered_at_ms + {shift},
                 first_seen = date(first_seen, '+{days} days');"
        ))
        .unwrap();
}

#[test]
fn a_clock_set_back_moves_no_event_and_is_reported() {
    let merchant = merchant(A1);
    let gateway = Gateway::serve(&settled_with("490.00"));
    let ledger = ["--ledger", "ledger.csv"];
    let first = merchant.reconcile(&gateway.url, &ledger);
    assert!(!first.stderr.contains("clock"), "{first:?}");
    set_clock_back(&merchant, 5);
    let first_seen = || -> String {
        let sql = "SELECT day || ' ' || at_ms FROM mismatch_events WHERE event = 'opened'";
        merchant.database().query_row(sql, (), |row| row.get(0)).unwrap()
    };
    let before = first_seen();

    let second = merchant.reconcile(&gateway.url, &ledger);
    assert!(second.stderr.contains("this machine's clock says"), "{second:?}");
    let rows = merchant.rows_of(&second);
    let found = row(&rows, "A1", KIND);
    assert_eq!((&*found["state"], &*found["open_days"]), ("open", "0"), "{found:?}");
    assert_eq!(first_seen(), before);

    // The result of such a run counts.
    let gateway = Gateway::serve(&settled_with("500.00"));
    assert_eq!(merchant.reconcile(&gateway.url, &ledger).code, Some(0));
    let names: Vec<String> =
        events(&merchant, "A1", KIND).into_iter().map(|(event, _)| event).collect();
    assert_eq!(names, ["opened", "resolved"]);
    assert_eq!(merchant.sql("SELECT count(*) FROM open_now"), 0);
}

#[test]
fn a_run_resumed_under_a_clock_set_back_counts() {
    let address = FixedAddress::new();
    let merchant = merchant(&[A1, A2].concat());
    let a2 = || paid("A2", "70.00", json!({}));
    let gateway = address.serve(&[settled_with("490.00"), a2()]);
    merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    gateway.stop();
    let unavailable = paid("A1", "500.00", json!({"sandbox": {"status": 503}}));
    let gateway = address.serve(&[unavailable, a2()]);
    let second = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(second.code, Some(3), "{second:?}");
    gateway.stop();
    set_clock_back(&merchant, 5);

    let gateway = address.serve(&[settled_with("500.00"), a2()]);
    let resumed = merchant.reconcile(&gateway.url, &["--resume", "2"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let codes: Vec<String> = resumed.json()["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["code"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(codes, ["no_timezone", "clock"], "{resumed:?}");
    let names: Vec<String> =
        events(&merchant, "A1", KIND).into_iter().map(|(event, _)| event).collect();
    assert_eq!(names, ["opened", "resolved"]);
    assert_eq!(merchant.sql("SELECT count(*) FROM open_now"), 0);
    // Of the two answers of that run, only the late one was moved.
    assert_eq!(merchant.sql("SELECT count(ordered_at_ms) FROM run_orders"), 1);
}

#[test]
fn an_unverified_order_keeps_the_rows_of_its_last_answer() {
    let address = FixedAddress::new();
    let merchant = merchant(&[A1, A2].concat());
    let answered = || paid("A2", "70.00", json!({}));
    let gateway = address.serve(&[settled_with("490.00"), answered()]);
    let first = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let shown = row(&merchant.rows_of(&first), "A1", KIND).clone();
    gateway.stop();
    merchant.days_pass(1);
    let unavailable = paid("A1", "500.00", json!({"sandbox": {"status": 503}}));
    let gateway = address.serve(&[unavailable, answered()]);
    for open_days in ["1", "2"] {
        let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(3), "{done:?}");
        let rows = merchant.rows_of(&done);
        assert_eq!(kinds(&rows)["A1"], [KIND, "unverified"]);
        let kept = row(&rows, "A1", KIND);
        assert_eq!((&*kept["state"], &*kept["open_days"]), ("open", open_days), "{kept:?}");
        let same = [
            "severity",
            "at_risk",
            "variance",
            "final_amount",
            "payment_uid",
            "reason",
            "last_verified",
            "mismatch_id",
        ];
        for column in same {
            assert_eq!(kept[column], shown[column], "{column}");
        }
        assert_eq!(done.json()["mismatches"][KIND], 1);
        assert_eq!(done.json()["totals"][0]["at_risk"], "10.00", "not the whole order");
        merchant.days_pass(1);
    }
}

#[test]
fn the_money_of_an_unverified_order_keeps_its_direction() {
    let address = FixedAddress::new();
    let merchant = merchant(A1);
    let expense = |more: Value| {
        let mut changes = json!({"transaction_type": "expense", "final_amount": "490.00"});
        changes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        paid("A1", "500.00", changes)
    };
    let gateway = address.serve(&[expense(json!({}))]);
    merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    gateway.stop();
    // An outage is no run: another order answers.
    merchant.write("ledger.csv", format!("{HEAD}{A1}{A2}"));
    let unavailable = expense(json!({"sandbox": {"status": 503}}));
    let gateway = address.serve(&[unavailable, paid("A2", "70.00", json!({}))]);
    let second = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let totals = second.json()["totals"].clone();
    assert_eq!(totals[0]["transaction_type"], "expense", "{second:?}");
    assert_eq!((&totals[0]["orders"], &totals[0]["at_risk"]), (&json!(1), &json!("10.00")));
    assert_eq!((&totals[1]["orders"], &totals[1]["at_risk"]), (&json!(1), &json!("0.00")));
}

#[test]
fn ignoring_a_kind_resolves_nothing() {
    let merchant = merchant(A1);
    let names = || -> Vec<String> {
        events(&merchant, "A1", KIND).into_iter().map(|(event, _)| event).collect()
    };
    let night = |ignore: &str, final_amount: &str| {
        merchant
            .write("octopus-recon.toml", format!("{FAST_RETRIES}[policy]\nignore = [{ignore}]\n"));
        let gateway = Gateway::serve(&settled_with(final_amount));
        merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"])
    };
    assert_eq!(night("", "490.00").code, Some(1));
    assert_eq!(night("\"final_amount_difference\"", "490.00").code, Some(0));
    assert_eq!(names(), ["opened"]);
    let third = night("", "490.00");
    assert_eq!(row(&merchant.rows_of(&third), "A1", KIND)["open_days"], "0");
    assert_eq!(names(), ["opened"]);
    // Only an answer that does not show it resolves it, ignored or not.
    assert_eq!(night("\"final_amount_difference\"", "500.00").code, Some(0));
    assert_eq!(names(), ["opened", "resolved"]);
}

#[test]
fn open_now_can_be_rebuilt_from_the_events() {
    let merchant = merchant(&[A1, A2].concat());
    for (final_amount, notify) in
        [("490.00", "failed"), ("500.00", "failed"), ("480.00", "completed")]
    {
        let changes = json!({"final_amount": final_amount, "notify_status": notify});
        let unavailable = paid("A2", "70.00", json!({"sandbox": {"status": 503}}));
        let gateway = Gateway::serve(&[paid("A1", "500.00", changes), unavailable].concat());
        merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    }
    let index = "SELECT group_concat(order_id || kind) FROM
                 (SELECT * FROM open_now ORDER BY order_id, kind)";
    // The last event of each mismatch, by a query that the program does not use.
    let rebuilt = "SELECT group_concat(order_id || kind) FROM
                   (SELECT order_id, kind FROM
                      (SELECT *, row_number() OVER (PARTITION BY order_id, kind
                                                    ORDER BY at_ms DESC, run_id DESC) AS place
                       FROM mismatch_events)
                    WHERE place = 1 AND event <> 'resolved' ORDER BY order_id, kind)";
    let read =
        |sql: &str| -> String { merchant.database().query_row(sql, (), |row| row.get(0)).unwrap() };
    assert_eq!(read(index), "1final_amount_difference,2unverified");
    assert_eq!(read(index), read(rebuilt));
}
