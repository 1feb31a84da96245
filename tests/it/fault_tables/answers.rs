//! Answers that are no answers: each order of one run has another. The other order is matched.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot set itself up has failed"
)]

use crate::rude_gateway::{RudeGateway, success};
use crate::support::{HEAD, Merchant};
use std::io::Write;

const SETTINGS: &str = "[gateway]\nbackoff_first_ms = 1\nbackoff_max_ms = 1\nmax_in_flight = 4\n";

/// The body of each case; `ID` stands for the order.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let whole = success("ID");
    let nested = |open: &str, close: &str, depth: usize| {
        let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        whole.replacen('{', &format!(r#"{{"deep":{deep},"#), 1)
    };
    let fields = |fields: &str| {
        let payment = format!(r#"{{"merchant_order_id":"ID",{fields}}}"#);
        format!(r#"{{"result":"success","data":{{"payment":{payment}}}}}"#)
    };
    let with = |text: &str| fields(&format!(r#""amount":"100.00","x":{text}"#));
    let utf_16 = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(whole.as_bytes()).unwrap();
    let texts = [
        ("HTML", "<!doctype html><title>Welcome</title>".to_owned()),
        ("HTML without a title", "<html><body>Down</body></html>".to_owned()),
        ("XML", "<?xml version=\"1.0\"?><result>success</result>".to_owned()),
        ("nothing", String::new()),
        ("spaces", " \r\n ".to_owned()),
        ("cut JSON", whole[..whole.len() - 1].to_owned()),
        ("JSON cut in a text", whole[..whole.len() / 2].to_owned()),
        ("trailing text", format!("{whole} ok")),
        ("two answers", format!("{whole}{whole}")),
        ("a comment", format!("{whole} // ok")),
        ("a trailing comma", with("1,")),
        ("a byte order mark", format!("\u{feff}{whole}")),
        ("NaN", fields(r#""amount":NaN"#)),
        ("Infinity", fields(r#""amount":-Infinity"#)),
        ("1e400", fields(r#""amount":1e400"#)),
        ("01", fields(r#""amount":01"#)),
        ("deep lists", nested("[", "]", 10_000)),
        ("deep objects", nested("{\"a\":", "}", 10_000)),
        ("one level too deep", nested("[", "]", 16)),
        ("a lone surrogate", with(r#""\ud800""#)),
        ("a control character", with("\"\u{7}\"")),
        ("a doubled amount", with("1,\"amount\":\"1\"")),
        ("doubled by an escape", with(r#"1,"\u0061mount":"1""#)),
        ("doubled in the depth", with(r#"{"y":[{"z":1,"z":1}]}"#)),
        ("a doubled result", whole.replacen('{', r#"{"result":"error","#, 1)),
    ];
    let of_fields = [
        ("null", "null".to_owned()),
        ("a list", "[]".to_owned()),
        ("a text", "\"success\"".to_owned()),
        ("success in capitals", whole.replace("success", "SUCCESS")),
        ("success without data", r#"{"result":"success"}"#.to_owned()),
        ("success with a text", r#"{"result":"success","data":"ok"}"#.to_owned()),
        ("an error with a list", r#"{"result":"error","data":[]}"#.to_owned()),
        ("another error", r#"{"result":"error","data":"Try later"}"#.to_owned()),
        ("no amount", fields(r#""currency":"inr""#)),
        ("an amount null", fields(r#""amount":null"#)),
        ("an amount in a list", fields(r#""amount":["100.00"]"#)),
        ("a status that is true", with(r#"1,"payment_status":true"#)),
        ("another order", whole.replace("ID", "ID2")),
        ("an order with a space", whole.replace("ID", "ID ")),
        ("no order", whole.replace("merchant_order_id", "order")),
    ];
    let bytes = [
        ("UTF-16", utf_16),
        ("bad UTF-8", with("\"é\"").bytes().filter(|byte| *byte != 0xA9).collect()),
        ("gzip, not announced", packed.finish().unwrap()),
    ];
    let texts = texts.into_iter().chain(of_fields);
    let texts = texts.map(|(name, text)| (name, text.into_bytes()));
    texts.chain(bytes).collect()
}

/// The order `ID` in a body, by another of the same length.
fn about(body: &[u8], order: &str) -> Vec<u8> {
    let mut body = body.to_vec();
    for place in 0..body.len().saturating_sub(1) {
        if &body[place..place + 2] == b"ID" {
            body[place..place + 2].copy_from_slice(order.as_bytes());
        }
    }
    body
}

#[test]
fn an_answer_that_is_none_is_never_read_as_one() {
    let cases = bodies();
    let table: String = std::thread::scope(|scope| {
        // So few that the retry budget of a run is enough.
        let runs: Vec<_> = cases.chunks(25).map(|cases| scope.spawn(|| run(cases))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    insta::assert_snapshot!(table, @r#"
    HTML                  4 answer is the web page "Welcome", not JSON
    HTML without a title  4 answer is a web page, not JSON
    XML                   4 answer is not whole, valid JSON
    nothing               4 answer is empty
    spaces                4 answer is not whole, valid JSON
    cut JSON              4 answer is not whole, valid JSON
    JSON cut in a text    4 answer is not whole, valid JSON
    trailing text         4 answer is not whole, valid JSON
    two answers           4 answer is not whole, valid JSON
    a comment             4 answer is not whole, valid JSON
    a trailing comma      4 answer is not whole, valid JSON
    a byte order mark     4 answer is not whole, valid JSON
    NaN                   4 answer is not whole, valid JSON
    Infinity              4 answer is not whole, valid JSON
    1e400                 4 answer's amount "1e400" is no amount: it is not a plain decimal number
    01                    4 answer is not whole, valid JSON
    deep lists            4 answer is nested more than 16 levels deep
    deep objects          4 answer is nested more than 16 levels deep
    one level too deep    4 answer is nested more than 16 levels deep
    a lone surrogate      4 answer holds text that is not valid Unicode
    a control character   4 answer is not whole, valid JSON
    a doubled amount      4 answer gives a key twice
    doubled by an escape  4 answer gives a key twice
    doubled in the depth  4 answer gives a key twice
    a doubled result      4 answer gives a key twice
    null                  4 answer says neither success nor error
    a list                4 answer says neither success nor error
    a text                4 answer says neither success nor error
    success in capitals   4 answer says neither success nor error
    success without data  4 answer's data is not what the gateway documents
    success with a text   4 answer's data is not what the gateway documents
    an error with a list  4 answer's data is not what the gateway documents
    another error         4 gateway answered the error "Try later"
    no amount             4 answer gives no amount
    an amount null        4 answer gives no amount
    an amount in a list   4 answer's amount is not a text
    a status that is true 4 answer's payment_status is not a text
    another order         1 answer is about the order "ID2"
    an order with a space 1 answer is about the order "ID": only outer spaces differ
    no order              4 answer does not say which order it is about (merchant_order_id)
    UTF-16                4 answer is not whole, valid JSON
    bad UTF-8             4 answer is not whole, valid JSON
    gzip, not announced   4 answer is not whole, valid JSON
    "#);
}

/// One run: a line a case, with its calls and its reason.
fn run(cases: &[(&'static str, Vec<u8>)]) -> String {
    // Two characters each, as `ID`.
    let order_of = |number: usize| format!("{}{}", ["A", "B", "C"][number / 10], number % 10);
    let orders: Vec<String> = (0..cases.len()).map(order_of).collect();
    let answers: Vec<(String, Vec<u8>)> = orders
        .iter()
        .zip(cases)
        .map(|(order, (_, body))| (order.clone(), about(body, order)))
        .collect();
    let gateway = RudeGateway::serve(move |turn| {
        match answers.iter().find(|(order, _)| *order == turn.order) {
            Some((_, body)) => turn.answer("200 OK", "", body),
            None => turn.answer_well(),
        }
    });
    let merchant = Merchant::new();
    let rows = orders.iter().map(|order| format!("{order},100.00,inr,2026-01-10,paid\n"));
    let rows: String = rows.collect();
    merchant.write("ledger.csv", format!("{HEAD}GOOD,100.00,inr,2026-01-10,paid\n{rows}"));
    merchant.write("octopus-recon.toml", SETTINGS);
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let found = merchant.rows_of(&done);
    let line = |(order, (name, _)): (&String, &(&str, Vec<u8>))| {
        let row = found.iter().find(|row| row["merchant_order_id"] == *order);
        let Some(row) = row else { panic!("{name} is an answer") };
        assert_eq!(row["kind"], "unverified", "{name}");
        // "100.00 inr not verified after 4 calls: the answer …"
        let (_, why) = row["reason"].split_once(": the ").unwrap();
        let why = [" (line ", " at line "]
            .iter()
            .fold(why, |why, place| why.split(place).next().unwrap().trim_end_matches('.'));
        format!("{name:22}{} {}\n", gateway.calls_for(order), why.replace(order, "ID"))
    };
    let lines = orders.iter().zip(cases).map(line).collect();
    assert_eq!(done.json()["orders"]["matched"], 1);
    assert_eq!(merchant.sql("SELECT count(*) FROM answers"), 1);
    lines
}
