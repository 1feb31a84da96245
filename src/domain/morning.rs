//! What the page and the workbook show of a run beside its findings (contract, "The report").
//! Everything here is stored with the run when it is judged, so that the same report can be written
//! again whatever comes after.

use super::amount::{Amount, Total};
use super::decision::Decision;
use super::mismatch::{Kind, NextStep, Outcome, ReportRow, Severity, State};
use super::money::Place;
use super::order::{Entry, OrderKey};
use super::payment::Payment;
use super::run::RunSummary;
use super::text::Text;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A run as a report shows it.
#[derive(Debug, Clone)]
pub struct Night {
    /// Number, range, figures and warnings.
    pub summary: RunSummary,
    /// The merchant that was asked for.
    pub merchant_uid: Option<String>,
    /// The ledger's time zone.
    pub zone: Tz,
    /// When the run began.
    pub started_at: DateTime<Utc>,
    /// When it was judged.
    pub judged_at: DateTime<Utc>,
    /// The first and the last answer of its own.
    pub answered: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The gateway's address.
    pub base_url: String,
    /// The ledger files, in order.
    pub ledgers: Vec<LedgerFile>,
    /// The earlier run that this one is compared with. `None`: it is the first of its kind.
    pub before: Option<Before>,
    /// This run and the judged ones of the same kind before it, oldest first, at most 30.
    pub trend: Vec<TrendPoint>,
    /// How mismatches ended in the runs of the trend.
    pub measures: Measures,
    /// How the run was made.
    pub making: Making,
    /// The SHA-256 of the manifest of the judged run before this one, if it has written one.
    pub previous_manifest: Option<String>,
    /// The digest of all rows that the run recorded, in hexadecimal. `None`: an earlier release
    /// judged it.
    pub rows_sha256: Option<String>,
}

/// A ledger file that a run read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerFile {
    /// Its name on the command line.
    pub name: Text,
    /// When it was written, as its file system says. `None`: it came from stdin, or an earlier
    /// release read it.
    pub modified_at: Option<DateTime<Utc>>,
    /// The SHA-256 of its bytes, in hex. `None`: an earlier release read it.
    pub sha256: Option<String>,
}

/// The run before, and what changed since.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Before {
    /// Its number.
    pub run_id: i64,
    /// Its day.
    pub day: NaiveDate,
    /// The money at risk then and now, by currency.
    pub bridge: BTreeMap<String, Bridge>,
    /// Orders with findings, by what happened to them since then.
    pub orders: SinceBefore,
}

/// The money at risk of one currency: `before + new + back + changed − solved − accepted −
/// not_in_run = now`. Each order counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bridge {
    /// The sum of the run before.
    pub before: Total,
    /// Orders that had no finding ever.
    pub new: Total,
    /// Orders whose findings had ended and came back.
    pub back: Total,
    /// Orders in both whose figure changed: the difference, signed. Also orders that were accepted
    /// or only for information before.
    pub changed: Total,
    /// Orders whose findings a fresh answer no longer shows.
    pub solved: Total,
    /// Orders whose findings are all accepted now.
    pub accepted: Total,
    /// Orders that this run did not select.
    pub not_in_run: Total,
    /// The sum of this run.
    pub now: Total,
}

/// Orders by what happened to them since the run before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SinceBefore {
    /// With findings now, never before.
    pub new: u64,
    /// With findings now, whose earlier ones had ended or were accepted.
    pub back: u64,
    /// In both, and the figure at risk grew.
    pub worse: u64,
    /// In both, and the figure at risk did not grow.
    pub unchanged: u64,
    /// Without findings now.
    pub solved: u64,
    /// All findings accepted since.
    pub accepted: u64,
    /// Not selected by this run.
    pub not_in_run: u64,
}

/// One run in the trend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrendPoint {
    /// The run.
    pub run_id: i64,
    /// Its day.
    pub day: NaiveDate,
    /// Orders that it selected.
    pub selected: u64,
    /// Orders that agreed.
    pub matched: u64,
    /// Orders with a finding that is not accepted.
    pub with_findings: u64,
    /// Orders without a trustworthy answer.
    pub unverified: u64,
    /// The money at risk, by currency.
    pub at_risk: BTreeMap<String, Total>,
    /// Mismatches that ended in this run.
    pub resolved: u64,
    /// Mismatches that came back in this run.
    pub reopened: u64,
}

/// How mismatches ended and came back, over the runs of the trend.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Measures {
    /// Mismatches that ended.
    pub resolved: u64,
    /// Of these, without a decision.
    pub resolved_without_decision: u64,
    /// The median of the days from first seen to the end.
    pub median_days: Option<u64>,
    /// The most days.
    pub longest_days: Option<u64>,
    /// Mismatches that came back.
    pub reopened: u64,
}

/// How a run was made, for the workbook's last sheet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Making {
    /// The command line, without secrets.
    pub command_line: String,
    /// Each effective setting: key, value, and where it comes from.
    pub settings: Vec<Setting>,
    /// Settings of `[policy]` and `[calendar]` that differ from those of the run before: key, value
    /// then, value now.
    pub policy_changes: Vec<(String, String, String)>,
    /// The program's version.
    pub version: String,
}

/// One effective setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The table and the key, with dots: `policy.settle_within_hours`.
    pub key: String,
    /// Its value as TOML. Empty: it has no default, and nothing sets it.
    pub value: String,
    /// `default`, `preset` (of the ledger), `file`, `environment`, `flag` or `program` (`demo`).
    pub source: String,
}

/// An order with findings: a row of the workbook's sheet Work and of the page (contract, "The
/// report").
#[derive(Debug, Clone)]
pub struct OrderRow {
    /// The order.
    pub key: OrderKey,
    /// The ledger entry that this run judged.
    pub entry: Option<Entry>,
    /// The payment that this run judged.
    pub payment: Option<Payment>,
    /// Its findings, the most severe first. At least one.
    pub findings: Vec<ReportRow>,
    /// The most severe finding that is not accepted. `None`: all are accepted.
    pub severity: Option<Severity>,
    /// The state that is worth the most attention among the findings that are not accepted.
    pub state: State,
    /// Where its money counts.
    pub place: Place,
    /// `income` or `expense`.
    pub transaction_type: String,
    /// Who acts: as its most severe finding says.
    pub next_step: NextStep,
    /// Days since the order's findings began, to the run's day.
    pub open_days: i64,
    /// The last day by which it should be dealt with (`[policy.due]`). `None`: no limit is set.
    pub due: Option<NaiveDate>,
}

impl OrderRow {
    /// The findings that are not accepted, the most severe first.
    pub fn open_findings(&self) -> impl Iterator<Item = &ReportRow> {
        self.findings.iter().filter(|finding| !finding.decision.is_accepted())
    }

    /// Whether it should have been dealt with before this day.
    #[must_use]
    pub fn is_past_due(&self, day: NaiveDate) -> bool {
        self.due.is_some_and(|due| due < day)
    }

    /// What the order's row shows in finance's columns: the decision of its most severe finding
    /// that is not accepted.
    #[must_use]
    pub fn decision(&self) -> Decision {
        let shown = self.open_findings().next().or(self.findings.first());
        shown.map(|finding| finding.decision.clone()).unwrap_or_default()
    }
}

/// An order that had findings in the run before and has none now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SolvedRow {
    /// The order.
    pub key: OrderKey,
    /// How it ended tonight: matched or in transit.
    pub outcome: Outcome,
    /// The kinds that it had.
    pub kinds: Vec<Kind>,
    /// Where its money counted.
    pub place: Place,
    /// When the first of them was seen.
    pub first_seen: NaiveDate,
    /// Days from then to the run's day.
    pub open_days: i64,
    /// What finance had said.
    pub decision: Decision,
}

/// One thing that explains several findings (see `rules::causes`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What it is, for people: "settled 2.00 % short".
    pub what: Text,
    /// The orders that it explains.
    pub orders: u64,
    /// Their money at risk, by currency.
    pub sums: BTreeMap<String, Total>,
    /// Some of the orders' ids, largest first.
    pub examples: Vec<String>,
}

/// What one order gives to a sum at risk, if anything.
#[must_use]
pub fn at_risk(place: &Place) -> Option<(&str, Amount)> {
    place.bucket.is_at_risk().then_some((place.currency.as_str(), place.amount))
}
