//! Bytes that are not UTF-8: which encodings could have written them. None is proposed, because
//! most of them read any bytes.

use crate::tabular::Record;
use encoding_rs::Encoding;

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

/// The rows that are not UTF-8.
#[derive(Debug, Clone, Default)]
pub(super) struct NotUtf8 {
    /// How many.
    pub(super) rows: u64,
    /// Line and column of the first byte that is not UTF-8.
    pub(super) first: Option<(u64, u64)>,
    /// That byte and those behind it that are not ASCII.
    sample: Vec<u8>,
    /// Whether an encoding cannot read a row.
    fails: [bool; LABELS.len()],
}

impl NotUtf8 {
    /// Looks at the bytes of a record.
    pub(super) fn see(&mut self, record: &Record<'_>) {
        let Err(error) = str::from_utf8(record.raw) else { return };
        self.rows += 1;
        if self.first.is_none() {
            self.first = record.invalid_utf8();
            let from = &record.raw[error.valid_up_to()..];
            self.sample = from.iter().copied().take_while(|byte| !byte.is_ascii()).collect();
        }
        for (label, fails) in LABELS.iter().zip(&mut self.fails) {
            *fails |= decoded(label, record.raw).is_none();
        }
    }

    /// The encodings that read all of these rows, each with what it makes of the first bytes.
    pub(super) fn encodings(&self) -> impl Iterator<Item = (&'static str, String)> {
        let encodings = LABELS.into_iter().zip(self.fails).filter(|(_, fails)| !fails);
        encodings.filter_map(|(label, _)| Some((label, decoded(label, &self.sample)?)))
    }
}

/// The text of these bytes; `None` where they are none in this encoding, or control characters.
fn decoded(label: &str, bytes: &[u8]) -> Option<String> {
    let encoding = Encoding::for_label(label.as_bytes())?;
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    let is_control = |character: char| character.is_control() && !character.is_ascii();
    (!text.contains(is_control)).then(|| text.into_owned())
}
