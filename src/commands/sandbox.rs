//! `sandbox`: the gateway's side, on loopback.

use super::output::print;
use super::{Process, runtime, settings};
use crate::cli::{Common, Sandbox as Arguments};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::sandbox::{Book, BookError, Sandbox, SandboxError, SandboxSettings, Shape};
use crate::settings::Flags;
use secrecy::ExposeSecret;
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
    let orders = book.len();
    let mut sandbox = SandboxSettings::new(
        credentials.api_key.expose_secret().to_owned(),
        credentials.api_secret,
        book,
    );
    sandbox.listen = arguments.listen;
    sandbox.merchant = settings.gateway.merchant_uid;
    sandbox.shape = if arguments.flat { Shape::Flat } else { Shape::Nested };
    sandbox.latency = Duration::from_millis(arguments.latency_ms.into());
    runtime(interrupt)?.block_on(async {
        let sandbox = Sandbox::start(sandbox).await.map_err(|error| refused(&error))?;
        print(&format!("Sandbox at {} with {orders} orders; Ctrl-C ends it.", sandbox.base_url()))?;
        interrupt.wait().await;
        let calls = sandbox.stop().await.len();
        print(&format!("It was called {calls} times."))?;
        Ok(0)
    })
}

fn unusable(error: &BookError) -> Failure {
    Failure::usage(error.to_string(), "a line of a book is a payment object as JSON")
}

fn refused(error: &SandboxError) -> Failure {
    Failure::usage(error.to_string(), "--listen takes a free loopback address, e.g. 127.0.0.1:8787")
}
