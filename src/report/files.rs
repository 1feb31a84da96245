//! The files of a report: their names, what each holds, and how they get their names (contract,
//! "The report").
//!
//! All files of a run are written and synced under temporary names first. Then they are renamed in
//! a fixed order, and the directory is synced: a reader sees the old file or the new one, whole. If
//! one of them cannot be renamed, those before it are put back. A file that somebody edited is kept
//! under another name before it is replaced.

mod existing;
mod latest;
mod looking;
mod manifests;
mod names;
mod notice;
mod replacing;
mod set_aside;
mod temporary;

pub(crate) use latest::NotReplaced;
pub(crate) use looking::{KeptReports, probe_directory};
pub(crate) use manifests::{FoundManifest, manifests_behind, run_in_stem};
pub(super) use notice::is_notice;
pub(crate) use notice::{StagedNotice, UnrecordedEnd, notes, remove_notes};
pub(super) use temporary::TemporaryFile;
pub(crate) use temporary::{Stops, prepare_directory, prepare_target};

use super::columns::INVALID_ROWS;
use super::error::ReportError;
use super::formats::csv::{self, Table};
use super::formats::{FORMATS, HasOwnCells, Heading, Part, Writer};
use super::manifest::{self, Manifest, View};
use super::settings::{FileMode, ReportFormat, ReportSettings};
use crate::domain::morning::Night;
use crate::domain::order::InvalidRow;
use crate::domain::run::RunSummary;
use chrono::{DateTime, NaiveDate, Utc};
use existing::{Existing, sha256};
use latest::LatestFiles;
use replacing::Replacing;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// What a file of a run holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The report: one row a mismatch.
    Mismatches,
    /// The ledger rows that could not be used.
    InvalidRows,
    /// The manifest: what proves the others.
    Manifest,
    /// A file that somebody edited, kept under another name.
    Edited,
}

/// A file of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What it holds.
    pub role: Role,
    /// Where it is.
    pub path: PathBuf,
    /// The SHA-256 of its bytes, in hex: how the program knows it again.
    pub sha256: String,
}

/// A file that somebody edited, and that a new one replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edited {
    /// Where it was.
    pub(crate) path: PathBuf,
    /// Where it is now.
    pub(crate) kept_as: PathBuf,
}

/// What was done to a report's directory.
#[derive(Debug)]
pub(crate) struct Published {
    /// The new files, the report first.
    pub(crate) written: Vec<Written>,
    /// The files that were set aside for them.
    pub(crate) edited: Vec<Edited>,
    /// The copies that could not take the place of earlier ones.
    pub(crate) not_replaced: Vec<NotReplaced>,
}

/// Where a run's CSV report goes by default.
pub(crate) fn report_path(
    directory: &Path,
    run: &RunSummary,
    merchant_uid: Option<&str>,
) -> PathBuf {
    directory.join(format!("{}.{}", names::stem(run, merchant_uid), csv::REPORT.extension))
}

/// Where the newest night's CSV with the decisions of now goes.
pub(crate) fn latest_path(directory: &Path, merchant_uid: Option<&str>) -> PathBuf {
    directory.join(format!("{}.{}", names::latest(merchant_uid), csv::REPORT.extension))
}

/// Where the CSV of everything that was open at the end of a day goes.
pub(crate) fn as_of_path(directory: &Path, merchant_uid: Option<&str>, day: NaiveDate) -> PathBuf {
    directory.join(format!("{}.{}", names::as_of(merchant_uid, day), csv::REPORT.extension))
}

/// All files of a run on their way. Dropped, they are gone, and everything is unchanged.
#[must_use]
pub(crate) struct ReportFiles {
    directory: Directory,
    invalid_rows: Option<(Place, Table<InvalidRow>)>,
    reports: Vec<(Place, Box<dyn Writer>)>,
    manifest: (Place, Manifest),
    /// The run, and the name of the copies without their extension.
    latest: Option<(i64, PathBuf)>,
    /// Where the invalid rows of an earlier run may lie, if this one has none.
    stale: Option<PathBuf>,
    stops: Stops,
}

/// Where a file goes.
struct Place {
    role: Role,
    path: PathBuf,
    has_own_cells: HasOwnCells,
}

impl ReportFiles {
    /// Creates a temporary file for each file of a run: the CSV report `report`, its other formats
    /// beside it, and the invalid rows if there are any. The directory must exist.
    pub(crate) fn create(
        report: &Path,
        night: &Night,
        settings: &ReportSettings,
    ) -> Result<ReportFiles, ReportError> {
        ReportFiles::create_unless(Stops::default(), report, night, settings)
    }

    /// As [`ReportFiles::create`]. Every step fails once `stops` says so, until the first file gets
    /// its name.
    pub(crate) fn create_unless(
        stops: Stops,
        report: &Path,
        night: &Night,
        settings: &ReportSettings,
    ) -> Result<ReportFiles, ReportError> {
        let temporary = |path: &Path, mode| temporary(path, mode, &stops);
        let directory = Directory::open(report)?;
        let invalid_rows_path = names::invalid_rows(report, csv::REPORT.extension);
        let (mut invalid_rows, mut stale) = (None, None);
        if night.summary.figures.ledger.invalid > 0 {
            // For its owner alone, because a row may hold anything.
            let file = temporary(&invalid_rows_path, FileMode::PRIVATE)?;
            let table = Table::create(file, &INVALID_ROWS, settings)
                .map_err(|cause| ReportError::new("write", &invalid_rows_path, cause))?;
            let (role, path) = (Role::InvalidRows, invalid_rows_path);
            let place = Place { role, path, has_own_cells: csv::has_own_invalid_rows };
            invalid_rows = Some((place, table));
        } else {
            stale = Some(invalid_rows_path);
        }
        let stem = report.file_stem().unwrap_or_default().to_string_lossy();
        let heading = Heading { night, settings, stem: &stem };
        let mut reports = Vec::new();
        for format in FORMATS.iter().filter(|it| settings.formats.contains(it.name)) {
            let path = match format.name {
                ReportFormat::Csv => report.to_owned(),
                _ => report.with_extension(format.extension),
            };
            let file = temporary(&path, settings.mode)?;
            let writer = (format.create)(file, &heading)
                .map_err(|cause| ReportError::new("write", &path, cause))?;
            let (role, has_own_cells) = (Role::Mismatches, format.has_own_cells);
            reports.push((Place { role, path, has_own_cells }, writer));
        }
        let path = report.with_extension(manifest::EXTENSION);
        let file = temporary(&path, settings.mode)?;
        // No person writes into a manifest: one that is not known is kept.
        let place = Place { role: Role::Manifest, path, has_own_cells: is_notice };
        let manifest = (place, Manifest::create(file, night, settings));
        Ok(ReportFiles { directory, invalid_rows, reports, manifest, latest: None, stale, stops })
    }

    /// Says how many of the selected orders the run's ledger files did not select. For use before
    /// the first part.
    pub(crate) fn take_from_store(&mut self, orders: u64) {
        self.manifest.1.take_from_store(orders);
    }

    /// Says that the rows are not as their run reported them. For use before the first part.
    pub(crate) fn show(&mut self, view: View) {
        self.manifest.1.show(view);
    }

    /// Also writes the copies `latest.*`.
    pub(crate) fn with_latest(mut self, run_id: i64, merchant_uid: Option<&str>) -> ReportFiles {
        let stem = self.directory.path.join(names::latest(merchant_uid));
        self.latest = Some((run_id, stem));
        self
    }

    /// Adds a part to every file that shows it. The caller brings them in their order.
    pub(crate) fn write(&mut self, part: Part) -> Result<(), ReportError> {
        if let (Part::Invalid(row), Some((place, table))) = (part, &mut self.invalid_rows) {
            let failed = |cause| ReportError::new("write", &place.path, cause);
            table.row(row).map_err(failed)?;
        }
        if let Part::Finding(row) = part {
            let (place, manifest) = &mut self.manifest;
            let failed = |cause| ReportError::new("write", &place.path, cause);
            manifest.finding(row).map_err(failed)?;
        }
        for (place, writer) in &mut self.reports {
            let failed = |cause| ReportError::new("write", &place.path, cause);
            writer.part(part).map_err(failed)?;
        }
        Ok(())
    }

    /// Makes all files durable, still under their temporary names.
    pub(crate) fn finish(self) -> Result<StagedFiles, ReportError> {
        let mut files = Vec::new();
        if let Some((place, table)) = self.invalid_rows {
            files.push(StagedFile::new(place, table.finish())?);
        }
        // The first format gets its name last.
        for (place, writer) in self.reports.into_iter().rev() {
            files.push(StagedFile::new(place, writer.finish())?);
        }
        let (place, manifest) = self.manifest;
        let written: Vec<Written> = files.iter().rev().map(|it| it.written.clone()).collect();
        files.push(StagedFile::new(place, manifest.finish(&written))?);
        let latest = match self.latest {
            Some((run_id, stem)) => Some(copies(&files, run_id, &stem)?),
            None => None,
        };
        let ReportFiles { directory, stale, stops, .. } = self;
        Ok(StagedFiles { directory, files, latest, stale, stops })
    }
}

/// The copies of a run's files. They are whole before the first file gets its name, so that a full
/// disk is found while nothing has changed.
fn copies(files: &[StagedFile], run_id: i64, stem: &Path) -> Result<LatestFiles, ReportError> {
    let directory = temporary::directory_of(stem);
    let is_copied = |file: &&StagedFile| file.written.role != Role::InvalidRows;
    let copies = files.iter().filter(is_copied).map(|file| {
        let mut name = stem.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(file.written.path.extension().unwrap_or_default());
        let path = stem.with_file_name(name);
        let failed = |cause| ReportError::new("write", &path, cause);
        let temporary = file.temporary.copied(directory).map_err(failed)?;
        let written = Written { path, ..file.written.clone() };
        Ok(StagedFile { written, temporary, has_own_cells: file.has_own_cells })
    });
    Ok(LatestFiles { run_id, files: copies.collect::<Result<_, ReportError>>()? })
}

fn temporary(path: &Path, mode: FileMode, stops: &Stops) -> Result<TemporaryFile, ReportError> {
    temporary::check_target(path)?;
    let directory = temporary::directory_of(path);
    TemporaryFile::create_unless(stops.clone(), directory, mode)
        .map_err(|cause| ReportError::new("write a report to", directory, cause))
}

/// A file that is whole and durable, and not in its place yet.
struct StagedFile {
    written: Written,
    has_own_cells: HasOwnCells,
    temporary: TemporaryFile,
}

impl StagedFile {
    fn new(place: Place, temporary: io::Result<TemporaryFile>) -> Result<StagedFile, ReportError> {
        let Place { role, path, has_own_cells } = place;
        let synced = temporary.and_then(|temporary| {
            temporary.sync()?;
            let sha256 = sha256(&mut temporary.reopen()?)?;
            Ok((temporary, sha256))
        });
        match synced {
            Ok((temporary, sha256)) => {
                Ok(StagedFile { written: Written { role, path, sha256 }, has_own_cells, temporary })
            }
            Err(cause) => Err(ReportError::new("write", &path, cause)),
        }
    }
}

/// All files of a run, whole and durable. Dropped, they are gone, and everything is unchanged.
#[must_use]
pub(crate) struct StagedFiles {
    directory: Directory,
    /// In the order in which they get their names: the report behind its invalid rows, and the
    /// manifest last, so that a reader who sees it finds the others.
    files: Vec<StagedFile>,
    latest: Option<LatestFiles>,
    stale: Option<PathBuf>,
    stops: Stops,
}

impl StagedFiles {
    /// The files that will be there: the report first, the manifest last.
    pub(crate) fn written(&self) -> Vec<Written> {
        let mut written: Vec<Written> =
            self.files.iter().rev().map(|file| file.written.clone()).collect();
        written.sort_by_key(|file| file.role == Role::Manifest);
        written
    }

    /// Puts all files in their places. `is_own` says whether the program wrote a file with this
    /// SHA-256; a file that it neither wrote nor would write again cell for cell is kept.
    ///
    /// On an error nothing has changed, unless it says which files are new already. All of them are
    /// where the manifest has its name: then the report is the new one.
    pub(crate) fn publish(
        self,
        is_own: &dyn Fn(&str) -> bool,
        now: DateTime<Utc>,
    ) -> Result<Published, ReportError> {
        let written = self.written();
        let StagedFiles { directory, files, latest, stale, stops } = self;
        let stale = stale.map(|path| (existing::look_at_stale(&path, is_own), path));
        let mut existing: Vec<Existing> = Vec::with_capacity(files.len());
        for file in &files {
            existing.push(existing::look_at(file, is_own));
            // The last one is looked at directly before the first file gets its name.
            stops.check().map_err(|cause| ReportError::new("write", &file.written.path, cause))?;
        }
        let mut edited = Replacing::new(&directory, now).replace_all(files, existing, stale)?;
        let (kept, not_replaced) =
            latest.map(|latest| latest.publish(&directory, is_own, now)).unwrap_or_default();
        edited.extend(kept);
        // A copy that is gone after a power cut is written again by the next run.
        let _synced = directory.sync();
        Ok(Published { written, edited, not_replaced })
    }
}

/// The directory of a run's files. Opened before anything is written, so that one that cannot be
/// synced is found while the previous report is still there.
struct Directory {
    path: PathBuf,
    handle: File,
}

impl Directory {
    fn open(report: &Path) -> Result<Directory, ReportError> {
        temporary::check_target(report)?;
        let path = temporary::directory_of(report);
        let handle =
            File::open(path).map_err(|cause| ReportError::new("write a report to", path, cause))?;
        Ok(Directory { path: path.to_owned(), handle })
    }

    fn sync(&self) -> Result<(), ReportError> {
        self.handle.sync_all().map_err(|cause| ReportError::new("sync", &self.path, cause))
    }
}
