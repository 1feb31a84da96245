//! Temporary files beside the files that they will replace, and the directories they are in.

use crate::report::error::ReportError;
use crate::report::settings::FileMode;
use std::fmt;
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use tempfile::{NamedTempFile, TempPath};

/// What temporary files are called, so that those of a killed run can be told and removed.
const TEMPORARY_PREFIX: &str = ".octopus-recon-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// Says whether the command was told to end. By default it never is.
#[derive(Clone, Default)]
pub(crate) struct Stops(Option<Arc<dyn Fn() -> bool + Send + Sync>>);

impl Stops {
    /// With what this function says.
    pub(crate) fn when(stops: impl Fn() -> bool + Send + Sync + 'static) -> Stops {
        Stops(Some(Arc::new(stops)))
    }

    /// Fails once the command was told to end.
    pub(super) fn check(&self) -> io::Result<()> {
        match &self.0 {
            // Not `ErrorKind::Interrupted`, on which a writer tries again.
            Some(stops) if stops() => Err(io::Error::other("told to end")),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Stops {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Stops")
    }
}

/// A file without its name yet; dropped, it is gone. Not buffered: a writer on top of it is.
#[derive(Debug)]
pub(in crate::report) struct TemporaryFile {
    temporary: NamedTempFile,
    mode: FileMode,
    stops: Stops,
}

impl TemporaryFile {
    pub(super) fn create(directory: &Path, mode: FileMode) -> io::Result<TemporaryFile> {
        TemporaryFile::create_unless(Stops::default(), directory, mode)
    }

    /// A file that cannot be written any more once `stops` says so.
    pub(super) fn create_unless(
        stops: Stops,
        directory: &Path,
        mode: FileMode,
    ) -> io::Result<TemporaryFile> {
        Ok(TemporaryFile { temporary: temporary_in(directory)?, mode, stops })
    }

    /// Where it is, for other temporary files of the same report.
    pub(in crate::report) fn directory(&self) -> &Path {
        directory_of(self.temporary.path())
    }

    /// Makes what was written durable. A failed sync is not tried again, because a second one may
    /// lie.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.stops.check()?;
        let file = self.temporary.as_file();
        // Explicit, because the mode of creation is cut by the umask.
        file.set_permissions(Permissions::from_mode(self.mode.bits()))?;
        file.sync_all()
    }

    /// The file to be read from its beginning.
    pub(super) fn reopen(&self) -> io::Result<File> {
        self.temporary.reopen()
    }

    /// Renames it over what is there. On an error that stays unchanged, and the file is given back.
    pub(super) fn persist(self, path: &Path) -> Result<(), (io::Error, TemporaryFile)> {
        let TemporaryFile { temporary, mode, stops } = self;
        let failed = |error: tempfile::PersistError| {
            (error.error, TemporaryFile { temporary: error.file, mode, stops })
        };
        temporary.persist(path).map(drop).map_err(failed)
    }

    /// A file in this directory with the same content and permissions.
    pub(super) fn copied(&self, directory: &Path) -> io::Result<TemporaryFile> {
        let mut copy = TemporaryFile::create_unless(self.stops.clone(), directory, self.mode)?;
        io::copy(&mut self.reopen()?, &mut copy)?;
        copy.sync()?;
        Ok(copy)
    }
}

impl Write for TemporaryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stops.check()?;
        self.temporary.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.as_file_mut().flush()
    }
}

impl Seek for TemporaryFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.temporary.as_file_mut().seek(position)
    }
}

/// Creates the directory if it is missing, checks that a file can be created in it, and removes
/// what a killed run may have left there. For use before the first call (contract: a directory that
/// is not writable is exit 14 "before the first call").
pub(crate) fn prepare_directory(directory: &Path) -> Result<(), ReportError> {
    let directory = or_here(directory);
    fs::create_dir_all(directory)
        .map_err(|cause| ReportError::new("create the directory", directory, cause))?;
    temporary_in(directory)
        .and_then(NamedTempFile::close)
        .map_err(|cause| ReportError::new("write a report to", directory, cause))?;
    remove_leftovers(directory);
    Ok(())
}

/// [`prepare_directory`] for a report that is named by its file (`--report PATH`).
pub(crate) fn prepare_target(target: &Path) -> Result<(), ReportError> {
    check_target(target)?;
    prepare_directory(directory_of(target))
}

/// Refuses to replace a directory, or a device such as `/dev/stdout`: renaming over that would
/// take it from the whole machine. A symlink is replaced, not followed.
pub(super) fn check_target(target: &Path) -> Result<(), ReportError> {
    let refused = |cause| Err(ReportError::new("write a report as", target, cause));
    if target.file_name().is_none() {
        return refused(io::Error::new(io::ErrorKind::InvalidInput, "it does not name a file"));
    }
    let Ok(found) = fs::symlink_metadata(target) else { return Ok(()) };
    if found.is_dir() {
        return refused(io::ErrorKind::IsADirectory.into());
    }
    let special = |kind: fs::FileType| {
        kind.is_char_device() || kind.is_block_device() || kind.is_fifo() || kind.is_socket()
    };
    let behind = fs::metadata(target).is_ok_and(|behind| special(behind.file_type()));
    if special(found.file_type()) || behind {
        let cause = "it is a device or a pipe, not a file";
        return refused(io::Error::new(io::ErrorKind::InvalidInput, cause));
    }
    Ok(())
}

/// A new temporary file, locked for as long as its writer lives.
pub(super) fn temporary_in(directory: &Path) -> io::Result<NamedTempFile> {
    loop {
        let temporary = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .suffix(TEMPORARY_SUFFIX)
            .make_in(directory, |path| {
                // Not `tempfile_in`: its errors show a random name.
                File::options().write(true).create_new(true).mode(0o600).open(path)
            })?;
        let is_removed = match temporary.as_file().try_lock() {
            Err(TryLockError::WouldBlock) => true,
            // A file system without locks: no process removes leftovers there.
            Err(TryLockError::Error(_)) => false,
            Ok(()) => temporary.as_file().metadata()?.nlink() == 0,
        };
        if !is_removed {
            return Ok(temporary);
        }
        // Another process removed it as a leftover between its creation and its lock.
    }
}

/// A second name for a file, in its directory. Dropped, the name is gone, and the file stays.
pub(super) fn second_name(path: &Path) -> io::Result<TempPath> {
    let link = tempfile::Builder::new()
        .prefix(TEMPORARY_PREFIX)
        .suffix(TEMPORARY_SUFFIX)
        .make_in(directory_of(path), |name| fs::hard_link(path, name))?;
    Ok(link.into_temp_path())
}

/// Removes temporary files whose writer is dead, which shows in their lock being free. Best
/// effort: a leftover only takes space.
fn remove_leftovers(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        let ours = name.starts_with(TEMPORARY_PREFIX.as_bytes())
            && name.ends_with(TEMPORARY_SUFFIX.as_bytes())
            && entry.file_type().is_ok_and(|kind| kind.is_file());
        if ours
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

pub(super) fn directory_of(target: &Path) -> &Path {
    or_here(target.parent().unwrap_or(Path::new("")))
}

/// A bare file name has an empty parent, which system calls do not accept.
pub(super) fn or_here(directory: &Path) -> &Path {
    if directory.as_os_str().is_empty() { Path::new(".") } else { directory }
}
