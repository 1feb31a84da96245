//! The workbook (contract, "The report": Workbook): the file for finance. Ids stay text, amounts
//! are numbers, dates are dates, and nothing in it is a formula.
//!
//! Rows go to temporary files beside the report as they come, so that memory does not grow with the
//! findings. Each sheet has its own file; Summary is the first sheet and is written last.

mod book;
mod columns;
mod help;
mod making;
mod number;
mod row;
mod styles;
mod summary;
mod tables;

use super::super::files::TemporaryFile;
use super::super::settings::ReportFormat;
use super::{Format, Part, Writer};
use crate::domain::morning::Night;
use book::Book;
use std::io;
use summary::Counts;

/// The workbook.
pub(in crate::report) const REPORT: Format = Format {
    name: ReportFormat::Xlsx,
    extension: "xlsx",
    create: |file, heading| Ok(Box::new(Workbook::create(file, heading.night, heading.stem)?)),
    // A spreadsheet changes the bytes of a file that it saves even where no cell was edited.
    // To keep such a file costs a file; to lose an edit costs a decision.
    has_own_cells: |_, _| Ok(false),
};

/// A workbook on its way.
struct Workbook {
    file: TemporaryFile,
    book: Book,
    night: Night,
    counts: Counts,
}

impl Workbook {
    fn create(file: TemporaryFile, night: &Night, stem: &str) -> io::Result<Workbook> {
        let book = book::guarded(|| Book::new(night, stem, file.directory()))?;
        Ok(Workbook { file, book, night: night.clone(), counts: Counts::default() })
    }
}

impl Writer for Workbook {
    fn part(&mut self, part: Part) -> io::Result<()> {
        self.counts.add(part);
        let book = &mut self.book;
        book::guarded(|| tables::part(book, part))
    }

    fn finish(mut self: Box<Self>) -> io::Result<TemporaryFile> {
        let Workbook { book, night, counts, .. } = self.as_mut();
        book::guarded(|| {
            summary::write(book, night, counts)?;
            help::write(book)?;
            making::write(book, night)?;
            book.end_tables()
        })?;
        let Workbook { mut file, mut book, .. } = *self;
        let mut buffer = io::BufWriter::with_capacity(64 * 1024, &mut file);
        book::guarded(|| book.save(&mut buffer))?;
        buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(file)
    }
}
