//! `latest.*`: copies of the newest night's files, whatever is in their place.

use super::*;
use std::fs;

const STEM: &str = "mismatches-2026-11-20_2026-11-22-run7";

/// Writes a night with its copies. The files that `known` has are the program's own.
fn write(directory: &Path, merchant: Option<&str>, known: &[Written]) -> Published {
    let staged = || -> Result<Published, ReportError> {
        let target = directory.join(format!("{STEM}.csv"));
        let files = ReportFiles::create(&target, &night(), &plain())?;
        let mut files = files.with_latest(7, merchant);
        files.write(Part::Finding(&short_payment()))?;
        let is_own = |sha256: &str| known.iter().any(|file| file.sha256 == sha256);
        files.finish()?.publish(&is_own, instant(NIGHT))
    };
    staged().unwrap_or_else(|error| unreachable!("{error}"))
}

#[test]
fn they_are_copies_of_the_dated_files() -> Outcome {
    for (merchant, stem) in [(None, "latest"), (Some("M/1"), "latest-M_190fe417b")] {
        let directory = tempfile::tempdir()?;
        let published = write(directory.path(), merchant, &[]);
        assert_eq!(published.not_replaced, []);
        for extension in ["csv", "json"] {
            let [dated, latest] = [STEM, stem].map(|stem| {
                let path = directory.path().join(format!("{stem}.{extension}"));
                (fs::read(&path), fs::symlink_metadata(&path).map(|it| it.is_file()))
            });
            assert_eq!(dated.0?, latest.0?, "{stem}.{extension}");
            assert!(latest.1?, "a file, not a link");
        }
    }
    Ok(())
}

#[test]
fn one_that_is_edited_is_kept() -> Outcome {
    let directory = tempfile::tempdir()?;
    let earlier = write(directory.path(), None, &[]);
    let latest = directory.path().join("latest.csv");
    fs::write(&latest, "what finance wrote")?;
    let published = write(directory.path(), None, &earlier.written);
    let kept = directory.path().join("latest.edited-20261123T051009.csv");
    let expected = Edited { path: latest.clone(), kept_as: kept.clone() };
    assert_eq!(published.edited, [expected]);
    assert_eq!(fs::read(kept)?, b"what finance wrote");
    assert_eq!(fs::read(latest)?, fs::read(directory.path().join(format!("{STEM}.csv")))?);
    Ok(())
}

#[test]
fn one_that_cannot_be_replaced_is_written_beside() -> Outcome {
    let directory = tempfile::tempdir()?;
    let latest = directory.path().join("latest.csv");
    fs::create_dir(&latest)?;
    let published = write(directory.path(), None, &[]);
    let beside = directory.path().join("latest-run7.csv");
    let told: Vec<_> = published.not_replaced.iter().map(|it| (&it.path, &it.beside)).collect();
    assert_eq!(told, [(&latest, &Some(beside.clone()))]);
    assert!(published.not_replaced[0].why.contains("Is a directory"), "{published:?}");
    let dated = fs::read(directory.path().join(format!("{STEM}.csv")))?;
    assert_eq!(fs::read(&beside)?, dated);
    // The others are in their places.
    assert!(directory.path().join("latest.json").is_file());
    // The next night tries again.
    fs::remove_dir(&latest)?;
    let again = write(directory.path(), None, &published.written);
    assert_eq!(again.not_replaced, []);
    assert_eq!(fs::read(&latest)?, dated);
    Ok(())
}
