//! The bounds of the flood guard, one by one and one past; and a second reading of the contract.

use super::{RUNS, is_suspect};
use crate::domain::mismatch::{Kind, Share};
use proptest::prelude::*;

const fn share(newly_found: u64, without: u64) -> Share {
    Share { newly_found, without }
}

#[test]
fn each_bound_and_one_past_it() {
    let quiet = [share(0, 100); 3];
    let table: [(&str, Share, &[Share], bool); 11] = [
        ("20 orders of 99", share(20, 99), &quiet, true),
        ("19 orders of 19", share(19, 19), &quiet, false),
        ("20 of 100 are not above 20 %", share(20, 100), &quiet, false),
        ("21 of 100 are", share(21, 100), &quiet, true),
        ("two runs before", share(100, 100), &quiet[..2], false),
        ("three runs before", share(100, 100), &quiet, true),
        (
            "four times the share of one",
            share(80, 100),
            &[share(0, 9), share(20, 100), share(0, 9)],
            false,
        ),
        ("more than four times", share(81, 100), &[share(0, 9), share(20, 100), share(0, 9)], true),
        ("a run without orders has no share", share(80, 100), &[share(0, 0); 3], true),
        ("seven quiet runs", share(80, 100), &[share(0, 9); RUNS], true),
        ("none newly found", share(0, 0), &quiet, false),
    ];
    for (what, now, earlier, expected) in table {
        assert_eq!(is_suspect(Kind::MissingAtGateway, now, earlier), expected, "{what}");
    }
}

#[test]
fn kinds_that_come_with_time_are_never_suspect() {
    let never: Vec<&str> = Kind::ALL
        .iter()
        .filter(|kind| !is_suspect(**kind, share(100, 100), &[share(0, 100); RUNS]))
        .map(|kind| kind.as_str())
        .collect();
    assert_eq!(
        never,
        ["overdue", "accounting_pending", "pending_too_long", "notify_failed", "unverified"]
    );
}

fn any_share() -> impl Strategy<Value = Share> {
    (0u64..200, 0u64..200).prop_map(|(found, others)| share(found, found + others))
}

/// The contract's sentence, read with fractions of whole numbers.
fn plainly(now: Share, earlier: &[Share]) -> bool {
    let part = |share: Share, times: u128| {
        (u128::from(share.newly_found) * times, u128::from(share.without).max(1))
    };
    let is_more = |a: (u128, u128), b: (u128, u128)| a.0 * b.1 > b.0 * a.1;
    let at_least_twenty = now.newly_found > 19;
    let above_a_fifth = is_more(part(now, 1), (20, 100));
    let above_each = earlier.iter().filter(|it| is_more(part(now, 1), part(**it, 4))).count();
    at_least_twenty && above_a_fifth && earlier.len() > 2 && above_each == earlier.len()
}

proptest! {
    #[test]
    fn it_is_what_the_contract_says(
        now in any_share(),
        earlier in proptest::collection::vec(any_share(), 0..=RUNS),
    ) {
        prop_assert_eq!(is_suspect(Kind::StatusDifference, now, &earlier), plainly(now, &earlier));
    }
}
