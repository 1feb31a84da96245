//! Habits of exports, from outside: what a configuration reads, and what is asked at the gateway.
//! Each test is an export that somebody's program writes.

#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use crate::support::{Done, Gateway, Merchant, kinds, paid, row, rows_of};
use serde_json::{Value, json};

/// A run over this ledger, with the gateway knowing the given orders as paid.
pub fn run(config: &str, ledger: impl AsRef<[u8]>, orders: &[(&str, &str)]) -> (Merchant, Done) {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", config);
    merchant.write("ledger.csv", ledger);
    let book: String = orders.iter().map(|(id, amount)| paid(id, amount, json!({}))).collect();
    let gateway = Gateway::serve(&book);
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    (merchant, done)
}

/// Checks that every order of the ledger matches, and how its rows count.
fn matches(config: &str, ledger: impl AsRef<[u8]>, orders: &[(&str, &str)], figures: &Value) {
    let (_, done) = run(config, ledger, orders);
    let summary = done.json();
    assert_eq!(summary["orders"]["matched"], orders.len(), "{done:?}");
    assert_eq!(summary["orders"]["selected"], orders.len(), "{done:?}");
    for (count, expected) in figures.as_object().unwrap() {
        assert_eq!(summary["ledger"][count], *expected, "{count}: {done:?}");
    }
}

/// The texts of a run's warnings with this code.
fn warnings(done: &Done, code: &str) -> Vec<String> {
    let warnings = done.json()["warnings"].clone();
    let texts = warnings.as_array().unwrap().iter().filter(|warning| warning["code"] == code);
    texts.map(|warning| warning["text"].as_str().unwrap().to_owned()).collect()
}

/// The reasons of a run's invalid rows.
fn reasons(merchant: &Merchant, done: &Done) -> Vec<String> {
    let path = merchant.invalid_rows_of(done);
    // The rows stand in it as they came, in any encoding.
    let content = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    rows_of(content.as_bytes()).iter().map(|row| row["reason"].clone()).collect()
}

const PLAIN: &str = "merchant_order_id,amount,currency,created_at\n";

#[test]
fn ids_that_look_like_numbers_with_an_exponent() {
    let ledger = format!("{PLAIN}4086918E-0006,5,inr,2026-01-10\n12e-3,5,inr,2026-01-10\n");
    matches("", ledger, &[("4086918E-0006", "5"), ("12e-3", "5")], &json!({"accepted": 2}));
    for id in ["1.23E+19", "\"4,08E+05\"", "1E+021"] {
        let (_, done) = run("", format!("{PLAIN}{id},5,inr,2026-01-10\n"), &[]);
        assert_eq!(done.code, Some(10), "{id}: {done:?}");
        assert!(done.stderr.contains("line 2, column merchant_order_id"), "{done:?}");
    }
}

#[test]
fn offsets_of_hours_alone_and_words_for_utc() {
    let ledger = format!(
        "{PLAIN}A1,5,inr,2026-04-10 11:11:26+00\nA2,5,inr,2026-04-10 11:11:26+05\n\
         A3,5,inr,2026-04-10 11:11:26-07\nA4,5,inr,2026-04-10 11:11:26 UTC\n"
    );
    let orders = [("A1", "5"), ("A2", "5"), ("A3", "5"), ("A4", "5")];
    matches("", ledger, &orders, &json!({"accepted": 4}));
}

#[test]
fn a_zone_in_a_format_is_refused_with_what_to_write() {
    for (format, meant) in [
        ("%Y-%m-%d %H:%M:%S+00", "%Y-%m-%d %H:%M:%S%z"),
        ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z"),
    ] {
        let config = format!("[ledger]\ndate_format = \"{format}\"\n");
        let (_, done) = run(&config, PLAIN, &[]);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.stderr.contains(&format!("write \"{meant}\"")), "{done:?}");
    }
    let config = "[ledger]\ndate_format = \"%Y-%m-%d %H:%M:%S %z\"\ntimezone = \"Asia/Kolkata\"\n";
    let ledger = format!("{PLAIN}A1,5,inr,2026-04-10 18:30:00 UTC\n");
    let (_, done) = run(config, ledger, &[("A1", "5")]);
    assert_eq!(done.json()["from"], "2026-04-11", "{done:?}");
}

#[test]
fn blank_lines_of_commas_and_items_without_an_id() {
    let ledger = format!("{PLAIN}S1,30.0,inr,2026-01-10\n,,,\nS2,5.0,inr,2026-01-10\n,,,\n");
    let orders = [("S1", "30"), ("S2", "5")];
    matches("", &ledger, &orders, &json!({"rows": 2, "accepted": 2}));
    matches("[ledger]\nline_items = true\n", &ledger, &orders, &json!({"rows": 2}));
    let items = "merchant_order_id,amount,currency,created_at,product\n\
                 S1,30.0,inr,2026-01-10,Shirt\n,,,,Hat\nS2,5.0,inr,2026-01-10,Socks\n";
    let counts = json!({"rows": 3, "accepted": 2, "repeated": 1, "invalid": 0});
    for mode in ["true", "\"empty\"", "\"total\""] {
        matches(&format!("[ledger]\nline_items = {mode}\n"), items, &orders, &counts);
    }
}

#[test]
fn amounts_of_items_add_up() {
    let ledger = format!(
        "{PLAIN}A-1,5.00,inr,2026-01-10\nA-2,5.00,inr,2026-01-10\nA-1,7.00,inr,2026-01-10\n\
         A-2,5.00,inr,2026-01-10\nA-3,1,inr,2026-01-10\n,2,,\n"
    );
    let orders = [("A-1", "12.00"), ("A-2", "10.00"), ("A-3", "3")];
    let counts = json!({"rows": 6, "accepted": 3, "repeated": 3, "superseded": 0, "invalid": 0});
    matches("[ledger]\nline_items = \"sum\"\n", &ledger, &orders, &counts);
    // Without the setting the rows contradict or repeat each other, and that is said.
    let (merchant, done) = run("", &ledger, &[("A-1", "7"), ("A-2", "5"), ("A-3", "1")]);
    let kinds = kinds(&merchant.rows_of(&done));
    assert_eq!(kinds["A-1"], ["ledger_conflict"]);
    assert_eq!(kinds["A-2"], ["ledger_duplicate"]);
}

#[test]
fn sums_are_of_one_file_and_the_database_can_know_the_order() {
    let merchant = Merchant::new();
    merchant.write("octopus-recon.toml", "[ledger]\nline_items = \"sum\"\n");
    let rows = "A-1,5.00,inr,2026-01-10\nA-1,7.00,inr,2026-01-10\n";
    merchant.write("one.csv", format!("{PLAIN}{rows}"));
    merchant.write("two.csv", format!("{PLAIN}{rows}B-1,4,inr,2026-01-10\n"));
    let gateway =
        Gateway::serve(&[paid("A-1", "12", json!({})), paid("B-1", "4", json!({}))].concat());
    for _ in 0..2 {
        let arguments = ["--ledger", "one.csv", "--ledger", "two.csv"];
        let done = merchant.reconcile(&gateway.url, &arguments);
        assert_eq!(done.code, Some(0), "{done:?}");
        let counts = json!({"rows": 5, "accepted": 2, "invalid": 0, "repeated": 3, "superseded": 0,
                            "skipped": 0, "changed": 0});
        assert_eq!(done.json()["ledger"], counts);
    }
}

#[test]
fn an_order_with_an_invalid_item_is_invalid_whole() {
    let ledger = format!(
        "{PLAIN}A-1,5.00,inr,2026-01-10\nA-2,5.00,inr,2026-01-10\nA-1,7x,inr,2026-01-10\n\
         A-3,6.00,,2026-01-10\n,1,,\nA-4,999999999999,inr,2026-01-10\nA-4,1,inr,2026-01-10\n"
    );
    for (mode, sum) in [("sum", "6 rows"), ("total", "5 rows")] {
        let config = format!("[ledger]\nline_items = \"{mode}\"\n");
        let (merchant, done) = run(&config, &ledger, &[("A-2", "5"), ("A-4", "1")]);
        let invalid = done.json()["ledger"]["invalid"].as_u64().unwrap();
        assert_eq!(done.json()["ledger"]["rows"], 7, "{done:?}");
        let reasons = reasons(&merchant, &done);
        assert_eq!(u64::try_from(reasons.len()).unwrap(), invalid, "{reasons:?}");
        let other = "another row of this order, line 4, is invalid";
        assert!(reasons.iter().any(|reason| reason == other), "{reasons:?}");
        assert!(reasons.iter().any(|reason| reason.starts_with("amount \"7x\"")), "{reasons:?}");
        let empty = "currency is empty in every row of this order";
        assert!(reasons.iter().any(|reason| reason == empty), "{reasons:?}");
        let too_large = reasons.iter().filter(|reason| reason.contains("too large")).count();
        match sum {
            "6 rows" => assert_eq!((invalid, too_large), (6, 2), "{reasons:?}"),
            // The item with an amount and no id is none of "total".
            _ => assert_eq!((invalid, too_large), (4, 0), "{reasons:?}"),
        }
    }
}

#[test]
fn totals_repeat_and_different_totals_are_a_conflict() {
    let config = "[ledger]\nline_items = \"total\"\n";
    let ledger = format!(
        "{PLAIN}A-1,12.00,inr,2026-01-10\nA-1,12.00,,\nA-2,5,inr,2026-01-10\nA-2,6,inr,2026-01-10\n"
    );
    let (merchant, done) = run(config, ledger, &[("A-1", "12"), ("A-2", "6")]);
    let kinds = kinds(&merchant.rows_of(&done));
    assert_eq!(kinds.len(), 1, "{kinds:?}");
    assert_eq!(kinds["A-2"], ["ledger_conflict"]);
    let counts = json!({"rows": 4, "accepted": 2, "invalid": 0, "repeated": 1, "superseded": 1,
                        "skipped": 0, "changed": 0});
    assert_eq!(done.json()["ledger"], counts);
}

#[test]
fn a_discount_lowers_a_sum_and_the_sum_has_a_direction() {
    let config = "[ledger]\nline_items = \"sum\"\nsigned_amounts = true\n";
    let ledger = "merchant_order_id,amount,currency,created_at,transaction_type\n\
                  A-1,12.00,inr,2026-01-10,income\nA-1,-2.00,inr,2026-01-10,\n\
                  B-1,-3.00,inr,2026-01-10,\nB-1,1.00,inr,2026-01-10,\n";
    let (merchant, done) = run(config, ledger, &[("A-1", "10"), ("B-1", "2")]);
    let rows = merchant.rows_of(&done);
    assert_eq!(kinds(&rows).len(), 1, "{rows:?}");
    let expense = row(&rows, "B-1", "type_difference");
    assert_eq!((&*expense["ledger_amount"], &*expense["transaction_type"]), ("2.00", "expense"));
}

#[test]
fn an_order_with_both_signs_is_a_conflict() {
    let config = "[ledger]\nsigned_amounts = true\n";
    let ledger = format!("{PLAIN}A-1,5.00,inr,2026-01-10\nA-1,-5.00,inr,2026-01-10\n");
    let (merchant, done) = run(config, ledger, &[("A-1", "5")]);
    let rows = merchant.rows_of(&done);
    let reason = &row(&rows, "A-1", "ledger_conflict")["reason"];
    assert!(reason.contains("transaction type income in ledger.csv line 2, expense"), "{reason}");
}

#[test]
fn two_full_rows_are_a_duplicate_also_with_empty_items() {
    let config = "[ledger]\nline_items = true\n";
    let ledger = format!("{PLAIN}A-1,5.00,inr,2026-01-10\nA-1,5.00,inr,2026-01-10\nA-1,,,\n");
    let (merchant, done) = run(config, ledger, &[("A-1", "5")]);
    assert_eq!(kinds(&merchant.rows_of(&done))["A-1"], ["ledger_duplicate"]);
}

#[test]
fn ids_as_spreadsheets_keep_them() {
    let ledger = format!(
        "{PLAIN}\"=\"\"1001\"\"\",5,inr,2026-01-10\n1003\t,5,inr,2026-01-10\n\
         \x20 1004 ,5,inr,2026-01-10\n"
    );
    let orders = [("1001", "5"), ("1003", "5"), ("1004", "5")];
    matches("", ledger, &orders, &json!({"accepted": 3}));
    let odd = format!("{PLAIN}'1002,5,inr,2026-01-10\n10\u{200b}05,5,inr,2026-01-10\n");
    let (_, done) = run("", &odd, &[("'1002", "5"), ("10\u{200b}05", "5")]);
    assert_eq!(done.json()["orders"]["matched"], 2, "the ids are asked unchanged: {done:?}");
    let texts = warnings(&done, "odd_ids");
    assert!(texts[0].contains("ledger.csv") && texts[0].contains("in line 2: '1002"), "{texts:?}");
    let config = "[ledger]\nid_prefix = \"shop-\"\nid_suffix = \"/1\"\n";
    let ledger = format!("{PLAIN}7,5,inr,2026-01-10\n");
    matches(config, ledger, &[("shop-7/1", "5")], &json!({"accepted": 1}));
}

#[test]
fn words_for_empty_cells() {
    let ledger = "merchant_order_id,amount,currency,created_at,status,transaction_type\n\
                  A-1,5.00,NULL,2026-01-10,nan,-\nA-2,5.00,n/a,2026-01-10,N/A,null\n";
    let config = "[ledger]\ncurrency = \"inr\"\n";
    matches(config, ledger, &[("A-1", "5"), ("A-2", "5")], &json!({"accepted": 2}));
}

#[test]
fn groups_of_digits_never_begin_with_zero() {
    let config = "[ledger]\nthousands_separator = \".\"\ndecimal_separator = \",\"\n";
    let ledger = format!("{PLAIN}A-1,0.500,inr,2026-01-10\nA-2,\"1.500,00\",inr,2026-01-10\n");
    let (merchant, done) = run(config, ledger, &[("A-2", "1500")]);
    assert_eq!(done.code, Some(4), "{done:?}");
    assert!(reasons(&merchant, &done)[0].starts_with("amount \"0.500\""));
}

#[test]
fn rounded_amounts_are_counted() {
    let config = "[ledger]\nround_amounts = 2\n";
    let ledger = format!("{PLAIN}A-1,1183.9300000000001,inr,2026-01-10\nA-2,5,inr,2026-01-10\n");
    let (_, done) = run(config, ledger, &[("A-1", "1183.93"), ("A-2", "5")]);
    assert_eq!(done.json()["orders"]["matched"], 2, "{done:?}");
    let texts = warnings(&done, "rounded_amounts");
    assert!(
        texts[0].contains("rounded to 2 decimals") && texts[0].contains(": 1, the first in line 2"),
        "{texts:?}"
    );
}

#[test]
fn amounts_with_signs_currencies_columns_and_units() {
    let config = "[ledger]\ncurrency_in_amount = true\nthousands_separator = \",\"\n";
    let ledger = format!("{PLAIN}A-1,\"₹1,00,000.00\",INR,2026-01-10\nA-2,Rs. 5,inr,2026-01-10\n");
    matches(config, ledger, &[("A-1", "100000"), ("A-2", "5")], &json!({"accepted": 2}));
    let config = "[ledger]\namount_unit = \"minor\"\n";
    let ledger = format!("{PLAIN}A-1,2304100,inr,2026-01-10\n");
    matches(config, ledger, &[("A-1", "23041.00")], &json!({"accepted": 1}));

    let config = "[ledger]\ncurrency = \"inr\"\nsigned_amounts = true\n";
    let expenses = "merchant_order_id,amount,created_at\nA-1,(5.00),2026-01-10\n\
                    A-2,5.00 Dr,2026-01-10\nA-3,5.00-,2026-01-10\n";
    let columns = "merchant_order_id,Debit,Credit,created_at\nA-1,5.00,,2026-01-10\n\
                   A-2,5.00,0.00,2026-01-10\nA-3,5.00,-,2026-01-10\nA-4,,5.00,2026-01-10\n";
    for ledger in [expenses, columns] {
        let merchant = Merchant::new();
        merchant.write("octopus-recon.toml", config);
        merchant.write("ledger.csv", ledger);
        let expense = json!({"transaction_type": "expense", "accounting_type": "settle"});
        let book = ["A-1", "A-2", "A-3"].map(|id| paid(id, "5", expense.clone())).concat();
        let gateway = Gateway::serve(&[book, paid("A-4", "5", json!({}))].concat());
        let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
        assert_eq!(done.code, Some(0), "{done:?}");
    }
}

#[test]
fn rows_longer_and_shorter_than_the_header_row() {
    let head = "merchant_order_id,amount,currency,created_at,note,more\n";
    let ledger = format!(
        "{head}A-1,5,inr,2026-01-10,x,y,\nA-2,5,inr,2026-01-10\nA-3,5,inr,2026-01-10,x,y,,,\n"
    );
    let orders = [("A-1", "5"), ("A-2", "5"), ("A-3", "5")];
    matches("", &ledger, &orders, &json!({"accepted": 3, "invalid": 0}));
    let semicolons = ledger.replace(',', ";");
    matches("[ledger]\ndelimiter = \";\"\n", semicolons, &orders, &json!({"invalid": 0}));
    // The last row may be cut off.
    let (merchant, done) = run("", format!("{ledger}A-4,5,inr,2026-01-10\n"), &orders);
    assert_eq!(done.code, Some(4), "{done:?}");
    assert!(reasons(&merchant, &done)[0].contains("the last row of the file is cut short"));
}

#[test]
fn another_encoding_is_read_where_it_is_named() {
    let mut latin =
        format!("{}A-1,5,inr,2026-01-10,Ren", PLAIN.replace('\n', ",name\n")).into_bytes();
    latin.extend_from_slice(b"\xE9\n");
    let config = "[ledger]\nencoding = \"windows-1252\"\n";
    matches(config, &latin, &[("A-1", "5")], &json!({"accepted": 1, "invalid": 0}));
    let plain =
        format!("{PLAIN}A-0,1,inr,2026-01-10,\n").replace("created_at\n", "created_at,name\n");
    latin.drain(..PLAIN.len() + ",name".len());
    let (merchant, done) = run("", [plain.as_bytes(), &latin].concat(), &[("A-0", "1")]);
    assert_eq!(done.code, Some(4), "{done:?}");
    let reason = &reasons(&merchant, &done)[0];
    assert!(
        reason.contains("line 3, column 25") && reason.contains("[ledger] encoding"),
        "{reason}"
    );
    let utf16: Vec<u8> = format!("\u{feff}{PLAIN}Ä-1,5,inr,2026-01-10\n")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    matches("[ledger]\nencoding = \"utf-16\"\n", &utf16, &[("Ä-1", "5")], &json!({"rows": 1}));
    let (_, done) = run("", &utf16, &[]);
    assert_eq!(done.code, Some(10), "{done:?}");
    assert!(done.stderr.contains("[ledger] encoding = \"utf-16\""), "{done:?}");
}

#[test]
fn lines_above_the_header() {
    let rows = "A-1;5;inr;2026-01-10\n";
    let ledger =
        format!("sep=;\nShop;Meera & Sons\n\nAccount;42\n{}{rows}", PLAIN.replace(',', ";"));
    let config = "[ledger]\ndelimiter = \";\"\n";
    matches(config, ledger, &[("A-1", "5")], &json!({"rows": 1, "accepted": 1}));
}

#[test]
fn rows_that_are_no_orders() {
    let ledger = "merchant_order_id,amount,currency,created_at,Type\nA-1,5,inr,2026-01-10,order\n\
                  F-1,0.10,inr,2026-01-10,Fee\nT-1,100,inr,,transfer\nTotal,105.10,,,\n";
    let config =
        "[[ledger.skip]]\ncolumn = \"Type\"\nvalues = [\"fee\", \"Transfer\"]\nempty = true\n";
    let counts = json!({"rows": 4, "accepted": 1, "skipped": 3, "invalid": 0});
    matches(config, ledger, &[("A-1", "5")], &counts);
    let (_, done) = run(config, ledger.replace(",order\n", ",fee\n"), &[]);
    assert_eq!(done.code, Some(10), "{done:?}");
    assert!(done.stderr.contains("[[ledger.skip]] skips all of its 4 rows"), "{done:?}");
}

#[test]
fn days_in_one_zone_and_times_in_another() {
    let config = "[ledger]\ntimezone = \"Asia/Kolkata\"\ntimes_in = \"UTC\"\n";
    let ledger = format!("{PLAIN}A-1,5,inr,2026-01-10 18:29:59\nA-2,5,inr,2026-01-10 18:30:00\n");
    let (_, done) = run(config, ledger, &[("A-1", "5"), ("A-2", "5")]);
    let days = json!([{"date": "2026-01-10", "orders": 1}, {"date": "2026-01-11", "orders": 1}]);
    assert_eq!(done.json()["days"], days, "{done:?}");
}

#[test]
fn dates_and_times_in_two_columns_and_in_two_formats() {
    let config = "[ledger]\ntimezone = \"Asia/Kolkata\"\ncurrency = \"inr\"\n\
                  date_format = [\"%d/%m/%Y\", \"%Y-%m-%d\"]\n\
                  [ledger.columns]\ncreated_at = \"Date\"\ntime = \"Time\"\n";
    let ledger = "merchant_order_id,amount,Date,Time\nA-1,5,11/01/2026,11:11\nA-2,5,2026-01-12,\n";
    let (_, done) = run(config, ledger, &[("A-1", "5"), ("A-2", "5")]);
    let days = json!([{"date": "2026-01-11", "orders": 1}, {"date": "2026-01-12", "orders": 1}]);
    assert_eq!(done.json()["days"], days, "{done:?}");
    let config = "[ledger]\ndate_format = [\"%d/%m/%Y\", \"%m/%d/%Y\"]\n";
    let ledger = format!("{PLAIN}A-1,5,inr,13/01/2026\nA-2,5,inr,05/11/2026\n");
    let (merchant, done) = run(config, ledger, &[("A-1", "5")]);
    let reason = &reasons(&merchant, &done)[0];
    assert!(reason.contains("2026-11-05") && reason.contains("2026-05-11"), "{reason}");
}
