//! Presets of known exports: each fixture in fixtures/presets/ is read, with the configuration that
//! docs/presets.md shows, to exactly the expected orders, sums and counts.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::documents::{document, section};
use crate::support::{Gateway, Merchant, Row, rows_of};
use chrono::DateTime;
use octopus_recon::ledger::Preset;
use octopus_recon::settings::{Flags, Settings, SettingsError};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a run read of an export.
struct Read {
    /// The summary of the run.
    summary: Value,
    /// Each accepted order, by the columns of the expected files and its `order_date`.
    orders: Vec<Row>,
    /// Messages of the run.
    stderr: String,
}

/// Runs the program with this configuration on this export. The gateway knows no order.
fn read(configuration: &str, export: &[u8]) -> Read {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", configuration);
    merchant.write("export.csv", export);
    let gateway = Gateway::serve("");
    let done = merchant.reconcile(&gateway.url, &["--ledger", "export.csv"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let database = merchant.database();
    let mut statement = database
        .prepare(
            "SELECT o.merchant_order_id, e.amount_micros, e.currency, e.ages_from_ms,
                    e.transaction_type, e.status, e.order_date
             FROM orders o
             JOIN entries e ON e.order_id = o.order_id AND e.version = o.entry_version
             ORDER BY o.merchant_order_id",
        )
        .unwrap();
    let order = |row: &rusqlite::Row| {
        let text = |index| row.get::<_, Option<String>>(index).unwrap().unwrap_or_default();
        let micros: i64 = row.get(1).unwrap();
        assert_eq!(micros % 10_000, 0);
        let cents = micros / 10_000;
        let created_at = DateTime::from_timestamp_millis(row.get(3).unwrap()).unwrap();
        let cells = [
            ("merchant_order_id", text(0)),
            ("amount", format!("{}.{:02}", cents / 100, cents % 100)),
            ("currency", text(2)),
            ("created_at", created_at.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
            ("transaction_type", text(4)),
            ("status", text(5)),
            ("order_date", text(6)),
        ];
        Ok(cells.into_iter().map(|(name, cell)| (name.to_owned(), cell)).collect())
    };
    let orders = statement.query_map((), order).unwrap().map(Result::unwrap).collect();
    Read { summary: done.json(), orders, stderr: done.stderr }
}

/// The configuration below a heading of the page of presets.
fn configuration(heading: &str) -> String {
    let page = document("docs/presets.md");
    let block = section(&page, heading).split("```toml\n").nth(1).unwrap();
    block.split("```").next().unwrap().to_owned()
}

fn fixture(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/presets");
    std::fs::read(directory.join(name)).unwrap()
}

/// Reads a configuration as the program does.
fn load(configuration: &str) -> Result<Settings, SettingsError> {
    let merchant = Merchant::new();
    let config = Some(merchant.write("octopus-recon.toml", configuration));
    Settings::load(Flags { config, ..Flags::default() }, &|_| None)
}

/// The expected orders of a preset, with their dates in the zone of this configuration.
fn expected(name: &str, configuration: &str) -> Vec<Row> {
    let zone = load(configuration).unwrap().ledger.zone();
    let mut orders = rows_of(&fixture(&format!("{name}.expected.csv")));
    for order in &mut orders {
        let created_at = DateTime::parse_from_rfc3339(&order["created_at"]).unwrap();
        let date = created_at.with_timezone(&zone).date_naive();
        order.insert("order_date".to_owned(), date.to_string());
    }
    orders.sort_by(|one, other| one["merchant_order_id"].cmp(&other["merchant_order_id"]));
    orders
}

/// The sum of these orders in hundredths, by currency.
fn sums(orders: &[Row]) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for order in orders {
        *sums.entry(order["currency"].clone()).or_default() += hundredths(&order["amount"]);
    }
    sums
}

fn hundredths(amount: &str) -> u64 {
    amount.replace('.', "").parse().unwrap()
}

/// Each preset with the rows of its fixture: all, and those that count as repeated and as skipped.
const ROWS: [(&str, [u64; 3]); 7] = [
    ("shopify", [21, 5, 4]),
    ("woocommerce", [14, 0, 3]),
    ("magento", [15, 0, 3]),
    ("odoo", [11, 3, 0]),
    ("razorpay-settlement", [13, 0, 5]),
    ("stripe", [12, 0, 1]),
    ("amazon-in", [17, 1, 8]),
];

/// Checks that this configuration reads the fixture of a preset to its orders, sums and counts.
fn assert_is_read(name: &str, configuration: &str, [rows, repeated, skipped]: [u64; 3]) {
    let read = read(configuration, &fixture(&format!("{name}.csv")));
    let expected = expected(name, configuration);
    assert!((8..=15).contains(&expected.len()), "{name}");
    assert_eq!(read.orders, expected, "{name}");
    let accepted = rows - repeated - skipped;
    assert_eq!(accepted, u64::try_from(expected.len()).unwrap(), "{name}");
    let ledger = json!({
        "rows": rows, "accepted": accepted, "invalid": 0, "repeated": repeated,
        "superseded": 0, "skipped": skipped, "changed": 0,
    });
    assert_eq!(read.summary["ledger"], ledger, "{name}: {}", read.stderr);
    let totals = read.summary["totals"].as_array().unwrap().iter().map(|total| {
        let text = |field: &str| total[field].as_str().unwrap().to_owned();
        (text("currency"), hundredths(&text("ledger_amount")))
    });
    assert_eq!(totals.collect::<BTreeMap<_, _>>(), sums(&expected), "{name}");
    let kinds = read.summary["mismatches"].as_object().unwrap();
    for kind in ["unknown_status", "ledger_conflict", "ledger_duplicate"] {
        assert!(!kinds.contains_key(kind), "{name}: {}", read.summary);
    }
}

#[test]
fn every_export_is_read_to_its_orders_sums_and_counts() {
    assert_eq!(ROWS.map(|(name, _)| name), Preset::ALL.map(Preset::as_str));
    for (name, counts) in ROWS {
        assert_is_read(name, &configuration(&format!("## {name}")), counts);
    }
}

#[test]
fn exports_that_name_currency_and_zone_are_read_by_the_preset_alone() {
    for (name, counts) in ROWS {
        if ["shopify", "razorpay-settlement", "stripe", "amazon-in"].contains(&name) {
            assert_is_read(name, &format!("[ledger]\npreset = \"{name}\"\n"), counts);
        }
    }
}

#[test]
fn the_page_and_the_fixtures_have_every_preset() {
    let page = document("docs/presets.md");
    let names: Vec<&str> = Preset::ALL.map(Preset::as_str).to_vec();
    let listed = crate::documents::rows(section(&page, "## The presets"));
    let listed: Vec<&str> =
        listed.iter().map(|row| row[0].split(['[', ']']).nth(1).unwrap()).collect();
    assert_eq!(listed, names);
    for block in page.split("```toml\n").skip(1) {
        let configuration = block.split("```").next().unwrap();
        assert!(load(configuration).is_ok(), "{configuration}: {:?}", load(configuration).err());
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/presets");
    let files = std::fs::read_dir(directory).unwrap();
    let files: BTreeSet<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let known =
        names.iter().flat_map(|name| [format!("{name}.csv"), format!("{name}.expected.csv")]);
    assert_eq!(files, known.chain(["README.md".to_owned()]).collect());
}

#[test]
fn stripe_is_read_by_the_shops_own_id() {
    let read = read(&configuration("### By the shop's own id"), &fixture("stripe.csv"));
    let ids: Vec<&str> = read.orders.iter().map(|order| &*order["merchant_order_id"]).collect();
    assert_eq!(
        ids,
        ["A-502", "A-503", "A-504", "A-505", "A-507", "A-508", "A-509", "A-510", "A-512"]
    );
    let retried = read.orders.iter().find(|order| order["merchant_order_id"] == "A-505").unwrap();
    assert_eq!((&*retried["status"], &*retried["amount"]), ("paid", "349.00"));
    assert_eq!(read.summary["ledger"]["skipped"], 3);
}

#[test]
fn razorpays_settlements_from_the_api_are_read_in_paise() {
    let export = "entity_id,type,debit,credit,amount,currency,fee,tax,on_hold,settled,created_at,\
        settled_at,settlement_id,payment_id,settlement_utr,order_id,order_receipt,method\n\
        pay_Demo1,payment,0,97640,100000,INR,2360,360,False,True,1783630365,1783650000,\
        setl_Demo1,,UTR1,order_Demo1,INV-1,card\n\
        rfnd_Demo1,refund,5000,0,5000,INR,0,0,False,True,1783640000,1783650000,\
        setl_Demo1,pay_Demo1,UTR1,order_Demo1,INV-1,card\n\
        pay_Demo2,payment,0,99,99,INR,0,0,False,True,1783630366,1783650000,\
        setl_Demo1,,UTR1,order_Demo2,INV-2,upi\n\
        pay_Demo3,payment,0,500,500,INR,0,0,False,True,1783630367,1783650000,\
        setl_Demo1,,UTR1,,,upi\n";
    let read = read(&configuration("### The same data from the API"), export.as_bytes());
    let orders: Vec<_> = read
        .orders
        .iter()
        .map(|order| (&*order["merchant_order_id"], &*order["amount"], &*order["created_at"]))
        .collect();
    assert_eq!(
        orders,
        [("INV-1", "1000.00", "2026-07-09T20:52:45Z"), ("INV-2", "0.99", "2026-07-09T20:52:46Z"),]
    );
    assert_eq!(read.summary["ledger"]["skipped"], 2);
}

#[test]
fn magentos_older_times_of_24_hours_are_read() {
    let export = "ID,\"Purchase Date\",\"Grand Total (Base)\",Status,\"Payment Method\"\n\
        000000001,\"Apr 10, 2019 13:05:07 PM\",10.0000,Complete,Octopus\n\
        000000002,\"Apr 10, 2019 00:05:07 AM\",20.0000,Complete,Octopus\n\
        000000003,\"Apr 10, 2019 12:05:07 PM\",30.0000,Complete,Octopus\n";
    let read = read(&configuration("## magento"), export.as_bytes());
    let times: Vec<&str> = read.orders.iter().map(|order| &*order["created_at"]).collect();
    assert_eq!(times, ["2019-04-10T07:35:07Z", "2019-04-09T18:35:07Z", "2019-04-10T06:35:07Z"]);
}

#[test]
fn keys_of_the_configuration_override_the_preset() {
    let configuration = configuration("## Changing a preset");
    let read = read(&configuration, &fixture("shopify.csv"));
    // By another id, which an order's items do not have. "manual" is an order now; payment on
    // delivery is still skipped, with its items.
    let amounts: BTreeMap<&str, &str> =
        read.orders.iter().map(|order| (&*order["merchant_order_id"], &*order["amount"])).collect();
    assert_eq!(amounts.len(), 13, "{amounts:?}");
    assert_eq!(amounts.get("5560000000085"), Some(&"420.00"), "paid by hand");
    assert_eq!(amounts.get("5560000000170"), None, "paid on delivery");
    assert_eq!(amounts.get("5560000000238"), Some(&"889.00"));
    assert_eq!(read.summary["ledger"]["skipped"], 3);
}

#[test]
fn an_unknown_preset_is_refused_where_it_stands() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", "# The shop\n[ledger]\npreset = \"shopfy\"\n");
    let gateway = Gateway::serve("");
    let done = merchant.reconcile(&gateway.url, &["--ledger", "export.csv"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    for words in ["line 3, column 10", "did you mean \"shopify\"?", "woocommerce, magento, odoo"] {
        assert!(done.stderr.contains(words), "{words}: {done:?}");
    }
}
