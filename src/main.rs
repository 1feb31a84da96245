//! The command: parse, run, exit code. The only place that prints an error.

use chrono::Utc;
use clap::Parser;
use octopus_recon::cli::Cli;
use octopus_recon::commands::{Process, execute};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let process = Process { now: Utc::now, environment: &|name| std::env::var_os(name) };
    match execute(Cli::parse(), &process) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            // With stderr gone there is nobody left to tell; the exit code still says it.
            let _told = writeln!(std::io::stderr(), "{failure}");
            ExitCode::from(failure.code())
        }
    }
}
