//! All files of a run get their names, or none (contract, "The report": nobody sees a mixture).

use super::existing::Existing;
use super::set_aside::SetAside;
use super::temporary::second_name;
use super::{Directory, Edited, StagedFile};
use crate::report::error::ReportError;
use chrono::{DateTime, Utc};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// What was at a file's place before.
enum Before {
    Nothing,
    /// The file, under a second name, which goes with this value.
    Kept(TempPath),
    /// The file system gives it no second name: it cannot be put back.
    Lost,
}

impl Before {
    fn at(path: &Path) -> Before {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Before::Nothing,
            _ => second_name(path).map_or(Before::Lost, Before::Kept),
        }
    }

    /// Puts it back over the new file. Returns whether that was done.
    fn put_back(self, path: &Path) -> bool {
        match self {
            Before::Nothing => fs::remove_file(path).is_ok(),
            Before::Kept(kept) => match kept.persist(path) {
                Ok(()) => true,
                // The file system may refuse renames alone.
                Err(error) => {
                    fs::remove_file(path).and_then(|()| fs::hard_link(&error.path, path)).is_ok()
                }
            },
            Before::Lost => false,
        }
    }
}

/// The files of one run on their way to their places.
pub(super) struct Replacing<'a> {
    directory: &'a Directory,
    set_aside: SetAside,
    /// In the order of their renames.
    replaced: Vec<(PathBuf, Before)>,
    /// All files, the manifest too, are in their places.
    is_complete: bool,
}

impl<'a> Replacing<'a> {
    pub(super) fn new(directory: &'a Directory, now: DateTime<Utc>) -> Replacing<'a> {
        let set_aside = SetAside::new(now);
        Replacing { directory, set_aside, replaced: Vec::new(), is_complete: false }
    }

    /// Gives each file its name, in order. Returns the edited files that were kept.
    pub(super) fn replace_all(
        mut self,
        files: Vec<StagedFile>,
        existing: Vec<Existing>,
        stale: Option<(Existing, PathBuf)>,
    ) -> Result<Vec<Edited>, ReportError> {
        match self.try_to_replace(files, existing, stale) {
            Ok(()) => Ok(self.set_aside.into_kept()),
            Err(error) => Err(self.undone(error)),
        }
    }

    /// Keeps what is edited, then gives each file its name.
    fn try_to_replace(
        &mut self,
        files: Vec<StagedFile>,
        existing: Vec<Existing>,
        stale: Option<(Existing, PathBuf)>,
    ) -> Result<(), ReportError> {
        let mut found = Vec::with_capacity(files.len());
        for (file, existing) in files.iter().zip(existing) {
            found.push(self.set_aside.keep_edited(&file.written.path, existing)?);
        }
        if !self.set_aside.is_empty() {
            // After a power cut the edited file must not be gone while the new one is there.
            self.directory.sync()?;
        }
        let before: Vec<Before> = files.iter().map(|it| Before::at(&it.written.path)).collect();
        for ((file, found), before) in files.into_iter().zip(found).zip(before) {
            let path = file.written.path;
            self.set_aside.keep_if_changed(&path, found)?;
            let failed = |(cause, _)| ReportError::new("write", &path, cause);
            file.temporary.persist(&path).map_err(failed)?;
            self.set_aside.confirm(&path, true);
            self.replaced.push((path, before));
        }
        self.is_complete = true;
        if let Some((existing, path)) = stale {
            self.remove_stale(&path, existing)?;
        }
        self.directory.sync()
    }

    /// Removes the file of invalid rows that an earlier run wrote under the same name (`--report`).
    fn remove_stale(&mut self, path: &Path, existing: Existing) -> Result<(), ReportError> {
        let found = self.set_aside.keep_edited(path, existing)?;
        self.set_aside.keep_if_changed(path, found)?;
        self.set_aside.confirm(path, true);
        match fs::remove_file(path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                Err(ReportError::new("remove the invalid rows of an earlier run,", path, cause))
            }
            _ => Ok(()),
        }
    }

    /// Puts back what was replaced, and says what could not be. A report that is complete stays.
    fn undone(mut self, error: ReportError) -> ReportError {
        let mut new = Vec::new();
        for (path, before) in self.replaced.into_iter().rev() {
            if !self.is_complete && before.put_back(&path) {
                self.set_aside.confirm(&path, false);
            } else {
                new.push(path);
            }
        }
        new.reverse();
        let kept = self.set_aside.undo();
        // The error says that the disk fails: there is nothing else to be done.
        let _synced = self.directory.sync();
        error.with_changes(new, kept, self.is_complete)
    }
}
