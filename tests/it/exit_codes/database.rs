//! Exit code 15: the database is damaged, newer, or not of this program. It is never changed or
//! replaced.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::{Night, assert_hint};
use crate::support::{Gateway, book};
use rusqlite::Connection;
use std::path::Path;

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

#[test]
fn a_directory_is_no_database() {
    let night = Night::new();
    let gateway = Gateway::serve(&book(20));
    let done = night.run(&gateway.url, &["--db", "reports"]);
    night.assert_failed(&done, 15, &["not a file"]);
    assert_eq!(gateway.stop().len(), 0);
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
