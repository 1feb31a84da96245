//! The formats that a report is written in. A new one is a file below this directory, its `mod`
//! line and its place in [`FORMATS`].

mod csv;

use super::cell::{Cell, Heading};
use super::files::TemporaryFile;
use super::settings::ReportSettings;
use std::fs::File;
use std::io;

/// All of them; the first is the one that `--report PATH` names.
pub(super) const FORMATS: &[Format] = &[csv::FORMAT];

/// The one format of the invalid rows.
pub(super) const CSV: Format = csv::FORMAT;

/// A table on its way into a file. All writers of a run are fed by one pass over its rows.
pub(super) trait Writer {
    /// Adds a row, one cell a heading.
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()>;

    /// Writes what is left; the file is not synced yet.
    fn finish(self: Box<Self>) -> io::Result<TemporaryFile>;
}

type Create = fn(TemporaryFile, &[Heading], &ReportSettings) -> io::Result<Box<dyn Writer>>;

/// One format.
#[derive(Clone, Copy)]
pub(super) struct Format {
    /// The file name's extension.
    pub(super) extension: &'static str,
    /// Starts a table with its headings.
    pub(super) create: Create,
    /// Whether a file holds nothing but what the program wrote: it has no row, or the cells of the
    /// file that is about to replace it, where there is one. An error: it cannot be read.
    pub(super) has_own_cells: fn(File, Option<File>, &[Heading]) -> io::Result<bool>,
}
