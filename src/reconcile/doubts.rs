//! Is it the right ledger, and all of it? (contract, "Ledger": `ledger_stale`, `ledger_gap`,
//! `ledger_shrunk`.) Which days and orders cast doubt is decided by pure functions; the facts come
//! from the store.

use super::no_ledger::{Outdated, Refusal};
use crate::domain::run::Warning;
use crate::domain::{span, text};
use crate::failure::Failure;
use crate::ledger::ShrunkAbove;
use crate::settings::Settings;
use crate::store::{Compared, Comparison, Import, Imported, SelectionKind};
use chrono::{DateTime, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};
use std::collections::BTreeSet;
use std::time::SystemTime;

/// What is said of a file that was last written too long ago (`[ledger] max_age_hours`); `None`: it
/// is young enough.
pub(crate) fn too_old(
    path: &str,
    written: Option<SystemTime>,
    max_age_hours: Option<u32>,
    now: DateTime<Utc>,
) -> Option<String> {
    let (written, hours) = (DateTime::<Utc>::from(written?), max_age_hours?);
    let age = now - written;
    (age > TimeDelta::hours(hours.into())).then(|| {
        format!(
            "{path} was last written at {}, {} ago{}; [ledger] max_age_hours allows {hours}",
            written.to_rfc3339_opts(SecondsFormat::Secs, true),
            span::age(age),
            clock_in_doubt(written, now).unwrap_or_default(),
        )
    })
}

/// An export that is older than this may be tonight's: this machine's clock can be wrong as well.
const LONG: TimeDelta = TimeDelta::days(7);

/// What to say of this machine's clock if the export was written long ago, as a clause.
fn clock_in_doubt(written: DateTime<Utc>, now: DateTime<Utc>) -> Option<String> {
    let says = || now.to_rfc3339_opts(SecondsFormat::Secs, true);
    (now - written > LONG).then(|| is_clock_right(&says()))
}

/// As [`clock_in_doubt`], by the last order of an export and the day of a run.
pub(super) fn day_in_doubt(last: Option<NaiveDate>, run_day: NaiveDate) -> Option<String> {
    let is_long = last.is_some_and(|last| run_day - last > LONG);
    is_long.then(|| is_clock_right(&run_day.to_string()))
}

fn is_clock_right(says: &str) -> String {
    format!(" (this machine's clock says {says}: is it right?)")
}

/// What casts doubt on the ledger of this import, as warnings; days that should have orders are
/// kept with the run.
pub(super) fn of_ledger(
    import: &Import,
    imported: &Imported,
    settings: &Settings,
    run_day: NaiveDate,
) -> Result<Vec<Warning>, Refusal> {
    if import.selection().ledgers.is_empty() {
        return Ok(Vec::new());
    }
    let mut warnings = Vec::new();
    warnings.extend(few_selected(import, imported, run_day)?);
    if import.selection().kind == SelectionKind::Last {
        warnings.extend(missing_days(import, settings, run_day)?);
    }
    Ok(warnings)
}

/// A range with far fewer of the ledger's orders than its share of the days may be wrong, or day
/// and month of the dates may be exchanged. With `--last` only the first night says so.
fn few_selected(
    import: &Import,
    imported: &Imported,
    run_day: NaiveDate,
) -> Result<Option<Warning>, Failure> {
    const FEW: u64 = 4;
    let selection = import.selection();
    let (selected, accepted) = (imported.from_ledger, imported.ledger.accepted);
    let is_worth_a_word = match selection.kind {
        SelectionKind::All => false,
        SelectionKind::Range => true,
        SelectionKind::Last => selected == 0 || import.is_first_of_its_kind()?,
    };
    if !is_worth_a_word || selected * FEW >= accepted {
        return Ok(None);
    }
    let days = import.given_days()?;
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(None) };
    let count = |days: i64| u64::try_from(days).unwrap_or(0);
    let all = u64::try_from(days.len()).unwrap_or(u64::MAX);
    let in_range = match (selection.from, selection.to) {
        (Some(from), Some(to)) => count((to - from).num_days() + 1).min(all),
        _ => all,
    };
    if u128::from(selected) * u128::from(FEW * all) >= u128::from(accepted) * u128::from(in_range) {
        return Ok(None);
    }
    let is_last = selection.kind == SelectionKind::Last;
    let clock = day_in_doubt(Some(*last).filter(|_| is_last), run_day).unwrap_or_default();
    let end = |date: Option<NaiveDate>| date.map_or("…".to_owned(), |date| date.to_string());
    let text = format!(
        "{selected} of the ledger's {accepted} orders are dated {} to {}; its orders are dated \
         {first} to {last}. Is it an old export, or does [ledger] date_format exchange day and \
         month?{clock}",
        end(selection.from),
        end(selection.to)
    );
    Ok(Some(Warning::new("few_selected", text)))
}

/// Refuses a ledger without an order of the day before the run (`[ledger] require_yesterday`),
/// unless the selection leaves that day out or it is closed.
fn refuse_without_yesterday(
    yesterday: NaiveDate,
    given: &BTreeSet<NaiveDate>,
    run_day: NaiveDate,
) -> Result<(), Outdated> {
    if given.contains(&yesterday) {
        return Ok(());
    }
    let clock = day_in_doubt(given.last().copied(), run_day).unwrap_or_default();
    let last = given
        .last()
        .map_or("it has no order".to_owned(), |last| format!("its last order is of {last}{clock}"));
    Err(Outdated {
        why: format!(
            "it has no order of {yesterday}, and {last}; [ledger] require_yesterday is set"
        ),
        hint: "did the export run? A day without orders belongs in [calendar] closed. Nothing was \
               stored or asked"
            .to_owned(),
    })
}

/// `ledger_stale` and `ledger_gap`.
fn missing_days(
    import: &Import,
    settings: &Settings,
    run_day: NaiveDate,
) -> Result<Vec<Warning>, Refusal> {
    let selection = import.selection();
    let (Some(from), Some(to)) = (selection.from, selection.to) else { return Ok(Vec::new()) };
    let closed = &settings.calendar.closed;
    let is_closed = |day: NaiveDate| closed.is_closed(day);
    let given = import.given_days()?;
    if settings.ledger.require_yesterday && !is_closed(to) {
        refuse_without_yesterday(to, &given, run_day)?;
    }
    let Some(first_known) = import.first_known_day()? else { return Ok(Vec::new()) };
    let mut lacking = Vec::new();
    for day in from.iter_days().take_while(|day| *day <= to) {
        if given.contains(&day) || is_closed(day) {
            continue;
        }
        let references = days_to_compare(day, first_known, is_closed);
        let mut is_doubted = !references.is_empty();
        for reference in references {
            is_doubted = is_doubted && import.has_orders_of(reference)?;
        }
        if is_doubted {
            lacking.push(day);
        }
    }
    let known = import.keep_doubted_days(&lacking, run_day)?;
    let (stale, gaps): (Vec<NaiveDate>, Vec<NaiveDate>) =
        lacking.into_iter().partition(|day| *day == to);
    let mut warnings = Vec::new();
    if let Some(day) = stale.first() {
        let clock = day_in_doubt(given.last().copied(), run_day).unwrap_or_default();
        let last =
            given.last().map_or_else(String::new, |last| format!("; its last is of {last}{clock}"));
        let text = format!(
            "the ledger has no usable order of {day}, the day before this run{last}. {USUAL}: \
             is it an old export?"
        );
        warnings.push(warning("ledger_stale", text, known.contains(day)));
    }
    if !gaps.is_empty() {
        let days: Vec<String> = gaps.iter().map(ToString::to_string).collect();
        let text = format!(
            "the ledger has no usable order of {}. {USUAL}: was the export cut short?",
            days.join(", ")
        );
        warnings.push(warning("ledger_gap", text, gaps.iter().all(|day| known.contains(day))));
    }
    Ok(warnings)
}

const USUAL: &str = "Such days had orders before (days without orders belong in [calendar] closed)";

/// A doubt, unless an earlier night said it already.
fn warning(code: &str, text: String, is_known: bool) -> Warning {
    if is_known {
        Warning::new(code, format!("{text} (seen in an earlier night already)"))
    } else {
        Warning::doubt(code, text)
    }
}

/// The days that must each have had an order for a day without one to be doubtful: that weekday of
/// the four weeks before, or, while fewer than four weeks are known, the known days before, at most
/// seven. Closed days are left out; fewer than two days prove nothing.
fn days_to_compare(
    day: NaiveDate,
    first_known: NaiveDate,
    is_closed: impl Fn(NaiveDate) -> bool,
) -> Vec<NaiveDate> {
    const WEEKS: u64 = 4;
    let before = |days: u64| day.checked_sub_days(Days::new(days));
    let knows_four_weeks = before(7 * WEEKS).is_some_and(|first| first_known <= first);
    let days: Vec<NaiveDate> = if knows_four_weeks {
        (1..=WEEKS).filter_map(|week| before(7 * week)).collect()
    } else {
        (1..=7).filter_map(before).filter(|day| first_known <= *day).collect()
    };
    let open: Vec<NaiveDate> = days.into_iter().filter(|day| !is_closed(*day)).collect();
    if open.len() < 2 { Vec::new() } else { open }
}

/// `ledger_shrunk`.
pub(super) fn shrunk(comparison: Option<Comparison>, above: &ShrunkAbove) -> Option<Warning> {
    let comparison = comparison?;
    let sum = |count: fn(&Compared) -> u64| comparison.days.values().map(count).sum::<u64>();
    let (orders, missing) = (sum(|day| day.orders), sum(|day| day.missing));
    if missing == 0 {
        return None;
    }
    let whole_day = comparison
        .days
        .iter()
        .find(|(_, compared)| compared.missing == compared.orders)
        .map(|((_, day), _)| *day);
    let named: Vec<String> = comparison.examples.iter().map(|id| text::printable(id)).collect();
    let more = if missing > u64::try_from(named.len()).unwrap_or(0) { ", …" } else { "" };
    let day = whole_day.map_or_else(String::new, |day| format!(", all of {day} among them"));
    let text = format!(
        "{missing} of {orders} orders that the ledger of run {} gave are not in this one{day}, or \
         are invalid or skipped now: {}{more}. Was the export cut short? They stay open to \
         --include-open",
        comparison.run_id,
        named.join(", ")
    );
    Some(if whole_day.is_some() || above.is_exceeded_by(missing, orders) {
        Warning::doubt("ledger_shrunk", text)
    } else {
        Warning::new("ledger_shrunk", text)
    })
}

#[cfg(test)]
#[path = "doubts_tests.rs"]
mod tests;
