//! Finds and opens the files that may hold decisions (contract, "Decisions": taking back).

use super::cell::{Cell, EditedFile};
use super::{csv, workbook};
use crate::domain::text::Text;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Files that were changed longer ago are not looked at.
const LOOKED_AT: Duration = Duration::from_hours(60 * 24);
/// The bytes of one file.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// What a spreadsheet saves. Only the first two are read; the others are named in a warning.
const EXTENSIONS: [&str; 6] = ["csv", "xlsx", "xlsm", "xls", "xlsb", "ods"];

/// A file that cannot be read, and why. The message is for people and names the file.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {why}")]
pub(crate) struct Unreadable {
    /// The file's name, without its directory.
    pub(crate) name: Text,
    /// Why it cannot be read.
    pub(crate) why: Why,
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Why {
    /// It was there and is gone.
    #[error("the file is gone")]
    Gone,
    /// A symbolic link.
    #[error("it is a link, and links are not followed; put the file itself here")]
    Link,
    /// A directory, a pipe, a device.
    #[error("it is not a regular file")]
    NotRegular,
    /// More bytes than are read.
    #[error("it is larger than 64 MiB")]
    TooLarge,
    /// Somebody saved it at this moment.
    #[error("it changed while it was read; the next run reads it")]
    Changed,
    /// An empty file where a workbook was expected.
    #[error("the file is empty")]
    Empty,
    /// A workbook with a password.
    #[error("it has a password; save it without one")]
    Password,
    /// A workbook of another format.
    #[error("it is a workbook of another format; save it as .xlsx")]
    OldWorkbook,
    /// A page or another text with the name of a workbook.
    #[error("it is not a workbook, whatever its name says; save it as .xlsx")]
    NotAWorkbook,
    /// Unpacked it is too large.
    #[error("its content is larger than 256 MiB unpacked")]
    TooMuchUnpacked,
    /// Too many files inside.
    #[error("there are more than 10,000 files inside")]
    TooManyEntries,
    /// Too many sheets.
    #[error("it has more than 30 sheets")]
    TooManySheets,
    /// Too many cells.
    #[error("it has more than 2,000,000 cells")]
    TooManyCells,
    /// Too much text.
    #[error("its cells hold too much text")]
    TooMuchText,
    /// A quote that is never closed.
    #[error("it has a quote (\") without its pair, so its rows cannot be told apart")]
    OpenQuote,
    /// A CSV that is damaged.
    #[error("it cannot be read as CSV: {0}")]
    Csv(String),
    /// A workbook that is damaged.
    #[error("it cannot be read as a workbook: {0}")]
    Workbook(String),
    /// The operating system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// The files of a directory that may hold decisions, sorted by name: what a spreadsheet saves,
/// under any name, changed within 60 days before `now`. Without lock files, hidden files and
/// invalid rows.
///
/// # Errors
/// The directory cannot be listed.
pub(crate) fn candidates(directory: &Path, now: SystemTime) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if !may_hold_decisions(&entry.file_name()) {
            continue;
        }
        // Of a link this is the link's own time. A file that is gone by now is no candidate.
        let Ok(modified) = entry.metadata().and_then(|metadata| metadata.modified()) else {
            continue;
        };
        // A time after `now` is a clock that differs.
        if now.duration_since(modified).is_ok_and(|age| age > LOOKED_AT) {
            continue;
        }
        found.push(entry.path());
    }
    found.sort_unstable();
    Ok(found)
}

fn may_hold_decisions(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    let is_temporary = name.starts_with(['.', '~']);
    let has_invalid_rows = name.contains("-invalid-rows.");
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    !is_temporary
        && !has_invalid_rows
        && extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

/// A file that was opened once, and the digest of its bytes.
#[derive(Debug)]
pub(crate) struct OpenedFile {
    name: Text,
    is_csv: bool,
    file: File,
    sha256: String,
}

impl OpenedFile {
    /// The SHA-256 of the file's bytes, in hex.
    pub(crate) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The file's name, without its directory.
    pub(crate) fn name(&self) -> &Text {
        &self.name
    }
}

/// Opens a file and digests its bytes. Nothing is parsed.
///
/// # Errors
/// It is a link, not a regular file, larger than 64 MiB, or cannot be read.
pub(crate) fn open(path: &Path) -> Result<OpenedFile, Unreadable> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let name = Text::id(&name);
    let extension = path.extension().unwrap_or_default();
    let is_csv = extension.eq_ignore_ascii_case("csv");
    let opened = open_regular(path).and_then(|mut file| Ok((digest(&mut file)?, file)));
    match opened {
        Ok((sha256, file)) => Ok(OpenedFile { name, is_csv, file, sha256 }),
        Err(why) => Err(Unreadable { name, why }),
    }
}

/// Opens without following a link and without waiting for a pipe.
fn open_regular(path: &Path) -> Result<File, Why> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::LOOP) => return Err(Why::Link),
        Err(Errno::NOENT) => return Err(Why::Gone),
        // A socket, or a device without a driver.
        Err(Errno::NXIO | Errno::NODEV) => return Err(Why::NotRegular),
        Err(error) => return Err(Why::Io(error.into())),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Why::NotRegular);
    }
    if metadata.len() > MOST_BYTES {
        return Err(Why::TooLarge);
    }
    Ok(file)
}

fn digest(file: &mut File) -> Result<String, Why> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => return Ok(hex::encode(digest.finalize())),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Why::Io(error)),
        };
        // It may grow while it is read.
        total += u64::try_from(count).unwrap_or(u64::MAX);
        if total > MOST_BYTES {
            return Err(Why::TooLarge);
        }
        digest.update(&buffer[..count]);
    }
}

/// Reads the rows of an opened file. `None`: it carries no mismatch id, so it is somebody's other
/// spreadsheet.
///
/// # Errors
/// It is no CSV or workbook that can be read, or one of the bounds is exceeded; see [`Why`].
pub(crate) fn read(opened: OpenedFile) -> Result<Option<EditedFile>, Unreadable> {
    let OpenedFile { name, is_csv, file, sha256 } = opened;
    match content(file, &sha256).and_then(|bytes| parse(&bytes, is_csv)) {
        Ok(Some(found)) => Ok(Some(EditedFile {
            name,
            last_modified_by: found.last_modified_by,
            dialect: found.dialect,
            rows: found.rows.kept,
        })),
        Ok(None) => Ok(None),
        Err(why) => Err(Unreadable { name, why }),
    }
}

/// The bytes whose digest the caller has seen.
fn content(mut file: File, sha256: &str) -> Result<Vec<u8>, Why> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if hex::encode(Sha256::digest(&bytes)) == sha256 { Ok(bytes) } else { Err(Why::Changed) }
}

/// Takes a row of a file: its sheet, if it is a workbook, its number, and its cells by place.
pub(crate) type TakeRow<'a> = dyn FnMut(Option<&str>, u64, &[(u32, Cell)]) + 'a;

/// Passes on every row of an opened file, whatever it holds.
///
/// # Errors
/// As [`read`].
pub(crate) fn every_row(opened: OpenedFile, take: &mut TakeRow) -> Result<(), Unreadable> {
    let OpenedFile { name, is_csv, file, sha256 } = opened;
    let passed = content(file, &sha256).and_then(|bytes| {
        if bytes.starts_with(workbook::ZIP) {
            workbook::every_row(&bytes, take)
        } else if bytes.starts_with(workbook::OLE2) {
            Err(workbook::why_not_ole2(&bytes))
        } else if is_csv {
            csv::every_row(&bytes, take)
        } else {
            Err(Why::NotAWorkbook)
        }
    });
    passed.map_err(|why| Unreadable { name, why })
}

/// The bytes of an opened file.
///
/// # Errors
/// It cannot be read, or changed since it was opened.
pub(crate) fn bytes(opened: OpenedFile) -> Result<Vec<u8>, Unreadable> {
    let OpenedFile { name, file, sha256, .. } = opened;
    content(file, &sha256).map_err(|why| Unreadable { name, why })
}

/// What the bytes are decides how they are read, and then the name: a text named `.xlsx` is a
/// mistake that somebody should hear of.
fn parse(bytes: &[u8], is_csv: bool) -> Result<Option<workbook::Found>, Why> {
    if bytes.starts_with(workbook::ZIP) {
        return workbook::read(bytes);
    }
    if bytes.starts_with(workbook::OLE2) {
        return Err(workbook::why_not_ole2(bytes));
    }
    match (is_csv, bytes.is_empty()) {
        (false, true) => Err(Why::Empty),
        (false, false) => Err(Why::NotAWorkbook),
        (true, _) => Ok(csv::read(bytes)?.map(|(rows, dialect)| workbook::Found {
            rows,
            dialect,
            last_modified_by: None,
        })),
    }
}
