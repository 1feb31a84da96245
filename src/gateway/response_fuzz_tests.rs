//! Responses of any kind: an answer is about the order that was asked for and says what the bytes
//! say; everything else is a failure that shows nothing it must not.

use super::*;
use crate::domain::fuzzing::{
    ACCOUNT, Bytes, WORDS, amount_text, assert_message, changed, config, hostile, plain_amount,
    quick,
};
use json_by_hand::Scalars;
use proptest::prelude::*;
use proptest::sample::select;

#[path = "json_by_hand.rs"]
mod json_by_hand;

const KEY: &str = "20260410123456789";
const SECRET: &str = "s3cret/of \"ours\"";
const ORDER: &str = "A-7";

fn reader() -> Reader {
    let credentials = Credentials { api_key: KEY.into(), api_secret: SECRET.into() };
    Reader::new(NotFoundPattern::default(), PersonalData::Drop, credentials)
}

fn order() -> OrderKey {
    OrderKey { merchant_uid: Some("M1".to_owned()), merchant_order_id: ORDER.to_owned() }
}

fn seeds() -> Vec<Vec<u8>> {
    let escaped = SECRET.replace('"', "\\\"");
    let payment = format!(
        r#"{{"payment_uid":"P1","merchant_order_id":"{ORDER}","merchant_uid":"M1","amount":"500.00",
"final_amount":490.5,"currency":"inr","transaction_type":"income","accounting_type":"receive",
"payment_status":"completed","payment_fail_reason":"account {ACCOUNT}: {escaped}",
"accounting_status":"accounted","notify_status":null,"from":"{ACCOUNT}","from_name":"Asha {KEY}",
"signature_key":"{KEY}","extra":[{{"a":1e2,"key":{KEY}}},true,{{}}]}}"#
    );
    [
        format!(r#"{{"result":"success","data":{{"payment":{payment}}}}}"#),
        format!(r#"{{"result":"success","data":{payment}}}"#),
        format!(r#"{{"data":"Order {ORDER} not found","result":"error"}}"#),
        format!(r#"{{"result":"error","data":{{"error":"Wrong {KEY}","details":"{escaped}"}}}}"#),
        format!("<!DOCTYPE html><html><title>Down {KEY} {ACCOUNT}</title></html>"),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// A payment object with fields as a rude gateway writes them, some of them twice.
fn built() -> impl Strategy<Value = Bytes> {
    let key = select(vec![
        "amount",
        "final_amount",
        "currency",
        "merchant_order_id",
        "merchant_uid",
        "payment_status",
        "payment_fail_reason",
        "from",
        "\\u0061mount",
        "Amount",
        "extra",
        KEY,
    ]);
    let raw = select(hostile()).prop_map(|text| String::from_utf8_lossy(&text).into_owned());
    let quoted = prop_oneof![
        select(WORDS.to_vec()).prop_map(str::to_owned),
        any::<String>(),
        Just(format!("x{KEY}x")),
        Just(SECRET.to_owned()),
    ];
    let quoted = quoted.prop_map(|text| serde_json::json!(text).to_string());
    let value = prop_oneof![3 => quoted, 1 => raw, 1 => Just(KEY.to_owned())];
    let value = prop_oneof![
        4 => value.clone(),
        1 => value.clone().prop_map(|value| format!("[{value}]")),
        1 => value.prop_map(|value| format!("{{\"merchant_order_id\":{value}}}")),
    ];
    let amount = amount_text().prop_flat_map(|text| {
        select(vec![serde_json::json!(text).to_string(), text, "\"500.00\"".to_owned()])
    });
    let others = proptest::collection::vec((key, value), 0..4);
    (amount, others, any::<bool>()).prop_map(|(amount, others, is_nested)| {
        let mut fields = format!(r#""merchant_order_id":"{ORDER}","amount":{amount}"#);
        for (key, value) in others {
            fields.extend([",\"", key, "\":", &value]);
        }
        let payment = format!("{{{fields}}}");
        let data = if is_nested { format!(r#"{{"payment":{payment}}}"#) } else { payment };
        Bytes(format!(r#"{{"result":"success","data":{data}}}"#).into_bytes())
    })
}

fn status() -> impl Strategy<Value = u16> {
    prop_oneof![8 => Just(200_u16), 2 => Just(404), 1 => 100..600_u16, 1 => any::<u16>()]
}

fn assert_no_secret(text: &str) {
    let quoted = serde_json::json!(SECRET).to_string();
    for secret in [KEY, SECRET, quoted.trim_matches('"')] {
        assert!(!text.contains(secret), "{text} shows {secret}");
    }
}

/// What has to hold for every response.
fn check(status: u16, body: &[u8]) {
    let reader = reader();
    let read = quick(|| reader.read(&order(), status, Ok(body)));
    assert_eq!(read, reader.read(&order(), status, Ok(body)), "read twice");
    match read {
        Err(failure) => {
            assert_message(&failure.why, &[KEY, SECRET, ACCOUNT]);
            assert!(failure.why.len() < 1_024, "{}", failure.why);
            assert_no_secret(&format!("{failure:?}"));
        }
        Ok(Answered { answer: Answer::Missing(error), evidence }) => {
            assert_message(&error, &[KEY, SECRET, ACCOUNT]);
            assert_eq!(error, evidence);
            assert!(matches!(status, 200..=299 | 404), "{status}");
            let scalars = Scalars::of(body);
            assert_eq!(scalars.text("/result").as_deref(), Some("error"));
        }
        Ok(Answered { answer: Answer::Payment(payment), evidence }) => {
            assert!((200..300).contains(&status), "{status}");
            let scalars = Scalars::of(body);
            assert_eq!(scalars.doubled, None);
            assert_eq!(scalars.text("/result").as_deref(), Some("success"));
            let nested = scalars.is_object("/data/payment");
            let at = |field: &str| {
                scalars.text(&format!("/data{}/{field}", if nested { "/payment" } else { "" }))
            };
            assert_eq!(at("merchant_order_id").as_deref(), Some(ORDER));
            let merchant = at("merchant_uid").unwrap_or_default();
            assert!(matches!(&*merchant, "" | "M1" | "null"), "{merchant}");
            let amount = at("amount").unwrap_or_default();
            assert_eq!(Some(payment.amount.to_string()), plain_amount(&amount), "{amount}");
            let last = at("final_amount").filter(|text| !matches!(&**text, "" | "null"));
            assert_eq!(
                payment.final_amount.map(|amount| amount.to_string()),
                last.map(|text| plain_amount(&text).unwrap_or(text))
            );
            assert_no_secret(&evidence);
            assert_no_secret(&format!("{payment:?}"));
            assert_eq!(Scalars::of(evidence.as_bytes()).doubled, None);
            assert!(serde_json::from_str::<&serde_json::value::RawValue>(&evidence).is_ok());
            assert!(evidence.len() <= 8 * body.len() + 64, "{} bytes", evidence.len());
        }
    }
}

#[test]
fn the_seeds_are_what_they_look_like() {
    let outcome = |body: &Vec<u8>| match reader().read(&order(), 200, Ok(body)) {
        Ok(Answered { answer: Answer::Payment(_), evidence }) => {
            assert!(evidence.contains("…6789") && !evidence.contains(ACCOUNT), "{evidence}");
            "paid"
        }
        Ok(_) => "missing",
        Err(_) => "failed",
    };
    let outcomes: Vec<_> = seeds().iter().map(outcome).collect();
    assert_eq!(outcomes, ["paid", "paid", "missing", "failed", "failed"]);
}

/// Bodies that were worth a look once.
#[test]
fn hostile_responses_are_read_first() {
    let payment = format!(r#""merchant_order_id":"{ORDER}","amount":"5""#);
    let mut bodies = hostile();
    for field in [
        format!(r#""{KEY}":1"#),
        format!(r#""x":{{"merchant_order_id":"{KEY}"}}"#),
        format!(r#""x":{KEY}"#),
        format!(r#""x":[1{KEY}]"#),
        format!(r#""payment_fail_reason":"{}\u202e{}""#, &KEY[..5], &KEY[5..]),
        format!(r#""final_amount":"{}\u202e{}""#, &SECRET[..5], SECRET[5..].replace('"', "\\\"")),
        r#""final_amount":-5"#.to_owned(),
        r#""final_amount":1e400"#.to_owned(),
    ] {
        bodies.push(format!(r#"{{"result":"success","data":{{{payment},{field}}}}}"#).into());
    }
    for amount in WORDS {
        for amount in [amount.to_owned(), serde_json::json!(amount).to_string()] {
            let data = format!(r#"{{"merchant_order_id":"{ORDER}","amount":{amount}}}"#);
            bodies.push(format!(r#"{{"result":"success","data":{data}}}"#).into());
        }
    }
    for body in bodies.iter().chain(&seeds()) {
        for status in [200, 302, 400, 401, 404, 429, 500] {
            check(status, body);
        }
    }
}

proptest! {
    #![proptest_config(config(1_500))]

    #[test]
    fn changed_responses(status in status(), Bytes(body) in changed(seeds())) {
        check(status, &body);
    }

    #[test]
    fn responses_with_hostile_fields(Bytes(body) in built()) {
        check(200, &body);
    }
}
