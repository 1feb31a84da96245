//! The gateway's side, looked at from outside: over its socket, by the built binary, in a browser.

mod bad_days;
mod browser;
mod caller;
mod checkout;
mod command;
mod deliveries;
mod new_orders;
mod notifications;
mod page_programs;
mod placed;
mod signatures;
