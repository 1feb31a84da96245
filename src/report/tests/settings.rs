//! The `[report]` table, right and wrong.

use super::*;
use std::path::Path;

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
    let settings =
        read("[report]\ndirectory = \"/r\"\ncsv = \"plain\"\ndelimiter = \";\"\nmode = \"600\"\n");
    let expected = ReportSettings {
        directory: "/r".into(),
        csv: CsvStyle::Plain,
        delimiter: Delimiter::try_from(";".to_owned()).unwrap_or_default(),
        mode: FileMode::PRIVATE,
    };
    assert_eq!(settings, Ok(expected));
}

#[test]
fn a_wrong_value_is_pointed_at() {
    for (line, why) in [
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
        ("csv = \"excel\"", "unknown variant `excel`, expected `spreadsheet` or `plain`"),
        ("delimeter = \",\"", "unknown field `delimeter`"),
    ] {
        let error = read(&format!("\n[report]\n{line}\n")).err().unwrap_or_default();
        assert!(error.contains("at line 3, column"), "{line}: {error}");
        assert!(error.contains(why), "{line}: {error}");
    }
}
