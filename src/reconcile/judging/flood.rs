//! Which kinds are suspect in a run (contract, "Mismatches": flood guard, b).

use crate::domain::mismatch::{Kind, Share, Shares};
use crate::domain::run::Warning;
pub(super) use crate::rules::flood::RUNS;
use crate::rules::flood::is_suspect;
use crate::rules::lifecycle::Known;
use crate::store::EarlierShares;
use std::collections::{BTreeMap, BTreeSet};

/// Counts on how many orders of a run each kind is newly found.
#[derive(Debug, Default)]
pub(super) struct Counts {
    newly_found: BTreeMap<Kind, u64>,
    had: BTreeMap<Kind, u64>,
}

impl Counts {
    /// Counts an order: the kinds that were known of it, and those that the run found.
    pub(super) fn count(
        &mut self,
        known: &BTreeMap<Kind, Known>,
        found: impl Iterator<Item = Kind>,
    ) {
        for (kind, _) in known.iter().filter(|(_, known)| known.is_open) {
            *self.had.entry(*kind).or_default() += 1;
        }
        for kind in found.filter(|kind| !known.get(kind).is_some_and(|known| known.is_open)) {
            *self.newly_found.entry(kind).or_default() += 1;
        }
    }

    /// The share of each kind that was newly found on an order.
    pub(super) fn shares(&self, selected: u64) -> Shares {
        let share = |(kind, newly_found): (&Kind, &u64)| {
            let had = self.had.get(kind).copied().unwrap_or_default();
            let without = selected.saturating_sub(had);
            (*kind, Share { newly_found: *newly_found, without })
        };
        self.newly_found.iter().map(share).collect()
    }
}

/// The kinds that are suspect in a run. A kind that was suspect in the run before is believed now.
pub(super) fn suspects(shares: &Shares, earlier: &EarlierShares) -> BTreeSet<Kind> {
    let is_doubted = |(kind, share): &(&Kind, &Share)| {
        !earlier.suspect_before.contains(kind) && is_suspect(**kind, **share, &earlier.of(**kind))
    };
    shares.iter().filter(is_doubted).map(|(kind, _)| *kind).collect()
}

/// What is said about a suspect kind.
pub(super) fn warning(kind: Kind, share: Share, earlier: &[Share]) -> Warning {
    let most = earlier.iter().map(|it| tenths_of_per_cent(*it)).max().unwrap_or_default();
    let now = tenths_of_per_cent(share);
    Warning::suspect(format!(
        "{kind} is new on {} of {} orders ({}.{} %); in each of the {} runs before it was at most \
         {}.{} %. These rows are suspect: they open and end nothing, and their money is apart. Ask \
         the gateway what has changed, and look at base_url and the ledger's columns. The next run \
         believes what it sees again; --accept-suspect believes it now",
        share.newly_found,
        share.without,
        now / 10,
        now % 10,
        earlier.len(),
        most / 10,
        most % 10,
    ))
}

/// Rounded up, so that a small share is not said to be none.
fn tenths_of_per_cent(share: Share) -> u128 {
    (u128::from(share.newly_found) * 1000).div_ceil(u128::from(share.without.max(1)))
}
