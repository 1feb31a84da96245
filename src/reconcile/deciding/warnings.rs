//! What a person should see of the decisions that were taken back.

use super::{Decided, Desk, TakenBack};
use crate::domain::amount::Amount;
use crate::domain::run::Warning;
use crate::rules::deciding::is_much;
use crate::store::NewDecision;

impl TakenBack {
    /// What a person should see.
    pub(crate) fn warnings(&self, desk: &Desk) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for why in &self.unreadable {
            let text = format!("decisions were not read from {why}");
            warnings.push(Warning::new("decisions_unreadable", text));
        }
        let refused = self.decided.iter().filter(|decided| decided.is_refused());
        let refused: Vec<String> = refused.map(|it| refusal(&it.decision)).collect();
        if let Some(first) = refused.first() {
            let text = format!(
                "not taken as decisions: {} of {} edited rows; the first: {first}",
                refused.len(),
                self.decided.len()
            );
            warnings.push(Warning::new("decisions_refused", text));
        }
        warnings.extend(self.many_accepted(desk));
        warnings
    }

    /// The warning that much left the sums at once.
    pub(crate) fn many_accepted(&self, desk: &Desk) -> Option<Warning> {
        let out = taken_out(&self.decided);
        is_much(&out, &desk.policy.accept.up_to).then(|| {
            let list = match desk.taken_by_run {
                Some(_) => "the sheet \"Decisions taken\"",
                None => "`decide --list`",
            };
            let text =
                format!("decisions took {} findings out of the sums; {list} shows them", out.len());
            Warning::new("many_accepted", text)
        })
    }
}

/// A refusal for people: where, and why.
fn refusal(decision: &NewDecision) -> String {
    match &decision.source {
        Some((file, row)) => format!("{file}, row {row}: {}", decision.why),
        None => decision.why.to_string(),
    }
}

/// The money that decisions took out of the sums.
fn taken_out(decided: &[Decided]) -> Vec<(Amount, &str)> {
    let left = |decision: &NewDecision| decision.new.is_accepted() && !decision.old.is_accepted();
    let accepted = decided.iter().filter(|it| !it.is_refused());
    let accepted = accepted.map(|it| &it.decision).filter(|it| left(it));
    accepted.filter_map(|it| Some((it.at_risk?, it.basis.currency.as_str()))).collect()
}
