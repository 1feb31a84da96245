//! Whatever goes wrong: the calls in their order, and the exit code.

use super::{DEPOSIT, PAYOUT, calls, has, merchant, missing, place, placed, reset, scripted};
use crate::rude_gateway::{RudeGateway, Turn, success};
use crate::support::{Done, paid};
use serde_json::json;

type Acts = &'static [fn(Turn)];

fn says(turn: Turn, status: &str, body: &str) {
    turn.answer(status, "", body);
}

fn declined(turn: Turn) {
    says(turn, "200 OK", r#"{"result":"error","data":"Channel closed for 6660006666789"}"#);
}

fn declined_in_detail(turn: Turn) {
    let body = r#"{"result":"error","data":{"error":"Invalid parameters",
        "details":"The 'channel' field is required."}}"#;
    says(turn, "400 Bad Request", body);
}

fn refused(turn: Turn) {
    says(turn, "401 Unauthorized", "");
}

fn refused_in_words(turn: Turn) {
    says(turn, "200 OK", r#"{"result":"error","data":"Invalid signature"}"#);
}

fn rubbish(turn: Turn) {
    says(turn, "200 OK", "<html>");
}

fn busy(turn: Turn) {
    says(turn, "503 Service Unavailable", r#"{"result":"error","data":"Order not found"}"#);
}

fn later(turn: Turn) {
    turn.answer("429 Too Many Requests", "Retry-After: 0\r\n", "");
}

fn not_there(turn: Turn) {
    says(turn, "404 Not Found", "<html>");
}

fn cut(turn: Turn) {
    let body = success(&turn.order);
    turn.reset_after(format!("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n{body}").as_bytes());
}

fn has_other(turn: Turn) {
    let payment = paid(&turn.order, "70.00", json!({"currency": "usd"}));
    let body = format!(r#"{{"result":"success","data":{{"payment":{payment}}}}}"#);
    says(turn, "200 OK", &body);
}

fn another_order(turn: Turn) {
    says(turn, "200 OK", &success("B7"));
}

#[test]
fn every_course_has_its_calls_and_its_exit_code() {
    let cases: &[(&str, Acts, &str, i32)] = &[
        ("all is well", &[placed], "new", 0),
        ("the answer is lost", &[reset, has], "new get", 0),
        ("half an answer", &[cut, has], "new get", 0),
        ("lost before it arrived", &[reset, missing, placed], "new get new", 0),
        ("lost, and then lost again", &[reset, missing, reset, has], "new get new get", 0),
        ("no attempt is left", &[reset, missing, reset, missing], "new get new get", 13),
        ("busy, no attempt is left", &[busy, missing, busy, missing], "new get new get", 13),
        ("no sense in it", &[rubbish, missing, rubbish, missing], "new get new get", 3),
        ("lost, no sense in order/get", &[reset, rubbish], "new get get", 3),
        ("lost, order/get cannot be read", &[reset, cut], "new get get", 3),
        ("lost, no answer of order/get", &[reset], "new get get", 3),
        ("lost, order/get is busy", &[reset, busy], "new get get", 3),
        ("lost, order/get asks to wait", &[reset, later], "new get get", 3),
        ("lost, order/get refuses", &[reset, refused], "new get", 3),
        ("lost, order/get declines", &[reset, declined], "new get get", 3),
        ("lost, order/get is not there", &[reset, not_there], "new get", 3),
        ("lost, order/get of another", &[reset, another_order], "new get get", 3),
        ("lost, order/get at the second", &[reset, busy, has], "new get get", 0),
        ("lost, none at the second", &[reset, busy, missing, placed], "new get get new", 0),
        ("declined", &[declined, missing], "new get", 1),
        ("declined in detail", &[declined_in_detail, missing], "new get", 1),
        ("declined, as it is there", &[declined, has], "new get", 1),
        ("declined, other values", &[declined, has_other], "new get", 1),
        ("declined, and nobody knows", &[declined, rubbish], "new get get", 3),
        ("declined once it was late", &[reset, missing, declined, has], "new get new get", 0),
        ("lost, and then declined", &[reset, missing, declined, missing], "new get new get", 1),
        ("lost, other values", &[reset, has_other], "new get", 1),
        ("other values at once", &[has_other, has_other], "new get", 1),
        ("other values, and then not", &[has_other, has], "new get", 0),
        ("another order's answer", &[another_order, has], "new get", 0),
        ("refused", &[refused], "new", 12),
        ("refused in words", &[refused_in_words], "new", 12),
        ("refused later", &[reset, missing, refused], "new get new", 12),
        ("asked to wait", &[later, missing, placed], "new get new", 0),
        ("busy, but taken", &[busy, has], "new get", 0),
        ("not there", &[not_there, missing, placed], "new get new", 0),
    ];
    for (what, acts, expected, code) in cases {
        let (merchant, gateway) = (merchant(), scripted(acts));
        let done = place(&merchant, &gateway, &DEPOSIT);
        assert_eq!(calls(&gateway), *expected, "{what}: {done:?}");
        assert_eq!(done.code, Some(*code), "{what}: {done:?}");
        assert_eq!(done.stdout.is_empty(), *code != 0, "{what}: {done:?}");
        assert_eq!(done.stderr.matches("error: ").count(), usize::from(*code != 0), "{done:?}");
        assert_eq!(done.stderr.matches("\n hint: ").count(), usize::from(*code != 0), "{done:?}");
        assert!(!done.stderr.contains("6660006666789"), "{what}: {done:?}");
    }
}

fn course(acts: Acts) -> Done {
    place(&merchant(), &scripted(acts), &DEPOSIT)
}

fn assert_says(done: &Done, words: &[&str]) {
    for word in words {
        assert!(done.stderr.contains(word), "{word}: {done:?}");
    }
}

#[test]
fn what_is_said_tells_what_is_known() {
    let found = course(&[reset, has]);
    assert_says(&found, &["was lost (", "order/get has order A1", "payment_url is therefore not"]);
    assert_eq!(found.stderr.trim_end().lines().count(), 1, "{found:?}");
    assert_eq!(found.json()["data"]["payment"]["merchant_order_id"], "A1");

    let late = course(&[reset, missing, declined, has]);
    assert_says(&late, &["was lost (the connection broke ("]);

    let unknown = course(&[reset, rubbish]);
    let words = ["it is not known whether the gateway has order A1", "`order get A1` before"];
    assert_says(&unknown, &words);
    assert_says(&unknown, &["never send the order under another id"]);

    let declined_now = course(&[declined, missing]);
    assert_says(&declined_now, &["declined order A1 with \"Channel closed for …6789\""]);
    assert_says(&declined_now, &["has no such order"]);
    let detail = course(&[declined_in_detail, missing]);
    assert_says(&detail, &["with \"Invalid parameters. The 'channel' field is required.\""]);

    let exists = course(&[declined, has]);
    assert_says(&exists, &["declined order A1", "exists there already: completed, 100.00 inr"]);
    let differs = course(&[declined, has_other]);
    assert_says(
        &differs,
        &["declined order A1", "amount 70.00, not 100.00; currency usd, not inr"],
    );
    let may_differ = course(&[has_other, has_other]);
    assert_says(&may_differ, &["has order A1 with other values than were sent: amount 70.00, not"]);
    assert_says(&may_differ, &["before it is sent under another id"]);

    let absent = course(&[busy, missing, busy, missing]);
    assert_says(&absent, &["could not be placed", "no such order: the gateway answered 503"]);
    assert_says(&course(&[refused]), &["refuses the credentials"]);
}

#[test]
fn a_payout_found_again_is_the_payout() {
    let merchant = merchant();
    let gateway = RudeGateway::serve(|turn| {
        if turn.request.is_new() {
            return reset(turn);
        }
        let expense = json!({"transaction_type": "expense", "accounting_type": "pay"});
        let payment = paid(&turn.order, "100.00", expense);
        let body = format!(r#"{{"result":"success","data":{{"payment":{payment}}}}}"#);
        turn.answer("200 OK", "", body);
    });
    let done = place(&merchant, &gateway, &[&PAYOUT[..], &["--yes"]].concat());
    assert_eq!((done.code, &*calls(&gateway)), (Some(0), "new get"), "{done:?}");
    assert!(!done.stderr.contains("payment_url"), "a payout has none: {done:?}");
    // Income of the same amount is another order.
    let gateway = scripted(&[reset, has]);
    let done = place(&merchant, &gateway, &[&PAYOUT[..], &["--yes"]].concat());
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_says(&done, &["transaction type income, not expense"]);
}

#[test]
fn a_redirect_is_not_followed() {
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary", "308 Permanent"] {
        let elsewhere = scripted(&[placed]);
        let location = format!("Location: {}/octopus/api/order/new\r\n", elsewhere.url);
        let gateway = RudeGateway::serve(move |turn| {
            if turn.request.is_new() { turn.answer(status, &location, "") } else { has(turn) }
        });
        let done = place(&merchant(), &gateway, &DEPOSIT);
        assert_eq!((done.code, &*calls(&gateway)), (Some(0), "new get"), "{done:?}");
        assert_says(&done, &["a redirect, which is not followed"]);
        assert_eq!(calls(&elsewhere), "");
    }
}
