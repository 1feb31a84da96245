//! Checking a report file against the database (contract, "Commands": `verify`). Nothing is
//! changed: the database says what the run found, and the file is held against it.

mod cells;
mod manifest;

use super::views;
use crate::decisions;
use crate::domain::text::{Text, one_line};
use crate::failure::{Failure, code};
use crate::report::{View, run_in_stem};
use crate::rules::Policy;
use crate::store::{CheckedRows, RunRow, Store};
use std::collections::BTreeSet;
use std::path::Path;

/// One thing in which a file is not what the run wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Difference {
    /// A cell has other content. Not one of finance's four.
    Cell {
        /// Where: the sheet, if it is a workbook, and the row.
        place: String,
        /// The column.
        column: String,
        /// The order and the kind of mismatch of the row.
        of: String,
        /// What the run wrote.
        was: String,
        /// What the file has.
        is: String,
    },
    /// A row of the run is not in the file.
    Missing {
        /// The order and the kind of mismatch, and the id.
        of: String,
    },
    /// The file has a row that the run did not write, or has it twice.
    Added {
        /// Where.
        place: String,
        /// What names the row.
        of: String,
    },
    /// A column is not in the file.
    NoColumn {
        /// The sheet, if it is a workbook.
        place: String,
        /// The column.
        column: String,
    },
    /// Something else: of a manifest or of a file that it names.
    Other {
        /// A sentence.
        text: String,
    },
}

impl Difference {
    /// For people, on one line.
    pub(crate) fn text(&self) -> String {
        let text = match self {
            Difference::Cell { place, column, of, was, is } => {
                format!("{place}, {column} of {of}: {} → {}", shown(was), shown(is))
            }
            Difference::Missing { of } => format!("missing row: {of}"),
            Difference::Added { place, of } => format!("added row: {place}: {of}"),
            Difference::NoColumn { place, column } => format!("{place}missing column: {column}"),
            Difference::Other { text } => text.clone(),
        };
        one_line(&text)
    }
}

fn shown(cell: &str) -> &str {
    if cell.is_empty() { "(empty)" } else { cell }
}

/// What came of checking a file.
#[derive(Debug)]
pub(crate) struct Verified {
    /// The run that the file is a report of.
    pub(crate) run_id: i64,
    /// Whether the program wrote exactly these bytes, as the database knows.
    pub(crate) has_known_bytes: bool,
    /// The rows that were held against the database.
    pub(crate) rows: u64,
    /// In the file's order.
    pub(crate) differences: Vec<Difference>,
    /// What a person should know beside that.
    pub(crate) notes: Vec<String>,
}

/// Checks a CSV, a workbook or a manifest. The policy is for a report with later decisions.
///
/// # Errors
/// The file or the database cannot be read, or the file is none of the three.
pub(crate) fn verify(store: &Store, path: &Path, policy: &Policy) -> Result<Verified, Failure> {
    let (checked, without_digest) = (BTreeSet::new(), BTreeSet::new());
    let mut runs = Runs { policy, checked, without_digest, shown: None };
    let mut verified = verify_file(store, path, &mut runs)?;
    verified.notes.extend(runs.without_digest.iter().map(|run_id| {
        format!("run {run_id} was judged by an earlier release and has no digest of its rows")
    }));
    verified.notes.extend(runs.shown.map(|(_, view)| match view {
        View::Current { day, .. } => {
            format!("it shows the decisions as they were on {day} (`report --current`)")
        }
        View::AsOf { day } => {
            format!("it shows what was open at the end of {day} (`report --as-of`)")
        }
    }));
    Ok(verified)
}

/// The runs whose rows have been compared with their digests.
struct Runs<'a> {
    policy: &'a Policy,
    checked: BTreeSet<i64>,
    without_digest: BTreeSet<i64>,
    /// The view that the store shows in place of the runs' reports, and its run.
    shown: Option<(RunRow, View)>,
}

impl Runs<'_> {
    /// The report that files are held against: the run's own, or that of the view that is shown.
    /// The number is for [`Store::report_rows`].
    fn reported(&mut self, store: &Store, run_id: i64) -> Result<(RunRow, Option<i64>), Failure> {
        match &self.shown {
            Some((run, _)) => Ok((run.clone(), None)),
            None => self.judged(store, run_id).map(|run| (run, Some(run_id))),
        }
    }

    /// From now on this view is shown.
    fn show(&mut self, store: &Store, run_id: i64, view: View) -> Result<(), Failure> {
        self.judged(store, run_id)?;
        self.shown = Some((views::show(store, run_id, view, self.policy)?, view));
        Ok(())
    }

    /// A judged run that must be there, and must be what it recorded.
    fn judged(&mut self, store: &Store, run_id: i64) -> Result<RunRow, Failure> {
        if self.checked.insert(run_id) && store.check_rows(run_id)? == CheckedRows::WithoutDigest {
            self.without_digest.insert(run_id);
        }
        store.run(run_id)?.filter(|run| run.judged_at.is_some()).ok_or_else(|| {
            Failure::usage(
                format!("the file is a report of run {run_id}, which is not in this database"),
                "name the database of that run with --db",
            )
        })
    }
}

fn verify_file(store: &Store, path: &Path, runs: &mut Runs) -> Result<Verified, Failure> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        return manifest::verify(store, path, runs);
    }
    let opened = decisions::open(path).map_err(|error| unreadable(&error))?;
    let writer = store.writer_of(opened.sha256())?;
    let mut table = cells::Tables::default();
    decisions::every_row(opened, &mut |sheet, number, cells| table.take(sheet, number, cells))
        .map_err(|error| unreadable(&error))?;
    let run_id = writer.or(table.run_id()).or_else(|| run_in_name(path)).ok_or_else(|| {
        Failure::usage(
            format!("{} does not say which run it is a report of", shown_path(path)),
            "name a report of this program: a CSV, a workbook or a manifest",
        )
    })?;
    // A report with later decisions is told by its manifest.
    if runs.shown.is_none()
        && let Some((of, view)) = manifest::view_beside(path)
        && (of == run_id || matches!(view, View::AsOf { .. }))
    {
        runs.show(store, of, view)?;
    }
    let (run, rows_of) = runs.reported(store, run_id)?;
    let run_id = run.summary.run_id;
    let (rows, differences, notes) = table.compare(store, rows_of)?;
    Ok(Verified { run_id, has_known_bytes: writer.is_some(), rows, differences, notes })
}

/// `…-run<N>…`: a report without a row names its run nowhere else.
fn run_in_name(path: &Path) -> Option<i64> {
    let (run_id, _) = run_in_stem(path.file_stem()?.to_str()?)?;
    Some(run_id)
}

fn unreadable(error: &decisions::Unreadable) -> Failure {
    Failure::new(
        code::STORAGE,
        format!("cannot verify {error}"),
        "name a report of this program: a CSV, a workbook or a manifest",
    )
}

fn shown_path(path: &Path) -> String {
    Text::own(&path.to_string_lossy()).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_its_run() {
        for (name, run_id) in [
            ("mismatches-2026-11-01_2026-11-20-run12.csv", Some(12)),
            ("mismatches-M-run_1-2026-11-01_2026-11-20-run7-incomplete.csv", Some(7)),
            ("latest-run3.xlsx", Some(3)),
            ("latest.csv", None),
            ("mismatches-run.csv", None),
        ] {
            assert_eq!(run_in_name(Path::new(name)), run_id, "{name}");
        }
    }
}
