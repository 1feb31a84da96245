//! Looking at the reports' directory without changing it, for `check`.

use super::temporary::{or_here, temporary_in};
use crate::report::error::ReportError;
use std::fs;
use std::path::Path;
use tempfile::NamedTempFile;

/// Checks that a report can be written into a directory, by a temporary file. A directory that is
/// not there yet is not made: then one must be able to be made in the nearest one that is there.
///
/// # Errors
/// It is no directory, or cannot be written.
pub(crate) fn probe_directory(directory: &Path) -> Result<(), ReportError> {
    let directory = or_here(directory);
    let there = directory.ancestors().map(or_here).find(|it| it.symlink_metadata().is_ok());
    let there = there.unwrap_or(directory);
    temporary_in(there)
        .and_then(NamedTempFile::close)
        .map_err(|cause| ReportError::new("write a report to", directory, cause))
}

/// The reports that a directory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct KeptReports {
    /// How many runs have a manifest there.
    pub(crate) nights: u64,
    /// The bytes of all their files.
    pub(crate) bytes: u64,
}

impl KeptReports {
    /// Counts what is there. A file that cannot be looked at does not count.
    pub(crate) fn of(directory: &Path) -> KeptReports {
        let mut kept = KeptReports::default();
        let Ok(entries) = fs::read_dir(or_here(directory)) else { return kept };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let Ok(metadata) = entry.metadata() else { continue };
            if !metadata.is_file() || !name.starts_with("mismatches-") {
                continue;
            }
            kept.bytes = kept.bytes.saturating_add(metadata.len());
            let is_manifest = Path::new(&*name).extension().is_some_and(|it| it == "json");
            kept.nights += u64::from(is_manifest);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_counted_by_their_manifests() -> std::io::Result<()> {
        let directory = tempfile::tempdir()?;
        assert_eq!(KeptReports::of(&directory.path().join("absent")), KeptReports::default());
        for name in ["run1.csv", "run1.json", "run2.csv", "run2.html", "run2.json"] {
            fs::write(directory.path().join(format!("mismatches-{name}")), "12345")?;
        }
        for other in ["latest.json", "orders.csv"] {
            fs::write(directory.path().join(other), "12345")?;
        }
        fs::create_dir(directory.path().join("mismatches-old.json"))?;
        assert_eq!(KeptReports::of(directory.path()), KeptReports { nights: 2, bytes: 25 });
        Ok(())
    }

    #[test]
    fn a_directory_is_tried_and_left_as_it_is() -> std::io::Result<()> {
        let directory = tempfile::tempdir()?;
        let path = |name| directory.path().join(name);
        fs::write(path("file"), "")?;
        assert!(probe_directory(directory.path()).is_ok());
        assert!(probe_directory(&path("new/deep")).is_ok());
        assert!(probe_directory(&path("file")).is_err());
        assert!(probe_directory(&path("file/deep")).is_err());
        assert_eq!(fs::read_dir(directory.path())?.count(), 1);
        Ok(())
    }
}
