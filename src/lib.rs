//! Compares a merchant's order ledger with its payment gateway and reports the differences.
//!
//! ```text
//! ledger CSV ─ tabular ─ ledger ─▶ store ─▶ gateway ─▶ store ─▶ rules ─▶ store ─▶ report ─▶ CSV
//!                               (reconcile calls the stages in this order)
//! ```
//!
//! The stages use [`domain`] and never each other. [`reconcile`] uses the stages, and [`commands`]
//! uses [`reconcile`].

pub mod cli;
pub mod commands;
mod decisions;
pub mod domain;
pub mod failure;
pub mod gateway;
pub mod interrupt;
pub mod ledger;
pub mod notify;
pub mod reconcile;
pub mod report;
pub mod rules;
pub mod sandbox;
pub mod settings;
mod store;
mod tabular;
