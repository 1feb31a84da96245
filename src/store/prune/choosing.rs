//! Which runs and which orders are old and needed by nothing (docs/operations.md, "What stays").

use super::{Cutoff, Staying};
use crate::store::to_ms;
use rusqlite::{Connection, ToSql};
use std::sync::LazyLock;

/// Orders that one transaction looks at: it takes a second or less, and its pages fit in memory.
const BATCH: i64 = 20_000;

/// Orders that one transaction looks at, and drops in part: those of `temp.going`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    /// The first id.
    pub(super) first: i64,
    /// The last id.
    pub(super) last: i64,
    /// How many of them go.
    pub(super) going: u64,
}

/// Makes the private tables: the runs that stay, and the orders of a batch that go.
pub(super) fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS kept_runs (run_id INTEGER PRIMARY KEY);
         CREATE TEMP TABLE IF NOT EXISTS going (order_id INTEGER PRIMARY KEY);
         CREATE TEMP TABLE IF NOT EXISTS going_answers (answer_id INTEGER PRIMARY KEY);
         DELETE FROM temp.kept_runs;",
    )
}

/// The runs of earlier days that no prune has dropped yet, except the latest judged run of each
/// merchant, gateway and kind of selection: the next run is compared with it.
pub(super) fn old_runs(connection: &Connection, cutoff: Cutoff) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare(
            "SELECT run_id FROM runs
             WHERE run_day < ?1 AND run_id NOT IN (SELECT run_id FROM pruned_runs)
               AND run_id <> (SELECT max(run_id) FROM runs)
               AND run_id NOT IN (SELECT max(run_id) FROM runs WHERE judged_at_ms IS NOT NULL
                                  GROUP BY merchant_uid, base_url, selection_kind)
             ORDER BY run_id",
        )?
        .query_map([cutoff.before.to_string()], |row| row.get(0))?
        .collect()
}

/// Notes the runs that stay: all but these and those of earlier prunes.
pub(super) fn keep_others(connection: &Connection, old: &[i64]) -> rusqlite::Result<()> {
    connection.execute_batch(
        "INSERT INTO temp.kept_runs
         SELECT run_id FROM runs WHERE run_id NOT IN (SELECT run_id FROM pruned_runs);",
    )?;
    let mut statement = connection.prepare("DELETE FROM temp.kept_runs WHERE run_id = ?1")?;
    old.iter().try_for_each(|run_id| statement.execute([run_id]).map(|_| ()))
}

/// The runs that do not stay, also those of earlier prunes: they may have rows of orders that
/// stayed until now.
pub(super) fn all_old_runs(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare(
            "SELECT run_id FROM runs WHERE run_id NOT IN (SELECT run_id FROM temp.kept_runs)
             ORDER BY run_id",
        )?
        .query_map((), |row| row.get(0))?
        .collect()
}

/// Whether order `o` is of an earlier date by each of its entries.
const IS_OF_EARLIER_DATE: &str = "NOT EXISTS (SELECT 1 FROM entries e
         WHERE e.order_id = o.order_id AND e.order_date >= :before)";

/// A count of [`Staying`].
type Counted = fn(&mut Staying) -> &mut u64;

/// Why an order stays: a statement that removes these from `temp.going`, and the count that it goes
/// to. The order is that of [`Staying`]'s fields.
const REASONS: [(&str, Counted); 6] = [
    ("SELECT n.order_id FROM open_now n WHERE n.order_id BETWEEN :first AND :last", |staying| {
        &mut staying.open
    }),
    (
        "SELECT o.order_id FROM orders o
         WHERE o.awaiting = 1 AND o.order_id BETWEEN :first AND :last",
        |staying| &mut staying.awaiting,
    ),
    (
        // The digest of a run covers the decisions that it took.
        "SELECT d.order_id FROM decision_events d
         WHERE d.order_id BETWEEN :first AND :last
           AND (d.taken_at_ms >= :decisions_before_ms
                OR d.taken_by_run_id IN (SELECT run_id FROM temp.kept_runs)
                OR d.decision_id = (SELECT max(decision_id) FROM decision_events))",
        |staying| &mut staying.decided,
    ),
    (
        "SELECT r.order_id FROM temp.kept_runs k CROSS JOIN run_orders r
             ON r.run_id = k.run_id AND r.order_id BETWEEN :first AND :last
         UNION ALL
         SELECT e.order_id FROM temp.going g
         CROSS JOIN entries e ON e.order_id = g.order_id
         CROSS JOIN ledger_files f ON f.file_id = e.file_id
         CROSS JOIN temp.kept_runs k ON k.run_id = f.run_id",
        |staying| &mut staying.in_runs,
    ),
    (SHARED, |staying| &mut staying.shared),
    (
        "SELECT max(order_id) FROM orders
         UNION ALL SELECT order_id FROM answers
                   WHERE answer_id = (SELECT max(answer_id) FROM answers)",
        |staying| &mut staying.newest,
    ),
];

/// Orders whose payment is also that of an order that stays: a `duplicate_payment` rests on both.
const SHARED: &str = "SELECT g.order_id FROM temp.going g
    CROSS JOIN orders mine ON mine.order_id = g.order_id
    CROSS JOIN answers a ON a.answer_id = mine.answer_id AND a.payment_uid IS NOT NULL
    CROSS JOIN orders_by_payment s ON s.payment_hash = payment_hash(a.payment_uid)
                                  AND s.order_id <> g.order_id
    CROSS JOIN orders o ON o.order_id = s.order_id
    CROSS JOIN answers b ON b.answer_id = o.answer_id AND b.payment_uid = a.payment_uid
    WHERE o.awaiting = 1
       OR EXISTS (SELECT 1 FROM entries e
                  WHERE e.order_id = o.order_id AND e.order_date >= :before)
       OR EXISTS (SELECT 1 FROM open_now n WHERE n.order_id = o.order_id)
       OR EXISTS (SELECT 1 FROM temp.kept_runs k CROSS JOIN run_orders r
                      ON r.run_id = k.run_id AND r.order_id = o.order_id)";

/// Fills `temp.going` with the orders that go among the next ones after this id, and counts those
/// of earlier dates that stay. `None`: there are no further orders.
pub(super) fn next_batch(
    connection: &Connection,
    cutoff: Cutoff,
    after: i64,
    staying: &mut Staying,
) -> rusqlite::Result<Option<Batch>> {
    static FILL: LazyLock<String> = LazyLock::new(|| {
        let of_range = "INSERT INTO temp.going SELECT o.order_id FROM orders o
                        WHERE o.order_id BETWEEN :first AND :last AND ";
        [of_range, IS_OF_EARLIER_DATE].concat()
    });
    static STAY: LazyLock<[String; 6]> = LazyLock::new(|| {
        REASONS
            .map(|(these, _)| ["DELETE FROM temp.going WHERE order_id IN (", these, ")"].concat())
    });
    let (first, last): (Option<i64>, Option<i64>) = connection
        .prepare_cached(
            "SELECT min(order_id), max(order_id) FROM
                 (SELECT order_id FROM orders WHERE order_id > ?1 ORDER BY order_id LIMIT ?2)",
        )?
        .query_row([after, BATCH], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some((first, last)) = first.zip(last) else { return Ok(None) };
    connection.prepare_cached("DELETE FROM temp.going")?.execute(())?;
    let before = cutoff.before.to_string();
    let decisions_before = to_ms(cutoff.decisions_before);
    let execute = |sql: &str| -> rusqlite::Result<u64> {
        let mut statement = connection.prepare_cached(sql)?;
        let values: [(&str, &dyn ToSql); 4] = [
            (":first", &first),
            (":last", &last),
            (":before", &before),
            (":decisions_before_ms", &decisions_before),
        ];
        for (name, value) in values {
            // Not each statement has all of them.
            if let Some(index) = statement.parameter_index(name)? {
                statement.raw_bind_parameter(index, value)?;
            }
        }
        statement.raw_execute().map(|rows| u64::try_from(rows).unwrap_or(u64::MAX))
    };
    let mut going = execute(&FILL)?;
    for (sql, (_, count)) in STAY.iter().zip(REASONS) {
        if going == 0 {
            break;
        }
        let stay = execute(sql)?;
        *count(staying) += stay;
        going -= stay;
    }
    Ok(Some(Batch { first, last, going }))
}
