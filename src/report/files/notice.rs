//! What a night without a report leaves in the directory (contract, "The report"): a page and an
//! object in the place of `latest.html` and `latest.json`, which would pass for tonight's, and a
//! file whose name says it. The latest CSV and workbook stay: they are still the newest.

use super::latest::put;
use super::{Directory, Edited, Role, StagedFile, names, temporary};
use crate::domain::text::{one_line, printable};
use crate::report::error::ReportError;
use crate::report::formats::html::status_page::{NoReport, is_status_page, status_page};
use crate::report::manifest;
use crate::report::settings::{FileMode, ReportFormat, ReportSettings};
use chrono::{DateTime, SecondsFormat, Utc};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

const PREFIX: &str = "NO-REPORT-";
const SUFFIX: &str = ".txt";
const ENDED: &str = "Ended: ";
const UNRECORDED: &str = "The database could not record the end of run ";
/// More than such a file ever has.
const LONGEST_BYTES: u64 = 64 * 1024;

/// The files of a night without a report, whole and durable, and not in their places yet.
#[must_use]
pub(crate) struct StagedNotice {
    directory: Directory,
    /// The note first: it is new, so nothing can be in its way.
    files: Vec<StagedFile>,
}

impl StagedNotice {
    /// Makes the files. `json` takes the place of `latest.json`; `None`: `latest.*` stay.
    pub(crate) fn create(
        directory: &Path,
        settings: &ReportSettings,
        night: &NoReport,
        json: Option<&str>,
    ) -> Result<StagedNotice, ReportError> {
        let merchant_uid = night.merchant_uid.as_deref();
        let latest = directory.join(names::latest(merchant_uid));
        let mut files = Vec::new();
        let note = free_name(directory, night);
        files.push(staged(note, settings.mode, note_text(night).as_bytes())?);
        if let Some(json) = json {
            if settings.formats.contains(ReportFormat::Html) {
                let path = with_extension(&latest, "html");
                files.push(staged(path, settings.mode, status_page(night).as_bytes())?);
            }
            let path = with_extension(&latest, manifest::EXTENSION);
            files.push(staged(path, settings.mode, format!("{json}\n").as_bytes())?);
        }
        Ok(StagedNotice { directory: Directory::open(&latest)?, files })
    }

    /// The SHA-256 of each file.
    pub(crate) fn digests(&self) -> Vec<String> {
        self.files.iter().map(|file| file.written.sha256.clone()).collect()
    }

    /// The object that takes the place of `latest.json`.
    pub(crate) fn manifest(&self) -> Option<&Path> {
        let paths = self.files.iter().map(|file| file.written.path.as_path());
        paths.rev().find(|path| path.extension().is_some_and(|it| it == manifest::EXTENSION))
    }

    /// Puts each file in its place where that can be done. Gives the files of people that were set
    /// aside, and what could not be replaced, for people.
    pub(crate) fn publish(
        self,
        is_own: &dyn Fn(&str) -> bool,
        now: DateTime<Utc>,
    ) -> (Vec<Edited>, Vec<String>) {
        let (mut edited, mut failed) = (Vec::new(), Vec::new());
        for file in self.files {
            match put(&self.directory, file, is_own, now) {
                Ok(kept) => edited.extend(kept),
                Err(error) => failed.push(error.1.to_string()),
            }
        }
        if let Err(error) = self.directory.sync() {
            failed.push(error.to_string());
        }
        (edited, failed)
    }
}

fn with_extension(stem: &Path, extension: &str) -> PathBuf {
    // Not `with_extension`: a stem may have a dot.
    let mut name = stem.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(extension);
    stem.with_file_name(name)
}

fn staged(path: PathBuf, mode: FileMode, content: &[u8]) -> Result<StagedFile, ReportError> {
    let directory = temporary::directory_of(&path);
    let written = temporary::TemporaryFile::create(directory, mode).and_then(|mut file| {
        file.write_all(content)?;
        Ok(file)
    });
    let place = super::Place { role: Role::Manifest, path, has_own_cells: is_notice };
    StagedFile::new(place, written)
}

/// Whether a file is a notice of this program: nobody edits one.
pub(in crate::report) fn is_notice(existing: File, _new: Option<File>) -> io::Result<bool> {
    let mut text = String::new();
    existing.take(LONGEST_BYTES).read_to_string(&mut text)?;
    let object = || serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default();
    Ok(text.starts_with("NO REPORT for ") || is_status_page(&text) || {
        let object = object();
        object["command"] == "run" && object["status"] == "failed"
    })
}

/// `NO-REPORT-<date>.txt`; with the merchant behind the date where another merchant has that one.
fn free_name(directory: &Path, night: &NoReport) -> PathBuf {
    let path = directory.join(format!("{PREFIX}{}{SUFFIX}", night.day));
    let merchant_uid = night.merchant_uid.as_deref();
    if path.symlink_metadata().is_err() || Note::read(path.clone(), merchant_uid).is_some() {
        return path;
    }
    let merchant = names::latest(merchant_uid);
    let merchant = merchant.trim_start_matches("latest");
    directory.join(format!("{PREFIX}{}{merchant}{SUFFIX}", night.day))
}

fn merchant_line(merchant_uid: Option<&str>) -> String {
    format!("Merchant: {}", merchant_uid.map_or("(none)".to_owned(), printable))
}

fn note_text(night: &NoReport) -> String {
    let NoReport { day, exit_code, error, hint, .. } = night;
    let last = night.last_good.map_or("There has been no good night yet.".to_owned(), |last| {
        let (run_id, day) = last;
        format!("Last good night: {day} (run {run_id}). Its report is still in this directory.")
    });
    let hint = hint.as_deref().unwrap_or("tell the operator of this program, with the text above");
    let ended_at = night.ended_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let error = one_line(error.trim_end_matches('.'));
    let unrecorded = night.unrecorded.map(|run_id| format!("{UNRECORDED}{run_id}\n"));
    format!(
        "NO REPORT for {day}: {error} (exit {exit_code}).\nWhat to do: {}.\n{last}\n{ENDED}\
         {ended_at}\n{}{}\nThe next report removes this file.\n",
        one_line(hint.trim_end_matches('.')),
        unrecorded.unwrap_or_default(),
        merchant_line(night.merchant_uid.as_deref()),
    )
}

/// A note of a night without a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// What it says of a run whose end the database could not record.
    pub(crate) unrecorded: Option<UnrecordedEnd>,
}

/// How a run ended that the database could not record, such as on a full disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnrecordedEnd {
    /// The run.
    pub(crate) run_id: i64,
    /// When it ended.
    pub(crate) ended_at: DateTime<Utc>,
    /// With which exit code.
    pub(crate) exit_code: u8,
    /// Why.
    pub(crate) error: String,
}

impl Note {
    /// Reads a note. `None`: it is none, or another merchant's.
    fn read(path: PathBuf, merchant_uid: Option<&str>) -> Option<Note> {
        let metadata = path.symlink_metadata().ok()?;
        if !metadata.is_file() || metadata.len() >= LONGEST_BYTES {
            return None;
        }
        let text = fs::read_to_string(&path).ok()?;
        let line = merchant_line(merchant_uid);
        let is_ours = text.starts_with("NO REPORT for ") && text.lines().any(|it| it == line);
        is_ours.then(|| Note { path, unrecorded: unrecorded(&text) })
    }
}

/// The inverse of [`note_text`].
fn unrecorded(text: &str) -> Option<UnrecordedEnd> {
    let line = |begin: &str| text.lines().find_map(|line| line.strip_prefix(begin));
    let run_id = line(UNRECORDED)?.parse().ok()?;
    let ended_at = DateTime::parse_from_rfc3339(line(ENDED)?).ok()?.to_utc();
    let (_, said) = line("NO REPORT for ")?.split_once(": ")?;
    let (error, exit_code) = said.strip_suffix(").")?.rsplit_once(" (exit ")?;
    let exit_code = exit_code.parse().ok()?;
    Some(UnrecordedEnd { run_id, ended_at, exit_code, error: one_line(error) })
}

/// Removes the notes of earlier nights without a report. Best effort; gives those that are still
/// there.
pub(crate) fn remove_notes(directory: &Path, merchant_uid: Option<&str>) -> Vec<PathBuf> {
    let notes = notes(directory, merchant_uid).into_iter().map(|note| note.path);
    notes.filter(|path| fs::remove_file(path).is_err()).collect()
}

/// The notes of nights without a report since the last one with a report, by their names.
pub(crate) fn notes(directory: &Path, merchant_uid: Option<&str>) -> Vec<Note> {
    let Ok(entries) = fs::read_dir(temporary::or_here(directory)) else { return Vec::new() };
    let is_named = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(PREFIX) && name.ends_with(SUFFIX)
    };
    let paths = entries.flatten().map(|entry| entry.path()).filter(is_named);
    let mut notes: Vec<Note> = paths.filter_map(|path| Note::read(path, merchant_uid)).collect();
    notes.sort_by(|one, other| one.path.cmp(&other.path));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_how_a_run_ended_that_the_database_could_not_record() {
        let night = |unrecorded| NoReport {
            day: DateTime::UNIX_EPOCH.date_naive(),
            ended_at: DateTime::UNIX_EPOCH,
            zone: chrono_tz::UTC,
            merchant_uid: Some("M-1".to_owned()),
            exit_code: 14,
            error: "the disk: is full (os error 28)".to_owned(),
            hint: None,
            last_good: None,
            unrecorded,
        };
        let end = UnrecordedEnd {
            run_id: 3,
            ended_at: DateTime::UNIX_EPOCH,
            exit_code: 14,
            error: "the disk: is full (os error 28)".to_owned(),
        };
        assert_eq!(unrecorded(&note_text(&night(Some(3)))), Some(end));
        assert_eq!(unrecorded(&note_text(&night(None))), None);
        for other in ["", "NO REPORT for x: y (exit 14).\n", "The database could not record"] {
            assert_eq!(unrecorded(other), None, "{other}");
        }
    }
}
