//! `decide`: what can be typed.

use super::values::{date, kind, name, verdict};
use crate::domain::decision::Verdict;
use crate::domain::mismatch::Kind;
use chrono::NaiveDate;
use clap::{ArgGroup, Args, ValueEnum};
use std::path::PathBuf;

/// `decide`.
#[derive(Debug, Args)]
#[command(group(
    ArgGroup::new("what").required(true).args(["files", "order", "confirm", "list"])
))]
pub struct Decide {
    /// Edited report files, CSV or workbook: take the decisions in them
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The merchant's order id: enter one decision; needs --kind and --by
    #[arg(long, value_name = "ID", requires_all = ["kind", "by"])]
    pub order: Option<String>,
    /// The kind of the mismatch
    #[arg(long, requires = "order", value_parser = kind())]
    pub kind: Option<Kind>,
    /// `accepted`: known and fine; `with_gateway`: the gateway works on it; `to_correct`: the
    /// ledger is to be corrected; `none`: withdraw
    #[arg(long, requires = "order", value_parser = verdict)]
    pub decision: Option<Said>,
    /// The last day on which the decision holds
    #[arg(long, value_name = "DATE", requires = "order", value_parser = date)]
    pub until: Option<NaiveDate>,
    /// The person who deals with it
    #[arg(long, value_name = "NAME", requires = "order", value_parser = name)]
    pub owner: Option<String>,
    /// Free text
    #[arg(long, value_name = "TEXT", requires = "order", value_parser = name)]
    pub note: Option<String>,
    /// Confirm, as a second person, what somebody proposed to accept above the limit; needs --by
    #[arg(long, value_name = "MISMATCH_ID", requires = "by")]
    pub confirm: Option<String>,
    /// Who decides
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub by: Option<String>,
    /// List the decisions, refused ones too
    #[arg(long)]
    pub list: bool,
    /// Only those taken on this day or later, in the ledger's time zone
    #[arg(long, value_name = "DATE", requires = "list", value_parser = date)]
    pub from: Option<NaiveDate>,
    /// Only those taken on this day or earlier
    #[arg(long, value_name = "DATE", requires = "list", value_parser = date)]
    pub to: Option<NaiveDate>,
    /// Format on stdout; csv only with --list
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
}

/// What `--decision` says: `none` withdraws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said(pub Option<Verdict>);

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    Text,
    /// One object
    Json,
    /// A table with a header row
    Csv,
}
