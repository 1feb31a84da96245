//! Why a ledger cannot be used at all (contract, "Exit codes": 10): what, where, and what to do.

use super::columns::Column;
use crate::domain::text::{clean, one_line, printable};
use std::fmt;
use std::io;

/// A ledger that is not usable: nothing was asked of the gateway. Displays what is wrong and
/// where; [`hint`](LedgerError::hint) says what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{}{spot}: {fault}", shown_name(.file))]
pub struct LedgerError {
    /// The file as it was named on the command line.
    pub file: String,
    /// Where in it.
    pub spot: Spot,
    /// What is wrong.
    pub fault: Box<Fault>,
}

/// A place in a ledger, as far as it is known. Lines and columns count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// The file as a whole.
    File,
    /// A character, as an editor counts: characters, not bytes.
    Character {
        /// Its line.
        line: u64,
        /// Its place in the line.
        column: u64,
    },
    /// A row's cell, or a heading.
    Cell {
        /// The line on which the row begins.
        line: u64,
        /// The column, by the contract's name.
        column: Column,
    },
}

impl fmt::Display for Spot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spot::File => Ok(()),
            Spot::Character { line, column } => write!(formatter, ", line {line}, column {column}"),
            Spot::Cell { line, column } => write!(formatter, ", line {line}, column {column}"),
        }
    }
}

/// What makes a ledger unusable (contract, "Ledger", last paragraphs).
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// No such file.
    #[error("there is no such file")]
    Missing,
    /// A directory.
    #[error("it is a directory, not a file")]
    Directory,
    /// No permission to read it.
    #[error("there is no permission to read it")]
    Denied,
    /// The system would not open it, for another reason.
    #[error("it cannot be opened: {0}")]
    Open(io::Error),
    /// Zero bytes, or nothing but line ends.
    #[error("it is empty: there is no header row")]
    Empty,
    /// Reading stopped with an error of the system.
    #[error("it could not be read to its end: {0}")]
    Read(io::Error),
    /// A `.gz` that does not unpack.
    #[error("the compressed file is cut short or damaged: {0}")]
    Gzip(io::Error),
    /// Another length or time of change at the end than at the beginning.
    #[error("it changed while it was read")]
    Changed,
    /// UTF-16 by its first two bytes, or by NULs in its header row.
    #[error("it is UTF-16, or no text at all; a ledger is UTF-8")]
    Utf16,
    /// The first bytes of a workbook or another archive.
    #[error("it is a workbook or an archive, not CSV")]
    Archive,
    /// The first bytes of gzip, where plain text is expected.
    #[error("it is compressed with gzip, which is unpacked only where a file's name ends in .gz")]
    Compressed,
    /// A NUL byte.
    #[error("there is a NUL byte")]
    Nul,
    /// The header row is not UTF-8.
    #[error("the header row is not valid UTF-8")]
    HeaderEncoding,
    /// A quote opens here and never closes.
    #[error("the quote that opens here is never closed")]
    OpenQuote,
    /// Text behind a closing quote, at the error's place.
    #[error(
        "a quote closes and {} follows, where only {} or a line's end can; the quote was opened \
         in line {line}, column {column}", Shown(*.found), Shown(*.delimiter)
    )]
    TextAfterQuote {
        /// What follows.
        found: char,
        /// What may follow.
        delimiter: char,
        /// Line of the opening quote.
        line: u64,
        /// Column of the opening quote.
        column: u64,
    },
    /// A row of more than a mebibyte.
    #[error("the row that begins here is longer than 1 MiB")]
    LongRow,
    /// A column that is looked at has no heading.
    #[error("there is no heading {}; {}", quoted(.missing), found(.headings))]
    MissingHeading {
        /// The headings that were looked for.
        missing: Vec<String>,
        /// The headings of the file.
        headings: Vec<String>,
        /// The character that seems to separate the columns instead of the configured one.
        separator: Option<char>,
    },
    /// Two columns claim to be the same one.
    #[error("the heading {heading:?} is given twice: as the {first}. and the {second}. of the row")]
    DoubledHeading {
        /// The heading.
        heading: String,
        /// Its first place in the row, from 1.
        first: usize,
        /// Its second place.
        second: usize,
    },
    /// An order id that has been through a spreadsheet.
    #[error("the order id {id} has lost its digits in a spreadsheet")]
    MangledId {
        /// What is left of it.
        id: String,
    },
    /// The two readers of the file disagree on where a row ends: a bug, found before it does harm.
    #[error("the end of a row is read in two ways; this is a bug in octopus-recon")]
    Torn,
}

impl LedgerError {
    /// An error about one file.
    pub(super) fn new(file: &str, spot: Spot, fault: Fault) -> LedgerError {
        LedgerError { file: file.to_owned(), spot, fault: Box::new(fault) }
    }

    /// What to do about it, in one sentence.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match &*self.fault {
            Fault::Missing => "check the path that --ledger gives",
            Fault::Directory => "name the file in it",
            Fault::Denied => "make it readable for the user that runs octopus-recon",
            Fault::Empty => "export the ledger again; its first row holds the headings",
            Fault::Gzip(_) => "copy or export it again, then check it with `gzip -t`",
            Fault::Changed => "run again once the export has finished writing it",
            Fault::Utf16 | Fault::HeaderEncoding => {
                "export it as \"CSV UTF-8\", or convert it with iconv"
            }
            Fault::Archive => "export the sheet as \"CSV UTF-8\"",
            Fault::Compressed => "rename it so that it ends in .gz, or unpack it first",
            Fault::Nul => "export the ledger again: a NUL is often a file cut by a crash",
            Fault::OpenQuote => {
                "close it, and double every quote that belongs to the text (\"\"); it may also be \
                 that the file is cut short"
            }
            Fault::TextAfterQuote { found, .. } if SEPARATORS.contains(found) => {
                return Some(set_delimiter(*found));
            }
            Fault::TextAfterQuote { .. } => {
                "double every quote that belongs to the text (\"\"); as it is, rows would be \
                 swallowed"
            }
            Fault::LongRow => "look for a quote that is opened in that row and never closed",
            Fault::MissingHeading { separator: Some(separator), .. } => {
                return Some(set_delimiter(*separator));
            }
            Fault::MissingHeading { .. } => {
                "say in [ledger.columns] what it is called here, e.g. \
                 merchant_order_id = \"Order No.\""
            }
            Fault::DoubledHeading { .. } => {
                "rename or remove one of the two, or choose another heading in [ledger.columns]"
            }
            Fault::MangledId { .. } => {
                "export the ledger again and do not save it from a spreadsheet, or keep that \
                 column as text there"
            }
            Fault::Open(_) | Fault::Read(_) | Fault::Torn => return None,
        };
        Some(hint.to_owned())
    }
}

/// Characters that other exports put between columns.
pub(super) const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// The hint for a file whose columns are separated by something else than configured.
fn set_delimiter(separator: char) -> String {
    let shown = if separator == '\t' { "\\t".to_owned() } else { separator.to_string() };
    format!("if its columns are separated by {}, set [ledger] delimiter = \"{shown}\"", {
        Shown(separator)
    })
}

/// A character that may not be printable.
struct Shown(char);

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let printed = printable(self.0.encode_utf8(&mut [0; 4]));
        match self.0 {
            '\t' => formatter.write_str("a tab"),
            ' ' => formatter.write_str("a space"),
            _ if printed.is_empty() => write!(formatter, "U+{:04X}", u32::from(self.0)),
            _ => write!(formatter, "`{printed}`"),
        }
    }
}

/// The file's name for people. Its digits stay: a date in it is no account number.
fn shown_name(file: &str) -> String {
    if file == "-" { "standard input".to_owned() } else { one_line(file) }
}

/// Headings in quotes, in a row.
fn quoted(headings: &[String]) -> String {
    headings.iter().map(|heading| format!("\"{}\"", clean(heading))).collect::<Vec<_>>().join(", ")
}

/// The headings of the file, as many as fit into a message.
fn found(headings: &[String]) -> String {
    const MOST: usize = 30;
    let shown = quoted(&headings[..headings.len().min(MOST)]);
    match headings.len().saturating_sub(MOST) {
        0 => format!("the file has {shown}"),
        more => format!("the file has {shown} and {more} more"),
    }
}

/// Why a ledger was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    /// The ledger is not usable.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What the rows were handed to would not take them.
    #[error("{0}")]
    Sink(E),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}
