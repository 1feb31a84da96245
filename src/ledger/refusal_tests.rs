//! Whole ledgers: what is refused, and which rows are invalid.

use super::*;

#[test]
fn unusable_ledgers_are_refused() {
    let long = format!("{HEADER}\nA1,5,inr,2026-04-10\n\"A2,{}", "x\n".repeat(800_000));
    let wide = format!("{HEADER}\nA1,5,inr,2026-04-10\nA2,{}\n", "x".repeat(1_100_000));
    let body = |text: &str| format!("{HEADER}\n{text}");
    let cases: [(&str, String, &str, &str); 23] = [
        ("", body("A1,5,inr,\"2026"), "a.csv, line 2, column 10: the quote that opens", "close it"),
        ("", body("é1,\"5"), "a.csv, line 2, column 4: the quote that opens here", "cut short"),
        ("", body("\"a\n\"\"b\",5,\"c\n"), "line 3, column 8: the quote that opens", "close it"),
        (
            "",
            body("\"A1,5,inr,2026-04-10\n\"A2\",5,inr,2026-04-10\n"),
            "line 3, column 2: a quote closes and `A` follows, where only `,` or a line's end can; \
             the quote was opened in line 2, column 1",
            "swallow",
        ),
        ("", body("\"A1\" ,5,inr,x"), "line 2, column 5: a quote closes and a space", "double"),
        ("", body("\"A1\"é,5,inr,x"), "line 2, column 5: a quote closes and `é`", "double"),
        (
            "",
            "\"merchant_order_id\";\"amount\"\n".to_owned(),
            "line 1, column 20: a quote closes and `;` follows",
            "separated by `;`, set [ledger] delimiter = \";\"",
        ),
        ("", body("A1,5,inr,2026\0\n"), "line 2, column 14: there is a NUL byte", "export"),
        ("", body("A1,\"5\0\",inr,2026\n"), "line 2, column 6: there is a NUL byte", "export"),
        (
            "",
            "m\0e\0r\0".to_owned(),
            "line 1, column 2: it is UTF-16, or no text",
            "encoding = \"utf-16",
        ),
        (
            "",
            "\n\n\0".to_owned(),
            "line 3, column 1: it is UTF-16, or no text",
            "encoding = \"utf-16",
        ),
        ("", long, "line 3, column 1: the quote that opens here is never closed", "close it"),
        ("", wide, "line 3, column 1: the row that begins here is longer than 1 MiB", "quote"),
        (
            "",
            "\nOrder No.,amount,currency,created_at\n".to_owned(),
            "a.csv, line 2, column merchant_order_id: there is no heading \"merchant_order_id\"; \
             the file has \"Order No.\", \"amount\", \"currency\", \"created_at\"",
            "[ledger.columns]",
        ),
        (
            "",
            HEADER.replace(',', ";"),
            "line 1, column merchant_order_id: there is no heading",
            "if its columns are separated by `;`, set [ledger] delimiter = \";\"",
        ),
        ("", HEADER.replace(',', "\t"), "line 1", "by a tab, set [ledger] delimiter = \"\\t\""),
        ("delimiter = ';'", HEADER.to_owned(), "line 1", "set [ledger] delimiter = \",\""),
        (
            "",
            format!("{HEADER},note,Amount\n"),
            "a.csv, line 1, column amount: the heading \"amount\" is given twice: as the 2. and \
             the 6.",
            "[ledger.columns]",
        ),
        (
            "",
            body("A1,5,inr,2026-04-10\n1.23457E+19,5,inr,2026-04-10\n"),
            "a.csv, line 3, column merchant_order_id: the order id \"1.23457E+19\" has lost its \
             digits",
            "as text",
        ),
        ("", body("\"1,2E+19\",5,inr,2026-04-10"), "line 2, column merchant_order_id", "text"),
        ("", body(" 1.2E-05 ,bad,bad,bad"), "line 2, column merchant_order_id", "text"),
        ("", " \n\r\n".to_owned(), "a.csv: it is empty: there is no header row", "headings"),
        ("", body("\"\n\"x"), "line 3, column 2: a quote closes and `x` follows", "double"),
    ];
    for (config, text, message, hint) in cases {
        let start: String = text.chars().take(80).collect();
        let Some(error) = try_read(text.as_bytes(), config).err() else {
            unreachable!("{start} was read")
        };
        assert!(error.to_string().contains(message), "{start}: {error}");
        let hinted = error.hint().unwrap_or_default();
        assert!(hinted.contains(hint), "{start}: {hinted}");
    }
    let latin =
        b"merchant_order_id,amount,currency,created_at,Gr\xF6\xDFe\nA1,5,inr,2026-04-10,1\n";
    let error = try_read(latin, "").err().map(|error| error.to_string());
    let expected = "a.csv, line 1, column 48: the header row is not valid UTF-8";
    assert_eq!(error.as_deref(), Some(expected));
}

#[test]
fn ids_that_only_look_mangled_are_read() {
    for id in ["0503E000", "E+5", "1.2.3E+4", "4086918E-0006", "12e-3", "A1.5E+05", "'1"] {
        let (_, kept) = read_text(&format!("{HEADER}\n{id},5,inr,2026-04-10"), "");
        let ids: Vec<_> =
            kept.rows.iter().map(|(_, row)| row.key.merchant_order_id.as_str()).collect();
        assert_eq!(ids, [id]);
    }
}

#[test]
fn invalid_rows_come_with_line_reason_and_bytes() {
    let long = format!("{},5,inr,2026-04-10", "x".repeat(10_000));
    let limit = format!("{},5,inr,2026-04-10", "x".repeat(512));
    let beyond = format!("{},5,inr,2026-04-10", "x".repeat(513));
    let cases: [(&[u8], Option<&str>); 20] = [
        (b"A1,5,inr,2026-04-10", None),
        (beyond.as_bytes(), Some("merchant_order_id is 513 bytes long; the limit is 512 bytes")),
        (limit.as_bytes(), None),
        (b"A1,5,inr", Some("it has 3 fields, the header row has 4")),
        (b"A1,5,inr,2026-04-10, ,\"\"", None),
        (
            b"A1,5,inr,2026-04-10,,x",
            Some("it has 6 fields, the header row has 4; does a cell have the separator without"),
        ),
        (b"A1,5;00,inr,2026-04-10", Some("amount \"5;00\": it is not a plain decimal number")),
        (b"A1,,inr,2026-04-10", Some("amount is empty; [ledger] line_items reads")),
        (b"A1,5,,2026-04-10", Some("currency is empty, and [ledger] currency is not set")),
        (b"A1,5,12,2026-04-10", Some("currency \"12\": it is not a currency;")),
        (b"A1,5,inr,2026-04-31", Some("created_at \"2026-04-31\": it is not a date")),
        (b"A1,5,inr,", Some("created_at is empty")),
        (b",5,inr,2026-04-10", Some("merchant_order_id is empty")),
        (b" \t ,5,inr,2026-04-10", Some("merchant_order_id is empty")),
        (b"\"\",5,inr,2026-04-10", Some("merchant_order_id is empty")),
        (long.as_bytes(), Some("merchant_order_id is 10000 bytes long; the limit is 512 bytes")),
        (b"\xE9,5,inr,2026-04-10", Some("it is not valid UTF-8 from line 3, column 1 on")),
        (b"\"\xC3\xA9\n\xC3\",5,inr,2026-04-10", Some("not valid UTF-8 from line 4, column 1 on")),
        (b"\"\",,,x", Some("merchant_order_id is empty")),
        (b"x", Some("it has 1 fields, the header row has 4")),
    ];
    for (row, reason) in cases {
        for end in [&b"\r\n"[..], b"\n", b""] {
            let good = b"A0,1,inr,2026-04-10\r\n";
            let text = [HEADER.as_bytes(), b"\r\n", good, row, end].concat();
            let (read, kept) = read_bytes(&text, "");
            assert_eq!(read.rows, 2);
            assert_eq!(kept.invalid.len(), usize::from(reason.is_some()));
            let Some(reason) = reason else { continue };
            let invalid = &kept.invalid[0];
            assert_eq!((invalid.line, invalid.file.as_str()), (3, "a.csv"));
            assert_eq!(invalid.raw, row);
            assert!(invalid.reason.contains(reason), "{}", invalid.reason);
        }
    }
}

#[test]
fn no_cell_of_another_column_is_shown() {
    let text =
        format!("{HEADER},note\nA1,5,inr,2026-04-10,secret,more\nA2,x,inr,2026-04-10,secret\n");
    let (_, kept) = read_text(&text, "");
    assert_eq!(kept.invalid.len(), 2);
    assert!(kept.invalid.iter().all(|row| !row.reason.contains("secret")));
    let stray = format!("{HEADER},note\nA1,5,inr,2026-04-10,\"sec\"ret\n");
    let error = try_read(stray.as_bytes(), "").err().map(|error| error.to_string());
    assert!(error.is_some_and(|error| !error.contains("sec") && !error.contains("ret")));
}

#[test]
fn errors_that_a_later_look_can_settle_are_told_apart() {
    let absent = Source::open(std::path::Path::new("/nowhere/a.csv")).err();
    let absent = absent.map(LedgerError::from);
    let hint = absent.as_ref().and_then(LedgerError::hint).unwrap_or_default();
    assert_eq!(hint, "did the export run? If so, check the path that --ledger gives");
    assert!(absent.is_some_and(|error| error.is_absent() && !error.is_limit()));
    let mangled = format!("{HEADER}\n1.2E+19,5,inr,2026-04-10\n");
    for (text, is_absent) in [("", true), (" \n", true), ("a,b\n", false), (&*mangled, false)] {
        let error = try_read(text.as_bytes(), "").err();
        assert_eq!(error.map(|error| error.is_absent()), Some(is_absent), "{text}");
    }
}

/// If only the separator is wrong, the hint names it and no columns.
#[test]
fn a_separator_alone_is_named_where_it_is_all_that_is_wrong() {
    let hint = |text: &str| {
        let error = try_read(text.as_bytes(), "").err();
        error.and_then(|error| error.hint()).unwrap_or_default()
    };
    let alone = "if its columns are separated by `;`, set [ledger] delimiter = \";\"";
    assert_eq!(hint(&HEADER.replace(',', ";")), alone);
    let both = hint("Order No.;amount;currency;created_at\n");
    assert!(both.starts_with(&format!("{alone}; then ")), "{both}");
}
