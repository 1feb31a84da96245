//! What finance says about a mismatch (contract, "Decisions").

use super::amount::Amount;
use super::mismatch::Kind;
use super::order::OrderKey;
use super::text::Text;
use super::words::words;
use chrono::{DateTime, NaiveDate, Utc};

words! {
    /// The word in the column `decision`.
    Verdict {
        /// Known and fine.
        Accepted = "accepted",
        /// Accepted above `[policy.accept] up_to`: somebody else has to confirm it.
        Proposed = "proposed",
        /// The gateway is working on it.
        WithGateway = "with_gateway",
        /// The ledger is to be corrected.
        ToCorrect = "to_correct",
    }
}

impl Verdict {
    /// Reads what a person wrote: case, spaces, `_` and `-` do not matter. `None`: it is no
    /// decision that a person can take.
    #[must_use]
    pub fn from_person(text: &str) -> Option<Verdict> {
        let squeezed = |text: &str| -> String {
            let letters = text.chars().filter(|it| !it.is_whitespace() && !matches!(it, '_' | '-'));
            letters.flat_map(char::to_lowercase).collect()
        };
        let written = squeezed(text);
        let can_be_written = |verdict: &Verdict| *verdict != Verdict::Proposed;
        let mut verdicts = Verdict::ALL.iter().copied().filter(can_be_written);
        verdicts.find(|verdict| squeezed(verdict.as_str()) == written)
    }
}

/// What finance says about one mismatch: the report's columns `decision`, `until`, `owner`, `note`.
/// The default says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// What was decided.
    pub verdict: Option<Verdict>,
    /// The last day on which the decision holds.
    pub until: Option<NaiveDate>,
    /// The person who deals with the mismatch.
    pub owner: Text,
    /// Free text.
    pub note: Text,
}

impl Decision {
    /// Whether the mismatch is known and fine, so that it leaves the work and the sums.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.verdict == Some(Verdict::Accepted)
    }

    /// Whether nothing is said at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Decision::default()
    }
}

words! {
    /// What became of a decision that somebody wrote or entered (contract, "Decisions": events).
    DecisionEventKind {
        /// It was accepted.
        Accepted = "accepted",
        /// It was accepted above the limit, and waits for a second person.
        Proposed = "proposed",
        /// A second person has confirmed it.
        Confirmed = "confirmed",
        /// Any other change: another decision, none, an owner, a note.
        Decided = "decided",
        /// It was not taken.
        Refused = "refused",
    }
}

/// A decision that was taken or refused: one event of the log, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionEvent {
    /// Its number in the log.
    pub decision_id: i64,
    /// What became of it.
    pub event: DecisionEventKind,
    /// The order. `None`: the row that was refused names none that is known.
    pub key: Option<OrderKey>,
    /// The kind of mismatch.
    pub kind: Option<Kind>,
    /// The mismatch's id as written.
    pub mismatch_id: Text,
    /// The run whose report it was written into.
    pub about_run: Option<i64>,
    /// What was said before.
    pub old: Decision,
    /// What is said now; of a refused one: what was written.
    pub new: Decision,
    /// The money at risk when it was taken, and its currency.
    pub at_risk: Option<(Amount, String)>,
    /// When it was taken.
    pub taken_at: DateTime<Utc>,
    /// The run that read it. `None`: it was entered by hand.
    pub taken_by_run: Option<i64>,
    /// Who: `--by`, or the workbook's last modifier. It proves no person.
    pub by: Text,
    /// The operating system's user.
    pub system_user: Text,
    /// The file that it was read from, and the row in it. `None`: it was entered by command.
    pub source: Option<(Text, u64)>,
    /// Why it was refused.
    pub why: Text,
}
