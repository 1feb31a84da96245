//! A shop with as many new orders each day: what its ledger says on a day, and what the gateway.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Days that the ledger's export goes back.
const EXPORTED: u64 = 50;
/// Days after a late change when bookkeeping has corrected the ledger.
const CORRECTED: u64 = 12;

/// What becomes of an order. The numbers are its age in days when it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Paid,
    /// Paid, then refunded at the gateway. The ledger learns it late.
    Refunded(u64),
    /// Paid late; the ledger knows it a day later.
    PaidLate(u64),
    /// Paid late; the ledger learns it late.
    LostCapture(u64),
    /// Never paid.
    Cart,
    Failed,
    /// Failed, then captured all the same.
    FailedThenPaid(u64),
    /// A payout that failed, and that the bank carried out all the same.
    PayoutThenDone(u64),
}

#[derive(Debug)]
pub struct Order {
    pub id: String,
    date: NaiveDate,
    fate: Fate,
}

pub struct Shop {
    pub first_day: NaiveDate,
    orders: BTreeMap<String, Order>,
}

impl Shop {
    pub fn new(a_day: u64, days: u64) -> Shop {
        let first_day = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        let mut random = fastrand::Rng::with_seed(15);
        let mut orders = BTreeMap::new();
        for day in 0..days {
            for number in 0..a_day {
                let id = format!("o-{day:02}-{number:04}");
                let date = first_day + Days::new(day);
                let fate = fate(&mut random);
                orders.insert(id.clone(), Order { id, date, fate });
            }
        }
        Shop { first_day, orders }
    }

    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    pub fn order(&self, id: &str) -> &Order {
        &self.orders[id]
    }

    /// The export that the night of this day reads.
    pub fn ledger(&self, day: NaiveDate) -> String {
        let mut ledger = "merchant_order_id,amount,created_at,transaction_type,status\n".to_owned();
        for order in self.orders().filter(|order| (1..=EXPORTED).contains(&order.age(day))) {
            let Order { id, date, .. } = order;
            let (direction, status) = (order.direction(), order.ledger_status(day));
            writeln!(ledger, "{id},100.00,{date} 12:00:00,{direction},{status}").unwrap();
        }
        ledger
    }

    /// What the gateway says of each order in the night of this day.
    pub fn payments(&self, day: NaiveDate) -> BTreeMap<String, Value> {
        let known = self.orders().filter(|order| order.age(day) >= 1);
        known.map(|order| (order.id.clone(), order.payment(day))).collect()
    }
}

fn fate(random: &mut fastrand::Rng) -> Fate {
    match random.u32(0..100) {
        0..72 => Fate::Paid,
        72..78 => Fate::Refunded(random.u64(2..=22)),
        78..82 => Fate::PaidLate(random.u64(2..=22)),
        82..85 => Fate::LostCapture(random.u64(2..=22)),
        85..93 => Fate::Cart,
        93..96 => Fate::Failed,
        96..98 => Fate::FailedThenPaid(random.u64(2..=22)),
        _ => Fate::PayoutThenDone(random.u64(2..=37)),
    }
}

impl Order {
    /// Whole days; zero also before its day.
    pub fn age(&self, day: NaiveDate) -> u64 {
        u64::try_from((day - self.date).num_days()).unwrap_or(0)
    }

    pub fn is_lost_capture(&self) -> bool {
        matches!(self.fate, Fate::LostCapture(_))
    }

    /// Whether all days on which a night covers it are within so many nights from the first day.
    pub fn has_left(&self, shop: &Shop, nights: u64, covered: u64) -> bool {
        self.date + Days::new(covered) < shop.first_day + Days::new(nights)
    }

    /// The day from which the two sides disagree on the status and the gateway has finished.
    pub fn disagrees_since(&self) -> Option<NaiveDate> {
        match self.fate {
            Fate::Refunded(at)
            | Fate::LostCapture(at)
            | Fate::FailedThenPaid(at)
            | Fate::PayoutThenDone(at) => Some(self.date + Days::new(at)),
            Fate::Paid | Fate::PaidLate(_) | Fate::Cart | Fate::Failed => None,
        }
    }

    fn direction(&self) -> &'static str {
        if matches!(self.fate, Fate::PayoutThenDone(_)) { "expense" } else { "income" }
    }

    fn ledger_status(&self, day: NaiveDate) -> &'static str {
        let age = self.age(day);
        match self.fate {
            Fate::Paid => "paid",
            Fate::Refunded(at) => {
                if age < at + CORRECTED {
                    "paid"
                } else {
                    "refunded"
                }
            }
            Fate::PaidLate(at) => {
                if age <= at {
                    "pending"
                } else {
                    "paid"
                }
            }
            Fate::LostCapture(at) => {
                if age < at + CORRECTED {
                    "pending"
                } else {
                    "paid"
                }
            }
            Fate::Cart => "pending",
            Fate::Failed => "failed",
            Fate::FailedThenPaid(at) | Fate::PayoutThenDone(at) => {
                if age < at + CORRECTED {
                    "failed"
                } else {
                    "paid"
                }
            }
        }
    }

    fn payment(&self, day: NaiveDate) -> Value {
        let age = self.age(day);
        let status = match self.fate {
            Fate::Paid => "completed",
            Fate::Refunded(at) => {
                if age < at {
                    "completed"
                } else {
                    "refund"
                }
            }
            Fate::PaidLate(at) | Fate::LostCapture(at) => {
                if age < at {
                    "pending"
                } else {
                    "completed"
                }
            }
            Fate::Cart => {
                if age < 2 {
                    "pending"
                } else {
                    "overdue"
                }
            }
            Fate::Failed => "failed",
            Fate::FailedThenPaid(at) | Fate::PayoutThenDone(at) => {
                if age < at {
                    "failed"
                } else {
                    "completed"
                }
            }
        };
        let is_completed = ["completed", "refund"].contains(&status);
        json!({
            "merchant_order_id": self.id, "amount": "100.00", "currency": "inr",
            "final_amount": if is_completed { "100.00" } else { "" },
            "transaction_type": self.direction(), "payment_status": status,
            "accounting_status": if is_completed { "accounted" } else { "none" },
            "notify_status": "completed",
        })
    }
}
