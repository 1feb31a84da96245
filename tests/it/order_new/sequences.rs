//! `order new` against each sequence of faults: the calls in their order, and the exit code.

use super::{DEPOSIT, PAYOUT, calls, create, created, has, merchant, missing, reset, scripted};
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

fn duplicate(turn: Turn) {
    says(turn, "200 OK", r#"{"result":"error","data":"The order id has been used before"}"#);
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

/// A success whose JSON is cut, in a complete HTTP response.
fn half_a_success(turn: Turn) {
    says(turn, "200 OK", r#"{"result":"success","data":{"payment":"#);
}

/// A success whose HTTP body is shorter than announced.
fn breaks_off(turn: Turn) {
    let body = success(&turn.order);
    turn.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n{body}"));
}

fn elsewhere(turn: Turn) {
    turn.answer("302 Found", "Location: /checkout\r\n", "");
}

fn another_order(turn: Turn) {
    says(turn, "200 OK", &success("B7"));
}

#[test]
fn each_sequence_has_its_calls_and_its_exit_code() {
    let cases: &[(&str, Acts, &str, i32)] = &[
        ("all is well", &[created], "new", 0),
        ("the answer is lost", &[reset, has], "new get", 0),
        ("half an answer", &[cut, has], "new get", 0),
        ("lost before it arrived", &[reset, missing, created], "new get new", 0),
        ("lost, and then lost again", &[reset, missing, reset, has], "new get new get", 0),
        ("no attempt is left", &[reset, missing, reset, missing], "new get new get", 13),
        ("busy, no attempt is left", &[busy, missing, busy, missing], "new get new get", 13),
        ("no sense in it", &[rubbish, missing, rubbish, missing], "new get new get", 3),
        ("lost, no sense in order/get", &[reset, rubbish], "new get get", 3),
        ("lost, order/get cannot be read", &[reset, cut], "new get get", 3),
        ("lost, no answer of order/get", &[reset], "new get get", 3),
        ("lost, order/get is busy", &[reset, busy], "new get get", 3),
        // Two attempts, and four waits for each.
        ("lost, order/get asks to wait", &[reset, later], "new get get get get get get get get", 3),
        ("lost, order/get refuses", &[reset, refused], "new get", 3),
        ("lost, order/get declines", &[reset, declined], "new get get", 3),
        ("lost, order/get is not there", &[reset, not_there], "new get", 3),
        ("lost, order/get of another", &[reset, another_order], "new get", 3),
        ("lost, order/get at the second", &[reset, busy, has], "new get get", 0),
        ("lost, none at the second", &[reset, busy, missing, created], "new get get new", 0),
        ("declined", &[declined, missing], "new get", 1),
        ("declined in detail", &[declined_in_detail, missing], "new get", 1),
        ("declined, and it is there", &[declined, has], "new get", 3),
        ("declined, other values", &[declined, has_other], "new get", 3),
        ("declined, order/get refuses", &[declined, refused], "new get", 3),
        ("declined as there, and there", &[duplicate, has], "new get", 3),
        ("declined as there, and none", &[duplicate, missing], "new get", 3),
        ("declined, and nobody knows", &[declined, rubbish], "new get get", 3),
        ("declined once it was late", &[reset, missing, declined, has], "new get new get", 0),
        ("lost, and then declined", &[reset, missing, declined, missing], "new get new get", 3),
        ("lost, order/get is late", &[reset, missing, duplicate, missing], "new get new get", 3),
        ("lost, then it lags no more", &[reset, missing, duplicate, has], "new get new get", 0),
        ("lost, late at each send", &[reset, missing, duplicate, reset], "new get new get get", 3),
        ("lost, other values", &[reset, has_other], "new get", 3),
        ("lost, late, other values", &[reset, missing, declined, has_other], "new get new get", 3),
        ("other values at once", &[has_other, has_other], "new get", 3),
        ("other values, and then none", &[has_other, missing], "new get", 3),
        ("a broken success, then none", &[half_a_success, missing], "new get", 3),
        ("half a success, then none", &[breaks_off, missing], "new get", 3),
        ("a broken success", &[half_a_success, has], "new get", 0),
        ("another order's, then none", &[another_order, missing], "new get", 3),
        ("a redirect, then none", &[elsewhere, missing], "new get", 3),
        ("other values, and then not", &[has_other, has], "new get", 0),
        ("another order's answer", &[another_order, has], "new get", 0),
        ("refused", &[refused], "new get", 12),
        ("refused in words", &[refused_in_words], "new get", 12),
        ("refused, and none", &[refused, missing], "new get", 1),
        ("refused in words, and none", &[refused_in_words, missing], "new get", 1),
        ("refused, and it is there", &[refused, has], "new get", 3),
        ("refused, other values", &[refused, has_other], "new get", 3),
        ("refused, and nobody knows", &[refused, rubbish], "new get get", 3),
        ("refused later", &[reset, missing, refused], "new get new get", 3),
        ("refused later, and none", &[reset, missing, refused, missing], "new get new get", 3),
        ("refused later, it is there", &[reset, missing, refused, has], "new get new get", 0),
        ("no sense, then an outage", &[rubbish, missing, reset, missing], "new get new get", 3),
        ("asked to wait", &[later, missing, created], "new get new", 0),
        ("busy, but taken", &[busy, has], "new get", 0),
        ("not there", &[not_there, missing, created], "new get new", 0),
    ];
    for (what, acts, expected, code) in cases {
        let (merchant, gateway) = (merchant(), scripted(acts));
        let done = create(&merchant, &gateway, &DEPOSIT);
        assert_eq!(calls(&gateway), *expected, "{what}: {done:?}");
        assert_eq!(done.code, Some(*code), "{what}: {done:?}");
        assert_eq!(done.stdout.is_empty(), *code != 0, "{what}: {done:?}");
        let errors = done.stderr.lines().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(errors, usize::from(*code != 0), "{what}: {done:?}");
        assert_eq!(done.stderr.matches("\n hint: ").count(), usize::from(*code != 0), "{done:?}");
        assert!(!done.stderr.contains("6660006666789"), "{what}: {done:?}");
    }
}

fn order_new(acts: Acts) -> Done {
    create(&merchant(), &scripted(acts), &DEPOSIT)
}

fn assert_says(done: &Done, words: &[&str]) {
    for word in words {
        assert!(done.stderr.contains(word), "{word}: {done:?}");
    }
}

#[test]
fn messages_say_what_is_known_about_the_order() {
    let found = order_new(&[reset, has]);
    assert_says(
        &found,
        &["was not usable (", "order/get has order A1", "its payment_url is not known"],
    );
    assert_eq!(found.stderr.trim_end().lines().count(), 1, "{found:?}");
    assert_eq!(found.json()["data"]["payment"]["merchant_order_id"], "A1");

    let late = order_new(&[reset, missing, declined, has]);
    assert_says(&late, &["was not usable (first the connection broke ("]);
    assert_says(
        &late,
        &["), then the gateway declined it with \"Channel closed for …6789\"), but"],
    );

    let unknown = order_new(&[reset, rubbish]);
    let words = ["it is not known whether the gateway has order A1", "`order get A1` before"];
    assert_says(&unknown, &words);
    assert_says(&unknown, &["do not send the order with another id"]);
    let lags = order_new(&[reset, missing, duplicate, missing]);
    assert_says(
        &lags,
        &["not known whether the gateway has order A1: order/new: first the connect"],
    );
    assert_says(
        &lags,
        &["then the gateway declined it with \"The order id has been used before\""],
    );
    assert_says(&lags, &["order/get: the gateway says that it has no such order\n hint: run"]);

    let declined_now = order_new(&[declined, missing]);
    assert_says(
        &declined_now,
        &["order A1: the gateway declined it with \"Channel closed for …6789\""],
    );
    assert_says(&declined_now, &[", and has no such order", "hint: correct the named value"]);
    let detail = order_new(&[declined_in_detail, missing]);
    assert_says(&detail, &["with \"Invalid parameters. The 'channel' field is required.\""]);

    let exists = order_new(&[declined, has]);
    assert_says(
        &exists,
        &["order A1: the gateway declined it with", "hint: check it with `order get A1`"],
    );
    assert_says(
        &exists,
        &["and the same values (completed, 100.00 inr), from this call or an earl"],
    );
    for acts in [&[declined, has_other], &[reset, has_other], &[has_other, has_other]] {
        let differs = order_new(acts);
        let other = "already has an order with this id, which may not be yours: amount 70.00, not";
        assert_says(
            &differs,
            &[other, "hint: check it with `order get A1`: if it is another order"],
        );
    }

    let absent = order_new(&[busy, missing, busy, missing]);
    assert_says(&absent, &["was not created", "no such order: the gateway answered 503"]);
    assert_says(&order_new(&[refused]), &["refuses the credentials"]);
    let refused_only = order_new(&[refused, missing]);
    let words =
        "order A1: the gateway refuses the credentials (the gateway answered 401), and has no";
    assert_says(&refused_only, &[words]);
}

#[test]
fn a_payout_is_recognised_by_its_values() {
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
    let done = create(&merchant, &gateway, &[&PAYOUT[..], &["--yes"]].concat());
    assert_eq!((done.code, &*calls(&gateway)), (Some(0), "new get"), "{done:?}");
    assert!(!done.stderr.contains("payment_url"), "a payout has none: {done:?}");
    // Income of the same amount is another order.
    let gateway = scripted(&[reset, has]);
    let done = create(&merchant, &gateway, &[&PAYOUT[..], &["--yes"]].concat());
    assert_eq!(done.code, Some(3), "{done:?}");
    assert_says(&done, &["transaction type income, not expense"]);
    // So is a payout to another account. Neither account is shown.
    let gateway = RudeGateway::serve(|turn| {
        let changes = json!({"transaction_type": "expense", "accounting_type": "pay",
            "to": "6660006666987"});
        let payment = paid(&turn.order, "100.00", changes);
        let body = format!(r#"{{"result":"success","data":{{"payment":{payment}}}}}"#);
        turn.answer("200 OK", "", body);
    });
    let done = create(&merchant, &gateway, &[&PAYOUT[..], &["--yes", "-vv"]].concat());
    assert_eq!((done.code, &*calls(&gateway)), (Some(3), "new get"), "{done:?}");
    assert_says(&done, &["may not be yours: the payee's account differs\n"]);
    assert!(!done.stderr.contains("6987") && !done.stderr.contains("9999"), "{done:?}");
}

#[test]
fn a_redirect_is_not_followed() {
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary", "308 Permanent"] {
        let elsewhere = scripted(&[created]);
        let location = format!("Location: {}/octopus/api/order/new\r\n", elsewhere.url);
        let gateway = RudeGateway::serve(move |turn| {
            if turn.request.is_new() { turn.answer(status, &location, "") } else { has(turn) }
        });
        let done = create(&merchant(), &gateway, &DEPOSIT);
        assert_eq!((done.code, &*calls(&gateway)), (Some(0), "new get"), "{done:?}");
        assert_says(&done, &["a redirect, which is not followed"]);
        assert_eq!(calls(&elsewhere), "");
    }
}
