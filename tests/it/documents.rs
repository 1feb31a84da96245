//! What the README, docs/, cron/ and the example configuration say, checked against the program.
//! This file reads Markdown; the tests are in the files of `documents/`, by subject.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read has failed")]

mod bounds;
mod commands;
mod examples;
mod links;
mod reference;

use std::path::Path;

/// A file of the repository.
pub fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of README.md and of all pages in docs/, in this order.
fn pages() -> Vec<String> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let entries = std::fs::read_dir(docs).unwrap();
    let mut pages: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    pages.sort();
    assert!(pages.len() >= 6, "{pages:?}");
    pages.insert(0, "README.md".to_owned());
    pages
}

/// The text of all [`pages`].
fn manual() -> String {
    pages().iter().map(|name| document(name) + "\n").collect()
}

/// The text below this heading, up to the next heading of any level.
pub fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let start = document.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading}"));
    let rest = &document[start + heading.len() + 2..];
    &rest[..rest.find("\n#").unwrap_or(rest.len())]
}

/// The rows of the table in a section, without its headings and without backticks.
pub fn rows(section: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Vec<String> {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    };
    let lines = section.lines().filter(|line| line.starts_with('|'));
    lines.map(cells).skip_while(|row| !row[0].starts_with("---")).skip(1).collect()
}

fn first_cells(section: &str) -> Vec<String> {
    rows(section).into_iter().map(|mut row| row.remove(0)).collect()
}

/// The first code block in this language in a section.
fn block<'a>(document: &'a str, heading: &str, language: &str) -> &'a str {
    let mut blocks = section(document, heading).split("```").skip(1).step_by(2);
    let block = blocks.find(|block| block.starts_with(language));
    block.unwrap_or_else(|| panic!("no {language} in {heading}")).split_once('\n').unwrap().1
}
