//! The database of the release before `--scheduled`: its runs verify as before, and the first
//! scheduled night asks for every order.

use crate::old_database::{STORED_BY_THE_SIXTH, merchant as merchant_of};
use crate::support::{Gateway, Merchant, paid};
use serde_json::json;

/// The later schemas, and the data that the release with the eighth one stored.
const STORED_BY_THE_EIGHTH: [&str; 4] = [
    include_str!("../../../sql/0007_row_digests.sql"),
    include_str!("../../../sql/0008_suspect_findings.sql"),
    include_str!("../../../fixtures/databases/schema-8.sql"),
    "PRAGMA user_version = 8; PRAGMA application_id = 1329812035;",
];

fn merchant() -> Merchant {
    // Six schemas come before the data of the sixth.
    merchant_of(&[&STORED_BY_THE_SIXTH[..6], &STORED_BY_THE_EIGHTH].concat())
}

#[test]
fn the_runs_of_the_eighth_schema_are_unchanged() {
    let merchant = merchant();
    for (run, reported) in [
        ("2", include_str!("../../../fixtures/databases/schema-8-run-2.csv")),
        ("4", include_str!("../../../fixtures/databases/schema-8-run-4.csv")),
    ] {
        let name = format!("again-{run}.csv");
        let report = merchant.write(&name, reported);
        let verified = merchant.run(&["verify", &name]);
        assert_eq!(verified.code, Some(0), "{verified:?}");
        let again = merchant.run(&["report", run, "--report", &name]);
        assert_eq!((again.code, &*again.stderr), (Some(0), ""), "{again:?}");
        assert!(std::fs::read(report).unwrap() == reported.as_bytes(), "run {run}");
    }
}

#[test]
fn the_first_scheduled_night_asks_for_every_order() {
    let merchant = merchant();
    let orders = (0..24).map(|number| format!("o-{number:02}"));
    let mut book: Vec<String> = orders.map(|order| paid(&order, "100.00", json!({}))).collect();
    book.push(paid("SHORT", "50.00", json!({"final_amount": "49.00"})));
    let gateway = Gateway::serve(&book.concat());
    let options = ["--include-open", "--from", "2026-01-01", "--scheduled"];
    let night = |more: &[&str]| merchant.reconcile(&gateway.url, &[&options, more].concat());
    let planned = |calls: u64| assert_eq!(night(&["--dry-run"]).json()["calls"], calls);
    planned(25);
    let first = night(&[]);
    // What was suspect is gone; what is short was accepted.
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_eq!(first.json()["orders"]["reused"], 0);
    assert_eq!(gateway.journal().len(), 25);
    planned(1);
    let second = night(&[]);
    assert_eq!(second.json()["orders"]["reused"], 24, "{second:?}");
    assert_eq!(gateway.journal().len(), 26, "each night proves the gateway");
    assert_eq!(merchant.sql("SELECT count(*) FROM pragma_foreign_key_check"), 0);

    // Reused answers do not hide an outage. The resumed run has the same orders.
    let address = gateway.url.strip_prefix("http://").unwrap().parse().unwrap();
    gateway.stop();
    let url = format!("http://{address}");
    let options = [&options[..], &["--resume"]].concat();
    let outage = merchant.reconcile(&url, &options);
    assert_eq!(outage.code, Some(13), "{outage:?}");
    assert!(outage.stderr.contains("0 of 1 answered"), "{outage:?}");
    let _gateway = Gateway::serve_as(&book.concat(), |settings| settings.listen = address);
    let resumed = merchant.reconcile(&url, &options);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let (outage, resumed) = (outage.json(), resumed.json());
    assert_eq!((&resumed["run_id"], &resumed["orders"]["reused"]), (&outage["run_id"], &json!(24)));
    let shown = merchant.run(&["report"]);
    assert!(shown.stdout.contains("24 by an earlier answer, the oldest of 20"), "{shown:?}");
}
