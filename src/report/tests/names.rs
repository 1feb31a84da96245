//! What files are called.

use super::*;
use crate::domain::run::{Figures, RunSummary};
use crate::report::files::report_path;

fn run() -> RunSummary {
    RunSummary {
        unverified_reasons: Vec::new(),
        oldest_reused: None,
        warnings: Vec::new(),
        run_id: 12,
        from: Some(date("2026-11-20")),
        to: Some(date("2026-11-22")),
        day: date("2026-11-23"),
        figures: Figures::default(),
    }
}

fn name(run: &RunSummary, merchant_uid: Option<&str>) -> String {
    report_path(Path::new(""), run, merchant_uid).display().to_string()
}

#[test]
fn a_report_is_named_after_its_run() {
    let mut run = run();
    assert_eq!(name(&run, None), "mismatches-2026-11-20_2026-11-22-run12.csv");
    assert_eq!(name(&run, Some("")), "mismatches-2026-11-20_2026-11-22-run12.csv");
    run.figures.orders.unverified = 1;
    run.figures.accepted.insert(Kind::Unverified, 1);
    assert_eq!(name(&run, None), "mismatches-2026-11-20_2026-11-22-run12.csv", "accepted");
    run.figures.accepted.clear();
    run.figures.mismatches.insert(Kind::Unverified, 1);
    assert_eq!(name(&run, None), "mismatches-2026-11-20_2026-11-22-run12-incomplete.csv");
    run = RunSummary { from: None, to: None, figures: Figures::default(), ..run };
    assert_eq!(name(&run, None), "mismatches-2026-11-23_2026-11-23-run12.csv");
    let path = report_path(Path::new("out"), &run, None);
    assert_eq!(path, Path::new("out/mismatches-2026-11-23_2026-11-23-run12.csv"));
}

#[test]
fn a_report_is_named_after_its_merchant() {
    let days = "2026-11-20_2026-11-22-run12";
    for (merchant, part) in [
        ("M-1_x", "M-1_x"),
        // echo -n M/1 | sha256sum
        ("M/1", "M_190fe417b"),
        ("../..", "_____0cfd1c96"),
        ("₹", "_d8c3e87c"),
    ] {
        assert_eq!(name(&run(), Some(merchant)), format!("mismatches-{part}-{days}.csv"));
    }
}

#[test]
fn a_long_merchant_is_cut_and_stays_itself() {
    let mut run = run();
    let stem = |run: &RunSummary, merchant: &str| {
        name(run, Some(merchant)).trim_end_matches(".csv").to_owned()
    };
    // A UUID is not cut, whatever the run's number.
    let uuid = "123e4567-e89b-12d3-a456-426614174000";
    run.run_id = 99_999;
    assert!(stem(&run, uuid).contains(uuid));
    let (one, other) = ("x".repeat(60) + "1", "x".repeat(60) + "2");
    for (run_id, unverified) in [(1, 0), (12, 1), (i64::MAX, 0), (i64::MAX, 1)] {
        run.run_id = run_id;
        run.figures.mismatches = [(Kind::Unverified, 1)].into_iter().take(unverified).collect();
        let stems = [stem(&run, &one), stem(&run, &other)];
        assert_ne!(stems[0], stems[1]);
        for stem in stems {
            assert!(stem.len() <= 100, "{stem}");
            assert!(stem.contains("xxx"), "{stem}");
        }
    }
    // The longest merchant that is not shortened, and one character more.
    run.run_id = 1;
    let longest = 100 - "mismatches--2026-11-20_2026-11-22-run1-incomplete".len();
    assert!(stem(&run, &"x".repeat(longest)).contains(&"x".repeat(longest)));
    let cut = "x".repeat(longest - 8);
    let beyond = stem(&run, &"x".repeat(longest + 1));
    assert!(beyond.contains(&cut) && !beyond.contains(&format!("{cut}x")), "{beyond}");
    let complete = RunSummary { figures: Figures::default(), ..run.clone() };
    assert_eq!(stem(&run, &one), format!("{}-incomplete", stem(&complete, &one)));
}

#[test]
fn invalid_rows_are_named_after_their_report() -> Outcome {
    let directory = tempfile::tempdir()?;
    for (report, expected) in [
        ("mismatches-run1.csv", "mismatches-run1-invalid-rows.csv"),
        ("today", "today-invalid-rows.csv"),
        ("a.b.csv", "a.b-invalid-rows.csv"),
    ] {
        let report = directory.path().join(report);
        let published = publish(&report, &plain(), &[], &[invalid(2, b"x")])?;
        let invalid = published.written.iter().find(|file| file.role == Role::InvalidRows);
        assert_eq!(published.written[0].path, report);
        assert_eq!(invalid.map(|file| &file.path), Some(&directory.path().join(expected)));
    }
    Ok(())
}
