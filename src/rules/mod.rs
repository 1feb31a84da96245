//! The rules: what the ledger says, what the gateway answered, the merchant's policy and a time,
//! to mismatches and an outcome (contract, "Mismatches"). Pure: no I/O, no clock.
//!
//! One function a kind, and one table of them. A kind's function is in `ledger`, `money`, `status`
//! or `booking`, by what it looks at.

mod booking;
mod ledger;
pub mod lifecycle;
mod money;
mod policy;
mod status;

pub use policy::{Fee, Policy, Refunds, Tolerance};

use crate::domain::amount::Amount;
use crate::domain::mismatch::{Kind, Mismatch, Outcome, Severity};
use crate::domain::order::{Entry, LedgerStatus};
use crate::domain::payment::{
    AccountingStatus, Answer, Asked, Payment, Stage, TransactionType, direction,
};
use crate::domain::text::{self, Text};
use chrono::{DateTime, TimeDelta, Utc};

/// One order to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What the ledger says; none if no ledger has the order.
    pub entry: Option<&'a Entry>,
    /// What came of asking the gateway.
    pub asked: &'a Asked,
    /// Other orders of this merchant that the same `payment_uid` answers for.
    pub shared_with: &'a [String],
    /// The order's open mismatches of earlier runs. They keep their rows while there is no answer
    /// (contract, the kind `unverified`).
    pub still_open: &'a [Mismatch],
    /// The run's start: ages run up to it.
    pub now: DateTime<Utc>,
}

/// How an order ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Its one outcome.
    pub outcome: Outcome,
    /// What was found, at most one a kind, in the contract's order.
    pub mismatches: Vec<Mismatch>,
    /// Those of `still_open` that nothing was found of, because there is no answer: reported as
    /// the earlier answer showed them.
    pub kept: Vec<Mismatch>,
    /// `final_amount` less what was expected, of a completed order that gives one: for the totals,
    /// whatever is tolerated.
    pub variance: Option<Amount>,
}

/// What one rule says of one order.
enum Ruling {
    /// Nothing to report.
    Nothing,
    /// Nothing yet: the order is too young to tell.
    Wait,
    /// This.
    Report(Finding),
}

/// What a rule reports.
struct Finding {
    /// Where it is not the kind's usual one.
    severity: Option<Severity>,
    variance: Option<Variance>,
    reason: String,
}

/// A money difference with its currency.
struct Variance {
    amount: Amount,
    currency: String,
}

/// What one kind's function looks like.
type Rule = fn(&Case, &Policy) -> Ruling;

/// The table of kinds.
const RULES: &[(Kind, Rule)] = &[
    (Kind::FinalAmountDifference, money::final_amount_difference),
    (Kind::FinalAmountMissing, money::final_amount_missing),
    (Kind::AccountingFailed, booking::accounting_failed),
    (Kind::Overdue, status::overdue),
    (Kind::LedgerAmountDifference, money::ledger_amount_difference),
    (Kind::CurrencyDifference, money::currency_difference),
    (Kind::StatusDifference, status::status_difference),
    (Kind::MissingAtGateway, status::missing_at_gateway),
    (Kind::DuplicatePayment, booking::duplicate_payment),
    (Kind::LedgerConflict, ledger::ledger_conflict),
    (Kind::LedgerDuplicate, ledger::ledger_duplicate),
    (Kind::TypeDifference, ledger::type_difference),
    (Kind::AccountingPending, booking::accounting_pending),
    (Kind::PendingTooLong, status::pending_too_long),
    (Kind::UnknownStatus, status::unknown_status),
    (Kind::NotifyFailed, booking::notify_failed),
    (Kind::Unverified, status::unverified),
];

/// Judges one order.
#[must_use]
pub fn judge(case: &Case, policy: &Policy) -> Judgement {
    let mut mismatches = Vec::new();
    let mut waits = false;
    for (kind, rule) in RULES {
        if policy.ignore.contains(kind) {
            continue;
        }
        match rule(case, policy) {
            Ruling::Nothing => {}
            Ruling::Wait => waits = true,
            Ruling::Report(finding) => mismatches.push(case.mismatch(*kind, finding)),
        }
    }
    let is_unverified = matches!(case.asked, Asked::Unverified { .. });
    let is_kept = |open: &&Mismatch| {
        open.kind != Kind::Unverified
            && !policy.ignore.contains(&open.kind)
            && mismatches.iter().all(|found| found.kind != open.kind)
    };
    let kept = case.still_open.iter().filter(|_| is_unverified).filter(is_kept).cloned().collect();
    let outcome = if is_unverified {
        Outcome::Unverified
    } else if !mismatches.is_empty() {
        Outcome::Mismatched
    } else if waits || !case.is_finished() {
        Outcome::InTransit
    } else {
        Outcome::Matched
    };
    Judgement { outcome, mismatches, kept, variance: money::settled_variance(case, policy) }
}

/// The currency of the gateway's figures, lower case and fit to print: its own, where it gives
/// one, else the ledger's.
#[must_use]
pub fn gateway_currency(entry: Option<&Entry>, payment: Option<&Payment>) -> String {
    let gateway = payment.and_then(|payment| payment.currency.as_deref());
    let ledger = entry.map(|entry| entry.currency.as_str());
    word(&gateway.or(ledger).unwrap_or_default().to_lowercase())
}

impl<'a> Case<'a> {
    /// The gateway's payment, where it knows the order.
    fn payment(&self) -> Option<&'a Payment> {
        match self.asked {
            Asked::Answered(Answer::Payment(payment)) => Some(payment),
            _ => None,
        }
    }

    /// The payment's group, where its status is one that the page lists.
    fn stage(&self) -> Option<Stage> {
        self.payment()?.payment_status.as_ref()?.stage()
    }

    /// How old the order is; none if no ledger says when it was made.
    fn age(&self) -> Option<TimeDelta> {
        Some(self.now - self.entry?.created_at.ages_from)
    }

    /// Older than that: at exactly that age it is not. An order of unknown age is.
    fn is_older_than(&self, limit: TimeDelta) -> bool {
        self.age().is_none_or(|age| age > limit)
    }

    /// "26 hours", of the order's age.
    fn age_in_words(&self) -> String {
        self.age().map_or_else(|| "an unknown time".to_owned(), in_words)
    }

    /// What the ledger says became of the order.
    fn ledger_status(&self) -> Option<&'a LedgerStatus> {
        self.entry?.status.as_ref()
    }

    fn direction(&self) -> TransactionType {
        direction(self.entry, self.payment())
    }

    /// The currency of the gateway's figures, fit for people: its own, if it gives one.
    fn gateway_currency(&self) -> String {
        gateway_currency(self.entry, self.payment())
    }

    /// Both sides name a currency and they differ (case apart). Compared are the original texts:
    /// what makes a text fit for people may hide the difference.
    fn currencies_differ(&self) -> bool {
        let gateway = self.payment().and_then(|payment| payment.currency.as_deref());
        let ledger = self.entry.map(|entry| entry.currency.as_str());
        match (ledger, gateway) {
            (Some(ledger), Some(gateway)) => ledger.to_lowercase() != gateway.to_lowercase(),
            _ => false,
        }
    }

    /// The order's amount and currency, from the ledger if it has the order: "500.00 inr".
    fn ordered(&self) -> String {
        let (amount, currency) = self.order_amount();
        format!("{amount} {}", word(&currency))
    }

    /// The order's amount and its currency: the ledger's, else the gateway's.
    fn order_amount(&self) -> (Amount, String) {
        match (self.entry, self.payment()) {
            (Some(entry), _) => (entry.amount, entry.currency.clone()),
            (None, Some(payment)) => (payment.amount, self.gateway_currency()),
            (None, None) => (Amount::ZERO, String::new()),
        }
    }

    /// Whether the gateway has nothing left to do with the order.
    fn is_finished(&self) -> bool {
        let Some(payment) = self.payment() else { return true };
        match self.stage() {
            Some(Stage::Completed) => matches!(
                payment.accounting_status,
                AccountingStatus::Accounted | AccountingStatus::Failed
            ),
            Some(Stage::Closed | Stage::Refund) => true,
            Some(Stage::Open) | None => false,
        }
    }

    fn mismatch(&self, kind: Kind, finding: Finding) -> Mismatch {
        let (variance, at_risk, currency) =
            if let Some(Variance { amount, currency }) = finding.variance {
                (Some(amount), amount.abs(), currency)
            } else {
                let (amount, currency) = self.order_amount();
                (None, amount, currency)
            };
        Mismatch {
            kind,
            severity: finding.severity.unwrap_or(kind.usual_severity()),
            variance,
            at_risk,
            currency,
            reason: Text::own(&finding.reason),
        }
    }
}

impl Ruling {
    /// A finding of the kind's usual severity.
    fn report(reason: String) -> Ruling {
        Ruling::Report(Finding { severity: None, variance: None, reason })
    }

    /// The same with a money difference.
    fn report_variance(variance: Variance, reason: String) -> Ruling {
        Ruling::Report(Finding { severity: None, variance: Some(variance), reason })
    }

    /// The same finding with this severity, if the condition holds.
    fn with_severity_if(self, holds: bool, severity: Severity) -> Ruling {
        match self {
            Ruling::Report(finding) if holds => {
                Ruling::Report(Finding { severity: Some(severity), ..finding })
            }
            other => other,
        }
    }
}

/// ` The gateway says: "…".`, where it gives a reason.
fn gateway_says(reason: Option<&String>) -> String {
    reason
        .map(|reason| text::clean(reason))
        .filter(|reason| !reason.is_empty())
        .map(|reason| format!(" The gateway says: \"{reason}\"."))
        .unwrap_or_default()
}

/// Somebody else's word, fit for people; `""` where nothing of it is.
fn word(given: &str) -> String {
    let word = text::clean(given);
    if word.is_empty() { "\"\"".to_owned() } else { word }
}

/// An age in words: minutes below two hours, hours below two days, then days.
fn in_words(age: TimeDelta) -> String {
    match (age.num_minutes(), age.num_hours(), age.num_days()) {
        (minutes, ..) if minutes < 120 => plural(minutes, "minute"),
        (_, hours, _) if hours < 48 => plural(hours, "hour"),
        (_, _, days) => plural(days, "day"),
    }
}

/// "1 hour", "24 hours".
fn plural(count: impl Into<i64>, unit: &str) -> String {
    match count.into() {
        1 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    }
}
