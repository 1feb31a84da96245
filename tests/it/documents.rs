//! What README, the example configuration and cron/ say, held against the program.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read has failed")]

use crate::support::{Gateway, Merchant};
use clap::{CommandFactory, Parser};
use octopus_recon::cli::Cli;
use octopus_recon::domain::mismatch::Kind;
use octopus_recon::sandbox::Faults;
use octopus_recon::settings::{Flags, Settings};
use std::collections::BTreeSet;
use std::path::Path;

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands below this heading, up to the next one of any level.
fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let start = document.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading}"));
    let rest = &document[start + heading.len() + 2..];
    &rest[..rest.find("\n#").unwrap_or(rest.len())]
}

/// The rows of a section's tables, without headings and backticks.
fn rows(section: &str) -> Vec<Vec<String>> {
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

/// Every `--flag` in a text.
fn flags(text: &str) -> BTreeSet<String> {
    let is_word = |character: char| character.is_ascii_lowercase() || character == '-';
    let words = text.split(|character: char| !is_word(character));
    words
        .filter_map(|word| word.strip_prefix("--"))
        .filter(|name| name.starts_with(|first: char| first.is_ascii_lowercase()))
        .map(|name| name.trim_end_matches('-').to_owned())
        .collect()
}

/// The commands for this program in a text: in code blocks and in inline code, continued lines
/// joined.
fn commands(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in text.lines() {
        let inline = line.split('`').skip(1).step_by(2);
        for code in inline.chain([line]) {
            let code = code.split(" #").next().unwrap_or_default().trim();
            let code = code.rsplit("/usr/local/bin/").next().unwrap_or_default();
            let mut words = code.split_whitespace();
            if !matches!(words.next(), Some("octopus-recon" | "recon")) {
                continue;
            }
            let arguments: Vec<String> = words
                .take_while(|word| !matches!(*word, ">" | "|" | "2>>" | "&" | "&&"))
                .map(|word| if word == "RUN" { "1" } else { word }.trim_matches('"').to_owned())
                .collect();
            found.push(arguments);
        }
    }
    found
}

/// Checks that the program takes each command as it is written.
fn assert_commands_are_taken(name: &str, at_least: usize) {
    let is_command = |arguments: &Vec<String>| {
        let first = arguments.first().map(String::as_str).unwrap_or_default();
        first.starts_with("--") || Cli::command().find_subcommand(first).is_some()
    };
    let commands: Vec<Vec<String>> =
        commands(&document(name)).into_iter().filter(is_command).collect();
    assert!(commands.len() >= at_least, "{name}: {commands:?}");
    for arguments in commands {
        let typed = ["octopus-recon".to_owned()].into_iter().chain(arguments.clone());
        if let Err(error) = Cli::try_parse_from(typed) {
            panic!("{name}: {arguments:?}: {error}");
        }
    }
}

#[test]
fn commands_in_documents_are_taken_as_they_are_written() {
    assert_commands_are_taken("README.md", 10);
    assert_commands_are_taken("cron/README.md", 8);
    assert_commands_are_taken("cron/octopus-recon.service", 1);
    assert_commands_are_taken("cron/octopus-recon.crontab", 1);
}

#[test]
fn the_readme_names_the_first_two_commands() {
    let readme = document("README.md");
    for command in ["cargo run --release -- demo", "cargo test"] {
        assert!(readme.lines().any(|line| line.trim() == command), "{command}");
    }
    assert!(document(".ci/run").contains("cargo test"));
}

/// Every command below this one, and below those.
fn below(command: &clap::Command) -> Box<dyn Iterator<Item = &clap::Command> + '_> {
    Box::new(command.get_subcommands().flat_map(|one| std::iter::once(one).chain(below(one))))
}

#[test]
fn the_readme_and_the_help_name_the_same_options() {
    let readme = document("README.md");
    let cargos: BTreeSet<String> =
        readme.lines().filter(|line| line.trim().starts_with("cargo ")).flat_map(flags).collect();
    let mut command = Cli::command();
    command.build();
    let long = |command: &clap::Command| -> BTreeSet<String> {
        command.get_arguments().filter_map(|one| one.get_long().map(str::to_owned)).collect()
    };
    let known: BTreeSet<String> = below(&command).flat_map(long).collect();
    let named = flags(&readme);
    let unknown: Vec<&String> =
        named.iter().filter(|flag| !known.contains(*flag) && !cargos.contains(*flag)).collect();
    assert!(unknown.is_empty(), "README has options that do not exist: {unknown:?}");
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name();
        assert!(name == "help" || readme.contains(&format!("`{name}")), "README lacks {name}");
    }
    let documented = ["run", "deposit", "payout", "sandbox"];
    for command in below(&command).filter(|one| documented.contains(&one.get_name())) {
        for flag in long(command).iter().filter(|flag| *flag != "help") {
            assert!(named.contains(flag), "README lacks {} --{flag}", command.get_name());
        }
    }
}

#[test]
fn the_readme_and_the_help_name_the_same_exit_codes() {
    let help = Merchant::new().run(&["--help"]).stdout;
    let codes = help.split_once("Exit codes:\n").unwrap().1;
    let codes: Vec<(String, String)> = codes
        .lines()
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(code, meaning)| (code.to_owned(), meaning.trim().to_owned()))
        .collect();
    assert_eq!(codes.len(), 13, "{codes:?}");
    let readme = document("README.md");
    let told: Vec<(String, String)> = rows(section(&readme, "## Exit codes"))
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    assert_eq!(told, codes);
    let guide = document("cron/README.md");
    let guided = first_cells(section(&guide, "## Exit codes, and what each asks for"));
    let codes: Vec<String> = codes.into_iter().map(|(code, _)| code).collect();
    assert_eq!(guided, codes);
}

#[test]
fn the_readme_has_every_column_and_kind_in_order() {
    let readme = document("README.md");
    let columns = first_cells(section(&readme, "## The report"));
    assert_eq!(columns, octopus_recon::report::COLUMNS);
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(first_cells(section(&readme, "## Kinds of mismatch")), kinds);
}

#[test]
fn the_readme_has_every_variable_of_the_environment() {
    let source = document("src/settings.rs");
    let is_word = |character: char| character.is_ascii_uppercase() || character == '_';
    let names: BTreeSet<&str> = source
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.chars().all(is_word) && text.contains('_'))
        .collect();
    assert!(names.len() >= 7, "{names:?}");
    let readme = document("README.md");
    let told = first_cells(section(&readme, "### The environment"));
    let told: BTreeSet<&str> = told.iter().map(String::as_str).collect();
    assert_eq!(told, names);
}

/// A line of output without what differs from day to day: dates.
fn undated(line: &str) -> String {
    let mut masked = line.trim_end().to_owned();
    for part in line.split(|character: char| !(character.is_ascii_digit() || character == '-')) {
        if part.len() == 10 && chrono::NaiveDate::parse_from_str(part, "%Y-%m-%d").is_ok() {
            masked = masked.replace(part, "DATE");
        }
    }
    masked
}

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let done = Merchant::new().run(&["demo"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let printed: Vec<String> = done.stdout.lines().map(undated).collect();
    let readme = document("README.md");
    let shown = section(&readme, "## What the demo shows").split("```").nth(1).unwrap();
    let shown: Vec<String> =
        shown.lines().skip(1).filter(|line| line.trim() != "…").map(undated).collect();
    assert!(shown.len() > 10, "{shown:?}");
    for line in shown {
        assert!(printed.contains(&line), "the demo does not print {line:?}: {}", done.stdout);
    }
}

/// The first code block of this language in a section of README.
fn block<'a>(readme: &'a str, heading: &str, language: &str) -> &'a str {
    let mut blocks = section(readme, heading).split("```").skip(1);
    let block = blocks.find(|block| block.starts_with(language));
    block.unwrap_or_else(|| panic!("no {language} in {heading}")).split_once('\n').unwrap().1
}

/// Whether each line of this block is printed, but for those that are left out with `…`.
fn assert_is_printed(block: &str, printed: &str) {
    let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
    let shown: Vec<&str> = block.lines().filter(|line| !line.starts_with('…')).collect();
    assert!(shown.len() > 1, "{shown:?}");
    for line in shown {
        assert!(lines.contains(&line), "README shows {line:?}: {printed}");
    }
}

#[test]
fn the_readme_rehearsal_goes_as_it_is_shown() {
    let readme = document("README.md");
    let block = |heading, language| block(&readme, heading, language);
    let merchant = Merchant::new();
    merchant.write("orders.csv", block("## Rehearsing", "csv"));
    let gateway = Gateway::serve(block("## Rehearsing", "json"));
    let url = gateway.url.clone();
    let arguments = ["run", "--base-url", &url, "--ledger", "orders.csv", "--rate", "1000"];
    let done = merchant.run(&arguments);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_is_printed(block("## Rehearsing", "text"), &done.stdout);
}

#[test]
fn the_readme_bad_day_goes_as_it_is_shown() {
    let readme = document("README.md");
    let block = |heading, language| block(&readme, heading, language);
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", crate::support::IMPATIENT);
    merchant.write("orders.csv", block("## Rehearsing", "csv"));
    let book = block("## Rehearsing", "json");
    let outage = Faults::parse(&document("fixtures/faults/outage.toml")).unwrap();
    let gateway = Gateway::serve_as(book, |it| it.faults = outage);
    let url = gateway.url.clone();
    let run = |rest: &[&str]| merchant.run(&[&["run", "--base-url", &url], rest].concat());
    let done = run(&["--ledger", "orders.csv"]);
    assert_eq!(done.code, Some(13), "{done:?}");
    assert_is_printed(block("### A bad day", "text"), &done.stderr);
    drop(gateway.stop());
    let address = url.strip_prefix("http://").unwrap().parse().unwrap();
    let _back = Gateway::serve_as(book, |it| it.listen = address);
    let done = run(&["--resume", "1"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let shown = block("## Rehearsing", "text");
    assert_is_printed(shown.split_once("\n\n").unwrap().1, &done.stdout);
}

#[test]
fn there_is_a_changelog_with_what_is_to_come() {
    let changelog = document("CHANGELOG.md");
    assert!(changelog.contains("keepachangelog.com"));
    let version = format!("## [{}]", env!("CARGO_PKG_VERSION"));
    assert!(changelog.contains("## [Unreleased]") || changelog.contains(&version));
}

#[test]
fn credentials_of_the_service_are_those_that_are_looked_for() {
    let service = document("cron/octopus-recon.service");
    let loaded: BTreeSet<&str> = service
        .lines()
        .filter_map(|line| line.strip_prefix("LoadCredential="))
        .filter_map(|credential| credential.split(':').next())
        .collect();
    assert_eq!(loaded, BTreeSet::from(["api_key", "api_secret"]));
    let merchant = Merchant::new();
    for name in &loaded {
        let path = merchant.write(name, "of-systemd\n");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(path, private).unwrap();
    }
    let directory = merchant.path(".");
    let environment =
        |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| directory.clone().into_os_string());
    let flags = Flags { config: Some(merchant.write("empty.toml", "")), ..Flags::default() };
    assert!(Settings::load(flags, &environment).unwrap().credentials().is_ok());
}
