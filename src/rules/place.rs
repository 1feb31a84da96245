//! The place of an order in the money of a run (contract, "`run`": `totals`). Each order counts
//! once, however many findings it has.
//!
//! What moved ([`moved`]) depends on the ledger, the answer and the policy alone, so a run can keep
//! it. Where it counts ([`place`]) also depends on what finance has accepted.

use super::{Case, Policy, Refunds};
use crate::domain::amount::Amount;
use crate::domain::mismatch::{Kind, Severity};
use crate::domain::money::{Bucket, Moved, Place};
use crate::domain::order::{Entry, LedgerStatus};
use crate::domain::payment::{Payment, PaymentStatus, TransactionType};

/// What moved on both sides (contract, "`run`": "Compared is what moved").
#[must_use]
pub fn moved(case: &Case, policy: &Policy) -> Moved {
    let (amount, currency) = case.order_amount();
    let transaction_type = case.direction();
    Moved {
        difference: difference(case, policy, &transaction_type),
        amount,
        currency,
        conflict_spread: case.entry.and_then(Entry::conflict_spread),
        is_first_of_payment: case.is_first_of_payment,
    }
}

fn difference(case: &Case, policy: &Policy, direction: &TransactionType) -> Option<Amount> {
    if case.currencies_differ() || directions_differ(case) {
        return None;
    }
    let difference = at_gateway(case.payment()?)? - in_ledger(case, policy, direction)?;
    Some(if *direction == TransactionType::Expense { -difference } else { difference })
}

/// Whether one side says income and the other expense.
fn directions_differ(case: &Case) -> bool {
    let ledger = case.entry.and_then(|entry| entry.transaction_type.as_ref());
    let gateway = case.payment().and_then(|payment| payment.transaction_type.as_ref());
    match (ledger, gateway) {
        (Some(ledger), Some(gateway)) => {
            ledger.is_known() && gateway.is_known() && ledger != gateway
        }
        _ => false,
    }
}

/// What moved at the gateway. `None`: unknown.
fn at_gateway(payment: &Payment) -> Option<Amount> {
    match payment.payment_status.as_ref()? {
        PaymentStatus::Completed => Some(payment.final_amount.unwrap_or(payment.amount)),
        PaymentStatus::Failed | PaymentStatus::Reject | PaymentStatus::Overdue => {
            payment.final_amount.is_none_or(Amount::is_zero).then_some(Amount::ZERO)
        }
        // Open, refund, or a word that the gateway's page does not list.
        _ => None,
    }
}

/// What moved as the ledger says. `None`: unknown.
fn in_ledger(case: &Case, policy: &Policy, direction: &TransactionType) -> Option<Amount> {
    let entry = case.entry?;
    let all = || {
        let fee = policy.fee_for(&case.gateway_currency(), direction);
        entry.amount - fee.map_or(Amount::ZERO, |fee| fee.of(entry.amount))
    };
    match entry.status {
        // A word that is not mapped counts as no status (contract, "Ledger").
        Some(LedgerStatus::Paid | LedgerStatus::Unmapped(_)) | None => Some(all()),
        // The refund is a separate payout. The order itself stays settled, after the fee.
        Some(LedgerStatus::Refunded) if policy.refunds == Refunds::Payout => Some(all()),
        Some(LedgerStatus::Pending | LedgerStatus::Failed | LedgerStatus::Refunded) => {
            Some(Amount::ZERO)
        }
        Some(LedgerStatus::PartRefunded) => None,
    }
}

/// What decides where an order's money counts of one of its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// What it is.
    pub kind: Kind,
    /// How urgent.
    pub severity: Severity,
    /// Whether finance has accepted it.
    pub is_accepted: bool,
    /// Whether it is suspect.
    pub is_suspect: bool,
}

/// Where the order's money counts, and how much it is. `findings`: each finding of the order in
/// this run's report.
///
/// `is_verified`: whether `moved` rests on a trustworthy answer. For an order without an answer
/// tonight whose mismatches of an earlier answer stay in the report ([`Case::still_open`]), pass
/// the [`Moved`] of that answer and true: it stays in its bucket with its figure.
///
/// - All findings are accepted: [`Bucket::Accepted`], with the figure that they would have if none
///   was. It is zero where they would be for information.
/// - Otherwise only the findings count that are neither accepted nor suspect.
/// - These are none, or for information, and others are suspect: [`Bucket::Suspect`], with the
///   figure that the suspect ones would have if they were not.
/// - No findings: for information, zero.
#[must_use]
pub fn place(moved: &Moved, is_verified: bool, findings: impl Iterator<Item = Counted>) -> Place {
    let (accepted, open): (Vec<_>, Vec<_>) = findings.partition(|finding| finding.is_accepted);
    let (suspect, believed): (Vec<_>, Vec<_>) = open.into_iter().partition(|it| it.is_suspect);
    let of = |findings: &[Counted]| of_findings(moved, is_verified, findings);
    let (bucket, amount) = match of(&believed) {
        (Bucket::Information, _) if !suspect.is_empty() => (Bucket::Suspect, of(&suspect).1),
        (Bucket::Information, _) if believed.is_empty() && !accepted.is_empty() => {
            (Bucket::Accepted, of(&accepted).1)
        }
        place => place,
    };
    Place { bucket, amount, currency: moved.currency.clone() }
}

/// The place of an order with these findings alone.
fn of_findings(moved: &Moved, is_verified: bool, findings: &[Counted]) -> (Bucket, Amount) {
    let has_no_answer = findings.iter().any(|finding| finding.kind == Kind::Unverified);
    let alarms = findings
        .iter()
        .filter(|it| it.severity != Severity::Low && it.kind != Kind::Unverified)
        .map(|finding| finding.kind)
        .collect();
    match of_alarms(moved, is_verified, alarms) {
        // An order without an answer is never only for information.
        (Bucket::Information, _) if has_no_answer => (Bucket::Unverified, moved.amount),
        place => place,
    }
}

/// The place of an order by its findings above low.
fn of_alarms(moved: &Moved, is_verified: bool, mut alarms: Vec<Kind>) -> (Bucket, Amount) {
    if alarms.is_empty() {
        return (Bucket::Information, Amount::ZERO);
    }
    if !is_verified {
        return (Bucket::Unverified, moved.amount);
    }
    match moved.difference {
        Some(difference) if difference.is_negative() => {
            return (Bucket::AgainstUs, difference.abs());
        }
        Some(difference) if !difference.is_zero() => return (Bucket::InOurFavour, difference),
        // The same has moved on both sides, so a difference in progress puts no money in doubt.
        Some(_) => alarms.retain(|kind| {
            !matches!(kind, Kind::Overdue | Kind::StatusDifference | Kind::PendingTooLong)
        }),
        None => {}
    }
    // One of the orders with the same payment may keep it.
    alarms.retain(|kind| *kind != Kind::DuplicatePayment || !moved.is_first_of_payment);
    match alarms.as_slice() {
        [] => (Bucket::Information, Amount::ZERO),
        [Kind::LedgerConflict] => (Bucket::InDoubt, moved.conflict_spread.unwrap_or(moved.amount)),
        _ => (Bucket::InDoubt, moved.amount),
    }
}
