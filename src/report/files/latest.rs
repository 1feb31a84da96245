//! `latest.*`: copies of the newest night's files under names that do not change (contract, "The
//! report").
//!
//! The dated files are the report. They and their manifest are in their places before a copy is,
//! so nothing that happens to a copy touches them. A crash in between leaves the earlier copies:
//! the earlier `latest.json` names earlier dated files, which are still there. No failure here is
//! an error: a spreadsheet on another machine may hold the file open.

use super::existing;
use super::set_aside::SetAside;
use super::{Directory, Edited, StagedFile};
use crate::report::error::ReportError;
use chrono::{DateTime, Utc};
use std::path::{Path, PathBuf};

/// A `latest` that could not be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotReplaced {
    /// The file, unchanged.
    pub(crate) path: PathBuf,
    /// What failed.
    pub(crate) why: String,
    /// Where tonight's is. `None`: it could not be written there either.
    pub(crate) beside: Option<PathBuf>,
}

/// The copies, whole and durable, and not in their places yet.
pub(super) struct LatestFiles {
    pub(super) run_id: i64,
    /// In the order in which they get their names, the manifest last.
    pub(super) files: Vec<StagedFile>,
}

impl LatestFiles {
    /// Puts each copy in its place. Gives what was set aside, and what could not be replaced.
    pub(super) fn publish(
        self,
        directory: &Directory,
        is_own: &dyn Fn(&str) -> bool,
        now: DateTime<Utc>,
    ) -> (Vec<Edited>, Vec<NotReplaced>) {
        let (mut edited, mut not_replaced) = (Vec::new(), Vec::new());
        for file in self.files {
            let path = file.written.path.clone();
            let (mut file, error) = match put(directory, file, is_own, now) {
                Ok(kept) => {
                    edited.extend(kept);
                    continue;
                }
                Err(failed) => *failed,
            };
            let beside = beside(&path, self.run_id);
            file.written.path.clone_from(&beside);
            let beside = match put(directory, file, is_own, now) {
                Ok(kept) => {
                    edited.extend(kept);
                    Some(beside)
                }
                Err(_) => None,
            };
            not_replaced.push(NotReplaced { path, why: error.to_string(), beside });
        }
        (edited, not_replaced)
    }
}

/// Gives one file its name, after what somebody edited there is kept. On an error the place is as
/// it was, and the file is given back.
pub(super) fn put(
    directory: &Directory,
    file: StagedFile,
    is_own: &dyn Fn(&str) -> bool,
    now: DateTime<Utc>,
) -> Result<Vec<Edited>, Box<(StagedFile, ReportError)>> {
    let path = file.written.path.clone();
    let found = existing::look_at(&file, is_own);
    let mut set_aside = SetAside::new(now);
    let kept = set_aside.keep_edited(&path, found).and_then(|found| {
        if !set_aside.is_empty() {
            directory.sync()?;
        }
        set_aside.keep_if_changed(&path, found)
    });
    if let Err(error) = kept {
        set_aside.undo();
        return Err(Box::new((file, error)));
    }
    let StagedFile { written, has_own_cells, temporary } = file;
    if let Err((cause, temporary)) = temporary.persist(&path) {
        set_aside.undo();
        let error = ReportError::new("write", &path, cause);
        return Err(Box::new((StagedFile { written, has_own_cells, temporary }, error)));
    }
    set_aside.confirm(&path, true);
    Ok(set_aside.into_kept())
}

/// `latest-run<N>.<ext>`.
fn beside(path: &Path, run_id: i64) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-run{run_id}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}
