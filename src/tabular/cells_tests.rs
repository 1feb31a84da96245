//! Tables of amounts.

use super::*;

const PLAIN: NumberFormat = NumberFormat {
    thousands_separator: None,
    decimal_separator: '.',
    signed: false,
    with_currency: false,
    round: None,
};

fn separators(thousands_separator: Option<char>, decimal_separator: char) -> NumberFormat {
    NumberFormat { thousands_separator, decimal_separator, ..PLAIN }
}

/// The amount with its sign and its currency, or the reason.
fn shown(cell: &str, format: NumberFormat) -> String {
    scaled_by(None, cell, format)
}

fn scaled_by(unit_decimals: Option<usize>, cell: &str, format: NumberFormat) -> String {
    let error = |error: NumberError| match error.hint {
        None => format!("!{error}"),
        Some(hint) => format!("!{error}; {hint:?}"),
    };
    let number = match read_number(cell, format) {
        Ok(Some(number)) => number,
        Ok(None) => return "none".to_owned(),
        Err(wrong) => return error(wrong),
    };
    let (size, is_rounded) = match number.size(unit_decimals, format) {
        Ok(size) => size,
        Err(wrong) => return error(wrong),
    };
    let sign = if number.negative { "-" } else { "" };
    let rounded = if is_rounded { " rounded" } else { "" };
    let currency = [if number.currency.is_empty() { "" } else { " " }, number.currency].concat();
    format!("{sign}{size}{currency}{rounded}")
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
                ("5-", "!it is not a plain decimal number; Signed"),
                ("5.00 Dr", "!it is not a plain decimal number; Signed"),
                ("5.00 Cr", "!it is not a plain decimal number; Signed"),
                ("-₹5", "!it is not a plain decimal number; Signed"),
                ("+5", "!it is not a plain decimal number"),
                ("1e2", "!it is not a plain decimal number"),
                ("1.0000000", "!it has more than 6 decimals; Round"),
                ("1000000000000", "!it is not below 1,000,000,000,000"),
                ("\u{a0}5", "!"),
                ("１２", "!"),
                ("1_000", "!"),
                ("₹500", "!it is not a plain decimal number; Currency"),
                ("Rs. 500.00", "!it is not a plain decimal number; Currency"),
                ("500 INR", "!it is not a plain decimal number; Currency"),
                ("₹1,200.00", "!it is not a plain decimal number; Currency"),
                ("paid", "!it is not a plain decimal number"),
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
                ("0,500", "!"),
                ("00,500", "!"),
                ("0500", "500.00"),
                ("1,23,456,789", "!"),
                ("1,234,56,789", "!"),
                ("12,34,567", "1234567.00"),
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
                ("0.500", "!it is not a plain decimal number; Separators"),
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
        ("5.00 Dr", "-5.00"),
        ("1,200.00DR.", "-1200.00"),
        ("5.00 cr", "5.00"),
        ("-0.00", "-0.00"),
        ("", "none"),
    ] {
        assert_eq!(shown(cell, signed), expected, "{cell:?}");
    }
    for cell in [
        "--5", "-5-", "(-5)", "-(5)", "(5", "5)", "()", "-", "- 5", "+-5", "-5 Dr", "(5) Dr", "Dr",
        "5 ADr", "5 Dr Dr", "₹5",
    ] {
        assert!(shown(cell, signed).starts_with('!'), "{cell:?}");
    }
}

#[test]
fn currencies_beside_amounts() {
    let beside = NumberFormat { with_currency: true, ..separators(Some(','), '.') };
    for (cell, expected) in [
        ("₹1,00,000.00", "100000.00 ₹"),
        ("₹ 5", "5.00 ₹"),
        ("Rs. 5", "5.00 Rs."),
        ("Rs.500.50", "500.50 Rs."),
        ("Rs. 1,500/-", "1500.00 Rs."),
        ("1,500/-", "1500.00"),
        ("5 INR", "5.00 INR"),
        ("INR5.00", "5.00 INR"),
        ("5 Rs.", "5.00 Rs."),
        ("5€", "5.00 €"),
        ("US$1,200", "1200.00 US$"),
        ("5", "5.00"),
    ] {
        assert_eq!(shown(cell, beside), expected, "{cell:?}");
    }
    for cell in ["₹5 INR", "₹", "5 INR x", "₹-5", "5..", "Rs..5", ".5", "₹1,2", "= 5"] {
        assert!(shown(cell, beside).starts_with('!'), "{cell:?}: {}", shown(cell, beside));
    }
    let both = NumberFormat { signed: true, ..beside };
    for cell in ["-₹5", "₹-5", "(₹5)", "₹(5)", "₹ 5 Dr", "₹5-", "(5 ₹)"] {
        assert_eq!(shown(cell, both), "-5.00 ₹", "{cell}");
    }
}

#[test]
fn rounding_and_smallest_units() {
    let rounded = |decimals| NumberFormat { round: Some(decimals), ..PLAIN };
    for (decimals, cell, expected) in [
        (2, "1183.9300000000001", "1183.93 rounded"),
        (2, "1183.93", "1183.93"),
        (2, "1183.930000000", "1183.93"),
        (2, "1183.935", "1183.94 rounded"),
        (2, "1183.9349999999", "1183.93 rounded"),
        (2, "0.995", "1.00 rounded"),
        (0, "99.5", "100.00 rounded"),
        (0, "99.4", "99.00 rounded"),
        (6, "0.0000005", "0.000001 rounded"),
        (2, "999999999999.995", "!it is not below 1,000,000,000,000"),
        (2, "1e2", "!it is not a plain decimal number"),
        (2, "5.", "!it is not a plain decimal number"),
    ] {
        assert_eq!(shown(cell, rounded(decimals)), expected, "{cell}");
    }
    for (unit_decimals, cell, expected) in [
        (2, "2304100", "23041.00"),
        (2, "5", "0.05"),
        (2, "0", "0.00"),
        (2, "2304100.00", "23041.00"),
        (2, "2304100.5", "!it is not a whole number of the currency's smallest unit"),
        (3, "1234", "1.234"),
        (2, "99999999999999", "999999999999.99"),
        (2, "100000000000000", "!it is not below 1,000,000,000,000"),
        (0, "5", "5.00"),
        (0, "5.5", "!it is not a whole number of the currency's smallest unit"),
    ] {
        assert_eq!(scaled_by(Some(unit_decimals), cell, PLAIN), expected, "{cell}");
    }
    assert_eq!(scaled_by(Some(2), "2304100.5", rounded(2)), "23041.01 rounded");
}
