//! The judge of power cuts is judged: a run without one of its syncs is found out.

use crate::campaign::has_strace;
use crate::judge::Verdict;
use crate::order_of_calls;
use crate::power_cuts::Recorded;
use crate::trace::Step;

/// More cuts than are needed to find a missing sync.
const CUTS: u64 = 500;

/// The counts for a run whose log lacks these syncs: lost and torn by the power cuts, up to the
/// first cut that finds something, then by the order of calls.
fn counts_without(is_missing: fn(&str) -> bool) -> Option<[usize; 4]> {
    if !has_strace("syncs") {
        return None;
    }
    let forgotten = |step: &Step| matches!(step, Step::Sync { name } if is_missing(name));
    let (recorded, steps) = Recorded::without(9, &forgotten);
    let mut of_cuts = Verdict::default();
    for number in 0..CUTS {
        let mut random = fastrand::Rng::with_seed(number);
        let cut = random.usize(steps.len() / 2..=steps.len());
        recorded.judge(&mut of_cuts, cut, &mut random, false);
        if !of_cuts.is_clean() {
            break;
        }
    }
    let mut of_order = Verdict::default();
    order_of_calls::judge(&mut of_order, &steps);
    Some([of_cuts.lost.len(), of_cuts.torn.len(), of_order.lost.len(), of_order.torn.len()])
}

#[test]
fn a_log_that_is_not_synced_loses_answers() {
    let Some([lost, _, by_order, _]) = counts_without(|name| name.ends_with("-wal")) else {
        return;
    };
    assert!(lost > 0 && by_order > 0, "{lost} {by_order}");
}

#[test]
fn a_report_that_is_not_synced_is_torn() {
    let is_temporary = |name: &str| name.contains(".octopus-recon-");
    let Some([_, torn, _, by_order]) = counts_without(is_temporary) else { return };
    assert!(torn > 0 && by_order > 4, "{torn} {by_order}");
}

#[test]
fn a_directory_that_is_not_synced_is_found_out() {
    let Some([_, torn, _, by_order]) = counts_without(|name| name == "reports") else { return };
    assert!(torn > 0 && by_order == 2, "{torn} {by_order}");
}
