//! `backup`: a checked copy of the database (contract, "Commands").

use super::error::StoreError;
use super::{Store, existing, looking, reading};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// Pages between two looks at whether to stop: about 16 MiB.
const PAGES: i32 = 4_096;
/// How long a lock is waited for between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// How a backup ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BackedUp {
    /// The copy is whole and has this many bytes.
    Whole(u64),
    /// It was asked to stop, and left nothing behind.
    Stopped,
}

impl Store {
    /// Copies the database at `path` to a new file, also while a run is active: the copy has the
    /// state of one moment. It is checked and synced before it gets its name. 0600.
    ///
    /// # Errors
    /// There is no database, it is not ours or damaged; `target` is there; the disk.
    pub(crate) fn back_up(
        path: &Path,
        target: &Path,
        stop: impl Fn() -> bool,
    ) -> Result<BackedUp, StoreError> {
        let read = |error: rusqlite::Error| StoreError::sqlite(path, &error);
        let copy_error = |why: String| StoreError::Copy { path: target.to_owned(), why };
        let written = |error: rusqlite::Error| copy_error(error.to_string());
        let io = |error: std::io::Error| copy_error(error.to_string());
        // The source may itself be a private copy, which goes with this value.
        let opened = existing(path, reading::open_in_place)?;
        let source = &opened.connection;
        // All steps see the same moment. Without it, each commit of a run would begin it again.
        source.execute_batch("BEGIN").map_err(read)?;
        source.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(())).map_err(read)?;
        let directory = target.parent().filter(|it| !it.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        let temporary = tempfile::Builder::new()
            .prefix(".octopus-recon-")
            .suffix(".tmp")
            .tempfile_in(directory)
            .map_err(io)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut copy = Connection::open_with_flags(temporary.path(), flags).map_err(written)?;
        if !copied(source, &mut copy, stop).map_err(written)? {
            return Ok(BackedUp::Stopped);
        }
        let damage = looking::complaint(&copy, "PRAGMA quick_check").map_err(written)?;
        if let Some(why) = damage {
            return Err(StoreError::foreign(path, format!("its copy is damaged: {why}")));
        }
        copy.close().map_err(|(_, error)| written(error))?;
        temporary.as_file().sync_all().map_err(io)?;
        let length = temporary.as_file().metadata().map_err(io)?.len();
        temporary.persist_noclobber(target).map_err(|error| io(error.error))?;
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)?;
        Ok(BackedUp::Whole(length))
    }
}

/// Copies all pages. `false`: it was asked to stop.
fn copied(
    source: &Connection,
    copy: &mut Connection,
    stop: impl Fn() -> bool,
) -> rusqlite::Result<bool> {
    let backup = Backup::new(source, copy)?;
    loop {
        if stop() {
            return Ok(false);
        }
        match backup.step(PAGES)? {
            StepResult::Done => return Ok(true),
            StepResult::Busy | StepResult::Locked => std::thread::sleep(PAUSE),
            _ => {}
        }
    }
}
