//! Exit codes 14 and 143 where a single system call fails, or a signal comes at one: the report is
//! the old one or the new one, never a mixture, and a database that is whole is not called damaged.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::storage::{has_strace, wrapped};
use super::{Night, assert_hint, assert_refused};
use crate::support::{Done, Gateway, Merchant, book, ledger};
use std::path::Path;

/// Every name of the system call.
const RENAMES: &str = "/^rename";
const SYNCS: &str = "fsync,fdatasync";

/// What came of a command in which one system call was tampered with.
struct Injected {
    done: Done,
    /// Whether the command made so many calls.
    is_reached: bool,
    /// How many signals it got.
    signals: usize,
}

/// Runs a command; its n-th call of these system calls, in each thread, gets this fault.
fn inject(
    merchant: &Merchant,
    arguments: &[&str],
    calls: &str,
    fault: &str,
    when: &str,
) -> Injected {
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:{fault}:when={when}"));
    let log = merchant.path("strace.log");
    let log = log.to_str().unwrap();
    let strace = ["-f", "-qq", "-o", log, "-e", &trace, "-e", &inject];
    let done = wrapped("strace", &strace, &merchant.command(arguments)).output().unwrap().into();
    let calls = std::fs::read_to_string(log).unwrap();
    // A signal takes effect when its call is over.
    let signals = calls.matches("--- SIGTERM").count();
    let is_reached = signals > 0 || calls.contains("(INJECTED)");
    Injected { done, is_reached, signals }
}

/// Tonight's run against this gateway, of a ledger with an invalid row: five files.
fn arguments(gateway: &Gateway) -> Vec<&str> {
    Night::arguments(&gateway.url, &["--ledger", "five-files.csv"])
}

fn night() -> Night {
    let night = Night::new();
    let rows = format!("{}A21,x,inr,2026-01-10,paid\n", ledger(20));
    night.merchant.write("five-files.csv", rows);
    night
}

/// The manifest is tonight's, and the files that it names are those that are there.
fn assert_report_new(night: &Night, done: &Done) {
    let manifest = std::fs::read(night.merchant.path("reports/latest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["run_id"], 2, "{done:?}");
    let files = manifest["files"].as_array().unwrap();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        let path = night.merchant.path("reports").join(file["name"].as_str().unwrap());
        assert_eq!(file["sha256"].as_str().unwrap(), sha256(&path), "{}", path.display());
    }
    assert_eq!(night.notes().len(), 0, "no file says that there is no report: {done:?}");
    let names = night.merchant.report_files().into_keys();
    assert!(
        !names.map(|it| it.display().to_string()).any(|it| it.contains(".octopus-recon-")),
        "{done:?}"
    );
}

fn sha256(path: &Path) -> String {
    let output = std::process::Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

#[test]
fn an_error_between_two_renames_leaves_the_old_report() {
    if !has_strace() {
        return;
    }
    let gateway = Gateway::serve(&book(20));
    for nth in 1_u32..=5 {
        let night = night();
        let tonight = inject(
            &night.merchant,
            &arguments(&gateway),
            RENAMES,
            "error=ENOSPC",
            &nth.to_string(),
        );
        night.assert_failed(&tonight.done, 14, &["space"]);
        assert_hint(&tonight.done);
        // A file system that also refuses to put them back still gets a true message.
        let night = self::night();
        let always = format!("{nth}+");
        let again = inject(&night.merchant, &arguments(&gateway), RENAMES, "error=ENOSPC", &always);
        assert_refused(&again.done, 14, &["space"]);
    }
    let night = night();
    let tonight = inject(&night.merchant, &arguments(&gateway), RENAMES, "error=ENOSPC", "6");
    assert_eq!(tonight.done.code, Some(4), "{:?}", tonight.done);
    assert_report_new(&night, &tonight.done);
}

/// A sync that fails after the last rename, or the last write to the database: exit 14, and the
/// message says that the report is the new one.
#[test]
fn an_error_after_the_report_says_that_it_is_new() {
    if !has_strace() {
        return;
    }
    let gateway = Gateway::serve(&book(20));
    let (mut old, mut new) = (0, 0);
    for nth in 1_u32.. {
        let night = night();
        let nth = nth.to_string();
        let tonight = inject(&night.merchant, &arguments(&gateway), SYNCS, "error=EIO", &nth);
        let done = tonight.done;
        if !tonight.is_reached {
            break;
        }
        if done.stderr.contains("the report is the new one") {
            assert_refused(&done, 14, &[]);
            assert_hint(&done);
            assert_report_new(&night, &done);
            new += 1;
        } else if done.code == Some(14) {
            night.assert_failed(&done, 14, &[]);
            old += 1;
        } else {
            // The copies of `latest`, and the end of the write-ahead log.
            assert_eq!(done.code, Some(4), "{nth}: {done:?}");
        }
    }
    assert!(old > 5 && new > 1, "{old} before the report, {new} after it");
}

/// The signal comes at each sync and each rename, and the call takes a little longer.
#[test]
fn a_signal_after_the_last_answer_leaves_the_old_report() {
    const SIGNAL: &str = "signal=TERM:delay_exit=200000";
    if !has_strace() {
        return;
    }
    let gateway = Gateway::serve(&book(20));
    for (calls, least) in [(SYNCS, 5), (RENAMES, 0)] {
        let (mut old, mut new) = (0, 0);
        for nth in 1_u32.. {
            let night = night();
            let tonight =
                inject(&night.merchant, &arguments(&gateway), calls, SIGNAL, &nth.to_string());
            let done = tonight.done;
            if !tonight.is_reached {
                break;
            }
            if done.code == Some(4) {
                assert_report_new(&night, &done);
                new += 1;
                continue;
            }
            if tonight.signals > 1 {
                // Two threads have made so many calls. A second signal ends the process at once.
                assert_eq!(done.code, Some(143), "{calls} {nth}: {done:?}");
                night.assert_report_unchanged(&done);
                continue;
            }
            night.assert_failed(&done, 143, &["ended by signal 15"]);
            // The first syncs are the database's, before an order is asked.
            if done.stderr.contains("the previous report is unchanged") {
                old += 1;
                let resume = Night::arguments(&gateway.url, &["--resume", "2"]);
                let resumed = night.merchant.run(&resume);
                assert_eq!(resumed.code, Some(4), "{resumed:?}");
                assert_report_new(&night, &resumed);
            }
        }
        assert!(old >= least && new > 0, "{calls}: {old} before the report, {new} after it");
    }
}

/// Each read of the database fails once, whatever the command: 15 is for files that are damaged.
#[test]
fn a_read_that_fails_once_is_not_a_damage() {
    if !has_strace() {
        return;
    }
    let gateway = Gateway::serve(&book(20));
    let night = Night::new();
    let path = night.merchant.path("octopus-recon.db");
    let whole = std::fs::read(&path).unwrap();
    let run = Night::arguments(&gateway.url, &["--ledger", "ledger.csv"]);
    let check = ["check", "--base-url", &gateway.url];
    for (arguments, step) in [(&run[..], 3), (&["show", "A1"], 3), (&check, 3)] {
        let mut failed = 0;
        for nth in (3_u32..).step_by(step) {
            for leftover in ["octopus-recon.db-wal", "octopus-recon.db-shm"] {
                let _ = std::fs::remove_file(night.merchant.path(leftover));
            }
            std::fs::write(&path, &whole).unwrap();
            let tonight =
                inject(&night.merchant, arguments, "pread64", "error=EIO", &nth.to_string());
            if !tonight.is_reached {
                break;
            }
            let code = tonight.done.code;
            assert!(matches!(code, Some(0 | 14 | 127)), "{nth}: {:?}", tonight.done);
            failed += u32::from(code == Some(14));
        }
        assert!(failed > 2, "{arguments:?}");
    }
}

/// The lock is refused at each step of the first checkpoint: no half-made file is moved into place.
#[test]
fn a_database_that_is_not_whole_is_not_moved_into_place() {
    if !has_strace() {
        return;
    }
    let gateway = Gateway::serve(&book(20));
    let run = ["run", "--base-url", &gateway.url, "--rate", "2000", "--ledger", "ledger.csv"];
    let ended = |nth: u32| {
        let merchant = Merchant::new();
        merchant.write("ledger.csv", ledger(20));
        let log = merchant.path("strace.log");
        let log = log.to_str().unwrap();
        let inject = format!("inject=fcntl:error=EAGAIN:when={nth}");
        let trace = format!("trace=fcntl,{RENAMES}");
        let mut strace = vec!["-f", "-qq", "-o", log, "-e", &trace];
        if nth > 0 {
            strace.extend(["-e", &inject]);
        }
        // A lock that is not given back is waited for by the same process: for a minute.
        strace.extend(["timeout", "-s", "KILL", "2"]);
        let command = merchant.command(&run);
        let done: Done = wrapped("strace", &strace, &command).output().unwrap().into();
        (done, std::fs::read_to_string(log).unwrap(), merchant)
    };
    let (done, calls, _merchant) = ended(0);
    assert_eq!(done.code, Some(0), "{done:?}");
    let moved = calls.lines().position(|line| line.contains("octopus-recon.db-new")).unwrap();
    let process = calls.lines().nth(moved).unwrap().split(' ').next().unwrap();
    let is_lock = |line: &&str| line.starts_with(process) && line.contains("fcntl(");
    let locks: Vec<&str> = calls.lines().take(moved).filter(is_lock).collect();
    // The byte of the lock for a checkpoint.
    let first = locks.iter().rposition(|lock| lock.contains("F_WRLCK") && lock.contains("=121,"));
    let first = u32::try_from(first.unwrap()).unwrap() + 1;
    let mut failed = 0;
    for nth in first..first + 10 {
        let (done, _, merchant) = ended(nth);
        failed += u32::from(done.code != Some(0));
        let next = merchant.run(&run);
        assert_eq!(next.code, Some(0), "{nth}: {done:?} {next:?}");
    }
    assert!(failed > 0, "{locks:?}");
}
