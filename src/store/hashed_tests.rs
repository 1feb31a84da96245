//! No column is forgotten: each one is hashed, or there is a reason why not.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use super::super::Store;
use super::*;
use std::collections::BTreeSet;

const ALL: [&Hashed; 15] = [
    &RUNS,
    &LEDGER_FILES,
    &INVALID_ROWS,
    &RUN_WARNINGS,
    &DOUBTED_DAYS,
    &NEW_FINDINGS,
    &DECISION_EVENTS,
    &RUN_ORDERS,
    &ORDERS,
    &ENTRIES,
    &ANSWERS,
    &MISMATCH_EVENTS,
    &REPORTED_MISMATCHES,
    &REPORTED_ORDERS,
    &SOLVED_ORDERS,
];

const SELECTS: &str = "selects the rows";
const JOINED: &str = "is hashed as the value that the row is found by";
const ENDS: &str = "comes when the run ends, after it was judged";

/// Columns of hashed tables that are not hashed, and why.
const NOT_HASHED: [(&str, &str, &str); 28] = [
    ("runs", "reported_at_ms", ENDS),
    ("runs", "ended_at_ms", ENDS),
    ("runs", "exit_code", ENDS),
    ("runs", "end_reason", ENDS),
    ("runs", "manifest_sha256", "the manifest has the digest of the rows in it"),
    ("runs", "rows_sha256", "is the digest"),
    ("runs", "is_resumed", "changes when the run is resumed"),
    ("ledger_files", "run_id", SELECTS),
    ("invalid_rows", "run_id", SELECTS),
    ("run_warnings", "run_id", SELECTS),
    ("doubted_days", "run_id", SELECTS),
    ("new_findings", "run_id", SELECTS),
    ("decision_events", "taken_by_run_id", SELECTS),
    ("run_orders", "run_id", SELECTS),
    ("orders", "order_id", JOINED),
    ("orders", "entry_version", "later runs change it"),
    ("orders", "answer_id", "later runs change it"),
    ("orders", "awaiting", "later runs change it"),
    ("orders", "answered_at_ms", "later runs change it"),
    ("orders", "times_same", "later runs change it"),
    ("entries", "order_id", JOINED),
    ("entries", "version", JOINED),
    ("answers", "answer_id", JOINED),
    ("answers", "previous_answer_id", "points to an answer that may be dropped"),
    ("mismatch_events", "run_id", SELECTS),
    ("reported_mismatches", "run_id", SELECTS),
    ("reported_orders", "run_id", SELECTS),
    ("solved_orders", "run_id", SELECTS),
];

/// Tables without a hashed column, and why.
const TABLES_NOT_HASHED: [(&str, &str); 9] = [
    ("open_now", "an index of mismatch_events"),
    ("orders_by_payment", "an index of answers"),
    ("gathered_payments", "how far that index is"),
    ("rebuilt_events", "is of earlier releases, whose runs have no digest"),
    ("report_files", "grows whenever a report is written"),
    ("read_files", "belongs to no run"),
    ("prunes", "belongs to no run"),
    ("pruned_runs", "is of runs that have no digest any more"),
    ("pruned_decisions", "belongs to no run"),
];

fn columns_of(connection: &Connection, table: &str) -> BTreeSet<String> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)").unwrap();
    let names = statement.query_map([table], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

#[test]
fn each_column_is_hashed_or_has_a_reason() {
    let store = Store::temporary().unwrap();
    let connection = store.connection();
    for hashed in ALL {
        let listed: Vec<&str> = hashed.columns.split(' ').collect();
        let left_out = NOT_HASHED.iter().filter(|(table, ..)| *table == hashed.table);
        let mut known: Vec<&str> = left_out.map(|(_, column, _)| *column).collect();
        known.extend(&listed);
        let set: BTreeSet<String> = known.iter().map(|column| (*column).to_owned()).collect();
        assert_eq!(set.len(), known.len(), "{}: a column is listed twice", hashed.table);
        assert_eq!(set, columns_of(connection, hashed.table), "{}", hashed.table);
    }
    let own = "SELECT name FROM sqlite_schema
               WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'run_digests'";
    let mut statement = connection.prepare(own).unwrap();
    let tables: BTreeSet<String> =
        statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let known = ALL.iter().map(|hashed| hashed.table);
    let known = known.chain(TABLES_NOT_HASHED.iter().map(|(table, _)| *table));
    assert_eq!(tables, known.map(str::to_owned).collect());
}

/// The digest of what a statement gives.
fn digest(connection: &Connection, sql: &str) -> Vec<u8> {
    let mut digest = Sha256::new();
    add_rows(&mut digest, connection, sql, ()).unwrap();
    digest.finalize().to_vec()
}

#[test]
fn different_rows_have_different_digests() {
    let connection = Connection::open_in_memory().unwrap();
    let rows = [
        "SELECT NULL WHERE false",
        "SELECT NULL",
        "SELECT ''",
        "SELECT x''",
        "SELECT 0",
        "SELECT 0.0",
        "SELECT -0.0",
        "SELECT '0'",
        "SELECT 1 UNION ALL SELECT NULL",
        "SELECT 1, NULL",
        "SELECT NULL, 1",
        "SELECT 'ab', 'c'",
        "SELECT 'a', 'bc'",
        "SELECT 'ab' UNION ALL SELECT 'c'",
        "SELECT x'6162', 'c'",
        "SELECT 'c', 'ab'",
    ];
    let digests: BTreeSet<Vec<u8>> = rows.iter().map(|sql| digest(&connection, sql)).collect();
    assert_eq!(digests.len(), rows.len());
    // A digest never changes its meaning: stored ones are compared with it.
    let known = "SELECT 1, 'a', NULL, x'00ff', 1.5";
    assert_eq!(
        hex::encode(digest(&connection, known)),
        "a214a537e0cadf165a8c80dd6917cb9e2b9932ded6eebb637e1fc5e37e2c9094"
    );
}
