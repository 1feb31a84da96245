//! What is at a file's place before it is replaced: is it the program's own, or has somebody edited
//! it?

use super::StagedFile;
use crate::report::formats::{HasOwnCells, csv};
use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

/// What was found at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// Nothing that could be edited: no file, an empty one, or a link, which is not followed.
    Nothing,
    /// A file that holds only what the program wrote.
    Own(Stamp),
    /// A file with anything else in it, or one that cannot be read.
    Edited,
}

/// Tells whether a file is still the one that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }

    /// The stamp of the file at a place. `None`: there is no file that could be edited.
    pub(super) fn at(path: &Path) -> Option<Stamp> {
        let metadata = fs::symlink_metadata(path).ok()?;
        (metadata.is_file() && metadata.len() > 0).then(|| Stamp::of(&metadata))
    }
}

/// Looks at the file that `new` will replace.
pub(super) fn look_at(new: &StagedFile, is_own: &dyn Fn(&str) -> bool) -> Existing {
    let is_known = |sha256: &str| sha256 == new.written.sha256 || is_own(sha256);
    let replacement = || new.temporary.reopen().map(Some);
    look(&new.written.path, new.has_own_cells, &is_known, &replacement)
}

/// Looks at invalid rows of an earlier run, which nothing will replace.
pub(super) fn look_at_stale(path: &Path, is_own: &dyn Fn(&str) -> bool) -> Existing {
    look(path, csv::has_own_invalid_rows, is_own, &|| Ok(None))
}

fn look(
    path: &Path,
    has_own_cells: HasOwnCells,
    is_known: &dyn Fn(&str) -> bool,
    replacement: &dyn Fn() -> io::Result<Option<File>>,
) -> Existing {
    let Some(stamp) = Stamp::at(path) else { return Existing::Nothing };
    let is_own = |mut file: File| {
        if is_known(&sha256(&mut file)?) {
            return Ok(true);
        }
        file.rewind()?;
        has_own_cells(file, replacement()?)
    };
    match open(path).and_then(is_own) {
        Ok(true) => Existing::Own(stamp),
        Ok(false) | Err(_) => Existing::Edited,
    }
}

/// Opens a file that may have become a link or a pipe in the meantime: neither followed nor waited
/// for.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// The SHA-256 of the rest of a file, in hex.
pub(super) fn sha256(file: &mut File) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex::encode(digest.finalize())),
            Ok(count) => digest.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
