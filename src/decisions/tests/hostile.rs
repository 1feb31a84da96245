//! What an attacker or a clumsy person puts into the output directory.

use super::*;
use std::fs::File;
use std::io::{Cursor, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};
use zip::write::SimpleFileOptions;

fn why(path: &Path) -> String {
    match open(path).and_then(read) {
        Ok(None) => "nothing of ours".to_owned(),
        Ok(Some(_)) => "read".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn why_of(name: &str, bytes: &[u8]) -> Result<String, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join(name);
    fs::write(&path, bytes)?;
    Ok(why(&path))
}

/// A workbook's archive with these files inside.
fn archive(files: &[(&str, &[u8])]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default())?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

#[test]
fn candidates_are_what_spreadsheets_save() -> Outcome {
    let directory = tempfile::tempdir()?;
    let at = |name: &str| directory.path().join(name);
    for name in [
        "mismatches-run12.csv",
        "mismatches-run12.edited-20261123T051009.xlsx",
        "latest.xlsx",
        "My Copy.XLSX",
        "old.xls",
        "office.ods",
        ".~lock.latest.xlsx#",
        "~$latest.xlsx",
        ".octopus-recon-1.csv",
        "mismatches-run12-invalid-rows.csv",
        "mismatches-run12-invalid-rows.edited-20261123T051009.csv",
        "mismatches-run12.json",
        "mismatches-run12.html",
        "csv",
        "ancient.csv",
    ] {
        fs::write(at(name), "x")?;
    }
    let now = SystemTime::now();
    let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
    let set = |name: &str, time| File::options().write(true).open(at(name))?.set_modified(time);
    set("ancient.csv", now - days(61))?;
    set("latest.xlsx", now - days(59))?;
    set("office.ods", now + days(1))?;
    let found = candidates(directory.path(), now)?;
    let names: Vec<_> = found.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert_eq!(
        names,
        [
            "My Copy.XLSX",
            "latest.xlsx",
            "mismatches-run12.csv",
            "mismatches-run12.edited-20261123T051009.xlsx",
            "office.ods",
            "old.xls"
        ]
    );
    assert!(candidates(&at("missing"), now).is_err());
    Ok(())
}

#[test]
fn only_regular_files_are_opened() -> Outcome {
    let directory = tempfile::tempdir()?;
    let at = |name: &str| directory.path().join(name);
    fs::write(at("real.csv"), csv_of(&awkward_rows()))?;
    symlink(at("real.csv"), at("link.csv"))?;
    symlink("/dev/zero", at("zero.xlsx"))?;
    fs::create_dir(at("folder.xlsx"))?;
    assert!(Command::new("mkfifo").arg(at("pipe.csv")).status()?.success());
    let _socket = std::os::unix::net::UnixListener::bind(at("socket.csv"))?;
    assert_eq!(why(&at("real.csv")), "read");
    let link = "it is a link, and links are not followed; put the file itself here";
    assert_eq!(why(&at("link.csv")), format!("link.csv: {link}"));
    assert_eq!(why(&at("zero.xlsx")), format!("zero.xlsx: {link}"));
    for name in ["folder.xlsx", "pipe.csv", "socket.csv"] {
        assert_eq!(why(&at(name)), format!("{name}: it is not a regular file"));
    }
    assert_eq!(why(Path::new("/dev/zero")), "zero: it is not a regular file");
    assert_eq!(why(&at("gone.csv")), "gone.csv: the file is gone");
    Ok(())
}

#[test]
fn large_files_are_not_read() -> Outcome {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("sparse.csv");
    for bytes in [10 * 1024 * 1024 * 1024, 64 * 1024 * 1024 + 1] {
        File::create(&path)?.set_len(bytes)?;
        assert_eq!(why(&path), "sparse.csv: it is larger than 64 MiB");
    }
    File::create(&path)?.set_len(64 * 1024 * 1024)?;
    assert!(open(&path).is_ok());
    Ok(())
}

#[test]
fn a_file_that_changes_between_digest_and_reading_is_left() -> Outcome {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("busy.csv");
    fs::write(&path, csv_of(&awkward_rows()))?;
    let opened = open(&path)?;
    let written = fs::read(&path)?;
    assert_eq!(opened.sha256(), hex::encode(<sha2::Sha256 as sha2::Digest>::digest(written)));
    assert_eq!(opened.name().as_str(), "busy.csv");
    File::options().append(true).open(&path)?.write_all(b"more")?;
    let error = read(opened).err().map(|error| error.to_string());
    let expected = "busy.csv: it changed while it was read; the next run reads it";
    assert_eq!(error.as_deref(), Some(expected));
    Ok(())
}

#[test]
fn other_files_with_the_name_of_a_workbook_are_named() -> Outcome {
    let not = "it is not a workbook, whatever its name says; save it as .xlsx";
    let other = "it is a workbook of another format; save it as .xlsx";
    let mut ole2 = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    ole2.resize(4096, 0);
    let mut encrypted = ole2.clone();
    encrypted.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    let ods = archive(&[("mimetype", b"x"), ("content.xml", b"<x/>")])?;
    let binary = archive(&[("xl/workbook.bin", b"x")])?;
    let zip = archive(&[("a.txt", b"x")])?;
    for (name, bytes, expected) in [
        ("text.xlsx", csv_of(&awkward_rows()).into_bytes(), not),
        ("page.xls", b"<html><table></table></html>".to_vec(), not),
        ("empty.xlsx", Vec::new(), "the file is empty"),
        ("old.xls", ole2.clone(), other),
        ("renamed.xlsx", ole2, other),
        ("secret.xlsx", encrypted, "it has a password; save it without one"),
        ("office.ods", ods, other),
        ("binary.xlsx", binary, other),
        ("archive.xlsx", zip, not),
    ] {
        assert_eq!(why_of(name, &bytes)?, format!("{name}: {expected}"));
    }
    assert_eq!(why_of("empty.csv", b"")?, "nothing of ours");
    assert_eq!(why_of("workbook.csv", &workbook_of(&awkward_rows())?)?, "read");
    Ok(())
}

#[test]
fn damaged_workbooks_are_named() -> Outcome {
    let whole = workbook_of(&awkward_rows())?;
    let start = "cut.xlsx: it cannot be read as a workbook: ";
    for length in [4, 100, whole.len() / 2, whole.len() - 10] {
        let why = why_of("cut.xlsx", &whole[..length])?;
        assert!(why.starts_with(start), "{length}: {why}");
    }
    // Whatever one wrong byte does, it does not end the night.
    for place in (0..whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x55;
        let why = why_of("cut.xlsx", &bytes)?;
        assert!(!why.is_empty());
    }
    Ok(())
}

#[test]
fn bombs_are_not_unpacked() -> Outcome {
    let zeros = vec![0; 1024 * 1024];
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let fast = SimpleFileOptions::default().compression_level(Some(1));
    zip.start_file("xl/workbook.xml", fast)?;
    for _ in 0..260 {
        zip.write_all(&zeros)?;
    }
    let bomb = zip.finish()?.into_inner();
    assert!(bomb.len() < 8 * 1024 * 1024);
    let expected = "bomb.xlsx: its content is larger than 256 MiB unpacked";
    assert_eq!(why_of("bomb.xlsx", &bomb)?, expected);
    // A size that the archive states wrongly hides nothing.
    let stated = u32::try_from(260 * zeros.len())?.to_le_bytes();
    let mut lying = bomb.clone();
    let mut changed = 0;
    for place in 0..lying.len() - 4 {
        if lying[place..place + 4] == stated {
            lying[place..place + 4].copy_from_slice(&1_u32.to_le_bytes());
            changed += 1;
        }
    }
    assert!(changed > 0);
    assert_ne!(why_of("bomb.xlsx", &lying)?, "read");
    let texts = "<si/>".repeat(2_100_000);
    let texts = archive(&[("xl/workbook.xml", b"x"), ("xl/sharedStrings.xml", texts.as_bytes())])?;
    let expected = "bomb.xlsx: it has more than 2,000,000 cells";
    assert_eq!(why_of("bomb.xlsx", &texts)?, expected);
    Ok(())
}

#[test]
fn sheets_and_files_inside_are_bounded() -> Outcome {
    let with_sheets = |count: usize| -> Result<Vec<u8>, Box<dyn Error>> {
        let mut workbook = Workbook::new();
        for _sheet in 0..count {
            workbook.add_worksheet();
        }
        Ok(workbook.save_to_buffer()?)
    };
    assert_eq!(why_of("thick.xlsx", &with_sheets(30)?)?, "nothing of ours");
    let why = why_of("thick.xlsx", &with_sheets(31)?)?;
    assert_eq!(why, "thick.xlsx: it has more than 30 sheets");
    let with_files = |count: usize| -> Result<Vec<u8>, Box<dyn Error>> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for number in 0..count {
            zip.start_file(number.to_string(), SimpleFileOptions::default())?;
        }
        Ok(zip.finish()?.into_inner())
    };
    assert!(!why_of("many.xlsx", &with_files(10_000)?)?.contains("10,000 files"));
    let why = why_of("many.xlsx", &with_files(10_001)?)?;
    assert_eq!(why, "many.xlsx: there are more than 10,000 files inside");
    Ok(())
}

#[test]
fn cells_are_bounded() -> Outcome {
    let mut text = csv_of(&awkward_rows());
    let mut reader = ::csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).from_reader(text.as_bytes());
    let cells: usize = reader.records().flatten().map(|record| record.len()).sum();
    // One cell more than separators.
    let within = format!("{text}{}\n", ",".repeat(2_000_000 - cells - 1));
    assert_eq!(why_of("wide.csv", within.as_bytes())?, "read");
    text.push_str(&",".repeat(2_000_000 - cells));
    assert_eq!(why_of("wide.csv", text.as_bytes())?, "wide.csv: it has more than 2,000,000 cells");
    Ok(())
}
