//! The reports' directory, and the space on the disks.

use super::database::Looked;
use super::finding::Finding;
use crate::failure::{Failure, code};
use crate::report::{KeptReports, probe_directory};
use crate::settings::Settings;
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// With fewer bytes free, one run may fill the disk, if nobody knows yet what a night takes.
const LITTLE_SPACE: u64 = 1 << 30;
/// With fewer bytes free, the disk is as good as full, whatever a night takes.
const ALMOST_FULL: u64 = 16 << 20;
/// Space for fewer nights is little.
const FEW_NIGHTS: u64 = 14;

/// Nobody counts further.
const MANY_NIGHTS: u64 = 1_000;

/// The directory that holds a file.
pub(super) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The reports' directory.
pub(super) fn reports(settings: &Settings) -> Vec<Finding> {
    let directory = &settings.report.directory;
    let is_there = directory.exists();
    let probed = match probe_directory(directory) {
        Err(error) => Finding::error("reports", error),
        Ok(()) if is_there => {
            Finding::ok("reports", format!("{} can be written", directory.display()))
        }
        Ok(()) => Finding::ok(
            "reports",
            format!("{} will be created by the first run", directory.display()),
        ),
    };
    let mode = directory.metadata().map_or(0, |metadata| metadata.permissions().mode());
    // With the sticky bit others cannot replace a file.
    let open = (mode & 0o1002 == 0o002).then(|| {
        Finding::warning(
            "reports",
            format!(
                "everybody can replace a report in {} (mode {:03o})",
                directory.display(),
                mode & 0o777
            ),
            format!("chmod o-w {}", directory.display()),
        )
    });
    [probed].into_iter().chain(open).collect()
}

/// What is written to one file system.
struct Disk {
    place: PathBuf,
    /// What a night took so far.
    per_night: Option<u64>,
}

/// The space for database and reports: one finding a file system.
pub(super) fn disks(settings: &Settings, database: &Looked) -> Vec<Finding> {
    let reports = KeptReports::of(&settings.report.directory);
    let per_night = |bytes: u64, nights: u64| bytes.checked_div(nights);
    let places = [
        (parent(&settings.store.path), per_night(database.bytes, database.nights)),
        (settings.report.directory.clone(), per_night(reports.bytes, reports.nights)),
    ];
    let mut disks: BTreeMap<u64, Disk> = BTreeMap::new();
    for (place, per_night) in places {
        // A directory that is not there yet will be in the nearest one that is.
        let Some(there) = place.ancestors().map(or_here).find(|it| it.exists()) else { continue };
        let Ok(metadata) = there.metadata() else { continue };
        match disks.get_mut(&metadata.dev()) {
            Some(disk) => disk.per_night = sum(disk.per_night, per_night),
            None => {
                disks.insert(metadata.dev(), Disk { place: there.to_owned(), per_night });
            }
        }
    }
    disks.into_values().flat_map(|disk| free_space(&disk)).collect()
}

fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.zip(other).map(|(one, other)| one.saturating_add(other)).or(one).or(other)
}

fn free_space(disk: &Disk) -> Vec<Finding> {
    let place = disk.place.display();
    let space = match rustix::fs::statvfs(&disk.place) {
        Ok(space) => space,
        Err(error) => {
            let text = format!("{place}: the free space is not known: {error}");
            return vec![Finding::warning("disk", text, "see that there is space enough")];
        }
    };
    let mut findings = Vec::new();
    // Some file systems count none.
    if space.f_files > 0 && space.f_favail == 0 {
        let message = format!("no further file can be made at {place}: it has no inodes left");
        findings.push(Finding::error("disk", full(message)));
    }
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    findings.push(space_left(&place.to_string(), free, disk.per_night));
    findings
}

/// Is that enough? A pure rule, for a table.
fn space_left(place: &str, free: u64, per_night: Option<u64>) -> Finding {
    const HINT: &str = "free some space, or move database and reports to a larger disk";
    let free_at = format!("{} MiB free at {place}", free >> 20);
    let Some(per_night) = per_night.map(|bytes| bytes.max(1)) else {
        return if free < ALMOST_FULL {
            Finding::error("disk", full(free_at))
        } else if free < LITTLE_SPACE {
            Finding::warning("disk", free_at, HINT)
        } else {
            Finding::ok("disk", free_at)
        };
    };
    let nights = free / per_night;
    let about = match nights {
        1 => "about 1 night".to_owned(),
        0..=MANY_NIGHTS => format!("about {nights} nights"),
        _ => format!("more than {MANY_NIGHTS} nights"),
    };
    let took = per_night.div_ceil(1 << 10);
    let text = format!("{free_at}: space for {about}; one took {took} KiB so far");
    if nights < 1 {
        Finding::error("disk", full(text))
    } else if nights < FEW_NIGHTS || free < ALMOST_FULL {
        Finding::warning("disk", text, HINT)
    } else {
        Finding::ok("disk", text)
    }
}

fn full(message: String) -> Failure {
    Failure::new(code::STORAGE, message, "free some space before the next run")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_counted_in_nights() {
        const MIB: u64 = 1 << 20;
        for (free, per_night, level, words) in [
            (LITTLE_SPACE, None, 2, "1024 MiB free at there"),
            (LITTLE_SPACE - 1, None, 1, "1023 MiB free at there"),
            (ALMOST_FULL, None, 1, "16 MiB free at there"),
            (ALMOST_FULL - 1, None, 0, "15 MiB free at there"),
            (1400 * MIB, Some(100 * MIB), 2, "for about 14 nights; one took 102400 KiB so far"),
            (1400 * MIB - 1, Some(100 * MIB), 1, "for about 13 nights; one"),
            (100 * MIB, Some(100 * MIB), 1, "for about 1 night; one"),
            (100 * MIB - 1, Some(100 * MIB), 0, "for about 0 nights; one"),
            // Many small nights do not make a full disk a good one.
            (ALMOST_FULL, Some(1), 2, "space for more than 1000 nights"),
            (ALMOST_FULL - 1, Some(1), 1, "space for more than 1000 nights"),
            (1_000 * MIB, Some(MIB), 2, "space for about 1000 nights"),
            (0, Some(0), 0, "for about 0 nights; one took 1 KiB"),
        ] {
            let finding = space_left("there", free, per_night);
            assert_eq!(finding.rank().0, level, "{free} {per_night:?}: {finding:?}");
            assert!(format!("{finding:?}").contains(words), "{finding:?}");
        }
        assert_eq!(sum(Some(1), Some(2)), Some(3));
        assert_eq!(
            (sum(None, Some(2)), sum(Some(1), None), sum(None, None)),
            (Some(2), Some(1), None)
        );
    }

    #[test]
    fn a_file_without_a_directory_is_here() {
        assert_eq!(parent(Path::new("a.db")), Path::new("."));
        assert_eq!(parent(Path::new("/data/a.db")), Path::new("/data"));
    }
}
