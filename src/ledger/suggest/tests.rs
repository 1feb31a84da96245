//! What is proposed for small files, and what is left open.

#[path = "tests/cells.rs"]
mod cells;
#[path = "tests/columns.rs"]
mod columns;
#[path = "tests/totals.rs"]
mod totals;

use super::*;
use crate::tabular::Source;

/// A file with this content.
fn spool(content: &[u8]) -> Spool {
    let source = Source::from_reader("orders.csv", std::io::Cursor::new(content.to_vec()));
    Spool::of(source, &|| false).unwrap_or_else(|error| unreachable!("{error}"))
}

fn now() -> DateTime<Utc> {
    "2026-11-27T12:00:00Z".parse().unwrap_or_default()
}

/// The suggestion for these files, under this `[ledger]`.
fn suggestion_for(files: &[&[u8]], given: &str) -> Suggestion {
    let spools: Vec<Spool> = files.iter().map(|content| spool(content)).collect();
    let own: toml::Table = toml::from_str(given).unwrap_or_else(|error| unreachable!("{error}"));
    let keys = LedgerKeys { own: own.clone(), resolved: own };
    let settings = toml::from_str(given).unwrap_or_else(|error| unreachable!("{error}"));
    suggest(&spools, &keys, &settings, now(), &|| false)
        .unwrap_or_else(|error| unreachable!("{error}"))
}

/// The keys that are proposed, as `key = value` or `table.key = value`, and those left open but
/// for the time zone.
fn proposed(content: &[u8], given: &str) -> (Vec<String>, Vec<&'static str>) {
    let suggestion = suggestion_for(&[content], given);
    assert!(suggestion.settings().is_ok(), "{}", suggestion.block());
    let given: toml::Table = toml::from_str(given).unwrap_or_default();
    let mut keys = Vec::new();
    for (name, value) in suggestion.table() {
        match value.as_table() {
            Some(inner) => keys.extend(
                inner
                    .iter()
                    .filter(|(key, _)| given.get(&name).is_none_or(|it| it.get(key).is_none()))
                    .map(|(key, value)| format!("{name}.{key} = {value}")),
            ),
            None if given.contains_key(&name) => {}
            None => keys.push(format!("{name} = {value}")),
        }
    }
    let open = suggestion.open().iter().map(|point| point.key);
    (keys, open.filter(|key| *key != "timezone").collect())
}

/// A file's rows under a plain header, with what is proposed and what is left open.
type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

fn check(cases: &[Case<'_>]) {
    for (content, keys, open) in cases {
        let (proposed, left) = proposed(content.as_bytes(), "");
        assert_eq!(proposed, *keys, "{content}");
        assert_eq!(left, *open, "{content}");
    }
}

/// Rows of an id, an amount, a currency and a date under the contract's own headings.
fn plain(rows: &[(&str, &str, &str)]) -> String {
    let rows = rows.iter().map(|(id, amount, date)| format!("{id}\t{amount}\tinr\t{date}\n"));
    let rows: String = rows.collect();
    format!("merchant_order_id\tamount\tcurrency\tcreated_at\n{rows}")
}

#[test]
fn a_byte_order_mark_tells_the_encoding() {
    let text = "\u{feff}merchant_order_id,amount,currency,created_at\nA,5.00,inr,2026-04-10\n";
    let low: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let high: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(proposed(&low, ""), (vec!["encoding = \"utf-16le\"".to_owned()], vec![]));
    assert_eq!(proposed(&high, ""), (vec!["encoding = \"utf-16be\"".to_owned()], vec![]));
    assert_eq!(proposed(&high, "encoding = 'utf-16be'"), (vec![], vec![]));
    let latin =
        b"merchant_order_id,amount,currency,created_at,Gr\xF6\xDFe\nA,5.00,inr,2026-04-10,1\n";
    assert_eq!(proposed(latin, "encoding = 'windows-1252'"), (vec![], vec![]));
}

#[test]
fn the_header_is_the_record_with_the_configured_headings() {
    let given = "columns = { merchant_order_id = 'Zx', amount = 'Qy', currency = 'Wk', \
                 created_at = 'Vm' }\ndelimiter = ','";
    let text = "Our,own,shop,list\nZx,Qy,Wk,Vm\nA-1,5.00,inr,2026-04-10\nA-2,6.00,inr,2026-04-11\n";
    assert_eq!(proposed(text.as_bytes(), given), (vec![], vec![]));
}

#[test]
fn headings_delimiter_and_preamble() {
    check(&[
        ("merchant_order_id,amount,currency,created_at\nA,5.00,inr,2026-04-10\n", &[], &[]),
        (
            "Order No;Total;Currency;Order Date\nA-1;1,50;INR;2026-10-31\nA-2;7,00;INR;2026-11-01",
            &[
                "columns.amount = \"Total\"",
                "columns.created_at = \"Order Date\"",
                "columns.merchant_order_id = \"Order No\"",
                "decimal_separator = \",\"",
                "delimiter = \";\"",
            ],
            &[],
        ),
        (
            "sep=;\nMy Shop;;;\nFrom;2026-10-01\n\nReference No;Paid Amount;Currency;Created At\n\
             R1;5.00;INR;2026-10-31\n",
            &[
                "columns.amount = \"Paid Amount\"",
                "columns.created_at = \"Created At\"",
                "columns.merchant_order_id = \"Reference No\"",
                "delimiter = \";\"",
            ],
            &[],
        ),
        // The order's total, not a part of it.
        (
            "Order ID,Subtotal,Tax,Total,Currency,Date\nA,4.00,1.00,5.00,inr,2026-10-31\n",
            &[
                "columns.amount = \"Total\"",
                "columns.created_at = \"Date\"",
                "columns.merchant_order_id = \"Order ID\"",
            ],
            &[],
        ),
        // Two totals that differ.
        (
            "Order ID,Total,Paid Amount,Currency,Date\nA,5.00,4.00,inr,2026-10-31\n",
            &[
                "columns.amount = \"Total\"",
                "columns.created_at = \"Date\"",
                "columns.merchant_order_id = \"Order ID\"",
            ],
            &["amount"],
        ),
        // Two ids: which one does the gateway know?
        (
            "Order ID,Transaction ID,Total,Currency,Date\nA,T-1,5.50,inr,2026-10-31\n",
            &[
                "columns.amount = \"Total\"",
                "columns.created_at = \"Date\"",
                "columns.merchant_order_id = \"Order ID\"",
            ],
            &["merchant_order_id"],
        ),
        // Two totals that are the same.
        (
            "Order ID,Total,Paid Amount,Currency,Date\nA,5.00,5.00,inr,2026-10-31\n",
            &[
                "columns.amount = \"Total\"",
                "columns.created_at = \"Date\"",
                "columns.merchant_order_id = \"Order ID\"",
            ],
            &[],
        ),
        // `Name` is the order's where it looks like one, and else the buyer's.
        (
            "Name,Total,Currency,Date\n#1001,5.00,inr,2026-10-31\n",
            &[
                "columns.amount = \"Total\"",
                "columns.created_at = \"Date\"",
                "columns.merchant_order_id = \"Name\"",
            ],
            &[],
        ),
        (
            "Name,Total,Currency,Date\nRao,5.00,inr,2026-10-31\n",
            &["columns.amount = \"Total\"", "columns.created_at = \"Date\""],
            &["merchant_order_id"],
        ),
        (
            "Nummer,Summe,Waehrung,Tag\nA1,5.00,inr,2026-10-31\nA2,6.00,inr,2026-10-31\n",
            &["columns.currency = \"Waehrung\""],
            &["merchant_order_id", "amount", "created_at"],
        ),
        (
            "Order ID,Money in,Money out,Currency,Date\nA,5.00,,inr,2026-10-31\n\
             B,0.00,4.50,inr,2026-10-31\n",
            &[
                "columns.created_at = \"Date\"",
                "columns.credit = \"Money in\"",
                "columns.debit = \"Money out\"",
                "columns.merchant_order_id = \"Order ID\"",
            ],
            &[],
        ),
        ("one column\nand no other\n", &[], &["delimiter"]),
    ]);
}

#[test]
fn words_are_mapped_only_where_all_are_known() {
    let head = "merchant_order_id,amount,currency,created_at";
    let rows = |heading: &str, words: &[&str]| {
        let rows = (1..).zip(words).map(|(id, word)| format!("A{id},5.50,inr,2026-10-31,{word}\n"));
        format!("{head},{heading}\n{}", rows.collect::<String>())
    };
    check(&[
        (
            &rows("Payment Status", &["Paid", "Refunded", ""]),
            &["columns.status = \"Payment Status\""],
            &[],
        ),
        (
            &rows("Payment Status", &["Paid", "Odd"]),
            &["columns.status = \"Payment Status\""],
            &["statuses"],
        ),
        (&rows("Payment Status", &["Odd", "Even"]), &[], &["status"]),
        (&rows("Type", &["Credit", "Debit"]), &["columns.transaction_type = \"Type\""], &[]),
        (&rows("Type", &["Order", "Fee", "Transfer"]), &[], &["skip"]),
        (&rows("Type", &["Order", "Order"]), &[], &[]),
        (&rows("Type", &["Order", "Sale"]), &[], &[]),
        (&rows("Payment Method", &["UPI", "Cash on Delivery"]), &[], &["skip"]),
        (&rows("Payment Method", &["UPI", "Card"]), &[], &[]),
    ]);
}

#[test]
fn line_items_are_proposed_only_where_all_rows_agree() {
    let rows = |head: &str, rows: &[&str]| {
        format!("merchant_order_id,{head},currency,created_at,Item\n{}\n", rows.join("\n"))
    };
    let empty =
        ["A,5.50,inr,2026-10-31,Cup", "A,,,,Plate", "B,4.50,inr,2026-10-31,Cup", ",,,,Spoon"];
    let sum = ["A,5.50,inr,2026-10-31,Cup", "A,1.50,inr,2026-10-31,Plate"];
    let equal = ["A,5.50,inr,2026-10-31,Cup", "A,5.50,inr,2026-10-31,Plate"];
    let again = ["A,5.50,inr,2026-10-31,Cup", "A,5.50,inr,2026-10-31,Cup"];
    let mixed = ["A,5.50,inr,2026-10-31,Cup", "A,,,,Plate", "A,5.50,inr,2026-10-31,Spoon"];
    let footer = ["A,5.50,inr,2026-10-31,Cup", ",5.50,,,"];
    check(&[
        (&rows("amount", &empty), &["line_items = \"empty\""], &[]),
        (&rows("amount", &sum), &["line_items = \"sum\""], &[]),
        (
            &rows("Order Total", &equal),
            &["columns.amount = \"Order Total\"", "line_items = \"total\""],
            &[],
        ),
        // A total on each row, or two items of one price?
        (&rows("amount", &equal), &[], &["line_items"]),
        (&rows("amount", &again), &[], &["line_items"]),
        (&rows("amount", &mixed), &[], &["line_items"]),
        // A total below the orders says nothing of items.
        (&rows("amount", &footer), &[], &["skip"]),
        // Another status of the order is no item.
        (
            "merchant_order_id,amount,currency,created_at,status\nA,5.50,inr,2026-10-31,pending\n\
             A,5.50,inr,2026-10-31,paid\n",
            &[],
            &[],
        ),
    ]);
}

#[test]
fn what_the_configuration_has_is_not_asked_again() {
    let content = "Order No;Total;Date;Type\nA;1,234;05/11/2026;Order\nB;7;06/11/2026;Fee\n";
    let given = "timezone = 'UTC'\ncurrency = 'inr'\namount_unit = 'major'\n\
                 thousands_separator = ','\ndate_format = '%d/%m/%Y'\n\
                 skip = [{ column = 'type', values = ['fee'] }]\n[columns]\namount = 'Total'\n";
    let keys = [
        "columns.created_at = \"Date\"",
        "columns.merchant_order_id = \"Order No\"",
        "delimiter = \";\"",
    ];
    assert_eq!(proposed(content.as_bytes(), given), (keys.map(String::from).to_vec(), vec![]));
    assert!(suggestion_for(&[content.as_bytes()], given).open().is_empty());
}

#[test]
fn a_known_export_is_named() {
    for preset in Preset::ALL {
        let path =
            format!("{}/fixtures/presets/{}.csv", env!("CARGO_MANIFEST_DIR"), preset.as_str());
        let content = std::fs::read(&path).unwrap_or_else(|error| unreachable!("{path}: {error}"));
        let block = suggestion_for(&[&content], "").block();
        let line = format!("# preset = \"{}\"", preset.as_str());
        assert!(block.lines().any(|shown| shown == line), "{block}");
        let given = format!("preset = '{}'", preset.as_str());
        assert!(!suggestion_for(&[&content], &given).block().contains("# preset"));
    }
    assert!(
        !suggestion_for(&[plain(&[("A", "5.50", "2026-10-31")]).as_bytes()], "")
            .block()
            .contains("preset")
    );
}

#[test]
fn several_files_are_one_ledger() {
    let first: &[u8] = b"Order No,Total,Currency,Date\nA,5.50,inr,05/11/2026\n";
    let second: &[u8] = b"Date,Currency,Total,Order No\n13/11/2026,inr,\"1,200.00\",B\n";
    let table = suggestion_for(&[first, second], "").table();
    assert_eq!(table.get("date_format").and_then(Value::as_str), Some("%d/%m/%Y"));
    assert_eq!(table.get("thousands_separator").and_then(Value::as_str), Some(","));
}

#[test]
fn bytes_that_are_no_utf_8_are_left_to_a_person() {
    let content = b"merchant_order_id,amount,currency,created_at,Name\n\
                    A,5.50,inr,2026-10-31,Jos\xe9\n";
    let suggestion = suggestion_for(&[content], "");
    let point = suggestion.open().iter().find(|point| point.key == "encoding");
    let point = point.unwrap_or_else(|| unreachable!("{}", suggestion.block()));
    assert!(point.text.contains("line 2, column 26"), "{}", point.text);
    assert!(point.choices.contains(&"encoding = \"windows-1252\" # José".to_owned()));
    assert!(!suggestion.table().contains_key("encoding"));
}

#[test]
fn a_configuration_is_accepted_with_and_without_its_open_points() {
    let content = "Order \"No\",Total,Created At,Status,Währung\n\
                   A,\"1,234\",05/11/2026,Odd,₹\nB,7,06/11/2026,Paid,₹\n";
    let suggestion = suggestion_for(&[content.as_bytes()], "timezone = 'Asia/Kolkata'");
    let whole = suggestion.configuration("For a test.\nAnd no more.");
    let parsed: toml::Table = whole.parse().unwrap_or_else(|error| unreachable!("{error}{whole}"));
    let mut ledger = parsed.get("ledger").and_then(Value::as_table).cloned().unwrap_or_default();
    // A table with open points alone.
    ledger.retain(|_, value| value.as_table().is_none_or(|table| !table.is_empty()));
    assert_eq!(ledger, suggestion.table(), "{whole}");
    for point in suggestion.open() {
        for choice in point.choices.iter().filter(|_| !matches!(point.key, "statuses")) {
            let table = if point.table.is_empty() { "" } else { "[columns]\n" };
            let read = toml::from_str::<toml::Table>(&format!("{table}{choice}"));
            assert!(read.is_ok(), "{choice}: {read:?}");
        }
    }
    assert!(whole.lines().all(|line| line.chars().count() <= 100), "{whole}");
}
