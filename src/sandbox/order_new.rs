//! `order/new`: a deposit or a payout (gateway page, "Basic parameters", "Deposit", "Payment").
//!
//! The page marks no parameter as required. The sandbox requires those that define what is moved,
//! how and for which merchant, and for a payout the payee (gateway-api, "Settled here").

use super::Shape;
use super::gateway::{Call, Gateway, invalid};
use super::lifecycle;
use super::order::Order;
use super::payment::field;
use super::reply::{Answer, Reply, error_text, error_with_details};
use super::signature::Params;
use crate::domain::amount::Amount;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};
use std::time::Duration;
use url::Url;

const REQUIRED: [&str; 7] = [
    "transaction_type",
    "amount",
    "merchant_order_id",
    "merchant_uid",
    "currency",
    "payment",
    "accounting_type",
];

/// The payer's and payee's parameters; deposits and payouts can have both.
const PARTIES: [&str; 6] = ["from", "from_name", "from_bank_name", "to", "to_name", "to_bank_name"];

/// The answered `signature_key`: an invented value, because the real one is a secret.
const MADE_UP_SIGNATURE_KEY: &str = "sandbox-signature-key";

/// Creates the order. The answer is its payment, for a deposit with the URL of the checkout page;
/// if `response_type` is empty, it is a redirect to that page.
pub(super) fn answer(gateway: &Gateway, call: &Call) -> Answer {
    let params = &call.params;
    if let Some(refusal) = refusal(gateway, params) {
        return refusal;
    }
    let text = |name| params.get(name).unwrap_or_default();
    let id = text("merchant_order_id");
    let is_deposit = text("transaction_type") == "income";
    let payment_uid = payment_uid(text("merchant_uid"), id);
    let order = order(call, &payment_uid, is_deposit, gateway.orders.elapsed());
    let mut payment = order.payment(Shape::Nested, None);
    if gateway.orders.create(id.to_owned(), order).is_err() {
        let error = error_text("The merchant_order_id has been used before");
        return Answer::Other(Reply::text(StatusCode::BAD_REQUEST, error));
    }
    if !is_deposit {
        return Answer::Payment(payment);
    }
    let payment_url = format!("http://{}/checkout/{payment_uid}", call.authority);
    match HeaderValue::try_from(&payment_url) {
        Ok(location) if text("response_type").is_empty() => {
            let redirect = Reply::text(StatusCode::FOUND, String::new());
            Answer::Other(redirect.with(LOCATION, location))
        }
        _ => {
            payment.url = Some(payment_url);
            Answer::Payment(payment)
        }
    }
}

/// The error if the parameters are not valid.
fn refusal(gateway: &Gateway, params: &Params) -> Option<Answer> {
    if let Some(missing) = REQUIRED.iter().find(|name| params.get(name).is_none()) {
        return Some(invalid(&format!("The '{missing}' field is required.")));
    }
    let text = |name| params.get(name).unwrap_or_default();
    let kinds: &[&str] = match text("transaction_type") {
        "income" => &["receive", "recharge"],
        "expense" => &["pay", "settle"],
        _ => return Some(invalid("The 'transaction_type' field must be income or expense.")),
    };
    if !kinds.contains(&text("accounting_type")) {
        let (direction, kinds) = (text("transaction_type"), kinds.join(" or "));
        return Some(invalid(&format!(
            "The 'accounting_type' field of an {direction} must be {kinds}."
        )));
    }
    if text("transaction_type") == "expense" && params.get("to").is_none() {
        return Some(invalid("The 'to' field is required."));
    }
    if Amount::parse(text("amount")).ok().is_none_or(Amount::is_zero) {
        return Some(invalid("The 'amount' field must be a decimal above zero, like 100.00."));
    }
    let currency = text("currency");
    if !((3..=5).contains(&currency.len()) && currency.bytes().all(|it| it.is_ascii_alphabetic())) {
        return Some(invalid("The 'currency' field must be a currency, like inr."));
    }
    if !matches!(text("response_type"), "" | "json") {
        return Some(invalid("The 'response_type' field must be json or empty."));
    }
    let is_web =
        |url: &str| Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    for name in ["redirect_url", "notify_url"] {
        if params.get(name).is_some_and(|url| !is_web(url)) {
            return Some(invalid(&format!("The '{name}' field must be an http or https URL.")));
        }
    }
    let is_unknown = |own: &String| own != text("merchant_uid");
    gateway.merchant.as_ref().is_some_and(is_unknown).then(|| {
        let details = "The 'merchant_uid' field does not name the merchant of this key.";
        let error = error_with_details("Merchant not found", details);
        Answer::Other(Reply::text(StatusCode::BAD_REQUEST, error))
    })
}

/// The order with every documented field and its scheduled changes.
fn order(call: &Call, payment_uid: &str, is_deposit: bool, now: Duration) -> Order {
    let text = |name| call.params.get(name).unwrap_or_default();
    let mut fields: Vec<_> = PARTIES.iter().map(|name| field(name, text(name))).collect();
    let ip = call.ip.to_string();
    fields.extend(
        [
            ("amount", text("amount")),
            ("final_amount", "0.00"),
            ("currency", text("currency")),
            ("country", text("country")),
            ("transaction_type", text("transaction_type")),
            ("accounting_type", text("accounting_type")),
            ("merchant_order_id", text("merchant_order_id")),
            ("merchant_uid", text("merchant_uid")),
            ("merchant_name", "Sandbox merchant"),
            ("channel", text("channel")),
            ("payment_status", "pending"),
            ("payment_fail_reason", ""),
            ("payment", text("payment")),
            ("response_type", text("response_type")),
            ("ip", &ip),
            ("user_agent", &call.user_agent),
            ("distribute_rules", ""),
            ("payment_uid", payment_uid),
            ("redirect_url", text("redirect_url")),
            ("notify_url", text("notify_url")),
            ("notify_status", "none"),
            ("notify_fail_reason", ""),
            ("accounting_status", "none"),
            ("accounting_fail_reason", ""),
            ("signature_key", MADE_UP_SIGNATURE_KEY),
        ]
        .map(|(name, text)| field(name, text)),
    );
    let later = lifecycle::initial_changes(now, is_deposit, text("amount"));
    Order { fields, later, ..Order::default() }
}

/// A `payment_uid` that depends only on the merchant and the order's id.
fn payment_uid(merchant: &str, order_id: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(merchant.as_bytes());
    // A separator, so that different pairs of texts have different digests.
    digest.update([0]);
    digest.update(order_id.as_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    let digest = hex::encode(digest);
    format!("SB{}", digest.get(..20).unwrap_or_default())
}
