//! A report that could not be written: exit 14 (contract, "Exit codes").

use crate::domain::text::one_line;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// What failed, on which file, and what to do about it, in one sentence. The cause is part of that
/// sentence, so it is not offered as a `source` too: it would be printed twice.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}: {cause}; {}", one_line(&path.to_string_lossy()), self.advice())]
pub struct ReportError {
    doing: &'static str,
    path: PathBuf,
    cause: Error,
}

impl ReportError {
    /// `doing` completes "cannot … PATH".
    pub(super) fn new(doing: &'static str, path: &Path, cause: Error) -> ReportError {
        ReportError { doing, path: path.to_owned(), cause }
    }

    /// The file or directory that it is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the operating system said.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.cause.kind()
    }

    fn advice(&self) -> &'static str {
        match self.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                "free some space there, then run again with --resume: received answers are kept"
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "let the user that runs octopus-recon write to this directory, or choose another \
                 one with --out"
            }
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                "create this directory, or choose another one with --out"
            }
            ErrorKind::IsADirectory | ErrorKind::InvalidInput => {
                "name a file with --report, or a directory with --out"
            }
            _ => "check this disk, then run again with --resume: received answers are kept",
        }
    }
}
