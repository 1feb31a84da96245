//! Mismatches: their kinds, severities and states, and an order's outcome (contract, "Words",
//! "Mismatches", "The report").

use super::amount::Amount;
use super::order::{Entry, LedgerStatus, OrderKey, direction};
use super::payment::{Payment, Stage, TransactionType};
use super::text::Text;
use chrono::{DateTime, NaiveDate, Utc};
use std::fmt;

/// Declares a closed vocabulary of the contract.
macro_rules! words {
    ($(#[$docs:meta])* $name:ident {
        $($(#[$word_docs:meta])* $variant:ident = $word:literal),+ $(,)?
    }) => {
        $(#[$docs])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$word_docs])* $variant),+
        }

        impl $name {
            /// All of them, in the contract's order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The contract's word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word),+
                }
            }

            /// The one with this word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(self.as_str())
            }
        }
    };
}

/// Declares the table of kinds: each with its word, its usual severity and what it means.
macro_rules! kinds {
    ($($(#[$docs:meta])* $kind:ident = $word:literal, $severity:ident;)+) => {
        words! {
            /// What two sides can disagree on; at most one of each an order (contract, the table
            /// of kinds).
            Kind {
                $($(#[$docs])* $kind = $word),+
            }
        }

        impl Kind {
            /// How urgent it is as a rule. Some are more or less urgent in some cases: a rule says
            /// so where it does (contract, "Mismatches").
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
    /// The money that moved is not the money that was ordered.
    FinalAmountDifference = "final_amount_difference", High;
    /// Completed, and the gateway does not say how much moved.
    FinalAmountMissing = "final_amount_missing", Medium;
    /// The gateway could not book the money.
    AccountingFailed = "accounting_failed", High;
    /// Not completed within the allowed time.
    Overdue = "overdue", Medium;
    /// The two sides name different amounts.
    LedgerAmountDifference = "ledger_amount_difference", High;
    /// The two sides name different currencies.
    CurrencyDifference = "currency_difference", High;
    /// The two sides disagree on what became of the order.
    StatusDifference = "status_difference", High;
    /// The gateway says that it has no such order.
    MissingAtGateway = "missing_at_gateway", High;
    /// One payment answers for several orders.
    DuplicatePayment = "duplicate_payment", High;
    /// The ledger contradicts itself.
    LedgerConflict = "ledger_conflict", High;
    /// The ledger gives the order twice in full.
    LedgerDuplicate = "ledger_duplicate", Medium;
    /// The two sides name different types.
    TypeDifference = "type_difference", Medium;
    /// Paid long ago, and still not booked by the gateway.
    AccountingPending = "accounting_pending", Medium;
    /// Open for too long.
    PendingTooLong = "pending_too_long", Medium;
    /// A status that the gateway's page does not list.
    UnknownStatus = "unknown_status", Medium;
    /// The gateway could not notify the merchant.
    NotifyFailed = "notify_failed", Low;
    /// No trustworthy answer.
    Unverified = "unverified", High;
}

words! {
    /// How urgent a mismatch is; the first is the most urgent.
    Severity {
        /// Money or its direction is in doubt.
        High = "high",
        /// Somebody should look.
        Medium = "medium",
        /// Good to know.
        Low = "low",
    }
}

words! {
    /// How every selected order of a run ends (contract, "Words").
    Outcome {
        /// A trustworthy answer, finished, and nothing to report.
        Matched = "matched",
        /// Nothing to report yet.
        InTransit = "in_transit",
        /// At least one mismatch.
        Mismatched = "mismatched",
        /// No trustworthy answer.
        Unverified = "unverified",
    }
}

words! {
    /// Where a mismatch is in its life, as of the time a run asked (contract, "The report").
    State {
        /// First seen on the run's day.
        New = "new",
        /// Seen before.
        Open = "open",
        /// Seen before with another variance.
        Changed = "changed",
        /// Seen before, and resolved in between.
        Reopened = "reopened",
    }
}

words! {
    /// What happens in the life of a mismatch (contract, "Decisions": events).
    EventKind {
        /// First seen.
        Opened = "opened",
        /// Its variance is another one.
        Changed = "changed",
        /// A fresh, trustworthy answer no longer shows it.
        Resolved = "resolved",
        /// Seen again after it was resolved.
        Reopened = "reopened",
    }
}

words! {
    /// Who acts on a mismatch (contract, "The report": `next_step`).
    NextStep {
        /// Ask the gateway, quoting its `payment_uid`, else the order id.
        Gateway = "gateway",
        /// Correct the merchant's own books.
        Bookkeeping = "bookkeeping",
        /// The person who runs this program looks.
        Operator = "operator",
    }
}

impl Outcome {
    /// The number by which the database knows it: 1 is the first.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Outcome::Matched => 1,
            Outcome::InTransit => 2,
            Outcome::Mismatched => 3,
            Outcome::Unverified => 4,
        }
    }

    /// The one with this number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Outcome> {
        Outcome::ALL.iter().copied().find(|outcome| outcome.number() == number)
    }
}

/// One thing on which the two sides disagree, or that the gateway itself calls wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What.
    pub kind: Kind,
    /// How urgent.
    pub severity: Severity,
    /// The signed money difference, where there is one: the gateway's figure less what was
    /// expected.
    pub variance: Option<Amount>,
    /// The size of the variance, else the ledger's amount.
    pub at_risk: Amount,
    /// The currency of `variance` and `at_risk`, lower case.
    pub currency: String,
    /// One sentence with every figure.
    pub reason: Text,
}

/// A change in the life of an order's mismatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Which mismatch of the order.
    pub kind: Kind,
    /// What happened.
    pub event: EventKind,
    /// When: the time of the answer that it rests on; without an answer, the start of the run.
    /// Events are ordered by it, then by `run_id`.
    pub at: DateTime<Utc>,
    /// The run that recorded it.
    pub run_id: i64,
    /// The run's day, in the ledger's time zone.
    pub day: NaiveDate,
    /// The variance from then on; none where there is none, and of `resolved`.
    pub variance: Option<Amount>,
}

/// A mismatch as one run reported it, with all that its row in the report shows (contract, "The
/// report").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// The run.
    pub run_id: i64,
    /// What, how urgent, and the figures.
    pub mismatch: Mismatch,
    /// Where it is in its life, as of the time this run asked.
    pub state: State,
    /// The order.
    pub key: OrderKey,
    /// The ledger's side as this run judged it; none if no ledger has the order.
    pub entry: Option<Entry>,
    /// The gateway's side as this run judged it; none if it was missing or unverified.
    pub payment: Option<Payment>,
    /// The run's day when it was first seen, in the ledger's time zone.
    pub first_seen: NaiveDate,
    /// Days from `first_seen` to the run's day.
    pub open_days: i64,
    /// When the answer came.
    pub last_verified: Option<DateTime<Utc>>,
    /// Stable for an order and kind.
    pub mismatch_id: String,
}

impl ReportRow {
    /// Who acts (contract, "The report": `next_step`).
    #[must_use]
    pub fn next_step(&self) -> NextStep {
        match self.mismatch.kind {
            Kind::FinalAmountDifference
            | Kind::FinalAmountMissing
            | Kind::AccountingFailed
            | Kind::AccountingPending
            | Kind::DuplicatePayment
            | Kind::PendingTooLong => NextStep::Gateway,
            Kind::StatusDifference if self.gateway_explains_status() => NextStep::Gateway,
            Kind::Overdue if self.is_expense() => NextStep::Gateway,
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

    /// The ledger says paid and the gateway is open; the ledger says refunded; or the ledger calls
    /// an expense failed.
    fn gateway_explains_status(&self) -> bool {
        let stage = self.payment.as_ref().and_then(|it| it.payment_status.as_ref()?.stage());
        match self.entry.as_ref().and_then(|entry| entry.status.as_ref()) {
            Some(LedgerStatus::Paid) => stage == Some(Stage::Open),
            Some(LedgerStatus::Refunded) => true,
            Some(LedgerStatus::Failed) => self.is_expense(),
            _ => false,
        }
    }

    fn is_expense(&self) -> bool {
        direction(self.entry.as_ref(), self.payment.as_ref()) == TransactionType::Expense
    }
}
