//! The final report: every finding that the night asks for, no other, with its figures.

use super::Verdict;
use crate::night::{Finding, Nights};
use crate::stage::{Done, Files, Stage};
use std::collections::BTreeMap;

/// A row of the CSV report, by heading.
pub type Row = BTreeMap<String, String>;

/// The rows of a CSV report. A file that is no CSV has none.
pub fn rows_of(content: &[u8]) -> Vec<Row> {
    let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
    let rows: Result<Vec<Row>, _> = csv::Reader::from_reader(content).deserialize().collect();
    rows.unwrap_or_default()
}

/// The rows without what a disturbance may change: the times of the answers, counts of tries, and
/// the number of the run, as a run that failed before it stored its ledger has one too.
pub fn comparable(mut rows: Vec<Row>) -> Vec<Row> {
    for row in &mut rows {
        row.remove("last_verified");
        row.remove("run_id");
        let Some(reason) = row.get_mut("reason") else { continue };
        if let Some((before, after)) = reason.split_once(" not verified after ")
            && let Some((_, why)) = after.split_once(": ")
        {
            *reason = format!("{before} not verified: {why}");
        }
    }
    rows
}

/// Judges tonight's CSV and manifest.
pub fn final_report(verdict: &mut Verdict, stage: &Stage, files: &Files) {
    let dated = |extension: &str| {
        let end = format!("-incomplete.{extension}");
        let is_it = |name: &&String| name.starts_with("mismatches-") && name.ends_with(&end);
        files.keys().filter(is_it).map(|name| &files[name]).collect::<Vec<_>>()
    };
    let (tables, manifests) = (dated("csv"), dated("json"));
    let ([table], [manifest]) = (&tables[..], &manifests[..]) else {
        verdict.lost.push(format!("{} reports, {} manifests", tables.len(), manifests.len()));
        return;
    };
    let rows = rows_of(table);
    compare(verdict, &stage.nights.findings(stage.has_first), &rows);
    if comparable(rows) != stage.expected {
        verdict.wrong.push("the report is not that of an undisturbed run".to_owned());
    }
    match serde_json::from_slice::<serde_json::Value>(manifest) {
        Ok(manifest) => figures(verdict, &stage.nights, &manifest),
        Err(error) => verdict.torn.push(format!("the manifest: {error}")),
    }
}

/// Judges what `--format json` printed at the end.
pub fn summary(verdict: &mut Verdict, stage: &Stage, done: &Done) {
    if done.code != Some(3) {
        verdict.wrong.push(format!("exit code {:?}: {}", done.code, done.stderr));
    }
    match serde_json::from_slice::<serde_json::Value>(&done.stdout) {
        Ok(summary) => figures(verdict, &stage.nights, &summary),
        Err(error) => verdict.wrong.push(format!("the summary: {error}")),
    }
}

/// The figures of a manifest or a summary.
fn figures(verdict: &mut Verdict, nights: &Nights, found: &serde_json::Value) {
    let outcomes = nights.outcomes();
    let of = |number: i64| outcomes.values().filter(|outcome| **outcome == number).count();
    let expected = [
        ("selected", outcomes.len()),
        ("matched", of(1)),
        ("in_transit", of(2)),
        ("mismatched", of(3)),
        ("unverified", of(4)),
    ];
    for (name, count) in expected {
        if found["orders"][name] != count {
            let found = &found["orders"][name];
            verdict.wrong.push(format!("orders.{name} is {found}, not {count}"));
        }
    }
}

/// Compares the rows with the findings that the night asks for.
fn compare(verdict: &mut Verdict, expected: &[Finding], rows: &[Row]) {
    let key = |finding: &Finding| (finding.order.clone(), finding.kind.clone());
    let wanted: BTreeMap<_, _> = expected.iter().map(|it| (key(it), it)).collect();
    let mut seen = BTreeMap::new();
    for row in rows {
        let found = finding_of(row);
        let name = format!("{} of {}", found.kind, found.order);
        *seen.entry(key(&found)).or_insert(0) += 1;
        match wanted.get(&key(&found)) {
            None => verdict.invented.push(name),
            Some(wanted) if **wanted != found => {
                verdict.wrong.push(format!("{name}: {found:?}, not {wanted:?}"));
            }
            Some(_) if seen[&key(&found)] > 1 => verdict.doubled.push(name),
            Some(_) => {}
        }
    }
    for (order, kind) in wanted.keys().filter(|key| !seen.contains_key(*key)) {
        verdict.lost.push(format!("{kind} of {order}"));
    }
}

fn finding_of(row: &Row) -> Finding {
    let cell = |name: &str| row.get(name).cloned().unwrap_or_default();
    Finding {
        order: cell("merchant_order_id"),
        kind: cell("kind"),
        severity: cell("severity"),
        at_risk: cell("at_risk"),
        variance: cell("variance"),
        ledger_amount: cell("ledger_amount"),
        gateway_amount: cell("gateway_amount"),
        final_amount: cell("final_amount"),
        payment_status: cell("payment_status"),
    }
}
