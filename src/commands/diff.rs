//! `diff`: what differs between the reports of two runs (contract, "Commands").

use super::output::{JsonHead, print, table};
use super::{Process, settings};
use crate::cli::{Common, Diff, ListFormat};
use crate::domain::amount::{Amount, Total};
use crate::domain::decision::{Basis, Verdict};
use crate::domain::guard::guarded;
use crate::domain::mismatch::{Kind, ReportRow};
use crate::domain::order::OrderKey;
use crate::domain::text::printable;
use crate::failure::Failure;
use crate::settings::Flags;
use crate::store::{RunRow, Store};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// The findings of a run, by order and kind.
type Findings = BTreeMap<(OrderKey, Kind), Side>;

/// What one run reported of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Side {
    mismatch_id: String,
    at_risk: Amount,
    basis: Basis,
    decision: Option<Verdict>,
}

/// A finding that differs: one row of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Difference {
    /// `new`, `ended`, `not_in_run` or `changed`.
    change: &'static str,
    /// What changed: amount, status, decision.
    what: String,
    merchant_uid: Option<String>,
    merchant_order_id: String,
    kind: &'static str,
    currency: String,
    at_risk_a: String,
    at_risk_b: String,
    variance_a: String,
    variance_b: String,
    status_a: String,
    status_b: String,
    decision_a: &'static str,
    decision_b: &'static str,
    mismatch_id: String,
}

/// The money at risk of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Sum {
    currency: String,
    at_risk_a: Total,
    at_risk_b: Total,
}

pub(super) fn execute(arguments: &Diff, common: &Common, process: &Process) -> Result<u8, Failure> {
    let head = JsonHead::new("diff", (process.now)());
    let settings = settings(common, Flags::default(), process)?;
    let store = Store::open_to_read(&settings.store.path)?;
    let runs = [judged(&store, arguments.run_a)?, judged(&store, arguments.run_b)?];
    let found = [findings(&store, arguments.run_a)?, findings(&store, arguments.run_b)?];
    let differences = compare(&found, |key| Ok(store.selects(arguments.run_b, key)?))?;
    let sums = sums(&runs);
    let printed = match arguments.format {
        ListFormat::Text => text(&runs, &differences, &sums),
        ListFormat::Csv => csv(&differences)?,
        ListFormat::Json => head.object(
            &json!({
                "run_a": arguments.run_a, "run_b": arguments.run_b, "totals": sums,
                "differences": differences, "exit_code": u8::from(!differences.is_empty()),
            })
            .to_string(),
        ),
    };
    print(printed.trim_end())?;
    Ok(u8::from(!differences.is_empty()))
}

fn judged(store: &Store, run_id: i64) -> Result<RunRow, Failure> {
    store.refuse_pruned(run_id)?;
    store.run(run_id)?.filter(|run| run.judged_at.is_some()).ok_or_else(|| {
        Failure::usage(
            format!("there is no judged run {run_id}"),
            "`octopus-recon runs` lists the runs",
        )
    })
}

fn findings(store: &Store, run_id: i64) -> Result<Findings, Failure> {
    let mut findings = Findings::new();
    store.report_rows(run_id, |row: &ReportRow| {
        let side = Side {
            mismatch_id: row.mismatch_id.clone(),
            at_risk: row.mismatch.at_risk,
            basis: Basis::of(&row.mismatch, row.entry.as_ref(), row.payment.as_ref()),
            decision: row.decision.verdict,
        };
        findings.insert((row.key.clone(), row.mismatch.kind), side);
        Ok::<(), Failure>(())
    })?;
    Ok(findings)
}

/// What differs, in the order of the order ids and kinds. `is_in_run` says whether the second run
/// selected an order.
fn compare(
    [a, b]: &[Findings; 2],
    is_in_run: impl Fn(&OrderKey) -> Result<bool, Failure>,
) -> Result<Vec<Difference>, Failure> {
    let mut differences = BTreeMap::new();
    for ((key, kind), before) in a {
        let after = b.get(&(key.clone(), *kind));
        let (change, what) = match after {
            Some(after) => match changes(before, after) {
                what if what.is_empty() => continue,
                what => ("changed", what),
            },
            None if is_in_run(key)? => ("ended", String::new()),
            None => ("not_in_run", String::new()),
        };
        let difference = difference(change, what, (key, *kind), Some(before), after);
        differences.insert((key, *kind), difference);
    }
    for ((key, kind), after) in b.iter().filter(|(finding, _)| !a.contains_key(finding)) {
        let new = difference("new", String::new(), (key, *kind), None, Some(after));
        differences.insert((key, *kind), new);
    }
    Ok(differences.into_values().collect())
}

/// What changed of a finding that both runs have.
fn changes(a: &Side, b: &Side) -> String {
    let amount = a.at_risk != b.at_risk
        || a.basis.variance != b.basis.variance
        || a.basis.currency != b.basis.currency;
    let status = status(a) != status(b);
    let decision = a.decision != b.decision;
    let what = [("amount", amount), ("status", status), ("decision", decision)];
    let what: Vec<&str> = what.into_iter().filter(|(_, is)| *is).map(|(what, _)| what).collect();
    what.join(", ")
}

/// All statuses, so that each change is seen.
fn status(side: &Side) -> String {
    let Basis { ledger_status, payment_status, accounting_status, notify_status, .. } = &side.basis;
    [ledger_status, payment_status, accounting_status, notify_status]
        .map(|word| if word.is_empty() { "-" } else { word.as_str() })
        .join("/")
}

fn difference(
    change: &'static str,
    what: String,
    (key, kind): (&OrderKey, Kind),
    a: Option<&Side>,
    b: Option<&Side>,
) -> Difference {
    let amount = |side: Option<&Side>| side.map(|it| it.at_risk.to_string()).unwrap_or_default();
    let variance = |side: Option<&Side>| {
        side.and_then(|it| it.basis.variance).map(|it| it.to_string()).unwrap_or_default()
    };
    let decision = |side: Option<&Side>| {
        side.and_then(|it| it.decision).map_or("", |verdict| verdict.as_str())
    };
    let either = b.or(a);
    Difference {
        change,
        what,
        merchant_uid: key.merchant_uid.as_deref().map(printable),
        merchant_order_id: printable(&key.merchant_order_id),
        kind: kind.as_str(),
        currency: either.map(|it| it.basis.currency.clone()).unwrap_or_default(),
        at_risk_a: amount(a),
        at_risk_b: amount(b),
        variance_a: variance(a),
        variance_b: variance(b),
        status_a: a.map(status).unwrap_or_default(),
        status_b: b.map(status).unwrap_or_default(),
        decision_a: decision(a),
        decision_b: decision(b),
        mismatch_id: either.map(|it| it.mismatch_id.clone()).unwrap_or_default(),
    }
}

/// The money at risk of both runs, each order once.
fn sums(runs: &[RunRow; 2]) -> Vec<Sum> {
    let mut sums: BTreeMap<&str, [Total; 2]> = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        for ((currency, _), money) in &run.summary.figures.totals {
            if let Some(sum) = sums.entry(currency).or_default().get_mut(index) {
                *sum = [*sum, money.at_risk].into_iter().sum();
            }
        }
    }
    let sums = sums.into_iter().map(|(currency, [at_risk_a, at_risk_b])| {
        let currency = currency.to_owned();
        Sum { currency, at_risk_a, at_risk_b }
    });
    sums.collect()
}

fn text(runs: &[RunRow; 2], differences: &[Difference], sums: &[Sum]) -> String {
    let [a, b] = runs.each_ref().map(|run| run.summary.run_id);
    let sums = sums.iter().map(|sum| {
        format!(
            "At risk: {} {} in run {a}, {} in run {b}.\n",
            sum.at_risk_a, sum.currency, sum.at_risk_b
        )
    });
    let sums = sums.collect::<String>();
    if differences.is_empty() {
        return format!("The findings of runs {a} and {b} are the same.\n{sums}");
    }
    let count = |change| differences.iter().filter(|it| it.change == change).count();
    let counts = [("new", "new"), ("ended", "ended"), ("changed", "changed")]
        .map(|(change, word)| format!("{} {word}", count(change)));
    let gone = match count("not_in_run") {
        0 => String::new(),
        orders => format!(", {orders} of orders that run {b} did not select"),
    };
    let from_to = |one: &str, other: &str| match (one, other) {
        (one, other) if one == other => one.to_owned(),
        ("", it) | (it, "") => it.to_owned(),
        (one, other) => format!("{one} > {other}"),
    };
    let heading = ["CHANGE", "ORDER", "KIND", "AT RISK", "STATUS", "DECISION"];
    let mut rows = vec![heading.map(ToOwned::to_owned).to_vec()];
    rows.extend(differences.iter().map(|it| {
        let what = if it.what.is_empty() { String::new() } else { format!(": {}", it.what) };
        // An acceptance that is withdrawn has to be seen, too.
        let decision = match (it.change, it.decision_a == it.decision_b) {
            ("changed", false) => format!("{} > {}", word(it.decision_a), word(it.decision_b)),
            _ => from_to(it.decision_a, it.decision_b),
        };
        vec![
            format!("{}{what}", it.change),
            it.merchant_order_id.clone(),
            it.kind.to_owned(),
            format!("{} {}", from_to(&it.at_risk_a, &it.at_risk_b), it.currency),
            from_to(&it.status_a, &it.status_b),
            decision,
        ]
    }));
    let counts = counts.join(", ");
    format!("From run {a} to run {b}: {counts}{gone}.\n{sums}\n{}", table(&rows, &[]))
}

fn word(decision: &str) -> &str {
    if decision.is_empty() { "none" } else { decision }
}

fn csv(differences: &[Difference]) -> Result<String, Failure> {
    let failed = |error: csv::Error| Failure::bug(format!("the list cannot be made: {error}"));
    let safe = |text: &str| String::from_utf8_lossy(&guarded(text.as_bytes())).into_owned();
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer
        .write_record([
            "change",
            "what",
            "merchant_uid",
            "merchant_order_id",
            "kind",
            "currency",
            "at_risk_a",
            "at_risk_b",
            "variance_a",
            "variance_b",
            "status_a",
            "status_b",
            "decision_a",
            "decision_b",
            "mismatch_id",
        ])
        .map_err(failed)?;
    for difference in differences {
        let row = Difference {
            merchant_uid: difference.merchant_uid.as_deref().map(safe),
            merchant_order_id: safe(&difference.merchant_order_id),
            currency: safe(&difference.currency),
            status_a: safe(&difference.status_a),
            status_b: safe(&difference.status_b),
            ..difference.clone()
        };
        writer.serialize(row).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::bug(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
