//! The three programs of the gateway's page, as Java sends them (`fixtures/page-programs/`).

#![expect(clippy::unwrap_used, reason = "a test that cannot call has failed")]

use super::caller::Caller;
use crate::support::Gateway;
use serde_json::{Value, json};
use std::path::Path;

/// A gateway with the page's key, secret and merchant, and with the order of the query.
fn gateway() -> Gateway {
    let book = r#"{"merchant_order_id":"12345611","amount":"7.00","payment_status":"completed"}"#;
    Gateway::serve_as(book, |it| {
        it.api_key = "API_KEY".into();
        it.api_secret = "API_SECRET".into();
        it.merchant = Some("Merchant_UID".to_owned());
    })
}

fn recorded(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/page-programs");
    std::fs::read(directory.join(name)).unwrap()
}

/// The fields of an answer that must match the program's parameters.
fn assert_says_what_was_sent(payment: &Value, direction: &str, accounting_type: &str) {
    for (name, value) in [
        ("transaction_type", direction),
        ("accounting_type", accounting_type),
        ("amount", "100.00"),
        ("currency", "mmk"),
        ("payment", "myanmar"),
        ("country", "myanmar"),
        ("channel", "myanmar"),
        ("to_bank_name", "kbz"),
        ("merchant_order_id", "123qq"),
        ("merchant_uid", "Merchant_UID"),
        ("redirect_url", "https://example.com/redirect"),
        ("notify_url", "https://example.com/notify"),
        ("response_type", "json"),
        ("payment_status", "pending"),
    ] {
        assert_eq!(payment[name], value, "{name}");
    }
}

#[test]
fn each_program_gets_its_documented_answer() {
    let host = |bytes: Vec<u8>, url: &str| {
        let text = String::from_utf8(bytes).unwrap();
        text.replace("127.0.0.1:8787", url.strip_prefix("http://").unwrap())
    };
    for name in ["deposit.http", "deposit-chunked.http"] {
        let gateway = gateway();
        let answer = Caller::to(&gateway.url).send(host(recorded(name), &gateway.url));
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_says_what_was_sent(&answer.payment(), "income", "receive");
        let url = answer.json()["data"]["payment_url"].as_str().unwrap().to_owned();
        assert!(url.starts_with(&format!("{}/checkout/", gateway.url)), "{url}");
    }
    let gateway = gateway();
    let answer = Caller::to(&gateway.url).send(recorded("payout.http"));
    assert_says_what_was_sent(&answer.payment(), "expense", "pay");
    assert_eq!(answer.payment()["to"], "99999999");
    assert_eq!(answer.json()["data"].get("payment_url"), None);
    let answer = Caller::to(&gateway.url).send(recorded("query.http"));
    assert_eq!(
        answer.payment(),
        json!({
            "merchant_order_id": "12345611", "amount": "7.00", "payment_status": "completed",
            "merchant_uid": "Merchant_UID",
        })
    );
}

#[test]
fn all_of_them_over_one_connection() {
    let gateway = gateway();
    let mut caller = Caller::to(&gateway.url);
    let first = caller.send(recorded("query-twice.http"));
    let second = caller.receive();
    assert_eq!((first.status, first.body), (200, second.body));
    assert_eq!(caller.send(recorded("deposit.http")).status, 200);
    // The page's payout has the same id as its deposit.
    let again = caller.send(recorded("payout.http"));
    assert_eq!(again.error(), "The merchant_order_id has been used before");
    assert_eq!(caller.send(recorded("query.http")).status, 200);
    assert_eq!(gateway.stop().len(), 5);
}

#[test]
fn keys_can_be_in_any_order() {
    let text = String::from_utf8(recorded("deposit.http")).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let inner = body.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    let mut members: Vec<&str> = inner.split(',').collect();
    for seed in 0..20 {
        fastrand::Rng::with_seed(seed).shuffle(&mut members);
        let body = format!("{{{}}}", members.join(","));
        let gateway = gateway();
        let answer = Caller::to(&gateway.url).send(format!("{head}\r\n\r\n{body}"));
        assert_eq!(answer.status, 200, "{body} {answer:?}");
    }
}
