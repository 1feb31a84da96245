//! How long another program's lock is waited for.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::*;

#[test]
fn another_programs_lock_is_waited_for_for_a_minute() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("octopus-recon.db");
    create(&path).unwrap();
    let waits = |connection: &Connection| -> i64 {
        connection.query_row("PRAGMA busy_timeout", (), |row| row.get(0)).unwrap()
    };
    assert_eq!(waits(&open(&path, true).unwrap()), 60_000);
    assert_eq!(waits(&open_read_only(&path).unwrap().connection), 60_000);
    let locked = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None);
    let error = StoreError::sqlite(&path, &locked);
    assert!(error.to_string().contains("locked for 60 s"), "{error}");
    assert!(error.hint().contains("close that program"), "{}", error.hint());
}
