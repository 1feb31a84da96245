//! `check`: what should hold before anyone trusts cron (contract, "Commands"). Each part looks at
//! what it can, so that one fault hides no other; nothing on the disk is changed.

mod configuration;
mod database;
mod finding;
mod gateway;
mod ledger;
mod notify;
mod places;

use super::output::{JsonHead, print};
use super::{Process, interrupted, runtime, settings};
use crate::cli::{Check, Common};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::settings::{Flags, Settings};
use finding::Finding;

pub(super) fn execute(
    arguments: &Check,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    let head = JsonHead::new("check", (process.now)());
    if arguments.ledger.iter().any(|path| path.as_os_str() == "-") {
        let hint = "name the ledger's file; run reads stdin";
        return Err(Failure::usage("check cannot look at stdin", hint));
    }
    let flags = Flags { out: arguments.out.clone(), ..Flags::default() };
    let mut findings = match settings(common, flags, process) {
        Ok(settings) => look(&settings, arguments, process, interrupt)?,
        // Nothing else is known then: neither the gateway nor where the database is.
        Err(failure) => vec![Finding::error("configuration", failure)],
    };
    if arguments.strict {
        findings = findings.into_iter().map(Finding::counts_warnings).collect();
    }
    findings.sort_by_key(Finding::rank);
    // The highest code counts (contract, "Exit codes").
    let exit_code = findings.iter().map(Finding::code).max().unwrap_or(0);
    print(&finding::rendered(&findings, exit_code, arguments.format, &head))?;
    match findings.into_iter().next().and_then(Finding::into_failure) {
        Some(failure) => Err(failure),
        None => Ok(exit_code),
    }
}

/// Every finding, in the order of the looks.
fn look(
    settings: &Settings,
    arguments: &Check,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<Vec<Finding>, Failure> {
    let now = (process.now)();
    let today = now.with_timezone(&settings.ledger.zone()).date_naive();
    let mut findings = configuration::findings(settings, today);
    // Signals are heard from here on.
    let runtime = runtime(interrupt);
    findings.extend(gateway::findings(settings, process, runtime, interrupt)?);
    let mut database = database::look(settings, process, interrupt);
    if let Some(signal) = interrupt.signal() {
        return Err(interrupted(signal));
    }
    findings.append(&mut database.findings);
    findings.extend(places::reports(settings));
    findings.extend(places::disks(settings, &database));
    let signal = || interrupt.signal();
    findings.extend(if arguments.ledger.is_empty() {
        let (run_id, paths) = &database.ledgers;
        ledger::of_last_night(*run_id, paths, settings, process, &signal)
    } else {
        ledger::given(&arguments.ledger, settings, process, &signal)
    });
    findings.extend(notify::findings(&settings.notify));
    if let Some(signal) = interrupt.signal() {
        return Err(interrupted(signal));
    }
    Ok(findings)
}
