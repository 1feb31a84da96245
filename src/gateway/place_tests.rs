use super::super::new_order::tests::draft;
use super::*;
use crate::domain::amount::Amount;
use crate::domain::payment::{AccountingStatus, NotifyStatus, TransactionType};
use chrono::DateTime;

fn failed(cause: Cause) -> Setback {
    Setback::Failed(Failure::retried(cause, "it failed"))
}

fn declined() -> Setback {
    Setback::Declined("no".to_owned())
}

fn payment(amount: i64) -> Payment {
    Payment {
        amount: Amount::from_micros(amount),
        final_amount: None,
        currency: Some("INR".to_owned()),
        transaction_type: Some(TransactionType::Income),
        accounting_type: None,
        payment_status: None,
        payment_fail_reason: None,
        accounting_status: AccountingStatus::None,
        accounting_fail_reason: None,
        notify_status: NotifyStatus::None,
        notify_fail_reason: None,
        payment_uid: None,
        channel: None,
    }
}

/// What `order/get` says.
enum Get {
    Same,
    Other,
    Missing,
    Rubbish,
    Outage,
}

fn reply(get: &Get) -> Reply {
    let answered = |answer| Ok(Answered { answer, evidence: "{}".to_owned() });
    let result = match get {
        Get::Same => answered(Answer::Payment(Box::new(payment(100_000_000)))),
        Get::Other => answered(Answer::Payment(Box::new(payment(99_000_000)))),
        Get::Missing => answered(Answer::Missing("no such order".to_owned())),
        Get::Rubbish => Err(Failure::retried(Cause::Untrustworthy, "rubbish")),
        Get::Outage => Err(Failure::retried(Cause::Timeout, "silence")),
    };
    let only_outages = matches!(get, Get::Outage);
    Reply { result, calls: 1, only_outages, is_cut: false, at: DateTime::UNIX_EPOCH }
}

/// Decides after sends that came to these, of which the last is the one asked about.
fn decided(sends: &[Setback], get: &Get) -> Option<Result<Placement, NotPlaced>> {
    let order = NewOrder::new(draft()).ok()?;
    let last = sends.last()?.clone();
    let doubt = sends.iter().rev().find(|it| it.is_ambiguous()).map(Setback::why);
    let unsent = |it: &Setback| matches!(it, Setback::Failed(it) if it.cause == Cause::Unreachable);
    let reply = reply(get);
    let unreachable = sends.iter().all(unsent) && reply.only_outages;
    Some(decide(&order, Course { last, doubt, unreachable }, reply))
}

fn word(placement: Option<&Result<Placement, NotPlaced>>) -> &'static str {
    match placement {
        Some(Ok(Placement::Placed(_))) => "placed",
        Some(Ok(Placement::Found { .. })) => "found",
        Some(Err(NotPlaced::Refused(_))) => "refused",
        Some(Err(NotPlaced::Declined(_))) => "declined",
        Some(Err(NotPlaced::Exists { unmade: Unmade::Declined(_), .. })) => "declined, exists",
        Some(Err(NotPlaced::Exists { unmade: Unmade::NotSent(_), .. })) => "not sent, exists",
        Some(Err(NotPlaced::Differs { unmade: Some(_), .. })) => "differs",
        Some(Err(NotPlaced::Differs { unmade: None, .. })) => "may differ",
        Some(Err(NotPlaced::Absent(_))) => "absent",
        Some(Err(NotPlaced::Unknown { .. })) => "unknown",
        Some(Err(NotPlaced::Unreachable(_))) => "unreachable",
        None => "no order",
    }
}

#[test]
fn order_get_decides_in_one_table() {
    let every = [Get::Same, Get::Other, Get::Missing, Get::Rubbish, Get::Outage];
    let ambiguous = [Cause::Broken, Cause::Timeout, Cause::Overload, Cause::Untrustworthy];
    let table = |sends: &[Setback]| {
        every.each_ref().map(|get| word(decided(sends, get).as_ref())).join(" | ")
    };
    for cause in ambiguous {
        let expected = "found | may differ | absent | unknown | unknown";
        assert_eq!(table(&[failed(cause)]), expected);
        // What came before the gateway said that there is none may still have been late.
        assert_eq!(table(&[failed(cause), failed(Cause::Unreachable)]), expected);
        let expected = "found | may differ | declined | unknown | unknown";
        assert_eq!(table(&[failed(cause), declined()]), expected);
    }
    let expected = "declined, exists | differs | declined | unknown | unknown";
    assert_eq!(table(&[declined()]), expected);
    assert_eq!(table(&[failed(Cause::Unreachable), declined()]), expected);
    let expected = "not sent, exists | differs | absent | unknown | unreachable";
    assert_eq!(table(&[failed(Cause::Unreachable)]), expected);
}

#[test]
fn only_what_the_gateway_gives_can_differ() {
    let order = NewOrder::new(draft()).ok();
    let differs = |payment: &Payment| order.as_ref().and_then(|it| it.differs_from(payment));
    assert_eq!(differs(&payment(100_000_000)), None);
    let silent = Payment { currency: None, transaction_type: None, ..payment(100_000_000) };
    assert_eq!(differs(&silent), None);
    let other = Payment {
        currency: Some("usd\u{1b}[2J".to_owned()),
        transaction_type: Some(TransactionType::Expense),
        ..payment(1)
    };
    let expected = "amount 0.000001, not 100.00; currency usd [2J, not inr; \
                    transaction type expense, not income";
    assert_eq!(differs(&other).as_deref(), Some(expected));
}
