//! A merchant with two nights of a hundred days ago, and two of today.

use crate::support::{Done, FAST_RETRIES, Gateway, HEAD, Merchant, paid};
use chrono::{Days, Utc};
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

pub struct Shop {
    pub merchant: Merchant,
    /// The orders that the last night asked for.
    asked: RefCell<Vec<String>>,
    /// Each night has the same one.
    address: SocketAddr,
}

pub fn days_ago(days: u64) -> String {
    (Utc::now().date_naive() - Days::new(days)).to_string()
}

/// Every file of a directory with its content. What a reader leaves beside the database is left
/// out: it holds nothing.
pub fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let is_readers = name.ends_with("-shm")
            || name.ends_with("-lock")
            || name.ends_with("-wal") && path.metadata().unwrap().len() == 0;
        if path.is_file() && !is_readers {
            files.insert(name, std::fs::read(path).unwrap());
        }
    }
    files
}

impl Shop {
    /// Runs 1 and 2 are a hundred days old, runs 3 and 4 of today.
    pub fn with_four_nights() -> Shop {
        let merchant = Merchant::new();
        let settings = format!(
            "{FAST_RETRIES}[ledger]\ntimezone = \"UTC\"\n[policy]\naccount_within_hours = 1000000\n"
        );
        merchant.write("octopus-recon.toml", settings);
        let (old, new) = (days_ago(120), days_ago(1));
        let row = |order: &str, date: &str, status: &str| {
            format!("{order},100.00,inr,{date}T12:00:00Z,{status}\n")
        };
        let mut ledger = HEAD.to_owned();
        for order in [
            "A1", "A2", "A3", "A4", "A5", "A6", "SHORT", "SOLVED", "DECIDED", "LOST", "LATER",
            "OLD-TWIN", "TWICE",
        ] {
            ledger += &row(order, &old, "paid");
        }
        ledger += &row("PENDING", &old, "paid");
        ledger += "BROKEN,much,inr,2026-01-01,paid\n";
        merchant.write("old.csv", ledger);
        let later = row("LATER", &old, "paid");
        let new: String =
            ["N1", "N2", "N3", "NEW-TWIN"].map(|order| row(order, &new, "paid")).concat();
        merchant.write("new.csv", format!("{HEAD}{later}{new}"));

        let gateway = Gateway::serve("");
        let address = gateway.url.trim_start_matches("http://").parse().unwrap();
        gateway.stop();
        let shop = Shop { merchant, asked: RefCell::default(), address };
        let ledger = ["--ledger", "old.csv"];
        let first = shop.night_with(&["SOLVED", "DECIDED"], &ledger);
        assert_eq!(first.code, Some(3), "{first:?}");
        let decide = [
            "decide",
            "--order",
            "DECIDED",
            "--kind",
            "final_amount_difference",
            "--decision",
            "accepted",
            "--by",
            "Asha",
        ];
        let done = shop.merchant.run(&decide);
        assert_eq!(done.code, Some(0), "{done:?}");
        shop.merchant.days_pass(1);
        let second = shop.night(&ledger);
        assert_eq!(second.code, Some(3), "{second:?}");
        shop.merchant.days_pass(100);
        // Both of today: their rows keep their digests.
        for short in [&["N1", "N2"][..], &["N2", "N3"]] {
            let done = shop.night_with(short, &["--ledger", "new.csv"]);
            assert!(done.code.is_some_and(|code| code < 5), "{done:?}");
        }
        // As if an earlier release had not yet looked at both: nothing is open of the old one.
        let sql = "UPDATE orders SET awaiting = 0 WHERE merchant_order_id = 'OLD-TWIN'";
        assert_eq!(shop.merchant.database().execute(sql, ()).unwrap(), 1);
        shop
    }

    pub fn night(&self, arguments: &[&str]) -> Done {
        self.night_with(&["N2", "N3"], arguments)
    }

    /// A night in which the gateway settled 90 of 100 of these orders and of SHORT.
    pub fn night_with(&self, short: &[&str], arguments: &[&str]) -> Done {
        let orders = [
            "A1", "A2", "A3", "A4", "A5", "A6", "SHORT", "SOLVED", "DECIDED", "LOST", "LATER",
            "OLD-TWIN", "TWICE", "PENDING", "N1", "N2", "N3", "NEW-TWIN",
        ];
        let night = short.len() + short.iter().map(|it| it.len()).sum::<usize>();
        let line = |order: &str| {
            let is_short = order == "SHORT" || short.contains(&order);
            let changes = match order {
                _ if is_short => json!({ "final_amount": "90.00" }),
                "LOST" => json!({ "sandbox": { "status": 503 } }),
                "OLD-TWIN" | "NEW-TWIN" => json!({ "payment_uid": "PAY-TWIN" }),
                // It says something else each night: several answers.
                "TWICE" => json!({ "channel": format!("upi-{night}") }),
                "PENDING" => json!({ "accounting_status": "none" }),
                _ => json!({}),
            };
            paid(order, "100.00", changes)
        };
        let book = orders.map(line).concat();
        let gateway = Gateway::serve_as(&book, |settings| settings.listen = self.address);
        let done = self.merchant.reconcile(&gateway.url, arguments);
        *self.asked.borrow_mut() =
            gateway.stop().into_iter().filter_map(|call| call.order_id).collect();
        done
    }

    /// The orders that the last night asked for, with retries.
    pub fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    /// The database is whole, and each judged run that was not pruned is what it recorded.
    pub fn assert_whole(&self) {
        assert_whole(&self.merchant);
    }
}

pub fn assert_whole(merchant: &Merchant) {
    let database = merchant.database();
    let text = |sql: &str| database.query_row(sql, (), |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    let count = |sql: &str| merchant.sql(&["SELECT count(*) FROM ", sql].concat());
    assert_eq!(count("pragma_foreign_key_check"), 0);
    assert_eq!(count("open_now WHERE order_id NOT IN (SELECT order_id FROM orders)"), 0);
    assert_eq!(count("orders_by_payment WHERE order_id NOT IN (SELECT order_id FROM orders)"), 0);
    let mut runs = database
        .prepare(
            "SELECT run_id FROM runs WHERE judged_at_ms IS NOT NULL
                  AND run_id NOT IN (SELECT run_id FROM pruned_runs)",
        )
        .unwrap();
    let runs: Vec<i64> =
        runs.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for run in runs {
        let done = merchant.run(&["report", &run.to_string(), "--out", "whole"]);
        assert_eq!(done.code, Some(0), "{done:?}");
    }
}
