//! Why a file cannot be used as a table: what, where, and what to do.

use crate::domain::text::{clean, one_line, printable};
use std::fmt;
use std::io;

/// A file that is not usable. Displays what is wrong and where; [`hint`](TabularError::hint) says
/// what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{}{position}: {fault}", shown_name(.file))]
pub struct TabularError {
    /// The file, by its name on the command line.
    pub file: String,
    /// Where in it.
    pub position: Position,
    /// What is wrong.
    pub fault: Box<Fault>,
}

/// A position in a file, as far as it is known. Lines and columns count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// The file as a whole.
    File,
    /// A character. Columns count characters, as an editor does, not bytes.
    Character {
        /// Its line.
        line: u64,
        /// Its column.
        column: u64,
    },
    /// A cell of a record, or a heading.
    Cell {
        /// The line on which the record begins.
        line: u64,
        /// The name of the column.
        column: &'static str,
    },
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::File => Ok(()),
            Position::Character { line, column } => {
                write!(formatter, ", line {line}, column {column}")
            }
            Position::Cell { line, column } => write!(formatter, ", line {line}, column {column}"),
        }
    }
}

/// What makes a file unusable (contract, "Ledger", last paragraphs).
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
    /// The system cannot open it, for another reason.
    #[error("it cannot be opened: {0}")]
    Open(io::Error),
    /// Zero bytes, or nothing but line ends.
    #[error("it is empty: there is no header row")]
    Empty,
    /// The system reported an error while the file was read.
    #[error("it could not be read to its end: {0}")]
    Read(io::Error),
    /// The temporary file for standard input cannot be written.
    #[error("it cannot be kept in a temporary file: {0}")]
    Spool(io::Error),
    /// The system gives no thread to read a pipe with.
    #[error("no thread can be started to read it: {0}")]
    Thread(io::Error),
    /// A `.gz` that does not unpack.
    #[error("the compressed file is cut short or damaged: {0}")]
    Gzip(io::Error),
    /// Its length or modification time at the end differs from the beginning.
    #[error("it changed while it was read")]
    Changed,
    /// The caller asked to stop.
    #[error("reading it was interrupted")]
    Interrupted,
    /// UTF-16 by its first two bytes, or by NULs in its header row.
    #[error("it is UTF-16, or no text at all; UTF-8 is expected")]
    Utf16,
    /// The first bytes of a workbook or another archive.
    #[error("it is a workbook or an archive, not CSV")]
    Archive,
    /// The first bytes of HTML or XML.
    #[error("it is a web page or XML, not CSV")]
    Markup,
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
    /// Text behind a closing quote, at the error's position.
    #[error(
        "a quote closes and {} follows, where only {} or a line's end can; the quote was opened \
         in line {line}, column {column}", ShownChar(*.found), ShownChar(*.delimiter)
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
    /// A record of more than a mebibyte.
    #[error("the row that begins here is longer than 1 MiB")]
    LongRow,
    /// A column that is needed has no heading.
    #[error("there is no heading {}; {}", quoted(.missing), found(.headings))]
    MissingHeading {
        /// The headings that were looked for.
        missing: Vec<String>,
        /// The headings of the file.
        headings: Vec<String>,
        /// The character that seems to separate the columns instead of the configured one.
        separator: Option<char>,
    },
    /// The header row is further down than it is searched for.
    #[error("the header row is here, below more than {within} other rows")]
    LateHeader {
        /// The rows that are searched for it.
        within: usize,
    },
    /// Two columns have the same heading.
    #[error("the heading {heading:?} is given twice: as the {first}. and the {second}. of the row")]
    DoubledHeading {
        /// The heading.
        heading: String,
        /// Its first place in the row, from 1.
        first: usize,
        /// Its second place.
        second: usize,
    },
    /// The csv crate and the scanner disagree on where a record ends: a bug, detected before it
    /// can assign a line to the wrong record.
    #[error("the end of a row is read in two ways; this is a bug in octopus-recon")]
    ParsersDisagree,
}

impl TabularError {
    pub(crate) fn new(file: &str, position: Position, fault: Fault) -> TabularError {
        TabularError { file: file.to_owned(), position, fault: Box::new(fault) }
    }

    /// Whether the file is a table in which a heading is not there.
    pub(crate) fn lacks_heading(&self) -> bool {
        matches!(*self.fault, Fault::MissingHeading { .. })
    }

    /// The character that seems to separate the columns instead of the configured one.
    pub(crate) fn likely_delimiter(&self) -> Option<char> {
        match *self.fault {
            Fault::TextAfterQuote { found, .. } => Some(found).filter(|c| SEPARATORS.contains(c)),
            Fault::MissingHeading { separator, .. } => separator,
            _ => None,
        }
    }

    /// What to do about it, in one sentence. `None`: only the caller knows it, or nothing helps.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match &*self.fault {
            Fault::Missing => "check the path",
            Fault::Directory => "name the file in it",
            Fault::Denied => "make it readable for the user that runs octopus-recon",
            Fault::Empty => "export it again; its first row holds the headings",
            Fault::Gzip(_) => "copy or export it again, then check it with `gzip -t`",
            Fault::Changed => "run again after the export has finished",
            Fault::LateHeader { .. } => "remove rows above it from the export",
            Fault::Utf16 | Fault::HeaderEncoding => {
                "export it as \"CSV UTF-8\", or convert it with iconv"
            }
            Fault::Archive => "export the sheet as \"CSV UTF-8\"; another name does not convert it",
            Fault::Markup => {
                "export it as CSV: a site may send a page instead of a file when its session has \
                 ended, and some programs write a page named .xls or .csv"
            }
            Fault::Compressed => "rename it so that it ends in .gz, or unpack it first",
            Fault::Nul => "export it again: a NUL often means that a crash cut the file",
            Fault::OpenQuote => {
                "close it, and double every quote that belongs to the text (\"\"); the file may \
                 also be cut short"
            }
            Fault::TextAfterQuote { .. } => {
                "double every quote that belongs to the text (\"\"); otherwise a quote would \
                 swallow the rows after it"
            }
            Fault::LongRow => "look for a quote that is opened in that row and never closed",
            Fault::DoubledHeading { .. } => "rename or remove one of the two columns",
            Fault::Spool(_) => "free space in the directory for temporary files, or set TMPDIR",
            Fault::MissingHeading { .. }
            | Fault::Open(_)
            | Fault::Read(_)
            | Fault::Thread(_)
            | Fault::Interrupted
            | Fault::ParsersDisagree => return None,
        })
    }
}

/// Characters that exports put between columns.
pub(super) const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// Displays a character that may not be printable.
pub(crate) struct ShownChar(pub char);

impl fmt::Display for ShownChar {
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
pub(crate) fn shown_name(file: &str) -> String {
    if file == "-" { "standard input".to_owned() } else { one_line(file) }
}

/// Headings in quotes, separated by commas.
fn quoted(headings: &[String]) -> String {
    headings.iter().map(|heading| format!("\"{}\"", clean(heading))).collect::<Vec<_>>().join(", ")
}

/// The headings of the file, as many as fit into a message. If the file has no header row, they are
/// cells, which may be personal: what looks like an address, an account or a phone is left out.
fn found(headings: &[String]) -> String {
    const MOST: usize = 30;
    const MOST_DIGITS: usize = 3;
    let is_heading = |cell: &&String| {
        !cell.contains('@') && cell.chars().filter(char::is_ascii_digit).count() <= MOST_DIGITS
    };
    let headings: Vec<String> = headings.iter().filter(is_heading).cloned().collect();
    let shown = quoted(&headings[..headings.len().min(MOST)]);
    match headings.len().saturating_sub(MOST) {
        0 => format!("the file has {shown}"),
        more => format!("the file has {shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::{ShownChar, found};

    #[test]
    fn cells_that_may_be_personal_are_no_headings() {
        let headings = ["Order", "Line 12", "+91 98765 43210", "john@example.com", "DE00 1234"];
        let headings = headings.map(str::to_owned);
        assert_eq!(found(&headings), r#"the file has "Order", "Line 12""#);
    }

    #[test]
    fn characters_that_nobody_sees_are_named() {
        let shown = ['\t', ' ', ';', '"', '\u{200b}', '\0'].map(|it| ShownChar(it).to_string());
        assert_eq!(shown, ["a tab", "a space", "`;`", "`\"`", "U+200B", "U+0000"]);
    }
}
