//! The gateway's payment for an order (gateway page, "The payment object").

use super::amount::Amount;
use serde::Deserialize;
use std::fmt;

/// Declares a vocabulary of the gateway's page. A word that the page does not list is kept
/// unchanged as `Unknown`, so reading a word cannot fail.
macro_rules! vocabulary {
    ($(#[$docs:meta])* $name:ident {
        $($(#[$word_docs:meta])* $variant:ident = $word:literal),+ $(,)?
    }) => {
        $(#[$docs])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$word_docs])* $variant,)+
            /// A word that the gateway's page does not list, unchanged.
            Unknown(String),
        }

        impl $name {
            /// Every word that the page lists.
            pub const KNOWN: &'static [&'static str] = &[$($word),+];

            /// Reads a word from a response, the ledger or the database.
            #[must_use]
            pub fn from_word(word: &str) -> $name {
                match word {
                    $($word => $name::$variant,)+
                    other => $name::Unknown(other.to_owned()),
                }
            }

            /// The word as the gateway writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $word,)+
                    $name::Unknown(word) => word,
                }
            }

            /// Whether the gateway's page lists the word.
            #[must_use]
            pub fn is_known(&self) -> bool {
                !matches!(self, $name::Unknown(_))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

vocabulary! {
    /// The progress of a payment.
    PaymentStatus {
        /// Default, not set.
        None = "none",
        /// Created, payment not started.
        Pending = "pending",
        /// Preparing to pay.
        Preparing = "preparing",
        /// Payment in progress.
        Processing = "processing",
        /// Payment succeeded.
        Completed = "completed",
        /// Payment failed.
        Failed = "failed",
        /// Payment rejected.
        Reject = "reject",
        /// Refunded.
        Refund = "refund",
        /// Not completed within the allowed time.
        Overdue = "overdue",
    }
}

vocabulary! {
    /// Whether the merchant was notified.
    NotifyStatus {
        /// Default.
        None = "none",
        /// Sent, not acknowledged.
        Delivered = "delivered",
        /// Acknowledged.
        Completed = "completed",
        /// Not delivered.
        Failed = "failed",
    }
}

vocabulary! {
    /// Whether the gateway has booked the money.
    AccountingStatus {
        /// Default.
        None = "none",
        /// In progress.
        Delivered = "delivered",
        /// Done.
        Accounted = "accounted",
        /// Failed.
        Failed = "failed",
    }
}

vocabulary! {
    /// The direction of the money.
    TransactionType {
        /// To the merchant: a deposit.
        Income = "income",
        /// From the merchant: a payout.
        Expense = "expense",
    }
}

vocabulary! {
    /// What the money is for.
    AccountingType {
        /// Funds added to the account (income).
        Recharge = "recharge",
        /// Funds received (income); the page also writes `receipt`.
        Receive = "receive",
        /// Settlement (expense); the page also writes `settlement`.
        Settle = "settle",
        /// Expenditure (expense); the page also writes `payment`.
        Pay = "pay",
    }
}

impl AccountingType {
    /// Reads a word in any spelling of the page: also `receipt`, `payment` and `settlement`.
    #[must_use]
    pub fn from_any_word(word: &str) -> AccountingType {
        match word {
            "receipt" => AccountingType::Receive,
            "payment" => AccountingType::Pay,
            "settlement" => AccountingType::Settle,
            other => AccountingType::from_word(other),
        }
    }
}

/// The contract's groups of payment statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// none, pending, preparing, processing.
    Open,
    /// completed.
    Completed,
    /// failed, reject, overdue.
    Closed,
    /// refund.
    Refund,
}

impl PaymentStatus {
    /// The group of the status (contract, "Mismatches"); `None` if the page does not list the word.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        match self {
            PaymentStatus::None
            | PaymentStatus::Pending
            | PaymentStatus::Preparing
            | PaymentStatus::Processing => Some(Stage::Open),
            PaymentStatus::Completed => Some(Stage::Completed),
            PaymentStatus::Failed | PaymentStatus::Reject | PaymentStatus::Overdue => {
                Some(Stage::Closed)
            }
            PaymentStatus::Refund => Some(Stage::Refund),
            PaymentStatus::Unknown(_) => None,
        }
    }
}

/// The fields of the gateway's payment object that the rules compare. A field that is absent, null
/// or empty has no value (`None`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// `amount`: the original amount.
    pub amount: Amount,
    /// `final_amount`, if it has a value.
    pub final_amount: Option<Amount>,
    /// `currency`, unchanged.
    pub currency: Option<String>,
    /// `transaction_type`.
    pub transaction_type: Option<TransactionType>,
    /// `accounting_type`.
    pub accounting_type: Option<AccountingType>,
    /// `payment_status`. There is no default: `None` is reported as a mismatch.
    pub payment_status: Option<PaymentStatus>,
    /// `payment_fail_reason`, unchanged.
    pub payment_fail_reason: Option<String>,
    /// `accounting_status`; `none` if it has no value.
    pub accounting_status: AccountingStatus,
    /// `accounting_fail_reason`, unchanged.
    pub accounting_fail_reason: Option<String>,
    /// `notify_status`; `none` if it has no value.
    pub notify_status: NotifyStatus,
    /// `notify_fail_reason`, unchanged.
    pub notify_fail_reason: Option<String>,
    /// `payment_uid`: the gateway's id for the payment.
    pub payment_uid: Option<String>,
    /// `channel`.
    pub channel: Option<String>,
}

/// A trustworthy answer about one order (contract, "Mismatches", last paragraph).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The gateway knows the order.
    Payment(Box<Payment>),
    /// The gateway says that it has no such order. Contains the gateway's error text.
    Missing(String),
}

/// A trustworthy answer with the evidence for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// What the rules compare.
    pub answer: Answer,
    /// The payment object as JSON, without secrets and, unless configured, without personal data
    /// (contract, "Stored answers"); or the gateway's error text.
    pub evidence: String,
}

/// The beginning of the reason if an answer is about another merchant's order. Resuming such a run
/// does not help: the configured merchant or the credentials are wrong.
pub const OTHER_MERCHANT: &str = "the answer is about another merchant's order";

/// The beginning of the reason if an answer is about another order than the one asked for.
pub const OTHER_ORDER: &str = "the answer is about the order";

/// The end of the reason if an answer shows that the gateway's address is wrong. Resuming such a
/// run does not help either.
pub const WRONG_ADDRESS: &str = "is base_url right?";

/// The reason if the deadline came before the first call for an order.
pub const NOT_ASKED_IN_TIME: &str = "not asked before the deadline";

/// The reason if the deadline came before the answer.
pub const NO_ANSWER_IN_TIME: &str = "no answer before the deadline";

/// The result of querying one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A trustworthy answer.
    Answered(Answer),
    /// There is no trustworthy answer.
    Unverified {
        /// The reason as a clause, for example "the gateway answered 503". The code that writes it
        /// cleans the quoted text (`domain::text::clean`). It is shown unchanged.
        why: String,
        /// How many calls were made.
        tries: u32,
    },
}

/// Which personal data of payer and payee the evidence keeps (contract, "Stored answers").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonalData {
    /// Accounts keep their last four characters; names, `ip` and `user_agent` are dropped.
    #[default]
    Drop,
    /// Everything is kept unchanged.
    Keep,
}
