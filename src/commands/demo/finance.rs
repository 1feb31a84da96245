//! What the demo's finance people do between the nights: one enters a decision by command, and
//! then they write into the report's CSV file, as a spreadsheet saves it.

use crate::commands::decide::system_user;
use crate::domain::decision::{Change, Edit, Verdict};
use crate::domain::mismatch::Kind;
use crate::domain::text::Text;
use crate::failure::{Failure, code};
use crate::reconcile::Finished;
use crate::reconcile::deciding::{Desk, enter};
use crate::report::{Role, Written};
use crate::settings::Settings;
use crate::store::Store;
use chrono::{DateTime, Days, Utc};
use csv::{ReaderBuilder, StringRecord, Writer};
use std::fs;
use std::path::Path;

/// The invented person who decides by command.
const ASHA: &str = "Asha Example";

/// Order, kind, decision, days until it ends, owner, note.
type Cells = (&'static str, &'static str, &'static str, Option<u64>, &'static str, &'static str);

/// What is written into the row of this order and kind: decision, days until it ends, owner, note.
/// The last decision is no word that the program knows: it is refused, and the page shows it.
const CELLS: [Cells; 4] = [
    ("DEMO-BOOKED-NET", "final_amount_difference", "accepted", None, ASHA, "Booked net: agreed"),
    (
        "DEMO-MISSING-1",
        "missing_at_gateway",
        "with gateway",
        Some(3),
        "Ravi Sample",
        "Support looks for it, ticket 4711",
    ),
    ("DEMO-LEDGER-DIGITS", "ledger_amount_difference", "to correct", None, ASHA, "Typing error"),
    ("DEMO-SAME-PAYMENT-B", "duplicate_payment", "refund it", None, ASHA, "Paid once only"),
];

/// What is decided after this many nights, the newest of which is `last`.
///
/// # Errors
/// The database or the report's file cannot be read or written.
pub(super) fn decide(
    nights: usize,
    settings: &Settings,
    last: Option<&Finished>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let is_csv = |it: &&Written| {
        it.role == Role::Mismatches && it.path.extension().is_some_and(|end| end == "csv")
    };
    let report = last.and_then(|night| night.reports.iter().find(is_csv));
    match (nights, report) {
        (1, _) => accept(settings, now),
        (2, Some(report)) => write_cells(&report.path, now),
        _ => Ok(()),
    }
}

/// Accepts a difference that grows later, so that the acceptance lapses.
fn accept(settings: &Settings, now: DateTime<Utc>) -> Result<(), Failure> {
    let mut store = Store::open(&settings.store.path, now)?;
    let desk = Desk {
        policy: &settings.policy,
        today: now.date_naive(),
        now,
        taken_by_run: None,
        system_user: system_user(),
    };
    let edit = Edit {
        verdict: Some(Change::Set(Verdict::Accepted)),
        note: Some(Text::own("The bank's charge of 0.50")),
        ..Edit::default()
    };
    let order = ("DEMO-SHORT-PAYOUT", Kind::FinalAmountDifference);
    enter(&mut store, &desk, order, edit, ASHA).map(drop)
}

/// Writes [`CELLS`] into the report.
fn write_cells(report: &Path, now: DateTime<Utc>) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        let message = format!("{} cannot be edited: {error}", report.display());
        Failure::new(code::STORAGE, message, "choose another directory with --out")
    };
    let text = fs::read_to_string(report).map_err(|error| failed(&error))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut rows: Vec<StringRecord> = ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes())
        .records()
        .collect::<Result<_, _>>()
        .map_err(|error| failed(&error))?;
    let header = rows.first().cloned().unwrap_or_default();
    for row in &mut rows {
        let of = |name: &str| header.iter().position(|heading| heading == name);
        let cell = |name| of(name).and_then(|at| row.get(at)).unwrap_or_default();
        let written = CELLS
            .iter()
            .find(|(order, kind, ..)| cell("merchant_order_id") == *order && cell("kind") == *kind);
        let Some((_, _, decision, days, owner, note)) = written else { continue };
        let until = days.and_then(|days| now.date_naive().checked_add_days(Days::new(days)));
        let until = until.map(|day| day.to_string()).unwrap_or_default();
        let cells = header.iter().zip(row.iter()).map(|(heading, cell)| match heading {
            "decision" => *decision,
            "until" => &until,
            "owner" => *owner,
            "note" => *note,
            _ => cell,
        });
        *row = cells.collect();
    }
    let mut writer = Writer::from_path(report).map_err(|error| failed(&error))?;
    for row in &rows {
        writer.write_record(row).map_err(|error| failed(&error))?;
    }
    writer.flush().map_err(|error| failed(&error))
}
