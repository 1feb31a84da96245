//! How long another program's lock is waited for.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::*;

#[test]
fn the_lock_of_another_program_is_waited_for_for_a_minute() {
    let tries = i32::try_from(LOCK_WAIT.as_millis() / LOCK_PAUSE.as_millis()).unwrap();
    assert_eq!(LOCK_WAIT.as_secs(), 60);
    assert!(wait_for_lock(0) && wait_for_lock(tries - 1));
    assert!(!wait_for_lock(tries));
    let path = Path::new("octopus-recon.db");
    let locked = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None);
    let error = StoreError::sqlite(path, &locked);
    assert!(error.to_string().contains("locked for 60 s"), "{error}");
    assert!(error.hint().contains("close that program"), "{}", error.hint());
}

#[test]
fn a_locked_database_can_be_read_and_written_once_it_is_free() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("octopus-recon.db");
    create(&path).unwrap();
    let holder = Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ours = open(&path, true).unwrap();
    let writer = std::thread::spawn(move || ours.execute("DELETE FROM rebuilt_events", ()));
    assert!(crate::store::reading::open_read_only(&path).is_ok());
    holder.execute_batch("ROLLBACK").unwrap();
    assert!(writer.join().unwrap().is_ok());
}

#[test]
fn recording_a_killed_run_does_not_shorten_the_wait() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("octopus-recon.db");
    let mut store = crate::store::Store::open(&path, DateTime::UNIX_EPOCH).unwrap();
    let run = "INSERT INTO runs (started_at_ms, run_day, status, selection, base_url, merchant_uid)
               VALUES (0, '2026-01-01', 'asking', 'x', '', '')";
    store.connection().execute(run, ()).unwrap();
    store.end_killed_runs(|_| None).unwrap();
    let wait = |store: &crate::store::Store| -> i64 {
        store.connection().query_row("PRAGMA busy_timeout", (), |row| row.get(0)).unwrap()
    };
    // With a handler of our own SQLite's own timeout is not set.
    assert_eq!(wait(&store), 0);
    store.wait_briefly().unwrap();
    assert_eq!(wait(&store), 1_000);
}
