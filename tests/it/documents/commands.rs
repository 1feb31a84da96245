//! Commands and options in the documents: the program accepts each of them, and has no others.

use super::{document, manual, pages};
use crate::support::Merchant;
use clap::{CommandFactory, Parser};
use octopus_recon::cli::Cli;
use std::collections::BTreeSet;

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
            let code = code.rsplit("ExecStart=").next().unwrap_or_default();
            // In a crontab, the time, the user and variables are before the command.
            let is_timed = code.starts_with(|first: char| first.is_ascii_digit());
            let command = code.find("octopus-recon run ").filter(|_| is_timed);
            let code = &code[command.unwrap_or_default()..];
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

/// Checks that the program accepts each command as it is written, and returns their number.
fn accepted_commands(name: &str) -> usize {
    let is_command = |arguments: &Vec<String>| {
        let first = arguments.first().map(String::as_str).unwrap_or_default();
        first.starts_with("--") || Cli::command().find_subcommand(first).is_some()
    };
    let commands: Vec<Vec<String>> =
        commands(&document(name)).into_iter().filter(is_command).collect();
    for arguments in &commands {
        let typed = ["octopus-recon".to_owned()].into_iter().chain(arguments.clone());
        if let Err(error) = Cli::try_parse_from(typed) {
            panic!("{name}: {arguments:?}: {error}");
        }
    }
    commands.len()
}

#[test]
fn commands_in_documents_are_accepted_as_they_are_written() {
    for (name, at_least) in [
        ("README.md", 10),
        ("docs/ledger.md", 1),
        ("docs/report.md", 1),
        ("docs/orders.md", 3),
        ("docs/rehearsing.md", 8),
        ("cron/README.md", 12),
        ("cron/octopus-recon@.service", 1),
        ("cron/octopus-recon.crontab", 1),
    ] {
        let found = accepted_commands(name);
        assert!(found >= at_least, "{name} has only {found} commands");
    }
    for name in pages() {
        accepted_commands(&name);
    }
}

#[test]
fn the_kubernetes_job_runs_the_nightly_command_with_codes_that_are_no_failure() {
    let manifest = document("cron/octopus-recon.cronjob.yaml");
    let (_, rest) = manifest.split_once("\n              command:\n").unwrap();
    let words = rest.lines().map_while(|line| line.strip_prefix("                - "));
    let words: Vec<&str> = words.map(|word| word.trim_matches('"')).collect();
    let crontab = commands(&document("cron/octopus-recon.crontab"));
    let nightly = crontab.iter().find(|words| words.first().is_some_and(|it| it == "run")).unwrap();
    let (own, more) = words[1..].split_at(nightly.len());
    assert_eq!(own, nightly);
    assert_eq!(more, ["--success-codes", "1,3,4", "--log-format", "json"]);
    assert!(Cli::try_parse_from(&words).is_ok(), "{words:?}");
}

#[test]
fn the_readme_names_the_first_two_commands() {
    let readme = document("README.md");
    for command in ["cargo run --release -- demo", "cargo test"] {
        assert!(readme.lines().any(|line| line.trim() == command), "{command}");
    }
    assert!(document(".ci/run").contains("cargo test"));
}

/// All subcommands of a command, at any depth.
fn below(command: &clap::Command) -> Box<dyn Iterator<Item = &clap::Command> + '_> {
    Box::new(command.get_subcommands().flat_map(|one| std::iter::once(one).chain(below(one))))
}

#[test]
fn the_manual_and_the_help_name_the_same_options() {
    let manual = manual();
    let cargos: BTreeSet<String> =
        manual.lines().filter(|line| line.trim().starts_with("cargo ")).flat_map(flags).collect();
    let mut command = Cli::command();
    command.build();
    let long = |command: &clap::Command| -> BTreeSet<String> {
        command.get_arguments().filter_map(|one| one.get_long().map(str::to_owned)).collect()
    };
    let known: BTreeSet<String> = below(&command).flat_map(long).collect();
    let named = flags(&manual);
    let unknown: Vec<&String> =
        named.iter().filter(|flag| !known.contains(*flag) && !cargos.contains(*flag)).collect();
    assert!(unknown.is_empty(), "README or docs have options that do not exist: {unknown:?}");
    let documented = ["run", "deposit", "payout", "sandbox"];
    for command in below(&command).filter(|one| documented.contains(&one.get_name())) {
        for flag in long(command).iter().filter(|flag| *flag != "help") {
            assert!(named.contains(flag), "README and docs lack {} --{flag}", command.get_name());
        }
    }
}

#[test]
fn the_options_of_every_command_are_apart() {
    let help = Merchant::new().run(&["run", "--help"]).stdout;
    let (own, common) = help.split_once("\nOptions of every command:\n").unwrap();
    for flag in ["config", "db", "base-url", "quiet", "verbose", "log-format"]
        .map(|name| format!("--{name}"))
    {
        assert!(common.contains(&flag) && !own.contains(&flag), "{flag}\n{help}");
    }
    assert!(own.contains("--expect-rows") && !common.contains("--expect"), "{help}");
    let help = Merchant::new().run(&["ledger", "--help"]).stdout;
    assert!(help.contains("Exits with 0 if the configuration alone reads the file"), "{help}");
}

#[test]
fn the_readme_names_every_command() {
    let readme = document("README.md");
    for subcommand in Cli::command().get_subcommands() {
        let name = subcommand.get_name();
        assert!(name == "help" || readme.contains(&format!("`{name}")), "README lacks {name}");
    }
}
