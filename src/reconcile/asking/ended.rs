//! How the asking ended, and what a person is told of it.

use super::nothing_answered;
use crate::domain::run::Warning;
use crate::domain::span;
use crate::domain::text::one_line;
use crate::failure::{Failure, code};
use crate::gateway::{CallFailure, RefusedCalls};
use crate::store::{AllMissing, RunRow};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// A clock that differs by more is wrong.
const TOLERATED: TimeDelta = TimeDelta::minutes(5);

/// How the asking ended.
pub(in crate::reconcile) enum Ended {
    /// Every order was asked.
    Done,
    /// The deadline came, and what is left was not asked.
    Deadline,
    /// A signal came.
    Interrupted(u8),
    /// The gateway refuses the credentials, or this machine.
    Refused(CallFailure),
    /// By the gateway's clock the run has selected the wrong days: its clock minus this machine's.
    WrongDay(TimeDelta),
    /// Nothing usable came: the last failure.
    Outage(CallFailure),
    /// Earlier answers are there, but now the gateway cannot be reached: the last failure.
    Unreachable(CallFailure),
}

/// What a person should see of "too many requests".
pub(in crate::reconcile) fn too_many_requests(refused: RefusedCalls) -> Warning {
    let RefusedCalls { calls, refused, passed_per_minute, set_per_second } = refused;
    let less = match (passed_per_minute / 60).min(set_per_second - 1) {
        0 => String::new(),
        rate => format!("set [gateway] requests_per_second to {rate} or less, or "),
    };
    let text = format!(
        "the gateway answered {refused} of {calls} calls with \"too many requests\"; \
         {passed_per_minute} a minute passed: {less}ask the gateway's support for a higher limit"
    );
    Warning::new("too_many_requests", text)
}

/// What a person should see of a clock that is wrong. `skew` is the gateway's minus this machine's.
pub(in crate::reconcile) fn clock_differs(skew: TimeDelta) -> Option<Warning> {
    (skew.abs() > TOLERATED).then(|| {
        let text = format!(
            "{}: how old orders are, and the days of `--last`, may be wrong; is NTP running?",
            clock(skew)
        );
        Warning::new("clock_differs", text)
    })
}

/// Exit code 2: by the gateway's clock other days would have been asked for.
pub(in crate::reconcile) fn wrong_day(skew: TimeDelta) -> Failure {
    Failure::usage(
        format!("{}: by that one, `--last` has selected the wrong days", clock(skew)),
        "set this machine's clock (is NTP running?), then run again; or name the days with --from \
         and --to",
    )
}

/// Whether a clock is wrong ([`clock_differs`]), and so much that by the gateway's it is another
/// day: `--last` would select other days. `now` is of this machine's clock, `skew` the gateway's
/// minus this machine's.
pub(crate) fn moves_day(now: DateTime<Utc>, skew: TimeDelta, zone: Tz) -> bool {
    let day = |time: DateTime<Utc>| time.with_timezone(&zone).date_naive();
    let there = now.checked_add_signed(skew);
    skew.abs() > TOLERATED && there.is_none_or(|there| day(there) != day(now))
}

/// A difference of clocks, as a clause.
fn clock(skew: TimeDelta) -> String {
    let direction = if skew < TimeDelta::zero() { "ahead of" } else { "behind" };
    let shown = span::rounded(skew);
    format!("this machine's clock is {shown} {direction} the gateway's")
}

/// Exit code 12. `doubt` is what is strange about the credentials.
pub(in crate::reconcile) fn refused(
    failure: &CallFailure,
    skew: Option<TimeDelta>,
    doubt: Option<&str>,
    run_id: i64,
    progress: &str,
) -> Failure {
    const NOTICEABLE_SECONDS: i64 = 60;
    let clock = skew
        .filter(|skew| skew.num_seconds().abs() > NOTICEABLE_SECONDS)
        .map(|skew| format!("; {}", clock(skew)))
        .unwrap_or_default();
    let doubt = doubt.map(|doubt| format!("{doubt}; ")).unwrap_or_default();
    let (message, hint) = failure.refusal();
    Failure::new(
        code::CREDENTIALS,
        format!("{message}{clock} ({progress})"),
        format!(
            "{doubt}{hint}. Then resume: octopus-recon run --resume {run_id}. If the base URL or \
             merchant_uid was wrong, start a new run instead"
        ),
    )
}

/// Exit code 13.
pub(in crate::reconcile) fn outage(failure: &CallFailure, run_id: i64, progress: &str) -> Failure {
    let first = match &failure.hint {
        Some(hint) => format!("{hint}. Then"),
        None => "check the network, or wait until the gateway is back, then".to_owned(),
    };
    Failure::new(
        code::OUTAGE,
        format!("nothing usable came from the gateway: {} ({progress})", one_line(&failure.why)),
        format!(
            "{first} resume: octopus-recon run --resume {run_id}. If the base URL was wrong, start \
             a new run instead. The previous report was not changed"
        ),
    )
}

/// Codes of the warnings about how the asking went. A process that resumes the run says anew how
/// its own went.
pub(in crate::reconcile) const OF_THE_ASKING: [&str; 3] =
    [DEADLINE, UNREACHABLE, nothing_answered::CODE];
const DEADLINE: &str = "deadline";
const UNREACHABLE: &str = "unreachable";

/// The deadline came first.
pub(in crate::reconcile) fn deadline(progress: &str) -> Warning {
    Warning::new(DEADLINE, format!("{progress} when the deadline came"))
}

/// The gateway went away.
pub(in crate::reconcile) fn unreachable(failure: &CallFailure, progress: &str) -> Warning {
    let hint = failure.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    let why = one_line(&failure.why);
    let text = format!("{progress} when the gateway could no longer be reached: {why}{hint}");
    Warning::new(UNREACHABLE, text)
}

/// The beginning of the reason of a run that no `--resume` alone helps: see [`knows_nothing`].
pub(crate) const KNOWS_NOTHING: &str = "the gateway knows none of the orders";

/// Exit code 13: all answers say that there is no such order, and none ever said otherwise.
pub(in crate::reconcile) fn knows_nothing(all_missing: &AllMissing, run: &RunRow) -> Failure {
    let AllMissing { asked, answered, words } = all_missing;
    let (run_id, base_url) = (run.summary.run_id, &run.base_url);
    Failure::new(
        code::OUTAGE,
        format!(
            "{KNOWS_NOTHING}, and has never known one of this merchant: {answered} of {asked} \
             orders that were asked are answered with \"{words}\" (run {run_id}, {base_url})"
        ),
        format!(
            "check the base URL, the credentials' merchant, and the ledger's column of \
             merchant_order_id; then start a new run. If the gateway really has none of them: \
             octopus-recon run --resume {run_id} --accept-suspect. The previous report was not \
             changed"
        ),
    )
}
