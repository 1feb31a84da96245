//! What a ledger says, without a run: no network, and nothing is left behind (contract, "Ledger":
//! `ledger FILE`).

use super::beginning;
use super::reading::of_file;
use crate::domain::amount::Total;
use crate::domain::inspection::Inspection;
use crate::domain::run::Warning;
use crate::failure::Failure;
use crate::ledger::{
    self, FileRead, LedgerError, LedgerSettings, ReadError, Shape, Source, Spool, Suggestion,
    UNKNOWN_CURRENCY,
};
use crate::settings::Settings;
use crate::store::{Import, NewRun, Selection, Store, StoreError};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What was read of a ledger.
#[derive(Debug, Clone)]
pub(crate) struct LedgerView {
    /// The table of each file.
    pub(crate) shapes: Vec<Shape>,
    /// Its rows and orders.
    pub(crate) inspection: Inspection,
    /// The amounts of the rows that `[[ledger.skip]]` left out, by currency.
    pub(crate) skipped: BTreeMap<String, Total>,
    /// What a person should know of it.
    pub(crate) warnings: Vec<Warning>,
}

impl LedgerView {
    /// The view of a ledger whose files have been read with these settings.
    pub(super) fn new(
        files: Vec<FileRead>,
        inspection: Inspection,
        settings: &LedgerSettings,
    ) -> LedgerView {
        let mut skipped: BTreeMap<String, Total> = BTreeMap::new();
        let (mut shapes, mut warnings) = (Vec::new(), Vec::new());
        for file in files {
            warnings.extend(of_file(&file.shape.file, &file, settings));
            for (currency, total) in &file.skipped.totals {
                let sum = skipped.entry(currency.clone()).or_default();
                *sum = [*sum, *total].into_iter().sum();
            }
            shapes.push(file.shape);
        }
        LedgerView { shapes, inspection, skipped, warnings }
    }
}

/// What the configuration lacks for a ledger, and what is read with the missing keys.
#[derive(Debug, Clone)]
pub(crate) struct LedgerReport {
    /// What is proposed, and what a person has to decide.
    pub(crate) suggestion: Suggestion,
    /// `None`: it cannot be read before a person has decided.
    pub(crate) view: Option<LedgerView>,
}

/// Reads the files, as the configuration says and with what it lacks.
///
/// # Errors
/// A file is not usable, whatever the configuration; or `signal` gave a signal.
pub(crate) fn inspect(
    settings: &Settings,
    paths: &[PathBuf],
    now: DateTime<Utc>,
    signal: &dyn Fn() -> Option<u8>,
) -> Result<LedgerReport, Failure> {
    let interrupted = || signal().is_some();
    let ended = |error: ReadError<StoreError>| ended(error, signal);
    let files = paths.iter().map(|path| Spool::new(path, &interrupted));
    let files: Vec<Spool> =
        files.collect::<Result<_, _>>().map_err(|error| ended(ReadError::from(error)))?;
    let suggestion =
        ledger::suggest(&files, &settings.ledger_keys, &settings.ledger, now, &interrupted)
            .map_err(|error| ended(read_error(error)))?;
    let proposed = suggestion.settings().unwrap_or_else(|_| settings.ledger.clone());
    let merchant_uid = settings.gateway.merchant_uid.as_deref();
    let view = match view(&files, &for_show(proposed), merchant_uid, now, &interrupted) {
        Ok(view) => Some(view),
        // A person has to say first which column is which.
        Err(ReadError::Ledger(LedgerError::Table(error)))
            if error.lacks_heading() && !suggestion.open().is_empty() =>
        {
            None
        }
        Err(error) => return Err(ended(error)),
    };
    Ok(LedgerReport { suggestion, view })
}

/// Reads one file as a run would, and keeps nothing of it.
///
/// # Errors
/// What the run would say if it had no other file; or `signal` gave a signal.
pub(crate) fn try_to_read(
    settings: &Settings,
    path: &Path,
    now: DateTime<Utc>,
    signal: &dyn Fn() -> Option<u8>,
) -> Result<(), Failure> {
    let merchant_uid = settings.gateway.merchant_uid.as_deref();
    let mut store = Store::temporary()?;
    let mut import = store.begin(new_run(&settings.ledger, merchant_uid, now))?;
    let source = Source::open(path).map_err(LedgerError::from)?;
    import.begin_file(source.name())?;
    let interrupted = || signal().is_some();
    let read = ledger::read(source, &settings.ledger, merchant_uid, now, &interrupted, |row| {
        import.add(row)
    });
    let read = read.map_err(|error| ended(error, signal))?;
    import.end_file(&read.sha256, None)?;
    beginning::refuse_no_order(&import.select(vec![read.sha256])?)
}

/// A run that is only tried.
fn new_run(settings: &LedgerSettings, merchant_uid: Option<&str>, now: DateTime<Utc>) -> NewRun {
    NewRun {
        started_at: now,
        day: now.with_timezone(&settings.zone()).date_naive(),
        line_items: settings.line_items,
        default_status: settings.default_status.clone(),
        selection: Selection {
            merchant_uid: merchant_uid.map(ToOwned::to_owned),
            ..Selection::default()
        },
        clock_floor: None,
    }
}

fn ended(error: ReadError<StoreError>, signal: &dyn Fn() -> Option<u8>) -> Failure {
    match error {
        ReadError::Ledger(error) => Failure::from(error),
        ReadError::Sink(error) => Failure::from(error),
        ReadError::Interrupted => {
            let signal = signal().unwrap_or_default();
            Failure::signal(signal, " while the ledger was read")
        }
    }
}

/// Errors of a table that was interrupted are no errors of the ledger.
fn read_error<E>(error: LedgerError) -> ReadError<E> {
    match error {
        LedgerError::Table(error) => ReadError::from(error),
        error => ReadError::Ledger(error),
    }
}

/// The settings with which a ledger is shown. Its amounts are shown without a currency, as long as
/// nobody has said which one it is.
fn for_show(mut settings: LedgerSettings) -> LedgerSettings {
    if settings.currency.is_none() {
        settings.currency = Some(UNKNOWN_CURRENCY.to_owned());
    }
    settings
}

fn view(
    files: &[Spool],
    settings: &LedgerSettings,
    merchant_uid: Option<&str>,
    now: DateTime<Utc>,
    interrupted: &dyn Fn() -> bool,
) -> Result<LedgerView, ReadError<StoreError>> {
    let mut store = Store::temporary().map_err(ReadError::Sink)?;
    let (import, view) = import(&mut store, files, settings, merchant_uid, now, interrupted)?;
    drop(import);
    Ok(view)
}

/// Reads the files into an import that is dropped in the end.
fn import<'a>(
    store: &'a mut Store,
    files: &[Spool],
    settings: &LedgerSettings,
    merchant_uid: Option<&str>,
    now: DateTime<Utc>,
    interrupted: &dyn Fn() -> bool,
) -> Result<(Import<'a>, LedgerView), ReadError<StoreError>> {
    let mut import = store.begin(new_run(settings, merchant_uid, now)).map_err(ReadError::Sink)?;
    let mut reads = Vec::new();
    for file in files {
        import.begin_file(file.name()).map_err(ReadError::Sink)?;
        let source = file.open()?;
        let read =
            ledger::read(source, settings, merchant_uid, now, interrupted, |row| import.add(row))?;
        import.end_file(&read.sha256, None).map_err(ReadError::Sink)?;
        reads.push(read);
    }
    let digests = reads.iter().map(|read| read.sha256.clone()).collect();
    let imported = import.select(digests).map_err(ReadError::Sink)?;
    let inspection = import.inspect(imported.ledger).map_err(ReadError::Sink)?;
    let view = LedgerView::new(reads, inspection, settings);
    Ok((import, view))
}

#[cfg(test)]
#[path = "inspecting_tests.rs"]
mod tests;
