//! `sandbox`: serves the documented gateway interface on loopback.

use super::output::print;
use super::{Process, serving_runtime, settings};
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
            let hint =
                "see the example in README, \"Rehearsing\", and all keys in src/sandbox/faults.rs";
            Failure::usage(error.to_string(), hint)
        })?,
        None => Faults::default(),
    };
    let orders = book.len();
    let with_faults = if faults.is_empty() { "" } else { " and scripted faults" };
    let mut sandbox = SandboxSettings::new(credentials.api_key, credentials.api_secret, book);
    sandbox.listen = arguments.listen;
    sandbox.allow_remote = arguments.allow_remote;
    sandbox.merchant = settings.gateway.merchant_uid;
    sandbox.shape = if arguments.flat { Shape::Flat } else { Shape::Nested };
    sandbox.latency = Duration::from_millis(arguments.latency_ms.into());
    sandbox.speed = arguments.speed;
    sandbox.faults = faults;
    let stopped = serving_runtime(interrupt)?.block_on(async {
        let sandbox = Sandbox::start(sandbox).await.map_err(|error| refused(&error))?;
        let url = sandbox.base_url();
        let orders = counted(orders, "order");
        print(&format!("Sandbox at {url} with {orders}{with_faults}; stop it with Ctrl-C."))?;
        interrupt.wait().await;
        Ok::<_, Failure>(sandbox.stop().await)
    })?;
    if let Some(path) = &arguments.save {
        stopped.book.save(path).map_err(|error| unsaved(&error))?;
    }
    let (calls, orders) = (stopped.calls.len(), stopped.book.len());
    let (calls, orders) = (counted(calls, "call"), counted(orders, "order"));
    print(&format!("The sandbox received {calls} and has {orders}."))?;
    Ok(0)
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Whether the orders can be saved at the end, checked before the first call.
fn check_save(path: &Path, book: Option<&Path>) -> Result<(), Failure> {
    let file = path.display();
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv")) {
        let message = format!("{file} has a CSV name, but orders are saved as JSON lines");
        return Err(Failure::usage(message, "use a name that ends in .jsonl"));
    }
    if path.exists() && book != Some(path) {
        let message = format!("{file} already exists, and would be overwritten at the end");
        let hint =
            format!("continue with its orders (--book {file}), or use another name for --save");
        return Err(Failure::usage(message, hint));
    }
    Book::can_be_saved(path).map_err(|error| unsaved(&error))
}

fn unusable(error: &BookError) -> Failure {
    let hint = match error {
        BookError::Line { .. } => {
            "a book has one payment object as JSON per line; or its name ends in .csv, and its \
             headings are the same fields"
        }
        _ => "to write a new book, use --save without --book",
    };
    Failure::usage(error.to_string(), hint)
}

fn unsaved(error: &BookError) -> Failure {
    Failure::new(code::STORAGE, error.to_string(), "set --save to a file that can be written")
}

fn refused(error: &SandboxError) -> Failure {
    Failure::usage(
        error.to_string(),
        "set --listen to a free loopback address, e.g. 127.0.0.1:8787",
    )
}
