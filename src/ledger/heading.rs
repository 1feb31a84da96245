//! Finding the header row: exports put a title, an account or `sep=;` above it (contract,
//! "Ledger").

use super::columns::Layout;
use super::settings::LedgerSettings;
use crate::tabular::{Fault, Header, Position, Reader, TabularError};
use std::cmp::Reverse;

/// The header is one of the first records.
const HEADER_WITHIN: usize = 50;
/// The records that are searched only to say where a header is.
const SEARCHED: usize = 1000;

/// The header row, where it is and where the columns are.
pub(super) struct Heading {
    pub(super) line: u64,
    pub(super) headings: Vec<String>,
    pub(super) layout: Layout,
}

/// Reads up to the header row: the first record with every needed heading. Fails with what the
/// record that comes nearest to it lacks.
pub(super) fn read_heading(
    reader: &mut Reader<'_>,
    settings: &LedgerSettings,
) -> Result<Heading, TabularError> {
    let mut nearest: Option<(Rank, Position, Fault)> = None;
    for number in 0..SEARCHED {
        let Some(record) = reader.read_record()? else { break };
        let header = Header::from_record(&record);
        match Layout::new(&header, settings) {
            Ok(layout) => {
                let line = header.line;
                if let Some((line, column)) = header.invalid_utf8 {
                    let position = Position::Character { line, column };
                    return Err(reader.error(position, Fault::HeaderEncoding));
                }
                if number >= HEADER_WITHIN {
                    let position = Position::Character { line, column: 1 };
                    return Err(reader.error(position, Fault::LateHeader { within: HEADER_WITHIN }));
                }
                let headings = header.headings().to_vec();
                return Ok(Heading { line, headings, layout });
            }
            Err((position, fault @ Fault::MissingHeading { .. })) => {
                let rank = Rank::of(&header, &fault);
                let is_nearer = nearest.as_ref().is_none_or(|(nearest, ..)| rank > *nearest);
                if number < HEADER_WITHIN && is_nearer {
                    nearest = Some((rank, position, fault));
                }
            }
            Err((position, fault)) => return Err(reader.error(position, fault)),
        }
    }
    let (position, fault) =
        nearest.map_or((Position::File, Fault::Empty), |(_, position, fault)| (position, fault));
    Err(reader.error(position, fault))
}

/// How near a record comes to a header row: by the needed headings that it has, by whether its
/// cells are words, by whether they are several, and by whether another separator would find more.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    missing: Reverse<usize>,
    has_words: bool,
    has_several_fields: bool,
    is_separated_otherwise: bool,
    fields: usize,
}

impl Rank {
    fn of(header: &Header, fault: &Fault) -> Rank {
        let (missing, separator) = match fault {
            Fault::MissingHeading { missing, separator, .. } => (missing.len(), *separator),
            _ => (usize::MAX, None),
        };
        Rank {
            missing: Reverse(missing),
            has_words: header.has_words(),
            has_several_fields: header.named_fields() > 1,
            is_separated_otherwise: separator.is_some(),
            fields: separator.map_or(header.named_fields(), |it| header.split_fields(it)),
        }
    }
}
