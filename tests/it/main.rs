//! The tests that look at the crate from outside: one binary, one file a subject.

mod architecture;
mod documents;
mod example;
mod rules;
mod run;
mod support;
