//! SIGKILL after each system call that changes a file, again during the recovery, and a resumed run
//! at the end.

use crate::campaign::{Part, count, has_strace, is_full, is_single, is_wanted, seed};
use crate::judge::{self, Left, Stored, Verdict};
use crate::stage::{Files, Stage};
use crate::stepper::{Ended, kill_at};

const ORDERS: usize = 20;
/// More than the calls of any run here.
const MOST_CALLS: usize = 1_000;

/// The rare states that the kills must reach.
#[derive(Default)]
struct Reached {
    kills: usize,
    before_ledger: usize,
    while_asking: usize,
    judged_not_renamed: usize,
    between_renames: usize,
    /// A report that was there and is written again: the manifest is the earlier one.
    rewritten: usize,
    /// A second kill while the first one's temporary files were there.
    in_recovery: usize,
}

impl Reached {
    fn add(&mut self, stored: &Stored, left: &Left, stage: &Stage) {
        let asked = stored.answers.len();
        let all = stage.nights.orders.len() - 1;
        self.kills += 1;
        self.before_ledger += usize::from(!stored.has_ledger);
        self.while_asking += usize::from((1..all).contains(&asked));
        self.judged_not_renamed += usize::from(stored.is_judged && left.new_dated == 0);
        self.between_renames += usize::from(left.is_between_renames());
    }

    fn text(&self) -> String {
        format!(
            "{} kills: {} before the ledger was stored, {} while asking, {} between the judgement \
             and the first rename, {} between two renames, {} during a recovery; known and not \
             counted: {} while a report was written again",
            self.kills,
            self.before_ledger,
            self.while_asking,
            self.judged_not_renamed,
            self.between_renames,
            self.in_recovery,
            self.rewritten
        )
    }
}

#[test]
fn a_run_killed_at_any_call_loses_nothing() {
    if !has_strace("kills") {
        return;
    }
    let mut part = Part::new("kills");
    let mut reached = Reached::default();
    // The sample walks over one pair of nights with this stride.
    let stride = if is_full() { 1 } else { 23 };
    let most = count(26, 1_000);
    for round in 0.. {
        // Each third round begins without a database and without a report.
        let stage = Stage::new(seed() + round, ORDERS, round % 3 != 2);
        let mut calls = MOST_CALLS;
        let kill = |point: usize, part: &mut Part, reached: &mut Reached| {
            let case = format!("{round}/{point}");
            let mut verdict = Verdict::default();
            if is_wanted(&case) {
                if !kill_and_resume(&mut verdict, reached, &stage, round, point) {
                    return false;
                }
                part.add(&case, &verdict);
            }
            true
        };
        for point in (1..MOST_CALLS).step_by(stride) {
            if !kill(point, &mut part, &mut reached) {
                calls = point;
                break;
            }
        }
        if !is_full() {
            // The files get their names before the database is written whole, in the last calls.
            for offset in 0..4 {
                for point in (calls.saturating_sub(128) + offset..calls).step_by(4) {
                    kill(point, &mut part, &mut reached);
                }
                if reached.between_renames > 0 {
                    break;
                }
            }
        }
        if is_single() && round < 20 {
            continue;
        }
        if part.cases() >= most || is_single() || !is_full() {
            break;
        }
    }
    let text = reached.text();
    if !is_single() {
        assert!(reached.before_ledger > 0, "{text}");
        assert!(reached.while_asking > 0, "{text}");
        assert!(reached.judged_not_renamed > 0, "{text}");
        assert!(reached.between_renames > 0, "{text}");
        assert!(reached.in_recovery > 0, "{text}");
    }
    part.finish(&text);
}

/// Kills a run at this point, and again while it is resumed; then resumes it to its end. Returns
/// false if the run makes fewer calls.
fn kill_and_resume(
    verdict: &mut Verdict,
    reached: &mut Reached,
    stage: &Stage,
    round: u64,
    point: usize,
) -> bool {
    let mut random =
        fastrand::Rng::with_seed(seed() + round * 10_000 + u64::try_from(point).unwrap());
    let case = stage.case();
    stage.gateway.take_calls();
    let (mut calls, mut ends) = (Vec::new(), Vec::new());
    let mut before = Files::new();
    for point in [point, random.usize(1..120)] {
        match kill_at(&case, &case.night(stage), point) {
            Ended::Killed => {}
            Ended::Itself(_) if ends.is_empty() => return false,
            Ended::Itself(code) => {
                if code != Some(3) {
                    verdict.wrong.push(format!("a resumed run ended with {code:?}"));
                }
                break;
            }
            Ended::Hung => {
                verdict.wrong.push("the run hung".to_owned());
                break;
            }
        }
        calls.extend(stage.gateway.take_calls());
        let (left, stored) = judge::at_any_moment(verdict, stage, &case, &before);
        before = case.files("reports");
        reached.add(&stored, &left, stage);
        reached.rewritten += left.mixed;
        reached.in_recovery += usize::from(!ends.is_empty());
        ends.push((calls.len(), stored));
    }
    judge::resumed(verdict, stage, &case, calls, &ends);
    true
}
