//! Looking at a database file before it is used, and once more after SQLite has complained of it
//! (contract, exit code 15: not ours, damaged, newer; untouched).

use super::error::StoreError;
use super::opening::{APPLICATION_ID, beside, empty_of_schema, newer, version};
use super::reading::connect_read_only;
use rusqlite::{Connection, ErrorCode};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Files that SQLite and this program keep beside a database.
const BESIDE: [&str; 4] = ["-wal", "-shm", "-journal", "-lock"];

/// Refuses what is no plain file of its own, without opening it: a pipe or a device would keep the
/// command waiting.
pub(super) fn refuse_special(path: &Path) -> Result<(), StoreError> {
    let metadata = fs::metadata(path).map_err(|error| StoreError::io(path, "opened", &error))?;
    if metadata.is_dir() {
        return Err(StoreError::foreign(path, "it is a directory, not a file"));
    }
    if !metadata.is_file() {
        return Err(StoreError::foreign(path, "it is a device, a pipe or a socket, not a file"));
    }
    // SQLite keeps locks and newest data in files beside the name that it was given. Under another
    // name of the same file it finds neither, and two runs overwrite each other.
    if metadata.nlink() > 1 {
        return Err(StoreError::Linked { path: path.to_owned(), names: metadata.nlink() });
    }
    for suffix in BESIDE {
        let file = beside(path, suffix);
        if fs::metadata(&file).is_ok_and(|metadata| !metadata.is_file()) {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            return Err(StoreError::foreign(path, format!("{name} beside it is not a file")));
        }
    }
    Ok(())
}

/// Refuses what is not our database, before SQLite opens (and so might change) it. Never called
/// while this process has the file open: closing it here would drop SQLite's locks.
pub(super) fn inspect(path: &Path) -> Result<(), StoreError> {
    let io = |error: std::io::Error| StoreError::io(path, "opened", &error);
    refuse_special(path)?;
    let mut header = [0_u8; 100];
    let mut file = File::options()
        .read(true)
        // It may have become a pipe in the meantime.
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    if length == 0 {
        return Err(StoreError::foreign(path, "it is empty (0 bytes)"));
    }
    if length < 100 {
        return Err(StoreError::foreign(path, "it is not a SQLite database"));
    }
    file.read_exact(&mut header).map_err(io)?;
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(StoreError::foreign(path, "it is not a SQLite database"));
    }
    let number = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    if i64::from(number(68)) != i64::from(APPLICATION_ID) {
        return Err(StoreError::foreign(path, "it belongs to another application"));
    }
    newer(path, i64::from(number(60)))?;
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    // With a WAL the file may rightly be shorter than its header says.
    let wal = fs::metadata(beside(path, "-wal")).map_or(0, |wal| wal.len());
    if wal == 0 && length < page * u64::from(number(28)) {
        return Err(StoreError::foreign(
            path,
            format!("it is cut: {length} bytes of {}", page * u64::from(number(28))),
        ));
    }
    Ok(())
}

/// Whether a database that was just made is in its file, with nothing left in its -wal.
pub(super) fn is_whole(path: &Path, schema: i64) -> bool {
    let has_wal = beside(path, "-wal").metadata().is_ok_and(|wal| wal.len() > 0);
    !has_wal
        && inspect(path).is_ok()
        && connect_read_only(path, "immutable=1")
            .and_then(|connection| {
                Ok(version(&connection)? == schema && has_our_tables(&connection)?)
            })
            .unwrap_or(false)
}

/// Refuses a database that bears our mark and holds something else, before anything is written.
pub(super) fn refuse_other_tables(path: &Path) -> Result<(), StoreError> {
    let has_wal = || beside(path, "-wal").metadata().is_ok_and(|wal| wal.len() > 0);
    let look = |option| connect_read_only(path, option).and_then(|it| has_our_tables(&it));
    // Opened as immutable, it leaves nothing beside the file. Another process may be writing.
    let looked = if has_wal() {
        look("")
    } else {
        match look("immutable=1") {
            Ok(true) => return Ok(()),
            _ if has_wal() => look(""),
            looked => looked,
        }
    };
    match looked {
        Ok(false) => Err(StoreError::foreign(
            path,
            "it bears the mark of octopus-recon, but does not have its tables",
        )),
        // Its lock was waited for: once is enough.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            Err(StoreError::sqlite(path, &error))
        }
        // How it is opened next says what a person can do.
        _ => Ok(()),
    }
}

/// Whether every table and column of its schema is there. More is no harm.
fn has_our_tables(connection: &Connection) -> rusqlite::Result<bool> {
    let schema = version(connection)?;
    if schema < 1 {
        return Ok(false);
    }
    let ours = columns(&empty_of_schema(schema)?)?;
    Ok(ours.is_subset(&columns(connection)?))
}

fn columns(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    connection
        .prepare(
            "SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
             WHERE m.type = 'table'",
        )?
        .query_map((), |row| row.get(0))?
        .collect()
}

/// What a second look at a file found, after SQLite called it damaged.
pub(super) enum SecondLook {
    /// SQLite's complaint.
    Damaged(String),
    /// The first look had read what is not in the file.
    Whole,
    /// The file cannot be read.
    Unreadable(String),
}

/// Reads a whole database again, through a connection that has nothing of it in memory. A read that
/// failed or came back short makes SQLite call a file damaged that is not.
pub(super) fn second_look(path: &Path) -> SecondLook {
    let complaint = connect_read_only(path, "").and_then(|it| {
        super::shared_payments::add_payment_hash(&it)?;
        complaint(&it, "PRAGMA integrity_check(1)")
    });
    match complaint {
        Ok(None) => SecondLook::Whole,
        Ok(Some(complaint)) => SecondLook::of(complaint),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                SecondLook::Damaged(error.to_string())
            }
            _ => SecondLook::Unreadable(error.to_string()),
        },
    }
}

impl SecondLook {
    /// A check goes on after a page that cannot be read, and names the error's number.
    fn of(complaint: String) -> SecondLook {
        const IO_ERROR: u32 = 10;
        let code = complaint
            .rsplit_once("error code=")
            .and_then(|(_, code)| code.trim().parse::<u32>().ok());
        if code.is_some_and(|code| code & 0xFF == IO_ERROR) {
            return SecondLook::Unreadable(complaint);
        }
        SecondLook::Damaged(complaint)
    }
}

/// The first complaint of one of SQLite's own checks, if there is one.
pub(super) fn complaint(connection: &Connection, check: &str) -> rusqlite::Result<Option<String>> {
    let answer: String = connection.query_row(check, (), |row| row.get(0))?;
    Ok((answer != "ok").then_some(answer))
}
