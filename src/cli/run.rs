//! `run` on the command line (contract, "`run`").

use super::values::{csv_path, date, deadline, expected_total, gateway_total, success_code};
use crate::domain::run::ExpectedTotal;
use crate::domain::statement::Stated;
use chrono::{NaiveDate, NaiveTime};
use clap::{Args, ValueEnum};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// `run`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
pub struct Run {
    /// A ledger file: CSV, or CSV in `.gz`; `-` for stdin; repeatable. The run asks for its orders;
    /// without --ledger, for the orders already stored
    #[arg(long, value_name = "PATH")]
    pub ledger: Vec<PathBuf>,
    /// Wait until each ledger file is there, young enough for `[ledger] max_age_hours` and
    /// unchanged for 60 s: until this time (06:00, in the ledger's time zone) or for this long
    /// (90m), at most 12 h and not beyond --deadline
    #[arg(long, value_name = "TIME|DURATION", value_parser = deadline)]
    pub wait_ledger: Option<Deadline>,
    /// If a ledger file is missing or old, ask for the open orders only, instead of ending with 10
    #[arg(long)]
    pub open_without_ledger: bool,
    /// First order date, included, in the ledger's time zone
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub from: Option<NaiveDate>,
    /// Last order date, included
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub to: Option<NaiveDate>,
    /// The N whole days before today
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "to"])]
    pub last: Option<NonZeroU32>,
    /// Also ask for orders of earlier runs that have an open mismatch, or were in transit or
    /// unverified, of any date, and for payouts that failed in the last weeks
    #[arg(long)]
    pub include_open: bool,
    /// Ask only for the orders that are due, as `[schedule]` says; judge the others by their last
    /// answer
    #[arg(long)]
    pub scheduled: bool,
    /// Accept a ledger without a usable row, and a selection without an order
    #[arg(long)]
    pub allow_empty: bool,
    /// Believe suspect findings, and a gateway that knows none of at least 20 orders
    #[arg(long)]
    pub accept_suspect: bool,
    /// Exit codes of a written report that end as 0, for schedulers that start a failed job again
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = success_code)]
    pub success_codes: Vec<u8>,
    /// Resume this run, or the latest run of the same selection that did not end complete; if
    /// there is none, start a new run
    #[arg(long, value_name = "RUN", num_args = 0..=1)]
    pub resume: Option<Option<i64>>,
    /// Write the CSV to this file, and the other formats and the manifest beside it
    #[arg(long, value_name = "PATH", value_parser = csv_path)]
    pub report: Option<PathBuf>,
    /// Directory for reports [default: reports]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Calls a second, retries included [default: 10]
    #[arg(long, value_name = "N")]
    pub rate: Option<NonZeroU32>,
    /// Calls in flight at the same time [default: 16]
    #[arg(long, value_name = "N")]
    pub max_in_flight: Option<NonZeroU32>,
    /// Refuse the ledger unless it has this many rows
    #[arg(long, value_name = "N")]
    pub expect_rows: Option<u64>,
    /// Refuse the ledger unless its amounts in this currency add up to this; repeatable
    #[arg(long, value_name = "CUR=AMOUNT", value_parser = expected_total)]
    pub expect_total: Vec<ExpectedTotal>,
    /// What the gateway's own statement says of the run's days: payments and their sum, for a
    /// currency and income or expense, e.g. inr:income=120,45000.00; repeatable. Shows what only
    /// the gateway has
    #[arg(long, value_name = "CUR:TYPE=COUNT,AMOUNT", value_parser = gateway_total)]
    pub gateway_total: Vec<Stated>,
    /// Stop asking at this time (06:00, in the ledger's time zone) or after this long (90m), and
    /// write the report; the rest is unverified
    #[arg(long, value_name = "TIME|DURATION", value_parser = deadline)]
    pub deadline: Option<Deadline>,
    /// Read and select only; print how many calls and minutes a run would take
    #[arg(long)]
    pub dry_run: bool,
    /// Format of the summary on stdout
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How the summary is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One object
    Json,
}

/// When to stop asking, or waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// The next time the ledger's clock shows this.
    At(NaiveTime),
    /// This long after the start.
    After(Duration),
}
