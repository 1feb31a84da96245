//! The rules for statuses, missing orders, age and unverified orders.

use super::{Case, Policy, Refunds, Ruling, gateway_says, in_words, limit_in_words, plural};
use crate::domain::mismatch::Severity;
use crate::domain::order::LedgerStatus;
use crate::domain::payment::{Answer, Asked, PaymentStatus, Stage, TransactionType};
use crate::domain::text;

pub(super) fn overdue(case: &Case, _: &Policy) -> Ruling {
    let Some(payment) = case.payment() else { return Ruling::Nothing };
    if payment.payment_status != Some(PaymentStatus::Overdue) {
        return Ruling::Nothing;
    }
    let agrees = case.ledger_status() == Some(&LedgerStatus::Failed);
    let reason = format!(
        "The payment of {} {} was not completed within the gateway's time.{}",
        payment.amount,
        case.gateway_currency(),
        gateway_says(payment.payment_fail_reason.as_ref())
    );
    Ruling::report(reason).with_severity_if(agrees, Severity::Low)
}

/// When the status in the ledger contradicts the payment status.
enum Disagreement {
    Never,
    AtOnce,
    /// After the time in which a payment settles (`settle_within_hours`).
    AfterSettling,
    /// After the time by which an export may be old (`ledger_lag_hours`), unless the status at the
    /// gateway is new: the next export may know it.
    AfterLag,
    /// When the ledger has said so for longer than a refund takes (`refund_within_hours`).
    AfterRefunding,
}

fn disagreement(case: &Case, policy: &Policy, payment: &PaymentStatus) -> Disagreement {
    use Disagreement::{AfterLag, AfterRefunding, AfterSettling, AtOnce, Never};
    let Some(stage) = payment.stage() else { return Never };
    let expense = case.direction() == TransactionType::Expense;
    let when = |holds: bool, then: Disagreement, otherwise: Disagreement| {
        if holds { then } else { otherwise }
    };
    match case.ledger_status() {
        Some(LedgerStatus::Paid) => match stage {
            Stage::Completed => Never,
            Stage::Open => when(expense, AfterSettling, AtOnce),
            Stage::Closed | Stage::Refund => AtOnce,
        },
        Some(LedgerStatus::Failed) => match stage {
            Stage::Closed => Never,
            Stage::Open => when(expense, AtOnce, AfterSettling),
            Stage::Completed | Stage::Refund => AtOnce,
        },
        Some(LedgerStatus::Refunded) => match stage {
            Stage::Refund => Never,
            Stage::Completed => when(policy.refunds == Refunds::Payout, Never, AfterRefunding),
            Stage::Open | Stage::Closed => AtOnce,
        },
        Some(LedgerStatus::PartRefunded) => match stage {
            Stage::Completed | Stage::Refund => Never,
            Stage::Open | Stage::Closed => AtOnce,
        },
        // Overdue is a separate kind. It does not contradict a pending status or no status.
        _ if *payment == PaymentStatus::Overdue => Never,
        Some(LedgerStatus::Pending) => when(stage == Stage::Open, Never, AfterLag),
        // A word that is not mapped counts as no status (contract, "Ledger").
        Some(LedgerStatus::Unmapped(_)) | None => match stage {
            Stage::Open | Stage::Completed => Never,
            Stage::Closed | Stage::Refund => AtOnce,
        },
    }
}

pub(super) fn status_difference(case: &Case, policy: &Policy) -> Ruling {
    let Some(payment) = case.payment() else { return Ruling::Nothing };
    let Some(status) = &payment.payment_status else { return Ruling::Nothing };
    let after_order = || format!(" {} after the order", case.age_in_words());
    let (is_due, age) = match disagreement(case, policy, status) {
        Disagreement::Never => return Ruling::Nothing,
        Disagreement::AtOnce => (true, String::new()),
        Disagreement::AfterSettling => (case.is_older_than_settling(policy), after_order()),
        Disagreement::AfterLag => {
            (case.is_older_than(policy.ledger_lag()) && !case.is_new_status, after_order())
        }
        Disagreement::AfterRefunding => {
            let waited = case.ledger_status_since.map(|since| case.now - since);
            let age = waited.map(in_words).map(|age| format!(" {age} after the ledger said so"));
            (waited.is_none_or(|waited| waited > policy.refund_within()), age.unwrap_or_default())
        }
    };
    if !is_due {
        return Ruling::Wait;
    }
    let ledger = match case.ledger_status() {
        Some(LedgerStatus::Unmapped(_)) | None => "gives no known status".to_owned(),
        Some(status) => format!("says {status}"),
    };
    let settled = payment
        .final_amount
        .map(|settled| format!(" (final amount {settled})"))
        .unwrap_or_default();
    Ruling::report(format!(
        "The ledger {ledger} for {}, the gateway says {status} for {} {}{settled}{age}.{}",
        case.ordered(),
        payment.amount,
        case.gateway_currency(),
        gateway_says(payment.payment_fail_reason.as_ref())
    ))
}

pub(super) fn missing_at_gateway(case: &Case, policy: &Policy) -> Ruling {
    let Asked::Answered(Answer::Missing(words)) = case.asked else { return Ruling::Nothing };
    if case.ledger_status() == Some(&LedgerStatus::Failed) {
        return Ruling::Nothing;
    }
    if case.age().is_some_and(|age| age < policy.appear_within()) {
        return Ruling::Wait;
    }
    let says = gateway_says(Some(words));
    let is_free = case.entry.is_some_and(|entry| entry.amount.is_zero());
    let reason = match case.entry {
        Some(_) => format!(
            "The ledger has this order of {}, the gateway says that it has none.{says}",
            case.ordered()
        ),
        None => format!("The gateway says that it has no such order.{says}"),
    };
    Ruling::report(reason).with_severity_if(is_free, Severity::Low)
}

pub(super) fn pending_too_long(case: &Case, policy: &Policy) -> Ruling {
    let (Some(payment), Some(Stage::Open)) = (case.payment(), case.stage()) else {
        return Ruling::Nothing;
    };
    if !case.is_older_than_settling(policy) {
        return Ruling::Wait;
    }
    let in_bank_time = case.direction() == TransactionType::Expense;
    Ruling::report(format!(
        "The status of the payment of {} {} is still {} after {} ({}).{}",
        payment.amount,
        case.gateway_currency(),
        payment.payment_status.as_ref().map_or("open", PaymentStatus::as_str),
        case.age_in_words(),
        limit_in_words(policy.settle_within_hours, in_bank_time, policy),
        gateway_says(payment.payment_fail_reason.as_ref())
    ))
}

pub(super) fn unknown_status(case: &Case, _: &Policy) -> Ruling {
    let mut unknown = Vec::new();
    if let Some(LedgerStatus::Unmapped(word)) = case.ledger_status() {
        unknown.push(format!(
            "the ledger's status \"{}\" is not mapped in [ledger.statuses]",
            text::clean(word)
        ));
    }
    if let Some(payment) = case.payment() {
        if payment.payment_status.is_none() {
            unknown.push("the gateway gives no payment_status".to_owned());
        }
        let mut undocumented = |field: &str, word: &str| {
            let word = text::clean(word);
            unknown.push(format!("the gateway's {field} \"{word}\" is not documented"));
        };
        if let Some(status) = payment.payment_status.as_ref().filter(|status| !status.is_known()) {
            undocumented("payment_status", status.as_str());
        }
        if !payment.accounting_status.is_known() {
            undocumented("accounting_status", payment.accounting_status.as_str());
        }
        if !payment.notify_status.is_known() {
            undocumented("notify_status", payment.notify_status.as_str());
        }
    }
    if unknown.is_empty() {
        return Ruling::Nothing;
    }
    Ruling::report(format!("For this order of {}, {}.", case.ordered(), unknown.join(", and ")))
}

pub(super) fn unverified(case: &Case, _: &Policy) -> Ruling {
    let Asked::Unverified { why, tries } = case.asked else { return Ruling::Nothing };
    let why = text::one_line(why);
    Ruling::report(format!(
        "{} not verified{}: {why}{}",
        case.ordered(),
        if *tries > 0 { format!(" after {}", plural(*tries, "call")) } else { String::new() },
        if why.ends_with('?') { "" } else { "." }
    ))
}
