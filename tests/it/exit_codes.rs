//! Every exit code of the contract, from outside. With an exit code of 10 or higher, the previous
//! report is unchanged and there is no other file beside it.

mod clock;
mod configuration;
mod credentials;
mod database;
mod faults;
mod ledger;
mod limits;
mod lock;
mod outage;
mod signals;
pub mod storage;
mod unknown_orders;

use crate::support::{Done, Gateway, Merchant, book, ledger};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The path of the nightly report. It is the same every night, so a wrong report would replace it.
const REPORT: &str = "reports/latest.csv";

/// A merchant with last night's report at this path.
struct Night {
    merchant: Merchant,
    report: BTreeMap<PathBuf, Vec<u8>>,
}

impl Night {
    fn new() -> Night {
        let merchant = Merchant::new();
        merchant.write("yesterday.csv", ledger(1));
        let gateway = Gateway::serve(&book(1));
        let run = ["--ledger", "yesterday.csv", "--report", REPORT];
        let done = merchant.reconcile(&gateway.url, &run);
        assert_eq!(done.code, Some(0), "{done:?}");
        let report = merchant.report_files();
        assert!(report.keys().any(|path| path.ends_with(REPORT)), "{report:?}");
        merchant.write("ledger.csv", ledger(20));
        Night { merchant, report }
    }

    /// The arguments of tonight's run.
    fn arguments<'a>(gateway: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let run = ["run", "--base-url", gateway, "--rate", "2000", "--report", REPORT];
        [&run, more].concat()
    }

    /// Tonight's run of `ledger.csv`.
    fn run(&self, gateway: &str, more: &[&str]) -> Done {
        let all = [&["--ledger", "ledger.csv"], more].concat();
        self.merchant.run(&Night::arguments(gateway, &all))
    }

    /// Checks that tonight's run failed with this code and these words, and changed no report.
    fn assert_failed(&self, done: &Done, code: i32, words: &[&str]) {
        assert_refused(done, code, words);
        self.assert_report_unchanged(done);
        let is_recorded = !matches!(code, 2 | 11 | 15);
        let notes = self.notes();
        assert!(is_recorded || notes.is_empty(), "{notes:?}: {done:?}");
    }

    /// Checks that the report is last night's. A file beside it may say that there is none tonight.
    fn assert_report_unchanged(&self, done: &Done) {
        let mut files = self.merchant.report_files();
        files.retain(|path, _| !self.notes().contains(path));
        assert_eq!(files, self.report, "{done:?}");
    }

    /// The files that say that there is no report.
    fn notes(&self) -> Vec<PathBuf> {
        let is_note = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("NO-REPORT-"))
        };
        self.merchant.report_files().into_keys().filter(is_note).collect()
    }
}

/// Checks that the command printed one error, with these words, and nothing on stdout.
fn assert_refused(done: &Done, code: i32, words: &[&str]) {
    assert_eq!(done.code, Some(code), "{done:?}");
    assert_eq!(done.stdout, "", "{done:?}");
    assert_eq!(done.stderr.matches("error: ").count(), 1, "{done:?}");
    for word in words {
        assert!(done.stderr.contains(word), "{word:?} is missing: {done:?}");
    }
}

/// Checks that the error has a hint.
fn assert_hint(done: &Done) {
    assert_eq!(done.stderr.matches("\n hint: ").count(), 1, "{done:?}");
}
