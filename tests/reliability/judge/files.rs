//! The report's files: each is last night's or tonight's, byte for byte, and the manifest agrees.

use super::Verdict;
use super::findings::{comparable, rows_of};
use crate::stage::{Files, Stage};
use sha2::{Digest, Sha256};

/// The part of a dated name that tells tonight's files.
const NEW_MARK: &str = "-incomplete.";

/// What was left in the directory.
#[derive(Debug, Default, Clone, Copy)]
pub struct Left {
    /// Temporary files, as a kill may leave them for the next run.
    pub temporary: usize,
    /// Tonight's dated files that have their names.
    pub new_dated: usize,
    /// The files `latest.*`, and how many of them are tonight's.
    pub latest: usize,
    pub new_latest: usize,
    /// A manifest from before, beside files that were written again.
    pub mixed: usize,
    /// Files that say that there is no report tonight.
    pub notices: usize,
    /// Tonight's files beside a `latest` that could not be replaced.
    pub beside: usize,
    /// Last night's files under the name of a file that somebody edited.
    pub set_aside: usize,
}

impl Left {
    /// Whether some files have their new names and others do not.
    pub fn is_between_renames(&self) -> bool {
        matches!(self.new_dated, 1..4) || (self.new_dated == 4 && matches!(self.new_latest, 1..4))
    }
}

/// Judges the files of the directory `reports`. `before` is what an earlier kill left there: a
/// resumed run writes its report again, so these are old files too. With `may_say_no_report` the
/// latest page and manifest may say that tonight has none.
pub fn files(
    verdict: &mut Verdict,
    stage: &Stage,
    files: &Files,
    before: &Files,
    may_say_no_report: bool,
) -> Left {
    let mut left = Left::default();
    let beside = format!("latest-run{}.", stage.first_runs() + 1);
    for (name, content) in &stage.old {
        let is_kept = files.get(name).is_some_and(|now| now == content);
        if !is_kept && !name.starts_with("latest.") {
            verdict.torn.push(format!("last night's {name} is changed or gone"));
        }
    }
    for (name, content) in files {
        if name.starts_with(".octopus-recon-") {
            left.temporary += 1;
        } else if let Some(old) = set_aside(name) {
            let extension = old.rsplit('.').next().unwrap_or_default();
            let is_new = new_dated(files, extension).is_some_and(|dated| dated == content);
            let is_own = is_new || stage.old.get(&old) == Some(content);
            left.set_aside += usize::from(is_own);
            if !is_own || !may_say_no_report {
                verdict.torn.push(format!("{name} is kept as if somebody had edited it"));
            }
        } else if let Some(extension) = name.strip_prefix("latest.") {
            left.latest += 1;
            let is_new = new_dated(files, extension).is_some_and(|dated| dated == content);
            if is_new || before.get(name) == Some(content) {
                left.new_latest += 1;
            } else if may_say_no_report && says_no_report(content) {
                left.notices += 1;
            } else if stage.old.get(name) != Some(content) {
                verdict.torn.push(format!("{name} is neither the old file nor the new one"));
            }
        } else if name.contains(NEW_MARK) {
            left.new_dated += 1;
            if let Err(why) = is_whole(stage, files, name, content) {
                let is_manifest = name.rsplit('.').next() == Some("json");
                if is_manifest && before.get(name) == Some(content) {
                    left.mixed += 1;
                    continue;
                }
                verdict.torn.push(format!("{name}: {why}"));
            }
        } else if let Some(extension) = name.strip_prefix(&beside) {
            left.beside += 1;
            if new_dated(files, extension) != Some(content) {
                verdict.torn.push(format!("{name} is not the new file"));
            }
        } else if name.starts_with("NO-REPORT-") && may_say_no_report {
            left.notices += 1;
        } else if !stage.old.contains_key(name) {
            verdict.torn.push(format!("an unexpected file: {name}"));
        }
    }
    if stage.has_first && left.latest < 4 {
        verdict.torn.push(format!("only {} latest files", left.latest));
    }
    left
}

/// Tonight's dated file with this extension.
fn new_dated<'a>(files: &'a Files, extension: &str) -> Option<&'a Vec<u8>> {
    let end = format!("{NEW_MARK}{extension}");
    let is_it = |name: &&String| name.starts_with("mismatches-") && name.ends_with(&end);
    files.keys().find(is_it).map(|name| &files[name])
}

/// The name that a file had before it was set aside as edited.
fn set_aside(name: &str) -> Option<String> {
    let (stem, rest) = name.split_once(".edited-")?;
    Some(format!("{stem}.{}", rest.rsplit_once('.')?.1))
}

/// The page or the manifest of a night without a report.
fn says_no_report(content: &[u8]) -> bool {
    let text = String::from_utf8_lossy(content);
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(content) {
        return json["status"] == "failed" && json["exit_code"].as_i64() >= Some(2);
    }
    text.trim_end().ends_with("</html>") && text.contains("<h1>NO REPORT")
}

/// Whether one of tonight's dated files is whole. A manifest must agree with its files.
fn is_whole(stage: &Stage, files: &Files, name: &str, content: &[u8]) -> Result<(), String> {
    match name.rsplit_once('.').unwrap().1 {
        "csv" if comparable(rows_of(content)) == stage.expected => Ok(()),
        "csv" => Err("not the undisturbed rows".to_owned()),
        "html" if content.trim_ascii_end().ends_with(b"</html>") => Ok(()),
        "xlsx" if is_whole_workbook(content) => Ok(()),
        "json" => agrees(files, content),
        _ => Err("cut".to_owned()),
    }
}

fn is_whole_workbook(content: &[u8]) -> bool {
    use std::io::{Cursor, Read};
    let Ok(mut workbook) = zip::ZipArchive::new(Cursor::new(content)) else { return false };
    (0..workbook.len()).all(|index| {
        // Reading to the end compares the checksum.
        workbook.by_index(index).is_ok_and(|mut it| it.read_to_end(&mut Vec::new()).is_ok())
    })
}

/// Each file that the manifest names is there, with its SHA-256.
fn agrees(files: &Files, manifest: &[u8]) -> Result<(), String> {
    let manifest: serde_json::Value =
        serde_json::from_slice(manifest).map_err(|error| error.to_string())?;
    let named = manifest["files"].as_array().ok_or("no files")?;
    if named.len() < 3 {
        return Err(format!("names only {} files", named.len()));
    }
    for file in named {
        let name = file["name"].as_str().ok_or("a file without a name")?;
        let content = files.get(name).ok_or(format!("names {name}, which is not there"))?;
        if file["sha256"].as_str() != Some(&hex::encode(Sha256::digest(content))) {
            return Err(format!("has another SHA-256 for {name}"));
        }
    }
    Ok(())
}
