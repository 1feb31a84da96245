//! The gateway's bad days, over a bare TCP server: one order is affected, the others are as usual.

mod answers;
mod base_url;
mod bounds;
mod tls;
mod transport;

use crate::rude_gateway::{RudeGateway, Turn};
use crate::support::{Done, Merchant, ledger, rows};

/// What a run among faults came to.
struct Night {
    merchant: Merchant,
    done: Done,
    gateway: RudeGateway,
}

/// No patience where a test would have to wait for it.
const IMPATIENT: &str =
    "[gateway]\nbackoff_first_ms = 1\ncall_timeout_seconds = 2\nmax_in_flight = 4\n";

/// Reconciles orders A1 to A6, of which A3 meets this fault at each call.
fn with_a_fault(fault: impl Fn(Turn) + Send + Sync + 'static) -> Night {
    let gateway = RudeGateway::serve(move |turn| match &*turn.order {
        "A3" => fault(turn),
        _ => turn.answer_well(),
    });
    night(6, gateway)
}

fn night(orders: usize, gateway: RudeGateway) -> Night {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(orders));
    merchant.write("octopus-recon.toml", IMPATIENT);
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv", "-vv"]);
    Night { merchant, done, gateway }
}

impl Night {
    /// A3 is unverified for this reason after so many calls, and everything else is well.
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
        // What could not be trusted is not kept as if it could.
        assert_eq!(self.merchant.sql("SELECT count(*) FROM answers"), 5, "{what}");
    }
}
