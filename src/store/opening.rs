//! Making, checking, locking and migrating the database file (contract, "The database"; faults,
//! "Crashes and storage").

use super::error::StoreError;
use super::{looking, shared_payments};
use crate::domain::text;
use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, ffi};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// "OCRC": marks a file as ours.
pub(super) const APPLICATION_ID: i32 = 0x4f43_5243;
/// Append-only; the schema's version is how many of them are applied.
const MIGRATIONS: &[&str] = &[
    include_str!("../../sql/0001_ledger_answers_and_runs.sql"),
    include_str!("../../sql/0002_less_to_write.sql"),
    include_str!("../../sql/0003_versions.sql"),
    include_str!("../../sql/0004_events.sql"),
    include_str!("../../sql/0005_ledger_doubts.sql"),
    include_str!("../../sql/0006_decisions.sql"),
    include_str!("../../sql/0007_row_digests.sql"),
    include_str!("../../sql/0008_suspect_findings.sql"),
    include_str!("../../sql/0009_scheduled_nights.sql"),
    include_str!("../../sql/0010_prune.sql"),
];
/// Made anew after each migration.
const VIEWS: &str = include_str!("../../sql/views.sql");
/// How long SQLite's own lock is waited for, if another program holds it (contract, "Exit codes").
pub(super) const LOCK_WAIT: Duration = Duration::from_mins(1);
/// Between two tries.
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// The try after which the wait is said.
const LOCK_SAID_AT: u32 = 40;

/// The bytes of a lock file that say who has it.
const LONGEST_HOLDER: u64 = 256;

/// The right to write: dies with the process.
pub(super) struct Lock {
    _file: File,
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The one name of a database, so that two names for it cannot hold two locks.
pub(super) fn real_path(path: &Path) -> Result<PathBuf, StoreError> {
    let io = |error: std::io::Error| StoreError::io(path, "opened", &error);
    if path.symlink_metadata().is_ok() {
        return path.canonicalize().map_err(io);
    }
    let name = path
        .file_name()
        .ok_or_else(|| StoreError::foreign(path, "it is a directory, not a file"))?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    Ok(parent.canonicalize().map_err(io)?.join(name))
}

/// Whether the process that took the lock last is alive. The lock itself is not tried: that could
/// keep a run from starting.
pub(super) fn has_live_holder(path: &Path) -> bool {
    let lock = real_path(path).ok().map(|path| beside(&path, "-lock"));
    // Anything else there could keep a reader waiting.
    let lock = lock.filter(|lock| lock.metadata().is_ok_and(|lock| lock.is_file()));
    let lock = lock.and_then(|lock| holder(&mut File::open(lock).ok()?));
    let process =
        lock.as_deref().and_then(|holder| holder.strip_prefix("process ")?.split(',').next());
    process
        .and_then(|process| Pid::from_raw(process.parse().ok()?))
        .is_some_and(|process| !matches!(test_kill_process(process), Err(Errno::SRCH)))
}

/// What a lock file says of its holder. Others than this program may have written it.
fn holder(file: &mut File) -> Option<String> {
    let mut holder = String::new();
    file.take(LONGEST_HOLDER).read_to_string(&mut holder).ok()?;
    Some(text::printable(&holder))
}

/// Whether this user may take the lock, if its file is there: it may be another user's. It is not
/// taken.
pub(super) fn can_lock(path: &Path) -> Result<(), StoreError> {
    let lock_path = beside(path, "-lock");
    match lock_path.symlink_metadata() {
        // Anything else could keep a reader waiting, such as a pipe.
        Ok(found) if found.is_file() => open_lock(&lock_path, false).map(drop),
        _ => Ok(()),
    }
}

fn open_lock(lock_path: &Path, create: bool) -> Result<File, StoreError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(create)
        .truncate(false)
        .mode(0o600)
        // A link that somebody else has placed there is not followed.
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(lock_path)
        .map_err(|error| StoreError::io(lock_path, "locked", &error))
}

/// Takes the lock beside the database, or says who has it.
pub(super) fn lock(path: &Path, now: DateTime<Utc>) -> Result<Lock, StoreError> {
    let lock_path = beside(path, "-lock");
    let mut file = open_lock(&lock_path, true)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            // What it says is only for people: an unreadable one is still a holder.
            let holder = holder(&mut file).filter(|holder| !holder.is_empty());
            let holder =
                holder.unwrap_or_else(|| "a process that has only just started".to_owned());
            return Err(StoreError::Held { path: path.to_owned(), holder });
        }
        Err(TryLockError::Error(error)) => {
            return Err(StoreError::io(&lock_path, "locked", &error));
        }
    }
    let since = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let holder = format!("process {}, since {since}\n", std::process::id());
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(holder.as_bytes()))
        .map_err(|error| StoreError::io(&lock_path, "locked", &error))?;
    Ok(Lock { _file: file })
}

/// Makes a new database beside its place and moves it there whole, so that a crash or a full disk
/// leaves none rather than half of one. Needs the lock.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    // Reading leaves an empty -wal behind, which holds nothing.
    if beside(path, "-wal").symlink_metadata().is_ok_and(|wal| wal.len() > 0) {
        return Err(StoreError::foreign(
            path,
            "the file is gone, but its -wal is still there and would be played into a new one",
        ));
    }
    let draft = beside(path, "-new");
    remove_draft(&draft)?;
    let made = draw_up(&draft, path);
    if made.is_err() {
        // Best effort: what stays is removed by the next run.
        let _ = remove_draft(&draft);
    }
    made
}

fn remove_draft(draft: &Path) -> Result<(), StoreError> {
    for stale in [draft.to_owned(), beside(draft, "-wal"), beside(draft, "-shm")] {
        match fs::remove_file(&stale) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io(&stale, "removed", &error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn draw_up(draft: &Path, path: &Path) -> Result<(), StoreError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)
        .map_err(|error| StoreError::io(path, "made", &error))?;
    let sqlite = |error: rusqlite::Error| StoreError::sqlite(path, &error);
    let mut connection = connect(draft).map_err(sqlite)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
    migrate(&mut connection).map_err(sqlite)?;
    // Closing would do this too, but say nothing when it fails; and the WAL does not move along.
    // A checkpoint that did not get its lock is no error: it says so in its row.
    let is_busy: bool = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get("busy"))
        .map_err(sqlite)?;
    connection.close().map_err(|(_, error)| sqlite(error))?;
    if is_busy || !looking::is_whole(draft, known_schema()) {
        let why = "what was written to it does not read back".to_owned();
        let (path, kind) = (path.to_owned(), std::io::ErrorKind::Other);
        return Err(StoreError::Storage { path, doing: "made", why, kind });
    }
    fs::rename(draft, path).map_err(|error| StoreError::io(path, "made", &error))?;
    sync_directory(path).map_err(|error| StoreError::io(path, "made", &error))
}

fn sync_directory(path: &Path) -> std::io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}

/// The schema of this release.
fn known_schema() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// An empty database of an earlier schema, or of this one, to compare others with.
pub(super) fn empty_of_schema(schema: i64) -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    shared_payments::add_payment_hash(&connection)?;
    // As in `migrate`.
    connection.pragma_update(None, "foreign_keys", false)?;
    let steps = usize::try_from(schema).unwrap_or(0);
    for migration in MIGRATIONS.iter().take(steps) {
        connection.execute_batch(migration)?;
    }
    Ok(connection)
}

pub(super) fn newer(path: &Path, schema: i64) -> Result<(), StoreError> {
    let known = known_schema();
    if schema > known {
        return Err(StoreError::Newer { path: path.to_owned(), schema, known });
    }
    Ok(())
}

/// The database and what belongs to it are for their owner alone (contract, "The database").
pub(super) fn keep_private(path: &Path) -> Result<(), StoreError> {
    for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        let Ok(metadata) = file.metadata() else { continue };
        if metadata.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600))
                .map_err(|error| StoreError::io(&file, "made private", &error))?;
        }
    }
    Ok(())
}

/// Opens an existing database to write. `migrating` needs the lock.
pub(super) fn open(path: &Path, migrating: bool) -> Result<Connection, StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::sqlite(path, &error);
    let mut connection = connect(path).map_err(sqlite)?;
    newer(path, version(&connection).map_err(sqlite)?)?;
    if migrating {
        migrate(&mut connection).map_err(sqlite)?;
    }
    Ok(connection)
}

/// Whether an earlier release made it, and nothing has brought it up to date since.
pub(super) fn is_older(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(older_schema(connection)?.is_some())
}

/// As [`is_older`]: its schema, and the one of this release.
pub(super) fn older_schema(connection: &Connection) -> rusqlite::Result<Option<(i64, i64)>> {
    let (version, known) = (version(connection)?, known_schema());
    Ok((version < known).then_some((version, known)))
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", (), |row| row.get(0))
}

pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(wait_for_lock))?;
    connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get::<_, String>(0))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    keep_plans(&connection)?;
    shared_payments::add_payment_hash(&connection)?;
    Ok(connection)
}

/// Keeps statements and their plans. Without it SQLite may plan a statement anew for each value
/// that is bound to it.
pub(super) fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Waits for another program's lock after so many tries. `false`: the wait is over.
pub(super) fn wait_for_lock(tries: i32) -> bool {
    let tries = u32::try_from(tries).unwrap_or(0);
    if LOCK_PAUSE.saturating_mul(tries) >= LOCK_WAIT {
        return false;
    }
    if tries == LOCK_SAID_AT {
        let seconds = LOCK_WAIT.as_secs();
        tracing::warn!("another program has locked the database: waiting for up to {seconds} s");
    }
    std::thread::sleep(LOCK_PAUSE);
    true
}

/// Applies what is missing, all of it in one transaction: a database is of one release or of
/// another.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    if !is_older(connection)? {
        return Ok(());
    }
    // A table that others refer to cannot be made anew otherwise. What they refer to is checked in
    // the end.
    connection.pragma_update(None, "foreign_keys", false)?;
    let migrated = apply(connection);
    connection.pragma_update(None, "foreign_keys", true)?;
    migrated
}

fn apply(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have migrated it since.
    let version: i64 = transaction.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    let missing = MIGRATIONS.get(usize::try_from(version).unwrap_or(0)..).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    for migration in missing {
        transaction.execute_batch(migration)?;
    }
    transaction.execute_batch(VIEWS)?;
    let dangling = transaction.prepare("PRAGMA foreign_key_check")?.exists(())?;
    if dangling {
        return Err(rusqlite::Error::SqliteFailure(
            ffi::Error::new(ffi::SQLITE_CONSTRAINT_FOREIGNKEY),
            Some("a row refers to a row that does not exist".to_owned()),
        ));
    }
    let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    transaction.pragma_update(None, "user_version", newest)?;
    transaction.commit()
}

/// An empty database that goes with its connection: SQLite keeps it in a temporary file, so that
/// memory does not grow with it.
pub(super) fn temporary() -> rusqlite::Result<Connection> {
    let mut connection = Connection::open("")?;
    shared_payments::add_payment_hash(&connection)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    migrate(&mut connection)?;
    Ok(connection)
}

#[cfg(test)]
#[path = "opening_tests.rs"]
mod tests;
