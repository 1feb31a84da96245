//! What makes an order due before its days have passed.

use super::{Desk, Night};
use crate::scheduled_nights::gateway::DayGateway;
use chrono::{DateTime, TimeDelta, Utc};
use octopus_recon::domain::mismatch::Severity;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

/// The clock of this file's nights, in seconds.
static NOW: AtomicI64 = AtomicI64::new(0);

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW.load(Ordering::Relaxed), 0).unwrap()
}

/// A ledger with these orders: id, and what the ledger says of it.
fn ledger(orders: &[(&str, &str)]) -> String {
    let rows = orders
        .iter()
        .map(|(order, status)| format!("{order},100.00,2026-03-02 12:00:00,income,{status}\n"));
    let head = "merchant_order_id,amount,created_at,transaction_type,status\n".to_owned();
    head + &rows.collect::<String>()
}

fn payment(order: &str, status: &str, uid: &str) -> (String, Value) {
    let payment = json!({
        "merchant_order_id": order, "amount": "100.00", "final_amount": "100.00",
        "currency": "inr", "transaction_type": "income", "payment_status": status,
        "accounting_status": "accounted", "notify_status": "completed", "payment_uid": uid,
    });
    (order.to_owned(), payment)
}

/// Three settled orders, and one that nobody paid.
fn payments() -> BTreeMap<String, Value> {
    let paid = ["a", "b", "c"].map(|order| payment(order, "completed", &format!("p-{order}")));
    paid.into_iter().chain([payment("cart", "overdue", "p-cart")]).collect()
}

const ORDERS: [(&str, &str); 4] =
    [("a", "paid"), ("b", "paid"), ("c", "paid"), ("cart", "pending")];

/// The night of so many days after the first one.
fn night(desk: &Desk, days: i64, orders: &[(&str, &str)], gateway: &DayGateway) -> Night {
    let first: DateTime<Utc> = "2026-03-03T20:00:00Z".parse().unwrap();
    NOW.store((first + TimeDelta::days(days)).timestamp(), Ordering::Relaxed);
    desk.run(&ledger(orders), gateway)
}

fn asked(night: &Night) -> Vec<&str> {
    night.asked.iter().map(String::as_str).collect()
}

/// One test: all nights of this file share a clock.
#[test]
fn an_order_is_due_as_soon_as_it_is_seen_otherwise() {
    let gateway = DayGateway::serve();
    gateway.says(payments());
    let mut desk = Desk::new(&gateway, true, now);
    assert_eq!(asked(&night(&desk, 0, &ORDERS, &gateway)), ["a", "b", "c", "cart"]);
    // What is not settled is asked for on the next day, what is settled after a week.
    assert_eq!(asked(&night(&desk, 1, &ORDERS, &gateway)), ["cart"]);

    // The ledger says something else.
    let mut orders = ORDERS;
    orders[1].1 = "refunded";
    assert_eq!(asked(&night(&desk, 2, &orders, &gateway)), ["b", "cart"]);

    // The policy shows other findings in the same answer, although the cart was asked today.
    desk.settings.policy.unpaid_carts = Some(Severity::Low);
    assert_eq!(asked(&night(&desk, 2, &orders, &gateway)), ["cart"]);

    // A new order has the payment of a settled one, which is asked in the same night.
    let mut said = payments();
    said.extend([payment("double", "completed", "p-a")]);
    gateway.says(said.clone());
    let more = [&orders[..], &[("double", "paid")]].concat();
    let found = night(&desk, 3, &more, &gateway);
    assert!(asked(&found).contains(&"double") && asked(&found).contains(&"a"), "{:?}", found.asked);
    for order in ["a", "double"] {
        assert!(found.findings[order].contains(&"duplicate_payment".to_owned()), "{order}");
    }

    // Another gateway has answered for none of them.
    let other = DayGateway::serve();
    other.says(said);
    desk.settings.gateway.base_url = Some(other.url.clone());
    let found = night(&desk, 3, &more, &other);
    assert_eq!(asked(&found), ["a", "b", "c", "cart", "double"]);
    assert_eq!(found.finished.summary.figures.orders.reused, 0);
    // On the same day nothing is due, and the one that was not asked for longest is asked.
    let found = night(&desk, 3, &more, &other);
    assert_eq!(found.asked.len(), 1, "{:?}", found.asked);
    assert_eq!(found.finished.summary.figures.orders.reused, 4);
    assert!(found.finished.summary.oldest_reused.is_some());
}
