//! What goes to stderr: log lines and the error that ends a command, as text or as JSON lines
//! (contract, "`run`": `--log-format`).

use crate::cli::{Common, LogFormat};
use crate::failure::Failure;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Fields that a line of text has in its message already.
const JSON_ONLY: [&str; 6] = ["run_id", "exit_code", "code", "done", "selected", "unverified"];

/// The clock of the JSON lines; unset while lines are text.
static JSON: OnceLock<fn() -> DateTime<Utc>> = OnceLock::new();
/// The run of this process, from the first line that names it; 0 before.
static RUN_ID: AtomicI64 = AtomicI64::new(0);

/// Sets up the log. Only our own words are logged, at any level: what a library logs of a request
/// may hold a secret.
pub(super) fn log_to_stderr(common: &Common, now: fn() -> DateTime<Utc>) {
    let level = match (common.quiet, common.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::INFO,
        (false, 1) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("off,octopus_recon={level}")))
        .with_writer(|| Stderr);
    // A second call in one process, as tests make it, keeps the first log.
    let _already_set = match common.log_format {
        LogFormat::Text => subscriber
            .with_ansi(io::stderr().is_terminal())
            .with_target(false)
            .fmt_fields(debug_fn(|writer, field, value| match field.name() {
                "message" => write!(writer, "{value:?}"),
                name if JSON_ONLY.contains(&name) => Ok(()),
                name => write!(writer, " {name}={value:?}"),
            }))
            .try_init(),
        LogFormat::Json => {
            let _once = JSON.set(now);
            subscriber.event_format(JsonLines).try_init()
        }
    };
}

/// From now on each JSON line names this run.
pub(super) fn name_run(run_id: Option<i64>) {
    if let Some(run_id) = run_id {
        RUN_ID.store(run_id, Ordering::Relaxed);
    }
}

/// Prints the error that ends the command. Only `main` calls it, once.
pub fn print_error(failure: &Failure) {
    let text = match JSON.get() {
        None => failure.to_string(),
        Some(now) => {
            let mut fields = Map::new();
            fields.insert("exit_code".to_owned(), failure.code().into());
            fields.insert("hint".to_owned(), failure.hint().into());
            line(*now, "ERROR", failure.message().to_owned(), fields)
        }
    };
    // If stderr is closed, the message is lost. The exit code still shows the failure.
    let _written = writeln!(io::stderr(), "{text}");
}

/// One JSON object a line.
struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Fields { message, mut others } = fields;
        name_run(others.remove("run_id").and_then(|run_id| run_id.as_i64()));
        let Some(now) = JSON.get() else { return Ok(()) };
        let level = event.metadata().level().as_str();
        writeln!(writer, "{}", line(*now, level, message, others))
    }
}

/// What a line has. The other fields come last.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    level: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<i64>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

fn line(
    now: fn() -> DateTime<Utc>,
    level: &str,
    message: String,
    others: Map<String, Value>,
) -> String {
    let time = now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let run_id = Some(RUN_ID.load(Ordering::Relaxed)).filter(|run_id| *run_id != 0);
    // Texts and numbers are always JSON.
    serde_json::to_string(&Line { time, level, message, run_id, others }).unwrap_or_default()
}

/// The fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.others.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.put(field, text.into());
        }
    }
}

/// stderr for the log. What happens to it never decides a run's fate (contract, "Exit codes"): a
/// line that cannot be written is lost, and nobody is told.
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _written = io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _flushed = io::stderr().flush();
        Ok(())
    }
}
