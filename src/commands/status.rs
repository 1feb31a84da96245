//! `status`: is last night good? (contract, "Commands").

use super::output::{JsonHead, print};
use super::runs::seconds;
use super::{Process, settings};
use crate::cli::{Common, Format, Status};
use crate::domain::run::WITH_REPORT;
use crate::domain::{span, text};
use crate::failure::{Failure, code};
use crate::reconcile::{KNOWS_NOTHING, noted_end};
use crate::report;
use crate::settings::{Flags, Settings};
use crate::store::{RunEnd, RunRow, Store};
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
    let looked = settings(common, Flags::default(), process).and_then(|settings| {
        let store = Store::open_to_read(&settings.store.path)?;
        let max_age = TimeDelta::from_std(arguments.max_age).unwrap_or(TimeDelta::MAX);
        look(&store, &settings, max_age, now)
    });
    let printed = print(&match &looked {
        Ok((answer, run)) => shown(arguments.format, answer, run.as_ref(), &head),
        // A monitor shows this line, whatever becomes of stderr.
        Err(failure) => {
            let text = format!("not good: {}", text::one_line(failure.message()));
            let answer = Answer { is_good: false, text, age: None };
            shown(arguments.format, &answer, None, &head)
        }
    });
    let (answer, _) = looked?;
    printed?;
    Ok(u8::from(!answer.is_good))
}

fn shown(format: Format, answer: &Answer, run: Option<&RunRow>, head: &JsonHead) -> String {
    if format == Format::Text {
        return answer.text.clone();
    }
    let end = run.and_then(|run| run.end.as_ref());
    let object = json!({
        "good": answer.is_good,
        "text": answer.text,
        "run_id": run.map(|run| run.summary.run_id),
        "merchant_uid": run.and_then(|run| run.merchant_uid.as_deref()),
        "ended_at": end.and_then(|end| end.at).map(seconds),
        "exit_code": end.and_then(|end| end.exit_code),
        "reason": end.map(|end| text::one_line(&end.reason)),
        "age_seconds": answer.age.map(|age| age.num_seconds()),
    });
    head.object(&object.to_string())
}

/// The latest night that has ended, of the configured merchant if there is one, and what there is
/// to say of it.
pub(super) fn look(
    store: &Store,
    settings: &Settings,
    max_age: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(Answer, Option<RunRow>), Failure> {
    let is_active = Store::is_active(&settings.store.path);
    let merchant_uid = settings.gateway.merchant_uid.as_deref();
    let run = store.latest_ended_night(is_active, merchant_uid)?;
    let run = run.map(|run| with_noted_end(run, is_active, settings));
    let answer = run.as_ref().map_or_else(
        || none_yet(merchant_uid),
        |run| answer(run, is_active, max_age, now, settings.ledger.zone()),
    );
    let mut answer = answer.with_notes(settings);
    if merchant_uid.is_some()
        && let Some(latest) = store.latest_ended_night(is_active, None)?
        && run.as_ref().is_none_or(|run| run.summary.run_id != latest.summary.run_id)
    {
        let (run_id, merchant) = (latest.summary.run_id, latest.merchant_uid.as_deref());
        let merchant = merchant.map_or("no merchant".to_owned(), text::one_line);
        let said = format!("; the database's latest night, run {run_id}, is of {merchant}");
        answer.text.push_str(&said);
    }
    Ok((answer, run))
}

/// What is known of a run without an end, while none is active.
pub(super) const NOT_RECORDED: &str = "its end was not recorded (killed, or the disk was full)";

/// The run with the end that its note tells, where the database has none. While a run is active,
/// it is the one without an end.
pub(super) fn with_noted_end(mut run: RunRow, is_active: bool, settings: &Settings) -> RunRow {
    if run.end.is_some() || is_active {
        return run;
    }
    let merchant_uid = run.merchant_uid.as_deref();
    run.end = noted_end(run.summary.run_id, &settings.report.directory, merchant_uid);
    run
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
    fn with_notes(self, settings: &Settings) -> Answer {
        let merchant_uid = settings.gateway.merchant_uid.as_deref();
        let notes = report::notes(&settings.report.directory, merchant_uid);
        let Some(note) = notes.last().filter(|_| self.is_good) else { return self };
        let note = text::one_line(&note.path.to_string_lossy());
        let before = self.text.strip_prefix("good: ").unwrap_or_default();
        let text = format!("not good: {note} says why a later night has no report; {before}");
        Answer { is_good: false, text, ..self }
    }
}

/// No night has ended, of this merchant if there is one.
fn none_yet(merchant_uid: Option<&str>) -> Answer {
    let of = merchant_uid.map(|uid| format!(" of {}", text::one_line(uid))).unwrap_or_default();
    let text = format!("not good: no nightly run{of} has ended yet");
    Answer { is_good: false, text, age: None }
}

fn answer(
    run: &RunRow,
    is_active: bool,
    max_age: TimeDelta,
    now: DateTime<Utc>,
    zone: Tz,
) -> Answer {
    let (run_id, day) = (run.summary.run_id, run.summary.day);
    // Nobody has seen when a killed run ended.
    let ended_at = run.end.as_ref().and_then(|end| end.at);
    let at = ended_at.unwrap_or(run.started_at);
    let age = now - at;
    let exit_code = run.end.as_ref().and_then(|end| end.exit_code);
    let local = at.with_timezone(&zone).format("%Y-%m-%d %H:%M");
    let reason = |end: &RunEnd| without_advice(&text::one_line(&end.reason), run_id);
    let how = match (&run.end, exit_code) {
        (Some(end), Some(code)) if end.at.is_some() => {
            format!("ended {code} at {local} ({zone}): {}", reason(end))
        }
        (Some(end), _) => format!("began at {local} ({zone}): {}", reason(end)),
        (None, _) => format!("began at {local} ({zone}), and {NOT_RECORDED}"),
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
        } else if exit_code.is_none_or(|code| code > code::SIGNAL) {
            // There is nothing to put right.
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

/// The reason without the advice that this line ends with.
fn without_advice(reason: &str, run_id: i64) -> String {
    let reason = reason.strip_suffix(&format!("resume with --resume {run_id}")).unwrap_or(reason);
    reason.trim_end_matches([' ', ',', ';']).to_owned()
}
