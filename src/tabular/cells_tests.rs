//! Tables of amounts.

use super::*;

const PLAIN: NumberFormat =
    NumberFormat { thousands_separator: None, decimal_separator: '.', signed: false };

fn separators(thousands_separator: Option<char>, decimal_separator: char) -> NumberFormat {
    NumberFormat { thousands_separator, decimal_separator, ..PLAIN }
}

/// The amount with its sign, or the reason.
fn shown(cell: &str, format: NumberFormat) -> String {
    match read_amount(cell, format) {
        Ok(Some(amount)) => amount.signed().to_string(),
        Ok(None) => "none".to_owned(),
        Err(error) => match error.hint {
            None => format!("!{error}"),
            Some(hint) => format!("!{error}; {hint:?}"),
        },
    }
}

#[test]
fn amounts() {
    let comma = separators(Some(','), '.');
    let german = separators(Some('.'), ',');
    let decimal_comma = separators(None, ',');
    let swiss = separators(Some('’'), '.');
    let french = separators(Some('\u{202f}'), ',');
    let cases: [(NumberFormat, &[(&str, &str)]); 6] = [
        (
            PLAIN,
            &[
                ("500.00", "500.00"),
                (" 500.00\t", "500.00"),
                ("0.000001", "0.000001"),
                ("", "none"),
                ("  ", "none"),
                ("1,200.00", "!it is not a plain decimal number; Separators"),
                ("500,00", "!it is not a plain decimal number; Separators"),
                ("-5", "!it is not a plain decimal number; Signed"),
                ("(5.00)", "!it is not a plain decimal number; Signed"),
                ("+5", "!it is not a plain decimal number"),
                ("1e2", "!it is not a plain decimal number"),
                ("1.0000000", "!it has more than 6 decimals"),
                ("1000000000000", "!it is not below 1,000,000,000,000"),
                ("\u{a0}5", "!"),
                ("１２", "!"),
                ("1_000", "!"),
                ("₹500", "!"),
                (".5", "!"),
                ("NaN", "!"),
            ],
        ),
        (
            comma,
            &[
                ("1,200.00", "1200.00"),
                ("1,23,456.00", "123456.00"),
                ("12,34,56,789", "123456789.00"),
                ("1,234,567.5", "1234567.50"),
                ("1200", "1200.00"),
                ("500,00", "!"),
                ("1,2", "!"),
                ("1,,200", "!"),
                (",200", "!"),
                ("1234,567", "!"),
                ("1,2345,678", "!"),
                ("1,234,", "!"),
                ("1.234,567", "!"),
                ("1,200.0,0", "!"),
            ],
        ),
        (
            german,
            &[
                ("1.200,50", "1200.50"),
                ("1.234.567,5", "1234567.50"),
                ("500", "500.00"),
                ("500.00", "!"),
                ("1,200.50", "!"),
                ("1,2,3", "!"),
            ],
        ),
        (decimal_comma, &[("500,5", "500.50"), ("500.5", "!"), ("5,0.0", "!")]),
        (swiss, &[("1’200.50", "1200.50"), ("1'200.50", "!")]),
        (french, &[("1\u{202f}200,50", "1200.50"), ("1 200,50", "!")]),
    ];
    for (format, table) in cases {
        for (cell, expected) in table {
            let got = shown(cell, format);
            let right = if expected.starts_with('!') {
                got.starts_with(expected)
            } else {
                got == *expected
            };
            assert!(right, "{cell:?}: {got}");
        }
    }
}

#[test]
fn signed_amounts() {
    let signed = NumberFormat { signed: true, ..separators(Some(','), '.') };
    for (cell, expected) in [
        ("5.00", "5.00"),
        ("+5.00", "5.00"),
        ("-5.00", "-5.00"),
        ("\u{2212}1,200.00", "-1200.00"),
        ("5.00-", "-5.00"),
        ("(5.00)", "-5.00"),
        (" (1,200.00) ", "-1200.00"),
        ("", "none"),
    ] {
        assert_eq!(shown(cell, signed), expected, "{cell:?}");
    }
    for cell in ["--5", "-5-", "(-5)", "-(5)", "(5", "5)", "()", "-", "- 5", "+-5"] {
        assert!(shown(cell, signed).starts_with('!'), "{cell:?}");
    }
    let zero = read_amount("-0.00", signed);
    assert_eq!(zero, Ok(Some(SignedAmount { size: Amount::ZERO, negative: true })));
}
