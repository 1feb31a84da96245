//! `status`: is last night good? (contract, "Commands").

use super::output::{JsonHead, print};
use super::runs::seconds;
use super::{Process, settings};
use crate::cli::{Common, Format, Status};
use crate::domain::run::WITH_REPORT;
use crate::domain::{span, text};
use crate::failure::{Failure, code};
use crate::reconcile::KNOWS_NOTHING;
use crate::report;
use crate::settings::{Flags, Settings};
use crate::store::{RunRow, Store};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::json;

/// An age below zero by less than this is a clock that was set a little: it counts as zero.
const SMALL_STEP: TimeDelta = TimeDelta::hours(1);

pub(super) fn execute(
    arguments: &Status,
    common: &Common,
    process: &Process,
) -> Result<u8, Failure> {
    let now = (process.now)();
    let head = JsonHead::new("status", now);
    let settings = settings(common, Flags::default(), process)?;
    let store = Store::open_to_read(&settings.store.path)?;
    let is_active = Store::is_active(&settings.store.path);
    let run = store.latest_ended_night(is_active)?;
    let max_age = TimeDelta::from_std(arguments.max_age).unwrap_or(TimeDelta::MAX);
    let answer = answer(run.as_ref(), is_active, max_age, now, settings.ledger.zone());
    let answer = answer.with_notes(&settings);
    let is_good = answer.is_good;
    let end = run.as_ref().and_then(|run| run.end.as_ref());
    if arguments.format == Format::Json {
        let object = json!({
            "good": is_good,
            "text": answer.text,
            "run_id": run.as_ref().map(|run| run.summary.run_id),
            "ended_at": end.and_then(|end| end.at).map(seconds),
            "exit_code": end.and_then(|end| end.exit_code),
            "reason": end.map(|end| text::one_line(&end.reason)),
            "age_seconds": answer.age.map(|age| age.num_seconds()),
        });
        print(&head.object(&object.to_string()))?;
    } else {
        print(&answer.text)?;
    }
    Ok(u8::from(!is_good))
}

/// Whether last night is good, and why, in one line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) is_good: bool,
    pub(super) text: String,
    /// Time since the run ended.
    age: Option<TimeDelta>,
}

impl Answer {
    /// A night that could not be recorded, such as one that met a locked database, has left a note
    /// beside the reports. The next report removes it.
    pub(super) fn with_notes(self, settings: &Settings) -> Answer {
        let merchant_uid = settings.gateway.merchant_uid.as_deref();
        let notes = report::notes(&settings.report.directory, merchant_uid);
        let Some(note) = notes.iter().max().filter(|_| self.is_good) else { return self };
        let note = text::one_line(&note.to_string_lossy());
        let before = self.text.strip_prefix("good: ").unwrap_or_default();
        let text = format!("not good: {note} says why a later night has no report; {before}");
        Answer { is_good: false, text, ..self }
    }
}

pub(super) fn answer(
    run: Option<&RunRow>,
    is_active: bool,
    max_age: TimeDelta,
    now: DateTime<Utc>,
    zone: Tz,
) -> Answer {
    let Some(run) = run else {
        let text = "not good: no nightly run has ended yet".to_owned();
        return Answer { is_good: false, text, age: None };
    };
    let (run_id, day) = (run.summary.run_id, run.summary.day);
    // Nobody has seen when a killed run ended.
    let ended_at = run.end.as_ref().and_then(|end| end.at);
    let at = ended_at.unwrap_or(run.started_at);
    let age = now - at;
    let exit_code = run.end.as_ref().and_then(|end| end.exit_code);
    let local = at.with_timezone(&zone).format("%Y-%m-%d %H:%M");
    let how = match (&run.end, exit_code) {
        (Some(end), Some(code)) if end.at.is_some() => {
            format!("ended {code} at {local} ({zone}): {}", text::one_line(&end.reason))
        }
        (Some(end), _) => {
            format!("began at {local} ({zone}): {}", text::one_line(&end.reason))
        }
        (None, _) => format!("began at {local} ({zone}), and its process is gone (killed?)"),
    };
    let with_report = exit_code.is_some_and(|code| WITH_REPORT.contains(&code));
    // To resume such a run would end in the same way.
    let is_wrong_gateway =
        run.end.as_ref().is_some_and(|end| end.reason.starts_with(KNOWS_NOTHING));
    let doubt = if !with_report {
        Some(if is_active {
            // It holds the database: nothing can be resumed meanwhile.
            "; another run is active now".to_owned()
        } else if run.has_no_orders() || exit_code == Some(code::USAGE) || is_wrong_gateway {
            "; put that right, then run the nightly command again".to_owned()
        } else if exit_code.is_none() {
            format!("; resume it with run --resume {run_id}")
        } else {
            format!("; put that right, then run --resume {run_id}")
        })
    } else if run.summary.figures.orders.none_answered() {
        // The report says nothing of any order: a monitor hears of no success either.
        Some(format!("; put that right, then run --resume {run_id}"))
    } else if age < -SMALL_STEP {
        Some("; that is in the future: is this machine's clock right?".to_owned())
    } else if age >= max_age {
        // After weeks it may be the clock.
        let clock = if age > TimeDelta::days(7) { " Is this machine's clock right?" } else { "" };
        let ago = span::age(age);
        Some(format!("; {ago} ago is too long: did tonight's run begin?{clock}"))
    } else {
        None
    };
    let is_good = doubt.is_none();
    let verdict = if is_good { "good" } else { "not good" };
    let doubt = doubt.unwrap_or_default();
    let text = format!("{verdict}: run {run_id} of {day} {how}{doubt}");
    let age = ended_at.map(|_| if age > -SMALL_STEP { age.max(TimeDelta::zero()) } else { age });
    Answer { is_good, text, age }
}
