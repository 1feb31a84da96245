//! Tables of dates.

use super::*;

/// The instant, the date and, in brackets, whether it came with an offset.
fn read(cell: &str, zone: &str) -> String {
    shown(dates(zone, &[]).read(cell, ""))
}

fn zone(name: &str) -> Tz {
    name.parse().unwrap_or_else(|error| unreachable!("{name}: {error}"))
}

fn dates<'a>(name: &str, formats: &'a [DateFormat]) -> Dates<'a> {
    let zones = Zones { days: zone(name), times: zone(name) };
    Dates::new(zones, formats, DateTime::UNIX_EPOCH)
}

fn formats(texts: &[&str]) -> Vec<DateFormat> {
    let format = |text: &&str| DateFormat::new(text);
    texts.iter().map(format).collect::<Result<_, _>>().unwrap_or_default()
}

fn shown(read: Result<Option<DateCell>, DateError>) -> String {
    match read {
        Ok(Some(read)) => format!(
            "{} {}{}",
            read.instant.format("%Y-%m-%dT%H:%M:%S%.fZ"),
            read.date,
            if read.with_offset { " offset" } else { "" }
        ),
        Ok(None) => "none".to_owned(),
        Err(error) => format!("!{error}"),
    }
}

#[test]
fn dates_in_the_usual_formats() {
    for (cell, expected) in [
        ("2026-04-10", "2026-04-10T18:30:00Z 2026-04-10"),
        ("2026-04-10T11:11", "2026-04-10T05:41:00Z 2026-04-10"),
        ("2026-04-10 11:11", "2026-04-10T05:41:00Z 2026-04-10"),
        ("2026-04-10 11:11:26", "2026-04-10T05:41:26Z 2026-04-10"),
        ("2026-04-10T11:11:26.5", "2026-04-10T05:41:26.500Z 2026-04-10"),
        ("2026-04-10T11:11:26.123456789", "2026-04-10T05:41:26.123456789Z 2026-04-10"),
        ("2026-04-10T11:11Z", "2026-04-10T11:11:00Z 2026-04-10 offset"),
        ("2026-04-10 18:30:00Z", "2026-04-10T18:30:00Z 2026-04-11 offset"),
        ("2026-04-10T11:11:26.5Z", "2026-04-10T11:11:26.500Z 2026-04-10 offset"),
        ("2026-04-10T11:11:26+05:30", "2026-04-10T05:41:26Z 2026-04-10 offset"),
        ("2026-04-10 11:11:26 +0530", "2026-04-10T05:41:26Z 2026-04-10 offset"),
        ("2026-04-10 23:59 -0300", "2026-04-11T02:59:00Z 2026-04-11 offset"),
        (" 2026-04-10 ", "2026-04-10T18:30:00Z 2026-04-10"),
        ("2026-04-10 11:11 UTC", "2026-04-10T11:11:00Z 2026-04-10 offset"),
        ("2026-04-10T11:11:26GMT", "2026-04-10T11:11:26Z 2026-04-10 offset"),
        ("2026-04-10 11:11:26+00", "2026-04-10T11:11:26Z 2026-04-10 offset"),
        ("2026-04-10 11:11:26.5+05", "2026-04-10T06:11:26.500Z 2026-04-10 offset"),
        ("2026-04-10 11:11 -07", "2026-04-10T18:11:00Z 2026-04-10 offset"),
        ("2026-04-10 15:00+14:00", "2026-04-10T01:00:00Z 2026-04-10 offset"),
        ("2026-04-10 15:00-00:59", "2026-04-10T15:59:00Z 2026-04-10 offset"),
        ("2024-02-29", "2024-02-29T18:30:00Z 2024-02-29"),
        ("2000-01-01", "2000-01-01T18:30:00Z 2000-01-01"),
        ("2100-12-31", "2100-12-31T18:30:00Z 2100-12-31"),
        ("", "none"),
    ] {
        assert_eq!(read(cell, "Asia/Kolkata"), expected, "{cell}");
    }
}

#[test]
fn cells_that_are_not_dates() {
    for cell in [
        "10/04/2026",
        "2026-4-10",
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-04-31",
        "26-04-10",
        "2026/04/10",
        "20260410",
        "2026-04-10T",
        "2026-04-10 ",
        "2026-04-10  11:11",
        "2026-04-10t11:11",
        "2026-04-10 11",
        "2026-04-10 11:1",
        "2026-04-10 24:00",
        "2026-04-10 11:60",
        "2026-04-10 11:11:60",
        "2026-04-10 11:11:26.",
        "2026-04-10 11:11:26,5",
        "2026-04-10 11:11:26.1234567890",
        "2026-04-10Z",
        "2026-04-10 +0530",
        "2026-04-10 11:11 IST",
        "2026-04-10 11:11 UTC+1",
        "2026-04-10 11:11z",
        "2026-04-10 11:11+5",
        "2026-04-10 11:11+05:",
        "2026-04-10 11:11+15",
        "2026-04-10 UTC",
        "2026-04-10 11:11+5:30",
        "2026-04-10 11:11+14:01",
        "2026-04-10 11:11+05:60",
        "2026-04-10 11:11+05:30x",
        "２０２６-04-10",
        "+2026-04-10",
        "46122",
        "yesterday",
    ] {
        // A space at the end is trimmed; everything else has to be exact.
        let expected = if cell == "2026-04-10 " { "2026-04-11T" } else { "!it is not a date" };
        assert!(read(cell, "UTC").starts_with(expected), "{cell}: {}", read(cell, "UTC"));
    }
    for (cell, year) in [("1999-12-31", 1999), ("2101-01-01", 2101), ("0001-01-01", 1)] {
        assert!(read(cell, "UTC").contains("between 2000 and 2100"), "{year}");
    }
}

#[test]
fn local_times_that_exist_twice_or_not_at_all() {
    for (cell, zone, expected) in [
        // Spring: 02:00 becomes 03:00 at 01:00Z.
        ("2026-03-29 01:59:59", "Europe/Berlin", "2026-03-29T00:59:59Z 2026-03-29"),
        ("2026-03-29 02:00", "Europe/Berlin", "2026-03-29T01:00:00Z 2026-03-29"),
        ("2026-03-29 02:30", "Europe/Berlin", "2026-03-29T01:30:00Z 2026-03-29"),
        ("2026-03-29 03:00", "Europe/Berlin", "2026-03-29T01:00:00Z 2026-03-29"),
        // Autumn: 03:00 becomes 02:00 at 01:00Z.
        ("2026-10-25 02:30", "Europe/Berlin", "2026-10-25T00:30:00Z 2026-10-25"),
        ("2026-10-25 02:30+01:00", "Europe/Berlin", "2026-10-25T01:30:00Z 2026-10-25 offset"),
        ("2026-10-25 03:00", "Europe/Berlin", "2026-10-25T02:00:00Z 2026-10-25"),
        // A day of 23 hours, and one of 25.
        ("2026-03-29", "Europe/Berlin", "2026-03-29T22:00:00Z 2026-03-29"),
        ("2026-10-25", "Europe/Berlin", "2026-10-25T23:00:00Z 2026-10-25"),
        // The next day begins at 01:00, or its midnight exists twice.
        ("2026-04-23", "Africa/Cairo", "2026-04-23T22:00:00Z 2026-04-23"),
        ("2026-10-31", "America/Havana", "2026-11-01T04:00:00Z 2026-10-31"),
        // Half an hour.
        ("2026-10-04 02:10", "Australia/Lord_Howe", "2026-10-03T15:40:00Z 2026-10-04"),
        // A day that was left out.
        ("2011-12-29", "Pacific/Apia", "2011-12-30T10:00:00Z 2011-12-29"),
        ("2011-12-30 12:00", "Pacific/Apia", "2011-12-30T22:00:00Z 2011-12-30"),
    ] {
        assert_eq!(read(cell, zone), expected, "{cell} {zone}");
    }
}

#[test]
fn the_future_begins_after_now_and_after_today() {
    let now = DateTime::from_timestamp(1_775_799_686, 0).unwrap_or_default(); // 11:11:26 +0530
    let zones = Zones { days: Tz::Asia__Kolkata, times: Tz::Asia__Kolkata };
    let dates = Dates::new(zones, &[], now);
    for (cell, future) in [
        ("2026-04-10", false),
        ("2026-04-11", true),
        ("2026-04-10 11:11:26", false),
        ("2026-04-10 11:11:27", true),
        ("2026-04-10T05:41:26Z", false),
        ("2026-04-10T05:41:27Z", true),
    ] {
        let read = dates.read(cell, "").map(|read| read.map(|read| read.future));
        assert_eq!(read, Ok(Some(future)), "{cell}");
    }
}

#[test]
fn a_configured_format_replaces_the_usual_ones() {
    let formats = formats(&["%d/%m/%Y %H:%M"]);
    let dates = dates("Asia/Kolkata", &formats);
    let date = dates.read("10/04/2026 11:11", "").map(|read| read.map(|read| read.date));
    assert_eq!(date, Ok(NaiveDate::from_ymd_opt(2026, 4, 10)));
    let error = dates.read("2026-04-10", "").err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("it is not a date as \"%d/%m/%Y %H:%M\""));
    assert!(dates.read("10/04/1026 11:11", "").is_err());
}

#[test]
fn several_formats_have_to_agree() {
    for (texts, cell, expected) in [
        (&["%d/%m/%Y", "%Y-%m-%d"][..], "2026-04-10", "2026-04-10T18:30:00Z 2026-04-10"),
        (&["%d/%m/%Y", "%Y-%m-%d"], "10/04/2026", "2026-04-10T18:30:00Z 2026-04-10"),
        (
            &["%d/%m/%Y", "%Y-%m-%d"],
            "10.04.2026",
            "!it is not a date as \"%d/%m/%Y\" or \"%Y-%m-%d\"",
        ),
        (
            &["%d/%m/%Y", "%m/%d/%Y"],
            "11/05/2026",
            "!it is 2026-05-11 as \"%d/%m/%Y\" and 2026-11-05 as \"%m/%d/%Y\"",
        ),
        (&["%d/%m/%Y", "%m/%d/%Y"], "11/25/2026", "2026-11-25T18:30:00Z 2026-11-25"),
        (&["%d/%m/%Y", "%m/%d/%Y"], "05/05/2026", "2026-05-05T18:30:00Z 2026-05-05"),
        (
            &["%d/%m/%Y %H:%M", "%d/%m/%Y %M:%H"],
            "10/04/2026 11:12",
            "!it is 2026-04-10 11:12:00 as \"%d/%m/%Y %H:%M\" and 2026-04-10 12:11:00 as \
             \"%d/%m/%Y %M:%H\"",
        ),
        // Only one of the two is a date of this century.
        (&["epoch", "epoch_ms"], "1775799686", "2026-04-10T05:41:26Z 2026-04-10 offset"),
        (&["epoch", "epoch_ms"], "1775799686000", "2026-04-10T05:41:26Z 2026-04-10 offset"),
        (&["epoch"], "1775799686000", "!its year is not between 2000 and 2100"),
    ] {
        let formats = formats(texts);
        assert_eq!(shown(dates("Asia/Kolkata", &formats).read(cell, "")), expected, "{cell}");
    }
}

#[test]
fn times_can_be_in_another_zone_than_days() {
    let zones = Zones { days: Tz::Asia__Kolkata, times: Tz::UTC };
    let dates = Dates::new(zones, &[], DateTime::UNIX_EPOCH);
    for (cell, expected) in [
        ("2026-04-10 18:29:59", "2026-04-10T18:29:59Z 2026-04-10"),
        ("2026-04-10 18:30", "2026-04-10T18:30:00Z 2026-04-11"),
        ("2026-04-10T18:30+05:30", "2026-04-10T13:00:00Z 2026-04-10 offset"),
        // A day is one of the days' zone.
        ("2026-04-10", "2026-04-10T18:30:00Z 2026-04-10"),
    ] {
        assert_eq!(shown(dates.read(cell, "")), expected, "{cell}");
    }
}

#[test]
fn the_time_can_be_in_a_cell_of_its_own() {
    for (texts, date, time, expected) in [
        (&[][..], "2026-04-10", "11:11:26", "2026-04-10T05:41:26Z 2026-04-10"),
        (&[], "2026-04-10", "11:11+00", "2026-04-10T11:11:00Z 2026-04-10 offset"),
        (&[], " 2026-04-10 ", " 11:11 ", "2026-04-10T05:41:00Z 2026-04-10"),
        (&[], "2026-04-10", "", "2026-04-10T18:30:00Z 2026-04-10"),
        (&[], "", "11:11", "none"),
        (&[], "2026-04-10", "11.11", "!it is not a date as"),
        (&[], "2026-04-10 10:00", "11:11", "!it is not a date as"),
        (&["%d/%m/%Y"], "10/04/2026", "11:11:26", "2026-04-10T05:41:26Z 2026-04-10"),
        (&["%d/%m/%Y"], "10/04/2026", "", "2026-04-10T18:30:00Z 2026-04-10"),
        (&["%d/%m/%Y"], "10/04/2026", "11:11 PM", "!it is not a date as"),
        (&["%d/%m/%Y %I:%M %p"], "10/04/2026", "11:11 AM", "2026-04-10T05:41:00Z 2026-04-10"),
    ] {
        let formats = formats(texts);
        let got = shown(dates("Asia/Kolkata", &formats).read(date, time));
        assert!(got.starts_with(expected), "{date} {time}: {got}");
    }
}

#[test]
fn a_date_is_shown_and_an_account_is_not() {
    for (cell, shown) in [
        ("2026-02-31 11:11:26+05:30", "2026-02-31 11:11:26+05:30"),
        ("31/02/2026", "31/02/2026"),
        ("4111 1111 1111 1111", "…1111"),
        ("98765-43210", "…3210"),
        ("10.04.2026 call 9876543210", "10.04.2026 call …3210"),
        ("2026-04-10 98765432109876543210987654321", "2026-04-10 98765432109876543210987654321"),
        ("2026-04-10 987654321098765432109876543210", "2026-04-10 …3210"),
    ] {
        assert_eq!(shown_date(cell), shown);
    }
}
