//! SIGKILL while the database of an earlier release is migrated: it is the old one or the new one,
//! whole, and the next run finds everything that the release had stored.

use crate::campaign::{Part, count, has_strace, is_full, is_single, is_wanted, seed};
use crate::judge::{self, Verdict};
use crate::stage::{Case, DATABASE, Stage};
use crate::stepper::{Ended, kill_at};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::collections::BTreeMap;

macro_rules! file {
    ($path:literal) => {
        include_str!(concat!("../../", $path))
    };
}

const SCHEMAS: [&str; 6] = [
    file!("sql/0001_ledger_answers_and_runs.sql"),
    file!("sql/0002_less_to_write.sql"),
    file!("sql/0003_versions.sql"),
    file!("sql/0004_events.sql"),
    file!("sql/0005_ledger_doubts.sql"),
    file!("sql/0006_decisions.sql"),
];
/// What the releases with these schemas stored.
const STORED: [(usize, &str); 5] = [
    (1, file!("fixtures/databases/schema-1.sql")),
    (3, file!("fixtures/databases/schema-3.sql")),
    (4, file!("fixtures/databases/schema-4.sql")),
    (5, file!("fixtures/databases/schema-5.sql")),
    (6, file!("fixtures/databases/schema-6.sql")),
];
/// The program's application id.
const APPLICATION: &str = "PRAGMA application_id = 1329812035;";
const MOST_CALLS: usize = 1_000;
/// Calls after the migration at which the run is killed too.
const CALLS_AFTER: usize = 5;
/// What is compared: every row of the earlier runs.
const KEPT: [&str; 7] = [
    "SELECT run_id, started_at_ms, selected, matched, mismatched, unverified, exit_code
     FROM runs WHERE run_id <= ?1",
    "SELECT e.* FROM entries e JOIN ledger_files f ON f.file_id = e.file_id WHERE run_id <= ?1",
    "SELECT * FROM answers WHERE run_id <= ?1",
    "SELECT * FROM run_orders WHERE run_id <= ?1",
    "SELECT * FROM reported_mismatches WHERE run_id <= ?1",
    "SELECT * FROM mismatch_events WHERE run_id <= ?1",
    "SELECT * FROM decision_events",
];

type Rows = BTreeMap<&'static str, Vec<Vec<Value>>>;

/// How many kills found the database before, and how many after its migration.
#[derive(Debug, Default)]
struct Reached {
    old: usize,
    new: usize,
}

#[test]
fn a_killed_migration_loses_nothing() {
    if !has_strace("migrations") {
        return;
    }
    let mut part = Part::new("migrations");
    let mut reached = Reached::default();
    let stage = Stage::new(seed(), 5, false);
    let (stride, releases) = if is_full() { (1, &STORED[..]) } else { (29, &STORED[1..2]) };
    let most = count(usize::MAX, usize::MAX);
    for (schema, stored) in releases {
        let start = || {
            let case = stage.case();
            let database = Connection::open(case.path().join(DATABASE)).unwrap();
            database.pragma_update(None, "foreign_keys", false).unwrap();
            // The third migration calls it, and finds nothing to hash.
            let flags = rusqlite::functions::FunctionFlags::SQLITE_UTF8;
            database.create_scalar_function("payment_hash", 1, flags, |_| Ok(0)).unwrap();
            for step in [&SCHEMAS[..*schema], &[*stored, APPLICATION]].concat() {
                database.execute_batch(step).unwrap();
            }
            let version = i64::try_from(*schema).unwrap();
            database.pragma_update(None, "user_version", version).unwrap();
            case
        };
        let undisturbed = start();
        let last_run = latest_run(&undisturbed);
        undisturbed.run(&stage);
        let (newest, expected) = (version(&undisturbed), rows(&undisturbed, last_run));
        let mut calls_after = 0;
        for point in (1..MOST_CALLS).step_by(stride) {
            let name = format!("schema {schema}/{point}");
            if !is_wanted(&name) || part.cases() >= most {
                continue;
            }
            let case = start();
            let mut verdict = Verdict::default();
            if let Ended::Itself(_) = kill_at(&case, &case.night(&stage), point) {
                break;
            }
            let found = version(&case);
            if found == newest {
                reached.new += 1;
                calls_after += 1;
            } else {
                reached.old += 1;
                if !is_a_step(found, *schema) {
                    verdict.torn.push(format!("the database has the schema {found}"));
                }
            }
            judge_copy(&mut verdict, &case);
            case.run(&stage);
            judge_copy(&mut verdict, &case);
            let now = rows(&case, last_run);
            for (table, expected) in &expected {
                if now.get(table) != Some(expected) {
                    verdict.lost.push(format!("not as after an undisturbed migration: {table}"));
                }
            }
            judge::secrets(&mut verdict, &case);
            part.add(&name, &verdict);
            if calls_after >= CALLS_AFTER {
                break;
            }
        }
    }
    assert!(is_single() || reached.old > 0 && reached.new > 0, "{reached:?}");
    part.finish(&format!("{} before, {} after the migration", reached.old, reached.new));
}

/// Whether a kill may leave this schema: the one that was there. All steps are one transaction.
fn is_a_step(found: i64, schema: usize) -> bool {
    usize::try_from(found).is_ok_and(|found| found == schema)
}

fn open(case: &Case) -> (tempfile::TempDir, Connection) {
    let (kept, path) = case.database_copy();
    (kept, Connection::open(path).unwrap())
}

fn version(case: &Case) -> i64 {
    let (_kept, database) = open(case);
    database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

fn latest_run(case: &Case) -> i64 {
    let (_kept, database) = open(case);
    database.query_row("SELECT max(run_id) FROM runs", (), |row| row.get(0)).unwrap()
}

/// Judges that the database is whole.
fn judge_copy(verdict: &mut Verdict, case: &Case) {
    let (_kept, database) = open(case);
    if let Err(error) = judge::is_whole(verdict, &database) {
        verdict.lost.push(format!("the database: {error}"));
    }
}

/// The rows of the runs up to this one.
fn rows(case: &Case, last_run: i64) -> Rows {
    let (_kept, database) = open(case);
    let read = |sql: &'static str| {
        let mut statement =
            database.prepare(&format!("SELECT * FROM ({sql}) ORDER BY 1, 2, 3")).unwrap();
        let columns = statement.column_count();
        let parameters = vec![last_run; statement.parameter_count()];
        let rows = statement
            .query_map(rusqlite::params_from_iter(parameters), |row| {
                (0..columns).map(|column| row.get(column)).collect::<rusqlite::Result<Vec<Value>>>()
            })
            .unwrap();
        (sql, rows.map(Result::unwrap).collect())
    };
    KEPT.into_iter().map(read).collect()
}
