//! Which days are compared, and when missing orders cast doubt on a ledger.

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap_or_else(|_| unreachable!("{text}"))
}

#[test]
fn days_are_compared_with_the_weeks_before_or_with_the_days_known() {
    let cases: [(&str, &[&str], &[&str]); 6] = [
        // Four weeks are known: this weekday of each.
        ("2026-10-29", &[], &["2026-11-19", "2026-11-12", "2026-11-05", "2026-10-29"]),
        // One day less: at most seven days.
        (
            "2026-10-30",
            &[],
            &[
                "2026-11-25",
                "2026-11-24",
                "2026-11-23",
                "2026-11-22",
                "2026-11-21",
                "2026-11-20",
                "2026-11-19",
            ],
        ),
        ("2026-11-24", &[], &["2026-11-25", "2026-11-24"]),
        ("2026-11-25", &[], &[]),
        // Closed days prove nothing.
        ("2026-11-23", &["2026-11-24"], &["2026-11-25", "2026-11-23"]),
        ("2026-11-24", &["2026-11-24"], &[]),
    ];
    for (first_known, closed, expected) in cases {
        let is_closed = |date: NaiveDate| closed.contains(&date.to_string().as_str());
        let days = days_to_compare(day("2026-11-26"), day(first_known), is_closed);
        let expected: Vec<NaiveDate> = expected.iter().map(|date| day(date)).collect();
        assert_eq!(days, expected, "{first_known} {closed:?}");
    }
}

#[expect(clippy::default_trait_access, reason = "the store keeps the type to itself")]
fn comparison(days: &[(&str, u64, u64)]) -> Comparison {
    let compared = days.iter().map(|(date, orders, missing)| {
        ((Default::default(), day(date)), Compared { orders: *orders, missing: *missing })
    });
    Comparison { run_id: 7, days: compared.collect(), examples: vec!["A-1".to_owned()] }
}

#[test]
fn a_whole_day_or_many_missing_orders_are_doubt() {
    let (first, second) = ("2026-11-20", "2026-11-21");
    for (days, is_doubt) in [
        (vec![], None),
        (vec![(first, 10, 0)], None),
        (vec![(first, 10, 0), (second, 10, 1)], Some(false)),
        (vec![(first, 10, 5)], Some(false)),
        (vec![(first, 10, 6)], Some(true)),
        (vec![(first, 10, 3), (second, 10, 3)], Some(true)),
        (vec![(first, 1_500, 7)], Some(false)),
        // All of one day, however few they are.
        (vec![(first, 1_500, 0), (second, 1, 1)], Some(true)),
    ] {
        let warning = shrunk(Some(comparison(&days)), &ShrunkAbove::default());
        assert_eq!(warning.map(|it| it.is_doubt), is_doubt, "{days:?}");
    }
    assert_eq!(shrunk(None, &ShrunkAbove::default()), None);
}

#[test]
fn a_shrunk_ledger_is_said_with_its_numbers() {
    for (days, said) in [
        (
            vec![("2026-11-20", 10, 0), ("2026-11-21", 1, 1)],
            "1 of 11 orders that the ledger of run 7 gave are not in this one, all of 2026-11-21 \
             among them, or are invalid or skipped now: A-1. Was",
        ),
        (
            vec![("2026-11-20", 10, 2)],
            "2 of 10 orders that the ledger of run 7 gave are not in this one, or are invalid or \
             skipped now: A-1, …. Was",
        ),
    ] {
        let warning = shrunk(Some(comparison(&days)), &ShrunkAbove::default());
        let text = warning.map(|it| it.text).unwrap_or_default();
        assert!(text.starts_with(said), "{text}");
    }
}

#[test]
fn a_doubt_that_an_earlier_night_has_said_is_a_warning() {
    assert!(warning("ledger_gap", String::new(), false).is_doubt);
    let known = warning("ledger_gap", "a day".to_owned(), true);
    assert!(!known.is_doubt && known.text.ends_with("(seen in an earlier night already)"));
}

#[test]
fn a_file_is_as_old_as_the_limit_at_most() {
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let refused = |seconds: i64, max_age_hours| {
        let written = SystemTime::from(now - TimeDelta::hours(26) - TimeDelta::seconds(seconds));
        too_old("ledger.csv", Some(written), max_age_hours, now)
    };
    assert_eq!(refused(0, Some(26)), None);
    let text = "ledger.csv was last written at 2024-10-02T21:59:59Z, 26 hours ago; [ledger] \
                max_age_hours allows 26";
    assert_eq!(refused(1, Some(26)).as_deref(), Some(text));
    assert_eq!(refused(1, None), None);
    assert!(too_old("-", None, Some(1), now).is_none(), "nobody knows when it was written");
}
