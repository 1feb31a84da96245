//! A file that somebody edited is kept, and one that the program wrote is not.

use super::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

type Failed = Box<dyn std::error::Error>;

/// A directory with last night's report.
struct Place {
    directory: TempDir,
    target: std::path::PathBuf,
}

impl Place {
    fn new() -> std::io::Result<Place> {
        let directory = tempfile::tempdir()?;
        let target = directory.path().join("report.csv");
        Ok(Place { directory, target })
    }

    /// Writes tonight's report over this file. What was kept of it, if it was.
    fn replace(&self, content: &[u8], rows: &[ReportRow]) -> Result<Option<Vec<u8>>, Failed> {
        fs::write(&self.target, content)?;
        let published = publish(&self.target, &ReportSettings::default(), rows, &[])?;
        assert!(fs::read(&self.target)?.starts_with("\u{FEFF}\"run_id\",".as_bytes()));
        let kept = published.edited.first().map(|edited| fs::read(&edited.kept_as)).transpose()?;
        for edited in &published.edited {
            assert_eq!(edited.path, self.target);
            fs::remove_file(&edited.kept_as)?;
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(self.directory.path())? {
            names.push(entry?.file_name());
        }
        names.retain(|name| !name.to_string_lossy().ends_with("report.html"));
        names.retain(|name| !name.to_string_lossy().ends_with("report.xlsx"));
        names.sort();
        assert_eq!(names, ["report.csv", "report.json"]);
        Ok(kept)
    }
}

/// These rows as this dialect shows them.
fn shown(settings: &ReportSettings, rows: &[ReportRow]) -> Result<String, Failed> {
    let place = Place::new()?;
    publish(&place.target, settings, rows, &[])?;
    Ok(fs::read_to_string(&place.target)?)
}

fn rows() -> [ReportRow; 3] {
    [short_payment(), unverified(), all_texts("=1;+2, \"-3\"")]
}

/// The dialects in which the program may have written a file.
fn dialects() -> Result<Vec<ReportSettings>, Failed> {
    let mut dialects = Vec::new();
    for csv in [CsvStyle::Spreadsheet, CsvStyle::Plain] {
        for (delimiter, decimal_separator) in [
            (",", DecimalSeparator::Point),
            (";", DecimalSeparator::Comma),
            ("\t", DecimalSeparator::Comma),
            ("|", DecimalSeparator::Point),
        ] {
            let delimiter = Delimiter::try_from(delimiter.to_owned())?;
            let default = ReportSettings::default();
            dialects.push(ReportSettings { csv, delimiter, decimal_separator, ..default });
        }
    }
    Ok(dialects)
}

#[test]
fn the_same_cells_are_the_programs_own_in_any_dialect() -> Outcome {
    let place = Place::new()?;
    for settings in dialects()? {
        let same = shown(&settings, &rows())?;
        assert_eq!(place.replace(same.as_bytes(), &rows())?, None, "{settings:?}");
        let empty = shown(&settings, &[])?;
        assert_eq!(place.replace(empty.as_bytes(), &rows())?, None, "{settings:?}");
    }
    Ok(())
}

/// A spreadsheet that saves the file again shows 490.00 as 490, and 490.50 as 490.5.
#[test]
fn a_file_that_was_only_saved_again_is_the_programs_own() -> Outcome {
    let place = Place::new()?;
    let saved = shown(&ReportSettings::default(), &rows())?;
    let saved_again = saved.replace(",490.00,", ",490,").replace(",-10.00,", ",-10.0,");
    assert_ne!(saved_again, saved);
    assert_eq!(place.replace(saved_again.as_bytes(), &rows())?, None);
    let edited = saved.replace(",490.00,", ",4900,");
    assert_eq!(place.replace(edited.as_bytes(), &rows())?, Some(edited.into_bytes()));
    Ok(())
}

/// Without `until` and `next_step`, nothing in quotes that needs none, and the guard of that time.
#[test]
fn a_file_of_an_earlier_release_is_the_programs_own() -> Outcome {
    let earlier = "\u{FEFF}run_id,kind,severity,state,at_risk,currency,merchant_order_id,\
        payment_uid,order_date,transaction_type,accounting_type,ledger_amount,gateway_amount,\
        final_amount,variance,ledger_status,payment_status,accounting_status,notify_status,\
        channel,reason,first_seen,open_days,last_verified,mismatch_id,decision,owner,note\r\n\
        12,unverified,high,open,7.125,inr,'=2;=3,,2026-11-20,,,7.125,,,,,,,,,\
        \"No trustworthy answer: the gateway answered 503, 4 tries.\",2026-11-20,3,,m-77,,,\r\n";
    let mut row = unverified();
    row.key.merchant_order_id = "=2;=3".to_owned();
    let place = Place::new()?;
    assert_eq!(place.replace(earlier.as_bytes(), &[row])?, None);
    Ok(())
}

#[test]
fn every_edit_is_kept() -> Outcome {
    let place = Place::new()?;
    for settings in dialects()? {
        let own = shown(&settings, &rows())?;
        let delimiter = char::from(settings.delimiter.byte());
        let lines: Vec<&str> = own.lines().collect();
        let edits = [
            own.replacen("\"gateway\"", "\"gateways\"", 1),
            own.replacen("\"m-77\"", "\"'m-77\"", 1),
            own.replacen("\"\"", "\"we know\"", 1),
            own.replacen("\"00123456789012345678\"", "123456789012345678", 1),
            own.replacen("-10", "-11", 1),
            own.replacen("\"next_step\"", "\"next\"", 1),
            own.replacen("\"owner\"", "\"note\"", 1),
            own.replacen("\"next_step\"", &format!("\"next_step\"{delimiter}\"mine\""), 1),
            lines[..3].join("\n"),
            format!("{own}{}\n", lines[1]),
            [lines[0], lines[2], lines[1], lines[3]].join("\n"),
            own.replacen("\"operator\"", &format!("\"operator\"{delimiter}\"mine\""), 1),
        ];
        for edited in edits {
            assert_ne!(edited, own);
            let kept = place.replace(edited.as_bytes(), &rows())?;
            assert_eq!(kept, Some(edited.into_bytes()), "{settings:?}");
        }
    }
    Ok(())
}

#[test]
fn columns_may_move_and_be_removed() -> Outcome {
    let place = Place::new()?;
    let moved = "mismatch_id;run_id;at_risk\nm-0f3a;12;10,00\nm-77;12;7.125\n";
    assert_eq!(place.replace(moved.as_bytes(), &[short_payment(), unverified()])?, None);
    let edited = moved.replace("7.125", "7.126");
    let kept = place.replace(edited.as_bytes(), &[short_payment(), unverified()])?;
    assert_eq!(kept, Some(edited.into_bytes()));
    Ok(())
}

#[test]
fn what_is_no_csv_of_ours_is_kept() -> Outcome {
    let place = Place::new()?;
    let endless = [b"\"run_id\"\n\"".to_vec(), vec![b'x'; 40 << 20]].concat();
    let utf_16: Vec<u8> =
        "\u{FEFF}run_id\n12\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for content in [&b"old"[..], b"\0", b"run_id\n\"12", b"\n", &utf_16, &endless, b"\xEF\xBB\xBF"]
    {
        let kept = place.replace(content, &rows())?;
        assert!(kept.as_deref() == Some(content), "{:?}", content.get(..20));
    }
    assert_eq!(place.replace(b"", &rows())?, None, "nothing is lost with an empty file");
    Ok(())
}

#[test]
fn a_known_digest_is_the_programs_own() -> Outcome {
    let place = Place::new()?;
    let own = publish(&place.target, &plain(), &[unverified()], &[])?;
    let staged = stage(&place.target, &plain(), &[short_payment()], &[])?;
    let is_own = |sha256: &str| own.written.iter().any(|file| file.sha256 == sha256);
    let replaced = staged.publish(&is_own, instant(NIGHT))?;
    assert_eq!(replaced.edited, []);
    let others = replaced.written.iter().filter(|file| file.role != Role::Mismatches);
    let others: Vec<&str> = others.map(|file| file.sha256.as_str()).collect();
    let is_own = |sha256: &str| others.contains(&sha256);
    let staged = stage(&place.target, &plain(), &[unverified()], &[])?;
    assert!(!staged.publish(&is_own, instant(NIGHT))?.edited.is_empty());
    Ok(())
}

#[test]
fn an_edited_file_has_a_name_of_its_own_each_time() -> Outcome {
    let place = Place::new()?;
    for (edit, name) in [
        ("one", "report.edited-20261123T051009.csv"),
        ("two", "report.edited-20261123T051009-2.csv"),
        ("three", "report.edited-20261123T051009-3.csv"),
    ] {
        fs::write(&place.target, edit)?;
        let mode = Permissions::from_mode(0o604);
        fs::set_permissions(&place.target, mode)?;
        let published = publish(&place.target, &plain(), &[], &[])?;
        let kept_as = place.directory.path().join(name);
        let edited = Edited { path: place.target.clone(), kept_as: kept_as.clone() };
        assert_eq!(published.edited, [edited]);
        assert_eq!(fs::read_to_string(&kept_as)?, edit);
        assert_eq!(fs::metadata(&kept_as)?.permissions().mode() & 0o777, 0o604, "it is the file");
    }
    Ok(())
}

/// Both files of a run are edited, and the second rename fails.
#[test]
fn what_was_not_replaced_is_not_set_aside() -> Outcome {
    let place = Place::new()?;
    let invalid_rows = place.directory.path().join("report-invalid-rows.csv");
    fs::write(&invalid_rows, "edited rows")?;
    let staged = stage(&place.target, &plain(), &[], &[invalid(1, b"x")])?;
    fs::create_dir(&place.target)?;
    assert!(staged.publish(&|_| false, instant(NIGHT)).is_err());
    // It was replaced, and is back.
    assert_eq!(fs::read_to_string(&invalid_rows)?, "edited rows");
    let kept = "report-invalid-rows.edited-20261123T051009.csv";
    assert!(!place.directory.path().join(kept).exists());
    fs::remove_dir(&place.target)?;

    fs::write(&place.target, "edited report")?;
    fs::remove_file(&invalid_rows)?;
    let staged = stage(&place.target, &plain(), &[], &[invalid(1, b"x")])?;
    fs::create_dir(&invalid_rows)?;
    assert!(staged.publish(&|_| false, instant(NIGHT)).is_err());
    assert_eq!(fs::read_to_string(&place.target)?, "edited report");
    assert!(!place.directory.path().join("report.edited-20261123T051009.csv").exists());
    Ok(())
}
