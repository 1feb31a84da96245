use super::*;
use crate::gateway::Signer;

/// A deposit of 100 inr.
pub(crate) fn draft() -> Draft {
    Draft {
        key: OrderKey {
            merchant_uid: Some("M1".to_owned()),
            merchant_order_id: "123qq".to_owned(),
        },
        transaction_type: TransactionType::Income,
        accounting_type: AccountingType::Receive,
        amount: Amount::from_micros(100_000_000),
        currency: " INR ".to_owned(),
        payment: " india".to_owned(),
        country: String::new(),
        channel: " ".to_owned(),
        redirect_url: String::new(),
        notify_url: "https://example.com/notify?a=1&b=2".to_owned(),
        accounts: Accounts::default(),
    }
}

fn accounts(json: &str) -> Accounts {
    Accounts::parse(json.as_bytes()).unwrap_or_default()
}

#[test]
fn parameters_are_trimmed_and_the_response_type_is_json() {
    let parameters = NewOrder::new(draft()).map(|order| order.parameters()).unwrap_or_default();
    let sent: Vec<_> = parameters.iter().filter(|(_, value)| !value.is_empty()).collect();
    let sent: Vec<(&str, &str)> = sent.iter().map(|(key, value)| (*key, &**value)).collect();
    assert_eq!(
        sent,
        [
            ("transaction_type", "income"),
            ("amount", "100.00"),
            ("merchant_order_id", "123qq"),
            ("merchant_uid", "M1"),
            ("currency", "inr"),
            ("payment", "india"),
            ("notify_url", "https://example.com/notify?a=1&b=2"),
            ("response_type", "json"),
            ("accounting_type", "receive"),
        ]
    );
}

/// The page's examples with its signatures.
#[test]
fn the_examples_of_the_page_have_the_signatures_of_the_page() {
    let example = Draft {
        key: OrderKey {
            merchant_uid: Some("Merchant_UID".to_owned()),
            merchant_order_id: "123qq".to_owned(),
        },
        currency: "mmk".to_owned(),
        payment: "myanmar".to_owned(),
        country: "myanmar".to_owned(),
        channel: "myanmar".to_owned(),
        redirect_url: "https://example.com/redirect".to_owned(),
        notify_url: "https://example.com/notify".to_owned(),
        accounts: accounts(r#"{"to_bank_name":"kbz"}"#),
        ..draft()
    };
    let payout = Draft {
        transaction_type: TransactionType::Expense,
        accounting_type: AccountingType::Pay,
        accounts: accounts(r#"{"to_bank_name":"kbz","to_name":"aaaaaaa","to":"99999999"}"#),
        ..example.clone()
    };
    for (draft, signature) in [
        (example, "92b90332ebd33120e30398353347682f6ede6075121ce2ccf78f68c1b85b0d45"),
        (payout, "c79cf13364210271088a02951bd13ca9a4311a7667b59cbc1a5c9637dc29897f"),
    ] {
        let parameters = NewOrder::new(draft).map(|order| order.parameters()).unwrap_or_default();
        let parameters: Vec<(&str, &str)> =
            parameters.iter().map(|(key, value)| (*key, &**value)).collect();
        let signed = Signer::new(&"API_SECRET".into()).map(|signer| signer.sign(&parameters));
        assert_eq!(signed.as_deref(), Some(signature));
    }
}

#[test]
fn an_order_that_cannot_be_sent_is_refused() {
    type Change = fn(&mut Draft);
    let cases: [(Change, NewOrderError); 16] = [
        (|it| it.key.merchant_uid = None, NewOrderError::NoMerchant),
        (|it| it.key.merchant_uid = Some(String::new()), NewOrderError::NoMerchant),
        (|it| it.key.merchant_order_id = " ".to_owned(), NewOrderError::EmptyId),
        (|it| it.key.merchant_order_id = "x".repeat(513), NewOrderError::LongId),
        (|it| it.key.merchant_order_id = "a\nb".to_owned(), NewOrderError::ControlInId),
        (|it| it.amount = Amount::ZERO, NewOrderError::NoAmount(Amount::ZERO)),
        (|it| it.currency = " ".to_owned(), NewOrderError::Empty("currency")),
        (|it| it.payment = String::new(), NewOrderError::Empty("payment")),
        (|it| it.redirect_url = "example.com".to_owned(), NewOrderError::NotAUrl("redirect_url")),
        (|it| it.notify_url = "ftp://a.b/".to_owned(), NewOrderError::NotAUrl("notify_url")),
        (|it| it.notify_url = "https://".to_owned(), NewOrderError::NotAUrl("notify_url")),
        (|it| it.notify_url = " https://a.b/".to_owned(), NewOrderError::NotAUrl("notify_url")),
        (|it| it.notify_url = "https://a.b/\tc".to_owned(), NewOrderError::NotAUrl("notify_url")),
        (|it| it.notify_url = "javascript:x".to_owned(), NewOrderError::NotAUrl("notify_url")),
        (|it| it.transaction_type = TransactionType::Expense, NewOrderError::NoPayee),
        (
            |it| {
                it.transaction_type = TransactionType::Expense;
                it.accounts = accounts(r#"{"to":" ","from":"1"}"#);
            },
            NewOrderError::NoPayee,
        ),
    ];
    for (change, expected) in cases {
        let mut draft = draft();
        change(&mut draft);
        let refused = NewOrder::new(draft).err();
        assert!(refused.as_ref().is_some_and(|error| !error.hint().is_empty()));
        assert_eq!(refused, Some(expected));
    }
    let mut longest = draft();
    longest.key.merchant_order_id = "é".repeat(256);
    assert!(NewOrder::new(longest).is_ok());
}
