//! Which orders a scheduled night asks for (contract, "`run`": `--scheduled`). Pure: days and the
//! last answer come in as values.

use crate::domain::mismatch::Outcome;
use crate::domain::order::{Entry, direction};
use crate::domain::payment::{
    AccountingStatus, Answer, Payment, PaymentStatus, Stage, TransactionType,
};
use serde::{Deserialize, Deserializer, de::Error};

/// `[schedule]` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schedule {
    /// Calendar days after which an order is asked for again whose last answer is final and showed
    /// nothing to report: by how often in a row the answer was the same. The last number repeats.
    #[serde(deserialize_with = "days")]
    pub settled_days: Vec<u16>,
    /// The same for all other orders.
    #[serde(deserialize_with = "days")]
    pub unsettled_days: Vec<u16>,
    /// Days after the order date for which `--include-open` selects payouts that failed or were
    /// rejected: banks can carry them out, or send them back, late.
    pub failed_payout_days: u16,
}

impl Default for Schedule {
    fn default() -> Schedule {
        Schedule {
            settled_days: vec![7],
            unsettled_days: vec![1, 1, 1, 2, 4, 7],
            failed_payout_days: 45,
        }
    }
}

/// What is known of an order's last answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastAnswer {
    /// Calendar days since it came, in the ledger's time zone. Below zero: a clock was wrong.
    pub days_ago: i64,
    /// How often in a row the answer was the same as the one before.
    pub times_same: u32,
    /// See [`is_settled`].
    pub is_settled: bool,
    /// Whether the run before saw the order otherwise: the ledger said something else, or the
    /// answer would give other findings or another outcome now.
    pub is_seen_otherwise: bool,
}

impl Schedule {
    /// Whether the order is to be asked for again.
    #[must_use]
    pub fn is_due(&self, last: LastAnswer) -> bool {
        let days = if last.is_settled { &self.settled_days } else { &self.unsettled_days };
        let index = usize::try_from(last.times_same).unwrap_or(usize::MAX);
        let wait = days.get(index).or(days.last()).copied().unwrap_or_default();
        last.is_seen_otherwise || last.days_ago < 0 || last.days_ago >= i64::from(wait)
    }
}

/// Whether nothing more is expected of the order: its answer is final and showed nothing to report.
/// A payout that failed is never settled.
#[must_use]
pub fn is_settled(entry: Option<&Entry>, answer: &Answer, outcome: Outcome) -> bool {
    let Answer::Payment(payment) = answer else { return false };
    outcome == Outcome::Matched && is_final(entry, payment)
}

fn is_final(entry: Option<&Entry>, payment: &Payment) -> bool {
    let is_expense =
        || direction(entry, payment.transaction_type.as_ref()) == TransactionType::Expense;
    match payment.payment_status.as_ref() {
        Some(PaymentStatus::Failed | PaymentStatus::Reject) => !is_expense(),
        Some(status) => match status.stage() {
            Some(Stage::Completed) => payment.accounting_status == AccountingStatus::Accounted,
            Some(Stage::Refund) => true,
            Some(Stage::Open | Stage::Closed) | None => false,
        },
        None => false,
    }
}

/// Numbers of days, each from 1 to a year.
fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u16>, D::Error> {
    let days = Vec::<u16>::deserialize(deserializer)?;
    if days.is_empty() || days.iter().any(|days| !(1..=366).contains(days)) {
        return Err(D::Error::custom("a list of days is needed, each from 1 to 366"));
    }
    Ok(days)
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
