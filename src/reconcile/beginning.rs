//! The beginning of a run: the ledger is read and stored and the orders are fixed, or an earlier
//! run is resumed (contract, "`run`" and "Ledger").

use super::importing::import_rows;
use super::{Context, Request, Resume, doubts, known};
use crate::domain::amount::Total;
use crate::domain::run::Warning;
use crate::domain::text;
use crate::failure::{Failure, code};
use crate::gateway;
use crate::ledger::{self, FileRead, FutureRows, LedgerError, ReadError, Source, UNKNOWN_CURRENCY};
use crate::settings::Settings;
use crate::store::{Import, Imported, NewRun, RunRow, RunStatus, Selection, SelectionKind, Store};
use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};
use std::collections::BTreeMap;

/// What asking would cost.
#[derive(Debug, Clone)]
pub(crate) struct Estimate {
    /// The rows of the ledger, where one was read.
    pub(crate) ledger: crate::domain::run::LedgerFigures,
    /// Orders to be asked: a call each, and at most a tenth more for retries.
    pub(crate) orders: u64,
    /// Calls a second.
    pub(crate) requests_per_second: u32,
    /// The run that would be continued.
    pub(crate) continues: Option<i64>,
    /// The first invalid row: where and why.
    pub(crate) first_invalid: Option<String>,
}

/// What the run is to be, before its ledger is read. Says so if this machine's clock is behind what
/// is stored.
pub(super) fn new_run(
    store: &Store,
    settings: &Settings,
    request: &Request,
    context: &Context,
) -> Result<NewRun, Failure> {
    let started_at = (context.now)();
    let day = started_at.with_timezone(&settings.ledger.zone()).date_naive();
    let clock_floor = store.latest_time()?.filter(|latest| *latest > started_at);
    if let Some(warning) = clock_warning(clock_floor, started_at) {
        tracing::warn!("{}", warning.text);
    }
    Ok(NewRun {
        started_at,
        day,
        line_items: settings.ledger.line_items,
        default_status: settings.ledger.default_status.clone(),
        selection: selection(settings, request, started_at, day)?,
        clock_floor,
    })
}

/// What to say if this machine's clock is behind what is stored.
pub(super) fn clock_warning(
    clock_floor: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<Warning> {
    let shown = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let text = format!(
        "this machine's clock says {}, but an earlier run stored {}: one of the two was wrong. The \
         run continues; its dates may be wrong",
        shown(now),
        shown(clock_floor?)
    );
    Some(Warning::new("clock", text))
}

/// Begins a new run, or finds the one to resume.
pub(super) fn begin(
    store: &mut Store,
    new_run: &NewRun,
    settings: &Settings,
    request: &Request,
    context: &Context,
) -> Result<i64, Failure> {
    let run_id = match begin_or_find(store, new_run, settings, request, context)? {
        Begun::New(run_id) => return Ok(run_id),
        Begun::Found(run_id) => run_id,
    };
    store.resume_run(run_id)?;
    Ok(run_id)
}

/// A run that has begun.
enum Begun {
    New(i64),
    Found(i64),
}

fn begin_or_find(
    store: &mut Store,
    new_run: &NewRun,
    settings: &Settings,
    request: &Request,
    context: &Context,
) -> Result<Begun, Failure> {
    if let (Resume::Run(run_id), true) = (request.resume, request.selects_nothing()) {
        return continued(store, run_id, settings, None).map(Begun::Found);
    }
    let (import, imported) = read(store, new_run.clone(), settings, request, context)?;
    let run_id = match request.resume {
        Resume::Run(run_id) => Some(run_id),
        Resume::Latest => import.resumable()?,
        Resume::No => None,
    };
    if let Some(run_id) = run_id {
        // That run has stored this ledger already: the import is dropped.
        let selection = import.selection().clone();
        drop(import);
        return continued(store, run_id, settings, Some(&selection)).map(Begun::Found);
    }
    refuse_empty(request, &imported)?;
    import.commit()?;
    tracing::info!(
        "run {}: selected {} of the orders, {} ledger rows read",
        imported.run_id,
        imported.selected,
        imported.ledger.rows
    );
    Ok(Begun::New(imported.run_id))
}

/// As [`begin`], but nothing is stored.
pub(super) fn estimate(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    context: &Context,
) -> Result<Estimate, Failure> {
    let requests_per_second = settings.gateway.requests_per_second.get();
    let left = |run: &RunRow| run.summary.figures.orders.selected.saturating_sub(run.answered);
    if let (Resume::Run(run_id), true) = (request.resume, request.selects_nothing()) {
        let run = known(store, continued(store, run_id, settings, None)?)?;
        let ledger = run.summary.figures.ledger;
        let continues = Some(run_id);
        let orders = left(&run);
        let first_invalid = None;
        return Ok(Estimate { ledger, orders, requests_per_second, continues, first_invalid });
    }
    let new_run = new_run(store, settings, request, context)?;
    let (import, imported) = read(store, new_run, settings, request, context)?;
    let continues = match request.resume {
        Resume::Run(run_id) => Some(run_id),
        Resume::Latest => import.resumable()?,
        Resume::No => None,
    };
    let selection = import.selection().clone();
    drop(import);
    let orders = if let Some(run_id) = continues {
        left(&known(store, continued(store, run_id, settings, Some(&selection))?)?)
    } else {
        refuse_empty(request, &imported)?;
        imported.selected
    };
    let Imported { ledger, first_invalid, .. } = imported;
    Ok(Estimate { ledger, orders, requests_per_second, continues, first_invalid })
}

/// Imports the ledger and selects the orders, in one transaction that is still open.
fn read<'a>(
    store: &'a mut Store,
    new_run: NewRun,
    settings: &Settings,
    request: &Request,
    context: &Context,
) -> Result<(Import<'a>, Imported), Failure> {
    let (started_at, run_day) = (new_run.started_at, new_run.day);
    let mut import = store.begin(new_run)?;
    let interrupted = || context.interrupt.signal().is_some();
    let merchant_uid = settings.gateway.merchant_uid.as_deref();
    let (mut files, mut warnings) = (Vec::new(), Vec::new());
    for path in &request.ledgers {
        let source = Source::open(path).map_err(LedgerError::from)?;
        let max_age_hours = settings.ledger.max_age_hours;
        doubts::refuse_old_file(source.name(), source.modified(), max_age_hours, started_at)?;
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
            ReadError::Ledger(error) => error.into(),
            ReadError::Sink(error) => Failure::from(error),
            ReadError::Interrupted => {
                let signal = context.interrupt.signal().unwrap_or_default();
                let what = "while the ledger was read; nothing was stored or asked";
                Failure::signal(signal, format!("ended by signal {signal} {what}"))
            }
        })?;
        warnings.extend(of_file(&path.display().to_string(), &read, settings));
        files.push(read);
    }
    check_control_figures(request, &files)?;
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let imported = import.select(files.into_iter().map(|file| file.sha256).collect())?;
    if rows != imported.ledger.rows {
        let stored = imported.ledger.rows;
        return Err(Failure::bug(format!(
            "{rows} ledger rows were read, but {stored} were stored"
        )));
    }
    let selection = import.selection();
    if !selection.ledgers.is_empty() && imported.ledger.accepted > 0 && imported.from_ledger == 0 {
        let day = |date: Option<NaiveDate>| date.map_or("…".to_owned(), |date| date.to_string());
        let text = format!(
            "no order of the ledger is dated {} to {}: is the export an old one?",
            day(selection.from),
            day(selection.to)
        );
        warnings.push(Warning::new("nothing_selected", text));
    }
    warnings.extend(doubts::of_ledger(&import, settings, run_day)?);
    for warning in &warnings {
        tracing::warn!("{}", warning.text);
    }
    import.add_warnings(&warnings)?;
    Ok((import, imported))
}

/// What a person should know of a file that was read.
fn of_file(path: &str, read: &FileRead, settings: &Settings) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(FutureRows { rows, first_line }) = read.future {
        let text =
            format!("{path}: rows dated in the future: {rows}, the first in line {first_line}");
        warnings.push(Warning::new("future_dates", text));
    }
    if read.without_offset > 0 && settings.ledger.timezone.is_none() {
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

/// What the request selects. The digests of the ledgers are added once they are read.
fn selection(
    settings: &Settings,
    request: &Request,
    started_at: DateTime<Utc>,
    day: NaiveDate,
) -> Result<Selection, Failure> {
    let (from, to) = match request.last {
        Some(days) => {
            let first = day.checked_sub_days(Days::new(days.get().into()));
            let last = day.pred_opt();
            if first.is_none() || last.is_none() {
                return Err(Failure::usage(
                    format!("--last {days} goes back too far from {started_at}"),
                    "use fewer days",
                ));
            }
            (first, last)
        }
        None => (request.from, request.to),
    };
    let kind = match (request.last, from.or(to)) {
        (Some(_), _) => SelectionKind::Last,
        (None, Some(_)) => SelectionKind::Range,
        (None, None) => SelectionKind::All,
    };
    let base_url = gateway::base_url(settings.gateway.base_url.as_deref().unwrap_or_default())?;
    Ok(Selection {
        ledgers: Vec::new(),
        from,
        to,
        kind,
        include_open: request.include_open,
        base_url: base_url.to_string(),
        merchant_uid: settings.gateway.merchant_uid.clone(),
    })
}

fn refuse_empty(request: &Request, imported: &Imported) -> Result<(), Failure> {
    if request.allow_empty {
        return Ok(());
    }
    let rows = imported.ledger.rows;
    if let (0, Some(first)) = (imported.ledger.accepted, &imported.first_invalid) {
        return Err(Failure::new(
            code::LEDGER,
            format!(
                "the ledger is not usable: none of its {rows} rows is valid; the first: {first}"
            ),
            "export it again, or describe its format in [ledger]; nothing was stored or asked",
        ));
    }
    let hint = "nothing was stored or asked; if this is intended, add --allow-empty";
    if !request.ledgers.is_empty() && imported.ledger.accepted == 0 {
        let message = "the ledger is not usable: it has a header row and nothing else";
        return Err(Failure::new(code::LEDGER, message, hint));
    }
    if imported.selected == 0 {
        let message = "no order is selected: no order has such a date and merchant";
        return Err(Failure::new(code::LEDGER, message, hint));
    }
    Ok(())
}

/// Checks that a run can be resumed.
fn continued(
    store: &Store,
    run_id: i64,
    settings: &Settings,
    selection: Option<&Selection>,
) -> Result<i64, Failure> {
    let Some(run) = store.run(run_id)? else {
        return Err(Failure::usage(
            format!("there is no run {run_id}"),
            "`octopus-recon runs` lists the runs",
        ));
    };
    if run.has_no_orders() {
        return Err(Failure::usage(
            format!("run {run_id} stored no orders: there is nothing to resume"),
            "start a new run without --resume",
        ));
    }
    if run.status == RunStatus::Complete && run.is_reported {
        return Err(Failure::usage(
            format!("run {run_id} is complete: there is nothing to resume"),
            format!("`octopus-recon report {run_id}` writes its report again"),
        ));
    }
    if selection.is_some_and(|selection| !run.has_selection(selection)) {
        return Err(Failure::usage(
            format!("run {run_id} was started with other ledgers, dates or options"),
            format!("its orders are fixed: use --resume {run_id} alone"),
        ));
    }
    let base_url = gateway::base_url(settings.gateway.base_url.as_deref().unwrap_or_default())?;
    if run.base_url != base_url.as_str() || run.merchant_uid != settings.gateway.merchant_uid {
        return Err(Failure::usage(
            format!(
                "run {run_id} belongs to {} and merchant {}; configured are {base_url} and {}",
                run.base_url,
                merchant(run.merchant_uid.as_deref()),
                merchant(settings.gateway.merchant_uid.as_deref())
            ),
            "configure the gateway and merchant of that run, or start a new run without --resume",
        ));
    }
    tracing::info!(
        "resuming run {run_id}: {} of {} orders are answered",
        run.answered,
        run.summary.figures.orders.selected
    );
    Ok(run_id)
}

/// A merchant for a message.
fn merchant(merchant_uid: Option<&str>) -> String {
    merchant_uid.map_or("(none)".to_owned(), text::printable)
}
