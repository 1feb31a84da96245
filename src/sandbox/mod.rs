//! A server of the documented gateway interface, on loopback: for the demonstration, the tests and
//! rehearsals (contract, "Commands": `sandbox`).
//!
//! It shares no code with the client, not even the signature, so that an error in one of them makes
//! the other refuse the call. Orders come from a [`Book`] and from `order/new`, and age by the
//! sandbox's own clock. Faults come from the book and from [`Faults`]. A journal of [`Call`]s
//! records every call.

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
pub(crate) mod relative;
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

/// How long [`Sandbox::stop`] waits for open calls, e.g. of a caller that never completes its
/// request, and for the last notifications.
const LONGEST_STOP: Duration = Duration::from_secs(6);

/// Where `order/get` puts the payment's fields. The page shows one form for `order/new` and lists
/// the fields for `order/get`; both forms exist (gateway-api, "Settled here").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// `data.payment.{…}`.
    #[default]
    Nested,
    /// The fields are in `data`, where `payment` is a text ("india").
    Flat,
}

/// The settings of a sandbox.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// The address to listen on. Port 0 means any free port.
    pub listen: SocketAddr,
    /// Whether `listen` may be an address that other machines can reach.
    pub allow_remote: bool,
    /// The expected `OC-Key`.
    pub api_key: SecretString,
    /// The secret to verify signatures with.
    pub api_secret: SecretString,
    /// The merchant of the key: the `merchant_uid` of orders without one in the book.
    pub merchant: Option<String>,
    /// The orders at the start.
    pub book: Book,
    /// Where the payment's fields are in an answer.
    pub shape: Shape,
    /// A delay before each response.
    pub latency: Duration,
    /// How much faster than real time orders age. 0 freezes them until [`Sandbox::advance`].
    pub speed: u32,
    /// The scripted faults.
    pub faults: Faults,
    /// The `Date` of each response, seconds since 1970. `None`: the real time.
    pub date: Option<u64>,
}

impl SandboxSettings {
    /// The defaults: a free port of 127.0.0.1, the nested shape, no merchant, no latency, real
    /// time, no faults.
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
            date: None,
        }
    }
}

/// Why a sandbox cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address is not loopback, and not allowed.
    #[error(
        "the sandbox does not listen on {address}, which other machines can reach: \
         use a loopback address, e.g. 127.0.0.1:{port}, or allow it with --allow-remote",
        port = .address.port()
    )]
    NotLoopback {
        /// The refused address.
        address: SocketAddr,
    },
    /// The key or the secret is empty.
    #[error("the sandbox needs an API key and an API secret")]
    EmptyCredentials,
    /// The address is in use or not permitted.
    #[error("the sandbox cannot listen on {address}: {source}; use another address or port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The HTTP client for notifications failed.
    #[error("the sandbox cannot create the HTTP client for its notifications: {0}")]
    Notifier(String),
}

/// The final state of a sandbox.
#[derive(Debug)]
pub struct Stopped {
    /// Every call received, in order of arrival.
    pub calls: Vec<Call>,
    /// The orders at the end.
    pub book: Book,
}

/// A running sandbox. Dropping it stops it without waiting.
pub struct Sandbox {
    address: SocketAddr,
    orders: Arc<Orders>,
    journal: Arc<Journal>,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
    notifier: JoinHandle<()>,
}

impl Sandbox {
    /// Starts a sandbox as a task of the current tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError`]: the address is not loopback and not allowed, or cannot be listened on; the
    /// key or the secret is empty; or the HTTP client cannot be created.
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
        let routes = gateway::with_date(routes, settings.date);
        let server = axum::serve(
            UnreliableListener(listener),
            routes.into_make_service_with_connect_info::<Connection>(),
        )
        .with_graceful_shutdown(async move {
            // An error means that the sandbox, and the sender with it, was dropped.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        });
        let server = tokio::spawn(server.into_future());
        Ok(Sandbox { address, orders, journal, stop, server, notifier })
    }

    /// The address that it listens on.
    #[must_use]
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for clients, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The calls received so far, in order of arrival.
    #[must_use]
    pub fn journal(&self) -> Vec<Call> {
        self.journal.snapshot()
    }

    /// Moves the sandbox's clock forward.
    pub fn advance(&self, time: Duration) {
        self.orders.advance(time);
    }

    /// Accepts no more calls, answers the open ones without further delay, and returns the final
    /// state.
    pub async fn stop(self) -> Stopped {
        self.stop.send_replace(true);
        // An open request or notification could keep the server waiting forever.
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
