//! The money of the model: amounts, currencies, fees and tolerances.

#![expect(clippy::expect_used, reason = "a failed setup fails the test")]

use super::Model;

impl Model<'_> {
    pub(super) fn money(&mut self) {
        let order = self.order;
        let gateway_currency = order.currency.to_lowercase();
        // "both currencies are given and differ (case apart); then no amount is compared with the
        // ledger"
        let currencies_differ =
            !gateway_currency.is_empty() && gateway_currency != order.ledger_currency;
        if currencies_differ {
            self.row("currency_difference", "high", "both currencies are given and differ");
        }
        // "the gateway's `amount` ≠ the ledger's, unless the order is completed and the ledger's
        // is its `final_amount`. variance = amount − ledger amount"
        let booked_final = !currencies_differ && order.final_amount == Some(order.ledger_amount);
        let booked_as_settled = booked_final && order.payment_status == "completed";
        if !currencies_differ && !booked_as_settled {
            let variance = order.amount - order.ledger_amount;
            if exceeds(variance, order.terms.ledger_tolerance, order.ledger_currency) {
                self.row("ledger_amount_difference", "high", "the gateway's amount ≠ the ledger's");
                self.set_variance(variance, order.ledger_currency);
            }
        }
        if order.payment_status == "completed" && order.final_amount.is_none() {
            let because = "completed, and final_amount is not given";
            self.row("final_amount_missing", "medium", because);
        }
        let Some((variance, because)) = self.final_variance() else { return };
        let currency = self.money_currency();
        if exceeds(variance, order.terms.final_tolerance, &currency) {
            // "Medium where completed and the ledger has booked exactly `final_amount`"
            if booked_as_settled {
                let because = "completed: the ledger has booked exactly final_amount";
                self.row("final_amount_difference", "medium", because);
            } else {
                self.row("final_amount_difference", "high", because);
            }
            self.set_variance(variance, &currency);
        }
    }

    /// "variance = `final_amount` − what was expected", and the sentence for the row.
    fn final_variance(&self) -> Option<(i64, &'static str)> {
        let order = self.order;
        let final_amount = order.final_amount?;
        match order.payment_status {
            // "completed: `final_amount` ≠ `amount` (less `[[policy.fee]]`, where one is
            // configured for currency and transaction type)."
            "completed" => Some((
                final_amount - (order.amount - self.fee()),
                if self.fee() == 0 {
                    "completed: final_amount ≠ amount"
                } else {
                    "completed: final_amount ≠ amount less fee"
                },
            )),
            // "open or closed: given, not zero, ≠ `amount`."
            "none" | "pending" | "preparing" | "processing" if final_amount != 0 => {
                Some((final_amount - order.amount, "open: given, not zero, ≠ amount"))
            }
            // "With `[policy] closed_means_unpaid = true`: any `final_amount` but zero of a closed
            // order, all of it variance."
            "failed" | "reject" | "overdue" if final_amount != 0 => {
                if order.terms.closed_means_unpaid {
                    Some((final_amount, "closed means unpaid: any final_amount but zero"))
                } else {
                    Some((final_amount - order.amount, "closed: given, not zero, ≠ amount"))
                }
            }
            // "refund: not compared, the page doesn't say what it means there."
            _ => None,
        }
    }

    /// The currency of the gateway's amounts; the ledger's if the gateway gives none.
    fn money_currency(&self) -> String {
        match self.order.currency {
            "" => self.order.ledger_currency.to_owned(),
            given => given.to_lowercase(),
        }
    }

    /// "Where no transaction type is given, an order counts as income."
    pub(super) fn transaction_type(&self) -> &'static str {
        // Only an order that the gateway has can get its type from there.
        let by_gateway =
            if self.order.asked == "payment" { self.order.transaction_type } else { "" };
        [self.order.ledger_transaction_type, by_gateway]
            .into_iter()
            .find(|word| ["income", "expense"].contains(word))
            .unwrap_or("income")
    }

    /// The percentage of the amount, rounded half up, plus the fixed amount.
    pub(super) fn fee(&self) -> i64 {
        let currency = self.money_currency();
        for fee in &self.order.terms.fees {
            if fee.currency.to_lowercase() != currency
                || fee.transaction_type != self.transaction_type()
            {
                continue;
            }
            let step = 10_i128.pow(6 - fee.decimals);
            let whole = 100 * 1_000_000 * step;
            let exact = i128::from(self.order.amount) * i128::from(fee.percent);
            let steps = exact / whole + i128::from(exact % whole * 2 >= whole);
            let kept = i64::try_from(steps * step).expect("less than the amount");
            return kept + fee.fixed;
        }
        0
    }

    fn set_variance(&mut self, variance: i64, currency: &str) {
        let row = self.rows.last_mut().expect("the row that was just written");
        row.variance = Some(variance);
        row.at_risk = variance.abs();
        currency.clone_into(&mut row.currency);
    }
}

/// "`[policy.tolerance]` (each per currency, default 0): a variance of at most that is none."
fn exceeds(variance: i64, tolerance: Option<(&str, i64)>, currency: &str) -> bool {
    let most = match tolerance {
        Some((of, most)) if of.to_lowercase() == currency => most,
        _ => 0,
    };
    variance.abs() > most
}
