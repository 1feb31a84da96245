//! A file that can be read more than once: standard input is kept in a temporary file.

use super::error::{Fault, Position, TabularError};
use super::source::{InterruptibleReader, Source};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file by its name on the command line, to be read as often as needed.
pub struct Spool {
    name: String,
    content: Content,
}

enum Content {
    Path(PathBuf),
    Temporary(NamedTempFile),
}

impl Spool {
    /// Keeps standard input in a temporary file that goes with this value; another file stays where
    /// it is. `interrupted` is polled while standard input gives nothing.
    ///
    /// # Errors
    /// Standard input or the temporary file fails, or `interrupted` returned true.
    pub fn new(path: &Path, interrupted: &dyn Fn() -> bool) -> Result<Spool, TabularError> {
        let name = path.display().to_string();
        if name != "-" {
            return Ok(Spool { name, content: Content::Path(path.to_owned()) });
        }
        Spool::of(Source::open(path)?, interrupted)
    }

    /// Keeps this content in a temporary file.
    ///
    /// # Errors
    /// As [`Spool::new`].
    pub(crate) fn of(
        source: Source,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Spool, TabularError> {
        let Source { file: name, bytes, .. } = source;
        let refuse = |error: io::Error| {
            let fault = match error.kind() {
                _ if interrupted() => Fault::Interrupted,
                ErrorKind::StorageFull | ErrorKind::PermissionDenied => Fault::Spool(error),
                _ => Fault::Read(error),
            };
            TabularError::new(&name, Position::File, fault)
        };
        let mut reader = InterruptibleReader::new(bytes, interrupted)
            .map_err(|fault| TabularError::new(&name, Position::File, fault))?;
        let spooled = NamedTempFile::new().and_then(|mut temporary| {
            io::copy(&mut reader, &mut temporary)?;
            Ok(temporary)
        });
        let content = Content::Temporary(spooled.map_err(refuse)?);
        Ok(Spool { name, content })
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file, from its beginning.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn open(&self) -> Result<Source, TabularError> {
        let path = match &self.content {
            Content::Path(path) => path.as_path(),
            Content::Temporary(file) => file.path(),
        };
        let source = Source::open(path)
            .map_err(|error| TabularError { file: self.name.clone(), ..error })?;
        Ok(Source { file: self.name.clone(), ..source })
    }

    /// The first bytes, at most as many as given.
    pub(crate) fn head(&self, length: u64) -> Result<Vec<u8>, TabularError> {
        let source = self.open()?;
        let mut head = Vec::new();
        source
            .bytes
            .take(length)
            .read_to_end(&mut head)
            .map_err(|error| TabularError::new(&self.name, Position::File, Fault::Read(error)))?;
        Ok(head)
    }
}
