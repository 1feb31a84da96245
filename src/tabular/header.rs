//! The header row: finding a column by its heading.

use super::error::{Fault, SEPARATORS};
use super::reader::Record;
use std::borrow::Cow;

/// A word in the form in which words are compared: trimmed, in lower case, with a single space
/// for spaces of any kind and line breaks inside it.
pub(crate) fn normalize(word: &str) -> Cow<'_, str> {
    let word = word.trim();
    let is_plain =
        |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase() && !matches!(byte, b'\t'..=b'\r');
    if word.bytes().all(is_plain) && !word.contains("  ") {
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

    /// The separator that would split a heading of the file into a missing one and others.
    fn other_separator(&self, missing: &[String]) -> Option<char> {
        let is_missing = |part: &str| {
            let part = normalize(part.trim().trim_matches('"'));
            missing.iter().any(|heading| normalize(heading) == part)
        };
        SEPARATORS.into_iter().find(|separator| {
            self.headings.iter().any(|heading| {
                heading.contains(*separator) && heading.split(*separator).any(is_missing)
            })
        })
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
        let doubled = header.find(" NOTE").err().map(|fault| fault.to_string());
        let expected = "the heading \"NOTE\" is given twice: as the 1. and the 5. of the row";
        assert_eq!(doubled.as_deref(), Some(expected));
    }

    #[test]
    fn another_separator_is_recognised() {
        for (headings, seen) in [
            (vec!["id;amount;currency;created_at"], Some(';')),
            (vec!["\"id\"\tamount"], Some('\t')),
            (vec!["Order;Total"], None),
            (vec!["Order", "Total"], None),
        ] {
            let fault = Header::new(1, headings.clone()).missing([" ID", "amount"]);
            let Fault::MissingHeading { separator, .. } = fault else { unreachable!("{fault}") };
            assert_eq!(separator, seen, "{headings:?}");
        }
    }
}
