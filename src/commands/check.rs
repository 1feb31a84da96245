//! `check`: what should hold before anyone trusts cron (contract, "Commands").

use super::order::{BASE_URL_HINT, not_answered};
use super::output::{print, table};
use super::{Process, interrupted, runtime, settings};
use crate::cli::{Check, Common};
use crate::domain::order::OrderKey;
use crate::domain::text::one_line;
use crate::failure::{Failure, code};
use crate::gateway::{
    CallFailure, Cause, Client, Connections, Credentials, Transport, base_url, check_path,
};
use crate::interrupt::Interrupt;
use crate::report::prepare_directory;
use crate::settings::{Flags, Settings};
use crate::store::Store;
use std::path::{Path, PathBuf};

/// The id of the test order, which does not exist: the reply shows whether the credentials are
/// accepted.
const TEST_ORDER: &str = "octopus-recon-check";
/// With fewer bytes free, one run may fill the disk.
const LITTLE_SPACE: u64 = 1 << 30;
const NOTICEABLE_SKEW_SECONDS: u64 = 60;

/// One check and its result: a line of the output.
struct Finding {
    what: &'static str,
    result: Result<String, Failure>,
    warns: bool,
}

impl Finding {
    fn new(what: &'static str, result: Result<String, Failure>) -> Finding {
        Finding { what, result, warns: false }
    }

    fn warning(what: &'static str, text: String) -> Finding {
        Finding { what, result: Ok(text), warns: true }
    }
}

pub(super) fn execute(
    arguments: &Check,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    let flags = Flags { out: arguments.out.clone(), ..Flags::default() };
    let settings = settings(common, flags, process)?;
    let mut findings = vec![configuration(&settings)];
    findings.extend(gateway(&settings, process, interrupt)?);
    let database = database(&settings.store.path, interrupt);
    if let Some(signal) = interrupt.signal() {
        return Err(interrupted(signal));
    }
    findings.push(Finding::new("database", database));
    let directory = &settings.report.directory;
    let reports = prepare_directory(directory).map_err(Failure::from);
    findings.push(Finding::new(
        "reports",
        reports.map(|()| format!("{} can be written", directory.display())),
    ));
    findings.push(disk("disk, database", &parent(&settings.store.path)));
    findings.push(disk("disk, reports", directory));
    let rows: Vec<Vec<String>> = findings.iter().map(row).collect();
    print(&table(&rows, &[]))?;
    let failures = findings.into_iter().filter_map(|finding| finding.result.err());
    // The highest code counts (contract, "Exit codes"); of equal ones the first.
    match failures.rev().max_by_key(Failure::code) {
        Some(failure) => Err(failure),
        None => Ok(0),
    }
}

fn row(finding: &Finding) -> Vec<String> {
    let (state, text) = match &finding.result {
        Ok(text) if finding.warns => ("WARN", text.clone()),
        Ok(text) => ("ok", text.clone()),
        Err(failure) => {
            let text = failure.to_string();
            let message = text.lines().next().unwrap_or_default();
            ("FAIL", message.trim_start_matches("error: ").to_owned())
        }
    };
    vec![state.to_owned(), finding.what.to_owned(), text]
}

fn configuration(settings: &Settings) -> Finding {
    let file = match &settings.file {
        Some(path) => format!("read from {}", path.display()),
        None => "no file: the defaults are used".to_owned(),
    };
    match settings.ledger.timezone {
        Some(zone) => Finding::new("configuration", Ok(format!("{file}; times are in {zone}"))),
        None => Finding::warning(
            "configuration",
            format!("{file}; [ledger] timezone is not set, so times without an offset are UTC"),
        ),
    }
}

/// The address and the credentials, by one signed call, and the clock by its answer.
fn gateway(
    settings: &Settings,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<Vec<Finding>, Failure> {
    let address = settings.gateway.base_url.as_deref().unwrap_or_default();
    let checked = base_url(address).map_err(Failure::from).and_then(|base| {
        let path = check_path(&base).map_err(|error| Failure::from(error).with_hint(BASE_URL_HINT));
        path.map(|()| base)
    });
    let base = match checked {
        Ok(base) => base,
        Err(failure) => return Ok(vec![Finding::new("base_url", Err(failure))]),
    };
    let client = settings.credentials().map_err(Failure::from).and_then(|credentials| {
        let personal_data = settings.store.personal_data;
        let client = Client::new(&settings.gateway, &credentials, personal_data, process.now);
        client.map(|client| (client, credentials)).map_err(Failure::from)
    });
    let (client, known) = match client {
        Ok(client) => client,
        Err(failure) => return Ok(vec![Finding::new("credentials", Err(failure))]),
    };
    let key = OrderKey { merchant_uid: None, merchant_order_id: TEST_ORDER.to_owned() };
    let answer = runtime(interrupt)?.block_on(async {
        tokio::select! {
            signal = interrupt.wait() => Err(interrupted(signal)),
            answer = client.order_get(&key, Connections::Kept) => Ok(answer),
        }
    })?;
    let credentials = match answer {
        Ok(_) => {
            let merchant = settings
                .gateway
                .merchant_uid
                .as_deref()
                .map_or("", |_| "; merchant_uid is not checked: that needs an existing order");
            Finding::new("credentials", Ok(format!("accepted by {base}{merchant}")))
        }
        Err(failure) => unrecognised(&failure, &known),
    };
    let clock = match client.clock_skew().map(|skew| skew.num_seconds().unsigned_abs()) {
        None => Finding::warning(
            "clock",
            "the gateway's answer has no Date header to compare with".to_owned(),
        ),
        Some(seconds) if seconds > NOTICEABLE_SKEW_SECONDS => Finding::warning(
            "clock",
            format!("differs from the gateway's by {seconds} s; is NTP running?"),
        ),
        Some(seconds) => Finding::new("clock", Ok(format!("within {seconds} s of the gateway's"))),
    };
    let doubt = known.doubt().map(|doubt| Finding::warning("credentials", doubt));
    Ok(doubt.into_iter().chain([credentials, clock]).collect())
}

/// The finding of a call that brought no trustworthy answer. The error texts under
/// [`Cause::UnrecognisedError`] and [`Cause::Untrustworthy`] do not speak of the credentials, so
/// these were not refused.
fn unrecognised(failure: &CallFailure, credentials: &Credentials) -> Finding {
    let why = &failure.why;
    match failure.cause {
        Cause::WrongAddress => {
            let message = format!("the gateway's address seems to be wrong: {why}");
            Finding::new("base_url", Err(Failure::usage(message, BASE_URL_HINT)))
        }
        Cause::UnrecognisedError => Finding::warning(
            "credentials",
            format!(
                "accepted; the reply for a test order that does not exist was not recognised: \
                 {why}; if it means \"no such order\", set [gateway] not_found_pattern"
            ),
        ),
        Cause::Untrustworthy => Finding::warning(
            "credentials",
            format!(
                "not refused; the reply for a test order that does not exist was not recognised: \
                 {why}; is base_url right?"
            ),
        ),
        _ => Finding::new("credentials", Err(not_answered(failure, credentials))),
    }
}

fn database(path: &Path, interrupt: &Interrupt) -> Result<String, Failure> {
    if path.symlink_metadata().is_err() {
        let parent = parent(path);
        prepare_directory_exists(&parent)?;
        return Ok(format!("{} will be created by the first run", path.display()));
    }
    let interrupt = interrupt.clone();
    match Store::quick_check(path, move || interrupt.signal().is_some())? {
        None => Ok(format!("{} is whole", path.display())),
        Some(complaint) => Err(Failure::new(
            code::DATABASE,
            format!("{} is damaged: {}", path.display(), one_line(&complaint)),
            "restore a backup; the file was left unchanged",
        )),
    }
}

fn prepare_directory_exists(directory: &Path) -> Result<(), Failure> {
    if directory.is_dir() {
        return Ok(());
    }
    Err(Failure::new(
        code::STORAGE,
        format!("the database's directory {} does not exist", directory.display()),
        "create it, or name another database with --db",
    ))
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn disk(what: &'static str, directory: &Path) -> Finding {
    match rustix::fs::statvfs(directory) {
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let text = format!("{} MiB free at {}", free >> 20, directory.display());
            if free < LITTLE_SPACE {
                Finding::warning(what, text)
            } else {
                Finding::new(what, Ok(text))
            }
        }
        Err(error) => Finding::warning(what, format!("{}: {error}", directory.display())),
    }
}
