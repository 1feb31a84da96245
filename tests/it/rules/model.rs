//! A second, simple model of the contract's "Mismatches", written independently of the rules. Every
//! `if` is a sentence of the contract, words are texts, and money is in millionths.

mod money;
pub mod place;
mod status;

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
    model.unpaid_carts();
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
        let mapped = ["", "paid", "pending", "failed", "refunded", "part_refunded"];
        if !mapped.contains(&self.order.ledger_status) {
            self.row("unknown_status", "medium", "a ledger status that is not mapped");
        }
    }

    /// "the gateway says that it has no such order. Not when the ledger says failed (they agree).
    /// In transit while younger than `appear_within_minutes` (60). Low where the ledger's amount is
    /// zero"
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
        if self.order.ledger_amount == 0 {
            self.row("missing_at_gateway", "low", "missing: the ledger's amount is zero");
        } else {
            self.row("missing_at_gateway", "high", "the gateway says that it has no such order");
        }
    }

    /// "an income that is pending in the ledger and open, overdue, failed, rejected or unknown at
    /// the gateway has all of `overdue`, `status_difference`, `pending_too_long` and
    /// `missing_at_gateway` at that severity"
    fn unpaid_carts(&mut self) {
        let order = self.order;
        let unpaid = ["none", "pending", "preparing", "processing", "overdue", "failed", "reject"];
        let is_unpaid = order.asked == "missing"
            || (order.asked == "payment" && unpaid.contains(&order.payment_status));
        if order.terms.unpaid_carts.is_empty()
            || self.transaction_type() != "income"
            || order.ledger_status != "pending"
            || !is_unpaid
        {
            return;
        }
        for row in &mut self.rows {
            row.because = match row.kind {
                "overdue" => "an unpaid cart: overdue",
                "status_difference" => "an unpaid cart: status_difference",
                "pending_too_long" => "an unpaid cart: pending_too_long",
                "missing_at_gateway" => "an unpaid cart: missing_at_gateway",
                _ => continue,
            };
            row.severity = order.terms.unpaid_carts;
        }
    }

    fn other_rows(&mut self) {
        let order = self.order;
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
        {
            let limit_ms = order.terms.account_within_hours * HOUR_MS;
            if order.bank_time_ms() > limit_ms {
                self.row("accounting_pending", "medium", "completed, none or delivered, older");
            } else if order.age_ms > limit_ms {
                self.waits.push("completed: banks were closed");
            }
        }
        if ["none", "pending", "preparing", "processing"].contains(&order.payment_status) {
            let limit_ms = order.terms.settle_within_hours * HOUR_MS;
            let income = self.transaction_type() == "income";
            if income && order.age_ms > limit_ms {
                self.row("pending_too_long", "medium", "open, older");
            } else if !income && order.bank_time_ms() > limit_ms {
                self.row("pending_too_long", "medium", "open expense, older in bank time");
            } else if order.age_ms > limit_ms {
                self.waits.push("open expense: banks were closed");
            }
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
