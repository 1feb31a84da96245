//! A report that could not be written: exit 14 (contract, "Exit codes").

use super::files::Edited;
use crate::domain::text::one_line;
use std::fmt;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// What failed, and on which file. The cause is part of that sentence, so it is not offered as a
/// `source` too: it would be printed twice.
#[derive(Debug)]
pub(crate) struct ReportError {
    doing: &'static str,
    path: PathBuf,
    cause: Error,
    /// Files of this run that are in their places already.
    replaced: Vec<PathBuf>,
    /// What was kept of the files that were there.
    edited: Vec<Edited>,
    /// Every file is in its place: what failed came after that.
    is_report_new: bool,
}

impl std::error::Error for ReportError {}

impl fmt::Display for ReportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &Path| one_line(&path.to_string_lossy());
        write!(formatter, "cannot {} {}: {}", self.doing, shown(&self.path), self.cause)?;
        if self.is_report_new {
            write!(formatter, "; the report is the new one")?;
        } else if !self.replaced.is_empty() {
            let replaced: Vec<String> = self.replaced.iter().map(|path| shown(path)).collect();
            write!(formatter, "; already new: {}", replaced.join(", "))?;
        }
        for Edited { path, kept_as } in &self.edited {
            write!(formatter, "; {} was edited: it is kept as {}", shown(path), shown(kept_as))?;
        }
        Ok(())
    }
}

impl ReportError {
    /// `doing` completes "cannot … PATH".
    pub(super) fn new(doing: &'static str, path: &Path, cause: Error) -> ReportError {
        ReportError {
            doing,
            path: path.to_owned(),
            cause,
            replaced: Vec::new(),
            edited: Vec::new(),
            is_report_new: false,
        }
    }

    /// The same with the files that are new already, what was kept of those before them, and
    /// whether these are all files of the report.
    pub(super) fn with_changes(
        self,
        replaced: Vec<PathBuf>,
        edited: Vec<Edited>,
        is_report_new: bool,
    ) -> ReportError {
        ReportError { replaced, edited, is_report_new, ..self }
    }

    /// Whether the report is in its place all the same.
    pub(crate) fn is_report_new(&self) -> bool {
        self.is_report_new
    }

    /// What the operating system said.
    pub(super) fn kind(&self) -> ErrorKind {
        self.cause.kind()
    }

    /// What a person can do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                "free some space there, then run again"
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "let the user that runs octopus-recon write to this directory, or choose another \
                 one with --out"
            }
            ErrorKind::NotFound => "create this directory, or choose another one with --out",
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                "a file is in the place of the directory: remove it, or choose another directory \
                 with --out"
            }
            ErrorKind::IsADirectory | ErrorKind::InvalidInput => {
                "name a file with --report, or a directory with --out"
            }
            _ => "check this disk, then run again",
        }
    }
}
