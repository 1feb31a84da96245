use super::*;
use crate::gateway::settings::Credentials;

fn reader() -> Reader {
    Reader {
        not_found: NotFoundPattern::default(),
        personal_data: PersonalData::Drop,
        secrets: Secrets(Credentials {
            api_key: "the-key-of-ours".into(),
            api_secret: "the-key-of-ours/and-more".into(),
        }),
        personal: Personal::default(),
    }
}

fn order() -> OrderKey {
    OrderKey { merchant_uid: Some("M1".to_owned()), merchant_order_id: "7".to_owned() }
}

fn read(status: u16, body: &str) -> Result<Answered, CallFailure> {
    reader().read(&order(), status, Ok(body.as_bytes()))
}

fn payment(body: &str) -> Option<Payment> {
    match read(200, body).ok()?.answer {
        Answer::Payment(payment) => Some(*payment),
        Answer::Missing(_) => None,
    }
}

const MISSING: &str = r#"{"result":"error","data":"Order not found"}"#;

/// Every status (faults: "every status 100–599"), by what comes of each body under it. After
/// `again`, `busy` and `slower` the order is asked again; after the others it is not.
#[test]
fn every_status_is_in_one_table() {
    let bodies = [
        ("a success", r#"{"result":"success","data":{"merchant_order_id":"7","amount":"5"}}"#),
        ("no order", MISSING),
        ("an error", r#"{"result":"error","data":"Try later"}"#),
        ("signature", r#"{"result":"error","data":"Invalid signature"}"#),
        ("quota", r#"{"result":"error","data":"Too many requests"}"#),
        ("HTML", "<html>"),
        ("nothing", ""),
    ];
    let outcome = |status, body| match read(status, body) {
        Ok(Answered { answer: Answer::Payment(_), .. }) => "answered",
        Ok(Answered { answer: Answer::Missing(_), .. }) => "missing",
        Err(CallFailure { retry, cause, .. }) => match (retry, cause) {
            (true, Cause::Overload) => "busy",
            (true, Cause::TooManyRequests) => "slower",
            (true, Cause::Untrustworthy) => "again",
            (false, Cause::Untrustworthy) => "no",
            (false, Cause::Refused) => "refused",
            (false, Cause::Blocked) => "blocked",
            (false, Cause::WrongAddress) => "address",
            _ => "?",
        },
    };
    let line = |statuses: &str, cells: &[&str]| {
        let cells = cells.iter().map(|cell| format!("  {cell:9}"));
        let cells: String = cells.collect();
        format!("{statuses:7}{cells}").trim_end().to_owned() + "\n"
    };
    let mut table = line("status", &bodies.map(|(name, _)| name));
    let mut first = 100;
    for status in 100_u16..=599 {
        let cells = bodies.map(|(_, body)| outcome(status, body));
        if status == 599 || cells != bodies.map(|(_, body)| outcome(status + 1, body)) {
            let range = format!("{first}-{status}");
            table += &line(if first == status { &range[4..] } else { &range }, &cells);
            first = status + 1;
        }
    }
    insta::assert_snapshot!(table, @r"
    status   a success  no order   an error   signature  quota      HTML       nothing
    100-199  no         no         no         refused    no         no         no
    200-299  answered   missing    again      refused    slower     again      again
    300-399  no         no         no         no         no         no         no
    400      no         no         no         refused    no         no         no
    401      refused    refused    refused    refused    refused    blocked    refused
    402      no         no         no         refused    no         no         no
    403      refused    refused    refused    refused    refused    blocked    refused
    404      address    missing    no         refused    no         address    address
    405-407  no         no         no         refused    no         no         no
    408      busy       busy       busy       busy       busy       busy       busy
    409-424  no         no         no         refused    no         no         no
    425      busy       busy       busy       busy       busy       busy       busy
    426-428  no         no         no         refused    no         no         no
    429      slower     slower     slower     slower     slower     slower     slower
    430-499  no         no         no         refused    no         no         no
    500-599  busy       busy       busy       busy       busy       busy       busy
    ");
}

/// The table of all spellings is a test from outside. Here: both amounts are read in the same way.
#[test]
fn a_final_amount_is_read_as_the_amount_is() {
    for (amount, micros) in [
        ("12", Some(Some(12_000_000))),
        ("\"327757.283800\"", Some(Some(327_757_283_800))),
        ("1e2", None),
        ("\"1,200.00\"", None),
        ("true", None),
        ("[12]", None),
        ("null", Some(None)),
        ("\"\"", Some(None)),
    ] {
        let read = |fields: &str| {
            let data = format!(r#"{{"merchant_order_id":"7",{fields}}}"#);
            payment(&format!(r#"{{"result":"success","data":{data}}}"#))
        };
        let final_amount = read(&format!(r#""amount":"1","final_amount":{amount}"#));
        let found = final_amount.map(|payment| payment.final_amount.map(Amount::micros));
        assert_eq!(found, micros, "{amount}");
        let found = read(&format!(r#""amount":{amount}"#)).map(|it| it.amount.micros());
        assert_eq!(found, micros.flatten(), "{amount}");
    }
}

#[test]
fn both_shapes_are_read_and_unknown_words_are_kept() {
    let fields = r#""merchant_order_id":7,"merchant_uid":"M1","amount":"100.00","currency":"INR",
        "payment_status":"vanished","accounting_type":"receipt","payment_uid":"P1","channel":"""#;
    let nested =
        format!(r#"{{"result":"success","data":{{"payment":{{{fields}}},"payment_url":"u"}}}}"#);
    let flat = format!(r#"{{"result":"success","data":{{{fields},"payment":"india"}}}}"#);
    let read = payment(&nested);
    assert_eq!(read, payment(&flat));
    let read = read.map(|payment| {
        (payment.payment_status, payment.accounting_type, payment.channel, payment.notify_status)
    });
    assert_eq!(
        read,
        Some((
            Some(PaymentStatus::Unknown("vanished".to_owned())),
            Some(AccountingType::Receive),
            None,
            NotifyStatus::None
        ))
    );
}

#[test]
fn an_answer_about_something_else_is_not_trusted() {
    let other_merchant = "the answer is about another merchant's order (the gateway answered \
                          merchant_uid \"M2\", configured is \"M1\")";
    for (fields, expected) in [
        (
            r#""merchant_order_id":"8","amount":"1""#,
            CallFailure::is_final(Cause::Untrustworthy, "the answer is about the order \"8\""),
        ),
        (
            r#""merchant_order_id":"7","merchant_uid":"M2","amount":"1""#,
            CallFailure::is_final(Cause::OtherMerchant, other_merchant),
        ),
        (r#""merchant_order_id":"7""#, untrustworthy("the answer gives no amount".to_owned())),
        (
            r#""amount":"1""#,
            untrustworthy(
                "the answer does not say which order it is about (merchant_order_id)".to_owned(),
            ),
        ),
    ] {
        let failure = read(200, &format!(r#"{{"result":"success","data":{{{fields}}}}}"#)).err();
        assert_eq!(failure, Some(expected));
    }
}

#[test]
fn an_id_in_a_reason_is_clean_and_without_secrets() {
    for (fields, why) in [
        (
            r#""merchant_order_id":"a\u001b[2J the-key-of-ours""#,
            "the answer is about the order \"a [2J ********\"",
        ),
        (
            r#""merchant_order_id":"7","merchant_uid":"the-key-of-ours/and-more 6660006666789""#,
            "the answer is about another merchant's order (the gateway answered merchant_uid \
             \"******** …6789\", configured is \"M1\")",
        ),
    ] {
        let failure = read(200, &format!(r#"{{"result":"success","data":{{{fields}}}}}"#)).err();
        assert_eq!(failure.map(|failure| failure.why).as_deref(), Some(why));
    }
}

#[test]
fn errors_that_are_not_recognised_have_different_causes() {
    for (status, error, cause) in [
        (200, "Order is gone", Cause::UnrecognisedError),
        (404, "Order is gone", Cause::UnrecognisedError),
        (400, "Order is gone", Cause::Untrustworthy),
        (200, "Merchant not found", Cause::Untrustworthy),
        (404, "Merchant not found", Cause::Untrustworthy),
        (404, "The page was not found", Cause::WrongAddress),
        (200, "The page was not found", Cause::Untrustworthy),
    ] {
        let body = format!(r#"{{"result":"error","data":"{error}"}}"#);
        let found = read(status, &body).err().map(|failure| failure.cause);
        assert_eq!(found, Some(cause), "{status} {error}");
    }
}

#[test]
fn an_error_that_is_not_understood_proves_nothing() {
    let busy = r#"{"result":"error","data":{"error":"Oops","details":"account 6660006666789"}}"#;
    let why = "the gateway answered the error \"Oops. account …6789\"";
    assert_eq!(read(200, busy).err(), Some(CallFailure::retried(Cause::Untrustworthy, why)));
    let refused = r#"{"result":"error","data":{"error":"Invalid signature","details":""}}"#;
    for status in [200, 400, 404] {
        let cause = read(status, refused).err().map(|failure| (failure.cause, failure.retry));
        assert_eq!(cause, Some((Cause::Refused, false)), "{status}");
    }
}

#[test]
fn evidence_holds_no_secret_and_no_personal_data_unless_kept() {
    let body = r#"{"result":"success","data":{"merchant_order_id":"7","amount":1.50,
        "from":"6660006666789","from_name":"John","to":42,"to_name":"Jane","ip":"1.2.3.4",
        "user_agent":"x","signature_key":"s","distribute_rules":[{"signature_key":"s","n":1e2}],
        "payment_uid":"123456789012","payment_fail_reason":"card 4111111111111111",
        "extra":[{"from":{"iban":"DE001234567890"},"to":1234567}]}}"#;
    let evidence = |personal_data| {
        let reader = Reader { personal_data, ..reader() };
        reader.read(&order(), 200, Ok(body.as_bytes())).map(|answered| answered.evidence)
    };
    assert_eq!(
        evidence(PersonalData::Drop).as_deref(),
        Ok(concat!(
            r#"{"amount":1.50,"distribute_rules":[{"n":1e2}],"extra":[{"from":null,"#,
            r#""to":"…4567"}],"from":"…6789","merchant_order_id":"7","#,
            r#""payment_fail_reason":"card …1111","#,
            r#""payment_uid":"123456789012","to":"42"}"#
        ))
    );
    let kept = evidence(PersonalData::Keep).unwrap_or_default();
    assert!(kept.contains("John") && kept.contains("1.2.3.4") && !kept.contains("signature_key"));
    assert!(kept.contains(r#""payment_fail_reason":"card 4111111111111111""#), "{kept}");
    assert!(
        kept.contains(r#""extra":[{"from":{"iban":"DE001234567890"},"to":1234567}]"#),
        "{kept}"
    );
}

#[test]
fn a_repeated_secret_is_redacted_except_in_an_id() {
    let body = r#"{"result":"error","data":"bad the-key-of-ours\/and-more, the-key-of-ours"}"#;
    let why = read(200, body).err().map(|failure| failure.why);
    assert_eq!(why.as_deref(), Some("the gateway answered the error \"bad ********, ********\""));
    let order = OrderKey { merchant_uid: None, merchant_order_id: "the-key-of-ours-7".to_owned() };
    let body = r#"{"result":"success","data":{"merchant_order_id":"the-key-of-ours-7","amount":"1",
        "channel":"the-key-of-ours"}}"#;
    let evidence = reader().read(&order, 200, Ok(body.as_bytes())).map(|it| it.evidence);
    let expected = r#"{"amount":"1","channel":"********","merchant_order_id":"the-key-of-ours-7"}"#;
    assert_eq!(evidence.as_deref(), Ok(expected));
}

#[test]
fn refused_credentials_say_nothing_about_an_order() {
    for error in ["Invalid signature, order not found", "Invalid API key. Order not found."] {
        let body = format!(r#"{{"result":"error","data":"{error}"}}"#);
        assert_eq!(read(200, &body).err().map(|it| it.cause), Some(Cause::Refused), "{error}");
    }
}

#[test]
fn too_many_requests_under_a_success_are_known_as_such() {
    let found = read(200, r#"{"result":"error","data":"Too many requests"}"#).err();
    assert_eq!(found.map(|it| (it.cause, it.retry)), Some((Cause::TooManyRequests, true)));
}

#[test]
fn a_field_that_is_no_text_proves_nothing() {
    for field in [
        "currency",
        "transaction_type",
        "accounting_type",
        "payment_status",
        "payment_fail_reason",
        "accounting_status",
        "accounting_fail_reason",
        "notify_status",
        "notify_fail_reason",
        "payment_uid",
        "channel",
    ] {
        for value in ["true", "[]", r#"{"a":"completed"}"#] {
            let body = format!(
                r#"{{"result":"success",
                    "data":{{"merchant_order_id":"7","amount":"1","{field}":{value}}}}}"#
            );
            let why = format!("the answer's {field} is not a text");
            assert_eq!(read(200, &body).err(), Some(untrustworthy(why)), "{value}");
        }
    }
}

/// The pattern decides what "no such order" is, and nothing else.
#[test]
fn a_merchants_own_pattern_does_not_hide_refused_credentials() {
    let not_found = NotFoundPattern::custom("order .* gone").unwrap_or_default();
    let reader = Reader { not_found, ..reader() };
    for (error, cause) in [
        ("Order 7 is gone", None),
        ("Order 7 is gone: invalid signature", None),
        ("Invalid signature", Some(Cause::Refused)),
        ("Order 7: too many requests", Some(Cause::TooManyRequests)),
        ("Order not found", Some(Cause::UnrecognisedError)),
    ] {
        let body = format!(r#"{{"result":"error","data":"{error}"}}"#);
        let failure = reader.read(&order(), 200, Ok(body.as_bytes())).err();
        assert_eq!(failure.map(|it| it.cause), cause, "{error}");
    }
}

/// Of a status that decides alone only a refusal is quoted: it says what is wrong.
#[test]
fn what_a_failure_says_of_the_body() {
    let error = r#"{"result":"error","data":"Order is gone"}"#;
    let page = "<!DOCTYPE html><html><title>Down</title></html>";
    let no_title = "<!DOCTYPE html><html></html>";
    for (status, body, why) in [
        (401, error, "the gateway answered 401: \"Order is gone\""),
        (503, error, "the gateway answered 503"),
        (429, error, "the gateway answered 429 (too many requests)"),
        (400, error, "the gateway answered 400: \"Order is gone\""),
        (400, "{}", "the gateway answered 400"),
        (401, page, "the gateway answered 401 with the web page \"Down\""),
        (503, page, "the gateway answered 503 with the web page \"Down\""),
        (400, page, "the gateway answered 400 with the web page \"Down\""),
        (200, page, "the answer is the web page \"Down\", not JSON"),
        (200, no_title, "the answer is a web page, not JSON"),
        (200, r#"{"result":"success","data":7}"#, UNDOCUMENTED),
        (200, r#"{"result":"error","data":7}"#, UNDOCUMENTED),
        (200, r#"{"result":"error"}"#, UNDOCUMENTED),
        (200, r#"{"result":"done","data":{}}"#, "the answer says neither success nor error"),
    ] {
        let failure = read(status, body).err();
        assert_eq!(failure.map(|it| it.why).as_deref(), Some(why), "{status} {body}");
    }
}

const UNDOCUMENTED: &str = "the answer's data is not what the gateway documents";

#[test]
fn a_body_is_at_most_sixteen_levels_deep() {
    // A number that is no integer is read level by level, everything else in one pass.
    for inner in ["", "1", "1.5"] {
        let nested = |levels: usize| "[".repeat(levels) + inner + &"]".repeat(levels);
        let is_read = |levels| Json::read(nested(levels).as_bytes()).map(|_| ());
        let deepest = if inner.is_empty() { 17 } else { 16 };
        assert_eq!(is_read(deepest), Ok(()), "{inner}");
        let why = "is nested more than 16 levels deep".to_owned();
        assert_eq!(is_read(deepest + 1), Err(why), "{inner}");
    }
}
