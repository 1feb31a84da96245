//! Which rows and columns the digests of a run cover, and how a row becomes bytes.
//! `sql/0007_row_digests.sql` says why these columns, and why not the others.
//!
//! This is a format: a stored digest is compared with what these statements give today. A column
//! that is new may be hashed only together with a way to tell old digests from new ones.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// A table, and which of its columns are hashed, separated by spaces.
struct Hashed {
    table: &'static str,
    columns: &'static str,
}

const RUNS: Hashed = Hashed {
    table: "runs",
    columns: "run_id started_at_ms run_day status selection base_url merchant_uid from_date \
              to_date first_date last_date ledger_rows accepted invalid repeated superseded \
              changed selected requests judged_at_ms matched in_transit mismatched unverified \
              open_elsewhere totals last_answered_at_ms clock_floor_ms skipped days \
              selection_kind night accepted_orders findings_for_exit gateway_totals",
};
const LEDGER_FILES: Hashed =
    Hashed { table: "ledger_files", columns: "file_id name sha256 modified_at_ms" };
const INVALID_ROWS: Hashed =
    Hashed { table: "invalid_rows", columns: "number file line reason raw" };
const RUN_WARNINGS: Hashed = Hashed { table: "run_warnings", columns: "number code text is_doubt" };
const DOUBTED_DAYS: Hashed = Hashed { table: "doubted_days", columns: "day" };
const NEW_FINDINGS: Hashed =
    Hashed { table: "new_findings", columns: "kind newly_found without is_suspect" };
const DECISION_EVENTS: Hashed = Hashed {
    table: "decision_events",
    columns: "decision_id event order_id kind mismatch_id run_id at_ms verdict until owner note \
              old_verdict old_until old_owner old_note at_risk_micros currency variance_micros \
              payment_status ledger_status accounting_status notify_status taken_at_ms by_name \
              system_user source source_row why",
};
const RUN_ORDERS: Hashed = Hashed {
    table: "run_orders",
    columns: "order_id entry_version answer_id answered_at_ms tries why outcome ordered_at_ms \
              carried",
};
const ORDERS: Hashed = Hashed { table: "orders", columns: "merchant_uid merchant_order_id" };
const ENTRIES: Hashed = Hashed {
    table: "entries",
    columns: "file_id line amount_micros currency order_date ages_from_ms transaction_type \
              accounting_type status conflict duplicate conflict_low_micros conflict_high_micros",
};
const ANSWERS: Hashed = Hashed {
    table: "answers",
    columns: "order_id run_id received_at_ms kind amount_micros final_amount_micros currency \
              transaction_type accounting_type payment_status payment_fail_reason \
              accounting_status accounting_fail_reason notify_status notify_fail_reason \
              payment_uid channel evidence",
};
const MISMATCH_EVENTS: Hashed = Hashed {
    table: "mismatch_events",
    columns: "order_id kind at_ms event day variance_micros since verdict until owner note why",
};
const REPORTED_MISMATCHES: Hashed = Hashed {
    table: "reported_mismatches",
    columns: "order_id kind severity state variance_micros at_risk_micros currency reason \
              first_seen open_days mismatch_id answer_id answered_at_ms verdict until owner note \
              is_suspect",
};
const REPORTED_ORDERS: Hashed = Hashed {
    table: "reported_orders",
    columns: "order_id bucket figure_micros currency transaction_type severity state next_step \
              since open_days due difference_micros amount_micros conflict_micros is_first \
              is_verified",
};
const SOLVED_ORDERS: Hashed = Hashed {
    table: "solved_orders",
    columns: "order_id outcome kinds bucket figure_micros currency first_seen open_days verdict \
              until owner note",
};

/// What digest 0 covers: statements with the parameter `run_id`.
pub(super) static OF_RUN: LazyLock<[String; 7]> = LazyLock::new(|| {
    let by_run = |hashed: &Hashed, order: &str| select(hashed, "run_id = ?1", order);
    [
        by_run(&RUNS, "run_id"),
        by_run(&LEDGER_FILES, "file_id"),
        by_run(&INVALID_ROWS, "number"),
        by_run(&RUN_WARNINGS, "number"),
        by_run(&DOUBTED_DAYS, "day"),
        by_run(&NEW_FINDINGS, "kind"),
        select(&DECISION_EVENTS, "taken_by_run_id = ?1", "decision_id"),
    ]
});

/// What a thousand of a run's orders is known for while it is judged: statements with the
/// parameters `run_id`, and the ids after and up to which the orders are.
pub(super) static OF_ORDERS: LazyLock<[String; 4]> = LazyLock::new(|| {
    let all = [
        listed(&RUN_ORDERS, "r."),
        listed(&ORDERS, "o."),
        listed(&ENTRIES, "e."),
        listed(&ANSWERS, "a."),
    ];
    [
        // A row that is gone is hashed as NULLs.
        [
            "SELECT ",
            &all.join(", "),
            " FROM run_orders r
             LEFT JOIN orders o ON o.order_id = r.order_id
             LEFT JOIN entries e ON e.order_id = r.order_id AND e.version = r.entry_version
             LEFT JOIN answers a ON a.answer_id = r.answer_id
             WHERE r.run_id = ?1 AND r.order_id > ?2 AND r.order_id <= ?3 ORDER BY r.order_id",
        ]
        .concat(),
        // Through the run's orders: a run of few orders may span all that are stored.
        [
            "SELECT ",
            &listed(&MISMATCH_EVENTS, "v."),
            " FROM run_orders r
             CROSS JOIN mismatch_events v ON v.order_id = r.order_id AND v.run_id = r.run_id
             WHERE r.run_id = ?1 AND r.order_id > ?2 AND r.order_id <= ?3
             ORDER BY r.order_id, v.kind, v.at_ms",
        ]
        .concat(),
        of_orders(&REPORTED_MISMATCHES, "order_id, kind"),
        of_orders(&REPORTED_ORDERS, "order_id"),
    ]
});

/// The rest of what a thousand is known for: it is found when all orders are judged.
pub(super) static SOLVED: LazyLock<String> =
    LazyLock::new(|| of_orders(&SOLVED_ORDERS, "order_id"));

fn of_orders(hashed: &Hashed, order: &str) -> String {
    select(hashed, "run_id = ?1 AND order_id > ?2 AND order_id <= ?3", order)
}

fn select(hashed: &Hashed, condition: &str, order: &str) -> String {
    let columns = listed(hashed, "");
    let table = hashed.table;
    ["SELECT ", &columns, " FROM ", table, " WHERE ", condition, " ORDER BY ", order].concat()
}

fn listed(hashed: &Hashed, before: &str) -> String {
    let columns = hashed.columns.split(' ').map(|column| [before, column].concat());
    columns.collect::<Vec<_>>().join(", ")
}

/// Adds the rows of a statement to a digest. Gives how many there are.
///
/// Each row begins with 1, and a 0 follows the last one. Each value begins with its type; texts and
/// blobs have their length before them. So no two different results are the same bytes.
pub(super) fn add_rows(
    digest: &mut Sha256,
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(parameters)?;
    let mut bytes = Vec::new();
    let mut count = 0;
    while let Some(row) = rows.next()? {
        bytes.clear();
        bytes.push(1);
        for column in 0..columns {
            add_value(&mut bytes, row.get_ref(column)?);
        }
        digest.update(&bytes);
        count += 1;
    }
    digest.update([0]);
    Ok(count)
}

fn add_value(bytes: &mut Vec<u8>, value: ValueRef) {
    let mut sized = |kind: u8, content: &[u8]| {
        bytes.push(kind);
        bytes.extend(u64::try_from(content.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend(content);
    };
    match value {
        ValueRef::Null => bytes.push(0),
        ValueRef::Text(text) => sized(3, text),
        ValueRef::Blob(blob) => sized(4, blob),
        ValueRef::Integer(integer) => {
            bytes.push(1);
            bytes.extend(integer.to_be_bytes());
        }
        ValueRef::Real(real) => {
            bytes.push(2);
            bytes.extend(real.to_bits().to_be_bytes());
        }
    }
}

#[cfg(test)]
#[path = "hashed_tests.rs"]
mod tests;
