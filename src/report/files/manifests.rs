//! The manifests that are beside reports: what they say of files that the database does not know,
//! because it was restored from a backup that is older than they are.

use super::existing::{open, sha256};
use super::temporary::or_here;
use crate::report::manifest::EXTENSION;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::fs;
use std::io::{self, BufReader, Seek};
use std::path::{Path, PathBuf};

/// A manifest that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundManifest {
    /// The run that it is of.
    pub(crate) run_id: i64,
    /// Its own SHA-256.
    pub(crate) sha256: String,
    /// The SHA-256 of the manifest before it.
    pub(crate) previous: Option<String>,
    /// The SHA-256 of each file that it names.
    pub(crate) files: Vec<String>,
    /// Whether one of these files is beside it, with the bytes that it names, and is not one that
    /// the caller knows: then this program has written both.
    pub(crate) has_unknown_file: bool,
}

/// The parts of a manifest that are read. All of them must be there: what says that there is no
/// report has the same name.
#[derive(Deserialize)]
struct Parts {
    run_id: i64,
    #[serde(rename = "previous_manifest")]
    previous: Option<String>,
    #[serde(rename = "rows")]
    _rows: IgnoredAny,
    files: Vec<NamedFile>,
}

#[derive(Deserialize)]
struct NamedFile {
    name: String,
    sha256: String,
}

impl FoundManifest {
    /// Reads a manifest. `None`: it is known, or there is none that can be read.
    pub(crate) fn unknown(path: &Path, is_known: &dyn Fn(&str) -> bool) -> Option<FoundManifest> {
        FoundManifest::try_read(path, is_known).ok().flatten()
    }

    fn try_read(path: &Path, is_known: &dyn Fn(&str) -> bool) -> io::Result<Option<FoundManifest>> {
        if !path.symlink_metadata()?.is_file() {
            return Ok(None);
        }
        let mut file = open(path)?;
        let digest = sha256(&mut file)?;
        if is_known(&digest) {
            return Ok(None);
        }
        file.rewind()?;
        let Parts { run_id, previous, files, .. } =
            serde_json::from_reader(BufReader::new(file)).map_err(io::Error::from)?;
        let is_beside = |file: &NamedFile| {
            let is_name = Path::new(&file.name).file_name().is_some_and(|own| own == &*file.name);
            is_name && !is_known(&file.sha256) && has_bytes(&path.with_file_name(&file.name), file)
        };
        let has_unknown_file = files.iter().any(is_beside);
        let files = files.into_iter().map(|file| file.sha256).collect();
        Ok(Some(FoundManifest { run_id, sha256: digest, previous, files, has_unknown_file }))
    }
}

fn has_bytes(path: &Path, named: &NamedFile) -> bool {
    let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file());
    let digest = || open(path).and_then(|mut file| sha256(&mut file)).ok();
    is_file && digest().is_some_and(|digest| digest == named.sha256)
}

/// The manifests in a directory that may be of runs behind this one: `latest*`, and those whose
/// name has a higher number.
pub(crate) fn manifests_behind(directory: &Path, run_id: i64) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(or_here(directory)) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == EXTENSION))
        .filter(|path| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let number = run_of(&stem);
            stem.starts_with("latest") || number.is_some_and(|number| number > run_id)
        })
        .collect();
    found.sort_unstable();
    found
}

/// `mismatches-…-run<N>[-incomplete]`.
fn run_of(stem: &str) -> Option<i64> {
    let (run_id, behind) = run_in_stem(stem.strip_prefix("mismatches-")?)?;
    (behind.is_empty() || behind.starts_with('-')).then_some(run_id)
}

/// The number of the run in a report's name, `…-run<N>…`, and what is behind it.
pub(crate) fn run_in_stem(stem: &str) -> Option<(i64, &str)> {
    let (_, number) = stem.rsplit_once("-run")?;
    let behind = number.trim_start_matches(|character: char| character.is_ascii_digit());
    let run_id = number[..number.len() - behind.len()].parse().ok()?;
    Some((run_id, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn the_number_of_a_run_is_in_the_name() {
        for (stem, run_id) in [
            ("mismatches-2026-10-29_2026-11-27-run7", Some(7)),
            ("mismatches-M-run1-2026-10-29_2026-11-27-run12-incomplete", Some(12)),
            ("mismatches-as-of-2026-11-27", None),
            ("latest", None),
            ("budget-run7", None),
            ("mismatches-2026-10-29_2026-11-27-run7.edited", None),
        ] {
            assert_eq!(run_of(stem), run_id, "{stem}");
        }
    }

    #[test]
    fn a_manifest_speaks_for_the_files_beside_it() -> Outcome {
        let directory = tempfile::tempdir()?;
        let path = |name: &str| directory.path().join(name);
        fs::write(path("a.csv"), "a")?;
        let digest = sha256(&mut open(&path("a.csv"))?)?;
        let manifest = format!(
            r#"{{"run_id": 7, "previous_manifest": "p", "rows": {{"m-1": "x"}}, "more": 1,
                "files": [{{"name": "a.csv", "role": "report", "sha256": "{digest}"}}]}}"#
        );
        fs::write(path("a.json"), &manifest)?;
        let nothing = |_: &str| false;
        let found = FoundManifest::unknown(&path("a.json"), &nothing).ok_or("not found")?;
        assert_eq!((found.run_id, found.previous.as_deref()), (7, Some("p")));
        assert_eq!((&found.files[..], found.has_unknown_file), (&[digest.clone()][..], true));
        // A manifest that is known, and one of files that are known.
        assert_eq!(FoundManifest::unknown(&path("a.json"), &|it| it == found.sha256), None);
        let of_known = FoundManifest::unknown(&path("a.json"), &|it| it == digest);
        assert!(of_known.is_some_and(|it| !it.has_unknown_file));
        // Its file was edited, is gone, or is somewhere else.
        for (name, text) in [("a.csv", "edited"), ("../a.csv", "a"), ("absent.csv", "a")] {
            fs::write(path("a.csv"), text)?;
            fs::write(path("a.json"), manifest.replace("\"a.csv\"", &format!("\"{name}\"")))?;
            let found = FoundManifest::unknown(&path("a.json"), &nothing);
            assert!(found.is_some_and(|it| !it.has_unknown_file), "{name}");
        }
        for other in [r#"{"command": "run", "status": "failed", "run_id": 7}"#, "", "{"] {
            fs::write(path("latest.json"), other)?;
            assert_eq!(FoundManifest::unknown(&path("latest.json"), &nothing), None, "{other}");
        }
        Ok(())
    }

    #[test]
    fn manifests_of_later_runs_are_found_by_their_names() -> Outcome {
        let directory = tempfile::tempdir()?;
        for name in [
            "mismatches-2026-01-01_2026-01-02-run6.json",
            "mismatches-2026-01-01_2026-01-02-run7.json",
            "mismatches-2026-01-01_2026-01-02-run7.csv",
            "latest-M-1.json",
            "latest.csv",
            "package.json",
        ] {
            fs::write(directory.path().join(name), "")?;
        }
        let found = manifests_behind(directory.path(), 6);
        let names: Vec<_> = found.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        assert_eq!(names, ["latest-M-1.json", "mismatches-2026-01-01_2026-01-02-run7.json"]);
        assert!(manifests_behind(&directory.path().join("absent"), 6).is_empty());
        Ok(())
    }
}
