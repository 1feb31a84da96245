//! Mismatches: their kinds, severities and states, and an order's outcome (contract, "Words",
//! "Mismatches", "The report").

use super::amount::Amount;
use super::decision::Decision;
use super::order::{Entry, LedgerStatus, OrderKey, direction};
use super::payment::{Payment, Stage, TransactionType};
use super::text::Text;
use super::words::words;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;

/// Declares the table of kinds: word, usual severity and meaning.
macro_rules! kinds {
    ($($(#[$docs:meta])* $kind:ident = $word:literal, $severity:ident;)+) => {
        words! {
            /// What the ledger and the gateway can disagree on. An order has at most one mismatch
            /// of each kind (contract, the table of kinds).
            Kind {
                $($(#[$docs])* $kind = $word),+
            }
        }

        impl Kind {
            /// The severity, unless a rule sets another one for a special case (contract,
            /// "Mismatches").
            #[must_use]
            pub const fn usual_severity(self) -> Severity {
                match self {
                    $(Kind::$kind => Severity::$severity),+
                }
            }
        }
    };
}

kinds! {
    /// The final amount differs from the expected amount.
    FinalAmountDifference = "final_amount_difference", High;
    /// The payment is completed, but the gateway gives no final amount.
    FinalAmountMissing = "final_amount_missing", Medium;
    /// The gateway could not book the money.
    AccountingFailed = "accounting_failed", High;
    /// The payment was not completed within the gateway's time.
    Overdue = "overdue", Medium;
    /// The ledger's amount differs from the gateway's amount.
    LedgerAmountDifference = "ledger_amount_difference", High;
    /// The currencies differ.
    CurrencyDifference = "currency_difference", High;
    /// The statuses contradict each other.
    StatusDifference = "status_difference", High;
    /// The gateway says that it has no such order.
    MissingAtGateway = "missing_at_gateway", High;
    /// Several orders have the same `payment_uid`.
    DuplicatePayment = "duplicate_payment", High;
    /// Rows of the ledger contradict each other.
    LedgerConflict = "ledger_conflict", High;
    /// One ledger file has the order in more than one complete row.
    LedgerDuplicate = "ledger_duplicate", Medium;
    /// The transaction types or the accounting types differ.
    TypeDifference = "type_difference", Medium;
    /// The payment is completed, but the gateway has not booked it within the allowed time.
    AccountingPending = "accounting_pending", Medium;
    /// The payment has been open for too long.
    PendingTooLong = "pending_too_long", Medium;
    /// A status that the gateway's page does not list, or a ledger status that is not mapped.
    UnknownStatus = "unknown_status", Medium;
    /// The gateway could not notify the merchant.
    NotifyFailed = "notify_failed", Low;
    /// There is no trustworthy answer.
    Unverified = "unverified", High;
}

words! {
    /// How urgent a mismatch is, the most urgent first.
    Severity {
        /// Money or its direction is in doubt.
        High = "high",
        /// A person should look at it.
        Medium = "medium",
        /// For information.
        Low = "low",
    }
}

words! {
    /// The result for each selected order of a run (contract, "Words").
    Outcome {
        /// There is a trustworthy answer, the payment is finished, and there is no mismatch.
        Matched = "matched",
        /// No mismatch yet: the payment is not finished, or the order is too young.
        InTransit = "in_transit",
        /// At least one mismatch.
        Mismatched = "mismatched",
        /// There is no trustworthy answer.
        Unverified = "unverified",
    }
}

words! {
    /// The state of a mismatch at the time of a run's answer (contract, "The report").
    State {
        /// First seen on the run's day.
        New = "new",
        /// Seen before.
        Open = "open",
        /// Seen before, with another variance.
        Changed = "changed",
        /// Seen before, and resolved since.
        Reopened = "reopened",
        /// On so many orders at once that it is not believed yet (contract, "Mismatches": flood
        /// guard).
        Suspect = "suspect",
    }
}

words! {
    /// A change of a mismatch (contract, "Decisions": events).
    EventKind {
        /// First seen.
        Opened = "opened",
        /// Its variance has changed.
        Changed = "changed",
        /// A new trustworthy answer no longer shows it.
        Resolved = "resolved",
        /// Seen again after it was resolved.
        Reopened = "reopened",
        /// It was accepted, and is no longer.
        Lapsed = "lapsed",
    }
}

words! {
    /// Who deals with a mismatch (contract, "The report": `next_step`).
    NextStep {
        /// The gateway's support: quote the `payment_uid`, or the order id if there is none.
        Gateway = "gateway",
        /// The merchant's bookkeeping: correct the ledger.
        Bookkeeping = "bookkeeping",
        /// The operator of this program.
        Operator = "operator",
    }
}

impl Outcome {
    /// The number that the database stores for this outcome. 1 is the first outcome.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Outcome::Matched => 1,
            Outcome::InTransit => 2,
            Outcome::Mismatched => 3,
            Outcome::Unverified => 4,
        }
    }

    /// The outcome with this number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Outcome> {
        Outcome::ALL.iter().copied().find(|outcome| outcome.number() == number)
    }
}

/// One disagreement between the ledger and the gateway, or one failure that the gateway reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What kind of mismatch.
    pub kind: Kind,
    /// How urgent.
    pub severity: Severity,
    /// The signed difference in money, if the kind has one: the gateway's amount minus the expected
    /// amount.
    pub variance: Option<Amount>,
    /// The absolute variance, or the ledger's amount if there is no variance.
    pub at_risk: Amount,
    /// The currency of `variance` and `at_risk`, lower case.
    pub currency: String,
    /// One sentence with every figure, for people.
    pub reason: Text,
}

/// On how many orders a run newly found a kind of mismatch (contract, "Mismatches": flood guard).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Orders that did not have the kind before, and have it now.
    pub newly_found: u64,
    /// Selected orders that did not have the kind before.
    pub without: u64,
}

/// The share of each kind that a run newly found on an order.
pub type Shares = BTreeMap<Kind, Share>;

/// A change of one mismatch of an order, recorded by a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which mismatch of the order: there is one per kind.
    pub kind: Kind,
    /// What happened.
    pub event: EventKind,
    /// The time of the answer that showed the change, or the start of the run if there was no
    /// answer. Events are ordered by `at`, then by `run_id`.
    pub at: DateTime<Utc>,
    /// The run that recorded it.
    pub run_id: i64,
    /// The run's day, in the ledger's time zone. `opened`, where an earlier run had shown the
    /// mismatch as suspect: that run's day.
    pub day: NaiveDate,
    /// The variance after the event. `None` for `resolved`, and for kinds without a variance.
    pub variance: Option<Amount>,
    /// The day from which the age of the order counts, if the order had another mismatch that was
    /// open when this one was opened.
    pub since: Option<NaiveDate>,
    /// What the event changes of the decision: `opened` takes over what was said about the order's
    /// other mismatches, `reopened` shows the last note again.
    pub decision: Option<Decision>,
    /// What lapsed, as a sentence.
    pub why: Option<Text>,
}

/// A mismatch as one run reported it: everything in its row of the report (contract, "The report").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// The run.
    pub run_id: i64,
    /// Kind, severity and figures.
    pub mismatch: Mismatch,
    /// The state of the mismatch at the time of this run's answer.
    pub state: State,
    /// The order.
    pub key: OrderKey,
    /// The ledger entry that this run judged. `None` if no ledger has the order.
    pub entry: Option<Entry>,
    /// The payment that this run judged. `None` if it was missing or unverified.
    pub payment: Option<Payment>,
    /// The day of the run that saw the mismatch first, in the ledger's time zone.
    pub first_seen: NaiveDate,
    /// Days from `first_seen` to the run's day.
    pub open_days: i64,
    /// When the answer was received.
    pub last_verified: Option<DateTime<Utc>>,
    /// The id of the mismatch. It is the same in every run for an order and kind.
    pub mismatch_id: String,
    /// What finance says about it.
    pub decision: Decision,
}

impl ReportRow {
    /// Who deals with the mismatch (contract, "The report": `next_step`).
    #[must_use]
    pub fn next_step(&self) -> NextStep {
        if self.state == State::Suspect {
            return NextStep::Operator;
        }
        next_step(self.mismatch.kind, self.entry.as_ref(), self.payment.as_ref())
    }
}

/// Who deals with a mismatch of this kind (contract, "The report": `next_step`).
#[must_use]
pub fn next_step(kind: Kind, entry: Option<&Entry>, payment: Option<&Payment>) -> NextStep {
    let is_expense = || {
        let gateway = payment.and_then(|payment| payment.transaction_type.as_ref());
        direction(entry, gateway) == TransactionType::Expense
    };
    // The ledger says paid and the payment is open; the ledger says refunded; or the ledger says
    // failed for an expense.
    let gateway_explains_status = || {
        let stage = payment.and_then(|it| it.payment_status.as_ref()?.stage());
        match entry.and_then(|entry| entry.status.as_ref()) {
            Some(LedgerStatus::Paid) => stage == Some(Stage::Open),
            Some(LedgerStatus::Refunded) => true,
            Some(LedgerStatus::Failed) => is_expense(),
            _ => false,
        }
    };
    match kind {
        Kind::FinalAmountDifference
        | Kind::FinalAmountMissing
        | Kind::AccountingFailed
        | Kind::AccountingPending
        | Kind::DuplicatePayment
        | Kind::PendingTooLong => NextStep::Gateway,
        Kind::StatusDifference if gateway_explains_status() => NextStep::Gateway,
        Kind::Overdue if is_expense() => NextStep::Gateway,
        Kind::Overdue
        | Kind::StatusDifference
        | Kind::LedgerAmountDifference
        | Kind::LedgerConflict
        | Kind::LedgerDuplicate
        | Kind::CurrencyDifference
        | Kind::TypeDifference
        | Kind::MissingAtGateway => NextStep::Bookkeeping,
        Kind::UnknownStatus | Kind::NotifyFailed | Kind::Unverified => NextStep::Operator,
    }
}
