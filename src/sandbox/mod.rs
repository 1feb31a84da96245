//! The gateway's side of the documented interface, on loopback: for the demonstration, the tests
//! and rehearsals (contract, "Commands": `sandbox`).
//!
//! It shares no code with the client, not even the signature: what one of them gets wrong, the
//! other refuses. Its orders come from a [`Book`] and from `order/new`, and live by a clock of
//! their own; what goes wrong comes from the book and from [`Faults`]; everything it was asked is
//! in its journal of [`Call`]s.

mod book;
mod checkout;
mod clock;
mod connection;
mod faults;
mod gateway;
mod journal;
mod lifecycle;
mod loopback;
mod notify;
mod order;
mod order_get;
mod order_new;
mod orders;
mod page;
mod pairs;
mod payment;
pub mod relative;
mod reply;
mod script;
mod signature;
mod tamper;
#[cfg(test)]
mod tests;

pub use book::{Book, BookError};
pub use faults::{Faults, FaultsError};
pub use journal::{Call, CallEnd};

use clock::Clock;
use connection::{Connection, UnreliableListener};
use faults::ActiveFaults;
use gateway::Gateway;
use journal::Journal;
use notify::Notifier;
use orders::Orders;
use secrecy::{ExposeSecret, SecretString};
use signature::Verifier;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long [`Sandbox::stop`] waits for calls under way, e.g. of a caller that never ends its
/// request, and for the last notifications.
const LONGEST_STOP: Duration = Duration::from_secs(6);

/// How `order/get` lays out a payment. The page shows one form for `order/new` and lists the
/// fields for `order/get`: both have been seen (gateway-api, "Settled here").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// `data.payment.{…}`.
    #[default]
    Nested,
    /// The fields straight in `data`, where `payment` is a text ("india").
    Flat,
}

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether that may be an address that other machines reach.
    pub allow_remote: bool,
    /// The OC-Key that it expects.
    pub api_key: SecretString,
    /// The secret that signatures are made with.
    pub api_secret: SecretString,
    /// The merchant of that key: answered as `merchant_uid` where the book gives none.
    pub merchant: Option<String>,
    /// The orders that it knows.
    pub book: Book,
    /// How it lays out a payment.
    pub shape: Shape,
    /// How long each answer takes at least.
    pub latency: Duration,
    /// Seconds of its orders' lives in a real second. With 0 they stand still until
    /// [`Sandbox::advance`].
    pub speed: u32,
    /// What goes wrong.
    pub faults: Faults,
}

impl SandboxSettings {
    /// On a free port of 127.0.0.1, nested, without a merchant, as fast as it can, in real time
    /// and without faults.
    #[must_use]
    pub fn new(api_key: SecretString, api_secret: SecretString, book: Book) -> SandboxSettings {
        SandboxSettings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allow_remote: false,
            api_key,
            api_secret,
            merchant: None,
            book,
            shape: Shape::default(),
            latency: Duration::ZERO,
            speed: 1,
            faults: Faults::default(),
        }
    }
}

/// A sandbox that could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// Other machines could reach it.
    #[error(
        "the sandbox does not listen on {address}, which other machines may reach: \
         use a loopback address, e.g. 127.0.0.1:{port}, or allow it with --allow-remote",
        port = .address.port()
    )]
    NotLoopback {
        /// The refused address.
        address: SocketAddr,
    },
    /// Nobody could sign a call to it.
    #[error("the sandbox needs an API key and an API secret that are not empty")]
    EmptyCredentials,
    /// The address is taken or not allowed.
    #[error("the sandbox cannot listen on {address}: {source}; use another address or port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Nobody could be notified.
    #[error("the sandbox cannot make the HTTP client for its notifications: {0}")]
    Notifier(String),
}

/// What a sandbox leaves.
#[derive(Debug)]
pub struct Stopped {
    /// Every call that it received, in the order in which they came.
    pub calls: Vec<Call>,
    /// Its orders, as they were at the end.
    pub book: Book,
}

/// A running sandbox. Dropping it stops it too, without waiting.
pub struct Sandbox {
    address: SocketAddr,
    orders: Arc<Orders>,
    journal: Arc<Journal>,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
    notifier: JoinHandle<()>,
}

impl Sandbox {
    /// Starts listening. It serves as a task of the current tokio runtime.
    ///
    /// # Errors
    /// The address is not loopback (and not allowed all the same) or cannot be listened on, or the
    /// key or secret is empty.
    pub async fn start(settings: SandboxSettings) -> Result<Sandbox, SandboxError> {
        let address = settings.listen;
        if !address.ip().is_loopback() && !settings.allow_remote {
            return Err(SandboxError::NotLoopback { address });
        }
        let verifier = Verifier::new(&settings.api_secret)
            .filter(|_| !settings.api_key.expose_secret().is_empty())
            .ok_or(SandboxError::EmptyCredentials)?;
        let failed = |source| SandboxError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;

        let (stop, mut stopping) = watch::channel(false);
        let journal = Journal::new();
        let orders = Arc::new(Orders::new(settings.book, Clock::new(settings.speed)));
        let notifier =
            Notifier::new(settings.api_key.clone(), verifier.clone(), Arc::clone(&orders))
                .map_err(|error| SandboxError::Notifier(error.to_string()))?;
        let notifier = tokio::spawn(notifier.run(stopping.clone()));
        let routes = gateway::routes(Arc::new(Gateway {
            address,
            allow_remote: settings.allow_remote,
            api_key: settings.api_key,
            verifier,
            merchant: settings.merchant,
            orders: Arc::clone(&orders),
            faults: ActiveFaults::new(settings.faults),
            shape: settings.shape,
            latency: settings.latency,
            journal: Arc::clone(&journal),
            stopping: stopping.clone(),
        }));
        let server = axum::serve(
            UnreliableListener(listener),
            routes.into_make_service_with_connect_info::<Connection>(),
        )
        .with_graceful_shutdown(async move {
            // A sandbox that is dropped takes its sender along: that is a stop too.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        });
        let server = tokio::spawn(server.into_future());
        Ok(Sandbox { address, orders, journal, stop, server, notifier })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The calls that it has received so far, in the order in which they came.
    #[must_use]
    pub fn journal(&self) -> Vec<Call> {
        self.journal.snapshot()
    }

    /// Puts the clock that its orders live by forward.
    pub fn advance(&self, time: Duration) {
        self.orders.advance(time);
    }

    /// Takes no more calls, answers those under way without further delay, and gives what it
    /// leaves.
    pub async fn stop(self) -> Stopped {
        self.stop.send_replace(true);
        // A caller in the middle of its request could hold the server for ever, and so could a
        // merchant who is being notified.
        let ended = async {
            let _ = self.server.await;
            let _ = self.notifier.await;
        };
        let _ = tokio::time::timeout(LONGEST_STOP, ended).await;
        Stopped { calls: self.journal.snapshot(), book: self.orders.book() }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}
