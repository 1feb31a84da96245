//! Columns that are found by their cells or by headings in other languages, and what is offered for
//! those that are not found.

use super::{check, suggestion_for};

const HEAD: &str = "merchant_order_id,amount,created_at";

/// Rows with further columns.
fn with(headings: &str, currency: bool, rows: &[&str]) -> String {
    let given = if currency { ",currency" } else { "" };
    let inr = if currency { ",inr" } else { "" };
    let rows = (1..).zip(rows).map(|(id, row)| format!("A{id},{id}.50,2026-10-31{inr},{row}\n"));
    format!("{HEAD}{given},{headings}\n{}", rows.collect::<String>())
}

#[test]
fn a_currency_column_is_found_by_its_heading_or_its_cells() {
    check(&[
        (&with("Währung", false, &["EUR", "EUR"]), &["columns.currency = \"Währung\""], &[]),
        (&with("Cur", false, &["myr", "myr"]), &["columns.currency = \"Cur\""], &[]),
        (&with("Geld", false, &["EUR", "USD"]), &["columns.currency = \"Geld\""], &[]),
        // One cell is none.
        (&with("Geld", false, &["EUR", "odd"]), &[], &["currency"]),
        // The product, not the Cuban peso.
        (&with("Thing", false, &["Cup", "Cup"]), &[], &["currency"]),
        (&with("Item", false, &["CUP", "CUP"]), &[], &["currency"]),
        (&with("Geld,Bank", false, &["EUR,EUR", "USD,EUR"]), &[], &["currency"]),
        // A column with a usual name is enough.
        (&with("Geld", true, &["EUR", "USD"]), &[], &[]),
    ]);
    let suggestion = suggestion_for(&[with("Geld", false, &["EUR"]).as_bytes()], "");
    assert!(suggestion.block().contains("each cell is a currency's code"));
    let several = with("Geld,Bank", false, &["EUR,EUR", "USD,EUR"]);
    let block = suggestion_for(&[several.as_bytes()], "").block();
    assert!(block.contains("# currency = \"Geld\"\n# currency = \"Bank\"\n"), "{block}");
    let none = suggestion_for(&[with("Note", false, &["x"]).as_bytes()], "").block();
    assert!(none.contains("no heading has a usual name of currency"), "{none}");
    assert!(none.contains("# currency = \"inr\" # an example; put yours\n"), "{none}");
    assert!(none.contains("# timezone = \"Asia/Kolkata\" # an example; put yours\n"), "{none}");
}

#[test]
fn a_status_column_is_found_by_its_heading_or_its_cells() {
    let column = |heading: &str| format!("columns.status = \"{heading}\"");
    let paid = ["TXN_SUCCESS", "TXN_SUCCESS", "TXN_FAILURE", "TXN_SUCCESS"];
    for heading in ["State", "Result", "Payment Status", "Anything"] {
        check(&[(&with(heading, true, &paid), &[&column(heading)], &[])]);
    }
    check(&[
        // Nearly all rows.
        (&with("Anything", true, &["paid", "paid", "", "paid"]), &[&column("Anything")], &[]),
        (&with("Anything", true, &["paid", "", "", "paid"]), &[], &[]),
        (&with("Anything", true, &["paid", "odd"]), &[], &[]),
        // A state of a country.
        (&with("State", true, &["Kerala", "Goa"]), &[], &[]),
        (&with("One,Two", true, &["paid,open", "paid,paid"]), &[], &["status"]),
        (
            &with("State,Result", true, &["paid,open", "paid,paid"]),
            &[&column("State")],
            &["status"],
        ),
    ]);
    let note = suggestion_for(&[with("Note", true, &["x"]).as_bytes()], "").notes().join(" ");
    assert!(note.contains("only where the gateway says failed, reject or refund"), "{note}");
}

#[test]
fn incomes_and_expenses_in_two_columns() {
    let halves = |one: &str, other: &str| {
        format!(
            "merchant_order_id,created_at,currency,{one},{other}\nA,2026-10-31,inr,5.50,\n\
             B,2026-10-31,inr,0.00,4.50\nC,2026-10-31,inr,,6.50\n"
        )
    };
    for (debit, credit) in [
        ("Soll", "Haben"),
        ("Withdrawal", "Deposit"),
        ("Withdrawal Amt.", "Deposit Amt."),
        ("Paid out", "Paid in"),
        ("Dr", "Cr"),
    ] {
        let keys =
            [format!("columns.credit = \"{credit}\""), format!("columns.debit = \"{debit}\"")];
        let keys = keys.each_ref().map(String::as_str);
        check(&[(&halves(debit, credit), &keys, &[])]);
    }
    check(&[
        (&halves("Left", "Right"), &[], &["credit"]),
        (
            &halves("Left", "Right").replace("C,2026-10-31,inr,,", "C,2026-10-31,inr,1.50,"),
            &[],
            &["amount"],
        ),
    ]);
    let block = suggestion_for(&[halves("Left", "Right").as_bytes()], "").block();
    let choices =
        "# credit = \"Left\"\n# debit = \"Right\"\n# credit = \"Right\"\n# debit = \"Left\"\n";
    assert!(block.contains(choices), "{block}");
}

#[test]
fn real_headings_are_offered_for_columns_without_a_usual_name() {
    let rows = "900001,12345,Rao Bose,3,2026-10-31,inr\n900002,24690,Mei Li,3,2026-11-01,inr\n";
    for (headings, choices) in [
        (
            "payment_ref,amount_paise,who,count,created_at,currency",
            &[
                ("merchant_order_id", &["merchant_order_id = \"payment_ref\""][..]),
                ("amount", &["amount = \"amount_paise\""]),
                ("amount_unit", &["amount_unit = \"minor\"", "amount_unit = \"major\""]),
            ][..],
        ),
        // No heading has a usual word: by the cells.
        (
            "a,b,who,count,created_at,currency",
            &[
                ("merchant_order_id", &["merchant_order_id = \"a\"", "merchant_order_id = \"b\""]),
                ("amount", &["amount = \"a\"", "amount = \"b\"", "amount = \"count\""]),
            ],
        ),
    ] {
        let suggestion = suggestion_for(&[format!("{headings}\n{rows}").as_bytes()], "");
        for (key, expected) in choices {
            let point = suggestion.open().iter().find(|point| point.key == *key);
            let point = point.unwrap_or_else(|| unreachable!("{key}: {}", suggestion.block()));
            assert_eq!(point.choices, *expected, "{headings}");
        }
    }
    let minor = "merchant_order_id,Amount (in paise),created_at,currency\nA,500,2026-10-31,inr\n";
    let suggestion = suggestion_for(&[minor.as_bytes()], "");
    let unit = suggestion.open().iter().find(|point| point.key == "amount_unit");
    let unit = unit.unwrap_or_else(|| unreachable!("{}", suggestion.block()));
    assert!(unit.text.contains("says paise"), "{}", unit.text);
    assert_eq!(unit.choices[0], "amount_unit = \"minor\"");
}

#[test]
fn encodings_are_listed_once_for_each_text() {
    let text = b"merchant_order_id,amount,currency,created_at,Note\n\
                 A,5.50,inr,2026-10-31,Zahlung Schr\xf6der 1\n";
    let suggestion = suggestion_for(&[text], "");
    let point = suggestion.open().iter().find(|point| point.key == "encoding");
    let point = point.unwrap_or_else(|| unreachable!("{}", suggestion.block()));
    assert!(
        point.text.starts_with("1 row is not in UTF-8, from line 2, column 35"),
        "{}",
        point.text
    );
    let same = "iso-8859-15, windows-1250, windows-1254 read it as windows-1252 does";
    assert!(point.text.contains(same), "{}", point.text);
    let words = ["windows-1252", "windows-1251", "macintosh", "gbk", "big5"].into_iter().zip([
        "Schröder",
        "Schrцder",
        "Schrˆder",
        "Schr鰀er",
        "Schr鐰er",
    ]);
    let listed: Vec<_> =
        words.map(|(label, word)| format!("encoding = \"{label}\" # {word}")).collect();
    assert_eq!(point.choices, listed);
    // The header alone.
    let header = b"merchant_order_id,amount,W\xe4hrung,created_at\nA,5.50,inr,2026-10-31\n";
    let block = suggestion_for(&[header], "").block();
    assert!(block.contains("the header is not in UTF-8"), "{block}");
}
