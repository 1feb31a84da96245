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
    if path.symlink_metadata().is_err() || is_of(&path, merchant_uid) {
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
    format!(
        "NO REPORT for {day}: {error} (exit {exit_code}).\nWhat to do: {}.\n{last}\nEnded: \
         {ended_at}\n{}\nThe next report removes this file.\n",
        one_line(hint.trim_end_matches('.')),
        merchant_line(night.merchant_uid.as_deref()),
    )
}

/// Whether a file is a note of this merchant.
fn is_of(path: &Path, merchant_uid: Option<&str>) -> bool {
    let is_file = path.symlink_metadata().is_ok_and(|it| it.is_file() && it.len() < LONGEST_BYTES);
    let text = if is_file { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
    let line = merchant_line(merchant_uid);
    text.starts_with("NO REPORT for ") && text.lines().any(|it| it == line)
}

/// Removes the notes of earlier nights without a report. Best effort; gives those that are still
/// there.
pub(crate) fn remove_notes(directory: &Path, merchant_uid: Option<&str>) -> Vec<PathBuf> {
    let notes = notes(directory, merchant_uid).into_iter();
    notes.filter(|path| fs::remove_file(path).is_err()).collect()
}

/// The notes of nights without a report since the last one with a report.
pub(crate) fn notes(directory: &Path, merchant_uid: Option<&str>) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(temporary::or_here(directory)) else { return Vec::new() };
    let is_note = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(PREFIX) && name.ends_with(SUFFIX) && is_of(path, merchant_uid)
    };
    entries.flatten().map(|entry| entry.path()).filter(is_note).collect()
}
