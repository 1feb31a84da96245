//! Power cuts: the files that a cut at any step can leave behind are rebuilt from a log of all
//! writes and syncs, judged, and for a share of them the program goes on.

use crate::campaign::{Part, count, has_strace, is_full, is_single, is_wanted, seed};
use crate::disk::{Disk, Image, Names};
use crate::judge::{self, Stored, Verdict};
use crate::stage::{Case, DATABASE, Files, Stage};
use crate::trace::{Step, is_database, record};
use rusqlite::Connection;

const ORDERS: usize = 20;

/// A recorded run, with what was acknowledged after each sync of the database.
pub struct Recorded {
    stage: Stage,
    disk: Disk,
    steps: usize,
    /// The step after a sync of the database or its log, and what was stored then.
    acknowledged: Vec<(usize, Stored)>,
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    if !has_strace("power cuts") {
        return;
    }
    let mut part = Part::new("power cuts");
    let most = count(70, 10_000);
    // The program goes on from one image of so many.
    let share = if is_full() { 10 } else { 7 };
    let (mut resumed, mut old, mut new, mut early) = (0, 0, 0, 0);
    let mut sizes = Vec::new();
    for round in 0.. {
        let has_first = round % 2 == 0;
        let recorded = Recorded::new(seed() + round, has_first);
        sizes.push(recorded.steps);
        let images = if is_full() { 5 * recorded.steps } else { most.div_ceil(2) };
        for number in 0..images {
            let case = format!("{round}/{number}");
            if !is_wanted(&case) {
                continue;
            }
            let mut random = fastrand::Rng::with_seed(
                (seed() + round) * 1_000_003 + u64::try_from(number).unwrap(),
            );
            let cut = if is_full() {
                1 + number % recorded.steps
            } else {
                random.usize(1..=recorded.steps)
            };
            let goes_on = is_single() || number % share == 0;
            let mut verdict = Verdict::default();
            let judged = recorded.judge(&mut verdict, cut, &mut random, goes_on);
            old += usize::from(judged.is_old);
            new += usize::from(!judged.is_old);
            early += usize::from(judged.is_early_manifest);
            resumed += usize::from(goes_on);
            part.add(&case, &verdict);
        }
        if is_single() && round > 20 || !is_single() && part.cases() >= most {
            break;
        }
    }
    part.finish(&format!(
        "{} runs of {} to {} steps; {resumed} images resumed; {old} with the old report, {new} \
         with a new one, {early} with a manifest that was there before its files",
        sizes.len(),
        sizes.iter().min().unwrap(),
        sizes.iter().max().unwrap()
    ));
}

/// What an image was.
pub struct Judged {
    is_old: bool,
    is_early_manifest: bool,
}

impl Recorded {
    fn new(seed: u64, has_first: bool) -> Recorded {
        Recorded::with_steps(seed, has_first).0
    }

    fn with_steps(seed: u64, has_first: bool) -> (Recorded, Vec<Step>) {
        let stage = Stage::new(seed, ORDERS, has_first);
        let case = stage.case();
        let steps = record(&stage, &case);
        let disk = Disk::new(&stage.start_files(), &steps);
        let data = |files: Files| -> Files {
            files.into_iter().filter(|(name, _)| !name.ends_with("-shm")).collect()
        };
        let (rebuilt, real) = (data(disk.all(steps.len())), data(case.files(".")));
        let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&rebuilt), names(&real), "the log explains every file");
        for (name, content) in &real {
            assert!(rebuilt[name] == *content, "the log explains the content of {name}");
        }
        let synced = steps.iter().enumerate().filter_map(|(at, step)| match step {
            Step::Sync { name } if is_database(name) => Some(at + 1),
            _ => None,
        });
        let acknowledged = synced.map(|cut| (cut, stored(&stage, &disk.all(cut)))).collect();
        (Recorded { disk, steps: steps.len(), acknowledged, stage }, steps)
    }

    /// A recorded run in whose log the steps that are `forgotten` are missing: the program claims
    /// to have done them, and the disk has not. The steps that are left are returned too.
    pub fn without(seed: u64, forgotten: &dyn Fn(&Step) -> bool) -> (Recorded, Vec<Step>) {
        let (mut recorded, steps) = Recorded::with_steps(seed, true);
        // A step that changes nothing keeps the numbers of the others.
        let nothing = Step::Sync { name: "nothing".to_owned() };
        let left: Vec<Step> = steps
            .into_iter()
            .map(|step| if forgotten(&step) { nothing.clone() } else { step })
            .collect();
        recorded.disk = Disk::new(&recorded.stage.start_files(), &left);
        (recorded, left)
    }

    /// Judges an image of a cut. With `goes_on` the program resumes the run from it.
    pub fn judge(
        &self,
        verdict: &mut Verdict,
        cut: usize,
        random: &mut fastrand::Rng,
        goes_on: bool,
    ) -> Judged {
        let Image { files, names } = self.disk.image(cut, random);
        let case = Case::empty();
        for (name, content) in &files {
            case.write(name, content);
        }
        let mut of_files = Verdict::default();
        let left =
            judge::files(&mut of_files, &self.stage, &case.files("reports"), &Files::new(), false);
        // Where names survive in any order, a manifest may come before its files. No file system
        // with a journal does that.
        let found = of_files.torn.len();
        if names == Names::Some {
            of_files.torn.retain(|sentence| !sentence.contains("which is not there"));
        }
        let is_early_manifest = of_files.torn.len() < found;
        verdict.torn.append(&mut of_files.torn);
        let at_cut = judge::database(verdict, &self.stage, &case);
        judge::secrets(verdict, &case);
        let acknowledged = self.acknowledged.iter().rfind(|(synced, _)| *synced <= cut);
        if let Some((_, acknowledged)) = acknowledged {
            judge::still_there(verdict, acknowledged, &at_cut);
        }
        if goes_on {
            self.resume(verdict, &case, &at_cut);
        }
        Judged { is_old: left.new_dated == 0, is_early_manifest }
    }

    /// Goes on from an image: nothing that is stored is asked for again.
    fn resume(&self, verdict: &mut Verdict, case: &Case, at_cut: &Stored) {
        self.stage.gateway.take_calls();
        let done = case.run(&self.stage);
        judge::summary(verdict, &self.stage, &done);
        let stored = judge::at_the_end(verdict, &self.stage, case);
        judge::still_there(verdict, at_cut, &stored);
        for call in self.stage.gateway.take_calls() {
            if at_cut.answers.contains_key(&call.order) {
                verdict.doubled.push(format!("{} is asked again", call.order));
            }
        }
    }
}

/// What a database among these files has stored of the second night.
fn stored(stage: &Stage, files: &Files) -> Stored {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files.iter().filter(|(name, _)| is_database(name)) {
        std::fs::write(directory.path().join(name), content).unwrap();
    }
    let path = directory.path().join(DATABASE);
    if !path.exists() {
        return Stored::default();
    }
    let connection = Connection::open(path).unwrap();
    judge::stored(&connection, stage.first_runs()).unwrap()
}
