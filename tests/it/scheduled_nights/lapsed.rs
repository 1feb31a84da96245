//! An acceptance that lapses while the order keeps its last answer: the order is due then.

use super::{Desk, Night, report};
use crate::scheduled_nights::gateway::DayGateway;
use crate::support::{Row, row, rows};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use std::sync::atomic::{AtomicI64, Ordering};

/// The clock of this file's nights, in seconds.
static NOW: AtomicI64 = AtomicI64::new(0);

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW.load(Ordering::Relaxed), 0).unwrap()
}

/// One order that is 10.00 short, and others that are settled: of these one is asked when nothing
/// is due.
const ORDERS: [&str; 5] = ["a", "b", "c", "d", "short"];

fn gateway() -> DayGateway {
    let gateway = DayGateway::serve();
    let payment = |order: &str| {
        let settled = if order == "short" { "90.00" } else { "100.00" };
        json!({
            "merchant_order_id": order, "amount": "100.00", "final_amount": settled,
            "currency": "inr", "transaction_type": "income", "payment_status": "completed",
            "accounting_status": "accounted", "notify_status": "completed",
            "payment_uid": format!("p-{order}"),
        })
    };
    gateway.says(ORDERS.map(|order| (order.to_owned(), payment(order))).into());
    gateway
}

/// The night of so many days after the first one, 4 March in Kolkata.
fn night(desk: &Desk, days: i64, gateway: &DayGateway) -> Night {
    let first: DateTime<Utc> = "2026-03-03T20:00:00Z".parse().unwrap();
    NOW.store((first + TimeDelta::days(days)).timestamp(), Ordering::Relaxed);
    let head = "merchant_order_id,amount,created_at,transaction_type,status\n".to_owned();
    let rows = ORDERS.map(|order| format!("{order},100.00,2026-03-02 12:00:00,income,paid\n"));
    desk.run(&(head + &rows.concat()), gateway)
}

fn shown(night: &Night) -> Row {
    row(&rows(report(&night.finished)), "short", "final_amount_difference").clone()
}

fn is_asked(night: &Night) -> bool {
    night.asked.contains("short")
}

#[test]
fn an_order_whose_acceptance_lapses_is_asked_that_night() {
    let gateway = gateway();
    let desk = Desk::new(&gateway, true, now);
    let mut last = night(&desk, 0, &gateway);
    for days in 1..=3 {
        last = night(&desk, days, &gateway);
        assert!(is_asked(&last), "night {days}");
    }
    // Finance accepts it until 10 March, the day of night 6.
    let path = report(&last.finished);
    let content = std::fs::read_to_string(path).unwrap();
    let cells = "\"\",\"\",\"\",\"\",\"gateway\"";
    let edited = content.replacen(cells, "accepted,2026-03-10,Asha,,\"gateway\"", 1);
    assert_ne!(edited, content);
    std::fs::write(path, edited).unwrap();
    // After that the same answer makes it due after two days, and then after four.
    for (days, asked) in [(4, false), (5, true), (6, false)] {
        let night = night(&desk, days, &gateway);
        assert_eq!(is_asked(&night), asked, "night {days}: {:?}", night.asked);
        let shown = shown(&night);
        assert_eq!([&*shown["decision"], &*shown["until"]], ["accepted", "2026-03-10"]);
        assert_eq!(night.finished.summary.exit_code(), 0, "night {days}");
    }
    // It would wait for two more days, but the acceptance is over.
    let lapsed = night(&desk, 7, &gateway);
    assert!(is_asked(&lapsed), "{:?}", lapsed.asked);
    let row = shown(&lapsed);
    assert_eq!([&*row["decision"], &*row["until"], &*row["state"]], ["", "", "changed"]);
    let why = "The acceptance lapsed: it was until 2026-03-10.";
    assert!(row["reason"].ends_with(why), "{row:?}");
    assert_eq!(row["owner"], "Asha");
    assert_eq!(lapsed.finished.summary.exit_code(), 1);
    // It lapses once.
    let after = night(&desk, 8, &gateway);
    assert!(!is_asked(&after), "{:?}", after.asked);
    let row = shown(&after);
    assert_eq!([&*row["decision"], &*row["state"]], ["", "open"]);
    assert!(!row["reason"].contains("lapsed"), "{row:?}");
}
