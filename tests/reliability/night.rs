//! A night whose result is known: the ledger, the answers, and the findings that the contract asks
//! for. Nothing here is computed by the program.

use crate::gateway::no_such_order;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Words that must appear in no file and no output.
pub const API_KEY: &str = "PLANTED-KEY-7hq2";
pub const API_SECRET: &str = "PLANTED-SECRET-x93k";
pub const ACCOUNT: &str = "66600066667894321";
pub const SIGNATURE_KEY: &str = "PLANTED-SIGNATURE-KEY";
pub const PLANTED: [&str; 4] = [API_KEY, API_SECRET, ACCOUNT, SIGNATURE_KEY];

/// What is true of an order on one night.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Matched,
    /// Completed with 1.50 less than ordered.
    Short,
    Failed,
    Overdue,
    Missing,
    /// The gateway has 20.00 more than the ledger.
    OtherAmount,
    OtherCurrency,
    AccountingFailed,
    NotifyFailed,
    /// Old, and not paid on either side.
    Waiting,
    /// Of today, and not paid on either side.
    Young,
    /// The answer is no JSON.
    NoAnswer,
}

use State::{
    AccountingFailed, Failed, Matched, Missing, NoAnswer, NotifyFailed, OtherAmount, OtherCurrency,
    Overdue, Short, Waiting, Young,
};

/// States that are judged on their own. `NoAnswer` depends on the night before.
const ANSWERED: [State; 11] = [
    Matched,
    Short,
    Failed,
    Overdue,
    Missing,
    OtherAmount,
    OtherCurrency,
    AccountingFailed,
    NotifyFailed,
    Waiting,
    Young,
];

/// One order of both nights. Money is in hundredths.
#[derive(Debug, Clone)]
pub struct Order {
    pub id: String,
    pub amount: i64,
    /// `None`: the first night's ledger does not have it.
    pub first: Option<State>,
    pub second: State,
}

/// Two nights of the same orders.
#[derive(Debug, Clone)]
pub struct Nights {
    pub orders: Vec<Order>,
}

/// A finding, by the columns of the report that are known in advance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub order: String,
    pub kind: String,
    pub severity: String,
    pub at_risk: String,
    pub variance: String,
    pub ledger_amount: String,
    pub gateway_amount: String,
    pub final_amount: String,
    pub payment_status: String,
}

/// 1 matched, 2 in transit, 3 mismatched, 4 unverified, as the database has them.
pub type Outcome = i64;

impl Nights {
    /// Random states for `orders` orders. The first ones are always the same, so that each night
    /// has every kind.
    pub fn random(seed: u64, orders: usize) -> Nights {
        let mut random = fastrand::Rng::with_seed(seed);
        let orders = (1..=orders)
            .map(|number| {
                let first = random.choice(ANSWERED).unwrap();
                let second = random.choice(ANSWERED).unwrap();
                let (first, second) = match number {
                    1 => (Some(Matched), Matched),
                    2 => (Some(Short), Short),
                    3 => (Some(Short), NoAnswer),
                    4 => (Some(Missing), Matched),
                    _ if number + 4 > orders => (None, second),
                    _ => (Some(first), second),
                };
                let amount = 10_000 + i64::try_from(number % 1_000).unwrap() * 1_050;
                Order { id: format!("A{number}"), amount, first, second }
            })
            .collect();
        Nights { orders }
    }

    /// The ledger of a night. `today` is the creation time of young orders.
    pub fn ledger(&self, is_first: bool, today: &str) -> String {
        let mut ledger = "merchant_order_id,amount,currency,created_at,status\n".to_owned();
        for order in &self.orders {
            let Some(state) = order.state(is_first) else { continue };
            let created_at = if order.is_young(is_first) { today } else { "2026-01-10" };
            let status = state.ledger_status();
            let amount = decimal(order.amount);
            writeln!(ledger, "{},{amount},inr,{created_at},{status}", order.id).unwrap();
        }
        ledger
    }

    /// The gateway's answers on a night, by order id.
    pub fn bodies(&self, is_first: bool) -> BTreeMap<String, String> {
        let known = self.orders.iter().filter_map(|order| {
            order.state(is_first).map(|state| (order.id.clone(), order.body(state)))
        });
        known.collect()
    }

    /// The findings of the second night.
    pub fn findings(&self, has_first: bool) -> Vec<Finding> {
        let mut findings: Vec<Finding> =
            self.orders.iter().flat_map(|order| order.findings(has_first)).collect();
        findings.sort();
        findings
    }

    pub fn outcomes(&self) -> BTreeMap<String, Outcome> {
        self.orders.iter().map(|order| (order.id.clone(), order.second.outcome())).collect()
    }

    /// The orders without a trustworthy answer on the second night.
    pub fn unanswered(&self) -> impl Iterator<Item = &str> {
        self.orders.iter().filter(|order| order.second == NoAnswer).map(|order| &*order.id)
    }
}

impl Order {
    fn state(&self, is_first: bool) -> Option<State> {
        if is_first { self.first } else { Some(self.second) }
    }

    fn is_young(&self, is_first: bool) -> bool {
        self.state(is_first) == Some(Young)
    }

    /// The answer to `order/get`.
    pub fn body(&self, state: State) -> String {
        let (ledger, id) = (decimal(self.amount), &self.id);
        let mut payment = json!({
            "merchant_order_id": id, "amount": ledger, "final_amount": ledger, "currency": "inr",
            "transaction_type": "income", "payment_status": "completed",
            "accounting_status": "accounted", "notify_status": "completed",
            "payment_uid": format!("PAY-{id}"), "from": ACCOUNT, "signature_key": SIGNATURE_KEY,
        });
        let mut set = |field: &str, value: &str| payment[field] = json!(value);
        match state {
            Matched => {}
            Short => set("final_amount", &decimal(self.amount - 150)),
            Failed | Overdue | Waiting | Young => {
                set("payment_status", state.payment_status());
                set("accounting_status", "none");
                set("final_amount", "");
            }
            OtherAmount => {
                set("amount", &decimal(self.amount + 2_000));
                set("final_amount", &decimal(self.amount + 2_000));
            }
            OtherCurrency => set("currency", "usd"),
            AccountingFailed => set("accounting_status", "failed"),
            NotifyFailed => set("notify_status", "failed"),
            Missing => return no_such_order(),
            NoAnswer => return "<html>".to_owned(),
        }
        json!({"result": "success", "data": {"payment": payment}}).to_string()
    }

    /// The findings of the second night. An order without an answer keeps those of the first.
    fn findings(&self, has_first: bool) -> Vec<Finding> {
        if self.second != NoAnswer {
            return self.findings_of(self.second);
        }
        let first = self.first.filter(|_| has_first);
        let mut findings = first.map_or_else(Vec::new, |first| self.findings_of(first));
        findings.extend(self.findings_of(NoAnswer));
        findings
    }

    fn findings_of(&self, state: State) -> Vec<Finding> {
        let finding = |kind: &str, severity: &str, variance: i64| {
            let money_known = !matches!(state, Missing | NoAnswer);
            let other = if state == OtherAmount { 2_000 } else { 0 };
            let gateway = if money_known { decimal(self.amount + other) } else { String::new() };
            let settled = match state {
                Failed | Overdue | Waiting | Young | Missing | NoAnswer => String::new(),
                Short => decimal(self.amount - 150),
                _ => gateway.clone(),
            };
            Finding {
                order: self.id.clone(),
                kind: kind.to_owned(),
                severity: severity.to_owned(),
                at_risk: decimal(if variance == 0 { self.amount } else { variance.abs() }),
                variance: if variance == 0 { String::new() } else { decimal(variance) },
                ledger_amount: decimal(self.amount),
                gateway_amount: gateway,
                final_amount: settled,
                payment_status: state.payment_status().to_owned(),
            }
        };
        match state {
            Matched | Young => vec![],
            Short => vec![finding("final_amount_difference", "high", -150)],
            Failed => vec![finding("status_difference", "high", 0)],
            Overdue => {
                vec![finding("overdue", "medium", 0), finding("status_difference", "high", 0)]
            }
            Missing => vec![finding("missing_at_gateway", "high", 0)],
            OtherAmount => vec![finding("ledger_amount_difference", "high", 2_000)],
            OtherCurrency => vec![finding("currency_difference", "high", 0)],
            AccountingFailed => vec![finding("accounting_failed", "high", 0)],
            NotifyFailed => vec![finding("notify_failed", "low", 0)],
            Waiting => vec![finding("pending_too_long", "medium", 0)],
            NoAnswer => vec![finding("unverified", "high", 0)],
        }
    }
}

impl State {
    fn ledger_status(self) -> &'static str {
        if matches!(self, Waiting | Young) { "pending" } else { "paid" }
    }

    fn payment_status(self) -> &'static str {
        match self {
            Failed => "failed",
            Overdue => "overdue",
            Waiting | Young => "processing",
            Missing | NoAnswer => "",
            _ => "completed",
        }
    }

    fn outcome(self) -> Outcome {
        match self {
            Matched => 1,
            Young => 2,
            NoAnswer => 4,
            _ => 3,
        }
    }
}

/// Hundredths as a plain decimal.
pub fn decimal(hundredths: i64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let size = hundredths.abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}
