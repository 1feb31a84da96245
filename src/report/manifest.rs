//! The manifest of a report: control totals, and the SHA-256 of everything that the run read and
//! wrote (contract, "The report"). Each names the manifest before it by its SHA-256, so that a
//! manifest that was changed or taken away shows.
//!
//! The rows come one by one and there may be millions: they are written as they come, and the
//! files, whose digests are known last, are at the end.

use super::files::{Role, TemporaryFile, Written};
use super::formats::csv::FindingLine;
use super::settings::{CsvStyle, ReportSettings};
use super::summary::by_word;
use crate::domain::mismatch::{Kind, ReportRow};
use crate::domain::morning::{Making, Night, Setting};
use crate::domain::run::{LedgerFigures, MoneyRow, OrderFigures, Warning, money_rows};
use crate::domain::statement::StatementLine;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, BufWriter, IntoInnerError, Write};

/// Raised when the meaning of a field of a JSON object changes (contract, "`run`").
pub(super) const SCHEMA: u32 = 1;

/// The extension of manifests.
pub(super) const EXTENSION: &str = "json";

/// A manifest on its way into a file.
pub(super) struct Manifest {
    file: BufWriter<TemporaryFile>,
    night: Night,
    csv: CsvDialect,
    /// See [`Orders::taken_from_store`].
    taken_from_store: u64,
    view: Option<View>,
    digest: FindingDigest,
    /// Rows that are written; none before the head is.
    rows: Option<u64>,
}

impl Manifest {
    pub(super) fn create(
        file: TemporaryFile,
        night: &Night,
        settings: &ReportSettings,
    ) -> Manifest {
        Manifest {
            file: BufWriter::new(file),
            night: night.clone(),
            csv: CsvDialect::of(settings),
            taken_from_store: 0,
            view: None,
            digest: FindingDigest(FindingLine::new(settings)),
            rows: None,
        }
    }

    /// Says how many selected orders no ledger row of this run gave. For use before the first row.
    pub(super) fn take_from_store(&mut self, orders: u64) {
        self.taken_from_store = orders;
    }

    /// Says that the rows are not as their run reported them. For use before the first row.
    pub(super) fn show(&mut self, view: View) {
        self.view = Some(view);
    }

    /// Adds the SHA-256 of a row as it is written.
    pub(super) fn finding(&mut self, row: &ReportRow) -> io::Result<()> {
        let rows = self.begin()?;
        let digest = self.digest.of(row);
        let id = serde_json::to_string(&row.mismatch_id)?;
        let before = if rows == 0 { "" } else { "," };
        write!(self.file, "{before}\n    {id}: \"{digest}\"")?;
        self.rows = Some(rows + 1);
        Ok(())
    }

    /// Writes what is left; the file is not synced yet.
    pub(super) fn finish(mut self, files: &[Written]) -> io::Result<TemporaryFile> {
        let rows = self.begin()?;
        let end = if rows == 0 { "}" } else { "\n  }" };
        let files = Tail { files: files.iter().map(File::of).collect() };
        let tail = serde_json::to_string_pretty(&files)?;
        let tail = tail.strip_prefix('{').unwrap_or(&tail);
        writeln!(self.file, "{end},{tail}")?;
        self.file.into_inner().map_err(IntoInnerError::into_error)
    }

    /// Writes the head, unless it is written. Gives the number of rows.
    fn begin(&mut self) -> io::Result<u64> {
        if let Some(rows) = self.rows {
            return Ok(rows);
        }
        let head = Head::of(&self.night, self.csv.clone(), self.taken_from_store, self.view);
        let head = serde_json::to_string_pretty(&head)?;
        let head = head.strip_suffix("\n}").unwrap_or(&head);
        write!(self.file, "{head},\n  \"rows\": {{")?;
        self.rows = Some(0);
        Ok(0)
    }
}

/// What a manifest of this run says before its rows.
pub(crate) fn manifest_head(
    night: &Night,
    csv: &CsvDialect,
    taken_from_store: u64,
    view: Option<View>,
) -> serde_json::Value {
    serde_json::to_value(Head::of(night, csv.clone(), taken_from_store, view)).unwrap_or_default()
}

/// The digests of rows as a manifest has them.
pub(crate) struct FindingDigest(FindingLine);

impl FindingDigest {
    /// `None`: the dialect is none of this program.
    pub(crate) fn new(csv: &CsvDialect) -> Option<FindingDigest> {
        let style = match csv.style.as_str() {
            "spreadsheet" => CsvStyle::Spreadsheet,
            "plain" => CsvStyle::Plain,
            _ => return None,
        };
        let settings = ReportSettings {
            csv: style,
            delimiter: csv.delimiter.to_string().try_into().ok()?,
            decimal_separator: csv.decimal_separator.to_string().try_into().ok()?,
            ..ReportSettings::default()
        };
        Some(FindingDigest(FindingLine::new(&settings)))
    }

    /// The SHA-256 of a row, in hex.
    pub(crate) fn of(&mut self, row: &ReportRow) -> String {
        hex::encode(Sha256::digest(self.0.of(row)))
    }
}

/// What is before the rows.
#[derive(Serialize)]
struct Head<'a> {
    schema: u32,
    version: &'a str,
    command: &'static str,
    started_at: String,
    run_id: i64,
    status: &'static str,
    exit_code: u8,
    from: Option<String>,
    to: Option<String>,
    merchant_uid: Option<&'a str>,
    base_url: &'a str,
    timezone: &'static str,
    judged_at: String,
    first_answer: Option<String>,
    last_answer: Option<String>,
    ledger_files: Vec<Ledger<'a>>,
    ledger: LedgerFigures,
    orders: Orders,
    #[serde(serialize_with = "by_word")]
    mismatches: &'a BTreeMap<Kind, u64>,
    #[serde(serialize_with = "by_word")]
    accepted: &'a BTreeMap<Kind, u64>,
    totals: Vec<MoneyRow>,
    gateway_totals: &'a [StatementLine],
    requests: u64,
    warnings: &'a [Warning],
    command_line: &'a str,
    settings: &'a [Setting],
    policy_changes: &'a [(String, String, String)],
    csv: CsvDialect,
    previous_manifest: Option<&'a str>,
    /// Not there for a run of an earlier release: its manifest stays the same, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_sha256: Option<&'a str>,
    /// Only where there is one: the rows and figures are then not those that the run reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    view: Option<View>,
}

impl<'a> Head<'a> {
    fn of(
        night: &'a Night,
        csv: CsvDialect,
        taken_from_store: u64,
        view: Option<View>,
    ) -> Head<'a> {
        let (run, figures) = (&night.summary, &night.summary.figures);
        let Making { command_line, settings, policy_changes, version } = &night.making;
        // A run of an earlier release has not stored its version.
        let version = if version.is_empty() { env!("CARGO_PKG_VERSION") } else { version.as_str() };
        Head {
            schema: SCHEMA,
            version,
            command: "run",
            started_at: moment(night.started_at),
            run_id: run.run_id,
            status: run.status(),
            exit_code: run.exit_code(),
            from: run.from.map(|day| day.to_string()),
            to: run.to.map(|day| day.to_string()),
            merchant_uid: night.merchant_uid.as_deref(),
            base_url: &night.base_url,
            timezone: night.zone.name(),
            judged_at: moment(night.judged_at),
            first_answer: night.answered.map(|(first, _)| moment(first)),
            last_answer: night.answered.map(|(_, last)| moment(last)),
            ledger_files: night.ledgers.iter().map(Ledger::of).collect(),
            ledger: figures.ledger,
            orders: Orders::of(figures.ledger, figures.orders, taken_from_store),
            mismatches: &figures.mismatches,
            accepted: &figures.accepted,
            totals: money_rows(&figures.totals),
            gateway_totals: &figures.gateway_totals,
            requests: figures.requests,
            warnings: &run.warnings,
            command_line,
            settings,
            policy_changes,
            csv,
            previous_manifest: night.previous_manifest.as_deref(),
            rows_sha256: night.rows_sha256.as_deref(),
            view,
        }
    }
}

/// Orders by where they come from and by outcome: `accepted + taken_from_store = selected +
/// not_selected`, and `selected` is the sum of the four outcomes.
#[derive(Serialize)]
struct Orders {
    /// Orders that the ledger files gave.
    accepted: u64,
    /// Selected orders that these files did not give, or gave outside the range: they were stored
    /// by earlier runs.
    taken_from_store: u64,
    /// Orders of the files that were not selected by their date or merchant.
    not_selected: u64,
    selected: u64,
    /// Of these, those that are judged by the answer of an earlier run. Only where there are any:
    /// manifests of earlier releases do not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reused: Option<u64>,
    matched: u64,
    in_transit: u64,
    mismatched: u64,
    unverified: u64,
}

impl Orders {
    fn of(ledger: LedgerFigures, outcomes: OrderFigures, taken_from_store: u64) -> Orders {
        let from_ledger = outcomes.selected.saturating_sub(taken_from_store);
        Orders {
            accepted: ledger.accepted,
            taken_from_store,
            not_selected: ledger.accepted.saturating_sub(from_ledger),
            selected: outcomes.selected,
            reused: (outcomes.reused > 0).then_some(outcomes.reused),
            matched: outcomes.matched,
            in_transit: outcomes.in_transit,
            mismatched: outcomes.mismatched,
            unverified: outcomes.unverified,
        }
    }
}

#[derive(Serialize)]
struct Ledger<'a> {
    name: &'a str,
    modified_at: Option<String>,
    sha256: Option<&'a str>,
}

impl Ledger<'_> {
    fn of(file: &crate::domain::morning::LedgerFile) -> Ledger<'_> {
        Ledger {
            name: file.name.as_str(),
            modified_at: file.modified_at.map(moment),
            sha256: file.sha256.as_deref(),
        }
    }
}

/// A report that shows findings with other decisions than their run reported (contract,
/// "Commands": `report --current`, `report --as-of`). It can be made again from what is named here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum View {
    /// A run's findings with later decisions.
    Current {
        /// The day, on which acceptances may have lapsed.
        day: NaiveDate,
        /// The latest judged run that is looked at.
        last_run: i64,
        /// The number of the latest decision that is looked at.
        last_decision: i64,
    },
    /// What was open at the end of a day, with the decisions as they then were.
    AsOf {
        /// The day.
        day: NaiveDate,
    },
}

/// How the CSV is written: the digests of the rows depend on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CsvDialect {
    style: String,
    delimiter: char,
    decimal_separator: char,
}

impl CsvDialect {
    fn of(settings: &ReportSettings) -> CsvDialect {
        let style = match settings.csv {
            CsvStyle::Spreadsheet => "spreadsheet",
            CsvStyle::Plain => "plain",
        };
        CsvDialect {
            style: style.to_owned(),
            delimiter: char::from(settings.delimiter.byte()),
            decimal_separator: char::from(settings.decimal_separator.byte()),
        }
    }
}

/// What is behind the rows.
#[derive(Serialize)]
struct Tail<'a> {
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    /// Its name, in the manifest's own directory.
    name: String,
    role: &'static str,
    sha256: &'a str,
}

impl File<'_> {
    fn of(file: &Written) -> File<'_> {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let role = if file.role == Role::InvalidRows { "invalid_rows" } else { "report" };
        File { name, role, sha256: &file.sha256 }
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
