//! Tables of the documents: exit codes, columns, kinds, states and variables are the program's.

use super::{document, first_cells, rows, section};
use crate::support::Merchant;
use octopus_recon::domain::mismatch::{Kind, State};
use octopus_recon::ledger::Column;
use octopus_recon::settings::{Flags, Settings};
use std::collections::BTreeSet;

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
    let guide = document("docs/operations.md");
    let guided = first_cells(section(&guide, "## Exit codes"));
    let codes: Vec<String> = codes.into_iter().map(|(code, _)| code).collect();
    assert_eq!(guided, codes);
}

#[test]
fn the_reports_page_has_every_column_kind_and_state_in_order() {
    let page = document("docs/report.md");
    let columns = first_cells(section(&page, "## Columns"));
    assert_eq!(columns, octopus_recon::report::COLUMNS);
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(first_cells(section(&page, "## Kinds of mismatch")), kinds);
    let states: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
    assert_eq!(first_cells(section(&page, "## States")), states);
}

#[test]
fn the_ledgers_page_has_every_column_in_order() {
    let page = document("docs/ledger.md");
    let columns: Vec<&str> = Column::ALL.iter().map(|column| column.as_str()).collect();
    assert_eq!(first_cells(section(&page, "## Columns")), columns);
}

#[test]
fn the_configurations_page_has_every_variable_of_the_environment() {
    let source = document("src/settings.rs");
    let is_word = |character: char| character.is_ascii_uppercase() || character == '_';
    let names: BTreeSet<&str> = source
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.chars().all(is_word) && text.contains('_'))
        .collect();
    assert!(names.len() >= 7, "{names:?}");
    let page = document("docs/configuration.md");
    let told = first_cells(section(&page, "## The environment"));
    let told: BTreeSet<&str> = told.iter().map(String::as_str).collect();
    assert_eq!(told, names);
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
    let service = document("cron/octopus-recon@.service");
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
