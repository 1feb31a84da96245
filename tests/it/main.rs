//! The tests that look at the crate from outside: one binary, one file a subject.

mod accounting;
mod architecture;
mod commands;
mod crashes;
mod demo;
mod documents;
mod example;
mod exit_codes;
mod foreign_ledger;
mod gateway_faults;
mod golden;
mod history;
mod ledger_flows;
mod nights;
mod old_database;
mod order_new;
mod outcomes;
mod rate;
mod resume;
mod rude_gateway;
mod rules;
mod run;
mod sandbox;
mod security;
mod selection;
mod support;
