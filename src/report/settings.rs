//! The `[report]` table of the configuration (contract, "The report").

use serde::Deserialize;
use std::ops::Range;
use std::path::PathBuf;
use toml::Spanned;

/// How and where reports are written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ReportTable")]
pub struct ReportSettings {
    /// Where reports go unless `--out` or `--report` says otherwise.
    pub directory: PathBuf,
    /// The formats that a report is written in, at least one. The manifest is always written.
    pub formats: Formats,
    /// For whom the CSV is written.
    pub csv: CsvStyle,
    /// The character between two cells.
    pub delimiter: Delimiter,
    /// The character before the decimals of an amount.
    pub decimal_separator: DecimalSeparator,
    /// The report's permissions. Invalid rows are 0600 whatever this says.
    pub mode: FileMode,
}

impl Default for ReportSettings {
    fn default() -> ReportSettings {
        ReportSettings {
            directory: PathBuf::from("reports"),
            formats: Formats::default(),
            csv: CsvStyle::default(),
            delimiter: Delimiter::default(),
            decimal_separator: DecimalSeparator::default(),
            mode: FileMode::default(),
        }
    }
}

/// `[report]` as the file has it, before its keys are compared with each other.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReportTable {
    directory: Option<PathBuf>,
    formats: Formats,
    csv: CsvStyle,
    delimiter: Option<Spanned<Delimiter>>,
    decimal_separator: Option<Spanned<DecimalSeparator>>,
    mode: FileMode,
}

/// Two keys of `[report]` that exclude each other.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Conflict {
    /// The bytes of the configuration that are wrong.
    pub(crate) span: Range<usize>,
    /// What is wrong with them.
    pub(crate) why: String,
}

impl TryFrom<ReportTable> for ReportSettings {
    type Error = Conflict;

    fn try_from(table: ReportTable) -> Result<ReportSettings, Conflict> {
        let ReportTable { directory, formats, csv, delimiter, decimal_separator, mode } = table;
        let spans = [
            &decimal_separator.as_ref().map(Spanned::span),
            &delimiter.as_ref().map(Spanned::span),
        ];
        let span = spans.into_iter().flatten().next().cloned().unwrap_or_default();
        let delimiter = delimiter.map(Spanned::into_inner).unwrap_or_default();
        let decimal_separator = decimal_separator.map(Spanned::into_inner).unwrap_or_default();
        if delimiter.byte() == decimal_separator.byte() {
            // Amounts have no quotes, so one of them would become two cells.
            let why = format!(
                "decimal_separator and delimiter are both \"{}\"; use delimiter = \";\" with a \
                 decimal comma",
                char::from(delimiter.byte())
            );
            return Err(Conflict { span, why });
        }
        let directory = directory.unwrap_or(ReportSettings::default().directory);
        Ok(ReportSettings { directory, formats, csv, delimiter, decimal_separator, mode })
    }
}

/// A format of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportFormat {
    /// For spreadsheets and programs: one row a mismatch.
    Csv,
    /// The workbook for finance.
    Xlsx,
    /// The page that a browser shows.
    Html,
}

/// The formats that a report is written in: all three by default, and at least one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<ReportFormat>")]
pub struct Formats(Vec<ReportFormat>);

impl Formats {
    /// Whether this one is among them.
    #[must_use]
    pub fn contains(&self, format: ReportFormat) -> bool {
        self.0.contains(&format)
    }

    /// The same with this one.
    #[must_use]
    pub fn with(mut self, format: ReportFormat) -> Formats {
        if !self.contains(format) {
            self.0.push(format);
        }
        self
    }
}

impl Default for Formats {
    fn default() -> Formats {
        Formats(vec![ReportFormat::Csv, ReportFormat::Xlsx, ReportFormat::Html])
    }
}

impl TryFrom<Vec<ReportFormat>> for Formats {
    type Error = &'static str;

    fn try_from(formats: Vec<ReportFormat>) -> Result<Formats, &'static str> {
        if formats.is_empty() {
            return Err("a report needs at least one format: \"csv\", \"xlsx\" or \"html\"");
        }
        Ok(Formats(formats))
    }
}

/// For whom the CSV is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CsvStyle {
    /// BOM, CRLF, and a `'` before what a spreadsheet would run.
    #[default]
    Spreadsheet,
    /// For programs: no BOM, LF, every text unchanged.
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
            [b'"' | b'\'' | b'\r' | b'\n' | 0] => {
                Err("a quote, a line end or a NUL cannot stand between cells; use \",\" or \";\"")
            }
            // Numbers have no quotes, and `=` and the like begin a formula.
            [b'0'..=b'9' | b'+' | b'-' | b'=' | b'@'] => {
                Err("a digit, +, -, = or @ cannot stand between cells; use \",\" or \";\"")
            }
            [byte] if byte.is_ascii() => Ok(Delimiter(*byte)),
            _ => Err("the delimiter is one ASCII character, e.g. \",\" or \";\""),
        }
    }
}

/// The character before the decimals of an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub enum DecimalSeparator {
    /// `1234.50`.
    #[default]
    Point,
    /// `1234,50`.
    Comma,
}

impl DecimalSeparator {
    pub(super) const fn byte(self) -> u8 {
        match self {
            DecimalSeparator::Point => b'.',
            DecimalSeparator::Comma => b',',
        }
    }
}

impl TryFrom<String> for DecimalSeparator {
    type Error = &'static str;

    fn try_from(text: String) -> Result<DecimalSeparator, &'static str> {
        match text.as_str() {
            "." => Ok(DecimalSeparator::Point),
            "," => Ok(DecimalSeparator::Comma),
            _ => Err("the decimal separator is \".\" or \",\""),
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
