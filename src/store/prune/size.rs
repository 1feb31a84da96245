//! How much room the database takes, and making its file smaller.

use super::dropping::Rows;
use crate::store::Store;
use crate::store::error::StoreError;
use rusqlite::Connection;
use std::fs;
use std::path::Path;

/// The size of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileSize {
    /// All of it.
    pub(crate) bytes: u64,
    /// What is free inside it: later nights use it before the file grows.
    pub(crate) free_bytes: u64,
}

/// About how many bytes these rows take with their indexes: their share of their tables' pages.
pub(super) fn of_rows(connection: &Connection, rows: &Rows) -> rusqlite::Result<u64> {
    let mut bytes: u64 = 0;
    for (table, going) in rows.tables() {
        let sql = ["SELECT count(*) FROM ", table].concat();
        let all: i64 = connection.query_row(&sql, (), |row| row.get(0))?;
        let size: i64 = connection
            .prepare_cached(
                "SELECT coalesce(sum(pgsize), 0) FROM dbstat
                 WHERE aggregate = 1
                   AND name IN (SELECT name FROM sqlite_schema WHERE tbl_name = ?1)",
            )?
            .query_row([table], |row| row.get(0))?;
        let share = u128::from(size.unsigned_abs()) * u128::from(going);
        let share = share / u128::from(all.unsigned_abs().max(1));
        bytes = bytes.saturating_add(u64::try_from(share).unwrap_or(u64::MAX));
    }
    Ok(bytes)
}

impl Store {
    /// How much room the database takes.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn file_size(&self) -> Result<FileSize, StoreError> {
        let number = |pragma: &str| {
            self.connection
                .pragma_query_value(None, pragma, |row| row.get::<_, i64>(0))
                .map(i64::unsigned_abs)
                .map_err(|error| self.error(&error))
        };
        let page = number("page_size")?;
        Ok(FileSize {
            bytes: number("page_count")?.saturating_mul(page),
            free_bytes: number("freelist_count")?.saturating_mul(page),
        })
    }

    /// Writes the database anew without the room that is free in it, and makes its file smaller.
    ///
    /// # Errors
    /// There is too little room on the disk. Or the disk fails, or a signal comes. In each case the
    /// database is unchanged.
    pub(crate) fn vacuum(&mut self) -> Result<(), StoreError> {
        let FileSize { bytes, free_bytes } = self.file_size()?;
        self.refuse_small_disk(bytes.saturating_sub(free_bytes))?;
        self.connection
            .execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")
            .map_err(|error| self.error(&error))
    }

    /// SQLite writes a whole copy into a temporary file, and from there into the -wal.
    fn refuse_small_disk(&self, copy: u64) -> Result<(), StoreError> {
        let parent = self.path.parent().filter(|it| !it.as_os_str().is_empty());
        let directories = [parent.unwrap_or(Path::new(".")).to_owned(), tempfile::env::temp_dir()];
        let device =
            |path: &Path| fs::metadata(path).map(|it| std::os::unix::fs::MetadataExt::dev(&it));
        let is_one_disk = match (device(&directories[0]), device(&directories[1])) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        };
        let needed = if is_one_disk { copy.saturating_mul(2) } else { copy };
        for directory in directories {
            let Ok(space) = rustix::fs::statvfs(&directory) else { continue };
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            if free < needed {
                let (needed, free) = (needed >> 20, free >> 20);
                let why = format!(
                    "{needed} MiB must be free at {}, there are {free} MiB",
                    directory.display()
                );
                let (path, kind) = (self.path.clone(), std::io::ErrorKind::StorageFull);
                return Err(StoreError::Storage { path, doing: "made smaller", why, kind });
            }
        }
        Ok(())
    }
}
