//! Opening a database to read it, without ever writing to it (contract, "The database").

use super::error::StoreError;
use super::opening::{
    beside, connect, is_older, keep_plans, migrate, newer, version, wait_for_lock,
};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use url::Url;

/// An existing database that is only read, and the temporary copy that it is read through, if it
/// cannot be read in its place.
pub(super) struct ReadOnly {
    pub(super) connection: Connection,
    pub(super) copy: Option<TempDir>,
}

/// Opens an existing database without ever writing to it (contract, "The database"). An older
/// schema is read through a private copy.
pub(super) fn open_read_only(path: &Path) -> Result<ReadOnly, StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::sqlite(path, &error);
    let opened = open_in_place(path)?;
    if is_older(&opened.connection).map_err(sqlite)? {
        migrated_copy(path, &opened)
    } else {
        Ok(opened)
    }
}

/// A private copy of an existing database, of this release's schema.
pub(super) fn open_copy(path: &Path) -> Result<ReadOnly, StoreError> {
    migrated_copy(path, &open_in_place(path)?)
}

/// As [`open_read_only`], but an older schema is not brought up to date: the file in its place; if
/// SQLite cannot read that without write permission, as an immutable file, or with its -wal through
/// a private copy.
pub(super) fn open_in_place(path: &Path) -> Result<ReadOnly, StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::sqlite(path, &error);
    let opened = match connect_read_only(path, "") {
        Ok(connection) => ReadOnly { connection, copy: None },
        Err(error) if needs_to_write(&error) => {
            let has_wal = beside(path, "-wal").metadata().is_ok_and(|wal| wal.len() > 0);
            if has_wal {
                copied(path)?
            } else {
                let connection = connect_read_only(path, "immutable=1").map_err(sqlite)?;
                ReadOnly { connection, copy: None }
            }
        }
        Err(error) => return Err(sqlite(error)),
    };
    let version = version(&opened.connection).map_err(sqlite)?;
    newer(path, version)?;
    Ok(opened)
}

/// SQLite's way to say that it would have to write beside the file to read it.
fn needs_to_write(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

pub(super) fn connect_read_only(path: &Path, option: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let mut uri = std::path::absolute(path)
        .ok()
        .and_then(|path| Url::from_file_path(path).ok())
        .ok_or_else(|| rusqlite::Error::InvalidPath(path.to_owned()))?;
    uri.set_query(Some(option).filter(|option| !option.is_empty()));
    let mut connection = Connection::open_with_flags(uri.as_str(), flags)?;
    connection.busy_handler(Some(wait_for_lock))?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    keep_plans(&connection)?;
    // Opening touches nothing: whether the file can be read shows at the first look.
    connection.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))?;
    Ok(connection)
}

/// A private directory, and the place of the copy in it.
fn private_directory(path: &Path) -> Result<(TempDir, PathBuf), StoreError> {
    let io = |error: std::io::Error| StoreError::io(path, "copied to be read", &error);
    let directory = tempfile::Builder::new().prefix("octopus-recon-").tempdir().map_err(io)?;
    let copy = directory.path().join("copy.db");
    Ok((directory, copy))
}

/// The file and its -wal, copied: SQLite has not opened them.
fn copied(path: &Path) -> Result<ReadOnly, StoreError> {
    let (directory, copy) = private_directory(path)?;
    let io = |error: std::io::Error| StoreError::io(path, "copied to be read", &error);
    fs::copy(path, &copy).map_err(io)?;
    fs::copy(beside(path, "-wal"), beside(&copy, "-wal")).map_err(io)?;
    for file in [copy.clone(), beside(&copy, "-wal")] {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).map_err(io)?;
    }
    let connection = connect(&copy).map_err(|error| StoreError::sqlite(path, &error))?;
    Ok(ReadOnly { connection, copy: Some(directory) })
}

/// A database of an older schema, brought up to date in a private copy.
fn migrated_copy(path: &Path, original: &ReadOnly) -> Result<ReadOnly, StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::sqlite(path, &error);
    let (directory, copy) = private_directory(path)?;
    let target =
        copy.to_str().ok_or_else(|| StoreError::foreign(&copy, "its name is not UTF-8"))?;
    original.connection.execute("VACUUM INTO ?1", [target]).map_err(sqlite)?;
    let mut connection = connect(&copy).map_err(sqlite)?;
    migrate(&mut connection).map_err(sqlite)?;
    Ok(ReadOnly { connection, copy: Some(directory) })
}
