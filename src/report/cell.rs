//! What one cell of a table holds, whatever the file's format.

use crate::domain::amount::Amount;
use crate::domain::text::Text;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

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

impl Cell<'_> {
    /// As a plain CSV shows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Cell::Text(text) => text.as_str().to_owned(),
            Cell::Id(id) => (*id).to_owned(),
            Cell::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Cell::Integer(integer) => integer.to_string(),
            Cell::Amount(amount) => amount.map(|amount| amount.to_string()).unwrap_or_default(),
            Cell::Date(date) => date.map(|date| date.to_string()).unwrap_or_default(),
            Cell::Instant(at) => {
                let shown = at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
                shown.unwrap_or_default()
            }
        }
    }
}

/// The kind of a column's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
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
