//! The client of the payment gateway: signed calls, strict validation of each response, a rate
//! limit and one retry policy (gateway page, "Calls"; contract, "Configuration" and "Mismatches").
//!
//! [`Client`] makes one call. [`Asker`] queries an order with retries, and creates an order;
//! [`Allowance`] is what the askers of a run share. JSON
//! shapes stay in this module: callers get the domain's
//! [`Answered`](crate::domain::payment::Answered).

mod accounts;
mod ask;
mod base_url;
mod client;
mod create_order;
mod evidence;
mod new_order;
mod new_order_response;
mod order_id;
mod pace;
mod redact;
mod response;
mod retry;
mod settings;
mod signature;
mod wire;
mod wording;

pub use accounts::Accounts;
pub(crate) use ask::Reply;
pub use ask::{Allowance, Asker, Transport};
pub(crate) use base_url::{base_url, check_path};
pub use client::{Client, ClientError};
pub use create_order::{Creation, NotCreated, SendState};
pub use new_order::{Draft, NewOrder, NewOrderError};
pub use new_order_response::CreatedOrder;
pub use response::{CallFailure, Cause, Reader};
pub use settings::{Credentials, GatewaySettings, Limits};
pub use signature::Signer;
pub use wording::NotFoundPattern;
