//! Files that LibreOffice opened and saved.

use super::*;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// From UTF-8, separators comma and semicolon, from line 1, in this language; text in quotes is
/// text or is not, and numbers like dates are found.
const AS_ENGLISH: &str = "CSV:44/59,34,76,1,,1033,false,true";
const AS_GERMAN: &str = "CSV:44/59,34,76,1,,1031,false,true";
const QUOTED_IS_TEXT: &str = "CSV:44/59,34,76,1,,1033,true,true";

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
        Ok(Some(Office { directory: tempfile::tempdir()? }))
    }

    /// Opens the file and saves it as `to`.
    fn save(
        &self,
        name: &str,
        bytes: &[u8],
        from: Option<&str>,
        to: &str,
    ) -> Result<EditedFile, Box<dyn Error>> {
        let path: PathBuf = self.directory.path().join(name);
        fs::write(&path, bytes)?;
        let out = self.directory.path().join("out");
        let profile = self.directory.path().join("profile");
        let mut soffice = Command::new("soffice");
        soffice.arg(format!("-env:UserInstallation=file://{}", profile.display()));
        soffice.args(["--headless", "--convert-to", to, "--outdir"]).arg(&out);
        if let Some(filter) = from {
            soffice.arg(format!("--infilter={filter}"));
        }
        let output = soffice.arg(&path).output()?;
        assert!(output.status.success(), "{output:?}");
        let extension = to.split(':').next().unwrap_or_default();
        let saved = out.join(name).with_extension(extension);
        Ok(read(open(&saved)?)?.ok_or("no mismatch ids")?)
    }
}

/// The German export: `;` between cells and decimal commas.
const GERMAN_CSV: &str = "csv:Text - txt - csv (StarCalc):59,34,76,1,,1031";
const ENGLISH_CSV: &str = "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033";

#[test]
fn unedited_files_saved_by_libreoffice_have_no_edit() -> Outcome {
    let Some(office) = Office::find()? else { return Ok(()) };
    let rows = awkward_rows();
    let workbook = workbook_of(&rows)?;
    let csv = format!("\u{feff}{}", csv_of(&rows)).into_bytes();
    for (name, bytes, from, to) in [
        ("a.xlsx", &workbook, None, "xlsx"),
        ("b.csv", &csv, Some(AS_ENGLISH), ENGLISH_CSV),
        ("c.csv", &csv, Some(QUOTED_IS_TEXT), GERMAN_CSV),
        ("d.csv", &csv, Some(AS_GERMAN), GERMAN_CSV),
        ("e.csv", &csv, Some(AS_ENGLISH), "xlsx"),
    ] {
        let file = office.save(name, bytes, from, to)?;
        assert_unchanged(&file, &rows);
    }
    Ok(())
}

#[test]
fn edits_survive_libreoffice_and_prove_their_rows() -> Outcome {
    let Some(office) = Office::find()? else { return Ok(()) };
    let rows = awkward_rows();
    // What a person typed, as the file has it before the spreadsheet saves it again.
    let edited: Vec<ReportRow> = rows
        .iter()
        .map(|row| {
            let row = row.clone();
            decided(row, Verdict::ToCorrect, "2027-01-31", "Ravi", "looked at it")
        })
        .collect();
    let expected = |row: &ReportRow| {
        let before = &row.decision;
        Comparison::Edit(Edit {
            verdict: (before.verdict != Some(Verdict::ToCorrect))
                .then_some(Change::Set(Verdict::ToCorrect)),
            until: Some(Change::Set(date("2027-01-31"))),
            owner: Some(Text::own("Ravi")),
            note: Some(Text::own("looked at it")),
        })
    };
    let workbook = workbook_of(&edited)?;
    let csv = format!("\u{feff}{}", csv_of(&edited)).into_bytes();
    for (name, bytes, from, to) in [
        ("a.xlsx", &workbook, None, "xlsx"),
        ("b.csv", &csv, Some(AS_ENGLISH), ENGLISH_CSV),
        ("c.csv", &csv, Some(QUOTED_IS_TEXT), GERMAN_CSV),
        ("e.csv", &csv, Some(AS_ENGLISH), "xlsx"),
    ] {
        let file = office.save(name, bytes, from, to)?;
        assert_eq!(file.rows.len(), rows.len());
        for (row, comparison) in rows.iter().zip(comparisons(&file, &rows)) {
            assert_eq!(comparison, expected(row), "{name}: {row:?}");
        }
    }
    Ok(())
}
