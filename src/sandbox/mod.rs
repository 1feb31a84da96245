//! The gateway's side of the documented interface, on loopback: for the demonstration, the tests
//! and rehearsals (contract, "Commands": `sandbox`).
//!
//! It shares no code with the client, not even the signature: what one of them gets wrong, the
//! other refuses. Everything it knows comes from a [`Book`]; everything it was asked is in its
//! journal of [`Call`]s.

mod book;
mod connection;
mod gateway;
mod journal;
mod order_get;
mod orders;
mod pairs;
pub mod relative;
mod reply;
mod script;
mod signature;
#[cfg(test)]
mod tests;

pub use book::{Book, BookError};
pub use journal::{Call, CallEnd};

use connection::{Connection, CuttableListener};
use gateway::Gateway;
use journal::Journal;
use orders::Orders;
use secrecy::SecretString;
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
/// request.
const LONGEST_STOP: Duration = Duration::from_secs(5);

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
    /// Where to listen: a loopback address. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The OC-Key that it expects.
    pub api_key: String,
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
}

impl SandboxSettings {
    /// On a free port of 127.0.0.1, nested, without a merchant, as fast as it can.
    #[must_use]
    pub fn new(api_key: String, api_secret: SecretString, book: Book) -> SandboxSettings {
        SandboxSettings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            api_key,
            api_secret,
            merchant: None,
            book,
            shape: Shape::default(),
            latency: Duration::ZERO,
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
         use a loopback address, e.g. 127.0.0.1:{port}", port = .address.port()
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
}

/// A running sandbox. Dropping it stops it too, without waiting.
pub struct Sandbox {
    address: SocketAddr,
    journal: Arc<Journal>,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
}

impl Sandbox {
    /// Starts listening. It serves as a task of the current tokio runtime.
    ///
    /// # Errors
    /// The address is not loopback or cannot be listened on, or the key or secret is empty.
    pub async fn start(settings: SandboxSettings) -> Result<Sandbox, SandboxError> {
        let address = settings.listen;
        if !address.ip().is_loopback() {
            return Err(SandboxError::NotLoopback { address });
        }
        let verifier = Verifier::new(&settings.api_secret)
            .filter(|_| !settings.api_key.is_empty())
            .ok_or(SandboxError::EmptyCredentials)?;
        let failed = |source| SandboxError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;

        let (stop, mut stopping) = watch::channel(false);
        let journal = Journal::new();
        let routes = gateway::routes(Arc::new(Gateway {
            api_key: settings.api_key,
            verifier,
            merchant: settings.merchant,
            orders: Orders::new(settings.book),
            shape: settings.shape,
            latency: settings.latency,
            journal: Arc::clone(&journal),
            stopping: stopping.clone(),
        }));
        let server = axum::serve(
            CuttableListener(listener),
            routes.into_make_service_with_connect_info::<Connection>(),
        )
        .with_graceful_shutdown(async move {
            // A sandbox that is dropped takes its sender along: that is a stop too.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        });
        let server = tokio::spawn(server.into_future());
        Ok(Sandbox { address, journal, stop, server })
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

    /// Takes no more calls, answers those under way without further delay, and gives the whole
    /// journal.
    pub async fn stop(self) -> Vec<Call> {
        self.stop.send_replace(true);
        // A caller in the middle of its request could hold the server for ever.
        let _ = tokio::time::timeout(LONGEST_STOP, self.server).await;
        self.journal.snapshot()
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}
