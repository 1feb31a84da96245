//! SIGKILL while a database is pruned: an order is there with all that belongs to it, or it is gone
//! with all of it; nothing of what stays is touched; and running it again finishes the job.

use crate::campaign::{Part, count, has_strace, is_full, is_single, is_wanted, seed};
use crate::judge::{self, Verdict};
use crate::stage::{Case, DATABASE, Stage};
use crate::stepper::{Ended, kill_at};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};

const MOST_CALLS: usize = 1_000;
/// Orders of the first night that nothing needs.
const OLD: i64 = 40;
/// The first night becomes a night of long ago, with orders that nobody looked at since.
const LONG_AGO: &str = "
    UPDATE runs SET run_day = '2020-01-02' WHERE run_id = 1;
    UPDATE entries SET order_date = date(order_date, '-300 days');
    DELETE FROM run_digests;
    UPDATE runs SET rows_sha256 = NULL;
    WITH RECURSIVE n (i) AS (SELECT -1 UNION ALL SELECT i - 1 FROM n WHERE i > -40)
    INSERT INTO orders (order_id, merchant_uid, merchant_order_id, entry_version, answer_id)
    SELECT i, '', 'OLD' || i, 1, i * 2 FROM n;
    INSERT INTO entries (order_id, version, file_id, line, amount_micros, currency, order_date,
                         ages_from_ms)
    SELECT order_id, 1, (SELECT min(file_id) FROM ledger_files), 1, 1, 'inr', '2020-01-01', 0
    FROM orders WHERE order_id < 0;
    INSERT INTO answers (answer_id, order_id, run_id, received_at_ms, kind, evidence,
                         previous_answer_id)
    SELECT order_id * 2, order_id, 1, 0, 'missing', 'no such order', order_id * 2 - 1
    FROM orders WHERE order_id < 0
    UNION ALL SELECT order_id * 2 - 1, order_id, 1, 0, 'missing', 'no such payment', NULL
    FROM orders WHERE order_id < 0;
    INSERT INTO run_orders (run_id, order_id, entry_version, answer_id, answered_at_ms, outcome)
    SELECT 1, order_id, 1, answer_id, 0, 3 FROM orders WHERE order_id < 0;
    INSERT INTO mismatch_events (order_id, kind, at_ms, run_id, event, day)
    SELECT order_id, 'overdue', 0, 1, 'opened', '2020-01-02' FROM orders WHERE order_id < 0
    UNION ALL SELECT order_id, 'overdue', 1, 1, 'resolved', '2020-01-03'
    FROM orders WHERE order_id < 0;
    INSERT INTO decision_events (event, order_id, kind, mismatch_id, taken_at_ms, by_name,
                                 system_user)
    SELECT 'decided', order_id, 'overdue', 'm-1', 0, 'Asha', 'recon' FROM orders
    WHERE order_id < 0;
    INSERT INTO decision_events (event, mismatch_id, taken_at_ms, by_name, system_user)
    VALUES ('refused', 'm-2', 9000000000000, 'Asha', 'recon');";
/// Tables with rows of orders.
const OF_ORDERS: [&str; 10] = [
    "orders",
    "entries",
    "answers",
    "run_orders",
    "mismatch_events",
    "open_now",
    "reported_mismatches",
    "reported_orders",
    "solved_orders",
    "decision_events",
];
/// How many rows an old order has in them.
const ROWS_OF_AN_ORDER: i64 = 1 + 1 + 2 + 1 + 2 + 1;

type Rows = BTreeMap<String, Vec<Vec<Value>>>;

/// What the kills found.
#[derive(Debug, Default)]
struct Reached {
    nothing_gone: usize,
    run_marked: usize,
    orders_gone: usize,
}

#[test]
fn a_killed_prune_leaves_each_order_whole() {
    if !has_strace("prunes") {
        return;
    }
    let mut part = Part::new("prunes");
    let mut reached = Reached::default();
    let stage = Stage::new(seed(), 5, true);
    let made = long_ago(&stage);
    let undisturbed = copy_of(&made);
    let before = staying(&undisturbed);
    let done = undisturbed.finish(prune(&undisturbed));
    assert_eq!(done.code, Some(0), "{done:?}");
    let after = staying(&undisturbed);
    assert_eq!(before.get("orders"), after.get("orders"));
    let stride = if is_full() { 1 } else { 3 };
    let most = count(usize::MAX, usize::MAX);
    for point in (1..MOST_CALLS).step_by(stride) {
        let name = point.to_string();
        if !is_wanted(&name) || part.cases() >= most {
            continue;
        }
        let case = copy_of(&made);
        let mut verdict = Verdict::default();
        match kill_at(&case, &prune(&case), point) {
            Ended::Killed => {}
            Ended::Itself(_) => break,
            Ended::Hung => verdict.wrong.push("prune hung".to_owned()),
        }
        judge_killed(&mut verdict, &mut reached, &case, &before);
        let done = case.finish(prune(&case));
        if done.code != Some(0) {
            verdict
                .wrong
                .push(format!("run again, it ended with {:?}: {}", done.code, done.stderr));
        }
        if staying(&case) != after || old_rows(&case) != 0 {
            verdict.wrong.push("run again, it did not finish the job".to_owned());
        }
        judge::secrets(&mut verdict, &case);
        part.add(&name, &verdict);
    }
    let Reached { nothing_gone, run_marked, orders_gone } = reached;
    assert!(
        is_single() || nothing_gone > 0 && run_marked > 0 && orders_gone > 0,
        "{nothing_gone} {run_marked} {orders_gone}"
    );
    part.finish(&format!(
        "{nothing_gone} before anything went, {run_marked} after the run was marked, \
         {orders_gone} after its orders went"
    ));
}

/// Two nights, and the first one long ago.
fn long_ago(stage: &Stage) -> Case {
    let case = stage.case();
    case.run(stage);
    let database = Connection::open(case.path().join(DATABASE)).unwrap();
    database.pragma_update(None, "foreign_keys", false).unwrap();
    // A row of the past is changed here, which the schema allows nobody else.
    database.execute_batch(LONG_AGO).unwrap();
    database.close().unwrap();
    let config = std::fs::read_to_string(case.path().join("octopus-recon.toml")).unwrap();
    let config = format!("{config}[store]\nkeep_decisions_days = 100\n");
    case.write("octopus-recon.toml", config.as_bytes());
    case
}

fn copy_of(made: &Case) -> Case {
    let case = Case::empty();
    for (name, content) in made.files(".") {
        case.write(&name, &content);
    }
    case
}

fn prune(case: &Case) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_octopus-recon"));
    command
        .args(["prune", "--before", "2021-01-01", "--vacuum", "--format", "json"])
        .current_dir(case.path())
        .env_clear()
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null());
    command
}

fn judge_killed(verdict: &mut Verdict, reached: &mut Reached, case: &Case, before: &Rows) {
    let (_kept, path) = case.database_copy();
    let database = Connection::open(path).unwrap();
    if let Err(error) = judge::is_whole(verdict, &database) {
        verdict.lost.push(format!("the database: {error}"));
        return;
    }
    let number = |sql: &str| database.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    let old = number("SELECT count(*) FROM orders WHERE order_id < 0");
    let rows = old_rows(case);
    if rows != old * ROWS_OF_AN_ORDER {
        verdict.torn.push(format!("{old} old orders have {rows} rows"));
    }
    if number("SELECT count(*) FROM pruned_decisions") != OLD - old {
        verdict.torn.push("decisions that went and their records differ".to_owned());
    }
    let marked = number("SELECT count(*) FROM pruned_runs");
    if old < OLD && marked != 1 {
        verdict.wrong.push("orders went before their run was marked".to_owned());
    }
    match (marked, old) {
        (0, _) => reached.nothing_gone += 1,
        (_, OLD) => reached.run_marked += 1,
        _ => reached.orders_gone += 1,
    }
    for (table, rows) in staying(case) {
        if before.get(&table) != Some(&rows) {
            verdict.lost.push(format!("rows of {table} that stay"));
        }
    }
}

/// How many rows the old orders have.
fn old_rows(case: &Case) -> i64 {
    let (_kept, path) = case.database_copy();
    let database = Connection::open(path).unwrap();
    let rows = |table: &&str| {
        let sql = format!("SELECT count(*) FROM {table} WHERE order_id < 0");
        database.query_row(&sql, (), |row| row.get::<_, i64>(0)).unwrap()
    };
    OF_ORDERS.iter().map(rows).sum()
}

/// All rows of the orders that stay.
fn staying(case: &Case) -> Rows {
    let (_kept, path) = case.database_copy();
    let database = Connection::open(path).unwrap();
    let rows = |table: &&str| {
        let sql = format!("SELECT * FROM {table} WHERE order_id IS NULL OR order_id >= 0");
        let mut statement = database.prepare(&sql).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row| (0..columns).map(|column| row.get(column)).collect();
        let rows = statement.query_map((), row).unwrap();
        ((*table).to_owned(), rows.map(Result::unwrap).collect())
    };
    OF_ORDERS.iter().map(rows).collect()
}
