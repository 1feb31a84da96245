//! What a run's files are called (contract, "The report").

use crate::domain::run::RunSummary;
use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Characters of a report's name without its extension.
const LONGEST_STEM: usize = 100;
/// Characters of a merchant in names without days.
const LONGEST_MERCHANT: usize = 60;
const INCOMPLETE: &str = "-incomplete";

/// `mismatches-[<merchant_uid>-]<from>_<to>-run<N>`, with `-incomplete` while orders are
/// unverified. Where only one day is known, it is both; where none is known, the run's day is both.
pub(super) fn stem(run: &RunSummary, merchant_uid: Option<&str>) -> String {
    let from = run.from.or(run.to).unwrap_or(run.day);
    let to = run.to.or(run.from).unwrap_or(run.day);
    let days = format!("{from}_{to}-run{}", run.run_id);
    let incomplete = if run.has_open_doubt() { INCOMPLETE } else { "" };
    // The merchant's part is the same in the name of the complete and of the incomplete report.
    let others = "mismatches--".len() + days.len() + INCOMPLETE.len();
    let merchant = merchant_uid.filter(|uid| !uid.is_empty()).map_or_else(String::new, |uid| {
        format!("{}-", merchant_part(uid, LONGEST_STEM.saturating_sub(others)))
    });
    format!("mismatches-{merchant}{days}{incomplete}")
}

/// `latest[-<merchant_uid>]`.
pub(super) fn latest(merchant_uid: Option<&str>) -> String {
    let merchant = merchant_uid.filter(|uid| !uid.is_empty());
    let merchant = merchant.map(|uid| format!("-{}", merchant_part(uid, LONGEST_MERCHANT)));
    format!("latest{}", merchant.unwrap_or_default())
}

/// `mismatches-[<merchant_uid>-]as-of-<DATE>`.
pub(super) fn as_of(merchant_uid: Option<&str>, day: NaiveDate) -> String {
    let merchant = merchant_uid.filter(|uid| !uid.is_empty());
    let merchant = merchant.map(|uid| format!("{}-", merchant_part(uid, LONGEST_MERCHANT)));
    format!("mismatches-{}as-of-{day}", merchant.unwrap_or_default())
}

/// A merchant in at most `longest` characters that every file system takes. Where that is not the
/// merchant's own text, 8 digits of its SHA-256 tell it from others that look the same.
fn merchant_part(uid: &str, longest: usize) -> String {
    const DIGITS: usize = 8;
    let is_safe = |byte: char| byte.is_ascii_alphanumeric() || matches!(byte, '_' | '-');
    if uid.chars().all(is_safe) && uid.len() <= longest {
        return uid.to_owned();
    }
    let safe = uid.chars().map(|character| if is_safe(character) { character } else { '_' });
    let cut: String = safe.take(longest.saturating_sub(DIGITS)).collect();
    let digest = hex::encode(Sha256::digest(uid));
    format!("{cut}{}", &digest[..DIGITS])
}

/// Where the invalid rows of the report at `report` go.
pub(super) fn invalid_rows(report: &Path, extension: &str) -> PathBuf {
    let mut name = report.file_stem().unwrap_or(OsStr::new("report")).to_owned();
    name.push("-invalid-rows.");
    name.push(extension);
    report.with_file_name(name)
}

/// Where an edited file is kept: `<stem>.edited-<YYYYMMDDTHHMMSS>.<ext>`, with a number behind the
/// time from the second one on.
pub(super) fn edited(path: &Path, now: DateTime<Utc>, number: u32) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(now.format(".edited-%Y%m%dT%H%M%S").to_string());
    if number > 1 {
        name.push(format!("-{number}"));
    }
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}
