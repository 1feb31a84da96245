//! The life of a decision over random nights and people, against a second reading of the contract
//! ("Decisions").

use chrono::{DateTime, Days, NaiveDate};
use octopus_recon::domain::amount::Amount;
use octopus_recon::domain::decision::{
    Basis, Change, Decision, DecisionEventKind, Edit, Taken, Verdict,
};
use octopus_recon::domain::mismatch::{Event, EventKind, Kind};
use octopus_recon::domain::text::Text;
use octopus_recon::rules::deciding::{Proposal, Ruling, confirm, decide};
use octopus_recon::rules::lifecycle::{Known, Limits, Now, Seen, event, known, lapse};
use proptest::prelude::*;

const KIND: Kind = Kind::FinalAmountDifference;
/// `[policy.accept] up_to`.
const LIMIT: i64 = 20;
const PEOPLE: [&str; 3] = ["Asha", "Ravi", "Meena"];

#[derive(Debug, Clone)]
enum Step {
    /// A night. The variance and the payment's status, or no finding, or no answer.
    Night(Answer),
    /// Somebody changes the decision, its date or its note.
    Says { verdict: Option<Change<Verdict>>, until: Option<Change<u64>>, note: Option<u8> },
    /// This person confirms.
    Confirms(usize),
}

#[derive(Debug, Clone)]
enum Answer {
    Shows(i64, &'static str),
    Settled,
    None,
}

fn step() -> impl Strategy<Value = Step> {
    let variance = prop::sample::select(vec![-30, -21, -20, -10, -9, 10, 30]);
    let status = prop::sample::select(vec!["completed", "completed", "refund"]);
    let answer = prop_oneof![
        6 => (variance, status).prop_map(|(variance, status)| Answer::Shows(variance, status)),
        1 => Just(Answer::Settled),
        1 => Just(Answer::None),
    ];
    let verdict = prop::sample::select(vec![
        None,
        Some(Change::Withdrawn),
        Some(Change::Set(Verdict::Accepted)),
        Some(Change::Set(Verdict::Accepted)),
        Some(Change::Set(Verdict::ToCorrect)),
    ]);
    let until = prop::sample::select(vec![
        None,
        None,
        Some(Change::Withdrawn),
        Some(Change::Set(0)),
        Some(Change::Set(2)),
    ]);
    let note = prop::option::of(0..2_u8);
    prop_oneof![
        4 => answer.prop_map(Step::Night),
        3 => (verdict, until, note)
            .prop_map(|(verdict, until, note)| Step::Says { verdict, until, note }),
        1 => (0..PEOPLE.len()).prop_map(Step::Confirms),
    ]
}

fn day(number: u64) -> NaiveDate {
    NaiveDate::default() + Days::new(number)
}

fn units(units: i64) -> Amount {
    Amount::from_micros(units * 1_000_000)
}

/// What both have to agree on: whether the mismatch is open, and what is said of it.
type Said = Option<(bool, Option<Verdict>, Option<NaiveDate>, String)>;

/// The program: events and decisions as it would record them.
#[derive(Default)]
struct Recorded {
    events: Vec<Event>,
    decisions: Vec<Taken>,
    limits: Limits,
    /// The number of the day, which is that of the run too.
    today: u64,
    variance: i64,
    status: &'static str,
}

impl Recorded {
    fn known(&self) -> Option<Known> {
        known(&self.events, &self.decisions, KIND)
    }

    fn said(&self) -> Said {
        let known = self.known()?;
        let Decision { verdict, until, note, .. } = known.decision;
        Some((known.is_open, verdict, until, note.to_string()))
    }

    fn basis(&self) -> Basis {
        Basis {
            variance: Some(units(self.variance)),
            currency: "inr".to_owned(),
            payment_status: self.status.to_owned(),
            ..Basis::default()
        }
    }

    fn now<'a>(&self, basis: Option<&'a Basis>) -> Now<'a> {
        let at_risk = (units(self.variance.abs()), "inr");
        Now { day: day(self.today), basis, at_risk }
    }

    fn night(&mut self, answer: &Answer) {
        self.today += 1;
        let seen = match *answer {
            Answer::Shows(variance, status) => {
                (self.variance, self.status) = (variance, status);
                Seen::Found(Some(units(variance)))
            }
            Answer::Settled => Seen::NotFound,
            Answer::None => Seen::Unknown,
        };
        let before = self.known();
        let basis = self.basis();
        let now = self.now(Some(&basis).filter(|_| matches!(seen, Seen::Found(_))));
        let lapsed = before.as_ref().and_then(|before| lapse(KIND, before, now, &self.limits));
        let Some(what) = event(before.as_ref(), seen, lapsed.is_some()) else { return };
        self.events.push(Event {
            kind: KIND,
            event: what,
            at: self.at(),
            run_id: self.run_id(),
            day: day(self.today),
            variance: Some(units(self.variance)).filter(|_| what != EventKind::Resolved),
            since: None,
            decision: before.map(|it| it.decision).filter(|_| what == EventKind::Reopened),
            why: lapsed.as_deref().map(Text::own),
        });
    }

    fn at(&self) -> DateTime<chrono::Utc> {
        DateTime::UNIX_EPOCH + Days::new(self.today)
    }

    fn run_id(&self) -> i64 {
        i64::try_from(self.today).unwrap_or(0)
    }

    fn says(&mut self, edit: &Edit, by: &str) {
        let known = self.known();
        let written = known.as_ref().map(|it| it.decision.clone()).unwrap_or_default();
        let basis = self.basis();
        let ruling = decide(&Proposal {
            kind: KIND,
            edit,
            written: &written,
            basis: &basis,
            known: known.as_ref(),
            was_suspect: false,
            has_ended_since: false,
            since: &[],
            now: self.now(Some(&basis)),
            limits: &self.limits,
        });
        if let Ruling::Taken(event, decision) = ruling {
            self.take(event, decision, by);
        }
    }

    fn confirms(&mut self, by: &str) {
        let known = self.known();
        let proposal =
            self.decisions.iter().rfind(|it| it.event == DecisionEventKind::Proposed).cloned();
        let others = proposal.iter().map(|it| it.by.as_str());
        if let Ok(decision) = confirm(known.as_ref(), by, day(self.today), others, true) {
            self.take(DecisionEventKind::Confirmed, decision, by);
        }
    }

    fn take(&mut self, event: DecisionEventKind, decision: Decision, by: &str) {
        self.decisions.push(Taken {
            kind: KIND,
            at: self.at(),
            run_id: self.run_id(),
            event,
            decision,
            basis: self.basis(),
            at_risk: Some(units(self.variance.abs())),
            by: Text::own(by),
            is_by_file: false,
        });
    }
}

/// The contract, read as a person would: one state, changed step by step.
#[derive(Debug, Default)]
struct Read {
    /// `None`: never seen.
    is_open: Option<bool>,
    today: u64,
    shows: (i64, &'static str),
    verdict: Option<Verdict>,
    until: Option<NaiveDate>,
    note: String,
    /// What was shown when it was accepted or proposed, and by whom.
    accepted: (i64, &'static str),
    proposer: usize,
    confirmed: Option<i64>,
}

impl Read {
    fn said(&self) -> Said {
        self.is_open.map(|is_open| (is_open, self.verdict, self.until, self.note.clone()))
    }

    fn night(&mut self, answer: &Answer) {
        self.today += 1;
        match *answer {
            Answer::Shows(variance, status) => self.shows = (variance, status),
            // "A mismatch ends only when a fresh, trustworthy answer no longer shows it."
            Answer::Settled => {
                self.is_open = self.is_open.map(|_| false);
                (self.verdict, self.until) = (None, None);
                return;
            }
            Answer::None => {}
        }
        let is_answered = matches!(answer, Answer::Shows(..));
        if self.is_open != Some(true) {
            if is_answered {
                self.is_open = Some(true);
            }
            return;
        }
        if !matches!(self.verdict, Some(Verdict::Accepted | Verdict::Proposed)) {
            return;
        }
        // "not where the variance came nearer to zero with the same sign"
        let ((then, status_then), (now, status_now)) = (self.accepted, self.shows);
        let is_nearer = then.signum() == now.signum() && now.abs() <= then.abs();
        let has_changed = is_answered && (status_then != status_now || !is_nearer);
        let is_over = self.until.is_some_and(|until| day(self.today) > until);
        let is_above = self.verdict == Some(Verdict::Accepted)
            && now.abs() > LIMIT
            && self.confirmed.is_none_or(|confirmed| now.abs() > confirmed);
        if has_changed || is_over || is_above {
            (self.verdict, self.until) = (None, None);
        }
    }

    fn says(
        &mut self,
        verdict: Option<Change<Verdict>>,
        until: Option<Change<NaiveDate>>,
        note: Option<String>,
        by: usize,
    ) {
        if self.is_open != Some(true) {
            return;
        }
        let is_withdrawn = verdict == Some(Change::Withdrawn);
        let mut new_verdict = verdict.map_or(self.verdict, Change::value);
        let old_until = if is_withdrawn { None } else { self.until };
        let new_until = until.map_or(old_until, Change::value);
        let new_note = note.unwrap_or_else(|| self.note.clone());
        let was_accepted = matches!(self.verdict, Some(Verdict::Accepted | Verdict::Proposed));
        let is_same = (new_until, &new_note) == (self.until, &self.note);
        // An acceptance of what is proposed already is the same proposal.
        if is_same
            && (new_verdict == self.verdict
                || (self.verdict == Some(Verdict::Proposed)
                    && new_verdict == Some(Verdict::Accepted)))
        {
            return;
        }
        let stays =
            was_accepted && matches!(new_verdict, Some(Verdict::Accepted | Verdict::Proposed));
        let is_longer =
            until.is_some() && self.until.is_some_and(|old| new_until.is_none_or(|new| new > old));
        if stays && is_longer {
            new_verdict = Some(Verdict::Accepted);
        }
        let is_anew = (stays && is_longer) || (verdict.is_some() && new_verdict != self.verdict);
        if (until.is_some() || is_anew) && new_until.is_some_and(|until| until < day(self.today)) {
            return;
        }
        if new_verdict == Some(Verdict::Accepted) && is_anew {
            // "Above up_to it is proposed".
            if self.shows.0.abs() > LIMIT {
                new_verdict = Some(Verdict::Proposed);
                self.proposer = by;
            }
            (self.accepted, self.confirmed) = (self.shows, None);
        }
        (self.verdict, self.until, self.note) = (new_verdict, new_until, new_note);
    }

    fn confirms(&mut self, by: usize) {
        let is_proposed = self.is_open == Some(true) && self.verdict == Some(Verdict::Proposed);
        let is_over = self.until.is_some_and(|until| until < day(self.today));
        if is_proposed && !is_over && self.proposer != by {
            self.verdict = Some(Verdict::Accepted);
            (self.accepted, self.confirmed) = (self.shows, Some(self.shows.0.abs()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn both_readings_agree_on_what_is_said(steps in prop::collection::vec(step(), 1..30)) {
        let limits = Limits::from([("inr".to_owned(), units(LIMIT))]);
        let mut recorded = Recorded { limits, ..Recorded::default() };
        let mut read = Read::default();
        for (number, step) in steps.iter().enumerate() {
            let by = number % PEOPLE.len();
            match step {
                Step::Night(answer) => {
                    recorded.night(answer);
                    read.night(answer);
                }
                Step::Says { verdict, until, note } => {
                    let until = until.map(|until| match until {
                        Change::Set(days) => Change::Set(day(read.today + days)),
                        Change::Withdrawn => Change::Withdrawn,
                    });
                    let note = note.map(|note| format!("note {note}"));
                    let edit = Edit {
                        verdict: *verdict,
                        until,
                        owner: None,
                        note: note.as_deref().map(Text::own),
                    };
                    recorded.says(&edit, PEOPLE[by]);
                    read.says(*verdict, until, note, by);
                }
                Step::Confirms(by) => {
                    recorded.confirms(PEOPLE[*by]);
                    read.confirms(*by);
                }
            }
            prop_assert_eq!(recorded.said(), read.said(), "step {} of {:?}", number, steps);
        }
    }
}
