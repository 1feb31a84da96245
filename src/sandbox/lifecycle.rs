//! The lifecycle of an order (gateway page, "Payment status", "Accounting status"): the changes
//! that happen by themselves, and the effect of a tester's action on the checkout page. Pure: a
//! lifecycle is a list of changes with their times. The page gives no times: these are the
//! sandbox's own.

use super::order::Change;
use super::payment::field;
use std::time::Duration;

/// The time to pay a deposit; then it is overdue.
pub(super) const TIME_TO_PAY: Duration = Duration::from_mins(30);
/// From the payer's action to the completed payment.
pub(super) const TIME_TO_COMPLETE: Duration = Duration::from_secs(5);
/// From the completed payment to its accounting.
pub(super) const TIME_TO_ACCOUNT: Duration = Duration::from_mins(1);

/// The changes of an order that is created now, without any action. A deposit waits for its payer.
/// A payout is completed.
pub(super) fn initial_changes(now: Duration, is_deposit: bool, amount: &str) -> Vec<Change> {
    if is_deposit {
        return vec![status(now.saturating_add(TIME_TO_PAY), "overdue")];
    }
    let preparing = now.saturating_add(TIME_TO_COMPLETE);
    let processing = preparing.saturating_add(TIME_TO_COMPLETE);
    let mut changes = vec![status(preparing, "preparing"), status(processing, "processing")];
    changes.extend(completion(processing.saturating_add(TIME_TO_COMPLETE), amount));
    changes
}

/// The phase of a payment, by its status (gateway page, "Payment status").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not paid yet.
    Waiting,
    /// In progress.
    Processing,
    /// Succeeded.
    Completed,
    /// Failed, rejected, overdue or refunded.
    Over,
    /// A status that the page does not list.
    Unlisted,
}

impl Phase {
    /// The phase of this status.
    pub(super) fn of(payment_status: &str) -> Phase {
        match payment_status {
            "" | "none" | "pending" | "preparing" => Phase::Waiting,
            "processing" => Phase::Processing,
            "completed" => Phase::Completed,
            "failed" | "reject" | "overdue" | "refund" => Phase::Over,
            _ => Phase::Unlisted,
        }
    }

    /// Whether the payment has ended.
    pub(super) fn is_end(self) -> bool {
        matches!(self, Phase::Completed | Phase::Over)
    }

    /// Whether it can still fail.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Phase::Waiting | Phase::Processing)
    }
}

/// An action on an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// The payer opens the checkout page.
    Open,
    /// The payer pays this amount; of a payout, the payee receives it.
    Settle(String),
    /// The payment fails.
    Fail(String),
    /// The payment is rejected.
    Reject(String),
    /// The time to pay ends.
    Lapse,
    /// The accounting of a completed payment fails.
    FailAccounting(String),
    /// A completed payment is refunded.
    Refund,
}

/// The effect of an action on an order's scheduled changes.
#[derive(Debug)]
pub(super) enum Effect {
    /// No effect.
    Unchanged,
    /// These changes are added.
    Add(Vec<Change>),
    /// These changes replace the scheduled ones.
    Replace(Vec<Change>),
}

/// The effect of an action on an order with this payment status. An error says why the status does
/// not allow it.
pub(super) fn effect(
    now: Duration,
    payment_status: &str,
    action: &Action,
) -> Result<Effect, String> {
    let phase = Phase::of(payment_status);
    let replace = |changes| Ok(Effect::Replace(changes));
    match action {
        Action::Open if payment_status == "pending" => {
            Ok(Effect::Add(vec![status(now, "preparing")]))
        }
        Action::Open => Ok(Effect::Unchanged),
        Action::Settle(amount) if phase == Phase::Waiting => {
            let mut changes = vec![status(now, "processing")];
            changes.extend(completion(now.saturating_add(TIME_TO_COMPLETE), amount));
            replace(changes)
        }
        Action::Fail(reason) if phase.is_open() => replace(vec![ended(now, "failed", reason)]),
        Action::Reject(reason) if phase.is_open() => replace(vec![ended(now, "reject", reason)]),
        Action::Lapse if phase.is_open() => replace(vec![status(now, "overdue")]),
        Action::FailAccounting(reason) if phase == Phase::Completed => {
            let fields =
                vec![field("accounting_status", "failed"), field("accounting_fail_reason", reason)];
            replace(vec![Change { at: now, fields }])
        }
        Action::Refund if phase == Phase::Completed => Ok(Effect::Add(vec![status(now, "refund")])),
        _ => Err(format!("The payment is {payment_status}, which does not allow this action.")),
    }
}

/// The payment is completed with this amount, and accounted later.
fn completion(at: Duration, final_amount: &str) -> Vec<Change> {
    let completed = vec![
        field("payment_status", "completed"),
        field("final_amount", final_amount),
        field("accounting_status", "delivered"),
    ];
    let accounted = vec![field("accounting_status", "accounted")];
    vec![
        Change { at, fields: completed },
        Change { at: at.saturating_add(TIME_TO_ACCOUNT), fields: accounted },
    ]
}

fn status(at: Duration, payment_status: &str) -> Change {
    Change { at, fields: vec![field("payment_status", payment_status)] }
}

fn ended(at: Duration, payment_status: &str, reason: &str) -> Change {
    let mut change = status(at, payment_status);
    change.fields.push(field("payment_fail_reason", reason));
    change
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::order::Order;

    /// The order at these seconds: payment status, accounting status, final amount.
    fn statuses_at(order: &mut Order, seconds: &[u64]) -> Vec<String> {
        let look = |at: &u64| {
            order.apply_due(Duration::from_secs(*at));
            let text = |name| order.text(name).unwrap_or_default();
            let texts = ["payment_status", "accounting_status", "final_amount"].map(text);
            format!("{at} {}", texts.join(" ")).trim_end().to_owned()
        };
        seconds.iter().map(look).collect()
    }

    fn created(direction: &str) -> Order {
        let fields = [("transaction_type", direction), ("payment_status", "pending")];
        let fields = fields.map(|(name, text)| field(name, text)).to_vec();
        let later = initial_changes(Duration::ZERO, direction == "income", "100.00");
        Order { fields, later, ..Order::default() }
    }

    fn act(order: &mut Order, at: u64, action: &Action) -> Result<(), String> {
        let now = Duration::from_secs(at);
        order.apply_due(now);
        let status = order.text("payment_status").unwrap_or_default();
        match effect(now, &status, action)? {
            Effect::Unchanged => {}
            Effect::Add(changes) => order.later.splice(0..0, changes).for_each(drop),
            Effect::Replace(changes) => order.later = changes,
        }
        order.apply_due(now);
        Ok(())
    }

    #[test]
    fn a_deposit_is_overdue_unless_it_is_paid() {
        let mut order = created("income");
        assert_eq!(
            statuses_at(&mut order, &[0, 1799, 1800, 99_999]),
            ["0 pending", "1799 pending", "1800 overdue", "99999 overdue"]
        );
        let mut order = created("income");
        assert_eq!(act(&mut order, 60, &Action::Open), Ok(()));
        assert_eq!(statuses_at(&mut order, &[60]), ["60 preparing"]);
        assert_eq!(act(&mut order, 100, &Action::Settle("90.00".to_owned())), Ok(()));
        assert_eq!(
            statuses_at(&mut order, &[100, 104, 105, 164, 165, 99_999]),
            [
                "100 processing",
                "104 processing",
                "105 completed delivered 90.00",
                "164 completed delivered 90.00",
                "165 completed accounted 90.00",
                "99999 completed accounted 90.00",
            ]
        );
    }

    #[test]
    fn a_deposit_whose_page_is_opened_is_overdue_too() {
        let mut order = created("income");
        assert_eq!(act(&mut order, 60, &Action::Open), Ok(()));
        assert_eq!(statuses_at(&mut order, &[1799, 1800]), ["1799 preparing", "1800 overdue"]);
    }

    #[test]
    fn a_payout_is_completed_without_any_action() {
        assert_eq!(
            statuses_at(&mut created("expense"), &[0, 5, 10, 15, 75]),
            [
                "0 pending",
                "5 preparing",
                "10 processing",
                "15 completed delivered 100.00",
                "75 completed accounted 100.00",
            ]
        );
    }

    #[test]
    fn an_ended_payment_does_not_change() {
        for (end, status) in [
            (Action::Fail("no money".to_owned()), "failed"),
            (Action::Reject("no".to_owned()), "reject"),
            (Action::Lapse, "overdue"),
        ] {
            let mut order = created("income");
            assert_eq!(act(&mut order, 1, &end), Ok(()));
            assert_eq!(statuses_at(&mut order, &[99_999]), [format!("99999 {status}")]);
            for late in [Action::Settle("1.00".to_owned()), end, Action::Refund] {
                assert!(act(&mut order, 2, &late).is_err_and(|why| why.contains(status)));
            }
        }
    }

    #[test]
    fn a_completed_payment_can_be_refunded_or_fail_accounting() {
        let mut order = created("expense");
        assert!(act(&mut order, 1, &Action::Refund).is_err());
        assert_eq!(act(&mut order, 20, &Action::FailAccounting("closed".to_owned())), Ok(()));
        assert_eq!(statuses_at(&mut order, &[99_999]), ["99999 completed failed 100.00"]);
        assert_eq!(order.text("accounting_fail_reason").as_deref(), Some("closed"));
        let mut order = created("expense");
        assert_eq!(act(&mut order, 20, &Action::Refund), Ok(()));
        assert_eq!(
            statuses_at(&mut order, &[20, 75]),
            ["20 refund delivered 100.00", "75 refund accounted 100.00"]
        );
    }
}
