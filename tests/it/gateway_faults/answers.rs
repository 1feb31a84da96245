//! Complete responses, trustworthy and not trustworthy.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::{reconcile, with_a_fault};
use crate::rude_gateway::{RudeGateway, success};
use crate::support::{kinds, rows};

fn answer_for(order: &str, fields: &str) -> String {
    format!(
        r#"{{"result":"success","data":{{"payment":{{"merchant_order_id":"{order}",{fields}}}}}}}"#
    )
}

#[test]
fn an_answer_about_another_order_or_merchant() {
    let of_m2 = answer_for("A3", r#""amount":"100","merchant_uid":"M2""#);
    let other_merchant = "the answer is about another merchant's order (the gateway answered \
                          merchant_uid \"M2\", configured is \"M1\")";
    let nameless = success("A3").replace("merchant_order_id", "order");
    for (what, body, why, calls) in [
        ("another order", success("A4"), "the answer is about the order \"A4\"", 1),
        ("a longer id", success("A33"), "the answer is about the order \"A33\"", 1),
        ("no order", nameless, "which order", 4),
        ("another merchant", of_m2, other_merchant, 1),
    ] {
        let gateway = RudeGateway::serve(move |turn| match &*turn.order {
            "A3" => turn.answer("200 OK", "", &body),
            _ => turn.answer_well(),
        });
        let mut run = reconcile(0, gateway);
        // The configured merchant is M1.
        run.merchant.write("ledger.csv", crate::support::ledger(6));
        let arguments = ["run", "--base-url", &run.gateway.url, "--rate", "2000", "--format"];
        let more = ["json", "--ledger", "ledger.csv"];
        let mut command = run.merchant.command(&[&arguments[..], &more].concat());
        let output = command.env("OCTOPUS_RECON_MERCHANT_UID", "M1").output();
        run.done = output.unwrap().into();
        run.unverified(what, why, calls);
    }
}

#[test]
fn a_value_that_the_page_does_not_list_is_reported_unchanged() {
    let fields = |payment_status: &str| {
        format!(r#""amount":"100.00","currency":"inr","payment_status":{payment_status}"#)
    };
    for status in [r#""complete""#, r#""COMPLETED ""#, "null", r#""""#] {
        let body = answer_for("A3", &fields(status));
        let run = with_a_fault(move |turn| turn.answer("200 OK", "", &body));
        assert_eq!(run.done.code, Some(1), "{status}: {:?}", run.done);
        let kinds = kinds(&rows(&run.merchant.report_path()));
        assert!(kinds["A3"].contains(&"unknown_status".to_owned()), "{status}: {kinds:?}");
    }
    let body = answer_for("A3", &fields(r#""completed""#).replace("inr", "doubloon"));
    let run = with_a_fault(move |turn| turn.answer("200 OK", "", &body));
    let kinds = kinds(&rows(&run.merchant.report_path()));
    assert!(kinds["A3"].contains(&"currency_difference".to_owned()), "{kinds:?}");
}

#[test]
fn no_such_order_counts_only_under_2xx_and_404() {
    let missing = r#"{"result":"error","data":"Order not found"}"#;
    let cases = [
        ("200 OK", missing, "missing_at_gateway", 1),
        ("404 Not Found", missing, "missing_at_gateway", 1),
        ("404 Not Found", "<html>Not Found</html>", "unverified", 1),
        ("404 Not Found", "", "unverified", 1),
        ("404 Not Found", r#"{"result":"error","data":"Merchant not found"}"#, "unverified", 1),
        ("400 Bad Request", missing, "unverified", 1),
        ("410 Gone", missing, "unverified", 1),
        // Once more at the end of the run.
        ("500 Oops", missing, "unverified", 8),
    ];
    for (status, body, kind, calls) in cases {
        let run = with_a_fault(move |turn| turn.answer(status, "", body));
        let code = if kind == "unverified" { 3 } else { 1 };
        assert_eq!(run.done.code, Some(code), "{status} {body}: {:?}", run.done);
        let kinds = kinds(&rows(&run.merchant.report_path()));
        assert_eq!(kinds["A3"], [kind], "{status} {body}");
        assert_eq!(run.gateway.calls_for("A3"), calls, "{status} {body}");
    }
}
