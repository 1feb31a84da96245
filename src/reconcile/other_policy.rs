//! A run judged again under another policy (contract, "Commands": `report RUN --policy FILE`), in a
//! private copy of the database: nothing is changed.

use super::judging::judge;
use super::{Context, known};
use crate::domain::amount::{Amount, Total};
use crate::domain::mismatch::{Kind, ReportRow};
use crate::domain::morning::Making;
use crate::domain::order::OrderKey;
use crate::failure::Failure;
use crate::rules::Policy;
use crate::store::Store;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Findings of one kind and currency that the other policy hides or adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Effect {
    /// The kind.
    pub(crate) kind: &'static str,
    /// The currency of the sums.
    pub(crate) currency: String,
    /// How many findings.
    pub(crate) count: u64,
    /// The sum of their money at risk.
    pub(crate) at_risk: Total,
    /// The largest of them.
    pub(crate) largest: Total,
    /// The order of the largest.
    pub(crate) largest_order: String,
}

/// What another policy changes in the report of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Effects {
    /// Findings of the report that the policy hides.
    pub(crate) hidden: Vec<Effect>,
    /// Findings that only the policy shows.
    pub(crate) added: Vec<Effect>,
}

type Findings = BTreeMap<(OrderKey, Kind), (String, Amount)>;

/// Judges a run again in a copy of the database at `path`, and compares the findings with those of
/// its report.
///
/// # Errors
/// There is no such judged run, or the disk.
pub(crate) fn under_policy(
    path: &Path,
    run_id: i64,
    policy: &Policy,
    context: &Context,
) -> Result<Effects, Failure> {
    let mut copy = Store::open_copy(path)?;
    let run = known(&copy, run_id)?;
    let reported = findings(&copy, run_id)?;
    // What is suspect depends on the run's own policy.
    judge(&mut copy, &run, policy, &Making::default(), Vec::new(), context, true)?;
    let judged = findings(&copy, run_id)?;
    Ok(Effects { hidden: missing(&reported, &judged), added: missing(&judged, &reported) })
}

fn findings(store: &Store, run_id: i64) -> Result<Findings, Failure> {
    let mut findings = Findings::new();
    store.report_rows(run_id, |row: &ReportRow| {
        let figure = (row.mismatch.currency.clone(), row.mismatch.at_risk);
        findings.insert((row.key.clone(), row.mismatch.kind), figure);
        Ok::<(), Failure>(())
    })?;
    Ok(findings)
}

/// The findings of `all` that are not in `others`, by kind and currency.
fn missing(all: &Findings, others: &Findings) -> Vec<Effect> {
    let mut effects: BTreeMap<(Kind, &str), Effect> = BTreeMap::new();
    for (finding, (currency, at_risk)) in all {
        if others.contains_key(finding) {
            continue;
        }
        let (key, kind) = finding;
        let effect = effects.entry((*kind, currency)).or_insert_with(|| Effect {
            kind: kind.as_str(),
            currency: currency.clone(),
            count: 0,
            at_risk: Total::default(),
            largest: total(*at_risk),
            largest_order: key.merchant_order_id.clone(),
        });
        effect.count += 1;
        effect.at_risk.add(*at_risk);
        if total(*at_risk) > effect.largest {
            effect.largest = total(*at_risk);
            effect.largest_order.clone_from(&key.merchant_order_id);
        }
    }
    effects.into_values().collect()
}

fn total(amount: Amount) -> Total {
    let mut total = Total::default();
    total.add(amount);
    total
}
