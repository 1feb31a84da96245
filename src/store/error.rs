//! What can go wrong with the database, by what a person has to do about it (contract, exit codes
//! 11, 14, 15).

use super::looking::{self, SecondLook};
use super::opening::LOCK_WAIT;
use crate::domain::text::one_line;
use rusqlite::ErrorCode;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// Exit code 11.
    #[error("another run holds the database {}: {holder}", path.display())]
    Held {
        /// The database.
        path: PathBuf,
        /// Who, as it wrote itself down.
        holder: String,
    },
    /// Exit code 14: the disk, a permission, a directory.
    #[error("the database {} cannot be {doing}: {why}", path.display())]
    Storage {
        /// The file.
        path: PathBuf,
        /// "opened", "written", …
        doing: &'static str,
        /// What the system said.
        why: String,
        /// The kind of the system's error.
        kind: ErrorKind,
    },
    /// Exit code 14: another program keeps SQLite's own lock.
    #[error(
        "another program has kept the database {} locked for {waited_seconds} s", path.display()
    )]
    Busy {
        /// The database.
        path: PathBuf,
        /// How long it was waited for.
        waited_seconds: u64,
    },
    /// Exit code 15: not ours, damaged or newer. It was not touched.
    #[error("{} is not usable as the database: {why}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: String,
    },
    /// Exit code 15: a run's rows are not what their digests say. It was not touched.
    #[error("{what}: the database {} was changed or damaged outside this program", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Which rows, of which run.
        what: String,
    },
    /// Exit code 15: a newer release made it. It was not touched.
    #[error(
        "{} is not usable as the database: a newer octopus-recon made it (schema {schema}, this \
         one knows {known})", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        schema: i64,
        /// The latest schema that this program knows.
        known: i64,
    },
    /// Exit code 14: what was read of it is not what is in it.
    #[error("the database {} cannot be read: {why}", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// What SQLite said, and what a second look found.
        why: String,
    },
    /// Exit code 15: the file has more than one name, and a lock under each.
    #[error(
        "{} is not usable as the database: it is one file with {names} names (hard links), and a \
         run under another name would overwrite this one", path.display()
    )]
    Linked {
        /// The file, by this name.
        path: PathBuf,
        /// How many names it has.
        names: u64,
    },
    /// Exit code 14: a backup cannot be written.
    #[error("the copy {} cannot be written: {why}", path.display())]
    Copy {
        /// The copy.
        path: PathBuf,
        /// What the system or SQLite said.
        why: String,
    },
    /// A signal ended a long statement.
    #[error("work on the database {} was interrupted", path.display())]
    Interrupted {
        /// The file.
        path: PathBuf,
    },
    /// Exit code 2: what was asked for is no longer there.
    #[error("{what}")]
    Pruned {
        /// What, and since when.
        what: String,
    },
    /// There is no database yet, and the command does not make one.
    #[error("there is no database {}", path.display())]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Exit code 70.
    #[error("a statement on the database {} failed: {why}", path.display())]
    Bug {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        why: String,
    },
}

impl StoreError {
    /// What a person can do about it.
    #[must_use]
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            StoreError::Held { .. } => {
                "wait until it ends: the lock ends with its process; do not delete files"
            }
            StoreError::Storage { kind: ErrorKind::NotFound, .. } => {
                "create its directory first, or name another database with --db"
            }
            StoreError::Storage { kind: ErrorKind::NotADirectory, .. } => {
                "a part of its path is a file, not a directory: name another database with --db"
            }
            StoreError::Storage { .. } => {
                "free space (also for temporary files), correct the permissions or raise the \
                 limits (ulimit -f, -n, -v), then run again"
            }
            StoreError::Unread { .. } => "check the disk (its own log, and dmesg), then run again",
            StoreError::Linked { .. } => {
                "it was not changed; `find DIRECTORY -samefile FILE` lists its names: remove all \
                 but one, or make a copy instead of a link"
            }
            StoreError::Copy { .. } => {
                "name a file in a directory that exists, that may be written to and that has room \
                 for the whole database; the database itself was not changed"
            }
            StoreError::Interrupted { .. } => "run again",
            StoreError::Busy { .. } => {
                "close that program (a SQLite browser with unsaved changes?), then run again"
            }
            StoreError::Newer { .. } => {
                "it was not changed; install the newer octopus-recon: the database is not damaged"
            }
            StoreError::Foreign { .. } => {
                "it was not changed; check --db and [store] path; if it was your database, restore \
                 a backup"
            }
            StoreError::Changed { .. } => {
                "nothing was written; restore a backup of the database; the report files that the \
                 run has written are still what it found"
            }
            StoreError::Pruned { .. } => {
                "a backup of the database from before that has it: name it with --db; the report \
                 files that the run has written are still what it found"
            }
            StoreError::Absent { .. } => {
                "`octopus-recon run --ledger …` makes it; or name another with --db"
            }
            StoreError::Bug { .. } => "this is a bug: please report it with this message",
        }
    }

    pub(super) fn io(path: &Path, doing: &'static str, error: &std::io::Error) -> StoreError {
        let (path, why) = (path.to_owned(), error.to_string());
        StoreError::Storage { path, doing, why, kind: error.kind() }
    }

    pub(super) fn foreign(path: &Path, why: impl Into<String>) -> StoreError {
        StoreError::Foreign { path: path.to_owned(), why: why.into() }
    }

    /// Sorts SQLite's errors.
    pub(super) fn sqlite(path: &Path, error: &rusqlite::Error) -> StoreError {
        let path = path.to_owned();
        let why = error.to_string();
        // A value that does not read back was not written by us.
        if matches!(
            error,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..)
        ) {
            return StoreError::Foreign { path, why: format!("it is damaged ({why})") };
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                StoreError::after_second_look(path, &why)
            }
            Some(ErrorCode::OperationInterrupted) => StoreError::Interrupted { path },
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::NoLargeFileSupport
                | ErrorCode::OutOfMemory,
            ) => StoreError::Storage { path, doing: "written", why, kind: ErrorKind::Other },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                StoreError::Busy { path, waited_seconds: LOCK_WAIT.as_secs() }
            }
            _ => StoreError::Bug { path, why },
        }
    }

    /// SQLite calls a file damaged also after a read that failed.
    pub(super) fn after_second_look(path: PathBuf, why: &str) -> StoreError {
        match looking::second_look(&path) {
            SecondLook::Damaged(complaint) => {
                let why = format!("it is damaged ({})", one_line(&complaint));
                StoreError::Foreign { path, why }
            }
            SecondLook::Whole => {
                let why = format!("SQLite said \"{why}\", but a second look found it whole");
                StoreError::Unread { path, why }
            }
            SecondLook::Unreadable(error) => StoreError::Unread { path, why: one_line(&error) },
        }
    }
}
