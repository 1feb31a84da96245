//! Who is told how a night went: a monitor that waits for pings, and a file that Prometheus reads
//! (contract, "Configuration": `[notify]`).
//!
//! Nothing here ends or delays a run by more than some seconds: what fails is a warning.

mod metrics;
mod ping;
mod reach;
mod request;
mod settings;

pub(crate) use metrics::{Reported, RunEnded, probe, render, write};
pub(crate) use ping::{End, Pinger};
pub(crate) use reach::reach;
pub use settings::{NotifySettings, PingUrl, SuccessCodes};
