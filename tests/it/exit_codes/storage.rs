//! Exit code 14: storage. Problems that can be found before the first call are reported before it.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::{Night, assert_hint, assert_refused};
use crate::support::{Done, Gateway, Merchant, book};
use std::fs::{Permissions, set_permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// The command without root's permission to read and write every file. Prints a message and returns
/// `None` if that is not possible.
pub fn without_root(merchant: &Merchant, arguments: &[&str]) -> Option<Command> {
    let probe = merchant.write("probe", "");
    set_permissions(&probe, Permissions::from_mode(0o000)).unwrap();
    let command = merchant.command(arguments);
    if std::fs::read(&probe).is_err() {
        return Some(command);
    }
    let drop = ["--bounding-set=-all", "--inh-caps=-all"];
    if !Command::new("setpriv").args(drop).arg("true").status().is_ok_and(|it| it.success()) {
        skip("no setpriv to drop root's permissions");
        return None;
    }
    Some(wrapped("setpriv", &drop, &command))
}

/// The same command, started by a wrapper.
pub fn wrapped(wrapper: &str, arguments: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(wrapper);
    outer.args(arguments).arg(command.get_program()).args(command.get_args());
    outer.current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        outer.env(name, value.unwrap());
    }
    outer
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

/// Prints a message if system calls cannot be tampered with.
pub fn has_strace() -> bool {
    let is_available = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).status();
    let is_available = is_available.is_ok_and(|status| status.success());
    if !is_available {
        skip("no strace");
    }
    is_available
}

fn set_mode(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn an_unusable_report_path_is_found_before_the_first_call() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    let merchant = &night.merchant;
    merchant.write("file", "mine");
    std::fs::create_dir(merchant.path("directory")).unwrap();
    let ledger = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv"];
    for (place, words) in [
        (["--out", "file"], ["file", "another directory with --out"]),
        (["--out", "file/below"], ["file/below", "another directory with --out"]),
        (["--out", "/proc/nowhere"], ["/proc/nowhere", "another one with --out"]),
        (["--report", "directory"], ["directory", "name a file with --report"]),
        (["--report", "/dev/null"], ["/dev/null", "name a file with --report"]),
        (["--report", "file/report.csv"], ["file", "a file is in the place of the directory"]),
    ] {
        let done = merchant.run(&[&ledger[..], &place].concat());
        night.assert_failed(&done, 14, &words);
    }
    assert_eq!(std::fs::read(merchant.path("file")).unwrap(), b"mine");
    assert_eq!(gateway.stop().len(), 0);
}

#[test]
fn a_directory_without_permission_is_found_before_the_first_call() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    let arguments = Night::arguments(&gateway.url, &["--ledger", "ledger.csv"]);
    let Some(mut command) = without_root(&night.merchant, &arguments) else { return };
    let reports = night.merchant.path("reports");
    set_mode(&reports, 0o500);
    let done = command.output().unwrap().into();
    set_mode(&reports, 0o700);
    night.assert_failed(&done, 14, &["reports", "denied", "--out"]);
    assert_eq!(gateway.stop().len(), 0);
}

#[test]
fn an_unusable_database_path_is_found_before_the_first_call() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    for database in ["nowhere/octopus-recon.db", "ledger.csv/octopus-recon.db"] {
        let done = night.run(&gateway.url, &["--db", database]);
        night.assert_failed(&done, 14, &[database]);
        assert_hint(&done);
    }
    std::fs::create_dir(night.merchant.path("closed")).unwrap();
    set_mode(&night.merchant.path("closed"), 0o500);
    let more = ["--ledger", "ledger.csv", "--db", "closed/octopus-recon.db"];
    let arguments = Night::arguments(&gateway.url, &more);
    if let Some(mut command) = without_root(&night.merchant, &arguments) {
        let done = command.output().unwrap().into();
        night.assert_failed(&done, 14, &["closed/octopus-recon.db", "denied"]);
        assert_hint(&done);
    }
    assert_eq!(gateway.stop().len(), 0);
}

/// Runs the command in a separate mount namespace, in which `disk` has this number of KiB. Prints a
/// message and returns `None` if mounting is not allowed.
pub fn on_a_small_disk(command: &Command, kib: u32) -> Option<Done> {
    let probe = ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"];
    if !Command::new("unshare").args(probe).status().is_ok_and(|it| it.success()) {
        skip("mounting is not allowed");
        return None;
    }
    // The content of the disk is copied to `after`, so that the test can read it.
    let script = format!(
        "mount -t tmpfs -o size={kib}k tmpfs disk || exit 99; cp before/* disk/ 2>/dev/null; \
         \"$@\"; code=$?; cp -r disk/. after/; exit $code"
    );
    Some(wrapped("unshare", &["-rm", "sh", "-c", &script, "sh"], command).output().unwrap().into())
}

/// For every size of disk: the run succeeds or ends with 14, the old report is unchanged, and the
/// run can be resumed.
fn assert_full_disks(sizes: impl Iterator<Item = u32>, places: &[&str], database: &str) {
    let gateway = Gateway::serve(&book(20));
    let mut failed = 0;
    for kib in sizes {
        let night = Night::new();
        let merchant = &night.merchant;
        for directory in ["disk", "before", "after"] {
            std::fs::create_dir(merchant.path(directory)).unwrap();
        }
        merchant.write("before/latest.csv", "old");
        let run = ["run", "--base-url", &gateway.url, "--rate", "2000", "--ledger", "ledger.csv"];
        let command = merchant.command(&[&run[..], places].concat());
        let Some(done) = on_a_small_disk(&command, kib) else { return };
        if done.code == Some(0) {
            continue;
        }
        failed += 1;
        assert_refused(&done, 14, &["space"]);
        assert_eq!(std::fs::read(merchant.path("after/latest.csv")).unwrap(), b"old");
        let left = std::fs::read_dir(merchant.path("after")).unwrap();
        let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let temporary: Vec<String> =
            names.filter(|name| name.starts_with('.') || name.contains("tmp")).collect();
        assert_eq!(temporary, [""; 0], "{kib} KiB");
        // With enough space the run is resumed.
        let resumed = merchant
            .reconcile(&gateway.url, &["--ledger", "ledger.csv", "--db", database, "--resume"]);
        assert_eq!(resumed.code, Some(0), "{kib} KiB: {done:?} {resumed:?}");
        assert_eq!(resumed.json()["orders"]["matched"], 20);
    }
    assert!(failed > 1, "no disk was small enough");
}

#[test]
fn a_full_disk_under_the_database() {
    let places = ["--db", "disk/o.db", "--report", "disk/latest.csv"];
    assert_full_disks((8..=400).step_by(28), &places, "after/o.db");
}

#[test]
fn a_full_disk_under_the_report() {
    let places = ["--db", "o.db", "--report", "disk/latest.csv"];
    // One page for the old report, and none for the new one.
    assert_full_disks([4, 4, 8].into_iter(), &places, "o.db");
}

#[test]
fn a_full_stdout_is_reported() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    let arguments = Night::arguments(&gateway.url, &["--ledger", "ledger.csv"]);
    let full = std::fs::File::options().write(true).open("/dev/full");
    let Ok(mut full) = full else { return skip("no /dev/full") };
    assert!(full.write(b"x").is_err());
    let output = night.merchant.command(&arguments).stdout(full).output().unwrap();
    let done = Done::from(output);
    assert_refused(&done, 14, &["space"]);
}
