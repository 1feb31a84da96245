//! Where a file comes from: a path, a `.gz`, or standard input (contract, "`run`": `--ledger`).

mod interruptible;

use super::error::{Fault, Position, TabularError};
use flate2::bufread::MultiGzDecoder;
pub(super) use interruptible::InterruptibleReader;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::time::SystemTime;

/// Bytes that are read at a time.
pub(super) const CHUNK: usize = 64 * 1024;

/// An opened file. If another file replaces it from here on, the old content is read; if a program
/// writes to it, it is refused.
pub struct Source {
    pub(super) file: String,
    pub(super) gzip: bool,
    pub(super) bytes: Box<dyn Read + Send>,
    pub(super) watched: Option<WatchedFile>,
}

impl Source {
    /// Opens a file by its name on the command line: `-` is standard input, a name that ends in
    /// `.gz` is unpacked.
    ///
    /// # Errors
    /// The file does not exist, cannot be read, is a directory, or is empty.
    pub fn open(path: &Path) -> Result<Source, TabularError> {
        let name = path.display().to_string();
        if name == "-" {
            return Ok(Source::from_reader(&name, io::stdin()));
        }
        let refuse = |fault| TabularError::new(&name, Position::File, fault);
        let io_error = |error: io::Error| {
            refuse(match error.kind() {
                io::ErrorKind::NotFound => Fault::Missing,
                io::ErrorKind::PermissionDenied => Fault::Denied,
                _ => Fault::Open(error),
            })
        };
        let file = File::open(path).map_err(io_error)?;
        let metadata = file.metadata().map_err(io_error)?;
        if metadata.is_dir() {
            return Err(refuse(Fault::Directory));
        }
        if metadata.is_file() && metadata.len() == 0 {
            return Err(refuse(Fault::Empty));
        }
        // A pipe has neither a length nor a time that could change.
        let watched = if metadata.is_file() {
            let handle = file.try_clone().map_err(io_error)?;
            Some(WatchedFile { handle, at_opening: FileState::of(&metadata) })
        } else {
            None
        };
        let gzip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        // `cat a.gz b.gz` makes a file of two members; the plain decoder drops the second.
        let bytes: Box<dyn Read + Send> = if gzip {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(CHUNK, file)))
        } else {
            Box::new(file)
        };
        Ok(Source { file: name, gzip, bytes, watched })
    }

    /// Content that is not a file, with a name for messages.
    pub fn from_reader(name: &str, bytes: impl Read + Send + 'static) -> Source {
        Source { file: name.to_owned(), gzip: false, bytes: Box::new(bytes), watched: None }
    }

    /// When it was last written. `None`: it is no regular file.
    pub(crate) fn modified(&self) -> Option<SystemTime> {
        self.watched.as_ref()?.at_opening.modified
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.file
    }
}

/// A regular file and its state when it was opened.
pub(super) struct WatchedFile {
    handle: File,
    at_opening: FileState,
}

/// What changes when a program writes to a file.
#[derive(Debug, PartialEq, Eq)]
struct FileState {
    length: u64,
    modified: Option<SystemTime>,
}

impl FileState {
    fn of(metadata: &Metadata) -> FileState {
        FileState { length: metadata.len(), modified: metadata.modified().ok() }
    }
}

impl WatchedFile {
    /// Whether a program has written to it since it was opened.
    pub(super) fn has_changed(&self) -> bool {
        !self.handle.metadata().is_ok_and(|metadata| FileState::of(&metadata) == self.at_opening)
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
