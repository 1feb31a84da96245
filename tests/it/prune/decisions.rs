//! Decisions go only with their order, only when they are old, and leave a record.

use super::shop::{Shop, days_ago};
use crate::support::Merchant;

/// Moves all decisions back by this number of days.
fn age_decisions(merchant: &Merchant, days: i64) {
    const TRIGGER: &str = "decision_events_are_not_updated";
    let database = merchant.database();
    let find = "SELECT sql FROM sqlite_schema WHERE name = ?1";
    let trigger: String = database.query_row(find, [TRIGGER], |row| row.get(0)).unwrap();
    let move_back = format!(
        "DROP TRIGGER {TRIGGER};
         UPDATE decision_events SET taken_at_ms = taken_at_ms - {days} * 86400000; {trigger}"
    );
    database.execute_batch(&move_back).unwrap();
}

fn decide(merchant: &Merchant, order: &str) {
    let done = merchant.run(&[
        "decide",
        "--order",
        order,
        "--kind",
        "final_amount_difference",
        "--decision",
        "with_gateway",
        "--by",
        "Ravi",
    ]);
    assert_eq!(done.code, Some(0), "{done:?}");
}

#[test]
fn a_decision_is_kept_for_so_many_days() {
    let shop = Shop::with_four_nights();
    let merchant = &shop.merchant;
    // One of a mismatch that is open, and the newest one.
    decide(merchant, "SHORT");
    age_decisions(merchant, 300);
    decide(merchant, "N2");
    let config = std::fs::read_to_string(merchant.path("octopus-recon.toml")).unwrap();
    let keep = |days: u32| {
        let config = format!("{config}[store]\nkeep_decisions_days = {days}\n");
        merchant.write("octopus-recon.toml", config);
        merchant.run(&["prune", "--before", &days_ago(60), "--format", "json"])
    };
    let listed = || merchant.sql("SELECT count(*) FROM decision_events");
    for days in [u32::MAX, 2_920, 302] {
        let done = keep(days);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!(done.json()["dropped"]["decisions"], 0, "{done:?}");
        assert_eq!(done.json()["stays"]["decided"], 1, "{done:?}");
        assert_eq!(listed(), 3);
    }
    let done = keep(290);
    assert_eq!(done.json()["dropped"]["decisions"], 1, "{done:?}");
    assert_eq!(done.json()["dropped"]["orders"], 1, "{done:?}");
    assert_eq!(listed(), 2);
    assert_eq!(merchant.run(&["show", "DECIDED"]).code, Some(2));
    let shown = merchant.run(&["show", "SHORT"]);
    assert!(shown.stdout.contains("Ravi"), "a decision about what is open stays: {shown:?}");
    // What is left of it: when, which, by which prune.
    let left = "SELECT count(*) FROM pruned_decisions d JOIN prunes p ON p.prune_id = d.prune_id
                WHERE d.decision_id = 1 AND d.event = 'accepted' AND d.mismatch_id LIKE 'm-%'
                  AND p.decisions = 1 AND p.system_user <> '' AND p.ended_at_ms IS NOT NULL";
    assert_eq!(merchant.sql(left), 1);
    shop.assert_whole();
}

#[test]
fn nothing_else_deletes_a_decision() {
    let shop = Shop::with_four_nights();
    let merchant = &shop.merchant;
    age_decisions(merchant, 4_000);
    let prune = "INSERT INTO prunes (prune_id, before_day, decisions_before_ms, started_at_ms,
                                     ended_at_ms, system_user)";
    let record = "INSERT INTO pruned_decisions
                  SELECT decision_id, 1, event, mismatch_id, taken_at_ms FROM decision_events";
    let database = merchant.database();
    // Without a record, by a prune that has ended, a young one, another one, an open one.
    let open = "INSERT INTO open_now SELECT order_id, kind FROM decision_events";
    for tried in [
        "DELETE FROM decision_events".to_owned(),
        record.to_owned(),
        format!("{prune} VALUES (1, '2026-01-01', 9e15, 0, 1, 'me'); {record}"),
        format!("{prune} VALUES (1, '2026-01-01', 5, 0, NULL, 'me'); {record}"),
        format!(
            "{prune} VALUES (1, '2026-01-01', 9e15, 0, NULL, 'me');
                 INSERT INTO pruned_decisions VALUES (1, 1, 'accepted', 'm-1', 1)"
        ),
        format!("{prune} VALUES (1, '2026-01-01', 9e15, 0, NULL, 'me'); {open}; {record}"),
    ] {
        let error = database.execute_batch(&format!("BEGIN; {tried}")).unwrap_err().to_string();
        assert!(error.contains("a decision is never deleted"), "{tried}: {error}");
        database.execute_batch("ROLLBACK").unwrap();
    }
    // And no record is changed.
    database
        .execute_batch(&format!("{prune} VALUES (1, '2026-01-01', 9e15, 0, NULL, 'me'); {record}"))
        .unwrap();
    for tried in ["DELETE FROM pruned_decisions", "UPDATE pruned_decisions SET event = 'decided'"] {
        let error = database.execute_batch(tried).unwrap_err().to_string();
        assert!(error.contains("a decision is never"), "{tried}: {error}");
    }
}
