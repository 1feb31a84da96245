//! Files as they are found: missing, compressed, cut, changing.

use super::*;
use crate::tabular::{Reader, TextEncoding};
use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::path::PathBuf;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap_or_else(|error| unreachable!("{error}"))
}

fn written(directory: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, bytes).unwrap_or_else(|error| unreachable!("{error}"));
    path
}

/// The number of rows below the header, and the digest. Does something at every row.
fn read_file(path: &Path, mut at_row: impl FnMut()) -> Result<(u64, String), TabularError> {
    let encoding = TextEncoding::default();
    let mut reader = Reader::new(Source::open(path)?, encoding, b',', &|| false)?;
    if reader.read_record()?.is_none() {
        return Err(reader.error(Position::File, Fault::Empty));
    }
    let mut rows = 0;
    while reader.read_record()?.is_some() {
        rows += 1;
        at_row();
    }
    Ok((rows, reader.sha256()))
}

fn fault(path: &Path) -> (String, String) {
    let result = read_file(path, || {});
    let Err(error) = result else { unreachable!("{result:?}") };
    (error.to_string(), error.hint().unwrap_or_default().to_owned())
}

fn table(rows: usize) -> Vec<u8> {
    let header = "merchant_order_id,amount,currency,created_at\n".to_owned();
    let rows = (0..rows).map(|row| format!("A{row},5.00,inr,2026-04-10\n"));
    std::iter::once(header).chain(rows).collect::<String>().into_bytes()
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    assert!(encoder.write_all(bytes).is_ok());
    encoder.finish().unwrap_or_default()
}

#[test]
fn files_that_cannot_be_opened() {
    let directory = directory();
    let missing = directory.path().join("orders-20261123.csv");
    let (message, hint) = fault(&missing);
    assert!(message.ends_with("orders-20261123.csv: there is no such file"), "{message}");
    assert_eq!(hint, "check the path");
    assert!(fault(directory.path()).0.ends_with("it is a directory, not a file"));
    assert!(fault(&written(&directory, "empty.csv", b"")).0.contains("it is empty"));
    assert!(fault(&written(&directory, "bom.csv", b"\xEF\xBB\xBF")).0.contains("it is empty"));
    assert!(fault(&written(&directory, "lines.csv", b"\r\n\n \n")).0.contains("it is empty"));
    assert!(fault(&written(&directory, "empty.csv.gz", &zipped(b""))).0.contains("it is empty"));
}

#[cfg(unix)]
#[test]
fn a_file_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let directory = directory();
    let path = written(&directory, "a.csv", &table(1));
    assert!(fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).is_ok());
    // Root can read every file.
    if File::open(&path).is_err() {
        assert!(fault(&path).0.ends_with("there is no permission to read it"));
    }
}

#[test]
fn files_of_other_formats() {
    let directory = directory();
    for (name, bytes, message, hint) in [
        ("a.csv", zipped(&table(1)), "compressed with gzip", "ends in .gz"),
        ("b.csv.gz", table(1), "cut short or damaged", "gzip -t"),
        ("c.csv", b"PK\x03\x04....".to_vec(), "a workbook or an archive", "CSV UTF-8"),
        ("d.csv", b"\xFF\xFEm\0e\0".to_vec(), "UTF-16", "CSV UTF-8"),
        ("e.csv", b"\xFE\xFF\0m\0e".to_vec(), "UTF-16", "iconv"),
    ] {
        let path = written(&directory, name, &bytes);
        let (got, hinted) = fault(&path);
        assert!(got.contains(message) && hinted.contains(hint), "{name}: {got} {hinted}");
    }
}

#[test]
fn compressed_files_are_read_whole_or_refused() {
    let directory = directory();
    let plain = read_file(&written(&directory, "a.csv", &table(300)), || {}).ok();
    assert_eq!(plain.as_ref().map(|(rows, _)| *rows), Some(300));
    let bytes = table(300);
    let (first, second) = bytes.split_at(5000);
    let both = [zipped(first), zipped(second)].concat();
    for (name, bytes) in [("one.csv.gz", zipped(&bytes)), ("two.CSV.GZ", both)] {
        assert_eq!(read_file(&written(&directory, name, &bytes), || {}).ok(), plain, "{name}");
    }
    let whole = zipped(&bytes);
    for length in 1..whole.len() {
        let cut = written(&directory, "cut.csv.gz", &whole[..length]);
        let (message, _) = fault(&cut);
        assert!(message.contains("cut short or damaged"), "{length}: {message}");
    }
}

#[test]
fn a_file_that_changes_is_refused_and_one_that_is_replaced_is_not() {
    let directory = directory();
    let path = written(&directory, "a.csv", &table(2));
    let mut appended = false;
    let grown = read_file(&path, || {
        if !std::mem::replace(&mut appended, true) {
            let file = fs::OpenOptions::new().append(true).open(&path);
            assert!(file.and_then(|mut file| file.write_all(b"half a row")).is_ok());
        }
    });
    let Err(error) = grown else { unreachable!("{grown:?}") };
    assert!(matches!(*error.fault, Fault::Changed), "{error}");

    let path = written(&directory, "b.csv", &table(2));
    let replaced = read_file(&path, || {
        let other = written(&directory, "other.csv", &table(5));
        assert!(fs::rename(other, &path).is_ok());
    });
    assert_eq!(replaced.map(|(rows, _)| rows).ok(), Some(2));
}
