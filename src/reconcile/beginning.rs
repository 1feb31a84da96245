//! The beginning of a run: the ledger is read and stored and the orders are fixed, or an earlier
//! run is resumed (contract, "`run`" and "Ledger").

use super::inspecting::LedgerView;
use super::no_ledger::{self, Outdated, Refusal};
use super::reading::{Reading, read};
use super::scheduling::{self, Terms};
use super::{Context, Request, Resume, doubts, known};
use crate::domain::run::Warning;
use crate::domain::text;
use crate::failure::{Failure, code};
use crate::gateway;
use crate::settings::Settings;
use crate::store::{
    Import, Imported, NewRun, RunRow, RunStatus, Selection, SelectionKind, Store, StoreError,
};
use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};

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
    /// What the ledger says, where one was read.
    pub(crate) view: Option<LedgerView>,
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
    let new_run = NewRun {
        started_at,
        day,
        line_items: settings.ledger.line_items,
        default_status: settings.ledger.default_status.clone(),
        selection: selection(settings, request, started_at, day)?,
        clock_floor,
    };
    if let Some(warning) = clock_warning(&new_run) {
        tracing::warn!(code = warning.code, "{}", warning.text);
    }
    Ok(new_run)
}

/// What to say if this machine's clock is behind what is stored.
pub(super) fn clock_warning(new_run: &NewRun) -> Option<Warning> {
    let shown = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let text = format!(
        "this machine's clock says {}, but an earlier run stored {}: one of the two was wrong. The \
         run continues; its dates may be wrong",
        shown(new_run.started_at),
        shown(new_run.clock_floor?)
    );
    Some(Warning::new("clock", text))
}

/// Begins a new run, or finds the one to resume. `late`: the ledger was waited for in vain.
pub(super) fn begin(
    store: &mut Store,
    new_run: &NewRun,
    settings: &Settings,
    request: &Request,
    context: &Context,
    late: Option<Outdated>,
) -> Result<i64, Failure> {
    let begun = match late {
        Some(late) => Err(late.into()),
        None => begin_or_find(store, new_run, settings, request, context, None),
    };
    let begun = match begun {
        Err(Refusal::Outdated(without)) if request.open_without_ledger => {
            begin_or_find(store, new_run, settings, request, context, Some(&without))
        }
        begun => begun,
    };
    let run_id = match begun? {
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

/// `without`: why there is no ledger; then the open orders are selected.
fn begin_or_find(
    store: &mut Store,
    new_run: &NewRun,
    settings: &Settings,
    request: &Request,
    context: &Context,
    without: Option<&Outdated>,
) -> Result<Begun, Refusal> {
    if let (Resume::Run(run_id), true) = (request.resume, request.selects_nothing()) {
        return Ok(Begun::Found(continued(store, run_id, settings, request, None)?));
    }
    let Reading { import, imported, .. } =
        read_or_do_without(store, new_run.clone(), settings, request, context, without)?;
    if let Some(run_id) = to_resume(&import, request.resume)? {
        // That run has stored this ledger already: the import is dropped.
        let selection = import.selection().clone();
        drop(import);
        let run_id = continued(store, run_id, settings, request, Some(&selection))?;
        return Ok(Begun::Found(run_id));
    }
    refuse_empty(request, &import, &imported, without, new_run.day)?;
    import.commit()?;
    tracing::info!(
        run_id = imported.run_id,
        "run {}: selected {} of the orders, {} ledger rows read",
        imported.run_id,
        imported.selected,
        imported.ledger.rows
    );
    Ok(Begun::New(imported.run_id))
}

/// Reads the ledger, or selects the open orders without it.
fn read_or_do_without<'a>(
    store: &'a mut Store,
    new_run: NewRun,
    settings: &Settings,
    request: &Request,
    context: &Context,
    without: Option<&Outdated>,
) -> Result<Reading<'a>, Refusal> {
    match without {
        Some(without) => Ok(no_ledger::select_open(store, new_run, without)?),
        None => read(store, new_run, settings, request, context),
    }
}

/// The run that is resumed instead of beginning this one.
fn to_resume(import: &Import, resume: Resume) -> Result<Option<i64>, StoreError> {
    match resume {
        Resume::Run(run_id) => Ok(Some(run_id)),
        Resume::Latest => import.resumable(),
        Resume::No => Ok(None),
    }
}

/// As [`begin`], but nothing is stored.
pub(super) fn estimate(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    context: &Context,
) -> Result<Estimate, Failure> {
    match estimate_with(store, settings, request, context, None) {
        Err(Refusal::Outdated(without)) if request.open_without_ledger => {
            Ok(estimate_with(store, settings, request, context, Some(&without))?)
        }
        estimate => Ok(estimate?),
    }
}

fn estimate_with(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    context: &Context,
    without: Option<&Outdated>,
) -> Result<Estimate, Refusal> {
    let requests_per_second = settings.gateway.requests_per_second.get();
    let left = |run: &RunRow| run.to_ask().saturating_sub(run.answered);
    if let (Resume::Run(run_id), true) = (request.resume, request.selects_nothing()) {
        let run = known(store, continued(store, run_id, settings, request, None)?)?;
        let ledger = run.summary.figures.ledger;
        let continues = Some(run_id);
        let orders = left(&run);
        return Ok(Estimate { ledger, orders, requests_per_second, continues, view: None });
    }
    let new_run = new_run(store, settings, request, context)?;
    let run_day = new_run.day;
    let Reading { import, imported, files } =
        read_or_do_without(store, new_run, settings, request, context, without)?;
    let inspection = import.inspect(imported.ledger)?;
    let view = LedgerView::new(files, inspection, &settings.ledger);
    let continues = to_resume(&import, request.resume)?;
    let selection = import.selection().clone();
    let comparison = import.compare_with_earlier()?;
    if let Some(warning) = doubts::shrunk(comparison, &settings.ledger.shrunk_above) {
        tracing::warn!(code = warning.code, "{}", warning.text);
    }
    let orders = if let Some(run_id) = continues {
        drop(import);
        left(&known(store, continued(store, run_id, settings, request, Some(&selection))?)?)
    } else {
        refuse_empty(request, &import, &imported, without, run_day)?;
        if request.is_scheduled {
            // It leaves nothing behind.
            scheduling::schedule(&import.into_scheduling()?, Terms::of(settings), context)?
        } else {
            imported.selected
        }
    };
    let view = Some(view).filter(|_| !request.ledgers.is_empty() && without.is_none());
    Ok(Estimate { ledger: imported.ledger, orders, requests_per_second, continues, view })
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
        failed_payouts_since: day
            .checked_sub_days(Days::new(settings.schedule.failed_payout_days.into())),
        open_only: false,
        base_url: base_url.to_string(),
        merchant_uid: settings.gateway.merchant_uid.clone(),
    })
}

fn refuse_empty(
    request: &Request,
    import: &Import,
    imported: &Imported,
    without: Option<&Outdated>,
    run_day: NaiveDate,
) -> Result<(), Failure> {
    if let Some(without) = without {
        return no_ledger::refuse_nothing_open(request, without, imported.selected);
    }
    if request.allow_empty {
        return Ok(());
    }
    if !request.ledgers.is_empty() {
        refuse_no_order(imported)?;
    }
    if imported.selected == 0 {
        let what = not_selected(import, run_day)?;
        let message = format!("no order is selected: no order has such a date and merchant{what}");
        return Err(Failure::new(code::LEDGER, message, ALLOW_EMPTY));
    }
    Ok(())
}

const ALLOW_EMPTY: &str = "nothing was stored or asked; if this is intended, add --allow-empty";

/// Refuses a ledger that gives no order.
pub(super) fn refuse_no_order(imported: &Imported) -> Result<(), Failure> {
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
    if imported.ledger.accepted == 0 {
        let message = match imported.ledger.skipped {
            0 => "the ledger is not usable: it has a header row and nothing else".to_owned(),
            rows => {
                format!("the ledger is not usable: [[ledger.skip]] skips all of its {rows} rows")
            }
        };
        return Err(Failure::new(code::LEDGER, message, ALLOW_EMPTY));
    }
    Ok(())
}

/// The dates that were asked for and those of the ledger, as a clause; and the clock, where
/// `--last` counts back from a day that may be wrong.
fn not_selected(import: &Import, run_day: NaiveDate) -> Result<String, Failure> {
    let selection = import.selection();
    let (Some(from), Some(to)) = (selection.from, selection.to) else { return Ok(String::new()) };
    let days = import.given_days()?;
    let ledger = match (days.first(), days.last()) {
        (Some(first), Some(last)) => format!("; the ledger's orders are dated {first} to {last}"),
        _ => String::new(),
    };
    let is_last = selection.kind == SelectionKind::Last;
    let last = days.last().copied().filter(|_| is_last);
    let clock = doubts::day_in_doubt(last, run_day).unwrap_or_default();
    Ok(format!(": {from} to {to}{ledger}{clock}"))
}

/// Checks that a run can be resumed.
fn continued(
    store: &Store,
    run_id: i64,
    settings: &Settings,
    request: &Request,
    selection: Option<&Selection>,
) -> Result<i64, Failure> {
    let Some(run) = store.run(run_id)? else {
        return Err(Failure::usage(
            format!("there is no run {run_id}"),
            "`octopus-recon runs` lists the runs",
        ));
    };
    store.refuse_pruned(run_id)?;
    if run.has_no_orders() {
        return Err(Failure::usage(
            format!("run {run_id} stored no orders: there is nothing to resume"),
            "start a new run without --resume",
        ));
    }
    if run.end.as_ref().is_some_and(|end| end.exit_code == Some(code::USAGE)) {
        return Err(Failure::usage(
            format!("run {run_id} has the days of a wrong clock: they would be reported"),
            "start a new run without --resume",
        ));
    }
    // Suspect findings can be accepted afterwards: the run is judged again, without a call.
    let is_to_judge = request.accept_suspect && run.summary.is_suspect();
    if run.status == RunStatus::Complete && run.is_reported && !is_to_judge {
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
        run_id,
        "resuming run {run_id}: {} of {} orders are answered",
        run.answered,
        run.to_ask()
    );
    Ok(run_id)
}

/// A merchant for a message.
fn merchant(merchant_uid: Option<&str>) -> String {
    merchant_uid.map_or("(none)".to_owned(), text::printable)
}
