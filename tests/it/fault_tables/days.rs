//! Days of every length: each order is on exactly one of them, whatever the clocks did.

use crate::support::{HEAD, Merchant};
use chrono::{NaiveDate, TimeDelta};

/// Dry runs: the number of orders from a day to a day.
fn selected(merchant: &Merchant, from: NaiveDate, to: NaiveDate) -> u64 {
    let (from, to) = (from.to_string(), to.to_string());
    let arguments = ["--ledger", "ledger.csv", "--dry-run", "--from", &from, "--to", &to];
    let done =
        merchant.reconcile("http://127.0.0.1:9", &[&arguments[..], &["--allow-empty"]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    done.json()["orders"].as_u64().unwrap_or_default()
}

/// Each quarter of an hour of five days, as the zone's clocks would show it if they were never
/// changed; so some of these times exist twice there, and some not at all. What is written is what
/// counts: each day has its 96.
#[test]
fn a_written_day_is_the_orders_day() {
    for (zone, middle) in [
        // Its first hour does not exist; or its first hour exists twice.
        ("Africa/Cairo", "2026-04-24"),
        ("America/Havana", "2026-11-01"),
        // Half an hour.
        ("Australia/Lord_Howe", "2026-10-04"),
        // A day that was left out as a whole.
        ("Pacific/Apia", "2011-12-30"),
        // Far from UTC, and by an odd offset.
        ("Pacific/Kiritimati", "2026-01-01"),
        ("Asia/Kathmandu", "2026-04-10"),
    ] {
        let Ok(middle) = middle.parse::<NaiveDate>() else { unreachable!("{middle}") };
        let merchant = Merchant::new();
        merchant.write("octopus-recon.toml", format!("[ledger]\ntimezone = \"{zone}\"\n"));
        let first = middle - TimeDelta::days(2);
        let mut ledger = HEAD.to_owned();
        for quarter in 0..5 * 96 {
            let at = first.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(15 * quarter);
            ledger.extend([format!("Q{quarter},1.00,inr,{},paid\n", at.format("%Y-%m-%d %H:%M"))]);
        }
        merchant.write("ledger.csv", ledger);
        let days: Vec<NaiveDate> = first.iter_days().take(5).collect();
        for day in &days[1..4] {
            assert_eq!(selected(&merchant, *day, *day), 96, "{zone} {day}");
        }
        // Adjacent ranges leave none out and count none twice.
        let until = selected(&merchant, days[0], middle);
        let after = selected(&merchant, days[3], days[4]);
        assert_eq!((until, after), (3 * 96, 2 * 96), "{zone}");
    }
}

/// Each half hour of five days of UTC: an instant is on exactly one day of the zone, and each day
/// has its own length.
#[test]
fn an_instant_is_on_one_day_of_the_zone() {
    for (zone, middle, half_hours) in [
        ("Africa/Cairo", "2026-04-24", 46),
        ("America/Havana", "2026-11-01", 50),
        ("Australia/Lord_Howe", "2026-10-04", 47),
        ("Australia/Lord_Howe", "2026-04-05", 49),
        ("Pacific/Apia", "2011-12-30", 0),
        ("Asia/Kolkata", "2026-04-10", 48),
    ] {
        let Ok(middle) = middle.parse::<NaiveDate>() else { unreachable!("{middle}") };
        let merchant = Merchant::new();
        merchant.write("octopus-recon.toml", format!("[ledger]\ntimezone = \"{zone}\"\n"));
        let mut ledger = HEAD.to_owned();
        let first = (middle - TimeDelta::days(2)).and_time(chrono::NaiveTime::MIN);
        for half_hour in 0..5 * 48 {
            let at = first + TimeDelta::minutes(30 * half_hour);
            ledger.extend([format!(
                "H{half_hour},1.00,inr,{}Z,paid\n",
                at.format("%Y-%m-%dT%H:%M:%S")
            )]);
        }
        merchant.write("ledger.csv", ledger);
        assert_eq!(selected(&merchant, middle, middle), half_hours, "{zone} {middle}");
        let far = |days| middle + TimeDelta::days(days);
        let before = selected(&merchant, far(-9), far(-1));
        let after = selected(&merchant, far(1), far(9));
        assert_eq!(before + half_hours + after, 240, "{zone} {middle}");
    }
}
