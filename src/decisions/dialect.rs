//! How one file writes its cells: the decimal separator, and whether characters may be lost.

use super::cell::Cell;
use super::dates::readings;
use super::numbers::{Plain, is_same_id};
use crate::domain::guard::guarded;
use crate::domain::text::one_line;

/// How one file writes its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Dialect {
    pub(super) decimal: Decimal,
    /// The file may have been saved in Windows-1252, which has a `?` for each character that it
    /// does not know.
    pub(super) may_have_lost: bool,
}

/// The character before the decimals of the file's text cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Decimal {
    /// No number cell tells.
    #[default]
    Unknown,
    /// `1234.50`.
    Point,
    /// `1234,50`.
    Comma,
    /// Both occur, so no number can be trusted.
    Contradictory,
}

impl Decimal {
    /// What is known after one more piece of evidence.
    pub(super) fn and(self, other: Decimal) -> Decimal {
        match (self, other) {
            (one, Decimal::Unknown) => one,
            (Decimal::Unknown, other) => other,
            (one, other) if one == other => one,
            _ => Decimal::Contradictory,
        }
    }

    /// What one number cell tells. `1.234` tells nothing: it may be a group of thousands.
    pub(super) fn told_by(number: &str) -> Decimal {
        let number = number.trim_matches(|it: char| !it.is_ascii_digit() && it != '.' && it != ',');
        let is_number = number.chars().any(|it| it.is_ascii_digit())
            && number
                .chars()
                .all(|it| it.is_ascii_digit() || it.is_whitespace() || ".,'’eE+-".contains(it));
        let Some(last) = number.rfind(['.', ',']).filter(|_| is_number) else {
            return Decimal::Unknown;
        };
        let (as_decimal, as_group, own, other) = if number[last..].starts_with('.') {
            (Decimal::Point, Decimal::Comma, '.', ',')
        } else {
            (Decimal::Comma, Decimal::Point, ',', '.')
        };
        if number.matches(own).count() > 1 {
            return as_group;
        }
        if number.contains(other) {
            return as_decimal;
        }
        let decimals = &number[last + 1..];
        let digits = decimals.find(|it: char| !it.is_ascii_digit()).unwrap_or(decimals.len());
        let units = &number[..last];
        let can_be_group = digits == 3
            && digits == decimals.len()
            && (1..=3).contains(&units.len())
            && !units.starts_with('0');
        if can_be_group { Decimal::Unknown } else { as_decimal }
    }

    /// The characters that can stand before decimals.
    fn points(self) -> &'static [char] {
        match self {
            Decimal::Unknown => &['.', ','],
            Decimal::Point => &['.'],
            Decimal::Comma => &[','],
            Decimal::Contradictory => &[],
        }
    }
}

impl Dialect {
    /// Each number that the cell may stand for.
    pub(super) fn numbers(self, cell: &Cell) -> Vec<Plain> {
        match cell {
            Cell::Number(number) => Plain::parse(number, '.').into_iter().collect(),
            Cell::Text(text) => {
                // What makes a text of a number stays visible in a CSV.
                let text = text.trim();
                let text = text.strip_prefix('\'').unwrap_or(text);
                let points = self.decimal.points().iter();
                points.filter_map(|point| Plain::parse(text, *point)).collect()
            }
            Cell::Empty | Cell::Date(_) | Cell::Boolean(_) => Vec::new(),
        }
    }

    /// Whether a cell shows a text as the program wrote it, guarded or not.
    pub(super) fn is_written_text(self, cell: &Cell, written: &str) -> bool {
        let shown = one_line(&cell.shown());
        let written = one_line(written);
        let same = |written: &str| {
            shown == written || guarded(shown.as_bytes()) == guarded(written.as_bytes())
        };
        same(&written) || (self.may_have_lost && same(&in_windows_1252(&written)))
    }

    /// Whether a spreadsheet that opens a CSV may have made this cell of the text by itself: it
    /// takes `0012` for a number and `26.11.2026` for a date.
    pub(super) fn is_rendered_text(self, cell: &Cell, written: &str) -> bool {
        if self.is_written_text(cell, written) {
            return true;
        }
        let shown = cell.shown();
        let is_truth = ["true", "false"].iter().any(|word| written.eq_ignore_ascii_case(word));
        if (is_truth && shown.eq_ignore_ascii_case(written)) || is_same_id(cell, written) {
            return true;
        }
        let number = ['.', ','].into_iter().filter_map(|point| Plain::parse(written, point));
        let numbers = Dialect { decimal: Decimal::Unknown, ..self }.numbers(cell);
        if number.into_iter().any(|number| numbers.contains(&number)) {
            return true;
        }
        let dates = readings(written);
        !dates.is_empty()
            && match cell {
                Cell::Date(date) => dates.iter().any(|(_, it)| it == date),
                _ => readings(&shown).iter().any(|(_, it)| dates.iter().any(|(_, own)| own == it)),
            }
    }
}

/// A text as Windows-1252 keeps it: a `?` for each unit of UTF-16 that it does not know.
fn in_windows_1252(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut buffer = [0; 4];
    for character in text.chars() {
        let (_, _, is_lost) = encoding_rs::WINDOWS_1252.encode(character.encode_utf8(&mut buffer));
        if is_lost {
            kept.extend(std::iter::repeat_n('?', character.len_utf16()));
        } else {
            kept.push(character);
        }
    }
    kept
}
