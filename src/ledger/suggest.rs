//! What `[ledger]` of the configuration a file needs (contract, "Ledger", last paragraph).
//!
//! The whole file is read, more than once, and memory does not grow with it. Each cell is read with
//! the functions that a run reads it with, in every format that is usual, so that what is proposed
//! and what is read cannot differ. A format is proposed if each cell allows it and no other one
//! makes something else of any cell. What the file does not say is left to a person.

mod amounts;
mod choosing;
mod dates;
mod decisions;
mod encodings;
mod habit;
mod headings;
mod items;
mod proposal;
mod reading;
mod shapes;
mod survey;
mod table;
mod totals;

pub use proposal::{LedgerKeys, OpenPoint, Suggestion};

use super::columns::{self, Column};
use super::error::LedgerError;
use super::presets::Preset;
use super::rows::UNKNOWN_CURRENCY;
use super::settings::LedgerSettings;
use super::vocabulary::Vocabulary;
use crate::domain::text::printable;
use crate::tabular::{Header, Record, Spool, TextEncoding, normalize};
use choosing::Chosen;
use chrono::{DateTime, Utc};
use decisions::Decisions;
use reading::Layout;
use std::sync::LazyLock;
use survey::{Skip, Survey};
use table::Table;
use toml::Value;
use totals::{Finder, Marks, Totals};

/// What a suggestion rests on.
struct Found<'a> {
    files: &'a [Spool],
    /// Of each file.
    tables: Vec<Table>,
    layout: Layout,
    survey: Survey,
    chosen: Chosen,
    /// How rows are told that look like totals or notes, if there are any.
    marks: Option<Marks>,
    totals: Totals,
}

/// Looks at the files and proposes what `[ledger]` lacks. `keys` are the configuration's and
/// `settings` what they mean; `now` is for dates alone.
///
/// # Errors
/// A file cannot be read, or it is not a table.
pub fn suggest(
    files: &[Spool],
    keys: &LedgerKeys,
    settings: &LedgerSettings,
    now: DateTime<Utc>,
    interrupted: &dyn Fn() -> bool,
) -> Result<Suggestion, LedgerError> {
    let mut suggestion = Suggestion::new(keys);
    let Some(first) = files.first() else { return Ok(suggestion) };
    let encoding = encoding(first, settings, &mut suggestion)?;
    let headings: Vec<String> = given_headings(&keys.resolved);
    let is_given = suggestion.is_given("delimiter");
    let delimiter = is_given.then_some(settings.delimiter);
    let mut layout = Layout { delimiter: settings.delimiter, encoding };
    let mut tables: Vec<Table> = Vec::new();
    for file in files {
        // The files of one run have one delimiter.
        let delimiter = delimiter.or(tables.first().map(|table| table.delimiter));
        match table::find(file, layout, delimiter, &headings, interrupted)? {
            Some(table) => tables.push(table),
            None => return Ok(no_table(suggestion, file)),
        }
    }
    let Some(table) = tables.first() else { return Ok(suggestion) };
    layout.delimiter = table.delimiter;
    if !suggestion.is_given("preset")
        && let Some(preset) = preset_of(table)
    {
        suggestion.name_preset(preset);
    }
    let found = look(files, (layout, tables), settings, &suggestion, now, interrupted)?;
    Decisions { found, settings, suggestion }.decide(now, interrupted)
}

/// Looks at each row, and once more without those that look like totals or notes.
fn look<'a>(
    files: &'a [Spool],
    (layout, tables): (Layout, Vec<Table>),
    settings: &LedgerSettings,
    suggestion: &Suggestion,
    now: DateTime<Utc>,
    interrupted: &dyn Fn() -> bool,
) -> Result<Found<'a>, LedgerError> {
    let see = |marks: Option<&Marks>| {
        let mut totals = Totals::default();
        let mut survey = tables.first().map(|table| Survey::new(table, now)).unwrap_or_default();
        for (file, table) in files.iter().zip(&tables) {
            let skip = Skip::new(&settings.skip, table);
            let place = (file, layout, table);
            let finder = marks.map(|marks| Finder::new(marks, place, &skip, interrupted));
            let mut finder = finder.transpose()?;
            let is_order = |record: &Record<'_>| {
                let is_total = |it: &mut Finder| it.is_total(record, &mut totals);
                !skip.skips(record) && !finder.as_mut().is_some_and(is_total)
            };
            survey.see(place, is_order, interrupted)?;
        }
        survey.recognise(&Vocabulary::new(settings));
        Ok::<_, LedgerError>((survey, totals))
    };
    let chosen = |survey: &Survey| Chosen::of(survey, suggestion);
    let (mut survey, mut totals) = see(None)?;
    let mut columns = chosen(&survey);
    let marks = Marks::of(&survey, &columns, settings);
    let mut marks = Some(marks).filter(|marks| marks.can_tell(&survey));
    if marks.is_some() {
        let (orders, others) = see(marks.as_ref())?;
        // Where most rows are no orders, it is the columns that are not the right ones.
        if others.count() == 0 || others.count() > orders.rows {
            marks = None;
        } else {
            (survey, totals) = (orders, others);
            columns = chosen(&survey);
        }
    }
    Ok(Found { files, tables, layout, survey, chosen: columns, marks, totals })
}

/// The presets with their settings. Some leave the currency to the user.
static PRESETS: LazyLock<Vec<(Preset, LedgerSettings)>> = LazyLock::new(|| {
    let with_settings = |preset: Preset| {
        let settings = preset.settings().ok()?;
        let currency = settings.currency.clone().or(Some(UNKNOWN_CURRENCY.to_owned()));
        Some((preset, LedgerSettings { currency, ..settings }))
    };
    Preset::ALL.into_iter().filter_map(with_settings).collect()
});

/// The preset whose headings are all in this table.
fn preset_of(table: &Table) -> Option<&'static str> {
    let headings = table.headings.iter().map(String::as_str);
    let header = Header::new(table.header_line, headings);
    let fits = |settings: &LedgerSettings| columns::Layout::new(&header, settings).is_ok();
    PRESETS.iter().find(|(_, settings)| fits(settings)).map(|(preset, _)| preset.as_str())
}

/// The headings that the configuration names.
fn given_headings(given: &toml::Table) -> Vec<String> {
    let columns = given.get("columns").and_then(Value::as_table).into_iter().flatten();
    columns.filter_map(|(_, heading)| heading.as_str()).map(ToOwned::to_owned).collect()
}

/// The encoding by the configuration or the file's first bytes.
fn encoding(
    file: &Spool,
    settings: &LedgerSettings,
    suggestion: &mut Suggestion,
) -> Result<TextEncoding, LedgerError> {
    if suggestion.is_given("encoding") {
        return Ok(settings.encoding);
    }
    let label = match file.head(2)?[..] {
        [0xFF, 0xFE] => "utf-16le",
        [0xFE, 0xFF] => "utf-16be",
        _ => return Ok(settings.encoding),
    };
    let note = "the file's first bytes (a byte order mark) say so".to_owned();
    suggestion.propose("encoding", label, Some(note));
    Ok(TextEncoding::from_label(label).unwrap_or_default())
}

/// There is one column only, by whatever delimiter.
fn no_table(mut suggestion: Suggestion, file: &Spool) -> Suggestion {
    let text = format!(
        "{}: no header was found: none of the first records has columns by , ; | or a tab",
        printable(file.name())
    );
    suggestion.leave_open("", "delimiter", text, []);
    suggestion
}

impl Suggestion {
    /// The configuration's settings with what is proposed. Fails where they do not go together.
    ///
    /// # Errors
    /// A value of the configuration contradicts a proposed one.
    pub fn settings(&self) -> Result<LedgerSettings, toml::de::Error> {
        Value::Table(self.table()).try_into()
    }
}

/// The heading that names a column best, by the usual names.
pub(super) fn usual_heading<'a>(column: Column, headings: &[&'a str]) -> Option<&'a str> {
    let ranked = headings.iter().filter_map(|heading| {
        Some((headings::rank(heading, headings::Role::Read(column))?, *heading))
    });
    ranked.min().map(|(_, heading)| heading)
}

/// Whether two words are the same to the reader.
fn is_same_word(one: &str, other: &str) -> bool {
    normalize(one) == normalize(other)
}

#[cfg(test)]
#[path = "suggest/tests.rs"]
mod tests;
