//! What makes a ledger ready, in a table and against a second, plain reading of the rule.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::*;
use chrono::TimeDelta;
use proptest::prelude::*;

const HOUR: u64 = 3_600;

fn clock(at: u64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + Duration::from_secs(at)
}

/// A file of this length that was written so long before the first look; below zero: after it.
fn file(length: u64, seconds_before: i64) -> Seen {
    let written = SystemTime::from(clock(0) - TimeDelta::seconds(seconds_before));
    Seen::File { length, written: Some(written) }
}

/// What each look comes to, by its first word, and the reason of the last.
fn looks(looks: &[(u64, Seen)], max_age_hours: Option<u32>, limit: u64) -> (String, String) {
    let limit = Duration::from_secs(limit);
    let mut wait = Wait::new(vec!["orders.csv".to_owned()], max_age_hours, limit);
    let (mut words, mut reason) = (Vec::new(), String::new());
    for (at, seen) in looks {
        let looked = wait.look(vec![seen.clone()], Duration::from_secs(*at), clock(*at));
        let word = match looked {
            Looked::Ready => "ready",
            Looked::NotYet(why) => {
                reason = why;
                "wait"
            }
            Looked::Over(why) => {
                reason = why;
                "over"
            }
        };
        words.push(word);
    }
    (words.join(" "), reason)
}

#[test]
fn a_file_is_ready_when_it_is_there_young_and_unchanged() {
    use Seen::{Absent, Hidden, Stream};
    let written_late = "was written to within the last 60 s";
    let changed = "is new or has changed since the last look";
    let old = "27 hours ago; [ledger] max_age_hours allows 26";
    let age = Some(26);
    let old_file = |length| file(length, 27 * i64::try_from(HOUR).unwrap());
    for (seen, max_age_hours, expected, why) in [
        // Untouched by its own time: the second look is enough.
        (vec![(0, file(9, 60)), (1, file(9, 60))], None, "wait ready", changed),
        (vec![(0, file(9, 60)), (1, file(8, 60))], None, "wait wait", changed),
        // Written half a minute ago: 60 s after it was written.
        (
            vec![(0, file(9, 30)), (29, file(9, 30)), (30, file(9, 30))],
            None,
            "wait wait ready",
            written_late,
        ),
        // Written by a clock that is ahead of ours: 60 s by our own.
        (
            vec![(0, file(9, -900)), (59, file(9, -900)), (60, file(9, -900))],
            None,
            "wait wait ready",
            written_late,
        ),
        // Written by a clock that is behind ours: two looks see it grow.
        (
            vec![(0, file(5, 600)), (1, file(6, 599)), (2, file(7, 598)), (3, file(7, 598))],
            None,
            "wait wait wait ready",
            changed,
        ),
        // A change of the time alone is a change.
        (vec![(0, file(9, 70)), (1, file(9, 65))], None, "wait wait", changed),
        (vec![(0, Absent), (1, file(9, 70)), (2, file(9, 70))], None, "wait wait ready", changed),
        (vec![(0, file(9, 70)), (1, Absent), (2, file(9, 70))], None, "wait wait wait", changed),
        (vec![(0, file(0, 70)), (1, file(0, 70))], None, "wait wait", "is empty"),
        (vec![(0, old_file(9)), (1, old_file(9))], None, "wait ready", changed),
        (vec![(0, old_file(9)), (1, old_file(9))], age, "wait wait", old),
        (
            vec![(0, old_file(9)), (1, file(9, 70)), (2, file(9, 70))],
            age,
            "wait wait ready",
            changed,
        ),
        // It grows old while it is waited for.
        (
            vec![(0, file(9, 3_599)), (1, file(9, 3_599)), (2, file(9, 3_599))],
            Some(1),
            "wait ready wait",
            "1 hour ago; [ledger] max_age_hours allows 1",
        ),
        // The limit is 100 s.
        (vec![(99, Absent), (100, Absent)], None, "wait over", "orders.csv is not there"),
        (vec![(99, file(9, 70)), (100, file(9, 70))], None, "wait ready", changed),
        (vec![(100, file(9, 70))], None, "over", changed),
        (vec![(0, Hidden("denied".to_owned()))], None, "wait", "cannot be looked at: denied"),
        (vec![(0, Stream)], None, "ready", ""),
    ] {
        let (words, reason) = looks(&seen, max_age_hours, 100);
        assert_eq!(words, expected, "{seen:?}");
        assert!(reason.ends_with(why), "{seen:?}: {reason}");
    }
}

#[test]
fn a_wait_has_room_for_two_looks() {
    let (words, _) = looks(&[(0, file(9, 70)), (1, file(9, 70))], None, 0);
    assert_eq!(words, "wait ready");
}

#[test]
fn every_file_must_be_ready_at_the_same_look() {
    let names = vec!["a.csv".to_owned(), "b.csv".to_owned()];
    let mut wait = Wait::new(names, None, Duration::from_secs(10));
    let mut look = |at, a, b| wait.look(vec![a, b], Duration::from_secs(at), clock(at));
    let not_yet = |why: &str| Looked::NotYet(why.to_owned());
    let (new, absent) = ("is new or has changed since the last look", "is not there");
    let both = format!("a.csv {new}; b.csv {absent}");
    assert_eq!(look(0, file(9, 70), Seen::Absent), not_yet(&both));
    assert_eq!(look(1, file(9, 70), file(9, 70)), not_yet(&format!("b.csv {new}")));
    assert_eq!(look(2, file(8, 70), file(9, 70)), not_yet(&format!("a.csv {new}")));
    assert_eq!(look(3, file(8, 70), file(9, 70)), Looked::Ready);
    assert_eq!(look(10, Seen::Absent, file(9, 70)), Looked::Over(format!("a.csv {absent}")));
}

/// Whether the last of these looks finds the file ready: read from all looks anew.
fn is_ready(looks: &[(u64, Seen)], max_age_hours: u32) -> bool {
    let (now, seen) = looks.last().unwrap();
    let Seen::File { length, written: Some(written) } = seen else {
        return *seen == Seen::Stream;
    };
    let same = looks.iter().rev().take_while(|(_, other)| other == seen).count();
    let first_same = looks[looks.len() - same].0;
    let age = |at| {
        let before = SystemTime::from(clock(at)).duration_since(*written);
        before.map_or(0, |age| age.as_secs())
    };
    *length > 0
        && age(*now) <= u64::from(max_age_hours) * HOUR
        && same >= 2
        && (now - first_same >= 60 || age(*now) >= 60)
}

proptest! {
    #[test]
    fn a_second_reading_agrees(
        steps in prop::collection::vec((1_u64..40, 0_u8..8, 0_u64..3, 0_usize..4), 1..30),
    ) {
        let written = [-300, 10, 70, 2 * 3_600];
        let mut wait = Wait::new(vec!["orders.csv".to_owned()], Some(1), Duration::from_hours(9));
        let (mut at, mut looks) = (0, Vec::<(u64, Seen)>::new());
        for (pause, what, length, time) in steps {
            at += pause;
            let last = looks.last().map(|(_, seen)| seen.clone());
            let seen = match (what, last) {
                (0, _) => Seen::Absent,
                (1 | 2, _) | (_, None) => file(length, written[time]),
                (3, _) => Seen::Hidden(String::new()),
                // Most looks see what the one before saw.
                (_, Some(last)) => last,
            };
            looks.push((at, seen.clone()));
            let looked = wait.look(vec![seen], Duration::from_secs(at), clock(at));
            prop_assert_eq!(looked == Looked::Ready, is_ready(&looks, 1), "{:?}", looks);
        }
    }
}
