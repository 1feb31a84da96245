//! Helpers for tests of the built binary: a separate directory, a gateway on loopback, and readers
//! for reports.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

pub mod workbook;

use octopus_recon::sandbox::{Book, Call, Sandbox, SandboxSettings, Stopped};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// One row of a CSV report, by heading.
pub type Row = BTreeMap<String, String>;

pub const API_KEY: &str = "test-key";
pub const API_SECRET: &str = "test-secret";

/// The directory of one merchant: ledger, configuration, database and reports.
pub struct Merchant {
    directory: TempDir,
}

/// The result of a command.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    fn from(output: &Output) -> Done {
        Done {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The object that `--format json` prints.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The text of the warning with this code. At most one has it.
    pub fn warning(&self, code: &str) -> Option<String> {
        let summary = self.json();
        let warnings = summary["warnings"].as_array().unwrap().iter();
        let mut of_code = warnings.filter(|warning| warning["code"] == code);
        let text = of_code.next().map(|it| it["text"].as_str().unwrap().to_owned());
        assert_eq!(of_code.next(), None, "{summary}");
        text
    }
}

impl Merchant {
    pub fn new() -> Merchant {
        Merchant { directory: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A command of the binary in this directory. Its environment contains only the credentials.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("octopus-recon"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("OCTOPUS_RECON_API_KEY", API_KEY)
            .env("OCTOPUS_RECON_API_SECRET", API_SECRET)
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary and waits for its end.
    pub fn run(&self, arguments: &[&str]) -> Done {
        Done::from(&self.command(arguments).output().unwrap())
    }

    /// Runs `run` against this gateway, with the summary as JSON.
    pub fn reconcile(&self, gateway: &str, arguments: &[&str]) -> Done {
        let mut all = vec!["run", "--base-url", gateway, "--rate", "2000", "--format", "json"];
        all.extend(arguments);
        self.run(&all)
    }

    /// The only report of mismatches in the directory `reports`.
    pub fn report_path(&self) -> PathBuf {
        let reports = self.reports();
        assert_eq!(reports.len(), 1, "{reports:?}");
        reports.into_iter().next().unwrap()
    }

    /// Every CSV report of mismatches in the directory `reports`, by name.
    pub fn reports(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path("reports")) else { return Vec::new() };
        let is_report = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("mismatches-")
                && name.ends_with(".csv")
                && !name.ends_with("-invalid-rows.csv")
        };
        let mut reports: Vec<PathBuf> =
            entries.map(|entry| entry.unwrap().path()).filter(is_report).collect();
        reports.sort();
        reports
    }
}

/// Whether a path or a name is of a CSV file.
pub fn is_csv(path: impl AsRef<Path>) -> bool {
    path.as_ref().extension().is_some_and(|extension| extension == "csv")
}

/// A report's rows, read as CSV.
pub fn rows(path: &Path) -> Vec<Row> {
    rows_of(&std::fs::read(path).unwrap())
}

/// The rows of a report's content.
pub fn rows_of(content: &[u8]) -> Vec<Row> {
    let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
    csv::Reader::from_reader(content).deserialize().map(|row| row.unwrap()).collect()
}

/// Kinds by order id.
pub fn kinds(rows: &[Row]) -> BTreeMap<String, Vec<String>> {
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        kinds.entry(row["merchant_order_id"].clone()).or_default().push(row["kind"].clone());
    }
    for kinds in kinds.values_mut() {
        kinds.sort();
    }
    kinds
}

/// A sandbox in this process.
pub struct Gateway {
    runtime: Runtime,
    sandbox: Option<Sandbox>,
    pub url: String,
}

impl Gateway {
    /// Serves this book: JSON lines.
    pub fn serve(book: &str) -> Gateway {
        Gateway::serve_as(book, |_| {})
    }

    /// Serves this book with other settings.
    pub fn serve_as(book: &str, change: impl FnOnce(&mut SandboxSettings)) -> Gateway {
        let runtime = Runtime::new().unwrap();
        let book = Book::parse(book).unwrap();
        let mut settings = SandboxSettings::new(API_KEY.into(), API_SECRET.into(), book);
        change(&mut settings);
        let sandbox = runtime.block_on(Sandbox::start(settings)).unwrap();
        let url = sandbox.base_url();
        Gateway { runtime, sandbox: Some(sandbox), url }
    }

    /// The calls that the gateway has received so far.
    pub fn journal(&self) -> Vec<Call> {
        self.sandbox.as_ref().unwrap().journal()
    }

    /// Moves the clock of the gateway's orders forward.
    pub fn advance(&self, time: Duration) {
        self.sandbox.as_ref().unwrap().advance(time);
    }

    /// Stops the gateway and returns its whole journal.
    pub fn stop(self) -> Vec<Call> {
        self.stopped().calls
    }

    /// Stops the gateway and returns the book that it saves.
    pub fn stop_and_save(self) -> String {
        let merchant = Merchant::new();
        self.stopped().book.save(&merchant.path("book.jsonl")).unwrap();
        std::fs::read_to_string(merchant.path("book.jsonl")).unwrap()
    }

    fn stopped(mut self) -> Stopped {
        let sandbox = self.sandbox.take().unwrap();
        self.runtime.block_on(sandbox.stop())
    }
}

/// A line of a book: an order that the gateway has completed and accounted, with these fields
/// changed. `null` removes a field.
pub fn paid(order: &str, amount: &str, changes: serde_json::Value) -> String {
    let mut payment = serde_json::json!({
        "merchant_order_id": order, "amount": amount, "final_amount": amount, "currency": "inr",
        "transaction_type": "income", "accounting_type": "receive", "payment_status": "completed",
        "accounting_status": "accounted", "notify_status": "completed",
        "payment_uid": format!("PAY-{order}"), "channel": "upi",
    });
    let payment_fields = payment.as_object_mut().unwrap();
    if let serde_json::Value::Object(changes) = changes {
        for (key, value) in changes {
            if value.is_null() {
                payment_fields.remove(&key);
            } else {
                payment_fields.insert(key, value);
            }
        }
    }
    format!("{payment}\n")
}

/// The headings of a plain ledger.
pub const HEAD: &str = "merchant_order_id,amount,currency,created_at,status\n";

/// A configuration with few and fast retries, so that failed calls do not slow a test down.
pub const FAST_RETRIES: &str =
    "[gateway]\nmax_attempts = 2\nbackoff_first_ms = 1\nbackoff_max_ms = 4\n";

impl Merchant {
    /// A connection to the database.
    pub fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path("octopus-recon.db")).unwrap()
    }

    /// From now on the rows of all runs have no digest, as those of earlier releases. For a test
    /// that changes stored rows.
    pub fn drop_digests(&self) {
        let sql = "DELETE FROM run_digests; UPDATE runs SET rows_sha256 = NULL;";
        self.database().execute_batch(sql).unwrap();
    }

    /// Moves everything that is stored back by this number of days. Decisions are never changed
    /// otherwise: their trigger is put back.
    pub fn days_pass(&self, days: u32) {
        const TRIGGER: &str = "decision_events_are_not_updated";
        let database = self.database();
        let find = "SELECT sql FROM sqlite_schema WHERE name = ?1";
        let trigger: String = database.query_row(find, [TRIGGER], |row| row.get(0)).unwrap();
        let back = |table: &str, column: &str| {
            format!("UPDATE {table} SET {column} = date({column}, '-{days} days');")
        };
        let moved: String = [
            ("runs", "run_day"),
            ("mismatch_events", "day"),
            ("mismatch_events", "since"),
            ("reported_mismatches", "first_seen"),
            ("reported_mismatches", "until"),
            ("reported_orders", "since"),
            ("decision_events", "until"),
            ("decision_events", "old_until"),
        ]
        .iter()
        .map(|(table, column)| back(table, column))
        .collect();
        database.execute_batch(&format!("DROP TRIGGER {TRIGGER}; {moved} {trigger}")).unwrap();
        self.drop_digests();
    }

    /// Runs the binary with this text on stdin and waits for its end.
    pub fn run_with_stdin(&self, arguments: &[&str], stdin: &[u8]) -> Done {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // The process may end before it has read everything.
        let _written = std::io::Write::write_all(&mut child.stdin.take().unwrap(), stdin);
        Done::from(&child.wait_with_output().unwrap())
    }

    /// The file with the invalid rows of a run, by its summary.
    pub fn invalid_rows_of(&self, run: &Done) -> PathBuf {
        let reports = run.json()["reports"].clone();
        let names: Vec<String> = serde_json::from_value(reports).unwrap();
        let is_invalid = |name: &&String| name.ends_with("-invalid-rows.csv");
        self.path(names.iter().find(is_invalid).unwrap())
    }

    /// The rows of the report that a run has written, by its summary.
    pub fn rows_of(&self, run: &Done) -> Vec<Row> {
        let summary = run.json();
        let reports = summary["reports"].as_array().unwrap().iter();
        let mut paths = reports.map(|path| path.as_str().unwrap());
        rows(&self.path(paths.find(|path| is_csv(path)).unwrap()))
    }
}

/// The row of this order and kind.
pub fn row<'a>(rows: &'a [Row], order: &str, kind: &str) -> &'a Row {
    rows.iter()
        .find(|row| row["merchant_order_id"] == order && row["kind"] == kind)
        .unwrap_or_else(|| panic!("no {kind} of {order} in {rows:#?}"))
}

/// How long a condition may take to become true. It is long because machines are slow. Only a
/// failing test waits this long.
const WAIT_LIMIT: Duration = Duration::from_secs(30);

/// Polls until the condition is true. Panics after [`WAIT_LIMIT`].
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < WAIT_LIMIT, "timed out: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A ledger with this number of paid orders of 100.00 inr: A1, A2, …
pub fn ledger(orders: usize) -> String {
    let rows = (1..=orders).map(|number| format!("A{number},100.00,inr,2026-01-10,paid\n"));
    format!("merchant_order_id,amount,currency,created_at,status\n{}", rows.collect::<String>())
}

/// A book in which the same orders match.
pub fn book(orders: usize) -> String {
    (1..=orders).map(|number| paid(&format!("A{number}"), "100.00", json!({}))).collect()
}

/// A running process of the binary.
pub struct Running(Child);

impl Running {
    pub fn start(command: &mut Command) -> Running {
        Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    pub fn is_over(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let kill = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// Waits for the end of the process. If a signal killed it, there is no exit code.
    pub fn end(self) -> Done {
        self.0.wait_with_output().unwrap().into()
    }
}

impl Merchant {
    /// Starts the binary without waiting.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(&mut self.command(arguments))
    }

    /// Every file in the directory `reports` with its content, including temporary files.
    pub fn report_files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let Ok(entries) = std::fs::read_dir(self.path("reports")) else { return BTreeMap::new() };
        let files = entries.map(|entry| entry.unwrap().path());
        files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }

    /// The number that this query returns from the database.
    pub fn sql(&self, query: &str) -> i64 {
        let database = rusqlite::Connection::open(self.path("octopus-recon.db")).unwrap();
        database.query_row(query, (), |row| row.get(0)).unwrap()
    }
}

impl From<Child> for Running {
    fn from(child: Child) -> Running {
        Running(child)
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Done {
        Done::from(&output)
    }
}
