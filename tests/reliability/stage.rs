//! The place of a case: a directory with last night's database and report, tonight's ledger, and a
//! gateway. Each case starts from a copy.

use crate::gateway::Gateway;
use crate::judge::{Row, comparable, rows_of};
use crate::night::{API_KEY, API_SECRET, Nights};
use chrono::{Timelike, Utc};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The bound on the calls in flight of every run here.
pub const IN_FLIGHT: usize = 4;
pub const DATABASE: &str = "octopus-recon.db";

/// File names with their content.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What all cases of one seed share.
pub struct Stage {
    pub nights: Nights,
    pub gateway: Gateway,
    /// The answers of the second night, by order id.
    pub bodies: BTreeMap<String, String>,
    /// Whether a first night has been run.
    pub has_first: bool,
    /// The report of the first night.
    pub old: Files,
    /// The second night's report, undisturbed.
    pub expected: Vec<Row>,
    start: TempDir,
}

/// One case: a copy of the start, and the outputs of its commands.
pub struct Case {
    directory: TempDir,
    outputs: TempDir,
}

/// The end of a command.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Stage {
    /// A stage with `orders` orders. With `has_first` the first night has been run.
    pub fn new(seed: u64, orders: usize, has_first: bool) -> Stage {
        let nights = Nights::random(seed, orders);
        let gateway = Gateway::start();
        let start = tempfile::tempdir().unwrap();
        let now = Utc::now();
        let today = (now - chrono::TimeDelta::hours(1)).to_rfc3339();
        let write = |name: &str, text: &str| {
            std::fs::write(start.path().join(name), text).unwrap();
        };
        write("ledger-1.csv", &nights.ledger(true, &today));
        write("ledger.csv", &nights.ledger(false, &today));
        // In this zone it is between 6 and 7 o'clock: no day ends during a campaign.
        let hours = i64::from(now.hour()) - 6;
        let zone = if hours < -12 { "Etc/GMT+0".to_owned() } else { zone(hours) };
        write(
            "octopus-recon.toml",
            &format!("[gateway]\nbackoff_first_ms = 1\n[ledger]\ntimezone = \"{zone}\"\n"),
        );
        let (bodies, old, expected) = (nights.bodies(false), Files::new(), Vec::new());
        let mut stage = Stage { nights, gateway, bodies, has_first, old, expected, start };
        if has_first {
            stage.gateway.answer(stage.nights.bodies(true));
            let case = stage.case();
            let done = case.finish(case.command(&stage, "ledger-1.csv"));
            assert!(matches!(done.code, Some(0 | 1)), "{done:?}");
            stage.old = case.files("reports");
            let old = std::mem::replace(&mut stage.start, case.directory);
            drop(old);
        }
        stage.gateway.answer(stage.bodies.clone());
        let case = stage.case();
        let done = case.run(&stage);
        assert_eq!(done.code, Some(3), "{done:?}");
        stage.expected = comparable(rows_of(&case.report("csv")));
        stage.gateway.take_calls();
        stage
    }

    /// The number of runs before the second night.
    pub fn first_runs(&self) -> i64 {
        i64::from(self.has_first)
    }

    /// A copy of the start.
    pub fn case(&self) -> Case {
        let case = Case::empty();
        copy(self.start.path(), case.path());
        case
    }

    /// The files at the start.
    pub fn start_files(&self) -> Files {
        files_below(self.start.path())
    }
}

/// The zone in which it is `hours` earlier than in UTC.
fn zone(hours: i64) -> String {
    format!("Etc/GMT{}{}", if hours < 0 { '-' } else { '+' }, hours.abs().min(12))
}

impl Case {
    pub fn empty() -> Case {
        Case { directory: tempfile::tempdir().unwrap(), outputs: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The command of the second night.
    pub fn night(&self, stage: &Stage) -> Command {
        self.command(stage, "ledger.csv")
    }

    fn command(&self, stage: &Stage, ledger: &str) -> Command {
        let in_flight = IN_FLIGHT.to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_octopus-recon"));
        command
            .args(["run", "--base-url", &stage.gateway.url, "--rate", "5000"])
            .args(["--max-in-flight", &in_flight, "--ledger", ledger])
            .args(["--resume", "--format", "json"])
            .current_dir(self.path())
            .env_clear()
            .env("OCTOPUS_RECON_API_KEY", API_KEY)
            .env("OCTOPUS_RECON_API_SECRET", API_SECRET)
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs the second night to its end.
    pub fn run(&self, stage: &Stage) -> Done {
        self.finish(self.night(stage))
    }

    /// Sends the outputs of a command to files outside the case's directory.
    pub fn keep_outputs(&self, command: &mut Command) {
        let append = |name: &str| {
            let path = self.outputs.path().join(name);
            std::fs::File::options().create(true).append(true).open(path).unwrap()
        };
        command.stdout(append("stdout")).stderr(append("stderr"));
    }

    /// Runs a command to its end. Its outputs are kept too.
    pub fn finish(&self, mut command: Command) -> Done {
        let output = command.output().unwrap();
        let append = |name: &str, bytes: &[u8]| {
            let path = self.outputs.path().join(name);
            let mut content = std::fs::read(&path).unwrap_or_default();
            content.extend(bytes);
            std::fs::write(path, content).unwrap();
        };
        append("stdout", &output.stdout);
        append("stderr", &output.stderr);
        Done {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The files in one of the case's directories.
    pub fn files(&self, directory: &str) -> Files {
        files_below(&self.path().join(directory))
    }

    /// Everything that the commands of this case printed.
    pub fn outputs(&self) -> Files {
        files_below(self.outputs.path())
    }

    /// A dated file of the second night.
    pub fn report(&self, extension: &str) -> Vec<u8> {
        let name = |name: &&String| {
            name.starts_with("mismatches-") && name.ends_with(&format!("-incomplete.{extension}"))
        };
        let files = self.files("reports");
        files.get(files.keys().find(name).unwrap()).unwrap().clone()
    }

    /// A copy of the database, so that looking at it changes nothing.
    pub fn database_copy(&self) -> (TempDir, PathBuf) {
        let copy = tempfile::tempdir().unwrap();
        for name in [DATABASE, "octopus-recon.db-wal"] {
            let from = self.path().join(name);
            if from.exists() {
                std::fs::copy(from, copy.path().join(name)).unwrap();
            }
        }
        let path = copy.path().join(DATABASE);
        (copy, path)
    }

    /// Writes this file; its directory is made where it is missing.
    pub fn write(&self, name: &str, content: &[u8]) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

/// Every file below a directory, by its path from there.
pub fn files_below(top: &Path) -> Files {
    let mut files = Files::new();
    let mut directories = vec![top.to_owned()];
    while let Some(directory) = directories.pop() {
        let Ok(entries) = std::fs::read_dir(directory) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if let Ok(content) = std::fs::read(&path) {
                let name = path.strip_prefix(top).unwrap().to_str().unwrap();
                files.insert(name.to_owned(), content);
            }
        }
    }
    files
}

fn copy(from: &Path, to: &Path) {
    for (name, content) in files_below(from) {
        let path = to.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}
