//! Faults of the gateway, over a bare TCP server: one order is affected, the others are not.

mod answers;
mod base_url;
mod bounds;
mod outages;
mod tls;
mod transport;

use crate::rude_gateway::{RudeGateway, Turn};
use crate::support::{Done, Merchant, ledger, rows};

/// A run against a faulty gateway.
struct FaultyRun {
    merchant: Merchant,
    done: Done,
    gateway: RudeGateway,
}

/// Short waits and timeouts.
const IMPATIENT: &str = "[gateway]\nbackoff_first_ms = 1\ncall_timeout_seconds = 2\n\
                         max_in_flight = 4\nretry_after_max_seconds = 1\n";

/// Reconciles the orders A1 to A6; every call for A3 has this fault.
fn with_a_fault(fault: impl Fn(Turn) + Send + Sync + 'static) -> FaultyRun {
    let gateway = RudeGateway::serve(move |turn| match &*turn.order {
        "A3" => fault(turn),
        _ => turn.answer_well(),
    });
    reconcile(6, gateway)
}

fn reconcile(orders: usize, gateway: RudeGateway) -> FaultyRun {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(orders));
    merchant.write("octopus-recon.toml", IMPATIENT);
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv", "-vv"]);
    FaultyRun { merchant, done, gateway }
}

impl FaultyRun {
    /// Asserts that A3 is unverified for this reason after `calls` calls, and that the other orders
    /// are matched.
    fn unverified(&self, what: &str, why: &str, calls: usize) {
        let done = &self.done;
        assert_eq!(done.code, Some(3), "{what}: {done:?}");
        let summary = done.json();
        assert_eq!(summary["orders"]["matched"], 5, "{what}: {summary}");
        assert_eq!(summary["orders"]["unverified"], 1, "{what}: {summary}");
        let rows = rows(&self.merchant.report_path());
        assert_eq!(rows.len(), 1, "{what}: {rows:?}");
        assert_eq!(rows[0]["merchant_order_id"], "A3");
        assert_eq!(rows[0]["kind"], "unverified", "{what}: {rows:?}");
        let reason = &rows[0]["reason"];
        assert!(reason.contains(why), "{what}: {reason}");
        assert_eq!(self.gateway.calls_for("A3"), calls, "{what}: {reason}");
        assert_eq!(summary["requests"], 5 + calls, "{what}: {summary}");
        // An answer that is not trustworthy is not stored.
        assert_eq!(self.merchant.sql("SELECT count(*) FROM answers"), 5, "{what}");
    }
}
