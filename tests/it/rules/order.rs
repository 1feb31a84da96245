//! One order with all its data, in the words of the contract and of the gateway. The model reads
//! these words; the rules get the crate's types.

#![expect(clippy::expect_used, reason = "a failed setup fails the test")]

use chrono::{DateTime, TimeDelta, Utc};
use octopus_recon::domain::amount::Amount;
use octopus_recon::domain::calendar::Calendar;
use octopus_recon::domain::money::Moved;
use octopus_recon::domain::order::{CreatedAt, Entry, LedgerStatus, OrderKey};
use octopus_recon::domain::payment::{
    AccountingStatus, AccountingType, Answer, Asked, NotifyStatus, Payment, PaymentStatus,
    TransactionType,
};
use octopus_recon::rules::moved;
use octopus_recon::rules::{Case, Judgement, Policy, judge};
use std::fmt::Write as _;

/// An account number, as fail reasons contain them. No output may show all its digits.
pub const ACCOUNT: &str = "6660006666789";
/// A word that is not documented, with characters that must not reach a terminal or a report.
pub const UNLISTED: &str = "held 6660006666789\u{1b}[2J\r\n";
/// The gateway's error text for an order that it does not have.
pub const NO_SUCH_ORDER: &str = "Order not found\u{7}, account 6660006666789";

/// One order. An empty text means no value. Money is in millionths.
#[derive(Debug, Clone)]
pub struct Order {
    pub ledger_amount: i64,
    pub ledger_currency: &'static str,
    pub ledger_transaction_type: &'static str,
    pub ledger_accounting_type: &'static str,
    /// One of the contract's five words, or a word that is not mapped.
    pub ledger_status: &'static str,
    pub conflict: bool,
    pub duplicate: bool,
    /// How long the ledger has had this status, up to the run's start.
    pub status_since_ms: i64,
    /// From `created_at` to the run's start.
    pub age_ms: i64,
    /// The run's start.
    pub now_ms: i64,
    /// The result of the query: `payment`, `missing` or `unverified`.
    pub asked: &'static str,
    /// The gateway's answer of an earlier run: `none`, the `same` status, or an`other` one.
    pub earlier_answer: &'static str,
    pub amount: i64,
    pub final_amount: Option<i64>,
    pub currency: &'static str,
    pub transaction_type: &'static str,
    pub accounting_type: &'static str,
    pub payment_status: &'static str,
    pub accounting_status: &'static str,
    pub notify_status: &'static str,
    pub fail_reason: &'static str,
    /// Whether another order has the same `payment_uid`.
    pub shared: bool,
    pub terms: Terms,
}

/// `[policy]`, as a merchant writes it, with money in millionths, and `[calendar]`.
#[derive(Debug, Clone)]
pub struct Terms {
    pub settle_within_hours: i64,
    pub account_within_hours: i64,
    pub ledger_lag_hours: i64,
    pub refund_within_hours: i64,
    pub appear_within_minutes: i64,
    pub closed_means_unpaid: bool,
    pub refunds: &'static str,
    /// A severity, or empty.
    pub unpaid_carts: &'static str,
    pub ignore: Vec<&'static str>,
    pub final_tolerance: Option<(&'static str, i64)>,
    pub ledger_tolerance: Option<(&'static str, i64)>,
    pub fees: Vec<FeeTerms>,
    /// `[calendar] bank_closed`.
    pub bank_closed: Vec<&'static str>,
    /// `[ledger] timezone`.
    pub zone: &'static str,
}

/// `[[policy.fee]]`.
#[derive(Debug, Clone)]
pub struct FeeTerms {
    pub currency: &'static str,
    pub transaction_type: &'static str,
    /// In millionths of a per cent.
    pub percent: i64,
    pub fixed: i64,
    pub decimals: u32,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms {
            settle_within_hours: 24,
            account_within_hours: 24,
            ledger_lag_hours: 24,
            refund_within_hours: 168,
            appear_within_minutes: 60,
            closed_means_unpaid: false,
            refunds: "status",
            unpaid_carts: "",
            ignore: Vec::new(),
            final_tolerance: None,
            ledger_tolerance: None,
            fees: Vec::new(),
            bank_closed: Vec::new(),
            zone: "Asia/Kolkata",
        }
    }
}

impl Order {
    /// A deposit of 500.00 inr, three days old, on which both sides agree.
    pub fn settled() -> Order {
        Order {
            ledger_amount: 500_000_000,
            ledger_currency: "inr",
            ledger_transaction_type: "income",
            ledger_accounting_type: "receive",
            ledger_status: "paid",
            conflict: false,
            duplicate: false,
            status_since_ms: 0,
            age_ms: 72 * 3_600_000,
            now_ms: now().timestamp_millis(),
            asked: "payment",
            earlier_answer: "none",
            amount: 500_000_000,
            final_amount: Some(500_000_000),
            currency: "INR",
            transaction_type: "income",
            accounting_type: "receipt",
            payment_status: "completed",
            accounting_status: "accounted",
            notify_status: "completed",
            fail_reason: "",
            shared: false,
            terms: Terms::default(),
        }
    }

    /// The judgement of the rules.
    pub fn judged(&self) -> Judgement {
        let (entry, asked) = (self.entry(), self.asked());
        let others = ["A-1002".to_owned()];
        let case = Case {
            entry: Some(&entry),
            asked: &asked,
            shared_with: if self.shared { &others } else { &[] },
            is_new_status: self.earlier_answer == "other",
            ledger_status_since: Some(self.now() - TimeDelta::milliseconds(self.status_since_ms)),
            ..case(Some(&entry), &asked, self.now())
        };
        judge(&case, &self.terms.policy())
    }

    /// What moved on both sides.
    pub fn moved(&self, is_first_of_payment: bool) -> Moved {
        let (entry, asked) = (self.entry(), self.asked());
        let case = Case { is_first_of_payment, ..case(Some(&entry), &asked, self.now()) };
        moved(&case, &self.terms.policy())
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.now_ms).expect("an instant")
    }

    pub fn entry(&self) -> Entry {
        let ages_from = self.now() - TimeDelta::milliseconds(self.age_ms);
        Entry {
            key: OrderKey { merchant_uid: None, merchant_order_id: "A-1001".to_owned() },
            amount: Amount::from_micros(self.ledger_amount),
            currency: self.ledger_currency.to_owned(),
            created_at: CreatedAt { ages_from, date: ages_from.date_naive() },
            transaction_type: optional(self.ledger_transaction_type, TransactionType::from_word),
            accounting_type: optional(self.ledger_accounting_type, AccountingType::from_any_word),
            status: optional(self.ledger_status, LedgerStatus::from_word),
            conflict: self.conflict.then(|| "amount 500.00 in line 3, 600.00 in line 9".to_owned()),
            conflict_amounts: self
                .conflict
                .then(|| (Amount::ZERO, Amount::from_micros(100_000_000))),
            duplicate: self.duplicate.then(|| "in line 3 and again in line 9".to_owned()),
        }
    }

    pub fn asked(&self) -> Asked {
        let fail_reason = || optional(self.fail_reason, str::to_owned);
        match self.asked {
            "missing" => Asked::Answered(Answer::Missing(NO_SUCH_ORDER.to_owned())),
            "payment" => Asked::Answered(Answer::Payment(Box::new(Payment {
                amount: Amount::from_micros(self.amount),
                final_amount: self.final_amount.map(Amount::from_micros),
                currency: optional(self.currency, str::to_owned),
                transaction_type: optional(self.transaction_type, TransactionType::from_word),
                accounting_type: optional(self.accounting_type, AccountingType::from_any_word),
                payment_status: optional(self.payment_status, PaymentStatus::from_word),
                payment_fail_reason: fail_reason(),
                accounting_status: optional(self.accounting_status, AccountingStatus::from_word)
                    .unwrap_or(AccountingStatus::None),
                accounting_fail_reason: fail_reason(),
                notify_status: optional(self.notify_status, NotifyStatus::from_word)
                    .unwrap_or(NotifyStatus::None),
                notify_fail_reason: fail_reason(),
                payment_uid: Some("P-77".to_owned()),
                channel: None,
            }))),
            _ => Asked::Unverified { why: "the gateway answered 503".to_owned(), tries: 4 },
        }
    }
}

impl Terms {
    /// The crate's policy, read from the text of the configuration.
    pub fn policy(&self) -> Policy {
        let policy = toml::from_str(&self.toml()).expect("a policy that the contract allows");
        let calendar: Calendar =
            toml::from_str(&self.calendar()).expect("a calendar that the contract allows");
        let zone = self.zone.parse().expect("a zone");
        Policy { bank_closed: calendar.bank_closed, zone, ..policy }
    }

    /// The content of `[calendar]` in TOML.
    pub fn calendar(&self) -> String {
        format!("bank_closed = {:?}\n", self.bank_closed)
    }

    /// The content of `[policy]` in TOML.
    pub fn toml(&self) -> String {
        let mut text = format!(
            "settle_within_hours = {}\naccount_within_hours = {}\nledger_lag_hours = {}\n\
             refund_within_hours = {}\nappear_within_minutes = {}\nclosed_means_unpaid = {}\n\
             refunds = \"{}\"\nignore = {:?}\n",
            self.settle_within_hours,
            self.account_within_hours,
            self.ledger_lag_hours,
            self.refund_within_hours,
            self.appear_within_minutes,
            self.closed_means_unpaid,
            self.refunds,
            self.ignore,
        );
        if !self.unpaid_carts.is_empty() {
            writeln!(text, "unpaid_carts = \"{}\"", self.unpaid_carts).expect("a string grows");
        }
        text.push_str("[tolerance]\n");
        for (name, tolerance) in
            [("final_amount", self.final_tolerance), ("ledger_amount", self.ledger_tolerance)]
        {
            if let Some((currency, micros)) = tolerance {
                let amount = decimal(micros);
                writeln!(text, "{name} = {{ {currency} = \"{amount}\" }}").expect("a string grows");
            }
        }
        for fee in &self.fees {
            write!(
                text,
                "[[fee]]\ncurrency = \"{}\"\ntransaction_type = \"{}\"\npercent = \"{}\"\n\
                 fixed = \"{}\"\ndecimals = {}\n",
                fee.currency,
                fee.transaction_type,
                decimal(fee.percent),
                decimal(fee.fixed),
                fee.decimals,
            )
            .expect("a string grows");
        }
        text
    }
}

/// Millionths as a plain decimal.
pub fn decimal(micros: i64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// The run's start.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_140_000, 0).expect("a moment of November 2026")
}

/// A case of an order that nothing else is known of.
pub fn case<'a>(entry: Option<&'a Entry>, asked: &'a Asked, now: DateTime<Utc>) -> Case<'a> {
    Case {
        entry,
        asked,
        shared_with: &[],
        is_first_of_payment: false,
        still_open: &[],
        is_new_status: false,
        ledger_status_since: None,
        now,
    }
}

fn optional<T>(word: &str, read: impl FnOnce(&str) -> T) -> Option<T> {
    (!word.is_empty()).then(|| read(word))
}
