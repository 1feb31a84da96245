//! `[notify]`: what monitors are told of each night, and what they are never told.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

mod metrics;
pub mod monitor;
mod pings;

use crate::support::{FAST_RETRIES, Merchant, ledger};

/// The secret part of a ping URL.
const PLANTED: &str = "PLANTED-5bf66975";

/// A merchant with three orders, and this in its `[notify]`.
fn merchant(notify: &str) -> Merchant {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", format!("{FAST_RETRIES}[notify]\n{notify}\n"));
    merchant.write("ledger.csv", ledger(3));
    merchant
}

/// Every byte below the merchant's directory, except the configuration's.
fn everything(merchant: &Merchant) -> Vec<u8> {
    let mut directories = vec![merchant.path(".")];
    let mut all = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_none_or(|extension| extension != "toml") {
                all.extend(std::fs::read(path).unwrap());
            }
        }
    }
    all
}
