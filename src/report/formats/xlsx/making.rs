//! The sheet How this was made.

use super::book::{Book, Tab};
use crate::domain::morning::Night;
use crate::domain::text::Text;
use chrono::{DateTime, SecondsFormat, Utc};
use rust_xlsxwriter::XlsxError;

type Written = Result<(), XlsxError>;

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub(super) fn write(book: &mut Book, night: &Night) -> Written {
    let making = &night.making;
    let mut row = book.row(Tab::Making)?;
    row.title("How this was made")?;
    let answered =
        night.answered.map(|(first, last)| format!("{} to {}", instant(first), instant(last)));
    let facts = [
        ("Version", making.version.clone()),
        ("Command line", making.command_line.clone()),
        ("Gateway", night.base_url.clone()),
        ("Run", night.summary.run_id.to_string()),
        ("Started", instant(night.started_at)),
        ("Answers", answered.unwrap_or_else(|| "none".to_owned())),
        ("Judged", instant(night.judged_at)),
        ("Time zone of dates", night.zone.name().to_owned()),
    ];
    for (label, value) in &facts {
        let mut row = book.row(Tab::Making)?;
        row.strong(label)?;
        row.id(Text::own(value).as_str())?;
        row.end()?;
    }
    heading(book, &["Ledger file", "SHA-256", "written"])?;
    for ledger in &night.ledgers {
        let mut row = book.row(Tab::Making)?;
        row.text(ledger.name.as_str())?;
        row.id(ledger.sha256.as_deref().unwrap_or("not recorded"))?;
        row.text(&ledger.modified_at.map_or_else(|| "not known".to_owned(), instant))?;
    }
    rows(book, night)?;
    heading(book, &["Setting", "value", "from"])?;
    for setting in &making.settings {
        let mut row = book.row(Tab::Making)?;
        row.text(&setting.key)?;
        row.id(Text::own(&setting.value).as_str())?;
        row.text(&setting.source)?;
        row.end()?;
    }
    heading(book, &["Policy changed since the run before", "now", "before"])?;
    for (key, before, now) in &making.policy_changes {
        let mut row = book.row(Tab::Making)?;
        row.text(key)?;
        row.id(Text::own(now).as_str())?;
        row.id(Text::own(before).as_str())?;
    }
    if making.policy_changes.is_empty() {
        book.row(Tab::Making)?.text("nothing")?;
    }
    Ok(())
}

/// Rows in are rows out.
fn rows(book: &mut Book, night: &Night) -> Written {
    let rows = &night.summary.figures.ledger;
    heading(book, &["Ledger rows", "rows"])?;
    for (label, count) in [
        ("read: the sum of the next five", rows.rows),
        ("accepted", rows.accepted),
        ("invalid", rows.invalid),
        ("repeated", rows.repeated),
        ("superseded", rows.superseded),
        ("skipped", rows.skipped),
    ] {
        let mut row = book.row(Tab::Making)?;
        row.text(label)?;
        row.count(count)?;
    }
    Ok(())
}

fn heading(book: &mut Book, names: &[&str]) -> Written {
    book.row(Tab::Making)?;
    let mut row = book.row(Tab::Making)?;
    for name in names {
        row.styled(name, &row.styles.header)?;
    }
    Ok(())
}
