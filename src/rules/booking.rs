//! The rules for accounting, notification and `payment_uid`.

use super::{Case, Policy, Ruling, gateway_says, limit_in_words};
use crate::domain::payment::{AccountingStatus, NotifyStatus, Stage};
use crate::domain::text;

pub(super) fn accounting_failed(case: &Case, _: &Policy) -> Ruling {
    match case.payment() {
        Some(payment) if payment.accounting_status == AccountingStatus::Failed => {
            let settled = payment.final_amount.unwrap_or(payment.amount);
            Ruling::report(format!(
                "The gateway could not book {settled} {}.{}",
                case.gateway_currency(),
                gateway_says(payment.accounting_fail_reason.as_ref())
            ))
        }
        _ => Ruling::Nothing,
    }
}

pub(super) fn accounting_pending(case: &Case, policy: &Policy) -> Ruling {
    let Some(payment) = case.payment() else { return Ruling::Nothing };
    let waits =
        matches!(payment.accounting_status, AccountingStatus::None | AccountingStatus::Delivered);
    if case.stage() != Some(Stage::Completed) || !waits {
        return Ruling::Nothing;
    }
    if !case.is_older_in_bank_time(policy.account_within(), policy) {
        return Ruling::Wait;
    }
    Ruling::report(format!(
        "The payment of {} {} is completed, but its accounting status is still {} after {} \
             ({}).{}",
        payment.amount,
        case.gateway_currency(),
        payment.accounting_status,
        case.age_in_words(),
        limit_in_words(policy.account_within_hours, true, policy),
        gateway_says(payment.accounting_fail_reason.as_ref())
    ))
}

pub(super) fn notify_failed(case: &Case, _: &Policy) -> Ruling {
    match case.payment() {
        Some(payment) if payment.notify_status == NotifyStatus::Failed => Ruling::report(format!(
            "The gateway could not notify the shop of this order of {}.{}",
            case.ordered(),
            gateway_says(payment.notify_fail_reason.as_ref())
        )),
        _ => Ruling::Nothing,
    }
}

pub(super) fn duplicate_payment(case: &Case, _: &Policy) -> Ruling {
    const NAMED: usize = 3;
    let uid = case.payment().and_then(|payment| payment.payment_uid.as_deref());
    let (Some(uid), false) = (uid, case.shared_with.is_empty()) else { return Ruling::Nothing };
    let named: Vec<String> =
        case.shared_with.iter().take(NAMED).map(|order| text::printable(order)).collect();
    let more = case.shared_with.len().saturating_sub(NAMED);
    // The store returns at most a hundred orders.
    let at_least = if case.shared_with.len() >= 100 { "at least " } else { "" };
    let more = if more > 0 { format!(" and {at_least}{more} more") } else { String::new() };
    Ruling::report(format!(
        "Payment {} belongs to this order of {} and also to {}{more}: one payment may be \
             booked {at_least}{} times.",
        text::printable(uid),
        case.ordered(),
        named.join(", "),
        case.shared_with.len() + 1
    ))
}
