//! A ledger in a custom format: other headings, dates, separators, words and line ends. A
//! configuration is enough to read it.

use crate::support::{Gateway, Merchant, kinds, paid, row};
use serde_json::json;

const CONFIG: &str = r#"
[ledger]
timezone = "Asia/Kolkata"
date_format = "%d/%m/%Y"
thousands_separator = "."
decimal_separator = ","
default_status = "paid"

[ledger.columns]
merchant_order_id = "Order No."
amount = "Betrag"
currency = "Währung"
created_at = "Datum"
status = "Payment Status"
transaction_type = "Richtung"

[ledger.currencies]
"Rs" = "inr"
"₹" = "inr"

[ledger.statuses]
"In Bearbeitung" = "pending"

[ledger.transaction_types]
"Auszahlung" = "expense"
"#;

/// With a byte order mark, CRLF, unused columns, and names with commas and line breaks.
const LEDGER: &str = "\u{feff}\
    Datum,Kunde, ORDER NO. ,Betrag,Währung,Payment Status,Richtung,Notiz\r\n\
    10/04/2026,\"Rao, Anita\",#1001,\"1.234,50\",Rs,Captured,,\r\n\
    10/04/2026,\"Iyer\r\nMeera\",#1002,\"1.23.456,5\",₹,captured,,\"said \"\"ok\"\"\"\r\n\
    11/04/2026,Bose,#1003,\"2.000\",INR,In Bearbeitung,,\r\n\
    11/04/2026,Sen,#1004,\"75,00\",Rs,,Auszahlung,\r\n\
    12/04/2026,Das,#1005,\"80,00\",Rs,CAPTURED,,\r\n\
    04/13/2026,Dey,#1006,\"80,00\",Rs,Captured,,\r\n\
    12/04/2026,Roy,#1007,80.00,Rs,Captured,,\r\n";

#[test]
fn a_custom_format_needs_only_a_configuration() {
    let merchant = Merchant::new();
    merchant.write("shop.toml", CONFIG);
    merchant.write("export.csv", LEDGER);
    let gateway = Gateway::serve(
        &[
            paid("#1001", "1234.50", json!({"final_amount": "1200.00"})),
            paid("#1002", "123456.500000", json!({})),
            paid("#1003", "2000", json!({})),
            paid(
                "#1004",
                "75.00",
                json!({"transaction_type": "expense", "accounting_type": "settle"}),
            ),
            paid("#1005", "81.00", json!({"currency": "INR"})),
        ]
        .concat(),
    );
    let done = merchant.reconcile(
        &gateway.url,
        &["--config", "shop.toml", "--ledger", "export.csv", "--expect-rows", "7"],
    );
    assert_eq!(done.code, Some(4), "{done:?}");
    let summary = done.json();
    assert_eq!(summary["ledger"]["accepted"], 5, "{summary}");
    assert_eq!(summary["ledger"]["invalid"], 2);
    assert_eq!(summary["orders"]["matched"], 2);
    assert_eq!(summary["totals"][0]["currency"], "inr");
    assert_eq!(summary["totals"][0]["transaction_type"], "expense");
    assert_eq!(summary["totals"][0]["ledger_amount"], "75.00");
    assert_eq!(summary["totals"][1]["ledger_amount"], "126771.00");
    assert_eq!(summary["from"], "2026-04-10");
    assert_eq!(summary["to"], "2026-04-12");

    let rows = merchant.rows_of(&done);
    let kinds = kinds(&rows);
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert_eq!(kinds["#1001"], ["final_amount_difference"]);
    assert_eq!(kinds["#1003"], ["status_difference"]);
    assert_eq!(kinds["#1005"], ["ledger_amount_difference"]);
    let short = row(&rows, "#1001", "final_amount_difference");
    assert_eq!(short["variance"], "-34.50");
    assert_eq!(short["ledger_amount"], "1234.50");
    assert_eq!(short["order_date"], "2026-04-10");
    assert_eq!(short["ledger_status"], "paid");
    assert_eq!(row(&rows, "#1003", "status_difference")["ledger_status"], "pending");
    let more = row(&rows, "#1005", "ledger_amount_difference");
    assert_eq!((&*more["variance"], &*more["ledger_amount"]), ("1.00", "80.00"));

    let invalid = merchant.invalid_rows_of(&done);
    let invalid = crate::support::rows(&invalid);
    let lines: Vec<_> = invalid.iter().map(|row| &*row["line"]).collect();
    assert_eq!(lines, ["8", "9"], "lines as an editor counts them");
    assert!(invalid[0]["reason"].contains("04/13/2026"), "{invalid:?}");
    assert!(invalid[1]["reason"].contains("80.00"), "{invalid:?}");
}

#[test]
fn a_custom_format_without_a_configuration_is_refused() {
    let merchant = Merchant::new();
    merchant.write("export.csv", LEDGER);
    let gateway = Gateway::serve("");
    let done = merchant.reconcile(&gateway.url, &["--ledger", "export.csv"]);
    assert_eq!(done.code, Some(10), "{done:?}");
    assert!(done.stderr.contains("merchant_order_id"), "{done:?}");
    assert!(gateway.stop().is_empty());
    assert!(merchant.reports().is_empty());
}
