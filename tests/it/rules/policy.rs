//! `[policy]` as a merchant writes it: accepted values, and the messages for refused values.

#![expect(clippy::expect_used, reason = "a failed setup fails the test")]

use octopus_recon::domain::amount::Amount;
use octopus_recon::domain::mismatch::{Kind, Severity};
use octopus_recon::domain::payment::TransactionType;
use octopus_recon::rules::{Policy, Refunds};

fn refusal(text: &str) -> String {
    match toml::from_str::<Policy>(text) {
        Ok(policy) => format!("accepted as {policy:?}"),
        Err(error) => error.to_string(),
    }
}

/// A fee with these lines.
fn fee(lines: &str) -> String {
    format!("[[fee]]\ncurrency = \"inr\"\ntransaction_type = \"income\"\n{lines}\n")
}

#[test]
fn every_key_has_the_contracts_default() {
    let policy: Policy = toml::from_str("").expect("an empty table");
    assert_eq!(policy, Policy::default());
    assert_eq!(policy.settle_within_hours, 24);
    assert_eq!(policy.account_within_hours, 24);
    assert_eq!(policy.ledger_lag_hours, 24);
    assert_eq!(policy.refund_within_hours, 168);
    assert_eq!(policy.appear_within_minutes, 60);
    assert_eq!(policy.unpaid_carts, None);
    assert!(policy.bank_closed.is_empty());
    assert!(!policy.closed_means_unpaid);
    assert_eq!(policy.refunds, Refunds::Status);
    assert!(policy.ignore.is_empty());
    assert!(policy.tolerance.final_amount.is_empty());
    assert!(policy.tolerance.ledger_amount.is_empty());
    assert!(policy.fee.is_empty());
}

#[test]
fn every_key_is_read() {
    let policy: Policy = toml::from_str(
        r#"
        settle_within_hours = 1
        account_within_hours = 2
        ledger_lag_hours = 3
        appear_within_minutes = 4
        refund_within_hours = 5
        unpaid_carts = "low"
        closed_means_unpaid = true
        refunds = "payout"
        ignore = ["notify_failed", "overdue"]
        tolerance.final_amount = { INR = "0.05" }
        tolerance.ledger_amount = { mmk = "100" }

        [[fee]]
        currency = "INR"
        transaction_type = "income"
        percent = "1.75"
        fixed = "3.00"

        [[fee]]
        currency = "inr"
        transaction_type = "expense"
        percent = "2"
        decimals = 0
        "#,
    )
    .expect("a policy with every key");
    assert_eq!((policy.settle_within_hours, policy.account_within_hours), (1, 2));
    assert_eq!((policy.ledger_lag_hours, policy.appear_within_minutes), (3, 4));
    assert_eq!((policy.refund_within_hours, policy.unpaid_carts), (5, Some(Severity::Low)));
    assert!(policy.closed_means_unpaid);
    assert_eq!(policy.refunds, Refunds::Payout);
    assert_eq!(policy.ignore.iter().collect::<Vec<_>>(), [&Kind::Overdue, &Kind::NotifyFailed]);
    assert_eq!(policy.tolerance.final_amount["inr"], Amount::from_micros(50_000));
    assert_eq!(policy.tolerance.ledger_amount["mmk"], Amount::from_micros(100_000_000));
    let fee_of = |direction| {
        policy.fee_for("inr", &direction).map(|fee| fee.of(Amount::from_micros(330_000_000)))
    };
    assert_eq!(fee_of(TransactionType::Income), Some(Amount::from_micros(8_780_000)));
    assert_eq!(fee_of(TransactionType::Expense), Some(Amount::from_micros(7_000_000)));
    assert_eq!(policy.fee_for("mmk", &TransactionType::Income), None);
}

#[test]
fn unknown_keys_and_words_are_refused() {
    for (text, named) in [
        ("settle_within_days = 1".to_owned(), "settle_within_days"),
        ("[tolerance]\namount = { inr = \"1\" }".to_owned(), "amount"),
        (fee("percentage = \"1\""), "percentage"),
        ("refunds = \"never\"".to_owned(), "never"),
        ("unpaid_carts = \"none\"".to_owned(), "`none` is not a severity"),
        // It is a key of [calendar].
        ("bank_closed = [\"sun\"]".to_owned(), "bank_closed"),
        ("ignore = [\"overdu\"]".to_owned(), "overdu"),
        (fee("decimals = 7"), "decimals"),
        ("[[fee]]\ncurrency = \"inr\"\ntransaction_type = \"deposit\"".to_owned(), "deposit"),
        ("[[fee]]\ncurrency = \"inr\"".to_owned(), "transaction_type"),
        ("[[fee]]\ntransaction_type = \"income\"".to_owned(), "currency"),
        ("settle_within_hours = -1".to_owned(), "-1"),
    ] {
        let refusal = refusal(&text);
        assert!(refusal.contains("error at line"), "{text}: {refusal}");
        assert!(refusal.contains(named), "{text}: {refusal}");
    }
    let misspelt = refusal("ignore = [\"overdu\"]");
    for kind in Kind::ALL {
        assert!(misspelt.contains(kind.as_str()), "lists the kinds: {misspelt}");
    }
}

#[test]
fn unverified_cannot_be_ignored() {
    let refusal = refusal("ignore = [\"overdue\", \"unverified\"]");
    assert!(
        refusal.contains(
            "`unverified` cannot be ignored: an order without a trustworthy answer is always \
             reported"
        ),
        "{refusal}"
    );
    assert!(refusal.contains("line 1"), "{refusal}");
}

#[test]
fn two_fees_for_the_same_currency_and_type_are_refused() {
    let twice = format!("{}{}", fee("percent = \"1\""), fee("fixed = \"2\""));
    for text in [twice.clone(), twice.replacen("inr", " INR", 1)] {
        let refusal = refusal(&text);
        assert!(refusal.contains("two fees for inr income"), "{refusal}");
        assert!(refusal.contains("`percent` and `fixed`"), "says what to do: {refusal}");
    }
    let both_ways = twice.replacen("income", "expense", 1);
    assert!(toml::from_str::<Policy>(&both_ways).is_ok(), "{both_ways}");
}

#[test]
fn an_amount_is_a_text_and_never_a_float() {
    for value in ["0.05", "1", "1e2", "true"] {
        for text in [
            format!("tolerance.final_amount = {{ inr = {value} }}"),
            format!("tolerance.ledger_amount = {{ inr = {value} }}"),
            fee(&format!("percent = {value}")),
            fee(&format!("fixed = {value}")),
        ] {
            let refusal = refusal(&text);
            let remedy = "expected an amount in quotes, such as \"0.50\"";
            assert!(refusal.contains(remedy), "{text}: {refusal}");
        }
    }
    for value in ["-1", "1,5", "1e2", "", "0.0000001", "1000000000000"] {
        let refusal = refusal(&fee(&format!("percent = \"{value}\"")));
        assert!(refusal.contains(&format!("`{value}`: it ")), "{value}: {refusal}");
    }
}

#[test]
fn a_fee_is_at_most_100_per_cent() {
    assert!(toml::from_str::<Policy>(&fee("percent = \"100\"")).is_ok());
    for percent in ["100.000001", "175", "999999999999"] {
        let refusal = refusal(&fee(&format!("percent = \"{percent}\"")));
        assert!(refusal.contains("`percent` of a fee is at most 100, not "), "{refusal}");
        assert!(refusal.contains("line 4"), "{refusal}");
    }
}

#[test]
fn a_currency_is_named_once_in_any_spelling() {
    let read = "tolerance.final_amount = { \" INR \" = \"1\", Usd = \"2\" }";
    let policy: Policy = toml::from_str(read).expect("two currencies");
    assert_eq!(policy.tolerance.final_amount.keys().collect::<Vec<_>>(), ["inr", "usd"]);
    for name in ["final_amount", "ledger_amount"] {
        let twice = refusal(&format!("tolerance.{name} = {{ inr = \"1\", \"INR \" = \"1\" }}"));
        assert!(twice.contains("two amounts for `inr`: keep one of them"), "{twice}");
        let empty = refusal(&format!("tolerance.{name} = {{ \" \" = \"1\" }}"));
        assert!(empty.contains("a currency is empty: name one"), "{empty}");
    }
    for currency in ["", " "] {
        let empty = refusal(&fee("").replacen("inr", currency, 1));
        assert!(empty.contains("a currency is empty: name one"), "{empty}");
    }
}

#[test]
fn the_day_by_which_an_order_should_be_dealt_with() {
    let policy: Policy =
        toml::from_str("[due]\nhigh = 1\nmedium = 30\n").expect("days by severity");
    let since = chrono::NaiveDate::from_ymd_opt(2026, 1, 31).expect("a day");
    for (severity, day) in [
        (Severity::High, Some("2026-02-01")),
        (Severity::Medium, Some("2026-03-02")),
        (Severity::Low, None),
    ] {
        let due = policy.due.day(severity, since).map(|day| day.to_string());
        assert_eq!(due.as_deref(), day, "{severity}");
    }
}
