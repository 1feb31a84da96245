//! `order new`: what is sent, how often, and what is printed, as the test gateway recorded it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod interrupted;
mod model;
mod sending;
mod sequences;
mod usage;

use crate::rude_gateway::{Request, RudeGateway, Turn, success};
use crate::support::{Done, Merchant};
use serde_json::json;

/// Short waits, and two attempts per call.
const SETTINGS: &str = "[gateway]\nmerchant_uid = \"M1\"\nmax_attempts = 2\nbackoff_first_ms = 1\n\
                        backoff_max_ms = 4\ncall_timeout_seconds = 10\nrequests_per_second = \
                        1000\n";
const DEPOSIT: [&str; 8] =
    ["deposit", "A1", "--amount", "100.00", "--currency", "inr", "--payment", "india"];
const PAYOUT: [&str; 10] = [
    "payout",
    "A1",
    "--amount",
    "100.00",
    "--currency",
    "inr",
    "--payment",
    "india",
    "--accounts",
    "accounts.json",
];
const MISSING: &str = r#"{"result":"error","data":"Order not found"}"#;

fn merchant() -> Merchant {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", SETTINGS);
    merchant.write("accounts.json", r#"{"to":"99999999"}"#);
    merchant
}

/// The command line that creates an order.
fn arguments<'a>(url: &'a str, typed: &[&'a str]) -> Vec<&'a str> {
    [&["order", "new"], typed, &["--base-url", url]].concat()
}

/// Creates an order at this gateway.
fn create(merchant: &Merchant, gateway: &RudeGateway, typed: &[&str]) -> Done {
    merchant.run(&arguments(&gateway.url, typed))
}

/// The calls in their order, as "new get new".
fn calls(gateway: &RudeGateway) -> String {
    let names = gateway.requests().into_iter().map(|request| name(&request));
    names.collect::<Vec<&str>>().join(" ")
}

fn name(request: &Request) -> &'static str {
    match request.path.as_str() {
        "/octopus/api/order/new" => "new",
        "/octopus/api/order/get" => "get",
        _ => "?",
    }
}

/// The gateway accepts the order: it answers with the values of the request.
fn created(turn: Turn) {
    let sent: serde_json::Value = serde_json::from_str(&turn.request.body).unwrap();
    let mut data = json!({"payment": {
        "merchant_order_id": sent["merchant_order_id"], "merchant_uid": sent["merchant_uid"],
        "amount": sent["amount"], "currency": sent["currency"], "payment_status": "pending",
        "transaction_type": sent["transaction_type"], "to": sent["to"],
        "to_name": sent["to_name"], "signature_key": "PLANTED-SIGNATURE-KEY",
    }});
    if sent["transaction_type"] == "income" {
        data["payment_url"] = json!("https://pay.example.com/1");
    }
    turn.answer("200 OK", "", json!({"result": "success", "data": data}).to_string());
}

/// The gateway has the order: an income of 100.00 inr.
fn has(turn: Turn) {
    let body = success(&turn.order);
    turn.answer("200 OK", "", body);
}

fn missing(turn: Turn) {
    turn.answer("200 OK", "", MISSING);
}

fn reset(turn: Turn) {
    turn.reset_after(b"");
}

/// A gateway that handles each call with the next of these; the last one repeats.
fn scripted(acts: &'static [fn(Turn)]) -> RudeGateway {
    RudeGateway::serve(move |turn| {
        let act = acts.get(turn.earlier).or(acts.last()).unwrap();
        act(turn);
    })
}
