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
mod call_failure;
mod client;
mod client_error;
mod connection;
mod create_order;
mod evidence;
mod http;
mod new_order;
mod new_order_response;
mod order_id;
mod pace;
mod redact;
mod refusal;
mod response;
mod retry;
mod settings;
mod signature;
mod throttle;
mod web_page;
mod wire;
mod wording;

pub use accounts::Accounts;
pub use ask::{Allowance, Asker, Transport};
pub(crate) use ask::{RefusedCalls, Reply};
pub(crate) use base_url::{base_url, check_path};
pub use call_failure::{CallFailure, Cause};
pub use client::Client;
pub use client_error::ClientError;
pub use create_order::{Creation, NotCreated, SendState};
pub use http::Connections;
pub use new_order::{Draft, NewOrder, NewOrderError};
pub use new_order_response::CreatedOrder;
pub use response::Reader;
pub use retry::RetryAfter;
pub(crate) use settings::doubt_of;
pub use settings::{Credentials, GatewaySettings, Limits};
pub use signature::Signer;
pub use wording::NotFoundPattern;
