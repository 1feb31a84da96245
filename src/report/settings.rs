//! The `[report]` table of the configuration (contract, "The report").

use serde::Deserialize;
use std::path::PathBuf;

/// How and where reports are written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportSettings {
    /// Where reports go unless `--out` or `--report` says otherwise.
    pub directory: PathBuf,
    /// For whom the CSV is written.
    pub csv: CsvStyle,
    /// What stands between two cells.
    pub delimiter: Delimiter,
    /// The report's permissions. Invalid rows are 0600 whatever this says.
    pub mode: FileMode,
}

impl Default for ReportSettings {
    fn default() -> ReportSettings {
        ReportSettings {
            directory: PathBuf::from("reports"),
            csv: CsvStyle::default(),
            delimiter: Delimiter::default(),
            mode: FileMode::default(),
        }
    }
}

/// For whom the CSV is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CsvStyle {
    /// BOM, CRLF, and a `'` before what a spreadsheet would run.
    #[default]
    Spreadsheet,
    /// For programs: no BOM, LF, every text as it is.
    Plain,
}

/// One ASCII character that CSV itself does not use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Delimiter(u8);

impl Delimiter {
    pub(super) const fn byte(self) -> u8 {
        self.0
    }
}

impl Default for Delimiter {
    fn default() -> Delimiter {
        Delimiter(b',')
    }
}

impl TryFrom<String> for Delimiter {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Delimiter, &'static str> {
        match text.as_bytes() {
            [b'"' | b'\r' | b'\n' | 0] => {
                Err("a quote, a line end or a NUL cannot stand between cells; use \",\" or \";\"")
            }
            [byte] if byte.is_ascii() => Ok(Delimiter(*byte)),
            _ => Err("the delimiter is one ASCII character, e.g. \",\" or \";\""),
        }
    }
}

/// A file's permission bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct FileMode(u32);

impl FileMode {
    /// For its owner alone.
    pub const PRIVATE: FileMode = FileMode(0o600);

    pub(super) const fn bits(self) -> u32 {
        self.0
    }
}

impl Default for FileMode {
    fn default() -> FileMode {
        FileMode(0o640)
    }
}

impl TryFrom<String> for FileMode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<FileMode, &'static str> {
        let octal = text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
        let bits = u32::from_str_radix(&text, 8).unwrap_or(u32::MAX);
        if !octal || bits > 0o777 {
            return Err("the mode is octal text up to \"0777\", e.g. \"0640\"");
        }
        if bits & 0o002 != 0 {
            return Err("this mode lets everybody change the report; use e.g. \"0640\"");
        }
        Ok(FileMode(bits))
    }
}
