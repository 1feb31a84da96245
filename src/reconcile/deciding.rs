//! Taking finance's decisions: from edited report files, or entered by command (contract,
//! "Decisions"). The files are read by `decisions`, what is known comes from the store, and
//! `rules::deciding` says what is taken.

mod files;
mod warnings;

pub(crate) use files::{TakenBack, take_back, take_back_all};

use crate::domain::decision::{Basis, Decision, DecisionEventKind, Edit};
use crate::domain::mismatch::{Event, EventKind, Kind, ReportRow, State};
use crate::domain::order::OrderKey;
use crate::domain::text::Text;
use crate::failure::Failure;
use crate::rules::Policy;
use crate::rules::deciding::{Proposal, Ruling, confirm, decide};
use crate::rules::lifecycle::{self, Known, Now};
use crate::store::{Lives, NewDecision, Store};
use chrono::{DateTime, NaiveDate, Utc};

/// What does not depend on a single decision.
#[derive(Debug, Clone)]
pub(crate) struct Desk<'a> {
    /// `[policy]`: the limits of acceptances.
    pub(crate) policy: &'a Policy,
    /// Today in the ledger's time zone.
    pub(crate) today: NaiveDate,
    /// When the decisions are taken.
    pub(crate) now: DateTime<Utc>,
    /// The run that reads them. `None`: by hand.
    pub(crate) taken_by_run: Option<i64>,
    /// The operating system's user.
    pub(crate) system_user: Text,
}

/// A decision that was taken or refused.
#[derive(Debug, Clone)]
pub(crate) struct Decided {
    /// The order, if it is known.
    pub(crate) key: Option<OrderKey>,
    /// What is kept of it.
    pub(crate) decision: NewDecision,
}

impl Decided {
    /// Whether it was not taken.
    pub(crate) fn is_refused(&self) -> bool {
        self.decision.event == DecisionEventKind::Refused
    }
}

/// A decision about one finding, as a person wrote or entered it.
struct Written {
    order_id: i64,
    /// The finding as the report showed it that the person read.
    finding: ReportRow,
    edit: Edit,
    by: Text,
    source: Option<(Text, u64)>,
    /// What the row says, for a refusal.
    said: String,
}

impl Written {
    fn kind(&self) -> Kind {
        self.finding.mismatch.kind
    }

    fn basis(&self) -> Basis {
        basis(&self.finding)
    }
}

fn basis(finding: &ReportRow) -> Basis {
    Basis::of(&finding.mismatch, finding.entry.as_ref(), finding.payment.as_ref())
}

/// Decides about one finding. `None`: what was written is said already.
fn take(store: &Store, desk: &Desk, written: &Written) -> Result<Option<Decided>, Failure> {
    let (order_id, kind) = (written.order_id, written.kind());
    let lives = store.lives(order_id)?;
    let known = known(&lives, kind);
    let at = store.judged_at(written.finding.run_id, order_id)?.unwrap_or(desk.now);
    let latest = store.latest_finding(order_id, kind)?;
    let shown = latest.as_ref().unwrap_or(&written.finding);
    let (basis_then, basis_now) = (written.basis(), basis(shown));
    let place = (at, written.finding.run_id);
    let of_kind = || lives.decisions.iter().filter(|taken| taken.kind == kind);
    // What rests on the report that the person read, or on a later one, was decided after it.
    let since = of_kind().filter(|taken| (taken.at, taken.run_id) >= place);
    let since: Vec<&Decision> = since.map(|taken| &taken.decision).collect();
    // It counts from now on: behind everything that is known of the mismatch.
    let events = lives.events.iter().filter(|event| event.kind == kind);
    let places = events.map(|event| (event.at, event.run_id));
    let places = places.chain(of_kind().map(|taken| (taken.at, taken.run_id)));
    let (rests_at, rests_on) = places.fold(place, Ord::max);
    let ruling = decide(&Proposal {
        kind,
        edit: &written.edit,
        written: &written.finding.decision,
        basis: &basis_then,
        known: known.as_ref(),
        was_suspect: written.finding.state == State::Suspect,
        has_ended_since: has_ended_since(&lives.events, kind, place),
        since: &since,
        now: Now {
            day: desk.today,
            basis: Some(&basis_now),
            at_risk: (shown.mismatch.at_risk, &shown.mismatch.currency),
        },
        limits: &desk.policy.accept.up_to,
    });
    let old = known.map(|known| known.decision).unwrap_or_default();
    let (event, new, why) = match ruling {
        Ruling::Nothing => return Ok(None),
        Ruling::Taken(event, new) => (event, new, Text::default()),
        Ruling::Refused(why) => {
            let why = Text::own(&format!("{why} ({})", written.said));
            (DecisionEventKind::Refused, written.edit.of(&old), why)
        }
    };
    Ok(Some(Decided {
        key: Some(written.finding.key.clone()),
        decision: NewDecision {
            event,
            about: Some((order_id, kind)),
            mismatch_id: Text::own(&written.finding.mismatch_id),
            rests_on: Some((rests_on, rests_at)),
            old,
            new,
            at_risk: Some(shown.mismatch.at_risk),
            basis: basis_then,
            taken_at: desk.now,
            taken_by_run: desk.taken_by_run,
            by: written.by.clone(),
            system_user: desk.system_user.clone(),
            source: written.source.clone(),
            why,
        },
    }))
}

fn known(lives: &Lives, kind: Kind) -> Option<Known> {
    lifecycle::known(&lives.events, &lives.decisions, kind)
}

fn has_ended_since(events: &[Event], kind: Kind, since: (DateTime<Utc>, i64)) -> bool {
    events.iter().any(|event| {
        event.kind == kind && event.event == EventKind::Resolved && (event.at, event.run_id) > since
    })
}

/// Takes one decision that was entered by command. `None`: it is said already.
///
/// # Errors
/// The database, or the order has no such mismatch.
pub(crate) fn enter(
    store: &mut Store,
    desk: &Desk,
    (order, kind): (&str, Kind),
    edit: Edit,
    by: &str,
) -> Result<Option<Decided>, Failure> {
    let nobody = |what: String| {
        Failure::usage(what, "`show ORDER_ID` lists the order's mismatches".to_owned())
    };
    let mut findings = Vec::new();
    for (order_id, _) in store.orders_named(order)? {
        findings.extend(store.latest_finding(order_id, kind)?.map(|found| (order_id, found)));
    }
    if findings.len() > 1 {
        return Err(Failure::usage(
            format!("{} merchants have an order {order} with this mismatch", findings.len()),
            "decide in the report's file, where each row names its mismatch",
        ));
    }
    let Some((order_id, finding)) = findings.pop() else {
        return Err(nobody(format!("no run has reported {kind} of an order {order}")));
    };
    let written = Written {
        order_id,
        // Who enters a decision knows what is said now.
        finding: ReportRow {
            decision: known(&store.lives(order_id)?, kind)
                .map(|known| known.decision)
                .unwrap_or_default(),
            ..finding
        },
        edit,
        by: Text::own(by),
        source: None,
        said: "entered by command".to_owned(),
    };
    let decided = take(store, desk, &written)?;
    if let Some(decided) = &decided {
        store.keep_decisions(std::slice::from_ref(&decided.decision), &[], desk.now)?;
    }
    Ok(decided)
}

/// Confirms what somebody else proposed to accept.
///
/// # Errors
/// The database, or nothing is proposed under this id.
pub(crate) fn confirm_proposal(
    store: &mut Store,
    desk: &Desk,
    mismatch_id: &str,
    by: &str,
) -> Result<Decided, Failure> {
    let Some((order_id, kind)) = store.proposed(mismatch_id)? else {
        return Err(Failure::usage(
            format!("nobody has proposed to accept a mismatch {}", Text::id(mismatch_id)),
            "`decide --list` shows what is proposed",
        ));
    };
    let lives = store.lives(order_id)?;
    let known = known(&lives, kind);
    let owner = known.as_ref().map(|known| known.decision.owner.as_str()).unwrap_or_default();
    let people = lives.decisions.iter().filter(|taken| taken.kind == kind);
    let mut proposers = people.filter(|taken| taken.event != DecisionEventKind::Confirmed);
    let others = proposers.clone().map(|taken| taken.by.as_str()).chain([owner]);
    let proposal = proposers.rfind(|taken| taken.event == DecisionEventKind::Proposed);
    let has_proposer = proposal.is_some_and(|taken| !taken.is_by_file);
    let ruling = confirm(known.as_ref(), by, desk.today, others, has_proposer);
    let latest = store.latest_finding(order_id, kind)?;
    let Some(latest) = latest else {
        return Err(Failure::bug(format!("mismatch {mismatch_id} is in no report")));
    };
    let at = store.judged_at(latest.run_id, order_id)?.unwrap_or(desk.now);
    let proposals = lives.decisions.iter().filter(|taken| taken.kind == kind);
    let places = proposals.map(|taken| (taken.at, taken.run_id));
    let (at, run_id) = places.fold((at, latest.run_id), Ord::max);
    let old = known.map(|known| known.decision).unwrap_or_default();
    let (event, new, why) = match ruling {
        Ok(new) => (DecisionEventKind::Confirmed, new, Text::default()),
        Err(why) => (DecisionEventKind::Refused, old.clone(), Text::own(&why)),
    };
    let decided = Decided {
        key: Some(latest.key.clone()),
        decision: NewDecision {
            event,
            about: Some((order_id, kind)),
            mismatch_id: Text::own(mismatch_id),
            rests_on: Some((run_id, at)),
            old,
            new,
            at_risk: Some(latest.mismatch.at_risk),
            basis: basis(&latest),
            taken_at: desk.now,
            taken_by_run: desk.taken_by_run,
            by: Text::own(by),
            system_user: desk.system_user.clone(),
            source: None,
            why,
        },
    };
    store.keep_decisions(std::slice::from_ref(&decided.decision), &[], desk.now)?;
    Ok(decided)
}

/// One decision in words: "accepted until 2026-12-01, owner Asha, note \"known\"".
#[must_use]
pub(crate) fn in_words(decision: &Decision) -> String {
    let mut parts = Vec::new();
    if let Some(verdict) = decision.verdict {
        let until = decision.until.map(|until| format!(" until {until}")).unwrap_or_default();
        parts.push(format!("{verdict}{until}"));
    } else if let Some(until) = decision.until {
        parts.push(format!("until {until}"));
    }
    if !decision.owner.as_str().is_empty() {
        parts.push(format!("owner {}", decision.owner));
    }
    if !decision.note.as_str().is_empty() {
        parts.push(format!("note \"{}\"", decision.note));
    }
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}
