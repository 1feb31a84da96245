//! `report`: a stored run's report again.

use super::output::{JsonHead, print};
use super::run::rendered;
use super::{Process, settings};
use crate::cli::{Common, Report};
use crate::failure::Failure;
use crate::reconcile::{Finished, write_again};
use crate::report::{prepare_directory, prepare_target};
use crate::settings::Flags;
use crate::store::Store;
use std::time::Duration;

pub(super) fn execute(
    arguments: &Report,
    common: &Common,
    process: &Process,
) -> Result<u8, Failure> {
    let head = JsonHead::new("report", (process.now)());
    let flags = Flags { out: arguments.out.clone(), ..Flags::default() };
    let settings = settings(common, flags, process)?;
    let store = Store::open_to_read(&settings.store.path)?;
    let run_id = match arguments.run {
        Some(run_id) => run_id,
        None => store.latest_judged()?.ok_or_else(|| {
            Failure::usage("no run has been judged yet", "`octopus-recon run` makes one")
        })?,
    };
    let run = store.run(run_id)?.filter(|run| run.judged_at.is_some()).ok_or_else(|| {
        Failure::usage(
            format!("there is no judged run {run_id}"),
            "`octopus-recon runs` lists the runs; `run --resume` resumes one that ended early",
        )
    })?;
    match &arguments.report {
        Some(path) => prepare_target(path)?,
        None => prepare_directory(&settings.report.directory)?,
    }
    let target = arguments.report.as_deref();
    let reports = write_again(&store, &run, &settings.report, target, (process.now)())?;
    let finished = Finished { summary: run.summary, reports, duration: Duration::ZERO };
    print(&rendered(&finished, arguments.format, 0, &head))?;
    Ok(0)
}
