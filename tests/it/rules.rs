//! The rules against a second, naive reading of the contract's table, against examples written by
//! hand, and the policy they are told.

mod agreement;
mod examples;
pub mod generator;
pub mod model;
pub mod order;
mod policy;
mod reasons;
mod sentences;
