//! The rules. Input: an order's ledger entry, the gateway's answer, the merchant's policy and a
//! time. Output: mismatches and an outcome (contract, "Mismatches"). Pure: no I/O, no clock.
//!
//! Each kind has one function, and one table lists them. The functions are in `ledger`, `money`,
//! `status` and `booking`, by the fields that they compare.
//! [`place`] counts an order once in the money of a run, and [`causes`] names what findings have in
//! common.

mod booking;
pub mod causes;
pub mod deciding;
pub mod flood;
mod ledger;
pub mod lifecycle;
mod money;
mod place;
mod policy;
pub mod schedule;
mod status;

pub use place::{Counted, moved, place};
pub use policy::{Accept, Due, Fee, Policy, Refunds, Tolerance};

use crate::domain::amount::Amount;
use crate::domain::mismatch::{Kind, Mismatch, Outcome, Severity};
use crate::domain::order::{Entry, LedgerStatus, direction};
use crate::domain::payment::{AccountingStatus, Answer, Asked, Payment, Stage, TransactionType};
use crate::domain::text::{self, Text};
use chrono::{DateTime, TimeDelta, Utc};

/// An order to judge, with everything that the rules use.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The ledger entry. `None` if no ledger has the order.
    pub entry: Option<&'a Entry>,
    /// The result of querying the gateway.
    pub asked: &'a Asked,
    /// Other orders of this merchant with the same `payment_uid`.
    pub shared_with: &'a [String],
    /// Whether this is the earliest of the orders with the same `payment_uid`.
    pub is_first_of_payment: bool,
    /// Open mismatches of the order from earlier runs. They stay in the report while there is no
    /// answer (contract, the kind `unverified`).
    pub still_open: &'a [Mismatch],
    /// Whether this run is the first to have an answer with this `payment_status`, and an earlier
    /// answer had another one. The ledger's export may be older than that.
    pub is_new_status: bool,
    /// When the ledger was first read with its present status: the start of that run. `None` if
    /// unknown. Only the rule for refunds uses it.
    pub ledger_status_since: Option<DateTime<Utc>>,
    /// The start of the run. The age of the order is counted up to this time.
    pub now: DateTime<Utc>,
}

/// The result of judging an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The outcome of the order.
    pub outcome: Outcome,
    /// The mismatches found: at most one per kind, in the contract's order.
    pub mismatches: Vec<Mismatch>,
    /// The mismatches of `still_open` that could not be checked, because there is no answer. They
    /// are reported as the earlier answer showed them.
    pub kept: Vec<Mismatch>,
    /// Kinds that `[policy] ignore` leaves out, although the rules found them: nothing is reported
    /// of them, but they are not resolved either.
    pub ignored: Vec<Kind>,
    /// `final_amount` minus the expected amount, for a completed order with a `final_amount`. It is
    /// for the totals, so tolerances do not apply.
    pub variance: Option<Amount>,
}

/// The result of one rule for one order.
enum Ruling {
    /// Nothing to report.
    Nothing,
    /// Nothing to report yet: the order, or what is known of it, is too young.
    Wait,
    /// A mismatch.
    Report(Finding),
}

/// A mismatch that a rule found.
struct Finding {
    /// The severity, if it is not the usual severity of the kind.
    severity: Option<Severity>,
    variance: Option<Variance>,
    reason: String,
}

/// A difference in money, with its currency.
struct Variance {
    amount: Amount,
    currency: String,
}

/// The function of one kind.
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
    let mut ignored = Vec::new();
    for (kind, rule) in RULES {
        let is_ignored = policy.ignore.contains(kind);
        match rule(case, policy) {
            Ruling::Nothing => {}
            Ruling::Wait => waits |= !is_ignored,
            Ruling::Report(_) if is_ignored => ignored.push(*kind),
            Ruling::Report(mut finding) => {
                finding.severity = case.severity_if_unpaid(*kind, policy).or(finding.severity);
                mismatches.push(case.mismatch(*kind, finding));
            }
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
    let variance = money::settled_variance(case, policy);
    Judgement { outcome, mismatches, kept, ignored, variance }
}

/// The currency of the gateway's amounts, in lower case and cleaned for people: the gateway's
/// currency, or the ledger's if the gateway gives none.
#[must_use]
pub fn gateway_currency(entry: Option<&Entry>, payment: Option<&Payment>) -> String {
    let gateway = payment.and_then(|payment| payment.currency.as_deref());
    let ledger = entry.map(|entry| entry.currency.as_str());
    word(&gateway.or(ledger).unwrap_or_default().to_lowercase())
}

impl<'a> Case<'a> {
    /// The gateway's payment, if the gateway has the order.
    fn payment(&self) -> Option<&'a Payment> {
        match self.asked {
            Asked::Answered(Answer::Payment(payment)) => Some(payment),
            _ => None,
        }
    }

    /// The group of the payment's status, if the gateway's page lists the status.
    fn stage(&self) -> Option<Stage> {
        self.payment()?.payment_status.as_ref()?.stage()
    }

    /// The age of the order. `None` if no ledger has the order.
    fn age(&self) -> Option<TimeDelta> {
        Some(self.now - self.entry?.created_at.ages_from)
    }

    /// Whether the order is older than the limit. False if the age is exactly the limit, true if
    /// the age is unknown.
    fn is_older_than(&self, limit: TimeDelta) -> bool {
        self.age().is_none_or(|age| age > limit)
    }

    /// As [`Case::is_older_than`], for a limit of something that banks do: hours on days on which
    /// they are closed do not count.
    fn is_older_in_bank_time(&self, limit: TimeDelta, policy: &Policy) -> bool {
        self.entry.is_none_or(|entry| {
            let span = (entry.created_at.ages_from, self.now);
            policy.bank_closed.has_passed(limit, span, policy.zone)
        })
    }

    /// Whether a payment that is still open is older than `settle_within_hours`. Banks carry out
    /// an expense.
    fn is_older_than_settling(&self, policy: &Policy) -> bool {
        if self.direction() == TransactionType::Expense {
            self.is_older_in_bank_time(policy.settle_within(), policy)
        } else {
            self.is_older_than(policy.settle_within())
        }
    }

    /// The severity of this kind on an income that nobody has paid, if the policy sets one.
    fn severity_if_unpaid(&self, kind: Kind, policy: &Policy) -> Option<Severity> {
        let of_carts = matches!(
            kind,
            Kind::Overdue | Kind::StatusDifference | Kind::PendingTooLong | Kind::MissingAtGateway
        );
        let is_unpaid = self.direction() == TransactionType::Income
            && self.ledger_status() == Some(&LedgerStatus::Pending)
            && match self.payment() {
                Some(_) => matches!(self.stage(), Some(Stage::Open | Stage::Closed)),
                None => true,
            };
        policy.unpaid_carts.filter(|_| of_carts && is_unpaid)
    }

    /// The age of the order in words, such as "26 hours".
    fn age_in_words(&self) -> String {
        self.age().map_or_else(|| "an unknown time".to_owned(), in_words)
    }

    /// The ledger's status of the order.
    fn ledger_status(&self) -> Option<&'a LedgerStatus> {
        self.entry?.status.as_ref()
    }

    fn direction(&self) -> TransactionType {
        let gateway = self.payment().and_then(|payment| payment.transaction_type.as_ref());
        direction(self.entry, gateway)
    }

    /// The currency of the gateway's amounts, cleaned for people.
    fn gateway_currency(&self) -> String {
        gateway_currency(self.entry, self.payment())
    }

    /// Whether both sides have a currency and the currencies differ, ignoring case. The original
    /// texts are compared: cleaned texts may hide the difference.
    fn currencies_differ(&self) -> bool {
        let gateway = self.payment().and_then(|payment| payment.currency.as_deref());
        let ledger = self.entry.map(|entry| entry.currency.as_str());
        match (ledger, gateway) {
            (Some(ledger), Some(gateway)) => ledger.to_lowercase() != gateway.to_lowercase(),
            _ => false,
        }
    }

    /// The amount and currency of the order as text: "500.00 inr".
    fn ordered(&self) -> String {
        let (amount, currency) = self.order_amount();
        format!("{amount} {}", word(&currency))
    }

    /// The amount and currency of the order: from the ledger, or from the gateway if no ledger has
    /// the order.
    fn order_amount(&self) -> (Amount, String) {
        match (self.entry, self.payment()) {
            (Some(entry), _) => (entry.amount, entry.currency.clone()),
            (None, Some(payment)) => (payment.amount, self.gateway_currency()),
            (None, None) => (Amount::ZERO, String::new()),
        }
    }

    /// Whether the gateway has finished processing the order.
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
    /// A finding with the usual severity of the kind.
    fn report(reason: String) -> Ruling {
        Ruling::Report(Finding { severity: None, variance: None, reason })
    }

    /// A finding with a variance.
    fn report_variance(variance: Variance, reason: String) -> Ruling {
        Ruling::Report(Finding { severity: None, variance: Some(variance), reason })
    }

    /// The finding with this severity, if the condition is true.
    fn with_severity_if(self, holds: bool, severity: Severity) -> Ruling {
        match self {
            Ruling::Report(finding) if holds => {
                Ruling::Report(Finding { severity: Some(severity), ..finding })
            }
            other => other,
        }
    }
}

/// ` The gateway says: "…".`, or nothing if the gateway gives no reason.
fn gateway_says(reason: Option<&String>) -> String {
    reason
        .map(|reason| text::clean(reason))
        .filter(|reason| !reason.is_empty())
        .map(|reason| format!(" The gateway says: \"{reason}\"."))
        .unwrap_or_default()
}

/// A word from outside, cleaned for people. `""` if no printable character is left.
fn word(foreign: &str) -> String {
    let word = text::clean(foreign);
    if word.is_empty() { "\"\"".to_owned() } else { word }
}

/// A limit in words, such as "limit 24 hours".
fn limit_in_words(hours: u32, in_bank_time: bool, policy: &Policy) -> String {
    let of_banks = if in_bank_time && !policy.bank_closed.is_empty() {
        " on days on which banks are open"
    } else {
        ""
    };
    format!("limit {}{of_banks}", plural(hours, "hour"))
}

/// An age in words: minutes below two hours, hours below two days, then days.
fn in_words(age: TimeDelta) -> String {
    match (age.num_minutes(), age.num_hours(), age.num_days()) {
        (minutes, ..) if minutes < 120 => plural(minutes, "minute"),
        (_, hours, _) if hours < 48 => plural(hours, "hour"),
        (_, _, days) => plural(days, "day"),
    }
}

/// A count with its unit: "1 hour", "24 hours".
fn plural(count: impl Into<i64>, unit: &str) -> String {
    match count.into() {
        1 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    }
}
