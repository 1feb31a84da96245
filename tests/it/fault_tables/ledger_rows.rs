//! Rows of a ledger that cannot be used, and files that were cut.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use crate::rude_gateway::{RudeGateway, Turn};
use crate::support::{HEAD, Merchant, rows_of};

#[test]
fn an_invalid_row_is_named_and_the_others_are_asked() {
    let long = |length| format!("{},100.00,inr,2026-01-10,paid", "x".repeat(length)).into_bytes();
    let rows: Vec<Vec<u8>> = vec![
        b"A1,100.00,inr,2026-01-10,paid".to_vec(),
        b"\xE9,100.00,inr,2026-01-10,paid".to_vec(),
        b"B2,100.00,inr,2026-01-10,\xC3\x28".to_vec(),
        b"B3,100.00,inr".to_vec(),
        b"B4,100.00,inr,2026-01-10,paid,more".to_vec(),
        b"A2,100.00,inr,2026-01-10,paid,,".to_vec(),
        b"B5,twelve,inr,2026-01-10,paid".to_vec(),
        b"B6,,inr,2026-01-10,paid".to_vec(),
        b"B7,100.00,inr,2026-02-30,paid".to_vec(),
        b"B8,100.00,inr,10/01/2026,paid".to_vec(),
        b"B9,100.00,inr,2026-01-10 25:00,paid".to_vec(),
        b"C1,100.00,inr,,paid".to_vec(),
        b"C2,100.00,inr,1999-12-31,paid".to_vec(),
        b"C3,100.00,,2026-01-10,paid".to_vec(),
        b"C4,100.00,rupees!,2026-01-10,paid".to_vec(),
        b",100.00,inr,2026-01-10,paid".to_vec(),
        b"\" \",100.00,inr,2026-01-10,paid".to_vec(),
        long(512),
        long(513),
        long(10_240),
        b"\"A\n3\",100.00,inr,2026-01-10,paid".to_vec(),
    ];
    let merchant = Merchant::new();
    let mut ledger = HEAD.as_bytes().to_vec();
    for row in &rows {
        ledger.extend([row.as_slice(), b"\r\n"].concat());
    }
    merchant.write("ledger.csv", ledger);
    let gateway = RudeGateway::serve(Turn::answer_well);
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv"]);
    assert_eq!(done.code, Some(4), "{done:?}");
    let mut asked: Vec<String> = gateway.arrivals().into_iter().map(|(_, order)| order).collect();
    asked.sort();
    assert_eq!(asked, ["A\n3", "A1", "A2", &"x".repeat(512)]);
    let summary = done.json();
    assert_eq!(summary["ledger"]["accepted"], 4, "{summary}");
    assert_eq!(summary["orders"]["matched"], 4, "{summary}");
    // It has the rows' bytes unchanged, so it is not UTF-8 either.
    let invalid = std::fs::read(merchant.invalid_rows_of(&done)).unwrap();
    let invalid = rows_of(String::from_utf8_lossy(&invalid).as_bytes());
    assert_eq!(summary["ledger"]["invalid"], invalid.len());
    let lines = invalid.iter().map(|row| {
        let reason = row["reason"].split(';').next().unwrap();
        format!("{:3}  {reason}\n", row["line"])
    });
    insta::assert_snapshot!(lines.collect::<String>(), @r#"
    3    it is not valid UTF-8 from line 3, column 1 on
    4    it is not valid UTF-8 from line 4, column 26 on
    5    it has 3 fields, the header row has 5
    6    it has 6 fields, the header row has 5
    8    amount "twelve": it is not a plain decimal number
    9    amount is empty
    10   created_at "2026-02-30": it is not a date as 2026-04-10 or 2026-04-10 11:11:26
    11   created_at "10/01/2026": it is not a date as 2026-04-10 or 2026-04-10 11:11:26
    12   created_at "2026-01-10 25:00": it is not a date as 2026-04-10 or 2026-04-10 11:11:26
    13   created_at is empty
    14   created_at "1999-12-31": its year is not between 2000 and 2100
    15   currency is empty, and [ledger] currency is not set
    16   currency "rupees!": it is not a currency
    17   merchant_order_id is empty
    18   merchant_order_id is empty
    20   merchant_order_id is 513 bytes long
    21   merchant_order_id is 10240 bytes long
    "#);
}

/// Cut at any byte of its last two rows, a ledger with control figures is refused, or nothing that
/// moves money is missing.
#[test]
fn a_cut_file_is_refused_by_its_control_figures() {
    let whole = "merchant_order_id,currency,created_at,status,amount\n\
                 A1,inr,2026-01-10,paid,500.00\nA2,inr,2026-01-11,paid,123.45\n\
                 A3,inr,2026-01-12,paid,99.90\n";
    let second = whole.find("A2").unwrap();
    let merchant = Merchant::new();
    let run = |bytes: &[u8]| {
        merchant.write("ledger.csv", bytes);
        let figures = ["--expect-rows", "3", "--expect-total", "inr=723.35", "--dry-run"];
        let arguments = [&["--ledger", "ledger.csv"], &figures[..]].concat();
        merchant.reconcile("http://127.0.0.1:9", &arguments)
    };
    for length in second..=whole.len() {
        let done = run(&whole.as_bytes()[..length]);
        // The last line's end is missing, or a last zero behind the point.
        let is_whole = length >= whole.len() - 2;
        assert_eq!(done.code, Some(if is_whole { 0 } else { 10 }), "{length}: {done:?}");
        if is_whole {
            assert_eq!(done.json()["ledger"]["accepted"], 3, "{length}: {done:?}");
        }
    }
}

/// Ids that are commands elsewhere: to a spreadsheet, a shell, a terminal, a browser, a database.
const HOSTILE_IDS: [&str; 17] = [
    "=1+1",
    "+1",
    "-2+3",
    "@SUM(A1)",
    "＝1",
    "a;=1+1",
    "../../etc/passwd",
    "A\u{1b}[2J",
    "A\u{7}B",
    "A\u{202e}B",
    "A\u{200b}B",
    "🐙",
    "क्रम/7&x=1 +é",
    "a\"b",
    "x\r\ny",
    "<script>alert(1)</script>",
    "'; DROP TABLE orders;--",
];

#[test]
fn hostile_ids_are_asked_for_exactly_and_do_nothing() {
    let merchant = Merchant::new();
    let row = |id: &str| format!("\"{}\",100.00,inr,2026-01-10,paid\n", id.replace('"', "\"\""));
    let rows: String = HOSTILE_IDS.iter().chain(&["GOOD"]).map(|id| row(id)).collect();
    merchant.write("ledger.csv", format!("{HEAD}{rows}"));
    let gateway = RudeGateway::serve(|turn| match &*turn.order {
        "GOOD" => turn.answer_well(),
        _ => turn.answer("200 OK", "", r#"{"result":"error","data":"No such order"}"#),
    });
    let done = merchant.reconcile(&gateway.url, &["--ledger", "ledger.csv", "-vvv"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let mut asked: Vec<String> = gateway.arrivals().into_iter().map(|(_, order)| order).collect();
    asked.retain(|order| order != "GOOD");
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    let ids: Vec<String> = HOSTILE_IDS.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(sorted(asked), sorted(ids));

    let rows = merchant.rows_of(&done);
    assert_eq!(rows.len(), HOSTILE_IDS.len());
    let is_there = |id: &str| rows.iter().any(|row| row["merchant_order_id"] == id);
    for id in
        ["'=1+1", "'@SUM(A1)", "a;'=1+1", "A\u{1b}[2J", "A\u{202e}B", "x\r\ny", "../../etc/passwd"]
    {
        assert!(is_there(id), "{id:?}");
    }
    for row in &rows {
        for column in ["merchant_order_id", "reason"] {
            let is_formula = row[column].starts_with(['=', '+', '-', '@', '＝', '\'']);
            let is_guarded = !is_formula || row[column].starts_with('\'');
            assert!(is_guarded && !row[column].contains(";="), "{row:?}");
        }
    }
    // The CSV has each id unchanged, except for the guard: programs look orders up by it.
    let mut texts = vec![done.stdout, done.stderr];
    for (path, content) in merchant.report_files() {
        if path.extension().is_some_and(|extension| extension == "html" || extension == "json") {
            texts.push(String::from_utf8(content).unwrap());
        }
    }
    assert_eq!(texts.len(), 6);
    for text in texts {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}']), "{text}");
        let is_page = text.to_lowercase().starts_with("<!doctype");
        assert!(!is_page || !text.contains("<script>alert"), "{text}");
    }
}
