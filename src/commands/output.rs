//! stdout: data and summaries, nothing else.

use crate::failure::{Failure, code};
use crate::report::summary;
use chrono::{DateTime, Utc};
use std::io::{self, ErrorKind, Write};

/// Prints a text and a line break. A reader that has gone (`… | head`) is no error.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new(
            code::STORAGE,
            format!("standard output cannot be written: {error}"),
            "check where it is redirected to; what was recorded is kept",
        )),
        _ => Ok(()),
    }
}

/// What every JSON object that a command prints has (contract, "`run`").
pub(super) struct JsonHead {
    command: &'static str,
    started_at: DateTime<Utc>,
}

impl JsonHead {
    pub(super) fn new(command: &'static str, started_at: DateTime<Utc>) -> JsonHead {
        JsonHead { command, started_at }
    }

    /// The fields of this object, which is not empty, behind those that every object has.
    pub(super) fn object(&self, object: &str) -> String {
        summary::with_head(self.command, self.started_at, object)
    }
}

/// Rows as columns of equal width; the first row is the heading. `right` names those that are
/// aligned to the right.
pub(super) fn table(rows: &[Vec<String>], right: &[usize]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = widths.get(column).copied().unwrap_or(0);
            if right.contains(&column) {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        cells.collect::<Vec<String>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<String>>().join("\n")
}
