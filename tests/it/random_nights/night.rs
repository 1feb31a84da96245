//! A random night: a ledger, the gateway's responses, and faults.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::rules::generator::orders;
use crate::rules::order::{NO_SUCH_ORDER, Order, Terms, UNLISTED, decimal};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A ledger, a book and a policy.
#[derive(Debug, Clone)]
pub struct Night {
    pub orders: Vec<Known>,
    /// The number of rows that are not usable.
    pub invalid: usize,
    now: DateTime<Utc>,
}

/// An order, as the ledger and the gateway have it.
#[derive(Debug, Clone)]
pub struct Known {
    pub id: String,
    pub order: Order,
    /// Selects one of several responses that lead to the same result.
    variant: usize,
}

/// Any night. The first order matches, so that the gateway counts as reachable.
pub fn nights() -> impl Strategy<Value = Night> {
    let order = (orders(), 0..60_usize);
    let orders_of_a_night = proptest::collection::vec(order, 1..70);
    (orders_of_a_night, orders(), prop_oneof![2 => Just(0_usize), 1 => 1..4_usize])
        .prop_map(|(orders, terms_from, invalid)| night(orders, &terms_from.terms, invalid))
}

fn night(orders: Vec<(Order, usize)>, terms: &Terms, invalid: usize) -> Night {
    let now = Utc::now();
    let orders = std::iter::once((Order::settled(), 0)).chain(orders);
    let mut orders: Vec<Known> = (0..)
        .zip(orders)
        .map(|(number, (order, variant)): (u32, _)| Known {
            id: format!("{number}-क्रम/{number}&x=1 +é"),
            // On the first night there is no earlier answer, and the ledger has just been read.
            order: away_from_limits(Order {
                now_ms: now.timestamp_millis(),
                earlier_answer: "none",
                status_since_ms: 0,
                ledger_status: without_padding(order.ledger_status),
                ledger_transaction_type: without_padding(order.ledger_transaction_type),
                ledger_accounting_type: without_padding(order.ledger_accounting_type),
                transaction_type: without_padding(order.transaction_type),
                accounting_type: without_padding(order.accounting_type),
                terms: terms.clone(),
                ..order
            }),
            variant,
        })
        .collect();
    let has_shared_payment =
        |known: &&mut Known| known.order.shared && known.order.asked == "payment";
    let mut with_shared_payment: Vec<&mut Known> =
        orders.iter_mut().filter(has_shared_payment).collect();
    if let [alone] = &mut with_shared_payment[..] {
        alone.order.shared = false;
    }
    Night { orders, invalid, now }
}

/// Replaces the unlisted word: cells of a ledger are trimmed, and that word has spaces to trim.
fn without_padding(word: &'static str) -> &'static str {
    if word == UNLISTED { "mystery" } else { word }
}

/// Moves an age at least ten minutes away from every limit, in plain hours and in the hours of bank
/// days: time passes while the binary starts.
fn away_from_limits(mut order: Order) -> Order {
    const MINUTE_MS: i64 = 60_000;
    let terms = &order.terms;
    let limits = [
        terms.settle_within_hours * 60,
        terms.account_within_hours * 60,
        terms.ledger_lag_hours * 60,
        terms.appear_within_minutes,
    ];
    let near = |age_ms: i64| {
        limits.iter().any(|limit| (age_ms - limit * MINUTE_MS).abs() < 10 * MINUTE_MS)
    };
    while near(order.age_ms) || near(order.bank_time_ms()) {
        order.age_ms += 20 * MINUTE_MS;
    }
    order
}

impl Night {
    /// `[ledger]`, `[calendar]` and `[policy]`.
    pub fn policy(&self) -> String {
        let terms = &self.orders[0].order.terms;
        let (zone, calendar, policy) = (terms.zone, terms.calendar(), terms.toml());
        let policy = policy.replace("[tolerance]", "[policy.tolerance]");
        let policy = format!("[policy]\n{}", policy.replace("[[fee]]", "[[policy.fee]]"));
        format!("[ledger]\ntimezone = {zone:?}\n[calendar]\n{calendar}{policy}")
    }

    pub fn ledger(&self) -> Vec<u8> {
        let mut ledger = csv::Writer::from_writer(Vec::new());
        let headings = [
            "merchant_order_id",
            "amount",
            "currency",
            "created_at",
            "transaction_type",
            "accounting_type",
            "status",
        ];
        ledger.write_record(headings).unwrap();
        let mut later = Vec::new();
        for known in &self.orders {
            let right = self.row(known, known.order.ledger_amount);
            if known.order.conflict {
                let other = i64::from(known.order.ledger_amount == 0);
                ledger.write_record(self.row(known, other)).unwrap();
                later.push(right.clone());
            } else {
                ledger.write_record(&right).unwrap();
            }
            if known.order.duplicate {
                later.push(right);
            }
        }
        for (number, amount) in (0..self.invalid).zip(["1e2", "-5.00", "1.0000001"]) {
            let id = format!("INVALID-{number}");
            ledger.write_record([&id, amount, "inr", "2026-01-10", "", "", "paid"]).unwrap();
        }
        for row in later {
            ledger.write_record(row).unwrap();
        }
        ledger.into_inner().unwrap()
    }

    fn row(&self, known: &Known, amount: i64) -> [String; 7] {
        let order = &known.order;
        let created_at = self.now - TimeDelta::milliseconds(order.age_ms);
        [
            known.id.clone(),
            decimal(amount),
            order.ledger_currency.to_owned(),
            created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            order.ledger_transaction_type.to_owned(),
            order.ledger_accounting_type.to_owned(),
            order.ledger_status.to_owned(),
        ]
    }

    pub fn book(&self) -> String {
        self.orders.iter().filter_map(Known::line).collect()
    }
}

impl Known {
    /// The line of the book. An order that the gateway does not have may have no line.
    fn line(&self) -> Option<String> {
        match self.order.asked {
            "payment" => {
                // Some orders are answered only at the second call.
                let script = match self.variant {
                    0..3 => json!({"status": 503, "times": 1}),
                    3 => json!({"close": true, "times": 1}),
                    4 => json!({"body": "{\"result\":", "times": 1}),
                    _ => Value::Null,
                };
                Some(self.payment(&self.amount(self.order.amount), script))
            }
            "missing" => {
                let script = match self.variant % 4 {
                    0 => return None,
                    1 => json!({"unknown": true}),
                    2 => json!({"unknown": true, "status": 404}),
                    _ => json!({"error": NO_SUCH_ORDER}),
                };
                Some(self.payment("\"1.00\"", script))
            }
            _ => Some(self.untrustworthy()),
        }
    }

    /// A line whose response is not trustworthy.
    fn untrustworthy(&self) -> String {
        let response_with = |payment: Value| {
            let answer = json!({"result": "success", "data": {"payment": payment}});
            json!({"body": answer.to_string()})
        };
        let with_duplicate_key =
            response_with(json!({"merchant_order_id": self.id, "amount": "1", "Amount": "1"}))
                .to_string()
                .replace("Amount", "amount");
        let scripts = [
            json!({"status": 503}),
            json!({"close": true}),
            json!({"status": 429}),
            json!({"status": 301}),
            json!({"status": 500}),
            json!({"error": "Merchant not found"}),
            json!({"body": "<html>"}),
            json!({"body": ""}),
            response_with(json!({"merchant_order_id": "0-another", "amount": "1.00"})),
            response_with(json!({"amount": "1.00"})),
            serde_json::from_str(&with_duplicate_key).unwrap(),
        ];
        let amounts = [
            "\"1,200.00\"",
            "\"1e2\"",
            "1e2",
            "-5",
            "null",
            "true",
            "\"\"",
            "\" 12\"",
            "\"1.0000001\"",
            "\"0x10\"",
            "1e400",
        ];
        let variant = self.variant % (scripts.len() + amounts.len());
        match scripts.get(variant) {
            Some(script) => self.payment("\"1.00\"", script.clone()),
            None => self.payment(amounts[variant - scripts.len()], Value::Null),
        }
    }

    /// An amount in one of the gateway's forms: string or number, with or without trailing zeros.
    fn amount(&self, micros: i64) -> String {
        let long = decimal(micros);
        let short = long.trim_end_matches('0').trim_end_matches('.');
        match self.variant % 4 {
            0 => format!("\"{long}\""),
            1 => long,
            2 => format!("\"{short}\""),
            _ => short.to_owned(),
        }
    }

    fn payment(&self, amount: &str, script: Value) -> String {
        let order = &self.order;
        let mut fields = Map::new();
        fields.insert("merchant_order_id".to_owned(), json!(self.id));
        let uid = if order.shared { "PAY-SHARED" } else { &format!("PAY-{}", self.id) };
        fields.insert("payment_uid".to_owned(), json!(uid));
        for (name, value) in [
            ("currency", order.currency),
            ("transaction_type", order.transaction_type),
            ("accounting_type", order.accounting_type),
            ("payment_status", order.payment_status),
            ("accounting_status", order.accounting_status),
            ("notify_status", order.notify_status),
            ("payment_fail_reason", order.fail_reason),
        ] {
            // Absent, null and empty mean the same: no value.
            match (value, self.variant % 3) {
                ("", 0) => {}
                ("", 1) => drop(fields.insert(name.to_owned(), Value::Null)),
                _ => drop(fields.insert(name.to_owned(), json!(value))),
            }
        }
        if !script.is_null() {
            fields.insert("sandbox".to_owned(), script);
        }
        let fields = Value::Object(fields).to_string();
        let final_amount = match (order.final_amount, self.variant % 3) {
            (Some(micros), _) => format!("\"final_amount\":{},", self.amount(micros)),
            (None, 0) => String::new(),
            (None, 1) => "\"final_amount\":null,".to_owned(),
            (None, _) => "\"final_amount\":\"\",".to_owned(),
        };
        format!("{{\"amount\":{amount},{final_amount}{}\n", &fields[1..])
    }
}
