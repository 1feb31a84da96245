//! Cleans text from outside for people: for a terminal, a log line, an error or a report's reason.

use regex::Regex;
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

/// Text that is safe to show: one line, without characters that move the cursor, hide text or
/// change the reading direction. Reports show only this type, so no writer can forget to clean.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text(String);

impl Text {
    /// A text from outside: see [`clean`].
    #[must_use]
    pub fn foreign(text: &str) -> Text {
        Text(clean(text))
    }

    /// An id. Its digits are kept, because a person needs them: see [`printable`].
    #[must_use]
    pub fn id(text: &str) -> Text {
        Text(printable(text))
    }

    /// A text that this program wrote. All its figures are kept: see [`one_line`].
    #[must_use]
    pub fn own(text: &str) -> Text {
        Text(one_line(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// Cleans a text from outside for a reason, a log line or an error: at most 160 characters, and no
/// control or direction characters. A number that may be an account, a telephone or a card keeps
/// only its last four digits (contract, "Stored answers"). Such a number is a run of eight or more
/// digits; or groups of 3 to 6 digits with one space, dash or dot between them, ten or more digits
/// in all. Two groups with a dot between them are a decimal number and are not masked. Dates, times
/// and amounts with two decimals are not masked either.
#[must_use]
pub fn clean(text: &str) -> String {
    cut(masked(&one_line(text)))
}

/// Cleans an id: at most 160 characters, without characters that move the cursor or change the
/// reading direction. All digits are kept, because a person needs them.
#[must_use]
pub fn printable(text: &str) -> String {
    cut(one_line(text))
}

/// Digits with a comma after each three, counted from the end.
#[must_use]
pub fn grouped(digits: &str) -> String {
    let mut shown = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Cleans a text that this program wrote: the whole text on one line, without characters that move
/// the cursor or change the reading direction. All figures are kept.
#[must_use]
pub fn one_line(text: &str) -> String {
    if text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return text.trim().to_owned();
    }
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .filter(|character| !is_format_mark(*character))
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Whether the character reorders, hides or breaks the text around it: Unicode's bidirectional and
/// invisible format characters.
fn is_format_mark(character: char) -> bool {
    matches!(
        character,
        '\u{061C}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
    )
}

fn cut(mut text: String) -> String {
    const LONGEST: usize = 160;
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Decimal digits of any script. The standard library knows only ASCII digits.
#[expect(clippy::expect_used, reason = "without the mask an account number would be shown")]
static DIGITS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\d+").expect("a pattern that never changes"));

/// Replaces long runs and long groups of digits by their last four digits.
fn masked(text: &str) -> String {
    const LONG_RUN: usize = 8;
    const GROUP: Range<usize> = 3..7;
    const LONG_GROUPS: usize = 10;
    let length = |run: &Range<usize>| text[run.clone()].chars().count();
    let runs: Vec<Range<usize>> = DIGITS.find_iter(text).map(|run| run.range()).collect();
    let grouped = runs.chunk_by(|run, next| {
        [run, next].iter().all(|run| GROUP.contains(&length(run)))
            && is_single_separator(&text[run.end..next.start])
    });
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for runs in grouped {
        let digits: usize = runs.iter().map(length).sum();
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else { continue };
        let alone = runs.len() == 1 && digits >= LONG_RUN;
        let is_decimal = runs.len() == 2 && text[first.end..last.start] == *".";
        if alone || (runs.len() > 1 && digits >= LONG_GROUPS && !is_decimal) {
            shown.push_str(&text[end..first.start]);
            shown.push_str(&last_four(&text[first.start..last.end]));
            end = last.end;
        }
    }
    shown.push_str(&text[end..]);
    shown
}

/// Whether the text between two groups of digits is one separator.
fn is_single_separator(between: &str) -> bool {
    let mut characters = between.chars();
    characters.next().is_some_and(is_separator) && characters.next().is_none()
}

/// Spaces, dots, and dashes of any width.
fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '.' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn last_four(digits: &str) -> String {
    let digits: Vec<char> = digits.chars().filter(|character| !is_separator(*character)).collect();
    std::iter::once(&'…').chain(&digits[digits.len().saturating_sub(4)..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_digits_are_masked() {
        for (text, shown) in [
            ("account 6660006666789 refused", "account …6789 refused"),
            ("12345678", "…5678"),
            ("a12345678b 87654321", "a…5678b …4321"),
            ("٠١٢٣٤٥٦٧٨٩", "…٦٧٨٩"),
            ("１２３４５６７８", "…５６７８"),
            ("card 4111 1111-1111 1111, code 51", "card …1111, code 51"),
            ("4111.1111.1111.1111 4242", "…4242"),
            ("4111\u{a0}1111\u{2011}1111\u{202f}1111", "…1111"),
            ("4111\t1111\n1111\r1111", "…1111"),
            ("amex 3782 822463 10005.", "amex …0005."),
            ("call 555-123-4567", "call …4567"),
            ("iban DE89 3704 0044 0532 0130 00", "iban DE89 …0130 00"),
            ("x4111 1111 1111 1111x", "x…1111x"),
            ("1234 567 890", "…7890"),
        ] {
            assert_eq!(clean(text), shown, "{text:?}");
        }
    }

    #[test]
    fn dates_times_and_amounts_are_unchanged() {
        for text in [
            "order 1234567 at 11:26",
            "2026-11-20 10:30",
            "2026-11-20T10:30:00.123456+05:30",
            "100000.00 500000.00",
            "1234567 12",
            "1234567.89",
            "1234567 1234567 1234567",
            "123 456 789",
            "4111  1111  1111  1111",
            "4111, 1111, 1111, 1111",
            "11 11 11 11 11 11",
            "HTTP 503 after 4 calls",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn control_and_direction_characters_are_removed() {
        for fit in [clean, printable, one_line] {
            assert_eq!(fit("a\u{1b}[2Jb\r\nc\u{202e}d"), "a [2Jb  cd");
        }
    }

    #[test]
    fn long_foreign_texts_are_cut_and_own_texts_are_not() {
        let long = "x".repeat(500);
        let expected = format!("{}…", "x".repeat(160));
        assert_eq!([clean(&long), printable(&long)], [expected.clone(), expected]);
        assert_eq!(one_line(&long), long);
        assert_eq!(printable(&"é".repeat(160)), "é".repeat(160));
        assert_eq!(printable("6660006666789"), "6660006666789");
        let account_at_the_end = format!("{} 6660006666789", "x".repeat(152));
        assert_eq!(clean(&account_at_the_end), format!("{} …6789", "x".repeat(152)));
    }
}
