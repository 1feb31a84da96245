//! Arguments of the commands that look at the database, or copy it.

use super::Format;
use super::values::{age, at_least_one, date};
use chrono::NaiveDate;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// `runs`.
#[derive(Debug, Args)]
pub struct Runs {
    /// How many, the newest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least_one())]
    pub limit: u32,
    /// Format of the list on stdout
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How long ago the latest night may have ended, if nobody says otherwise.
pub const DEFAULT_MAX_AGE: Duration = Duration::from_hours(26);

/// `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// How long ago the run may have ended: 26h, 90m, 1h30m
    #[arg(long, value_name = "DURATION", default_value = "26h", value_parser = age)]
    pub max_age: Duration,
    /// Format on stdout
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// The new file
    pub file: PathBuf,
}

/// `prune`.
#[derive(Debug, Args)]
pub struct Prune {
    /// Drop runs of earlier days and orders of earlier dates, at least 30 days ago: 2026-01-01
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub before: NaiveDate,
    /// Only show what would be dropped, and about how many bytes that frees
    #[arg(long)]
    pub dry_run: bool,
    /// Then make the file smaller; needs room for two copies of what stays
    #[arg(long, conflicts_with = "dry_run")]
    pub vacuum: bool,
    /// Format on stdout
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The merchant's order id
    pub order_id: String,
    /// Format on stdout
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
