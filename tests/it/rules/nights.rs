//! Rules that depend on earlier runs and on the calendar, with the built binary: what the store
//! tells the rules, night after night.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, FAST_RETRIES, Gateway, HEAD, Merchant, kinds, paid, row};
use chrono::{Days, Utc};
use serde_json::{Value, json};

/// Nights of one merchant.
struct Nights(Merchant);

impl Nights {
    fn new(configuration: &str) -> Nights {
        let merchant = Merchant::new();
        merchant.write("octopus-recon.toml", [FAST_RETRIES, configuration].concat());
        Nights(merchant)
    }

    /// A run on this ledger, with a gateway that has these orders.
    fn night(&self, ledger: &str, book: &str) -> Done {
        self.0.write("ledger.csv", format!("{HEAD}{ledger}"));
        let gateway = Gateway::serve(book);
        self.0.reconcile(&gateway.url, &["--ledger", "ledger.csv"])
    }

    /// The kinds of the order's rows in this run, and its outcome.
    fn of(&self, order: &str, run: i64) -> (Vec<String>, i64) {
        let database = self.0.database();
        let key = format!(
            "run_id = {run} AND order_id =
            (SELECT order_id FROM orders WHERE merchant_order_id = '{order}')"
        );
        let mut kinds = database
            .prepare(&format!("SELECT kind FROM reported_mismatches WHERE {key} ORDER BY kind"))
            .unwrap();
        let kinds = kinds.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let outcome = format!("SELECT outcome FROM run_orders WHERE {key}");
        (kinds, database.query_row(&outcome, (), |row| row.get(0)).unwrap())
    }

    /// Lets a run have started so many hours earlier.
    fn backdate(&self, run: i64, hours: i64) {
        let moved = "UPDATE runs SET started_at_ms = started_at_ms - ?2 * 3600000
                     WHERE run_id = ?1";
        assert_eq!(self.0.database().execute(moved, [run, hours]).unwrap(), 1);
    }
}

const IN_TRANSIT: i64 = 2;
const MISMATCHED: i64 = 3;

fn open() -> Value {
    json!({"payment_status": "processing", "final_amount": null, "accounting_status": "none"})
}

#[test]
fn a_pending_order_whose_status_is_new_waits_for_the_next_export() {
    const LEDGER: &str = "X,100.00,inr,2026-01-10,pending\n";
    let nights = Nights::new("");
    let completed = |changes| paid("X", "100.00", changes);
    nights.night(LEDGER, &completed(open()));
    assert_eq!(nights.of("X", 1), (vec!["pending_too_long".to_owned()], MISMATCHED));
    nights.night(LEDGER, &completed(json!({})));
    assert_eq!(nights.of("X", 2), (vec![], IN_TRANSIT));
    // The status is known, whatever else has changed.
    let done = nights.night(LEDGER, &completed(json!({"notify_status": "failed"})));
    assert_eq!(nights.of("X", 3).0, ["notify_failed", "status_difference"], "{done:?}");
    nights.night(LEDGER, &completed(json!({})));
    assert_eq!(nights.of("X", 4), (vec!["status_difference".to_owned()], MISMATCHED));
    let opened = "SELECT count(*) FROM mismatch_events WHERE kind = 'status_difference'";
    assert_eq!(nights.0.sql(opened), 1, "it stays open");
    // With another status, the next export is awaited again.
    nights.night(LEDGER, &completed(json!({"payment_status": "refund"})));
    assert_eq!(nights.of("X", 5), (vec![], IN_TRANSIT));
}

#[test]
fn a_run_that_is_judged_again_waits_for_the_same_export() {
    const LEDGER: &str = "X,100.00,inr,2026-01-10,pending\nY,5.00,inr,2026-01-10,paid\n";
    let nights = Nights::new("");
    let gateway =
        Gateway::serve(&[paid("X", "100.00", open()), paid("Y", "5.00", json!({}))].concat());
    nights.0.write("ledger.csv", format!("{HEAD}{LEDGER}"));
    nights.0.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    let listen = gateway.url.trim_start_matches("http://").parse().unwrap();
    gateway.stop();
    let late = json!({"sandbox": {"status": 503, "times": 8}});
    let book = [paid("X", "100.00", json!({})), paid("Y", "5.00", late)].concat();
    let gateway = Gateway::serve_as(&book, |it| it.listen = listen);
    for run in [2, 3] {
        let done = nights.0.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(3), "{run}: {done:?}");
    }
    assert_eq!(nights.of("X", 2), (vec![], IN_TRANSIT));
    assert_eq!(nights.of("X", 3), (vec!["status_difference".to_owned()], MISMATCHED));
    let resumed = nights.0.reconcile(&gateway.url, &["--resume", "2"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(nights.of("X", 2), (vec![], IN_TRANSIT));
    let open = "SELECT count(*) FROM open_now WHERE kind = 'status_difference'";
    assert_eq!(nights.0.sql(open), 1, "run 3 is later");
}

#[test]
fn an_order_that_is_pending_is_reported_at_the_first_answer() {
    let nights = Nights::new("");
    nights.night("X,100.00,inr,2026-01-10,pending\n", &paid("X", "100.00", json!({})));
    assert_eq!(nights.of("X", 1), (vec!["status_difference".to_owned()], MISMATCHED));
}

#[test]
fn a_refund_has_its_time_from_the_run_that_first_read_it() {
    let nights = Nights::new("");
    let book = paid("X", "100.00", json!({}));
    let refunded = "X,100.00,inr,2026-01-10,refunded\n";
    nights.night("X,100.00,inr,2026-01-10,paid\n", &book);
    nights.backdate(1, 900);
    nights.night(refunded, &book);
    assert_eq!(nights.of("X", 2), (vec![], IN_TRANSIT), "{refunded}");
    nights.backdate(2, 169);
    // Another version of the entry, with the same status: another time on the same day.
    nights.night("X,100.00,inr,2026-01-10 18:00,refunded\n", &book);
    assert_eq!(nights.of("X", 3), (vec!["status_difference".to_owned()], MISMATCHED));
    let reason = "SELECT reason LIKE '% 7 days after the ledger said so.' FROM reported_mismatches";
    assert_eq!(nights.0.sql(reason), 1);
    // Once the ledger says paid again, the time of the next refund starts anew.
    nights.night("X,100.00,inr,2026-01-10 18:00,paid\n", &book);
    nights.night(refunded, &book);
    assert_eq!(nights.of("X", 5), (vec![], IN_TRANSIT));
}

#[test]
fn a_part_refund_agrees_with_completed() {
    let nights = Nights::new("");
    let words = ["partially_refunded", "partial_refund", "Partially Refunded", "part_refunded"];
    let ledger = words.map(|word| format!("{word},1.00,inr,2026-01-10,{word}\n")).concat();
    let book = words.map(|word| paid(word, "1.00", json!({}))).concat();
    let done = nights.night(&ledger, &book);
    assert_eq!(done.json()["orders"]["matched"], 4, "{done:?}");
}

#[test]
fn hours_of_closed_banks_do_not_count_in_the_ledgers_zone() {
    // Every day from the order's to tomorrow's, whatever the zone.
    let today = Utc::now().date_naive();
    let days: Vec<String> =
        (0..6).map(|day| (today + Days::new(1) - Days::new(day)).to_string()).collect();
    let ledger = format!("X,100.00,inr,{},paid\n", today - Days::new(3));
    let book = paid("X", "100.00", json!({"accounting_status": "delivered"}));
    for (calendar, kinds, outcome) in [
        (String::new(), vec!["accounting_pending".to_owned()], MISMATCHED),
        (format!("[calendar]\nbank_closed = {days:?}\n"), vec![], IN_TRANSIT),
        (
            format!("[calendar]\nclosed = {days:?}\n"),
            vec!["accounting_pending".to_owned()],
            MISMATCHED,
        ),
    ] {
        let nights = Nights::new(&format!("[ledger]\ntimezone = 'Asia/Kolkata'\n{calendar}"));
        nights.night(&ledger, &book);
        assert_eq!(nights.of("X", 1), (kinds, outcome), "{calendar}");
    }
}

#[test]
fn unpaid_carts_have_the_severity_of_the_policy() {
    let ledger = "OPEN,1.00,inr,2026-01-10,pending\nMISSING,2.00,inr,2026-01-10,pending\n\
                  PAID,3.00,inr,2026-01-10,pending\n";
    let book = [paid("OPEN", "1.00", open()), paid("PAID", "3.00", json!({}))].concat();
    let nights = Nights::new("[policy]\nunpaid_carts = 'low'\n");
    let done = nights.night(ledger, &book);
    let rows = nights.0.rows_of(&done);
    assert_eq!(kinds(&rows).len(), 3, "{rows:?}");
    assert_eq!(row(&rows, "OPEN", "pending_too_long")["severity"], "low");
    assert_eq!(row(&rows, "MISSING", "missing_at_gateway")["severity"], "low");
    assert_eq!(row(&rows, "PAID", "status_difference")["severity"], "high");
}

/// An ignored kind is not reported. Without an answer nobody knows that it has ended.
#[test]
fn an_ignored_mismatch_stays_open_while_there_is_no_answer() {
    let nights = Nights::new("");
    let ledger = "A1,100.00,inr,2026-01-10,paid\nB1,5.00,inr,2026-01-10,paid\n";
    let failed = |fault: Value| {
        let mut changes = json!({"notify_status": "failed"});
        changes["sandbox"] = fault;
        paid("A1", "100.00", changes) + &paid("B1", "5.00", json!({}))
    };
    assert_eq!(nights.night(ledger, &failed(Value::Null)).code, Some(1));
    let ignoring = "[policy]\nignore = [\"notify_failed\"]\n";
    nights.0.write("octopus-recon.toml", [FAST_RETRIES, ignoring].concat());
    assert_eq!(nights.night(ledger, &failed(json!({"status": 503}))).code, Some(3));
    assert_eq!(nights.of("A1", 2).0, ["unverified"]);
    let open = "SELECT count(*) FROM open_now WHERE kind = 'notify_failed'";
    assert_eq!(nights.0.sql(open), 1);
}
