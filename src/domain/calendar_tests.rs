#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::*;

fn days(list: &str) -> ClosedDays {
    toml::from_str::<Calendar>(&format!("closed = {list}")).unwrap().closed
}

fn closed_in(days: &ClosedDays, month: &str) -> Vec<u32> {
    let first: NaiveDate = format!("{month}-01").parse().unwrap();
    let of_month = first.iter_days().take_while(|date| date.month() == first.month());
    of_month.filter(|date| days.is_closed(*date)).map(|date| date.day()).collect()
}

#[test]
fn days_are_weekdays_weekdays_of_the_month_and_dates() {
    for (list, closed) in [
        ("[]", vec![]),
        ("['sun']", vec![1, 8, 15, 22, 29]),
        ("[' Sunday ', '2nd sat', '4th  SATURDAY']", vec![1, 8, 14, 15, 22, 28, 29]),
        ("['1st sun', '3rd sun', '5th sun']", vec![1, 15, 29]),
        ("['5th mon']", vec![30]),
        ("['5th tue']", vec![]),
        ("['2026-11-26', '2026-12-25']", vec![26]),
    ] {
        assert_eq!(closed_in(&days(list), "2026-11"), closed, "{list}");
        assert_eq!(days(list).is_empty(), list == "[]");
    }
}

#[test]
fn what_is_no_day_is_refused() {
    for word in
        ["sundays", "", "6th sat", "last fri", "2nd", "sat 2nd", "2nd sat sun", "26/01/2026"]
    {
        let text = format!("bank_closed = ['sat',\n'{word}']");
        let error = toml::from_str::<Calendar>(&text).unwrap_err();
        assert!(error.message().starts_with(&format!("`{word}` is not a day: ")), "{error}");
        assert!(text[error.span().unwrap().start..].starts_with("['sat'"), "{error}");
    }
    let all = "closed = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']";
    let error = toml::from_str::<Calendar>(all).unwrap_err();
    assert!(error.message().contains("all seven weekdays are closed"), "{error}");
    assert!(toml::from_str::<Calendar>("banks = []").is_err());
}

#[test]
fn hours_of_closed_days_do_not_count() {
    let weekend = days("['sat', 'sun', '2026-11-10']");
    let india = Tz::Asia__Kolkata;
    let berlin = Tz::Europe__Berlin;
    for (zone, from, to, hours) in [
        // Thursday to Friday, Friday to Monday, Saturday to Monday.
        (india, "2026-11-05T12:00:00+05:30", "2026-11-06T12:00:00+05:30", 24),
        (india, "2026-11-06T12:00:00+05:30", "2026-11-09T12:00:00+05:30", 24),
        (india, "2026-11-07T12:00:00+05:30", "2026-11-09T12:00:00+05:30", 12),
        // Within a closed day, and over the date.
        (india, "2026-11-07T01:00:00+05:30", "2026-11-07T23:00:00+05:30", 0),
        (india, "2026-11-09T18:00:00+05:30", "2026-11-11T06:00:00+05:30", 12),
        // The same instants: in UTC it is Friday for five hours and a half more.
        (india, "2026-11-06T18:30:00Z", "2026-11-08T18:30:00Z", 0),
        (Tz::UTC, "2026-11-06T18:00:00Z", "2026-11-08T18:00:00Z", 6),
        // The clock was set back on Sunday, 25 October, and set forward on Sunday, 29 March.
        (berlin, "2026-10-23T12:00:00+02:00", "2026-10-26T12:00:00+01:00", 24),
        (berlin, "2026-03-27T12:00:00+01:00", "2026-03-30T12:00:00+02:00", 24),
    ] {
        let instant = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let span = (instant(from), instant(to));
        let limit = TimeDelta::hours(hours);
        let moment = TimeDelta::milliseconds(1);
        assert!(!weekend.has_passed(limit, span, zone), "{zone} {from} {to}");
        assert!(weekend.has_passed(limit - moment, span, zone), "{zone} {from} {to}");
    }
}

#[test]
fn without_closed_days_every_hour_counts() {
    let none = ClosedDays::default();
    let from = DateTime::UNIX_EPOCH;
    for (limit, passed, is_passed) in [(24, 24, false), (24, 25, true), (0, -1, false)] {
        let span = (from, from + TimeDelta::hours(passed));
        let limit = TimeDelta::hours(limit);
        assert_eq!(none.has_passed(limit, span, Tz::UTC), is_passed);
        assert_eq!(days("['2026-11-10']").has_passed(limit, span, Tz::UTC), is_passed);
    }
}

#[test]
fn a_day_begins_where_clocks_change_at_midnight() {
    for (zone, date, start) in [
        (Tz::Asia__Kolkata, "2026-11-10", "2026-11-09T18:30:00Z"),
        // Brazil set its clocks forward at midnight; Samoa left out a whole day.
        (Tz::America__Sao_Paulo, "2018-11-04", "2018-11-04T03:00:00Z"),
        (Tz::Pacific__Apia, "2011-12-30", "2011-12-30T10:00:00Z"),
        // Newfoundland set them back at a minute past midnight.
        (Tz::America__St_Johns, "2010-11-07", "2010-11-07T03:30:00Z"),
    ] {
        let start: DateTime<Utc> = start.parse().unwrap();
        assert_eq!(start_of_day(date.parse().unwrap(), zone), Some(start), "{zone}");
    }
    // The walk passes both of Newfoundland's midnights.
    let span = ("2010-11-05T00:00:00Z".parse().unwrap(), "2010-11-12T00:00:00Z".parse().unwrap());
    let closed = days("['mon', 'tue', 'wed', 'thu', 'fri', 'sat']");
    assert!(closed.has_passed(TimeDelta::hours(23), span, Tz::America__St_Johns));
    assert!(!closed.has_passed(TimeDelta::hours(25), span, Tz::America__St_Johns));
}
