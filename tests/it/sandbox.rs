//! The gateway's side, looked at from outside: over its socket, by the built binary, in a browser.

mod browser;
mod caller;
mod checkout;
mod command;
mod created_orders;
mod deliveries;
mod faults;
mod new_orders;
mod notifications;
mod page_programs;
mod signatures;
