//! The command: parse, run, exit code. The only place that prints an error.

use clap::Parser;
use octopus_recon::cli::Cli;
use octopus_recon::commands::{Process, execute, now, print_error};
use octopus_recon::failure::Failure;
use std::panic::{catch_unwind, set_hook};
use std::process::ExitCode;

fn main() -> ExitCode {
    set_hook(Box::new(|panic| {
        if let Some(failure) = Failure::panic(panic) {
            print_error(&failure);
        }
    }));
    let result = catch_unwind(|| {
        let process = Process {
            now,
            environment: &|name| std::env::var_os(name),
            arguments: std::env::args_os().skip(1).collect(),
        };
        execute(Cli::parse(), &process)
    });
    match result {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(failure)) => {
            print_error(&failure);
            ExitCode::from(failure.code())
        }
        // The hook has printed it.
        Err(panic) => {
            let limit = Failure::thread_panic(&*panic);
            ExitCode::from(limit.map_or(octopus_recon::failure::code::BUG, |it| it.code()))
        }
    }
}
