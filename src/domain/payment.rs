//! What the gateway says of an order (gateway page, "The payment object").

use super::amount::Amount;
use serde::Deserialize;
use std::fmt;

/// Declares a vocabulary of the gateway's page. A word that the page does not list is kept
/// verbatim as `Unknown` and never taken for a known one, so reading a word cannot fail.
macro_rules! vocabulary {
    ($(#[$docs:meta])* $name:ident {
        $($(#[$word_docs:meta])* $variant:ident = $word:literal),+ $(,)?
    }) => {
        $(#[$docs])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$word_docs])* $variant,)+
            /// A word that the gateway's page does not list, as it came.
            Unknown(String),
        }

        impl $name {
            /// Every word that the page lists.
            pub const KNOWN: &'static [&'static str] = &[$($word),+];

            /// Reads a word of the wire, the ledger or the database.
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

            /// Whether the page lists it.
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
    /// How far a payment is.
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
    /// Whether the merchant was told.
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
    /// Which way the money goes.
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
    /// Reads a word with the page's other spellings folded: receipt, payment, settlement.
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

/// The contract's three groups of payment statuses, and the two that stand alone.
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
    /// Its group (contract, "Mismatches"); `None` for a word that the page does not list.
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

/// What the rules look at in the gateway's payment object. Absent, null and empty are all "not
/// given".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// `amount`: the original amount.
    pub amount: Amount,
    /// `final_amount`, where given.
    pub final_amount: Option<Amount>,
    /// `currency`, as it came.
    pub currency: Option<String>,
    /// `transaction_type`.
    pub transaction_type: Option<TransactionType>,
    /// `accounting_type`.
    pub accounting_type: Option<AccountingType>,
    /// `payment_status`; not given is a finding, not a default.
    pub payment_status: Option<PaymentStatus>,
    /// `payment_fail_reason`, as it came.
    pub payment_fail_reason: Option<String>,
    /// `accounting_status`; not given is `none`.
    pub accounting_status: AccountingStatus,
    /// `accounting_fail_reason`, as it came.
    pub accounting_fail_reason: Option<String>,
    /// `notify_status`; not given is `none`.
    pub notify_status: NotifyStatus,
    /// `notify_fail_reason`, as it came.
    pub notify_fail_reason: Option<String>,
    /// `payment_uid`: the gateway's own id of the payment.
    pub payment_uid: Option<String>,
    /// `channel`.
    pub channel: Option<String>,
}

/// A trustworthy answer about one order (contract, "Mismatches", last paragraph).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The gateway knows the order.
    Payment(Box<Payment>),
    /// The gateway says that it has no such order, in these words.
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

/// How the reason begins for an order whose answer is about another merchant's order. Resuming such
/// a run does not help: the configured merchant or the credentials are wrong.
pub const OTHER_MERCHANT: &str = "the answer is about another merchant's order";

/// What came of asking about one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A trustworthy answer.
    Answered(Answer),
    /// None: why, in words for people, and after how many calls.
    Unverified {
        /// A clause that says why, e.g. "the gateway answered 503". Already fit for people:
        /// whoever makes it cleans what it quotes (`domain::text::clean`). It is shown as it is.
        why: String,
        /// Calls made.
        tries: u32,
    },
}

/// What of a payer's and payee's data is kept in the evidence (contract, "Stored answers").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonalData {
    /// Accounts keep their last four characters; names, `ip` and `user_agent` are dropped.
    #[default]
    Drop,
    /// As it came.
    Keep,
}
