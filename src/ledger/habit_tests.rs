//! Whole ledgers: habits of exports that a configuration describes.

use super::*;

/// The rows as one text each: id, amount, currency, date, type.
fn shown(kept: &Kept) -> Vec<String> {
    let cells = kept.rows.iter().map(|(_, cells)| cells);
    let items = kept.items.iter().filter_map(|item| item.cells.as_ref().ok());
    cells
        .chain(items)
        .map(|row| {
            let amount = row.amount.map_or("?".to_owned(), |amount| amount.to_string());
            let currency = row.currency.as_deref().unwrap_or("?");
            let date = row.created_at.map_or("?".to_owned(), |at| at.date.to_string());
            let direction = row.transaction_type.as_ref().map_or("", TransactionType::as_str);
            let id = &row.key.merchant_order_id;
            format!("{id} {amount} {currency} {date} {direction}").trim_end().to_owned()
        })
        .collect()
}

/// The rows that a configuration reads, and the reasons of invalid ones.
fn rows(text: &str, config: &str) -> Vec<String> {
    let (_, kept) = read_text(text, config);
    let reasons = kept.invalid.iter().map(|row| format!("{}: {}", row.line, row.reason));
    shown(&kept).into_iter().chain(reasons).collect()
}

#[test]
fn rows_above_the_header_are_no_rows() {
    let table = format!("{HEADER}\nA1,5,inr,2026-04-10\n");
    let title = "Settlement report;\n\nAccount,\"4\n2\",,,,,\n\u{e9}\nmerchant_order_id,amount\n";
    for (above, line) in [("", 1), ("sep=,\n", 2), (title, 7), (&"x\n".repeat(49), 50)] {
        let (read, kept) = read_text(&format!("{above}{table}"), "");
        assert_eq!(shown(&kept), ["A1 5.00 inr 2026-04-10"], "{above}");
        assert_eq!(
            (read.shape.header_line, read.rows, kept.rows[0].0),
            (line, 1, line + 1),
            "{above}"
        );
    }
    let late = try_read(format!("{}{table}", "x\n".repeat(50)).as_bytes(), "").err();
    let expected =
        "a.csv, line 51, column 1: the header row is here, below more than 50 other rows";
    assert_eq!(late.map(|error| error.to_string()).as_deref(), Some(expected));
    // It is looked for further down only to say where it is.
    let searched = |above: usize| {
        let text = format!("{}{table}", "x\n".repeat(above));
        try_read(text.as_bytes(), "").err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(searched(999).contains("line 1000, column 1: the header row is here"));
    assert!(searched(1_000).contains("there is no heading"), "{}", searched(1_000));
    // A doubled heading above the header is no fault of the header.
    let (_, kept) = read_text(&format!("amount,amount\n{table}"), "");
    assert_eq!(kept.rows.len(), 1);
}

#[test]
fn the_nearest_record_is_said_to_be_the_header() {
    for (text, message) in [
        ("My shop\nid,amount,currency,created_at\n", "line 2, column merchant_order_id"),
        ("My shop\nOrder No,Total,Date\nA1,5,2026-04-10\n", "line 2, column merchant_order_id"),
        ("sep=;\nmerchant_order_id;amount;currency;created_at\n", "line 2, column merchant"),
        // Several headings are nearer than one cell that another separator would split.
        ("Orders; of April; all\nOrder No,Total\nA1,5\n", "line 2, column merchant_order_id"),
        // Of records that come equally near, the first.
        ("Order No,Total\nOrder Id,Sum\n", "line 1, column merchant_order_id"),
    ] {
        let error = try_read(text.as_bytes(), "").err().map(|error| error.to_string());
        assert!(error.as_deref().unwrap_or_default().contains(message), "{text}: {error:?}");
    }
    // The header row is one of the first 50 records: the next is not named, however near it comes.
    for (above, line) in [(49, 50), (50, 1)] {
        let text = format!("{}amount,currency\n", "x\n".repeat(above));
        let error = try_read(text.as_bytes(), "").err().map(|error| error.to_string());
        let position = format!("a.csv, line {line}, column merchant_order_id");
        assert!(error.as_deref().unwrap_or_default().starts_with(&position), "{error:?}");
    }
}

#[test]
fn short_records_are_read_unless_they_are_the_last() {
    let header = "merchant_order_id,amount,currency,created_at,note,more";
    let text = format!("{header}\nA1,5,inr,2026-04-10\nA2,5,inr\nA3,5,inr,2026-04-10,x\n");
    let last = "4: it has 5 fields, the header row has 6: the last row of the file is cut short";
    let short = "3: it has 3 fields, the header row has 6";
    assert_eq!(rows(&text, ""), ["A1 5.00 inr 2026-04-10", short, last]);
    assert_eq!(rows(&format!("{text},,\n\n"), "")[2], last);
    let whole = format!("{text}A4,5,inr,2026-04-10,,\n");
    assert_eq!(rows(&whole, "")[1], "A3 5.00 inr 2026-04-10");
    // Cells without a heading at the header's end are no part of the table.
    let loose = format!("{HEADER},,\nA1,5,inr,2026-04-10\nA2,5,inr,2026-04-10,,x\n");
    assert_eq!(rows(&loose, "").len(), 2);
    assert!(rows(&loose, "").iter().all(|row| row.ends_with("inr 2026-04-10")));
}

#[test]
fn ids_are_trimmed_unguarded_and_completed() {
    let text = format!(
        "{HEADER}\n\"=\"\"1001\"\"\",5,inr,2026-04-10\n1003\t,5,inr,2026-04-10\n\
         \x20 1004 ,5,inr,2026-04-10\n'1002,5,inr,2026-04-10\n10\u{200b}05,5,inr,2026-04-10\n"
    );
    let (read, kept) = read_text(&text, "id_prefix = 'S-'\nid_suffix = '/x'");
    let ids: Vec<_> = kept.rows.iter().map(|(_, row)| &*row.key.merchant_order_id).collect();
    assert_eq!(ids, ["S-1001/x", "S-1003/x", "S-1004/x", "S-'1002/x", "S-10\u{200b}05/x"]);
    let expected = "a.csv: order ids with an outer ' or an invisible character: 2, the first in \
                    line 5: '1002 has an outer '. The gateway";
    assert_eq!(read.warnings.len(), 1);
    assert_eq!(read.warnings[0].code, "odd_ids");
    assert!(read.warnings[0].text.starts_with(expected), "{}", read.warnings[0].text);
}

#[test]
fn at_most_ten_unknown_currencies_are_named() {
    let currencies = ('a'..='l').map(|letter| format!("A{letter},5,xy{letter},2026-04-10\n"));
    let text = format!("{HEADER}\n{}", currencies.collect::<String>());
    let (read, kept) = read_text(&text, "");
    assert_eq!((kept.rows.len(), read.warnings.len()), (12, 10));
    assert!(read.warnings[9].text.contains("the currency xyj, which ISO 4217 does not know: 1"));
}

#[test]
fn amounts_in_two_columns() {
    let text = "merchant_order_id,created_at,Debit,Credit\nA1,2026-04-10,,5.00\n\
                A2,2026-04-10,7,0.00\nA3,2026-04-10,-,3\nA4,2026-04-10,1,2\nA5,2026-04-10,,NULL\n\
                A6,2026-04-10,0,0\nA7,2026-04-10,-4,\nA8,2026-04-10,0.00,8\n";
    let expected = [
        "A1 5.00 inr 2026-04-10 income",
        "A2 7.00 inr 2026-04-10 expense",
        "A3 3.00 inr 2026-04-10 income",
        "A6 0.00 inr 2026-04-10",
        "A8 8.00 inr 2026-04-10 income",
        "5: credit \"2\" and debit \"1\": only one of them can have an amount",
        "6: amount is empty; [ledger] line_items reads such rows as items of an order",
        "8: debit \"-4\": it is not a plain decimal number; [ledger] signed_amounts = true reads a \
         negative amount as an expense",
    ];
    assert_eq!(rows(text, "currency = 'inr'"), expected);
    let (read, _) = read_text(text, "currency = 'inr'\nsigned_amounts = true");
    assert_eq!(totals(&read), "5.00 inr");
    let signed = rows(
        "merchant_order_id,created_at,credit,debit\nA1,2026-04-10,-5,\n",
        "currency = 'inr'\nsigned_amounts = true",
    );
    assert_eq!(signed, ["2: credit \"-5\": a credit cannot be negative"]);
    // Where there is an amount, other columns of these names are not looked at, unless mapped.
    let three = format!("{HEADER},credit,debit\nA1,5,inr,2026-04-10,x,y\nA2,,inr,2026-04-10,,7\n");
    assert_eq!(rows(&three, "")[0], "A1 5.00 inr 2026-04-10");
    assert!(rows(&three, "")[1].starts_with("3: amount is empty; [ledger] line_items reads"));
    let other = rows(&three.replace(",,7\n", ",,7.50\n"), "");
    assert!(other[1].contains("another column has a number; [ledger.columns] credit and debit"));
    let mapped = "columns = { credit = 'credit', debit = 'debit' }";
    assert_eq!(rows(&three, mapped)[0], "A2 7.00 inr 2026-04-10 expense");
    let typed = format!(
        "{},transaction_type\nA1,2026-04-10,5,,payout\n",
        "merchant_order_id,created_at,credit,debit"
    );
    assert_eq!(
        rows(&typed, "currency = 'inr'")[0],
        "2: the amount is a credit, an income, but transaction_type says expense"
    );
}

#[test]
fn currencies_signs_and_units_in_amounts() {
    let config = "currency_in_amount = true\nthousands_separator = ','\nsigned_amounts = true";
    for (config, row, expected) in [
        (config, "A1,\"₹1,00,000.00\",,2026-04-10", "A1 100000.00 inr 2026-04-10 income"),
        (config, "A1,Rs. 5,INR,2026-04-10", "A1 5.00 inr 2026-04-10 income"),
        (config, "A1,(₹5.00),inr,2026-04-10", "A1 5.00 inr 2026-04-10 expense"),
        (
            &format!("{config}\ncurrencies = {{ '¤' = 'inr' }}"),
            "A1,¤5,,2026-04-10",
            "A1 5.00 inr 2026-04-10 income",
        ),
        (config, "A1,5.00 Dr,inr,2026-04-10", "A1 5.00 inr 2026-04-10 expense"),
        (config, "A1,5.00 Cr,inr,2026-04-10", "A1 5.00 inr 2026-04-10 income"),
        (config, "A1,$5,inr,2026-04-10", "2: amount \"$5\": the sign $ means "),
        (config, "A1,Rs 5,,2026-04-10", "2: amount \"Rs 5\": the sign Rs can mean inr, "),
        (
            "",
            "A1,₹5,inr,2026-04-10",
            "2: amount \"₹5\": it is not a plain decimal number; [ledger] currency_in_amount",
        ),
        (
            "",
            "A1,1183.9300000000001,inr,2026-04-10",
            "2: amount \"1183.…0001\": it has more than 6 decimals; [ledger] round_amounts = 2",
        ),
        ("amount_unit = 'minor'", "A1,2304100,inr,2026-04-10", "A1 23041.00 inr 2026-04-10"),
        ("amount_unit = 'minor'", "A1,2304100,jpy,2026-04-10", "A1 2304100.00 jpy 2026-04-10"),
        (
            "amount_unit = 'minor'",
            "A1,23.5,inr,2026-04-10",
            "2: amount \"23.5\": it is not a whole number",
        ),
        (
            "amount_unit = 'minor'",
            "A1,23,usdt,2026-04-10",
            "2: amount \"23\": amount_unit = \"minor\" needs a currency of ISO 4217",
        ),
        ("currency = 'inr'", "A2,5.00,NULL,2026-04-10", "A2 5.00 inr 2026-04-10"),
        ("", "A2,5.00,NULL,2026-04-10", "2: currency is empty"),
    ] {
        let got = rows(&format!("{HEADER}\n{row}\n"), config);
        assert!(got[0].starts_with(expected), "{row}: {got:?}");
    }
}

#[test]
fn rounded_amounts_and_unknown_currencies_are_warned_of() {
    let text = format!(
        "{HEADER}\nA1,1183.9300000000001,inr,2026-04-10\nA2,5.001,rs,2026-04-10\n\
         A3,5.10,usdt,2026-04-10\nA4,5.10,rs,2026-04-10\n"
    );
    let (read, kept) = read_text(&text, "round_amounts = 2\ncurrencies = { usdt = 'usdt' }");
    assert_eq!(shown(&kept)[0], "A1 1183.93 inr 2026-04-10");
    let warnings: Vec<_> =
        read.warnings.iter().map(|warning| (&*warning.code, &*warning.text)).collect();
    assert_eq!(
        warnings,
        [
            (
                "rounded_amounts",
                "a.csv: amounts rounded to 2 decimals ([ledger] round_amounts): 2, the first in \
                 line 2"
            ),
            (
                "unknown_currency",
                "a.csv: rows with the currency rs, which ISO 4217 does not know: 2, the first in \
                 line 3. Map it in [ledger.currencies], e.g. \"rs\" = \"inr\", or to itself if the \
                 gateway calls it so"
            ),
        ]
    );
}

#[test]
fn rows_that_are_no_orders_are_skipped_and_summed() {
    let text = format!(
        "{HEADER},Type\nA1,5,inr,2026-04-10,sale\nF1,0.50,inr,2026-04-10,Fee\nT,bad,,,TRANSFER\n\
         ,7,inr,,\n1.2E+15,8,inr,2026-04-10,fee\nA2,6,inr,2026-04-10,sale\n"
    );
    let config = "skip = [{ column = ' type', values = ['fee', 'Transfer'] }, \
                  { column = 'merchant_order_id', empty = true }]";
    let (read, kept) = read_text(&text, config);
    assert_eq!(shown(&kept), ["A1 5.00 inr 2026-04-10", "A2 6.00 inr 2026-04-10"]);
    assert_eq!((read.rows, read.skipped.rows, kept.skipped, kept.invalid.len()), (6, 4, 4, 0));
    let skipped = read.skipped.totals.get("inr").map(ToString::to_string);
    assert_eq!(skipped.as_deref(), Some("15.50"));
    assert_eq!(totals(&read), "26.50 inr");
    let missing = try_read(text.as_bytes(), "skip = [{ column = 'Kind', empty = true }]").err();
    let missing = missing.map(|error| error.to_string()).unwrap_or_default();
    assert!(missing.contains("there is no heading \"Kind\""), "{missing}");
}

#[test]
fn items_without_an_id_belong_to_the_row_above() {
    let text = format!(
        "{HEADER},Type\n,1,inr,2026-04-10,\nA1,5,inr,2026-04-10,\n,2,,,\n,,,,x\n\
         F1,1,inr,2026-04-10,fee\n,3,,,\nA2,bad,inr,2026-04-10,\n,4,,,\n"
    );
    let skip = "skip = [{ column = 'Type', values = ['fee'] }]";
    let (read, kept) = read_text(&text, &format!("line_items = 'sum'\n{skip}"));
    assert_eq!(shown(&kept), ["A1 5.00 inr 2026-04-10", "A1 2.00 ? ?", "A1 ? ? ?", "A2 4.00 ? ?"]);
    assert_eq!(kept.invalid.len(), 1, "the first row has nothing above it");
    assert_eq!((read.skipped.rows, totals(&read).as_str()), (2, "3.00 ?, 13.00 inr"));
    for mode in ["'empty'", "'total'"] {
        let (_, kept) = read_text(&text, &format!("line_items = {mode}\n{skip}"));
        let reasons: Vec<_> = kept.invalid.iter().map(|row| row.line).collect();
        let (items, lines) = match mode {
            "'empty'" => (kept.partial.len(), vec![2, 4, 5, 7, 8, 9]),
            _ => (kept.items.len() - 2, vec![2, 4, 5, 7, 9]),
        };
        assert_eq!((items, reasons), (0, lines), "{mode}");
    }
}

/// A row whose cells cannot be told apart belongs to the order of its id, or to the one above.
#[test]
fn an_item_of_unclear_cells_goes_with_its_order() {
    let text = format!(
        "{HEADER}\nA1,5,inr,2026-04-10\n,1,00,,x\nA3,6,00,inr,2026-04-10\n,7\nA4,8,inr,2026-04-10\n"
    );
    for mode in ["'sum'", "'total'"] {
        let (_, kept) = read_text(&text, &format!("line_items = {mode}"));
        let items = kept.items.iter();
        let items: Vec<_> =
            items.map(|row| (row.line, &*row.key.merchant_order_id, row.cells.is_ok())).collect();
        let expected = [
            (2, "A1", true),
            (3, "A1", false),
            (4, "A3", false),
            (5, "A3", false),
            (6, "A4", true),
        ];
        assert_eq!((&items[..], kept.invalid.len()), (&expected[..], 0), "{mode}");
    }
    let (_, kept) = read_text(&text, "");
    assert_eq!((kept.rows.len(), kept.invalid.len()), (2, 3), "without line items");
}

#[test]
fn an_item_has_the_currency_of_its_order_above() {
    let text = format!("{HEADER}\nA1,5,inr,2026-04-10\nA1,2,,\nA2,4,,\nA1,1,,\n");
    let (read, _) = read_text(&text, "line_items = 'sum'");
    assert_eq!(totals(&read), "5.00 ?, 7.00 inr");
}

#[test]
fn the_sign_of_an_item_says_nothing_of_its_order() {
    let text = format!("{HEADER}\nA1,5,inr,2026-04-10\nA1,-2,inr,2026-04-10\n");
    let signed = "signed_amounts = true\nline_items = 'sum'";
    assert_eq!(rows(&text, signed), ["A1 5.00 inr 2026-04-10", "A1 -2.00 inr 2026-04-10"]);
}

#[test]
fn items_with_the_id_of_a_skipped_order_are_skipped_with_it() {
    let text = format!(
        "{HEADER},Method\nA1,5,inr,2026-04-10,card\nA1,,,,\nA2,6,inr,2026-04-10,COD\n =\"A2\",,,,\n\
         ,,,,x\nA3,,,,\nA2,,,,\nA4,7,inr,2026-04-10,cod\nA4,8,inr,2026-04-10,card\n"
    );
    let skip = "skip = [{ column = 'Method', values = ['cod'] }]";
    let (read, kept) = read_text(&text, &format!("line_items = 'empty'\n{skip}"));
    // A3 has no row with an amount, and the later A2 is below A3. A row with an amount is an order.
    let items =
        ["A1 5.00 inr 2026-04-10", "A1 ? ? ?", "A3 ? ? ?", "A2 ? ? ?", "A4 8.00 inr 2026-04-10"];
    assert_eq!(shown(&kept), items);
    assert_eq!((read.rows, read.skipped.rows, kept.invalid.len()), (9, 4, 0));
    let (read, kept) = read_text(&text, skip);
    assert_eq!((read.skipped.rows, kept.invalid.len()), (2, 5), "not without line items");
}

#[test]
fn an_encoding_is_read_and_a_wrong_one_is_named() {
    let mut text = format!("{HEADER},Kunde\nA1,5,inr,2026-04-10,Ren").into_bytes();
    text.extend_from_slice(b"\xE9\n");
    let (_, kept) = read_bytes(&text, "encoding = 'windows-1252'");
    assert_eq!(shown(&kept), ["A1 5.00 inr 2026-04-10"]);
    let (_, kept) = read_bytes(&text, "");
    let reason = "it is not valid UTF-8 from line 2, column 24 on; [ledger] encoding reads others, \
                  e.g. \"windows-1252\"";
    assert_eq!(kept.invalid[0].reason, reason);
    let utf16: Vec<u8> = format!("\u{feff}{HEADER}\nÄ1,5,inr,2026-04-10\n")
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let (read, kept) = read_bytes(&utf16, "encoding = 'utf-16be'");
    assert_eq!(shown(&kept), ["Ä1 5.00 inr 2026-04-10"]);
    assert_eq!(read.sha256, hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&utf16)));
    assert!(try_read(&utf16, "").is_err());
}

#[test]
fn times_in_another_zone_and_in_another_column() {
    let text = "merchant_order_id,amount,Date,At\nA1,5,10/04/2026,18:29\n\
                A2,5,10/04/2026,18:30\nA3,5,10/04/2026,\n";
    let config = "currency = 'inr'\ntimezone = 'Asia/Kolkata'\ntimes_in = 'UTC'\n\
                  date_format = '%d/%m/%Y'\ncolumns = { created_at = 'Date', time = 'At' }";
    let expected = ["A1 5.00 inr 2026-04-10", "A2 5.00 inr 2026-04-11", "A3 5.00 inr 2026-04-10"];
    assert_eq!(rows(text, config), expected);
}
