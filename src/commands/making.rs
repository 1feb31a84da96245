//! How a run is made, for its report (contract, "The report": How this was made).

use super::Process;
use crate::domain::morning::Making;
use crate::domain::text::one_line;
use crate::settings::{Settings, without_secrets};
use std::ffi::OsStr;

/// The command line, the effective settings and the version. Nothing secret is in it.
pub(super) fn making(settings: &Settings, process: &Process) -> Making {
    let arguments = process.arguments.iter().map(|argument| shown(argument));
    let words: Vec<String> = std::iter::once("octopus-recon".to_owned()).chain(arguments).collect();
    Making {
        command_line: words.join(" "),
        settings: settings.listed(),
        policy_changes: Vec::new(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// An argument as a shell takes it.
fn shown(argument: &OsStr) -> String {
    let argument = argument.to_string_lossy();
    let argument =
        if argument.contains("://") { without_secrets(&argument) } else { argument.into_owned() };
    let argument = one_line(&argument);
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:=,@%+".contains(letter);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        return argument;
    }
    format!("'{}'", argument.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_shown_as_a_shell_takes_them() {
        for (argument, expected) in [
            ("--last=3", "--last=3"),
            ("my ledger.csv", "'my ledger.csv'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("https://me:pw@pay.example.com", "'https://(hidden)@pay.example.com'"),
        ] {
            assert_eq!(shown(OsStr::new(argument)), expected, "{argument}");
        }
    }
}
