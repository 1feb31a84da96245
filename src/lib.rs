//! Where a merchant's order ledger and its payment gateway disagree.
//!
//! ```text
//! ledger CSV ─ ledger ─▶ store ─▶ gateway ─▶ store ─▶ rules ─▶ store ─▶ report ─▶ CSV
//!                          (reconcile leads it from room to room)
//! ```
//!
//! The stages know [`domain`] and never each other; [`reconcile`] knows the stages; [`commands`]
//! know [`reconcile`].

pub mod cli;
pub mod commands;
pub mod domain;
pub mod failure;
pub mod gateway;
pub mod interrupt;
pub mod ledger;
pub mod reconcile;
pub mod report;
pub mod rules;
pub mod sandbox;
pub mod settings;
mod store;
mod tabular;
