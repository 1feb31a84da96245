//! Mismatches: their kinds, severities and states, and an order's outcome (contract, "Words",
//! "Mismatches", "The report").

use super::amount::Amount;
use super::order::Entry;
use super::payment::Payment;
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

words! {
    /// What two sides can disagree on; at most one of each an order (contract, the table of kinds).
    Kind {
        /// The money that moved is not the money that was ordered.
        FinalAmountDifference = "final_amount_difference",
        /// Completed, and nobody says how much moved.
        FinalAmountMissing = "final_amount_missing",
        /// The gateway could not book the money.
        AccountingFailed = "accounting_failed",
        /// Not completed within the allowed time.
        Overdue = "overdue",
        /// The two sides name different amounts.
        LedgerAmountDifference = "ledger_amount_difference",
        /// The two sides name different currencies.
        CurrencyDifference = "currency_difference",
        /// The two sides disagree on what became of the order.
        StatusDifference = "status_difference",
        /// The gateway says that it has no such order.
        MissingAtGateway = "missing_at_gateway",
        /// One payment answers for several orders.
        DuplicatePayment = "duplicate_payment",
        /// The ledger contradicts itself.
        LedgerConflict = "ledger_conflict",
        /// The ledger gives the order twice in full.
        LedgerDuplicate = "ledger_duplicate",
        /// The two sides name different types.
        TypeDifference = "type_difference",
        /// Paid long ago, and still not booked by the gateway.
        AccountingPending = "accounting_pending",
        /// Open for too long.
        PendingTooLong = "pending_too_long",
        /// A status that nobody has documented.
        UnknownStatus = "unknown_status",
        /// The gateway could not tell the merchant.
        NotifyFailed = "notify_failed",
        /// No trustworthy answer.
        Unverified = "unverified",
    }
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
    /// Where a mismatch stands among the runs (contract, "The report").
    State {
        /// First seen on the run's day.
        New = "new",
        /// Seen before.
        Open = "open",
        /// Seen before with another variance.
        Changed = "changed",
        /// It had been resolved.
        Reopened = "reopened",
    }
}

impl Kind {
    /// Whether the ledger alone shows it, so that it is reported without an answer too.
    /// (`unknown_status` is, where it is the ledger's word that is not mapped.)
    #[must_use]
    pub const fn is_of_ledger(self) -> bool {
        matches!(self, Kind::LedgerConflict | Kind::LedgerDuplicate | Kind::UnknownStatus)
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
    /// One sentence with every figure, for people.
    pub reason: String,
}

/// A mismatch as one run reported it, with all that its row in the report shows (contract, "The
/// report").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// The run.
    pub run_id: i64,
    /// What, how urgent, and the figures.
    pub mismatch: Mismatch,
    /// Where it stands among the runs.
    pub state: State,
    /// The ledger's side as this run judged it.
    pub entry: Entry,
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
