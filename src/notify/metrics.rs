//! The file for Prometheus, in its text format: `node_exporter`'s textfile collector reads it
//! (contract, "Configuration": `[notify]`).
//!
//! It has two parts: how the last run ended, and the figures of the last report with the time of
//! their own. A run without a report changes only the first, so no figure of money falls to zero
//! because a night failed. The names follow Prometheus' guide: base units, no `_total`, because
//! each run counts anew.

use crate::domain::mismatch::{Kind, Outcome, Severity};
use crate::domain::money::Bucket;
use crate::domain::run::{MoneyFigures, RunSummary, money_rows};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::NamedTempFile;

/// Codes of the warnings that are doubt about the ledger or about findings.
const DOUBTS: [&str; 4] = ["ledger_stale", "ledger_gap", "ledger_shrunk", "suspect"];
/// The buckets that are told.
const BUCKETS: [Bucket; 6] = [
    Bucket::AgainstUs,
    Bucket::InOurFavour,
    Bucket::InDoubt,
    Bucket::Unverified,
    Bucket::Suspect,
    Bucket::Accepted,
];
/// Prometheus runs as another user, and shows these figures without a password.
const MODE: u32 = 0o644;

/// How a run ended, and what there is to say of the last report.
#[derive(Debug)]
pub(crate) struct RunEnded<'a> {
    /// The configured merchant.
    pub(crate) merchant_uid: Option<&'a str>,
    /// When the run began.
    pub(crate) started_at: DateTime<Utc>,
    /// When it ended.
    pub(crate) ended_at: DateTime<Utc>,
    /// The run's own exit code.
    pub(crate) exit_code: u8,
    /// The database with what belongs to it, in bytes; `None` if it cannot be seen.
    pub(crate) database_bytes: Option<u64>,
    /// The last night's report, if there is one.
    pub(crate) reported: Option<Reported>,
}

/// The last night that has its report.
#[derive(Debug)]
pub(crate) struct Reported {
    /// Its figures.
    pub(crate) summary: RunSummary,
    /// When it ended.
    pub(crate) ended_at: DateTime<Utc>,
    /// Calls that repeated an earlier one.
    pub(crate) retries: u64,
    /// When the oldest finding that is not accepted was first seen, by severity.
    pub(crate) oldest: BTreeMap<Severity, DateTime<Utc>>,
}

/// The whole content of the file.
pub(crate) fn render(run: &RunEnded) -> String {
    let mut file = Families { text: String::new(), merchant_uid: run.merchant_uid };
    let version = env!("CARGO_PKG_VERSION");
    file.gauge("build_info", "The version that wrote this file.").row(&[("version", version)], 1);
    file.gauge("last_run_start_timestamp_seconds", "When the last nightly run began.")
        .row(&[], run.started_at.timestamp());
    file.gauge("last_run_end_timestamp_seconds", "When the last nightly run ended.")
        .row(&[], run.ended_at.timestamp());
    file.gauge("last_run_exit_code", "How it ended: 0, 1, 3 and 4 have a report.")
        .row(&[], run.exit_code);
    if let Some(bytes) = run.database_bytes {
        file.gauge("database_bytes", "Size of the database with its -wal.").row(&[], bytes);
    }
    if let Some(reported) = &run.reported {
        report(&mut file, reported);
    }
    file.text
}

fn report(file: &mut Families, reported: &Reported) {
    let Reported { summary, ended_at, retries, oldest } = reported;
    let figures = &summary.figures;
    file.gauge(
        "last_report_timestamp_seconds",
        "When the last nightly run with a report ended. All metrics below are of that run.",
    )
    .row(&[], ended_at.timestamp());
    file.gauge("last_report_exit_code", "The exit code of that run.").row(&[], summary.exit_code());
    let mut orders = file.gauge("orders", "Orders of the last report by outcome.");
    for outcome in Outcome::ALL {
        let count = match outcome {
            Outcome::Matched => figures.orders.matched,
            Outcome::InTransit => figures.orders.in_transit,
            Outcome::Mismatched => figures.orders.mismatched,
            Outcome::Unverified => figures.orders.unverified,
        };
        orders.row(&[("outcome", outcome.as_str())], count);
    }
    let mut mismatches =
        file.gauge("mismatches", "Findings of the last report by kind, accepted ones left out.");
    for kind in Kind::ALL {
        let count = figures.mismatches.get(kind).copied().unwrap_or_default();
        mismatches.row(&[("kind", kind.as_str())], count);
    }
    // No name of its own for each bucket: promtool takes the end of against_us for microseconds.
    let mut money = file.gauge("money", "Money of the last report, in units of the currency.");
    for (row, bucket) in
        money_rows(&figures.totals).iter().flat_map(|row| BUCKETS.map(|bucket| (row, bucket)))
    {
        let labels = [
            ("bucket", bucket.as_str()),
            ("currency", &row.currency),
            ("transaction_type", &row.transaction_type),
        ];
        money.row(&labels, sum(&row.money, bucket));
    }
    let mut doubts = file.gauge("doubts", "Warnings of the last report that are doubt, by code.");
    for code in DOUBTS {
        let count = summary.doubts().filter(|doubt| doubt.code == code).count();
        doubts.row(&[("code", code)], count);
    }
    let mut rows = file.gauge("ledger_rows", "Rows of the last report's ledger files.");
    let ledger = &figures.ledger;
    for (result, count) in [
        ("accepted", ledger.accepted),
        ("invalid", ledger.invalid),
        ("repeated", ledger.repeated),
        ("superseded", ledger.superseded),
        ("skipped", ledger.skipped),
    ] {
        rows.row(&[("result", result)], count);
    }
    file.gauge("requests", "Calls of the last report's run, retries included.")
        .row(&[], figures.requests);
    file.gauge("retries", "Those of them that repeated an earlier call.").row(&[], retries);
    let mut oldest_findings = file.gauge(
        "oldest_finding_timestamp_seconds",
        "The day on which the oldest finding of the last report was first seen, by severity.",
    );
    for (severity, day) in oldest {
        oldest_findings.row(&[("severity", severity.as_str())], day.timestamp());
    }
}

fn sum(money: &MoneyFigures, bucket: Bucket) -> String {
    let sum = match bucket {
        Bucket::AgainstUs => money.against_us,
        Bucket::InOurFavour => money.in_our_favour,
        Bucket::InDoubt => money.in_doubt,
        Bucket::Unverified => money.unverified,
        Bucket::Accepted => money.accepted,
        Bucket::Suspect => money.suspect,
        Bucket::Information => return "0".to_owned(),
    };
    sum.to_string()
}

/// The families of metrics of a file, as they are written.
struct Families<'a> {
    text: String,
    merchant_uid: Option<&'a str>,
}

impl<'a> Families<'a> {
    /// Begins a family. Its rows follow, before the next family.
    fn gauge<'file>(&'file mut self, name: &str, help: &str) -> Family<'file, 'a> {
        let name = format!("octopus_recon_{name}");
        let head = format!("# HELP {name} {}\n# TYPE {name} gauge\n", escaped_help(help));
        Family { head: Some(head), name, file: self }
    }
}

/// A family of metrics. One without a row is not written.
struct Family<'file, 'a> {
    name: String,
    head: Option<String>,
    file: &'file mut Families<'a>,
}

impl Family<'_, '_> {
    fn row(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let merchant = self.file.merchant_uid.map(|uid| ("merchant", uid));
        let labels = merchant.iter().chain(labels);
        let labels: Vec<String> =
            labels.map(|(name, value)| format!("{name}=\"{}\"", escaped_label(value))).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let head = self.head.take().unwrap_or_default();
        let value = value.to_string();
        self.file.text += &[&*head, &*self.name, &*labels, " ", &*value, "\n"].concat();
    }
}

fn escaped_help(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

fn escaped_label(text: &str) -> String {
    escaped_help(text).replace('"', "\\\"")
}

/// Writes the file whole: a reader sees the old one or the new one.
///
/// # Errors
/// The operating system's; what was there is unchanged.
pub(crate) fn write(path: &Path, content: &str) -> io::Result<()> {
    let mut temporary = temporary(path)?;
    temporary.write_all(content.as_bytes())?;
    let file = temporary.as_file();
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    File::open(directory_of(path))?.sync_all()
}

/// Whether the file could be written now. Nothing is left behind.
///
/// # Errors
/// Why not.
pub(crate) fn probe(path: &Path) -> io::Result<()> {
    temporary(path)?.close()
}

/// A file beside the place, to be renamed to it.
fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("what is there is not a plain file"));
    }
    // Not .prom: the collector would read the half-written file.
    let made = tempfile::Builder::new()
        .prefix(".octopus-recon-")
        .suffix(".tmp")
        .tempfile_in(directory_of(path));
    made.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::other("its directory is not found"),
        // The message would name the temporary file.
        kind => kind.into(),
    })
}

fn directory_of(path: &Path) -> &Path {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    directory.unwrap_or(Path::new("."))
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
