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
mod create_order;
mod new_order;
mod new_order_response;
mod pace;
mod redact;
mod response;
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
pub use create_order::{Creation, NotCreated, SendState};
pub use new_order::{Draft, NewOrder, NewOrderError};
pub use new_order_response::CreatedOrder;
pub use response::{CallFailure, Cause, Reader};
pub use settings::{Credentials, GatewaySettings, Limits};
pub use signature::Signer;
pub use wording::NotFoundPattern;
