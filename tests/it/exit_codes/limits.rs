//! Exit code 14: too few processes, files or memory, or files that may not grow. The message names
//! the limit, and nothing waits for ever.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::storage::{skip, wrapped};
use super::{Night, assert_hint, assert_refused};
use crate::support::{Done, Gateway, Merchant, book, ledger};
use std::os::unix::fs::chown;
use std::process::Command;

/// A user that has no other process: the limit on processes is one a user.
const NOBODY: &str = "64917";

/// The command of another user under a limit, ended after 30 s. Prints a message and returns `None`
/// if there can be no other user.
fn limited(limit: &str, command: &Command) -> Option<Done> {
    let limit = format!("--{limit}");
    let other = ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "prlimit", &limit];
    let is_possible = Command::new("setpriv")
        .args(&other[..5])
        .args(["test", "-x"])
        .arg(command.get_program())
        .status()
        .is_ok_and(|status| status.success());
    if !is_possible {
        skip("no root, no setpriv, or the binary is in a private directory");
        return None;
    }
    let outer = [&["-s", "KILL", "30", "setpriv"][..], &other].concat();
    Some(wrapped("timeout", &outer, command).output().unwrap().into())
}

/// A merchant whose directory belongs to the other user. The ledger has 20 orders.
fn merchant() -> Merchant {
    let merchant = Merchant::new();
    let ledger = merchant.write("ledger.csv", ledger(20));
    let id = Some(NOBODY.parse().unwrap());
    for path in [merchant.path(""), ledger] {
        // Only root can; without it the test is skipped.
        let _ = chown(path, id, id);
    }
    merchant
}

/// Tonight's run under each of these limits ends with 14 and a message about the limit, or well.
/// Returns how many failed.
fn assert_limits(name: &str, limits: impl Iterator<Item = u64>, words: &[&str]) -> Option<u32> {
    let gateway = Gateway::serve(&book(20));
    let mut failed = 0;
    for limit in limits {
        let merchant = merchant();
        let run = ["run", "--base-url", &gateway.url, "--rate", "2000", "--ledger", "ledger.csv"];
        let done = limited(&format!("{name}={limit}"), &merchant.command(&run))?;
        match done.code {
            Some(0) => {}
            Some(14) => {
                assert_refused(&done, 14, &[]);
                assert_hint(&done);
                assert!(words.iter().any(|it| done.stderr.contains(it)), "{limit}: {done:?}");
                failed += 1;
            }
            // The program could not be loaded; or, where memory is short, it could not be had in a
            // place that cannot report it.
            code => {
                let is_too_early = code == Some(127) || done.stderr.contains("shared libraries");
                let is_memory = ["memory allocation", "glibc error", "Cannot allocate memory"]
                    .iter()
                    .any(|it| done.stderr.contains(it))
                    || done.stderr.is_empty();
                assert!(is_too_early || name == "as" && is_memory, "{name} {limit}: {done:?}");
            }
        }
    }
    Some(failed)
}

#[test]
fn too_few_processes() {
    let words = ["a thread cannot be started", "no thread can be started"];
    if let Some(failed) = assert_limits("nproc", 1..=7, &words) {
        assert!(failed >= 3, "{failed}");
    }
}

#[test]
fn too_few_files() {
    let words = ["Too many open files", "unable to open database file"];
    if let Some(failed) = assert_limits("nofile", 4..=32, &words) {
        assert!(failed > 10, "{failed}");
    }
}

#[test]
fn too_little_memory() {
    // Where a file cannot be mapped into memory, SQLite says "disk I/O error"; the hint says more.
    let words =
        ["a thread cannot be started", "out of memory", "Cannot allocate", "no thread", "ulimit"];
    assert_limits("as", (40_000_000..70_000_000).step_by(1_500_000), &words);
}

#[test]
fn other_commands_with_too_few_processes() {
    let gateway = Gateway::serve(&book(20));
    for arguments in [
        &["check", "--base-url", &gateway.url][..],
        &["order", "get", "A1", "--base-url", &gateway.url],
        &["sandbox", "--listen", "127.0.0.1:0"],
        &["demo", "--out", "demo"],
        &["ledger", "ledger.csv"],
    ] {
        let merchant = merchant();
        let Some(mut done) = limited("nproc=1", &merchant.command(arguments)) else { return };
        if arguments[0] == "check" {
            // What needs no thread is looked at all the same.
            assert!(done.stdout.starts_with("error    14  process "), "{done:?}");
            assert!(done.stdout.contains("\nok           disk "), "{done:?}");
            done.stdout.clear();
        }
        assert_refused(&done, 14, &["a thread cannot be started"]);
        assert_hint(&done);
    }
}

/// SIGXFSZ would end the process, and nobody would learn why.
#[test]
fn files_that_may_not_grow() {
    let gateway = Gateway::serve(&book(20));
    for bytes in [5_000, 30_000, 150_000] {
        let night = Night::new();
        let arguments = Night::arguments(&gateway.url, &["--ledger", "ledger.csv"]);
        let limit = format!("--fsize={bytes}");
        let command = night.merchant.command(&arguments);
        let Ok(output) = wrapped("prlimit", &[&limit], &command).output() else {
            return skip("no prlimit");
        };
        let done = output.into();
        night.assert_failed(&done, 14, &[]);
        assert_hint(&done);
    }
}

#[test]
fn a_clock_that_cannot_be_right() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    let arguments = Night::arguments(&gateway.url, &["--ledger", "ledger.csv"]);
    for (shift, is_refused) in [("-100y", true), ("+8000y", true), ("+3000y", false)] {
        let command = night.merchant.command(&arguments);
        let Ok(output) = wrapped("faketime", &["-f", shift], &command).output() else {
            return skip("no faketime");
        };
        let done: Done = output.into();
        if is_refused {
            night.assert_failed(&done, 2, &["clock", "year"]);
            assert_hint(&done);
        } else {
            assert_eq!(done.code, Some(0), "{shift}: {done:?}");
        }
    }
}
