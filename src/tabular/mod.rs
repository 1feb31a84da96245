//! Strict CSV: the records of a file with their lines and bytes, cells that hold numbers and
//! dates, and errors that say where (contract, "Ledger"). It knows nothing of orders: what the
//! columns mean is up to the caller.
//!
//! [`Reader`] gives one record at a time, so memory does not grow with the file. What casts doubt
//! on other records (a quote never closed, UTF-16, a NUL) is a [`TabularError`] and refuses the
//! file. Whether one record is good is up to the caller.
//!
//! What no reader of CSV can detect: a file that was cut at the end of a record, or inside the
//! last field where the rest of it still reads as a value; and a stray quote that another stray
//! quote happens to close at a field's end, with the records between them inside one cell. Control
//! figures are for that.

mod cells;
mod dates;
mod encoding;
mod error;
mod header;
mod reader;
mod source;
mod spool;

pub(crate) use cells::{Number, NumberError, NumberFormat, NumberHint, read_number};
pub(crate) use dates::{
    DateCell, DateError, DateFormat, DateFormats, Dates, Zones, formats_that_read, shown_date,
    unread_zone,
};
pub(crate) use encoding::TextEncoding;
pub use error::{Fault, Position, TabularError};
pub(crate) use error::{ShownChar, shown_name};
pub(crate) use header::{Header, normalize};
pub(crate) use reader::{KeptRecord, Reader, Record};
pub use source::Source;
pub use spool::Spool;
