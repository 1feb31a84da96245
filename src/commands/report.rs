//! `report`: a stored run's report again.

use super::output::{JsonHead, print};
use super::run::rendered;
use super::{Process, other_policy, settings};
use crate::cli::{Common, Report};
use crate::domain::run::RunSummary;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::reconcile::{Finished, write_again, write_as_of, write_current};
use crate::report::{Written, prepare_directory, prepare_target};
use crate::settings::{Flags, Settings};
use crate::store::{RunRow, Store};
use chrono::{DateTime, Utc};
use std::time::Duration;

pub(super) fn execute(
    arguments: &Report,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    let head = JsonHead::new("report", (process.now)());
    let flags = Flags { out: arguments.out.clone(), ..Flags::default() };
    let settings = settings(common, flags, process)?;
    let store = Store::open_to_read(&settings.store.path)?;
    if let Some(file) = &arguments.policy {
        let run_id = judged(arguments, &store)?.summary.run_id;
        other_policy::show(run_id, file, arguments.format, &settings, process, interrupt)?;
        return Ok(0);
    }
    match &arguments.report {
        Some(path) => prepare_target(path)?,
        None => prepare_directory(&settings.report.directory)?,
    }
    let (summary, reports) = written(arguments, &store, &settings, (process.now)())?;
    let finished = Finished { summary, reports, duration: Duration::ZERO };
    print(&rendered(&finished, arguments.format, 0, &head))?;
    Ok(0)
}

/// Writes the files. Gives the figures that they show.
fn written(
    arguments: &Report,
    store: &Store,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<(RunSummary, Vec<Written>), Failure> {
    let (policy, target) = (&settings.policy, arguments.report.as_deref());
    if let Some(day) = arguments.as_of {
        let viewed = write_as_of(store, day, policy, &settings.report, target, now)?;
        return Ok((viewed.summary, viewed.files));
    }
    if arguments.current {
        let merchant_uid = settings.gateway.merchant_uid.as_deref();
        let run_id = store.latest_night(merchant_uid)?.ok_or_else(not_judged)?;
        let viewed = write_current(store, run_id, policy, &settings.report, target, now)?;
        return Ok((viewed.summary, viewed.files));
    }
    let run = judged(arguments, store)?;
    let reports = write_again(store, &run, policy, &settings.report, target, now)?;
    Ok((run.summary, reports))
}

/// The run that is named, else the latest judged.
fn judged(arguments: &Report, store: &Store) -> Result<RunRow, Failure> {
    let run_id = match arguments.run {
        Some(run_id) => run_id,
        None => store.latest_judged()?.ok_or_else(not_judged)?,
    };
    store.check_rows(run_id)?;
    store.run(run_id)?.filter(|run| run.judged_at.is_some()).ok_or_else(|| {
        Failure::usage(
            format!("there is no judged run {run_id}"),
            "`octopus-recon runs` lists the runs; `run --resume` resumes one that ended early",
        )
    })
}

fn not_judged() -> Failure {
    Failure::usage("no run has been judged yet", "`octopus-recon run` makes one")
}
