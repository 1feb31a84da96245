//! Exit code 15: the database is damaged, newer, or not of this program. It is never changed or
//! replaced.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::{Night, assert_hint};
use crate::support::{Gateway, book, until};
use rusqlite::Connection;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Turns a database into an unusable file.
type Damage = fn(&Path);

fn execute(path: &Path, statements: &str) {
    let database = Connection::open(path).unwrap();
    database.execute_batch(statements).unwrap();
    database.close().unwrap();
}

fn truncate(path: &Path, length: impl Fn(usize) -> usize) {
    let content = std::fs::read(path).unwrap();
    std::fs::write(path, &content[..length(content.len())]).unwrap();
}

const UNUSABLE: [(&str, Damage); 9] = [
    ("SQLite", |path| std::fs::write(path, "dear diary, ".repeat(100)).unwrap()),
    ("SQLite", |path| std::fs::write(path, "short").unwrap()),
    ("empty", |path| std::fs::write(path, "").unwrap()),
    ("another application", |path| {
        std::fs::remove_file(path).unwrap();
        execute(path, "CREATE TABLE t (x); INSERT INTO t VALUES (1);");
    }),
    ("another application", |path| execute(path, "PRAGMA application_id = 77")),
    ("newer", |path| execute(path, "PRAGMA user_version = 99")),
    ("cut", |path| truncate(path, |length| length - 1)),
    ("cut", |path| truncate(path, |length| length / 2)),
    ("cut", |path| truncate(path, |_| 4096)),
];

#[test]
fn an_unusable_database_is_not_changed() {
    let gateway = Gateway::serve(&book(20));
    for (word, damage) in UNUSABLE {
        let night = Night::new();
        let path = night.merchant.path("octopus-recon.db");
        damage(&path);
        let damaged = std::fs::read(&path).unwrap();
        for more in [&[][..], &["--resume"], &["--dry-run"]] {
            let done = night.run(&gateway.url, more);
            night.assert_failed(&done, 15, &["octopus-recon.db", word]);
            assert_hint(&done);
        }
        for command in ["report", "runs", "show A1"] {
            let arguments: Vec<&str> = command.split(' ').collect();
            night.assert_failed(&night.merchant.run(&arguments), 15, &["octopus-recon.db", word]);
        }
        assert!(std::fs::read(&path).unwrap() == damaged, "{word}: the file has changed");
        for leftover in ["octopus-recon.db-wal", "octopus-recon.db-journal", "octopus-recon.db-new"]
        {
            assert!(!night.merchant.path(leftover).exists(), "{word}: {leftover}");
        }
    }
    assert_eq!(gateway.stop().len(), 0);
}

/// Every command that opens a database.
fn commands(gateway: &str) -> [Vec<&str>; 9] {
    let run = ["run", "--base-url", gateway, "--report", super::REPORT, "--ledger", "ledger.csv"];
    let decide = ["--order", "A1", "--kind", "overdue", "--decision", "accepted", "--by", "me"];
    [
        run.to_vec(),
        [&run[..], &["--dry-run"]].concat(),
        vec!["check", "--base-url", gateway],
        vec!["runs"],
        vec!["show", "A1"],
        vec!["report"],
        vec!["diff", "1", "2"],
        vec!["verify", super::REPORT],
        [&["decide"], &decide[..]].concat(),
    ]
}

/// Opening one would wait for ever, and SIGTERM would not be heard.
#[test]
fn what_is_no_file_is_no_database() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    let path = |name| night.merchant.path(name);
    assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
    let _socket = UnixListener::bind(path("socket")).unwrap();
    std::os::unix::fs::symlink(path("pipe"), path("link")).unwrap();
    for place in ["pipe", "socket", "link", "reports", "/dev/null", "/dev/zero"] {
        for command in commands(&gateway.url) {
            let more = ["--db", place];
            let mut running = night.merchant.start(&[&command[..], &more].concat());
            let started = Instant::now();
            until("it ends", || running.is_over() || started.elapsed().as_secs() > 10);
            assert!(running.is_over(), "{command:?} waits for {place}");
            let done = running.end();
            assert_eq!(done.code, Some(15), "{command:?} {place}: {done:?}");
            assert!(done.stderr.contains("not a file"), "{command:?} {place}: {done:?}");
            night.assert_report_unchanged(&done);
        }
        assert!(!Path::new(&format!("{place}-lock")).exists(), "nothing is put beside {place}");
    }
    assert!(gateway.stop().iter().all(|call| call.order_id.as_deref() != Some("A1")));
}

/// A second name has a lock of its own, and a run under it overwrites what the other one writes.
#[test]
fn a_database_with_two_names_is_refused_under_both() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    std::fs::create_dir(night.merchant.path("other")).unwrap();
    let names = ["octopus-recon.db", "other/second.db"];
    std::fs::hard_link(night.merchant.path(names[0]), night.merchant.path(names[1])).unwrap();
    let before = std::fs::read(night.merchant.path(names[0])).unwrap();
    for name in names {
        for command in commands(&gateway.url) {
            let done = night.merchant.run(&[&command[..], &["--db", name]].concat());
            assert_eq!(done.code, Some(15), "{command:?}: {done:?}");
            assert!(done.stderr.contains("hard link"), "{done:?}");
            assert_hint(&done);
            night.assert_report_unchanged(&done);
        }
    }
    assert!(std::fs::read(night.merchant.path(names[0])).unwrap() == before);
    std::fs::remove_file(night.merchant.path(names[1])).unwrap();
    assert_eq!(night.run(&gateway.url, &[]).code, Some(0));
}

/// Our mark, and somebody else's tables, or none.
#[test]
fn a_database_without_our_tables_is_not_changed() {
    const MARK: &str = "PRAGMA application_id = 0x4f435243; PRAGMA user_version";
    let gateway = Gateway::serve(&book(20));
    for tables in [
        format!("{MARK} = 6"),
        format!("{MARK} = 6; CREATE TABLE t (x)"),
        format!("{MARK} = 0; CREATE TABLE t (x)"),
        format!("{MARK} = 3; CREATE TABLE runs (run_id INTEGER PRIMARY KEY, base_url)"),
        format!("PRAGMA journal_mode = WAL; {MARK} = 6; CREATE TABLE runs (x)"),
    ] {
        let night = Night::new();
        let path = night.merchant.path("octopus-recon.db");
        std::fs::remove_file(&path).unwrap();
        execute(&path, &format!("CREATE TABLE gone (x); DROP TABLE gone; {tables}"));
        let before = std::fs::read(&path).unwrap();
        for command in commands(&gateway.url) {
            let done = night.merchant.run(&command);
            assert_eq!(done.code, Some(15), "{tables}, {command:?}: {done:?}");
            assert!(done.stderr.contains("tables"), "{done:?}");
            assert!(std::fs::read(&path).unwrap() == before, "{tables}, {command:?}: changed");
            for leftover in ["-wal", "-shm", "-journal", "-new"] {
                let leftover = night.merchant.path(&format!("octopus-recon.db{leftover}"));
                assert!(!leftover.exists(), "{command:?}: {}", leftover.display());
            }
            night.assert_report_unchanged(&done);
        }
    }
}

/// Damage is found only when its page is read. A run may skip the page; `check` reads all pages.
#[test]
fn damage_in_the_middle_is_never_read_as_data() {
    let gateway = Gateway::serve(&book(20));
    let night = Night::new();
    let path = night.merchant.path("octopus-recon.db");
    let whole = std::fs::read(&path).unwrap();
    // Pages that hold no data: they belonged to a table that a migration replaced.
    let mut free = night.merchant.sql("PRAGMA freelist_count");
    let mut found = 0;
    for page in 1..whole.len() / 4096 {
        let mut content = whole.clone();
        content[page * 4096..(page + 1) * 4096].fill(0xA5);
        std::fs::write(&path, &content).unwrap();
        let done = night.merchant.run(&["check", "--base-url", &gateway.url]);
        if done.code == Some(0) && free > 0 {
            free -= 1;
            continue;
        }
        assert_eq!(done.code, Some(15), "page {page}: {done:?}");
        assert!(std::fs::read(&path).unwrap() == content, "page {page}: changed");
        let done = night.run(&gateway.url, &[]);
        if done.code == Some(0) {
            for path in night.merchant.report_files().into_keys() {
                std::fs::remove_file(path).unwrap();
            }
            for (path, content) in &night.report {
                std::fs::write(path, content).unwrap();
            }
        } else {
            found += 1;
            night.assert_failed(&done, 15, &["damaged"]);
        }
        for leftover in ["octopus-recon.db-wal", "octopus-recon.db-shm"] {
            let _ = std::fs::remove_file(night.merchant.path(leftover));
        }
    }
    assert!(found > 3);
}
