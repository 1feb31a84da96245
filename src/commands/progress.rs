//! stderr: the log, and how far long work is. On a terminal a bar; elsewhere a line every 30 s
//! (contract, "`run`").

use crate::cli::Common;
use crate::reconcile::Counters;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

const REDRAW: Duration = Duration::from_millis(200);
const LOG_EVERY: Duration = Duration::from_secs(30);

/// Sets up the log. Only our own words are logged, at any level: what a library logs of a request
/// may hold a secret.
pub(super) fn log_to_stderr(common: &Common) {
    let level = match (common.quiet, common.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::INFO,
        (false, 1) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let filter = EnvFilter::new(format!("off,octopus_recon={level}"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    // A second call in one process, as tests make it, keeps the first log.
    let _already_set = subscriber.try_init();
}

/// stderr for the log. What happens to it never decides a run's fate (contract, "Exit codes"): a
/// line that cannot be written is lost, and nobody is told.
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _written = io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _flushed = io::stderr().flush();
        Ok(())
    }
}

/// Shows how far a run is until it is dropped.
pub(super) struct Progress {
    stop: Option<Sender<()>>,
    shown: Option<JoinHandle<()>>,
}

impl Progress {
    /// Shows nothing if `quiet`.
    pub(super) fn show(counters: Arc<Counters>, quiet: bool) -> Progress {
        if quiet {
            return Progress { stop: None, shown: None };
        }
        let (stop, stopped) = mpsc::channel();
        let terminal = io::stderr().is_terminal();
        let thread = thread::Builder::new().name("progress".to_owned());
        let shown = thread.spawn(move || {
            let bar = terminal.then(bar);
            let mut logged = Instant::now();
            while stopped.recv_timeout(REDRAW) == Err(RecvTimeoutError::Timeout) {
                let done = counters.answered() + counters.unanswered();
                if counters.selected() == 0 {
                    continue;
                }
                if let Some(bar) = &bar {
                    bar.set_length(counters.selected());
                    bar.set_position(done);
                    bar.set_message(format!("{} unverified", counters.unanswered()));
                } else if logged.elapsed() >= LOG_EVERY {
                    logged = Instant::now();
                    tracing::info!(
                        "{done} of {} orders asked, {} of them unverified",
                        counters.selected(),
                        counters.unanswered()
                    );
                }
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
        });
        // Without a thread to spare nothing is drawn. What the run itself needs is told there.
        Progress { stop: Some(stop), shown: shown.ok() }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(shown) = self.shown.take() {
            // It only draws: how it ended changes nothing.
            let _drawn = shown.join();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let template = "{bar:30} {pos}/{len} orders, {per_sec}, {eta} left, {msg}";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
