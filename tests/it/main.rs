//! The tests that look at the crate from outside: one binary, one file a subject.

mod accounting;
mod commands;
mod demo;
mod exit_codes;
mod foreign_ledger;
mod golden;
mod history;
mod ledger_flows;
mod resume;
mod architecture;
mod documents;
mod example;
mod rules;
mod run;
mod selection;
mod support;
