//! How a command fails: the message, the hint and the exit code (contract, "Exit codes"). This is
//! the only place where an error of a stage gets its exit code.

use crate::domain::contained;
use crate::gateway::{ClientError, NewOrderError};
use crate::ledger::LedgerError;
use crate::report::ReportError;
use crate::settings::SettingsError;
use crate::store::StoreError;
use std::any::Any;
use std::fmt;
use std::panic::PanicHookInfo;

/// Why a command ended early. `main` prints it once, on stderr.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
    hint: Option<String>,
    is_report_new: bool,
}

/// The contract's exit codes, without those for the result of a run.
pub mod code {
    /// The command line or the configuration is wrong.
    pub const USAGE: u8 = 2;
    /// The ledger is not usable.
    pub const LEDGER: u8 = 10;
    /// Another run holds the database.
    pub const HELD: u8 = 11;
    /// The gateway refuses the credentials.
    pub const CREDENTIALS: u8 = 12;
    /// The gateway sent no usable response.
    pub const OUTAGE: u8 = 13;
    /// A file, a disk or the database could not be read or written.
    pub const STORAGE: u8 = 14;
    /// The database is damaged, newer than this program, or of another application.
    pub const DATABASE: u8 = 15;
    /// A bug.
    pub const BUG: u8 = 70;
    /// This plus the number of the signal that ended the command.
    pub const SIGNAL: u8 = 128;
}

impl Failure {
    /// A failure with a hint: what the user can do.
    pub fn new(code: u8, message: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), hint: Some(hint.into()), is_report_new: false }
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure::new(code::USAGE, message, hint)
    }

    /// A bug that the program found in itself.
    pub fn bug(message: impl Into<String>) -> Failure {
        let hint = "this is a bug: please report it with this message; no report was written";
        Failure::new(code::BUG, message, hint)
    }

    /// A panic, told by its place only: its message may contain data of an order. `None` where the
    /// panic is caught and becomes an error of its own.
    #[must_use]
    pub fn panic(panic: &PanicHookInfo) -> Option<Failure> {
        if contained::is_running() {
            return None;
        }
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let limit = Failure::thread_panic(panic.payload());
        limit.or_else(|| Some(Failure::bug(format!("octopus-recon has stopped at {place}"))))
    }

    /// A panic of a library that could not start a thread: its look-up of an address has one. No
    /// bug, but a limit of the system.
    #[must_use]
    pub fn thread_panic(payload: &(dyn Any + Send)) -> Option<Failure> {
        let owned = payload.downcast_ref::<String>().map(String::as_str);
        let text = owned.or_else(|| payload.downcast_ref::<&str>().copied())?;
        let begins = ["OS can't spawn worker thread: ", "failed to spawn thread: "];
        let why = begins.iter().find_map(|begin| text.strip_prefix(begin))?;
        Some(Failure::no_thread(&std::io::Error::other(why.to_owned())))
    }

    /// A signal ended the command.
    #[must_use]
    pub fn signal(signal: u8, message: String) -> Failure {
        let code = code::SIGNAL.saturating_add(signal);
        Failure { code, message, hint: None, is_report_new: false }
    }

    /// The system gives this process no further thread, or no file for its events.
    #[must_use]
    pub fn no_thread(error: &std::io::Error) -> Failure {
        Failure::limit(format!("a thread cannot be started: {error}"))
    }

    /// A limit of the system is too low for what was to be done.
    #[must_use]
    pub fn limit(message: impl Into<String>) -> Failure {
        Failure::new(
            code::STORAGE,
            message,
            "raise the limits on processes, open files and memory (ulimit -u, -n, -v; systemd: \
             TasksMax, LimitNOFILE, MemoryMax), and run again",
        )
    }

    /// The same failure after the report had its new files. It says so.
    #[must_use]
    pub fn after_report(self, report: &str) -> Failure {
        let message = format!("{}; the report is the new one: {report}", self.message);
        Failure { message, is_report_new: true, ..self }
    }

    /// Whether the report is the new one all the same.
    #[must_use]
    pub fn is_report_new(&self) -> bool {
        self.is_report_new
    }

    /// The same failure with this hint.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Failure {
        Failure { hint: Some(hint.into()), ..self }
    }

    /// What happened, without the hint.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the user can do.
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
    /// `error: …`, and `hint: …` on the next line.
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
        if error.is_limit() {
            return Failure::limit(format!("the ledger cannot be read: {error}"));
        }
        Failure {
            code: code::LEDGER,
            message: format!("the ledger is not usable: {error}"),
            hint: error.hint(),
            is_report_new: false,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let code = match error {
            StoreError::Held { .. } => code::HELD,
            StoreError::Storage { .. } | StoreError::Busy { .. } | StoreError::Unread { .. } => {
                code::STORAGE
            }
            StoreError::Foreign { .. }
            | StoreError::Changed { .. }
            | StoreError::Newer { .. }
            | StoreError::Linked { .. } => code::DATABASE,
            // Who interrupts says by which signal.
            StoreError::Interrupted { .. } => code::SIGNAL + 15,
            StoreError::Absent { .. } => code::USAGE,
            StoreError::Bug { .. } => code::BUG,
        };
        Failure::new(code, error.to_string(), error.hint())
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Failure {
        let is_report_new = error.is_report_new();
        let failure = Failure::new(code::STORAGE, error.to_string(), error.hint());
        Failure { is_report_new, ..failure }
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
