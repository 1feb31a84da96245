//! The reliability campaign: crashes, I/O errors and power cuts, judged from outside the program.
//! docs/reliability.md says what is promised and how to run the whole campaign.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed setup fails the test, and each part prints its totals"
)]

mod calls_judged;
mod campaign;
mod disk;
mod gateway;
mod io_errors;
mod judge;
mod judge_judged;
mod kills;
mod large_kills;
mod migrations;
mod night;
mod order_of_calls;
mod power_cuts;
mod prunes;
mod stage;
mod stepper;
mod syncs_judged;
mod trace;
