//! Reports with other decisions than their run reported (contract, "Commands": `report --current`,
//! `report --as-of`), and reports of runs that an earlier release judged. Nothing is written to the
//! database.

use super::judging::{count_findings, judged_again};
use super::known;
use super::reporting::write_view;
use crate::domain::decision::Decision;
use crate::domain::mismatch::{Kind, ReportRow, State};
use crate::domain::run::{Figures, LedgerFigures, RunSummary};
use crate::domain::text::Text;
use crate::failure::Failure;
use crate::report::{self, ReportSettings, View, Written};
use crate::rules::Policy;
use crate::rules::lifecycle::{self, Now};
use crate::store::{RunRow, Store};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use std::collections::BTreeSet;
use std::path::Path;

/// A report that was written from a view.
pub(crate) struct Viewed {
    /// The figures of the view.
    pub(crate) summary: RunSummary,
    /// The files, the report first.
    pub(crate) files: Vec<Written>,
}

/// Writes the report of a run that an earlier release judged: each order as a whole, by today's
/// policy.
pub(super) fn write_old_run(
    store: &Store,
    run: &RunRow,
    policy: &Policy,
    settings: &ReportSettings,
    target: &Path,
    now: DateTime<Utc>,
) -> Result<Vec<Written>, Failure> {
    let mut run = run.clone();
    store.begin_view()?;
    store.view_run(run.summary.run_id)?;
    let day = run.summary.day;
    recount(store, &mut run.summary, day, policy)?;
    write_view(store, &run, settings, target, None, now)
}

/// Writes the latest night's findings with the decisions as they are now.
pub(crate) fn write_current(
    store: &Store,
    run_id: i64,
    policy: &Policy,
    settings: &ReportSettings,
    target: Option<&Path>,
    now: DateTime<Utc>,
) -> Result<Viewed, Failure> {
    store.check_rows(run_id)?;
    let view = View::Current {
        day: now.with_timezone(&policy.zone).date_naive(),
        last_run: store.latest_judged()?.unwrap_or(run_id),
        last_decision: store.last_decision()?,
    };
    write(store, run_id, view, policy, settings, target, now)
}

/// Writes every mismatch that was open at the end of a day, with the decisions as they then were.
pub(crate) fn write_as_of(
    store: &Store,
    day: NaiveDate,
    policy: &Policy,
    settings: &ReportSettings,
    target: Option<&Path>,
    now: DateTime<Utc>,
) -> Result<Viewed, Failure> {
    store.refuse_pruned_day(day)?;
    let run_id = store.judged_before(end_of(day, policy.zone))?.ok_or_else(|| {
        Failure::usage(
            format!("no run had been judged by the end of {day}"),
            "`octopus-recon runs` lists the runs with their days",
        )
    })?;
    store.check_rows(run_id)?;
    write(store, run_id, View::AsOf { day }, policy, settings, target, now)
}

/// Writes a view under this name, or under its own.
fn write(
    store: &Store,
    run_id: i64,
    view: View,
    policy: &Policy,
    settings: &ReportSettings,
    target: Option<&Path>,
    now: DateTime<Utc>,
) -> Result<Viewed, Failure> {
    let run = show(store, run_id, view, policy)?;
    let (directory, merchant_uid) = (&settings.directory, run.merchant_uid.as_deref());
    let own = match view {
        View::Current { .. } => report::latest_path(directory, merchant_uid),
        View::AsOf { day } => report::as_of_path(directory, merchant_uid, day),
    };
    let files = write_view(store, &run, settings, target.unwrap_or(&own), Some(view), now)?;
    Ok(Viewed { summary: run.summary, files })
}

/// Shows a view in place of the runs' reports. Gives its run with the figures of the view.
pub(super) fn show(
    store: &Store,
    run_id: i64,
    view: View,
    policy: &Policy,
) -> Result<RunRow, Failure> {
    let mut run = known(store, run_id)?;
    store.begin_view()?;
    let day = match view {
        View::Current { day, last_run, last_decision } => {
            show_current(store, run_id, day, (last_run, last_decision), policy)?;
            run.summary.day
        }
        View::AsOf { day } => {
            show_as_of(store, day, policy)?;
            // The rows of the ledger are of one run; this is of all of them.
            run.summary.figures.ledger = LedgerFigures::default();
            day
        }
    };
    recount(store, &mut run.summary, day, policy)?;
    Ok(run)
}

/// Adds a run's findings with the decisions up to this one, after what runs up to this one found.
fn show_current(
    store: &Store,
    run_id: i64,
    today: NaiveDate,
    (last_run, last_decision): (i64, i64),
    policy: &Policy,
) -> Result<(), Failure> {
    store.view_run(run_id)?;
    for order_id in store.viewed_orders()? {
        let lives = store.lives_up_to(order_id, last_run, last_decision)?;
        for mut row in store.viewed_findings(order_id)? {
            let kind = row.mismatch.kind;
            let known = lifecycle::known(&lives.events, &lives.decisions, kind);
            // What has ended since shows what its run reported.
            let Some(known) = known.filter(|known| known.is_open) else { continue };
            row.decision = known.decision.clone();
            let at_risk = (row.mismatch.at_risk, row.mismatch.currency.as_str());
            let at = Now { day: today, basis: None, at_risk };
            if let Some(why) = lifecycle::lapse(kind, &known, at, &policy.accept.up_to) {
                row.decision = Decision { verdict: None, until: None, ..row.decision };
                row.state = State::Changed;
                row.mismatch.reason = Text::own(&format!("{} {why}", row.mismatch.reason));
            }
            store.view_as(order_id, &row)?;
        }
    }
    Ok(())
}

/// Adds what was open at the end of a day.
fn show_as_of(store: &Store, day: NaiveDate, policy: &Policy) -> Result<(), Failure> {
    let end = end_of(day, policy.zone);
    for order_id in store.orders_with_events_before(end)? {
        let lives = store.lives_before(order_id, end)?;
        let kinds: BTreeSet<Kind> = lives.events.iter().map(|event| event.kind).collect();
        for kind in kinds {
            let then = lifecycle::known(&lives.events, &lives.decisions, kind);
            if let Some(then) = then.filter(|then| then.is_open) {
                store.view_finding(order_id, kind, end)?;
                let rows = store.viewed_findings(order_id)?;
                let row = rows.into_iter().find(|row| row.mismatch.kind == kind);
                if let Some(row) = row {
                    let open_days = (day - row.first_seen).num_days().max(0);
                    let row = ReportRow { decision: then.decision, open_days, ..row };
                    store.view_as(order_id, &row)?;
                }
            }
        }
    }
    Ok(())
}

/// The end of a day: the first moment of the next one.
fn end_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let next = day.succ_opt().unwrap_or(day).and_time(chrono::NaiveTime::MIN);
    // Where the clock skips midnight, the day begins at the next hour.
    let mut hours = (0..24).map(|hour| next + chrono::TimeDelta::hours(hour));
    let start = hours.find_map(|time| time.and_local_timezone(zone).earliest());
    start.map_or_else(|| next.and_utc(), |start| start.with_timezone(&Utc))
}

/// Judges each order of the view as a whole, and counts what the view shows.
fn recount(
    store: &Store,
    summary: &mut RunSummary,
    day: NaiveDate,
    policy: &Policy,
) -> Result<(), Failure> {
    let figures = &mut summary.figures;
    let Figures { mismatches, accepted, accepted_orders, findings_for_exit, .. } = figures;
    mismatches.clear();
    accepted.clear();
    (*accepted_orders, *findings_for_exit) = (0, 0);
    for money in figures.totals.values_mut() {
        money.clear_places();
    }
    for order_id in store.viewed_orders()? {
        let findings = store.viewed_findings(order_id)?;
        let Some(run_id) = findings.iter().map(|row| row.run_id).max() else { continue };
        let kept = store.kept(run_id, order_id)?;
        let Some(order) = judged_again(&findings, kept.as_ref(), day, policy) else { continue };
        store.view_order(run_id, order_id, &order)?;
        let counted = findings.iter().map(|row| (&row.mismatch, row.state, &row.decision));
        count_findings(figures, counted, &order, policy);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_next_begins() {
        for (day, zone, end) in [
            ("2026-11-28", "UTC", "2026-11-29T00:00:00Z"),
            ("2026-11-28", "Asia/Kolkata", "2026-11-28T18:30:00Z"),
            // The clock went from midnight to one o'clock, and back from midnight to 23:00.
            ("2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
            ("2018-02-17", "America/Sao_Paulo", "2018-02-18T03:00:00Z"),
        ] {
            let zone: Tz = zone.parse().unwrap_or_default();
            let got = day.parse().map(|day| end_of(day, zone)).ok();
            assert_eq!(got, end.parse().ok(), "{day} {zone}");
        }
    }
}
