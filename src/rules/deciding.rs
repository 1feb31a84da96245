//! Whether a decision can be taken, and what becomes of it (contract, "Decisions"). Pure.

use super::lifecycle::{self, Known, Limits, Now};
use crate::domain::amount::Amount;
use crate::domain::decision::{Basis, Change, Decision, DecisionEventKind, Edit, Verdict};
use crate::domain::mismatch::Kind;
use chrono::{Days, NaiveDate};

/// For how many days an order without an answer can be accepted.
const LONGEST_UNVERIFIED_DAYS: u64 = 31;

/// A decision about a mismatch, with all that decides whether it is taken.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    /// The kind of mismatch.
    pub kind: Kind,
    /// What the person changed.
    pub edit: &'a Edit,
    /// What the report said in finance's columns when the person read it.
    pub written: &'a Decision,
    /// What the mismatch showed there.
    pub basis: &'a Basis,
    /// What is known of the mismatch now. `None`: it was never seen.
    pub known: Option<&'a Known>,
    /// Whether the mismatch ended since that report was written.
    pub has_ended_since: bool,
    /// What the mismatch shows now, and the money at risk. The day is today.
    pub now: Now<'a>,
    /// `[policy.accept] up_to`.
    pub limits: &'a Limits,
}

/// What becomes of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It says what is said already.
    Nothing,
    /// It is taken.
    Taken(DecisionEventKind, Decision),
    /// It is not taken: why, for people.
    Refused(String),
}

/// Whether a decision is taken.
#[must_use]
pub fn decide(proposal: &Proposal) -> Ruling {
    match ruled(proposal) {
        Ok(ruling) => ruling,
        Err(why) => Ruling::Refused(why),
    }
}

fn ruled(proposal: &Proposal) -> Result<Ruling, String> {
    let Some(known) = proposal.known.filter(|known| known.is_open) else {
        return Err("the mismatch has ended".to_owned());
    };
    let new = proposal.edit.of(&known.decision);
    if is_said_already(&new, &known.decision) {
        return Ok(Ruling::Nothing);
    }
    if proposal.has_ended_since {
        return Err("the mismatch ended and came back since that report was written; decide in a \
                    newer report"
            .to_owned());
    }
    changed_by_others(proposal.edit, proposal.written, &known.decision)?;
    let is_new_verdict = proposal.edit.verdict.is_some() && new.verdict != known.decision.verdict;
    if proposal.edit.until.is_some() || is_new_verdict {
        check_until(proposal, &new)?;
    }
    if new.verdict != Some(Verdict::Accepted) || !is_new_verdict {
        return Ok(Ruling::Taken(DecisionEventKind::Decided, new));
    }
    let accepted = Known {
        is_open: true,
        decision: Decision { until: None, ..new.clone() },
        basis: Some(proposal.basis.clone()),
        is_confirmed: true,
        ..known.clone()
    };
    if let Some(why) = lifecycle::lapse(proposal.kind, &accepted, proposal.now, proposal.limits) {
        return Err(format!("the mismatch has changed since that report was written. {why}"));
    }
    let (amount, currency) = proposal.now.at_risk;
    let is_above = proposal.limits.get(currency).is_some_and(|limit| amount > *limit);
    Ok(if is_above {
        let proposed = Decision { verdict: Some(Verdict::Proposed), ..new };
        Ruling::Taken(DecisionEventKind::Proposed, proposed)
    } else {
        Ruling::Taken(DecisionEventKind::Accepted, new)
    })
}

/// A proposal that is written again as accepted is no second decision.
fn is_said_already(new: &Decision, now: &Decision) -> bool {
    let proposed_again = now.verdict == Some(Verdict::Proposed)
        && new.verdict == Some(Verdict::Accepted)
        && *new == Decision { verdict: new.verdict, ..now.clone() };
    new == now || proposed_again
}

/// Refuses an edit of what somebody else has changed since the report was written.
fn changed_by_others(edit: &Edit, written: &Decision, now: &Decision) -> Result<(), String> {
    let refused = |what: &str, then: String, now: String, edited: String| {
        let word = |word: String| if word.is_empty() { "nothing".to_owned() } else { word };
        Err(format!(
            "{what} was changed since that report was written: it said {}, it says {} now, and \
             this file says {}",
            word(then),
            word(now),
            word(edited)
        ))
    };
    let verdict = |it: Option<Verdict>| it.map(|it| it.to_string()).unwrap_or_default();
    let day = |it: Option<NaiveDate>| it.map(|it| it.to_string()).unwrap_or_default();
    match edit.verdict.map(Change::value) {
        Some(edited) if now.verdict != written.verdict && now.verdict != edited => {
            return refused(
                "the decision",
                verdict(written.verdict),
                verdict(now.verdict),
                verdict(edited),
            );
        }
        _ => {}
    }
    match edit.until.map(Change::value) {
        Some(edited) if now.until != written.until && now.until != edited => {
            return refused("until", day(written.until), day(now.until), day(edited));
        }
        _ => {}
    }
    for (what, edited, written, now) in [
        ("the owner", &edit.owner, &written.owner, &now.owner),
        ("the note", &edit.note, &written.note, &now.note),
    ] {
        match edited {
            Some(edited) if now != written && now != edited => {
                let [written, now, edited] =
                    [written, now, edited].map(|text| format!("\"{text}\""));
                return refused(what, written, now, edited);
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_until(proposal: &Proposal, new: &Decision) -> Result<(), String> {
    let today = proposal.now.day;
    if let Some(until) = new.until.filter(|until| *until < today) {
        return Err(format!("until {until} is past"));
    }
    if proposal.kind != Kind::Unverified || new.verdict != Some(Verdict::Accepted) {
        return Ok(());
    }
    let latest = today.checked_add_days(Days::new(LONGEST_UNVERIFIED_DAYS)).unwrap_or(today);
    match new.until {
        None => Err(format!(
            "an order without a trustworthy answer is accepted only until a day: fill in until, \
             {latest} at the latest"
        )),
        Some(until) if until > latest => Err(format!(
            "an order without a trustworthy answer is accepted for {LONGEST_UNVERIFIED_DAYS} days \
             at most: {latest} at the latest, not {until}"
        )),
        Some(_) => Ok(()),
    }
}

/// Whether somebody may confirm an acceptance above the limit: a second person, by name. `others`
/// are the names of those who proposed it, saved it or own it.
///
/// # Errors
/// Why not, for people.
pub fn confirm<'a>(
    known: Option<&Known>,
    by: &str,
    mut others: impl Iterator<Item = &'a str>,
) -> Result<Decision, String> {
    let Some(known) = known.filter(|known| known.is_open) else {
        return Err("the mismatch has ended".to_owned());
    };
    if known.decision.verdict != Some(Verdict::Proposed) {
        return Err("nobody has proposed to accept it".to_owned());
    }
    let folded = |name: &str| name.trim().to_lowercase();
    if folded(by).is_empty() {
        return Err("a name is needed: --by NAME".to_owned());
    }
    if let Some(same) = others.find(|other| folded(other) == folded(by)) {
        return Err(format!(
            "{} proposed it or owns it; a second person has to confirm it",
            same.trim()
        ));
    }
    Ok(Decision { verdict: Some(Verdict::Accepted), ..known.decision.clone() })
}

/// What one night's decisions took out of the sums, for a warning.
#[must_use]
pub fn is_much(taken: &[(Amount, &str)], limits: &Limits) -> bool {
    const MANY: usize = 20;
    let above = |(currency, limit): (&String, &Amount)| {
        let of_currency = taken.iter().filter(|(_, it)| it == currency).map(|(amount, _)| *amount);
        let mut of_currency = of_currency;
        let sum = of_currency.try_fold(Amount::ZERO, Amount::checked_add);
        sum.is_none_or(|sum| sum > *limit)
    };
    taken.len() > MANY || limits.iter().any(above)
}
