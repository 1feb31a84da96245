//! The judge: compares what a case left behind with what must be there. It reads the files, the
//! database and the gateway's journal itself, and believes no output of the program.

mod database;
mod files;
mod findings;

pub use database::{Stored, database, is_whole, stored};

pub use files::{Left, files};
pub use findings::{Row, comparable, final_report, rows_of, summary};

use crate::gateway::Call;
use crate::night::PLANTED;
use crate::stage::{Case, Files, IN_FLIGHT, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What the judge counts.
pub const COUNTED: [&str; 6] = ["lost", "invented", "wrong", "torn", "doubled", "leaked"];

/// What was found in one case: a sentence each.
#[derive(Debug, Default)]
pub struct Verdict {
    pub lost: Vec<String>,
    pub invented: Vec<String>,
    pub wrong: Vec<String>,
    pub torn: Vec<String>,
    pub doubled: Vec<String>,
    pub leaked: Vec<String>,
}

impl Verdict {
    fn lists(&self) -> [&Vec<String>; COUNTED.len()] {
        [&self.lost, &self.invented, &self.wrong, &self.torn, &self.doubled, &self.leaked]
    }

    pub fn counts(&self) -> [usize; COUNTED.len()] {
        self.lists().map(Vec::len)
    }

    pub fn is_clean(&self) -> bool {
        self.counts().iter().all(|count| *count == 0)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, list) in COUNTED.iter().zip(self.lists()) {
            for sentence in list {
                write!(formatter, "\n  {name}: {sentence}")?;
            }
        }
        Ok(())
    }
}

/// Judges the calls of a case. `stored` is what was stored after each end of the program, with the
/// number of calls up to then.
pub fn calls(verdict: &mut Verdict, stage: &Stage, calls: &[Call], ends: &[(usize, Stored)]) {
    let untrusted: BTreeSet<&str> = stage.nights.unanswered().collect();
    let answered = |order: &str| !untrusted.contains(order);
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls.iter().filter(|call| answered(&call.order)) {
        *asked.entry(&call.order).or_default() += 1;
    }
    let twice: usize = asked.values().map(|calls| calls - 1).sum();
    if twice > ends.len() * IN_FLIGHT {
        verdict.doubled.push(format!("{twice} calls made twice in {} ends", ends.len()));
    }
    for (until, stored) in ends {
        let early: BTreeSet<&str> = calls[..*until].iter().map(|call| &*call.order).collect();
        let early = early.into_iter().filter(|order| answered(order)).count();
        if early > stored.answers.len() + IN_FLIGHT {
            let stored = stored.answers.len();
            verdict.lost.push(format!("{early} orders answered, {stored} answers stored"));
        }
        let given_before: BTreeSet<(&String, Option<&String>)> =
            calls[..*until].iter().map(|call| (&call.order, Some(&call.body))).collect();
        for order in stored.answers.keys() {
            let given = stage.bodies.get(order);
            if given.is_none() || !given_before.contains(&(order, given)) {
                verdict.invented.push(format!("an answer for {order} before it was asked for"));
            }
        }
        for call in &calls[*until..] {
            if stored.answers.contains_key(&call.order) {
                verdict.doubled.push(format!("{} was answered and is asked again", call.order));
            }
        }
    }
}

/// Judges an end of the program by what it had stored before: nothing may be gone.
pub fn still_there(verdict: &mut Verdict, before: &Stored, after: &Stored) {
    for (order, answer) in &before.answers {
        match after.answers.get(order) {
            None => verdict.lost.push(format!("the stored answer for {order}")),
            Some(now) if now != answer => {
                verdict.wrong.push(format!("the answer for {order} was {answer:?}, is {now:?}"));
            }
            Some(_) => {}
        }
    }
    if before.has_ledger && !after.has_ledger {
        verdict.lost.push("the stored ledger".to_owned());
    }
}

/// Looks for the planted words in every file and every output of a case.
pub fn secrets(verdict: &mut Verdict, case: &Case) {
    let files: Vec<Files> = vec![case.files("."), case.outputs()];
    for (name, content) in files.iter().flatten() {
        for word in PLANTED {
            if contains(content, word) {
                verdict.leaked.push(format!("{word} is in {name}"));
            }
        }
    }
}

fn contains(content: &[u8], word: &str) -> bool {
    memchr::memmem::find(content, word.as_bytes()).is_some()
}

/// Judges a directory at any moment: the files, the database and the planted words. `before` is
/// what an earlier kill left in `reports`.
pub fn at_any_moment(
    verdict: &mut Verdict,
    stage: &Stage,
    case: &Case,
    before: &Files,
) -> (Left, Stored) {
    let left = files(verdict, stage, &case.files("reports"), before, false);
    let stored = database(verdict, stage, case);
    secrets(verdict, case);
    (left, stored)
}

/// Judges the directory of a case that has ended as an undisturbed run does.
pub fn at_the_end(verdict: &mut Verdict, stage: &Stage, case: &Case) -> Stored {
    let (left, stored) = at_any_moment(verdict, stage, case, &Files::new());
    if left.beside > 0 {
        verdict.torn.push(format!("{} files beside latest are left", left.beside));
    }
    if left.temporary > 0 {
        verdict.torn.push(format!("{} temporary files are left", left.temporary));
    }
    if left.new_latest != left.latest || left.latest < 4 {
        verdict.torn.push(format!("{} of {} latest files are new", left.new_latest, left.latest));
    }
    final_report(verdict, stage, &case.files("reports"));
    database::final_outcomes(verdict, stage, case);
    stored
}

/// Resumes a run that was ended several times, to its end. `calls` are those so far; each end has
/// their number at that time, and what was stored.
pub fn resumed(
    verdict: &mut Verdict,
    stage: &Stage,
    case: &Case,
    mut calls: Vec<Call>,
    ends: &[(usize, Stored)],
) {
    let done = case.run(stage);
    calls.extend(stage.gateway.take_calls());
    summary(verdict, stage, &done);
    let stored = at_the_end(verdict, stage, case);
    for (_, earlier) in ends {
        still_there(verdict, earlier, &stored);
    }
    self::calls(verdict, stage, &calls, ends);
}
