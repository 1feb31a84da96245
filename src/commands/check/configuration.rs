//! The configuration itself: its file, the time zone, the calendar.

use super::finding::Finding;
use crate::settings::Settings;
use chrono::NaiveDate;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// `today`: in the ledger's time zone.
pub(super) fn findings(settings: &Settings, today: NaiveDate) -> Vec<Finding> {
    let mut findings = vec![file_and_zone(settings)];
    if let Some(path) = &settings.file {
        findings.extend(mode(path, settings.has_secret_in_file()));
    }
    findings.extend(calendar(settings, today));
    findings
}

fn file_and_zone(settings: &Settings) -> Finding {
    let file = match &settings.file {
        Some(path) => format!("read from {}", path.display()),
        None => "no file: the defaults are used".to_owned(),
    };
    match settings.ledger.timezone {
        Some(zone) => Finding::ok("configuration", format!("{file}; times are in {zone}")),
        None => Finding::warning(
            "configuration",
            format!("{file}; [ledger] timezone is not set, so times without an offset are UTC"),
            "set [ledger] timezone to the zone of your ledger, e.g. \"Asia/Kolkata\"",
        ),
    }
}

/// Whoever writes to the configuration chooses to whom the signed calls go.
fn mode(path: &Path, has_secret: bool) -> Option<Finding> {
    let mode = path.metadata().ok()?.permissions().mode();
    let what = match (mode & 0o002 != 0, mode & 0o004 != 0 && has_secret) {
        (true, _) => "can be changed by everybody",
        (false, true) => "holds a key or a password and can be read by everybody",
        (false, false) => return None,
    };
    let path = path.display();
    Some(Finding::warning(
        "configuration",
        format!("{path} {what} (mode {:03o})", mode & 0o777),
        format!("chmod o-rw {path}"),
    ))
}

/// A calendar of last year's dates.
fn calendar(settings: &Settings, today: NaiveDate) -> Vec<Finding> {
    let calendar = &settings.calendar;
    let keys = [("closed", &calendar.closed), ("bank_closed", &calendar.bank_closed)];
    let passed = keys.into_iter().filter_map(|(key, days)| {
        let last = days.last_date().filter(|last| *last < today)?;
        Some(Finding::warning(
            "calendar",
            format!("every date in [calendar] {key} has passed; the last one is {last}"),
            "add the holidays to come",
        ))
    });
    passed.collect()
}
