//! The tests that look at the crate from outside: one binary, one file a subject.

mod accounting;
mod architecture;
mod commands;
mod demo;
mod documents;
mod example;
mod exit_codes;
mod foreign_ledger;
mod golden;
mod history;
mod ledger_flows;
mod resume;
mod rules;
mod run;
mod selection;
mod support;
