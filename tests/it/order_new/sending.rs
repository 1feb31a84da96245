//! The request of `order new`, and the response of a gateway without faults.

use super::{DEPOSIT, PAYOUT, calls, create, created, merchant, scripted};
use crate::rude_gateway::Request;
use crate::support::{API_KEY, API_SECRET};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;

/// The signature of a received request, computed as the page documents it.
fn signature(request: &Request) -> String {
    let parameters: BTreeMap<String, String> = serde_json::from_str(&request.body).unwrap();
    let pairs: Vec<String> =
        parameters.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut mac = Hmac::<Sha256>::new_from_slice(API_SECRET.as_bytes()).unwrap();
    mac.update(pairs.join("&").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn assert_signed(request: &Request) {
    assert!(request.is_new());
    assert_eq!(request.header("oc-signature"), Some(&*signature(request)));
    assert_eq!(request.header("oc-key"), Some(API_KEY));
    assert_eq!(request.header("content-type"), Some("application/json"));
}

fn sent(request: &Request) -> Value {
    serde_json::from_str(&request.body).unwrap()
}

#[test]
fn a_deposit_is_one_signed_call() {
    let (merchant, gateway) = (merchant(), scripted(&[created]));
    let done = create(&merchant, &gateway, &DEPOSIT);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.stderr, "");
    let data = json!({"payment": {
        "merchant_order_id": "A1", "merchant_uid": "M1", "amount": "100.00", "currency": "inr",
        "payment_status": "pending", "transaction_type": "income", "to": null,
    }, "payment_url": "https://pay.example.com/1"});
    let printed = done.json();
    assert_eq!(printed["result"], "success");
    assert_eq!(printed["data"], data);
    assert_eq!(printed["command"], "order new");
    assert_eq!(calls(&gateway), "new");
    let request = &gateway.requests()[0];
    assert_signed(request);
    assert_eq!(
        sent(request),
        json!({
            "transaction_type": "income", "accounting_type": "receive", "amount": "100.00",
            "currency": "inr", "payment": "india", "merchant_order_id": "A1",
            "merchant_uid": "M1", "response_type": "json",
        })
    );
}

#[test]
fn every_parameter_arrives() {
    let (merchant, gateway) = (merchant(), scripted(&[created]));
    merchant.write(
        "all.json",
        r#"{"from":"660-77","from_name":"जॉन & Co=1","from_bank_name":"UPI","to":"0099",
            "to_name":"Jane \"J\" Doe","to_bank_name":"kbz","merchant_id":"m 1"}"#,
    );
    let typed = [
        "deposit",
        "क्रम/7&x=1 +é",
        "--amount",
        "0.5",
        "--currency",
        " INR",
        "--payment",
        "india",
        "--accounting-type",
        "recharge",
        "--country",
        "India",
        "--channel",
        "upi",
        "--redirect-url",
        "https://example.com/back?a=1&b=%20",
        "--notify-url",
        "http://example.com/notify",
        "--accounts",
        "all.json",
    ];
    let done = create(&merchant, &gateway, &typed);
    assert_eq!(done.code, Some(0), "{done:?}");
    let request = &gateway.requests()[0];
    assert_signed(request);
    assert_eq!(
        sent(request),
        json!({
            "transaction_type": "income", "accounting_type": "recharge", "amount": "0.50",
            "currency": "inr", "payment": "india", "merchant_order_id": "क्रम/7&x=1 +é",
            "merchant_uid": "M1", "response_type": "json", "country": "India", "channel": "upi",
            "redirect_url": "https://example.com/back?a=1&b=%20",
            "notify_url": "http://example.com/notify", "from": "660-77",
            "from_name": "जॉन & Co=1", "from_bank_name": "UPI", "to": "0099",
            "to_name": "Jane \"J\" Doe", "to_bank_name": "kbz", "merchant_id": "m 1",
        })
    );
}

#[test]
fn a_payout_is_sent_only_with_yes() {
    let (merchant, gateway) = (merchant(), scripted(&[created]));
    let refused = create(&merchant, &gateway, &PAYOUT);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert_eq!(
        refused.stderr,
        format!(
            "error: nothing was sent: a payout of 100.00 inr to account …9999 as order A1 needs \
             --yes\n hint: --yes sends it to {} for merchant M1: then money moves\n",
            gateway.url
        )
    );
    assert_eq!(calls(&gateway), "");
    let done = create(&merchant, &gateway, &[&PAYOUT[..], &["--yes"]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.json()["data"].get("payment_url"), None);
    assert_eq!(done.json()["data"]["payment"]["to"], "…9999");
    let request = &gateway.requests()[0];
    assert_signed(request);
    assert_eq!(
        sent(request),
        json!({
            "transaction_type": "expense", "accounting_type": "pay", "amount": "100.00",
            "currency": "inr", "payment": "india", "merchant_order_id": "A1",
            "merchant_uid": "M1", "response_type": "json", "to": "99999999",
        })
    );
}

#[test]
fn accounts_come_from_stdin_too() {
    let (merchant, gateway) = (merchant(), scripted(&[created]));
    let typed = [&PAYOUT[..9], &["-", "--yes", "--accounting-type", "settle"]].concat();
    let done =
        merchant.run_with_stdin(&super::arguments(&gateway.url, &typed), br#"{"to":"0077"}"#);
    assert_eq!(done.code, Some(0), "{done:?}");
    let sent = sent(&gateway.requests()[0]);
    assert_eq!((&sent["to"], &sent["accounting_type"]), (&json!("0077"), &json!("settle")));
}
