//! Rules for the source: which part may use which, and the maximum length of files and lines.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the source has failed")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Which other parts each part of `src` may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("interrupt", &[]),
    ("tabular", &["domain"]),
    ("ledger", &["domain", "tabular"]),
    ("decisions", &["domain", "tabular"]),
    ("gateway", &["domain"]),
    ("rules", &["domain"]),
    ("store", &["domain"]),
    ("report", &["domain"]),
    ("notify", &["domain"]),
    ("sandbox", &["domain"]),
    ("cli", &["domain"]),
    ("settings", &["domain", "ledger", "gateway", "rules", "store", "report", "notify"]),
    // The one place where an error of a stage gets its exit code.
    ("failure", &["domain", "settings", "ledger", "gateway", "store", "report"]),
    (
        "reconcile",
        &[
            "domain",
            "settings",
            "failure",
            "interrupt",
            "ledger",
            "decisions",
            "gateway",
            "rules",
            "store",
            "report",
        ],
    ),
    (
        "commands",
        &[
            "domain",
            "settings",
            "failure",
            "interrupt",
            "cli",
            "ledger",
            "reconcile",
            "report",
            "store",
            "gateway",
            "sandbox",
            "notify",
        ],
    ),
    ("main", &["cli", "settings", "commands", "failure"]),
];

/// Libraries, and the environment, that only these parts may use.
const USED_ONLY_IN: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("axum", &["sandbox"]),
    ("reqwest", &["gateway", "sandbox", "notify"]),
    ("rustls", &["gateway"]),
    ("std::env", &["settings", "main"]),
];

const LONGEST_FILE: usize = 400;
const LONGEST_LINE: usize = 100;

struct Source {
    path: PathBuf,
    /// The first part of its module path.
    part: String,
    text: String,
}

impl Source {
    /// Its lines with their numbers, comments left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = (1..).zip(self.text.lines());
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}

/// Every Rust file below this directory of the package.
fn sources(directory: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let top = root.join(directory);
    let mut found = Vec::new();
    let mut directories = vec![top.clone()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let first = path.strip_prefix(&top).unwrap().iter().next().unwrap();
                let part = first.to_str().unwrap().trim_end_matches(".rs").to_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                found.push(Source { path: path.strip_prefix(root).unwrap().into(), part, text });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(found.len() > 5, "{directory} has hardly any source files");
    found
}

/// The word at the start of a text.
fn word(text: &str) -> &str {
    let end = |character: char| !(character.is_alphanumeric() || character == '_');
    text.split(end).next().unwrap_or_default()
}

/// The text after each occurrence of `name` as a whole word.
fn after_each<'a>(line: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    line.match_indices(name).filter_map(move |(at, _)| {
        let before = line[..at].chars().next_back();
        let is_whole = before.is_none_or(|before| !before.is_alphanumeric() && before != '_');
        is_whole.then(|| &line[at + name.len()..])
    })
}

#[test]
fn parts_use_only_what_they_may() {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for source in sources("src").iter().filter(|source| source.part != "lib") {
        seen.insert(source.part.clone());
        let Some((_, allowed)) = MAY_USE.iter().find(|(part, _)| *part == source.part) else {
            wrong.push(format!("{}: a part that MAY_USE does not list", source.path.display()));
            continue;
        };
        let own = if source.part == "main" { "octopus_recon::" } else { "crate::" };
        for (number, line) in source.code() {
            for used in after_each(line, own).map(word) {
                if used != source.part && !allowed.contains(&used) {
                    wrong.push(format!("{}: {} uses {used:?}", source.at(number), source.part));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let listed: BTreeSet<String> = MAY_USE.iter().map(|(part, _)| (*part).to_owned()).collect();
    assert_eq!(seen, listed, "MAY_USE and src differ");
}

#[test]
fn libraries_are_used_only_in_their_parts() {
    let mut wrong = Vec::new();
    // Compiled for tests only.
    let is_for_tests = |source: &Source| source.path == Path::new("src/domain/fuzzing.rs");
    for source in sources("src").iter().filter(|source| !is_for_tests(source)) {
        for (number, line) in source.code() {
            for (library, parts) in USED_ONLY_IN {
                let used = after_each(line, library).any(|rest| rest.starts_with([':', ';']));
                // A test's count or seed.
                let is_test = source.path.iter().any(|it| it.to_string_lossy().contains("_tests"));
                if used && !is_test && !parts.contains(&source.part.as_str()) {
                    wrong.push(format!("{}: {library}", source.at(number)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_a_float() {
    // A spreadsheet's number cell is one; contrast of colours is no money.
    const MAY: [&str; 2] =
        ["src/report/formats/xlsx/number.rs", "src/report/formats/html/tests/contrast.rs"];
    let mut wrong = Vec::new();
    for source in sources("src") {
        if MAY.iter().any(|path| source.path == Path::new(path)) {
            continue;
        }
        for (number, line) in source.code() {
            let is_type = |name| after_each(line, name).any(|rest| word(rest).is_empty());
            if ["f32", "f64"].into_iter().any(is_type) {
                wrong.push(source.at(number));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        let lines = source.text.lines().count();
        if lines >= LONGEST_FILE {
            wrong.push(format!("{}: {lines} lines", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn lines_are_short() {
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        for (number, line) in (1..).zip(source.text.lines()) {
            let columns = line.chars().count();
            // The snapshot of a message of one line stays on one line.
            let is_snapshot = line.contains("assert_snapshot!") || line.contains("Exit code ");
            if columns > LONGEST_LINE && !is_snapshot {
                wrong.push(format!("{}: {columns} columns", source.at(number)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
