//! Files that somebody edited, damaged on the way: each is read, or named in one line.

use super::*;
use crate::domain::fuzzing::{
    ACCOUNT, Bytes, WORDS, assert_message, changed, config, hostile, quick,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::io::{Cursor, Read, Write};
use std::sync::LazyLock;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

fn csv_seeds() -> Vec<Vec<u8>> {
    let text = csv_of(&awkward_rows());
    let work = text.replacen("mismatch_id", "mismatch_ids", 1).replace("m-a1", "m-a1 m-a2");
    vec![
        text.clone().into_bytes(),
        format!("\u{feff}sep=;\r\n{}", csv_with(&awkward_rows(), ';', &|_, _| {})).into_bytes(),
        csv_with(&awkward_rows(), '\t', &|_, _| {}).into_bytes(),
        format!("title\r\n\r\n{work}").into_bytes(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ]
}

/// The files inside a workbook, by their names.
static PARTS: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let bytes = workbook_of(&awkward_rows()).unwrap_or_default();
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap_or_else(|it| unreachable!("{it}"));
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap_or_else(|it| unreachable!("{it}"));
        let mut content = Vec::new();
        assert!(entry.read_to_end(&mut content).is_ok());
        parts.push((entry.name().to_owned(), content));
    }
    parts
});

fn packed(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_level(Some(1));
    for (name, content) in parts {
        assert!(archive.start_file(name, stored).is_ok());
        assert!(archive.write_all(content).is_ok());
    }
    archive.finish().map(Cursor::into_inner).unwrap_or_default()
}

/// What has to hold for every file.
fn check(name: &str, bytes: &[u8]) {
    let directory = tempfile::tempdir().unwrap_or_else(|error| unreachable!("{error}"));
    let path = directory.path().join(name);
    assert!(fs::write(&path, bytes).is_ok());
    let outcome = || match open(&path).and_then(read) {
        Ok(None) => "nothing of ours".to_owned(),
        Ok(Some(file)) => {
            check_rows(&file);
            format!("{file:?}")
        }
        Err(error) => {
            let message = error.to_string();
            assert!(message.starts_with(&format!("{name}: ")), "{message}");
            assert_message(&message, &[ACCOUNT]);
            assert!(message.len() < 1_024, "{message}");
            message
        }
    };
    assert_eq!(quick(outcome), outcome());
    let mut rows = 0_u64;
    let passed = open(&path).and_then(|opened| every_row(opened, &mut |_, _, _| rows += 1));
    if let Err(error) = passed {
        assert_message(&error.to_string(), &[ACCOUNT]);
    }
}

fn check_rows(file: &EditedFile) {
    let written = awkward_rows();
    for (row, comparison) in file.rows.iter().zip(comparisons(file, &written)) {
        for text in [row.said().decision, row.said().until, row.said().owner, row.said().note] {
            let is_fit = |it: char| !it.is_control() && it != '\u{202e}';
            assert!(text.as_str().chars().all(is_fit), "{text:?}");
            assert!(text.as_str().chars().count() <= 1_000);
        }
        if let Comparison::Refused(why) = comparison {
            assert_message(&why, &[]);
        }
    }
}

#[test]
fn the_parts_of_a_workbook_are_a_workbook() -> Outcome {
    let rows = awkward_rows();
    assert_unchanged(&read_workbook(&packed(&PARTS))?, &rows);
    Ok(())
}

/// The workbook's reader quotes what it does not know.
#[test]
fn a_workbook_is_not_quoted_unmasked() {
    let mut parts = PARTS.clone();
    for (_, content) in parts.iter_mut().filter(|(name, _)| name.ends_with("sheet2.xml")) {
        let text = String::from_utf8_lossy(content).replace("t=\"s\"", &format!("t=\"{ACCOUNT}\""));
        assert!(text.contains(ACCOUNT));
        *content = text.into_bytes();
    }
    check("report.xlsx", &packed(&parts));
}

#[test]
fn hostile_files_are_read_first() {
    let header = HEADINGS.join(",");
    for text in hostile() {
        check("report.csv", &text);
        check("report.xlsx", &text);
        let row = [b"\n12,", &text[..], b",1,A-1,", &text, b",m-a1,accepted,", &text].concat();
        check("report.csv", &[header.as_bytes(), &row].concat());
    }
}

proptest! {
    #![proptest_config(config(70))]

    #[test]
    fn changed_csv_files(Bytes(bytes) in changed(csv_seeds())) {
        check("report.csv", &bytes);
    }

    /// An archive that is whole, with a part that is not.
    #[test]
    fn workbooks_with_a_changed_part((name, Bytes(content)) in changed_part()) {
        let mut parts = PARTS.clone();
        for (own, bytes) in &mut parts {
            if *own == name {
                bytes.clone_from(&content);
            }
        }
        check("report.xlsx", &packed(&parts));
    }

    #[test]
    fn changed_archives(Bytes(bytes) in changed(vec![packed(&PARTS)])) {
        check("report.xlsx", &bytes);
    }

    /// A value of a cell or an attribute becomes another word.
    #[test]
    fn workbooks_with_hostile_words(at in any::<Index>(), word in select(WORDS.to_vec())) {
        let mut parts = PARTS.clone();
        let sheet = parts.iter_mut().find(|(name, _)| name.ends_with("sheet2.xml"));
        let (_, content) = sheet.unwrap_or_else(|| unreachable!("no sheet of findings"));
        let text = String::from_utf8_lossy(content).into_owned();
        let places: Vec<usize> =
            text.match_indices(['"', '>']).map(|(place, _)| place + 1).collect();
        let start = places[at.index(places.len())];
        let length = text[start..].find(['"', '<']).unwrap_or(0);
        let word = word.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        *content = [&text[..start], &word, &text[start + length..]].concat().into_bytes();
        check("report.xlsx", &packed(&parts));
    }
}

/// A part of a workbook, by its name, with changes.
fn changed_part() -> impl Strategy<Value = (String, Bytes)> {
    select(PARTS.clone()).prop_flat_map(|(name, content)| (Just(name), changed(vec![content])))
}
