//! A second, simple model of the contract's "Mismatches", written independently of the rules. Every
//! `if` is a sentence of the contract, words are texts, and money is in millionths.

#![expect(clippy::expect_used, reason = "a failed setup fails the test")]

use super::order::Order;

/// The result of the contract for one order.
#[derive(Debug)]
pub struct Verdict {
    pub outcome: &'static str,
    pub rows: Vec<Row>,
    /// The variance of a completed order with a final amount, also if it is tolerated or ignored.
    pub variance: Option<i64>,
    /// The sentences of the contract by which the order waits.
    pub waits: Vec<&'static str>,
}

/// One row of the report.
#[derive(Debug, Clone)]
pub struct Row {
    pub kind: &'static str,
    pub severity: &'static str,
    pub variance: Option<i64>,
    pub at_risk: i64,
    pub currency: String,
    /// The sentence of the contract for this row.
    pub because: &'static str,
}

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// Applies the contract to one order.
pub fn judge(order: &Order) -> Verdict {
    let mut model = Model { order, rows: Vec::new(), waits: Vec::new() };
    model.ledger_rows();
    match order.asked {
        "payment" => {
            model.money();
            model.status_difference();
            model.other_rows();
        }
        "missing" => model.missing(),
        _ => model.row("unverified", "high", "no trustworthy answer"),
    }
    let ignored = |kind: &str| order.terms.ignore.contains(&kind);
    model.rows.retain(|row| !ignored(row.kind));
    let completed_with_final = order.asked == "payment" && order.payment_status == "completed";
    Verdict {
        outcome: model.outcome(),
        variance: order
            .final_amount
            .filter(|_| completed_with_final)
            .map(|final_amount| final_amount - (order.amount - model.fee())),
        rows: model.rows,
        waits: model.waits,
    }
}

struct Model<'a> {
    order: &'a Order,
    rows: Vec<Row>,
    waits: Vec<&'static str>,
}

impl Model<'_> {
    /// "`at_risk`: the size of the variance, where there is one, else the ledger amount."
    fn row(&mut self, kind: &'static str, severity: &'static str, because: &'static str) {
        let (at_risk, currency) = (self.order.ledger_amount, self.order.ledger_currency.to_owned());
        self.rows.push(Row { kind, severity, variance: None, at_risk, currency, because });
    }

    /// "`ledger_conflict`", "`ledger_duplicate`", and for "`unknown_status`": "or a ledger status
    /// that is not mapped".
    fn ledger_rows(&mut self) {
        if self.order.conflict {
            self.row("ledger_conflict", "high", "the ledger contradicts itself");
        }
        if self.order.duplicate {
            self.row("ledger_duplicate", "medium", "the ledger gives the order twice");
        }
        if !["", "paid", "pending", "failed", "refunded"].contains(&self.order.ledger_status) {
            self.row("unknown_status", "medium", "a ledger status that is not mapped");
        }
    }

    /// "the gateway says that it has no such order. Not when the ledger says failed (they agree).
    /// In transit while younger than `appear_within_minutes` (60)"
    fn missing(&mut self) {
        if self.order.ledger_status == "failed" {
            return;
        }
        if self.order.age_ms < self.order.terms.appear_within_minutes * MINUTE_MS {
            if !self.order.terms.ignore.contains(&"missing_at_gateway") {
                self.waits.push("missing: younger than appear_within_minutes");
            }
            return;
        }
        self.row("missing_at_gateway", "high", "the gateway says that it has no such order");
    }

    fn money(&mut self) {
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
        let Some((variance, plain, booked)) = self.final_variance() else { return };
        let currency = self.money_currency();
        if exceeds(variance, order.terms.final_tolerance, &currency) {
            // "Medium where the ledger has booked exactly `final_amount`"
            if booked_final {
                self.row("final_amount_difference", "medium", booked);
            } else {
                self.row("final_amount_difference", "high", plain);
            }
            self.set_variance(variance, &currency);
        }
    }

    /// "variance = `final_amount` − what was expected", and the sentences for the row.
    fn final_variance(&self) -> Option<(i64, &'static str, &'static str)> {
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
                "completed: the ledger has booked exactly final_amount",
            )),
            // "open or closed: given, not zero, ≠ `amount`."
            "none" | "pending" | "preparing" | "processing" if final_amount != 0 => Some((
                final_amount - order.amount,
                "open: given, not zero, ≠ amount",
                "open: the ledger has booked exactly final_amount",
            )),
            // "With `[policy] closed_means_unpaid = true`: any `final_amount` but zero of a closed
            // order, all of it variance."
            "failed" | "reject" | "overdue" if final_amount != 0 => {
                if order.terms.closed_means_unpaid {
                    Some((
                        final_amount,
                        "closed means unpaid: any final_amount but zero",
                        "closed means unpaid: the ledger has booked exactly final_amount",
                    ))
                } else {
                    Some((
                        final_amount - order.amount,
                        "closed: given, not zero, ≠ amount",
                        "closed: the ledger has booked exactly final_amount",
                    ))
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
    fn transaction_type(&self) -> &'static str {
        [self.order.ledger_transaction_type, self.order.transaction_type]
            .into_iter()
            .find(|word| ["income", "expense"].contains(word))
            .unwrap_or("income")
    }

    /// The percentage of the amount, rounded half up, plus the fixed amount.
    fn fee(&self) -> i64 {
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

    /// The contract's second table, "only over statuses that the gateway's page lists".
    fn status_difference(&mut self) {
        let order = self.order;
        let gateway = order.payment_status;
        let older_than = |hours: i64| order.age_ms > hours * HOUR_MS;
        let late = older_than(order.terms.settle_within_hours);
        let income = self.transaction_type() == "income";
        let open = ["none", "pending", "preparing", "processing"].contains(&gateway);
        let closed = ["failed", "reject", "overdue"].contains(&gateway);
        if !open && !closed && !["completed", "refund"].contains(&gateway) {
            return;
        }
        let because = match (order.ledger_status, gateway) {
            ("paid", _) if closed => "paid: closed",
            ("paid", "refund") => "paid: refund",
            ("paid", _) if open && income => "paid: open, income at once",
            ("paid", _) if open && !income && late => "paid: open, expense when older",
            ("pending", "completed" | "failed" | "reject" | "refund") => {
                if older_than(order.terms.ledger_lag_hours) {
                    match gateway {
                        "completed" => "pending: completed",
                        "failed" => "pending: failed",
                        "reject" => "pending: reject",
                        _ => "pending: refund",
                    }
                } else {
                    if !order.terms.ignore.contains(&"status_difference") {
                        self.waits.push("pending: the export may be older");
                    }
                    return;
                }
            }
            ("failed", "completed") => "failed: completed",
            ("failed", "refund") => "failed: refund",
            ("failed", _) if open && !income => "failed: open, expense at once",
            ("failed", _) if open && income && late => "failed: open, income when older",
            ("refunded", "completed") if order.terms.refunds == "payout" => return,
            ("refunded", "refund") | ("paid" | "pending" | "failed", _) => return,
            ("refunded", _) => "refunded: anything but refund",
            // none, or a word that is not mapped, which "is accepted as none"
            (_, "failed" | "reject" | "refund") => "none: failed, reject, refund",
            _ => return,
        };
        self.row("status_difference", "high", because);
    }

    fn other_rows(&mut self) {
        let order = self.order;
        let older_than = |hours: i64| order.age_ms > hours * HOUR_MS;
        if order.accounting_status == "failed" {
            self.row("accounting_failed", "high", "accounting_status is failed");
        }
        if order.payment_status == "overdue" {
            if order.ledger_status == "failed" {
                self.row("overdue", "low", "payment_status is overdue, the ledger says failed");
            } else {
                self.row("overdue", "medium", "payment_status is overdue");
            }
        }
        if order.shared {
            let because = "one payment_uid answers for two or more orders";
            self.row("duplicate_payment", "high", because);
        }
        self.type_difference();
        if order.payment_status == "completed"
            && ["", "none", "delivered"].contains(&order.accounting_status)
            && older_than(order.terms.account_within_hours)
        {
            self.row("accounting_pending", "medium", "completed, none or delivered, older");
        }
        if ["none", "pending", "preparing", "processing"].contains(&order.payment_status)
            && older_than(order.terms.settle_within_hours)
        {
            self.row("pending_too_long", "medium", "open, older");
        }
        self.unknown_status();
        if order.notify_status == "failed" {
            self.row("notify_failed", "low", "notify_status is failed");
        }
    }

    /// "`transaction_type` or `accounting_type` differ, where both sides give them": one row.
    fn type_difference(&mut self) {
        let normalized = |word| match word {
            "receipt" => "receive",
            "payment" => "pay",
            "settlement" => "settle",
            other => other,
        };
        let differ = |ledger: &str, gateway: &str| {
            !ledger.is_empty() && !gateway.is_empty() && ledger != gateway
        };
        let (ledger, gateway) = (self.order.ledger_transaction_type, self.order.transaction_type);
        let (ledger_accounting_type, gateway_accounting_type) =
            (normalized(self.order.ledger_accounting_type), normalized(self.order.accounting_type));
        if [("income", "expense"), ("expense", "income")].contains(&(ledger, gateway)) {
            self.row("type_difference", "high", "income against expense");
        } else if differ(ledger, gateway) {
            self.row("type_difference", "medium", "transaction_type differs otherwise");
        } else if differ(ledger_accounting_type, gateway_accounting_type) {
            self.row("type_difference", "medium", "accounting_type differs");
        }
    }

    /// "one of the three statuses has a value that the gateway's page does not list, or
    /// `payment_status` is not given (the other two: not given is `none`)"
    fn unknown_status(&mut self) {
        let order = self.order;
        let payment = [
            "none",
            "pending",
            "preparing",
            "processing",
            "completed",
            "failed",
            "reject",
            "refund",
            "overdue",
        ];
        let notify = ["", "none", "delivered", "completed", "failed"];
        let accounting = ["", "none", "delivered", "accounted", "failed"];
        let because = if order.payment_status.is_empty() {
            "payment_status is not given"
        } else if !payment.contains(&order.payment_status) {
            "payment_status is not listed"
        } else if !notify.contains(&order.notify_status) {
            "notify_status is not listed"
        } else if !accounting.contains(&order.accounting_status) {
            "accounting_status is not listed"
        } else {
            return;
        };
        // "One row per order and kind."
        if !self.rows.iter().any(|row| row.kind == "unknown_status") {
            self.row("unknown_status", "medium", because);
        }
    }

    /// The table of outcomes.
    fn outcome(&self) -> &'static str {
        let order = self.order;
        if order.asked == "unverified" {
            return "unverified";
        }
        if !self.rows.is_empty() {
            return "mismatched";
        }
        if !self.waits.is_empty() {
            return "in_transit";
        }
        if order.asked == "missing" {
            return "matched";
        }
        // "matched: a trustworthy answer, finished, and nothing to report": an undocumented status
        // that the policy ignores does not count as finished.
        let finished = match order.payment_status {
            "completed" => ["accounted", "failed"].contains(&order.accounting_status),
            "failed" | "reject" | "overdue" | "refund" => true,
            _ => false,
        };
        if finished { "matched" } else { "in_transit" }
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
