//! How a command fails: what a person reads, and the exit code (contract, "Exit codes"). The one
//! place where an error of a stage gets its code.

use crate::gateway::{ClientError, NewOrderError};
use crate::ledger::LedgerError;
use crate::report::ReportError;
use crate::settings::SettingsError;
use crate::store::StoreError;
use std::fmt;

/// What ends a command early. Printed once, on stderr, by `main`.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
    hint: Option<String>,
}

/// The contract's exit codes that are not a run's result.
pub mod code {
    /// Usage or configuration.
    pub const USAGE: u8 = 2;
    /// The ledger is not usable.
    pub const LEDGER: u8 = 10;
    /// Another run holds the database.
    pub const HELD: u8 = 11;
    /// The gateway refuses the credentials.
    pub const CREDENTIALS: u8 = 12;
    /// Nothing usable came from the gateway.
    pub const OUTAGE: u8 = 13;
    /// Storage.
    pub const STORAGE: u8 = 14;
    /// The database is not ours, damaged, or newer.
    pub const DATABASE: u8 = 15;
    /// A bug.
    pub const BUG: u8 = 70;
    /// Added to a signal's number.
    pub const SIGNAL: u8 = 128;
}

impl Failure {
    /// A failure with what to do about it.
    pub fn new(code: u8, message: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), hint: Some(hint.into()) }
    }

    /// Wrong use of the command line.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure::new(code::USAGE, message, hint)
    }

    /// A bug, found by the program itself.
    pub fn bug(message: impl Into<String>) -> Failure {
        let hint = "this is a bug: please report it with this message; no report was written";
        Failure::new(code::BUG, message, hint)
    }

    /// Ended by a signal.
    #[must_use]
    pub fn signal(signal: u8, message: String) -> Failure {
        Failure { code: code::SIGNAL.saturating_add(signal), message, hint: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Failure {
        Failure { hint: Some(hint.into()), ..self }
    }

    /// What happened, without what to do about it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The process's exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    /// `error: …`, and below it `hint: …`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(formatter, "\n hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Failure {
        Failure {
            code: code::LEDGER,
            message: format!("the ledger is not usable: {error}"),
            hint: error.hint(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let code = match error {
            StoreError::Held { .. } => code::HELD,
            StoreError::Storage { .. } | StoreError::Busy { .. } => code::STORAGE,
            StoreError::Foreign { .. } => code::DATABASE,
            StoreError::Absent { .. } => code::USAGE,
            StoreError::Bug { .. } => code::BUG,
        };
        Failure::new(code, error.to_string(), error.hint())
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Failure {
        Failure { code: code::STORAGE, message: error.to_string(), hint: None }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        Failure::new(code::USAGE, error.to_string(), error.hint())
    }
}

impl From<NewOrderError> for Failure {
    fn from(error: NewOrderError) -> Failure {
        Failure::new(code::USAGE, error.to_string(), error.hint())
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Failure {
        Failure::new(code::USAGE, error.to_string(), error.hint())
    }
}
