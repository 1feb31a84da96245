use super::super::new_order::tests::draft;
use super::*;
use crate::domain::amount::Amount;
use crate::domain::payment::{AccountingStatus, AccountingType, NotifyStatus, TransactionType};
use crate::gateway::{Accounts, Draft};

fn failed(cause: Cause) -> SendFailure {
    SendFailure::Failed(CallFailure::retried(cause, "it failed"))
}

fn declined() -> SendFailure {
    SendFailure::Declined { why: "no".to_owned(), refuses_credentials: false, may_exist: false }
}

fn duplicate() -> SendFailure {
    SendFailure::Declined {
        why: "duplicate".to_owned(),
        refuses_credentials: false,
        may_exist: true,
    }
}

fn refused() -> SendFailure {
    SendFailure::Declined {
        why: "invalid key".to_owned(),
        refuses_credentials: true,
        may_exist: false,
    }
}

fn unclear() -> SendFailure {
    SendFailure::Unclear("it was created".to_owned())
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

fn answered(payment: Payment, evidence: &str) -> Answered {
    Answered { answer: Answer::Payment(Box::new(payment)), evidence: evidence.to_owned() }
}

/// The answer to `order/get`.
#[derive(Clone, Copy)]
enum Get {
    Same,
    Other,
    Missing,
    Rubbish,
    Outage,
    Refused,
}

fn answer(get: Get) -> Result<Answered, CallFailure> {
    match get {
        Get::Same => Ok(answered(payment(100_000_000), "{}")),
        Get::Other => Ok(answered(payment(99_000_000), "{}")),
        Get::Missing => {
            Ok(Answered { answer: Answer::Missing("none".to_owned()), evidence: "none".to_owned() })
        }
        Get::Rubbish => Err(CallFailure::retried(Cause::Untrustworthy, "rubbish")),
        Get::Outage => Err(CallFailure::retried(Cause::Timeout, "silence")),
        Get::Refused => Err(CallFailure::is_final(Cause::Refused, "invalid key")),
    }
}

fn word(placement: &Result<Creation, NotCreated>) -> &'static str {
    match placement {
        Ok(Creation::Confirmed(_)) => "created",
        Ok(Creation::Found { .. }) => "found",
        Err(NotCreated::Refused(_)) => "refused",
        Err(NotCreated::Declined(_)) => "declined",
        Err(NotCreated::Exists { differences: Some(_), .. }) => "differs",
        Err(NotCreated::Exists { sent: true, .. }) => "exists",
        Err(NotCreated::Exists { sent: false, .. }) => "not sent, exists",
        Err(NotCreated::Absent { only_outages: true, .. }) => "absent",
        Err(NotCreated::Absent { only_outages: false, .. }) => "absent after rubbish",
        Err(NotCreated::Unknown { .. }) => "unknown",
        Err(NotCreated::Unreachable(_)) => "unreachable",
    }
}

/// The result of these failed sends, for each answer to `order/get` after them.
fn table(sends: &[SendFailure]) -> String {
    let every =
        [Get::Same, Get::Other, Get::Missing, Get::Rubbish, Get::Outage, Get::Refused].into_iter();
    let Ok(order) = NewOrder::new(draft()) else { return String::new() };
    every.map(|get| word(&decide(&order, sends, answer(get)))).collect::<Vec<_>>().join(" | ")
}

#[test]
fn order_get_decides_in_one_table() {
    let unreachable = || failed(Cause::Unreachable);
    for cause in [Cause::Broken, Cause::Timeout, Cause::Overload, Cause::Untrustworthy] {
        let absent = if cause.is_outage() { "absent" } else { "absent after rubbish" };
        let expected = format!("found | differs | {absent} | unknown | unknown | unknown");
        assert_eq!(table(&[failed(cause)]), expected);
        // An earlier send can arrive after the gateway has said that there is no such order.
        assert_eq!(table(&[failed(cause), unreachable()]), expected);
        assert_eq!(table(&[failed(cause), failed(Cause::Broken)]), expected);
        // Then saying so a second time proves nothing either.
        let expected = "found | differs | unknown | unknown | unknown | unknown";
        for last in [declined(), duplicate(), refused(), unclear()] {
            assert_eq!(table(&[failed(cause), last]), expected);
        }
    }
    assert_eq!(table(&[unclear()]), "found | differs | unknown | unknown | unknown | unknown");
    for before in [vec![], vec![unreachable()]] {
        let after = |last| table(&[&before[..], &[last]].concat());
        let expected = "exists | differs | declined | unknown | unknown | unknown";
        assert_eq!(after(declined()), expected);
        let expected = "exists | differs | unknown | unknown | unknown | unknown";
        assert_eq!(after(duplicate()), expected);
        let expected = "exists | differs | declined | unknown | unknown | refused";
        assert_eq!(after(refused()), expected);
        let expected = "not sent, exists | differs | absent | unknown | unreachable | refused";
        assert_eq!(after(unreachable()), expected);
    }
}

#[test]
fn every_failure_is_described_in_order() {
    for (sends, expected) in [
        (vec![declined()], "no"),
        (vec![failed(Cause::Broken), failed(Cause::Broken)], "it failed"),
        (vec![failed(Cause::Broken), declined()], "first it failed, then no"),
        (
            vec![failed(Cause::Broken), failed(Cause::Broken), unclear()],
            "first it failed, then it was created",
        ),
    ] {
        assert_eq!(describe(&sends), expected);
    }
}

fn differs(accounts: &str, payment: Payment, evidence: &str) -> Option<String> {
    let accounts = Accounts::parse(accounts.as_bytes()).ok()?;
    let order = NewOrder::new(Draft { accounts, ..draft() }).ok()?;
    order.differs_from(&answered(payment, evidence))
}

#[test]
fn only_fields_of_the_answer_can_differ() {
    assert_eq!(differs("{}", payment(100_000_000), "{}"), None);
    let silent = Payment { currency: None, transaction_type: None, ..payment(100_000_000) };
    assert_eq!(differs("{}", silent, "{}"), None);
    let receipt = Some(AccountingType::from_any_word("receipt"));
    let other_word = Payment { accounting_type: receipt, ..payment(100_000_000) };
    assert_eq!(differs("{}", other_word, r#"{"payment":"India"}"#), None);
    let other = Payment {
        currency: Some("usd\u{1b}[2J".to_owned()),
        transaction_type: Some(TransactionType::Expense),
        accounting_type: Some(AccountingType::Recharge),
        ..payment(1)
    };
    let expected = "amount 0.000001, not 100.00; currency usd [2j, not inr; \
                    transaction type expense, not income; \
                    accounting type recharge, not receive; payment method upi, not india";
    assert_eq!(differs("{}", other, r#"{"payment":"upi"}"#).as_deref(), Some(expected));
}

#[test]
fn a_different_account_is_named_without_its_digits() {
    let sent = r#"{"to":"6660006666987","from":"77","to_name":"India Rao"}"#;
    for (evidence, expected) in [
        (r#"{"to":"6660006666987","from":"77"}"#, None),
        (r#"{"to":"…6987","from":null}"#, None),
        (r#"{"to":"","payment":"********"}"#, None),
        (r#"{"to":77,"from":77}"#, Some("the payee's account differs")),
        (
            r#"{"to":"…6988","from":"…0077"}"#,
            Some("the payee's account differs; the payer's account differs"),
        ),
        (r#"{"to":"…"}"#, Some("the payee's account differs")),
        (r#"{"payment":"6660006666987"}"#, Some("payment method ********, not india")),
        (r#"{"payment":true}"#, Some("the payment method is not a text")),
        ("", Some("the stored answer cannot be parsed")),
    ] {
        let differences = differs(sent, payment(100_000_000), evidence);
        assert_eq!(differences.as_deref(), expected, "{evidence}");
    }
    // A parameter that was not sent is not compared.
    assert_eq!(differs("{}", payment(100_000_000), r#"{"to":"…6988","from":"1"}"#), None);
}
