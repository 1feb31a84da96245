//! `demo`: the whole job against a sandbox in this very process (contract, "Commands").

use super::making::making;
use super::output::{JsonHead, print};
use super::run::rendered;
use super::{Process, context, progress::Progress, runtime};
use crate::cli::{Common, Demo, Format};
use crate::failure::{Failure, code};
use crate::gateway::Credentials;
use crate::interrupt::Interrupt;
use crate::reconcile::{self, Request};
use crate::sandbox::relative::with_dates;
use crate::sandbox::{Book, Sandbox, SandboxSettings};
use crate::settings::Settings;
use std::fs;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

const LEDGERS: [(&str, &str); 2] = [
    ("ledger-1.csv", include_str!("../../fixtures/demo/ledger-1.csv")),
    ("ledger-2.csv", include_str!("../../fixtures/demo/ledger-2.csv")),
];
const BOOK: &str = include_str!("../../fixtures/demo/book.jsonl");
/// Fast enough for a demo of a few seconds.
const REQUESTS_PER_SECOND: u32 = 500;

pub(super) fn execute(
    arguments: &Demo,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    let out = &arguments.out;
    let runtime = runtime(interrupt)?;
    let credentials = Credentials { api_key: "demo-key".into(), api_secret: "demo-secret".into() };
    let book = Book::parse(BOOK).map_err(|error| Failure::bug(error.to_string()))?;
    let sandbox = SandboxSettings::new("demo-key".into(), "demo-secret".into(), book);
    let sandbox = runtime
        .block_on(Sandbox::start(sandbox))
        .map_err(|error| Failure::bug(format!("the sandbox cannot start: {error}")))?;
    let mut settings = Settings::default().with_credentials(credentials);
    settings.gateway.base_url = Some(sandbox.base_url());
    settings.gateway.requests_per_second =
        NonZeroU32::new(REQUESTS_PER_SECOND).unwrap_or(NonZeroU32::MIN);
    settings.ledger.timezone = Some(chrono_tz::Tz::UTC);
    settings.store.path = out.join("octopus-recon.db");
    settings.report.directory = out.join("reports");
    let making = making(&settings, process);
    let request = Request { ledgers: ledgers(out, process)?, making, ..Request::default() };
    let context = context(process, interrupt, &runtime);
    let progress = Progress::show(Arc::clone(&context.counters), common.quiet);
    let finished = reconcile::run(&settings, &request, &context);
    drop(progress);
    drop(runtime.block_on(sandbox.stop()));
    let finished = finished.map_err(|failed| failed.failure)?;
    let exit_code = finished.summary.exit_code();
    print(&rendered(&finished, Format::Text, exit_code, &JsonHead::new("demo", (process.now)())))?;
    print(&format!(
        "\nThat was a made-up ledger against a made-up gateway. `run` would have ended with exit \
         code {exit_code}; the demo ends with 0.\n\
         Ledgers, database and reports are in {}.\n\
         Which order shows what: fixtures/demo/README.md.\n\
         One order's story:\n  octopus-recon --db {} show DEMO-SHORT",
        out.display(),
        settings.store.path.display()
    ))?;
    Ok(0)
}

/// Writes the ledgers with today's dates, so that the demo's reader can look into them.
fn ledgers(out: &Path, process: &Process) -> Result<Vec<std::path::PathBuf>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            code::STORAGE,
            format!("{} cannot be written: {error}", out.display()),
            "choose another directory with --out",
        )
    };
    fs::create_dir_all(out).map_err(failed)?;
    let now = (process.now)();
    LEDGERS
        .iter()
        .map(|(name, content)| {
            let path = out.join(name);
            fs::write(&path, with_dates(content, now)).map_err(failed)?;
            Ok(path)
        })
        .collect()
}
