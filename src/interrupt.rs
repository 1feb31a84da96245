//! SIGINT and SIGTERM. Every loop checks for them, so that a run ends within seconds and loses
//! nothing (contract, exit code 128+N).

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// How long a run may take to end after a signal. It must end within 10 s (faults, "Crashes and
/// storage").
const GRACE_PERIOD: Duration = Duration::from_secs(8);

/// The signal that was received, if any. Clones share the signal; cloning and reading are cheap.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    signal: Arc<AtomicU8>,
    raised: Arc<Notify>,
}

impl Interrupt {
    /// The number of the signal, after it was received.
    #[must_use]
    pub fn signal(&self) -> Option<u8> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(signal),
        }
    }

    /// Waits for a signal and returns its number.
    pub async fn wait(&self) -> u8 {
        loop {
            let notified = self.raised.notified();
            if let Some(signal) = self.signal() {
                return signal;
            }
            notified.await;
        }
    }

    /// Sets the signal, as if the process had received it.
    pub fn raise(&self, signal: u8) {
        self.signal.store(signal, Ordering::Relaxed);
        self.raised.notify_waiters();
    }

    /// Listens for SIGINT and SIGTERM, on a thread of its own, until the process ends. A second
    /// signal ends the process at once. The process also ends if it is still running some seconds
    /// after the first signal: a read from a pipe may never return. Committed data is safe, and the
    /// database's lock ends with the process.
    ///
    /// # Errors
    /// The operating system refuses a thread, a file for its events, or a signal handler.
    pub fn listen(&self) -> io::Result<()> {
        can_open_files()?;
        let interrupt = self.clone();
        let (answer, installed) = sync_channel(1);
        // One thread: a runtime of several threads panics, or waits for ever, where the limit on
        // processes allows only some of them.
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let listening =
                Builder::new_current_thread().enable_all().build().and_then(|runtime| {
                    let signals = runtime.block_on(async { Signals::install() })?;
                    Ok((runtime, signals))
                });
            match listening {
                Ok((runtime, signals)) => {
                    let _waits = answer.send(Ok(()));
                    runtime.block_on(signals.hand_on(&interrupt));
                }
                Err(error) => {
                    let _waits = answer.send(Err(error));
                }
            }
        })?;
        installed.recv().unwrap_or_else(|_| Err(io::Error::other("no signal handler")))
    }
}

/// The signals that end a command.
struct Signals {
    interrupts: Signal,
    terminations: Signal,
}

impl Signals {
    fn install() -> io::Result<Signals> {
        let interrupts = signal(SignalKind::interrupt())?;
        Ok(Signals { interrupts, terminations: signal(SignalKind::terminate())? })
    }

    async fn hand_on(mut self, interrupt: &Interrupt) {
        loop {
            let number = tokio::select! {
                _ = self.interrupts.recv() => 2,
                _ = self.terminations.recv() => 15,
            };
            if interrupt.signal().is_some() {
                std::process::exit(128 + i32::from(number));
            }
            interrupt.raise(number);
            tokio::spawn(async move {
                tokio::time::sleep(GRACE_PERIOD).await;
                std::process::exit(128 + i32::from(number));
            });
        }
    }
}

/// Lets a write beyond the limit on file sizes (`ulimit -f`) fail with an error. Without a handler
/// SIGXFSZ ends the process, and nobody learns why. Best effort: the limit is rare.
pub fn outlive_file_limit() {
    if can_open_files().is_err() {
        return;
    }
    let Ok(runtime) = Builder::new_current_thread().enable_io().build() else { return };
    let _inside = runtime.enter();
    // The handler stays when nobody listens any more.
    let _listener = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()));
}

/// Tries whether there are files left for the first runtime: it panics otherwise.
fn can_open_files() -> io::Result<()> {
    let _signals = UnixStream::pair()?;
    let _events = UnixStream::pair()?;
    let _copies = UnixStream::pair()?;
    Ok(())
}
