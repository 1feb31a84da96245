//! The place of an order in the money of a run: each order counts once (contract, "`run`":
//! `totals`).

use super::amount::Amount;
use super::words::words;

words! {
    /// What the money of an order with findings is.
    Bucket {
        /// The gateway moved less in the merchant's favour than the ledger says.
        AgainstUs = "against_us",
        /// The gateway moved more in the merchant's favour than the ledger says.
        InOurFavour = "in_our_favour",
        /// What has moved is not known, or something else is wrong with the order.
        InDoubt = "in_doubt",
        /// There is no trustworthy answer.
        Unverified = "unverified",
        /// All findings of the order are accepted.
        Accepted = "accepted",
        /// All findings of the order that are not accepted are suspect.
        Suspect = "suspect",
        /// For information: no money is at risk.
        Information = "information",
    }
}

impl Bucket {
    /// The four buckets whose sum is `at_risk`, in the report's order.
    pub const AT_RISK: [Bucket; 4] =
        [Bucket::AgainstUs, Bucket::InOurFavour, Bucket::InDoubt, Bucket::Unverified];

    /// Whether its money counts as at risk.
    #[must_use]
    pub fn is_at_risk(self) -> bool {
        Bucket::AT_RISK.contains(&self)
    }
}

/// Where the money of an order with findings counts, and how much it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: Bucket,
    /// The figure, never negative.
    pub amount: Amount,
    /// The currency of the figure, lower case.
    pub currency: String,
}

/// What moved at the gateway and in the ledger, whatever finance decides about it: the facts that
/// give a [`Place`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The gateway's movement minus the ledger's, with the sign turned for an expense: below zero
    /// it is against the merchant. `None`: a side is unknown, or currency or direction differ.
    pub difference: Option<Amount>,
    /// The ledger's amount, or the gateway's if no ledger has the order.
    pub amount: Amount,
    /// The currency of both, lower case.
    pub currency: String,
    /// The widest difference between rows of the ledger that contradict each other on the amount.
    pub conflict_spread: Option<Amount>,
    /// Whether no earlier order has the same `payment_uid`.
    pub is_first_of_payment: bool,
}
