//! Configurations of any bytes: each loads, or its error names the file and the line and shows no
//! secret.

use super::*;
use crate::domain::fuzzing::{Bytes, WORDS, assert_message, changed, config, hostile, quick};
use proptest::prelude::*;
use proptest::sample::select;

const EXAMPLE: &str = include_str!("../../octopus-recon.example.toml");
const SECRET: &str = "S3CRET-IN-FILE";

/// The example with every key set.
fn every_key() -> String {
    let is_code = |code: &str| code.starts_with('[') || code.contains(" = ");
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix("# ") {
        Some(code) if is_code(code) && code.parse::<toml::Table>().is_ok() => code,
        _ => line,
    });
    let code = lines.filter(|line| !line.starts_with('#') && !line.is_empty());
    code.map(|line| line.split(" # ").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

fn seeds() -> Vec<Vec<u8>> {
    let all = every_key();
    let parts = all.split("\n[").enumerate().map(|(part, text)| match part {
        0 => text.as_bytes().to_vec(),
        _ => format!("[{text}\n").into_bytes(),
    });
    let mut seeds: Vec<Vec<u8>> = parts.collect();
    seeds.push(all.into_bytes());
    seeds
}

fn load(content: &[u8]) -> Result<Settings, SettingsError> {
    let directory = tempfile::tempdir().unwrap_or_else(|error| unreachable!("{error}"));
    let path = directory.path().join("octopus-recon.toml");
    assert!(std::fs::write(&path, content).is_ok());
    Settings::load(Flags { config: Some(path), ..Flags::default() }, &|_| None)
}

/// What has to hold for every configuration.
fn check(content: &[u8], secrets: &[&str]) {
    let loaded = quick(|| load(content));
    let again = load(content);
    let (error, again) = match (loaded, again) {
        (Err(error), Err(again)) => (error, again),
        (one, other) => {
            assert_eq!(one.is_ok(), other.is_ok());
            return;
        }
    };
    assert_eq!(error.hint(), again.hint());
    let SettingsError::Invalid { line, column, .. } = error else {
        unreachable!("{error}");
    };
    let lines = content.split(|byte| *byte == b'\n').count();
    assert!((1..=lines).contains(&line), "line {line} of {lines}");
    assert!((1..=content.len() + 1).contains(&column), "column {column}");
    let message = error.to_string();
    assert!(message.contains(&format!("octopus-recon.toml, line {line}, column {column}: ")));
    assert_message(&message, secrets);
    assert_message(&error.hint(), secrets);
}

#[test]
fn every_key_of_the_example_is_a_seed() {
    let loaded = load(every_key().as_bytes());
    assert!(loaded.is_ok(), "{loaded:?}");
    assert!(every_key().lines().count() > 80);
}

#[test]
fn a_byte_that_is_not_utf_8_has_its_place() {
    let error = load(b"[gateway]\nbase_url = \"https://\xE9\"\n").err();
    let message = error.map(|error| error.to_string()).unwrap_or_default();
    let expected = "line 2, column 21: it is not valid UTF-8 from here on; save it as UTF-8";
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn hostile_configurations_are_read_first() {
    for text in hostile() {
        check(&text, &[]);
        let above = [&text[..], b"\n[gateway]\napi_key = \"S3CRET-IN-FILE\"\n"].concat();
        check(&above, &[SECRET]);
        check(&[b"[gateway]\nmax_attempts = ", &text[..]].concat(), &[]);
        check(&[b"[gateway]\nbase_url = \"", &text[..], b"\"\n"].concat(), &[]);
    }
    for deep in ["a.".repeat(10_000) + "a = 1", format!("[{}a]", "a.".repeat(10_000))] {
        check(deep.as_bytes(), &[]);
        check(format!("[ledger.statuses]\n{deep}").as_bytes(), &[]);
    }
}

proptest! {
    #![proptest_config(config(120))]

    #[test]
    fn changed_configurations(Bytes(content) in changed(seeds())) {
        check(&content, &[]);
    }

    /// The key, written wrongly, in a configuration that has other faults.
    #[test]
    fn a_secret_is_never_shown(
        Bytes(content) in changed(seeds()),
        line in select(vec![
            "api_key = \"S3CRET-IN-FILE\"",
            "api_key = S3CRET-IN-FILE",
            "api_key = \"S3CRET-IN-FILE",
            "api_key = ['S3CRET-IN-FILE']",
            "api_key = { S3CRET-IN-FILE = 1 }",
            "api_key: S3CRET-IN-FILE",
            "api_secret = \"S3CRET-IN-FILE\"",
            "api_key = '''\nS3CRET-IN-FILE",
            "api_key = \"a\"\napi_key = \"S3CRET-IN-FILE\"",
            "max_attempts = \"S3CRET-IN-FILE\"",
        ]),
        is_first in any::<bool>(),
    ) {
        let line = format!("\n[gateway]\n{line}\n").into_bytes();
        let whole = if is_first { [line, content].concat() } else { [content, line].concat() };
        check(&whole, &[SECRET]);
    }

    #[test]
    fn every_key_with_every_word(
        place in any::<proptest::sample::Index>(),
        word in select(WORDS.to_vec()),
    ) {
        let all = every_key();
        let mut lines: Vec<String> = all.lines().map(str::to_owned).collect();
        let line = place.index(lines.len());
        let quoted = toml::Value::from(word).to_string();
        if let Some((key, _)) = lines[line].clone().split_once(" = ") {
            lines[line] = format!("{key} = {quoted}");
        }
        check(lines.join("\n").as_bytes(), &[]);
    }
}
