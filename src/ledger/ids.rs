//! Order ids: what a spreadsheet does to them (contract, "Ledger": ids).

use std::borrow::Cow;

/// An id as it goes to the gateway, without the configured prefix and suffix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Id<'a> {
    pub(super) text: Cow<'a, str>,
    /// What in it is probably not part of the order's id.
    pub(super) oddity: Option<Oddity>,
}

/// A character that is probably not part of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    /// A `'` at its beginning or end, as spreadsheets mark a text.
    Quote,
    /// A character that nobody sees.
    Invisible(char),
}

/// Why an id cannot be used: a spreadsheet has rounded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mangled;

impl Id<'_> {
    /// Reads an id: without outer white space, and without a spreadsheet's text guard (`="1001"`).
    pub(super) fn read(cell: &str) -> Result<Id<'_>, Mangled> {
        let is_space = |character: char| character.is_ascii_whitespace() || character == '\u{b}';
        let outer = cell.trim_matches(is_space);
        let guarded = outer.strip_prefix("=\"").and_then(|text| text.strip_suffix('"'));
        let text = match guarded {
            Some(text) if text.contains("\"\"") => Cow::Owned(text.replace("\"\"", "\"")),
            Some(text) => Cow::Borrowed(text.trim_matches(is_space)),
            None if is_mangled(outer) => return Err(Mangled),
            None => Cow::Borrowed(outer),
        };
        let oddity = oddity(&text);
        Ok(Id { text, oddity })
    }
}

fn oddity(id: &str) -> Option<Oddity> {
    if id.starts_with('\'') || id.ends_with('\'') {
        return Some(Oddity::Quote);
    }
    if id.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return None;
    }
    id.chars().find(|character| is_invisible(*character)).map(Oddity::Invisible)
}

/// Controls, spaces other than the usual one, and Unicode's format characters.
fn is_invisible(character: char) -> bool {
    let is_format = matches!(
        character,
        '\u{AD}'
            | '\u{061C}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
    );
    is_format || character.is_control() || (character.is_whitespace() && character != ' ')
}

/// Whether a spreadsheet has turned an id into a number: `1.23E+19`, in some places `1,23E+19`.
/// Only the shape that spreadsheets write counts: `4086918E-0006` and `12e-3` are ids.
fn is_mangled(id: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    id.split_once('E').is_some_and(|(number, power)| {
        let (units, fraction) = number.split_once(['.', ',']).unwrap_or((number, "0"));
        let power = power.strip_prefix(['+', '-']).unwrap_or_default();
        units.len() == 1
            && (2..=3).contains(&power.len())
            && [units, fraction, power].into_iter().all(digits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are() {
        for (cell, text, oddity) in [
            ("1001", "1001", None),
            (" 1001\t", "1001", None),
            ("\r\n1001", "1001", None),
            ("=\"1001\"", "1001", None),
            ("=\" 00012 \"", "00012", None),
            ("=\"a\"\"b\"", "a\"b", None),
            ("=1+1", "=1+1", None),
            ("a b", "a b", None),
            ("é🐙", "é🐙", None),
            ("'1002", "'1002", Some(Oddity::Quote)),
            ("1002'", "1002'", Some(Oddity::Quote)),
            ("O'Neil", "O'Neil", None),
            ("\u{200b}1001", "\u{200b}1001", Some(Oddity::Invisible('\u{200b}'))),
            ("1001\u{a0}", "1001\u{a0}", Some(Oddity::Invisible('\u{a0}'))),
            ("10\u{202e}01", "10\u{202e}01", Some(Oddity::Invisible('\u{202e}'))),
            ("10\n01", "10\n01", Some(Oddity::Invisible('\n'))),
            ("", "", None),
            ("=\"\"", "", None),
            ("=\"", "=\"", None),
        ] {
            let id = Id::read(cell).unwrap_or_else(|Mangled| unreachable!("{cell}"));
            assert_eq!((&*id.text, id.oddity), (text, oddity), "{cell:?}");
        }
    }

    #[test]
    fn only_what_a_spreadsheet_writes_is_mangled() {
        for cell in ["1.23E+19", "4,08E+05", "1E+021", "1E+15", " 1.2E-10 ", "9.99999999E+99"] {
            assert_eq!(Id::read(cell), Err(Mangled), "{cell}");
        }
        for cell in [
            "4086918E-0006",
            "12e-3",
            "12E-30",
            "1.23e+19",
            "1E+5",
            "1E+0021",
            "1.E+15",
            "E+15",
            "1.2.3E+15",
            "A1.5E+15",
            "1E+15a",
            "0503E000",
            "1E15",
            "-1E+15",
            "=\"1.23E+19\"",
        ] {
            assert!(Id::read(cell).is_ok(), "{cell}");
        }
    }
}
