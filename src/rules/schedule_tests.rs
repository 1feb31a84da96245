//! The schedule against a table, and against a second, plain reading of the contract.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::*;
use proptest::prelude::*;

const LAST: LastAnswer =
    LastAnswer { days_ago: 0, times_same: 0, is_settled: false, is_seen_otherwise: false };

/// The days after which an answer is asked for again, if it always stays the same.
fn waits(schedule: &Schedule, is_settled: bool) -> Vec<i64> {
    let is_due = |times_same, days_ago| {
        schedule.is_due(LastAnswer { days_ago, times_same, is_settled, ..LAST })
    };
    (0..9).map(|times_same| (0..400).find(|days| is_due(times_same, *days)).unwrap()).collect()
}

#[test]
fn the_defaults_are_the_contracts() {
    let schedule = Schedule::default();
    assert_eq!(waits(&schedule, true), [7; 9]);
    assert_eq!(waits(&schedule, false), [1, 1, 1, 2, 4, 7, 7, 7, 7]);
    assert_eq!(schedule.failed_payout_days, 45);
}

#[test]
fn an_order_that_is_seen_otherwise_is_due_at_once() {
    let schedule = Schedule::default();
    for (last, is_due) in [
        (LAST, false),
        (LastAnswer { is_seen_otherwise: true, ..LAST }, true),
        // The answer came tomorrow: a clock was wrong.
        (LastAnswer { days_ago: -1, ..LAST }, true),
        (LastAnswer { days_ago: 6, is_settled: true, ..LAST }, false),
        (LastAnswer { days_ago: 7, is_settled: true, ..LAST }, true),
        (LastAnswer { days_ago: 6, times_same: u32::MAX, ..LAST }, false),
        (LastAnswer { days_ago: 7, times_same: u32::MAX, ..LAST }, true),
    ] {
        assert_eq!(schedule.is_due(last), is_due, "{last:?}");
    }
}

#[test]
fn days_are_a_list_of_one_to_a_year() {
    let read = toml::from_str::<Schedule>;
    let schedule = read("settled_days = [30]\nunsettled_days = [1, 366]").unwrap();
    assert_eq!(waits(&schedule, true), [30; 9]);
    assert_eq!(waits(&schedule, false)[..3], [1, 366, 366]);
    for wrong in
        ["settled_days = []", "settled_days = [0]", "unsettled_days = [367]", "settled_days = 7"]
    {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

/// "As many calendar days have passed since its last answer as `[schedule]` says for an answer that
/// stayed the same k times in a row; the last number repeats."
fn plain_reading(days: &[u16], last: LastAnswer) -> bool {
    let mut repeated = days.to_vec();
    while repeated.len() <= usize::try_from(last.times_same).unwrap() {
        repeated.push(*days.last().unwrap());
    }
    let wait = i64::from(repeated[usize::try_from(last.times_same).unwrap()]);
    last.is_seen_otherwise || last.days_ago < 0 || last.days_ago >= wait
}

proptest! {
    #[test]
    fn the_schedule_is_as_the_contract_says(
        settled_days in proptest::collection::vec(1_u16..40, 1..8),
        unsettled_days in proptest::collection::vec(1_u16..40, 1..8),
        days_ago in -3_i64..50,
        times_same in 0_u32..12,
        is_settled: bool,
        is_seen_otherwise: bool,
    ) {
        let days = if is_settled { settled_days.clone() } else { unsettled_days.clone() };
        let schedule = Schedule { settled_days, unsettled_days, ..Schedule::default() };
        let last = LastAnswer { days_ago, times_same, is_settled, is_seen_otherwise };
        prop_assert_eq!(schedule.is_due(last), plain_reading(&days, last));
    }
}

#[test]
fn settled_is_final_without_a_finding() {
    const FINAL: [(&str, &str); 4] =
        [("completed", "accounted"), ("failed", "none"), ("reject", "none"), ("refund", "none")];
    for status in PaymentStatus::KNOWN.iter().chain(&["mystery"]) {
        for accounting in AccountingStatus::KNOWN {
            for direction in [None, Some("income"), Some("expense")] {
                for outcome in [Outcome::Matched, Outcome::InTransit, Outcome::Mismatched] {
                    let is_failed = ["failed", "reject"].contains(status);
                    let is_final = FINAL.iter().any(|(final_status, final_accounting)| {
                        status == final_status
                            && (*status != "completed" || accounting == final_accounting)
                    });
                    let expected = is_final
                        && outcome == Outcome::Matched
                        && !(is_failed && direction == Some("expense"));
                    let mut payment = payment();
                    payment.payment_status = Some(PaymentStatus::from_word(status));
                    payment.accounting_status = AccountingStatus::from_word(accounting);
                    payment.transaction_type = direction.map(TransactionType::from_word);
                    let answer = Answer::Payment(Box::new(payment));
                    let settled = is_settled(None, &answer, outcome);
                    assert_eq!(
                        settled, expected,
                        "{status} {accounting} {direction:?} {outcome:?}"
                    );
                }
            }
        }
    }
    assert!(!is_settled(None, &Answer::Missing("no order".to_owned()), Outcome::Matched));
}

fn payment() -> Payment {
    Payment {
        amount: crate::domain::amount::Amount::from_micros(1_000_000),
        final_amount: None,
        currency: None,
        transaction_type: None,
        accounting_type: None,
        payment_status: None,
        payment_fail_reason: None,
        accounting_status: AccountingStatus::None,
        accounting_fail_reason: None,
        notify_status: crate::domain::payment::NotifyStatus::None,
        notify_fail_reason: None,
        payment_uid: None,
        channel: None,
    }
}
