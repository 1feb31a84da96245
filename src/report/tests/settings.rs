//! The `[report]` table, right and wrong.

use super::*;

fn read(text: &str) -> Result<ReportSettings, String> {
    #[derive(serde::Deserialize)]
    struct Configuration {
        report: ReportSettings,
    }
    toml::from_str::<Configuration>(text)
        .map(|configuration| configuration.report)
        .map_err(|error| error.to_string())
}

#[test]
fn defaults_are_the_contracts() {
    let settings = read("[report]\n");
    assert_eq!(settings.as_ref(), Ok(&ReportSettings::default()));
    let settings = ReportSettings::default();
    assert_eq!(settings.directory, Path::new("reports"));
    assert_eq!(settings.csv, CsvStyle::Spreadsheet);
    assert_eq!((settings.delimiter.byte(), settings.mode.bits()), (b',', 0o640));
}

#[test]
fn every_key_can_be_set() {
    let settings = read(
        "[report]\ndirectory = \"/r\"\nformats = [\"html\"]\ncsv = \"plain\"\ndelimiter = \";\"\n\
         decimal_separator = \",\"\nmode = \"600\"\n",
    );
    let expected = ReportSettings {
        directory: "/r".into(),
        formats: Formats::try_from(vec![ReportFormat::Html]).unwrap_or_default(),
        csv: CsvStyle::Plain,
        delimiter: Delimiter::try_from(";".to_owned()).unwrap_or_default(),
        decimal_separator: DecimalSeparator::Comma,
        mode: FileMode::PRIVATE,
    };
    assert_eq!(settings, Ok(expected));
}

#[test]
fn a_wrong_value_is_pointed_at() {
    for (line, why) in [
        ("formats = []", "at least one format"),
        ("formats = [\"pdf\"]", "expected one of `csv`, `xlsx`, `html`"),
        ("mode = \"0666\"", "lets everybody change"),
        ("mode = \"0642\"", "lets everybody change"),
        ("mode = \"0888\"", "octal"),
        ("mode = \"04755\"", "octal"),
        ("mode = \"\"", "octal"),
        ("mode = \"+640\"", "octal"),
        ("mode = \"rw-r-----\"", "octal"),
        ("mode = 640", "expected a string"),
        ("delimiter = \"\"", "one ASCII character"),
        ("delimiter = \";;\"", "one ASCII character"),
        ("delimiter = \"；\"", "one ASCII character"),
        ("delimiter = '\"'", "cannot stand between cells"),
        ("delimiter = \"\\n\"", "cannot stand between cells"),
        ("delimiter = \"'\"", "cannot stand between cells"),
        ("delimiter = \"5\"", "a digit, +, -, = or @ cannot stand between cells"),
        ("delimiter = \"-\"", "cannot stand between cells"),
        ("delimiter = \"=\"", "cannot stand between cells"),
        ("decimal_separator = \"5\"", "is \".\" or \",\""),
        ("decimal_separator = \"\"", "is \".\" or \",\""),
        ("decimal_separator = \"..\"", "is \".\" or \",\""),
        ("decimal_separator = \";\"", "is \".\" or \",\""),
        ("csv = \"excel\"", "unknown variant `excel`, expected `spreadsheet` or `plain`"),
        ("delimeter = \",\"", "unknown field `delimeter`"),
    ] {
        let error = read(&format!("\n[report]\n{line}\n")).err().unwrap_or_default();
        assert!(error.contains("at line 3, column"), "{line}: {error}");
        assert!(error.contains(why), "{line}: {error}");
    }
}

#[test]
fn a_decimal_separator_is_not_the_delimiter_too() {
    #[derive(serde::Deserialize)]
    struct Configuration {
        report: ReportTable,
    }
    for (lines, line) in [
        ("decimal_separator = \",\"", 4),
        ("csv = \"plain\"\ndecimal_separator = \",\"\ndelimiter = \",\"", 5),
        ("delimiter = \".\"", 4),
    ] {
        let text = format!("\n\n[report]\n{lines}\n");
        let configuration = toml::from_str::<Configuration>(&text);
        let refused = configuration.map(|read| ReportSettings::try_from(read.report).err());
        let Ok(Some(conflict)) = refused else { unreachable!("{lines}: {refused:?}") };
        assert_eq!(text[..conflict.span.start].lines().count(), line, "{lines}");
        assert!(conflict.why.contains("use delimiter = \";\""), "{lines}: {}", conflict.why);
        let error = read(&text).err().unwrap_or_default();
        let why = "decimal_separator and delimiter are both";
        assert!(error.contains(why), "{lines}: {error}");
    }
}
