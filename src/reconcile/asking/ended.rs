//! How the asking ended, and what a person is told of it.

use crate::domain::run::Warning;
use crate::domain::text;
use crate::failure::{Failure, code};
use crate::gateway::RefusedCalls;
use chrono::TimeDelta;

/// How the asking ended.
pub(in crate::reconcile) enum Ended {
    /// Every order was asked.
    Done,
    /// The deadline came, and what is left was not asked.
    Deadline,
    /// A signal came.
    Interrupted(u8),
    /// The gateway refuses the credentials: its words, and its clock minus this machine's.
    Refused(String, Option<TimeDelta>),
    /// Nothing usable came: the last failure.
    Outage(String),
    /// Earlier answers are there, but now the gateway cannot be reached: the last failure.
    Unreachable(String),
}

/// What a person should see of "too many requests".
pub(in crate::reconcile) fn too_many_requests(refused: RefusedCalls) -> Warning {
    let RefusedCalls { calls, refused, passed_per_minute } = refused;
    let less = match passed_per_minute / 60 {
        0 => String::new(),
        rate => format!("set [gateway] requests_per_second to {rate} or less, or "),
    };
    let text = format!(
        "the gateway answered {refused} of {calls} calls with \"too many requests\"; \
         {passed_per_minute} a minute passed: {less}ask the gateway's support for a higher limit"
    );
    Warning::new("too_many_requests", text)
}

/// Exit code 12.
pub(in crate::reconcile) fn refused(
    why: &str,
    skew: Option<TimeDelta>,
    run_id: i64,
    progress: &str,
) -> Failure {
    const NOTICEABLE_SECONDS: i64 = 60;
    let clock = skew
        .filter(|skew| skew.num_seconds().abs() > NOTICEABLE_SECONDS)
        .map(|skew| {
            let direction = if skew < TimeDelta::zero() { "ahead of" } else { "behind" };
            let seconds = skew.num_seconds().abs();
            format!("; this machine's clock is {seconds} s {direction} the gateway's")
        })
        .unwrap_or_default();
    Failure::new(
        code::CREDENTIALS,
        format!("the gateway refuses the credentials: {why}{clock} ({progress})"),
        format!(
            "compare OCTOPUS_RECON_API_KEY and the secret with the values from the gateway's \
             support, then resume: octopus-recon run --resume {run_id}. If the base URL or \
             merchant_uid was wrong, start a new run instead"
        ),
    )
}

/// Exit code 13.
pub(in crate::reconcile) fn outage(why: &str, run_id: i64, progress: &str) -> Failure {
    Failure::new(
        code::OUTAGE,
        format!("nothing usable came from the gateway: {} ({progress})", text::clean(why)),
        format!(
            "check the network, or wait until the gateway is back, then resume: octopus-recon \
             run --resume {run_id}. If the base URL was wrong, start a new run instead. The \
             previous report was not changed"
        ),
    )
}
