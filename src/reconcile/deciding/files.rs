//! Reading decisions back from the files of a directory, or from files that somebody names
//! (contract, "Decisions": taking back).

use super::super::judging::judged_again;
use super::super::{known, restored};
use super::{Decided, Desk, Written, in_words, take};
use crate::decisions::{
    Comparison, EditedFile, EditedRow, Unreadable, Why, Written as AsWritten, candidates, compare,
    open, read,
};
use crate::domain::decision::{Basis, Decision, DecisionEventKind, Edit};
use crate::domain::mismatch::Kind;
use crate::domain::text::Text;
use crate::failure::Failure;
use crate::store::{NewDecision, ReadFile, Store};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What came of reading files.
#[derive(Debug, Default)]
pub(crate) struct TakenBack {
    /// The decisions that were taken or refused, in the order of the files.
    pub(crate) decided: Vec<Decided>,
    /// The files that cannot be read, and why.
    pub(crate) unreadable: Vec<String>,
    /// Files without a mismatch id of this database.
    pub(crate) foreign: Vec<Text>,
}

/// Takes the decisions in the files of a directory. The inner error: it cannot be listed.
///
/// # Errors
/// The database.
pub(crate) fn take_back_all(
    store: &mut Store,
    desk: &Desk,
    directory: &Path,
    now: SystemTime,
) -> Result<Result<TakenBack, String>, Failure> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    match candidates(directory, now) {
        Ok(paths) => {
            let of_lost_runs = restored::own_files_beside(store, &directory.join("latest.json"))?;
            take_back_unless(store, desk, &paths, &|store, path, sha256| {
                of_lost_runs.contains(sha256) || restored::is_own(store, path, sha256)
            })
            .map(Ok)
        }
        Err(error) => Ok(Err(format!(
            "decisions were not read: {} cannot be listed: {error}",
            directory.display()
        ))),
    }
}

/// Reads these files and takes their decisions. A file that the program wrote, or that was read
/// before, is left alone.
///
/// # Errors
/// The database.
pub(crate) fn take_back(
    store: &mut Store,
    desk: &Desk,
    paths: &[PathBuf],
) -> Result<TakenBack, Failure> {
    take_back_unless(store, desk, paths, &|_, _, _| false)
}

/// As [`take_back`], without files of which `is_own` says by their SHA-256 that nobody edited them.
fn take_back_unless(
    store: &mut Store,
    desk: &Desk,
    paths: &[PathBuf],
    is_own: &dyn Fn(&Store, &Path, &str) -> bool,
) -> Result<TakenBack, Failure> {
    let mut taken = TakenBack::default();
    let mut reader = Reader { desk, rows: Rows::default(), written: Vec::new() };
    let mut files = Vec::new();
    let latest = store.latest_judged()?.unwrap_or(0);
    for path in paths {
        let opened = match open(path) {
            Ok(opened) => opened,
            Err(error) => {
                taken.unreadable.push(shown(&error));
                continue;
            }
        };
        if store.is_known_file(opened.sha256())? || is_own(store, path, opened.sha256()) {
            continue;
        }
        let known = ReadFile { sha256: opened.sha256().to_owned(), name: opened.name().clone() };
        let result = read(opened);
        if let Err(Unreadable { why: Why::Changed | Why::Io(_), .. }) = &result {
            // The next run tries again.
        } else {
            files.push(known.clone());
        }
        let name = known.name;
        match result {
            Ok(Some(file)) if reader.rows.knows_one_of(store, &file)? => {
                keep_old_orders(store, desk, &file)?;
                taken.decided.extend(reader.read(store, &file)?);
            }
            Ok(Some(file)) if let Some(run_id) = file.latest_run().filter(|it| *it > latest) => {
                files.pop();
                taken.unreadable.push(of_a_lost_run(&name, run_id, latest));
            }
            Ok(_) => taken.foreign.push(name),
            Err(error) => taken.unreadable.push(shown(&error)),
        }
    }
    for written in one_edit_each(reader.written) {
        match written {
            Ok(written) => taken.decided.extend(take(store, desk, &written)?),
            Err(contradictory) => {
                taken.decided.extend(contradiction(desk, &contradictory));
            }
        }
    }
    let decisions: Vec<NewDecision> =
        taken.decided.iter().map(|decided| decided.decision.clone()).collect();
    store.keep_decisions(&decisions, &files, desk.now)?;
    Ok(taken)
}

/// Keeps the orders of runs that an earlier release judged and whose report was written again: the
/// rows of the sheet Work are compared with them.
fn keep_old_orders(store: &mut Store, desk: &Desk, file: &EditedFile) -> Result<(), Failure> {
    let of_orders = file.rows.iter().filter(|row| row.is_of_order());
    let runs: BTreeSet<i64> = of_orders.filter_map(|row| row.run_id).collect();
    for run_id in runs {
        if store.lacks_orders(run_id)? {
            let day = known(store, run_id)?.summary.day;
            store.keep_orders_of(run_id, |rows| judged_again(rows, None, day, desk.policy))?;
        }
    }
    Ok(())
}

/// A file with rows of a run that the database does not have. It stays unread: a later run may show
/// the same mismatches.
fn of_a_lost_run(name: &Text, run_id: i64, latest: i64) -> String {
    format!(
        "{name}: it has rows of run {run_id}, but the latest judged run of this database is \
         {latest}. Was the database restored from a backup? The file is read again when that run \
         is there"
    )
}

fn shown(error: &Unreadable) -> String {
    error.to_string()
}

/// The mismatches that runs reported, by run and id.
#[derive(Default)]
struct Rows {
    by_run: HashMap<i64, HashMap<String, (i64, Kind)>>,
}

impl Rows {
    fn of_run(&mut self, store: &Store, run_id: i64) -> Result<&Ids, Failure> {
        match self.by_run.entry(run_id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => Ok(unknown.insert(store.reported_ids(run_id)?)),
        }
    }

    /// Whether a file carries a mismatch id of this database.
    fn knows_one_of(&mut self, store: &Store, file: &EditedFile) -> Result<bool, Failure> {
        for row in &file.rows {
            let Some(run_id) = row.run_id else { continue };
            let ids = self.of_run(store, run_id)?;
            if row.mismatch_ids.iter().any(|id| ids.contains_key(id)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

type Ids = HashMap<String, (i64, Kind)>;

struct Reader<'a> {
    desk: &'a Desk<'a>,
    rows: Rows,
    /// The edits of all files, before they are compared with each other.
    written: Vec<Written>,
}

impl Reader<'_> {
    /// Reads a file's edits, and gives the rows that are refused.
    fn read(&mut self, store: &Store, file: &EditedFile) -> Result<Vec<Decided>, Failure> {
        let mut refused = Vec::new();
        for row in &file.rows {
            if let Err(why) = self.read_row(store, file, row)? {
                refused.push(self.refused(file, row, &why));
            }
        }
        Ok(refused)
    }

    fn read_row(
        &mut self,
        store: &Store,
        file: &EditedFile,
        row: &EditedRow,
    ) -> Result<Result<(), String>, Failure> {
        if let Some(why) = row.unidentified() {
            return Ok(Err(why.to_owned()));
        }
        let run_id = row.run_id.unwrap_or_default();
        let ids = self.rows.of_run(store, run_id)?;
        let mut places = Vec::new();
        for id in &row.mismatch_ids {
            match ids.get(id) {
                Some(place) => places.push(*place),
                None => return Ok(Err(format!("run {run_id} reported no mismatch {id}"))),
            }
        }
        let Some((order_id, _)) = places.first().copied() else { return Ok(Ok(())) };
        if places.iter().any(|(other, _)| *other != order_id) {
            return Ok(Err("its mismatches are of different orders".to_owned()));
        }
        let edit = match compared(store, file, row, (run_id, order_id), &places)? {
            Comparison::Unchanged => return Ok(Ok(())),
            Comparison::Refused(why) => return Ok(Err(why)),
            Comparison::Edit(edit) => edit,
        };
        let by = file.last_modified_by.clone().unwrap_or_else(|| file.name.clone());
        for (order_id, kind) in places {
            let Some(finding) = store.reported_finding(run_id, order_id, kind)? else { continue };
            self.written.push(Written {
                order_id,
                finding,
                edit: edit.clone(),
                by: by.clone(),
                source: Some((place(file, row), row.row)),
                said: said(row),
            });
        }
        Ok(Ok(()))
    }

    /// A row that is not taken. What is known of its mismatch is kept with it.
    fn refused(&mut self, file: &EditedFile, row: &EditedRow, why: &str) -> Decided {
        let known = row.run_id.and_then(|run_id| {
            let ids = self.rows.by_run.get(&run_id)?;
            row.mismatch_ids.iter().find_map(|id| ids.get(id))
        });
        Decided {
            key: None,
            decision: NewDecision {
                event: DecisionEventKind::Refused,
                about: known.copied(),
                mismatch_id: Text::foreign(&row.mismatch_ids.join(" ")),
                // A refusal rests on nothing; the run is kept where it is known.
                rests_on: row.run_id.filter(|_| known.is_some()).map(|run| (run, self.desk.now)),
                old: Decision::default(),
                new: Decision { note: row.said().note, ..Decision::default() },
                at_risk: None,
                basis: Basis::default(),
                taken_at: self.desk.now,
                taken_by_run: self.desk.taken_by_run,
                by: file.last_modified_by.clone().unwrap_or_else(|| file.name.clone()),
                system_user: self.desk.system_user.clone(),
                source: Some((place(file, row), row.row)),
                why: Text::own(&format!("{why} ({})", said(row))),
            },
        }
    }
}

/// Compares a row with what its run wrote.
fn compared(
    store: &Store,
    file: &EditedFile,
    row: &EditedRow,
    (run_id, order_id): (i64, i64),
    places: &[(i64, Kind)],
) -> Result<Comparison, Failure> {
    let gone = || Failure::bug(format!("run {run_id} has no row of an order that it reported"));
    if row.is_of_order() {
        let order = store.reported_order(run_id, order_id)?.ok_or_else(gone)?;
        return Ok(compare(row, file.dialect, AsWritten::Order(&order)));
    }
    let kind = places.first().map(|(_, kind)| *kind).ok_or_else(gone)?;
    let finding = store.reported_finding(run_id, order_id, kind)?.ok_or_else(gone)?;
    Ok(compare(row, file.dialect, AsWritten::Finding(&finding)))
}

/// The file, and the sheet of a workbook.
fn place(file: &EditedFile, row: &EditedRow) -> Text {
    match &row.sheet {
        Some(sheet) => Text::own(&format!("{}, sheet {sheet}", file.name)),
        None => file.name.clone(),
    }
}

/// What a row says in finance's columns: kept with a refusal, so that its text is not lost.
fn said(row: &EditedRow) -> String {
    let said = row.said();
    let cells = [
        ("decision", said.decision),
        ("until", said.until),
        ("owner", said.owner),
        ("note", said.note),
    ];
    let filled = cells.iter().filter(|(_, text)| !text.as_str().is_empty());
    let parts: Vec<String> = filled.map(|(name, text)| format!("{name} \"{text}\"")).collect();
    if parts.is_empty() {
        "the row's cells are empty".to_owned()
    } else {
        format!("the row says {}", parts.join(", "))
    }
}

/// Edits of one mismatch that are kept: more of them contradict each other all the same.
const MOST_EDITS: usize = 20;

/// One edit for each mismatch. Edits of one that differ, in whatever files, are given together.
fn one_edit_each(mut written: Vec<Written>) -> Vec<Result<Written, Vec<Written>>> {
    // Of equal edits the one of the newest report counts.
    written.sort_by_key(|written| std::cmp::Reverse(written.finding.run_id));
    let mut order = Vec::new();
    let mut by_mismatch: BTreeMap<(i64, Kind), Vec<Written>> = BTreeMap::new();
    for written in written {
        let mismatch = (written.order_id, written.kind());
        let edits = by_mismatch.entry(mismatch).or_insert_with(|| {
            order.push(mismatch);
            Vec::new()
        });
        if edits.len() < MOST_EDITS && edits.iter().all(|other| other.edit != written.edit) {
            edits.push(written);
        }
    }
    let mut edits = Vec::new();
    for mismatch in order {
        let mut of_mismatch = by_mismatch.remove(&mismatch).unwrap_or_default();
        if of_mismatch.len() == 1 {
            edits.extend(of_mismatch.pop().map(Ok));
        } else {
            edits.push(Err(of_mismatch));
        }
    }
    edits
}

/// Refuses edits of one mismatch that differ: each names the others.
fn contradiction(desk: &Desk, edits: &[Written]) -> Vec<Decided> {
    const SHOWN: usize = 3;
    const LONGEST: usize = 300;
    let shown = |written: &Written| {
        let place = written.source.as_ref().map(|(file, row)| format!("{file}, row {row}"));
        let new = in_words(&written.edit.of(&written.finding.decision));
        format!("{}: {new}", place.unwrap_or_default())
    };
    let cut = |text: String| text.chars().take(LONGEST).collect::<String>();
    let first: Vec<String> = edits.iter().take(SHOWN).map(shown).map(cut).collect();
    let more = match edits.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let why = format!("edits of one mismatch differ, so none is taken: {}{more}", first.join("; "));
    let refused = |written: &Written| Decided {
        key: Some(written.finding.key.clone()),
        decision: NewDecision {
            event: DecisionEventKind::Refused,
            about: Some((written.order_id, written.kind())),
            mismatch_id: Text::own(&written.finding.mismatch_id),
            rests_on: Some((written.finding.run_id, desk.now)),
            old: written.finding.decision.clone(),
            new: Edit::of(&written.edit, &written.finding.decision),
            at_risk: Some(written.finding.mismatch.at_risk),
            basis: Basis::default(),
            taken_at: desk.now,
            taken_by_run: desk.taken_by_run,
            by: written.by.clone(),
            system_user: desk.system_user.clone(),
            source: written.source.clone(),
            why: Text::own(&why),
        },
    };
    edits.iter().map(refused).collect()
}
