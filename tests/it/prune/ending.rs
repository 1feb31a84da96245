//! Early ends, refusals, and databases of earlier releases.

use super::shop::{Shop, assert_whole, days_ago, files};
use crate::old_database::{STORED_BY_THE_SIXTH, merchant};
use crate::support::{Merchant, until};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::collections::BTreeMap;

/// Every row of every table, but when a prune was.
fn dump(merchant: &Merchant, name: &str) -> BTreeMap<String, Vec<Vec<Value>>> {
    let database = Connection::open(merchant.path(name)).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'prunes'";
    let mut tables = database.prepare(tables).unwrap();
    let tables = tables.query_map((), |row| row.get::<_, String>(0)).unwrap();
    let rows = |table: &str| {
        let columns = match table {
            "pruned_runs" => "run_id, answered, reused, findings, accepted",
            _ => "*",
        };
        let sql = format!("SELECT {columns} FROM {table}");
        let mut statement = database.prepare(&sql).unwrap();
        let count = statement.column_count();
        let row = |row: &rusqlite::Row| (0..count).map(|column| row.get(column)).collect();
        statement.query_map((), row).unwrap().map(Result::unwrap).collect()
    };
    tables.map(Result::unwrap).map(|table| (table.clone(), rows(&table))).collect()
}

#[test]
fn a_signal_ends_it_between_two_transactions() {
    let shop = Shop::with_four_nights();
    let merchant = &shop.merchant;
    let date = days_ago(60);
    let prune = ["prune", "--before", &date];
    assert_eq!(merchant.run(&["backup", "undisturbed.db"]).code, Some(0));
    let undisturbed = merchant.run(&["prune", "--before", &date, "--db", "undisturbed.db"]);
    assert_eq!(undisturbed.code, Some(0), "{undisturbed:?}");
    // Another program keeps the database locked until the signal has come.
    let other = merchant.database();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut running = merchant.start(&prune);
    let own = format!("process {},", running.pid());
    let lock = merchant.path("octopus-recon.db-lock");
    until("prune holds the lock", || {
        std::fs::read_to_string(&lock).is_ok_and(|holder| holder.starts_with(&own))
    });
    let second = merchant.run(&prune);
    assert_eq!(second.code, Some(11), "{second:?}");
    running.signal("TERM");
    let caught = format!("/proc/{}/status", running.pid());
    until("the signal has arrived", || {
        let status = std::fs::read_to_string(&caught).unwrap_or_default();
        status.lines().all(|line| !line.starts_with("ShdPnd") || line.ends_with("000"))
    });
    other.execute_batch("ROLLBACK").unwrap();
    assert!(!running.is_over());
    let done = running.end();
    assert_eq!(done.code, Some(143), "{done:?}");
    assert!(
        done.stderr.contains("ended by signal 15 (SIGTERM); dropped so far: 1 run, 0 orders"),
        "{done:?}"
    );
    assert!(done.stderr.contains("run the same command again"), "{done:?}");
    assert_eq!(merchant.sql("SELECT count(*) FROM prunes WHERE ended_at_ms IS NULL"), 1);
    shop.assert_whole();

    let again = merchant.run(&prune);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.stdout.contains("1 run, 8 orders"), "{again:?}");
    let now = dump(merchant, "octopus-recon.db");
    assert!(now.len() > 20, "{:?}", now.keys());
    assert_eq!(now, dump(merchant, "undisturbed.db"));
    shop.assert_whole();
}

#[test]
fn it_refuses_what_it_cannot_do() {
    let shop = Shop::with_four_nights();
    let merchant = &shop.merchant;
    let before = files(&merchant.path(""));
    for (date, said) in [
        (days_ago(29), "is too late: the last 30 days always stay"),
        ("2062-01-01".to_owned(), "is too late: the last 30 days always stay"),
        ("01.02.2026".to_owned(), "expected a date"),
    ] {
        for dry_run in [&[][..], &["--dry-run"]] {
            let done = merchant.run(&[&["prune", "--before", &date], dry_run].concat());
            assert_eq!(done.code, Some(2), "{done:?}");
            assert!(done.stderr.contains(said), "{done:?}");
        }
    }
    assert_eq!(merchant.run(&["prune"]).code, Some(2));
    let date = days_ago(60);
    let absent = merchant.run(&["prune", "--before", &date, "--db", "absent.db"]);
    assert_eq!(absent.code, Some(2), "{absent:?}");
    assert!(absent.stderr.contains("there is no database absent.db"), "{absent:?}");
    assert!(!merchant.path("absent.db").exists());
    merchant.write("text.db", "orders, not a database");
    let foreign = merchant.run(&["prune", "--before", &date, "--db", "text.db"]);
    assert_eq!(foreign.code, Some(15), "{foreign:?}");
    std::fs::remove_file(merchant.path("text.db")).unwrap();
    assert!(files(&merchant.path("")) == before, "a file was changed");
}

#[test]
fn vacuum_makes_the_file_smaller() {
    let shop = Shop::with_four_nights();
    let merchant = &shop.merchant;
    // As much evidence as many orders have.
    let sql = "UPDATE answers SET evidence = printf('%.*c', 200000, 'x')";
    merchant.drop_digests();
    merchant.database().execute(sql, ()).unwrap();
    let prune = |arguments: &[&str]| {
        let date = days_ago(60);
        let all = [&["prune", "--before", &date, "--format", "json"], arguments].concat();
        let done = merchant.run(&all);
        assert_eq!(done.code, Some(0), "{done:?}");
        done.json()
    };
    let dry = prune(&["--dry-run"]);
    let told = dry["frees_bytes"].as_u64().unwrap();
    let (file, free) = (
        |it: &serde_json::Value| it["file_bytes"].as_u64().unwrap(),
        |it: &serde_json::Value| it["free_bytes"].as_u64().unwrap(),
    );
    let pruned = prune(&[]);
    assert!(file(&pruned) <= file(&dry) + 3 * 4_096, "three small tables: {pruned}");
    assert!(free(&pruned) > 1_000_000, "{pruned}");
    assert!(told > free(&pruned) / 2 && told < free(&pruned) * 2, "{told} {pruned}");
    let small = prune(&["--vacuum"]);
    assert!(file(&small) < file(&pruned) - free(&pruned) / 2, "{small}");
    assert_eq!(free(&small), 0);
    let length = merchant.path("octopus-recon.db").metadata().unwrap().len();
    assert_eq!(length, file(&small));
    shop.assert_whole();
}

#[test]
fn a_database_of_an_earlier_release_is_pruned() {
    let all_old = "UPDATE runs SET run_day = '2020-01-01' WHERE run_id = 1;
                   UPDATE entries SET order_date = '2019-12-01';";
    let merchant = merchant(&[&STORED_BY_THE_SIXTH[..], &[all_old]].concat());
    let before = files(&merchant.path(""));
    let dry = merchant.run(&["prune", "--before", "2020-06-01", "--dry-run", "--format", "json"]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(files(&merchant.path("")) == before, "a file was changed");
    let open = "SELECT count(*) FROM open_now";
    let open_before = merchant.sql(open);
    assert!(open_before > 0);
    let done = merchant.run(&["prune", "--before", "2020-06-01", "--format", "json"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.json()["dropped"], dry.json()["dropped"]);
    assert_eq!(done.json()["dropped"]["runs"], 1, "{done:?}");
    assert_eq!(merchant.sql(open), open_before);
    assert_whole(&merchant);
}
