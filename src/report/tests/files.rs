//! What is at the report's place, whatever happens on the way.

use super::*;
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

const OLD: &[u8] = b"the previous report";

fn names_in(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.push(PathBuf::from(entry?.file_name()));
    }
    // The other formats are beside each CSV.
    names.retain(|name| !["xlsx", "html"].iter().any(|it| name.extension() == Some(it.as_ref())));
    names.sort();
    Ok(names)
}

fn mode_of(path: &Path) -> std::io::Result<u32> {
    Ok(fs::symlink_metadata(path)?.permissions().mode() & 0o7777)
}

/// What the program wrote there before.
fn old(target: &Path) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    publish(target, &plain(), &[], &[])?;
    Ok(fs::read(target)?)
}

#[test]
fn the_old_report_is_there_until_the_new_one_is_whole() -> Outcome {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    let old = old(&target)?;

    let mut night = night();
    night.summary.figures.ledger.invalid = 1_000;
    let mut files = ReportFiles::create(&target, &night, &plain())?;
    for line in 0..1_000 {
        files.write(Part::Finding(&short_payment()))?;
        files.write(Part::Invalid(&invalid(line, b"x")))?;
    }
    assert_eq!(fs::read(&target)?, old, "while it is written");
    drop(files);
    let names = ["report.csv", "report.json"].map(PathBuf::from);
    assert_eq!(names_in(directory.path())?, names, "when it is dropped");
    let staged = stage(&target, &plain(), &[short_payment()], &[invalid(1, b"x")])?;
    assert_eq!(fs::read(&target)?, old, "when it is synced");
    drop(staged);
    assert_eq!(names_in(directory.path())?, names);

    publish(&target, &plain(), &[short_payment()], &[invalid(1, b"x")])?;
    assert!(fs::read(&target)?.starts_with(b"\"run_id\","));
    let names = ["report-invalid-rows.csv", "report.csv", "report.json"].map(PathBuf::from);
    assert_eq!(names_in(directory.path())?, names);
    Ok(())
}

#[test]
fn a_file_is_known_by_its_digest() -> Outcome {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    let staged = stage(&target, &plain(), &[short_payment()], &[])?;
    let written = staged.written();
    let published = staged.publish(&|_| false, instant(NIGHT))?;
    assert_eq!(published.written, written, "known before it is in its place");
    let output = std::process::Command::new("sha256sum").arg(&target).output()?;
    let expected = String::from_utf8(output.stdout)?;
    assert_eq!(expected.split(' ').next(), Some(written[0].sha256.as_str()));
    Ok(())
}

#[test]
fn an_error_before_the_first_rename_changes_nothing() -> Outcome {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    let old = old(&target)?;
    fs::create_dir(directory.path().join("report-invalid-rows.csv"))?;
    let error = publish(&target, &plain(), &[short_payment()], &[invalid(1, b"x")]).err();
    assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::IsADirectory));
    assert_eq!(fs::read(&target)?, old);
    assert_eq!(names_in(directory.path())?.len(), 3, "no temporary file");
    Ok(())
}

#[test]
fn an_error_between_two_renames_puts_back_what_was_there() -> Outcome {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    let settings =
        ReportSettings { formats: Formats::try_from(vec![ReportFormat::Csv])?, ..plain() };
    let staged = stage(&target, &settings, &[short_payment()], &[invalid(1, b"x")])?;
    fs::create_dir(&target)?;
    let told = |error: ReportError| format!("{error}; {}", error.hint());
    let error = staged.publish(&|_| false, instant(NIGHT)).err().map(told);
    assert_eq!(
        error,
        Some(format!(
            "cannot write {}: Is a directory (os error 21); name a file with --report, or a \
             directory with --out",
            target.display()
        ))
    );
    assert_eq!(names_in(directory.path())?.len(), 1, "only the directory");
    Ok(())
}

#[test]
fn the_mode_is_the_configured_one_and_invalid_rows_are_private() -> Outcome {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    for (mode, bits) in [("0640", 0o640), ("664", 0o664), ("0600", 0o600)] {
        let settings = ReportSettings { mode: FileMode::try_from(mode.to_owned())?, ..plain() };
        publish(&target, &settings, &[], &[invalid(2, b"x")])?;
        assert_eq!(mode_of(&target)?, bits);
        assert_eq!(mode_of(&directory.path().join("report-invalid-rows.csv"))?, 0o600);
    }
    Ok(())
}

#[test]
fn invalid_rows_of_an_earlier_run_do_not_stay() -> Outcome {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    let invalid_rows = directory.path().join("report-invalid-rows.csv");
    let earlier = publish(&target, &plain(), &[], &[invalid(2, b"x")])?;
    let staged = stage(&target, &plain(), &[], &[])?;
    let is_own = |sha256: &str| earlier.written.iter().any(|file| file.sha256 == sha256);
    let published = staged.publish(&is_own, instant(NIGHT))?;
    assert_eq!(published.edited, []);
    let names = ["report.csv", "report.json"].map(PathBuf::from);
    assert_eq!(names_in(directory.path())?, names);

    fs::write(&invalid_rows, "ledger,line,reason,row\n")?;
    publish(&target, &plain(), &[], &[])?;
    assert!(!invalid_rows.exists(), "without a row it is the program's own");
    symlink("nowhere", &invalid_rows)?;
    publish(&target, &plain(), &[], &[])?;
    assert!(fs::symlink_metadata(&invalid_rows).is_err(), "a link is removed");

    fs::write(&invalid_rows, "what somebody wrote")?;
    let published = publish(&target, &plain(), &[], &[])?;
    let kept = directory.path().join("report-invalid-rows.edited-20261123T051009.csv");
    assert_eq!(published.edited.len(), 1);
    assert_eq!(fs::read(kept)?, b"what somebody wrote");
    assert!(!invalid_rows.exists());
    Ok(())
}

#[test]
fn a_symlink_is_replaced_and_not_followed() -> Outcome {
    let directory = tempfile::tempdir()?;
    let precious = directory.path().join("precious");
    fs::write(&precious, OLD)?;
    let target = directory.path().join("report.csv");
    for planted in [precious.clone(), directory.path().to_owned(), "nowhere".into()] {
        symlink(&planted, &target)?;
        publish(&target, &plain(), &[], &[])?;
        assert!(fs::symlink_metadata(&target)?.is_file(), "over a link to {}", planted.display());
        assert_eq!(fs::read(&precious)?, OLD);
        fs::remove_file(&target)?;
    }
    Ok(())
}

#[test]
fn directories_and_devices_are_not_replaced() -> Outcome {
    let directory = tempfile::tempdir()?;
    let link = directory.path().join("link");
    symlink("/dev/null", &link)?;
    for (target, kind) in [
        (directory.path(), ErrorKind::IsADirectory),
        (Path::new("/dev/null"), ErrorKind::InvalidInput),
        (&link, ErrorKind::InvalidInput),
        (Path::new("/"), ErrorKind::InvalidInput),
    ] {
        for refused in [publish(target, &plain(), &[], &[]).err(), prepare_target(target).err()] {
            assert_eq!(refused.map(|error| error.kind()), Some(kind), "{}", target.display());
        }
    }
    Ok(())
}

#[test]
fn a_missing_directory_is_made_before_and_named_otherwise() -> Outcome {
    let directory = tempfile::tempdir()?;
    let deep = directory.path().join("a/b");
    let target = deep.join("report.csv");
    let told = |error: ReportError| format!("{error}; {}", error.hint());
    let error = publish(&target, &plain(), &[], &[]).err().map(told);
    assert_eq!(
        error,
        Some(format!(
            "cannot write a report to {}: No such file or directory (os error 2); create this \
             directory, or choose another one with --out",
            deep.display()
        ))
    );
    prepare_directory(&deep)?;
    assert_eq!(names_in(&deep)?, Vec::<PathBuf>::new(), "the probe is gone");
    prepare_target(&target)?;
    publish(&target, &plain(), &[], &[])?;

    let below_a_file = target.join("reports");
    let error = prepare_directory(&below_a_file).err();
    assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::NotADirectory));
    Ok(())
}

#[test]
#[expect(clippy::print_stderr, reason = "says that it could not test")]
fn a_directory_that_is_not_writable_is_found_before() -> Outcome {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    fs::write(&target, OLD)?;
    fs::set_permissions(directory.path(), Permissions::from_mode(0o500))?;
    let error = prepare_directory(directory.path()).err();
    let created = publish(&target, &plain(), &[], &[]).err();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o700))?;
    if error.is_none() {
        eprintln!("not tested: this user (root?) writes to directories of mode 0500");
        return Ok(());
    }
    for error in [error, created] {
        let text = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(text.contains("Permission denied (os error 13); let the user"), "{text}");
        assert!(!text.contains(".octopus-recon-"), "{text}");
    }
    assert_eq!(fs::read(&target)?, OLD);
    Ok(())
}

#[test]
fn a_full_disk_says_what_to_do() {
    let full = std::io::Error::from_raw_os_error(28);
    let full = ReportError::new("write", Path::new("r\u{1b}.csv"), full);
    assert_eq!(full.to_string(), "cannot write r .csv: No space left on device (os error 28)");
    assert_eq!(full.hint(), "free some space there, then run again");
}

#[test]
fn what_a_killed_run_left_is_swept_and_a_living_one_is_not() -> Outcome {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    let left = directory.path().join(".octopus-recon-abc123.tmp");
    let theirs = directory.path().join(".somebody-else.tmp");
    fs::write(&left, b"half a rep")?;
    fs::write(&theirs, b"")?;
    let mut living = ReportFiles::create(&target, &night(), &plain())?;
    prepare_directory(directory.path())?;
    assert!(!left.exists());
    assert!(theirs.exists());
    living.write(Part::Finding(&short_payment()))?;
    living.finish()?.publish(&|_| false, instant(NIGHT))?;
    assert!(target.exists());
    Ok(())
}
