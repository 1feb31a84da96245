//! The gateway's own statement beside what a run saw (contract, "`run`": `--gateway-total`). A
//! payment that only the gateway has cannot be found by asking for the ledger's orders; the
//! difference of the two shows that there is one.

use super::amount::Total;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Payments and their sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Payments {
    /// How many.
    pub payments: u64,
    /// What moved.
    pub amount: Total,
}

/// Completed payments by currency (lower case) and transaction type.
pub type CompletedPayments = BTreeMap<(String, String), Payments>;

/// What the gateway's statement says of one currency and direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The currency, lower case.
    pub currency: String,
    /// `income` or `expense`.
    pub transaction_type: String,
    /// The statement's figures.
    pub payments: Payments,
}

/// One line of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// The currency, lower case.
    pub currency: String,
    /// `income` or `expense`.
    pub transaction_type: String,
    /// What the gateway's statement says.
    pub statement: Payments,
    /// What the run saw: the completed payments among its answers, with `final_amount`, else
    /// `amount`.
    pub seen: Payments,
    /// The statement less what was seen: what only the gateway has. Below zero, the statement lacks
    /// payments that the run saw.
    pub difference: Difference,
}

/// See [`StatementLine::difference`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Difference {
    /// Payments.
    pub payments: i128,
    /// Their sum.
    pub amount: Total,
}

impl StatementLine {
    /// Compares what the statement says with the completed payments of a run.
    #[must_use]
    pub fn new(stated: &Stated, completed: &CompletedPayments) -> StatementLine {
        let Stated { currency, transaction_type, payments } = stated.clone();
        let seen = completed.get(&(currency.clone(), transaction_type.clone())).copied();
        let seen = seen.unwrap_or_default();
        let difference = Difference {
            payments: i128::from(payments.payments) - i128::from(seen.payments),
            amount: [payments.amount, -seen.amount].into_iter().sum(),
        };
        StatementLine { currency, transaction_type, statement: payments, seen, difference }
    }

    /// Whether the two differ.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.difference != Difference::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payments(payments: u64, amount: &str) -> Payments {
        Payments { payments, amount: Total::parse(amount).unwrap_or_default() }
    }

    #[test]
    fn the_difference_is_what_only_the_gateway_has() {
        let key = ("inr".to_owned(), "income".to_owned());
        let completed = CompletedPayments::from([(key, payments(2, "990.00"))]);
        for (stated, payment_difference, amount) in [
            (payments(3, "1090.50"), 1, "100.50"),
            (payments(2, "990"), 0, "0.00"),
            (payments(1, "500"), -1, "-490.00"),
        ] {
            let (currency, transaction_type) = ("inr".to_owned(), "income".to_owned());
            let stated = Stated { currency, transaction_type, payments: stated };
            let line = StatementLine::new(&stated, &completed);
            assert_eq!(line.difference.payments, payment_difference);
            assert_eq!(line.difference.amount.to_string(), amount);
            assert_eq!(line.differs(), payment_difference != 0);
        }
    }
}
