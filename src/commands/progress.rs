//! stderr: how far long work is. On a terminal a bar; elsewhere a line every 30 s
//! (contract, "`run`").

use crate::cli::{Common, LogFormat};
use crate::reconcile::Counters;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const REDRAW: Duration = Duration::from_millis(200);
const LOG_EVERY: Duration = Duration::from_secs(30);

/// Shows how far a run is until it is dropped.
pub(super) struct Progress {
    stop: Option<Sender<()>>,
    shown: Option<JoinHandle<()>>,
}

impl Progress {
    /// Shows nothing if only errors are wanted, and no bar between JSON lines.
    pub(super) fn show(counters: Arc<Counters>, common: &Common) -> Progress {
        if common.quiet {
            return Progress { stop: None, shown: None };
        }
        let (stop, stopped) = mpsc::channel();
        let terminal = common.log_format == LogFormat::Text && io::stderr().is_terminal();
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
                    let (selected, unverified) = (counters.selected(), counters.unanswered());
                    tracing::info!(
                        done,
                        selected,
                        unverified,
                        "{done} of {selected} orders asked, {unverified} of them unverified"
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
