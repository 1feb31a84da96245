//! Limits on what comes from outside: what is at a limit is taken, and one more is not. The table
//! of all limits is in `docs/reliability.md`. Limits of a single reader are tested beside it.

mod configuration;
mod decisions;
mod gateway;
