//! Asking the gateway: one signed call, its answer read without trust, paced, bounded and retried
//! by one policy (gateway page, "Calls"; contract, "Configuration" and "Mismatches").
//!
//! [`Asker`] asks for one order as often as the policy lets it, and places a new one; [`Client`]
//! makes one call. Wire shapes stay in here: what comes out is the domain's
//! [`Answer`](crate::domain::payment::Answer) and the evidence for it.

mod accounts;
mod ask;
mod base_url;
mod client;
mod hidden;
mod new_order;
mod pace;
mod place;
mod placed;
mod reading;
mod retry;
mod settings;
mod signature;
mod wire;
mod wording;

pub use accounts::{Accounts, AccountsError};
pub use ask::{Asker, Reply};
pub use base_url::base_url;
pub(crate) use base_url::check_path;
pub use client::{Client, ClientError};
pub use new_order::{Draft, NewOrder, NewOrderError};
pub use place::{NotPlaced, Placement, Sends};
pub use placed::Placed;
pub use reading::{Cause, Failure, Reader};
pub use settings::{Credentials, GatewaySettings, Limits};
pub use signature::Signer;
pub use wording::NotFoundPattern;
