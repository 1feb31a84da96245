//! A database that was restored from a backup: reports of later runs are still in the directory.
//! Their manifests tell that this program has written them, and that the database lacks their runs.

use super::warn;
use crate::domain::run::Warning;
use crate::failure::Failure;
use crate::report::{FoundManifest, Role, Written, manifests_behind};
use crate::store::{Store, StoreError};
use std::collections::BTreeSet;
use std::path::Path;

/// What to do about a database that is older than the reports.
pub(crate) const HINT: &str = "move the later reports away, and run once without --scheduled: \
                               see docs/operations.md, \"Restoring\"";

/// The SHA-256 of files beside these new ones that this program wrote for runs that the database
/// does not have, by their manifests: nobody has edited them. A file that somebody edited has
/// another one.
pub(super) fn own_files(store: &Store, new: &[Written]) -> Result<BTreeSet<String>, StoreError> {
    let manifests = new.iter().filter(|file| file.role == Role::Manifest);
    let mut own = BTreeSet::new();
    for path in manifests.map(|file| file.path.as_path()) {
        own.extend(own_files_beside(store, path)?);
    }
    Ok(own)
}

/// As [`own_files`], of the directory of this manifest.
pub(super) fn own_files_beside(
    store: &Store,
    manifest: &Path,
) -> Result<BTreeSet<String>, StoreError> {
    let directory = manifest.parent().unwrap_or(Path::new(""));
    let mut paths = manifests_behind(directory, store.latest_reported()?);
    // `--report` gives it any name.
    paths.push(manifest.to_owned());
    let found = paths.iter().filter_map(|path| unknown(store, path));
    let of_lost_runs = found.filter(|manifest| manifest.has_unknown_file);
    Ok(of_lost_runs.flat_map(|it| it.files.into_iter().chain([it.sha256])).collect())
}

/// Whether the manifest beside a report tells that this program wrote it for a run that the
/// database does not have.
pub(super) fn is_own(store: &Store, report: &Path, sha256: &str) -> bool {
    let manifest = unknown(store, &report.with_extension("json"));
    let manifest = manifest.filter(|manifest| manifest.has_unknown_file);
    manifest.is_some_and(|it| it.files.iter().any(|named| named == sha256))
}

/// A manifest that the database does not know. Where the database cannot tell, it counts as known:
/// nothing is overwritten then.
fn unknown(store: &Store, path: &Path) -> Option<FoundManifest> {
    FoundManifest::unknown(path, &|sha256| store.has_report_file(sha256).unwrap_or(true))
}

/// What the reports of a directory say of runs that the database does not have. `None`: there is no
/// such report of this database. One is of this database if it follows one that the database has,
/// by the SHA-256 of the manifest before it.
pub(crate) fn database_is_older(
    store: &Store,
    directory: &Path,
) -> Result<Option<String>, StoreError> {
    let known = store.latest_reported()?;
    let paths = manifests_behind(directory, known);
    let found = paths.iter().filter_map(|path| unknown(store, path));
    let mut later: Vec<FoundManifest> = found.filter(|it| it.run_id > known).collect();
    later.sort_by_key(|manifest| manifest.run_id);
    let mut ours: BTreeSet<String> = BTreeSet::new();
    let mut newest = None;
    for FoundManifest { run_id, sha256, previous, .. } in later {
        let follows = |it: &String| ours.contains(it) || store.has_report_file(it).unwrap_or(false);
        if previous.as_ref().is_some_and(follows) {
            ours.insert(sha256);
            newest = Some(run_id);
        }
    }
    Ok(newest.map(|newest| {
        let directory = directory.display();
        format!(
            "the database looks restored from a backup: {directory} has a report of run {newest}, \
             but the database has none after run {known}. What was found and decided since is not \
             in it"
        )
    }))
}

/// Warns a run of a database that is older than the reports, once.
pub(super) fn warn_of_older_database(
    store: &mut Store,
    run_id: i64,
    directory: &Path,
    said: &[Warning],
) -> Result<(), Failure> {
    const CODE: &str = "database_older_than_reports";
    if said.iter().any(|warning| warning.code == CODE) {
        return Ok(());
    }
    match database_is_older(store, directory)? {
        Some(text) => warn(store, run_id, Warning::new(CODE, format!("{text}; {HINT}"))),
        None => Ok(()),
    }
}
