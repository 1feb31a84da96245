//! `backup`: a whole copy of one moment, that never overwrites anything.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Gateway, HEAD, Merchant, book, ledger, paid};
use rusqlite::Connection;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_copy_is_the_database_of_one_moment() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(300));
    let gateway = Gateway::serve(&book(300));
    assert_eq!(merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]).code, Some(0));
    let done = merchant.run(&["backup", "copy.db"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.starts_with("copy.db: a checked copy of octopus-recon.db, "), "{done:?}");
    let mode = merchant.path("copy.db").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // It is a database of its own: everything can be told from it.
    let before = merchant.run(&["runs"]).stdout;
    assert_eq!(merchant.run(&["runs", "--db", "copy.db"]).stdout, before);
    let again = merchant.run(&["report", "1", "--db", "copy.db", "--out", "again"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    // A file that is there is never overwritten.
    let old = std::fs::read(merchant.path("copy.db")).unwrap();
    let refused = merchant.run(&["backup", "copy.db"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("copy.db exists already"), "{refused:?}");
    assert_eq!(std::fs::read(merchant.path("copy.db")).unwrap(), old);
    // Nothing is left beside it.
    let names = std::fs::read_dir(merchant.path("")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = names.filter(|name| name.contains(".tmp")).collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_backup_beside_an_active_run_is_whole() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", ledger(600));
    let gateway = Gateway::serve(&book(600));
    let run = ["run", "--base-url", &gateway.url, "--ledger", "ledger.csv", "--rate", "600"];
    let mut running = merchant.start(&run);
    crate::support::until("a hundred calls", || gateway.journal().len() >= 100);
    let done = merchant.run(&["backup", "copy.db"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!running.is_over(), "the run was over before its backup");
    let copy = Connection::open(merchant.path("copy.db")).unwrap();
    let count = |sql: &str| copy.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    let answered = count("SELECT count(*) FROM run_orders WHERE answer_id IS NOT NULL");
    assert!((1..600).contains(&answered), "{answered}");
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn what_is_no_database_is_not_copied() {
    let merchant = Merchant::new();
    for (name, content, code) in
        [("absent.db", None, None), ("text.db", Some(&b"orders, not a database"[..]), Some(15))]
    {
        if let Some(content) = content {
            merchant.write(name, content);
        }
        let done = merchant.run(&["backup", "copy.db", "--db", name]);
        assert!(done.code.is_some_and(|code| code >= 2), "{done:?}");
        assert!(code.is_none() || done.code == code, "{done:?}");
        assert!(!merchant.path("copy.db").exists(), "{name}");
    }
    let nowhere = merchant.run(&["backup", "nowhere/copy.db"]);
    assert_ne!(nowhere.code, Some(0), "{nowhere:?}");
    merchant.write("ledger.csv", ledger(1));
    let gateway = Gateway::serve(&book(1));
    assert_eq!(merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]).code, Some(0));
    let nowhere = merchant.run(&["backup", "nowhere/copy.db"]);
    assert_eq!(nowhere.code, Some(14), "{nowhere:?}");
    for part in ["the copy nowhere/copy.db cannot be written", "hint: name a file in a directory"] {
        assert!(nowhere.stderr.contains(part), "{nowhere:?}");
    }
}

#[test]
fn decisions_in_a_file_of_a_run_that_the_backup_lacks_are_said_and_taken_later() {
    let merchant = Merchant::new();
    merchant.write("ledger.csv", format!("{HEAD}A1,500.00,inr,2026-01-10,paid\n"));
    let gateway = Gateway::serve(&paid("A1", "500.00", json!({})));
    let night = |url: &str| merchant.reconcile(url, &["--ledger", "ledger.csv"]);
    assert_eq!(night(&gateway.url).code, Some(0));
    assert_eq!(merchant.run(&["backup", "copy.db"]).code, Some(0));
    let gateway = Gateway::serve(&paid("A1", "500.00", json!({"final_amount": "490.00"})));
    let second = night(&gateway.url);
    assert_eq!(second.code, Some(1), "{second:?}");
    let report = second.json()["reports"][0].as_str().unwrap().to_owned();
    let report = std::fs::read_to_string(merchant.path(&report)).unwrap();
    // The cell behind the mismatch's id is the decision.
    let (before, after) = report.split_once(",\"m-").unwrap();
    let (id, after) = after.split_once("\",\"\"").unwrap();
    merchant.write("reports/asha.csv", format!("{before},\"m-{id}\",\"accepted\"{after}"));

    std::fs::copy(merchant.path("copy.db"), merchant.path("octopus-recon.db")).unwrap();
    let again = night(&gateway.url);
    let said = "asha.csv: it has rows of run 2, but the latest judged run of this database is 1";
    assert!(again.stderr.contains(said), "{again:?}");
    assert_eq!(again.code, Some(1));
    let third = night(&gateway.url);
    assert_eq!(third.code, Some(0), "{third:?}");
    let listed = merchant.run(&["decide", "--list", "--format", "json"]).json();
    assert_eq!(listed["decisions"][0]["event"], "accepted", "{listed}");
}
