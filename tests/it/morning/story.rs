//! A merchant's nights against one gateway, and what each left.

use crate::support::workbook::sheet;
use crate::support::{Done, FAST_RETRIES, Gateway, HEAD, Merchant, Row, is_csv, paid, rows};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A merchant and its gateway over several nights.
pub struct Story {
    pub merchant: Merchant,
    address: SocketAddr,
    /// The gateway's payments, by order.
    book: BTreeMap<String, (String, Value)>,
    nights: u32,
    /// The orders with a finding in the latest report.
    reported: BTreeSet<String>,
}

/// What a night left.
#[derive(Debug)]
pub struct Night {
    pub done: Done,
    pub summary: Value,
    pub report: PathBuf,
    pub rows: Vec<Row>,
}

impl Night {
    /// Each row as "order kind state decision".
    pub fn states(&self) -> Vec<String> {
        let mut states: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let cells = ["merchant_order_id", "kind", "state", "decision"];
                cells.map(|name| row[name].clone()).join(" ").trim_end().to_owned()
            })
            .collect();
        states.sort();
        states
    }

    /// A sum of the totals of inr.
    pub fn sum(&self, name: &str) -> String {
        let totals = self.summary["totals"].as_array().unwrap();
        let inr = totals.iter().find(|row| row["currency"] == "inr").unwrap();
        inr[name].as_str().unwrap().to_owned()
    }
}

impl Story {
    /// A merchant with these orders, all paid.
    pub fn new(orders: &[(&str, &str)], policy: &str) -> Story {
        let merchant = Merchant::new();
        merchant.write("octopus-recon.toml", format!("{FAST_RETRIES}{policy}"));
        let mut ledger = HEAD.to_owned();
        for (id, amount) in orders {
            for part in [*id, ",", *amount, ",inr,2026-01-10,paid\n"] {
                ledger.push_str(part);
            }
        }
        merchant.write("ledger.csv", ledger);
        let gateway = Gateway::serve("");
        let address = gateway.url.trim_start_matches("http://").parse().unwrap();
        gateway.stop();
        let settled =
            |(id, amount): &(&str, &str)| ((*id).to_owned(), ((*amount).to_owned(), json!({})));
        let book = orders.iter().map(settled).collect();
        Story { merchant, address, book, nights: 0, reported: BTreeSet::new() }
    }

    /// Changes what the gateway says of an order. `null`: it has no such order.
    pub fn gateway_says(&mut self, order: &str, changes: Value) {
        let amount = self.book.get(order).map(|(amount, _)| amount.clone());
        self.book.insert(order.to_owned(), (amount.unwrap(), changes));
    }

    fn serve(&self) -> Gateway {
        let lines = self.book.iter().filter(|(_, (_, changes))| !changes.is_null());
        let book: String =
            lines.map(|(id, (amount, changes))| paid(id, amount, changes.clone())).collect();
        Gateway::serve_as(&book, |settings| settings.listen = self.address)
    }

    /// A night with these arguments, whatever comes of it. A day passes before it.
    pub fn run(&mut self, arguments: &[&str]) -> Done {
        if self.nights > 0 {
            self.merchant.days_pass(1);
        }
        self.nights += 1;
        let gateway = self.serve();
        let url = gateway.url.clone();
        let done = self.merchant.reconcile(&url, arguments);
        gateway.stop();
        done
    }

    /// A night without a gateway.
    pub fn outage(&mut self) -> Done {
        self.merchant.days_pass(1);
        self.nights += 1;
        let url = format!("http://{}", self.address);
        self.merchant.reconcile(&url, &["--ledger", "ledger.csv"])
    }

    /// A night that writes its report.
    pub fn night(&mut self) -> Night {
        let done = self.run(&["--ledger", "ledger.csv"]);
        assert!(done.code.is_some_and(|code| code < 5), "{done:?}");
        let summary = done.json();
        let csv = |path: &&Value| path.as_str().is_some_and(is_csv);
        let report = summary["reports"].as_array().unwrap().iter().find(csv).unwrap();
        let report = self.merchant.path(report.as_str().unwrap());
        let night = Night { rows: rows(&report), done, summary, report };
        self.check_money(&night);
        self.check_sheets(&night);
        self.reported = orders(&night.rows);
        night
    }

    /// The sheets show the CSV's rows, each where it belongs.
    fn check_sheets(&self, night: &Night) {
        let workbook = night.report.with_extension("xlsx");
        let of = |name: &str| sheet(&workbook, name);
        let place =
            |row: &Row| ["merchant_order_id", "kind", "decision"].map(|name| row[name].clone());
        let places = |rows: &[Row]| rows.iter().map(place).collect::<Vec<_>>();
        assert_eq!(places(&of("Findings")), places(&night.rows));
        let (accepted, open): (Vec<Row>, Vec<Row>) =
            night.rows.iter().cloned().partition(|row| row["decision"] == "accepted");
        assert_eq!(places(&of("Accepted")), places(&accepted));

        let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in &open {
            kinds.entry(row["merchant_order_id"].clone()).or_default().insert(row["kind"].clone());
        }
        let work = of("Work").into_iter().map(|row| {
            let kinds = row["findings"].split(", ").map(str::to_owned).collect();
            (row["merchant_order_id"].clone(), kinds)
        });
        assert_eq!(work.collect::<BTreeMap<String, BTreeSet<String>>>(), kinds);

        let unverified: Vec<Row> =
            night.rows.iter().filter(|row| row["kind"] == "unverified").cloned().collect();
        assert_eq!(orders(&of("Not checked")), orders(&unverified));
        let solved: BTreeSet<String> =
            self.reported.difference(&orders(&night.rows)).cloned().collect();
        assert_eq!(orders(&of("Solved")), solved);
    }

    /// The night before and what changed since add up to the night, for each currency; and the
    /// four parts of the money at risk to its sum.
    fn check_money(&self, night: &Night) {
        let run_id = night.summary["run_id"].as_i64().unwrap();
        let stored: String = self
            .merchant
            .database()
            .query_row("SELECT night FROM runs WHERE run_id = ?1", [run_id], |row| row.get(0))
            .unwrap();
        let stored: Value = serde_json::from_str(&stored).unwrap();
        let mut at_risk: BTreeMap<String, i128> = BTreeMap::new();
        for row in night.summary["totals"].as_array().unwrap() {
            let sum = micros(&row["at_risk"]);
            let parts = ["against_us", "in_our_favour", "in_doubt", "unverified"];
            assert_eq!(parts.map(|part| micros(&row[part])).iter().sum::<i128>(), sum, "{row}");
            *at_risk.entry(row["currency"].as_str().unwrap().to_owned()).or_default() += sum;
        }
        let Some(bridge) = stored["before"]["bridge"].as_object() else { return };
        for (currency, sums) in bridge {
            let of = |name: &str| micros(&sums[name]);
            let now = of("before") + of("new") + of("back") + of("changed")
                - of("solved")
                - of("accepted")
                - of("not_in_run");
            assert_eq!(now, of("now"), "{currency} {sums}");
            assert_eq!(now, at_risk.remove(currency).unwrap_or(0), "{currency} of run {run_id}");
        }
        at_risk.retain(|_, sum| *sum != 0);
        assert!(at_risk.is_empty(), "{at_risk:?} is in no bridge");
    }

    /// Writes finance's cells into the CSV of a night, in the rows of this order and kind.
    pub fn edit(night: &Night, order: &str, kind: &str, cells: &[(&str, &str)]) {
        let mut reader = csv::Reader::from_path(&night.report).unwrap();
        let headings = reader.headers().unwrap().clone();
        // The mark of UTF-8 stays in front of the first heading.
        let place =
            |name: &str| headings.iter().position(|it| it.trim_start_matches('\u{feff}') == name);
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&headings).unwrap();
        for record in reader.records() {
            let mut row: Vec<String> = record.unwrap().iter().map(str::to_owned).collect();
            let is_meant = row[place("merchant_order_id").unwrap()] == order
                && row[place("kind").unwrap()] == kind;
            for (name, text) in cells.iter().filter(|_| is_meant) {
                (*text).clone_into(&mut row[place(name).unwrap()]);
            }
            writer.write_record(&row).unwrap();
        }
        std::fs::write(&night.report, writer.into_inner().unwrap()).unwrap();
    }

    /// The decisions of the log, each as "event order kind".
    pub fn decisions(&self) -> Vec<String> {
        let listed = self.merchant.run(&["decide", "--list", "--format", "json"]).json();
        let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        listed["decisions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| [&it["event"], &it["merchant_order_id"], &it["kind"]].map(word).join(" "))
            .collect()
    }
}

fn orders(rows: &[Row]) -> BTreeSet<String> {
    rows.iter().map(|row| row["merchant_order_id"].clone()).collect()
}

fn micros(total: &Value) -> i128 {
    let text = total.as_str().unwrap();
    let (whole, decimals) = text.split_once('.').unwrap();
    let digits = format!("{whole}{decimals:0<6}");
    digits.parse().unwrap()
}
