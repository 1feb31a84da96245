//! Tests of the rules: against a second, simple model of the contract, against examples written by
//! hand, and of the policy.

mod agreement;
mod bank_time;
mod causes;
mod decisions;
mod edges;
mod examples;
pub mod generator;
pub mod model;
mod nights;
mod no_row;
pub mod order;
mod places;
mod policy;
mod reasons;
mod sentences;
mod without_entry;
