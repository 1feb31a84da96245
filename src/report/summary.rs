//! What `run` prints on stdout when it has written its report (contract, "`run`"): one JSON object
//! for scripts, or [`text`](text()) for people. Neither ends in a line break.

mod text;

pub use text::text;

use crate::domain::mismatch::Kind;
use crate::domain::run::{LedgerFigures, MoneyByCurrency, OrderFigures, RunSummary};
use chrono::NaiveDate;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The summary as one JSON object on one line, with the contract's keys in the contract's order.
/// `duration_ms` shows as seconds with one decimal.
///
/// # Panics
/// Never: there is nothing in it that JSON cannot show.
#[must_use]
#[expect(clippy::expect_used, reason = "integers and strings under fixed keys: always JSON")]
pub fn json(run: &RunSummary, reports: &[String], duration_ms: u64, exit_code: u8) -> String {
    render(run, reports, duration_ms, exit_code).expect("a summary is plain JSON")
}

fn render(
    run: &RunSummary,
    reports: &[String],
    duration_ms: u64,
    exit_code: u8,
) -> serde_json::Result<String> {
    let figures = &run.figures;
    serde_json::to_string(&Summary {
        run_id: run.run_id,
        status: run.status(),
        from: run.from.map(|date| NaiveDate::to_string(&date)),
        to: run.to.map(|date| NaiveDate::to_string(&date)),
        ledger: Ledger::from(figures.ledger),
        orders: Orders::from(figures.orders),
        mismatches: &figures.mismatches,
        open_elsewhere: figures.open_elsewhere,
        totals: totals(&figures.totals),
        requests: figures.requests,
        seconds: RawValue::from_string(seconds(duration_ms))?,
        reports,
        exit_code,
    })
}

/// Seconds with one decimal, rounded.
fn seconds(duration_ms: u64) -> String {
    let tenths = duration_ms / 100 + u64::from(duration_ms % 100 >= 50);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The contract's object.
#[derive(Serialize)]
struct Summary<'run> {
    run_id: i64,
    status: &'static str,
    from: Option<String>,
    to: Option<String>,
    ledger: Ledger,
    orders: Orders,
    #[serde(serialize_with = "by_word")]
    mismatches: &'run BTreeMap<Kind, u64>,
    open_elsewhere: u64,
    totals: Vec<Money<'run>>,
    requests: u64,
    seconds: Box<RawValue>,
    reports: &'run [String],
    exit_code: u8,
}

#[derive(Serialize)]
struct Ledger {
    rows: u64,
    accepted: u64,
    invalid: u64,
    repeated: u64,
    superseded: u64,
    changed: u64,
}

impl From<LedgerFigures> for Ledger {
    fn from(figures: LedgerFigures) -> Ledger {
        let LedgerFigures { rows, accepted, invalid, repeated, superseded, changed } = figures;
        Ledger { rows, accepted, invalid, repeated, superseded, changed }
    }
}

#[derive(Serialize)]
struct Orders {
    selected: u64,
    matched: u64,
    in_transit: u64,
    mismatched: u64,
    unverified: u64,
}

impl From<OrderFigures> for Orders {
    fn from(figures: OrderFigures) -> Orders {
        let OrderFigures { selected, matched, in_transit, mismatched, unverified } = figures;
        Orders { selected, matched, in_transit, mismatched, unverified }
    }
}

/// Amounts are strings, so that no reader makes floats of them.
#[derive(Serialize)]
struct Money<'run> {
    currency: &'run str,
    transaction_type: &'run str,
    orders: u64,
    ledger_amount: String,
    gateway_amount: String,
    final_amount: String,
    variance: String,
    at_risk: String,
}

fn totals(totals: &MoneyByCurrency) -> Vec<Money<'_>> {
    totals
        .iter()
        .map(|((currency, transaction_type), money)| Money {
            currency,
            transaction_type,
            orders: money.orders,
            ledger_amount: money.ledger_amount.to_string(),
            gateway_amount: money.gateway_amount.to_string(),
            final_amount: money.final_amount.to_string(),
            variance: money.variance.to_string(),
            at_risk: money.at_risk.to_string(),
        })
        .collect()
}

/// Kinds in the contract's order, those without a mismatch left out.
fn by_word<S: Serializer>(
    mismatches: &BTreeMap<Kind, u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let found = mismatches.iter().filter(|(_, count)| **count > 0);
    serializer.collect_map(found.map(|(kind, count)| (kind.as_str(), count)))
}
