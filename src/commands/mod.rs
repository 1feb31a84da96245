//! One file a subcommand: from [`Settings`] to a library call to what is printed.

mod backup;
mod check;
mod clock;
mod decide;
mod demo;
mod diff;
mod ledger;
mod logging;
mod making;
mod manual;
mod notifying;
mod order;
mod order_new;
mod other_policy;
mod output;
mod progress;
mod prune;
mod report;
mod run;
mod runs;
mod sandbox;
mod show;
mod status;
mod verify;

pub use clock::now;
pub use logging::print_error;

use crate::cli::{Cli, Command, Common};
use crate::failure::Failure;
use crate::interrupt::{Interrupt, outlive_file_limit};
use crate::reconcile::Context;
use crate::settings::{Environment, Flags, Settings};
use chrono::{DateTime, Utc};
use std::ffi::OsString;
use std::sync::{Arc, mpsc};
use std::thread;
use tokio::runtime::{Builder, Runtime};

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
    logging::log_to_stderr(common, process.now);
    outlive_file_limit();
    clock::check((process.now)())?;
    let interrupt = Interrupt::default();
    match cli.command {
        Command::Run(arguments) => run::execute(arguments, common, process, &interrupt),
        Command::Verify(arguments) => verify::execute(&arguments, common, process),
        Command::Report(arguments) => report::execute(&arguments, common, process, &interrupt),
        Command::Diff(arguments) => diff::execute(&arguments, common, process),
        Command::Runs(arguments) => runs::execute(&arguments, common, process),
        Command::Status(arguments) => status::execute(&arguments, common, process),
        Command::Backup(arguments) => backup::execute(&arguments, common, process, &interrupt),
        Command::Prune(arguments) => prune::execute(&arguments, common, process, &interrupt),
        Command::Show(arguments) => show::execute(&arguments, common, process),
        Command::Decide(arguments) => decide::execute(&arguments, common, process),
        Command::Ledger(arguments) => ledger::execute(&arguments, common, process, &interrupt),
        Command::Order(arguments) => order::execute(&arguments, common, process, &interrupt),
        Command::Sandbox(arguments) => sandbox::execute(&arguments, common, process, &interrupt),
        Command::Demo(arguments) => demo::execute(&arguments, common, process, &interrupt),
        Command::Check(arguments) => check::execute(&arguments, common, process, &interrupt),
        Command::Completions(arguments) => manual::completions(&arguments),
        Command::Man(arguments) => manual::man(&arguments),
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

/// Threads that serve the sandbox.
const SERVING_THREADS: usize = 2;

/// Listens for signals from now on.
fn listen(interrupt: &Interrupt) -> Result<(), Failure> {
    interrupt.listen().map_err(|error| Failure::no_thread(&error))
}

/// A runtime on the thread that waits for it. Signals are heard from now on.
fn runtime(interrupt: &Interrupt) -> Result<Runtime, Failure> {
    listen(interrupt)?;
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::no_thread(&error))
}

/// A runtime that serves while this thread does something else. Signals are heard from now on.
fn serving_runtime(interrupt: &Interrupt) -> Result<Runtime, Failure> {
    listen(interrupt)?;
    can_start_threads(SERVING_THREADS).map_err(|error| Failure::no_thread(&error))?;
    let runtime = Builder::new_multi_thread().worker_threads(SERVING_THREADS).enable_all().build();
    runtime.map_err(|error| Failure::no_thread(&error))
}

/// Tries whether so many threads can run at a time: the runtime panics if it cannot start one.
fn can_start_threads(count: usize) -> std::io::Result<()> {
    let mut running = Vec::new();
    // Each waits until its sender is dropped, which is when all of them run.
    for _ in 0..count {
        let (release, released) = mpsc::channel::<()>();
        let wait = move || {
            let _released = released.recv();
        };
        running.push((release, thread::Builder::new().spawn(wait)?));
    }
    for (release, thread) in running {
        drop(release);
        let _ended = thread.join();
    }
    Ok(())
}

/// What a run needs of the world, with counters that start at nothing.
fn context<'a>(process: &Process, interrupt: &'a Interrupt) -> Context<'a> {
    Context { now: process.now, interrupt, counters: Arc::default() }
}

/// A command that leaves nothing behind, ended by a signal.
fn interrupted(signal: u8) -> Failure {
    Failure::signal(signal, "")
}
