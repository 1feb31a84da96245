//! Over random nights the money of each adds up to the night before and what changed since. The
//! seed of a story is in its failure.

use super::Story;
use serde_json::{Value, json};

const ORDERS: [(&str, &str); 6] = [
    ("A", "500.00"),
    ("B", "70.50"),
    ("C", "0.30"),
    ("D", "1000.00"),
    ("E", "60.00"),
    ("F", "123456789.000001"),
];

/// What the gateway may say of an order.
fn answer(random: &mut fastrand::Rng) -> Value {
    match random.u8(..10) {
        0..3 => json!({}),
        3 => json!({ "final_amount": "0.25" }),
        4 => json!({ "final_amount": "80.00" }),
        5 => json!({ "accounting_status": "failed" }),
        6 => json!({ "payment_status": "overdue", "final_amount": null }),
        7 => json!({ "currency": "usd" }),
        8 => json!({ "sandbox": { "status": 503 } }),
        _ => json!(null),
    }
}

#[test]
fn money_adds_up_from_night_to_night() {
    for seed in 0..5 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut story = Story::new(&ORDERS, "");
        for _ in 0..5 {
            for (order, _) in ORDERS {
                if random.bool() {
                    story.gateway_says(order, answer(&mut random));
                }
            }
            // Checks the sums.
            let night = story.night();
            let Some(row) = random.choice(&night.rows) else { continue };
            let (order, kind) = (&row["merchant_order_id"], &row["kind"]);
            let decision = *random.choice(&["accepted", "to_correct", "none"]).unwrap();
            let mut decide = vec!["decide", "--order", order, "--kind", kind, "--by", "Asha"];
            decide.extend(["--decision", decision, "--note", "random"]);
            let today = chrono::Utc::now().date_naive().to_string();
            if kind == "unverified" {
                decide.extend(["--until", &today]);
            }
            let done = story.merchant.run(&decide);
            assert_eq!(done.code, Some(0), "seed {seed}: {done:?}");
        }
    }
}
