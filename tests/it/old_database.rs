//! A database that an earlier release made: it is brought up to date where it is opened, and
//! nothing of it is lost.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use crate::support::{Gateway, Merchant, kinds, paid, rows};
use rusqlite::Connection;
use serde_json::json;

/// What the first schema's program stored.
const STORED: [&str; 3] = [
    include_str!("../../sql/0001_ledger_answers_and_runs.sql"),
    include_str!("../../fixtures/databases/schema-1.sql"),
    "PRAGMA user_version = 1; PRAGMA application_id = 1329812035;",
];
/// What makes a database of a later schema of it.
const LATER: [&str; 1] =
    [concat!(include_str!("../../sql/0002_less_to_write.sql"), "PRAGMA user_version = 2;")];

/// One for each earlier schema.
fn merchants() -> impl Iterator<Item = Merchant> {
    (0..=LATER.len()).map(|later| merchant([&STORED, &LATER[..later]].concat()))
}

fn merchant(made_by: Vec<&str>) -> Merchant {
    let merchant = Merchant::new();
    let settings = "[gateway]\nmerchant_uid = \"M-1\"\nmax_attempts = 1\n[ledger]\n\
                    timezone = \"UTC\"\n[policy]\naccount_within_hours = 1000000\n";
    merchant.write("octopus-recon.toml", settings);
    let database = Connection::open(merchant.path("octopus-recon.db")).unwrap();
    // As dumps are read: orders and entries refer to each other.
    database.pragma_update(None, "foreign_keys", false).unwrap();
    database.query_row("PRAGMA journal_mode = WAL", (), |_| Ok(())).unwrap();
    for sql in made_by {
        database.execute_batch(sql).unwrap();
    }
    merchant
}

fn outcomes(merchant: &Merchant) -> Vec<String> {
    ["MATCHED", "MISMATCHED", "TRANSIT", "UNVERIFIED"]
        .map(|order| merchant.run(&["show", order]).stdout.lines().next().unwrap().to_owned())
        .to_vec()
}

#[test]
fn check_leaves_it_as_it_is() {
    for merchant in merchants() {
        let gateway = Gateway::serve("");
        let before = std::fs::read(merchant.path("octopus-recon.db")).unwrap();
        let checked = merchant.run(&["check", "--base-url", &gateway.url]);
        assert!(checked.stdout.contains("octopus-recon.db is whole"), "{checked:?}");
        assert!(std::fs::read(merchant.path("octopus-recon.db")).unwrap() == before);
    }
}

#[test]
fn what_it_says_of_each_order_and_run_stays() {
    for merchant in merchants() {
        assert_eq!(
            outcomes(&merchant),
            [
                "Order MATCHED of merchant M-1: mismatched in run 2",
                "Order MISMATCHED of merchant M-1: mismatched in run 2",
                "Order TRANSIT of merchant M-1: in_transit in run 2",
                "Order UNVERIFIED of merchant M-1: unverified in run 2",
            ]
        );
        let figures =
            "SELECT 1000 * sum(outcome = 1) + 100 * sum(outcome = 2) + 10 * sum(outcome = 3)
                           + sum(outcome = 4) FROM run_orders";
        assert_eq!(merchant.sql(figures), 1_000 + 200 + 30 + 2);
        for (run, reported) in [
            ("1", include_str!("../../fixtures/databases/schema-1-run-1.csv")),
            ("2", include_str!("../../fixtures/databases/schema-1-run-2.csv")),
        ] {
            let report = merchant.write("again.csv", reported);
            let before = rows(&report);
            let again = merchant.run(&["report", run, "--report", "again.csv"]);
            assert_eq!(again.code, Some(0), "{again:?}");
            // The release that wrote it had fewer columns and quotes.
            assert_eq!(again.stderr, "", "the same cells are no edit");
            let mut after = rows(&report);
            for row in &mut after {
                assert_eq!(row.remove("until").as_deref(), Some(""));
                assert!(row.remove("next_step").is_some());
            }
            assert_eq!(after, before);
        }
        assert_eq!(merchant.sql("SELECT count(*) FROM pragma_foreign_key_check"), 0);
        assert_eq!(merchant.sql("SELECT count(*) FROM ledger_and_gateway"), 4);
    }
}

#[test]
fn the_next_night_goes_on_from_it() {
    for merchant in merchants() {
        let settled = json!({"accounting_status": "accounted", "final_amount": "3.00"});
        let gateway = Gateway::serve(
            &[
                paid("MATCHED", "1.50", json!({"merchant_uid": "M-1"})),
                paid("MISMATCHED", "2.00", json!({"final_amount": "1.00"})),
                paid("TRANSIT", "3.00", settled),
                paid("UNVERIFIED", "4.00", json!({})),
            ]
            .concat(),
        );
        let night = merchant.reconcile(&gateway.url, &["--last", "1", "--include-open"]);
        assert_eq!(night.json()["orders"]["selected"], 4, "{night:?}");
        let rows = merchant.rows_of(&night);
        assert_eq!(kinds(&rows).len(), 1, "{rows:?}");
        assert_eq!(kinds(&rows)["MISMATCHED"], ["final_amount_difference"]);
    }
}

#[test]
fn its_answers_are_told_in_their_order_and_its_payments_known() {
    for merchant in merchants() {
        // As if the gateway had said something else in the second night.
        let sql = "INSERT INTO answers
                   SELECT 4, order_id, 2, received_at_ms + 1000, kind, amount_micros,
                       final_amount_micros, currency, transaction_type, accounting_type,
                       payment_status, payment_fail_reason, accounting_status,
                       accounting_fail_reason, 'failed', notify_fail_reason, payment_uid, channel,
                       evidence || ' '
                   FROM answers WHERE answer_id = 3;
                   UPDATE orders SET answer_id = 4 WHERE order_id = 3;
                   UPDATE run_orders SET answer_id = 4 WHERE run_id = 2 AND order_id = 3;";
        merchant.database().execute_batch(sql).unwrap();
        let shown = merchant.run(&["show", "TRANSIT"]).stdout;
        let told: Vec<&str> = shown.lines().filter(|line| line.contains("PAY-3")).collect();
        assert_eq!(told.len(), 2, "{shown}");
        assert!(told[0].contains("completed") && told[1].contains("failed"), "{shown}");

        merchant.write(
            "ledger.csv",
            "merchant_order_id,amount,currency,created_at,status\n\
                                      NEW,1.00,inr,2026-01-11,paid\n",
        );
        let gateway = Gateway::serve(&paid("NEW", "1.00", json!({"payment_uid": "PAY-1"})));
        let night = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(kinds(&merchant.rows_of(&night))["NEW"], ["duplicate_payment"], "{night:?}");
    }
}
