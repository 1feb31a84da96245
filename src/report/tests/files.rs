//! What is at the report's place, whatever happens on the way.

use super::*;
use crate::domain::order::InvalidRow;
use crate::domain::run::RunSummary;
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

const OLD: &[u8] = b"the previous report";

fn names_in(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.push(entry?.file_name().into());
    }
    names.sort();
    Ok(names)
}

fn mode_of(path: &Path) -> std::io::Result<u32> {
    Ok(fs::symlink_metadata(path)?.permissions().mode() & 0o7777)
}

#[test]
fn the_old_report_stands_until_the_new_one_is_whole() -> Outcome {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    fs::write(&target, OLD)?;

    let mut report = MismatchReport::create(&target, &plain())?;
    for _ in 0..1_000 {
        report.write(&short_payment())?;
    }
    assert_eq!(fs::read(&target)?, OLD, "while it is written");
    drop(report);
    assert_eq!(fs::read(&target)?, OLD, "when it is given up");
    assert_eq!(names_in(directory.path())?, [PathBuf::from("report.csv")]);

    let mut report = MismatchReport::create(&target, &plain())?;
    report.write(&short_payment())?;
    assert_eq!(report.finish()?, 1);
    assert!(fs::read(&target)?.starts_with(b"run_id,"));
    assert_eq!(names_in(directory.path())?, [PathBuf::from("report.csv")]);
    Ok(())
}

#[test]
fn the_mode_is_the_configured_one_and_invalid_rows_are_private() -> Outcome {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    for (mode, bits) in [("0640", 0o640), ("664", 0o664), ("0600", 0o600)] {
        let settings = ReportSettings { mode: FileMode::try_from(mode.to_owned())?, ..plain() };
        MismatchReport::create(&target, &settings)?.finish()?;
        assert_eq!(mode_of(&target)?, bits);
        let invalid = invalid_rows_file_name(&target);
        let mut rows = InvalidRowsReport::create(&invalid, &settings)?;
        rows.write(&InvalidRow {
            file: "orders.csv".to_owned(),
            line: 2,
            reason: String::new(),
            raw: b"x".to_vec(),
        })?;
        rows.finish()?;
        assert_eq!(mode_of(&invalid)?, 0o600);
    }
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
        MismatchReport::create(&target, &plain())?.finish()?;
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
        for refused in
            [MismatchReport::create(target, &plain()).err(), prepare_target(target).err()]
        {
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
    let error = MismatchReport::create(&target, &plain()).err().map(|error| error.to_string());
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
    MismatchReport::create(&target, &plain())?.finish()?;

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
    let created = MismatchReport::create(&target, &plain()).err();
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
    let csv_error = ::csv::Error::from(std::io::Error::from_raw_os_error(28));
    let full = ReportError::new("write", Path::new("r\u{1b}.csv"), table::io_cause(csv_error));
    assert_eq!(
        full.to_string(),
        "cannot write r .csv: No space left on device (os error 28); free some space there, then \
         run again with --resume: received answers are kept"
    );
}

#[test]
fn what_a_killed_run_left_is_swept_and_a_living_one_is_not() -> Outcome {
    let directory = tempfile::tempdir()?;
    let target = directory.path().join("report.csv");
    let left = directory.path().join(".octopus-recon-abc123.tmp");
    let theirs = directory.path().join(".somebody-else.tmp");
    fs::write(&left, b"half a rep")?;
    fs::write(&theirs, b"")?;
    let mut living = MismatchReport::create(&target, &plain())?;
    prepare_directory(directory.path())?;
    assert!(!left.exists());
    assert!(theirs.exists());
    living.write(&short_payment())?;
    assert_eq!(living.finish()?, 1);
    Ok(())
}

#[test]
fn files_are_named_after_their_run() {
    let mut run = RunSummary {
        run_id: 12,
        from: Some(date("2026-11-20")),
        to: Some(date("2026-11-22")),
        day: date("2026-11-23"),
        figures: crate::domain::run::Figures::default(),
    };
    assert_eq!(report_file_name(&run), "mismatches-2026-11-20_2026-11-22-run12.csv");
    run.figures.orders.unverified = 1;
    let incomplete = report_file_name(&run);
    assert_eq!(incomplete, "mismatches-2026-11-20_2026-11-22-run12-incomplete.csv");
    run = RunSummary { from: None, to: None, ..run };
    run.figures.orders.unverified = 0;
    assert_eq!(report_file_name(&run), "mismatches-2026-11-23_2026-11-23-run12.csv");
    for (report, invalid) in [
        ("out/mismatches-run1.csv", "out/mismatches-run1-invalid-rows.csv"),
        ("today", "today-invalid-rows.csv"),
        ("a.b.csv", "a.b-invalid-rows.csv"),
    ] {
        assert_eq!(invalid_rows_file_name(Path::new(report)), Path::new(invalid));
    }
}
