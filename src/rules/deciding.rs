//! Whether a decision can be taken, and what becomes of it (contract, "Decisions"). Pure.

use super::lifecycle::{self, Known, Limits, Now};
use crate::domain::amount::Amount;
use crate::domain::decision::{Basis, Change, Decision, DecisionEventKind, Edit, Verdict};
use crate::domain::mismatch::Kind;
use crate::domain::text::Text;
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
    /// Whether that report showed the mismatch as suspect.
    pub was_suspect: bool,
    /// Whether the mismatch ended since that report was written.
    pub has_ended_since: bool,
    /// What was said since that report was written, in the order of the log.
    pub since: &'a [&'a Decision],
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
    if proposal.was_suspect {
        return Err(
            "the finding is suspect: nothing is decided about it until a later run shows it \
                    again"
                .to_owned(),
        );
    }
    let Some(known) = proposal.known.filter(|known| known.is_open) else {
        return Err("the mismatch has ended".to_owned());
    };
    let mut new = proposal.edit.of(&known.decision);
    if is_said_already(&new, &known.decision) {
        return Ok(Ruling::Nothing);
    }
    if proposal.has_ended_since {
        return Err("the mismatch ended and came back since that report was written; decide in a \
                    newer report"
            .to_owned());
    }
    changed_by_others(proposal, &known.decision)?;
    // An acceptance that is to hold longer is accepted anew: two people agreed to its end.
    let is_longer = known.decision.can_lapse()
        && new.can_lapse()
        && proposal.edit.until.is_some()
        && is_later(new.until, known.decision.until);
    if is_longer {
        new.verdict = Some(Verdict::Accepted);
    }
    let is_new_verdict =
        is_longer || (proposal.edit.verdict.is_some() && new.verdict != known.decision.verdict);
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
        // Whether the amount needs a second person is asked below.
        confirmed: Some(proposal.now.at_risk.0),
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

/// Whether a decision with the first day holds longer than with the second. No day: for good.
fn is_later(day: Option<NaiveDate>, than: Option<NaiveDate>) -> bool {
    match (day, than) {
        (Some(day), Some(than)) => day > than,
        (None, Some(_)) => true,
        (_, None) => false,
    }
}

/// Whether somebody changed a cell since the report was written, even if it is back at what was
/// written.
fn was_changed<Cell: PartialEq>(proposal: &Proposal, cell: impl Fn(&Decision) -> Cell) -> bool {
    let mut before = cell(proposal.written);
    proposal.since.iter().any(|said| {
        let after = cell(said);
        let is_changed = after != before;
        before = after;
        is_changed
    })
}

/// Refuses an edit of what somebody else has changed since the report was written.
fn changed_by_others(proposal: &Proposal, now: &Decision) -> Result<(), String> {
    let (edit, written) = (proposal.edit, proposal.written);
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
        Some(edited)
            if (now.verdict != written.verdict || was_changed(proposal, |it| it.verdict))
                && now.verdict != edited =>
        {
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
        Some(edited)
            if (now.until != written.until || was_changed(proposal, |it| it.until))
                && now.until != edited =>
        {
            return refused("until", day(written.until), day(now.until), day(edited));
        }
        _ => {}
    }
    let owner = was_changed(proposal, |it| it.owner.clone());
    let note = was_changed(proposal, |it| it.note.clone());
    for (what, edited, written, now, was_changed) in [
        ("the owner", &edit.owner, &written.owner, &now.owner, owner),
        ("the note", &edit.note, &written.note, &now.note, note),
    ] {
        match edited {
            Some(edited) if (now != written || was_changed) && now != edited => {
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
/// are the names of those who proposed it, saved it or own it. `has_proposer` says whether the
/// proposer is one of them.
///
/// # Errors
/// Why not, for people.
pub fn confirm<'a>(
    known: Option<&Known>,
    by: &str,
    today: NaiveDate,
    mut others: impl Iterator<Item = &'a str>,
    has_proposer: bool,
) -> Result<Decision, String> {
    let Some(known) = known.filter(|known| known.is_open) else {
        return Err("the mismatch has ended".to_owned());
    };
    if known.decision.verdict != Some(Verdict::Proposed) {
        return Err("nobody has proposed to accept it".to_owned());
    }
    if let Some(until) = known.decision.until.filter(|until| *until < today) {
        return Err(format!("the proposal was until {until}"));
    }
    // A second person is known only beside a first one.
    if !has_proposer && known.decision.owner.as_str().trim().is_empty() {
        return Err("nobody knows who proposed it: the file does not say who saved it. Name its \
                    owner first: decide --order … --kind … --owner NAME --by NAME"
            .to_owned());
    }
    // Characters that do not show make no other name.
    let folded = |name: &str| {
        let shown = Text::own(name).to_string().to_lowercase();
        shown.split_whitespace().collect::<Vec<&str>>().join(" ")
    };
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

#[cfg(test)]
#[path = "deciding_tests.rs"]
mod tests;
