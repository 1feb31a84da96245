//! How an amount can be written, and what it is read as: in the gateway's answer as a JSON text and
//! as it stands, and in the ledger's cell.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use crate::rude_gateway::RudeGateway;
use crate::support::{HEAD, Merchant};
use serde_json::json;
use std::collections::BTreeMap;

const SPELLINGS: [&str; 49] = [
    "12",
    "12.0",
    "12.00",
    "12.345678",
    "12.3456789",
    "0",
    "0.00",
    "-0",
    "007",
    "0.000001",
    "0.0000001",
    "999999999999.999999",
    "1000000000000",
    "123456789012345678901234567890",
    "1,200.00",
    "1.200,00",
    "1 200.00",
    "1_000",
    "1'000",
    "1e2",
    "1E2",
    "1e-2",
    "1e400",
    "-5",
    "+5",
    "(5)",
    "5-",
    "",
    " ",
    " 12",
    "12 ",
    "\t12",
    "\u{a0}12",
    "12\n",
    "12\u{0}",
    "12.",
    ".5",
    "1.2.3",
    "0x10",
    "１２",
    "١٢",
    "½",
    "₹12",
    "12 inr",
    "null",
    "true",
    "NaN",
    "∞",
    "[12]",
];

/// A text in a CSV cell.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Why something is no amount, in two words.
fn why(reason: &str) -> String {
    let causes = [
        ("not a plain decimal number", "not plain"),
        ("more than 6 decimals", "decimals"),
        ("not below 1,000,000,000,000", "too large"),
        ("not whole, valid JSON", "not JSON"),
        ("gives no amount", "not given"),
        ("amount is empty", "not given"),
        ("is not a text", "no text"),
    ];
    let cause = causes.iter().find(|(words, _)| reason.contains(words));
    format!("no: {}", cause.map_or(reason, |(_, cause)| cause))
}

/// One run with three orders for each spelling: what was read of each, or why it was not.
fn read() -> BTreeMap<String, String> {
    let merchant = Merchant::new();
    let mut ledger = HEAD.to_owned();
    for (number, spelling) in SPELLINGS.iter().enumerate() {
        // A NUL makes it no CSV file.
        let cell = (!spelling.contains('\0')).then(|| quoted(spelling));
        let cell = cell.as_deref().map(|cell| ("CELL", cell));
        for row in [("TEXT", "1"), ("JSON", "1")].into_iter().chain(cell) {
            ledger.extend([format!("{}{number},{},inr,2026-01-10,\n", row.0, row.1)]);
        }
    }
    merchant.write("ledger.csv", ledger);
    merchant.write("octopus-recon.toml", "[gateway]\nmax_attempts = 1\n");
    let gateway = RudeGateway::serve(|turn| {
        let spelling = SPELLINGS[turn.order[4..].parse::<usize>().unwrap()];
        let amount = match &turn.order[..4] {
            "TEXT" => json!(spelling).to_string(),
            "JSON" => spelling.to_owned(),
            _ => "1".to_owned(),
        };
        let data = format!(r#"{{"merchant_order_id":"{}","amount":{amount}}}"#, turn.order);
        turn.answer("200 OK", "", format!(r#"{{"result":"success","data":{data}}}"#));
    });
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(3), "{done:?}");

    let mut read: BTreeMap<String, String> = BTreeMap::new();
    for row in merchant.rows_of(&done) {
        if row["kind"] == "unverified" {
            read.insert(row["merchant_order_id"].clone(), why(&row["reason"]));
        }
    }
    let invalid = std::fs::read_to_string(merchant.invalid_rows_of(&done)).unwrap();
    for row in crate::support::rows_of(invalid.as_bytes()) {
        let order = row["row"].split(',').next().unwrap().to_owned();
        read.insert(order, why(&row["reason"]));
    }
    let database = merchant.database();
    let query = "SELECT merchant_order_id, ledger_amount, gateway_amount FROM ledger_and_gateway";
    let mut statement = database.prepare(query).unwrap();
    let mut rows = statement.query(()).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let [order, ledger, gateway] = [0, 1, 2].map(|place| row.get::<_, Option<String>>(place));
        let order = order.unwrap().unwrap();
        let amount = if order.starts_with("CELL") { ledger } else { gateway };
        if let Some(amount) = amount.unwrap() {
            assert_eq!(read.insert(order.clone(), amount), None, "{order}");
        }
    }
    read
}

#[test]
fn only_plain_decimals_are_amounts() {
    let read = read();
    let line = |cells: [&str; 4]| {
        let [spelling, text, json, cell] = cells;
        format!("{spelling:32}  {text:19}  {json:19}  {cell}").trim_end().to_owned() + "\n"
    };
    let mut table = line(["spelling", "JSON text", "JSON as it stands", "ledger cell"]);
    for (number, spelling) in SPELLINGS.iter().enumerate() {
        let what =
            |kind: &str| read.get(&format!("{kind}{number}")).map_or("no ledger", String::as_str);
        table += &line([&format!("{spelling:?}"), what("TEXT"), what("JSON"), what("CELL")]);
    }
    insta::assert_snapshot!(table, @r#"
    spelling                          JSON text            JSON as it stands    ledger cell
    "12"                              12.000000            12.000000            12.000000
    "12.0"                            12.000000            12.000000            12.000000
    "12.00"                           12.000000            12.000000            12.000000
    "12.345678"                       12.345678            12.345678            12.345678
    "12.3456789"                      no: decimals         no: decimals         no: decimals
    "0"                               0.000000             0.000000             0.000000
    "0.00"                            0.000000             0.000000             0.000000
    "-0"                              no: not plain        no: not plain        no: not plain
    "007"                             7.000000             no: not JSON         7.000000
    "0.000001"                        0.000001             0.000001             0.000001
    "0.0000001"                       no: decimals         no: decimals         no: decimals
    "999999999999.999999"             999999999999.999999  999999999999.999999  999999999999.999999
    "1000000000000"                   no: too large        no: too large        no: too large
    "123456789012345678901234567890"  no: too large        no: too large        no: too large
    "1,200.00"                        no: not plain        no: not JSON         no: not plain
    "1.200,00"                        no: not plain        no: not JSON         no: not plain
    "1 200.00"                        no: not plain        no: not JSON         no: not plain
    "1_000"                           no: not plain        no: not JSON         no: not plain
    "1'000"                           no: not plain        no: not JSON         no: not plain
    "1e2"                             no: not plain        no: not plain        no: not plain
    "1E2"                             no: not plain        no: not plain        no: not plain
    "1e-2"                            no: not plain        no: not plain        no: not plain
    "1e400"                           no: not plain        no: not plain        no: not plain
    "-5"                              no: not plain        no: not plain        no: not plain
    "+5"                              no: not plain        no: not JSON         no: not plain
    "(5)"                             no: not plain        no: not JSON         no: not plain
    "5-"                              no: not plain        no: not JSON         no: not plain
    ""                                no: not given        no: not JSON         no: not given
    " "                               no: not plain        no: not JSON         no: not given
    " 12"                             no: not plain        12.000000            12.000000
    "12 "                             no: not plain        12.000000            12.000000
    "\t12"                            no: not plain        12.000000            12.000000
    "\u{a0}12"                        no: not plain        no: not JSON         no: not plain
    "12\n"                            no: not plain        12.000000            12.000000
    "12\0"                            no: not plain        no: not JSON         no ledger
    "12."                             no: not plain        no: not JSON         no: not plain
    ".5"                              no: not plain        no: not JSON         no: not plain
    "1.2.3"                           no: not plain        no: not JSON         no: not plain
    "0x10"                            no: not plain        no: not JSON         no: not plain
    "１２"                              no: not plain        no: not JSON         no: not plain
    "١٢"                              no: not plain        no: not JSON         no: not plain
    "½"                               no: not plain        no: not JSON         no: not plain
    "₹12"                             no: not plain        no: not JSON         no: not plain
    "12 inr"                          no: not plain        no: not JSON         no: not plain
    "null"                            no: not plain        no: not given        no: not plain
    "true"                            no: not plain        no: no text          no: not plain
    "NaN"                             no: not plain        no: not JSON         no: not plain
    "∞"                               no: not plain        no: not JSON         no: not plain
    "[12]"                            no: not plain        no: no text          no: not plain
    "#);
}
