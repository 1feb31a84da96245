//! Why a ledger cannot be used at all (contract, "Exit codes": 10).

use super::columns::Column;
use super::usual;
use crate::tabular::{Fault, Position, ShownChar, TabularError, normalize, shown_name};
use rustix::io::Errno;
use std::io;

/// A ledger that is not usable: nothing was asked of the gateway. Displays what is wrong and
/// where; [`hint`](LedgerError::hint) says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file is not a table with the needed columns.
    #[error(transparent)]
    Table(#[from] TabularError),
    /// A spreadsheet has turned an order id into a rounded number.
    #[error(
        "{}{}: the order id \"{id}\" has lost its digits in a spreadsheet", shown_name(.file),
        Position::Cell { line: *.line, column: Column::MerchantOrderId.as_str() }
    )]
    MangledId {
        /// The file, by its name on the command line.
        file: String,
        /// The line on which the row begins, from 1.
        line: u64,
        /// What is left of the id.
        id: String,
    },
    /// The system gives no thread to read it with.
    #[error("no thread can be started to read it: {0}")]
    Thread(io::Error),
}

impl LedgerError {
    /// Whether a limit of the system keeps it from being read: nothing is wrong with the file.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        let too_many = [Errno::MFILE, Errno::NFILE, Errno::NOMEM].map(Errno::raw_os_error);
        let is_limit =
            |error: &io::Error| error.raw_os_error().is_some_and(|it| too_many.contains(&it));
        match self {
            LedgerError::Table(TabularError { fault, .. }) => match &**fault {
                Fault::Thread(_) => true,
                Fault::Open(error) | Fault::Read(error) | Fault::Spool(error) => is_limit(error),
                _ => false,
            },
            LedgerError::Thread(_) => true,
            LedgerError::MangledId { .. } => false,
        }
    }

    /// Whether there is no file, or one without a byte: an export has not begun to write it.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        let LedgerError::Table(TabularError { fault, .. }) = self else { return false };
        matches!(**fault, Fault::Missing | Fault::Empty)
    }

    /// What to do about it, in one sentence.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let error = match self {
            LedgerError::Table(error) => error,
            LedgerError::MangledId { .. } => {
                let hint = "export the ledger again and do not save it from a spreadsheet, or \
                            keep that column as text there";
                return Some(hint.to_owned());
            }
            LedgerError::Thread(_) => return None,
        };
        let columns = match &*error.fault {
            Fault::MissingHeading { missing, headings, separator } => {
                let headings = headings.iter().flat_map(|heading| match separator {
                    Some(separator) => heading.split(*separator).collect(),
                    None => vec![heading.as_str()],
                });
                let headings: Vec<&str> =
                    headings.map(|heading| heading.trim().trim_matches('"')).collect();
                Some(usual::hint(missing, &headings)).filter(|_| !has_all(missing, &headings))
            }
            _ => None,
        };
        if let Some(delimiter) = error.likely_delimiter() {
            let word = if delimiter == '\t' { "\\t".to_owned() } else { delimiter.to_string() };
            let columns = columns.map(|columns| format!("; then {columns}")).unwrap_or_default();
            return Some(format!(
                "if its columns are separated by {}, set [ledger] delimiter = \"{word}\"{columns}",
                ShownChar(delimiter)
            ));
        }
        if columns.is_some() {
            return columns;
        }
        let hint = match *error.fault {
            Fault::Missing => "did the export run? If so, check the path that --ledger gives",
            Fault::Utf16 => "set [ledger] encoding = \"utf-16\", or export it as \"CSV UTF-8\"",
            Fault::HeaderEncoding => {
                "set [ledger] encoding to that of the export, e.g. \"windows-1252\", \
                 \"iso-8859-15\" or \"shift_jis\"; or export it as \"CSV UTF-8\""
            }
            Fault::DoubledHeading { .. } => {
                "rename or remove one of the two, or choose another heading in [ledger.columns]"
            }
            _ => error.hint()?,
        };
        Some(hint.to_owned())
    }
}

/// Whether all missing headings are among these.
fn has_all(missing: &[String], headings: &[&str]) -> bool {
    let has = |wanted: &String| headings.iter().any(|found| normalize(found) == normalize(wanted));
    missing.iter().all(has)
}

/// Why a ledger was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    /// The ledger is not usable.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The receiver of the rows failed.
    #[error("{0}")]
    Sink(E),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl<E> From<TabularError> for ReadError<E> {
    fn from(error: TabularError) -> ReadError<E> {
        match *error.fault {
            Fault::Interrupted => ReadError::Interrupted,
            _ => ReadError::Ledger(error.into()),
        }
    }
}
