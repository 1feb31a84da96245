//! Whether a kind of mismatch is suddenly found on too many orders to be believed at once
//! (contract, "Mismatches": flood guard, b). Pure.

use crate::domain::mismatch::{Kind, Share};

/// Fewer orders than this are never suspect.
const FEWEST_ORDERS: u64 = 20;
/// Above one order in this many.
const ONE_IN: u64 = 5;
/// More than this many times the share of each run before.
const TIMES: u64 = 4;
/// With fewer runs to compare with, nothing is suspect.
const FEWEST_RUNS: usize = 3;
/// The latest runs that are compared.
pub const RUNS: usize = 7;

/// Whether a share is more than [`TIMES`] times another one. A share of nothing is zero.
fn exceeds(now: Share, then: Share) -> bool {
    let (of_now, of_then) = (now.without.max(1), then.without.max(1));
    u128::from(now.newly_found) * u128::from(of_then)
        > u128::from(TIMES) * u128::from(then.newly_found) * u128::from(of_now)
}

/// Whether what a run newly found of a kind is suspect. `earlier`: the shares of the latest
/// [`RUNS`] judged runs of the same kind of selection that were not suspect.
#[must_use]
pub fn is_suspect(kind: Kind, now: Share, earlier: &[Share]) -> bool {
    can_be_suspect(kind)
        && now.newly_found >= FEWEST_ORDERS
        && u128::from(now.newly_found) * u128::from(ONE_IN) > u128::from(now.without)
        && earlier.len() >= FEWEST_RUNS
        && earlier.iter().all(|then| exceeds(now, *then))
}

/// Kinds that come in floods by nature: with time, or with an outage that is said otherwise.
fn can_be_suspect(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Unverified
            | Kind::PendingTooLong
            | Kind::AccountingPending
            | Kind::Overdue
            | Kind::NotifyFailed
    )
}

#[cfg(test)]
#[path = "flood_tests.rs"]
mod tests;
