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
fn a_body_that_is_not_an_answer() {
    let nested = |open: &str, close: &str| {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        success("A3").replacen('{', &format!(r#"{{"deep":{deep},"#), 1).into_bytes()
    };
    let doubled = r#""amount":"100.00","x":{"y":[{"z":1,"z":1}]}"#;
    let whole = success("A3");
    let cases: [(&str, Vec<u8>, &str); 17] = [
        (
            "HTML",
            b"<!doctype html><title>Welcome</title>".to_vec(),
            "the web page \"Welcome\", not",
        ),
        ("nothing", Vec::new(), "empty"),
        ("cut JSON", whole[..whole.len() - 1].into(), "not whole, valid JSON"),
        ("trailing text", format!("{whole} ok").into(), "not whole, valid JSON"),
        ("two answers", format!("{whole}{whole}").into(), "not whole, valid JSON"),
        ("NaN", answer_for("A3", r#""amount":NaN"#).into(), "not whole, valid JSON"),
        ("deep lists", nested("[", "]"), "levels deep"),
        ("deep objects", nested("{\"a\":", "}"), "levels deep"),
        (
            "bad UTF-8",
            [answer_for("A3", "\"amount\":\"100.00\",\"x\":\"").as_bytes(), b"\xFF\"}}"].concat(),
            "JSON",
        ),
        ("lone surrogate", answer_for("A3", r#""amount":"100.00","x":"\ud800""#).into(), "Unicode"),
        ("doubled amount", answer_for("A3", r#""amount":"100.00","amount":"1""#).into(), "twice"),
        (
            "doubled by an escape",
            answer_for("A3", r#""amount":"100","\u0061mount":"1""#).into(),
            "twice",
        ),
        ("doubled in the depth", answer_for("A3", doubled).into(), "twice"),
        ("doubled result", whole.replacen('{', r#"{"result":"error","#, 1).into(), "twice"),
        ("a list", b"[]".to_vec(), "neither success nor error"),
        ("success without data", br#"{"result":"success"}"#.to_vec(), "data"),
        ("another error", br#"{"result":"error","data":"Try later"}"#.to_vec(), "Try later"),
    ];
    for (what, body, why) in cases {
        let run = with_a_fault(move |turn| turn.answer("200 OK", "", &body));
        run.unverified(what, why, 4);
    }
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

/// The table of amounts (faults, "The gateway"). An answer whose `amount` is none is not
/// trustworthy.
#[test]
fn only_plain_decimals_are_amounts() {
    let amounts = [
        ("100", "100.00"),
        ("100.0", "100.00"),
        (r#""100.00""#, "100.00"),
        (r#""100.000000""#, "100.00"),
        (r#""100.000001""#, "100.000001"),
        (r#""1,200.00""#, ""),
        (r#""1e2""#, ""),
        ("1e2", ""),
        ("1e400", ""),
        ("-5", ""),
        (r#""-0""#, ""),
        (r#""+5""#, ""),
        (r#""""#, ""),
        ("null", ""),
        ("true", ""),
        ("[100]", ""),
        (r#""0x10""#, ""),
        (r#""１２""#, ""),
        (r#"" 12""#, ""),
        (r#""12 ""#, ""),
        (r#""12.""#, ""),
        (r#"".5""#, ""),
        (r#""1_000""#, ""),
        (r#""123456789012345678901234567890""#, ""),
        (r#""1.1234567""#, ""),
        (r#""∞""#, ""),
        (r#""100.00\u0000""#, ""),
    ];
    let gateway = RudeGateway::serve(move |turn| {
        let number: usize = turn.order[1..].parse().unwrap_or(0);
        let (amount, _) = amounts[number - 1];
        let statuses = r#""payment_status":"completed","accounting_status":"accounted""#;
        let fields = format!(r#""amount":{amount},"currency":"inr",{statuses}"#);
        let fields = fields + &format!(r#","final_amount":{amount}"#);
        let body = answer_for(&turn.order, &fields);
        turn.answer("200 OK", "", body);
    });
    let run = reconcile(amounts.len(), gateway);
    assert_eq!(run.done.code, Some(3), "{:?}", run.done);
    let rows = rows(&run.merchant.report_path());
    let kinds = kinds(&rows);
    for (index, (amount, meant)) in amounts.iter().enumerate() {
        let order = format!("A{}", index + 1);
        let kinds = kinds.get(&order).map(|kinds| kinds.join(" ")).unwrap_or_default();
        let expected = match *meant {
            "" => "unverified",
            "100.00" => "",
            _ => "ledger_amount_difference",
        };
        // With another final amount than the ledger's, more than one rule finds a mismatch.
        let is_so =
            if *meant == "100.000001" { kinds.contains(expected) } else { kinds == expected };
        assert!(is_so, "{amount} as {order}: {kinds:?}, not {expected:?}");
        let calls = run.gateway.calls_for(&order);
        assert_eq!(calls, if meant.is_empty() { 4 } else { 1 }, "{amount}");
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
