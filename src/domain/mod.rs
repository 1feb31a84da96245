//! The words of the field, as types: money, orders, the gateway's payment, mismatches and a run's
//! figures. Every stage speaks in these; this module imports nothing of ours.

pub mod amount;
pub mod mismatch;
pub mod order;
pub mod payment;
pub mod run;
pub mod text;
