//! The database: is it whole, may this user write it, and what does it say of the last night?

use super::finding::Finding;
use super::places;
use crate::cli::DEFAULT_MAX_AGE;
use crate::commands::{Process, status};
use crate::domain::text::one_line;
use crate::failure::{Failure, code};
use crate::interrupt::Interrupt;
use crate::reconcile::restored;
use crate::settings::Settings;
use crate::store::{QuickCheck, Store};
use chrono::{SecondsFormat, TimeDelta};
use rustix::fs::{Access, access};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What the database was found to be.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) findings: Vec<Finding>,
    /// The bytes of its files.
    pub(super) bytes: u64,
    /// The runs that were judged.
    pub(super) nights: u64,
    /// The latest night that read a ledger, and its files by the names that it was given.
    pub(super) ledgers: (i64, Vec<PathBuf>),
}

pub(super) fn look(settings: &Settings, process: &Process, interrupt: &Interrupt) -> Looked {
    let path = &settings.store.path;
    let mut looked = Looked::default();
    if path.symlink_metadata().is_err() {
        looked.findings.push(absent(path));
        looked.findings.extend(not_lockable(path));
        return looked;
    }
    let files = files(path);
    looked.bytes = files.iter().map(|(_, metadata)| metadata.len()).sum();
    let stops = interrupt.clone();
    let checked = Store::quick_check(path, move || stops.signal().is_some());
    let QuickCheck { complaint, older_schema } = match checked {
        Ok(checked) => checked,
        Err(error) => {
            looked.findings.push(Finding::error("database", error));
            return looked;
        }
    };
    if let Some(complaint) = complaint {
        let message = format!("{} is damaged: {}", path.display(), one_line(&complaint));
        let hint = "restore a backup; the file was left unchanged";
        looked
            .findings
            .push(Finding::error("database", Failure::new(code::DATABASE, message, hint)));
        return looked;
    }
    looked.findings.push(Finding::ok("database", format!("{} is whole", path.display())));
    looked.findings.extend(not_writable(path));
    looked.findings.extend(files.iter().skip(1).find_map(|(path, _)| denied(path)));
    looked.findings.extend(not_lockable(path));
    looked.findings.extend(mode(&files));
    if Store::is_active(path) {
        let text = "another run is active on this database now";
        looked.findings.push(Finding::ok("run", text));
    }
    if let Some((schema, known)) = older_schema {
        let text = format!(
            "{} has schema {schema} of an earlier release: the next run changes it to schema \
             {known}, and an earlier release cannot read it then; the last night was not looked at",
            path.display()
        );
        looked.findings.push(Finding::warning("database", text, "run octopus-recon backup FILE"));
        return looked;
    }
    if let Err(failure) = history(&mut looked, settings, process) {
        looked.findings.push(Finding::error("database", failure));
    }
    looked
}

/// A database that the first run will make.
fn absent(path: &Path) -> Finding {
    let directory = places::parent(path);
    if !directory.is_dir() {
        let message = format!("the database's directory {} does not exist", directory.display());
        let hint = "create it, or name another database with --db";
        return Finding::error("database", Failure::new(code::STORAGE, message, hint));
    }
    not_writable(path).unwrap_or_else(|| {
        Finding::ok("database", format!("{} will be created by the first run", path.display()))
    })
}

/// The files of the database that exist: itself, `-wal` and `-shm`.
fn files(path: &Path) -> Vec<(PathBuf, Metadata)> {
    let names = ["", "-wal", "-shm"].map(|suffix| {
        let mut name = OsString::from(path);
        name.push(suffix);
        PathBuf::from(name)
    });
    names.into_iter().filter_map(|name| name.metadata().ok().map(|it| (name, it))).collect()
}

/// A run writes the file, and others beside it.
fn not_writable(path: &Path) -> Option<Finding> {
    let directory = places::parent(path);
    let there = if path.exists() { denied(path) } else { None };
    there.or_else(|| {
        let error = access(&directory, Access::WRITE_OK | Access::EXEC_OK).err()?;
        Some(no_access(&directory, error))
    })
}

/// A file that is there and that this user may not write: a run as root may have made it.
fn denied(path: &Path) -> Option<Finding> {
    let error = access(path, Access::WRITE_OK | Access::READ_OK).err()?;
    Some(no_access(path, error))
}

fn no_access(path: &Path, error: Errno) -> Finding {
    let (path, error) = (path.display(), std::io::Error::from(error));
    Finding::error(
        "database",
        Failure::new(
            code::STORAGE,
            format!("this user may not write {path}, which a run has to: {error}"),
            "run check as the user of the nightly run, or correct the owner",
        ),
    )
}

/// The lock has a file of its own, which stays.
fn not_lockable(path: &Path) -> Option<Finding> {
    let failure = Failure::from(Store::can_lock(path).err()?);
    let hint = "a run as another user, such as root, has left it: correct its owner";
    Some(Finding::error("database", failure.with_hint(hint)))
}

/// Orders and answers are for their owner alone.
fn mode(files: &[(PathBuf, Metadata)]) -> Option<Finding> {
    let is_open = |(_, metadata): &&(PathBuf, Metadata)| metadata.permissions().mode() & 0o077 != 0;
    let (path, metadata) = files.iter().find(is_open)?;
    let (path, mode) = (path.display(), metadata.permissions().mode() & 0o777);
    Some(Finding::warning(
        "database",
        format!("{path} has mode {mode:03o}: others than its owner have access to it"),
        format!("chmod 600 {path}; the next run does it too"),
    ))
}

/// A run that is active may have stored an answer since the clock was read.
const MOMENT: TimeDelta = TimeDelta::minutes(1);

/// What is stored of earlier runs.
fn history(looked: &mut Looked, settings: &Settings, process: &Process) -> Result<(), Failure> {
    let (path, now) = (&settings.store.path, (process.now)());
    let store = Store::open_to_read(path)?;
    looked.nights = store.judged_runs()?;
    if let Some(latest) = store.latest_time()?.filter(|latest| *latest > now + MOMENT) {
        let shown =
            |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let text = format!(
            "this machine's clock says {}, but a run stored {}: one of the two was wrong",
            shown(now),
            shown(latest)
        );
        looked.findings.push(Finding::warning("clock", text, "is NTP running?"));
    }
    if let Some(text) = restored::database_is_older(&store, &settings.report.directory)? {
        looked.findings.push(Finding::warning("database", text, restored::HINT));
    }
    if let Some((run_id, names)) =
        store.latest_ledger_names(settings.gateway.merchant_uid.as_deref())?
    {
        let paths = names.into_iter().filter(|name| name != "-").map(PathBuf::from);
        looked.ledgers = (run_id, paths.collect());
    }
    let max_age = TimeDelta::from_std(DEFAULT_MAX_AGE).unwrap_or(TimeDelta::MAX);
    let (answer, run) = status::look(&store, settings, max_age, now)?;
    looked.findings.push(if answer.is_good {
        Finding::ok("last night", answer.text)
    } else if run.is_none() {
        Finding::ok("last night", answer.text.trim_start_matches("not good: "))
    } else {
        Finding::warning("last night", answer.text, "octopus-recon runs lists how each run ended")
    });
    Ok(())
}
