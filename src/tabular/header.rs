//! The header row: finding a column by its heading.

use super::error::{Fault, SEPARATORS};
use super::reader::Record;
use std::borrow::Cow;

/// A word in the form in which words are compared: trimmed, in lower case, with a single space
/// for spaces of any kind and line breaks inside it.
pub(crate) fn normalize(word: &str) -> Cow<'_, str> {
    let word = word.trim();
    let mut before = 0;
    let is_plain = word.bytes().all(|byte| {
        let is_plain = byte.is_ascii()
            && !byte.is_ascii_uppercase()
            && !matches!(byte, b'\t'..=b'\r')
            && (byte, before) != (b' ', b' ');
        before = byte;
        is_plain
    });
    if is_plain {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(word.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase())
    }
}

/// The headings of a file.
#[derive(Debug)]
pub(crate) struct Header {
    /// The line on which the header row begins, from 1.
    pub line: u64,
    /// The line and column of its first byte that is not UTF-8, if there is one.
    pub invalid_utf8: Option<(u64, u64)>,
    /// Trimmed.
    headings: Vec<String>,
    normalized: Vec<String>,
}

impl Header {
    /// A record as a header row.
    pub(crate) fn from_record(record: &Record<'_>) -> Header {
        let headings: Vec<_> = record.cells().map(String::from_utf8_lossy).collect();
        let header = Header::new(record.line, headings.iter().map(|heading| &**heading));
        Header { invalid_utf8: record.invalid_utf8(), ..header }
    }

    pub(crate) fn new<'a>(line: u64, headings: impl IntoIterator<Item = &'a str>) -> Header {
        let headings: Vec<String> =
            headings.into_iter().map(|heading| heading.trim().to_owned()).collect();
        let normalized = headings.iter().map(|heading| normalize(heading).into_owned()).collect();
        Header { line, invalid_utf8: None, headings, normalized }
    }

    /// The headings, trimmed.
    pub(crate) fn headings(&self) -> &[String] {
        &self.headings
    }

    /// The number of headings, if this separator split them.
    pub(crate) fn split_fields(&self, separator: char) -> usize {
        let parts = self.headings.iter().flat_map(|heading| heading.split(separator));
        parts.filter(|part| !part.trim().is_empty()).count()
    }

    /// Whether its cells are words, as headings are, and not numbers or dates.
    pub(crate) fn has_words(&self) -> bool {
        let begins_as_word =
            |heading: &String| !heading.starts_with(|character: char| character.is_numeric());
        self.headings.iter().all(begins_as_word)
    }

    /// The number of fields up to the last one with a heading.
    pub(crate) fn named_fields(&self) -> usize {
        self.headings.iter().rposition(|heading| !heading.is_empty()).map_or(0, |last| last + 1)
    }

    /// The number of fields of the header row.
    pub(crate) fn fields(&self) -> usize {
        self.headings.len()
    }

    /// The index of the column with this heading, without regard to case or surrounding space.
    /// Fails where two columns have it.
    pub(crate) fn find(&self, heading: &str) -> Result<Option<usize>, Fault> {
        let wanted = normalize(heading);
        let mut found =
            (0..self.normalized.len()).filter(|index| self.normalized[*index] == wanted);
        match (found.next(), found.next()) {
            (Some(first), Some(second)) => Err(Fault::DoubledHeading {
                heading: heading.trim().to_owned(),
                first: first + 1,
                second: second + 1,
            }),
            (first, _) => Ok(first),
        }
    }

    /// The fault of a header row that lacks these headings.
    pub(crate) fn missing<'a>(&self, headings: impl IntoIterator<Item = &'a str>) -> Fault {
        let missing: Vec<String> =
            headings.into_iter().map(|heading| heading.trim().to_owned()).collect();
        let separator = self.other_separator(&missing);
        Fault::MissingHeading { missing, headings: self.headings.clone(), separator }
    }

    /// The separator that would split a heading of the file into a missing one and others, or the
    /// most frequent one in the only heading of the file.
    fn other_separator(&self, missing: &[String]) -> Option<char> {
        let is_missing = |part: &str| {
            let part = normalize(part.trim().trim_matches('"'));
            missing.iter().any(|heading| normalize(heading) == part)
        };
        let splits = |separator: &char| {
            self.headings.iter().any(|heading| {
                heading.contains(*separator) && heading.split(*separator).any(is_missing)
            })
        };
        let most_frequent = || {
            let [heading] = &self.headings[..] else { return None };
            let count = |separator: &char| heading.matches(*separator).count();
            SEPARATORS.into_iter().filter(|separator| count(separator) > 0).max_by_key(count)
        };
        SEPARATORS.into_iter().find(splits).or_else(most_frequent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_found_without_regard_to_case_and_space() {
        let headings = ["Note", " AMOUNT ", "\tCurrency", "Größe", "note", "Order\u{a0}\r\nNo", ""];
        let header = Header::new(1, headings);
        assert_eq!((header.fields(), header.named_fields()), (7, 6));
        assert_eq!(header.find("order no").ok(), Some(Some(5)));
        assert_eq!(header.find(" Order  No ").ok(), Some(Some(5)));
        for (heading, index) in
            [("amount", Some(1)), ("Currency ", Some(2)), ("GRÖSSE", None), ("grÖße", Some(3))]
        {
            assert_eq!(header.find(heading).ok(), Some(index), "{heading}");
        }
        assert_eq!(header.headings()[1..3], ["AMOUNT", "Currency"]);
        let doubled = header.find(" NOTE").err().map(|fault| fault.to_string());
        let expected = "the heading \"NOTE\" is given twice: as the 1. and the 5. of the row";
        assert_eq!(doubled.as_deref(), Some(expected));
    }

    #[test]
    fn another_separator_is_recognised() {
        for (headings, seen) in [
            (vec!["id;amount;currency;created_at"], Some(';')),
            (vec!["\"id\"\tamount"], Some('\t')),
            (vec!["Order No;Total, paid;Date"], Some(';')),
            (vec!["Order;Total", "Date"], None),
            (vec!["Order"], None),
            (vec!["Order", "Total"], None),
        ] {
            let fault = Header::new(1, headings.clone()).missing([" ID", "amount"]);
            let Fault::MissingHeading { separator, .. } = fault else { unreachable!("{fault}") };
            assert_eq!(separator, seen, "{headings:?}");
        }
    }

    #[test]
    fn words_begin_with_no_digit() {
        for (headings, has_words) in [
            (vec!["Order", "Line 2"], true),
            (vec!["Order", ""], true),
            (vec!["A-1", "500.00"], false),
            (vec!["2026-04-10"], false),
        ] {
            assert_eq!(Header::new(1, headings.clone()).has_words(), has_words, "{headings:?}");
        }
    }
}
