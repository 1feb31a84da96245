//! What one cell of a table holds, whatever the file's format.

use crate::domain::amount::Amount;
use crate::domain::text::Text;
use chrono::{DateTime, NaiveDate, Utc};

/// One cell. Text is a [`Text`] or an exact id, so that no writer can show text that was not
/// cleaned.
pub(super) enum Cell<'row> {
    /// Text for people; empty where nothing is known.
    Text(Text),
    /// An id, character for character.
    Id(&'row str),
    /// The unchanged bytes of a ledger row; they may not be UTF-8.
    Bytes(&'row [u8]),
    /// A count or a number of this program.
    Integer(i64),
    /// Money.
    Amount(Option<Amount>),
    /// A day in the ledger's time zone.
    Date(Option<NaiveDate>),
    /// A moment; shown in UTC.
    Instant(Option<DateTime<Utc>>),
}

/// The kind of a column's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellKind {
    Text,
    Id,
    Bytes,
    Integer,
    Amount,
    Date,
    Instant,
}

/// A column, as a writer needs to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) name: &'static str,
    pub(super) kind: CellKind,
}
