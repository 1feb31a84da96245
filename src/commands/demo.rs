//! `demo`: three nights against a sandbox in this very process (contract, "Commands").
//!
//! The nights run one after the other, with a clock that is two days, one day and no day behind.
//! Between them the gateway's book changes and finance decides, so that the last night's page
//! shows what is new, open, changed, back again, solved and accepted.

mod finance;

use super::making::making;
use super::output::{JsonHead, print};
use super::progress::Progress;
use super::run::rendered;
use super::{Process, serving_runtime};
use crate::cli::{Common, Demo, Format};
use crate::failure::{Failure, code};
use crate::gateway::Credentials;
use crate::interrupt::Interrupt;
use crate::reconcile::{self, Context, Finished, Request};
use crate::sandbox::relative::with_dates;
use crate::sandbox::{Book, Sandbox, SandboxError, SandboxSettings};
use crate::settings::Settings;
use chrono::{DateTime, TimeDelta, Utc};
use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Runtime;

const LEDGERS: [(&str, &str); 2] = [
    ("ledger-1.csv", include_str!("../../fixtures/demo/ledger-1.csv")),
    ("ledger-2.csv", include_str!("../../fixtures/demo/ledger-2.csv")),
];
const BOOK: &str = include_str!("../../fixtures/demo/book.jsonl");
/// Fast enough for a demo of a few seconds.
const REQUESTS_PER_SECOND: u32 = 500;
/// How often a port that is in use is tried, and how long it is waited for in between.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// One night of the story.
struct Night {
    /// Its clock.
    now: fn() -> DateTime<Utc>,
    /// How many of [`LEDGERS`] the shop had exported by then.
    ledgers: usize,
    /// The orders of which the gateway then said something else than [`BOOK`] says.
    changes: &'static str,
}

const NIGHTS: [Night; 3] = [
    Night {
        now: two_days_ago,
        ledgers: 1,
        changes: include_str!("../../fixtures/demo/book-night-1.jsonl"),
    },
    Night {
        now: a_day_ago,
        ledgers: 1,
        changes: include_str!("../../fixtures/demo/book-night-2.jsonl"),
    },
    Night { now: this_night, ledgers: 2, changes: "" },
];

/// The clock of the process. The nights' clocks are plain functions, as a run wants them, and
/// cannot hold it.
static CLOCK: OnceLock<fn() -> DateTime<Utc>> = OnceLock::new();

fn this_night() -> DateTime<Utc> {
    CLOCK.get().map_or(DateTime::UNIX_EPOCH, |now| now())
}

fn a_day_ago() -> DateTime<Utc> {
    this_night() - TimeDelta::days(1)
}

fn two_days_ago() -> DateTime<Utc> {
    this_night() - TimeDelta::days(2)
}

pub(super) fn execute(
    arguments: &Demo,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    CLOCK.get_or_init(|| process.now);
    let out = &arguments.out;
    let runtime = serving_runtime(interrupt)?;
    let credentials = Credentials { api_key: "demo-key".into(), api_secret: "demo-secret".into() };
    let mut settings = Settings::default().with_credentials(credentials);
    settings.gateway.requests_per_second =
        NonZeroU32::new(REQUESTS_PER_SECOND).unwrap_or(NonZeroU32::MIN);
    // Nobody waits long for an outage that is made up.
    settings.gateway.backoff_first_ms = 100;
    settings.ledger.timezone = Some(chrono_tz::Tz::UTC);
    settings.store.path = out.join("octopus-recon.db");
    settings.report.directory = out.join("reports");
    let ledgers = ledgers(out)?;
    // A database with its nights stays: a demo in the same directory adds one more.
    let is_first = settings.store.path.symlink_metadata().is_err();
    let nights = if is_first { &NIGHTS[..] } else { &NIGHTS[NIGHTS.len() - 1..] };
    let mut stage =
        Stage { settings, ledgers, runtime: &runtime, interrupt, address: None, common, process };
    let mut last = None;
    for (before, night) in nights.iter().enumerate() {
        if is_first {
            finance::decide(before, &stage.settings, last.as_ref(), (night.now)())?;
        }
        last = Some(stage.run(night)?);
    }
    let Some(finished) = last else { return Ok(0) };
    print(&told(&finished, is_first, out, &stage.settings))?;
    Ok(0)
}

/// What the demo prints: the page first, then the last night's summary.
fn told(finished: &Finished, is_first: bool, out: &Path, settings: &Settings) -> String {
    let exit_code = finished.summary.exit_code();
    let head = JsonHead::new("demo", this_night());
    let nights = if is_first {
        "Three nights were played: the day before yesterday, yesterday and today.".to_owned()
    } else {
        format!(
            "{0} has a demo already: one more night was added. Remove {0} to see it from the \
             beginning.",
            out.display()
        )
    };
    format!(
        "Open {page} in a browser\n\n\
         {nights} The last one:\n\n\
         {summary}\n\n\
         That was a made-up ledger against a made-up gateway. `run` would have ended with exit \
         code {exit_code}; the demo ends with 0.\n\
         Ledgers, database and reports are in {out}.\n\
         Which order shows what: fixtures/demo/README.md.\n\
         One order's story:\n  octopus-recon --db {database} show DEMO-SHORT-PAYOUT",
        page = settings.report.directory.join("latest.html").display(),
        summary = rendered(finished, Format::Text, exit_code, &head).trim_end(),
        out = out.display(),
        database = settings.store.path.display(),
    )
}

/// What stays the same from night to night.
struct Stage<'a> {
    settings: Settings,
    ledgers: Vec<PathBuf>,
    runtime: &'a Runtime,
    interrupt: &'a Interrupt,
    /// The gateway's address, once it has one.
    address: Option<SocketAddr>,
    common: &'a Common,
    process: &'a Process<'a>,
}

impl Stage<'_> {
    fn run(&mut self, night: &Night) -> Result<Finished, Failure> {
        let parsed = |text| Book::parse(text).map_err(|error| Failure::bug(error.to_string()));
        let book = parsed(BOOK)?.changed_by(parsed(night.changes)?);
        let mut sandbox = SandboxSettings::new("demo-key".into(), "demo-secret".into(), book);
        if let Some(address) = self.address {
            sandbox.listen = address;
        }
        let sandbox = self
            .runtime
            .block_on(started(sandbox))
            .map_err(|error| Failure::bug(format!("the sandbox cannot start: {error}")))?;
        self.address = Some(sandbox.address());
        self.settings.gateway.base_url = Some(sandbox.base_url());
        let ledgers = self.ledgers.iter().take(night.ledgers).cloned().collect();
        let making = making(&self.settings, self.process);
        let request = Request { ledgers, making, ..Request::default() };
        let (now, interrupt) = (night.now, self.interrupt);
        let context = Context { now, interrupt, counters: Arc::default() };
        let progress = Progress::show(Arc::clone(&context.counters), self.common);
        let finished = reconcile::run(&self.settings, &request, &context);
        drop(progress);
        drop(self.runtime.block_on(sandbox.stop()));
        finished.map_err(|failed| failed.failure)
    }
}

/// Starts a night's sandbox. The night before used its port: in between another process may have
/// taken it for a connection of its own, which ends soon.
async fn started(settings: SandboxSettings) -> Result<Sandbox, SandboxError> {
    for _ in 0..TRIES {
        match Sandbox::start(settings.clone()).await {
            Err(SandboxError::Listen { source, .. })
                if source.kind() == std::io::ErrorKind::AddrInUse =>
            {
                tokio::time::sleep(PAUSE).await;
            }
            started => return started,
        }
    }
    Sandbox::start(settings).await
}

/// Writes the ledgers with today's dates, so that the demo's reader can look into them.
fn ledgers(out: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            code::STORAGE,
            format!("{} cannot be written: {error}", out.display()),
            "choose another directory with --out",
        )
    };
    fs::create_dir_all(out).map_err(failed)?;
    let now = this_night();
    LEDGERS
        .iter()
        .map(|(name, content)| {
            let path = out.join(name);
            fs::write(&path, with_dates(content, now)).map_err(failed)?;
            Ok(path)
        })
        .collect()
}
