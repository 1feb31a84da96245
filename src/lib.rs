//! Where a merchant's order ledger and its payment gateway disagree.
//!
//! ```text
//! ledger CSV ─ ledger ─▶ store ─▶ gateway ─▶ store ─▶ rules ─▶ store ─▶ report ─▶ CSV
//!                          (reconcile leads it from room to room)
//! ```
//!
//! The stages know [`domain`] and never each other; [`reconcile`] knows the stages; [`commands`]
//! know [`reconcile`].

pub mod domain;
pub mod ledger;
