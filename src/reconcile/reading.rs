//! Reading the ledger's files into an import that is still open, and checking what they are
//! (contract, "Ledger").

use super::doubts;
use super::importing::import_rows;
use super::no_ledger::{Outdated, Refusal};
use super::{Context, Request};
use crate::domain::amount::Total;
use crate::domain::run::Warning;
use crate::failure::{Failure, code};
use crate::ledger::{
    self, FileRead, FutureRows, LedgerError, LedgerSettings, ReadError, SkippedRows, Source,
    UNKNOWN_CURRENCY,
};
use crate::settings::Settings;
use crate::store::{Import, Imported, NewRun, Store};
use std::collections::BTreeMap;

/// A ledger that has been read into an import.
pub(super) struct Reading<'a> {
    pub(super) import: Import<'a>,
    pub(super) imported: Imported,
    /// What was read of each file.
    pub(super) files: Vec<FileRead>,
}

/// Imports the ledger and selects the orders, in one transaction that is still open.
pub(super) fn read<'a>(
    store: &'a mut Store,
    new_run: NewRun,
    settings: &Settings,
    request: &Request,
    context: &Context,
) -> Result<Reading<'a>, Refusal> {
    let (started_at, run_day) = (new_run.started_at, new_run.day);
    let mut import = store.begin(new_run)?;
    let interrupted = || context.interrupt.signal().is_some();
    let merchant_uid = settings.gateway.merchant_uid.as_deref();
    let (mut files, mut warnings) = (Vec::new(), Vec::new());
    for path in &request.ledgers {
        let source = Source::open(path).map_err(LedgerError::from)?;
        let max_age_hours = settings.ledger.max_age_hours;
        let modified = source.modified();
        if let Some(why) = doubts::too_old(source.name(), modified, max_age_hours, started_at) {
            return Err(Outdated::late(why).into());
        }
        import.begin_file(source.name())?;
        let read = import_rows(
            |row| import.add(row),
            &interrupted,
            |stops, rows| {
                let send = |row| rows.send(row);
                ledger::read(source, &settings.ledger, merchant_uid, started_at, stops, send)
            },
        )
        .map_err(|error| match error {
            ReadError::Ledger(error) => Failure::from(error),
            ReadError::Sink(error) => Failure::from(error),
            ReadError::Interrupted => {
                let signal = context.interrupt.signal().unwrap_or_default();
                let what = " while the ledger was read; nothing was stored or asked";
                Failure::signal(signal, what)
            }
        })?;
        import.end_file(&read.sha256, modified.map(Into::into))?;
        log_skipped(&path.display().to_string(), &read);
        warnings.extend(of_file(&path.display().to_string(), &read, &settings.ledger));
        files.push(read);
    }
    check_control_figures(request, &files)?;
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let imported = import.select(files.iter().map(|file| file.sha256.clone()).collect())?;
    if rows != imported.ledger.rows {
        let stored = imported.ledger.rows;
        return Err(Failure::bug(format!(
            "{rows} ledger rows were read, but {stored} were stored"
        ))
        .into());
    }
    warnings.extend(doubts::of_ledger(&import, &imported, settings, run_day)?);
    for warning in &warnings {
        tracing::warn!(code = warning.code, "{}", warning.text);
    }
    import.add_warnings(&warnings)?;
    Ok(Reading { import, imported, files })
}

/// Says what `[[ledger.skip]]` left out, and how much money that was.
fn log_skipped(path: &str, read: &FileRead) {
    let SkippedRows { rows, totals } = &read.skipped;
    if *rows > 0 {
        let sums = totals.iter().map(|(currency, total)| format!("{total} {currency}"));
        let sums = sums.collect::<Vec<_>>().join(" + ");
        // None of them may have an amount.
        let with = if sums.is_empty() { "" } else { ", with amounts of " };
        tracing::info!("{path}: rows skipped: {rows}{with}{sums}");
    }
}

/// What a person should know of a file that was read.
pub(super) fn of_file(path: &str, read: &FileRead, settings: &LedgerSettings) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(FutureRows { rows, first_line }) = read.future {
        let text =
            format!("{path}: rows dated in the future: {rows}, the first in line {first_line}");
        warnings.push(Warning::new("future_dates", text));
    }
    if read.without_offset > 0 && settings.timezone.is_none() {
        let rows = read.without_offset;
        let text = format!(
            "{path}: rows whose date or time has no offset and is read as UTC: {rows}; set \
             [ledger] timezone"
        );
        warnings.push(Warning::new("no_timezone", text));
    }
    warnings.extend(read.warnings.iter().cloned());
    warnings
}

/// The control figures are over every row whose amount can be read (contract, "`run`").
fn check_control_figures(request: &Request, files: &[FileRead]) -> Result<(), Failure> {
    let refused = |message: String| {
        Failure::new(
            code::LEDGER,
            format!("the ledger is not usable: {message}"),
            "it may be cut short, or another file than intended; nothing was stored or asked",
        )
    };
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    if let Some(expected) = request.expect_rows.filter(|expected| *expected != rows) {
        return Err(refused(format!("it has {rows} rows, {expected} were expected")));
    }
    let mut totals: BTreeMap<&str, Total> = BTreeMap::new();
    for (currency, total) in files.iter().flat_map(|file| &file.totals) {
        let sum = totals.entry(currency).or_default();
        *sum = [*sum, *total].into_iter().sum();
    }
    for (currency, expected) in &request.expect_totals {
        let total = totals.get(currency.as_str()).copied().unwrap_or_default();
        if total != *expected {
            let unknown = totals
                .get(UNKNOWN_CURRENCY)
                .map(|unknown| format!(" (and {unknown} in rows whose currency cannot be read)"));
            return Err(refused(format!(
                "its amounts in {currency} add up to {total}{}, {expected} was expected",
                unknown.unwrap_or_default()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "reading_fuzz_tests.rs"]
mod fuzz;
