//! The command line (contract, "Commands"). No logic: values are checked for their shape only.

mod database;
mod decide;
mod reports;
mod run;
mod values;

pub use database::{Backup, DEFAULT_MAX_AGE, Prune, Runs, Show, Status};
pub use decide::{Decide, ListFormat, Said};
pub use reports::{Diff, Report, Verify};
pub use run::{Deadline, Format, Run};

use crate::domain::amount::Amount;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::net::SocketAddr;
use std::path::PathBuf;
use values::{amount, at_most_a_day};

/// Finds where a merchant's order ledger and its payment gateway disagree.
#[derive(Debug, Parser)]
#[command(name = "octopus-recon", version, max_term_width = 100, after_long_help = EXIT_CODES)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// The options of every command.
    #[command(flatten)]
    pub common: Common,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   complete; nothing to report
  1   complete; mismatches found (the report has them)
  2   usage or configuration
  3   report written, but some orders are unverified
  4   report written, every order verified, but ledger or findings are in doubt: see the warnings
  10  ledger not usable; nothing was asked
  11  another run holds this database
  12  the gateway refuses the credentials
  13  nothing usable came from the gateway
  14  storage: disk full, no permission, report not writable
  15  the database is not ours, damaged, or of a newer version
  70  a bug
  128+N  ended by signal N";

/// The options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// Configuration file [default: octopus-recon.toml, if it exists]
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Database [default: octopus-recon.db]
    #[arg(long, global = true, value_name = "PATH")]
    pub db: Option<PathBuf>,
    /// The gateway's address: https, or http to localhost
    #[arg(long, global = true, value_name = "URL")]
    pub base_url: Option<String>,
    /// Only errors on stderr
    #[arg(long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// More details on stderr, such as each retry with its reason; repeatable
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Format of what goes to stderr: text, or one JSON object a line
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// How log lines and errors are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One object a line
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read the ledger, ask the gateway, record, judge, write the report
    Run(Run),
    /// Write a stored run's report again, without the network
    Report(Report),
    /// Check a report file against the database: what differs, cell by cell
    ///
    /// FILE is a CSV, a workbook or a manifest. A manifest is checked with the files that it names.
    /// Exits with 0, or with 1 if something differs from what the run found. The columns decision,
    /// until, owner and note are not compared.
    Verify(Verify),
    /// Show what is new, ended or changed between the reports of two runs
    ///
    /// Exits with 0 if nothing differs, else with 1.
    Diff(Diff),
    /// List past runs: how each ended, and its figures
    Runs(Runs),
    /// Say in one line whether last night is good
    ///
    /// Exits with 0 if the latest nightly run ended with a report and is younger than --max-age,
    /// else with 1.
    Status(Status),
    /// Copy the database into a new file, also while a run is active, and check the copy
    Backup(Backup),
    /// Drop what is older than a date; never what is open, or decided
    ///
    /// An order stays as long as it has an open mismatch, is not finished, has a decision, or is
    /// part of a run that stays. A run of an earlier day keeps its line in `runs`; its report
    /// cannot be written again. A signal ends it between two batches; run it again to continue.
    Prune(Prune),
    /// Show everything about one order: ledger entries, answers, mismatches and their events
    Show(Show),
    /// Take decisions of finance about mismatches: from edited report files, or one by one
    ///
    /// Exits with 0, or with 1 if a row was refused.
    Decide(Decide),
    /// Show how a ledger file is read, and what the configuration lacks for it; no network, no
    /// database
    ///
    /// Exits with 0 if the configuration alone reads the file, nothing is left open and every row
    /// is valid; with 10 if the file is not usable; else with 4.
    Ledger(Ledger),
    /// Query one order at the gateway, or create a new one
    #[command(subcommand)]
    Order(Order),
    /// Serve the gateway's documented interface on this machine, for rehearsals
    Sandbox(Sandbox),
    /// Run the whole job on embedded data against a sandbox: no set-up, no network
    Demo(Demo),
    /// Check configuration, credentials, clock, database, last night, directories, disk, ledger
    ///
    /// Prints every finding, the worst first, and changes nothing. Exits with the highest code
    /// among the errors; warnings are 0, or 1 with --strict.
    Check(Check),
    /// Print a completion script
    Completions(Completions),
    /// Print the manual page, or write a page for each command
    Man(Man),
}

/// `ledger`.
#[derive(Debug, Args)]
pub struct Ledger {
    /// A ledger file: CSV, or CSV in `.gz`; `-` for stdin
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print a configuration file for this ledger, and nothing else
    #[arg(long, conflicts_with = "format")]
    pub suggest: bool,
    /// Format on stdout
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `order`.
#[derive(Debug, Subcommand)]
pub enum Order {
    /// Query one order; prints the answer as JSON, without secrets and personal data
    Get {
        /// The merchant's order id
        order_id: String,
    },
    /// Create a new order; prints the gateway's answer as JSON, without secrets and personal data
    #[command(subcommand)]
    New(Box<New>),
}

/// `order new`.
#[derive(Debug, Subcommand)]
pub enum New {
    /// A payer pays the merchant
    Deposit {
        /// The parameters of every new order.
        #[command(flatten)]
        order: NewOrder,
        /// Money received, or funds added to the account
        #[arg(long, value_name = "TYPE", default_value = "receive",
              value_parser = ["receive", "recharge"])]
        accounting_type: String,
    },
    /// The merchant pays a payee; nothing is sent without --yes
    Payout {
        /// The parameters of every new order.
        #[command(flatten)]
        order: NewOrder,
        /// Money paid, or a settlement
        #[arg(long, value_name = "TYPE", default_value = "pay", value_parser = ["pay", "settle"])]
        accounting_type: String,
        /// Send the payout
        #[arg(long)]
        yes: bool,
    },
}

/// The parameters of every new order, without personal data: every user of the machine can see a
/// command line.
#[derive(Debug, Args)]
pub struct NewOrder {
    /// The merchant's order id, not used before
    pub order_id: String,
    /// A plain decimal number above zero, with at most 6 decimals
    #[arg(long, value_parser = amount)]
    pub amount: Amount,
    /// E.g. inr
    #[arg(long)]
    pub currency: String,
    /// The payment method, e.g. india
    #[arg(long)]
    pub payment: String,
    /// E.g. India
    #[arg(long, default_value = "", hide_default_value = true)]
    pub country: String,
    /// E.g. upi
    #[arg(long, default_value = "", hide_default_value = true)]
    pub channel: String,
    /// Where the payer's browser goes after the payment
    #[arg(long, value_name = "URL", default_value = "", hide_default_value = true)]
    pub redirect_url: String,
    /// Where the gateway sends its notifications
    #[arg(long, value_name = "URL", default_value = "", hide_default_value = true)]
    pub notify_url: String,
    /// A file with a JSON object of any of the texts `from`, `from_name`, `from_bank_name`, `to`,
    /// `to_name`, `to_bank_name`, `merchant_id`; `-` for stdin. A payout needs `to`
    #[arg(long, value_name = "PATH")]
    pub accounts: Option<PathBuf>,
}

/// `sandbox`.
#[derive(Debug, Args)]
pub struct Sandbox {
    /// The loopback address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    pub listen: SocketAddr,
    /// Allow a --listen address that other machines can reach: they can then settle orders
    #[arg(long)]
    pub allow_remote: bool,
    /// The orders at the start: JSON lines with one payment object per line, or a .csv file
    #[arg(long, value_name = "FILE")]
    pub book: Option<PathBuf>,
    /// Save the orders to this file at the end, as JSON lines; can be the same file as --book
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// The scripted faults, as TOML
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// How much faster than real time orders age; 0 freezes them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_most_a_day())]
    pub speed: u32,
    /// Answer with the fields in `data` instead of in `data.payment`
    #[arg(long)]
    pub flat: bool,
    /// Wait before each answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub latency_ms: u32,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Directory for its ledger, database and reports
    #[arg(long, value_name = "DIR", default_value = "octopus-recon-demo")]
    pub out: PathBuf,
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// A ledger file that the nightly run reads; repeatable [default: those of the last night]
    #[arg(long, value_name = "PATH")]
    pub ledger: Vec<PathBuf>,
    /// Directory for reports [default: reports]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// End with 1 if there are warnings
    #[arg(long)]
    pub strict: bool,
    /// Format on stdout
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Write a page for each command into this directory, instead of all on one page to stdout
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
