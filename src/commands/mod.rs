//! One file a subcommand: from [`Settings`] to a library call to what is printed.

mod check;
mod decide;
mod demo;
mod diff;
mod ledger;
mod making;
mod manual;
mod order;
mod order_new;
mod other_policy;
mod output;
mod progress;
mod report;
mod run;
mod runs;
mod sandbox;
mod show;
mod verify;

use crate::cli::{Cli, Command, Common};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::reconcile::Context;
use crate::settings::{Environment, Flags, Settings};
use chrono::{DateTime, Utc};
use std::ffi::OsString;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// What a command needs of the process.
pub struct Process<'a> {
    /// The clock.
    pub now: fn() -> DateTime<Utc>,
    /// The environment; only [`Settings::load`] looks into it.
    pub environment: Environment<'a>,
    /// The arguments, without the program's name.
    pub arguments: Vec<OsString>,
}

/// Carries out what was typed.
///
/// # Errors
/// What ends it early; `main` prints it.
pub fn execute(cli: Cli, process: &Process) -> Result<u8, Failure> {
    let common = &cli.common;
    progress::log_to_stderr(common);
    let interrupt = Interrupt::default();
    match cli.command {
        Command::Run(arguments) => run::execute(arguments, common, process, &interrupt),
        Command::Verify(arguments) => verify::execute(&arguments, common, process),
        Command::Report(arguments) => report::execute(&arguments, common, process, &interrupt),
        Command::Diff(arguments) => diff::execute(&arguments, common, process),
        Command::Runs(arguments) => runs::execute(&arguments, common, process),
        Command::Show(arguments) => show::execute(&arguments, common, process),
        Command::Decide(arguments) => decide::execute(&arguments, common, process),
        Command::Ledger(arguments) => ledger::execute(&arguments, common, process, &interrupt),
        Command::Order(arguments) => order::execute(&arguments, common, process, &interrupt),
        Command::Sandbox(arguments) => sandbox::execute(&arguments, common, process, &interrupt),
        Command::Demo(arguments) => demo::execute(&arguments, common, process, &interrupt),
        Command::Check(arguments) => check::execute(&arguments, common, process, &interrupt),
        Command::Completions(arguments) => manual::completions(&arguments),
        Command::Man => manual::page(),
    }
}

/// The settings with the flags that every command takes.
fn settings(common: &Common, flags: Flags, process: &Process) -> Result<Settings, Failure> {
    let flags = Flags {
        config: common.config.clone(),
        base_url: common.base_url.clone(),
        db: common.db.clone(),
        ..flags
    };
    Ok(Settings::load(flags, process.environment)?)
}

/// A runtime that listens for signals from now on.
fn runtime(interrupt: &Interrupt) -> Result<Runtime, Failure> {
    let failed = |error: std::io::Error| Failure::no_thread(&error);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(failed)?;
    runtime.block_on(async { interrupt.listen() }).map_err(failed)?;
    Ok(runtime)
}

/// What a run needs of the world, with counters that start at nothing.
fn context<'a>(process: &Process, interrupt: &'a Interrupt) -> Context<'a> {
    Context { now: process.now, interrupt, counters: Arc::default() }
}

/// A command that leaves nothing behind, ended by a signal.
fn interrupted(signal: u8) -> Failure {
    Failure::signal(signal, format!("ended by signal {signal}"))
}
