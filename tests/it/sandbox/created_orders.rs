//! Orders created by the built binary, with every final status, and their rows in the report.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::caller::Caller;
use super::faults::faults;
use crate::support::{Done, Gateway, Merchant, kinds, row, rows, until};
use octopus_recon::sandbox::Call;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// The final state of an order, and the ledger's and the gateway's view of it.
struct Fate {
    /// The form submitted to its checkout page at once.
    act: &'static str,
    /// The form submitted after it is completed.
    later: &'static str,
    ledger_status: &'static str,
    kinds: &'static [&'static str],
}

const fn fate(
    act: &'static str,
    later: &'static str,
    ledger_status: &'static str,
    kinds: &'static [&'static str],
) -> Fate {
    Fate { act, later, ledger_status, kinds }
}

const FULL: Fate = fate("act=settle&amount=100.00", "", "paid", &[]);
const UNTOLD: Fate = fate("act=settle&amount=100.00", "", "paid", &["notify_failed"]);

/// Deposits; each final state with its share.
const DEPOSITS: [Fate; 15] = [
    fate("act=settle&amount=90.00", "", "paid", &["final_amount_difference"]),
    fate("act=settle&amount=100.000001", "", "paid", &["final_amount_difference"]),
    fate("act=fail&reason=no+money", "", "paid", &["status_difference"]),
    fate("act=fail&reason=no+money", "", "failed", &[]),
    fate("act=reject&reason=no", "", "failed", &[]),
    // It lapses because nobody pays.
    fate("", "", "failed", &["overdue"]),
    fate("", "", "paid", &["overdue", "status_difference"]),
    fate("act=lapse", "", "failed", &["overdue"]),
    fate(FULL.act, "act=refund", "refunded", &[]),
    fate(FULL.act, "act=refund", "paid", &["status_difference"]),
    fate(FULL.act, "act=fail_accounting&reason=closed", "paid", &["accounting_failed"]),
    UNTOLD,
    FULL,
    FULL,
    FULL,
];

/// Payouts, which are completed without any action.
const PAYOUTS: [Fate; 5] = [
    fate("", "", "paid", &[]),
    fate("act=settle&amount=95.00", "", "paid", &["final_amount_difference"]),
    fate("act=fail&reason=no+account", "", "paid", &["status_difference"]),
    fate("", "act=fail_accounting", "paid", &["accounting_failed"]),
    fate("", "", "pending", &[]),
];

struct Order {
    id: String,
    is_deposit: bool,
    fate: &'static Fate,
}

fn orders() -> Vec<Order> {
    (0..200)
        .map(|number: usize| {
            let is_deposit = number % 4 != 3;
            let fate = if is_deposit {
                &DEPOSITS[(number - number / 4) % DEPOSITS.len()]
            } else {
                &PAYOUTS[number / 4 % PAYOUTS.len()]
            };
            // Ids that a spreadsheet would change, among others.
            let id = if number == 0 { "=1+1&x=1 é".to_owned() } else { format!("P{number:03}") };
            Order { id, is_deposit, fate }
        })
        .collect()
}

fn merchant() -> Merchant {
    let merchant = Merchant::new();
    merchant.write(
        "octopus-recon.toml",
        "[gateway]\nmerchant_uid = \"M-1\"\nbackoff_first_ms = 1\nmax_attempts = 6\n\
         requests_per_second = 1000\n",
    );
    merchant.write("payee.json", r#"{"to":"6660006666987","to_name":"Jane Doe"}"#);
    merchant
}

/// A port without a server.
const CLOSED: &str = "http://127.0.0.1:9/notify";

fn create(merchant: &Merchant, gateway: &Gateway, order: &Order) -> Done {
    let kind = if order.is_deposit { "deposit" } else { "payout" };
    let mut typed = vec!["order", "new", kind, "--base-url", &gateway.url, "--amount", "100"];
    typed.extend(["--currency", "inr", "--payment", "india"]);
    if !order.is_deposit {
        typed.extend(["--accounts", "payee.json", "--yes"]);
    }
    if order.fate.kinds.contains(&"notify_failed") {
        typed.extend(["--notify-url", CLOSED]);
    }
    typed.extend(["--", &order.id]);
    merchant.run(&typed)
}

fn submit(caller: &mut Caller, page: &str, form: &str) {
    if !form.is_empty() {
        assert_eq!(caller.submit(page, form).status, 303, "{page} {form}");
    }
}

#[test]
fn the_report_has_the_final_state_of_two_hundred_orders() {
    let merchant = merchant();
    let gateway = Gateway::serve_as("", |it| {
        it.merchant = Some("M-1".to_owned());
        it.speed = 0;
    });
    let orders = orders();
    let mut ledger =
        "merchant_order_id,amount,currency,created_at,transaction_type,status\n".to_owned();
    let mut pages = Vec::new();
    for order in &orders {
        let done = create(&merchant, &gateway, order);
        assert_eq!(done.code, Some(0), "{done:?}");
        let payment = &done.json()["data"]["payment"];
        assert_eq!(payment["payment_status"], "pending");
        let page = format!("/checkout/{}", payment["payment_uid"].as_str().unwrap());
        if order.is_deposit {
            let url = done.json()["data"]["payment_url"].as_str().unwrap().to_owned();
            assert_eq!(url, format!("{}{page}", gateway.url));
        }
        pages.push(page);
        let direction = if order.is_deposit { "income" } else { "expense" };
        let (id, now) = (&order.id, chrono::Utc::now().to_rfc3339());
        let status = order.fate.ledger_status;
        writeln!(ledger, "{id},100.00,inr,{now},{direction},{status}").unwrap();
    }
    let mut caller = Caller::to(&gateway.url);
    for (order, page) in orders.iter().zip(&pages) {
        submit(&mut caller, page, order.fate.act);
    }
    gateway.advance(Duration::from_mins(2));
    for (order, page) in orders.iter().zip(&pages) {
        submit(&mut caller, page, order.fate.later);
    }
    gateway.advance(Duration::from_mins(30));
    let untold =
        orders.iter().zip(&pages).filter(|(order, _)| order.fate.kinds.contains(&"notify_failed"));
    for (_, page) in untold {
        until("its notification has failed", || caller.open(page).body.contains("<td>failed</td>"));
    }

    merchant.write("ledger.csv", ledger);
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let expected: BTreeMap<String, Vec<String>> = orders
        .iter()
        .filter(|order| !order.fate.kinds.is_empty())
        .map(|order| {
            let kinds = order.fate.kinds.iter().map(|kind| (*kind).to_owned());
            // In the CSV it is protected from spreadsheets.
            let guard = if order.id.starts_with('=') { "'" } else { "" };
            (format!("{guard}{}", order.id), kinds.collect())
        })
        .collect();
    let rows = rows(&merchant.report_path());
    assert_eq!(kinds(&rows), expected);
    let short = row(&rows, "'=1+1&x=1 é", "final_amount_difference");
    assert_eq!((&*short["variance"], &*short["final_amount"]), ("-10.00", "90.00"));
    let failed = row(&rows, "P002", "status_difference");
    assert!(failed["reason"].contains("no money"), "{failed:?}");
    let pending = done.json()["orders"]["in_transit"].as_u64().unwrap();
    let young = orders.iter().filter(|order| order.fate.ledger_status == "pending").count();
    assert_eq!(pending, u64::try_from(young).unwrap());
}

/// The calls by order, in order of arrival.
fn calls_by_order(journal: &[Call]) -> BTreeMap<&str, Vec<&str>> {
    let mut calls: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for call in journal {
        let name = call.path.rsplit('/').next().unwrap();
        calls.entry(call.order_id.as_deref().unwrap()).or_default().push(name);
    }
    calls
}

#[test]
fn lost_responses_create_no_order_twice_and_lose_none() {
    let merchant = merchant();
    let gateway = Gateway::serve_as("", |it| {
        it.merchant = Some("M-1".to_owned());
        it.faults = faults("lost-answers");
        it.speed = 0;
    });
    let orders = orders();
    let mut told: BTreeMap<&str, bool> = BTreeMap::new();
    for order in &orders[..80] {
        let done = create(&merchant, &gateway, order);
        // All six attempts can be lost before the gateway carries one out: then it has no order.
        assert!(matches!(done.code, Some(0 | 13)), "{done:?}");
        let is_placed = done.code == Some(0);
        assert!(is_placed || done.stderr.contains("has no such order"), "{done:?}");
        told.insert(&order.id, is_placed);
    }
    let journal = gateway.journal();
    let saved = gateway.stop_and_save();
    let there: Vec<Value> = saved.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let is_there = |id: &str| there.iter().filter(|order| order["merchant_order_id"] == id).count();
    for (id, is_placed) in &told {
        assert_eq!(is_there(id), usize::from(*is_placed), "{id}");
    }
    let calls = calls_by_order(&journal);
    let asked = calls.values().flatten().filter(|name| **name == "get").count();
    assert!(asked > 40, "hardly an answer was lost: {asked}");
    for (id, calls) in calls {
        for pair in calls.windows(2) {
            assert_ne!(pair, ["new", "new"], "{id}: {calls:?}");
        }
    }
}
