//! Where a ledger comes from: a file, a `.gz`, or standard input (contract, "`run`": `--ledger`).

use super::error::{Fault, LedgerError, Spot};
use flate2::bufread::MultiGzDecoder;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::time::SystemTime;

/// Bytes that are read at a time.
pub(super) const CHUNK: usize = 64 * 1024;

/// An opened ledger. A file that is replaced by another one from here on is read as it was; one
/// that is written to is refused.
pub struct Source {
    pub(super) file: String,
    pub(super) gzip: bool,
    pub(super) bytes: Box<dyn Read + Send>,
    pub(super) watched: Option<Watched>,
}

impl Source {
    /// Opens a ledger as it is named on the command line: `-` is standard input, a name that ends
    /// in `.gz` is unpacked.
    ///
    /// # Errors
    /// It is not there, not readable, a directory, or empty.
    pub fn open(path: &Path) -> Result<Source, LedgerError> {
        let name = path.display().to_string();
        if name == "-" {
            return Ok(Source::from_reader(&name, io::stdin()));
        }
        let refuse = |fault| LedgerError::new(&name, Spot::File, fault);
        let opened = |error: io::Error| {
            refuse(match error.kind() {
                io::ErrorKind::NotFound => Fault::Missing,
                io::ErrorKind::PermissionDenied => Fault::Denied,
                _ => Fault::Open(error),
            })
        };
        let file = File::open(path).map_err(opened)?;
        let metadata = file.metadata().map_err(opened)?;
        if metadata.is_dir() {
            return Err(refuse(Fault::Directory));
        }
        if metadata.is_file() && metadata.len() == 0 {
            return Err(refuse(Fault::Empty));
        }
        // A pipe has neither a length nor a time that could change.
        let watched = if metadata.is_file() {
            let again = file.try_clone().map_err(opened)?;
            Some(Watched { file: again, seen: Seen::of(&metadata) })
        } else {
            None
        };
        let gzip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        // More than one member is what `cat a.gz b.gz` makes; the plain decoder drops the second.
        let bytes: Box<dyn Read + Send> = if gzip {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(CHUNK, file)))
        } else {
            Box::new(file)
        };
        Ok(Source { file: name, gzip, bytes, watched })
    }

    /// A ledger that is no file, under a name for messages.
    pub fn from_reader(name: &str, bytes: impl Read + Send + 'static) -> Source {
        Source { file: name.to_owned(), gzip: false, bytes: Box::new(bytes), watched: None }
    }

    /// As it was named on the command line.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.file
    }
}

/// A regular file, as it was when it was opened.
pub(super) struct Watched {
    file: File,
    seen: Seen,
}

/// What changes when a file is written to.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    length: u64,
    modified: Option<SystemTime>,
}

impl Seen {
    fn of(metadata: &Metadata) -> Seen {
        Seen { length: metadata.len(), modified: metadata.modified().ok() }
    }
}

impl Watched {
    /// Whether somebody has written to it since.
    pub fn has_changed(&self) -> bool {
        !self.file.metadata().is_ok_and(|metadata| Seen::of(&metadata) == self.seen)
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
