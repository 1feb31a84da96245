//! The ledger: a merchant's CSV of orders, read into [`LedgerRow`]s (contract, "Ledger").
//!
//! [`read`] hands each row over as soon as it is read, so memory does not grow with the file. What
//! is wrong with one row makes that row invalid; what casts doubt on other rows is a
//! [`LedgerError`] and refuses the ledger. What `tabular` cannot detect, such as a file that is cut
//! at a row's end, the control figures in [`FileRead`] are for.

mod columns;
mod currencies;
mod date_hints;
mod error;
mod heading;
mod ids;
mod inspection;
mod money;
mod oddities;
mod presets;
mod rows;
mod settings;
mod shrunk_above;
mod skip;
mod suggest;
mod usual;
mod vocabulary;
mod word_tables;

pub use columns::Column;
pub use error::{LedgerError, ReadError};
pub use inspection::{ColumnRead, Shape};
pub use presets::{Preset, put_preset_under};
pub use rows::UNKNOWN_CURRENCY;
pub use settings::LedgerSettings;
pub(crate) use shrunk_above::ShrunkAbove;
pub use suggest::{LedgerKeys, OpenPoint, Suggestion, suggest};

pub use crate::tabular::{Source, Spool};

use crate::domain::amount::Total;
use crate::domain::order::LedgerRow;
use crate::domain::run::Warning;
use crate::tabular::{DateCell, KeptRecord, Reader, Record};
use chrono::{DateTime, Utc};
use heading::{Heading, read_heading};
use rows::RowReader;
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
    /// Rows that `[[ledger.skip]]` left out.
    pub skipped: SkippedRows,
    /// What a person should know of the file.
    pub warnings: Vec<Warning>,
    /// How the table was read.
    pub shape: Shape,
}

/// Rows that are not orders, by `[[ledger.skip]]`. They are part of [`FileRead::totals`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SkippedRows {
    /// How many.
    pub rows: u64,
    /// The sums of their amounts by currency.
    pub totals: BTreeMap<String, Total>,
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
    let mut reader = Reader::new(source, settings.encoding, settings.delimiter, interrupted)?;
    let Heading { line, headings, layout } = read_heading(&mut reader, settings)?;
    let file = reader.file().to_owned();
    let shape = Shape::new(&file, settings, line, &headings, &layout);
    let mut rows = RowReader::new(&file, layout, settings, merchant_uid, now);
    let mut read = FileRead {
        rows: 0,
        sha256: String::new(),
        totals: BTreeMap::new(),
        future: None,
        without_offset: 0,
        skipped: SkippedRows::default(),
        warnings: Vec::new(),
        shape,
    };
    // A short record is cut off if it is the last one, which only the next read can tell.
    let mut short: Option<KeptRecord> = None;
    loop {
        let next = reader.read_record()?;
        if let Some(kept) = short.take() {
            let is_last = next.is_none();
            if let Err(error) = hand_over(&kept.record(), is_last, &mut rows, &mut read, &mut sink)
            {
                return Err(outweighed(&reader, error));
            }
        }
        let Some(record) = next else { break };
        if rows.is_short(&record) {
            short = Some(record.keep());
            continue;
        }
        if let Err(error) = hand_over(&record, false, &mut rows, &mut read, &mut sink) {
            return Err(outweighed(&reader, error));
        }
    }
    read.warnings = rows.warnings();
    read.sha256 = reader.sha256();
    Ok(read)
}

/// Hands over one row.
fn hand_over<E>(
    record: &Record<'_>,
    is_last: bool,
    rows: &mut RowReader<'_>,
    read: &mut FileRead,
    sink: &mut impl FnMut(LedgerRow) -> Result<(), E>,
) -> Result<(), ReadError<E>> {
    read.rows += 1;
    let row = rows.read(record, is_last, read).map_err(ReadError::Ledger)?;
    sink(row).map_err(ReadError::Sink)
}

/// The error, or the cause that outweighs it: half a file that is still written can show any fault.
fn outweighed<E>(reader: &Reader<'_>, error: ReadError<E>) -> ReadError<E> {
    match error {
        ReadError::Ledger(_) => reader.check_source().err().map_or(error, ReadError::from),
        other => other,
    }
}

impl FileRead {
    /// Counts the date of a usable row.
    fn count_date(&mut self, line: u64, date: DateCell) {
        self.without_offset += u64::from(!date.with_offset);
        if date.future {
            let none = FutureRows { rows: 0, first_line: line };
            self.future.get_or_insert(none).rows += 1;
        }
    }
}

#[cfg(test)]
#[path = "fuzz_tests.rs"]
mod fuzz;
#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
