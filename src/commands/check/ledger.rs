//! The ledger's files: are they there, how old are they, and would a run take them? What is in them
//! shows `octopus-recon ledger FILE`.

use super::finding::Finding;
use crate::commands::Process;
use crate::domain::span;
use crate::failure::{Failure, code};
use crate::reconcile::{too_old, try_to_read};
use crate::settings::Settings;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Without `[ledger] max_age_hours`: a file of last night is younger.
const OLD: Duration = Duration::from_hours(26);

/// Gives the signal that ends the command.
type Signal<'a> = &'a dyn Fn() -> Option<u8>;

/// Files of `--ledger`: what is wrong with one would end a run.
pub(super) fn given(
    paths: &[PathBuf],
    settings: &Settings,
    process: &Process,
    signal: Signal,
) -> Vec<Finding> {
    let finding = |path: &PathBuf| match look_into(path, settings, process, signal) {
        Looked::Good(text) => Finding::ok("ledger", text),
        Looked::Doubtful(text, hint) => Finding::warning("ledger", text, hint),
        Looked::Unusable(text, hint) => {
            Finding::error("ledger", Failure::new(code::LEDGER, text, hint))
        }
        Looked::Refused(failure) => Finding::error("ledger", failure),
    };
    paths.iter().map(finding).collect()
}

/// Files that the latest night with a ledger read: tonight's may still be on its way.
pub(super) fn of_last_night(
    run_id: i64,
    paths: &[PathBuf],
    settings: &Settings,
    process: &Process,
    signal: Signal,
) -> Vec<Finding> {
    let warning = |text: &str, hint: &str| {
        Finding::warning(
            "ledger",
            format!("{text} (run {run_id} read it)"),
            format!("{hint}, or name tonight's file with --ledger"),
        )
    };
    let finding = |path: &PathBuf| match look_into(path, settings, process, signal) {
        Looked::Good(text) => Finding::ok("ledger", text),
        Looked::Doubtful(text, hint) | Looked::Unusable(text, hint) => warning(&text, hint),
        Looked::Refused(failure) => {
            warning(failure.message(), failure.hint().unwrap_or("export it again"))
        }
    };
    paths.iter().map(finding).collect()
}

/// What a look at one file came to; doubts and errors with what to do.
#[derive(Debug)]
enum Looked {
    Good(String),
    Doubtful(String, &'static str),
    Unusable(String, &'static str),
    /// A run would read it, and end with this.
    Refused(Failure),
}

/// Looks at the file, and reads it as a run would. A pipe is left to the run.
fn look_into(path: &Path, settings: &Settings, process: &Process, signal: Signal) -> Looked {
    let now = (process.now)();
    match look(path, settings.ledger.max_age_hours, now) {
        found @ (Looked::Good(_) | Looked::Doubtful(..)) if path.is_file() => {
            match try_to_read(settings, path, now, signal) {
                Ok(()) => found,
                Err(failure) => Looked::Refused(failure),
            }
        }
        found => found,
    }
}

fn look(path: &Path, max_age_hours: Option<u32>, now: DateTime<Utc>) -> Looked {
    const EXPORT: &str = "see that the export runs";
    let name = path.display().to_string();
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Looked::Unusable(format!("{name} is not there"), EXPORT);
        }
        Err(error) => {
            return Looked::Unusable(format!("{name} cannot be looked at: {error}"), EXPORT);
        }
    };
    if metadata.is_dir() {
        return Looked::Unusable(format!("{name} is a directory"), "name the file");
    }
    if !metadata.is_file() {
        return Looked::Good(format!("{name} is a pipe or a device, which has no age"));
    }
    if let Err(error) = File::open(path) {
        let text = format!("{name} cannot be opened: {error}");
        return Looked::Unusable(text, "let this user read it");
    }
    if metadata.len() == 0 {
        return Looked::Unusable(format!("{name} is empty"), EXPORT);
    }
    let written = metadata.modified().ok();
    if let Some(text) = too_old(&name, written, max_age_hours, now) {
        return Looked::Unusable(text, EXPORT);
    }
    let Some(written) = written else { return Looked::Good(format!("{name} is there")) };
    let at = DateTime::<Utc>::from(written).to_rfc3339_opts(SecondsFormat::Secs, true);
    let age = SystemTime::from(now).duration_since(written).unwrap_or_default();
    let shown = span::age(TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX));
    let text = format!("{name} was last written at {at}, {shown} ago");
    if max_age_hours.is_none() && age > OLD {
        let hint = "see that the export runs; [ledger] max_age_hours = 26 refuses such a file";
        return Looked::Doubtful(text, hint);
    }
    Looked::Good(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_readable_and_of_last_night() -> std::io::Result<()> {
        let directory = tempfile::tempdir()?;
        let path = |name| directory.path().join(name);
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
        for name in ["empty", "full"] {
            std::fs::write(path(name), if name == "full" { "a,b\n" } else { "" })?;
        }
        let file = File::options().write(true).open(path("full"))?;
        for (name, hours, max_age_hours, level, words) in [
            ("absent", 1, None, 'u', "absent is not there"),
            ("full/deep", 1, None, 'u', "cannot be looked at: Not a directory"),
            ("", 1, None, 'u', "is a directory"),
            ("empty", 1, None, 'u', "is empty"),
            ("full", 26, None, 'g', "was last written at 2024-10-02T22:00:00Z, 26 hours ago"),
            ("full", 27, None, 'd', "27 hours ago"),
            ("full", 27, Some(27), 'g', "27 hours ago"),
            ("full", 28, Some(27), 'u', "28 hours ago; [ledger] max_age_hours allows 27"),
            // A clock that is ahead of ours.
            ("full", -1, Some(27), 'g', "0 min ago"),
        ] {
            file.set_modified((now - TimeDelta::hours(hours)).into())?;
            let (found, text) = match look(&path(name), max_age_hours, now) {
                Looked::Good(text) => ('g', text),
                Looked::Doubtful(text, _) => ('d', text),
                Looked::Unusable(text, _) => ('u', text),
                Looked::Refused(failure) => ('r', failure.message().to_owned()),
            };
            assert_eq!(found, level, "{name} {hours}: {text}");
            assert!(text.contains(words), "{name} {hours}: {text}");
        }
        Ok(())
    }
}
