//! `sandbox`: the gateway's side, on loopback.

use super::output::print;
use super::{Process, runtime, settings};
use crate::cli::{Common, Sandbox as Arguments};
use crate::failure::{Failure, code};
use crate::interrupt::Interrupt;
use crate::sandbox::{Book, BookError, Faults, Sandbox, SandboxError, SandboxSettings, Shape};
use crate::settings::Flags;
use std::path::Path;
use std::time::Duration;

pub(super) fn execute(
    arguments: &Arguments,
    common: &Common,
    process: &Process,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    let settings = settings(common, Flags::default(), process)?;
    let credentials = settings.credentials()?;
    let book = match &arguments.book {
        Some(path) => Book::load(path).map_err(|error| unusable(&error))?,
        None => Book::default(),
    };
    if let Some(path) = &arguments.save {
        check_save(path, arguments.book.as_deref())?;
    }
    let faults = match &arguments.faults {
        Some(path) => Faults::load(path).map_err(|error| {
            let hint = "README, \"Rehearsing\", shows one; src/sandbox/faults.rs lists every key";
            Failure::usage(error.to_string(), hint)
        })?,
        None => Faults::default(),
    };
    let orders = book.len();
    let day = if faults.is_empty() { "" } else { " and a bad day" };
    let mut sandbox = SandboxSettings::new(credentials.api_key, credentials.api_secret, book);
    sandbox.listen = arguments.listen;
    sandbox.allow_remote = arguments.allow_remote;
    sandbox.merchant = settings.gateway.merchant_uid;
    sandbox.shape = if arguments.flat { Shape::Flat } else { Shape::Nested };
    sandbox.latency = Duration::from_millis(arguments.latency_ms.into());
    sandbox.speed = arguments.speed;
    sandbox.faults = faults;
    let stopped = runtime(interrupt)?.block_on(async {
        let sandbox = Sandbox::start(sandbox).await.map_err(|error| refused(&error))?;
        let url = sandbox.base_url();
        let orders = counted(orders, "order");
        print(&format!("Sandbox at {url} with {orders}{day}; Ctrl-C ends it."))?;
        interrupt.wait().await;
        Ok::<_, Failure>(sandbox.stop().await)
    })?;
    if let Some(path) = &arguments.save {
        stopped.book.save(path).map_err(|error| unsaved(&error))?;
    }
    let (calls, orders) = (stopped.calls.len(), stopped.book.len());
    let (calls, orders) = (counted(calls, "time"), counted(orders, "order"));
    print(&format!("It was called {calls} and has {orders}."))?;
    Ok(0)
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Whether the orders can be written in the end, asked before anybody makes some.
fn check_save(path: &Path, book: Option<&Path>) -> Result<(), Failure> {
    let file = path.display();
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv")) {
        let message = format!("{file} would not be CSV: orders are saved as JSON lines");
        return Err(Failure::usage(message, "name it .jsonl"));
    }
    if path.exists() && book != Some(path) {
        let message = format!("{file} is there already, and would be overwritten at the end");
        let hint = format!("go on with its orders (--book {file}), or give --save another name");
        return Err(Failure::usage(message, hint));
    }
    Book::can_be_saved(path).map_err(|error| unsaved(&error))
}

fn unusable(error: &BookError) -> Failure {
    let hint = match error {
        BookError::Line { .. } => {
            "a book has one payment object as JSON a line; or it is CSV with the same fields as \
             headings, and its name ends in .csv"
        }
        _ => "a book that is only to be written is named with --save alone",
    };
    Failure::usage(error.to_string(), hint)
}

fn unsaved(error: &BookError) -> Failure {
    Failure::new(code::STORAGE, error.to_string(), "--save takes a file that can be written")
}

fn refused(error: &SandboxError) -> Failure {
    Failure::usage(error.to_string(), "--listen takes a free loopback address, e.g. 127.0.0.1:8787")
}
