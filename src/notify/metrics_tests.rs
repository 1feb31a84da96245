//! The file for Prometheus: its text, and how it is replaced.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::*;
use crate::domain::amount::Total;
use crate::domain::run::{Figures, Warning};
use std::os::unix::fs::symlink;

fn reported() -> Reported {
    let mut figures = Figures::default();
    figures.orders.mismatched = 2;
    figures.mismatches.insert(Kind::Overdue, 3);
    figures.findings_for_exit = 1;
    let against_us = Total::parse("210.000001").unwrap();
    let money = MoneyFigures { against_us, ..MoneyFigures::default() };
    figures.totals.insert(("inr".to_owned(), "income".to_owned()), money);
    let day = DateTime::UNIX_EPOCH.date_naive();
    let summary = RunSummary {
        run_id: 7,
        from: None,
        to: None,
        day,
        figures,
        unverified_reasons: Vec::new(),
        oldest_reused: None,
        warnings: vec![Warning::doubt("ledger_gap", ""), Warning::new("deadline", "")],
    };
    let oldest = BTreeMap::from([(Severity::High, DateTime::UNIX_EPOCH)]);
    let ended_at = DateTime::from_timestamp(1_000, 999_999_999).unwrap();
    Reported { summary, ended_at, retries: 5, oldest }
}

fn ended(merchant_uid: Option<&str>, reported: Option<Reported>) -> String {
    render(&RunEnded {
        merchant_uid,
        started_at: DateTime::from_timestamp(2_000, 0).unwrap(),
        ended_at: DateTime::from_timestamp(2_060, 0).unwrap(),
        exit_code: 13,
        database_bytes: None,
        reported,
    })
}

#[test]
fn a_run_without_any_report_says_only_how_it_ended() {
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "# HELP octopus_recon_build_info The version that wrote this file.
# TYPE octopus_recon_build_info gauge
octopus_recon_build_info{{version=\"{version}\"}} 1
# HELP octopus_recon_last_run_start_timestamp_seconds When the last nightly run began.
# TYPE octopus_recon_last_run_start_timestamp_seconds gauge
octopus_recon_last_run_start_timestamp_seconds 2000
# HELP octopus_recon_last_run_end_timestamp_seconds When the last nightly run ended.
# TYPE octopus_recon_last_run_end_timestamp_seconds gauge
octopus_recon_last_run_end_timestamp_seconds 2060
# HELP octopus_recon_last_run_exit_code How it ended: 0, 1, 3 and 4 have a report.
# TYPE octopus_recon_last_run_exit_code gauge
octopus_recon_last_run_exit_code 13
"
    );
    assert_eq!(ended(None, None), expected);
}

#[test]
fn the_figures_are_those_of_the_last_report() {
    let text = ended(Some("M-1"), Some(reported()));
    let income = "currency=\"inr\",transaction_type=\"income\"";
    for row in [
        "last_run_exit_code{merchant=\"M-1\"} 13",
        "last_report_timestamp_seconds{merchant=\"M-1\"} 1000",
        "last_report_exit_code{merchant=\"M-1\"} 4",
        "orders{merchant=\"M-1\",outcome=\"mismatched\"} 2",
        "orders{merchant=\"M-1\",outcome=\"unverified\"} 0",
        "mismatches{merchant=\"M-1\",kind=\"overdue\"} 3",
        "mismatches{merchant=\"M-1\",kind=\"duplicate_payment\"} 0",
        &format!("money{{merchant=\"M-1\",bucket=\"against_us\",{income}}} 210.000001"),
        &format!("money{{merchant=\"M-1\",bucket=\"in_doubt\",{income}}} 0.00"),
        "doubts{merchant=\"M-1\",code=\"ledger_gap\"} 1",
        "doubts{merchant=\"M-1\",code=\"suspect\"} 0",
        "retries{merchant=\"M-1\"} 5",
        "oldest_finding_timestamp_seconds{merchant=\"M-1\",severity=\"high\"} 0",
    ] {
        let line = format!("octopus_recon_{row}");
        assert!(text.lines().any(|it| it == line), "{line} is not in {text}");
    }
    let heads: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let mut once = heads.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), heads.len(), "each family is there once: {heads:?}");
}

#[test]
fn labels_are_escaped() {
    let text = ended(Some("a\"b\\c\nd"), None);
    assert!(text.contains(r#"{merchant="a\"b\\c\nd"} 13"#), "{text}");
}

#[test]
fn the_file_is_replaced_whole_and_others_can_read_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("octopus.prom");
    for content in ["one\n", "two\n"] {
        write(&path, content).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    let other = directory.path().join("link.prom");
    symlink(&path, &other).unwrap();
    for (path, why) in [
        (other.as_path(), "not a plain file"),
        (directory.path(), "not a plain file"),
        (Path::new("/dev/null"), "not a plain file"),
        (&directory.path().join("absent/octopus.prom"), "not found"),
    ] {
        let refused = write(path, "three\n").unwrap_err().to_string();
        assert!(refused.contains(why), "{}: {refused}", path.display());
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
}
