//! The tests that look at the crate from outside: one binary, one file a subject.

mod rules;
mod run;
mod support;
