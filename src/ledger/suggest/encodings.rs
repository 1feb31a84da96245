//! Bytes that are not UTF-8: which encodings could have written them. None is proposed, because
//! most of them read any bytes.

use crate::tabular::Record;
use encoding_rs::Encoding;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The usual encodings of exports that are not UTF-8.
const LABELS: [&str; 9] = [
    "windows-1252",
    "iso-8859-15",
    "windows-1250",
    "windows-1251",
    "windows-1254",
    "macintosh",
    "gbk",
    "shift_jis",
    "big5",
];

/// A longer word is cut, in bytes.
const LONGEST_WORD: usize = 40;

/// The rows that are not UTF-8.
#[derive(Debug, Clone, Default)]
pub(super) struct NotUtf8 {
    /// How many.
    pub(super) rows: u64,
    /// Whether a header is not.
    pub(super) header: bool,
    /// Line and column of the first byte that is not UTF-8.
    pub(super) first: Option<(u64, u64)>,
    /// The word that has that byte.
    word: Vec<u8>,
    /// What each encoding makes of these rows: a digest; `None` where it cannot read one.
    readings: Option<[Option<u64>; LABELS.len()]>,
}

/// An encoding that reads all of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) label: &'static str,
    /// The first word that is not UTF-8, as this encoding reads it.
    pub(super) word: String,
    /// Encodings that read the rows in the same way.
    pub(super) same: Vec<&'static str>,
}

impl NotUtf8 {
    /// Looks at the bytes of a record.
    pub(super) fn see(&mut self, record: &Record<'_>, is_header: bool) {
        let Err(error) = str::from_utf8(record.raw) else { return };
        self.rows += u64::from(!is_header);
        self.header |= is_header;
        if self.first.is_none() {
            self.first = record.invalid_utf8();
            self.word = word_at(record.raw, error.valid_up_to()).to_vec();
        }
        let readings = self.readings.get_or_insert([Some(0); LABELS.len()]);
        for (label, reading) in LABELS.iter().zip(readings) {
            *reading = reading.and_then(|before| {
                let mut hasher = DefaultHasher::new();
                (before, decoded(label, record.raw)?).hash(&mut hasher);
                Some(hasher.finish())
            });
        }
    }

    /// The encodings that read all of these rows, each that reads them differently.
    pub(super) fn encodings(&self) -> Vec<Reading> {
        let mut found: Vec<(u64, Reading)> = Vec::new();
        let readings = self.readings.iter().flatten();
        for (label, digest) in LABELS.into_iter().zip(readings) {
            let Some(digest) = *digest else { continue };
            if let Some((_, reading)) = found.iter_mut().find(|(other, _)| *other == digest) {
                reading.same.push(label);
            } else {
                let encoding = Encoding::for_label(label.as_bytes());
                let word = encoding.map(|it| it.decode_without_bom_handling(&self.word).0);
                let word = word.unwrap_or_default().into_owned();
                found.push((digest, Reading { label, word, same: Vec::new() }));
            }
        }
        found.into_iter().map(|(_, reading)| reading).collect()
    }
}

/// The word around a byte: up to a space or a mark on either side.
fn word_at(bytes: &[u8], at: usize) -> &[u8] {
    let is_outside = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric();
    let (before, behind) = bytes.split_at_checked(at).unwrap_or_default();
    let from = before.iter().rposition(is_outside).map_or(0, |place| place + 1);
    let length = behind.iter().position(is_outside).unwrap_or(behind.len());
    let word = bytes.get(from..at + length).unwrap_or_default();
    word.get(..LONGEST_WORD).unwrap_or(word)
}

/// The text of these bytes; `None` where they are none in this encoding, or characters that no
/// text has.
fn decoded(label: &str, bytes: &[u8]) -> Option<String> {
    let encoding = Encoding::for_label(label.as_bytes())?;
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    let is_odd = |character: char| {
        let is_control = character.is_control() && !character.is_ascii();
        let is_private = matches!(character, '\u{e000}'..='\u{f8ff}');
        is_control || is_private
    };
    (!text.contains(is_odd)).then(|| text.into_owned())
}
