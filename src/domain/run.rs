//! A run's figures: what the summary shows and what must add up (contract, "`run`" and "Words").

use super::amount::{Amount, Total};
use super::mismatch::{Kind, Outcome};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rows of a run's ledger files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LedgerFigures {
    /// Rows read, the header and blank lines apart.
    pub rows: u64,
    /// One an order.
    pub accepted: u64,
    /// Not usable.
    pub invalid: u64,
    /// Gave an order again with the same values.
    pub repeated: u64,
    /// Replaced by a later row of the same order.
    pub superseded: u64,
    /// Entries whose amount, currency or type differ from an earlier run's.
    pub changed: u64,
}

/// Orders of a run by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct OrderFigures {
    /// All of them.
    pub selected: u64,
    /// See [`Outcome::Matched`].
    pub matched: u64,
    /// See [`Outcome::InTransit`].
    pub in_transit: u64,
    /// See [`Outcome::Mismatched`].
    pub mismatched: u64,
    /// See [`Outcome::Unverified`].
    pub unverified: u64,
}

impl OrderFigures {
    /// Counts one more.
    pub fn count(&mut self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Matched => &mut self.matched,
            Outcome::InTransit => &mut self.in_transit,
            Outcome::Mismatched => &mut self.mismatched,
            Outcome::Unverified => &mut self.unverified,
        };
        *counter += 1;
    }
}

/// Money of one currency and direction. Each figure is summed in its own currency: where the two
/// sides name different ones, the ledger's amount stands with the ledger's currency and the
/// gateway's amounts with the gateway's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MoneyFigures {
    /// Orders, by the ledger's currency.
    pub orders: u64,
    /// The ledger's amounts.
    pub ledger_amount: Total,
    /// `amount` over answered orders.
    pub gateway_amount: Total,
    /// `final_amount` over answered orders.
    pub final_amount: Total,
    /// `final_amount` less what was expected, over completed orders.
    pub variance: Total,
    /// What is at risk, each order once: the largest of its mismatches.
    pub at_risk: Total,
}

/// Currency (lower case), then transaction type: `income` or `expense`.
pub type MoneyByCurrency = BTreeMap<(String, String), MoneyFigures>;

/// One currency and direction with its money, as it stands in JSON (contract, "`run`": totals).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyRow {
    /// Lower case.
    pub currency: String,
    /// `income` or `expense`.
    pub transaction_type: String,
    /// The figures.
    #[serde(flatten)]
    pub money: MoneyFigures,
}

/// The rows of all currencies and directions, in their order.
#[must_use]
pub fn money_rows(totals: &MoneyByCurrency) -> Vec<MoneyRow> {
    let row = |((currency, transaction_type), money): (&(String, String), &MoneyFigures)| {
        let (currency, transaction_type) = (currency.clone(), transaction_type.clone());
        MoneyRow { currency, transaction_type, money: *money }
    };
    totals.iter().map(row).collect()
}

/// Everything that a run counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// The ledger's rows.
    pub ledger: LedgerFigures,
    /// The orders.
    pub orders: OrderFigures,
    /// Report rows by kind; kinds without one are left out.
    pub mismatches: BTreeMap<Kind, u64>,
    /// Open mismatches of orders that this run did not select.
    pub open_elsewhere: u64,
    /// Money by currency and direction.
    pub totals: MoneyByCurrency,
    /// Calls, retries included.
    pub requests: u64,
}

/// Figures that do not add up: a bug, found before the report is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the figures of this run do not add up: {what} is {left}, but {sum} is {right}")]
pub struct Imbalance {
    what: &'static str,
    left: String,
    sum: &'static str,
    right: String,
}

impl Figures {
    /// Checks that rows, orders and, per currency, the ledger's amounts add up. `selected_amounts`
    /// is the sum over the selected orders per currency, taken by other means than `totals`.
    ///
    /// # Errors
    /// The first sum that does not hold.
    pub fn check(&self, selected_amounts: &BTreeMap<String, Total>) -> Result<(), Imbalance> {
        let balance = |what, left: String, sum, right: String| {
            if left == right { Ok(()) } else { Err(Imbalance { what, left, sum, right }) }
        };
        let (rows, orders) = (&self.ledger, &self.orders);
        balance(
            "the number of rows read",
            rows.rows.to_string(),
            "accepted + invalid + repeated + superseded",
            (rows.accepted + rows.invalid + rows.repeated + rows.superseded).to_string(),
        )?;
        balance(
            "the number of selected orders",
            orders.selected.to_string(),
            "matched + in transit + mismatched + unverified",
            (orders.matched + orders.in_transit + orders.mismatched + orders.unverified)
                .to_string(),
        )?;
        balance(
            "the number of unverified orders",
            orders.unverified.to_string(),
            "the number of unverified rows",
            self.mismatches.get(&Kind::Unverified).copied().unwrap_or(0).to_string(),
        )?;
        let mut judged: BTreeMap<&str, Total> = BTreeMap::new();
        for ((currency, _), money) in &self.totals {
            if money.orders > 0 {
                let sum = judged.entry(currency).or_default();
                *sum = [*sum, money.ledger_amount].into_iter().sum();
            }
        }
        let show = |(currency, total): (&str, Total)| format!("{total} {currency}");
        balance(
            "the ledger's amount of the selected orders",
            selected_amounts
                .iter()
                .map(|(currency, total)| show((currency, *total)))
                .collect::<Vec<_>>()
                .join(" + "),
            "the sum over the outcomes",
            judged.into_iter().map(show).collect::<Vec<_>>().join(" + "),
        )
    }
}

/// Why orders of a run are unverified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnverifiedReason {
    /// A clause for people; `None` collects the rarer reasons.
    pub reason: Option<String>,
    /// How many orders.
    pub orders: u64,
}

/// What a run is called and covers, for file names, the summary and `runs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// Its number.
    pub run_id: i64,
    /// First day: the range's, else the first order's.
    pub from: Option<NaiveDate>,
    /// Last day: the range's, else the last order's.
    pub to: Option<NaiveDate>,
    /// The run's day in the ledger's time zone: names an empty report.
    pub day: NaiveDate,
    /// What it counted.
    pub figures: Figures,
    /// Unverified orders by reason, the most frequent first.
    pub unverified_reasons: Vec<UnverifiedReason>,
}

impl RunSummary {
    /// No selected order is unverified (contract, "`run`": `status`).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.figures.orders.unverified == 0
    }

    /// `complete` or `incomplete`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        if self.is_complete() { "complete" } else { "incomplete" }
    }

    /// The exit code of a run that wrote its report: 3 outranks 4, 4 outranks 1 (contract, "Exit
    /// codes").
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if !self.is_complete() {
            3
        } else if self.figures.ledger.invalid > 0 {
            4
        } else {
            u8::from(!self.figures.mismatches.is_empty())
        }
    }
}

/// A control figure of the ledger: the currency and the sum that the ledger's owner expects.
pub type ExpectedTotal = (String, Total);

/// Sums one more amount into a currency's control figure.
pub fn add_to(sums: &mut BTreeMap<String, Total>, currency: &str, amount: Amount) {
    if let Some(sum) = sums.get_mut(currency) {
        sum.add(amount);
    } else {
        sums.entry(currency.to_owned()).or_default().add(amount);
    }
}
