//! How the asking ended, and what a person is told of it.

use crate::domain::text;
use crate::failure::{Failure, code};
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
