//! SIGINT and SIGTERM: asked for by every loop, so that a run ends within seconds and whole
//! (contract, exit code 128+N).

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// A signalled run ends within 10 s (faults, "Crashes and storage").
const GRACE_PERIOD: Duration = Duration::from_secs(8);

/// The signal that came, if one did. Cheap to clone and to look at.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    signal: Arc<AtomicU8>,
    raised: Arc<Notify>,
}

impl Interrupt {
    /// The signal's number, once it came.
    #[must_use]
    pub fn signal(&self) -> Option<u8> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(signal),
        }
    }

    /// Waits until a signal comes.
    pub async fn wait(&self) -> u8 {
        loop {
            let notified = self.raised.notified();
            if let Some(signal) = self.signal() {
                return signal;
            }
            notified.await;
        }
    }

    /// As if this signal had come.
    pub fn raise(&self, signal: u8) {
        self.signal.store(signal, Ordering::Relaxed);
        self.raised.notify_waiters();
    }

    /// Listens for SIGINT and SIGTERM on the current runtime. A second one ends the process at
    /// once, and so do a few seconds in which nobody heard the first: a read of a pipe may
    /// never return. What is committed is safe all the same, and the database's lock goes with
    /// the process.
    ///
    /// # Errors
    /// The system does not let us listen.
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
