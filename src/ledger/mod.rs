//! The ledger: a merchant's CSV of orders, read into [`LedgerRow`]s (contract, "Ledger").
//!
//! [`read`] hands each row over as soon as it is read, so memory does not grow with the file. What
//! is wrong with one row makes that row invalid; what casts doubt on other rows is a
//! [`LedgerError`] and refuses the ledger. What `tabular` cannot detect, such as a file that is cut
//! at a row's end, the control figures in [`FileRead`] are for.

mod columns;
mod error;
mod rows;
mod settings;
mod shrunk_above;
mod vocabulary;
mod word_tables;

pub use columns::Column;
pub use error::{LedgerError, ReadError};
pub use rows::UNKNOWN_CURRENCY;
pub use settings::LedgerSettings;
pub(crate) use shrunk_above::ShrunkAbove;

pub use crate::tabular::Source;

use crate::domain::amount::Total;
use crate::domain::order::LedgerRow;
use crate::domain::run::Warning;
use crate::tabular::Reader;
use chrono::{DateTime, Utc};
use columns::Layout;
use rows::{DateFlags, RowReader};
use std::collections::BTreeMap;

/// What was read of one ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRead {
    /// Rows, without the header and blank lines.
    pub rows: u64,
    /// SHA-256 of the content (unpacked), in hexadecimal.
    pub sha256: String,
    /// The control figures: per currency the sum over every row whose amount can be read, invalid
    /// or not; negative amounts count as such. [`UNKNOWN_CURRENCY`] where only the currency
    /// cannot be read.
    pub totals: BTreeMap<String, Total>,
    /// Rows with a date later than now.
    pub future: Option<FutureRows>,
    /// Rows whose date or time has no offset, so that it is in the configured zone or, without
    /// one, in UTC.
    pub without_offset: u64,
    /// What a person should know of the file.
    pub warnings: Vec<Warning>,
}

/// Rows with a date later than now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FutureRows {
    /// How many.
    pub rows: u64,
    /// The line of the first one.
    pub first_line: u64,
}

/// Reads a whole ledger and hands each row to `sink`. `merchant_uid` is the configured one, for
/// rows that give none; `now` decides what is in the future; `interrupted` is polled every few
/// hundred rows.
///
/// # Errors
/// The ledger is not usable, the sink failed, or `interrupted` returned true.
pub fn read<E>(
    source: Source,
    settings: &LedgerSettings,
    merchant_uid: Option<&str>,
    now: DateTime<Utc>,
    interrupted: &dyn Fn() -> bool,
    mut sink: impl FnMut(LedgerRow) -> Result<(), E>,
) -> Result<FileRead, ReadError<E>> {
    let mut reader = Reader::new(source, settings.delimiter, interrupted)?;
    let header = reader.read_header()?;
    let layout = Layout::new(&header, settings)
        .map_err(|(position, fault)| reader.error(position, fault))?;
    let file = reader.file().to_owned();
    let row_reader = RowReader::new(&file, layout, settings, merchant_uid, now);
    let mut read = FileRead {
        rows: 0,
        sha256: String::new(),
        totals: BTreeMap::new(),
        future: None,
        without_offset: 0,
        warnings: Vec::new(),
    };
    while let Some(record) = reader.read_record()? {
        read.rows += 1;
        let line = record.line;
        match row_reader.read(&record, &mut read.totals) {
            Ok((row, flags)) => {
                read.count(line, flags);
                sink(row).map_err(ReadError::Sink)?;
            }
            Err(error) => {
                reader.check_source()?;
                return Err(ReadError::Ledger(error));
            }
        }
    }
    read.sha256 = reader.sha256();
    Ok(read)
}

impl FileRead {
    fn count(&mut self, line: u64, flags: DateFlags) {
        self.without_offset += u64::from(flags.without_offset);
        if flags.future {
            let none = FutureRows { rows: 0, first_line: line };
            self.future.get_or_insert(none).rows += 1;
        }
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
