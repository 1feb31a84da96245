//! The formats that a report is written in. A new one is a file below this directory, its `mod`
//! line and its place in [`FORMATS`].

pub(super) mod csv;
pub(super) mod html;
mod xlsx;

use super::files::TemporaryFile;
use super::settings::{ReportFormat, ReportSettings};
use crate::domain::decision::DecisionEvent;
use crate::domain::mismatch::ReportRow;
use crate::domain::morning::{Cause, Night, OrderRow, SolvedRow};
use crate::domain::order::InvalidRow;
use std::fs::File;
use std::io;

/// All of them; the first is the one that `--report PATH` names.
pub(super) const FORMATS: &[Format] = &[csv::REPORT, xlsx::REPORT, html::REPORT];

/// A piece of a report. All writers of a run are fed by one pass over these, in this order; the
/// pieces of one kind come in the order in which they are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'a> {
    /// A row of the report.
    Finding(&'a ReportRow),
    /// An order with findings. Those whose findings are all accepted come last.
    Order(&'a OrderRow),
    /// One thing that explains several findings.
    Cause(&'a Cause),
    /// An order whose findings have ended since the run before.
    Solved(&'a SolvedRow),
    /// A decision that this run took or refused.
    Taken(&'a DecisionEvent),
    /// A ledger row that could not be used.
    Invalid(&'a InvalidRow),
}

/// What a writer knows before the first part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heading<'a> {
    /// The run.
    pub(super) night: &'a Night,
    /// How reports are written.
    pub(super) settings: &'a ReportSettings,
    /// The name of the report's files without their extension.
    pub(super) stem: &'a str,
}

/// A report on its way into a file.
pub(super) trait Writer {
    /// Adds a part, or leaves it out: not every format shows all of them.
    fn part(&mut self, part: Part) -> io::Result<()>;

    /// Writes what is left; the file is not synced yet.
    fn finish(self: Box<Self>) -> io::Result<TemporaryFile>;
}

/// One format.
#[derive(Debug, Clone, Copy)]
pub(super) struct Format {
    /// Its name in `[report] formats`.
    pub(super) name: ReportFormat,
    /// The file name's extension.
    pub(super) extension: &'static str,
    /// Starts a report.
    pub(super) create: fn(TemporaryFile, &Heading) -> io::Result<Box<dyn Writer>>,
    /// Whether a file holds nothing but what the program wrote: it has no row, or the cells of the
    /// file that is about to replace it, where there is one. An error: it cannot be read.
    pub(super) has_own_cells: HasOwnCells,
}

/// See [`Format::has_own_cells`].
pub(super) type HasOwnCells = fn(File, Option<File>) -> io::Result<bool>;
