//! `check`: what should hold before anyone trusts cron (contract, "Commands").

use super::order::not_answered;
use super::output::{print, table};
use super::{Process, interrupted, runtime, settings};
use crate::cli::{Check, Common};
use crate::domain::order::OrderKey;
use crate::failure::{Failure, code};
use crate::gateway::{Cause, Client};
use crate::interrupt::Interrupt;
use crate::report::prepare_directory;
use crate::settings::{Flags, Settings};
use crate::store::Store;
use std::path::{Path, PathBuf};

/// An order that nobody has: asking for it shows that the credentials are taken.
const NOBODYS_ORDER: &str = "octopus-recon-check";
/// Below this a night may fill the disk.
const LITTLE_SPACE: u64 = 1 << 30;
const NOTICEABLE_SKEW_SECONDS: u64 = 60;

/// What was looked at and what was seen.
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
    findings.push(Finding::new("database", database(&settings.store.path)));
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
    match findings.into_iter().find_map(|finding| finding.result.err()) {
        Some(first) => Err(first),
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
        Some(path) => format!("{} is read", path.display()),
        None => "no file, so the defaults".to_owned(),
    };
    match settings.ledger.timezone {
        Some(zone) => Finding::new("configuration", Ok(format!("{file}; times are in {zone}"))),
        None => Finding::warning(
            "configuration",
            format!("{file}; [ledger] timezone is not set, so times without an offset are UTC"),
        ),
    }
}

/// One signed call.
fn gateway(
    settings: &Settings,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<Vec<Finding>, Failure> {
    let client = settings.credentials().map_err(Failure::from).and_then(|credentials| {
        let personal_data = settings.store.personal_data;
        Client::new(&settings.gateway, &credentials, personal_data, process.now)
            .map_err(Failure::from)
    });
    let client = match client {
        Ok(client) => client,
        Err(failure) => return Ok(vec![Finding::new("credentials", Err(failure))]),
    };
    let key = OrderKey { merchant_uid: None, merchant_order_id: NOBODYS_ORDER.to_owned() };
    let call = runtime(interrupt)?.block_on(async {
        tokio::select! {
            signal = interrupt.wait() => Err(interrupted(signal)),
            call = client.order_get(&key) => Ok(call),
        }
    })?;
    let base_url = settings.gateway.base_url.as_deref().unwrap_or_default();
    let credentials = match call.result {
        Ok(_) => Finding::new("credentials", Ok(format!("{base_url} takes them"))),
        Err(failure) if failure.cause == Cause::Untrustworthy => Finding::warning(
            "credentials",
            format!(
                "they were not refused, but of an order that nobody has {}: if that means \"no \
                 such order\", set [gateway] not_found_pattern",
                failure.why
            ),
        ),
        Err(failure) => Finding::new("credentials", Err(not_answered(&failure))),
    };
    let clock = match client.clock_skew().map(|skew| skew.num_seconds().unsigned_abs()) {
        None => Finding::warning("clock", "the gateway sent no Date to compare with".to_owned()),
        Some(seconds) if seconds > NOTICEABLE_SKEW_SECONDS => Finding::warning(
            "clock",
            format!("it differs from the gateway's by {seconds} s; is NTP running?"),
        ),
        Some(seconds) => Finding::new("clock", Ok(format!("within {seconds} s of the gateway's"))),
    };
    Ok(vec![credentials, clock])
}

fn database(path: &Path) -> Result<String, Failure> {
    if path.symlink_metadata().is_err() {
        let parent = parent(path);
        prepare_directory_exists(&parent)?;
        return Ok(format!("{} will be made by the first run", path.display()));
    }
    match Store::quick_check(path)? {
        None => Ok(format!("{} is whole", path.display())),
        Some(complaint) => Err(Failure::new(
            code::DATABASE,
            format!("{} is damaged: {complaint}", path.display()),
            "restore a backup; it was left as it is",
        )),
    }
}

fn prepare_directory_exists(directory: &Path) -> Result<(), Failure> {
    if directory.is_dir() {
        return Ok(());
    }
    Err(Failure::new(
        code::STORAGE,
        format!("the database's directory {} is not there", directory.display()),
        "make it, or name another database with --db",
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
