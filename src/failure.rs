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

    /// A signal ended the command. `rest` follows on "ended by signal 15 (SIGTERM)".
    #[must_use]
    pub fn signal(signal: u8, rest: &str) -> Failure {
        let code = code::SIGNAL.saturating_add(signal);
        let name = match signal {
            2 => " (SIGINT)",
            15 => " (SIGTERM)",
            _ => "",
        };
        let message = format!("ended by signal {signal}{name}{rest}");
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

    /// The same failure with this message.
    #[must_use]
    pub fn with_message(self, message: impl Into<String>) -> Failure {
        Failure { message: message.into(), ..self }
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
            StoreError::Storage { .. }
            | StoreError::Busy { .. }
            | StoreError::Unread { .. }
            | StoreError::Copy { .. } => code::STORAGE,
            StoreError::Foreign { .. }
            | StoreError::Changed { .. }
            | StoreError::Newer { .. }
            | StoreError::Linked { .. } => code::DATABASE,
            // Who interrupts says by which signal.
            StoreError::Interrupted { .. } => code::SIGNAL + 15,
            StoreError::Absent { .. } | StoreError::Pruned { .. } => code::USAGE,
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};
    use std::path::PathBuf;

    #[test]
    fn every_failure_of_the_store_has_its_exit_code() {
        let path = || PathBuf::from("octopus-recon.db");
        let why = String::new;
        let storage =
            |kind| StoreError::Storage { path: path(), doing: "opened", why: why(), kind };
        for (error, expected) in [
            (StoreError::Held { path: path(), holder: why() }, code::HELD),
            (storage(ErrorKind::StorageFull), code::STORAGE),
            (storage(ErrorKind::NotFound), code::STORAGE),
            (StoreError::Busy { path: path(), waited_seconds: 60 }, code::STORAGE),
            (StoreError::Unread { path: path(), why: why() }, code::STORAGE),
            (StoreError::Copy { path: path(), why: why() }, code::STORAGE),
            (StoreError::Foreign { path: path(), why: why() }, code::DATABASE),
            (StoreError::Newer { path: path(), schema: 99, known: 1 }, code::DATABASE),
            (StoreError::Linked { path: path(), names: 2 }, code::DATABASE),
            (StoreError::Interrupted { path: path() }, 143),
            (StoreError::Absent { path: path() }, code::USAGE),
            (StoreError::Pruned { what: why() }, code::USAGE),
            (StoreError::Bug { path: path(), why: why() }, code::BUG),
        ] {
            let shown = format!("{error:?}");
            let failure = Failure::from(error);
            assert_eq!(failure.code(), expected, "{shown}");
            assert!(failure.hint().is_some_and(|hint| !hint.is_empty()), "{shown}");
            // Whether there is a run to resume is known elsewhere.
            assert!(!failure.hint().is_some_and(|hint| hint.contains("resume")), "{shown}");
            assert!(!failure.is_report_new(), "{shown}");
        }
    }

    #[test]
    fn every_other_failure_has_its_exit_code() {
        let thread = || Error::from_raw_os_error(11);
        let panicked: &str = "OS can't spawn worker thread: no more";
        let owned = "failed to spawn thread: no more".to_owned();
        for (failure, expected) in [
            (Failure::usage("", ""), 2),
            (Failure::from(ClientError::Proxy(String::new())), 2),
            (Failure::from(LedgerError::Thread(thread())), 14),
            (Failure::no_thread(&thread()), 14),
            (Failure::limit(""), 14),
            (Failure::bug(""), 70),
            (Failure::signal(2, ""), 130),
            (Failure::signal(15, ""), 143),
        ] {
            assert_eq!(failure.code(), expected, "{failure}");
            let late = failure.after_report("report.csv").with_hint("do this");
            assert_eq!((late.code(), late.is_report_new()), (expected, true));
            assert_eq!(late.hint(), Some("do this"));
            assert!(late.message().ends_with("; the report is the new one: report.csv"), "{late}");
        }
        let payloads: [Box<dyn Any + Send>; 2] = [Box::new(panicked), Box::new(owned)];
        for payload in payloads {
            let failure = Failure::thread_panic(&*payload);
            let shown = failure.as_ref().map(ToString::to_string).unwrap_or_default();
            assert_eq!(failure.map(|it| it.code()), Some(code::STORAGE));
            assert!(shown.starts_with("error: a thread cannot be started: no more\n hint: "));
        }
        assert!(Failure::thread_panic(&"index out of bounds").is_none());
        assert!(Failure::thread_panic(&7).is_none());
    }
}
