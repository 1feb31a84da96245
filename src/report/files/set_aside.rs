//! Files that somebody edited, kept under another name before a new file takes their place.

use super::Edited;
use super::existing::{Existing, Stamp};
use super::names;
use crate::report::error::ReportError;
use chrono::{DateTime, Utc};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How many names are tried.
const MOST_NAMES: u32 = 10_000;

/// The edited files of one run's places.
pub(super) struct SetAside {
    now: DateTime<Utc>,
    kept: Vec<Kept>,
}

struct Kept {
    file: Edited,
    /// The file itself has the other name, and its own place is empty.
    is_moved: bool,
    /// A new file has its place: nothing is undone any more.
    is_confirmed: bool,
}

impl SetAside {
    pub(super) fn new(now: DateTime<Utc>) -> SetAside {
        SetAside { now, kept: Vec::new() }
    }

    /// Keeps the file at this place if it is edited, and says what is there now.
    pub(super) fn keep_edited(
        &mut self,
        path: &Path,
        existing: Existing,
    ) -> Result<Existing, ReportError> {
        match existing {
            Existing::Edited => self.keep(path),
            Existing::Own(_) | Existing::Nothing => Ok(existing),
        }
    }

    /// Keeps a file that somebody saved since it was looked at.
    pub(super) fn keep_if_changed(
        &mut self,
        path: &Path,
        found: Existing,
    ) -> Result<(), ReportError> {
        match Stamp::at(path) {
            Some(stamp) if found != Existing::Own(stamp) => self.keep(path).map(drop),
            _ => Ok(()),
        }
    }

    /// A second name for the file, so that its place is never empty. Where the file system has no
    /// such names, or does not allow them for somebody else's file, the file is moved.
    fn keep(&mut self, path: &Path) -> Result<Existing, ReportError> {
        let failed = |cause| ReportError::new("keep the edited", path, cause);
        for number in 1..=MOST_NAMES {
            let kept_as = names::edited(path, self.now, number);
            let is_moved = match fs::hard_link(path, &kept_as) {
                Ok(()) => false,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                // Somebody removed it since it was looked at.
                Err(_) if Stamp::at(path).is_none() => return Ok(Existing::Nothing),
                Err(_) => match move_to(path, &kept_as) {
                    Ok(()) => true,
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                    Err(error) => return Err(failed(error)),
                },
            };
            let file = Edited { path: path.to_owned(), kept_as };
            self.kept.push(Kept { file, is_moved, is_confirmed: false });
            // What is there now is kept: it may be replaced.
            return Ok(Stamp::at(path).map_or(Existing::Nothing, Existing::Own));
        }
        Err(failed(io::ErrorKind::AlreadyExists.into()))
    }

    /// A new file has this place now, or has it no more.
    pub(super) fn confirm(&mut self, path: &Path, is_replaced: bool) {
        for kept in self.kept.iter_mut().filter(|kept| kept.file.path == path) {
            kept.is_confirmed = is_replaced;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Gives back what no new file replaced; what is still kept after that.
    pub(super) fn undo(self) -> Vec<Edited> {
        let is_undone = |kept: &Kept| {
            let Edited { path, kept_as } = &kept.file;
            // A copy that cannot be removed is no harm; a file that cannot be moved back is told.
            match (kept.is_confirmed, kept.is_moved) {
                (true, _) => false,
                (false, true) => move_to(kept_as, path).is_ok(),
                (false, false) => fs::remove_file(kept_as).is_ok(),
            }
        };
        self.kept.into_iter().filter(|kept| !is_undone(kept)).map(|kept| kept.file).collect()
    }

    /// What was kept, for people.
    pub(super) fn into_kept(self) -> Vec<Edited> {
        self.kept.into_iter().map(|kept| kept.file).collect()
    }
}

/// Renames a file without replacing another one: the new name is reserved first.
fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    File::options().write(true).create_new(true).mode(0o600).open(to)?;
    fs::rename(from, to).inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    /// As on a file system that has no second names.
    fn moved(path: &Path, kept_as: &Path) -> io::Result<SetAside> {
        move_to(path, kept_as)?;
        let file = Edited { path: path.to_owned(), kept_as: kept_as.to_owned() };
        let kept = vec![Kept { file, is_moved: true, is_confirmed: false }];
        Ok(SetAside { now: DateTime::UNIX_EPOCH, kept })
    }

    #[test]
    fn a_moved_file_is_moved_back_unless_it_was_replaced() -> Outcome {
        let directory = tempfile::tempdir()?;
        let [path, kept_as] = ["report.csv", "kept.csv"].map(|name| directory.path().join(name));
        fs::write(&path, "edited")?;
        assert!(moved(&path, &kept_as)?.undo().is_empty());
        assert_eq!(fs::read_to_string(&path)?, "edited");
        assert!(!kept_as.exists());

        let mut set_aside = moved(&path, &kept_as)?;
        fs::write(&path, "new")?;
        set_aside.confirm(&path, true);
        assert_eq!(set_aside.undo().len(), 1);
        assert_eq!([fs::read_to_string(&path)?, fs::read_to_string(&kept_as)?], ["new", "edited"]);
        Ok(())
    }

    #[test]
    fn no_file_is_replaced_by_a_moved_one() -> Outcome {
        let directory = tempfile::tempdir()?;
        let [path, kept_as] = ["report.csv", "kept.csv"].map(|name| directory.path().join(name));
        fs::write(&path, "edited")?;
        fs::write(&kept_as, "another")?;
        let refused = move_to(&path, &kept_as).err().map(|error| error.kind());
        assert_eq!(refused, Some(io::ErrorKind::AlreadyExists));
        assert_eq!(fs::read_to_string(&kept_as)?, "another");
        Ok(())
    }

    /// Somebody saves the file after it was looked at and before it is replaced.
    #[test]
    fn a_file_saved_in_between_is_kept() -> Outcome {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("report.csv");
        fs::write(&path, "own")?;
        let found = Stamp::at(&path).map_or(Existing::Nothing, Existing::Own);
        let mut set_aside = SetAside::new(DateTime::UNIX_EPOCH);
        set_aside.keep_if_changed(&path, found)?;
        assert!(set_aside.is_empty());
        fs::write(&path, "own, edited")?;
        set_aside.keep_if_changed(&path, found)?;
        let kept = set_aside.into_kept();
        assert_eq!(kept.len(), 1);
        assert_eq!(fs::read_to_string(&kept[0].kept_as)?, "own, edited");
        Ok(())
    }
}
