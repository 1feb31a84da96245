//! What finance says about a mismatch (contract, "Decisions").

use super::amount::Amount;
use super::mismatch::{Kind, Mismatch};
use super::order::{Entry, LedgerStatus, OrderKey};
use super::payment::{Payment, PaymentStatus};
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
    /// What a person can choose.
    pub const TO_CHOOSE: [Verdict; 3] =
        [Verdict::Accepted, Verdict::WithGateway, Verdict::ToCorrect];

    /// The words that a person can choose, for a message.
    #[must_use]
    pub fn words_to_choose() -> String {
        Verdict::TO_CHOOSE.map(Verdict::as_str).join(", ")
    }

    /// Reads what a person wrote: case, spaces, `_` and `-` do not matter. `None`: it is no
    /// decision that a person can take.
    #[must_use]
    pub fn from_person(text: &str) -> Option<Verdict> {
        let squeezed = |text: &str| -> String {
            let letters = text.chars().filter(|it| !it.is_whitespace() && !matches!(it, '_' | '-'));
            letters.flat_map(char::to_lowercase).collect()
        };
        let written = squeezed(text);
        Verdict::TO_CHOOSE.into_iter().find(|verdict| squeezed(verdict.as_str()) == written)
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

    /// Whether it was accepted, or proposed for that: it lapses when the mismatch changes.
    #[must_use]
    pub fn can_lapse(&self) -> bool {
        matches!(self.verdict, Some(Verdict::Accepted | Verdict::Proposed))
    }

    /// Whether nothing is said at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Decision::default()
    }
}

/// What a person made of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<Value> {
    /// The cell says this now.
    Set(Value),
    /// The cell is empty now.
    Withdrawn,
}

impl<Value> Change<Value> {
    /// What the cell says.
    pub fn value(self) -> Option<Value> {
        match self {
            Change::Set(value) => Some(value),
            Change::Withdrawn => None,
        }
    }
}

/// The cells that a person has changed. `None`: that cell is as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edit {
    /// The decision.
    pub verdict: Option<Change<Verdict>>,
    /// The last day on which it holds.
    pub until: Option<Change<NaiveDate>>,
    /// Empty: withdrawn.
    pub owner: Option<Text>,
    /// Empty: withdrawn.
    pub note: Option<Text>,
}

impl Edit {
    /// What is said after the edit of a decision. A withdrawn decision takes its date along.
    #[must_use]
    pub fn of(&self, decision: &Decision) -> Decision {
        let verdict = self.verdict.map_or(decision.verdict, Change::value);
        let until = if self.verdict == Some(Change::Withdrawn) { None } else { decision.until };
        Decision {
            verdict,
            until: self.until.map_or(until, Change::value),
            owner: self.owner.clone().unwrap_or_else(|| decision.owner.clone()),
            note: self.note.clone().unwrap_or_else(|| decision.note.clone()),
        }
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

/// What a mismatch showed when something was decided about it. An acceptance lapses when this
/// changes. A status that is not given is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Basis {
    /// The variance, if the kind has one.
    pub variance: Option<Amount>,
    /// The currency of the money at risk.
    pub currency: String,
    /// The gateway's `payment_status`.
    pub payment_status: String,
    /// The ledger's status.
    pub ledger_status: String,
    /// The gateway's `accounting_status`.
    pub accounting_status: String,
    /// The gateway's `notify_status`.
    pub notify_status: String,
}

impl Basis {
    /// What a mismatch shows of an order.
    #[must_use]
    pub fn of(mismatch: &Mismatch, entry: Option<&Entry>, payment: Option<&Payment>) -> Basis {
        let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
        let payment_status = payment.and_then(|payment| payment.payment_status.as_ref());
        let ledger_status = entry.and_then(|entry| entry.status.as_ref());
        Basis {
            variance: mismatch.variance,
            currency: mismatch.currency.clone(),
            payment_status: word(payment_status.map(PaymentStatus::as_str)),
            ledger_status: word(ledger_status.map(LedgerStatus::as_str)),
            accounting_status: word(payment.map(|payment| payment.accounting_status.as_str())),
            notify_status: word(payment.map(|payment| payment.notify_status.as_str())),
        }
    }
}

/// A decision that was taken, in the life of its mismatch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which mismatch of the order.
    pub kind: Kind,
    /// The time of the answer that it rests on: its place among the mismatch's events.
    pub at: DateTime<Utc>,
    /// The run whose report it rests on.
    pub run_id: i64,
    /// What it was.
    pub event: DecisionEventKind,
    /// What is said from then on.
    pub decision: Decision,
    /// What the mismatch showed.
    pub basis: Basis,
    /// The money that was at risk.
    pub at_risk: Option<Amount>,
    /// Who said so: see [`DecisionEvent::by`].
    pub by: Text,
    /// Whether `by` is a file: one that does not say who saved it last.
    pub is_by_file: bool,
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
    /// The time of the answer that this report rests on: its place among the mismatch's events.
    pub rests_at: Option<DateTime<Utc>>,
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

/// The last character of a mismatch id: a letter that the others determine, so that an id with a
/// wrong character, or with two exchanged, is found (contract, "Decisions": `mismatch_id`).
#[must_use]
pub fn check_character(digits: &str) -> char {
    const LETTERS: &[u8; 23] = b"ghjkmnpqrstuvwxyzacdefb";
    // A prime number of letters: each place has another weight, so that an exchange shows.
    let sum = (1_usize..).zip(digits.chars()).fold(0, |sum, (place, digit)| {
        let value = usize::try_from(digit.to_digit(36).unwrap_or(35)).unwrap_or(0);
        (sum + place * (value + 1)) % LETTERS.len()
    });
    char::from(LETTERS[sum])
}

/// Whether a text is a mismatch id of this program. Ids of earlier releases have no check
/// character.
#[must_use]
pub fn is_mismatch_id(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("m-") else { return false };
    let is_hex = |digits: &str| digits.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    match rest.len() {
        16 => is_hex(rest),
        17 => {
            rest.is_char_boundary(16)
                && is_hex(&rest[..16])
                && rest.ends_with(check_character(&rest[..16]))
        }
        _ => false,
    }
}
