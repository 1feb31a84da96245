//! The encoding of a file, by its label (contract, "Ledger": `encoding`).

use encoding_rs::{Encoding, UTF_8};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// An encoding of the WHATWG standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextEncoding(&'static Encoding);

impl Default for TextEncoding {
    fn default() -> TextEncoding {
        TextEncoding(UTF_8)
    }
}

impl TextEncoding {
    /// The encoding with this label: `utf-8`, `windows-1252`, `utf-16le`, `shift_jis`.
    pub(crate) fn from_label(label: &str) -> Option<TextEncoding> {
        // "replacement" stands for encodings that are too dangerous to read.
        Encoding::for_label_no_replacement(label.as_bytes()).map(TextEncoding)
    }

    /// Its name in the standard.
    pub(crate) fn name(self) -> &'static str {
        self.0.name()
    }

    /// Whether it is UTF-8, which needs no conversion.
    pub(crate) fn is_utf8(self) -> bool {
        self.0 == UTF_8
    }

    /// The standard's encoding.
    pub(super) fn standard(self) -> &'static Encoding {
        self.0
    }
}

impl<'de> Deserialize<'de> for TextEncoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TextEncoding, D::Error> {
        let label = String::deserialize(deserializer)?;
        TextEncoding::from_label(&label).ok_or_else(|| {
            D::Error::custom(format!(
                "encoding {label:?} is not known; expected e.g. \"utf-8\", \"windows-1252\", \
                 \"iso-8859-15\", \"utf-16le\" or \"shift_jis\""
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_the_standard() {
        for (label, name) in [
            ("utf-8", Some("UTF-8")),
            ("UTF8", Some("UTF-8")),
            ("latin1", Some("windows-1252")),
            ("Windows-1252", Some("windows-1252")),
            ("utf-16", Some("UTF-16LE")),
            ("iso-2022-kr", None),
            ("replacement", None),
            ("ebcdic", None),
            ("", None),
        ] {
            assert_eq!(TextEncoding::from_label(label).map(TextEncoding::name), name, "{label}");
        }
    }
}
