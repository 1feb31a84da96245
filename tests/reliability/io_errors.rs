//! I/O errors: each call fails once, or from then on. The run ends with an exit code of the
//! contract, everything stored is kept, and the next run goes on.

use crate::campaign::{Part, count, has_strace, is_full, is_single, is_wanted, seed};
use crate::judge::{self, Verdict};
use crate::stage::{Case, Files, Stage};
use crate::stepper::wrapped;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const ORDERS: usize = 20;
/// A call that is not hit by then is never hit.
const MOST_CALLS: usize = 1_000;
/// For a run without a lock to wait for.
const LONGEST_RUN: Duration = Duration::from_secs(30);
/// How long a run may take that cannot wake its own threads.
const LONGEST_SLEEP: Duration = Duration::from_secs(3);
/// SQLite waits for a lock for up to 60 s.
const LONGEST_WAIT: Duration = Duration::from_secs(150);

/// The calls, their errors, and how many of its calls the full campaign passes over.
const CALLS: &[(&str, &[&str], usize)] = &[
    ("write", &["EIO", "ENOSPC"], 1),
    ("pwrite64", &["EIO", "ENOSPC"], 1),
    ("pread64", &["EIO", "ENOSPC"], 1),
    ("fsync", &["EIO", "ENOSPC"], 1),
    ("fdatasync", &["EIO", "ENOSPC"], 1),
    ("ftruncate", &["EIO", "ENOSPC"], 1),
    ("rename,renameat", &["EIO", "ENOSPC"], 1),
    ("openat", &["EIO", "ENOSPC"], 1),
    ("mmap", &["EIO"], 1),
    ("fcntl", &["EIO", "EAGAIN"], 2),
];
/// A run whose lock or unlock fails may wait for up to a minute.
const STRIDE_OF_WAITS: usize = 60;
/// A run whose threads cannot be woken sleeps until it is killed.
const STRIDE_OF_SLEEPS: usize = 5;

/// Where the first error was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// In a file of the case's directory.
    Files,
    Stdout,
    Stderr,
    /// A library, memory, a socket, a wake-up of a thread: no storage.
    Elsewhere,
    /// A thread could not be woken, and the process slept until it was killed. No disk does that.
    Sleep,
}

/// Known differences from the contract (docs/reliability.md, "Known").
#[derive(Debug, Default)]
struct Known {
    /// The memory for a thread could not be had, and the run did not end.
    hung_without_memory: usize,
    /// The program's own page and manifest were set aside as if somebody had edited them.
    own_files_set_aside: usize,
}

/// How a process ended.
enum Ended {
    Code(Option<i32>),
    Hung,
    /// It hung after a wake-up of a thread had failed.
    Slept,
}

/// One error: the calls, the error, the number of the call, and whether it lasts.
struct Fault<'a> {
    calls: &'a str,
    error: &'a str,
    number: usize,
    lasts: bool,
}

/// Locks that fail: each such run may wait for a minute, so many of them wait beside each other.
#[test]
fn a_lock_that_fails_loses_nothing() {
    const THREADS: usize = 12;
    if !is_full() || !has_strace("locks") {
        return;
    }
    let mut part = Part::new("locks");
    let waits = [("EIO", true), ("EAGAIN", false), ("EAGAIN", true)];
    let faults = waits.into_iter().flat_map(|(error, lasts)| {
        let numbers = (1 + seed_offset(STRIDE_OF_WAITS)..MOST_CALLS).step_by(STRIDE_OF_WAITS);
        numbers.map(move |number| Fault { calls: "fcntl", error, number, lasts })
    });
    let faults: Vec<Fault> = faults.filter(|fault| is_wanted(&fault.name())).collect();
    let results: Vec<(String, Verdict)> = std::thread::scope(|scope| {
        let share = |first: usize| {
            let stage = Stage::new(seed(), ORDERS, true);
            let mine = faults.iter().skip(first).step_by(THREADS);
            let judged = mine.filter_map(|fault| {
                let mut verdict = Verdict::default();
                fail_and_go_on(&mut verdict, &mut Known::default(), &stage, fault)?;
                Some((fault.name(), verdict))
            });
            judged.collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..THREADS).map(|first| scope.spawn(move || share(first))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    for (case, verdict) in &results {
        part.add(case, verdict);
    }
    part.finish("");
}

#[test]
fn an_io_error_loses_nothing() {
    if !has_strace("I/O errors") {
        return;
    }
    let mut part = Part::new("I/O errors");
    let stage = Stage::new(seed(), ORDERS, true);
    let mut codes: BTreeMap<(Place, Option<i32>), usize> = BTreeMap::new();
    let mut known = Known::default();
    let most = count(usize::MAX, usize::MAX);
    for (calls, errors, stride) in CALLS {
        for (error, lasts) in errors.iter().flat_map(|it| [(*it, false), (*it, true)]) {
            let stride = match (is_full(), lasts, *calls) {
                (false, true, "fcntl" | "write") => continue,
                (true, _, "fcntl") if lasts || error == "EAGAIN" => continue,
                (true, true, "write") => STRIDE_OF_SLEEPS,
                (true, _, _) => *stride,
                (false, _, _) => 61 * stride,
            };
            for number in (1 + seed_offset(stride)..MOST_CALLS).step_by(stride) {
                let fault = Fault { calls, error, number, lasts };
                let case = fault.name();
                if !is_wanted(&case) || part.cases() >= most {
                    continue;
                }
                let mut verdict = Verdict::default();
                let Some((place, code)) = fail_and_go_on(&mut verdict, &mut known, &stage, &fault)
                else {
                    break;
                };
                *codes.entry((place, code)).or_default() += 1;
                part.add(&case, &verdict);
            }
        }
    }
    let in_files = codes.iter().filter(|((place, _), _)| *place == Place::Files);
    let in_files: usize = in_files.map(|(_, count)| count).sum();
    assert!(is_single() || in_files * 3 > part.cases(), "few errors are in the files: {codes:?}");
    part.finish(&format!(
        "{in_files} in its files; exit codes by place: {codes:?}; known and not counted: {known:?}"
    ));
}

/// Where a stride begins, so that each seed's sample has other points.
fn seed_offset(stride: usize) -> usize {
    usize::try_from(seed()).unwrap() % stride
}

impl Fault<'_> {
    fn name(&self) -> String {
        let lasts = if self.lasts { "+" } else { "" };
        format!("{}/{}/{}{lasts}", self.calls, self.error, self.number)
    }

    fn inject(&self) -> String {
        let lasts = if self.lasts { "+" } else { "" };
        format!("inject={}:error={}:when={}{lasts}", self.calls, self.error, self.number)
    }

    fn limit(&self) -> Duration {
        if self.calls == "fcntl" { LONGEST_WAIT } else { LONGEST_RUN }
    }
}

/// Runs with this fault, then once more without. `None`: the fault was not reached.
fn fail_and_go_on(
    verdict: &mut Verdict,
    known: &mut Known,
    stage: &Stage,
    fault: &Fault,
) -> Option<(Place, Option<i32>)> {
    let case = stage.case();
    stage.gateway.take_calls();
    let logs = tempfile::tempdir().unwrap();
    let log = logs.path().join("log");
    let (trace, inject) = (format!("trace={}", fault.calls), fault.inject());
    let log_name = log.to_str().unwrap();
    let options = ["-f", "-qq", "-y", "-s", "0", "-o", log_name, "-e", &trace, "-e", &inject];
    let mut command = wrapped("strace", &options, &case.night(stage));
    case.keep_outputs(&mut command);
    let ended = end_in_time(&mut command, fault.limit(), &log);
    let log = read(&log);
    let first = log.lines().find(|line| line.contains("(INJECTED)"))?;
    let (place, code) = match ended {
        // Another thread's wake-up may have failed too: each thread counts its own calls.
        Ended::Code(code) if is_wake_up_lost(&log) => (Place::Elsewhere, code),
        Ended::Code(code) => (place(&case, first), code),
        Ended::Slept => (Place::Sleep, None),
        Ended::Hung if place(&case, first) == Place::Elsewhere => {
            known.hung_without_memory += 1;
            (Place::Elsewhere, None)
        }
        Ended::Hung => {
            verdict.wrong.push(format!("no end within {:?}: {first}", fault.limit()));
            (place(&case, first), None)
        }
    };
    // A read that failed says nothing about the file: a second look does.
    let is_no_damage = code == Some(15) && place == Place::Files;
    if (is_no_damage || !is_documented(place, code)) && verdict.is_clean() {
        verdict.wrong.push(format!("exit code {code:?} after {first}"));
    }
    let has_no_report = code.is_none_or(|code| code >= 5 || code == 2);
    let files = case.files("reports");
    let left = judge::files(verdict, stage, &files, &Files::new(), has_no_report);
    if place == Place::Files && left.temporary > 0 {
        verdict.torn.push(format!("{} temporary files are left after {first}", left.temporary));
    }
    known.own_files_set_aside += left.set_aside;
    // Such files stay, and the next run does not look at them.
    let stays = |name: &&String| name.contains(".edited-") || name.starts_with("latest-run");
    for name in files.keys().filter(stays) {
        std::fs::remove_file(case.path().join("reports").join(name)).unwrap();
    }
    let stored = judge::database(verdict, stage, &case);
    let mut calls = stage.gateway.take_calls();
    let until = calls.len();
    let done = case.run(stage);
    calls.extend(stage.gateway.take_calls());
    judge::summary(verdict, stage, &done);
    let after = judge::at_the_end(verdict, stage, &case);
    judge::still_there(verdict, &stored, &after);
    judge::calls(verdict, stage, &calls, &[(until, stored)]);
    Some((place, code))
}

/// Waits for the end of the process. One that does not end in time is killed.
fn end_in_time(command: &mut Command, limit: Duration, log: &Path) -> Ended {
    let started = Instant::now();
    let mut strace = command.spawn().unwrap();
    let mut is_asleep = false;
    while started.elapsed() < limit && !is_asleep {
        if let Some(status) = strace.try_wait().unwrap() {
            return Ended::Code(status.code());
        }
        std::thread::sleep(Duration::from_millis(2));
        is_asleep = started.elapsed() > LONGEST_SLEEP && is_wake_up_lost(&read(log));
    }
    let children = format!("/proc/{0}/task/{0}/children", strace.id());
    let child = std::fs::read_to_string(children).unwrap_or_default();
    let _killed = Command::new("kill").args(["-s", "KILL"]).args(child.split_whitespace()).status();
    std::thread::sleep(Duration::from_millis(100));
    // strace itself may have ended.
    let _killed = strace.kill();
    strace.wait().unwrap();
    if is_asleep { Ended::Slept } else { Ended::Hung }
}

/// Whether the wake-up of a thread has failed. strace shows a call in two lines where another
/// thread's line comes between.
fn is_wake_up_lost(log: &str) -> bool {
    let mut begun: BTreeMap<&str, bool> = BTreeMap::new();
    log.lines().any(|line| {
        let thread = line.split_whitespace().next().unwrap_or_default();
        let is_wake_up = line.contains("[eventfd]>")
            || line.contains(" resumed>") && begun.get(thread) == Some(&true);
        begun.insert(thread, is_wake_up);
        is_wake_up && line.contains("(INJECTED)")
    })
}

#[test]
fn a_wake_up_in_two_lines_is_recognised() {
    let lines = |first: &str| {
        let end = "7 <... write resumed>, 8) = -1 EIO (INJECTED)";
        format!("7 write({first} <unfinished ...>\n8 write(2<e>, 8) = 8\n{end}\n")
    };
    assert!(is_wake_up_lost("7 write(5<anon_inode:[eventfd]>, 8) = -1 EIO (INJECTED)\n"));
    assert!(is_wake_up_lost(&lines("5<anon_inode:[eventfd]>, \"\"...,")));
    assert!(!is_wake_up_lost(&lines("2</tmp/stderr>, \"\"...,")));
}

fn read(log: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned()
}

fn place(case: &Case, line: &str) -> Place {
    let directory = case.path().to_str().unwrap();
    let relative = ["\"reports", "\"ledger.csv", "\"octopus-recon"];
    if line.contains(directory) && !line.contains("AT_FDCWD<")
        || line.contains(&format!("\"{directory}"))
        || relative.iter().any(|name| line.contains(name))
    {
        Place::Files
    } else if line.contains("/stdout>") {
        Place::Stdout
    } else if line.contains("/stderr>") {
        Place::Stderr
    } else {
        Place::Elsewhere
    }
}

/// Whether a run with an error at this place may end like this. Where the error is in no file, the
/// program may fail to start, or its allocator may end it.
fn is_documented(place: Place, code: Option<i32>) -> bool {
    match place {
        Place::Files => matches!(code, Some(2 | 3 | 10 | 11 | 14)),
        Place::Stdout => matches!(code, Some(3 | 14)),
        Place::Stderr => code == Some(3),
        Place::Elsewhere | Place::Sleep => true,
    }
}
