//! The model's table of `status_difference`.

use super::{HOUR_MS, Model};

impl Model<'_> {
    /// The contract's second table, "only over statuses that the gateway's page lists".
    pub(super) fn status_difference(&mut self) {
        let order = self.order;
        let gateway = order.payment_status;
        let open = ["none", "pending", "preparing", "processing"].contains(&gateway);
        let closed = ["failed", "reject", "overdue"].contains(&gateway);
        if !open && !closed && !["completed", "refund"].contains(&gateway) {
            return;
        }
        let because = match order.ledger_status {
            "paid" => self.paid(open, closed),
            "pending" => self.pending(),
            "failed" => self.failed(open),
            "refunded" => self.refunded(open),
            // "completed and refund agree"
            "part_refunded" if open => Some("part_refunded: open"),
            "part_refunded" if closed => Some("part_refunded: closed"),
            "part_refunded" => None,
            // none, or a word that is not mapped, which "is accepted as none"
            _ if ["failed", "reject", "refund"].contains(&gateway) => {
                Some("none: failed, reject, refund")
            }
            _ => None,
        };
        if let Some(because) = because {
            self.row("status_difference", "high", because);
        }
    }

    /// An order waits, unless the policy ignores the kind.
    fn wait(&mut self, because: &'static str) -> Option<&'static str> {
        if !self.order.terms.ignore.contains(&"status_difference") {
            self.waits.push(because);
        }
        None
    }

    fn paid(&self, open: bool, closed: bool) -> Option<&'static str> {
        let income = self.transaction_type() == "income";
        let settle = self.order.terms.settle_within_hours;
        if closed {
            Some("paid: closed")
        } else if self.order.payment_status == "refund" {
            Some("paid: refund")
        } else if open && income {
            Some("paid: open, income at once")
        } else if open && self.order.bank_time_ms() > settle * HOUR_MS {
            Some("paid: open, expense when older")
        } else {
            None
        }
    }

    /// "when the order is older than `ledger_lag_hours`, and an earlier run had this answer already
    /// or there is no earlier answer: else the export may be older than the answer"
    fn pending(&mut self) -> Option<&'static str> {
        let order = self.order;
        let disagrees = ["completed", "failed", "reject", "refund"].contains(&order.payment_status);
        if !disagrees {
            return None;
        }
        if order.age_ms <= order.terms.ledger_lag_hours * HOUR_MS {
            return self.wait("pending: the export may be older");
        }
        match (order.earlier_answer, order.payment_status) {
            ("other", _) => self.wait("pending: the answer is new"),
            (_, "completed") => Some("pending: completed"),
            (_, "failed") => Some("pending: failed"),
            (_, "reject") => Some("pending: reject"),
            _ => Some("pending: refund"),
        }
    }

    fn failed(&self, open: bool) -> Option<&'static str> {
        let order = self.order;
        let income = self.transaction_type() == "income";
        match order.payment_status {
            "completed" => Some("failed: completed"),
            "refund" => Some("failed: refund"),
            _ if open && !income => Some("failed: open, expense at once"),
            _ if open && order.age_ms > order.terms.settle_within_hours * HOUR_MS => {
                Some("failed: open, income when older")
            }
            _ => None,
        }
    }

    /// "when the ledger has said so for longer than `refund_within_hours` (168), counted from the
    /// start of the run that first read it; with `[policy] refunds = "payout"` they agree"
    fn refunded(&mut self, open: bool) -> Option<&'static str> {
        let order = self.order;
        match order.payment_status {
            "refund" => None,
            "completed" if order.terms.refunds == "payout" => None,
            "completed" if order.status_since_ms > order.terms.refund_within_hours * HOUR_MS => {
                Some("refunded: completed, for longer than a refund takes")
            }
            "completed" => self.wait("refunded: a refund takes days"),
            _ if open => Some("refunded: open"),
            _ => Some("refunded: closed"),
        }
    }
}
