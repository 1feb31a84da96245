//! `[policy]` of the configuration: tolerances, time limits and fees (contract, "Mismatches").

use crate::domain::amount::Amount;
use crate::domain::calendar::ClosedDays;
use crate::domain::mismatch::{Kind, Severity};
use crate::domain::payment::TransactionType;
use chrono::{Days, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, de::Error};
use std::collections::{BTreeMap, BTreeSet};

/// The `[policy]` table; every key has the contract's default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Hours after which an open payment is reported.
    pub settle_within_hours: u32,
    /// Hours within which a completed payment should be accounted.
    pub account_within_hours: u32,
    /// Hours by which the ledger's export may be older than the answer.
    pub ledger_lag_hours: u32,
    /// Hours that a refund may take, from the run that read it first.
    pub refund_within_hours: u32,
    /// Minutes after the creation of an order in which the gateway may not have it yet.
    pub appear_within_minutes: u32,
    /// If true, the final amount of a failed, rejected or overdue order should be zero.
    pub closed_means_unpaid: bool,
    /// How refunds of the merchant appear at the gateway.
    pub refunds: Refunds,
    /// The severity of what is found on an income that nobody has paid: pending in the ledger, and
    /// not completed at the gateway. `None`: as on any other order.
    #[serde(deserialize_with = "severity")]
    pub unpaid_carts: Option<Severity>,
    /// The least severity that counts for exit code 1. `None`: every finding does.
    #[serde(deserialize_with = "severity")]
    pub exit_from: Option<Severity>,
    /// When one person can accept a mismatch.
    pub accept: Accept,
    /// When a mismatch should have been dealt with.
    pub due: Due,
    /// Kinds that are not reported. `unverified` is not allowed here.
    #[serde(deserialize_with = "kinds_to_ignore")]
    pub ignore: BTreeSet<Kind>,
    /// Variances that are ignored.
    pub tolerance: Tolerance,
    /// Fees that the gateway deducts from completed payments.
    #[serde(deserialize_with = "fees")]
    pub fee: Vec<Fee>,
    /// `[calendar] bank_closed`, which is no key of this table: hours on these days do not count
    /// for `account_within_hours`, and for `settle_within_hours` of an expense.
    #[serde(skip)]
    pub bank_closed: ClosedDays,
    /// The ledger's time zone, in which a day is closed.
    #[serde(skip)]
    pub zone: Tz,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            settle_within_hours: 24,
            account_within_hours: 24,
            ledger_lag_hours: 24,
            refund_within_hours: 168,
            appear_within_minutes: 60,
            closed_means_unpaid: false,
            refunds: Refunds::Status,
            unpaid_carts: None,
            exit_from: None,
            accept: Accept::default(),
            due: Due::default(),
            ignore: BTreeSet::new(),
            tolerance: Tolerance::default(),
            fee: Vec::new(),
            bank_closed: ClosedDays::default(),
            zone: Tz::UTC,
        }
    }
}

/// How a refund appears at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Refunds {
    /// The payment status of the order becomes `refund`.
    Status,
    /// The order stays `completed`; the refund is a separate payout.
    Payout,
}

/// `[policy.accept]`: when one person can accept a mismatch (contract, "Decisions").
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accept {
    /// The money at risk up to which one person accepts, by currency. No limit for a currency
    /// without an entry.
    #[serde(deserialize_with = "by_currency")]
    pub up_to: BTreeMap<String, Amount>,
}

/// `[policy.due]`: days after the first finding of an order by which it should be dealt with, by
/// its severity. `None`: no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Due {
    /// Days for `high`.
    pub high: Option<u16>,
    /// Days for `medium`.
    pub medium: Option<u16>,
    /// Days for `low`.
    pub low: Option<u16>,
}

impl Due {
    /// The last day by which an order of this severity should be dealt with, if its first finding
    /// is of the day `since`.
    #[must_use]
    pub fn day(&self, severity: Severity, since: NaiveDate) -> Option<NaiveDate> {
        let days = match severity {
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
        };
        since.checked_add_days(Days::new(days?.into()))
    }
}

/// The absolute variance up to which nothing is reported, by currency. Zero for a currency without
/// an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tolerance {
    /// For `final_amount_difference`.
    #[serde(deserialize_with = "by_currency")]
    pub final_amount: BTreeMap<String, Amount>,
    /// For `ledger_amount_difference`.
    #[serde(deserialize_with = "by_currency")]
    pub ledger_amount: BTreeMap<String, Amount>,
}

/// A fee that the gateway deducts: a percentage of the amount plus a fixed amount.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// The currency, lower case.
    #[serde(deserialize_with = "currency")]
    pub currency: String,
    /// `income` or `expense`.
    #[serde(deserialize_with = "direction")]
    pub transaction_type: TransactionType,
    /// The percentage: an exact decimal in quotes, at most 100.
    #[serde(default, deserialize_with = "percent")]
    pub percent: Amount,
    /// The fixed amount per payment, in the currency.
    #[serde(default)]
    pub fixed: Amount,
    /// Decimal places to which the percentage part is rounded, half up.
    #[serde(default = "default_decimals")]
    pub decimals: u32,
}

impl Fee {
    /// The fee for this amount.
    #[must_use]
    pub fn of(&self, amount: Amount) -> Amount {
        amount.percent_of(self.percent, self.decimals) + self.fixed
    }
}

impl Policy {
    /// The configured fee for this currency (lower case) and direction, if any.
    #[must_use]
    pub fn fee_for(&self, currency: &str, direction: &TransactionType) -> Option<&Fee> {
        self.fee.iter().find(|fee| fee.currency == currency && fee.transaction_type == *direction)
    }

    /// `settle_within_hours` as a duration.
    #[must_use]
    pub fn settle_within(&self) -> TimeDelta {
        TimeDelta::hours(i64::from(self.settle_within_hours))
    }

    /// `account_within_hours` as a duration.
    #[must_use]
    pub fn account_within(&self) -> TimeDelta {
        TimeDelta::hours(i64::from(self.account_within_hours))
    }

    /// `ledger_lag_hours` as a duration.
    #[must_use]
    pub fn ledger_lag(&self) -> TimeDelta {
        TimeDelta::hours(i64::from(self.ledger_lag_hours))
    }

    /// `refund_within_hours` as a duration.
    #[must_use]
    pub fn refund_within(&self) -> TimeDelta {
        TimeDelta::hours(i64::from(self.refund_within_hours))
    }

    /// `appear_within_minutes` as a duration.
    #[must_use]
    pub fn appear_within(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.appear_within_minutes))
    }
}

fn default_decimals() -> u32 {
    2
}

fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    normalized(&String::deserialize(deserializer)?)
}

/// A currency in the form that the rules look up: trimmed, lower case.
fn normalized<E: Error>(currency: &str) -> Result<String, E> {
    match currency.trim() {
        "" => Err(Error::custom("a currency is empty: name one, such as `inr`")),
        currency => Ok(currency.to_lowercase()),
    }
}

fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let percent = Amount::deserialize(deserializer)?;
    if percent > Amount::from_micros(100_000_000) {
        return Err(Error::custom(format!("`percent` of a fee is at most 100, not {percent}")));
    }
    Ok(percent)
}

fn direction<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TransactionType, D::Error> {
    let word = String::deserialize(deserializer)?;
    match TransactionType::from_word(&word) {
        TransactionType::Unknown(_) => {
            Err(Error::custom(format!("`{word}` is neither `income` nor `expense`")))
        }
        known => Ok(known),
    }
}

fn severity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Severity>, D::Error> {
    let word = String::deserialize(deserializer)?;
    Severity::from_word(&word).map(Some).ok_or_else(|| {
        Error::custom(format!("`{word}` is not a severity; they are high, medium and low"))
    })
}

fn by_currency<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Amount>, D::Error> {
    let mut tolerances = BTreeMap::new();
    for (currency, amount) in BTreeMap::<String, Amount>::deserialize(deserializer)? {
        let currency = normalized(&currency)?;
        if tolerances.contains_key(&currency) {
            return Err(Error::custom(format!("two amounts for `{currency}`: keep one of them")));
        }
        tolerances.insert(currency, amount);
    }
    Ok(tolerances)
}

fn kinds_to_ignore<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Kind>, D::Error> {
    Vec::<String>::deserialize(deserializer)?
        .into_iter()
        .map(|word| match Kind::from_word(&word) {
            Some(Kind::Unverified) => Err(Error::custom(
                "`unverified` cannot be ignored: an order without a trustworthy answer is always \
                 reported",
            )),
            Some(kind) => Ok(kind),
            None => {
                let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
                Err(Error::custom(format!(
                    "`{word}` is not a kind of mismatch; the kinds are {}",
                    kinds.join(", ")
                )))
            }
        })
        .collect()
}

fn fees<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Fee>, D::Error> {
    let fees = Vec::<Fee>::deserialize(deserializer)?;
    for (index, fee) in fees.iter().enumerate() {
        if fee.decimals > 6 {
            return Err(Error::custom("`decimals` of a fee is at most 6"));
        }
        let same = |other: &Fee| {
            other.currency == fee.currency && other.transaction_type == fee.transaction_type
        };
        if fees.iter().skip(index + 1).any(same) {
            return Err(Error::custom(format!(
                "two fees for {} {}: write one `[[policy.fee]]` with `percent` and `fixed`",
                fee.currency, fee.transaction_type
            )));
        }
    }
    Ok(fees)
}
