//! SIGINT and SIGTERM. Every loop checks for them, so that a run ends within seconds and loses
//! nothing (contract, exit code 128+N).

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
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

    /// Listens for SIGINT and SIGTERM on the current runtime. A second signal ends the process at
    /// once. The process also ends if it is still running some seconds after the first signal: a
    /// read from a pipe may never return. Committed data is safe, and the database's lock ends
    /// with the process.
    ///
    /// # Errors
    /// The operating system refuses to install a signal handler.
    pub fn listen(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut terminations = signal(SignalKind::terminate())?;
        let interrupt = self.clone();
        tokio::spawn(async move {
            loop {
                let number = tokio::select! {
                    _ = interrupts.recv() => 2,
                    _ = terminations.recv() => 15,
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
        });
        Ok(())
    }
}
