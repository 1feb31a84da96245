//! The figures of a run: the summary shows them, and their sums are checked (contract, "`run`" and
//! "Words").

use super::amount::{Amount, Total};
use super::mismatch::{Kind, Outcome};
use super::money::Bucket;
use super::statement::StatementLine;
pub(crate) use super::warning::SUSPECT;
pub use super::warning::Warning;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Exit codes of runs that wrote their report (contract, "Exit codes").
pub const WITH_REPORT: [u8; 4] = [0, 1, 3, 4];

/// Rows of a run's ledger files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LedgerFigures {
    /// Rows read, without the header row and blank lines.
    pub rows: u64,
    /// Rows that became an entry: one per order.
    pub accepted: u64,
    /// Rows that are not usable.
    pub invalid: u64,
    /// Further rows of an order, with the same values.
    pub repeated: u64,
    /// Rows that a later row of the same order replaced.
    pub superseded: u64,
    /// Rows that `[[ledger.skip]]` left out.
    pub skipped: u64,
    /// Entries whose amount, currency or type differ from an earlier run's.
    pub changed: u64,
}

/// Orders of a run by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct OrderFigures {
    /// All selected orders.
    pub selected: u64,
    /// Of these, those that are judged by the answer of an earlier run.
    pub reused: u64,
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
    /// Orders that the run asked for itself.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.selected.saturating_sub(self.reused)
    }

    /// Whether orders were asked and none of them was answered: nothing shows that the gateway was
    /// there at all. A reused answer is trustworthy, so every unverified order was asked.
    #[must_use]
    pub fn none_answered(&self) -> bool {
        self.asked() > 0 && self.unverified >= self.asked()
    }

    /// Counts one more order with this outcome.
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

/// The money of one currency and direction. Each figure is summed in its own currency: if the two
/// sides have different currencies, the ledger's amount counts in the ledger's currency, and the
/// gateway's amounts count in the gateway's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MoneyFigures {
    /// Orders, by the ledger's currency.
    pub orders: u64,
    /// The sum of the ledger's amounts.
    pub ledger_amount: Total,
    /// The sum of `amount` over answered orders.
    pub gateway_amount: Total,
    /// The sum of `final_amount` over answered orders.
    pub final_amount: Total,
    /// The sum of `final_amount` minus the expected amount, over completed orders.
    pub variance: Total,
    /// The money at risk: the sum of the next four. Each order counts once, in one of them.
    pub at_risk: Total,
    /// See [`Bucket::AgainstUs`].
    #[serde(default)]
    pub against_us: Total,
    /// See [`Bucket::InOurFavour`].
    #[serde(default)]
    pub in_our_favour: Total,
    /// See [`Bucket::InDoubt`].
    #[serde(default)]
    pub in_doubt: Total,
    /// See [`Bucket::Unverified`].
    #[serde(default)]
    pub unverified: Total,
    /// Orders whose findings are all accepted. Not at risk.
    #[serde(default)]
    pub accepted: Total,
    /// Orders whose findings are suspect. Not at risk. Rare: left out where there is none.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub suspect: Total,
}

fn is_nothing(sum: &Total) -> bool {
    *sum == Total::default()
}

impl MoneyFigures {
    /// Forgets where the money of orders with findings counts.
    pub(crate) fn clear_places(&mut self) {
        let MoneyFigures { orders, ledger_amount, gateway_amount, final_amount, variance, .. } =
            *self;
        *self = MoneyFigures {
            orders,
            ledger_amount,
            gateway_amount,
            final_amount,
            variance,
            ..MoneyFigures::default()
        };
    }

    /// Adds the figure of an order to its bucket.
    pub fn count(&mut self, bucket: Bucket, figure: Amount) {
        let sum = match bucket {
            Bucket::AgainstUs => &mut self.against_us,
            Bucket::InOurFavour => &mut self.in_our_favour,
            Bucket::InDoubt => &mut self.in_doubt,
            Bucket::Unverified => &mut self.unverified,
            Bucket::Accepted => &mut self.accepted,
            Bucket::Suspect => &mut self.suspect,
            Bucket::Information => return,
        };
        sum.add(figure);
        if bucket.is_at_risk() {
            self.at_risk.add(figure);
        }
    }
}

/// The money by currency (lower case) and transaction type (`income` or `expense`).
pub type MoneyByCurrency = BTreeMap<(String, String), MoneyFigures>;

/// One row of the totals in JSON: currency, direction and money (contract, "`run`": totals).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyRow {
    /// The currency, lower case.
    pub currency: String,
    /// `income` or `expense`.
    pub transaction_type: String,
    /// The figures.
    #[serde(flatten)]
    pub money: MoneyFigures,
}

/// The rows of all currencies and directions, sorted.
#[must_use]
pub fn money_rows(totals: &MoneyByCurrency) -> Vec<MoneyRow> {
    let row = |((currency, transaction_type), money): (&(String, String), &MoneyFigures)| {
        let (currency, transaction_type) = (currency.clone(), transaction_type.clone());
        MoneyRow { currency, transaction_type, money: *money }
    };
    totals.iter().map(row).collect()
}

/// How mismatches ended and came back in a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lives {
    /// Mismatches that ended, by their days from first seen to the end.
    pub resolved: BTreeMap<u64, u64>,
    /// Those of them about which nothing was decided.
    pub without_decision: u64,
    /// Mismatches that came back.
    pub reopened: u64,
}

/// Everything that a run counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// The ledger's rows.
    pub ledger: LedgerFigures,
    /// The orders.
    pub orders: OrderFigures,
    /// Findings by kind that are not accepted. A kind without one has no entry.
    pub mismatches: BTreeMap<Kind, u64>,
    /// Accepted findings by kind.
    pub accepted: BTreeMap<Kind, u64>,
    /// Orders whose findings are all accepted.
    pub accepted_orders: u64,
    /// Findings that count for exit code 1: not accepted, and not below `[policy] exit_from`.
    pub findings_for_exit: u64,
    /// Orders by day (in the ledger's time zone). An order without a ledger entry has no day.
    pub days: BTreeMap<NaiveDate, u64>,
    /// How mismatches ended and came back.
    pub lives: Lives,
    /// Open mismatches of orders that this run did not select.
    pub open_elsewhere: u64,
    /// Money by currency and direction.
    pub totals: MoneyByCurrency,
    /// Calls to the gateway, retries included.
    pub requests: u64,
    /// The gateway's own statement beside what was seen, if one was given.
    pub gateway_totals: Vec<StatementLine>,
}

/// Figures that do not add up. This is a bug; it is found before the report is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the figures of this run do not add up: {what} is {left}, but {sum} is {right}")]
pub struct Imbalance {
    what: &'static str,
    left: String,
    sum: &'static str,
    right: String,
}

impl Figures {
    /// Checks that rows, orders and the ledger's amounts per currency add up. `selected_amounts` is
    /// the sum over the selected orders per currency, computed independently of `totals`.
    ///
    /// # Errors
    /// The first sum that differs.
    pub fn check(&self, selected_amounts: &BTreeMap<String, Total>) -> Result<(), Imbalance> {
        let balance = |what, left: String, sum, right: String| {
            if left == right { Ok(()) } else { Err(Imbalance { what, left, sum, right }) }
        };
        let (rows, orders) = (&self.ledger, &self.orders);
        balance(
            "the number of rows read",
            rows.rows.to_string(),
            "accepted + invalid + repeated + superseded + skipped",
            (rows.accepted + rows.invalid + rows.repeated + rows.superseded + rows.skipped)
                .to_string(),
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
            [&self.mismatches, &self.accepted]
                .iter()
                .filter_map(|findings| findings.get(&Kind::Unverified))
                .sum::<u64>()
                .to_string(),
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

/// What file names, the summary and `runs` show about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// The number of the run.
    pub run_id: i64,
    /// The first day: of the selected range, or of the first order if there is no range.
    pub from: Option<NaiveDate>,
    /// The last day: of the selected range, or of the last order if there is no range.
    pub to: Option<NaiveDate>,
    /// The run's day in the ledger's time zone. The file name of an empty report has this day.
    pub day: NaiveDate,
    /// The figures.
    pub figures: Figures,
    /// Unverified orders by reason, the most frequent first.
    pub unverified_reasons: Vec<UnverifiedReason>,
    /// When the oldest of the reused answers came.
    pub oldest_reused: Option<DateTime<Utc>>,
    /// What a person should see, in the order in which it was found.
    pub warnings: Vec<Warning>,
}

impl RunSummary {
    /// Whether no selected order is unverified (contract, "`run`": `status`).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.figures.orders.unverified == 0
    }

    /// The doubts about the ledger and about findings.
    pub fn doubts(&self) -> impl Iterator<Item = &Warning> {
        self.warnings.iter().filter(|warning| warning.is_doubt)
    }

    /// Whether the ledger is in doubt.
    #[must_use]
    pub fn doubts_ledger(&self) -> bool {
        self.doubts().any(|warning| warning.code != SUSPECT)
    }

    /// Whether a kind of findings is suspect (contract, "Mismatches": flood guard).
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.doubts().any(|warning| warning.code == SUSPECT)
    }

    /// `complete` or `incomplete`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        if self.is_complete() { "complete" } else { "incomplete" }
    }

    /// Whether an order is unverified, and finance has not accepted that: the exit code and the
    /// name of the report say so.
    #[must_use]
    pub fn has_open_doubt(&self) -> bool {
        self.figures.mismatches.contains_key(&Kind::Unverified)
    }

    /// The exit code of a run that wrote its report: 3 outranks 4, 4 outranks 1 (contract, "Exit
    /// codes").
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.has_open_doubt() {
            3
        } else if self.figures.ledger.invalid > 0 || self.doubts().next().is_some() {
            4
        } else {
            u8::from(self.figures.findings_for_exit > 0)
        }
    }
}

/// A control figure of the ledger: a currency and the expected sum.
pub type ExpectedTotal = (String, Total);

/// Adds an amount to the sum of its currency.
pub fn add_to(sums: &mut BTreeMap<String, Total>, currency: &str, amount: Amount) {
    if let Some(sum) = sums.get_mut(currency) {
        sum.add(amount);
    } else {
        sums.entry(currency.to_owned()).or_default().add(amount);
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
