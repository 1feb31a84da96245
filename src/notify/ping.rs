//! Pings: a monitor hears that a night started, and how it ended. It alerts when the end does not
//! come. A ping that fails or hangs is a warning, and takes some seconds at most.

use super::request::{self, PingRequest};
use super::settings::NotifySettings;
use crate::domain::{contained, text};
use reqwest::redirect::Policy;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};

/// How long the pings of a run may take. Together they delay a night by 10 s at most (contract,
/// "Configuration": `[notify]`).
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// For the start. The run goes on meanwhile.
    start: Duration,
    /// For the end.
    end: Duration,
    /// For the end after a signal: a run has to end within 10 s of it.
    interrupted: Duration,
    /// Between two tries. A monitor that misses a success alerts somebody at night.
    between: Duration,
}

/// For the start of a run.
const START_LIMIT: Duration = Duration::from_secs(3);
/// For its end.
const END_LIMIT: Duration = Duration::from_secs(7);
/// For its end after a signal.
const INTERRUPTED_LIMIT: Duration = Duration::from_secs(3);
/// Between two tries.
const BETWEEN: Duration = Duration::from_millis(500);
/// Tries of one ping.
const TRIES: u32 = 3;
/// Bytes of a reply that are looked at.
const LONGEST_REPLY: usize = 1_024;

const LIMITS: Limits =
    Limits { start: START_LIMIT, end: END_LIMIT, interrupted: INTERRUPTED_LIMIT, between: BETWEEN };

/// How a run ended, for a monitor.
#[derive(Debug, Clone)]
pub(crate) struct End {
    /// One line for people. Without secrets and order ids.
    pub(crate) text: String,
    /// The exit code.
    pub(crate) exit_code: u8,
    /// Whether the monitor hears of it as a success.
    pub(crate) is_success: bool,
    /// How long the run took.
    pub(crate) duration: Duration,
    /// Whether a signal ended it: there is little time left.
    pub(crate) is_interrupted: bool,
}

/// Sends the pings of one run, on a thread of its own.
pub(crate) struct Pinger {
    end: Sender<End>,
    failed: Receiver<String>,
    thread: JoinHandle<()>,
}

impl Pinger {
    /// Tells the monitor that a run has started, and does not wait for it. `None`: none is
    /// configured.
    pub(crate) fn start(settings: &NotifySettings, text: String) -> Option<Pinger> {
        Pinger::start_within(LIMITS, settings, text)
    }

    fn start_within(limits: Limits, settings: &NotifySettings, text: String) -> Option<Pinger> {
        let to = settings.ping_url.clone()?;
        let proxy = settings.proxy.clone();
        let (end, ended) = mpsc::channel();
        let (fails, failed) = mpsc::channel();
        let work = move || {
            let rid = request::new_rid(&mut fastrand::Rng::new());
            if let Some(start) = request::start(&to, &rid, &text)
                && let Err(why) = send(start, proxy.as_deref(), limits.start, limits.between)
            {
                let told = format!("{} was not told that the run has started: {why}", to.host());
                tracing::warn!("the monitor at {told}");
                let _nobody_asks = fails.send(format!("the monitor at {told}"));
            }
            let Ok(end): Result<End, _> = ended.recv() else { return };
            let limit = if end.is_interrupted { limits.interrupted } else { limits.end };
            let sent = send(request::end(&to, &rid, &end), proxy.as_deref(), limit, limits.between);
            if let Err(why) = sent {
                let host = to.host();
                tracing::warn!("the monitor at {host} was not told how the run ended: {why}");
            }
        };
        match thread::Builder::new().name("pings".to_owned()).spawn(work) {
            Ok(thread) => Some(Pinger { end, failed, thread }),
            Err(error) => {
                tracing::warn!("no monitor is told of this run: no thread can be started: {error}");
                None
            }
        }
    }

    /// What a person should know of the start, so far.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failed.try_recv().ok()
    }

    /// Tells how the run ended, and waits for that.
    pub(crate) fn end(self, end: End) {
        let Pinger { end: sender, thread, .. } = self;
        let _sent = sender.send(end);
        // What fails there has been said.
        let _ended = thread.join();
    }
}

/// Sends a ping until it has arrived. The error is a clause for people, without the address.
fn send(
    ping: PingRequest,
    proxy: Option<&str>,
    limit: Duration,
    between: Duration,
) -> Result<(), String> {
    // A look-up of an address panics where no thread can be started.
    let sent = contained::run(|| {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let late = || format!("no answer within {} s", limit.as_secs());
        let sent = runtime.block_on(async {
            timeout(limit, try_to_send(ping, proxy, between)).await.unwrap_or_else(|_| Err(late()))
        });
        // Dropped, it would wait for a look-up of an address that hangs.
        runtime.shutdown_background();
        sent
    });
    sent.unwrap_or_else(|panic| Err(text::clean(&panic.0)))
}

async fn try_to_send(
    ping: PingRequest,
    proxy: Option<&str>,
    between: Duration,
) -> Result<(), String> {
    let mut http = reqwest::Client::builder()
        .user_agent(concat!("octopus-recon/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy();
    if let Some(proxy) = proxy {
        http = http.proxy(reqwest::Proxy::all(proxy).map_err(innermost)?);
    }
    if ping.url.scheme() == "http" {
        // This machine may have no certificates.
        http = http.tls_certs_only([]);
    }
    let http = http.build().map_err(innermost)?;
    let mut tried = 0;
    loop {
        tried += 1;
        match attempt(&http, &ping).await {
            Err(Failed { why: _, again: true }) if tried < TRIES => sleep(between).await,
            result => return result.map_err(|failed| failed.why),
        }
    }
}

/// Why a ping did not arrive.
struct Failed {
    why: String,
    /// Whether the next try may do better.
    again: bool,
}

async fn attempt(http: &reqwest::Client, ping: &PingRequest) -> Result<(), Failed> {
    let request = http.request(ping.method.clone(), ping.url.clone()).body(ping.body.clone());
    let sent = request.send().await;
    let mut response = sent.map_err(|error| Failed { why: innermost(error), again: true })?;
    let status = response.status();
    if !status.is_success() {
        let again = status.is_server_error() || status.as_u16() == 429;
        return Err(Failed { why: format!("it answered {}", status.as_u16()), again });
    }
    let mut reply = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await
        && reply.len() < LONGEST_REPLY
    {
        reply.extend_from_slice(&chunk);
    }
    reply.truncate(LONGEST_REPLY);
    // Healthchecks.io says so under 200.
    let reply = String::from_utf8_lossy(&reply);
    match ["not found", "rate limited"].into_iter().find(|what| reply.contains(what)) {
        Some(what) => Err(Failed { why: format!("it answered \"{what}\""), again: false }),
        None => Ok(()),
    }
}

/// The root cause of an error, without the address.
fn innermost(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    text::clean(&innermost.to_string())
}

#[cfg(test)]
#[path = "ping_tests.rs"]
mod tests;
