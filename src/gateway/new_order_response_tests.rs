use super::super::new_order::tests::draft;
use super::super::redact::Secrets;
use super::*;
use crate::domain::payment::PersonalData;
use crate::gateway::{Accounts, Credentials, Draft, NotFoundPattern};

/// An order whose payer is known.
fn order() -> Option<NewOrder> {
    let accounts = br#"{"from":"660-77","from_name":"Jane Doe","merchant_id":"member-8"}"#;
    let accounts = Accounts::parse(accounts).ok()?;
    NewOrder::new(Draft { accounts, ..draft() }).ok()
}

fn read(status: u16, body: Result<&str, CallFailure>) -> Option<Result<CreatedOrder, SendFailure>> {
    let order = order()?;
    let reader = Reader {
        not_found: NotFoundPattern::default(),
        personal_data: PersonalData::Drop,
        secrets: Secrets(Credentials { api_key: "k".into(), api_secret: "s".into() }),
        personal: order.personal().clone(),
    };
    let received = body.clone().unwrap_or(r#"{"result":"succ"#).as_bytes();
    Some(reader.read_new(&order, status, body.map(str::as_bytes), received))
}

fn success(fields: &str) -> String {
    format!(
        r#"{{"result":"success","data":{{"payment":{{"merchant_order_id":"123qq",{fields}}},
            "payment_url":"https://pay.example.com/1?for=Jane"}}}}"#
    )
}

fn outcome(said: Option<Result<CreatedOrder, SendFailure>>) -> String {
    match said {
        Some(Ok(_)) => "placed".to_owned(),
        Some(Err(SendFailure::Declined { why, refuses_credentials, may_exist })) => {
            let kind = if refuses_credentials { "refused" } else { "declined" };
            format!("{kind}{}: {why}", if may_exist { ", may exist" } else { "" })
        }
        Some(Err(SendFailure::Unclear(why))) => format!("unclear: {why}"),
        Some(Err(SendFailure::Failed(failure))) => format!("{:?}: {}", failure.cause, failure.why),
        None => "no order".to_owned(),
    }
}

#[test]
fn a_success_has_no_personal_data() {
    let fields = r#""amount":"100","currency":"INR","merchant_uid":"M1","from":"660-77",
        "from_name":"Jane Doe","note":"for JANE, member-8","transaction_type":"income""#;
    let Some(Ok(placed)) = read(200, Ok(&success(fields))) else {
        unreachable!("{fields}");
    };
    assert_eq!(placed.payment_url.as_deref(), Some("https://pay.example.com/1?for=Jane"));
    assert_eq!(
        placed.evidence,
        concat!(
            r#"{"amount":"100","currency":"INR","from":"…0-77","merchant_order_id":"123qq","#,
            r#""merchant_uid":"M1","note":"for ********, ********","transaction_type":"income"}"#
        )
    );
    let flat = r#"{"result":"success","data":{"merchant_order_id":"123qq","amount":"100.000000",
        "payment":"india"}}"#;
    assert_eq!(outcome(read(201, Ok(flat))), "placed");
}

#[test]
fn a_success_with_other_values_is_not_trusted() {
    for (fields, why) in [
        (r#""amount":"100.01""#, "the answer has other values: amount 100.01, not 100.00"),
        (r#""currency":"inr""#, "the answer gives no amount"),
        (
            r#""amount":"100","currency":"usd","transaction_type":"expense""#,
            "the answer has other values: currency usd, not inr; transaction type expense, not \
             income",
        ),
        (
            r#""amount":"100","accounting_type":"recharge","payment":"upi","from":"660-78""#,
            "the answer has other values: accounting type recharge, not receive; payment method \
             upi, not india; the payer's account differs",
        ),
        (
            r#""amount":"100","merchant_uid":"M2""#,
            "the answer is about another merchant's order (the gateway answered merchant_uid \
             \"M2\", configured is \"M1\")",
        ),
        (r#""amount":"100","amount":"100""#, "the answer gives a key twice at line 1 column 59"),
    ] {
        let said = outcome(read(200, Ok(&success(fields))));
        assert_eq!(said, format!("unclear: {why}"));
    }
    // A damaged success can still mean that the order was created.
    for body in [
        r#"{"result":"success"}"#,
        r#"{ "result" : "success", "data":{"#,
        r#"{"result":"\u0073uccess","data":{}}"#,
        r#"{"result":"Success","data":{}}"#,
    ] {
        let said = outcome(read(200, Ok(body)));
        assert!(said.starts_with("unclear: the answer"), "{said}");
    }
}

/// Each status with three bodies: a success, a documented error, no JSON.
#[test]
fn every_status_is_in_one_table() {
    let placed = success(r#""amount":"100""#);
    let declined = r#"{"result":"error","data":"Order not found"}"#;
    let word = |said: String| said.split(':').next().unwrap_or_default().to_owned();
    let mut table: Vec<(String, [String; 3])> = Vec::new();
    let mut first = 100;
    for status in 100_u16..=599 {
        let row = [&placed, declined, "<html>"].map(|body| word(outcome(read(status, Ok(body)))));
        match table.last_mut() {
            Some((range, last)) if *last == row => *range = format!("{first}-{status}"),
            _ => {
                first = status;
                table.push((status.to_string(), row));
            }
        }
    }
    let table: Vec<String> =
        table.into_iter().map(|(range, row)| format!("{range} {}", row.join(" "))).collect();
    assert_eq!(
        table,
        [
            "100-199 unclear Untrustworthy Untrustworthy",
            "200-299 placed declined Untrustworthy",
            "300-399 unclear unclear unclear",
            "400 unclear declined Untrustworthy",
            "401 unclear refused refused",
            "402 unclear declined Untrustworthy",
            "403 unclear refused refused",
            "404-407 unclear declined Untrustworthy",
            "408 Overload Overload Overload",
            "409-424 unclear declined Untrustworthy",
            "425 Overload Overload Overload",
            "426-428 unclear declined Untrustworthy",
            "429 TooManyRequests TooManyRequests TooManyRequests",
            "430-499 unclear declined Untrustworthy",
            "500-599 Overload Overload Overload",
        ]
    );
}

#[test]
fn both_error_forms_are_shown_without_personal_data() {
    for (body, expected) in [
        (
            r#"{"result":"error","data":"No account 660-77 of Jane Doe"}"#,
            "declined: the gateway declined it with \"No account ******** of ********\"",
        ),
        (
            r#"{"result":"error","data":{"error":"Invalid parameters","details":"for member-8"}}"#,
            "declined: the gateway declined it with \"Invalid parameters. for ********\"",
        ),
        (
            r#"{"result":"error","data":"Invalid signature, Jane"}"#,
            "refused: the gateway refuses the credentials (the gateway answered the error \
             \"Invalid signature, ********\")",
        ),
        (
            r#"{"result":"error","data":"This ID was used before"}"#,
            "declined, may exist: the gateway declined it with \"This ID was used before\"",
        ),
        (r#"{"result":"error","data":""}"#, "declined: the gateway declined it without a reason"),
    ] {
        assert_eq!(outcome(read(400, Ok(body))), expected);
        assert_eq!(outcome(read(200, Ok(body))), expected);
    }
    let broken = CallFailure::retried(Cause::Broken, "it broke");
    assert_eq!(outcome(read(200, Err(broken))), "Broken: it broke");
}
