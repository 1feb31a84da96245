//! `man` and `completions`: every command is there, and other programs can read them.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a failed setup fails the test")]

use crate::support::Merchant;
use clap::CommandFactory;
use octopus_recon::cli::Cli;
use std::path::PathBuf;
use std::process::Command;

const COMMANDS: [&str; 10] =
    ["run", "report", "runs", "show", "order", "sandbox", "demo", "check", "completions", "man"];

#[test]
fn completions_and_the_manual_name_every_command() {
    let merchant = Merchant::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let done = merchant.run(&["completions", shell]);
        assert_eq!(done.code, Some(0), "{done:?}");
        for command in COMMANDS {
            assert!(done.stdout.contains(command), "{shell}: {command}");
        }
    }
    let page = merchant.run(&["man"]);
    assert_eq!(page.code, Some(0), "{page:?}");
    assert!(page.stdout.contains(".TH octopus-recon"), "{}", page.stdout);
    for flag in [
        "ledger",
        "include\\-open",
        "expect\\-total",
        "deadline",
        "resume",
        "allow\\-empty",
        "redirect\\-url",
    ] {
        assert!(page.stdout.contains(flag), "{flag}");
    }
    let help = merchant.run(&["--help"]).stdout;
    for command in COMMANDS {
        assert!(help.contains(command), "{command}: {help}");
    }
}

/// The names of the pages of a command and of all below it.
fn page_names(command: &clap::Command, above: &str) -> Vec<String> {
    let name = format!("{above}{}", command.get_name());
    let below = command.get_subcommands().filter(|one| one.get_name() != "help");
    let names = below.flat_map(|one| page_names(one, &format!("{name}-")));
    names.chain([format!("{name}.1")]).collect()
}

/// Writes all pages, and returns their paths.
fn pages(merchant: &Merchant) -> Vec<PathBuf> {
    let done = merchant.run(&["man", "--out", "share/man1"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), ""), "{done:?}");
    let entries = std::fs::read_dir(merchant.path("share/man1")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_command_has_a_page_with_its_options() {
    let merchant = Merchant::new();
    let paths = pages(&merchant);
    let mut expected = page_names(&Cli::command(), "");
    expected.sort();
    let names: Vec<&str> =
        paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, expected);
    let text =
        |name: &str| std::fs::read_to_string(merchant.path(&format!("share/man1/{name}"))).unwrap();
    assert!(text("octopus-recon-run.1").contains("include\\-open"));
    assert!(text("octopus-recon-run.1").contains("\\-\\-config"), "options of every command");
    assert!(text("octopus-recon-order-new-deposit.1").contains("redirect\\-url"));
    assert!(text("octopus-recon.1").contains("Exit codes"));
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        let version = format!("\"octopus-recon {}\"", env!("CARGO_PKG_VERSION"));
        assert!(text.contains(&version), "{}", path.display());
    }
}

#[test]
fn every_page_renders_without_a_warning() {
    let merchant = Merchant::new();
    for path in pages(&merchant) {
        let mut command = Command::new("groff");
        let output = match command.args(["-man", "-Tutf8", "-ww", "-z"]).arg(&path).output() {
            Ok(output) => output,
            Err(error) => {
                eprintln!("skipped: groff cannot be run: {error}");
                return;
            }
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{}: {said}", path.display());
    }
}

#[test]
fn pages_that_cannot_be_written_are_an_error_for_people() {
    let merchant = Merchant::new();
    merchant.write("taken", "a file");
    let done = merchant.run(&["man", "--out", "taken/man1"]);
    assert_eq!(done.code, Some(14), "{done:?}");
    assert!(done.stderr.starts_with("error: taken/man1: the manual page"), "{done:?}");
    assert!(done.stderr.contains("hint: "), "{done:?}");
}

#[test]
fn bash_completes_commands_and_options() {
    let merchant = Merchant::new();
    let script = merchant.write("completion", merchant.run(&["completions", "bash"]).stdout);
    let complete = |words: &str| {
        let shell = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             function=$(complete -p octopus-recon | sed 's/.* -F \\([^ ]*\\) .*/\\1/'); \
             $function octopus-recon \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; \
             echo \"${{COMPREPLY[@]}}\"",
            script.display()
        );
        let output = match Command::new("bash").args(["--norc", "-c", &shell]).output() {
            Ok(output) => output,
            Err(error) => {
                eprintln!("skipped: bash cannot be run: {error}");
                return None;
            }
        };
        assert!(output.stderr.is_empty(), "{output:?}");
        Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    };
    if let Some(commands) = complete("octopus-recon che") {
        assert_eq!(commands, "check");
        assert_eq!(complete("octopus-recon run --include").as_deref(), Some("--include-open"));
    }
}
