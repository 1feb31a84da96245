//! The terms of the field as types: money, orders, payments, mismatches and the figures of a run.
//! Every stage uses them. This module imports no other module of the crate.

pub(crate) mod address;
pub mod amount;
pub(crate) mod bounded;
pub mod calendar;
pub(crate) mod contained;
pub mod decision;
#[cfg(test)]
pub(crate) mod fuzzing;
pub(crate) mod guard;
pub mod inspection;
pub mod mismatch;
pub mod money;
pub mod morning;
pub mod order;
pub mod payment;
pub(crate) mod rows;
pub mod run;
pub(crate) mod span;
pub mod statement;
pub mod text;
pub mod warning;
mod words;
