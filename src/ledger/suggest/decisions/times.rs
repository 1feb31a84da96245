//! Dates, times and their zone.

use super::Decisions;
use crate::ledger::suggest::choosing::quoted;
use crate::ledger::suggest::dates::{DatesSeen, Habit};
use crate::ledger::suggest::habit::EXAMPLE;
use crate::ledger::suggest::headings;
use crate::ledger::suggest::proposal::entry;
use crate::ledger::suggest::reading::{cell_text, records};
use crate::ledger::suggest::survey::Skip;
use crate::ledger::{Column, LedgerError};
use crate::tabular::shown_date;
use chrono::{DateTime, Utc};
use toml::Value;

impl Decisions<'_> {
    /// How dates are written, and in which zone.
    pub(super) fn dates(
        &mut self,
        now: DateTime<Utc>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<(), LedgerError> {
        let Some(facts) = self.facts(Column::CreatedAt) else { return Ok(()) };
        let (mut seen, heading) = (facts.dates.clone(), facts.heading.clone());
        if let Some(with_times) = self.with_times(&seen, now, interrupted)? {
            seen = with_times;
        }
        if !self.suggestion.is_given("date_format") {
            self.date_format(&seen);
        }
        self.zone(&seen, &heading);
        Ok(())
    }

    /// The dates with the times of a column of their own, if there is one and the dates have none.
    /// Otherwise that column is left out.
    fn with_times(
        &mut self,
        dates: &DatesSeen,
        now: DateTime<Utc>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<DatesSeen>, LedgerError> {
        let columns = (self.facts(Column::CreatedAt), self.facts(Column::Time));
        let (Some(date), Some(time)) = columns else { return Ok(None) };
        let is_given = self.suggestion.given_in("columns", Column::Time.as_str()).is_some();
        let (date, time) = (date.heading.clone(), time.heading.clone());
        let mut seen = DatesSeen::new(now);
        if dates.with_time == 0 {
            for (file, table) in self.found.files.iter().zip(&self.found.tables) {
                let find = |heading: &str| table.index(heading);
                let (date, time) = (find(&date), find(&time));
                let skip = Skip::new(&self.settings.skip, table);
                records(file, self.found.layout, interrupted, |record| {
                    if record.line > table.header_line && !skip.skips(record) {
                        let (date, time) = (record.cell(date), record.cell(time));
                        let (date, time) = (cell_text(date), cell_text(time));
                        seen.see(record.line, &date, &time);
                    }
                    true
                })?;
            }
        }
        if seen.read >= dates.read && seen.read > 0 {
            self.suggestion.propose_in("columns", Column::Time.as_str(), time, None);
            return Ok(Some(seen));
        }
        if !is_given {
            self.found.chosen.remove(Column::Time);
        }
        Ok(None)
    }

    fn date_format(&mut self, seen: &DatesSeen) {
        match seen.habit() {
            Habit::Usual | Habit::None => {}
            Habit::Formats(formats) => self.suggestion.propose("date_format", value(formats), None),
            Habit::Ambiguous { choices, cell: (line, cell) } => {
                let text = format!(
                    "day and month cannot be told apart: {} in line {line} can be {}, and no \
                     other date decides it. No date is read until the format is set",
                    shown_date(&cell),
                    choices.iter().map(|(_, date)| date.as_str()).collect::<Vec<_>>().join(" or ")
                );
                let choices = choices.into_iter().map(|(formats, date)| {
                    format!("{} # {date}", entry("date_format", value(formats)))
                });
                let choices: Vec<_> = choices.collect();
                self.suggestion.leave_open("", "date_format", text, choices);
            }
            Habit::Contradicted(line, cell) => {
                let text = format!(
                    "dates are written in more than one way: {} in line {line} cannot have the \
                     order of day and month that those above it have",
                    shown_date(&cell)
                );
                self.suggestion.leave_open("", "date_format", text, []);
            }
        }
    }

    fn zone(&mut self, seen: &DatesSeen, heading: &str) {
        let is_utc = headings::is_in_utc(heading) && seen.without_offset > 0 && seen.with_time > 0;
        if is_utc {
            let note = format!("the heading {} says so", quoted(heading));
            self.suggestion.propose("times_in", "UTC", Some(note));
        }
        if self.suggestion.is_given("timezone") {
            return;
        }
        let why = if seen.without_offset > 0 && !is_utc {
            "dates and times have no offset. Name the zone that they are in; until then it is UTC"
        } else {
            "name the zone of the merchant's days; until then it is UTC"
        };
        let text =
            format!("{why}. Names are those of the IANA time zone database, such as Europe/Berlin");
        let choice = format!("{} {EXAMPLE}", entry("timezone", "Asia/Kolkata"));
        self.suggestion.leave_open("", "timezone", text, [choice]);
    }
}

/// One format, or a list.
fn value(mut formats: Vec<String>) -> Value {
    if formats.len() == 1 {
        return Value::from(formats.remove(0));
    }
    Value::from(formats)
}
