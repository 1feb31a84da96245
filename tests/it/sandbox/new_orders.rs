//! `order/new` as documented, and its errors.

#![expect(clippy::unwrap_used, reason = "a test that cannot call has failed")]

use super::caller::{Caller, GET, NEW, deposit, payout};
use crate::support::Gateway;
use serde_json::Value;

/// The documented fields of the payment object.
const FIELDS: [&str; 31] = [
    "accounting_fail_reason",
    "accounting_status",
    "accounting_type",
    "amount",
    "channel",
    "country",
    "currency",
    "distribute_rules",
    "final_amount",
    "from",
    "from_bank_name",
    "from_name",
    "ip",
    "merchant_name",
    "merchant_order_id",
    "merchant_uid",
    "notify_fail_reason",
    "notify_status",
    "notify_url",
    "payment",
    "payment_fail_reason",
    "payment_status",
    "payment_uid",
    "redirect_url",
    "response_type",
    "signature_key",
    "to",
    "to_bank_name",
    "to_name",
    "transaction_type",
    "user_agent",
];

fn gateway() -> Gateway {
    Gateway::serve_as("", |it| {
        it.merchant = Some("M-1".to_owned());
        it.speed = 0;
    })
}

#[test]
fn every_response_has_all_documented_fields() {
    let gateway = gateway();
    let mut caller = Caller::to(&gateway.url);
    let party = [("from", "111"), ("from_name", "Asha"), ("to_name", "Ravi"), ("channel", "upi")];
    let created = caller.call(NEW, &deposit("क्रम/7&x=1 +é", &party));
    let asked = caller.call(GET, &[("merchant_order_id", "क्रम/7&x=1 +é")]);
    assert_eq!(created.payment(), asked.payment());
    let payment = created.payment();
    let names: Vec<&str> = payment.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = FIELDS.to_vec();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    assert!(payment.as_object().unwrap().values().all(Value::is_string), "{payment}");
    for (name, value) in [
        ("merchant_order_id", "क्रम/7&x=1 +é"),
        ("amount", "100.00"),
        ("final_amount", "0.00"),
        ("from", "111"),
        ("from_name", "Asha"),
        ("to_name", "Ravi"),
        ("to", ""),
        ("payment_status", "pending"),
        ("accounting_status", "none"),
        ("notify_status", "none"),
        ("ip", "127.0.0.1"),
        ("user_agent", "caller/1"),
    ] {
        assert_eq!(payment[name], value, "{name}");
    }
    assert!(created.body.contains(r#""payment_url":"http://sandbox/checkout/SB"#), "{created:?}");
    let other = caller.call(NEW, &deposit("other", &[])).payment();
    assert_ne!(other["payment_uid"], payment["payment_uid"]);
}

#[test]
fn a_deposit_without_a_response_type_is_sent_to_the_checkout_page() {
    let gateway = gateway();
    let mut caller = Caller::to(&gateway.url);
    let answer = caller.call(NEW, &deposit("A", &[("response_type", "")]));
    assert_eq!((answer.status, &*answer.body), (302, ""));
    let page = answer.headers["location"].strip_prefix("http://sandbox").unwrap().to_owned();
    let page = caller.open(&page);
    assert!(page.status == 200 && page.body.contains("Deposit A"), "{page:?}");
    // A payout has no checkout page.
    let answer = caller.call(NEW, &payout("B", &[("response_type", "")]));
    assert_eq!(answer.payment()["merchant_order_id"], "B");
    assert_eq!(answer.json()["data"].get("payment_url"), None);
}

#[test]
fn both_accounting_types_of_each_direction_are_accepted() {
    let gateway = gateway();
    let mut caller = Caller::to(&gateway.url);
    for kind in ["receive", "recharge"] {
        let answer = caller.call(NEW, &deposit(kind, &[("accounting_type", kind)]));
        assert_eq!(answer.payment()["accounting_type"], kind);
    }
    for kind in ["pay", "settle"] {
        let answer = caller.call(NEW, &payout(kind, &[("accounting_type", kind)]));
        assert_eq!(answer.payment()["accounting_type"], kind);
    }
}

#[test]
fn invalid_parameters_get_the_documented_errors() {
    let gateway = gateway();
    let mut caller = Caller::to(&gateway.url);
    for (change, error) in [
        (("transaction_type", ""), "The 'transaction_type' field is required."),
        (("amount", ""), "The 'amount' field is required."),
        (("merchant_order_id", ""), "The 'merchant_order_id' field is required."),
        (("merchant_uid", ""), "The 'merchant_uid' field is required."),
        (("currency", ""), "The 'currency' field is required."),
        (("payment", ""), "The 'payment' field is required."),
        (("accounting_type", ""), "The 'accounting_type' field is required."),
        (("transaction_type", "loan"), "The 'transaction_type' field must be income or expense."),
        (("accounting_type", "pay"), "of an income must be receive or recharge."),
        (("accounting_type", "receipt"), "of an income must be receive or recharge."),
        (("transaction_type", "expense"), "of an expense must be pay or settle."),
        (("amount", "0.00"), "The 'amount' field must be a decimal above zero"),
        (("amount", "-1.00"), "The 'amount' field must be a decimal above zero"),
        (("amount", "1e2"), "The 'amount' field must be a decimal above zero"),
        (("amount", "1,200.00"), "The 'amount' field must be a decimal above zero"),
        (("currency", "rupees"), "The 'currency' field must be a currency"),
        (("response_type", "xml"), "The 'response_type' field must be json or empty."),
        (("notify_url", "file:///etc/passwd"), "The 'notify_url' field must be an http"),
        (("redirect_url", "javascript:alert(1)"), "The 'redirect_url' field must be an http"),
        (("merchant_uid", "M-2"), "does not name the merchant of this key."),
    ] {
        let answer = caller.call(NEW, &deposit("A", &[change]));
        assert!(answer.status == 400 && answer.error().contains(error), "{change:?}: {answer:?}");
    }
    let answer = caller.call(NEW, &payout("A", &[("to", "")]));
    assert_eq!(answer.error(), "The 'to' field is required.");
    // None of these created an order, so the id can be used once.
    assert_eq!(caller.call(NEW, &deposit("A", &[])).status, 200);
    let again = caller.call(NEW, &payout("A", &[]));
    assert_eq!(again.status, 400);
    assert_eq!(
        again.body,
        r#"{"result":"error","data":"The merchant_order_id has been used before"}"#
    );
    let kept = caller.call(GET, &[("merchant_order_id", "A")]).payment();
    assert_eq!(kept["transaction_type"], "income");
}
