//! A kind of mismatch that is suddenly found on many orders is suspect for a night: it is shown,
//! but opens and ends nothing. The next run believes what it sees again.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::rude_gateway::RudeGateway;
use crate::support::{Done, FAST_RETRIES, HEAD, Merchant, Row, paid, rows};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

const MISSING: &str = r#"{"result":"error","data":"Order not found"}"#;

/// What the gateway says of an order.
#[derive(Clone, Copy)]
enum Says {
    Well,
    Missing,
    /// Half of the money was settled.
    Half,
    AccountingFailed,
    /// Nothing: it is overloaded.
    Nothing,
}

/// What the gateway says of each order: a test changes it from night to night.
type Mind = Arc<Mutex<Box<dyn Fn(&str) -> Says + Send>>>;

/// A merchant whose gateway can change its mind.
struct Story {
    merchant: Merchant,
    gateway: RudeGateway,
    says: Mind,
    nights: u32,
}

impl Story {
    /// As many quiet nights as asked for, of 30 orders each.
    fn after_quiet_nights(nights: u32) -> Story {
        let says: Mind = Arc::new(Mutex::new(Box::new(|_| Says::Well)));
        let of_order = Arc::clone(&says);
        let gateway = RudeGateway::serve(move |turn| {
            let says = (of_order.lock().unwrap())(&turn.order);
            let changes = match says {
                Says::Well => json!({}),
                Says::Half => json!({"final_amount": "2.50"}),
                Says::AccountingFailed => json!({"accounting_status": "failed"}),
                Says::Nothing => return turn.answer("503 Service Unavailable", "", ""),
                Says::Missing => return turn.answer("404 Not Found", "", MISSING),
            };
            let payment = paid(&turn.order, "5.00", changes);
            let body = format!(r#"{{"result":"success","data":{payment}}}"#);
            turn.answer("200 OK", "", body);
        });
        let merchant = Merchant::new();
        let settings = "[ledger]\ntimezone = \"UTC\"\n";
        merchant.write("octopus-recon.toml", format!("{FAST_RETRIES}{settings}"));
        let mut story = Story { merchant, gateway, says, nights: 0 };
        for _ in 0..nights {
            let done = story.night(&[]);
            assert_eq!(done.code, Some(0), "{done:?}");
        }
        story
    }

    fn says(&self, says: impl Fn(&str) -> Says + Send + 'static) {
        *self.says.lock().unwrap() = Box::new(says);
    }

    /// One more night, of 30 orders that are new: `N<night>-<number>`. Every night is a day old
    /// when the next one begins.
    fn night(&mut self, more: &[&str]) -> Done {
        if self.merchant.path("octopus-recon.db").exists() {
            self.merchant.days_pass(1);
        }
        self.nights += 1;
        let row = |number| format!("N{0}-{number},5.00,inr,2026-01-{0:02},paid\n", self.nights);
        let ledger: String = (1..=30).map(row).collect();
        self.merchant.write("ledger.csv", [HEAD, &ledger].concat());
        self.merchant.reconcile(
            &self.gateway.url,
            &[&["--ledger", "ledger.csv", "--include-open"], more].concat(),
        )
    }

    /// The rows of the night's report.
    fn rows(&self) -> Vec<Row> {
        rows(&self.merchant.path("reports/latest.csv"))
    }

    fn count(&self, sql: &str) -> i64 {
        self.merchant.database().query_row(sql, (), |row| row.get(0)).unwrap()
    }
}

fn states(rows: &[Row]) -> BTreeSet<(&str, &str)> {
    rows.iter().map(|row| (&*row["kind"], &*row["state"])).collect()
}

fn totals(done: &Done) -> Value {
    done.json()["totals"][0].clone()
}

/// An outage that says "not found" of every order.
#[test]
fn an_outage_that_knows_no_order_opens_nothing() {
    let mut story = Story::after_quiet_nights(3);
    story.says(|_| Says::Missing);
    let done = story.night(&[]);
    assert_eq!(done.code, Some(4), "{done:?}");
    let report = story.rows();
    assert_eq!(report.len(), 30);
    assert_eq!(states(&report), BTreeSet::from([("missing_at_gateway", "suspect")]));
    assert!(report.iter().all(|row| row["next_step"] == "operator"), "{report:?}");
    let totals = totals(&done);
    assert_eq!((&totals["suspect"], &totals["at_risk"]), (&json!("150.00"), &json!("0.00")));
    let warning = &done.json()["warnings"][0];
    assert_eq!(warning["code"], "suspect", "{done:?}");
    let text = warning["text"].as_str().unwrap();
    for part in ["missing_at_gateway is new on 30 of 30 orders (100.0 %)", "--accept-suspect"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(story.count("SELECT count(*) FROM mismatch_events"), 0);
    assert_eq!(story.count("SELECT count(*) FROM open_mismatches"), 0);

    // Nothing is decided about it.
    let shown = story.merchant.run(&[
        "decide",
        "--order",
        "N4-1",
        "--kind",
        "missing_at_gateway",
        "--decision",
        "accepted",
        "--by",
        "Asha",
    ]);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    assert!((shown.stdout + &shown.stderr).contains("suspect"));

    let shown = story.merchant.run(&["show", "N4-1"]).stdout;
    assert!(shown.contains("no mismatch of its own: missing_at_gateway in run 4"), "{shown}");

    // The outage is over: each order is asked again, and nothing had happened.
    story.says(|_| Says::Well);
    let after = story.night(&[]);
    assert_eq!(after.code, Some(0), "{after:?}");
    assert_eq!(after.json()["orders"]["selected"], 60, "{after:?}");
    assert_eq!(story.rows().len(), 0);
    assert_eq!(story.count("SELECT count(*) FROM solved_orders"), 0);
    // The stored report of that night is still the same.
    let again = story.merchant.run(&["report", "4"]);
    assert!(again.stdout.contains("the run itself ended with 4"), "{again:?}");
}

/// A bad day that is real is one night late, and says since when.
#[test]
fn a_bad_day_that_is_real_is_believed_by_the_next_run() {
    let mut story = Story::after_quiet_nights(3);
    story.says(|order| if order.starts_with("N4-") { Says::Half } else { Says::Well });
    assert_eq!(story.night(&[]).code, Some(4));
    let done = story.night(&[]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let report = story.rows();
    assert_eq!(report.len(), 30);
    assert_eq!(states(&report), BTreeSet::from([("final_amount_difference", "new")]));
    assert!(report.iter().all(|row| row["open_days"] == "1"), "{report:?}");
    let totals = totals(&done);
    assert_eq!((&totals["suspect"], &totals["against_us"]), (&json!(null), &json!("75.00")));
    let days = "SELECT count(*) FROM mismatch_events e JOIN runs u ON u.run_id = 4
                WHERE e.event = 'opened' AND e.run_id = 5 AND e.day = u.run_day";
    assert_eq!(story.count(days), 30);
    // They end as any other.
    story.says(|_| Says::Well);
    assert_eq!(story.night(&[]).code, Some(0));
    assert_eq!(story.count("SELECT count(*) FROM solved_orders"), 30);
}

/// A gateway that lies from the tenth night on: what was open, and what is found beside it, stay.
#[test]
fn other_findings_count_and_nothing_ends() {
    let mut story = Story::after_quiet_nights(8);
    story.says(|order| match order {
        "N9-1" | "N9-3" => Says::AccountingFailed,
        "N9-2" => Says::Nothing,
        _ => Says::Well,
    });
    assert_eq!(story.night(&[]).code, Some(3));
    let accept = ["decide", "--order", "N9-3", "--kind", "accounting_failed", "--decision"];
    let accept = [&accept[..], &["accepted", "--by", "Asha"]].concat();
    assert_eq!(story.merchant.run(&accept).code, Some(0));
    story.says(|order| match order {
        "N10-2" => Says::AccountingFailed,
        _ => Says::Missing,
    });
    let done = story.night(&[]);
    assert_eq!(done.code, Some(4), "{done:?}");
    let report = story.rows();
    let of = |order: &str| {
        let rows = report.iter().filter(|row| row["merchant_order_id"] == order);
        rows.map(|row| (&*row["kind"], &*row["state"])).collect::<BTreeSet<_>>()
    };
    let (open, suspect) = (("accounting_failed", "open"), ("missing_at_gateway", "suspect"));
    assert_eq!(of("N9-1"), BTreeSet::from([open, suspect]));
    assert_eq!(of("N10-2"), BTreeSet::from([("accounting_failed", "new")]));
    // An answer that is not believed ends no acceptance.
    assert_eq!(of("N9-3"), BTreeSet::from([open, suspect]));
    let accepted = report.iter().filter(|row| row["decision"] == "accepted");
    assert_eq!(accepted.count(), 1);
    // That there was no answer has ended, and nothing else.
    assert_eq!(of("N9-2"), BTreeSet::from([suspect]));
    let ended = "SELECT count(*) FROM mismatch_events WHERE event IN ('resolved', 'lapsed')";
    assert_eq!(story.count(ended), 1);
    // The money of N9-1 is where it was; N10-2 is new; the other 31 are apart.
    let totals = totals(&done);
    assert_eq!((&totals["suspect"], &totals["in_doubt"]), (&json!("155.00"), &json!("10.00")));
    story.says(|_| Says::Well);
    assert_eq!(story.night(&[]).code, Some(0));
    assert_eq!(story.count("SELECT count(*) FROM open_mismatches"), 0);
}

/// An address that knows other orders only.
#[test]
fn a_wrong_address_that_knows_a_few_orders_is_suspect() {
    let mut story = Story::after_quiet_nights(3);
    let other = Story::after_quiet_nights(0);
    other.says(|order| if order == "N4-7" { Says::Well } else { Says::Missing });
    story.gateway = other.gateway;
    let done = story.night(&[]);
    assert_eq!(done.code, Some(4), "{done:?}");
    assert_eq!(story.count("SELECT count(*) FROM mismatch_events"), 0);
}

#[test]
fn few_orders_few_nights_and_those_who_accept_are_believed() {
    // Two runs to compare with are too few.
    let mut young = Story::after_quiet_nights(2);
    young.says(|_| Says::Missing);
    assert_eq!(young.night(&[]).code, Some(1));
    // 19 orders are too few.
    let mut few = Story::after_quiet_nights(3);
    few.says(|order| match order.rsplit('-').next().map(str::len) {
        Some(1) => Says::Missing,
        _ if order.ends_with('0') => Says::Well,
        _ => {
            if order.contains("-1") || order.ends_with("-21") {
                Says::Missing
            } else {
                Says::Well
            }
        }
    });
    let done = few.night(&[]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_eq!(done.json()["mismatches"]["missing_at_gateway"], 19, "{done:?}");
    // Somebody has looked at it.
    let mut known = Story::after_quiet_nights(3);
    known.says(|_| Says::Half);
    let done = known.night(&["--accept-suspect"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_eq!(states(&known.rows()), BTreeSet::from([("final_amount_difference", "new")]));
}

/// The same run, continued by somebody who has looked at it.
#[test]
fn a_suspect_run_is_accepted_afterwards() {
    let mut story = Story::after_quiet_nights(3);
    story.says(|_| Says::Half);
    assert_eq!(story.night(&[]).code, Some(4));
    let calls = story.gateway.arrivals().len();
    let run = ["--ledger", "ledger.csv", "--include-open", "--resume", "4", "--accept-suspect"];
    let done = story.merchant.reconcile(&story.gateway.url, &run);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_eq!(story.gateway.arrivals().len(), calls);
    assert_eq!(done.json()["warnings"], json!([]), "{done:?}");
    assert_eq!(story.count("SELECT count(*) FROM mismatch_events WHERE event = 'opened'"), 30);
    // Its digests are those of the new judgement.
    assert_eq!(story.merchant.run(&["report", "4"]).code, Some(0));
}
