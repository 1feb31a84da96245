//! Tables of faults: each row is a case, and one run has many of them. The tables that are shown
//! whole are snapshots. Single faults with a story of their own are in `gateway_faults`,
//! `exit_codes` and the tests of `selection` and `history`.

mod amounts;
mod answers;
mod days;
mod ledger_rows;
mod probes;
mod statuses;
