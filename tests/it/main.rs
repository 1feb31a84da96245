//! The tests that look at the crate from outside: one binary, one file a subject.

mod crashes;
mod exit_codes;
mod gateway_faults;
mod rate;
mod rude_gateway;
mod rules;
mod run;
mod security;
mod support;
