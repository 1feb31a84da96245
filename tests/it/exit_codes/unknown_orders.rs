//! A gateway that knows none of the orders: a wrong address or a wrong column is more likely than
//! that all of them are missing.

use super::{assert_hint, assert_refused};
use crate::rude_gateway::RudeGateway;
use crate::support::{Merchant, ledger};

const MISSING: &str = r#"{"result":"error","data":"Order not found"}"#;

fn merchant(orders: usize) -> Merchant {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(orders));
    merchant
}

/// A gateway that knows only these orders.
fn gateway(known: &'static [&'static str]) -> RudeGateway {
    RudeGateway::serve(move |turn| {
        let is_known = known.contains(&&*turn.order);
        if is_known { turn.answer_well() } else { turn.answer("404 Not Found", "", MISSING) }
    })
}

#[test]
fn a_gateway_that_has_never_known_an_order_is_not_believed() {
    let merchant = merchant(20);
    let gateway = gateway(&[]);
    let run = ["run", "--base-url", &gateway.url, "--rate", "2000", "--ledger", "ledger.csv"];
    let done = merchant.run(&run);
    assert_refused(&done, 13, &["knows none of the orders", "20 of 20", "Order not found"]);
    assert_hint(&done);
    assert_eq!(merchant.reports().len(), 0);
    // To resume it would end in the same way.
    let status = merchant.run(&["status"]).stdout;
    let advice = "; put that right, then run the nightly command again";
    assert!(status.trim_end().ends_with(advice), "{status}");
    // Every answer is kept: nothing is asked again.
    let again = merchant.run(&[&run[..], &["--resume"]].concat());
    assert_refused(&again, 13, &["knows none of the orders"]);
    assert_eq!(gateway.arrivals().len(), 20);
    let believed = merchant.run(&[&run[..], &["--resume", "--accept-suspect"]].concat());
    assert_eq!(believed.code, Some(1), "{believed:?}");
    assert_eq!(gateway.arrivals().len(), 20);
}

#[test]
fn few_orders_and_a_gateway_that_knew_one_are_believed() {
    let few = merchant(19);
    let done = few.reconcile(&gateway(&[]).url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_eq!(done.json()["mismatches"]["missing_at_gateway"], 19, "{done:?}");
    // One of the same night.
    let knows_one = gateway(&["A20"]);
    let same = merchant(20);
    let done = same.reconcile(&knows_one.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    // One of an earlier night.
    same.write("later.csv", ledger(45).replace("\nA", "\nB").replace("2026-01-10", "2026-01-11"));
    let done = same.reconcile(&knows_one.url, &["--ledger", "later.csv"]);
    assert_ne!(done.code, Some(13), "{done:?}");
    assert_eq!(done.json()["mismatches"]["missing_at_gateway"], 45, "{done:?}");
}
