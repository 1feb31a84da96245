//! Judging every order of a run, and counting (contract, "Words" and "`run`": totals).

mod counting;
mod flood;
mod orders;

use super::Context;
use crate::domain::decision::{Basis, Decision};
use crate::domain::mismatch::{Event, EventKind, Kind, Mismatch, Shares, State};
use crate::domain::morning::Making;
use crate::domain::payment::{Answer, Asked};
use crate::domain::run::{Figures, Warning};
use crate::domain::text::Text;
use crate::failure::Failure;
use crate::rules::lifecycle::{self, Known, Now, Seen};
use crate::rules::{self, Case, Judgement, Policy};
use crate::store::{Judged, JudgedRow, Judging, RunRow, Shown, Store, StoredCase, THOUSAND};
use chrono::NaiveDate;
pub(super) use counting::count_findings;
use counting::{OtherIds, Units, count};
pub(super) use orders::judged_again;
use std::collections::{BTreeMap, BTreeSet};

/// Judges a run whole: what earlier judgements of it said is forgotten. Keeps these warnings with
/// it, and those about what all orders together show. Gives all of them.
///
/// What is found depends on no other order, so a kind is known to be suspect only at the end. Then
/// the run is judged once more: that is rare, and other nights pay nothing for it.
pub(super) fn judge(
    store: &mut Store,
    run: &RunRow,
    policy: &Policy,
    making: &Making,
    mut warnings: Vec<Warning>,
    context: &Context,
    accept_suspect: bool,
) -> Result<Vec<Warning>, Failure> {
    let run_id = run.summary.run_id;
    let earlier = store.earlier_shares(run_id, flood::RUNS)?;
    let none = BTreeSet::new();
    let mut pass = Pass { run, policy, context, suspect: &none };
    let (mut judging, mut judged) = pass.over(store)?;
    let mut suspect = flood::suspects(&judged.shares, &earlier);
    if accept_suspect {
        suspect.clear();
    }
    if !suspect.is_empty() {
        // It leaves nothing behind.
        drop(judging);
        pass.suspect = &suspect;
        (judging, judged) = pass.over(store)?;
    }
    let Whole { mut figures, shares, units, other_ids } = judged;
    figures.open_elsewhere = judging.open_elsewhere()?;
    figures
        .check(&judging.selected_amounts()?)
        .map_err(|imbalance| Failure::bug(imbalance.to_string()))?;
    judging.keep_shares(&shares, &suspect)?;
    let said = |kind: &Kind| {
        let share = shares.get(kind).copied().unwrap_or_default();
        flood::warning(*kind, share, &earlier.of(*kind))
    };
    warnings.extend(suspect.iter().map(said));
    warnings.extend(units.warning().into_iter().chain(other_ids.warning()));
    judging.commit(&figures, making, &warnings, policy.zone, (context.now)())?;
    Ok(warnings)
}

/// Judges an order as if its answer had just come: what would change? Nothing is kept.
pub(super) fn as_if_fresh(
    judging: &Judging,
    mut case: StoredCase,
    run: &RunRow,
    policy: &Policy,
    context: &Context,
) -> Result<Judged, Failure> {
    let pass = Pass { run, policy, context, suspect: &BTreeSet::new() };
    case.is_reused = false;
    pass.judge_order(judging, case, &mut Figures::default(), &mut flood::Counts::default())
}

/// What all orders of a run show together.
struct Whole {
    figures: Figures,
    shares: Shares,
    units: Units,
    other_ids: OtherIds,
}

/// One way over all orders of a run.
struct Pass<'a> {
    run: &'a RunRow,
    policy: &'a Policy,
    context: &'a Context<'a>,
    /// Kinds that open and end nothing.
    suspect: &'a BTreeSet<Kind>,
}

impl Pass<'_> {
    fn over<'a>(&self, store: &'a mut Store) -> Result<(Judging<'a>, Whole), Failure> {
        let begun = &self.run.summary;
        let mut judging = store.begin_judging(begun.run_id)?;
        // What has changed since then is seen only if both runs have the same facts.
        if let Some((before, day)) = judging.before_without_orders()? {
            judging.keep_orders_of(before, |findings| {
                judged_again(findings, None, day, self.policy)
            })?;
        }
        let mut figures = Figures { ledger: begun.figures.ledger, ..Figures::default() };
        figures.orders.selected = begun.figures.orders.selected;
        figures.gateway_totals.clone_from(&begun.figures.gateway_totals);
        let mut units = Units::default();
        let mut other_ids = OtherIds::default();
        let mut counts = flood::Counts::default();
        let mut after = 0;
        loop {
            if let Some(signal) = self.context.interrupt.signal() {
                return Err(ended_by(signal, begun.run_id));
            }
            let cases = judging.cases(after, THOUSAND)?;
            let Some(last) = cases.last() else { break };
            after = last.order_id;
            let mut page = Vec::with_capacity(cases.len());
            for case in cases {
                units.compare(&case);
                other_ids.count(&case);
                page.push(self.judge_order(&judging, case, &mut figures, &mut counts)?);
            }
            judging.keep(&page)?;
        }
        let shares = counts.shares(self.run.to_ask());
        Ok((judging, Whole { figures, shares, units, other_ids }))
    }

    /// Judges one order: by the rules, then by what was known of its mismatches before.
    fn judge_order(
        &self,
        judging: &Judging,
        stored: StoredCase,
        figures: &mut Figures,
        counts: &mut flood::Counts,
    ) -> Result<Judged, Failure> {
        let Pass { run, policy, suspect, .. } = *self;
        let known = known_mismatches(&stored);
        let is_open = |kind: &Kind| known.get(kind).is_some_and(|known| known.is_open);
        let mut shown = Vec::new();
        if matches!(stored.asked, Asked::Unverified { .. }) {
            for kind in known.keys().filter(|kind| is_open(kind)) {
                shown.extend(judging.last_shown(&stored, *kind)?);
            }
        }
        let still_open: Vec<Mismatch> = shown.iter().map(|it| it.mismatch.clone()).collect();
        let case = Case {
            entry: stored.entry.as_ref(),
            asked: &stored.asked,
            shared_with: &stored.shared_with,
            is_first_of_payment: stored.is_first_of_payment,
            still_open: &still_open,
            is_new_status: stored.is_new_status,
            ledger_status_since: stored.ledger_status_since,
            now: run.started_at,
        };
        let mut judgement = rules::judge(&case, policy);
        let is_found = |kind: &Kind| judgement.mismatches.iter().any(|it| it.kind == *kind);
        if !stored.is_reused {
            counts.count(&known, judgement.mismatches.iter().map(|it| it.kind));
        }
        let found = judgement.mismatches.iter().map(|it| it.kind);
        let suspect: BTreeSet<Kind> =
            found.filter(|kind| suspect.contains(kind) && !is_open(kind)).collect();
        if !suspect.is_empty() && matches!(stored.asked, Asked::Answered(_)) {
            // An answer that is not believed ends nothing: what was open keeps its row. That there
            // was no answer ends all the same.
            let is_left =
                |kind: &&Kind| is_open(kind) && !is_found(kind) && **kind != Kind::Unverified;
            let left = known.keys().filter(is_left).filter(|it| !judgement.ignored.contains(it));
            for kind in left.copied().collect::<Vec<_>>() {
                let last = judging.last_shown(&stored, kind)?;
                judgement.kept.extend(last.iter().map(|last| last.mismatch.clone()));
                shown.extend(last);
            }
        }
        count(figures, &stored, &judgement, &shown);
        // Most orders agree: what moved matters only where there is a finding.
        let has_findings = !(judgement.mismatches.is_empty() && judgement.kept.is_empty());
        let moved = has_findings.then(|| rules::moved(&case, policy));
        let outcome = judgement.outcome;
        let mut life =
            Life { stored: &stored, run, policy, suspect, known: &known, events: Vec::new() };
        let rows = life.rows(judgement, &shown);
        let events = life.events;
        counting::count_lives(&mut figures.lives, &events, &known);
        let order = moved
            .and_then(|moved| orders::judged(&stored, &rows, moved, &known, &shown, run, policy));
        if let Some(order) = &order {
            let findings = rows.iter().map(|row| (&row.mismatch, row.state, &row.decision));
            count_findings(figures, findings, order, policy);
        }
        Ok(Judged { case: stored, outcome, rows, events, order })
    }
}

/// A signal came after the last answer and before the report was in its place.
pub(super) fn ended_by(signal: u8, run_id: i64) -> Failure {
    let message = format!(
        " while the answers were judged and reported; the previous report \
         is unchanged; resume with --resume {run_id}"
    );
    Failure::signal(signal, &message)
}

/// The mismatches of one order: what a run adds to their lives, and the rows that it reports.
struct Life<'a> {
    stored: &'a StoredCase,
    run: &'a RunRow,
    policy: &'a Policy,
    /// The order's findings that open nothing. If there is one, its answer ends nothing.
    suspect: BTreeSet<Kind>,
    /// What was known before.
    known: &'a BTreeMap<Kind, Known>,
    events: Vec<Event>,
}

impl Life<'_> {
    /// Records what the judgement changes, and gives the rows of the report.
    fn rows(&mut self, judgement: Judgement, shown: &[Shown]) -> Vec<JudgedRow> {
        let Judgement { mismatches, kept, ignored, .. } = judgement;
        let is_answered = matches!(self.stored.asked, Asked::Answered(_));
        let is_found = |kind: Kind| mismatches.iter().chain(&kept).any(|it| it.kind == kind);
        for kind in self.known.keys().copied().filter(|kind| !is_found(*kind)) {
            let can_end = is_answered && (self.suspect.is_empty() || kind == Kind::Unverified);
            let is_resolved = can_end && !ignored.contains(&kind);
            self.record(kind, if is_resolved { Seen::NotFound } else { Seen::Unknown }, None);
        }
        let mut rows: Vec<JudgedRow> =
            mismatches.into_iter().map(|it| self.row(it, None)).collect();
        for mismatch in kept {
            let shown = shown.iter().find(|shown| shown.mismatch.kind == mismatch.kind).cloned();
            rows.push(self.row(mismatch, shown));
        }
        rows
    }

    /// The row of a finding that is suspect.
    fn suspect_row(&self, mismatch: Mismatch) -> JudgedRow {
        let day = self.run.summary.day;
        let before = self.known.get(&mismatch.kind);
        let first_seen = before.map_or(day, |before| before.first_seen);
        JudgedRow {
            mismatch,
            state: State::Suspect,
            first_seen,
            open_days: (day - first_seen).num_days().max(0),
            decision: Decision::default(),
            shown: None,
        }
    }

    /// The row of a mismatch: found now, or `shown` by an earlier answer.
    fn row(&mut self, mut mismatch: Mismatch, shown: Option<Shown>) -> JudgedRow {
        let (kind, day) = (mismatch.kind, self.run.summary.day);
        if shown.is_none() && self.suspect.contains(&kind) {
            return self.suspect_row(mismatch);
        }
        let before = self.known.get(&kind);
        // What was shown before is no change.
        let variance =
            before.filter(|_| shown.is_some()).map_or(mismatch.variance, |it| it.variance);
        let basis = basis(self.stored, &mismatch);
        let is_believed =
            matches!(self.stored.asked, Asked::Answered(_)) && self.suspect.is_empty();
        let now = Now {
            day,
            basis: Some(&basis).filter(|_| is_believed || kind == Kind::Unverified),
            at_risk: (mismatch.at_risk, &mismatch.currency),
        };
        let limits = &self.policy.accept.up_to;
        let lapsed = before.and_then(|before| lifecycle::lapse(kind, before, now, limits));
        let state = lifecycle::state(before, variance, lapsed.is_some(), day);
        if let Some(why) = &lapsed {
            mismatch.reason = Text::own(&format!("{} {why}", mismatch.reason));
        }
        let seen = if shown.is_some() { Seen::Unknown } else { Seen::Found(variance) };
        let recorded = self.record(kind, seen, lapsed.as_deref());
        let first_seen = before.map_or_else(|| self.first_day(kind), |before| before.first_seen);
        JudgedRow {
            state,
            decision: self.decision(kind, recorded),
            mismatch,
            first_seen,
            // A run that was resumed late may be of an earlier day than what was seen since.
            open_days: (day - first_seen).num_days().max(0),
            shown,
        }
    }

    /// Records an event, if there is one, the answer is the run's own and no other run has judged
    /// the order by a later one. Gives the event either way.
    fn record(&mut self, kind: Kind, seen: Seen, lapsed: Option<&str>) -> Option<Event> {
        let (before, day) = (self.known.get(&kind), self.run.summary.day);
        let what = lifecycle::event(before, seen, lapsed.is_some())?;
        let event = Event {
            kind,
            event: what,
            at: self.stored.at,
            run_id: self.run.summary.run_id,
            day: if what == EventKind::Opened { self.first_day(kind) } else { day },
            variance: match seen {
                Seen::Found(variance) => variance,
                Seen::NotFound => None,
                Seen::Unknown => before.and_then(|before| before.variance),
            },
            since: Some(since(self.known, day))
                .filter(|since| what == EventKind::Opened && *since != day),
            decision: self.given(what, before),
            why: lapsed.map(Text::own),
        };
        if self.stored.is_latest && !self.stored.is_reused {
            self.events.push(event.clone());
        }
        Some(event)
    }

    /// The day on which a mismatch that is opened was first seen: a run before may have shown it as
    /// suspect.
    fn first_day(&self, kind: Kind) -> NaiveDate {
        let day = self.run.summary.day;
        self.stored.suspect_since.get(&kind).copied().map_or(day, |since| since.min(day))
    }

    /// The decision that an event brings along.
    fn given(&self, event: EventKind, before: Option<&Known>) -> Option<Decision> {
        match event {
            EventKind::Opened => {
                let mut open: Vec<(&Kind, &Known)> =
                    self.known.iter().filter(|(_, known)| known.is_open).collect();
                open.sort_by_key(|(kind, _)| kind.usual_severity());
                lifecycle::taken_over(open.into_iter().map(|(_, known)| known))
            }
            EventKind::Reopened => before.map(|before| before.decision.clone()),
            _ => None,
        }
    }

    /// What finance says of a mismatch after this run. What was decided about this run's own report
    /// counts: a run that is resumed keeps it.
    fn decision(&self, kind: Kind, recorded: Option<Event>) -> Decision {
        let mut events = self.stored.events.clone();
        events.extend(recorded);
        let known = lifecycle::known(&events, &self.stored.decisions, kind);
        known.map(|known| known.decision).unwrap_or_default()
    }
}

/// The day from which the age of the order counts.
fn since(known: &BTreeMap<Kind, Known>, day: NaiveDate) -> NaiveDate {
    let open = known.values().filter(|known| known.is_open);
    open.map(|known| known.since).min().map_or(day, |since| since.min(day))
}

/// What a mismatch shows: what an acceptance rests on.
fn basis(stored: &StoredCase, mismatch: &Mismatch) -> Basis {
    let payment = match &stored.asked {
        Asked::Answered(Answer::Payment(payment)) => Some(payment.as_ref()),
        _ => None,
    };
    Basis::of(mismatch, stored.entry.as_ref(), payment)
}

/// What is known of each mismatch before the run's own answer.
fn known_mismatches(stored: &StoredCase) -> BTreeMap<Kind, Known> {
    let kinds: BTreeSet<Kind> = stored.events.iter().map(|event| event.kind).collect();
    let known =
        |kind| lifecycle::known(&stored.events, &stored.decisions, kind).map(|known| (kind, known));
    kinds.into_iter().filter_map(known).collect()
}

#[cfg(test)]
#[path = "judging_tests.rs"]
mod tests;
